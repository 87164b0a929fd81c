// SPDX-License-Identifier: GPL-2.0-only
/* What belongs to the host is as it was when enter returns: vector and system registers. */
#include <asm/ldt.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(host) {
	struct vm vm;
};

FIXTURE_SETUP(host)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(host)
{
	vm_down(&self->vm);
}

/*
 * ENTER, call 16 of Linux, with XMM0 to XMM15 known before and read after, nothing in
 * between but that it is called again on EINTR (-4).
 */
static long enter_with_vectors(int fd, const uint64_t *before, uint64_t *after)
{
	long result;

#define EACH(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define TAKE(n) "movups 16*" #n "(%[before]), %%xmm" #n "\n\t"
#define KEEP(n) "movups %%xmm" #n ", 16*" #n "(%[after])\n\t"
#define NAME(n) "xmm" #n,
	asm volatile(EACH(TAKE) "1:\tmov $16, %%eax\n\tsyscall\n\tcmp $-4, %%rax\n\tje 1b\n\t"
		     EACH(KEEP)
		     : "=&a" (result)
		     : [before] "r" (before), [after] "r" (after), "D" ((long)fd),
		       "S" ((long)ZX_IOC_VCPU_ENTER), "d" (0l)
		     : EACH(NAME) "rcx", "r11", "memory");
	return result;
}

TEST_F(host, vector_registers_are_left_alone)
{
	uint64_t before[32], after[32] = {};
	unsigned int i;

	for (i = 0; i < 32; i++)
		before[i] = 0x0101010101010101 * (i + 1);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, vector_keep));
	ASSERT_EQ(0, enter_with_vectors(zxl_handle_fd(self->vm.vcpu), before, after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
}

TEST_F(host, tsc_aux_is_put_back)
{
	uint32_t before;

	ASSERT_EQ(0, run_on_cpu(0));
	before = host_tsc_aux();
	vm_frame(&self->vm)->rcx = 0xc0000103;
	vm_frame(&self->vm)->rbx = 0x7ee;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, msr_keep) ?: vm_mark(&self->vm, 1));
	EXPECT_EQ(before, host_tsc_aux());
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0x7ee, vm_frame(&self->vm)->out[0]);
	EXPECT_EQ(before, host_tsc_aux());
}

static uint64_t host_xcr0(void)
{
	uint32_t low, high;

	asm volatile("xgetbv" : "=a" (low), "=d" (high) : "c" (0));
	return low | (uint64_t)high << 32;
}

TEST_F(host, xcr0_is_put_back)
{
	uint64_t before;

	if (!host_has_avx())
		SKIP(return, "the CPU has no AVX");
	before = host_xcr0();
	vm_frame(&self->vm)->rax = 1;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_xsetbv));
	EXPECT_EQ(GUEST_NO_FAULT, vm_frame(&self->vm)->fault);
	EXPECT_EQ(before, host_xcr0());
}

#define LDT_SELECTOR	7

/* Entry 0 of the process's LDT gets @limit. */
static int set_ldt(unsigned int limit)
{
	struct user_desc desc = { .limit = limit, .seg_32bit = 1 };

	return syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc));
}

/* The limit of what the calling thread's CPU finds there, or -1. */
static long ldt_limit(void)
{
	unsigned long limit;
	bool valid;

	asm volatile("lsl %2, %0" : "=r" (limit), "=@ccz" (valid) :
		     "r" ((unsigned long)LDT_SELECTOR));
	return valid ? (long)limit : -1;
}

static long ldt_access(void)
{
	unsigned long access;
	bool valid;

	asm volatile("lar %2, %0" : "=r" (access), "=@ccz" (valid) :
		     "r" ((unsigned long)LDT_SELECTOR));
	return valid ? (long)access : -1;
}

static void change_ldt(struct later *later)
{
	run_on_cpu(1);
	set_ldt(0x222);
	sleep_ms(20);
	later->status = zx_vcpu_kick(later->vcpu);
}

TEST_F(host, ldt_that_changes_meanwhile)
{
	struct later later = { .call = change_ldt, .flag = &vm_frame(&self->vm)->flag,
			       .delay_ms = 50 };
	long access;

	if (set_ldt(0x111))
		SKIP(return, "the kernel has no modify_ldt");
	ASSERT_EQ(0, run_on_cpu(0));
	ASSERT_EQ(0x111, ldt_limit());
	access = ldt_access();
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	later.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, NULL));
	EXPECT_EQ(0x222, ldt_limit());
	EXPECT_EQ(access, ldt_access());
	later_join(&later);
}

TEST_HARNESS_MAIN
