// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC's page: what is served in the kernel, and what becomes packets. */
#include "kselftest_harness.h"
#include "apic_page.h"

FIXTURE(xapic) {
	struct vm vm;
	struct guest_frame *frame;
	struct step *steps;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(xapic)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->frame = vm_frame(&self->vm);
	self->steps = steps_of(&self->vm);
	map_page(&self->vm);
}

FIXTURE_TEARDOWN(xapic)
{
	vm_down(&self->vm);
}

TEST_F(xapic, registers_after_reset)
{
	ASSERT_EQ(ZX_OK, run_steps(&self->vm, LOAD(ID), LOAD(VERSION), LOAD(TPR),
				   LOAD(PPR), LOAD(LDR), LOAD(DFR), LOAD(SVR),
				   LOAD(LVT_TIMER), LOAD(INITIAL), LOAD(DIVIDE),
				   LOAD(ICR), LOAD(ESR)));
	EXPECT_EQ(0, self->steps[0].value);
	EXPECT_EQ(0x60015, self->steps[1].value);
	EXPECT_EQ(0, self->steps[2].value | self->steps[3].value | self->steps[4].value);
	EXPECT_EQ(0xffffffff, self->steps[5].value);
	EXPECT_EQ(0xff, self->steps[6].value);
	EXPECT_EQ(0x10000, self->steps[7].value);
	EXPECT_EQ(0, self->steps[8].value | self->steps[9].value);
	EXPECT_EQ(0, self->steps[10].value | self->steps[11].value);
}

TEST_F(xapic, registers_keep_what_is_written)
{
	ASSERT_EQ(ZX_OK, run_steps(&self->vm, STORE(SVR, 0x1ff), STORE(TPR, 0x30),
				   STORE(LDR, 0x12345678), STORE(DFR, 0x0fffffff),
				   STORE(LVT_LINT0, 0x8700), STORE(DIVIDE, 0xff),
				   STORE(ICR_HIGH, 0x07ffffff), LOAD(SVR), LOAD(TPR),
				   LOAD(LDR), LOAD(DFR), LOAD(LVT_LINT0),
				   LOAD(DIVIDE), LOAD(ICR_HIGH)));
	EXPECT_EQ(0x1ff, self->steps[7].value);
	EXPECT_EQ(0x30, self->steps[8].value);
	EXPECT_EQ(0x12000000, self->steps[9].value);
	EXPECT_EQ(0x0fffffff, self->steps[10].value);
	EXPECT_EQ(0x8700, self->steps[11].value);
	EXPECT_EQ(0xb, self->steps[12].value);
	EXPECT_EQ(0x07000000, self->steps[13].value);
}

TEST_F(xapic, registers_to_read_ignore_stores)
{
	ASSERT_EQ(ZX_OK, run_steps(&self->vm, STORE(ID, ~0u), STORE(VERSION, ~0u),
				   STORE(ISR, ~0u), STORE(IRR + 0x40, ~0u),
				   STORE(CURRENT, ~0u), LOAD(ID), LOAD(VERSION),
				   LOAD(ISR), LOAD(IRR + 0x40), LOAD(CURRENT)));
	EXPECT_EQ(0, self->steps[5].value);
	EXPECT_EQ(0x60015, self->steps[6].value);
	EXPECT_EQ(0, self->steps[7].value | self->steps[8].value | self->steps[9].value);
	EXPECT_EQ(GUEST_NO_FAULT, self->frame->fault);
}

TEST_F(xapic, all_forms_of_mov)
{
	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, page_forms));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0x11, self->frame->out[0]);
	EXPECT_EQ(0x22, self->frame->out[1]);
	EXPECT_EQ(-1, self->frame->out[2]);
	EXPECT_EQ(0xffffffff, self->frame->out[3]);
	EXPECT_EQ(0x33, self->frame->out[4]);
}

/* Vector 0x61 comes, is in service until EOI is written, and the next waits for that. */
TEST_F(xapic, interrupt_in_service_until_eoi)
{
	set_steps(&self->vm, STORE(SVR, 0x1ff), MARK, WAIT(1), LOAD(ISR + 0x30), MARK,
		  LOAD(IRR + 0x20), LOAD(PPR), OPEN, LOAD(ISR + 0x30), STORE(EOI, 0xdeadbeef),
		  LOAD(ISR + 0x30), WAIT(2));
	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, page_steps));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, zx_vcpu_interrupt(self->vm.vcpu, 0x61));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, zx_vcpu_interrupt(self->vm.vcpu, 0x51));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(2, self->frame->irqs);
	EXPECT_EQ(0x61, self->frame->log[0]);
	EXPECT_EQ(0x51, self->frame->log[1]);
	EXPECT_EQ(2, self->steps[3].value);
	EXPECT_EQ(1 << 17, self->steps[5].value);
	EXPECT_EQ(0x60, self->steps[6].value);
	EXPECT_EQ(2, self->steps[8].value);
	EXPECT_EQ(0, self->steps[10].value);
}

TEST_F(xapic, task_priority_holds_back)
{
	set_steps(&self->vm, STORE(SVR, 0x1ff), STORE(TPR, 0xf0), MARK, OPEN, LOAD(IRR + 0x30),
		  STORE(TPR, 0), WAIT(1), LOAD(IRR + 0x30));
	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, page_steps));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, zx_vcpu_interrupt(self->vm.vcpu, 0x64));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(1 << 4, self->steps[4].value);
	EXPECT_EQ(0, self->steps[7].value);
}

TEST_F(xapic, timer)
{
	ASSERT_EQ(ZX_OK, run_steps(&self->vm, STORE(SVR, 0x1ff), STORE(LVT_TIMER, 0x70),
				   STORE(DIVIDE, 0xb), STORE(INITIAL, 100000),
				   LOAD(INITIAL), WAIT(1), LOAD(CURRENT)));
	EXPECT_EQ(0x70, self->frame->log[0]);
	EXPECT_EQ(100000, self->steps[4].value);
	EXPECT_EQ(0, self->steps[6].value);
}

TEST_F(xapic, error_status)
{
	ASSERT_EQ(ZX_OK, run_steps(&self->vm, STORE(ICR, 3), LOAD(ESR), STORE(ESR, 0x55),
				   LOAD(ESR), STORE(ESR, 0), LOAD(ESR)));
	EXPECT_EQ(0, self->steps[1].value);
	EXPECT_EQ(0x20, self->steps[3].value);
	EXPECT_EQ(0, self->steps[5].value);
}

TEST_F(xapic, msrs_show_the_same_registers)
{
	ASSERT_EQ(ZX_OK, run_steps(&self->vm, STORE(TPR, 0x40), STORE(LDR, 0x55000000), MSR(0x808),
				   MSR(0x80d), MSR(0x802)));
	EXPECT_EQ(0x40, self->steps[2].value);
	EXPECT_EQ(1, self->steps[3].value);
	EXPECT_EQ(0, self->steps[4].value);
}

/* Boot the probe @name with RDI at @offset in the page, enter. */
#define probe_page(self, name, offset) \
	((self)->frame->rdi = GUEST_WINDOW + (offset), \
	 vm_boot(&(self)->vm, name) ?: zx_vcpu_enter((self)->vm.vcpu, &(self)->packet))

static bool is_packet(struct _test_data_xapic *self, uint64_t offset)
{
	return self->packet.type == ZX_PKT_TYPE_GUEST_MEM && self->packet.key == KEY_APIC &&
	       self->packet.guest_mem.addr == APIC_PAGE + offset;
}

TEST_F(xapic, widths_other_than_four_are_packets)
{
	zxl_vcpu_access_t access;

	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load8, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	ASSERT_EQ(ZX_OK, zxl_vcpu_access(self->vm.vcpu, &access));
	EXPECT_EQ(1, access.size);
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load16, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store8, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(xapic, unaligned_ones_are_packets)
{
	static const uint32_t offsets[] = { TPR + 1, TPR + 4, TPR + 8, TPR + 12, 0xffc };
	unsigned int i;

	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, offsets[i]));
		EXPECT_TRUE(is_packet(self, offsets[i]));
		zx_handle_close(self->vm.vcpu);
	}
}

TEST_F(xapic, unknown_registers_are_packets)
{
	static const uint32_t offsets[] = { 0, 0x10, 0x40, 0x70, 0x290, 0x2e0, 0x3a0, SELF_IPI,
					    0x400, 0xff0 };
	unsigned int i;

	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, offsets[i]));
		EXPECT_TRUE(is_packet(self, offsets[i]));
		zx_handle_close(self->vm.vcpu);
		ASSERT_EQ(ZX_OK, probe_page(self, probe_store32, offsets[i]));
		EXPECT_TRUE(is_packet(self, offsets[i]));
		zx_handle_close(self->vm.vcpu);
	}
}

TEST_F(xapic, read_and_write_in_one_is_a_packet)
{
	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_or32, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	EXPECT_EQ(insn_at(probe_or32), self->packet.guest_mem.rip);
}

TEST_F(xapic, bell_rings_for_the_rest)
{
	zx_handle_t port;

	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	ASSERT_EQ(ZX_OK, trap_page(&self->vm, ZX_GUEST_TRAP_BELL, port));
	self->frame->rax = 0x20;
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store32, TPR));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &self->packet));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, VERSION));
	EXPECT_EQ(0x60015, self->frame->rax);
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store32, 0x40));
	EXPECT_EQ(ZX_OK, zx_port_wait(port, 0, &self->packet));
	EXPECT_EQ(KEY_APIC, self->packet.key);
	EXPECT_EQ(APIC_PAGE + 0x40, self->packet.guest_bell.addr);
	zx_handle_close(port);
}

TEST_F(xapic, without_a_trap_there_is_nothing)
{
	ASSERT_EQ(ZX_ERR_NOT_FOUND, probe_page(self, probe_load32, ID));
	EXPECT_EQ(APIC_PAGE + ID, vm_page(&self->vm)->addr);
}

TEST_F(xapic, without_a_trap_it_can_be_memory)
{
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE |
				     ZX_VM_SPECIFIC, APIC_PAGE, self->vm.vmo, GUEST_SPARE, PAGE,
				     &addr));
	self->frame->rax = 0x12345678;
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store32, ID));
	EXPECT_EQ(0, memcmp("\x78\x56\x34\x12", self->vm.mem + GUEST_SPARE + ID, 4));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, VERSION));
	EXPECT_EQ(0x60015, self->frame->rax);
}

TEST_F(xapic, trap_that_begins_below_is_as_any_other)
{
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, APIC_PAGE - PAGE,
					   3 * PAGE, ZX_HANDLE_INVALID, KEY_APIC));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, VERSION));
	EXPECT_TRUE(is_packet(self, VERSION));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, trap_page_mem(&self->vm));
}

TEST_F(xapic, trap_can_be_removed)
{
	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, VERSION));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_IO, self->packet.type);
	ASSERT_EQ(ZX_OK, zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, APIC_PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_NOT_FOUND, probe_page(self, probe_load32, VERSION));
}

TEST_F(xapic, id_is_in_the_top_byte)
{
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	vm_load(&self->vm, ap_load_id_start, ap_load_id_end);
	ASSERT_EQ(ZX_OK, vm_vcpu(&self->vm));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1 << 24));
}

TEST_HARNESS_MAIN
