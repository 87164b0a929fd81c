// SPDX-License-Identifier: GPL-2.0-only
/* Waits that queue a packet: what is in it, when it comes, what ends them. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define S0	ZX_USER_SIGNAL_0
#define S1	ZX_USER_SIGNAL_1
#define KEY	0x1122334455667788

#define ONCE	ZX_WAIT_ASYNC_ONCE
#define EDGE	ZX_WAIT_ASYNC_EDGE
#define MONO	ZX_WAIT_ASYNC_TIMESTAMP
#define BOOT	ZX_WAIT_ASYNC_BOOT_TIMESTAMP

#define MOST	16384

FIXTURE(observer) {
	zx_handle_t event;
	zx_handle_t again;	/* another handle to it */
	zx_handle_t port;
	zx_port_packet_t packet;
	long before;
};

FIXTURE_SETUP(observer)
{
	self->before = live_observers();
	ASSERT_EQ(ZX_OK, zx_event_create(0, &self->event));
	ASSERT_EQ(ZX_OK, zx_handle_duplicate(self->event, ZX_RIGHT_SAME_RIGHTS, &self->again));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
}

FIXTURE_TEARDOWN(observer)
{
	zx_handle_close(self->event);
	zx_handle_close(self->again);
	zx_handle_close(self->port);
	EXPECT_EQ(self->before, live_observers());
}

#define async(signals, options) \
	zx_object_wait_async(self->event, self->port, KEY, signals, options)
#define take()	zx_port_wait(self->port, 0, &self->packet)

TEST_F(observer, queues_when_it_comes_up)
{
	ASSERT_EQ(ZX_OK, async(S0 | ZX_EVENT_SIGNALED, ONCE));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
	zx_object_signal(self->event, 0, S1);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
	zx_object_signal(self->event, 0, S0);
	zx_object_signal(self->event, S0, 0);
	memset(&self->packet, 0xff, sizeof(self->packet));
	ASSERT_EQ(ZX_OK, take());
	EXPECT_EQ(KEY, self->packet.key);
	EXPECT_EQ(ZX_PKT_TYPE_SIGNAL_ONE, self->packet.type);
	EXPECT_EQ(ZX_OK, self->packet.status);
	EXPECT_EQ(S0 | ZX_EVENT_SIGNALED, self->packet.signal.trigger);
	EXPECT_EQ(S0 | S1, self->packet.signal.observed);
	EXPECT_EQ(1, self->packet.signal.count);
	EXPECT_EQ(0, self->packet.signal.timestamp);
	EXPECT_EQ(0, self->packet.signal.reserved1);
}

TEST_F(observer, queues_once)
{
	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	zx_object_signal(self->event, 0, S0);
	zx_object_signal(self->event, S0, 0);
	zx_object_signal(self->event, 0, S0);
	EXPECT_EQ(ZX_OK, take());
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
}

TEST_F(observer, queues_at_once_when_up)
{
	zx_object_signal(self->event, 0, S0);
	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	EXPECT_EQ(ZX_OK, take());
	EXPECT_EQ(S0, self->packet.signal.observed);
}

TEST_F(observer, edge_waits_for_a_rise)
{
	zx_object_signal(self->event, 0, S0);
	ASSERT_EQ(ZX_OK, async(S0, EDGE));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
	zx_object_signal(self->event, 0, S0);
	zx_object_signal(self->event, 0, S1);
	zx_object_signal(self->event, S0, S0);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
	zx_object_signal(self->event, S0, 0);
	zx_object_signal(self->event, 0, S0);
	EXPECT_EQ(ZX_OK, take());
}

TEST_F(observer, time_of_the_rise)
{
	zx_time_t before, after;

	ASSERT_EQ(ZX_OK, async(S0, MONO));
	before = zx_clock_get_monotonic();
	zx_object_signal(self->event, 0, S0);
	after = zx_clock_get_monotonic();
	ASSERT_EQ(ZX_OK, take());
	EXPECT_LE(before, self->packet.signal.timestamp);
	EXPECT_GE(after, self->packet.signal.timestamp);
}

static zx_time_t boot_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

TEST_F(observer, time_since_boot)
{
	const zx_time_t before = boot_time();

	zx_object_signal(self->event, 0, S0);
	ASSERT_EQ(ZX_OK, async(S0, BOOT));
	ASSERT_EQ(ZX_OK, take());
	EXPECT_LE(before, self->packet.signal.timestamp);
	EXPECT_GE(boot_time(), self->packet.signal.timestamp);
}

TEST_F(observer, options)
{
	unsigned int bit;

	for (bit = 3; bit < 32; bit++)
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, async(S0, 1u << bit));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, async(S0, MONO | BOOT));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, async(S0, MONO | BOOT | EDGE));
	EXPECT_EQ(ZX_OK, async(S0, MONO | EDGE));
	EXPECT_EQ(ZX_OK, async(S0, BOOT | EDGE));
	EXPECT_EQ(self->before + 2, live_observers());
}

TEST_F(observer, no_signal_never_comes)
{
	zx_object_signal(self->event, 0, S0);
	ASSERT_EQ(ZX_OK, async(0, ONCE));
	zx_object_signal(self->event, S0, S1);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
	EXPECT_EQ(ZX_OK, zx_port_cancel(self->port, self->event, KEY));
}

TEST_F(observer, every_bit_may_be_asked_for)
{
	ASSERT_EQ(ZX_OK, async(UINT32_MAX, ONCE));
	zx_object_signal(self->event, 0, S1);
	ASSERT_EQ(ZX_OK, take());
	EXPECT_EQ(UINT32_MAX, self->packet.signal.trigger);
	EXPECT_EQ(S1, self->packet.signal.observed);
}

TEST_F(observer, handles_bad)
{
	const zx_handle_t deaf = handle_without(self->event, ZX_RIGHT_WAIT);
	const zx_handle_t mute = handle_without(self->port, ZX_RIGHT_WRITE);
	const zx_handle_t foreign = handle_foreign();
	const zx_handle_t event = self->event, port = self->port;

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_wait_async(deaf, port, 0, S0, 0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_wait_async(event, mute, 0, S0, 0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_wait_async(port, port, 0, S0, 0));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_object_wait_async(event, event, 0, S0, 0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_async(foreign, port, 0, S0, 0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_async(event, foreign, 0, S0, 0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_async(event, 0, 0, S0, 0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_port_cancel(mute, event, 0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_port_cancel(port, deaf, 0));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_port_cancel(event, event, 0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_port_cancel(port, foreign, 0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_port_cancel(foreign, event, 0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_port_cancel(port, 0, 0));
	EXPECT_EQ(self->before, live_observers());
	zx_handle_close(deaf);
	zx_handle_close(mute);
}

TEST_F(observer, canceled_before_it_fires)
{
	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zx_port_cancel(self->port, self->event, KEY + 1));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zx_port_cancel(self->port, self->again, KEY));
	EXPECT_EQ(ZX_OK, zx_port_cancel(self->port, self->event, KEY));
	EXPECT_EQ(self->before, live_observers());
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zx_port_cancel(self->port, self->event, KEY));
	zx_object_signal(self->event, 0, S0);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
}

TEST_F(observer, canceled_in_the_queue)
{
	zx_object_signal(self->event, 0, S0);
	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zx_port_cancel(self->port, self->event, KEY + 1));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zx_port_cancel(self->port, self->again, KEY));
	EXPECT_EQ(ZX_OK, zx_port_cancel(self->port, self->event, KEY));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
	EXPECT_EQ(self->before, live_observers());
}

TEST_F(observer, taken_is_not_found)
{
	zx_object_signal(self->event, 0, S0);
	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	ASSERT_EQ(ZX_OK, take());
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zx_port_cancel(self->port, self->event, KEY));
}

TEST_F(observer, cancel_ends_all_of_a_key_and_no_other)
{
	const zx_port_packet_t user = { .key = KEY };

	ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &user));
	ASSERT_EQ(ZX_OK, async(S1, ONCE));
	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	ASSERT_EQ(ZX_OK, zx_object_wait_async(self->event, self->port, KEY + 1, S0, ONCE));
	ASSERT_EQ(ZX_OK, zx_object_wait_async(self->again, self->port, KEY, S0, ONCE));
	zx_object_signal(self->event, 0, S0);
	ASSERT_EQ(ZX_OK, zx_port_cancel(self->port, self->event, KEY));
	zx_object_signal(self->event, 0, S1);
	ASSERT_EQ(ZX_OK, take());
	EXPECT_EQ(ZX_PKT_TYPE_USER, self->packet.type);
	ASSERT_EQ(ZX_OK, take());
	EXPECT_EQ(KEY + 1, self->packet.key);
	ASSERT_EQ(ZX_OK, take());
	EXPECT_EQ(KEY, self->packet.key);
	EXPECT_EQ(ZX_PKT_TYPE_SIGNAL_ONE, self->packet.type);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
}

TEST_F(observer, cancel_leaves_other_ports)
{
	zx_handle_t port;

	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zx_port_cancel(port, self->event, KEY));
	zx_object_signal(self->event, 0, S0);
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zx_port_cancel(port, self->event, KEY));
	EXPECT_EQ(ZX_OK, take());
	zx_handle_close(port);
}

TEST_F(observer, ends_with_its_handle)
{
	const zx_handle_t shared = zxl_handle_from_fd(dup(zxl_handle_fd(self->event)));

	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	ASSERT_EQ(ZX_OK, zx_object_wait_async(self->again, self->port, 7, S1, ONCE));
	zx_handle_close(self->event);
	EXPECT_EQ(self->before + 2, live_observers());
	zx_handle_close(shared);
	EXPECT_EQ(self->before + 1, live_observers());
	self->event = ZX_HANDLE_INVALID;
	zx_object_signal(self->again, 0, S0 | S1);
	EXPECT_EQ(ZX_OK, take());
	EXPECT_EQ(7, self->packet.key);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, take());
}

TEST_F(observer, packet_outlives_handle_and_object)
{
	const long objects = live_objects();

	zx_object_signal(self->event, 0, S0);
	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	zx_handle_close(self->event);
	zx_handle_close(self->again);
	self->event = self->again = ZX_HANDLE_INVALID;
	EXPECT_EQ(objects - 1, live_objects());
	EXPECT_EQ(ZX_OK, take());
	EXPECT_EQ(KEY, self->packet.key);
}

TEST_F(observer, ends_with_the_port)
{
	const zx_handle_t second = handle_without(self->port, ZX_RIGHT_READ);

	ASSERT_EQ(ZX_OK, async(S0, ONCE));
	ASSERT_EQ(ZX_OK, async(S1, ONCE));
	zx_object_signal(self->event, 0, S1);
	zx_handle_close(self->port);
	self->port = ZX_HANDLE_INVALID;
	EXPECT_EQ(self->before + 2, live_observers());
	zx_handle_close(second);
	EXPECT_EQ(self->before, live_observers());
	zx_object_signal(self->event, 0, S0);
}

TEST_F(observer, told_of_a_closed_peer)
{
	zx_handle_t ends[2];

	ASSERT_EQ(ZX_OK, zx_eventpair_create(0, &ends[0], &ends[1]));
	ASSERT_EQ(ZX_OK, zx_object_wait_async(ends[0], self->port, 9, ZX_EVENTPAIR_PEER_CLOSED,
					      ONCE));
	zx_handle_close(ends[1]);
	EXPECT_EQ(ZX_OK, take());
	EXPECT_EQ(9, self->packet.key);
	EXPECT_EQ(ZX_EVENTPAIR_PEER_CLOSED, self->packet.signal.observed);
	zx_handle_close(ends[0]);
}

TEST_F(observer, so_many_and_no_more)
{
	zx_handle_t event, port;
	unsigned int i;

	ASSERT_EQ(ZX_OK, zx_event_create(0, &event));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	for (i = 0; i < MOST; i++)
		ASSERT_EQ(ZX_OK, zx_object_wait_async(self->event, self->port, i, S0, ONCE));
	EXPECT_EQ(ZX_ERR_NO_MEMORY, zx_object_wait_async(event, self->port, i, S0, ONCE));
	EXPECT_EQ(ZX_ERR_NO_MEMORY, zx_object_wait_async(self->event, port, i, S0, ONCE));
	EXPECT_EQ(ZX_OK, zx_object_wait_async(event, port, i, S0, ONCE));
	EXPECT_EQ(ZX_OK, zx_port_cancel(self->port, self->event, MOST / 2));
	EXPECT_EQ(ZX_OK, async(S0, ONCE));
	zx_object_signal(self->event, 0, S0);
	EXPECT_EQ(ZX_ERR_NO_MEMORY, async(S0, ONCE));
	for (i = 0; i < MOST; i++)
		ASSERT_EQ(ZX_OK, take());
	EXPECT_EQ(KEY, self->packet.key);
	EXPECT_EQ(ZX_OK, async(S0, ONCE));
	zx_handle_close(event);
	zx_handle_close(port);
}

TEST_F(observer, dies_with_its_process)
{
	const pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		zx_handle_t event, port;

		zx_event_create(0, &event);
		zx_port_create(0, &port);
		zx_object_wait_async(event, port, 0, S0, ONCE);
		zx_object_wait_async(event, port, 0, S1, ONCE);
		zx_object_signal(event, 0, S1);
		zx_port_wait(port, 0, NULL);
		zx_port_wait(port, ZX_TIME_INFINITE, NULL);
	}
	sleep_ms(50);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(self->before, live_observers());
}

TEST_HARNESS_MAIN
