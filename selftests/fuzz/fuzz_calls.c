// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_calls [--threads N] [--processes N] [--life N] [--calls N] [--only N] [--verbose] [--list]
 *
 * Calls of all kinds with arguments of all kinds, by many threads at once, for SOAK_SECONDS or
 * until --calls. All choices follow from SOAK_SEED; with one thread and one process the whole run
 * does. A life that failed can be had again alone with --only. See README.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest.h"
#include "util.h"
#include "fuzz_calls.h"

#define SECONDS		15
#define SPARE_SECONDS	300
#define TESTS		5
#define EXPECTED	50
#define TRIED		20000

struct shared *shared;
struct options options = { .threads = 4, .processes = 3, .life = 200, .only = -1 };
int passing[2];
char device_path[] = ZX_HYPERVISOR_DEVICE;

struct child {
	pid_t pid;
	uint32_t number;
};

static const struct option long_options[] = {
	{ "threads", required_argument, NULL, 't' }, { "processes", required_argument, NULL, 'p' },
	{ "life", required_argument, NULL, 'l' }, { "calls", required_argument, NULL, 'c' },
	{ "only", required_argument, NULL, 'o' }, { "verbose", no_argument, NULL, 'v' },
	{ "list", no_argument, NULL, 'n' }, { },
};

static void list(void)
{
	unsigned int i;

	for (i = 0; i < nr_ops; i++)
		printf("%s\n", ops[i].name);
	exit(0);
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 't':
			options.threads = atoi(optarg);
			break;
		case 'p':
			options.processes = atoi(optarg);
			break;
		case 'l':
			options.life = atoi(optarg);
			break;
		case 'c':
			options.calls = atol(optarg);
			break;
		case 'o':
			options.only = atol(optarg);
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'n':
			list();
			break;
		default:
			exit(KSFT_FAIL);
		}
	}
	if (options.threads < 1 || options.threads > MAX_WORKERS || options.processes < 1 ||
	    options.processes > MAX_LIVES || optind != argc) {
		fprintf(stderr, "fuzz_calls: 1 to %d threads, 1 to %d processes\n", MAX_WORKERS,
			MAX_LIVES);
		exit(KSFT_FAIL);
	}
}

static void on_alarm(int number)
{
	static const char text[] = "Bail out! the run does not end\n";

	(void)number;
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	_exit(KSFT_FAIL);
}

static bool start_life(struct child *child, const struct soak *soak, uint32_t number)
{
	child->number = number;
	child->pid = fork();
	if (!child->pid)
		_exit(life_run(soak, number));
	return child->pid > 0;
}

/* One of them has ended. False if it did so of a failure. */
static bool end_life(struct child *children, unsigned int *ended)
{
	unsigned int i;
	int status;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid < 0 && errno == EINTR);
	for (i = 0; i < options.processes && children[i].pid != pid; i++)
		;
	*ended = i;
	children[i].pid = 0;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	ksft_print_msg("life %u ended with status %#x\n", children[i].number, status);
	return false;
}

/* Lives, one after the other in so many places, until time is up or one fails. */
static bool live(const struct soak *soak)
{
	struct child children[MAX_LIVES + 1] = {};
	const uint32_t first = options.only < 0 ? 0 : options.only;
	unsigned int i, running = 0;
	uint32_t number = first;
	bool good = true;

	for (i = 0; i < options.processes && (options.only < 0 || number == first); i++)
		running += start_life(&children[i], soak, number++);
	while (running) {
		good &= end_life(children, &i);
		running--;
		if (good && options.only < 0 && life_goes_on(soak))
			running += start_life(&children[i], soak, number++);
	}
	return good;
}

/* What never works out is fuzzed in name only; a short run does not get at everything. */
static bool all_done(void)
{
	bool all = true;
	unsigned int i;

	for (i = 0; i < nr_ops; i++) {
		const unsigned long done = shared->done[i], tried = shared->tried[i];
		const unsigned long expected = shared->steps * ops[i].weight / all_weights;

		if (getenv("FUZZ_COUNTS"))
			ksft_print_msg("%s: %lu, called %lu, %lu of them good\n", ops[i].name, done,
				       tried, shared->good[i]);
		if ((done || expected < EXPECTED) && (shared->good[i] || tried < TRIED))
			continue;
		ksft_print_msg("%s: made %lu times, never with success\n", ops[i].name, done);
		all = false;
	}
	return all;
}

static bool guest_runs(void)
{
	zx_status_t status;
	struct vm vm;

	status = vm_up(&vm) ?: vm_probe(&vm, probe_nop);
	vm_down(&vm);
	return status == ZX_OK;
}

static void report(bool lived)
{
	const bool whole = options.only < 0 && !options.calls;
	long left, observers;

	close(passing[0]);
	close(passing[1]);
	left = settled_objects();
	observers = live_observers();
	printf("# soak: calls %lu\n# soak: lives %lu\n# soak: sequences %lu\n",
	       shared->calls, shared->lives, shared->sequences);
	if (shared->blocks)
		printf("# soak: blocks %lu\n", shared->blocks);
	if (shared->low_memory)
		ksft_print_msg("%u lives ended early, memory was low\n", shared->low_memory);
	ksft_test_result(!shared->strays, "no call answers what it may not\n");
	ksft_test_result(lived && !shared->stuck, "no thread hangs, no process dies\n");
	if (whole)
		ksft_test_result(all_done(), "everything was done, each call with success\n");
	if (left || observers)
		ksft_print_msg("%ld objects, %ld observers are left\n", left, observers);
	ksft_test_result(!left && !observers, "nothing is left\n");
	ksft_test_result(guest_runs(), "a guest runs\n");
	if (!whole)
		ksft_test_result_skip("that everything was done\n");
}

static unsigned int seconds_left(const struct soak *soak)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return soak->end / 1000000000 - now.tv_sec;
}

int main(int argc, char **argv)
{
	struct soak soak;
	bool lived;

	ops_build();
	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(TESTS);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, passing))
		ksft_exit_fail_msg("set-up: %m\n");
	guest_prepare();
	soak_begin(&soak, SECONDS);
	signal(SIGALRM, on_alarm);
	if (!options.calls)
		alarm(seconds_left(&soak) + SPARE_SECONDS);
	lived = live(&soak);
	report(lived);
	ksft_finished();
}
