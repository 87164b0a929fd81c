// SPDX-License-Identifier: GPL-2.0-only
/* Events that cannot be delivered, and single steps. */
#include "kselftest_harness.h"
#include "util.h"

#define UD	6
#define DR6_BS	0x4000ull

/*
 * The handler's stack lies in a trapped page: there is no instruction that a packet
 * could tell of.
 */
FIXTURE(delivery) {
	struct vm vm;
	zx_handle_t port;
};

FIXTURE_VARIANT(delivery) {
	uint32_t kind;
	const char *start, *end;
	uint64_t fault, irqs;	/* what is delivered in the end */
};

#define DELIVERY(name, trap_kind, blob, ...) \
	FIXTURE_VARIANT_ADD(delivery, name) { \
		.kind = trap_kind, .start = blob##_start, .end = blob##_end, __VA_ARGS__ }

DELIVERY(exception_to_bell, ZX_GUEST_TRAP_BELL, stack_exception, .fault = UD);
DELIVERY(exception_to_mem, ZX_GUEST_TRAP_MEM, stack_exception, .fault = UD);
DELIVERY(interrupt_to_bell, ZX_GUEST_TRAP_BELL, stack_interrupt, .fault = GUEST_NO_FAULT,
	 .irqs = 1);
DELIVERY(interrupt_to_mem, ZX_GUEST_TRAP_MEM, stack_interrupt, .fault = GUEST_NO_FAULT,
	 .irqs = 1);

FIXTURE_SETUP(delivery)
{
	const bool bell = variant->kind == ZX_GUEST_TRAP_BELL;

	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, variant->kind, GUEST_SPARE, PAGE,
					   bell ? self->port : ZX_HANDLE_INVALID, KEY_TRAP));
	vm_frame(&self->vm)->rdi = GUEST_SPARE + PAGE / 2;
	vm_frame(&self->vm)->eoi = 1;
	vm_load(&self->vm, variant->start, variant->end);
	ASSERT_EQ(ZX_OK, vm_vcpu(&self->vm));
}

FIXTURE_TEARDOWN(delivery)
{
	vm_down(&self->vm);
	zx_handle_close(self->port);
}

TEST_F(delivery, to_a_trap_ends_enter)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(ZX_ERR_NOT_SUPPORTED, vm_finish(&self->vm));
		EXPECT_EQ(ZX_VCPU_REASON_DECODE, vm_page(&self->vm)->reason);
		EXPECT_EQ(GUEST_SPARE, vm_page(&self->vm)->addr & ~(PAGE - 1));
	}
	EXPECT_EQ(1, vm_frame(&self->vm)->flag);
	EXPECT_EQ(0, vm_frame(&self->vm)->irqs);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
}

TEST_F(delivery, is_made_up_for_when_the_trap_is_gone)
{
	ASSERT_EQ(ZX_ERR_NOT_SUPPORTED, vm_finish(&self->vm));
	ASSERT_EQ(ZX_OK, zxl_guest_unset_trap(self->vm.guest, variant->kind, GUEST_SPARE));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(variant->fault, vm_frame(&self->vm)->fault);
	EXPECT_EQ(variant->irqs, vm_frame(&self->vm)->irqs);
}

/* Whoever kicks has only the CPU that the VCPU is on, and runs when that CPU's ticks come. */
TEST_F(delivery, that_fails_leaves_the_cpu_to_others)
{
	struct later later = { .vector = LATER_KICK, .vcpu = self->vm.vcpu, .delay_ms = 100,
			       .flag = &vm_frame(&self->vm)->flag };
	zx_status_t status;

	ASSERT_EQ(0, run_on_cpu(0));
	ASSERT_EQ(0, later_start(&later));
	do
		status = zx_vcpu_enter(self->vm.vcpu, NULL);
	while (status == ZX_ERR_NOT_SUPPORTED);
	EXPECT_EQ(ZX_ERR_CANCELED, status);
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
}

FIXTURE(step) {
	struct vm vm;
};

FIXTURE_SETUP(step)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(step)
{
	vm_down(&self->vm);
}

TEST_F(step, over_cpuid)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, step_by_popf) ?: vm_finish(&self->vm));
	EXPECT_EQ(insn_at(step_by_popf), vm_frame(&self->vm)->out[0]);
	EXPECT_EQ(DR6_BS, vm_frame(&self->vm)->out[1] & DR6_BS);
}

/* QEMU's CPU (7.2) holds the trap back for a NOP, as if it were MOV SS: SDM 3, 7.8.3. */
TEST_F(step, over_sti)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, step_over_sti) ?: vm_finish(&self->vm));
	EXPECT_LE(insn_at(step_over_sti), vm_frame(&self->vm)->out[0]);
	EXPECT_GE(insn_at(step_over_sti) + 1, vm_frame(&self->vm)->out[0]);
	EXPECT_EQ(DR6_BS, vm_frame(&self->vm)->out[1] & DR6_BS);
}

/* The trap behind it is what it wakes up for. */
TEST_F(step, over_hlt)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, step_over_hlt) ?: vm_finish(&self->vm));
	EXPECT_EQ(insn_at(step_over_hlt), vm_frame(&self->vm)->out[0]);
	EXPECT_EQ(DR6_BS, vm_frame(&self->vm)->out[1] & DR6_BS);
}

TEST_F(step, that_the_host_asks_for)
{
	struct zx_vcpu_page *page;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, step_by_host) ?: vm_mark(&self->vm, 1));
	page = zxl_vcpu_page(self->vm.vcpu);
	ASSERT_NE(NULL, page);
	page->regs.rflags = 0x102;
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(insn_at(step_by_host), vm_frame(&self->vm)->out[0]);
	EXPECT_EQ(DR6_BS, vm_frame(&self->vm)->out[1] & DR6_BS);
}

TEST_HARNESS_MAIN
