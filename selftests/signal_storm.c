// SPDX-License-Identifier: GPL-2.0-only
/* Signals, waits and closes at once: nothing is lost, nothing comes twice, nothing stays. */
#include <poll.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define S0	ZX_USER_SIGNAL_0

/*
 * Threads that wait for a turn that others give, and give it on: a wake-up that is
 * lost stops them all.
 */
#define RING	8
#define TURNS	200

static struct {
	zx_handle_t event[RING];
	unsigned int turns[RING];
	int bad;
} ring;

static void *ring_thread(void *arg)
{
	const unsigned int me = (uintptr_t)arg;
	zx_wait_item_t item = { .handle = ring.event[me], .waitfor = S0 };
	zx_status_t status;

	while (ring.turns[me] < TURNS) {
		const zx_time_t deadline = zx_deadline_after(5000 * ONE_MS);

		status = ring.turns[me] & 1 ? zx_object_wait_one(item.handle, S0, deadline, NULL) :
					      zx_object_wait_many(&item, 1, deadline);
		if (status != ZX_OK) {
			__atomic_add_fetch(&ring.bad, 1, __ATOMIC_RELAXED);
			return NULL;
		}
		ring.turns[me]++;
		zx_object_signal(item.handle, S0, 0);
		zx_object_signal(ring.event[(me + 1) % RING], 0, S0);
	}
	return NULL;
}

TEST(turns_go_round)
{
	pthread_t threads[RING];
	uintptr_t i;

	for (i = 0; i < RING; i++)
		ASSERT_EQ(ZX_OK, zx_event_create(0, &ring.event[i]));
	for (i = 0; i < RING; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, ring_thread, (void *)i));
	zx_object_signal(ring.event[0], 0, S0);
	for (i = 0; i < RING; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, ring.bad);
	for (i = 0; i < RING; i++) {
		EXPECT_EQ(TURNS, ring.turns[i]);
		zx_handle_close(ring.event[i]);
	}
}

/* A close always ends a wait, however close the two are. */
#define CLOSES	200

static void *close_soon(void *arg)
{
	zx_handle_close(*(zx_handle_t *)arg);
	return NULL;
}

TEST(closes_end_waits)
{
	const long objects = live_objects();
	unsigned int i;

	for (i = 0; i < CLOSES; i++) {
		zx_wait_item_t items[2];
		pthread_t thread;
		zx_status_t status;

		ASSERT_EQ(ZX_OK, zx_event_create(0, &items[0].handle));
		ASSERT_EQ(ZX_OK, zx_event_create(0, &items[1].handle));
		items[0].waitfor = items[1].waitfor = S0;
		ASSERT_EQ(0, pthread_create(&thread, NULL, close_soon, &items[i & 1].handle));
		status = i & 2 ? zx_object_wait_many(items, 2, zx_deadline_after(5000 * ONE_MS)) :
				 zx_object_wait_one(items[i & 1].handle, S0,
						    zx_deadline_after(5000 * ONE_MS), NULL);
		EXPECT_TRUE(status == ZX_ERR_CANCELED || status == ZX_ERR_BAD_HANDLE);
		pthread_join(thread, NULL);
		zx_handle_close(items[!(i & 1)].handle);
	}
	EXPECT_EQ(objects, live_objects());
}

/*
 * One thread for each thing that can happen to an object and a port, all at the same
 * few of them, for a while. The values of handles change under the others: they get
 * BAD_HANDLE, or the next object.
 */
#define STORM_MS	2000
#define OBJECTS		4	/* two events, two ends of a pair */

static struct {
	zx_handle_t object[OBJECTS];
	zx_handle_t port[2];
	bool over;
} storm;

static bool storming(void)
{
	return !__atomic_load_n(&storm.over, __ATOMIC_RELAXED);
}

static zx_handle_t object_of(unsigned long n)
{
	return storm.object[n % OBJECTS];
}

static zx_handle_t port_of(unsigned long n)
{
	return storm.port[n / OBJECTS % 2];
}

static zx_signals_t signal_of(unsigned long n)
{
	return n % 7 ? S0 << (n % 3) : ZX_EVENTPAIR_PEER_CLOSED;
}

static void observe(unsigned long n)
{
	zx_object_wait_async(object_of(n), port_of(n), n & 15, signal_of(n),
			     n & 64 ? ZX_WAIT_ASYNC_EDGE : 0);
}

static void signal_both(unsigned long n)
{
	zx_object_signal(object_of(n), n & 2 ? 7 * S0 : 0, S0 << (n % 3));
	zx_object_signal_peer(object_of(n + 1), S0 << (n % 3), S0 << (n % 3));
}

static void take(unsigned long n)
{
	zx_port_wait(port_of(n), zx_deadline_after(ONE_MS), NULL);
}

static void cancel(unsigned long n)
{
	zx_port_cancel(port_of(n), object_of(n), n & 15);
}

static void wait_one(unsigned long n)
{
	zx_object_wait_one(object_of(n), signal_of(n), zx_deadline_after(ONE_MS), NULL);
}

static void wait_many(unsigned long n)
{
	zx_wait_item_t items[OBJECTS];
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		items[i] = (zx_wait_item_t) { .handle = object_of(i), .waitfor = signal_of(n) };
	zx_object_wait_many(items, OBJECTS, zx_deadline_after(ONE_MS));
}

static void poll_all(unsigned long n)
{
	struct pollfd fds[OBJECTS];
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		fds[i] = (struct pollfd) { .fd = zxl_handle_fd(object_of(i)), .events = POLLPRI };
	poll(fds, OBJECTS, n & 1);
}

static void reopen_pair(void)
{
	zx_handle_t pair[2];

	zx_handle_close(storm.object[2]);
	zx_handle_close(storm.object[3]);
	zx_eventpair_create(0, &pair[0], &pair[1]);
	storm.object[2] = pair[0];
	storm.object[3] = pair[1];
}

static void reopen(unsigned long n)
{
	const unsigned int which = n >> 2 & 1;

	switch (n & 3) {
	case 0:
		zx_handle_close(storm.port[which]);
		zx_port_create(0, &storm.port[which]);
		break;
	case 1:
		zx_handle_close(storm.object[which]);
		zx_event_create(0, &storm.object[which]);
		break;
	case 2:
		reopen_pair();
		break;
	default:
		close(dup(zxl_handle_fd(object_of(n >> 2))));
	}
	sleep_ms(1);
}

static void (*const deeds[])(unsigned long n) = {
	observe, signal_both, take, cancel, wait_one, wait_many, poll_all, reopen,
	observe, signal_both, take, cancel,
};

static void *deed_thread(void *arg)
{
	unsigned long n;

	for (n = (uintptr_t)arg; storming(); n++)
		deeds[(uintptr_t)arg](n);
	return NULL;
}

static void run_deeds(pthread_t *threads)
{
	uintptr_t i;

	for (i = 0; i < ARRAY_SIZE(deeds); i++)
		pthread_create(&threads[i], NULL, deed_thread, (void *)i);
	sleep_ms(STORM_MS);
	__atomic_store_n(&storm.over, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(deeds); i++)
		pthread_join(threads[i], NULL);
}

TEST(everything_at_once)
{
	const long objects = live_objects(), observers = live_observers();
	pthread_t threads[ARRAY_SIZE(deeds)];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(ZX_OK, zx_event_create(0, &storm.object[i]));
		ASSERT_EQ(ZX_OK, zx_port_create(0, &storm.port[i]));
	}
	ASSERT_EQ(ZX_OK, zx_eventpair_create(0, &storm.object[2], &storm.object[3]));
	run_deeds(threads);
	zx_handle_close_many(storm.object, OBJECTS);
	zx_handle_close_many(storm.port, 2);
	EXPECT_EQ(observers, live_observers());
	EXPECT_EQ(objects, live_objects());
}

/* What was begun was either taken or canceled: exactly once. */
#define EACH	2000

struct race {
	zx_handle_t event;
	zx_handle_t port;
	unsigned int begun, taken, canceled;
};

static void *race_cancel(void *arg)
{
	struct race *race = arg;

	while (storming()) {
		const uint64_t key = __atomic_load_n(&race->begun, __ATOMIC_RELAXED);

		if (zx_port_cancel(race->port, race->event, key) == ZX_OK)
			__atomic_add_fetch(&race->canceled, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *race_take(void *arg)
{
	struct race *race = arg;

	while (storming())
		if (zx_port_wait(race->port, zx_deadline_after(ONE_MS), NULL) == ZX_OK)
			__atomic_add_fetch(&race->taken, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Each has a key of its own, so that a cancel ends one only. */
static zx_status_t race_begin(struct race *race, unsigned int key)
{
	zx_status_t status;

	__atomic_store_n(&race->begun, key, __ATOMIC_RELAXED);
	status = zx_object_wait_async(race->event, race->port, key, S0, 0);
	zx_object_signal(race->event, 0, S0);
	zx_object_signal(race->event, S0, 0);
	return status;
}

TEST(taken_or_canceled)
{
	void *(*const racers[])(void *) = { race_cancel, race_cancel, race_take, race_take };
	const long observers = live_observers();
	pthread_t threads[ARRAY_SIZE(racers)];
	struct race race = {};
	unsigned int i;

	storm.over = false;
	ASSERT_EQ(ZX_OK, zx_event_create(0, &race.event));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &race.port));
	for (i = 0; i < ARRAY_SIZE(racers); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, racers[i], &race));
	for (i = 0; i < EACH; i++) {
		ASSERT_EQ(ZX_OK, race_begin(&race, i));
		if (i % 64 == 63)
			sleep_ms(1);
	}
	while (live_observers() != observers)
		sleep_ms(1);
	__atomic_store_n(&storm.over, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(racers); i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(EACH, race.taken + race.canceled);
	EXPECT_NE(0, race.taken);
	EXPECT_NE(0, race.canceled);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(race.port, 0, NULL));
	zx_handle_close(race.event);
	zx_handle_close(race.port);
}

TEST_HARNESS_MAIN
