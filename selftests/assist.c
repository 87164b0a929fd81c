// SPDX-License-Identifier: GPL-2.0-only
/*
 * libzx's assist against the CPU: each instruction runs in a guest twice, once
 * with its operand in plain memory and once with it in a trap, behind which a
 * device keeps bytes. The registers, flags and bytes that come out are the same.
 */
#include <string.h>
#include <zxl/assist.h>

#include "kselftest_harness.h"
#include "util.h"

#define P		0x1ull
#define W		0x2ull
#define LARGE		0x80ull
#define DIRECTORY	0x24000
#define TABLE		0x25000
#define PAGES		4
#define WINDOW(offset)	(GUEST_MAPPED + (offset))
#define TARGET		0x1100
#define MAX_PACKETS	40

/* What the memory holds at first. */
enum content { PATTERN, ZEROS, LANDING, NOT_CANONICAL, EQUAL };

/*
 * @code, @len, @text: the instruction
 * @rdi, @rsi:         where they point, in the window
 * @flags:             set in all runs
 * @trapped:           pages of the window that are traps in the second run
 * @undefined:         flags that the manuals leave open
 * @same:              bytes of memory that RAX, and then RDX, start with; or 0
 */
struct row {
	const char *code;
	uint64_t len;
	const char *text;
	uint64_t rdi, rsi, rcx, rdx, flags, trapped, undefined, same, content;
};

#define DECLARE_ROWS(name) extern const struct row name##_start[], name##_end[]

DECLARE_ROWS(rows_alu);
DECLARE_ROWS(rows_move);
DECLARE_ROWS(rows_string);
DECLARE_ROWS(rows_sse);
DECLARE_ROWS(rows_avx);
DECLARE_ROWS(rows_32);

/* ASSIST_IN and ASSIST_OUT. */
struct registers {
	uint64_t gpr[16];
	uint64_t flags;
	uint64_t fs;
	uint64_t wide;
	uint64_t pad;
	uint8_t vector[16][32];
};

_Static_assert(offsetof(struct registers, vector) == ASSIST_VECTOR, "guest.h");

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11 };

struct result {
	struct registers out;
	uint64_t fault, error, rip;
	uint8_t memory[PAGES * PAGE];
};

FIXTURE(assist) {
	struct vm vm;
	zx_port_packet_t packet;
	uint8_t device[PAGES * PAGE];
	struct result plain, trapped;
	unsigned int packets, accesses;
	zx_gpaddr_t base;		/* of the device */
	unsigned int good;		/* accesses that it still answers with ZX_OK */
	const char *start, *insn, *end;
	bool narrow;
};

FIXTURE_SETUP(assist)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP,
					   PAGES * PAGE, ZX_HANDLE_INVALID, KEY_TRAP));
	self->start = assist_run_start;
	self->insn = assist_run_insn;
	self->end = assist_run_end;
	self->base = GUEST_TRAP;
	self->good = ~0u;
}

FIXTURE_TEARDOWN(assist)
{
	vm_down(&self->vm);
}

static zx_status_t device_check(struct _test_data_assist *self, zx_gpaddr_t addr, size_t size)
{
	if (addr < self->base || addr + size > self->base + PAGES * PAGE ||
	    addr / PAGE != (addr + size - 1) / PAGE)
		return ZX_ERR_OUT_OF_RANGE;
	return self->accesses++ < self->good ? ZX_OK : ZX_ERR_BAD_STATE;
}

static zx_status_t device_read(void *context, zx_gpaddr_t addr, void *data, size_t size)
{
	struct _test_data_assist *self = context;
	zx_status_t status = device_check(self, addr, size);

	if (status == ZX_OK)
		memcpy(data, self->device + (addr - self->base), size);
	return status;
}

static zx_status_t device_write(void *context, zx_gpaddr_t addr, const void *data, size_t size)
{
	struct _test_data_assist *self = context;
	zx_status_t status = device_check(self, addr, size);

	if (status == ZX_OK)
		memcpy(self->device + (addr - self->base), data, size);
	return status;
}

static const zxl_assist_ops_t ops = { .read = device_read, .write = device_write };

static zx_status_t assist(struct _test_data_assist *self)
{
	return zxl_vcpu_assist(self->vm.vcpu, &ops, self);
}

static uint64_t landing(struct _test_data_assist *self)
{
	return GUEST_ENTRY + (self->insn - self->start) + ASSIST_SLOT - 2;
}

static void fill_memory(struct _test_data_assist *self, const struct row *row, uint8_t *memory)
{
	uint64_t address = row->content == NOT_CANONICAL ? 1ull << 50 : landing(self);
	unsigned int i;

	for (i = 0; i < PAGES * PAGE; i++)
		memory[i] = row->content == EQUAL ? 0x5a : i * 13 + i / PAGE * 7 + 5;
	if (row->content == ZEROS)
		memset(memory + row->rdi, 0, 16);
	if (row->content == LANDING || row->content == NOT_CANONICAL)
		memcpy(memory + row->rdi, &address, self->narrow ? 4 : 8);
	if (row->content == EQUAL)
		memory[row->rdi + 30] = memory[row->rdi - 30] = 0x11;
}

/* The window: the pages of @trapped are the device's. */
static void build_window(struct _test_data_assist *self, uint64_t trapped)
{
	uint64_t *upper = (uint64_t *)(self->vm.mem + GUEST_TABLES + PAGE);
	uint64_t *directory = (uint64_t *)(self->vm.mem + DIRECTORY);
	uint64_t *table = (uint64_t *)(self->vm.mem + TABLE);
	uint32_t *narrow = (uint32_t *)(self->vm.mem + ASSIST_TABLES);
	uint32_t *narrow_table = narrow + 1024;
	unsigned int i;

	upper[1] = DIRECTORY | P | W;
	directory[0] = TABLE | P | W;
	for (i = 0; i < 1024; i++)
		narrow[i] = i << 22 | LARGE | P | W;
	narrow[GUEST_MAPPED >> 22] = (ASSIST_TABLES + PAGE) | P | W;
	for (i = 0; i < PAGES; i++) {
		table[i] = ((trapped >> i & 1 ? GUEST_TRAP : GUEST_SPARE) + i * PAGE) | P | W;
		narrow_table[i] = table[i];
	}
	/* Data at GUEST_MAPPED, for FS. */
	((uint64_t *)(self->vm.mem + GUEST_GDT))[ASSIST_SELECTOR / 8] =
		0x00cf93000000ffffull | (GUEST_MAPPED & 0xff000000ull) << 32;
}

static void fill_registers(struct _test_data_assist *self, const struct row *row, uint64_t flags)
{
	struct registers *in = (struct registers *)(self->vm.mem + GUEST_BUFFER + ASSIST_IN);
	const uint8_t *memory = self->device + row->rdi;
	unsigned int i;

	memset(in, 0, sizeof(*in));
	for (i = 0; i < 16; i++)
		in->gpr[i] = 0x1020304050607080ull * (i + 1) ^ 0x5555;
	in->gpr[RAX] = 0x112233445566775a;
	in->gpr[RCX] = row->rcx;
	in->gpr[RDX] = row->rdx;
	in->gpr[RBX] = WINDOW(TARGET + 0x40);
	in->gpr[RSP] = WINDOW(0x2800);
	in->gpr[RBP] = WINDOW(TARGET + 0x80);
	in->gpr[RSI] = WINDOW(row->rsi);
	in->gpr[RDI] = WINDOW(row->rdi);
	in->gpr[R8] = WINDOW(TARGET);
	in->gpr[R9] = -77ll;
	in->gpr[R10] = 12345;
	in->gpr[R11] = 4;
	memcpy(&in->gpr[RAX], memory, row->same);
	memcpy(&in->gpr[RDX], memory + row->same, row->same);
	in->flags = 2 | row->flags | flags;
	in->fs = GUEST_MAPPED;
	in->wide = host_has_avx();
	for (i = 0; i < sizeof(in->vector); i++)
		in->vector[i / 32][i % 32] = i * 11 + 3;
}

/* To the blob's end, by way of the assist. */
static zx_status_t run_to_end(struct _test_data_assist *self)
{
	zx_status_t status;

	for (self->packets = 0; self->packets < MAX_PACKETS; self->packets++) {
		status = zx_vcpu_enter(self->vm.vcpu, &self->packet);
		if (status != ZX_OK)
			return status;
		if (self->packet.type != ZX_PKT_TYPE_GUEST_MEM)
			return ZX_OK;
		status = assist(self);
		if (status != ZX_OK)
			return status;
	}
	return ZX_ERR_TIMED_OUT;
}

/* One run of @row; @trapped: pages that are traps. */
static zx_status_t run(struct _test_data_assist *self, const struct row *row, uint64_t flags,
		       uint64_t trapped, struct result *result)
{
	struct guest_frame *frame = vm_frame(&self->vm);
	uint8_t *memory = self->vm.mem + GUEST_SPARE;
	zx_status_t status;
	unsigned int i;

	memset(result, 0, sizeof(*result));
	memset(self->vm.mem + GUEST_BUFFER, 0, PAGE);
	fill_memory(self, row, memory);
	fill_memory(self, row, self->device);
	build_window(self, trapped);
	fill_registers(self, row, flags);
	frame->fault = GUEST_NO_FAULT;
	frame->error = frame->rip = 0;
	self->accesses = 0;
	vm_load(&self->vm, self->start, self->end);
	memcpy(self->vm.mem + GUEST_ENTRY + (self->insn - self->start), row->code, row->len);
	status = vm_vcpu(&self->vm) ?: run_to_end(self);
	zx_handle_close(self->vm.vcpu);
	self->vm.vcpu = ZX_HANDLE_INVALID;
	memcpy(&result->out, self->vm.mem + GUEST_BUFFER + ASSIST_OUT, sizeof(result->out));
	result->out.flags &= ~row->undefined;
	result->fault = frame->fault;
	result->error = frame->error;
	result->rip = frame->rip;
	for (i = 0; i < PAGES; i++)
		memcpy(result->memory + i * PAGE,
		       (trapped >> i & 1 ? self->device : memory) + i * PAGE, PAGE);
	return status;
}

static void log_difference(struct __test_metadata *_metadata, struct _test_data_assist *self)
{
	const struct result *a = &self->plain, *b = &self->trapped;
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (a->out.gpr[i] != b->out.gpr[i])
			TH_LOG("  register %u: %#lx, not %#lx", i, b->out.gpr[i], a->out.gpr[i]);
	if (a->out.flags != b->out.flags)
		TH_LOG("  flags: %#lx, not %#lx", b->out.flags, a->out.flags);
	if (a->fault != b->fault || a->rip != b->rip || a->error != b->error)
		TH_LOG("  fault %lu at %#lx, not %lu at %#lx", b->fault, b->rip, a->fault, a->rip);
	if (memcmp(a->out.vector, b->out.vector, sizeof(a->out.vector)))
		TH_LOG("  vector registers");
	for (i = 0; i < PAGES * PAGE && a->memory[i] == b->memory[i]; i++)
		;
	if (i < PAGES * PAGE)
		TH_LOG("  memory at %#x: %#x, not %#x", i, b->memory[i], a->memory[i]);
}

/* Hints are the ones that no device hears of, and do not exit on every CPU. */
static bool may_not_trap(const struct row *row)
{
	return !strncmp(row->text, "nop", 3) || !strncmp(row->text, "clflush", 7) ||
	       !strncmp(row->text, "prefetch", 8);
}

static bool same_results(struct __test_metadata *_metadata, struct _test_data_assist *self,
			 const struct row *row, uint64_t flags)
{
	zx_status_t status = run(self, row, flags, 0, &self->plain);

	if (status != ZX_OK || self->packets) {
		TH_LOG("%s: in plain memory: %d, %u packets", row->text, status, self->packets);
		return false;
	}
	status = run(self, row, flags, row->trapped, &self->trapped);
	if (status == ZX_OK && (self->accesses || may_not_trap(row)) &&
	    !memcmp(&self->plain, &self->trapped, sizeof(self->plain)))
		return true;
	TH_LOG("%s: %d, %u packets, %u accesses", row->text, status, self->packets,
	       self->accesses);
	log_difference(_metadata, self);
	return false;
}

#define STATUS_FLAGS	0x8d5

static void try_rows(struct __test_metadata *_metadata, struct _test_data_assist *self,
		     const struct row *row, const struct row *end)
{
	unsigned int failed = 0;

	for (; row < end; row++) {
		failed += !same_results(_metadata, self, row, 0);
		failed += !same_results(_metadata, self, row, STATUS_FLAGS);
	}
	EXPECT_EQ(0, failed);
}

#define TRY_ROWS(name)	try_rows(_metadata, self, name##_start, name##_end)

TEST_F_TIMEOUT(assist, computes, 120)
{
	TRY_ROWS(rows_alu);
}

TEST_F(assist, moves)
{
	TRY_ROWS(rows_move);
}

TEST_F(assist, strings)
{
	TRY_ROWS(rows_string);
}

TEST_F(assist, vectors)
{
	TRY_ROWS(rows_sse);
}

TEST_F(assist, wide_vectors)
{
	if (!host_has_avx())
		SKIP(return, "the CPU has no AVX");
	TRY_ROWS(rows_avx);
}

TEST_F(assist, code_of_32_bits)
{
	self->start = assist_run32_start;
	self->insn = assist_run32_insn;
	self->end = assist_run32_end;
	self->narrow = true;
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	TRY_ROWS(rows_32);
}

TEST_F(assist, code_of_16_bits)
{
	zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP);
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_LOW_TRAP,
					   PAGE, ZX_HANDLE_INVALID, KEY_TRAP));
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	self->base = GUEST_LOW_TRAP;
	memcpy(self->device + 4, "\x01\x02\x03\x04", 4);
	memcpy(self->device + 0x34, "\xff\x22\x33\x44", 4);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, real_add));
	ASSERT_EQ(ZX_OK, run_to_end(self));
	EXPECT_EQ(2, self->packets);
	EXPECT_EQ(0, memcmp(self->device + 4, "\x81\x02\x03\x04", 4));
	EXPECT_EQ(0, memcmp(self->device + 0x34, "\x10\x34\x33\x44", 4));
}

/* Up to the packet of @text's row, which is in @name. */
static zx_status_t start_row(struct _test_data_assist *self, const struct row *row,
			     struct guest_frame *frame, uint64_t trapped)
{
	zx_status_t status;

	fill_memory(self, row, self->vm.mem + GUEST_SPARE);
	fill_memory(self, row, self->device);
	build_window(self, trapped);
	fill_registers(self, row, 0);
	frame->fault = GUEST_NO_FAULT;
	vm_load(&self->vm, self->start, self->end);
	memcpy(self->vm.mem + GUEST_ENTRY + (self->insn - self->start), row->code, row->len);
	status = vm_vcpu(&self->vm) ?: zx_vcpu_enter(self->vm.vcpu, &self->packet);
	if (status != ZX_OK)
		return status;
	return self->packet.type == ZX_PKT_TYPE_GUEST_MEM ? ZX_OK : ZX_ERR_INTERNAL;
}

#define CODE(bytes)	.code = bytes, .len = sizeof(bytes) - 1
#define START(...)							\
	start_row(self, &(struct row){ .rdi = TARGET, .rsi = 0x2100, .rcx = 3, __VA_ARGS__ }, \
		  vm_frame(&self->vm), 2)
#define INSN_AT		(GUEST_ENTRY + (uint64_t)(assist_run_insn - assist_run_start))

static uint64_t rip_of(struct _test_data_assist *self)
{
	return vm_page(&self->vm)->rip;
}

/* fldl (%rdi): what there is no model of here. */
TEST_F(assist, unknown_instruction)
{
	ASSERT_EQ(ZX_OK, START(CODE("\xdd\x07")));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, assist(self));
	EXPECT_EQ(0, self->accesses);
	EXPECT_EQ(INSN_AT + 2, rip_of(self));
}

/* mov (%rdi), %ds */
TEST_F(assist, segment_load)
{
	ASSERT_EQ(ZX_OK, START(CODE("\x8e\x1f")));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, assist(self));
	EXPECT_EQ(0, self->accesses);
}

/* addl %eax, (%rdi) */
TEST_F(assist, device_that_refuses)
{
	struct zx_vcpu_regs regs;

	ASSERT_EQ(ZX_OK, START(CODE("\x01\x07")));
	regs = vm_page(&self->vm)->regs;
	self->good = 0;
	EXPECT_EQ(ZX_ERR_BAD_STATE, assist(self));
	EXPECT_EQ(0, memcmp(&regs, &vm_page(&self->vm)->regs, sizeof(regs)));
	self->accesses = 0;
	self->good = 1;
	EXPECT_EQ(ZX_ERR_BAD_STATE, assist(self));
	EXPECT_EQ(0, memcmp(&regs, &vm_page(&self->vm)->regs, sizeof(regs)));
	EXPECT_EQ(INSN_AT + 2, rip_of(self));
}

/* rep stosb */
TEST_F(assist, device_that_refuses_in_the_middle)
{
	ASSERT_EQ(ZX_OK, START(CODE("\xf3\xaa"), .rcx = 10));
	self->good = 4;
	EXPECT_EQ(ZX_ERR_BAD_STATE, assist(self));
	EXPECT_EQ(6, vm_page(&self->vm)->regs.rcx);
	EXPECT_EQ(WINDOW(TARGET) + 4, vm_page(&self->vm)->regs.rdi);
	EXPECT_EQ(INSN_AT, rip_of(self));
	self->good = ~0u;
	ASSERT_EQ(ZX_OK, run_to_end(self));
	EXPECT_EQ(10, self->accesses - 1);
}

/* movsl; RSI where the guest has no memory. */
TEST_F(assist, fault_of_the_other_operand)
{
	const struct guest_frame *frame = vm_frame(&self->vm);
	struct zxl_vcpu_system system;

	ASSERT_EQ(ZX_OK, START(CODE("\xaa\xa5"), .rsi = 0x9100));
	ASSERT_EQ(ZX_OK, assist(self));
	vm_down(&self->vm);
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	(void)frame;
	(void)system;
}

/* pushq (%rdi); the stack is read-only for the guest. */
TEST_F(assist, fault_of_the_stack)
{
	uint64_t *table = (uint64_t *)(self->vm.mem + TABLE);
	const struct guest_frame *frame = vm_frame(&self->vm);
	struct zxl_vcpu_system system;
	zx_vcpu_state_t state;

	ASSERT_EQ(ZX_OK, START(CODE("\xff\x37")));
	table[2] &= ~W;
	ASSERT_EQ(ZX_OK, assist(self));
	EXPECT_EQ(INSN_AT, rip_of(self));
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->vm.vcpu, ZX_VCPU_STATE, &state, sizeof(state)));
	EXPECT_EQ(WINDOW(0x2800), state.rsp);
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_SYSTEM, &system,
					    sizeof(system)));
	EXPECT_EQ(WINDOW(0x2800) - 8, system.cr2);
	/* The handler needs a stack; the fault is delivered all the same. */
	state.rsp = GUEST_STACK;
	ASSERT_EQ(ZX_OK, zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_STATE, &state, sizeof(state)));
	ASSERT_EQ(ZX_OK, run_to_end(self));
	EXPECT_EQ(14, frame->fault);
	EXPECT_EQ(3, frame->error);
	EXPECT_EQ(INSN_AT, frame->rip);
}

/* rep movsb, into a page that ends before the count does. */
TEST_F(assist, fault_in_the_middle)
{
	const struct guest_frame *frame = vm_frame(&self->vm);
	const uint64_t rsi = PAGES * PAGE - 5;

	ASSERT_EQ(ZX_OK, START(CODE("\xf3\xa4"), .rsi = rsi, .rcx = 20));
	ASSERT_EQ(ZX_OK, assist(self));
	EXPECT_EQ(15, vm_page(&self->vm)->regs.rcx);
	EXPECT_EQ(WINDOW(PAGES * PAGE), vm_page(&self->vm)->regs.rsi);
	EXPECT_EQ(WINDOW(TARGET) + 5, vm_page(&self->vm)->regs.rdi);
	EXPECT_EQ(0, memcmp(self->device + TARGET, self->vm.mem + GUEST_SPARE + rsi, 5));
	ASSERT_EQ(ZX_OK, run_to_end(self));
	EXPECT_EQ(14, frame->fault);
	EXPECT_EQ(0, frame->error);
	EXPECT_EQ(INSN_AT, frame->rip);
}

/* call *(%rdi) */
TEST_F(assist, call_to_nowhere)
{
	const struct guest_frame *frame = vm_frame(&self->vm);

	ASSERT_EQ(ZX_OK, START(CODE("\xff\x17"), .content = NOT_CANONICAL));
	ASSERT_EQ(ZX_OK, assist(self));
	ASSERT_EQ(ZX_OK, run_to_end(self));
	EXPECT_EQ(13, frame->fault);
	EXPECT_EQ(INSN_AT, frame->rip);
}

/* rep stosb under a debugger: one turn, one trap, and RIP still there. */
TEST_F(assist, single_step)
{
	const struct guest_frame *frame = vm_frame(&self->vm);

	ASSERT_EQ(ZX_OK, START(CODE("\xf3\xaa"), .rcx = 10, .flags = 0));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, START(CODE("\xf3\xaa"), .rcx = 10, .flags = 0x100));
	(void)frame;
}

/* addl %eax, (%rdi) with handles that lack a right, and without a packet. */
TEST_F(assist, rights_and_state)
{
	zx_handle_t vcpu;

	ASSERT_EQ(ZX_OK, START(CODE("\x01\x07")));
	vcpu = handle_without(self->vm.vcpu, ZX_RIGHT_READ);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zxl_vcpu_assist(vcpu, &ops, self));
	zx_handle_close(vcpu);
	vcpu = handle_without(self->vm.vcpu, ZX_RIGHT_WRITE);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zxl_vcpu_assist(vcpu, &ops, self));
	zx_handle_close(vcpu);
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zxl_vcpu_assist(self->vm.guest, &ops, self));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zxl_vcpu_assist(ZX_HANDLE_INVALID, &ops, self));
	EXPECT_EQ(0, self->accesses);
	EXPECT_EQ(ZX_OK, assist(self));
	ASSERT_EQ(ZX_OK, run_to_end(self));
	EXPECT_EQ(ZX_ERR_BAD_STATE, assist(self));
}

TEST_HARNESS_MAIN
