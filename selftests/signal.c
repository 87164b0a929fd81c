// SPDX-License-Identifier: GPL-2.0-only
/* Signals: events, pairs of them, what a user may change, and what poll(2) shows. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define S0	ZX_USER_SIGNAL_0
#define S7	ZX_USER_SIGNAL_7

#define EVENT_RIGHTS	(ZX_RIGHTS_BASIC | ZX_RIGHT_SIGNAL)

FIXTURE(signal) {
	zx_handle_t event;
	zx_handle_t pair[2];
};

FIXTURE_SETUP(signal)
{
	ASSERT_EQ(ZX_OK, zx_event_create(0, &self->event));
	ASSERT_EQ(ZX_OK, zx_eventpair_create(0, &self->pair[0], &self->pair[1]));
}

FIXTURE_TEARDOWN(signal)
{
	zx_handle_close(self->event);
	zx_handle_close(self->pair[0]);
	zx_handle_close(self->pair[1]);
}

static zx_signals_t state_of(zx_handle_t handle)
{
	zx_signals_t observed = UINT32_MAX;

	zx_object_wait_one(handle, 0, 0, &observed);
	return observed;
}

static zx_info_handle_basic_t basic(zx_handle_t handle)
{
	zx_info_handle_basic_t info = {};

	zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	return info;
}

TEST_F(signal, options)
{
	zx_handle_t out[2];

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_event_create(1, out));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_event_create(UINT32_MAX, out));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_eventpair_create(1, &out[0], &out[1]));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_eventpair_create(UINT32_MAX, &out[0], &out[1]));
}

TEST_F(signal, result_pointer_bad)
{
	const int before = count_descriptors();
	const long objects = live_objects();
	zx_handle_t out;

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_event_create(0, BAD_POINTER));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_eventpair_create(0, BAD_POINTER, &out));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_eventpair_create(0, &out, BAD_POINTER));
	EXPECT_EQ(before, count_descriptors());
	EXPECT_EQ(objects, live_objects());
}

TEST_F(signal, descriptors_run_out)
{
	const int spare = dup(0);
	const struct rlimit one_left = { .rlim_cur = spare + 1, .rlim_max = 4096 };
	const long objects = live_objects();
	struct rlimit old;
	zx_handle_t out[2];
	zx_status_t status;

	close(spare);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &one_left));
	status = zx_eventpair_create(0, &out[0], &out[1]);
	setrlimit(RLIMIT_NOFILE, &old);
	EXPECT_EQ(ZX_ERR_NO_MEMORY, status);
	EXPECT_EQ(objects, live_objects());
}

TEST_F(signal, types_and_rights)
{
	EXPECT_EQ(ZX_OBJ_TYPE_EVENT, basic(self->event).type);
	EXPECT_EQ(ZX_OBJ_TYPE_EVENTPAIR, basic(self->pair[0]).type);
	EXPECT_EQ(EVENT_RIGHTS, basic(self->event).rights);
	EXPECT_EQ(EVENT_RIGHTS | ZX_RIGHT_SIGNAL_PEER, basic(self->pair[0]).rights);
	EXPECT_EQ(EVENT_RIGHTS | ZX_RIGHT_SIGNAL_PEER, basic(self->pair[1]).rights);
}

TEST_F(signal, ends_know_each_other)
{
	EXPECT_EQ(basic(self->pair[0]).koid, basic(self->pair[1]).related_koid);
	EXPECT_EQ(basic(self->pair[1]).koid, basic(self->pair[0]).related_koid);
	EXPECT_EQ(0, basic(self->event).related_koid);
}

TEST_F(signal, fresh_ones_are_quiet)
{
	EXPECT_EQ(0, state_of(self->event));
	EXPECT_EQ(0, state_of(self->pair[0]));
	EXPECT_EQ(0, state_of(self->pair[1]));
}

TEST_F(signal, clear_comes_before_set)
{
	EXPECT_EQ(ZX_OK, zx_object_signal(self->event, 0, ZX_EVENT_SIGNALED | S0));
	EXPECT_EQ(ZX_EVENT_SIGNALED | S0, state_of(self->event));
	EXPECT_EQ(ZX_OK, zx_object_signal(self->event, S0, S7));
	EXPECT_EQ(ZX_EVENT_SIGNALED | S7, state_of(self->event));
	EXPECT_EQ(ZX_OK, zx_object_signal(self->event, S7, S7));
	EXPECT_EQ(ZX_EVENT_SIGNALED | S7, state_of(self->event));
	EXPECT_EQ(ZX_OK, zx_object_signal(self->event, 0, 0));
	EXPECT_EQ(ZX_OK, zx_object_signal(self->event, ZX_EVENT_SIGNALED | S7, 0));
	EXPECT_EQ(0, state_of(self->event));
}

TEST_F(signal, every_bit)
{
	const zx_signals_t allowed = ZX_USER_SIGNAL_ALL | ZX_EVENT_SIGNALED;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		const zx_signals_t mask = 1u << bit;
		const zx_status_t status = mask & allowed ? ZX_OK : ZX_ERR_INVALID_ARGS;

		EXPECT_EQ(status, zx_object_signal(self->event, 0, mask));
		EXPECT_EQ(status, zx_object_signal(self->event, mask, 0));
		EXPECT_EQ(status, zx_object_signal(self->pair[0], 0, mask));
		EXPECT_EQ(status, zx_object_signal_peer(self->pair[0], 0, mask));
		EXPECT_EQ(status, zx_object_signal_peer(self->pair[0], mask, 0));
	}
	EXPECT_EQ(0, state_of(self->event));
}

TEST_F(signal, one_bad_bit_changes_nothing)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_signal(self->event, 0, S0 | ZX_OBJECT_READABLE));
	EXPECT_EQ(0, state_of(self->event));
}

TEST_F(signal, peer_gets_it)
{
	EXPECT_EQ(ZX_OK, zx_object_signal_peer(self->pair[0], 0, S0 | ZX_EVENTPAIR_SIGNALED));
	EXPECT_EQ(0, state_of(self->pair[0]));
	EXPECT_EQ(S0 | ZX_EVENTPAIR_SIGNALED, state_of(self->pair[1]));
	EXPECT_EQ(ZX_OK, zx_object_signal(self->pair[1], S0, 0));
	EXPECT_EQ(ZX_EVENTPAIR_SIGNALED, state_of(self->pair[1]));
}

TEST_F(signal, peer_closed_with_its_last_handle)
{
	const zx_handle_t second = handle_without(self->pair[1], ZX_RIGHT_SIGNAL);

	ASSERT_NE(ZX_HANDLE_INVALID, second);
	ASSERT_EQ(ZX_OK, zx_handle_close(self->pair[1]));
	self->pair[1] = ZX_HANDLE_INVALID;
	EXPECT_EQ(0, state_of(self->pair[0]));
	EXPECT_EQ(ZX_OK, zx_object_signal_peer(self->pair[0], 0, S0));
	ASSERT_EQ(ZX_OK, zx_handle_close(second));
	EXPECT_EQ(ZX_EVENTPAIR_PEER_CLOSED, state_of(self->pair[0]));
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, zx_object_signal_peer(self->pair[0], 0, S0));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_signal_peer(self->pair[0], 0, 1));
	EXPECT_EQ(ZX_OK, zx_object_signal(self->pair[0], 0, S0));
	EXPECT_NE(0, basic(self->pair[0]).related_koid);
}

TEST_F(signal, both_ends_closed)
{
	const long objects = live_objects();

	zx_handle_close(self->pair[0]);
	zx_handle_close(self->pair[1]);
	self->pair[0] = self->pair[1] = ZX_HANDLE_INVALID;
	EXPECT_EQ(objects - 2, live_objects());
}

TEST_F(signal, rights_missing)
{
	const zx_handle_t event = handle_without(self->event, ZX_RIGHT_SIGNAL);
	const zx_handle_t end = handle_without(self->pair[0], ZX_RIGHT_SIGNAL_PEER);

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_signal(event, 0, S0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_signal(event, 0, 1));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_signal_peer(end, 0, S0));
	/* No event has ever had a peer. */
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_signal_peer(self->event, 0, S0));
	zx_handle_close(event);
	zx_handle_close(end);
}

TEST_F(signal, handles_that_are_none)
{
	const zx_handle_t foreign = handle_foreign();

	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_signal(ZX_HANDLE_INVALID, 0, S0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_signal(foreign, 0, S0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_signal(0xfffff003, 0, S0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_signal(self->event & ~3u, 0, S0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_signal_peer(foreign, 0, S0));
}

TEST_F(signal, objects_without_signals)
{
	zx_handle_t port, resource;

	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	ASSERT_EQ(ZX_OK, zxl_hypervisor_resource(&resource));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_signal(port, 0, S0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_signal(resource, 0, S0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_wait_one(port, S0, 0, NULL));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_wait_one(resource, S0, 0, NULL));
	zx_handle_close(port);
	zx_handle_close(resource);
}

TEST_F(signal, user_signals_of_others)
{
	struct vm vm;

	ASSERT_EQ(ZX_OK, vm_up(&vm));
	ASSERT_EQ(ZX_OK, vm_boot(&vm, done));
	EXPECT_EQ(ZX_OK, zx_object_signal(vm.vmo, 0, ZX_USER_SIGNAL_ALL));
	EXPECT_EQ(ZX_USER_SIGNAL_ALL, state_of(vm.vmo) & ZX_USER_SIGNAL_ALL);
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_signal(vm.vmo, 0, ZX_VMO_ZERO_CHILDREN));
	EXPECT_EQ(ZX_OK, zx_object_signal(vm.vcpu, 0, S0));
	EXPECT_EQ(S0, state_of(vm.vcpu));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_signal(vm.vcpu, 0, ZX_EVENT_SIGNALED));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_signal(vm.guest, 0, S0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_signal(vm.vmar, 0, S0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_wait_one(vm.guest, S0, 0, NULL));
	vm_down(&vm);
}

static short polled(zx_handle_t handle)
{
	struct pollfd fd = { .fd = zxl_handle_fd(handle), .events = POLLIN | POLLOUT | POLLPRI };

	poll(&fd, 1, 0);
	return fd.revents;
}

TEST_F(signal, poll_shows_them)
{
	EXPECT_EQ(0, polled(self->event));
	zx_object_signal(self->event, 0, ZX_EVENT_SIGNALED);
	EXPECT_EQ(POLLIN, polled(self->event));
	zx_object_signal(self->event, ZX_EVENT_SIGNALED, S7);
	EXPECT_EQ(POLLPRI, polled(self->event));
	zx_handle_close(self->pair[1]);
	self->pair[1] = ZX_HANDLE_INVALID;
	EXPECT_EQ(POLLHUP, polled(self->pair[0]));
}

TEST_F(signal, poll_needs_wait)
{
	const zx_handle_t blind = handle_without(self->event, ZX_RIGHT_WAIT);

	zx_object_signal(self->event, 0, ZX_EVENT_SIGNALED);
	EXPECT_EQ(POLLERR, polled(blind));
	zx_handle_close(blind);
}

static void signal_later(struct later *later)
{
	later->status = zx_object_signal(*(zx_handle_t *)later->arg, 0, ZX_EVENT_SIGNALED);
}

TEST_F(signal, poll_is_woken)
{
	struct pollfd fd = { .fd = zxl_handle_fd(self->event), .events = POLLIN };
	struct later later = { .call = signal_later, .arg = &self->event, .delay_ms = 30 };

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(1, poll(&fd, 1, 10000));
	EXPECT_EQ(POLLIN, fd.revents);
	later_join(&later);
}

TEST_F(signal, epoll_edges)
{
	struct epoll_event wanted = { .events = EPOLLIN | EPOLLET }, got;
	const int epoll = epoll_create1(0);

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, zxl_handle_fd(self->event), &wanted));
	EXPECT_EQ(0, epoll_wait(epoll, &got, 1, 0));
	zx_object_signal(self->event, 0, ZX_EVENT_SIGNALED);
	EXPECT_EQ(1, epoll_wait(epoll, &got, 1, 0));
	EXPECT_EQ(0, epoll_wait(epoll, &got, 1, 0));
	zx_object_signal(self->event, 0, ZX_EVENT_SIGNALED);
	EXPECT_EQ(1, epoll_wait(epoll, &got, 1, 0));
	zx_object_signal(self->event, 0, S0);
	EXPECT_EQ(0, epoll_wait(epoll, &got, 1, 0));
	/* A descriptor that is closed is nothing to a poller. */
	close(dup(zxl_handle_fd(self->event)));
	EXPECT_EQ(0, epoll_wait(epoll, &got, 1, 0));
	close(epoll);
}

TEST_F(signal, shown_in_fdinfo)
{
	char path[64], line[128];
	unsigned int signals = 0;
	FILE *file;

	zx_object_signal(self->event, 0, S0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", zxl_handle_fd(self->event));
	file = fopen(path, "r");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "signals: %x", &signals);
	fclose(file);
	EXPECT_EQ(S0, signals);
}

#define ROUNDS	250

static void *close_end(void *arg)
{
	zx_handle_close(*(zx_handle_t *)arg);
	return NULL;
}

static void *signal_end(void *arg)
{
	zx_status_t status;

	do
		status = zx_object_signal_peer(*(zx_handle_t *)arg, S0, S0);
	while (status == ZX_OK);
	return (void *)(intptr_t)status;
}

TEST_F(signal, both_ends_close_at_once)
{
	const long objects = live_objects();
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		zx_handle_t pair[2];
		pthread_t thread;

		ASSERT_EQ(ZX_OK, zx_eventpair_create(0, &pair[0], &pair[1]));
		ASSERT_EQ(0, pthread_create(&thread, NULL, close_end, &pair[0]));
		EXPECT_EQ(ZX_OK, zx_handle_close(pair[1]));
		pthread_join(thread, NULL);
	}
	EXPECT_EQ(objects, live_objects());
}

TEST_F(signal, end_closes_while_signaled)
{
	const long objects = live_objects();
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		zx_handle_t pair[2];
		pthread_t thread;
		void *status;

		ASSERT_EQ(ZX_OK, zx_eventpair_create(0, &pair[0], &pair[1]));
		ASSERT_EQ(0, pthread_create(&thread, NULL, signal_end, &pair[0]));
		EXPECT_EQ(ZX_OK, zx_handle_close(pair[1]));
		pthread_join(thread, &status);
		EXPECT_EQ(ZX_ERR_PEER_CLOSED, (zx_status_t)(intptr_t)status);
		EXPECT_EQ(ZX_EVENTPAIR_PEER_CLOSED, state_of(pair[0]));
		EXPECT_EQ(ZX_OK, zx_handle_close(pair[0]));
	}
	EXPECT_EQ(objects, live_objects());
}

TEST_HARNESS_MAIN
