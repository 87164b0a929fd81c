// SPDX-License-Identifier: GPL-2.0-only
/*
 * libzx's assist against the CPU: each instruction of assist_rows_x86.S runs in a
 * guest twice, once with its operand in plain memory and once with it in a trap,
 * behind which a device keeps bytes. What comes out is the same: registers,
 * flags, memory, faults.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "assist_vm.h"

#define STATUS_FLAGS	0x8d5

#define DECLARE_ROWS(name) extern const struct row name##_start[], name##_end[]

DECLARE_ROWS(rows_alu);
DECLARE_ROWS(rows_move);
DECLARE_ROWS(rows_string);
DECLARE_ROWS(rows_sse);
DECLARE_ROWS(rows_avx);
DECLARE_ROWS(rows_32);

struct result {
	struct registers out;
	uint64_t fault, error, rip;
	uint8_t memory[WINDOW_BYTES];
};

FIXTURE(assist) {
	struct assist_vm avm;
	struct result plain, trapped;
};

FIXTURE_SETUP(assist)
{
	ASSERT_EQ(ZX_OK, assist_vm_up(&self->avm));
}

FIXTURE_TEARDOWN(assist)
{
	vm_down(&self->avm.vm);
}

/*
 * The flags that a fault pushes have RF set (SDM 3, 19.3.1.1), but not those of
 * QEMU's CPU (7.2) when it raises the fault itself.
 */
static void forget_resume_flag(struct result *result)
{
	if (result->fault != GUEST_NO_FAULT)
		result->memory[STACK - 24 + 2] &= ~1;
}

static zx_status_t run(struct assist_vm *avm, const struct row *row, uint64_t flags,
		       uint64_t trapped, struct result *result)
{
	struct guest_frame *frame = vm_frame(&avm->vm);
	uint8_t *memory = avm->vm.mem + GUEST_SPARE;
	zx_status_t status;
	unsigned int i;

	memset(result, 0, sizeof(*result));
	status = assist_vm_load(avm, row, flags, trapped) ?: assist_vm_finish(avm);
	memcpy(&result->out, avm->vm.mem + GUEST_BUFFER + ASSIST_OUT, sizeof(result->out));
	result->out.flags &= ~row->undefined;
	result->fault = frame->fault;
	result->error = frame->error;
	result->rip = frame->rip;
	for (i = 0; i < WINDOW_PAGES; i++)
		memcpy(result->memory + i * PAGE,
		       (trapped >> i & 1 ? avm->device : memory) + i * PAGE, PAGE);
	forget_resume_flag(result);
	return status;
}

static void log_difference(struct __test_metadata *_metadata, const struct result *plain,
			   const struct result *trapped)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (plain->out.gpr[i] != trapped->out.gpr[i])
			TH_LOG("  register %u: %#lx, not %#lx", i, trapped->out.gpr[i],
			       plain->out.gpr[i]);
	if (plain->out.flags != trapped->out.flags)
		TH_LOG("  flags: %#lx, not %#lx", trapped->out.flags, plain->out.flags);
	if (plain->fault != trapped->fault || plain->rip != trapped->rip)
		TH_LOG("  fault %lu at %#lx, not %lu at %#lx", trapped->fault, trapped->rip,
		       plain->fault, plain->rip);
	if (memcmp(plain->out.vector, trapped->out.vector, sizeof(plain->out.vector)))
		TH_LOG("  vector registers");
	for (i = 0; i < WINDOW_BYTES && plain->memory[i] == trapped->memory[i]; i++)
		;
	if (i < WINDOW_BYTES)
		TH_LOG("  memory at %#x: %#x, not %#x", i, trapped->memory[i], plain->memory[i]);
}

/* Hints are what no device hears of, and on some CPUs not even the hypervisor. */
static bool is_hint(const struct row *row)
{
	return !strncmp(row->text, "nop", 3) || !strncmp(row->text, "clflush", 7) ||
	       !strncmp(row->text, "prefetch", 8);
}

static bool same_results(struct __test_metadata *_metadata, struct _test_data_assist *self,
			 const struct row *row, uint64_t flags)
{
	struct assist_vm *avm = &self->avm;
	zx_status_t status = run(avm, row, flags, 0, &self->plain);

	if (status != ZX_OK || avm->packets) {
		TH_LOG("%s: in plain memory: %d, %u packets", row->text, status, avm->packets);
		return false;
	}
	status = run(avm, row, flags, row->trapped, &self->trapped);
	if (status == ZX_OK && (avm->accesses || is_hint(row)) &&
	    !memcmp(&self->plain, &self->trapped, sizeof(self->plain)))
		return true;
	TH_LOG("%s: %d, %u packets, %u accesses", row->text, status, avm->packets, avm->accesses);
	log_difference(_metadata, &self->plain, &self->trapped);
	return false;
}

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

TEST_F_TIMEOUT(assist, moves, 120)
{
	TRY_ROWS(rows_move);
}

TEST_F_TIMEOUT(assist, strings, 120)
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
	self->avm.start = assist_run32_start;
	self->avm.insn = assist_run32_insn;
	self->avm.end = assist_run32_end;
	self->avm.narrow = true;
	ASSERT_EQ(ZX_OK, vm_park_first(&self->avm.vm));
	TRY_ROWS(rows_32);
}

TEST_F(assist, code_of_16_bits)
{
	struct assist_vm *avm = &self->avm;

	ASSERT_EQ(ZX_OK, zx_guest_set_trap(avm->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_LOW_TRAP,
					   PAGE, ZX_HANDLE_INVALID, KEY_TRAP));
	avm->base = GUEST_LOW_TRAP;
	memcpy(avm->device + 4, "\x01\x02\x03\x04", 4);
	memcpy(avm->device + 0x34, "\xff\x22\x33\x44", 4);
	ASSERT_EQ(ZX_OK, vm_park_first(&avm->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&avm->vm, real_add));
	ASSERT_EQ(ZX_OK, assist_vm_finish(avm));
	EXPECT_EQ(2, avm->packets);
	EXPECT_EQ(0, memcmp(avm->device + 4, "\x81\x02\x03\x04", 4));
	EXPECT_EQ(0, memcmp(avm->device + 0x34, "\x10\x34\x33\x44", 4));
}

TEST_HARNESS_MAIN
