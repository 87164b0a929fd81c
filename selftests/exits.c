// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest's own instructions do: MSRs, control and vector registers, and the
 * exceptions that its mistakes raise. One row, one test.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define UD	6
#define GP	13
#define PF	14
#define NONE	GUEST_NO_FAULT

/*
 * Run @start with the registers given; @fault is the exception that ends it, and
 * where @insn says, or none. @or_fault: another that will do.
 */
FIXTURE(fault) {
	struct vm vm;
};

FIXTURE_VARIANT(fault) {
	const char *start, *insn, *end;
	uint64_t rax, rcx, rdx, rdi;
	uint64_t fault;
	uint64_t or_fault;
};

FIXTURE_SETUP(fault)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(fault)
{
	vm_down(&self->vm);
}

#define FAULT(name, probe, ...) \
	FIXTURE_VARIANT_ADD(fault, name) { \
		.start = probe##_start, .insn = probe##_insn, .end = probe##_end, __VA_ARGS__ }

FAULT(nop, probe_nop, .fault = NONE);
FAULT(ud2, probe_ud2, .fault = UD);
FAULT(vmrun, probe_vmrun, .fault = UD);
FAULT(vmsave, probe_vmsave, .fault = UD);
FAULT(stgi, probe_stgi, .fault = UD);
FAULT(vmxon, probe_vmxon, .rdi = GUEST_BUFFER, .fault = UD);
FAULT(vmread, probe_vmread, .fault = UD);
FAULT(rdpmc, probe_rdpmc, .fault = GP, .or_fault = UD);
FAULT(monitor, probe_monitor, .rax = GUEST_BUFFER, .fault = UD);
FAULT(mwait, probe_mwait, .fault = UD);
FAULT(rdmsr_unknown, probe_rdmsr, .rcx = 0xdeadbeef, .fault = GP);
FAULT(wrmsr_unknown, probe_wrmsr, .rcx = 0xdeadbeef, .fault = GP);
FAULT(rdmsr_feature_control, probe_rdmsr, .rcx = 0x3a, .fault = GP);
FAULT(wrmsr_feature_control, probe_wrmsr, .rcx = 0x3a, .rax = 5, .fault = GP);
FAULT(rdmsr_vm_cr, probe_rdmsr, .rcx = 0xc0010114, .fault = GP);
FAULT(wrmsr_vm_hsave, probe_wrmsr, .rcx = 0xc0010117, .rax = 0x1000, .fault = GP);
FAULT(wrmsr_tsc, probe_wrmsr, .rcx = 0x10, .fault = NONE);
FAULT(rdmsr_tsc, probe_rdmsr, .rcx = 0x10, .fault = NONE);
FAULT(wrmsr_tsc_adjust, probe_wrmsr, .rcx = 0x3b, .fault = GP);
FAULT(rdmsr_vmx_basic, probe_rdmsr, .rcx = 0x480, .fault = GP);
FAULT(rdmsr_perf_counter, probe_rdmsr, .rcx = 0xc1, .fault = GP);
FAULT(apic_base_as_it_is, probe_wrmsr, .rcx = 0x1b, .rax = 0xfee00d00, .fault = NONE);
FAULT(apic_base_disable, probe_wrmsr, .rcx = 0x1b, .rax = 0xfee00500, .fault = GP);
FAULT(apic_base_move, probe_wrmsr, .rcx = 0x1b, .rax = 0xfed00d00, .fault = GP);
FAULT(apic_base_reserved, probe_wrmsr, .rcx = 0x1b, .rax = 0xfee00d01, .fault = GP);
FAULT(efer_as_it_is, probe_wrmsr, .rcx = 0xc0000080, .rax = 0xd01, .fault = NONE);
FAULT(efer_reserved, probe_wrmsr, .rcx = 0xc0000080, .rax = 0xd03, .fault = GP);
FAULT(efer_upper_half, probe_wrmsr, .rcx = 0xc0000080, .rax = 0xd01, .rdx = 1, .fault = GP);
FAULT(efer_svme, probe_wrmsr, .rcx = 0xc0000080, .rax = 0x1d01, .fault = GP);
FAULT(efer_lme_while_paging, probe_wrmsr, .rcx = 0xc0000080, .rax = 0xc01, .fault = GP);
FAULT(pat_reserved, probe_wrmsr, .rcx = 0x277, .rax = 0x00070602, .fault = GP);
FAULT(cr0_as_it_is, probe_write_cr0, .rax = 0x80010011, .fault = NONE);
FAULT(cr0_ne, probe_write_cr0, .rax = 0x80010031, .fault = NONE);
FAULT(cr0_cd, probe_write_cr0, .rax = 0xc0010011, .fault = NONE);
FAULT(cr0_nw_without_cd, probe_write_cr0, .rax = 0xa0010011, .fault = GP);
FAULT(cr0_paging_without_protection, probe_write_cr0, .rax = 0x80010010, .fault = GP);
FAULT(cr0_upper_half, probe_write_cr0, .rax = 0x180010011, .fault = GP);
FAULT(cr0_paging_off_in_long_mode, probe_write_cr0, .rax = 0x00010011, .fault = GP);
FAULT(cr4_as_it_is, probe_write_cr4, .rax = 0x502a0, .fault = NONE);
FAULT(cr4_tsd, probe_write_cr4, .rax = 0x502a4, .fault = NONE);
FAULT(cr4_vmxe, probe_write_cr4, .rax = 0x522a0, .fault = GP);
FAULT(cr4_smxe, probe_write_cr4, .rax = 0x542a0, .fault = GP);
FAULT(cr4_la57, probe_write_cr4, .rax = 0x512a0, .fault = GP);
FAULT(cr4_pke, probe_write_cr4, .rax = 0x4502a0, .fault = GP);
FAULT(cr4_reserved, probe_write_cr4, .rax = 0x20000000502a0, .fault = GP);
FAULT(cr4_no_pae_in_long_mode, probe_write_cr4, .rax = 0x50280, .fault = GP);
FAULT(xsetbv_all, probe_xsetbv, .rax = 7, .fault = NONE);
FAULT(xsetbv_without_x87, probe_xsetbv, .rax = 6, .fault = GP);
FAULT(xsetbv_avx_without_sse, probe_xsetbv, .rax = 5, .fault = GP);
FAULT(xsetbv_unknown_bit, probe_xsetbv, .rax = 0x80000007, .fault = GP);
FAULT(xsetbv_upper_half, probe_xsetbv, .rax = 7, .rdx = 0x40000000, .fault = GP);
FAULT(xsetbv_register_1, probe_xsetbv, .rax = 7, .rcx = 1, .fault = GP);
FAULT(apic_lvt_timer_reserved_mode, probe_wrmsr, .rcx = 0x832, .rax = 0x60040, .fault = GP);
FAULT(apic_upper_half, probe_wrmsr, .rcx = 0x80f, .rax = 0x1ff, .rdx = 1, .fault = GP);
FAULT(apic_eoi_not_zero, probe_wrmsr, .rcx = 0x80b, .rax = 1, .fault = GP);
FAULT(apic_write_id, probe_wrmsr, .rcx = 0x802, .rax = 1, .fault = GP);
FAULT(apic_read_self_ipi, probe_rdmsr, .rcx = 0x83f, .fault = GP);
FAULT(apic_read_eoi, probe_rdmsr, .rcx = 0x80b, .fault = GP);
FAULT(apic_read_reserved, probe_rdmsr, .rcx = 0x840, .fault = GP);

TEST_F(fault, is_the_guests_own)
{
	struct guest_frame *frame = vm_frame(&self->vm);

	frame->rax = variant->rax;
	frame->rcx = variant->rcx;
	frame->rdx = variant->rdx;
	frame->rdi = variant->rdi;
	vm_load(&self->vm, variant->start, variant->end);
	ASSERT_EQ(ZX_OK, vm_vcpu(&self->vm));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_TRUE(frame->fault == variant->fault ||
		    (variant->or_fault && frame->fault == variant->or_fault)) {
		TH_LOG("vector %lu at %#lx", frame->fault, frame->rip);
	}
	if (frame->fault != NONE) {
		EXPECT_EQ(GUEST_ENTRY + (uint64_t)(variant->insn - variant->start), frame->rip);
		EXPECT_EQ(0, frame->error);
	}
}

/* @msr reads @value, but for the bits of @ignore, at the start of a VCPU. */
FIXTURE(msr) {
	struct vm vm;
};

FIXTURE_VARIANT(msr) {
	uint64_t msr, value, ignore;
};

FIXTURE_SETUP(msr)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(msr)
{
	vm_down(&self->vm);
}

#define MSR(name, number, ...) \
	FIXTURE_VARIANT_ADD(msr, name) { .msr = number, __VA_ARGS__ }

MSR(efer, 0xc0000080, .value = 0xd01);
MSR(apic_base, 0x1b, .value = 0xfee00d00);
MSR(misc_enable, 0x1a0, .ignore = 1);
MSR(mtrr_cap, 0xfe);
MSR(mtrr_def_type, 0x2ff);
MSR(mtrr_fixed, 0x250);
MSR(mtrr_variable, 0x200);
MSR(platform_id, 0x17);
MSR(bios_signature, 0x8b);
MSR(mcg_cap, 0x179);
MSR(mcg_status, 0x17a);
MSR(star, 0xc0000081);
MSR(lstar, 0xc0000082);
MSR(fmask, 0xc0000084);
MSR(fs_base, 0xc0000100);
MSR(gs_base, 0xc0000101);
MSR(kernel_gs_base, 0xc0000102);
MSR(tsc_aux, 0xc0000103);
MSR(sysenter_cs, 0x174);
MSR(sysenter_esp, 0x175);
MSR(sysenter_eip, 0x176);
MSR(apic_id, 0x802);
MSR(apic_version, 0x803, .value = 0x15, .ignore = ~0xffull);
MSR(apic_tpr, 0x808);
MSR(apic_svr, 0x80f, .value = 0xff);

TEST_F(msr, reads_at_the_start)
{
	struct guest_frame *frame = vm_frame(&self->vm);

	frame->rcx = variant->msr;
	frame->rax = frame->rdx = UINT64_MAX;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_rdmsr));
	ASSERT_EQ(NONE, frame->fault);
	EXPECT_EQ(0, frame->rax >> 32);
	EXPECT_EQ(0, frame->rdx >> 32);
	EXPECT_EQ(variant->value, (frame->rax | frame->rdx << 32) & ~variant->ignore);
}

/* @msr keeps what is written over an exit, or ignores it (@ignored). */
FIXTURE(msr_write) {
	struct vm vm;
};

FIXTURE_VARIANT(msr_write) {
	uint64_t msr, value;
	bool ignored;
};

FIXTURE_SETUP(msr_write)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(msr_write)
{
	vm_down(&self->vm);
}

#define MSR_WRITE(name, number, ...) \
	FIXTURE_VARIANT_ADD(msr_write, name) { .msr = number, __VA_ARGS__ }

MSR_WRITE(pat, 0x277, .value = 0x0007010600070106);
MSR_WRITE(star, 0xc0000081, .value = 0x0023001000000000);
MSR_WRITE(lstar, 0xc0000082, .value = 0xffff800012345678);
MSR_WRITE(fmask, 0xc0000084, .value = 0x47700);
MSR_WRITE(fs_base, 0xc0000100, .value = 0x7fff12345678);
MSR_WRITE(gs_base, 0xc0000101, .value = 0xffff888012345678);
MSR_WRITE(kernel_gs_base, 0xc0000102, .value = 0xffff888087654321);
MSR_WRITE(tsc_aux, 0xc0000103, .value = 0x3f);
MSR_WRITE(sysenter_cs, 0x174, .value = 0x10);
MSR_WRITE(sysenter_esp, 0x175, .value = 0xffff888000001000);
MSR_WRITE(sysenter_eip, 0x176, .value = 0xffffffff81000000);
MSR_WRITE(apic_svr, 0x80f, .value = 0x1fe);
MSR_WRITE(apic_tpr, 0x808, .value = 0x30);
MSR_WRITE(mtrr_def_type, 0x2ff, .value = 0xc06, .ignored = true);
MSR_WRITE(mtrr_fixed, 0x250, .value = 0x0606060606060606, .ignored = true);
MSR_WRITE(bios_signature, 0x8b, .value = 5, .ignored = true);

TEST_F(msr_write, is_kept_over_an_exit)
{
	struct guest_frame *frame = vm_frame(&self->vm);

	frame->rcx = variant->msr;
	frame->rbx = variant->value;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, msr_keep));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(NONE, frame->fault);
	EXPECT_EQ(variant->ignored ? 0 : variant->value, frame->out[0]);
}

FIXTURE(insn) {
	struct vm vm;
};

FIXTURE_SETUP(insn)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(insn)
{
	vm_down(&self->vm);
}

TEST_F(insn, xgetbv_reads_all_three)
{
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_xgetbv));
	EXPECT_EQ(NONE, vm_frame(&self->vm)->fault);
	EXPECT_EQ(7, vm_frame(&self->vm)->rax);
}

TEST_F(insn, debug_registers_start_empty)
{
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_read_debug));
	EXPECT_EQ(NONE, vm_frame(&self->vm)->fault);
	EXPECT_EQ(0, vm_frame(&self->vm)->rax);
	EXPECT_EQ(0xffff0ff0, vm_frame(&self->vm)->rcx);
	EXPECT_EQ(0x400, vm_frame(&self->vm)->rdx);
}

TEST_F(insn, debug_registers_are_the_guests)
{
	vm_frame(&self->vm)->rax = 0x12345678;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_dr0));
	EXPECT_EQ(NONE, vm_frame(&self->vm)->fault);
	EXPECT_EQ(0x12345678, vm_frame(&self->vm)->rbx);
}

TEST_F(insn, cr8_is_the_task_priority)
{
	vm_frame(&self->vm)->rax = 5;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_write_cr8));
	EXPECT_EQ(NONE, vm_frame(&self->vm)->fault);
	EXPECT_EQ(5, vm_frame(&self->vm)->rbx);
}

TEST_F(insn, hypercall_with_unknown_number)
{
	vm_frame(&self->vm)->rax = 12345;
	ASSERT_EQ(ZX_OK, vm_hypercall(&self->vm));
	EXPECT_EQ(NONE, vm_frame(&self->vm)->fault);
	EXPECT_EQ(-1000ull, vm_frame(&self->vm)->rax);
}

TEST_F(insn, hypercall_of_the_other_vendor)
{
	vm_frame(&self->vm)->rax = 12345;
	ASSERT_EQ(ZX_OK, host_is_amd() ? vm_probe(&self->vm, probe_vmcall) :
		  vm_probe(&self->vm, probe_vmmcall));
	EXPECT_EQ(NONE, vm_frame(&self->vm)->fault);
	EXPECT_EQ(-1000ull, vm_frame(&self->vm)->rax);
}

TEST_F(insn, hypercall_with_number_beyond_32_bits)
{
	vm_frame(&self->vm)->rax = 9 | 1ull << 32;
	ASSERT_EQ(ZX_OK, vm_hypercall(&self->vm));
	EXPECT_EQ(-1000ull, vm_frame(&self->vm)->rax);
}

TEST_F(insn, hypercall_from_user_mode)
{
	vm_frame(&self->vm)->rax = 12345;
	vm_frame(&self->vm)->rbx = !host_is_amd();
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, user_hypercall));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(NONE, vm_frame(&self->vm)->fault);
	EXPECT_EQ(UINT64_MAX, vm_frame(&self->vm)->out[0]);
}

TEST_F(insn, vector_registers_outlive_an_exit)
{
	const uint64_t *out = vm_frame(&self->vm)->out;
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, vector_keep));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	asm volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm15, %%xmm15" ::: "xmm0", "xmm15");
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	for (i = 0; i < 16; i++) {
		EXPECT_EQ(0x1111 * (i + 1), out[2 * i]);
		EXPECT_EQ(0, out[2 * i + 1]);
	}
}

TEST_F(insn, wide_vector_registers_outlive_an_exit)
{
	const uint64_t *out = vm_frame(&self->vm)->out;
	unsigned int i;

	if (!host_has_avx())
		SKIP(return, "the CPU has no AVX");
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, vector_wide));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	asm volatile("pcmpeqd %%xmm0, %%xmm0\n\tvzeroupper" ::: "xmm0");
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	for (i = 0; i < 16; i++)
		EXPECT_EQ(0x2222 * (i + 1), out[2 * i]);
}

TEST_F(insn, vector_registers_start_empty)
{
	const uint64_t *out = vm_frame(&self->vm)->out;
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, vector_keep) ?: vm_mark(&self->vm, 1));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, vector_fresh));
	asm volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm7, %%xmm7\n\t"
		     "pcmpeqd %%xmm15, %%xmm15" ::: "xmm0", "xmm7", "xmm15");
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	for (i = 0; i < 32; i++)
		EXPECT_EQ(0, out[i]);
	EXPECT_EQ(0x1f80, out[32]);
}

TEST_F(insn, smsw_reads_what_was_written)
{
	vm_frame(&self->vm)->rax = 0xc0010011;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_smsw));
	EXPECT_EQ(NONE, vm_frame(&self->vm)->fault);
	EXPECT_EQ(0xc0010011, vm_frame(&self->vm)->rbx);
}

/* GUEST_MAPPED shows the first GiB once more. */
static void open_window(struct vm *vm)
{
	uint64_t *upper = (uint64_t *)(vm->mem + GUEST_TABLES + 0x1000);

	upper[1] = upper[0];
}

/* Both ways out are right: the old translation goes on, or the guest's fetch faults. */
#define goes_on_or_faults(frame) \
	((frame)->fault == NONE || ((frame)->fault == PF && (frame)->rip >= GUEST_MAPPED))

TEST_F(insn, cpuid_in_a_page_that_was_unmapped)
{
	open_window(&self->vm);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, stale_cpuid) ?: vm_finish(&self->vm));
	EXPECT_TRUE(goes_on_or_faults(vm_frame(&self->vm)));
}

TEST_F(insn, cr0_written_in_a_page_that_was_unmapped)
{
	open_window(&self->vm);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, stale_cr0) ?: vm_finish(&self->vm));
	EXPECT_TRUE(goes_on_or_faults(vm_frame(&self->vm)));
}

/* CODE32 with D and L: code of 32 bits as long as the CPU is not in long mode. */
#define LONG_CODE32	0x00ef9b000000ffffull

TEST_F(insn, long_mode_is_not_entered_with_a_long_segment)
{
	struct guest_frame *frame = vm_frame(&self->vm);

	((uint64_t *)(self->vm.mem + GUEST_GDT))[GUEST_CODE32 / 8] = LONG_CODE32;
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, ap_long_segment) ?: vm_finish(&self->vm));
	EXPECT_EQ(GP, frame->fault);
	EXPECT_EQ(0, frame->error);
	EXPECT_EQ(insn_at(ap_long_segment), frame->rip);
}

TEST_HARNESS_MAIN
