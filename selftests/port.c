// SPDX-License-Identifier: GPL-2.0-only
/* Ports: order, limits, deadlines, many waiters. Doorbells are in trap.c. */
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>

#include "kselftest_harness.h"
#include "util.h"

#define QUEUE_LIMIT	4096

FIXTURE(port) {
	zx_handle_t port;
};

FIXTURE_SETUP(port)
{
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
}

FIXTURE_TEARDOWN(port)
{
	zx_handle_close(self->port);
}

static zx_status_t queue_key(zx_handle_t port, uint64_t key)
{
	zx_port_packet_t packet = { .key = key };

	return zx_port_queue(port, &packet);
}

TEST_F(port, unknown_option)
{
	zx_handle_t out;

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_port_create(2, &out));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_port_create(UINT32_MAX, &out));
}

TEST_F(port, create_result_pointer_bad)
{
	const int before = count_descriptors();

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_port_create(0, BAD_POINTER));
	EXPECT_EQ(before, count_descriptors());
}

TEST_F(port, packet_comes_back_whole)
{
	zx_port_packet_t in = { .key = 0x1122334455667788, .type = 99, .status = -5 }, out;
	unsigned int i;

	for (i = 0; i < 32; i++)
		in.user.c8[i] = i + 1;
	ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &in));
	memset(&out, 0xff, sizeof(out));
	ASSERT_EQ(ZX_OK, zx_port_wait(self->port, ZX_TIME_INFINITE, &out));
	EXPECT_EQ(in.key, out.key);
	EXPECT_EQ(ZX_PKT_TYPE_USER, out.type);
	EXPECT_EQ(-5, out.status);
	EXPECT_EQ(0, memcmp(&in.user, &out.user, sizeof(in.user)));
}

TEST_F(port, oldest_first)
{
	zx_port_packet_t packet;
	unsigned int i;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(ZX_OK, queue_key(self->port, i));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
		ASSERT_EQ(i, packet.key);
	}
}

TEST_F(port, limit_of_user_packets)
{
	unsigned int i;

	for (i = 0; i < QUEUE_LIMIT; i++)
		ASSERT_EQ(ZX_OK, queue_key(self->port, i));
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, queue_key(self->port, i));
	ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, NULL));
	EXPECT_EQ(ZX_OK, queue_key(self->port, i));
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, queue_key(self->port, i));
}

TEST_F(port, queue_pointer_bad)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_port_queue(self->port, BAD_POINTER));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_port_queue(self->port, NULL));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
}

TEST_F(port, wait_on_empty_in_the_past)
{
	zx_port_packet_t packet;

	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, -1, &packet));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, ZX_TIME_INFINITE_PAST, &packet));
}

TEST_F(port, past_deadline_takes_what_is_there)
{
	zx_port_packet_t packet;

	ASSERT_EQ(ZX_OK, queue_key(self->port, 3));
	EXPECT_EQ(ZX_OK, zx_port_wait(self->port, ZX_TIME_INFINITE_PAST, &packet));
	EXPECT_EQ(3, packet.key);
}

TEST_F(port, wait_ends_at_its_deadline)
{
	const zx_time_t start = zx_clock_get_monotonic();
	const zx_time_t deadline = start + 30 * ONE_MS;
	zx_time_t end;

	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, deadline, NULL));
	end = zx_clock_get_monotonic();
	EXPECT_GE(end, deadline);
	EXPECT_LT(end, deadline + 2000 * ONE_MS);
}

TEST_F(port, wait_without_a_buffer_drops)
{
	zx_port_packet_t packet;

	ASSERT_EQ(ZX_OK, queue_key(self->port, 1));
	ASSERT_EQ(ZX_OK, queue_key(self->port, 2));
	EXPECT_EQ(ZX_OK, zx_port_wait(self->port, 0, NULL));
	EXPECT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(2, packet.key);
}

TEST_F(port, wait_pointer_bad_loses_the_packet)
{
	ASSERT_EQ(ZX_OK, queue_key(self->port, 1));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_port_wait(self->port, 0, BAD_POINTER));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
}

TEST_F(port, poll_says_when_a_packet_waits)
{
	struct pollfd poll_fd = { .fd = zxl_handle_fd(self->port), .events = POLLIN };

	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	ASSERT_EQ(ZX_OK, queue_key(self->port, 1));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLIN, poll_fd.revents & POLLIN);
	ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, NULL));
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
}

static void queue_later(struct later *later)
{
	later->status = queue_key(*(zx_handle_t *)later->arg, 42);
}

TEST_F(port, queue_wakes_a_waiter)
{
	struct later later = { .call = queue_later, .arg = &self->port, .delay_ms = 30 };
	zx_port_packet_t packet;

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_OK, zx_port_wait(self->port, ZX_TIME_INFINITE, &packet));
	EXPECT_EQ(42, packet.key);
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
}

TEST_F(port, queue_wakes_a_poller)
{
	struct pollfd poll_fd = { .fd = zxl_handle_fd(self->port), .events = POLLIN };
	struct later later = { .call = queue_later, .arg = &self->port, .delay_ms = 30 };

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(1, poll(&poll_fd, 1, 10000));
	later_join(&later);
}

static void on_signal(int number)
{
	(void)number;
}

static void signal_later(struct later *later)
{
	pthread_kill(*(pthread_t *)later->arg, SIGUSR1);
	sleep_ms(30);
	later->status = queue_key(later->vcpu, 43);
}

TEST_F(port, signal_does_not_end_a_wait)
{
	const struct sigaction action = { .sa_handler = on_signal };
	pthread_t self_thread = pthread_self();
	struct later later = { .call = signal_later, .arg = &self_thread, .vcpu = self->port,
			       .delay_ms = 30 };
	zx_port_packet_t packet;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_OK, zx_port_wait(self->port, ZX_TIME_INFINITE, &packet));
	EXPECT_EQ(43, packet.key);
	later_join(&later);
}

#define WAITERS		16
#define PACKETS		2000
#define RISES		500
#define RINGS		1000
#define KEY_END		UINT64_MAX

/* Threads that take what comes, and count it by kind and key. */
static struct pool {
	zx_handle_t port;
	pthread_t thread[WAITERS];
	unsigned int user[PACKETS], signal[RISES], rings, bad;
} pool;

static void count_packet(const zx_port_packet_t *packet)
{
	unsigned int *where = &pool.bad;

	if (packet->type == ZX_PKT_TYPE_GUEST_BELL)
		where = &pool.rings;
	else if (packet->type == ZX_PKT_TYPE_USER && packet->key < PACKETS)
		where = &pool.user[packet->key];
	else if (packet->type == ZX_PKT_TYPE_SIGNAL_ONE && packet->key < RISES)
		where = &pool.signal[packet->key];
	__atomic_add_fetch(where, 1, __ATOMIC_RELAXED);
}

static void *pool_thread(void *arg)
{
	zx_port_packet_t packet = {};

	(void)arg;
	while (zx_port_wait(pool.port, ZX_TIME_INFINITE, &packet) == ZX_OK) {
		if (packet.key == KEY_END)
			return NULL;
		count_packet(&packet);
	}
	__atomic_add_fetch(&pool.bad, 1, __ATOMIC_RELAXED);
	return NULL;
}

static int pool_start(zx_handle_t port)
{
	unsigned int i;

	memset(&pool, 0, sizeof(pool));
	pool.port = port;
	for (i = 0; i < WAITERS; i++)
		if (pthread_create(&pool.thread[i], NULL, pool_thread, NULL))
			return -1;
	return 0;
}

static void queue_surely(zx_handle_t port, uint64_t key)
{
	while (queue_key(port, key) == ZX_ERR_SHOULD_WAIT)
		sleep_ms(1);
}

/* All that was queued so far is counted when this returns. */
static void pool_end(void)
{
	unsigned int i;

	for (i = 0; i < WAITERS; i++)
		queue_surely(pool.port, KEY_END);
	for (i = 0; i < WAITERS; i++)
		pthread_join(pool.thread[i], NULL);
}

TEST_F(port, each_packet_goes_to_one_of_many_waiters)
{
	unsigned int i;

	ASSERT_EQ(0, pool_start(self->port));
	for (i = 0; i < PACKETS; i++)
		queue_surely(self->port, i);
	pool_end();
	EXPECT_EQ(0, pool.bad);
	for (i = 0; i < PACKETS; i++)
		ASSERT_EQ(1, pool.user[i]);
}

static void *queue_all(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < PACKETS; i++)
		queue_surely(pool.port, i);
	return NULL;
}

static void *raise_all(void *arg)
{
	zx_handle_t event;
	unsigned int i;

	(void)arg;
	zx_event_create(0, &event);
	for (i = 0; i < RISES; i++)
		zx_object_wait_async(event, pool.port, i, ZX_EVENT_SIGNALED, 0);
	zx_object_signal(event, 0, ZX_EVENT_SIGNALED);
	zx_handle_close(event);
	return NULL;
}

TEST_F(port, so_do_bells_and_signals)
{
	pthread_t queuer, raiser;
	struct vm vm;
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_up(&vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE,
					   self->port, 0));
	vm_frame(&vm)->rdi = GUEST_BELL;
	vm_frame(&vm)->rcx = RINGS;
	ASSERT_EQ(0, pool_start(self->port));
	ASSERT_EQ(0, pthread_create(&queuer, NULL, queue_all, NULL));
	ASSERT_EQ(0, pthread_create(&raiser, NULL, raise_all, NULL));
	EXPECT_EQ(ZX_OK, vm_boot(&vm, bell) ?: vm_finish(&vm));
	pthread_join(queuer, NULL);
	pthread_join(raiser, NULL);
	pool_end();
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
	EXPECT_EQ(0, pool.bad);
	EXPECT_EQ(RINGS, pool.rings);
	for (i = 0; i < PACKETS; i++)
		ASSERT_EQ(1, pool.user[i]);
	for (i = 0; i < RISES; i++)
		ASSERT_EQ(1, pool.signal[i]);
	vm_down(&vm);
}

TEST_F(port, descriptors_run_out)
{
	const struct rlimit none = { .rlim_cur = 0, .rlim_max = 4096 };
	struct rlimit old;
	zx_handle_t out;
	zx_status_t status;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	status = zx_port_create(0, &out);
	setrlimit(RLIMIT_NOFILE, &old);
	EXPECT_TRUE(status == ZX_ERR_NO_MEMORY || status == ZX_ERR_NO_RESOURCES);
}

TEST_F(port, close_with_packets_inside)
{
	unsigned int i;

	for (i = 0; i < 1000; i++)
		ASSERT_EQ(ZX_OK, queue_key(self->port, i));
	EXPECT_EQ(ZX_OK, zx_handle_close(self->port));
	self->port = ZX_HANDLE_INVALID;
}

TEST_HARNESS_MAIN
