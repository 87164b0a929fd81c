// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that end while a VCPU is theirs, and processes that fork, exec, are stopped and are
 * traced while their VCPUs run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos_vm.h"
#include "kselftest_harness.h"

#define SECONDS		3
#define LEAST_ROUNDS	10
#define MOST_WAIT_MS	60000
/* For what must not go on: as long as anything needs to be seen to. */
#define STILL_MS	3

FIXTURE(process) {
	struct chaos_figures *figures;
	struct soak soak;
};

FIXTURE_SETUP(process)
{
	ASSERT_EQ(0, settled_objects());
	self->figures = chaos_figures_new();
	ASSERT_NE(NULL, self->figures);
	soak_begin(&self->soak, SECONDS);
}

FIXTURE_TEARDOWN(process)
{
	EXPECT_EQ(0, settled_objects());
	EXPECT_EQ(0, live_observers());
	EXPECT_EQ(0, self->figures->bad) {
		chaos_print_bad(self->figures);
	}
}

#define goes_on(self, rounds)	((rounds) < LEAST_ROUNDS || soak_goes_on(&(self)->soak))

/* Exits beyond @than come within time. */
static bool exits_more(const struct chaos_figures *figures, uint64_t than)
{
	unsigned int i;

	for (i = 0; i < MOST_WAIT_MS && chaos_exits(figures) <= than; i++)
		sleep_ms(1);
	return chaos_exits(figures) > than;
}

static bool stands_still(const struct chaos_figures *figures)
{
	const uint64_t before = chaos_exits(figures);

	sleep_ms(STILL_MS);
	return chaos_exits(figures) == before;
}

static int exit_code(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* How a thread ends: by itself, or without its C library's knowing. */
struct mortal {
	struct vm *vm;
	bool runs, abruptly;
	zx_handle_t vcpu;
	zx_status_t status;
};

/* The code is the same in each mode; the kick ends it at once. */
static void *mortal_thread(void *arg)
{
	struct mortal *mortal = arg;
	zx_port_packet_t packet;

	mortal->status = zx_vcpu_create(mortal->vm->guest, 0, GUEST_ENTRY, &mortal->vcpu);
	if (mortal->status == ZX_OK && mortal->runs) {
		zx_vcpu_kick(mortal->vcpu);
		mortal->status = zx_vcpu_enter(mortal->vcpu, &packet);
		if (mortal->status == ZX_ERR_CANCELED)
			mortal->status = ZX_OK;
	}
	if (mortal->abruptly)
		syscall(SYS_exit, 0);
	return NULL;
}

static void *heir_thread(void *arg)
{
	struct mortal *mortal = arg;
	zx_port_packet_t packet;

	mortal->status = zx_vcpu_enter(mortal->vcpu, &packet);
	return NULL;
}

static zx_status_t in_a_thread(void *(*function)(void *arg), struct mortal *mortal)
{
	pthread_t thread;

	mortal->status = ZX_ERR_INTERNAL;
	if (pthread_create(&thread, NULL, function, mortal) || pthread_join(thread, NULL))
		return ZX_ERR_INTERNAL;
	return mortal->status;
}

#define ORPHANS	8

TEST_F(process, thread_ends_and_its_vcpu_is_nobodys)
{
	struct mortal mortals[ORPHANS] = {};
	zx_port_packet_t packet;
	unsigned int rounds, i;
	struct vm vm;

	ASSERT_EQ(ZX_OK, vm_up(&vm));
	vm_load(&vm, idle_start, idle_end);
	for (rounds = 0; goes_on(self, rounds); rounds++) {
		struct mortal *const mortal = &mortals[soak_below(&self->soak, ORPHANS)];

		ASSERT_EQ(ZX_OK, zx_handle_close(mortal->vcpu));
		*mortal = (struct mortal){ .vm = &vm, .runs = soak_once_in(&self->soak, 2),
					   .abruptly = soak_once_in(&self->soak, 2) };
		ASSERT_EQ(ZX_OK, in_a_thread(mortal_thread, mortal));
		EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vcpu_enter(mortal->vcpu, &packet));
		EXPECT_EQ(ZX_ERR_BAD_STATE, in_a_thread(heir_thread, mortal));
		EXPECT_EQ(ZX_OK, zx_vcpu_interrupt(mortal->vcpu, 0x40));
		EXPECT_EQ(ZX_OK, zx_vcpu_kick(mortal->vcpu));
	}
	for (i = 0; i < ORPHANS; i++)
		zx_handle_close(mortals[i].vcpu);
	/* All ids are free again: this one is the first, in long mode. */
	EXPECT_EQ(ZX_OK, vm_boot(&vm, done));
	EXPECT_EQ(ZX_OK, vm_finish(&vm));
	vm_down(&vm);
	soak_tell("threads ended with a VCPU", rounds);
}

/* The first thread of a process stays as its zombie, and so does what it owns. */
static struct mortal leaders;

static void *after_the_leader(void *arg)
{
	const pid_t leader = *(pid_t *)arg;
	char path[64], line[256] = "";
	zx_port_packet_t packet;
	unsigned int i;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", leader);
	for (i = 0; i < MOST_WAIT_MS && !strstr(line, ") Z "); i++) {
		sleep_ms(1);
		file = fopen(path, "r");
		if (!file || !fgets(line, sizeof(line), file))
			_exit(10);
		fclose(file);
	}
	if (zx_vcpu_enter(leaders.vcpu, &packet) != ZX_ERR_BAD_STATE)
		_exit(11);
	if (zx_vcpu_kick(leaders.vcpu) != ZX_OK)
		_exit(12);
	if (zx_handle_close(leaders.vcpu) != ZX_OK)
		_exit(13);
	_exit(vm_boot(leaders.vm, done) ?: vm_finish(leaders.vm));
}

TEST_F(process, first_thread_ends_before_the_others)
{
	const pid_t child = fork();

	ASSERT_LE(0, child);
	if (child == 0) {
		static struct vm vm;
		pthread_t thread;
		pid_t me = getpid();

		if (vm_up(&vm) != ZX_OK)
			_exit(2);
		vm_load(&vm, idle_start, idle_end);
		leaders = (struct mortal){ .vm = &vm, .runs = true };
		mortal_thread(&leaders);
		if (leaders.status != ZX_OK || pthread_create(&thread, NULL, after_the_leader, &me))
			_exit(3);
		pthread_exit(NULL);
	}
	EXPECT_EQ(0, exit_code(child));
}

static char *const report_args[] = { "chaos_process", "--objects", NULL };
static char *const nothing_args[] = { "chaos_process", "--nothing", NULL };

static void *exec_thread(void *arg)
{
	(void)arg;
	execv("/proc/self/exe", report_args);
	_exit(3);
}

/* Runs guests until it becomes another program, by its first thread or by another one. */
static void live_then_exec(struct chaos_figures *figures, struct soak soak, unsigned int number)
{
	static struct chaos chaos;
	pthread_t thread;

	if (chaos_start(&chaos, figures, &soak, number) != ZX_OK)
		_exit(2);
	usleep(soak_below(&soak, 30000));
	if (soak_once_in(&soak, 2))
		exec_thread(NULL);
	pthread_create(&thread, NULL, exec_thread, NULL);
	for (;;)
		pause();
}

TEST_F(process, exec_under_running_vcpus)
{
	unsigned int rounds;

	for (rounds = 0; goes_on(self, rounds); rounds++) {
		const pid_t child = fork();

		ASSERT_LE(0, child);
		if (child == 0)
			live_then_exec(self->figures, soak_fork(&self->soak, rounds), rounds);
		ASSERT_EQ(0, exit_code(child)) {
			TH_LOG("after %u times", rounds);
		}
	}
	EXPECT_LT(0, chaos_exits(self->figures));
	soak_tell("execs", rounds);
}

/* Handles that are not closed: the thread is the same one, so the VCPU is still its own. */
static int keep_over_exec(zx_handle_t handle)
{
	return fcntl(zxl_handle_fd(handle), F_SETFD, 0);
}

static void *exec_with_handles(void *arg)
{
	struct vm *vm = arg;
	char guest[16], vcpu[16];

	if (vm_boot(vm, done) != ZX_OK || vm_finish(vm) != ZX_OK)
		_exit(20);
	if (keep_over_exec(vm->guest) || keep_over_exec(vm->vcpu))
		_exit(21);
	snprintf(guest, sizeof(guest), "%d", zxl_handle_fd(vm->guest));
	snprintf(vcpu, sizeof(vcpu), "%d", zxl_handle_fd(vm->vcpu));
	execl("/proc/self/exe", "chaos_process", "--inherit", guest, vcpu, NULL);
	_exit(22);
}

/* The memory, the VMAR and the traps are the guest's, and live with it. */
static int live_with_inheritance(zx_handle_t guest, zx_handle_t vcpu)
{
	struct vm vm = { .guest = guest, .vcpu = vcpu };
	zx_handle_t another;

	if (zx_vcpu_create(guest, 0, GUEST_ENTRY, &another) != ZX_ERR_BAD_STATE)
		return 30;
	if (vm_finish(&vm) != ZX_OK)
		return 31;
	if (zx_handle_close(vcpu) != ZX_OK || vm_vcpu(&vm) != ZX_OK)
		return 32;
	return vm_finish(&vm) == ZX_OK ? 0 : 33;
}

static void inherit(struct __test_metadata *_metadata, bool from_another_thread)
{
	const pid_t child = fork();

	ASSERT_LE(0, child);
	if (child == 0) {
		static struct vm vm;
		pthread_t thread;

		if (vm_up(&vm) != ZX_OK)
			_exit(2);
		if (!from_another_thread)
			exec_with_handles(&vm);
		pthread_create(&thread, NULL, exec_with_handles, &vm);
		for (;;)
			pause();
	}
	EXPECT_EQ(0, exit_code(child));
}

TEST_F(process, vcpu_goes_on_after_exec)
{
	inherit(_metadata, false);
}

TEST_F(process, vcpu_goes_on_after_exec_by_another_thread)
{
	inherit(_metadata, true);
}

/* What a child has of its parent's guest: memory and handles, but neither VCPU nor page. */
static int use_as_child(struct vm *vm, void *page)
{
	const zx_handle_t theirs = vm->vcpu;
	zx_port_packet_t packet;
	zx_handle_t mine;

	if (zx_vcpu_enter(theirs, &packet) != ZX_ERR_BAD_STATE || zxl_vcpu_page(theirs))
		return 40;
	if (msync(page, PAGE, MS_ASYNC) != -1 || errno != ENOMEM)
		return 41;
	memcpy(vm->mem + GUEST_SPARE, "of a child", 11);
	if (zx_vcpu_create(vm->guest, 0, GUEST_SPARE + PAGE, &mine) != ZX_OK)
		return 42;
	if (zx_vcpu_kick(mine) != ZX_OK || zx_vcpu_enter(mine, &packet) != ZX_ERR_CANCELED)
		return 43;
	/* The descriptors are its own, what they stand for is not. */
	zx_handle_close(vm->vmo);
	zx_handle_close(theirs);
	zx_handle_close(vm->guest);
	return zx_vcpu_kick(mine) == ZX_OK && zx_vcpu_enter(mine, &packet) == ZX_ERR_CANCELED ? 0 :
	       44;
}

TEST_F(process, child_and_parent_use_one_guest)
{
	struct vm vm;
	unsigned int rounds;
	void *page;

	ASSERT_EQ(ZX_OK, vm_up(&vm));
	memcpy(vm.mem + GUEST_SPARE + PAGE, idle_start, idle_end - idle_start);
	ASSERT_EQ(ZX_OK, vm_boot(&vm, done));
	page = zxl_vcpu_page(vm.vcpu);
	ASSERT_NE(NULL, page);
	ASSERT_EQ(0, msync(page, PAGE, MS_ASYNC));
	for (rounds = 0; rounds < 10; rounds++) {
		const pid_t child = fork();

		ASSERT_LE(0, child);
		if (child == 0)
			_exit(use_as_child(&vm, page));
		ASSERT_EQ(ZX_OK, vm_finish(&vm));
		ASSERT_EQ(0, exit_code(child));
		ASSERT_EQ(ZX_OK, vm_finish(&vm));
		EXPECT_STREQ("of a child", (char *)vm.mem + GUEST_SPARE);
		memset(vm.mem + GUEST_SPARE, 0, 16);
	}
	vm_down(&vm);
}

/* The child does what needs no lock that a thread of the parent may have held. */
static void act_as_child(struct chaos *chaos, struct soak soak)
{
	zx_port_packet_t packet;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		const zx_handle_t handle = chaos->slots[soak_below(&soak, CHAOS_SLOTS)];

		switch (soak_below(&soak, 5)) {
		case 0:
			zx_vcpu_interrupt(handle, 0x40);
			break;
		case 1:
			zx_vcpu_kick(handle);
			break;
		case 2:
			zx_port_wait(handle, 0, &packet);
			break;
		case 3:
			if (zx_vcpu_enter(handle, &packet) == ZX_OK)
				_exit(50);
			break;
		default:
			zx_handle_close(handle);
		}
	}
	_exit(0);
}

static pid_t spawn(void)
{
	pid_t child;

	return posix_spawn(&child, "/proc/self/exe", NULL, NULL, nothing_args, environ) ? -1 :
	       child;
}

static pid_t vfork_and_exec(void)
{
	const pid_t child = vfork();

	if (child == 0) {
		execv("/proc/self/exe", nothing_args);
		_exit(3);
	}
	return child;
}

static pid_t fork_and_act(struct chaos *chaos, struct soak soak)
{
	const pid_t child = fork();

	if (child == 0)
		act_as_child(chaos, soak);
	return child;
}

TEST_F(process, forks_under_running_vcpus)
{
	static struct chaos chaos;
	unsigned int rounds;
	uint64_t before;

	ASSERT_EQ(ZX_OK, chaos_start(&chaos, self->figures, &self->soak, 1));
	ASSERT_TRUE(exits_more(self->figures, 0));
	for (rounds = 0; goes_on(self, rounds); rounds++) {
		const unsigned int how = soak_below(&self->soak, 3);
		const pid_t child = how == 0 ? spawn() : how == 1 ? vfork_and_exec() :
				    fork_and_act(&chaos, soak_fork(&self->soak, rounds));

		ASSERT_LT(0, child);
		ASSERT_EQ(0, exit_code(child));
	}
	before = chaos_exits(self->figures);
	EXPECT_TRUE(exits_more(self->figures, before));
	chaos_end(&chaos);
	soak_tell("forks", rounds);
}

static void ignore(int number)
{
	(void)number;
}

static pid_t start_vmm(struct _test_data_process *self, uint64_t number)
{
	const struct sigaction action = { .sa_handler = ignore };
	const pid_t child = fork();

	if (child == 0) {
		static struct chaos chaos;

		sigaction(SIGUSR1, &action, NULL);
		if (chaos_start(&chaos, self->figures, &self->soak, number) != ZX_OK)
			_exit(2);
		for (;;)
			pause();
	}
	return child;
}

#define THREADS	(1 + CHAOS_CPUS + CHAOS_HELPERS)

/* How many; the first is @pid itself. */
static unsigned int threads_of(pid_t pid, pid_t tids[THREADS])
{
	unsigned int count = 0;
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && count < THREADS)
			tids[count++] = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return count;
}

/* A VMM that runs its guest is still starting the last of them. */
static bool all_threads(pid_t pid, pid_t tids[THREADS])
{
	unsigned int tries;

	for (tries = 0; tries < 3000; tries++) {
		if (threads_of(pid, tids) == THREADS)
			return true;
		sleep_ms(10);
	}
	return false;
}

static bool is_stopped(pid_t child)
{
	int status;

	return waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status);
}

static bool is_killed(pid_t child)
{
	return kill(child, SIGKILL) == 0 && exit_code(child) == 128 + SIGKILL;
}

TEST_F(process, stopped_and_continued)
{
	unsigned int rounds, i;
	pid_t tids[THREADS];
	uint64_t before;
	pid_t child;

	child = start_vmm(self, 1);
	ASSERT_LT(0, child);
	ASSERT_TRUE(exits_more(self->figures, 0));
	ASSERT_TRUE(all_threads(child, tids));
	for (rounds = 0; goes_on(self, rounds); rounds++) {
		for (i = soak_below(&self->soak, 8); i > 0; i--)
			syscall(SYS_tgkill, child, tids[soak_below(&self->soak, THREADS)],
				SIGUSR1);
		ASSERT_EQ(0, kill(child, SIGSTOP));
		ASSERT_TRUE(is_stopped(child));
		EXPECT_TRUE(stands_still(self->figures));
		ASSERT_EQ(0, kill(child, SIGCONT));
		usleep(soak_below(&self->soak, 5000));
	}
	before = chaos_exits(self->figures);
	EXPECT_TRUE(exits_more(self->figures, before));
	/* Half of them die as they stand. */
	if (soak_once_in(&self->soak, 2))
		EXPECT_EQ(0, kill(child, SIGSTOP));
	EXPECT_TRUE(is_killed(child));
	soak_tell("stops", rounds);
}

static bool trace(pid_t tid)
{
	int status;

	return ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0 &&
	       waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status);
}

/*
 * A step or a system call ends in another stop, which is taken here. The step may be a
 * SYSCALL that begins again: Bochs (2.7) raises its #DB on the kernel's side, although
 * SYSCALL has cleared TF there (SDM 2B, SYSCALL), and Linux warns of that.
 */
static bool let_go(pid_t tid, unsigned int how)
{
	static const int requests[] = { PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP };
	int status;

	if (how == 2 && !host_is_amd())
		how = 1;
	if (ptrace(requests[how], tid, 0, 0))
		return false;
	if (how == 0)
		return true;
	return waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status) &&
	       ptrace(PTRACE_CONT, tid, 0, 0) == 0;
}

/*
 * All threads are stopped, wherever they are, and go on. Only what nothing keeps in the
 * kernel takes a step: the others must be let go first.
 */
static bool trace_round(struct _test_data_process *self, const pid_t tids[THREADS], uint64_t *steps)
{
	struct user_regs_struct regs;
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		if (!trace(tids[i]) || ptrace(PTRACE_GETREGS, tids[i], 0, &regs))
			return false;
	if (!stands_still(self->figures))
		return false;
	for (i = 0; i < THREADS; i++)
		if (ptrace(PTRACE_CONT, tids[i], 0, 0))
			return false;
	/* A VCPU's thread alone: its calls end, because the others send it interrupts. */
	i = 1 + soak_below(&self->soak, CHAOS_CPUS);
	if (!trace(tids[i]) || !let_go(tids[i], soak_below(&self->soak, 3)))
		return false;
	++*steps;
	return true;
}

TEST_F(process, traced)
{
	unsigned int rounds, i;
	pid_t tids[THREADS];
	uint64_t before, steps = 0;
	pid_t child;

	child = start_vmm(self, 0);
	ASSERT_LT(0, child);
	ASSERT_TRUE(exits_more(self->figures, 0));
	ASSERT_TRUE(all_threads(child, tids));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tids[i], 0, 0));
	for (rounds = 0; goes_on(self, rounds); rounds++) {
		ASSERT_TRUE(trace_round(self, tids, &steps)) {
			TH_LOG("in round %u: %s", rounds, strerror(errno));
		}
		usleep(soak_below(&self->soak, 3000));
	}
	before = chaos_exits(self->figures);
	EXPECT_TRUE(exits_more(self->figures, before));
	EXPECT_EQ(rounds, steps);
	if (soak_once_in(&self->soak, 2))
		EXPECT_TRUE(trace(tids[1]));
	EXPECT_EQ(0, kill(child, SIGKILL));
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	soak_tell("trace stops", rounds * (THREADS + 1));
}

/* Started again by exec. */
static void __attribute__((constructor)) be_another(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--nothing"))
		_exit(0);
	if (argc == 2 && !strcmp(argv[1], "--objects"))
		_exit(settled_objects() == 0 ? 0 : 1);
	if (argc == 4 && !strcmp(argv[1], "--inherit"))
		_exit(live_with_inheritance(zxl_handle_from_fd(atoi(argv[2])),
					    zxl_handle_from_fd(atoi(argv[3]))));
}

TEST_HARNESS_MAIN
