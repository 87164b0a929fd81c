// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMMs that die: whatever they were doing, nothing of theirs stays. No test here
 * opens a handle outside of a child, so that the module's count must fall to 0.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define ROUNDS	25

/* A VMM of one kind; never returns. */
FIXTURE(killed) {
	pid_t child;
};

FIXTURE_VARIANT(killed) {
	void (*life)(struct vm *vm);
};

FIXTURE_SETUP(killed)
{
	ASSERT_EQ(0, live_objects());
}

FIXTURE_TEARDOWN(killed)
{
}

static void boot(struct vm *vm, zx_status_t status)
{
	if (status != ZX_OK || !vm->mem)
		_exit(2);
}

static void run(struct vm *vm)
{
	boot(vm, vm_boot(vm, spin));
	vm_finish(vm);
}

static void halted(struct vm *vm)
{
	boot(vm, vm_boot(vm, halt));
	vm_finish(vm);
}

static void exits(struct vm *vm)
{
	boot(vm, vm_boot(vm, done));
	while (vm_finish(vm) == ZX_OK)
		;
}

static void waits(struct vm *vm)
{
	zx_handle_t port;

	boot(vm, zx_port_create(0, &port));
	zx_port_wait(port, ZX_TIME_INFINITE, NULL);
}

static void rings(struct vm *vm)
{
	zx_handle_t port;

	boot(vm, zx_port_create(0, &port));
	boot(vm, zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, port, 0));
	vm_frame(vm)->rdi = GUEST_BELL;
	vm_frame(vm)->rcx = UINT64_MAX;
	boot(vm, vm_boot(vm, bell));
	vm_finish(vm);
}

static void maps(struct vm *vm)
{
	zx_vaddr_t addr;

	for (;;) {
		zx_vmar_map(vm->vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC | ZX_VM_MAP_RANGE,
			    GUEST_WINDOW, vm->vmo, 0, GUEST_RAM, &addr);
		zx_vmar_unmap(vm->vmar, GUEST_WINDOW + PAGE, PAGE);
		zx_vmar_unmap(vm->vmar, GUEST_WINDOW, GUEST_RAM);
		zx_vmo_op_range(vm->vmo, ZX_VMO_OP_COMMIT, 0, GUEST_RAM, NULL, 0);
		zx_vmo_op_range(vm->vmo, ZX_VMO_OP_DECOMMIT, GUEST_SPARE, PAGE, NULL, 0);
	}
}

static void creates(struct vm *vm)
{
	for (;;) {
		vm_down(vm);
		boot(vm, vm_up(vm));
		boot(vm, vm_boot(vm, done));
	}
}

static void *interrupts(void *arg)
{
	struct vm *vm = arg;

	for (;;) {
		zx_vcpu_interrupt(vm->vcpu, 0x40);
		zx_vcpu_kick(vm->vcpu);
	}
	return NULL;
}

static void kicked(struct vm *vm)
{
	pthread_t thread;

	boot(vm, vm_boot(vm, spin));
	pthread_create(&thread, NULL, interrupts, vm);
	for (;;)
		vm_finish(vm);
}

static void timed(struct vm *vm)
{
	vm_frame(vm)->rax = 0x20051;
	vm_frame(vm)->rcx = 0xb;
	vm_frame(vm)->rdx = 10000;
	vm_frame(vm)->rbx = UINT64_MAX;
	vm_frame(vm)->eoi = 1;
	boot(vm, vm_boot(vm, timer));
	vm_finish(vm);
}

static void *one_of_many(void *arg)
{
	struct vm vm = *(struct vm *)arg;

	vm_vcpu(&vm);
	vm_finish(&vm);
	return NULL;
}

static void many_threads(struct vm *vm)
{
	pthread_t threads[4];
	unsigned int i;

	boot(vm, vm_boot(vm, idle));
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, one_of_many, vm);
	vm_finish(vm);
}

static void forks(struct vm *vm)
{
	boot(vm, vm_boot(vm, spin));
	if (fork() == 0) {
		setpgid(0, 0);
		sleep_ms(30);
		_exit(0);
	}
	vm_finish(vm);
}

FIXTURE_VARIANT_ADD(killed, while_running) { .life = run };
FIXTURE_VARIANT_ADD(killed, while_halted) { .life = halted };
FIXTURE_VARIANT_ADD(killed, while_exiting) { .life = exits };
FIXTURE_VARIANT_ADD(killed, while_waiting_at_a_port) { .life = waits };
FIXTURE_VARIANT_ADD(killed, while_out_of_packets) { .life = rings };
FIXTURE_VARIANT_ADD(killed, while_mapping) { .life = maps };
FIXTURE_VARIANT_ADD(killed, while_creating) { .life = creates };
FIXTURE_VARIANT_ADD(killed, while_kicked) { .life = kicked };
FIXTURE_VARIANT_ADD(killed, while_a_timer_runs) { .life = timed };
FIXTURE_VARIANT_ADD(killed, with_many_threads) { .life = many_threads };
FIXTURE_VARIANT_ADD(killed, after_a_fork) { .life = forks };

static pid_t start_life(void (*life)(struct vm *vm))
{
	const pid_t child = fork();

	if (child == 0) {
		struct vm vm;

		if (vm_up(&vm) != ZX_OK)
			_exit(2);
		life(&vm);
		_exit(0);
	}
	return child;
}

TEST_F(killed, leaves_nothing)
{
	unsigned int i;
	int status;

	srandom(1);
	for (i = 0; i < ROUNDS; i++) {
		self->child = start_life(variant->life);
		ASSERT_LT(0, self->child);
		usleep(random() % 40000);
		ASSERT_EQ(0, kill(self->child, SIGKILL));
		ASSERT_EQ(self->child, waitpid(self->child, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status));
		ASSERT_EQ(0, settled_objects());
	}
}

TEST(exit_without_closing_leaves_nothing)
{
	int status;
	const pid_t child = fork();

	ASSERT_LE(0, child);
	if (child == 0) {
		struct vm vm;

		_exit(vm_up(&vm) ?: vm_boot(&vm, done) ?: vm_finish(&vm));
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, settled_objects());
}

TEST(exec_closes_handles)
{
	int status;
	const pid_t child = fork();

	ASSERT_LE(0, child);
	if (child == 0) {
		struct vm vm;

		if (vm_up(&vm) != ZX_OK)
			_exit(2);
		execl("/proc/self/exe", "kill", "--objects", NULL);
		_exit(3);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

/* Started again by exec_closes_handles: says how many objects live. */
static void __attribute__((constructor)) report_objects(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--objects"))
		_exit(settled_objects() == 0 ? 0 : 1);
}

TEST_HARNESS_MAIN
