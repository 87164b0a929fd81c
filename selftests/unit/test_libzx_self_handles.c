// SPDX-License-Identifier: GPL-2.0-only
/* VMARs inside the process's own: handles, operations, threads. */
/* build: ../../libzx/call.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread */
#include "self_env.h"

static void test_handles(void **state)
{
	zx_handle_t copy, fewer, gone;

	assert_int_equal(zx_handle_duplicate(vmar, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
	assert_int_not_equal(copy, vmar);
	assert_int_equal(rights_of(copy), rights_of(vmar));
	assert_int_equal(count_of(vmar), 2);
	assert_int_equal(zx_handle_duplicate(vmar, ZX_RIGHT_EXECUTE, &fewer), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_handle_duplicate(vmar, ZX_RIGHT_READ, BAD_POINTER),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(count_of(vmar), 2);

	assert_int_equal(zx_handle_replace(copy, ZX_RIGHT_READ, &fewer), ZX_OK);
	assert_int_equal(rights_of(fewer), ZX_RIGHT_READ);
	assert_int_equal(count_of(vmar), 2);
	assert_int_equal(zx_handle_close(copy), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zx_handle_duplicate(fewer, ZX_RIGHT_READ, &gone), ZX_ERR_ACCESS_DENIED);
	/* Consumed in any case. */
	assert_int_equal(zx_handle_replace(fewer, ZX_RIGHT_WRITE, &gone), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_handle_close(fewer), ZX_ERR_BAD_HANDLE);
	assert_int_equal(count_of(vmar), 1);
	(void)state;
}

/* A value that was closed does not come back soon, though its place does. */
static void test_stale_values(void **state)
{
	zx_handle_t old, fresh;
	int i;

	assert_int_equal(zx_handle_duplicate(vmar, ZX_RIGHT_SAME_RIGHTS, &old), ZX_OK);
	assert_int_equal(zx_handle_close(old), ZX_OK);
	for (i = 0; i < 100; i++) {
		assert_int_equal(zx_handle_duplicate(vmar, ZX_RIGHT_SAME_RIGHTS, &fresh), ZX_OK);
		assert_int_not_equal(fresh, old);
		assert_int_equal(zx_handle_close(old), ZX_ERR_BAD_HANDLE);
		assert_int_equal(zx_handle_close(fresh), ZX_OK);
	}
	(void)state;
}

/* 65,535 are all. */
static void test_too_many_handles(void **state)
{
	static zx_handle_t handles[1 << 16];
	size_t count = 0, i;
	zx_status_t status;

	do {
		status = zx_handle_duplicate(vmar, ZX_RIGHT_SAME_RIGHTS, &handles[count]);
	} while (status == ZX_OK && ++count < 1 << 16);
	assert_int_equal(status, ZX_ERR_NO_MEMORY);
	assert_int_equal(count, 65534);
	for (i = 0; i < count; i++)
		assert_int_equal(zx_handle_close(handles[i]), ZX_OK);
	assert_int_equal(count_of(vmar), 1);
	(void)state;
}

static void test_root(void **state)
{
	zx_info_handle_count_t count;
	zx_info_vmar_t info;
	zx_handle_t copy;
	zx_vaddr_t addr;

	assert_int_equal(zx_object_get_info(self, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL),
			 ZX_OK);
	assert_int_equal(zx_object_get_info(self, ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL),
			 ZX_OK);
	assert_int_equal(info.base, 0);
	assert_int_equal(info.len, 0x7ffffffff000);
	assert_int_equal(rights_of(self), ZX_RIGHT_DUPLICATE | ZX_RIGHT_INSPECT | ZX_RIGHT_READ |
			 ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE);
	assert_int_equal(zx_handle_close(self), ZX_ERR_NOT_SUPPORTED);
	assert_int_equal(zx_handle_replace(self, ZX_RIGHT_READ, &copy), ZX_ERR_NOT_SUPPORTED);
	assert_int_equal(zx_handle_duplicate(self, ZX_RIGHT_READ, &copy), ZX_OK);
	assert_int_equal(count_of(self), 2);
	assert_int_equal(zx_vmar_map(copy, RW, 0, vmo, 0, 4096, &addr), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_vmar_map(copy, ZX_VM_PERM_READ, 0, vmo, 0, 4096, &addr), ZX_OK);
	assert_int_equal(zx_vmar_unmap(copy, addr, 4096), ZX_OK);
	assert_int_equal(zx_object_get_info(copy, ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL),
			 ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_object_get_info(copy, ZX_INFO_HANDLE_COUNT, &count, sizeof(count), NULL,
					    NULL), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_handle_close(copy), ZX_OK);
	(void)state;
}

static void test_info_statuses(void **state)
{
	zx_info_vmar_t info;

	assert_int_equal(zx_object_get_info(vmar, ZX_INFO_VMAR, &info, sizeof(info) - 1, NULL,
					    NULL), ZX_ERR_BUFFER_TOO_SMALL);
	assert_int_equal(zx_object_get_info(vmar, ZX_INFO_VMAR, BAD_POINTER, sizeof(info), NULL,
					    NULL), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_object_get_info(vmar, ZX_INFO_VMAR, &info, sizeof(info), BAD_POINTER,
					    NULL), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_object_get_info(vmar, ZX_INFO_VCPU, &info, sizeof(info), NULL, NULL),
			 ZX_ERR_WRONG_TYPE);
	assert_int_equal(zx_object_get_info(vmar, 99, &info, sizeof(info), NULL, NULL),
			 ZX_ERR_NOT_SUPPORTED);
	assert_int_equal(zx_object_get_info(vmar - 4, ZX_INFO_VMAR, &info, sizeof(info), NULL,
					    NULL), ZX_ERR_BAD_HANDLE);
	/* The kernel knows nothing of it. */
	assert_int_equal(zx_object_signal(vmar, 0, ZX_USER_SIGNAL_0), ZX_ERR_BAD_HANDLE);
	(void)state;
}

static void test_op_range(void **state)
{
	static const uint32_t writes[] = {
		ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT, ZX_VMAR_OP_ZERO,
	};
	struct zx_ioc_vmo_op_range arg;
	zx_handle_t reader, inner;
	zx_vaddr_t addr;
	size_t i;

	assert_int_equal(map_at(2, 2, RW), ZX_OK);
	assert_int_equal(zx_handle_duplicate(vmo, ZX_RIGHT_READ | ZX_RIGHT_MAP, &reader), ZX_OK);
	assert_int_equal(zx_vmar_map(vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, PAGES(4), reader,
				     PAGES(3), 4096, &addr), ZX_OK);
	for (i = 0; i < 3; i++) {
		assert_int_equal(zx_vmar_op_range(vmar, writes[i], base + PAGES(3), 4096, NULL, 0),
				 ZX_OK);
		assert_int_equal(mock.cmd, ZX_IOC_VMO_OP_RANGE);
		memcpy(&arg, mock.arg, sizeof(arg));
		assert_int_equal(arg.op, writes[i]);
		assert_int_equal(arg.offset, 4096);
		assert_int_equal(arg.length, 4096);
		assert_int_equal(zx_vmar_op_range(vmar, writes[i], base + PAGES(4), 4096, NULL, 0),
				 ZX_ERR_ACCESS_DENIED);
	}
	/* Hints look into VMARs inside. */
	inner = allocate(vmar, CAN_RW | ZX_VM_SPECIFIC, PAGES(5), 4096, &addr);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_PREFETCH, base + PAGES(2), PAGES(4),
					  NULL, 0), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_vmar_map(inner, RW, 0, vmo, 0, 4096, &addr), ZX_OK);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_PREFETCH, base + PAGES(2), PAGES(4),
					  NULL, 0), ZX_OK);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_ZERO, addr, 4096, NULL, 0),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_destroy(inner), ZX_OK);
	assert_int_equal(zx_handle_replace(inner, ZX_RIGHT_READ, &reader), ZX_OK);
	assert_int_equal(zx_vmar_op_range(reader, ZX_VMAR_OP_ZERO, addr, 4096, NULL, 0),
			 ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_handle_close(reader), ZX_OK);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_DONT_NEED, base + PAGES(2), PAGES(4),
					  NULL, 0), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_vmar_op_range(vmar, 99, base, 4096, NULL, 0), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_COMMIT, base + PAGES(2), 4096, &i, 0),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_COMMIT, base + PAGES(2), 4096, NULL, 1),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_COMMIT, base + 1, 4096, NULL, 0),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_COMMIT, base, 0, NULL, 0),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_COMMIT, base, PAGES(17), NULL, 0),
			 ZX_ERR_OUT_OF_RANGE);
	(void)state;
}

static int count_descriptors(void)
{
	int count = 0, i;

	for (i = 0; i < 1024; i++)
		count += fcntl(i, F_GETFD) >= 0;
	return count;
}

/* Mappings of one VMO share a descriptor; the last one takes it away. */
static void test_descriptors(void **state)
{
	int before = count_descriptors();
	zx_handle_t reader = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef & ~ZX_RIGHT_WRITE);
	zx_vaddr_t addr;

	assert_int_equal(map_at(0, 4, RW), ZX_OK);
	assert_int_equal(map_at(4, 1, RW), ZX_OK);
	assert_int_equal(count_descriptors(), before + 2);
	/* The program's own handle may go. */
	assert_int_equal(zx_handle_close(vmo), ZX_OK);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_ZERO, base, PAGES(5), NULL, 0), ZX_OK);
	assert_int_equal(zx_vmar_map(vmar, ZX_VM_PERM_READ, 0, reader, 0, 4096, &addr), ZX_OK);
	assert_int_equal(count_descriptors(), before + 1);
	assert_int_equal(zx_vmar_unmap(vmar, base + PAGES(1), PAGES(2)), ZX_OK);
	assert_int_equal(zx_vmar_unmap(vmar, base, 4096), ZX_OK);
	assert_int_equal(zx_vmar_unmap(vmar, base + PAGES(4), 4096), ZX_OK);
	assert_int_equal(count_descriptors(), before + 1);
	assert_int_equal(zx_vmar_unmap(vmar, base + PAGES(3), 4096), ZX_OK);
	assert_int_equal(count_descriptors(), before);
	(void)state;
}

/* Closed behind our back, and the number is a stranger's now. */
static void test_stolen_descriptor(void **state)
{
	int fd;

	assert_int_equal(map_at(0, 1, RW), ZX_OK);
	for (fd = 3; fd == (int)(vmo >> 2) || mock_inode(fd) != mock_inode((int)(vmo >> 2)); fd++)
		;
	assert_true(dup3(STDOUT_FILENO, fd, O_CLOEXEC) >= 0);
	assert_int_equal(zx_vmar_op_range(vmar, ZX_VMAR_OP_ZERO, base, 4096, NULL, 0),
			 ZX_ERR_NOT_SUPPORTED);
	assert_int_equal(zx_vmar_unmap(vmar, base, 4096), ZX_OK);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	(void)state;
}

static void *storm(void *unused)
{
	zx_vaddr_t addr, inner_base;
	zx_handle_t inner;
	int i;

	for (i = 0; i < 500; i++) {
		assert_int_equal(zx_vmar_allocate(vmar, CAN_RW, 0, PAGES(2), &inner, &inner_base),
				 ZX_OK);
		assert_int_equal(zx_vmar_map(inner, RW, 0, vmo, 0, 4096, &addr), ZX_OK);
		*(volatile char *)addr = 1;
		assert_int_equal(zx_vmar_unmap(vmar, inner_base, PAGES(2)), ZX_OK);
		assert_int_equal(zx_handle_close(inner), ZX_OK);
	}
	return unused;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	int i;

	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm, NULL), 0);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(map_at(0, 16, RW), ZX_OK);
	(void)state;
}

static void test_fork(void **state)
{
	int status;
	pid_t pid;

	assert_int_equal(map_at(0, 1, RW), ZX_OK);
	*(char *)base = 'x';
	pid = fork();
	if (pid == 0)
		_exit(*(char *)base != 'x' || map_at(0, 1, RW) != ZX_ERR_ALREADY_EXISTS ||
		      map_at(1, 1, RW) != ZX_OK || zx_vmar_destroy(vmar) != ZX_OK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* The child's VMAR was a copy. */
	assert_int_equal(map_at(1, 1, RW), ZX_OK);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_handles),
		TEST(test_stale_values),
		TEST(test_too_many_handles),
		TEST(test_root),
		TEST(test_info_statuses),
		TEST(test_op_range),
		TEST(test_descriptors),
		TEST(test_stolen_descriptor),
		TEST(test_threads),
		TEST(test_fork),
	};

	return cmocka_run_group_tests_name("libzx handles of own VMARs", tests, NULL, mock_reset);
}
