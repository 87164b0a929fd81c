// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: messages and the handles in them. Calls are in channel_call.c;
 * channels inside of channels, limits and crowds in nest.c.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define MAX_BYTES	ZX_CHANNEL_MAX_MSG_BYTES
#define MAX_HANDLES	ZX_CHANNEL_MAX_MSG_HANDLES

FIXTURE(channel) {
	zx_handle_t end[2];
	zx_handle_t port;
	unsigned char bytes[MAX_BYTES + 1];
	zx_handle_t handles[MAX_HANDLES + 1];
	uint32_t actual_bytes, actual_handles;
};

FIXTURE_SETUP(channel)
{
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &self->end[0], &self->end[1]));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	self->actual_bytes = self->actual_handles = 77;
}

FIXTURE_TEARDOWN(channel)
{
	zx_handle_close(self->port);
	zx_handle_close(self->end[0]);
	zx_handle_close(self->end[1]);
}

static bool is_open(zx_handle_t handle)
{
	return fcntl(handle >> 2, F_GETFD) != -1;
}

static zx_koid_t koid_of(zx_handle_t handle)
{
	zx_info_handle_basic_t info = {};

	zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	return info.koid;
}

static zx_handle_t port_new(void)
{
	zx_handle_t port = ZX_HANDLE_INVALID;

	zx_port_create(0, &port);
	return port;
}

#define SEND(self, nr_bytes, nr_handles) \
	zx_channel_write((self)->end[0], 0, (self)->bytes, nr_bytes, (self)->handles, nr_handles)
#define READ_OPTIONS(self, options, nr_bytes, nr_handles) \
	zx_channel_read((self)->end[1], options, (self)->bytes, (self)->handles, nr_bytes, \
			nr_handles, &(self)->actual_bytes, &(self)->actual_handles)
#define READ(self, nr_bytes, nr_handles)	READ_OPTIONS(self, 0, nr_bytes, nr_handles)

TEST_F(channel, options_of_create)
{
	zx_handle_t out[2];

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_create(1, &out[0], &out[1]));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_create(UINT32_MAX, &out[0], &out[1]));
}

TEST_F(channel, result_pointers_of_create_bad)
{
	const int before = count_descriptors();
	const long objects = live_objects();
	zx_handle_t out;

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_create(0, BAD_POINTER, &out));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_create(0, &out, BAD_POINTER));
	EXPECT_EQ(before, count_descriptors());
	EXPECT_EQ(objects, live_objects());
}

TEST_F(channel, rights_and_type)
{
	zx_info_handle_basic_t info;
	zx_handle_t out;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(ZX_OK, zx_object_get_info(self->end[i], ZX_INFO_HANDLE_BASIC, &info,
						    sizeof(info), NULL, NULL));
		EXPECT_EQ(ZX_OBJ_TYPE_CHANNEL, info.type);
		EXPECT_EQ(0xf00e, info.rights);
	}
	EXPECT_NE(koid_of(self->end[0]), koid_of(self->end[1]));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_handle_duplicate(self->end[0], ZX_RIGHT_SAME_RIGHTS,
							    &out));
}

static bool fdinfo_has(zx_handle_t handle, const char *name, unsigned long long value)
{
	char path[64], line[256], want[64];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%u", handle >> 2);
	snprintf(want, sizeof(want), "%s:\t%llu\n", name, value);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		found |= !strcmp(line, want);
	fclose(file);
	return found;
}

TEST_F(channel, fdinfo_says_what_waits)
{
	EXPECT_TRUE(fdinfo_has(self->end[1], "messages", 0));
	EXPECT_TRUE(fdinfo_has(self->end[1], "peer", koid_of(self->end[0])));
	self->handles[0] = port_new();
	ASSERT_EQ(ZX_OK, SEND(self, 3, 1));
	ASSERT_EQ(ZX_OK, SEND(self, 0, 0));
	EXPECT_TRUE(fdinfo_has(self->end[1], "messages", 2));
	EXPECT_TRUE(fdinfo_has(self->end[1], "handles", 1));
	EXPECT_TRUE(fdinfo_has(self->end[0], "messages", 0));
	EXPECT_TRUE(fdinfo_has(self->end[0], "peer-closed", 0));
}

FIXTURE(sizes) {
	zx_handle_t end[2];
	unsigned char out[MAX_BYTES + 1], in[MAX_BYTES + 1];
	zx_handle_t sent[MAX_HANDLES + 1], received[MAX_HANDLES + 1];
	zx_koid_t koids[MAX_HANDLES + 1];
};

FIXTURE_VARIANT(sizes) {
	uint32_t bytes, handles;
	zx_status_t status;
};

#define SIZES(b, h, s) \
	FIXTURE_VARIANT_ADD(sizes, of_##b##_and_##h) { .bytes = b, .handles = h, .status = s }

SIZES(0, 0, ZX_OK);
SIZES(1, 0, ZX_OK);
SIZES(0, 1, ZX_OK);
SIZES(4, 2, ZX_OK);
SIZES(4095, 63, ZX_OK);
SIZES(4097, 64, ZX_OK);
SIZES(65536, 0, ZX_OK);
SIZES(65536, 64, ZX_OK);
SIZES(65537, 0, ZX_ERR_OUT_OF_RANGE);
SIZES(65537, 64, ZX_ERR_OUT_OF_RANGE);
SIZES(0, 65, ZX_ERR_OUT_OF_RANGE);
SIZES(65537, 65, ZX_ERR_OUT_OF_RANGE);

FIXTURE_SETUP(sizes)
{
	unsigned int i;

	ASSERT_EQ(ZX_OK, zx_channel_create(0, &self->end[0], &self->end[1]));
	for (i = 0; i < variant->bytes; i++)
		self->out[i] = i * 7 + 3;
	for (i = 0; i < variant->handles; i++) {
		self->sent[i] = port_new();
		self->koids[i] = koid_of(self->sent[i]);
	}
}

FIXTURE_TEARDOWN(sizes)
{
	zx_handle_close_many(self->end, 2);
	zx_handle_close_many(self->received, MAX_HANDLES);
}

TEST_F(sizes, arrive_whole_or_not_at_all)
{
	uint32_t bytes, handles, i;

	ASSERT_EQ(variant->status, zx_channel_write(self->end[0], 0, self->out, variant->bytes,
						    self->sent, variant->handles));
	for (i = 0; i < variant->handles; i++)
		EXPECT_FALSE(is_open(self->sent[i]));
	if (variant->status != ZX_OK) {
		EXPECT_EQ(ZX_ERR_SHOULD_WAIT, zx_channel_read(self->end[1], 0, NULL, NULL, 0, 0,
							      NULL, NULL));
		return;
	}
	ASSERT_EQ(ZX_OK, zx_channel_read(self->end[1], 0, self->in, self->received, MAX_BYTES,
					 MAX_HANDLES, &bytes, &handles));
	EXPECT_EQ(variant->bytes, bytes);
	EXPECT_EQ(variant->handles, handles);
	EXPECT_EQ(0, memcmp(self->out, self->in, bytes));
	EXPECT_EQ(0, self->in[bytes]);
	for (i = 0; i < handles; i++) {
		EXPECT_EQ(self->koids[i], koid_of(self->received[i]));
		EXPECT_EQ(FD_CLOEXEC, fcntl(self->received[i] >> 2, F_GETFD));
	}
}

TEST_F(channel, oldest_first_both_ways)
{
	unsigned char i, byte;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(ZX_OK, zx_channel_write(self->end[0], 0, &i, 1, NULL, 0));
		byte = 200 - i;
		ASSERT_EQ(ZX_OK, zx_channel_write(self->end[1], 0, &byte, 1, NULL, 0));
	}
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(ZX_OK, zx_channel_read(self->end[1], 0, &byte, NULL, 1, 0, NULL, NULL));
		EXPECT_EQ(i, byte);
		ASSERT_EQ(ZX_OK, zx_channel_read(self->end[0], 0, &byte, NULL, 1, 0, NULL, NULL));
		EXPECT_EQ(200 - i, byte);
	}
}

TEST_F(channel, rights_travel)
{
	zx_handle_t narrow = handle_with(self->port, ZX_RIGHT_TRANSFER | ZX_RIGHT_READ);

	ASSERT_EQ(ZX_OK, zx_channel_write(self->end[0], 0, NULL, 0, &narrow, 1));
	ASSERT_EQ(ZX_OK, READ(self, 0, 1));
	EXPECT_EQ(ZX_RIGHT_TRANSFER | ZX_RIGHT_READ, handle_rights(self->handles[0]));
	EXPECT_EQ(koid_of(self->port), koid_of(self->handles[0]));
	EXPECT_EQ(ZX_OK, zx_handle_close(self->handles[0]));
}

enum bad { GONE, LOW_BITS, FOREIGN, NOTHING, NO_TRANSFER, OWN_END, OTHER_END, TWICE };

FIXTURE(refused) {
	zx_handle_t end[2];
	zx_handle_t sent[3];
};

FIXTURE_VARIANT(refused) {
	enum bad bad;
	zx_status_t status;
};

#define REFUSED(name, bad_, status_) \
	FIXTURE_VARIANT_ADD(refused, name) { .bad = bad_, .status = status_ }

REFUSED(closed, GONE, ZX_ERR_BAD_HANDLE);
REFUSED(low_bits, LOW_BITS, ZX_ERR_BAD_HANDLE);
REFUSED(foreign, FOREIGN, ZX_ERR_BAD_HANDLE);
REFUSED(none, NOTHING, ZX_ERR_BAD_HANDLE);
REFUSED(without_transfer, NO_TRANSFER, ZX_ERR_ACCESS_DENIED);
REFUSED(own_end, OWN_END, ZX_ERR_NOT_SUPPORTED);
REFUSED(other_end, OTHER_END, ZX_ERR_NOT_SUPPORTED);
REFUSED(twice, TWICE, ZX_ERR_BAD_HANDLE);

static zx_handle_t bad_handle(enum bad bad, const zx_handle_t *end, zx_handle_t first)
{
	zx_handle_t handle = port_new(), out;

	switch (bad) {
	case GONE:
		zx_handle_close(handle);
		return handle;
	case LOW_BITS:
		zx_handle_close(handle);
		return first & ~1u;
	case FOREIGN:
		zx_handle_close(handle);
		return handle_foreign();
	case NO_TRANSFER:
		out = handle_without(handle, ZX_RIGHT_TRANSFER);
		zx_handle_close(handle);
		return out;
	case OWN_END:
		return end[0];
	case OTHER_END:
		return end[1];
	case TWICE:
		return first;
	default:
		return ZX_HANDLE_INVALID;
	}
}

FIXTURE_SETUP(refused)
{
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &self->end[0], &self->end[1]));
	self->sent[0] = port_new();
	self->sent[1] = bad_handle(variant->bad, self->end, self->sent[0]);
	self->sent[2] = port_new();
}

FIXTURE_TEARDOWN(refused)
{
	zx_handle_close_many(self->end, 2);
}

TEST_F(refused, sends_nothing_and_consumes)
{
	zx_handle_t second = ZX_HANDLE_INVALID;

	/* The descriptors of the ends go with the rest: look through another one. */
	if (variant->bad == OWN_END || variant->bad == OTHER_END)
		second = zxl_handle_from_fd(dup(self->end[1] >> 2));
	EXPECT_EQ(variant->status, zx_channel_write(self->end[0], 0, "x", 1, self->sent, 3));
	EXPECT_FALSE(is_open(self->sent[0]));
	EXPECT_FALSE(is_open(self->sent[2]));
	/* ZX_HANDLE_INVALID looks like standard input's. */
	EXPECT_EQ(variant->bad == FOREIGN || variant->bad == NOTHING, is_open(self->sent[1]));
	EXPECT_EQ(variant->bad == OWN_END ? ZX_ERR_PEER_CLOSED : ZX_ERR_SHOULD_WAIT,
		  zx_channel_read(second ?: self->end[1], 0, NULL, NULL, 0, 0, NULL, NULL));
	zx_handle_close(second);
}

TEST_F(channel, write_without_rights)
{
	ASSERT_EQ(ZX_OK, zx_handle_replace(self->end[0], ZX_RIGHT_READ, &self->end[0]));
	self->handles[0] = port_new();
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, SEND(self, 1, 1));
	EXPECT_FALSE(is_open(self->handles[0]));
}

TEST_F(channel, read_without_rights)
{
	ASSERT_EQ(ZX_OK, SEND(self, 1, 0));
	ASSERT_EQ(ZX_OK, zx_handle_replace(self->end[1], ZX_RIGHT_WRITE, &self->end[1]));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, READ(self, 1, 0));
	EXPECT_EQ(77, self->actual_bytes);
}

TEST_F(channel, wrong_type_and_bad_handle)
{
	zx_channel_call_args_t args = { .wr_bytes = self->bytes, .wr_num_bytes = 4 };

	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_channel_write(self->port, 0, NULL, 0, NULL, 0));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_channel_read(self->port, 0, NULL, NULL, 0, 0, NULL, NULL));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_channel_call(self->port, 0, 0, &args, NULL, NULL));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_channel_write(0, 0, NULL, 0, NULL, 0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_channel_read(0, 0, NULL, NULL, 0, 0, NULL, NULL));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_channel_call(0, 0, 0, &args, NULL, NULL));
}

TEST_F(channel, options_of_write_and_read)
{
	self->handles[0] = port_new();
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_write(self->end[0], 4, self->bytes, 1,
							self->handles, 1));
	EXPECT_FALSE(is_open(self->handles[0]));
	ASSERT_EQ(ZX_OK, SEND(self, 1, 0));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, READ_OPTIONS(self, 2, 1, 0));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, READ_OPTIONS(self, 1u << 31, 1, 0));
	EXPECT_EQ(ZX_OK, READ(self, 1, 0));
}

TEST_F(channel, pointers_of_write_bad)
{
	self->handles[0] = port_new();
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_write(self->end[0], 0, BAD_POINTER, 1,
							self->handles, 1));
	EXPECT_FALSE(is_open(self->handles[0]));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_write(self->end[0], 0, self->bytes, 1,
							BAD_POINTER, 1));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_channel_write(self->end[0], 0, NULL, 0, BAD_POINTER, 65));
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, READ(self, MAX_BYTES, 1));
	EXPECT_EQ(77, self->actual_bytes);
}

enum pointer { BYTES, HANDLES, ACTUAL_BYTES, ACTUAL_HANDLES };

TEST_F(channel, pointers_of_read_bad_lose_the_message)
{
	const int before = count_descriptors();
	const long objects = live_objects();
	enum pointer bad;

	for (bad = BYTES; bad <= ACTUAL_HANDLES; bad++) {
		zx_handle_t sent = port_new();

		ASSERT_EQ(ZX_OK, zx_channel_write(self->end[0], 0, "x", 1, &sent, 1));
		EXPECT_EQ(ZX_ERR_INVALID_ARGS,
			  zx_channel_read(self->end[1], 0, bad == BYTES ? BAD_POINTER : self->bytes,
					  bad == HANDLES ? BAD_POINTER : self->handles, 1, 1,
					  bad == ACTUAL_BYTES ? BAD_POINTER : NULL,
					  bad == ACTUAL_HANDLES ? BAD_POINTER : NULL));
		EXPECT_EQ(ZX_ERR_SHOULD_WAIT, READ(self, 1, 1));
	}
	EXPECT_EQ(before, count_descriptors());
	EXPECT_EQ(objects, live_objects());
}

TEST_F(channel, too_small_a_buffer_keeps_the_message)
{
	self->handles[0] = port_new();
	self->handles[1] = port_new();
	ASSERT_EQ(ZX_OK, SEND(self, 9, 2));
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, READ(self, 8, 2));
	EXPECT_EQ(9, self->actual_bytes);
	EXPECT_EQ(2, self->actual_handles);
	self->actual_bytes = self->actual_handles = 0;
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, READ(self, 9, 1));
	EXPECT_EQ(9, self->actual_bytes);
	EXPECT_EQ(2, self->actual_handles);
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, zx_channel_read(self->end[1], 0, NULL, NULL, 0, 0, NULL,
							   NULL));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_read(self->end[1], 0, NULL, NULL, 0, 0,
						       BAD_POINTER, NULL));
	EXPECT_EQ(ZX_OK, READ(self, 9, 2));
	EXPECT_EQ(ZX_OK, zx_handle_close_many(self->handles, 2));
}

TEST_F(channel, too_small_a_buffer_discards_if_asked)
{
	const long objects = live_objects();

	self->handles[0] = port_new();
	ASSERT_EQ(ZX_OK, SEND(self, 9, 1));
	ASSERT_EQ(ZX_OK, SEND(self, 2, 0));
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, READ_OPTIONS(self, ZX_CHANNEL_READ_MAY_DISCARD, 8, 1));
	EXPECT_EQ(9, self->actual_bytes);
	EXPECT_EQ(1, self->actual_handles);
	EXPECT_EQ(objects, live_objects());
	EXPECT_EQ(ZX_OK, READ_OPTIONS(self, ZX_CHANNEL_READ_MAY_DISCARD, 8, 1));
	EXPECT_EQ(2, self->actual_bytes);
	EXPECT_EQ(0, self->actual_handles);
}

TEST_F(channel, no_descriptors_left_keeps_the_message)
{
	struct rlimit old, limit;
	int fd;

	self->handles[0] = port_new();
	self->handles[1] = port_new();
	ASSERT_EQ(ZX_OK, SEND(self, 5, 2));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	do
		fd = dup(0);
	while (fd >= 0 && fd < (int)(self->port >> 2));
	/* No holes, and room for one more. */
	limit = old;
	limit.rlim_cur = fd + 2;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(ZX_ERR_NO_MEMORY, READ(self, 5, 2));
	limit.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(ZX_ERR_NO_MEMORY, READ(self, 5, 2));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_EQ(ZX_OK, READ(self, 5, 2));
	EXPECT_EQ(ZX_OK, zx_handle_close_many(self->handles, 2));
}

TEST_F(channel, messages_outlive_their_sender)
{
	self->handles[0] = port_new();
	ASSERT_EQ(ZX_OK, SEND(self, 3, 1));
	ASSERT_EQ(ZX_OK, SEND(self, 4, 0));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->end[0]));
	EXPECT_TRUE(fdinfo_has(self->end[1], "peer-closed", 1));
	EXPECT_EQ(ZX_OK, READ(self, 8, 1));
	EXPECT_EQ(3, self->actual_bytes);
	EXPECT_EQ(ZX_OK, zx_handle_close(self->handles[0]));
	EXPECT_EQ(ZX_OK, READ(self, 8, 1));
	EXPECT_EQ(4, self->actual_bytes);
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, READ(self, 8, 1));
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, zx_channel_write(self->end[1], 0, NULL, 0, NULL, 0));
	self->end[0] = ZX_HANDLE_INVALID;
}

TEST_F(channel, write_to_a_closed_end_consumes)
{
	ASSERT_EQ(ZX_OK, zx_handle_close(self->end[1]));
	self->end[1] = ZX_HANDLE_INVALID;
	self->handles[0] = port_new();
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, SEND(self, 1, 1));
	EXPECT_FALSE(is_open(self->handles[0]));
}

TEST_F(channel, closing_an_end_drops_what_waits_there)
{
	const long objects = live_objects();

	self->handles[0] = port_new();
	ASSERT_EQ(ZX_OK, SEND(self, 1, 1));
	EXPECT_EQ(objects + 1, live_objects());
	ASSERT_EQ(ZX_OK, zx_handle_close(self->end[1]));
	/* The end itself is gone as well. */
	EXPECT_EQ(objects - 1, live_objects());
	self->end[1] = ZX_HANDLE_INVALID;
}

static short events_of(zx_handle_t handle)
{
	struct pollfd poll_fd = { .fd = handle >> 2, .events = POLLIN | POLLOUT };

	return poll(&poll_fd, 1, 0) < 0 ? -1 : poll_fd.revents;
}

TEST_F(channel, poll_follows_the_signals)
{
	EXPECT_EQ(POLLOUT, events_of(self->end[1]));
	ASSERT_EQ(ZX_OK, SEND(self, 1, 0));
	ASSERT_EQ(ZX_OK, SEND(self, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, events_of(self->end[1]));
	ASSERT_EQ(ZX_OK, READ(self, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, events_of(self->end[1]));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->end[0]));
	self->end[0] = ZX_HANDLE_INVALID;
	EXPECT_EQ(POLLIN | POLLHUP, events_of(self->end[1]));
	ASSERT_EQ(ZX_OK, READ(self, 1, 0));
	EXPECT_EQ(POLLHUP, events_of(self->end[1]));
}

static void *write_later(void *arg)
{
	sleep_ms(30);
	zx_channel_write(*(zx_handle_t *)arg, 0, NULL, 0, NULL, 0);
	return NULL;
}

TEST_F(channel, poll_sleeps_until_a_message_comes)
{
	struct pollfd poll_fd = { .fd = self->end[1] >> 2, .events = POLLIN };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, write_later, &self->end[0]));
	EXPECT_EQ(1, poll(&poll_fd, 1, 5000));
	pthread_join(thread, NULL);
}

/* A registration is its handle's, and ends with it, wherever that is. */
TEST_F(channel, registration_ends_with_a_handle_in_flight)
{
	zx_port_packet_t packet;
	zx_handle_t event;

	ASSERT_EQ(ZX_OK, zx_event_create(0, &event));
	ASSERT_EQ(ZX_OK, zx_object_wait_async(event, self->port, 7, ZX_EVENT_SIGNALED, 0));
	self->handles[0] = event;
	ASSERT_EQ(ZX_OK, SEND(self, 0, 1));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->end[1]));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, zx_deadline_after(ONE_MS), &packet));
}

TEST_HARNESS_MAIN
