// SPDX-License-Identifier: GPL-2.0-only
/* The module's tracepoints: what the kernel's buffer, a counter and a BPF program get of a run. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define TRACING	"/sys/kernel/tracing/"
#define HAS_BPF	"/proc/sys/kernel/unprivileged_bpf_disabled"
#define EVENTS	TRACING "events/zx_hypervisor/"

static const char *const names[] = { "zx_exit", "zx_fault", "zx_return" };

#define COUNT	((int)(sizeof(names) / sizeof(*names)))

FIXTURE(trace) {
	struct vm vm;
	char *text;
};

static char *read_file(const char *path)
{
	const size_t room = 1 << 20;
	char *text = calloc(1, room);
	FILE *in = fopen(path, "r");

	if (in && text)
		text[fread(text, 1, room - 1, in)] = 0;
	if (in)
		fclose(in);
	return text;
}

FIXTURE_SETUP(trace)
{
	self->text = NULL;
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(0, close(open(TRACING "trace", O_WRONLY | O_TRUNC)));
}

FIXTURE_TEARDOWN(trace)
{
	file_write(EVENTS "enable", "0");
	free(self->text);
	vm_down(&self->vm);
}

/* Exits, a page that was not there yet, and packets. */
static zx_status_t run(struct _test_data_trace *self)
{
	zx_port_packet_t packet;
	zx_status_t status = vm_boot(&self->vm, out_sizes);
	int i;

	for (i = 0; i < 3 && status == ZX_OK; i++)
		status = zx_vcpu_enter(self->vm.vcpu, &packet);
	return status ?: vm_finish(&self->vm);
}

TEST_F(trace, buffer_has_every_event_in_words)
{
	char found[64];
	int i;

	ASSERT_EQ(0, file_write(EVENTS "enable", "1"));
	ASSERT_EQ(ZX_OK, run(self));
	ASSERT_EQ(0, file_write(EVENTS "enable", "0"));
	self->text = read_file(TRACING "trace");
	for (i = 0; i < COUNT; i++) {
		snprintf(found, sizeof(found), "%s: vcpu 0 ", names[i]);
		EXPECT_NE(NULL, strstr(self->text, found)) {
			TH_LOG("no %s", names[i]);
		}
	}
	EXPECT_NE(NULL, strstr(self->text, "zx_return: vcpu 0 status 0 reason "));
}

TEST_F(trace, nothing_is_written_while_off)
{
	ASSERT_EQ(ZX_OK, run(self));
	self->text = read_file(TRACING "trace");
	EXPECT_EQ(NULL, strstr(self->text, "zx_"));
}

static int open_counter(const char *name)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
	};
	char path[128];

	snprintf(path, sizeof(path), EVENTS "%s/id", name);
	attr.config = file_number(path);
	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

TEST_F(trace, perf_counts_every_event)
{
	uint64_t count[COUNT];
	int fd[COUNT], i;

	for (i = 0; i < COUNT; i++) {
		fd[i] = open_counter(names[i]);
		ASSERT_GE(fd[i], 0);
	}
	ASSERT_EQ(ZX_OK, run(self));
	for (i = 0; i < COUNT; i++) {
		ASSERT_EQ(sizeof(count[i]), read(fd[i], &count[i], sizeof(count[i])));
		close(fd[i]);
	}
	/* Four OUTs, each of which ended an enter. */
	EXPECT_GE(count[0], 4);
	EXPECT_GE(count[1], 1);
	EXPECT_EQ(4, count[2]);
}

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* return 0; */
static int load_program(void)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uintptr_t)code,
		.insn_cnt = 2,
		.license = (uintptr_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

static uint64_t times_run(int program)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = {
		.info = { .bpf_fd = program, .info_len = sizeof(info), .info = (uintptr_t)&info },
	};

	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) ? 0 : info.run_cnt;
}

TEST_F(trace, bpf_runs_at_every_event)
{
	union bpf_attr attr = { .enable_stats = { .type = BPF_STATS_RUN_TIME } };
	int stats = bpf(BPF_ENABLE_STATS, &attr), program[COUNT], link[COUNT], i;

	if (access(HAS_BPF, F_OK))
		SKIP(return, "this kernel has no BPF");
	ASSERT_GE(stats, 0);
	for (i = 0; i < COUNT; i++) {
		program[i] = load_program();
		ASSERT_GE(program[i], 0);
		attr = (union bpf_attr){ .raw_tracepoint = { .name = (uintptr_t)names[i],
							     .prog_fd = program[i] } };
		link[i] = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
		ASSERT_GE(link[i], 0);
	}
	ASSERT_EQ(ZX_OK, run(self));
	for (i = 0; i < COUNT; i++) {
		EXPECT_GE(times_run(program[i]), 1) {
			TH_LOG("%s", names[i]);
		}
		close(link[i]);
		close(program[i]);
	}
	close(stats);
}

TEST_HARNESS_MAIN
