// SPDX-License-Identifier: GPL-2.0-only
/* A process of the run: its threads, and one that watches them. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fuzz_calls.h"

#define TICK_MS		8
#define NUDGE_TICKS	1
#define STUCK_TICKS	(30 * 1000 / TICK_MS)
#define LOW_KIB		(256l << 10)
#define DESCRIPTORS	1024
#define SCRATCH		0x300000000000ull

struct watched {
	unsigned long beat;
	unsigned int ticks;
};

static struct worker workers[MAX_WORKERS];
static struct soak life;
static atomic_uint at_work;
static atomic_bool stop;

bool life_goes_on(const struct soak *soak)
{
	if (options.calls)
		return shared->calls < options.calls;
	return soak_goes_on(soak);
}

static void on_nudge(int number)
{
	(void)number;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	w->tid = gettid();
	kcov_open(&w->kcov);
	guest_make(w);
	for (i = 0; i < options.life && !stop && life_goes_on(&life); i++)
		worker_run(w);
	guest_forget(w);
	at_work--;
	return NULL;
}

static void print_file(const char *path)
{
	char text[2048];
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n > 0) {
		text[n] = 0;
		dprintf(STDOUT_FILENO, "# %s:\n%s\n", path, text);
	}
	close(fd);
}

static void stuck(const struct worker *w)
{
	static const char *const names[] = { "wchan", "syscall", "stack", "status" };
	char path[64];
	unsigned int i;

	atomic_fetch_add(&shared->stuck, 1);
	dprintf(STDOUT_FILENO, "# thread %u is stuck in %s\n", w->number, ops[w->op].name);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/%s", w->tid, names[i]);
		print_file(path);
	}
	_exit(1);
}

/* A guest runs and a wait lasts until somebody ends it. */
static void watch(struct worker *w, struct watched *seen)
{
	const unsigned long beat = w->beat;

	if (!(beat & 1) || beat != seen->beat)
		seen->ticks = 0;
	seen->beat = beat;
	if (++seen->ticks > STUCK_TICKS && beat & 1)
		stuck(w);
	if (seen->ticks % NUDGE_TICKS || !(beat & 1))
		return;
	ioctl(w->vcpu, ZX_IOC_VCPU_KICK, 0);
	syscall(SYS_tgkill, getpid(), w->tid, SIGUSR1);
}

static bool memory_is_low(void)
{
	char text[256] = "";
	const int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	const char *line;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return false;
	close(fd);
	line = strstr(text, "MemAvailable:");
	return line && atol(line + strlen("MemAvailable:")) < LOW_KIB;
}

static void watch_all(void)
{
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000 };
	struct watched seen[MAX_WORKERS] = {};
	unsigned int i, ticks = 0;

	while (at_work) {
		nanosleep(&tick, NULL);
		for (i = 0; i < options.threads; i++)
			watch(&workers[i], &seen[i]);
		if (++ticks % 16 == 0 && !stop && memory_is_low()) {
			stop = true;
			atomic_fetch_add(&shared->low_memory, 1);
		}
	}
}

/* Arguments lie before memory that is not there, and at the same address each time. */
static void *make_scratch(unsigned int i)
{
	unsigned char *scratch = mmap((void *)(SCRATCH + 2 * i * AREAS * AREA),
				      AREAS * AREA + PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				      MAP_FIXED_NOREPLACE, -1, 0);

	if (scratch == MAP_FAILED || mprotect(scratch + AREAS * AREA, PAGE, PROT_NONE))
		_exit(2);
	return scratch;
}

static void prepare(struct worker *w, uint32_t number, unsigned int i)
{
	int fd;

	w->number = number * MAX_WORKERS + i;
	w->choice = soak_fork(&life, w->number);
	w->rng = w->choice;
	w->vcpu = -1;
	w->scratch = make_scratch(i);
	fd = open(device_path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		_exit(2);
	pool_put(w, RESOURCE, fd);
}

int life_run(const struct soak *soak, uint32_t number)
{
	const struct sigaction nudge = { .sa_handler = on_nudge };
	const struct rlimit limit = { DESCRIPTORS, DESCRIPTORS };
	unsigned int i;

	life = *soak;
	sigaction(SIGUSR1, &nudge, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &limit);
	windows_make();
	pool_clear();
	at_work = options.threads;
	for (i = 0; i < options.threads; i++)
		prepare(&workers[i], number, i);
	for (i = 0; i < options.threads; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return 2;
	watch_all();
	for (i = 0; i < options.threads; i++)
		pthread_join(workers[i].thread, NULL);
	atomic_fetch_add(&shared->lives, 1);
	return 0;
}
