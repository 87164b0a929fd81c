// SPDX-License-Identifier: GPL-2.0-only
/* Guests and their VMM at the limits that Linux sets them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isolation.h"
#include "kselftest_harness.h"

#define LIMIT		(16l << 20)
#define WINDOW		0x8000000ull
#define WINDOW_SIZE	(64ull << 20)
#define HALF		(WINDOW_SIZE / 2)
#define NOBODY		65534

/* A VMM that gives its guest more memory than it may have; steps that fail are its status. */
struct greedy {
	struct vm vm;
	zx_handle_t vmo;
};

#define STEP(condition)								\
	do {									\
		if (!(condition))						\
			return __LINE__ & 0xff ?: 255;				\
	} while (0)

static zx_status_t touch(struct greedy *g, uint64_t from, uint64_t size)
{
	vm_frame(&g->vm)->rdi = WINDOW + from;
	vm_frame(&g->vm)->rcx = size / PAGE;
	vm_frame(&g->vm)->flag = 0;
	return vm_finish(&g->vm);
}

static int greedy_up(struct greedy *g)
{
	zx_vaddr_t addr;

	STEP(vm_up(&g->vm) == ZX_OK);
	STEP(zx_vmo_create(WINDOW_SIZE, 0, &g->vmo) == ZX_OK);
	STEP(zx_vmar_map(g->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC, WINDOW,
			 g->vmo, 0, WINDOW_SIZE, &addr) == ZX_OK);
	STEP(vm_boot(&g->vm, touch_pages) == ZX_OK);
	/* All that this process itself needs is there before it counts. */
	STEP(touch(g, 0, 16 * PAGE) == ZX_OK);
	STEP(zx_vmo_op_range(g->vmo, ZX_VMO_OP_DECOMMIT, 0, WINDOW_SIZE, NULL, 0) == ZX_OK);
	return 0;
}

/* At the limit no call will do that needs memory to ask: that would be the end. */
static int at_its_limit(const struct group *group)
{
	static struct greedy g;
	const uint64_t rip = GUEST_ENTRY;
	int step = greedy_up(&g);
	uint64_t got;

	if (step)
		return step;
	STEP(!group_enter(group, LIMIT));
	STEP(zx_vcpu_write_state(g.vm.vcpu, ZXL_VCPU_RIP, &rip, sizeof(rip)) == ZX_OK);
	STEP(touch(&g, 0, WINDOW_SIZE) == ZX_ERR_NO_MEMORY);
	STEP(vm_page(&g.vm)->reason == ZX_VCPU_REASON_NO_MEMORY);
	got = vm_frame(&g.vm)->flag;
	STEP(got > 0 && got * PAGE <= LIMIT);
	/* It stands at the store, and goes on when there is memory again. */
	STEP(vm_page(&g.vm)->addr / PAGE == WINDOW / PAGE + got);
	STEP(zx_vmo_op_range(g.vmo, ZX_VMO_OP_DECOMMIT, 0, got / 2 * PAGE, NULL, 0) == ZX_OK);
	STEP(vm_finish(&g.vm) == ZX_ERR_NO_MEMORY);
	STEP(vm_frame(&g.vm)->flag > got);
	/* So do the calls that take pages. */
	STEP(zx_vmo_op_range(g.vmo, ZX_VMO_OP_COMMIT, HALF, HALF, NULL, 0) == ZX_ERR_NO_MEMORY);
	STEP(zx_vmar_op_range(g.vm.vmar, ZX_VMAR_OP_COMMIT, WINDOW + HALF, HALF, NULL, 0) ==
	     ZX_ERR_NO_MEMORY);
	STEP(zx_vmo_op_range(g.vmo, ZX_VMO_OP_DECOMMIT, 0, WINDOW_SIZE, NULL, 0) == ZX_OK);
	STEP(group_charged(group) < LIMIT / 2);
	return 0;
}

TEST(guest_at_the_limit_of_its_group)
{
	struct group group;
	int status;
	pid_t pid;

	ASSERT_EQ(0, group_make(&group));
	pid = fork();
	if (pid == 0)
		_exit(at_its_limit(&group));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	group_remove(&group);
}

/* In KiB. */
static long status_number(const char *name)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	long value = -1;
	size_t len = strlen(name);

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len))
			value = atol(line + len);
	if (file)
		fclose(file);
	return value;
}

/* As nobody, who may lock nothing. */
static int locks_nothing(void)
{
	const struct rlimit none = { 0, 0 };
	static struct greedy g;
	int step;

	STEP(!setrlimit(RLIMIT_MEMLOCK, &none));
	step = greedy_up(&g);
	if (step)
		return step;
	STEP(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
	STEP(zx_vmo_op_range(g.vmo, ZX_VMO_OP_COMMIT, 0, WINDOW_SIZE, NULL, 0) == ZX_OK);
	STEP(zx_vmar_op_range(g.vm.vmar, ZX_VMAR_OP_MAP_RANGE, WINDOW, WINDOW_SIZE, NULL, 0) ==
	     ZX_OK);
	STEP(status_number("VmLck:") == 0 && status_number("VmPin:") == 0);
	return 0;
}

static int in_little_space(void)
{
	const struct rlimit little = { 64 << 20, 64 << 20 };
	zx_handle_t resource, vmo;
	zx_vaddr_t addr;

	STEP(zxl_hypervisor_resource(&resource) == ZX_OK);
	STEP(zx_vmo_create(4 * WINDOW_SIZE, 0, &vmo) == ZX_OK);
	STEP(!setrlimit(RLIMIT_AS, &little));
	STEP(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, 4 * WINDOW_SIZE, &addr) ==
	     ZX_ERR_NO_MEMORY);
	STEP(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, PAGE, &addr) == ZX_OK);
	return 0;
}

static int in_a_child(int (*life)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(life());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(guest_locks_no_memory)
{
	EXPECT_EQ(0, in_a_child(locks_nothing));
}

TEST(address_space_of_a_process)
{
	EXPECT_EQ(0, in_a_child(in_little_space));
}

TEST_HARNESS_MAIN
