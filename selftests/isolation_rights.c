// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handle gives what its rights say and nothing else, whichever way it came: each call
 * with each right taken away, and the ways around handles that Linux has.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define NOBODY		65534
#define RIGHTS		23

struct world {
	struct vm vm;
	zx_handle_t port, vmo, event, pair[2], channel[2];
	char buffer[64];
};

static zx_handle_t out;

static void drop(zx_handle_t *handle)
{
	zx_handle_close(*handle);
	*handle = ZX_HANDLE_INVALID;
}

/* A call on @h, which has lost rights. What it makes goes to @out. */
typedef zx_status_t (*call_t)(struct world *w, zx_handle_t h);

#define CALL(name, expression)							\
	static zx_status_t name(struct world *w __attribute__((unused)),	\
				zx_handle_t h)					\
	{ return expression; }

static zx_port_packet_t packet;
static zx_vaddr_t addr;
static zx_vcpu_state_t state;
static uint8_t info[256];

CALL(duplicate, zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, &out))
CALL(wait_one, zx_object_wait_one(h, ~0u, 0, NULL))
CALL(wait_async, zx_object_wait_async(h, w->port, 0, ~0u, 0))
CALL(put_up, zx_object_signal(h, 0, ZX_USER_SIGNAL_0))
CALL(put_up_peer, zx_object_signal_peer(h, 0, ZX_USER_SIGNAL_0))
CALL(get_name, zx_object_get_property(h, ZX_PROP_NAME, w->buffer, sizeof(w->buffer)))
CALL(set_name, zx_object_set_property(h, ZX_PROP_NAME, "x", 1))
CALL(count, zx_object_get_info(h, ZX_INFO_HANDLE_COUNT, info, sizeof(info), NULL, NULL))
CALL(vmar_info, zx_object_get_info(h, ZX_INFO_VMAR, info, sizeof(info), NULL, NULL))
CALL(vcpu_info, zx_object_get_info(h, ZX_INFO_VCPU, info, sizeof(info), NULL, NULL))
CALL(resource_info, zx_object_get_info(h, ZX_INFO_RESOURCE, info, sizeof(info), NULL, NULL))
CALL(derive, zx_resource_create(h, ZX_RSRC_KIND_VMEX, 0, 0, NULL, 0, &out))
CALL(queue, zx_port_queue(h, &packet))
CALL(take, zx_port_wait(h, 0, &packet))
CALL(cancel, zx_port_cancel(h, w->event, 0))
CALL(observe_to, zx_object_wait_async(w->event, h, 0, ZX_EVENT_SIGNALED, 0))
CALL(vmo_read, zx_vmo_read(h, w->buffer, 0, 1))
CALL(vmo_write, zx_vmo_write(h, w->buffer, 0, 1))
CALL(resize, zx_vmo_set_size(h, 2 * PAGE))
CALL(commit, zx_vmo_op_range(h, ZX_VMO_OP_COMMIT, 0, PAGE, NULL, 0))
CALL(decommit, zx_vmo_op_range(h, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0))
CALL(clean, zx_vmo_op_range(h, ZX_VMO_OP_CACHE_CLEAN, 0, PAGE, NULL, 0))
CALL(snapshot, zx_vmo_create_child(h, ZX_VMO_CHILD_SNAPSHOT, 0, PAGE, &out))
CALL(policy, zx_vmo_set_cache_policy(h, ZX_CACHE_POLICY_CACHED))
CALL(map_in_guest, zx_vmar_map(w->vm.vmar, ZX_VM_PERM_READ, 0, h, 0, PAGE, &addr))
CALL(map_to_write, zx_vmar_map(w->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, h, 0, PAGE,
			       &addr))
CALL(map_into, zx_vmar_map(h, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, w->vmo, 0, PAGE, &addr))
CALL(map_code_into, zx_vmar_map(h, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE, 0, w->vm.vmo, 0, PAGE,
				&addr))
CALL(allocate, zx_vmar_allocate(h, ZX_VM_CAN_MAP_READ, 0, PAGE, &out, &addr))
CALL(set_trap, zx_guest_set_trap(h, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE, ZX_HANDLE_INVALID, 0))
CALL(set_bell, zx_guest_set_trap(w->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, h, 0))
CALL(unset_trap, zxl_guest_unset_trap(h, ZX_GUEST_TRAP_MEM, GUEST_TRAP))
CALL(ipi_mode, zxl_guest_set_ipi_mode(h, ZXL_IPI_PACKET))
CALL(create_vcpu, zx_vcpu_create(h, 0, 0, &out))
CALL(kick, zx_vcpu_kick(h))
CALL(enter, zx_vcpu_enter(h, &packet))
CALL(resume, zx_vcpu_resume(h, &packet))
CALL(interrupt, zx_vcpu_interrupt(h, 64))
CALL(read_state, zx_vcpu_read_state(h, ZX_VCPU_STATE, &state, sizeof(state)))
CALL(write_state, zx_vcpu_write_state(h, ZX_VCPU_STATE, &state, sizeof(state)))
CALL(write_to, zx_channel_write(h, 0, NULL, 0, NULL, 0))
CALL(read_from, zx_channel_read(h, 0, NULL, NULL, 0, 0, NULL, NULL))

static zx_status_t map_here(struct world *w __attribute__((unused)), zx_handle_t h, int prot)
{
	void *page = mmap(NULL, PAGE, prot, MAP_SHARED, zxl_handle_fd(h), 0);

	if (page == MAP_FAILED)
		return errno == EACCES ? ZX_ERR_ACCESS_DENIED : ZX_ERR_INTERNAL;
	munmap(page, PAGE);
	return ZX_OK;
}

CALL(map_for_nothing, map_here(w, h, PROT_NONE))
CALL(map_readable, map_here(w, h, PROT_READ))
CALL(map_writable, map_here(w, h, PROT_WRITE))

static zx_status_t poll_of(struct world *w __attribute__((unused)), zx_handle_t h)
{
	struct pollfd fd = { .fd = zxl_handle_fd(h), .events = POLLIN };

	if (poll(&fd, 1, 0) < 0)
		return ZX_ERR_INTERNAL;
	return fd.revents & POLLERR ? ZX_ERR_ACCESS_DENIED : ZX_OK;
}

/* In a message: only a handle that may travel does, and either way it is gone here. */
static zx_status_t transfer(struct world *w, zx_handle_t h)
{
	zx_status_t status = zx_channel_write(w->channel[0], 0, NULL, 0, &h, 1);

	if (status == ZX_OK)
		zx_channel_read(w->channel[1], ZX_CHANNEL_READ_MAY_DISCARD, NULL, NULL, 0, 0,
				NULL, NULL);
	return status;
}

struct row {
	const char *name;
	call_t call;
	size_t on;		/* where in the world the handle is */
	zx_rights_t needs;
};

#define R(right)	ZX_RIGHT_##right
#define ROW(call, on, needs)	{ #call, call, offsetof(struct world, on), needs }

static const struct row rows[] = {
	ROW(duplicate, vmo, R(DUPLICATE)),
	ROW(duplicate, vm.guest, R(DUPLICATE)),
	ROW(transfer, vmo, R(TRANSFER)),
	ROW(transfer, vm.resource, R(TRANSFER)),
	ROW(wait_one, event, R(WAIT)),
	ROW(wait_one, vmo, R(WAIT)),
	ROW(wait_async, event, R(WAIT)),
	ROW(poll_of, event, R(WAIT)),
	ROW(poll_of, port, R(READ)),
	ROW(put_up, event, R(SIGNAL)),
	ROW(put_up, vmo, R(SIGNAL)),
	ROW(put_up_peer, pair[0], R(SIGNAL_PEER)),
	ROW(get_name, vmo, R(GET_PROPERTY)),
	ROW(set_name, vmo, R(SET_PROPERTY)),
	ROW(count, port, R(INSPECT)),
	ROW(vmar_info, vm.vmar, R(INSPECT)),
	ROW(vcpu_info, vm.vcpu, R(INSPECT)),
	ROW(resource_info, vm.resource, R(INSPECT)),
	ROW(derive, vm.resource, R(WRITE)),
	ROW(queue, port, R(WRITE)),
	ROW(take, port, R(READ)),
	ROW(cancel, port, R(WRITE)),
	ROW(observe_to, port, R(WRITE)),
	ROW(vmo_read, vmo, R(READ)),
	ROW(vmo_write, vmo, R(WRITE)),
	ROW(resize, vmo, R(WRITE) | R(RESIZE)),
	ROW(commit, vmo, R(WRITE)),
	ROW(decommit, vmo, R(WRITE)),
	ROW(clean, vmo, R(READ)),
	ROW(snapshot, vmo, R(DUPLICATE) | R(READ)),
	ROW(policy, vmo, R(MAP)),
	ROW(map_in_guest, vmo, R(MAP) | R(READ)),
	ROW(map_to_write, vmo, R(MAP) | R(READ) | R(WRITE)),
	ROW(map_into, vm.vmar, R(READ) | R(WRITE)),
	ROW(map_code_into, vm.vmar, R(READ) | R(EXECUTE)),
	ROW(allocate, vm.vmar, R(READ)),
	ROW(set_trap, vm.guest, R(WRITE)),
	ROW(set_bell, port, R(WRITE)),
	ROW(unset_trap, vm.guest, R(WRITE)),
	ROW(ipi_mode, vm.guest, R(WRITE)),
	ROW(create_vcpu, vm.guest, R(MANAGE_PROCESS)),
	ROW(kick, vm.vcpu, R(EXECUTE)),
	ROW(enter, vm.vcpu, R(EXECUTE)),
	ROW(resume, vm.vcpu, R(EXECUTE)),
	ROW(interrupt, vm.vcpu, R(SIGNAL)),
	ROW(read_state, vm.vcpu, R(READ)),
	ROW(write_state, vm.vcpu, R(WRITE)),
	ROW(write_to, channel[0], R(WRITE)),
	ROW(read_from, channel[0], R(READ)),
	ROW(map_for_nothing, vmo, R(MAP) | R(READ)),
	ROW(map_readable, vmo, R(MAP) | R(READ)),
	ROW(map_writable, vmo, R(MAP) | R(READ) | R(WRITE)),
	ROW(map_readable, vm.vcpu, R(READ)),
	ROW(map_writable, vm.vcpu, R(READ) | R(WRITE)),
};

FIXTURE(rights) {
	struct world world;
};

FIXTURE_SETUP(rights)
{
	struct world *w = &self->world;

	ASSERT_EQ(ZX_OK, vm_up(&w->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&w->vm, done));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &w->port));
	ASSERT_EQ(ZX_OK, zx_vmo_create(2 * PAGE, ZX_VMO_RESIZABLE, &w->vmo));
	ASSERT_EQ(ZX_OK, zx_event_create(0, &w->event));
	ASSERT_EQ(ZX_OK, zx_eventpair_create(0, &w->pair[0], &w->pair[1]));
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &w->channel[0], &w->channel[1]));
}

FIXTURE_TEARDOWN(rights)
{
	vm_down(&self->world.vm);
}

/* A handle to the same with exactly @rights; a channel's end cannot be duplicated. */
static zx_handle_t with_exactly(zx_handle_t handle, zx_rights_t rights)
{
	zx_handle_t copy = ZX_HANDLE_INVALID;
	int fd = dup(zxl_handle_fd(handle));

	if (fd >= 0)
		zx_handle_replace((zx_handle_t)fd << 2 | ZX_HANDLE_FIXED_BITS_MASK, rights, &copy);
	return copy;
}

/* What @row's call says to a handle with @rights: is it denied as it should be? */
static bool as_it_should(struct world *w, const struct row *row, zx_rights_t rights)
{
	const zx_handle_t from = *(zx_handle_t *)((char *)w + row->on);
	const bool lacks = row->needs & ~rights;
	zx_handle_t handle = with_exactly(from, rights);
	zx_status_t status;

	if (handle == ZX_HANDLE_INVALID)
		return false;
	status = row->call(w, handle);
	drop(&out);
	drop(&handle);
	if ((status == ZX_ERR_ACCESS_DENIED) == lacks)
		return true;
	printf("# %s with rights %#x: %d\n", row->name, rights, status);
	return false;
}

TEST_F(rights, each_is_needed_and_no_other)
{
	struct world *w = &self->world;
	const struct row *row;
	zx_rights_t all;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		row = &rows[i];
		all = handle_rights(*(zx_handle_t *)((char *)w + row->on));
		EXPECT_EQ(row->needs, row->needs & all);
		EXPECT_TRUE(as_it_should(w, row, 0));
		EXPECT_TRUE(as_it_should(w, row, row->needs));
		for (bit = 0; bit < RIGHTS; bit++)
			if (all & 1u << bit)
				EXPECT_TRUE(as_it_should(w, row, all & ~(1u << bit)));
	}
}

static int open_again(zx_handle_t handle, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", zxl_handle_fd(handle));
	return open(path, flags);
}

static const int all_flags[] = { O_RDONLY, O_WRONLY, O_RDWR };

TEST_F(rights, are_not_had_by_opening_again)
{
	struct world *w = &self->world;
	const zx_handle_t handles[] = { w->vm.guest, w->vm.vmar, w->vm.vcpu, w->port, w->vmo,
					w->event, w->pair[0], w->channel[0],
					handle_with(w->vm.resource, 0) };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(handles); i++)
		for (j = 0; j < ARRAY_SIZE(all_flags); j++)
			EXPECT_EQ(-1, open_again(handles[i], all_flags[j]));
}

/* The same handle with the same rights comes out at the other side of @fd's way. */
static bool same_rights(int fd, zx_rights_t rights)
{
	return fd >= 0 && handle_rights((zx_handle_t)fd << 2 | ZX_HANDLE_FIXED_BITS_MASK) == rights;
}

static int over_a_socket(int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int ends[2], got = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return -1;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(ends[0], &msg, 0) == 1 && recvmsg(ends[1], &msg, 0) == 1 &&
	    CMSG_FIRSTHDR(&msg))
		memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(got));
	close(ends[0]);
	close(ends[1]);
	return got;
}

TEST_F(rights, travel_with_the_descriptor)
{
	const zx_rights_t few = ZX_RIGHT_READ | ZX_RIGHT_TRANSFER;
	const zx_handle_t handle = handle_with(self->world.vmo, few);
	int self_fd = syscall(SYS_pidfd_open, getpid(), 0);

	EXPECT_TRUE(same_rights(dup(zxl_handle_fd(handle)), few));
	EXPECT_TRUE(same_rights(over_a_socket(zxl_handle_fd(handle)), few));
	ASSERT_LE(0, self_fd);
	EXPECT_TRUE(same_rights(syscall(SYS_pidfd_getfd, self_fd, zxl_handle_fd(handle), 0), few));
}

/* In a child, as nobody, with a user namespace of its own if @spaces. Opens that worked. */
static int opens_as_nobody(int device, bool spaces)
{
	unsigned int i;
	char path[64];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int opened = 0;

		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(100);
		if (spaces && unshare(CLONE_NEWUSER) && errno != EPERM && errno != EINVAL)
			_exit(101);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", device);
		for (i = 0; i < ARRAY_SIZE(all_flags); i++) {
			opened += open(ZX_HYPERVISOR_DEVICE, all_flags[i]) >= 0;
			opened += open(path, all_flags[i]) >= 0;
		}
		_exit(opened);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST(device_is_closed_to_others)
{
	int device = open(ZX_HYPERVISOR_DEVICE, O_RDONLY);
	int path = open(ZX_HYPERVISOR_DEVICE, O_PATH);

	ASSERT_LE(0, device);
	ASSERT_LE(0, path);
	EXPECT_EQ(0, opens_as_nobody(device, false));
	EXPECT_EQ(0, opens_as_nobody(device, true));
	EXPECT_EQ(0, opens_as_nobody(path, false));
	EXPECT_EQ(0, opens_as_nobody(path, true));
	EXPECT_EQ(0, handle_rights((zx_handle_t)path << 2 | ZX_HANDLE_FIXED_BITS_MASK));
}

TEST_HARNESS_MAIN
