// SPDX-License-Identifier: GPL-2.0-only
/* Handles: closing, duplicating, replacing, sharing, asking. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(handle) {
	zx_handle_t port;
	zx_handle_t other;
};

FIXTURE_SETUP(handle)
{
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
}

FIXTURE_TEARDOWN(handle)
{
	zx_handle_close(self->other);
	zx_handle_close(self->port);
}

static zx_koid_t koid_of(zx_handle_t handle)
{
	zx_info_handle_basic_t info;

	if (zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL))
		return 0;
	return info.koid;
}

static uint32_t handle_count(zx_handle_t handle)
{
	zx_info_handle_count_t info;

	if (zx_object_get_info(handle, ZX_INFO_HANDLE_COUNT, &info, sizeof(info), NULL, NULL))
		return 0;
	return info.handle_count;
}

TEST_F(handle, low_bits_are_set)
{
	EXPECT_EQ(ZX_HANDLE_FIXED_BITS_MASK, self->port & ZX_HANDLE_FIXED_BITS_MASK);
	EXPECT_EQ((int)(self->port >> 2), zxl_handle_fd(self->port));
	EXPECT_EQ(self->port, zxl_handle_from_fd(self->port >> 2));
}

TEST_F(handle, is_close_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->port >> 2, F_GETFD));
}

TEST_F(handle, close_of_none)
{
	EXPECT_EQ(ZX_OK, zx_handle_close(ZX_HANDLE_INVALID));
}

TEST_F(handle, close_closes)
{
	const int before = count_descriptors();

	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->other));
	EXPECT_EQ(before + 1, count_descriptors());
	EXPECT_EQ(ZX_OK, zx_handle_close(self->other));
	EXPECT_EQ(before, count_descriptors());
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_handle_close(self->other));
	self->other = ZX_HANDLE_INVALID;
}

TEST_F(handle, close_leaves_foreign_descriptors)
{
	const zx_handle_t foreign = handle_foreign();

	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_handle_close(foreign));
	EXPECT_NE(-1, fcntl(foreign >> 2, F_GETFD));
}

TEST_F(handle, close_with_wrong_low_bits)
{
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_handle_close(self->port & ~1u));
	EXPECT_NE(-1, fcntl(self->port >> 2, F_GETFD));
}

TEST_F(handle, close_many_skips_none)
{
	zx_handle_t handles[4] = {};

	ASSERT_EQ(ZX_OK, zx_port_create(0, &handles[1]));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &handles[3]));
	EXPECT_EQ(ZX_OK, zx_handle_close_many(handles, 4));
	EXPECT_EQ(-1, fcntl(handles[1] >> 2, F_GETFD));
	EXPECT_EQ(-1, fcntl(handles[3] >> 2, F_GETFD));
}

TEST_F(handle, close_many_goes_on_behind_a_bad_one)
{
	zx_handle_t handles[2] = { 4 };

	ASSERT_EQ(ZX_OK, zx_port_create(0, &handles[1]));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_handle_close_many(handles, 2));
	EXPECT_EQ(-1, fcntl(handles[1] >> 2, F_GETFD));
}

TEST_F(handle, duplicate_is_the_same_object)
{
	ASSERT_EQ(ZX_OK, zx_handle_duplicate(self->port, ZX_RIGHT_SAME_RIGHTS, &self->other));
	EXPECT_NE(self->port, self->other);
	EXPECT_NE(0, koid_of(self->port));
	EXPECT_EQ(koid_of(self->port), koid_of(self->other));
	EXPECT_EQ(handle_rights(self->port), handle_rights(self->other));
}

TEST_F(handle, duplicate_with_fewer_rights)
{
	ASSERT_EQ(ZX_OK, zx_handle_duplicate(self->port, ZX_RIGHT_READ, &self->other));
	EXPECT_EQ(ZX_RIGHT_READ, handle_rights(self->other));
}

TEST_F(handle, duplicate_with_more_rights)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_handle_duplicate(self->port, ZX_RIGHT_EXECUTE,
							   &self->other));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_handle_duplicate(self->port, ZX_RIGHT_SAME_RIGHTS |
							   ZX_RIGHT_READ, &self->other));
}

TEST_F(handle, duplicate_outlives_the_original)
{
	zx_port_packet_t packet = { .key = 7 };

	ASSERT_EQ(ZX_OK, zx_handle_duplicate(self->port, ZX_RIGHT_SAME_RIGHTS, &self->other));
	ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &packet));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->port));
	self->port = ZX_HANDLE_INVALID;
	memset(&packet, 0, sizeof(packet));
	EXPECT_EQ(ZX_OK, zx_port_wait(self->other, 0, &packet));
	EXPECT_EQ(7, packet.key);
}

TEST_F(handle, duplicate_result_pointer_bad)
{
	const int before = count_descriptors();

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_handle_duplicate(self->port, ZX_RIGHT_SAME_RIGHTS,
							   BAD_POINTER));
	EXPECT_EQ(before, count_descriptors());
	EXPECT_EQ(1, handle_count(self->port));
}

TEST_F(handle, replace_consumes)
{
	const zx_koid_t koid = koid_of(self->port);
	const zx_rights_t rights = ZX_RIGHT_WRITE | ZX_RIGHT_INSPECT;
	const zx_handle_t old = self->port;

	ASSERT_EQ(ZX_OK, zx_handle_replace(old, rights, &self->port));
	EXPECT_EQ(koid, koid_of(self->port));
	EXPECT_EQ(rights, handle_rights(self->port));
	EXPECT_EQ(1, handle_count(self->port));
}

TEST_F(handle, replace_consumes_on_failure)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_handle_replace(self->port, ZX_RIGHT_EXECUTE,
							 &self->other));
	EXPECT_EQ(-1, fcntl(self->port >> 2, F_GETFD));
	self->port = ZX_HANDLE_INVALID;
}

TEST_F(handle, replace_result_pointer_bad)
{
	const int before = count_descriptors();

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_handle_replace(self->port, ZX_RIGHT_SAME_RIGHTS,
							 BAD_POINTER));
	EXPECT_EQ(before - 1, count_descriptors());
	self->port = ZX_HANDLE_INVALID;
}

TEST_F(handle, dup_shares_the_handle)
{
	const int fd = dup(self->port >> 2);
	const zx_handle_t shared = zxl_handle_from_fd(fd);

	ASSERT_NE(-1, fd);
	EXPECT_EQ(1, handle_count(self->port));
	EXPECT_EQ(koid_of(self->port), koid_of(shared));
	EXPECT_EQ(ZX_OK, zx_handle_close(shared));
	EXPECT_EQ(ZX_OK, zx_object_get_info(self->port, ZX_INFO_HANDLE_VALID, NULL, 0, NULL,
					    NULL));
}

TEST_F(handle, count_follows_duplicates)
{
	EXPECT_EQ(1, handle_count(self->port));
	ASSERT_EQ(ZX_OK, zx_handle_duplicate(self->port, ZX_RIGHT_SAME_RIGHTS, &self->other));
	EXPECT_EQ(2, handle_count(self->port));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->other));
	self->other = ZX_HANDLE_INVALID;
	EXPECT_EQ(1, handle_count(self->port));
}

TEST_F(handle, works_in_a_forked_child)
{
	zx_port_packet_t packet = { .key = 11 };
	int status;
	pid_t child = fork();

	ASSERT_NE(-1, child);
	if (child == 0)
		_exit(zx_port_queue(self->port, &packet) == ZX_OK ? 0 : 1);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(11, packet.key);
}

static int send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec data = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -1;
}

static int receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(sock, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

TEST_F(handle, travels_over_a_socket_with_its_rights)
{
	zx_port_packet_t packet;
	int socks[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	self->other = handle_with(self->port, ZX_RIGHT_READ);
	ASSERT_EQ(0, send_fd(socks[0], self->other >> 2));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->other));
	fd = receive_fd(socks[1]);
	ASSERT_NE(-1, fd);
	self->other = zxl_handle_from_fd(fd);
	EXPECT_EQ(ZX_RIGHT_READ, handle_rights(self->other));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->other, 0, &packet));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_port_queue(self->other, &packet));
}

TEST_F(handle, info_counts_records)
{
	zx_info_handle_basic_t info;
	size_t actual = 77, avail = 77;

	EXPECT_EQ(ZX_OK, zx_object_get_info(self->port, ZX_INFO_HANDLE_BASIC, &info, sizeof(info),
					    &actual, &avail));
	EXPECT_EQ(1, actual);
	EXPECT_EQ(1, avail);
}

TEST_F(handle, info_buffer_too_small)
{
	zx_info_handle_basic_t info;

	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, zx_object_get_info(self->port, ZX_INFO_HANDLE_BASIC,
							      &info, sizeof(info) - 1, NULL,
							      NULL));
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, zx_object_get_info(self->port, ZX_INFO_HANDLE_BASIC,
							      &info, 0, NULL, NULL));
}

TEST_F(handle, info_buffer_bad)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_info(self->port, ZX_INFO_HANDLE_BASIC,
							  BAD_POINTER,
							  sizeof(zx_info_handle_basic_t), NULL,
							  NULL));
}

TEST_F(handle, info_count_pointer_bad)
{
	zx_info_handle_basic_t info;

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_info(self->port, ZX_INFO_HANDLE_BASIC, &info,
							  sizeof(info), BAD_POINTER, NULL));
}

TEST_F(handle, info_unknown_topic)
{
	char room[256];

	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, zx_object_get_info(self->port, 0x7777, room, sizeof(room),
							   NULL, NULL));
}

TEST_F(handle, fdinfo_names_the_object)
{
	char path[64], line[256], koid[32];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%u", self->port >> 2);
	snprintf(koid, sizeof(koid), "%llu", (unsigned long long)koid_of(self->port));
	file = fopen(path, "r");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file))
		found |= strstr(line, "koid") && strstr(line, koid);
	fclose(file);
	EXPECT_TRUE(found);
}

FIXTURE(fresh) {
	struct vm vm;
	zx_handle_t port;
};

FIXTURE_SETUP(fresh)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
}

FIXTURE_TEARDOWN(fresh)
{
	zx_handle_close(self->port);
	vm_down(&self->vm);
}

#define OP_CHILDREN	((zx_rights_t)1 << 21)

TEST_F(fresh, rights_of_a_guest)
{
	EXPECT_EQ(0x2800b, handle_rights(self->vm.guest));
}

TEST_F(fresh, rights_of_a_vmar)
{
	EXPECT_EQ(0x801f, handle_rights(self->vm.vmar) & ~OP_CHILDREN);
}

TEST_F(fresh, rights_of_a_vcpu)
{
	EXPECT_EQ(0xd01f, handle_rights(self->vm.vcpu));
}

TEST_F(fresh, rights_of_a_port)
{
	EXPECT_EQ(0x800f, handle_rights(self->port));
}

TEST_F(fresh, rights_of_a_vmo)
{
	zx_handle_t vmo;

	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGE, 0, &vmo));
	EXPECT_EQ(0xd0ef, handle_rights(vmo));
	zx_handle_close(vmo);
}

TEST_F(fresh, objects_have_types_and_koids_of_their_own)
{
	const zx_handle_t handles[] = { self->vm.resource, self->vm.guest, self->vm.vmar,
					self->vm.vmo, self->port, self->vm.vcpu };
	const uint32_t types[] = { 15, 20, 18, 3, 6, 21 };
	zx_info_handle_basic_t info;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		ASSERT_EQ(ZX_OK, zx_object_get_info(handles[i], ZX_INFO_HANDLE_BASIC, &info,
						    sizeof(info), NULL, NULL));
		EXPECT_EQ(types[i], info.type);
		for (j = 0; j < i; j++)
			EXPECT_NE(koid_of(handles[j]), info.koid);
	}
}

TEST(fdinfo_says_what_an_object_is)
{
	struct vm vm;

	ASSERT_EQ(ZX_OK, vm_up(&vm));
	ASSERT_EQ(ZX_OK, vm_boot(&vm, done));
	EXPECT_EQ(0, fdinfo_number(vm.vcpu, "id"));
	EXPECT_EQ(gettid(), fdinfo_number(vm.vcpu, "thread"));
	EXPECT_EQ(0, fdinfo_number(vm.vmar, "base"));
	EXPECT_LE(0, fdinfo_number(vm.vmar, "depth"));
	EXPECT_EQ(ZX_RSRC_KIND_HYPERVISOR, fdinfo_number(vm.resource, "kind"));
	vm_down(&vm);
}

TEST_HARNESS_MAIN
