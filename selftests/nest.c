// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels in messages in channels: rings, depth, limits, crowds. Whatever is
 * done here, nothing of it is alive afterwards.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define MAX_MESSAGES	3500
#define MAX_QUEUED	4096
#define MAX_NESTED	4096

struct pair {
	zx_handle_t end[2];
};

FIXTURE(nest) {
	struct pair a, b, c;
};

static zx_status_t pair_new(struct pair *pair)
{
	return zx_channel_create(0, &pair->end[0], &pair->end[1]);
}

FIXTURE_SETUP(nest)
{
	ASSERT_EQ(0, live_objects());
	ASSERT_EQ(ZX_OK, pair_new(&self->a));
	ASSERT_EQ(ZX_OK, pair_new(&self->b));
	ASSERT_EQ(ZX_OK, pair_new(&self->c));
}

FIXTURE_TEARDOWN(nest)
{
	zx_handle_close_many(self->a.end, 2);
	zx_handle_close_many(self->b.end, 2);
	zx_handle_close_many(self->c.end, 2);
	EXPECT_EQ(0, settled_objects());
}

/* The same handle, which stays open when this one is sent. */
static zx_handle_t shared(zx_handle_t handle)
{
	return zxl_handle_from_fd(fcntl(handle >> 2, F_DUPFD_CLOEXEC, 0));
}

/* Puts @handle, which stays, into the queue of @to[0]. */
static zx_status_t put_into(const struct pair *to, zx_handle_t handle)
{
	const zx_handle_t sent = shared(handle);

	return zx_channel_write(to->end[1], 0, NULL, 0, &sent, 1);
}

static zx_status_t take_from(const struct pair *pair, zx_handle_t *out)
{
	return zx_channel_read(pair->end[0], 0, NULL, out, 0, 1, NULL, NULL);
}

TEST_F(nest, end_in_its_own_queue)
{
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, put_into(&self->a, self->a.end[0]));
}

TEST_F(nest, end_through_itself)
{
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, put_into(&self->a, self->a.end[1]));
}

TEST_F(nest, end_with_another_handle)
{
	zx_handle_t again = shared(self->a.end[0]), second;

	ASSERT_EQ(ZX_OK, zx_handle_replace(again, ZX_RIGHT_TRANSFER, &second));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, put_into(&self->a, second));
	EXPECT_EQ(ZX_OK, zx_handle_close(second));
}

TEST_F(nest, ring_of_two)
{
	ASSERT_EQ(ZX_OK, put_into(&self->a, self->b.end[0]));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, put_into(&self->b, self->a.end[0]));
	/* The far ends hang on nothing. */
	EXPECT_EQ(ZX_OK, put_into(&self->b, self->a.end[1]));
}

TEST_F(nest, ring_of_three)
{
	ASSERT_EQ(ZX_OK, put_into(&self->a, self->b.end[0]));
	ASSERT_EQ(ZX_OK, put_into(&self->b, self->c.end[0]));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, put_into(&self->c, self->a.end[0]));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, put_into(&self->c, self->b.end[0]));
	EXPECT_EQ(ZX_OK, put_into(&self->a, self->c.end[0]));
}

TEST_F(nest, ring_among_other_handles)
{
	zx_handle_t sent[3];

	ASSERT_EQ(ZX_OK, put_into(&self->a, self->b.end[0]));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &sent[0]));
	sent[1] = shared(self->c.end[0]);
	sent[2] = shared(self->a.end[0]);
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, zx_channel_write(self->b.end[1], 0, NULL, 0, sent, 3));
}

TEST_F(nest, ring_by_a_call)
{
	const zx_handle_t sent = shared(self->a.end[0]);
	const zx_channel_call_args_t args = {
		.wr_bytes = "call", .wr_num_bytes = 4, .wr_handles = &sent, .wr_num_handles = 1,
	};

	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, zx_channel_call(self->a.end[1], 0, 0, &args, NULL, NULL));
}

TEST_F(nest, ring_is_possible_again_once_it_is_broken)
{
	zx_handle_t out;

	ASSERT_EQ(ZX_OK, put_into(&self->a, self->b.end[0]));
	ASSERT_EQ(ZX_ERR_NOT_SUPPORTED, put_into(&self->b, self->a.end[0]));
	ASSERT_EQ(ZX_OK, take_from(&self->a, &out));
	EXPECT_EQ(ZX_OK, put_into(&self->b, self->a.end[0]));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, put_into(&self->a, out));
	EXPECT_EQ(ZX_OK, zx_handle_close(out));
}

/* A socket holds an end, the end's queue a handle: nothing there leads to the socket. */
TEST_F(nest, end_in_a_socket_that_is_closed)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec data = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	const int fd = self->a.end[0] >> 2;
	int socks[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	ASSERT_EQ(ZX_OK, put_into(&self->a, self->b.end[0]));
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	ASSERT_EQ(1, sendmsg(socks[0], &msg, 0));
	ASSERT_EQ(ZX_OK, zx_handle_close_many(self->a.end, 2));
	ASSERT_EQ(ZX_OK, zx_handle_close_many(self->b.end, 2));
	ASSERT_EQ(ZX_OK, zx_handle_close_many(self->c.end, 2));
	/* The end in the socket and the one in its queue. */
	EXPECT_EQ(2, live_objects());
	close(socks[0]);
	close(socks[1]);
}

/* From the inside out: each end goes into the queue of the next. */
static unsigned int wrap(struct pair *outer, unsigned int depth)
{
	struct pair next;
	unsigned int i;

	for (i = 0; i < depth; i++) {
		if (pair_new(&next) != ZX_OK ||
		    zx_channel_write(next.end[1], 0, NULL, 0, &outer->end[0], 1) != ZX_OK)
			break;
		zx_handle_close(outer->end[1]);
		*outer = next;
	}
	return i;
}

/* From the outside in: only the far end of the innermost is held. */
static unsigned int burrow(struct pair *inner, unsigned int depth)
{
	struct pair next;
	unsigned int i;

	for (i = 0; i < depth; i++) {
		if (pair_new(&next) != ZX_OK ||
		    zx_channel_write(inner->end[1], 0, NULL, 0, &next.end[0], 1) != ZX_OK)
			break;
		zx_handle_close(inner->end[1]);
		inner->end[1] = next.end[1];
	}
	return i;
}

TEST_F(nest, wrapped_and_unwrapped)
{
	zx_handle_t inner;
	unsigned int i;

	ASSERT_EQ(100, wrap(&self->a, 100));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(ZX_OK, take_from(&self->a, &inner));
		zx_handle_close(self->a.end[0]);
		self->a.end[0] = inner;
	}
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, take_from(&self->a, &inner));
}

/* A queue full of handles, an end among each 64; behind it there is one more. */
TEST_F(nest, too_much_to_tell)
{
	zx_handle_t sent[64];
	unsigned int i, j;
	struct pair d;

	for (i = 0; i < MAX_NESTED / 64; i++) {
		for (j = 0; j < 64; j++)
			sent[j] = shared(self->b.end[0]);
		ASSERT_EQ(ZX_OK, zx_channel_write(self->a.end[1], 0, NULL, 0, sent, 64));
	}
	ASSERT_EQ(ZX_OK, pair_new(&d));
	EXPECT_EQ(ZX_OK, put_into(&d, self->a.end[0]));
	ASSERT_EQ(ZX_OK, put_into(&self->b, self->c.end[0]));
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, put_into(&d, self->a.end[0]));
	EXPECT_EQ(ZX_OK, zx_handle_close_many(d.end, 2));
}

TEST_F(nest, a_thousand_deep_from_outside)
{
	ASSERT_EQ(1000, burrow(&self->a, 1000));
}

TEST_F(nest, deep_and_killed)
{
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (child == 0) {
		if (burrow(&self->a, 2000) != 2000)
			_exit(1);
		raise(SIGKILL);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(nest, limit_of_messages)
{
	unsigned int i;

	for (i = 0; i < MAX_MESSAGES; i++)
		ASSERT_EQ(ZX_OK, zx_channel_write(self->a.end[1], 0, NULL, 0, NULL, 0));
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, zx_channel_write(self->a.end[1], 0, NULL, 0, NULL, 0));
	EXPECT_EQ(ZX_OK, zx_channel_write(self->a.end[0], 0, NULL, 0, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_channel_read(self->a.end[0], 0, NULL, NULL, 0, 0, NULL, NULL));
	EXPECT_EQ(ZX_OK, zx_channel_write(self->a.end[1], 0, NULL, 0, NULL, 0));
}

static zx_status_t put_ports(zx_handle_t end, unsigned int count)
{
	zx_handle_t ports[64];
	unsigned int i;

	for (i = 0; i < count; i++)
		if (zx_port_create(0, &ports[i]) != ZX_OK)
			return ZX_ERR_INTERNAL;
	return zx_channel_write(end, 0, NULL, 0, ports, count);
}

TEST_F(nest, limit_of_handles)
{
	zx_handle_t out[64];
	unsigned int i;

	for (i = 0; i < MAX_QUEUED / 64; i++)
		ASSERT_EQ(ZX_OK, put_ports(self->a.end[1], 64));
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, put_ports(self->a.end[1], 1));
	EXPECT_EQ(ZX_OK, zx_channel_write(self->a.end[1], 0, NULL, 0, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_channel_read(self->a.end[0], 0, NULL, out, 0, 64, NULL, NULL));
	EXPECT_EQ(ZX_OK, zx_handle_close_many(out, 64));
	EXPECT_EQ(ZX_OK, put_ports(self->a.end[1], 64));
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, put_ports(self->a.end[1], 1));
}

/* What RLIMIT_NOFILE does not see is counted for the user. */
static int ordinary_user(const struct pair *a, const struct pair *b)
{
	const struct rlimit limit = { .rlim_cur = 40, .rlim_max = 40 };
	zx_handle_t out;
	unsigned int i;

	if (setrlimit(RLIMIT_NOFILE, &limit) || setresuid(65534, 65534, 65534))
		return 1;
	for (i = 0; i < 20; i++)
		if (put_ports(a->end[1], 1) != ZX_OK || put_ports(b->end[1], 1) != ZX_OK)
			return 2;
	if (put_ports(a->end[1], 1) != ZX_ERR_NO_RESOURCES)
		return 3;
	if (zx_channel_write(a->end[1], 0, "x", 1, NULL, 0) != ZX_OK)
		return 4;
	if (take_from(b, &out) != ZX_OK || zx_handle_close(out) != ZX_OK)
		return 5;
	if (put_ports(a->end[1], 1) != ZX_OK)
		return 6;
	return put_ports(a->end[1], 1) == ZX_ERR_NO_RESOURCES ? 0 : 7;
}

TEST_F(nest, limit_of_a_user)
{
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (child == 0)
		_exit(ordinary_user(&self->a, &self->b));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	/* They still count for that user and are in nobody else's way. */
	EXPECT_EQ(ZX_OK, put_ports(self->a.end[1], 64));
}

/* Four write, four read, each message once. */
#define CROWD		4
#define EACH		2000

struct crowd {
	zx_handle_t end;
	unsigned int sum, handles;
	unsigned int *left;
	pthread_t thread;
};

static void *crowd_writer(void *arg)
{
	struct crowd *crowd = arg;
	zx_status_t status;
	zx_handle_t port;
	unsigned int i;

	for (i = 1; i <= EACH; i++) {
		do {
			if (i % 8 == 0)
				zx_port_create(0, &port);
			status = zx_channel_write(crowd->end, 0, &i, sizeof(i), &port, i % 8 == 0);
			if (status == ZX_ERR_SHOULD_WAIT)
				sched_yield();
		} while (status == ZX_ERR_SHOULD_WAIT);
		if (status == ZX_OK)
			crowd->sum += i;
	}
	return NULL;
}

static void *crowd_reader(void *arg)
{
	struct crowd *crowd = arg;
	uint32_t value, handles;
	zx_handle_t handle;

	while (__atomic_load_n(crowd->left, __ATOMIC_SEQ_CST)) {
		if (zx_channel_read(crowd->end, 0, &value, &handle, sizeof(value), 1, NULL,
				    &handles) != ZX_OK) {
			sched_yield();
			continue;
		}
		crowd->sum += value;
		crowd->handles += handles;
		if (handles && zx_handle_close(handle) != ZX_OK)
			crowd->handles = 1000000;
		__atomic_fetch_sub(crowd->left, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST_F(nest, crowd_gets_each_message_once)
{
	unsigned int left = CROWD * EACH, i, written = 0, read = 0, handles = 0;
	struct crowd crowd[2 * CROWD];

	for (i = 0; i < 2 * CROWD; i++) {
		crowd[i] = (struct crowd) { .end = self->a.end[i % 2], .left = &left };
		ASSERT_EQ(0, pthread_create(&crowd[i].thread, NULL,
					    i % 2 ? crowd_writer : crowd_reader, &crowd[i]));
	}
	for (i = 0; i < 2 * CROWD; i++) {
		pthread_join(crowd[i].thread, NULL);
		*(i % 2 ? &written : &read) += crowd[i].sum;
		handles += crowd[i].handles;
	}
	EXPECT_EQ(CROWD * EACH * (EACH + 1) / 2, written);
	EXPECT_EQ(written, read);
	EXPECT_EQ(CROWD * EACH / 8, handles);
}

/*
 * Everybody does anything to the same few descriptors, among them closing: any
 * status will do, and in the end there must be nothing.
 */
#define SLOTS		8

struct chaos {
	zx_handle_t *slots;
	unsigned int seed;
	volatile bool *stop;
};

static void chaos_step(zx_handle_t *slots, unsigned int *seed)
{
	const zx_channel_call_args_t args = { .wr_bytes = "call", .wr_num_bytes = 4 };
	zx_handle_t *one = &slots[rand_r(seed) % SLOTS], *two = &slots[rand_r(seed) % SLOTS];
	zx_handle_t sent, out[2];

	switch (rand_r(seed) % 8) {
	case 0:
		zx_handle_close(*one);
		zx_handle_close(*two);
		zx_channel_create(0, one, two);
		break;
	case 1:
	case 2:
		sent = shared(*one);
		zx_channel_write(*two, 0, "text", 4, &sent, 1);
		break;
	case 3:
		zx_channel_write(*two, 0, "text", 4, one, 1);
		break;
	case 4:
		zx_channel_call(*one, 0, zx_deadline_after(rand_r(seed) % 500000), &args, NULL,
				NULL);
		break;
	default:
		if (zx_channel_read(*one, 0, out, out, 4, 1, NULL, NULL) == ZX_OK)
			zx_handle_close(out[0]);
	}
}

static void *chaos_thread(void *arg)
{
	struct chaos *chaos = arg;

	while (!*chaos->stop)
		chaos_step(chaos->slots, &chaos->seed);
	return NULL;
}

/* In a child: closing at random may hit any descriptor of a handle. */
static void chaos_child(void)
{
	zx_handle_t slots[SLOTS] = {};
	volatile bool stop = false;
	struct chaos chaos[CROWD];
	pthread_t threads[CROWD];
	unsigned int i;

	for (i = 0; i < SLOTS; i += 2)
		zx_channel_create(0, &slots[i], &slots[i + 1]);
	for (i = 0; i < CROWD; i++) {
		chaos[i] = (struct chaos) { slots, i + 1, &stop };
		pthread_create(&threads[i], NULL, chaos_thread, &chaos[i]);
	}
	sleep_ms(2000);
	stop = true;
	for (i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

TEST_F(nest, chaos_leaves_nothing)
{
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (child == 0)
		chaos_child();
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(nest, chaos_killed_leaves_nothing)
{
	unsigned int i;
	int status;

	for (i = 0; i < 10; i++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (child == 0)
			chaos_child();
		sleep_ms(20 + 17 * i);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
	}
}

TEST_HARNESS_MAIN
