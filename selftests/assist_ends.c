// SPDX-License-Identifier: GPL-2.0-only
/* How libzx's assist ends where it does not just succeed: statuses, faults, rights. */
#include <string.h>

#include "kselftest_harness.h"
#include "assist_vm.h"

FIXTURE(ends) {
	struct assist_vm avm;
};

FIXTURE_SETUP(ends)
{
	ASSERT_EQ(ZX_OK, assist_vm_up(&self->avm));
}

FIXTURE_TEARDOWN(ends)
{
	vm_down(&self->avm.vm);
}

#define ROW(bytes)	{ .code = bytes, .len = sizeof(bytes) - 1, .rdi = TARGET, .rsi = OTHER, \
			  .rcx = 10 }

/* Up to the packet. */
static zx_status_t start(struct assist_vm *avm, const struct row *row)
{
	zx_status_t status = assist_vm_load(avm, row, 0, 2) ?:
		zx_vcpu_enter(avm->vm.vcpu, &avm->packet);

	if (status != ZX_OK)
		return status;
	return avm->packet.type == ZX_PKT_TYPE_GUEST_MEM ? ZX_OK : ZX_ERR_INTERNAL;
}

static zx_status_t assist(struct _test_data_ends *self)
{
	return assist_vm_assist(&self->avm, self->avm.vm.vcpu);
}

static const struct zx_vcpu_page *page_of(struct _test_data_ends *self)
{
	return vm_page(&self->avm.vm);
}

/* The guest takes @vector at the instruction that is @offset into the slot. */
static void expect_fault(struct __test_metadata *_metadata, struct _test_data_ends *self,
			 uint64_t vector, uint64_t error, unsigned int offset)
{
	const struct guest_frame *frame = vm_frame(&self->avm.vm);

	EXPECT_EQ(assist_vm_insn(&self->avm) + offset, page_of(self)->rip);
	ASSERT_EQ(ZX_OK, assist_vm_finish(&self->avm));
	EXPECT_EQ(vector, frame->fault);
	EXPECT_EQ(error, frame->error);
	EXPECT_EQ(assist_vm_insn(&self->avm) + offset, frame->rip);
}

#define EXPECT_FAULT(...) expect_fault(_metadata, self, __VA_ARGS__)

TEST_F(ends, unknown_instruction)
{
	const struct row row = ROW("\xdd\x07");		/* fldl (%rdi) */

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, assist(self));
	EXPECT_EQ(0, self->avm.accesses);
	EXPECT_EQ(assist_vm_insn(&self->avm) + 2, page_of(self)->rip);
}

TEST_F(ends, segment_load)
{
	const struct row row = ROW("\x8e\x1f");		/* mov (%rdi), %ds */

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, assist(self));
	EXPECT_EQ(0, self->avm.accesses);
}

TEST_F(ends, page_table_in_the_trap)
{
	const struct row row = ROW("\x01\x04\x25\x00\x00\x20\x40"); /* add %eax, 0x40200000 */
	uint64_t *directory = (uint64_t *)(self->avm.vm.mem + WINDOW_DIRECTORY);

	directory[1] = GUEST_TRAP | PTE_P | PTE_W;
	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, assist(self));
	EXPECT_EQ(0, self->avm.accesses);
}

TEST_F(ends, device_that_refuses)
{
	const struct row row = ROW("\x01\x07");		/* add %eax, (%rdi) */
	struct zx_vcpu_regs regs;
	unsigned int good;

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	regs = page_of(self)->regs;
	for (good = 0; good < 2; good++) {
		self->avm.accesses = 0;
		self->avm.good = good;
		EXPECT_EQ(ZX_ERR_BAD_STATE, assist(self));
		EXPECT_EQ(good + 1, self->avm.accesses);
		EXPECT_EQ(0, memcmp(&regs, &page_of(self)->regs, sizeof(regs)));
		EXPECT_EQ(assist_vm_insn(&self->avm) + 2, page_of(self)->rip);
	}
}

TEST_F(ends, device_that_refuses_in_the_middle)
{
	const struct row row = ROW("\xf3\xaa");		/* rep stosb */

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	self->avm.good = 4;
	EXPECT_EQ(ZX_ERR_BAD_STATE, assist(self));
	EXPECT_EQ(6, page_of(self)->regs.rcx);
	EXPECT_EQ(WINDOW(TARGET) + 4, page_of(self)->regs.rdi);
	EXPECT_EQ(assist_vm_insn(&self->avm), page_of(self)->rip);
	self->avm.good = ~0u;
	ASSERT_EQ(ZX_OK, assist_vm_finish(&self->avm));
	EXPECT_EQ(11, self->avm.accesses);
}

/* Statuses that mean something else when the kernel gives them. */
TEST_F(ends, device_that_refuses_like_the_kernel)
{
	const zx_status_t refusals[] = { ZX_ERR_CANCELED, ZX_ERR_UNAVAILABLE,
					 ZX_ERR_NOT_SUPPORTED };
	const struct row row = ROW("\x01\x07");		/* add %eax, (%rdi) */
	unsigned int i;

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	self->avm.good = 0;
	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		self->avm.accesses = 0;
		self->avm.refusal = refusals[i];
		EXPECT_EQ(refusals[i], assist(self));
		EXPECT_EQ(1, self->avm.accesses);
		EXPECT_EQ(assist_vm_insn(&self->avm) + 2, page_of(self)->rip);
	}
}

TEST_F(ends, other_operand_not_mapped)
{
	const struct row row = ROW("\xff\x37");		/* push (%rdi) */
	uint64_t *table = (uint64_t *)(self->avm.vm.mem + WINDOW_TABLE);

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	table[2] = GUEST_HOLE | PTE_P | PTE_W;
	EXPECT_EQ(ZX_ERR_NOT_FOUND, assist(self));
	EXPECT_EQ(WINDOW(STACK), page_of(self)->regs.rsp);
}

TEST_F(ends, fault_of_the_stack)
{
	const struct row row = ROW("\xff\x37");		/* push (%rdi) */
	uint64_t *table = (uint64_t *)(self->avm.vm.mem + WINDOW_TABLE);
	struct zxl_vcpu_system system;
	zx_vcpu_state_t state;

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	table[2] &= ~PTE_W;
	ASSERT_EQ(ZX_OK, assist(self));
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->avm.vm.vcpu, ZX_VCPU_STATE, &state,
					    sizeof(state)));
	EXPECT_EQ(WINDOW(STACK), state.rsp);
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->avm.vm.vcpu, ZXL_VCPU_SYSTEM, &system,
					    sizeof(system)));
	EXPECT_EQ(WINDOW(STACK) - 8, system.cr2);
	/* The handler needs a stack. */
	state.rsp = GUEST_STACK;
	ASSERT_EQ(ZX_OK, zx_vcpu_write_state(self->avm.vm.vcpu, ZX_VCPU_STATE, &state,
					     sizeof(state)));
	EXPECT_FAULT(14, 3, 0);
}

/* The source ends before the count does. */
TEST_F(ends, fault_in_the_middle)
{
	struct row row = ROW("\xf3\xa4");		/* rep movsb */

	row.rsi = WINDOW_BYTES - 5;
	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	ASSERT_EQ(ZX_OK, assist(self));
	EXPECT_EQ(5, page_of(self)->regs.rcx);
	EXPECT_EQ(WINDOW(WINDOW_BYTES), page_of(self)->regs.rsi);
	EXPECT_EQ(WINDOW(TARGET) + 5, page_of(self)->regs.rdi);
	EXPECT_EQ(0, memcmp(self->avm.device + TARGET,
			    self->avm.vm.mem + GUEST_SPARE + row.rsi, 5));
	EXPECT_FAULT(14, 0, 0);
}

/* QEMU lets the call happen, and faults where it leads: so not among the rows. */
TEST_F(ends, call_to_nowhere)
{
	struct row row = ROW("\xff\x17");		/* call *(%rdi) */

	row.content = NOT_CANONICAL;
	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	ASSERT_EQ(ZX_OK, assist(self));
	EXPECT_EQ(WINDOW(STACK), page_of(self)->regs.rsp);
	EXPECT_FAULT(13, 0, 0);
}

/* Under a debugger each turn is a step, and RIP stays: SDM 3, 18.3.1.4. */
TEST_F(ends, single_step_of_a_string)
{
	/* pushf; orl $0x100, (%rsp); popf; rep stosb */
	const struct row row = ROW("\x9c\x81\x0c\x24\x00\x01\x00\x00\x9d\xf3\xaa");

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	ASSERT_EQ(ZX_OK, assist(self));
	EXPECT_EQ(9, page_of(self)->regs.rcx);
	EXPECT_EQ(1, self->avm.accesses);
	EXPECT_FAULT(1, 0, 9);
}

TEST_F(ends, single_step_of_an_addition)
{
	/* pushf; orl $0x100, (%rsp); popf; add %eax, (%rdi) */
	const struct row row = ROW("\x9c\x81\x0c\x24\x00\x01\x00\x00\x9d\x01\x07");

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	ASSERT_EQ(ZX_OK, assist(self));
	EXPECT_EQ(2, self->avm.accesses);
	EXPECT_FAULT(1, 0, 11);
}

TEST_F(ends, rights)
{
	const struct row row = ROW("\x01\x07");		/* add %eax, (%rdi) */
	zx_handle_t vcpu;

	ASSERT_EQ(ZX_OK, start(&self->avm, &row));
	vcpu = handle_without(self->avm.vm.vcpu, ZX_RIGHT_READ);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, assist_vm_assist(&self->avm, vcpu));
	zx_handle_close(vcpu);
	vcpu = handle_without(self->avm.vm.vcpu, ZX_RIGHT_WRITE);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, assist_vm_assist(&self->avm, vcpu));
	zx_handle_close(vcpu);
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, assist_vm_assist(&self->avm, self->avm.vm.guest));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, assist_vm_assist(&self->avm, ZX_HANDLE_INVALID));
	EXPECT_EQ(0, self->avm.accesses);
	EXPECT_EQ(ZX_OK, assist(self));
}

TEST_F(ends, needs_a_packet)
{
	const struct row row = ROW("\x01\x07");		/* add %eax, (%rdi) */

	ASSERT_EQ(ZX_OK, assist_vm_load(&self->avm, &row, 0, 2));
	EXPECT_EQ(ZX_ERR_BAD_STATE, assist(self));
	ASSERT_EQ(ZX_OK, assist_vm_finish(&self->avm));
	EXPECT_EQ(ZX_ERR_BAD_STATE, assist(self));
}

TEST_HARNESS_MAIN
