// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMMs that are killed at any moment, and VMMs whose handles are closed in any order while
 * their VCPUs run: nothing of theirs stays, and what was theirs is the host's again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chaos_vm.h"
#include "kselftest_harness.h"

#define SECONDS		14
/* Fewer where a VMM takes long to start. */
#define LEAST_KILLS	100
#define KILLS_US	20000000
#define LEAST_CLOSES	300
/* Beyond what starting a VMM takes. */
#define LONGEST_US	60000
/* What other programs of the machine may have in shared memory meanwhile. */
#define NOISE_KB	256
#define SETTLE_MS	5000

FIXTURE(chaos) {
	struct chaos_figures *figures;
	struct soak soak;
	long shmem;
};

static long shmem_kb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Shmem: %ld", &kb) == 1)
			break;
	fclose(file);
	return kb;
}

/* Beyond what there was, once it is settled. */
static long more_shmem(long than)
{
	unsigned int i;

	for (i = 0; i < SETTLE_MS && shmem_kb() > than + NOISE_KB; i++)
		sleep_ms(1);
	return shmem_kb() - than;
}

FIXTURE_SETUP(chaos)
{
	ASSERT_EQ(0, settled_objects());
	self->figures = chaos_figures_new();
	ASSERT_NE(NULL, self->figures);
	self->shmem = shmem_kb();
	ASSERT_LE(0, self->shmem);
}

FIXTURE_TEARDOWN(chaos)
{
	EXPECT_EQ(0, settled_objects());
	EXPECT_EQ(0, live_observers());
	EXPECT_GE(NOISE_KB, more_shmem(self->shmem));
	EXPECT_EQ(0, self->figures->bad) {
		chaos_print_bad(self->figures);
	}
}

static int64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000ll + time.tv_nsec / 1000;
}

static pid_t start_vmm(struct chaos_figures *figures, const struct soak *soak, uint64_t number)
{
	const pid_t child = fork();

	if (child == 0) {
		static struct chaos chaos;

		if (chaos_start(&chaos, figures, soak, number) != ZX_OK)
			_exit(2);
		for (;;)
			pause();
	}
	return child;
}

static bool is_killed(pid_t child)
{
	int status;

	return kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child &&
	       WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Microseconds that a VMM takes until all its VCPUs have run; -1: they do not. */
static int64_t start_up_time(struct chaos_figures *figures, const struct soak *soak)
{
	const int64_t start = now_us();
	const pid_t child = start_vmm(figures, soak, 0);
	unsigned int i, ran = 0;

	while (child > 0 && ran < CHAOS_CPUS && now_us() - start < 60000000) {
		usleep(500);
		for (i = 0, ran = 0; i < CHAOS_CPUS; i++)
			ran += __atomic_load_n(&figures->exits[i], __ATOMIC_RELAXED) != 0;
	}
	return is_killed(child) && ran == CHAOS_CPUS ? now_us() - start : -1;
}

TEST_F_TIMEOUT(chaos, kills, 7200)
{
	unsigned int kills, least = LEAST_KILLS;
	int64_t limit;

	soak_begin(&self->soak, SECONDS);
	limit = start_up_time(self->figures, &self->soak);
	ASSERT_LT(0, limit);
	limit += LONGEST_US;
	if (KILLS_US / limit < least)
		least = KILLS_US / limit;
	for (kills = 0; kills < least || soak_goes_on(&self->soak); kills++) {
		const pid_t child = start_vmm(self->figures, &self->soak, kills);

		ASSERT_LT(0, child);
		usleep(soak_below(&self->soak, limit));
		ASSERT_TRUE(is_killed(child)) {
			TH_LOG("after %u kills", kills);
		}
		ASSERT_EQ(0, settled_objects()) {
			TH_LOG("after %u kills", kills);
		}
		ASSERT_EQ(0, live_observers());
	}
	EXPECT_TRUE(chaos_is_complete(self->figures));
	soak_tell("kills", kills);
	soak_tell("exits", chaos_exits(self->figures));
}

/*
 * The slots in any order, from several threads, none closed twice. Twins of the VCPUs are
 * kept in every other round: what they keep alive is the VCPU, but not the rest.
 */
struct closer {
	struct chaos *chaos;
	const uint8_t *order;
	unsigned int *next;
	unsigned int closed;
	pthread_t thread;
};

#define CLOSERS	3

static void *close_all(void *arg)
{
	struct closer *closer = arg;
	unsigned int at;

	while ((at = __atomic_fetch_add(closer->next, 1, __ATOMIC_RELAXED)) < CHAOS_SLOTS) {
		const zx_handle_t handle = chaos_take(closer->chaos, closer->order[at]);

		if (handle && zx_handle_close(handle) == ZX_OK)
			closer->closed++;
		if (at % 4 == 0)
			sleep_ms(1);
	}
	return NULL;
}

static void shuffle(struct soak *soak, uint8_t *order, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		const unsigned int other = soak_below(soak, i + 1);

		order[i] = order[other];
		order[other] = i;
	}
}

static unsigned int close_in_any_order(struct chaos *chaos, struct soak *soak)
{
	struct closer closers[CLOSERS];
	uint8_t order[CHAOS_SLOTS];
	unsigned int i, next = 0, closed = 0;

	shuffle(soak, order, CHAOS_SLOTS);
	for (i = 0; i < CLOSERS; i++) {
		closers[i] = (struct closer){ .chaos = chaos, .order = order, .next = &next };
		if (pthread_create(&closers[i].thread, NULL, close_all, &closers[i]))
			abort();
	}
	for (i = 0; i < CLOSERS; i++) {
		pthread_join(closers[i].thread, NULL);
		closed += closers[i].closed;
	}
	return closed;
}

static void wait_for_exits(const struct chaos *chaos, uint64_t count)
{
	while (chaos_exits(chaos->figures) < count)
		sleep_ms(1);
}

TEST_F_TIMEOUT(chaos, closes, 7200)
{
	static struct chaos chaos;
	unsigned int i, round, closes = 0;
	zx_handle_t twins[CHAOS_CPUS];

	soak_begin(&self->soak, SECONDS);
	for (round = 0; closes < LEAST_CLOSES || soak_goes_on(&self->soak); round++) {
		const uint64_t exits = chaos_exits(self->figures);

		memset(twins, 0, sizeof(twins));
		ASSERT_EQ(ZX_OK, chaos_start(&chaos, self->figures, &self->soak, round));
		wait_for_exits(&chaos, exits + soak_below(&self->soak, 100));
		for (i = 0; i < CHAOS_CPUS && round & 1; i++)
			zx_handle_duplicate(chaos.slots[SLOT_VCPU + i], ZX_RIGHT_SAME_RIGHTS,
					    &twins[i]);
		closes += close_in_any_order(&chaos, &self->soak);
		chaos_end(&chaos);
		zx_handle_close_many(twins, CHAOS_CPUS);
		ASSERT_EQ(0, settled_objects()) {
			TH_LOG("after %u rounds", round);
		}
		ASSERT_EQ(0, live_observers());
	}
	EXPECT_TRUE(chaos_is_complete(self->figures));
	soak_tell("closes", closes);
	soak_tell("exits", chaos_exits(self->figures));
}

/* Nobody takes the module away from VCPUs that run, however often it is tried. */
TEST_F(chaos, module_stays_under_guests)
{
	unsigned int i;
	uint64_t before;
	pid_t child;

	soak_begin(&self->soak, 0);
	child = start_vmm(self->figures, &self->soak, 1);
	ASSERT_LT(0, child);
	for (i = 0; i < 20000 && !chaos_exits(self->figures); i++)
		sleep_ms(1);
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(-1, syscall(SYS_delete_module, "zx_hypervisor", O_NONBLOCK));
		ASSERT_EQ(EAGAIN, errno);
	}
	before = chaos_exits(self->figures);
	for (i = 0; i < 20000 && chaos_exits(self->figures) <= before; i++)
		sleep_ms(1);
	EXPECT_LT(before, chaos_exits(self->figures));
	EXPECT_TRUE(is_killed(child));
}

/* "chaos --vmm" is one for reload.sh, which kills it. */
static void __attribute__((constructor)) be_vmm(int argc, char **argv)
{
	static struct chaos chaos;
	struct soak soak;

	if (argc != 2 || strcmp(argv[1], "--vmm"))
		return;
	soak_begin(&soak, 0);
	if (chaos_start(&chaos, chaos_figures_new(), &soak, 1) != ZX_OK)
		_exit(2);
	for (;;)
		pause();
}

TEST_HARNESS_MAIN
