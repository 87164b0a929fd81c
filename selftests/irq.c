// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts: from zx_vcpu_interrupt, the local APIC's priorities and its timer. */
#include <sched.h>
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define SVR_ON		0x1ff
#define SVR_OFF		0xff
#define NMI		2

FIXTURE(irq) {
	struct vm vm;
	struct guest_frame *frame;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(irq)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->frame = vm_frame(&self->vm);
	self->frame->eoi = 1;
}

FIXTURE_TEARDOWN(irq)
{
	vm_down(&self->vm);
}

/* Boot wait_irqs for @count interrupts with @svr. */
static zx_status_t boot_wait(struct _test_data_irq *self, uint32_t svr, uint64_t count)
{
	self->frame->rax = svr;
	self->frame->rcx = count;
	self->frame->eoi = svr == SVR_ON;
	return vm_boot(&self->vm, wait_irqs);
}

static zx_status_t interrupt(struct _test_data_irq *self, uint32_t vector)
{
	return zx_vcpu_interrupt(self->vm.vcpu, vector);
}

TEST_F(irq, vector_beyond_255)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, interrupt(self, 256));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, interrupt(self, UINT32_MAX));
	EXPECT_EQ(ZX_OK, interrupt(self, 255));
}

TEST_F(irq, before_enter)
{
	ASSERT_EQ(ZX_OK, boot_wait(self, SVR_ON, 1));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x40));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(0x40, self->frame->log[0]);
}

TEST_F(irq, twice_before_enter_is_once)
{
	ASSERT_EQ(ZX_OK, boot_wait(self, SVR_ON, 1));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x40));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x40));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, self->frame->irqs);
}

/* Blob @name, which sets the flag and then waits; @vector comes 30 ms later. */
#define run_and_interrupt(self, name, the_vector) ({ \
	struct later later = { .vector = (the_vector), .flag = &(self)->frame->flag, \
			       .delay_ms = 30 }; \
	zx_status_t status = vm_boot(&(self)->vm, name); \
	\
	later.vcpu = (self)->vm.vcpu; \
	if (status == ZX_OK && later_start(&later)) \
		status = ZX_ERR_INTERNAL; \
	if (status == ZX_OK) { \
		status = vm_finish(&(self)->vm); \
		later_join(&later); \
	} \
	status; \
})

TEST_F(irq, while_running)
{
	self->frame->rax = SVR_ON;
	self->frame->rcx = 1;
	ASSERT_EQ(ZX_OK, run_and_interrupt(self, wait_irqs, 0x41));
	EXPECT_EQ(0x41, self->frame->log[0]);
}

TEST_F(irq, wakes_a_halted_one)
{
	ASSERT_EQ(ZX_OK, run_and_interrupt(self, halt, 0x42));
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(0x42, self->frame->log[0]);
}

TEST_F(irq, wakes_a_halted_one_whose_apic_is_off)
{
	self->frame->eoi = 0;
	ASSERT_EQ(ZX_OK, run_and_interrupt(self, halt_plain, 0x43));
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(0x43, self->frame->log[0]);
}

TEST_F(irq, before_a_halt)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, halt));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x44));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0x44, self->frame->log[0]);
}

static void interrupt_then_kick(struct later *later)
{
	later->status = zx_vcpu_interrupt(later->vcpu, 0x45);
	sleep_ms(50);
	zx_vcpu_kick(later->vcpu);
}

TEST_F(irq, does_not_wake_a_masked_halt)
{
	struct later later = { .call = interrupt_then_kick, .flag = &self->frame->flag,
			       .delay_ms = 20 };

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, halt_masked));
	later.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
	EXPECT_EQ(1, self->frame->flag);
	EXPECT_EQ(0, self->frame->irqs);
}

TEST_F(irq, nmi_wakes_a_masked_halt)
{
	ASSERT_EQ(ZX_OK, run_and_interrupt(self, halt_masked, NMI));
	EXPECT_EQ(2, self->frame->flag);
	EXPECT_EQ(NMI, self->frame->log[0]);
}

TEST_F(irq, nmi_is_taken_with_interrupts_off)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, tpr_blocks));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, interrupt(self, NMI));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(NMI, self->frame->log[0]);
	EXPECT_EQ(1, self->frame->out[0]);
}

TEST_F(irq, nmi_comes_first)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, tpr_blocks));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, interrupt(self, 0xf0));
	ASSERT_EQ(ZX_OK, interrupt(self, NMI));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(2, self->frame->irqs);
	EXPECT_EQ(NMI, self->frame->log[0]);
	EXPECT_EQ(0xf0, self->frame->log[1]);
}

TEST_F(irq, highest_vector_first)
{
	ASSERT_EQ(ZX_OK, boot_wait(self, SVR_ON, 3));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x40));
	ASSERT_EQ(ZX_OK, interrupt(self, 0xa0));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x80));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(3, self->frame->irqs);
	EXPECT_EQ(0xa0, self->frame->log[0]);
	EXPECT_EQ(0x80, self->frame->log[1]);
	EXPECT_EQ(0x40, self->frame->log[2]);
}

TEST_F(irq, direct_while_the_apic_is_off)
{
	ASSERT_EQ(ZX_OK, boot_wait(self, SVR_OFF, 3));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x20));
	ASSERT_EQ(ZX_OK, interrupt(self, 0xff));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x80));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(3, self->frame->irqs);
	EXPECT_EQ(0xff, self->frame->log[0]);
	EXPECT_EQ(0x80, self->frame->log[1]);
	EXPECT_EQ(0x20, self->frame->log[2]);
}

TEST_F(irq, every_vector)
{
	unsigned int vector;

	for (vector = 32; vector < 256; vector++) {
		memset(self->frame, 0, sizeof(*self->frame));
		self->frame->fault = GUEST_NO_FAULT;
		zx_handle_close(self->vm.vcpu);
		ASSERT_EQ(ZX_OK, boot_wait(self, SVR_ON, 1));
		ASSERT_EQ(ZX_OK, interrupt(self, vector));
		ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
		ASSERT_EQ(vector, self->frame->log[0]);
	}
}

TEST_F(irq, exception_vector_is_that_exception)
{
	const struct {
		uint32_t vector;
		uint64_t error;
	} rows[] = { { 0, 0 }, { 6, 0 }, { 13, 0 }, { 14, 0 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->frame->fault = GUEST_NO_FAULT;
		zx_handle_close(self->vm.vcpu);
		ASSERT_EQ(ZX_OK, vm_boot(&self->vm, interrupts_on));
		ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
		ASSERT_EQ(ZX_OK, interrupt(self, rows[i].vector));
		ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
		EXPECT_EQ(rows[i].vector, self->frame->fault);
		EXPECT_EQ(rows[i].error, self->frame->error);
	}
}

TEST_F(irq, external_vector_comes_before_an_exception)
{
	self->frame->eoi = 0;
	self->frame->rax = SVR_OFF;
	self->frame->rcx = 1;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, interrupts_on));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, interrupt(self, 13));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x40));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(GUEST_NO_FAULT, self->frame->fault);
}

TEST_F(irq, reserved_exception_vector_spoils_one_enter)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	ASSERT_EQ(ZX_OK, interrupt(self, 25));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, vm_finish(&self->vm));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(irq, task_priority_holds_back)
{
	self->frame->rax = 0x80;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, tpr_blocks));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x70));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0, self->frame->out[0]);
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(0x70, self->frame->log[0]);
}

TEST_F(irq, task_priority_lets_higher_ones_through)
{
	self->frame->rax = 0x80;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, tpr_blocks));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x70));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x90));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, self->frame->out[0]);
	EXPECT_EQ(2, self->frame->irqs);
	EXPECT_EQ(0x90, self->frame->log[0]);
	EXPECT_EQ(0x70, self->frame->log[1]);
}

TEST_F(irq, task_priority_that_falls_by_cr8_lets_it_in_at_once)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, held_by_cr8) ?: vm_finish(&self->vm));
	EXPECT_EQ(0, self->frame->out[0]);
	EXPECT_EQ(1, self->frame->out[1]);
	EXPECT_EQ(0x60, self->frame->log[0]);
}

TEST_F(irq, task_priority_that_falls_by_msr_lets_it_in_at_once)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, held_by_msr) ?: vm_finish(&self->vm));
	EXPECT_EQ(0, self->frame->out[0]);
	EXPECT_EQ(1, self->frame->out[1]);
	EXPECT_EQ(0x60, self->frame->log[0]);
}

TEST_F(irq, waits_for_the_eoi_of_a_higher_one)
{
	self->frame->eoi = 0;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, in_service));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x58));
	ASSERT_EQ(ZX_OK, interrupt(self, 0x41));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, self->frame->out[0]);
	EXPECT_EQ(1u << (0x58 - 0x40), self->frame->out[1]);
	EXPECT_EQ(1u << (0x41 - 0x40), self->frame->out[2]);
	EXPECT_EQ(2, self->frame->out[3]);
}

/* LVT timer, divider 1, count: the interrupts @wanted arrive. */
static zx_status_t run_timer(struct _test_data_irq *self, uint64_t lvt, uint64_t count,
			     uint64_t wanted)
{
	self->frame->rax = lvt;
	self->frame->rcx = 0xb;
	self->frame->rdx = count;
	self->frame->rbx = wanted;
	return vm_boot(&self->vm, timer) ?: vm_finish(&self->vm);
}

TEST_F(irq, timer_one_shot)
{
	ASSERT_EQ(ZX_OK, run_timer(self, 0x50, 1000000, 1));
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(0x50, self->frame->log[0]);
}

TEST_F(irq, timer_periodic)
{
	unsigned int i;

	ASSERT_EQ(ZX_OK, run_timer(self, 0x20051, 1000000, 10));
	EXPECT_GE(self->frame->irqs, 10);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0x51, self->frame->log[i]);
}

TEST_F(irq, timer_interrupts_a_running_loop)
{
	self->frame->rax = 0x20052;
	self->frame->rcx = 0xb;
	self->frame->rdx = 1000000;
	self->frame->rbx = 5;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer_spin) ?: vm_finish(&self->vm));
	EXPECT_EQ(0x52, self->frame->log[4]);
}

/* It ends at about the moment of the HLT, before or after. */
TEST_F(irq, timer_is_not_missed_by_a_halt)
{
	uint64_t count;

	for (count = 2000; count <= 200000; count += 2000) {
		memset(self->frame, 0, sizeof(*self->frame));
		self->frame->fault = GUEST_NO_FAULT;
		zx_handle_close(self->vm.vcpu);
		self->frame->rax = 0x60;
		self->frame->rbx = 1;
		self->frame->rcx = 10;
		self->frame->rdx = count;
		ASSERT_EQ(ZX_OK, vm_boot(&self->vm, bench_one_shot) ?: vm_finish(&self->vm));
		ASSERT_EQ(10, self->frame->irqs);
	}
}

TEST_F(irq, timer_count_falls_to_zero)
{
	self->frame->rax = 0x53;
	self->frame->rcx = 0xb;
	self->frame->rdx = 50000000;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer_poll) ?: vm_finish(&self->vm));
	EXPECT_GT(self->frame->out[0], 0);
	EXPECT_LE(self->frame->out[0], 50000000);
	EXPECT_EQ(0, self->frame->out[1]);
	EXPECT_EQ(1, self->frame->irqs);
}

TEST_F(irq, timer_masked)
{
	self->frame->rax = 0x10053;
	self->frame->rcx = 0xb;
	self->frame->rdx = 10000000;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer_poll) ?: vm_finish(&self->vm));
	EXPECT_EQ(0, self->frame->irqs);
}

TEST_F(irq, timer_count_zero_stops)
{
	self->frame->rax = 0x53;
	self->frame->rcx = 0xb;
	self->frame->rdx = 0;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer_poll) ?: vm_finish(&self->vm));
	EXPECT_EQ(0, self->frame->out[0]);
	EXPECT_EQ(0, self->frame->irqs);
}

TEST_F(irq, timer_deadline)
{
	self->frame->rax = 0x40054;
	self->frame->rdx = 10000000;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer_deadline) ?: vm_finish(&self->vm));
	EXPECT_EQ(0x54, self->frame->log[0]);
	EXPECT_GE(self->frame->out[1], self->frame->out[0]);
	EXPECT_EQ(0, self->frame->out[2]);
}

TEST_F(irq, timer_deadline_in_the_past)
{
	self->frame->rax = 0x40055;
	self->frame->rdx = -1000000;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer_deadline) ?: vm_finish(&self->vm));
	EXPECT_EQ(0x55, self->frame->log[0]);
}

TEST_F(irq, self_ipi_stays_in_the_kernel)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, self_ipi) ?: vm_finish(&self->vm));
	EXPECT_EQ(GUEST_NO_FAULT, self->frame->fault);
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(0x60, self->frame->log[0]);
}

#define STORM	20000

static void storm(struct later *later)
{
	struct _test_data_irq *self = later->arg;
	unsigned int i;

	for (i = 0; i < STORM && later->status != ZX_OK; i++)
		zx_vcpu_interrupt(self->vm.vcpu, 0x20 + i % 0xe0);
	while (self->frame->irqs < 1000)
		zx_vcpu_interrupt(self->vm.vcpu, 0x40);
	later->status = ZX_OK;
}

TEST_F(irq, storm_from_another_thread)
{
	struct later later = { .call = storm, .arg = self, .flag = &self->frame->flag };

	ASSERT_EQ(ZX_OK, boot_wait(self, SVR_ON, 1000));
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	later_join(&later);
	EXPECT_GE(self->frame->irqs, 1000);
}

static void wake_often(struct later *later)
{
	struct _test_data_irq *self = later->arg;
	unsigned int i;

	for (i = 0; i < 500; i++) {
		const uint64_t before = self->frame->irqs;

		later->status = zx_vcpu_interrupt(self->vm.vcpu, 0x40);
		while (self->frame->irqs == before)
			sched_yield();
	}
}

TEST_F(irq, no_wake_up_is_lost)
{
	struct later later = { .call = wake_often, .arg = self };

	self->frame->rax = 0x10050;
	self->frame->rcx = 0xb;
	self->frame->rbx = 500;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, timer));
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	later_join(&later);
	EXPECT_EQ(500, self->frame->irqs);
}

TEST_HARNESS_MAIN
