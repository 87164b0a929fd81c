// SPDX-License-Identifier: GPL-2.0-only
/* Handles: closing, replacing, descriptors, and the way to the kernel. */
/* build: ../../libzx/call.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/port.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread */
#include "test_libzx.h"

static void test_close(void **state)
{
	zx_handle_t handle = mock_new(ZX_OBJ_TYPE_PORT, 0x800f);

	assert_int_equal(zx_handle_close(ZX_HANDLE_INVALID), ZX_OK);
	assert_int_equal(mock.ioctls, 0);
	assert_int_equal(zx_handle_close(handle), ZX_OK);
	assert_false(is_open(handle));
	assert_int_equal(zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zx_handle_close(handle & ~1u), ZX_ERR_BAD_HANDLE);
	(void)state;
}

static void test_strangers_stay_open(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	zx_handle_t handle = zxl_handle_from_fd(fd), out;

	assert_int_equal(zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
	assert_true(is_open(handle));
	assert_int_equal(zx_handle_replace(handle, ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_BAD_HANDLE);
	assert_true(is_open(handle));
	assert_int_equal(zx_vmo_replace_as_executable(handle, 0, &out), ZX_ERR_BAD_HANDLE);
	assert_true(is_open(handle));
	mock.answer = -EIO;
	assert_int_equal(zx_handle_close(handle), ZX_ERR_INTERNAL);
	assert_int_equal(zx_handle_replace(handle, 0, &out), ZX_ERR_INTERNAL);
	assert_true(is_open(handle));
	close(fd);
	(void)state;
}

static void test_close_many(void **state)
{
	zx_handle_t handles[150];
	size_t i;

	for (i = 0; i < 150; i++)
		handles[i] = i % 3 ? mock_new(ZX_OBJ_TYPE_VMO, 0) : ZX_HANDLE_INVALID;
	assert_int_equal(zx_handle_close_many(handles, 150), ZX_OK);
	for (i = 0; i < 150; i++)
		assert_false(handles[i] && is_open(handles[i]));

	handles[0] = mock_new(ZX_OBJ_TYPE_VMO, 0);
	handles[1] = 4;
	handles[2] = mock_new(ZX_OBJ_TYPE_VMO, 0);
	assert_int_equal(zx_handle_close_many(handles, 3), ZX_ERR_BAD_HANDLE);
	assert_false(is_open(handles[0]));
	assert_false(is_open(handles[2]));
	assert_int_equal(zx_handle_close_many(BAD_POINTER, 1), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_handle_close_many(NULL, 0), ZX_OK);
	(void)state;
}

static void test_duplicate(void **state)
{
	zx_handle_t handle = mock_new(ZX_OBJ_TYPE_PORT, ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ);
	zx_handle_t copy = 0, other = 0;
	zx_info_handle_basic_t info;

	assert_int_equal(zx_handle_duplicate(handle, ZX_RIGHT_READ, &copy), ZX_OK);
	assert_true(is_open(handle));
	assert_int_equal(zx_object_get_info(copy, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL,
					    NULL), ZX_OK);
	assert_int_equal(info.rights, ZX_RIGHT_READ);
	assert_int_equal(zx_handle_duplicate(handle, ZX_RIGHT_WRITE, &other), ZX_ERR_INVALID_ARGS);
	assert_int_equal(other, 0);
	assert_int_equal(zx_handle_duplicate(handle, ZX_RIGHT_READ, BAD_POINTER),
			 ZX_ERR_INVALID_ARGS);
	(void)state;
}

static void test_replace_consumes(void **state)
{
	zx_handle_t handle = mock_new(ZX_OBJ_TYPE_PORT, ZX_RIGHT_READ), out = 0;

	assert_int_equal(zx_handle_replace(handle, ZX_RIGHT_SAME_RIGHTS, &out), ZX_OK);
	assert_false(is_open(handle));
	assert_true(is_open(out));
	assert_int_equal(zx_handle_replace(out, ZX_RIGHT_WRITE, &handle), ZX_ERR_INVALID_ARGS);
	assert_false(is_open(out));

	handle = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef);
	assert_int_equal(zx_vmo_replace_as_executable(handle, 0, &out), ZX_ERR_BAD_HANDLE);
	assert_false(is_open(handle));
	handle = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef);
	assert_int_equal(zx_vmo_replace_as_executable(handle, 3, &out), ZX_OK);
	assert_false(is_open(handle));
	(void)state;
}

static void test_descriptors(void **state)
{
	zx_handle_t handle;

	assert_int_equal(zxl_handle_from_fd(5), 5 << 2 | 3);
	assert_int_equal(zxl_handle_from_fd(0), 3);
	assert_int_equal(zxl_handle_from_fd(-1), ZX_HANDLE_INVALID);
	assert_int_equal(zxl_handle_from_fd(0x3fffffff), ZX_HANDLE_INVALID);
	assert_int_equal(zxl_handle_from_fd(0x40000000), ZX_HANDLE_INVALID);
	assert_int_equal(zxl_handle_fd(23), 5);
	assert_int_equal(zxl_handle_fd(0), -1);
	assert_int_equal(zxl_handle_fd(22), -1);
	assert_int_equal(zxl_handle_fd(0xffffffff), -1);
	handle = zxl_handle_from_fd(5);
	assert_int_equal(zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
	(void)state;
}

/* Forgets what earlier tests have used: the next creation looks for a way. */
static void lose_way(void)
{
	zx_handle_t unused;

	mock.open_errno = ENOENT;
	zx_port_create(0, &unused);
	mock.opens = 0;
}

static void test_way_through_device(void **state)
{
	zx_handle_t port, vmo;

	lose_way();
	assert_int_equal(zx_port_create(0, &port), ZX_ERR_NOT_FOUND);
	mock.open_errno = 0;
	assert_int_equal(zx_port_create(0, &port), ZX_OK);
	assert_int_equal(mock.opens, 2);
	assert_true(mock.fd != (int)(port >> 2));
	assert_true(fcntl(mock.fd, F_GETFD) < 0);
	assert_int_equal(zx_vmo_create(4096, 0, &vmo), ZX_OK);
	assert_int_equal(mock.opens, 3);
	(void)state;
}

static void test_way_through_handle(void **state)
{
	zx_handle_t first, port, vmo;

	lose_way();
	first = mock_new(ZX_OBJ_TYPE_GUEST, 0x2800b);
	assert_int_equal(zxl_handle_from_fd((int)(first >> 2)), first);
	assert_int_equal(zx_port_create(0, &port), ZX_OK);
	assert_int_equal(mock.fd, first >> 2);
	assert_int_equal(zx_handle_close(first), ZX_OK);
	/* Any other handle serves, once it has been used. */
	assert_int_equal(zx_vmo_create(4096, 0, &vmo), ZX_ERR_NOT_FOUND);
	assert_int_equal(zx_port_wait(port, 0, NULL), ZX_OK);
	assert_int_equal(zx_vmo_create(4096, 0, &vmo), ZX_OK);
	assert_int_equal(mock.fd, port >> 2);
	assert_int_equal(zx_vmo_create(4096, 0, BAD_POINTER), ZX_ERR_INVALID_ARGS);
	/* Closed behind our back, and the number is a stranger's now. */
	assert_true(dup3(STDOUT_FILENO, (int)(port >> 2), O_CLOEXEC) >= 0);
	mock.open_errno = 0;
	mock.opens = 0;
	assert_int_equal(zx_vmo_create(4096, 0, &vmo), ZX_OK);
	assert_int_equal(mock.opens, 1);
	(void)state;
}

static void test_resource(void **state)
{
	static const struct {
		int err;
		zx_status_t status;
	} cases[] = {
		{ ENOENT, ZX_ERR_NOT_FOUND }, { ENXIO, ZX_ERR_NOT_FOUND },
		{ ENODEV, ZX_ERR_NOT_FOUND }, { EACCES, ZX_ERR_ACCESS_DENIED },
		{ EPERM, ZX_ERR_ACCESS_DENIED }, { EMFILE, ZX_ERR_NO_RESOURCES },
		{ ENFILE, ZX_ERR_NO_RESOURCES }, { ENOMEM, ZX_ERR_NO_MEMORY },
		{ EIO, ZX_ERR_INTERNAL },
	};
	zx_handle_t handle = 4711;
	size_t i;
	int next;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mock.open_errno = cases[i].err;
		assert_int_equal(zxl_hypervisor_resource(&handle), cases[i].status);
		assert_int_equal(handle, 4711);
	}
	mock.open_errno = 0;
	next = dup(STDOUT_FILENO);
	close(next);
	assert_int_equal(zxl_hypervisor_resource(BAD_POINTER), ZX_ERR_INVALID_ARGS);
	assert_true(fcntl(next, F_GETFD) < 0);
	assert_int_equal(zxl_hypervisor_resource(&handle), ZX_OK);
	assert_true(is_open(handle));
	assert_int_equal(errno, EBADF);		/* ours, from fcntl */
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_close, mock_reset),
		cmocka_unit_test_setup(test_strangers_stay_open, mock_reset),
		cmocka_unit_test_setup(test_close_many, mock_reset),
		cmocka_unit_test_setup(test_duplicate, mock_reset),
		cmocka_unit_test_setup(test_replace_consumes, mock_reset),
		cmocka_unit_test_setup(test_descriptors, mock_reset),
		cmocka_unit_test_setup(test_way_through_device, mock_reset),
		cmocka_unit_test_setup(test_way_through_handle, mock_reset),
		cmocka_unit_test_setup(test_resource, mock_reset),
	};

	return cmocka_run_group_tests_name("libzx handles", tests, NULL, mock_reset);
}
