// SPDX-License-Identifier: GPL-2.0-only
/* Channels: messages that wait for the answer to them. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define KERNEL_TXID	0x80000000u
#define CALLERS		8

struct message {
	uint32_t txid;
	uint32_t value;
};

FIXTURE(call) {
	zx_handle_t client, server;
};

FIXTURE_SETUP(call)
{
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &self->client, &self->server));
}

FIXTURE_TEARDOWN(call)
{
	zx_handle_close(self->client);
	zx_handle_close(self->server);
}

/* A call with room for a message and a handle, in a thread of its own. */
struct caller {
	zx_handle_t channel;
	zx_time_t deadline;
	struct message out, in;
	zx_handle_t sent, received;
	uint32_t rd_bytes, rd_handles;
	uint32_t bytes, handles;
	zx_status_t status;
	pthread_t thread;
};

static void *caller_thread(void *arg)
{
	struct caller *caller = arg;
	const zx_channel_call_args_t args = {
		.wr_bytes = &caller->out, .wr_num_bytes = sizeof(caller->out),
		.wr_handles = &caller->sent, .wr_num_handles = !!caller->sent,
		.rd_bytes = &caller->in, .rd_num_bytes = caller->rd_bytes,
		.rd_handles = &caller->received, .rd_num_handles = caller->rd_handles,
	};

	caller->status = zx_channel_call(caller->channel, 0, caller->deadline, &args,
					 &caller->bytes, &caller->handles);
	return NULL;
}

static void caller_init(struct caller *caller, zx_handle_t channel)
{
	memset(caller, 0, sizeof(*caller));
	caller->channel = channel;
	caller->deadline = zx_deadline_after(ZX_SEC(20));
	caller->rd_bytes = sizeof(caller->in);
	caller->rd_handles = 1;
	caller->status = ZX_ERR_INTERNAL;
}

static int caller_start(struct caller *caller)
{
	return pthread_create(&caller->thread, NULL, caller_thread, caller);
}

static zx_status_t caller_join(struct caller *caller)
{
	pthread_join(caller->thread, NULL);
	return caller->status;
}

/* The next question; waits for it. */
static zx_status_t question(zx_handle_t server, struct message *in)
{
	zx_status_t status;
	unsigned int i;

	for (i = 0; i < 5000; i++) {
		status = zx_channel_read(server, 0, in, NULL, sizeof(*in), 0, NULL, NULL);
		if (status != ZX_ERR_SHOULD_WAIT)
			return status;
		sleep_ms(1);
	}
	return status;
}

static zx_status_t answer(zx_handle_t server, uint32_t txid, uint32_t value)
{
	const struct message out = { txid, value };

	return zx_channel_write(server, 0, &out, sizeof(out), NULL, 0);
}

static uint32_t queued(zx_handle_t end)
{
	struct message in = {};

	return zx_channel_read(end, 0, &in, NULL, sizeof(in), 0, NULL, NULL) == ZX_OK ?
		in.value : 0;
}

TEST_F(call, gets_the_answer_to_its_number)
{
	struct caller caller;
	struct message in;

	caller_init(&caller, self->client);
	caller.out = (struct message) { 5, 1234 };
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(ZX_OK, question(self->server, &in));
	EXPECT_EQ(1234, in.value);
	EXPECT_LE(KERNEL_TXID, in.txid);
	/* The caller's own bytes stay. */
	EXPECT_EQ(5, caller.out.txid);
	ASSERT_EQ(ZX_OK, answer(self->server, 5, 1));
	ASSERT_EQ(ZX_OK, answer(self->server, in.txid ^ 1, 2));
	ASSERT_EQ(ZX_OK, zx_channel_write(self->server, 0, &in, 3, NULL, 0));
	ASSERT_EQ(ZX_OK, answer(self->server, in.txid, 99));
	ASSERT_EQ(ZX_OK, caller_join(&caller));
	EXPECT_EQ(99, caller.in.value);
	EXPECT_EQ(in.txid, caller.in.txid);
	EXPECT_EQ(sizeof(caller.in), caller.bytes);
	EXPECT_EQ(0, caller.handles);
	/* The others are for who reads. */
	EXPECT_EQ(1, queued(self->client));
	EXPECT_EQ(2, queued(self->client));
	EXPECT_EQ(ZX_OK, zx_channel_read(self->client, 0, &in, NULL, 3, 0, NULL, NULL));
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, zx_channel_read(self->client, 0, NULL, NULL, 0, 0, NULL,
						      NULL));
}

TEST_F(call, many_at_once_answered_in_another_order)
{
	struct caller callers[CALLERS];
	struct message in[CALLERS];
	unsigned int i, j;

	for (i = 0; i < CALLERS; i++) {
		caller_init(&callers[i], self->client);
		callers[i].out.value = i;
		ASSERT_EQ(0, caller_start(&callers[i]));
	}
	for (i = 0; i < CALLERS; i++) {
		ASSERT_EQ(ZX_OK, question(self->server, &in[i]));
		for (j = 0; j < i; j++)
			EXPECT_NE(in[j].txid, in[i].txid);
	}
	for (i = CALLERS; i-- > 0;)
		ASSERT_EQ(ZX_OK, answer(self->server, in[i].txid, 100 + in[i].value));
	for (i = 0; i < CALLERS; i++) {
		ASSERT_EQ(ZX_OK, caller_join(&callers[i]));
		EXPECT_EQ(100 + i, callers[i].in.value);
	}
}

/* Both ends count alike: a question must not pass for an answer. */
TEST_F(call, both_ends_at_once)
{
	struct caller left, right;
	struct message to_left, to_right;

	caller_init(&left, self->client);
	caller_init(&right, self->server);
	ASSERT_EQ(0, caller_start(&left));
	ASSERT_EQ(ZX_OK, question(self->server, &to_right));
	ASSERT_EQ(0, caller_start(&right));
	ASSERT_EQ(ZX_OK, question(self->client, &to_left));
	ASSERT_EQ(ZX_OK, answer(self->client, to_left.txid, 1));
	ASSERT_EQ(ZX_OK, answer(self->server, to_right.txid, 2));
	ASSERT_EQ(ZX_OK, caller_join(&left));
	ASSERT_EQ(ZX_OK, caller_join(&right));
	EXPECT_EQ(2, left.in.value);
	EXPECT_EQ(1, right.in.value);
}

TEST_F(call, handles_go_and_come)
{
	struct caller caller;
	struct message in;
	zx_handle_t there, back;

	caller_init(&caller, self->client);
	ASSERT_EQ(ZX_OK, zx_port_create(0, &caller.sent));
	ASSERT_EQ(0, caller_start(&caller));
	while (zx_channel_read(self->server, 0, &in, &there, sizeof(in), 1, NULL, NULL) != ZX_OK)
		sleep_ms(1);
	ASSERT_EQ(ZX_OK, zx_handle_replace(there, ZX_RIGHT_READ | ZX_RIGHT_TRANSFER, &back));
	ASSERT_EQ(ZX_OK, zx_channel_write(self->server, 0, &in.txid, 4, &back, 1));
	ASSERT_EQ(ZX_OK, caller_join(&caller));
	EXPECT_EQ(4, caller.bytes);
	EXPECT_EQ(1, caller.handles);
	EXPECT_EQ(ZX_RIGHT_READ | ZX_RIGHT_TRANSFER, handle_rights(caller.received));
	EXPECT_EQ(ZX_OK, zx_handle_close(caller.received));
}

TEST_F(call, ends_at_its_deadline)
{
	const zx_time_t start = zx_clock_get_monotonic();
	struct caller caller;
	struct message in;

	caller_init(&caller, self->client);
	caller.deadline = start + 30 * ONE_MS;
	caller_thread(&caller);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, caller.status);
	EXPECT_LE(caller.deadline, zx_clock_get_monotonic());
	/* It was sent all the same, and the late answer is a message as any other. */
	ASSERT_EQ(ZX_OK, question(self->server, &in));
	ASSERT_EQ(ZX_OK, answer(self->server, in.txid, 7));
	EXPECT_EQ(7, queued(self->client));
}

TEST_F(call, deadline_in_the_past)
{
	struct caller caller;
	struct message in;

	caller_init(&caller, self->client);
	caller.deadline = ZX_TIME_INFINITE_PAST;
	caller_thread(&caller);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, caller.status);
	EXPECT_EQ(ZX_OK, question(self->server, &in));
}

TEST_F(call, peer_closes_meanwhile)
{
	struct caller callers[CALLERS];
	struct message in;
	unsigned int i;

	for (i = 0; i < CALLERS; i++) {
		caller_init(&callers[i], self->client);
		callers[i].deadline = ZX_TIME_INFINITE;
		ASSERT_EQ(0, caller_start(&callers[i]));
	}
	for (i = 0; i < CALLERS; i++)
		ASSERT_EQ(ZX_OK, question(self->server, &in));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->server));
	self->server = ZX_HANDLE_INVALID;
	for (i = 0; i < CALLERS; i++)
		EXPECT_EQ(ZX_ERR_PEER_CLOSED, caller_join(&callers[i]));
}

TEST_F(call, peer_closed_before)
{
	struct caller caller;

	caller_init(&caller, self->client);
	ASSERT_EQ(ZX_OK, zx_port_create(0, &caller.sent));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->server));
	self->server = ZX_HANDLE_INVALID;
	caller_thread(&caller);
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, caller.status);
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_handle_close(caller.sent));
}

FIXTURE(room) {
	zx_handle_t client, server;
	struct caller caller;
};

FIXTURE_VARIANT(room) {
	uint32_t bytes, handles;
	zx_status_t status;
};

FIXTURE_VARIANT_ADD(room, enough) { .bytes = 8, .handles = 1, .status = ZX_OK };
FIXTURE_VARIANT_ADD(room, a_byte_too_few) {
	.bytes = 7, .handles = 1, .status = ZX_ERR_BUFFER_TOO_SMALL };
FIXTURE_VARIANT_ADD(room, a_handle_too_few) {
	.bytes = 8, .handles = 0, .status = ZX_ERR_BUFFER_TOO_SMALL };
FIXTURE_VARIANT_ADD(room, none) { .status = ZX_ERR_BUFFER_TOO_SMALL };

FIXTURE_SETUP(room)
{
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &self->client, &self->server));
}

FIXTURE_TEARDOWN(room)
{
	zx_handle_close(self->client);
	zx_handle_close(self->server);
}

TEST_F(room, of_an_answer)
{
	struct caller *caller = &self->caller;
	const long objects = live_objects();
	struct message in;
	zx_handle_t port;

	caller_init(caller, self->client);
	caller->rd_bytes = variant->bytes;
	caller->rd_handles = variant->handles;
	ASSERT_EQ(0, caller_start(caller));
	ASSERT_EQ(ZX_OK, question(self->server, &in));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	ASSERT_EQ(ZX_OK, zx_channel_write(self->server, 0, &in, sizeof(in), &port, 1));
	EXPECT_EQ(variant->status, caller_join(caller));
	EXPECT_EQ(8, caller->bytes);
	EXPECT_EQ(1, caller->handles);
	EXPECT_EQ(variant->status == ZX_OK, caller->received != ZX_HANDLE_INVALID);
	EXPECT_EQ(ZX_OK, zx_handle_close(caller->received));
	EXPECT_EQ(objects, live_objects());
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, zx_channel_read(self->client, 0, NULL, NULL, 0, 0, NULL,
						      NULL));
}

static void *answer_thread(void *arg)
{
	const zx_handle_t server = *(zx_handle_t *)arg;
	struct message in;
	zx_handle_t port;

	while (question(server, &in) == ZX_OK) {
		zx_port_create(0, &port);
		zx_channel_write(server, 0, &in, sizeof(in), &port, 1);
	}
	return NULL;
}

/* Who sent a handle closes its own descriptor when the other side has it already. */
static long objects_once(long expected)
{
	unsigned int i;

	for (i = 0; i < 1000 && live_objects() != expected; i++)
		sleep_ms(1);
	return live_objects();
}

TEST_F(call, pointers_bad)
{
	struct message room = {};
	zx_channel_call_args_t good = {
		.wr_bytes = &room, .wr_num_bytes = sizeof(room),
		.rd_bytes = &room, .rd_num_bytes = sizeof(room), .rd_num_handles = 1,
	}, args;
	const zx_time_t deadline = zx_deadline_after(ZX_SEC(20));
	const long objects = live_objects();
	zx_handle_t handle;
	pthread_t thread;

	good.rd_handles = &handle;
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_call(self->client, 0, deadline, BAD_POINTER,
						       NULL, NULL));
	args = good;
	args.wr_bytes = BAD_POINTER;
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_call(self->client, 0, deadline, &args, NULL,
						       NULL));
	args = good;
	args.wr_handles = BAD_POINTER;
	args.wr_num_handles = 1;
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_call(self->client, 0, deadline, &args, NULL,
						       NULL));
	ASSERT_EQ(0, pthread_create(&thread, NULL, answer_thread, &self->server));
	args = good;
	args.rd_bytes = BAD_POINTER;
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_call(self->client, 0, deadline, &args, NULL,
						       NULL));
	args = good;
	args.rd_handles = BAD_POINTER;
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_call(self->client, 0, deadline, &args, NULL,
						       NULL));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_call(self->client, 0, deadline, &good,
						       BAD_POINTER, NULL));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_channel_call(self->client, 0, deadline, &good, NULL,
						       BAD_POINTER));
	EXPECT_EQ(ZX_OK, zx_channel_call(self->client, 0, deadline, &good, NULL, NULL));
	EXPECT_EQ(ZX_OK, zx_handle_close(handle));
	EXPECT_EQ(objects, objects_once(objects));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->client));
	self->client = ZX_HANDLE_INVALID;
	pthread_join(thread, NULL);
}

TEST_F(call, arguments)
{
	unsigned char room[65537] = {};
	zx_handle_t port;
	zx_channel_call_args_t args = { .wr_bytes = room, .wr_handles = &port };
	const struct { uint32_t bytes, handles, options; zx_status_t status; } rows[] = {
		{ 0, 0, 0, ZX_ERR_INVALID_ARGS },
		{ 3, 0, 0, ZX_ERR_INVALID_ARGS },
		{ 4, 0, 1, ZX_ERR_INVALID_ARGS },
		{ 4, 0, 1u << 31, ZX_ERR_INVALID_ARGS },
		{ 65537, 0, 0, ZX_ERR_OUT_OF_RANGE },
		{ 4, 65, 0, ZX_ERR_OUT_OF_RANGE },
		{ 4, 0, 0, ZX_ERR_TIMED_OUT },
		{ 65536, 0, 0, ZX_ERR_TIMED_OUT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t handles[65] = {};

		args.wr_num_bytes = rows[i].bytes;
		args.wr_num_handles = rows[i].handles;
		args.wr_handles = handles;
		EXPECT_EQ(rows[i].status, zx_channel_call(self->client, rows[i].options, 0, &args,
							  NULL, NULL));
	}
	args.wr_num_bytes = 4;
	args.wr_num_handles = 1;
	args.wr_handles = &port;
	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	ASSERT_EQ(ZX_OK, zx_handle_replace(port, ZX_RIGHT_READ, &port));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_channel_call(self->client, 0, 0, &args, NULL, NULL));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_handle_close(port));
}

TEST_F(call, needs_read_and_write)
{
	const zx_rights_t rights = handle_rights(self->client);
	struct caller caller;
	zx_handle_t end[2];

	caller_init(&caller, ZX_HANDLE_INVALID);
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &end[0], &end[1]));
	ASSERT_EQ(ZX_OK, zx_handle_replace(end[0], rights & ~ZX_RIGHT_READ, &caller.channel));
	caller_thread(&caller);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, caller.status);
	ASSERT_EQ(ZX_OK, zx_handle_replace(end[1], rights & ~ZX_RIGHT_WRITE, &end[1]));
	zx_handle_close(caller.channel);
	caller.channel = end[1];
	caller_thread(&caller);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, caller.status);
	zx_handle_close(end[1]);
}

static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
	(void)number;
	signals_seen++;
}

TEST_F(call, a_signal_does_not_send_twice)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct caller caller;
	struct message in;
	unsigned int i;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	caller_init(&caller, self->client);
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(ZX_OK, question(self->server, &in));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, pthread_kill(caller.thread, SIGUSR1));
		sleep_ms(1);
	}
	ASSERT_EQ(ZX_OK, answer(self->server, in.txid, 3));
	EXPECT_EQ(ZX_OK, caller_join(&caller));
	EXPECT_EQ(3, caller.in.value);
	EXPECT_LT(0, signals_seen);
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, zx_channel_read(self->server, 0, NULL, NULL, 0, 0, NULL,
						      NULL));
}

TEST_F(call, a_caller_can_be_killed)
{
	struct message in;
	struct caller caller;
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (child == 0) {
		caller_init(&caller, self->client);
		caller.deadline = ZX_TIME_INFINITE;
		caller_thread(&caller);
		_exit(1);
	}
	ASSERT_EQ(ZX_OK, question(self->server, &in));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	/* Nobody waits for this any more. */
	ASSERT_EQ(ZX_OK, answer(self->server, in.txid, 8));
	EXPECT_EQ(8, queued(self->client));
}

TEST_F(call, no_descriptors_left_drops_the_answer)
{
	const long objects = live_objects();
	struct caller caller;
	int status;
	pid_t child = fork();
	struct message in;
	zx_handle_t port;

	ASSERT_LE(0, child);
	if (child == 0) {
		caller_init(&caller, self->client);
		while (dup(0) >= 0)
			;
		caller_thread(&caller);
		_exit(caller.status == ZX_ERR_NO_MEMORY ? 0 : 1);
	}
	ASSERT_EQ(ZX_OK, question(self->server, &in));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	ASSERT_EQ(ZX_OK, zx_channel_write(self->server, 0, &in, sizeof(in), &port, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(objects, live_objects());
}

TEST_HARNESS_MAIN
