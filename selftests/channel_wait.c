// SPDX-License-Identifier: GPL-2.0-only
/* Channels: their signals, and what waits for an end that goes away. */
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(channel) {
	zx_handle_t end[2];
	zx_handle_t port;
};

FIXTURE_SETUP(channel)
{
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &self->end[0], &self->end[1]));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
}

FIXTURE_TEARDOWN(channel)
{
	zx_handle_close_many(self->end, 2);
	zx_handle_close(self->port);
}

static zx_signals_t signals_of(zx_handle_t handle)
{
	zx_signals_t observed = 0;

	zx_object_wait_one(handle, 0, 0, &observed);
	return observed;
}

static zx_status_t send(zx_handle_t end)
{
	return zx_channel_write(end, 0, "word", 4, NULL, 0);
}

static zx_status_t drop(zx_handle_t end)
{
	char bytes[4];

	return zx_channel_read(end, 0, bytes, NULL, sizeof(bytes), 0, NULL, NULL);
}

TEST_F(channel, signals)
{
	EXPECT_EQ(ZX_CHANNEL_WRITABLE, signals_of(self->end[0]));
	ASSERT_EQ(ZX_OK, send(self->end[1]));
	ASSERT_EQ(ZX_OK, send(self->end[1]));
	EXPECT_EQ(ZX_CHANNEL_WRITABLE | ZX_CHANNEL_READABLE, signals_of(self->end[0]));
	EXPECT_EQ(ZX_CHANNEL_WRITABLE, signals_of(self->end[1]));
	ASSERT_EQ(ZX_OK, drop(self->end[0]));
	EXPECT_EQ(ZX_CHANNEL_WRITABLE | ZX_CHANNEL_READABLE, signals_of(self->end[0]));
	ASSERT_EQ(ZX_OK, drop(self->end[0]));
	EXPECT_EQ(ZX_CHANNEL_WRITABLE, signals_of(self->end[0]));
	ASSERT_EQ(ZX_OK, send(self->end[1]));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->end[1]));
	self->end[1] = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_CHANNEL_PEER_CLOSED | ZX_CHANNEL_READABLE, signals_of(self->end[0]));
	ASSERT_EQ(ZX_OK, drop(self->end[0]));
	EXPECT_EQ(ZX_CHANNEL_PEER_CLOSED, signals_of(self->end[0]));
}

TEST_F(channel, ends_know_each_other)
{
	zx_info_handle_basic_t info[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(ZX_OK, zx_object_get_info(self->end[i], ZX_INFO_HANDLE_BASIC, &info[i],
						    sizeof(info[i]), NULL, NULL));
	EXPECT_EQ(info[0].koid, info[1].related_koid);
	EXPECT_EQ(info[1].koid, info[0].related_koid);
}

TEST_F(channel, signal_the_other_end)
{
	EXPECT_EQ(ZX_OK, zx_object_signal_peer(self->end[0], 0, ZX_USER_SIGNAL_3));
	EXPECT_EQ(ZX_CHANNEL_WRITABLE | ZX_USER_SIGNAL_3, signals_of(self->end[1]));
	EXPECT_EQ(ZX_CHANNEL_WRITABLE, signals_of(self->end[0]));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_signal_peer(self->end[0], 0,
							     ZX_CHANNEL_READABLE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_signal_peer(self->end[0], 0, ZX_EVENT_SIGNALED));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_signal(self->end[0], ZX_CHANNEL_WRITABLE, 0));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->end[1]));
	self->end[1] = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, zx_object_signal_peer(self->end[0], 0, ZX_USER_SIGNAL_3));
}

static void write_one(struct later *later)
{
	later->status = send(*(zx_handle_t *)later->arg);
}

TEST_F(channel, wait_for_a_message)
{
	struct later later = { .call = write_one, .arg = &self->end[1], .delay_ms = 30 };
	zx_signals_t observed;

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->end[0], ZX_CHANNEL_READABLE,
					    zx_deadline_after(ZX_SEC(10)), &observed));
	EXPECT_EQ(ZX_CHANNEL_WRITABLE | ZX_CHANNEL_READABLE, observed);
	later_join(&later);
}

static void close_one(struct later *later)
{
	later->status = zx_handle_close(*(zx_handle_t *)later->arg);
}

TEST_F(channel, wait_for_the_end)
{
	struct later later = { .call = close_one, .arg = &self->end[1], .delay_ms = 30 };

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->end[0], ZX_CHANNEL_PEER_CLOSED,
					    zx_deadline_after(ZX_SEC(10)), NULL));
	later_join(&later);
	self->end[1] = ZX_HANDLE_INVALID;
}

TEST_F(channel, call_whose_handle_is_closed)
{
	struct later later = { .call = close_one, .arg = &self->end[0], .delay_ms = 30 };
	const zx_channel_call_args_t args = { .wr_bytes = "call", .wr_num_bytes = 4 };

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_channel_call(self->end[0], 0, ZX_TIME_INFINITE, &args, NULL,
						   NULL));
	later_join(&later);
	self->end[0] = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_OK, drop(self->end[1]));
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, drop(self->end[1]));
}

/* The others of the same end go on. */
TEST_F(channel, call_and_another_descriptor_closed)
{
	const zx_time_t deadline = zx_deadline_after(100 * ONE_MS);
	const zx_channel_call_args_t args = { .wr_bytes = "call", .wr_num_bytes = 4 };
	zx_handle_t other = zxl_handle_from_fd(dup(self->end[0] >> 2));
	struct later later = { .call = close_one, .arg = &other, .delay_ms = 30 };

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_channel_call(self->end[0], 0, deadline, &args, NULL, NULL));
	later_join(&later);
	EXPECT_LE(deadline, zx_clock_get_monotonic());
}

TEST_F(channel, packets_for_messages)
{
	zx_port_packet_t packet;

	ASSERT_EQ(ZX_OK, zx_object_wait_async(self->end[0], self->port, 7, ZX_CHANNEL_READABLE,
					      ZX_WAIT_ASYNC_ONCE));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, &packet));
	ASSERT_EQ(ZX_OK, send(self->end[1]));
	ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(7, packet.key);
	EXPECT_EQ(ZX_PKT_TYPE_SIGNAL_ONE, packet.type);
	EXPECT_EQ(ZX_CHANNEL_WRITABLE | ZX_CHANNEL_READABLE, packet.signal.observed);
}

TEST_F(channel, packets_end_when_a_handle_has_moved)
{
	zx_handle_t event, moved;

	ASSERT_EQ(ZX_OK, zx_event_create(0, &event));
	ASSERT_EQ(ZX_OK, zx_object_wait_async(event, self->port, 7, ZX_USER_SIGNAL_0,
					      ZX_WAIT_ASYNC_ONCE));
	ASSERT_EQ(ZX_OK, zx_channel_write(self->end[0], 0, NULL, 0, &event, 1));
	ASSERT_EQ(ZX_OK, zx_channel_read(self->end[1], 0, NULL, &moved, 0, 1, NULL, NULL));
	ASSERT_EQ(ZX_OK, zx_object_signal(moved, 0, ZX_USER_SIGNAL_0));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
	EXPECT_EQ(ZX_OK, zx_handle_close(moved));
}

static void move_one(struct later *later)
{
	const zx_handle_t *handles = later->arg;

	later->status = zx_channel_write(handles[0], 0, NULL, 0, &handles[1], 1);
}

TEST_F(channel, wait_ends_when_the_handle_moves)
{
	zx_handle_t handles[2] = { self->end[0] };
	struct later later = { .call = move_one, .arg = handles, .delay_ms = 30 };

	ASSERT_EQ(ZX_OK, zx_event_create(0, &handles[1]));
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_object_wait_one(handles[1], ZX_USER_SIGNAL_0,
						      ZX_TIME_INFINITE, NULL));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
}

TEST_HARNESS_MAIN
