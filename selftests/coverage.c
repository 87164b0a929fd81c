// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checking kernel tells which blocks of the module a call reaches, for fuzzers to go by:
 * more for a call that does more, and all of them the module's.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define KCOV		"/sys/kernel/debug/kcov"
#define KCOV_INIT	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_DISABLE	_IO('c', 101)
#define KCOV_TRACE_PC	0
#define WORDS		0x10000
#define KSFT_SKIP	4

FIXTURE(coverage) {
	int fd;
	uint64_t *area;		/* their number, then addresses */
	uint64_t start, end;	/* of the module */
};

static int module_extent(uint64_t *start, uint64_t *end)
{
	char line[512];
	uint64_t size;
	FILE *file = fopen("/proc/modules", "r");
	int found = 0;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "zx_hypervisor %lu %*d %*s %*s %lx", &size, start) == 2;
	if (file)
		fclose(file);
	*end = *start + size;
	return found;
}

FIXTURE_SETUP(coverage)
{
	ASSERT_TRUE(module_extent(&self->start, &self->end));
	self->fd = open(KCOV, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioctl(self->fd, KCOV_INIT, WORDS));
	self->area = mmap(NULL, WORDS * sizeof(*self->area), PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->area);
	ASSERT_EQ(0, ioctl(self->fd, KCOV_ENABLE, KCOV_TRACE_PC));
}

FIXTURE_TEARDOWN(coverage)
{
	ioctl(self->fd, KCOV_DISABLE, 0);
	munmap(self->area, WORDS * sizeof(*self->area));
	close(self->fd);
}

static void forget(uint64_t *area)
{
	__atomic_store_n(area, 0, __ATOMIC_RELAXED);
}

static uint64_t reached(uint64_t *area)
{
	return __atomic_load_n(area, __ATOMIC_RELAXED);
}

TEST_F(coverage, module_alone)
{
	zx_handle_t event;
	uint64_t count, i;

	forget(self->area);
	ASSERT_EQ(ZX_OK, zx_event_create(0, &event));
	count = reached(self->area);
	zx_handle_close(event);
	EXPECT_LT(10, count);
	EXPECT_GT(WORDS - 1, count);
	for (i = 1; i <= count; i++) {
		EXPECT_LE(self->start, self->area[i]);
		EXPECT_GT(self->end, self->area[i]);
	}
}

TEST_F(coverage, follows_the_way)
{
	zx_handle_t event;
	uint64_t refused, created;

	forget(self->area);
	ASSERT_EQ(ZX_ERR_INVALID_ARGS, zx_event_create(~0u, &event));
	refused = reached(self->area);
	forget(self->area);
	ASSERT_EQ(ZX_OK, zx_event_create(0, &event));
	created = reached(self->area);
	zx_handle_close(event);
	EXPECT_LT(0, refused);
	EXPECT_LT(refused, created);
}

/* A run of a guest: what is in assembly is not covered, all around it is. */
TEST_F(coverage, guest)
{
	struct vm vm;

	ASSERT_EQ(ZX_OK, vm_up(&vm));
	forget(self->area);
	EXPECT_EQ(ZX_OK, vm_probe(&vm, probe_nop));
	EXPECT_LT(100, reached(self->area));
	vm_down(&vm);
}

static void __attribute__((constructor)) need_kcov(void)
{
	struct utsname name;

	if (!access(KCOV, R_OK | W_OK))
		return;
	uname(&name);
	printf("TAP version 13\n1..0 # SKIP this kernel has no KCOV\n");
	exit(strstr(name.release, "-zx-debug-") ? 1 : KSFT_SKIP);
}

TEST_HARNESS_MAIN
