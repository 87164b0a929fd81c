// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for signals of one object and of many. Waits that queue a packet: observer.c. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define S0	ZX_USER_SIGNAL_0
#define S1	ZX_USER_SIGNAL_1
#define CLOSED	ZX_SIGNAL_HANDLE_CLOSED
#define MANY	ZX_WAIT_MANY_MAX_ITEMS

FIXTURE(wait) {
	zx_handle_t event;
	zx_handle_t other;
	zx_handle_t pair[2];
};

FIXTURE_SETUP(wait)
{
	ASSERT_EQ(ZX_OK, zx_event_create(0, &self->event));
	ASSERT_EQ(ZX_OK, zx_event_create(0, &self->other));
	ASSERT_EQ(ZX_OK, zx_eventpair_create(0, &self->pair[0], &self->pair[1]));
}

FIXTURE_TEARDOWN(wait)
{
	zx_handle_close(self->event);
	zx_handle_close(self->other);
	zx_handle_close(self->pair[0]);
	zx_handle_close(self->pair[1]);
}

/* What another thread does to @handle, a while after the test began to wait. */
struct deed {
	struct later later;
	zx_handle_t handle;
	int fd;
	zx_signals_t set, clear;
	pthread_t waiter;
};

static void signal_deed(struct later *later)
{
	struct deed *deed = later->arg;

	later->status = zx_object_signal(deed->handle, 0, deed->set);
	if (deed->clear)
		zx_object_signal(deed->handle, deed->clear, 0);
}

static void close_deed(struct later *later)
{
	later->status = zx_handle_close(((struct deed *)later->arg)->handle);
}

static void replace_deed(struct later *later)
{
	struct deed *deed = later->arg;

	later->status = dup2(deed->fd, zxl_handle_fd(deed->handle)) < 0;
}

static void interrupt_deed(struct later *later)
{
	struct deed *deed = later->arg;

	pthread_kill(deed->waiter, SIGUSR1);
	sleep_ms(30);
	signal_deed(later);
}

static int start(struct deed *deed, void (*call)(struct later *later))
{
	deed->later.call = call;
	deed->later.arg = deed;
	deed->later.delay_ms = 30;
	return later_start(&deed->later);
}

TEST_F(wait, one_that_is_up)
{
	zx_signals_t observed = 0;

	ASSERT_EQ(ZX_OK, zx_object_signal(self->event, 0, S0 | S1));
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->event, S0, ZX_TIME_INFINITE, &observed));
	EXPECT_EQ(S0 | S1, observed);
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->event, S0, ZX_TIME_INFINITE_PAST, NULL));
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->event, UINT32_MAX, 0, NULL));
}

TEST_F(wait, one_that_is_not)
{
	zx_signals_t observed = 0;

	ASSERT_EQ(ZX_OK, zx_object_signal(self->event, 0, S1));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_one(self->event, S0, 0, &observed));
	EXPECT_EQ(S1, observed);
	EXPECT_EQ(ZX_ERR_TIMED_OUT,
		  zx_object_wait_one(self->event, S0, ZX_TIME_INFINITE_PAST, NULL));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_one(self->event, S0, -1, NULL));
}

TEST_F(wait, one_until_the_deadline)
{
	const zx_time_t deadline = zx_deadline_after(30 * ONE_MS);
	zx_signals_t observed = UINT32_MAX;

	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_one(self->event, S0, deadline, &observed));
	EXPECT_GE(zx_clock_get_monotonic(), deadline);
	EXPECT_LT(zx_clock_get_monotonic(), deadline + 2000 * ONE_MS);
	EXPECT_EQ(0, observed);
}

TEST_F(wait, one_for_no_signal_sleeps)
{
	const zx_time_t deadline = zx_deadline_after(30 * ONE_MS);

	ASSERT_EQ(ZX_OK, zx_object_signal(self->event, 0, S1));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_one(self->event, 0, deadline, NULL));
	EXPECT_GE(zx_clock_get_monotonic(), deadline);
}

TEST_F(wait, one_is_woken)
{
	struct deed deed = { .handle = self->event, .set = S0 | S1 };
	zx_signals_t observed = 0;

	ASSERT_EQ(0, start(&deed, signal_deed));
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->event, S0, ZX_TIME_INFINITE, &observed));
	EXPECT_EQ(S0 | S1, observed);
	later_join(&deed.later);
	EXPECT_EQ(ZX_OK, deed.later.status);
}

TEST_F(wait, one_sees_a_flash)
{
	struct deed deed = { .handle = self->event, .set = S0, .clear = S0 };
	zx_signals_t observed = 0;

	ASSERT_EQ(0, run_on_cpu(0));
	ASSERT_EQ(0, start(&deed, signal_deed));
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->event, S0, zx_deadline_after(10000 * ONE_MS),
					    &observed));
	EXPECT_EQ(S0, observed);
	later_join(&deed.later);
}

TEST_F(wait, one_is_told_that_the_peer_closed)
{
	struct deed deed = { .handle = self->pair[1] };
	zx_signals_t observed = 0;

	ASSERT_EQ(0, start(&deed, close_deed));
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->pair[0], ZX_EVENTPAIR_PEER_CLOSED,
					    ZX_TIME_INFINITE, &observed));
	EXPECT_EQ(ZX_EVENTPAIR_PEER_CLOSED, observed);
	later_join(&deed.later);
	self->pair[1] = ZX_HANDLE_INVALID;
}

TEST_F(wait, one_pointer_bad)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_wait_one(self->event, S0, 0, BAD_POINTER));
	zx_object_signal(self->event, 0, S0);
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_wait_one(self->event, S0, 0, BAD_POINTER));
}

TEST_F(wait, one_handle_bad)
{
	const zx_handle_t deaf = handle_without(self->event, ZX_RIGHT_WAIT);
	const zx_handle_t foreign = handle_foreign();

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_wait_one(deaf, S0, 0, NULL));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_one(ZX_HANDLE_INVALID, S0, 0, NULL));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_one(foreign, S0, 0, NULL));
	zx_handle_close(deaf);
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_one(deaf, S0, 0, NULL));
}

TEST_F(wait, one_canceled_by_close)
{
	struct deed deed = { .handle = self->event };
	zx_signals_t observed = 0;

	ASSERT_EQ(ZX_OK, zx_object_signal(self->event, 0, S1));
	ASSERT_EQ(0, start(&deed, close_deed));
	EXPECT_EQ(ZX_ERR_CANCELED,
		  zx_object_wait_one(self->event, S0, ZX_TIME_INFINITE, &observed));
	EXPECT_EQ(S1 | CLOSED, observed);
	later_join(&deed.later);
	EXPECT_EQ(ZX_OK, deed.later.status);
	self->event = ZX_HANDLE_INVALID;
}

TEST_F(wait, one_canceled_when_nothing_is_waited_for)
{
	struct deed deed = { .handle = self->event };

	ASSERT_EQ(0, start(&deed, close_deed));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_object_wait_one(self->event, 0, ZX_TIME_INFINITE, NULL));
	later_join(&deed.later);
	self->event = ZX_HANDLE_INVALID;
}

TEST_F(wait, one_canceled_by_dup2)
{
	struct deed deed = { .handle = self->event, .fd = 0 };

	ASSERT_EQ(0, start(&deed, replace_deed));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_object_wait_one(self->event, S0, ZX_TIME_INFINITE, NULL));
	later_join(&deed.later);
	close(zxl_handle_fd(self->event));
	self->event = ZX_HANDLE_INVALID;
}

TEST_F(wait, one_goes_on_when_others_are_closed)
{
	const zx_time_t deadline = zx_deadline_after(150 * ONE_MS);
	struct deed second = { .handle = handle_without(self->event, ZX_RIGHT_SIGNAL) };
	struct deed shared = { .handle = zxl_handle_from_fd(dup(zxl_handle_fd(self->event))) };

	ASSERT_EQ(0, start(&second, close_deed));
	ASSERT_EQ(0, start(&shared, close_deed));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_one(self->event, S0, deadline, NULL));
	later_join(&second.later);
	later_join(&shared.later);
	EXPECT_EQ(ZX_OK, second.later.status);
	EXPECT_EQ(ZX_OK, shared.later.status);
}

TEST_F(wait, one_goes_on_when_a_child_closes)
{
	const pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		sleep_ms(30);
		_exit(close(zxl_handle_fd(self->event)));
	}
	EXPECT_EQ(ZX_ERR_TIMED_OUT,
		  zx_object_wait_one(self->event, S0, zx_deadline_after(200 * ONE_MS), NULL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

static int wait_one_raw(int fd, uint32_t value, uint32_t reserved, int64_t deadline)
{
	struct zx_ioc_object_wait_one arg = {
		.size = sizeof(arg), .signals = S0, .handle = value, .reserved = reserved,
		.deadline = deadline,
	};

	return ioctl(fd, ZX_IOC_OBJECT_WAIT_ONE, &arg);
}

TEST_F(wait, one_without_a_value_is_not_canceled)
{
	struct deed deed = { .handle = self->event };
	const int64_t deadline = zx_deadline_after(100 * ONE_MS);

	ASSERT_EQ(0, start(&deed, close_deed));
	EXPECT_EQ(-ZX_ERR_TIMED_OUT, wait_one_raw(self->event >> 2, 0, 0, deadline));
	later_join(&deed.later);
	self->event = ZX_HANDLE_INVALID;
}

TEST_F(wait, one_with_another_ones_value)
{
	const int fd = zxl_handle_fd(self->event);

	EXPECT_EQ(-ZX_ERR_CANCELED, wait_one_raw(fd, self->other, 0, INT64_MAX));
	EXPECT_EQ(-ZX_ERR_CANCELED, wait_one_raw(fd, handle_foreign(), 0, INT64_MAX));
	EXPECT_EQ(-ZX_ERR_CANCELED, wait_one_raw(fd, UINT32_MAX, 0, INT64_MAX));
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, wait_one_raw(fd, self->event, 1, 0));
}

static void on_signal(int number)
{
	(void)number;
}

TEST_F(wait, one_outlives_unix_signals)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct deed deed = { .handle = self->event, .set = S0, .waiter = pthread_self() };

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, start(&deed, interrupt_deed));
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->event, S0, ZX_TIME_INFINITE, NULL));
	later_join(&deed.later);
}

TEST_F(wait, killed_while_waiting)
{
	const long objects = live_objects();
	unsigned int i;
	int status;

	for (i = 0; i < 2; i++) {
		zx_wait_item_t item = { .handle = self->event, .waitfor = S0 };
		const pid_t child = fork();

		if (!child) {
			zx_event_create(0, &item.handle);
			if (i)
				zx_object_wait_one(item.handle, S0, ZX_TIME_INFINITE, NULL);
			zx_object_wait_many(&item, 1, ZX_TIME_INFINITE);
			_exit(1);
		}
		ASSERT_LE(0, child);
		sleep_ms(30);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
	}
	EXPECT_EQ(objects, live_objects());
}

/* As many items as there may be; all but the last two are the same event. */
static void fill(zx_wait_item_t *items, zx_handle_t event, zx_handle_t end0, zx_handle_t end1)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		items[i] = (zx_wait_item_t) { .handle = event, .waitfor = S0, .pending = 0x77 };
	items[MANY - 2].handle = end0;
	items[MANY - 1].handle = end1;
}

TEST_F(wait, many_of_all_sizes)
{
	zx_wait_item_t items[MANY + 1];
	unsigned int i;

	fill(items, self->event, self->pair[0], self->pair[1]);
	items[MANY] = items[0];
	for (i = 1; i <= MANY; i++)
		ASSERT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_many(items, i, 0));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_object_wait_many(items, MANY + 1, 0));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_object_wait_many(items, 1ull << 32, 0));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_object_wait_many(items, SIZE_MAX, 0));
}

TEST_F(wait, many_raw_count)
{
	struct zx_ioc_object_wait_many arg = { .size = sizeof(arg), .count = UINT32_MAX };

	EXPECT_EQ(-ZX_ERR_OUT_OF_RANGE,
		  ioctl(zxl_handle_fd(self->event), ZX_IOC_OBJECT_WAIT_MANY, &arg));
}

TEST_F(wait, many_of_none_is_a_sleep)
{
	const zx_time_t deadline = zx_deadline_after(30 * ONE_MS);

	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_many(NULL, 0, deadline));
	EXPECT_GE(zx_clock_get_monotonic(), deadline);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_many(BAD_POINTER, 0, 0));
}

TEST_F(wait, many_tells_of_each)
{
	zx_wait_item_t items[MANY];

	fill(items, self->event, self->pair[0], self->pair[1]);
	zx_object_signal(self->event, 0, S1);
	zx_object_signal(self->pair[0], 0, S0 | S1);
	EXPECT_EQ(ZX_OK, zx_object_wait_many(items, MANY, ZX_TIME_INFINITE));
	EXPECT_EQ(S1, items[0].pending);
	EXPECT_EQ(S1, items[MANY - 3].pending);
	EXPECT_EQ(S0 | S1, items[MANY - 2].pending);
	EXPECT_EQ(0, items[MANY - 1].pending);
	EXPECT_EQ(self->event, items[0].handle);
	EXPECT_EQ(S0, items[0].waitfor);
}

TEST_F(wait, many_tells_of_each_at_the_deadline)
{
	zx_wait_item_t items[MANY];

	fill(items, self->event, self->pair[0], self->pair[1]);
	zx_object_signal(self->event, 0, S1);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_many(items, MANY, 0));
	EXPECT_EQ(S1, items[0].pending);
	EXPECT_EQ(0, items[MANY - 1].pending);
}

TEST_F(wait, many_are_woken)
{
	struct deed deed = { .handle = self->pair[1], .set = S0, .clear = S0 };
	zx_wait_item_t items[MANY];

	fill(items, self->event, self->pair[0], self->pair[1]);
	ASSERT_EQ(0, start(&deed, signal_deed));
	EXPECT_EQ(ZX_OK, zx_object_wait_many(items, MANY, ZX_TIME_INFINITE));
	EXPECT_EQ(0, items[0].pending);
	EXPECT_EQ(S0, items[MANY - 1].pending);
	later_join(&deed.later);
}

TEST_F(wait, many_canceled_by_close)
{
	struct deed deed = { .handle = self->pair[1] };
	zx_wait_item_t items[MANY];

	fill(items, self->event, self->pair[0], self->pair[1]);
	ASSERT_EQ(0, start(&deed, close_deed));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_object_wait_many(items, MANY, ZX_TIME_INFINITE));
	EXPECT_EQ(0, items[0].pending);
	EXPECT_EQ(CLOSED, items[MANY - 1].pending & CLOSED);
	later_join(&deed.later);
	self->pair[1] = ZX_HANDLE_INVALID;
}

TEST_F(wait, many_with_bad_handles)
{
	const zx_handle_t deaf = handle_without(self->event, ZX_RIGHT_WAIT);
	zx_wait_item_t items[3] = {
		{ .handle = self->event, .waitfor = S0, .pending = 0x77 },
		{ .handle = deaf, .waitfor = S0 },
		{ .handle = handle_foreign(), .waitfor = S0 },
	};

	zx_object_signal(self->event, 0, S0);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_wait_many(items, 3, ZX_TIME_INFINITE));
	items[1].handle = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_many(items, 3, ZX_TIME_INFINITE));
	items[1] = items[2];
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_many(items, 2, ZX_TIME_INFINITE));
	EXPECT_EQ(0x77, items[0].pending);
	EXPECT_EQ(ZX_OK, zx_object_wait_many(items, 1, ZX_TIME_INFINITE));
	zx_handle_close(deaf);
}

TEST_F(wait, many_at_bad_pointers)
{
	const long objects = live_objects();
	zx_wait_item_t *fixed = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, fixed);
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_wait_many(BAD_POINTER, 1, 0));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_wait_many(NULL, MANY, 0));
	fixed->handle = self->event;
	fixed->waitfor = S0;
	ASSERT_EQ(0, mprotect(fixed, PAGE, PROT_READ));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_wait_many(fixed, 1, 0));
	munmap(fixed, PAGE);
	EXPECT_EQ(objects, live_objects());
}

TEST_F(wait, many_hold_nothing_afterwards)
{
	const long objects = live_objects();
	zx_wait_item_t items[MANY];

	fill(items, self->event, self->pair[0], self->pair[1]);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_many(items, MANY, 0));
	items[MANY - 1].handle = 1;
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_many(items, MANY, 0));
	zx_handle_close(self->event);
	zx_handle_close(self->pair[0]);
	zx_handle_close(self->pair[1]);
	self->event = self->pair[0] = self->pair[1] = ZX_HANDLE_INVALID;
	EXPECT_EQ(objects - 3, live_objects());
}

TEST_HARNESS_MAIN
