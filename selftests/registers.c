// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control and debug registers: what a guest may write, what it reads after, and that what a CPU
 * refuses is an exception where the CPU raises it. One row, one test.
 */
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define DB	1
#define UD	6
#define GP	13
#define NONE	GUEST_NO_FAULT

#define CR0	0x80010011ull
#define CR4	0x502a0ull

/* Bytes of code, and what they are. */
#define TO_CR0		"\x0f\x22\xc0"
#define TO_CR4		"\x0f\x22\xe0"
#define TO_DR0		"\x0f\x23\xc0"
#define RCX_TO_DR7	"\x0f\x23\xf9"
#define TO_DR5		"\x0f\x23\xe8"
#define TO_DR6		"\x0f\x23\xf0"
#define TO_DR7		"\x0f\x23\xf8"
#define TO_DR8		"\x44\x0f\x23\xc0"
#define FROM_CR0	"\x0f\x20\xc3"	/* to RBX, as all that follow */
#define FROM_CR4	"\x0f\x20\xe3"
#define FROM_DR0	"\x0f\x21\xc3"
#define FROM_DR4	"\x0f\x21\xe3"
#define FROM_DR7	"\x0f\x21\xfb"
#define LMSW		"\x0f\x01\xf0"
#define SMSW_WORD	"\x66\x0f\x01\xe3"
#define CLTS		"\x0f\x06"
#define CPUID		"\x0f\xa2"

#define DR7_LOCAL_0	0x401

FIXTURE(code) {
	struct vm vm;
};

/* @fault: what @code raises, @at so many bytes into it; if nothing, it leaves @after in RBX. */
FIXTURE_VARIANT(code) {
	const char *code;
	size_t len;
	uint64_t rax, rcx, rbx, after;
	uint64_t fault;
	unsigned int at;
};

FIXTURE_SETUP(code)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(code)
{
	vm_down(&self->vm);
}

#define ROW(name, bytes, ...) \
	FIXTURE_VARIANT_ADD(code, name) { \
		.code = bytes, .len = sizeof(bytes) - 1, .fault = NONE, __VA_ARGS__ }
#define FAULTS(name, bytes, vector, ...) \
	FIXTURE_VARIANT_ADD(code, name) { \
		.code = bytes, .len = sizeof(bytes) - 1, .fault = vector, __VA_ARGS__ }

ROW(lmsw_sets_the_low_bits, LMSW FROM_CR0, .rax = 0xb, .after = CR0 | 0xa);
ROW(lmsw_leaves_protected_mode_on, LMSW FROM_CR0, .rax = 0, .after = CR0);
ROW(lmsw_does_not_reach_further, LMSW FROM_CR0, .rax = 0xffe1, .after = CR0);
ROW(smsw_writes_two_bytes, SMSW_WORD, .rbx = ~0ull, .after = ~0xffffull | (CR0 & 0xffff));
ROW(clts_clears_task_switched, TO_CR0 CLTS FROM_CR0, .rax = CR0 | 8, .after = CR0);
ROW(cr4_is_read_as_written, TO_CR4 FROM_CR4, .rax = CR4 | 0xc, .after = CR4 | 0xc);
ROW(cr4_turns_pages_global_off, TO_CR4 FROM_CR4, .rax = CR4 & ~0x80ull, .after = CR4 & ~0x80ull);
ROW(dr4_is_dr6, FROM_DR4, .after = 0xffff0ff0);
ROW(dr5_is_dr7, TO_DR5 FROM_DR7, .rax = 0x700, .after = 0x700);
ROW(dr6_keeps_its_ones, TO_DR6 FROM_DR4, .rax = 0, .after = 0xffff0ff0);
ROW(breakpoint_outlives_an_exit, TO_DR0 RCX_TO_DR7 CPUID FROM_DR0, .rax = GUEST_SPARE,
    .rcx = DR7_LOCAL_0, .after = GUEST_SPARE);
ROW(breakpoint_stays_on, TO_DR0 RCX_TO_DR7 CPUID FROM_DR7, .rax = GUEST_SPARE,
    .rcx = DR7_LOCAL_0, .after = DR7_LOCAL_0);
FAULTS(dr4_with_debug_extensions, TO_CR4 FROM_DR4, UD, .at = 3, .rax = CR4 | 8);
FAULTS(dr5_with_debug_extensions, TO_CR4 TO_DR5, UD, .at = 3, .rax = CR4 | 8);
FAULTS(dr8, TO_DR8, UD);
FAULTS(dr6_upper_half, TO_DR6, GP, .rax = 1ull << 32);
FAULTS(dr7_upper_half, TO_DR7, GP, .rax = 1ull << 32);
FAULTS(dr7_general_detect, TO_DR7 FROM_DR0, DB, .at = 3, .rax = 0x2400);

TEST_F(code, does_as_a_cpu_does)
{
	struct guest_frame *frame = vm_frame(&self->vm);

	frame->rax = variant->rax;
	frame->rcx = variant->rcx;
	frame->rbx = variant->rbx;
	ASSERT_EQ(ZX_OK, vm_bytes(&self->vm, variant->code, variant->len));
	ASSERT_EQ(variant->fault, frame->fault);
	if (variant->fault == NONE) {
		EXPECT_EQ(variant->after, frame->rbx);
		return;
	}
	EXPECT_EQ(insn_at(probe_bytes) + variant->at, frame->rip);
	if (variant->fault != DB)
		EXPECT_EQ(0, frame->error);
}

FIXTURE(guest) {
	struct vm vm;
};

FIXTURE_SETUP(guest)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(guest)
{
	vm_down(&self->vm);
}

static uint64_t watched;

static int watch(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)&watched,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.sample_period = 1,
		.exclude_kernel = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Both have DR0: the guest's is in the CPU while it runs, the host's again after. */
TEST_F(guest, breakpoint_leaves_the_hosts_alone)
{
	const char code[] = TO_DR0 RCX_TO_DR7 CPUID FROM_DR0;
	uint64_t count = 0;
	int fd = watch();

	ASSERT_GE(fd, 0);
	vm_frame(&self->vm)->rax = GUEST_SPARE;
	vm_frame(&self->vm)->rcx = DR7_LOCAL_0;
	ASSERT_EQ(ZX_OK, vm_bytes(&self->vm, code, sizeof(code) - 1));
	EXPECT_EQ(GUEST_SPARE, vm_frame(&self->vm)->rbx);
	__atomic_store_n(&watched, 1, __ATOMIC_SEQ_CST);
	ASSERT_EQ(sizeof(count), read(fd, &count, sizeof(count)));
	EXPECT_EQ(1, count);
	close(fd);
}

TEST_HARNESS_MAIN
