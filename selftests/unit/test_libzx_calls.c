// SPDX-License-Identifier: GPL-2.0-only
/* Every call of libzx: which ioctl, on which descriptor, with which struct. */
/* build: ../../libzx/access.c ../../libzx/call.c ../../libzx/guest.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/port.c ../../libzx/resource.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/vcpu.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread */
#include "test_libzx.h"

/* The struct of the last ioctl, which was @number on @handle. */
#define LAST(type, number, handle) ({					\
	type last;							\
	assert_int_equal(mock.cmd, number);				\
	assert_int_equal(mock.fd, (handle) >> 2);			\
	memcpy(&last, mock.arg, sizeof(last));				\
	assert_int_equal(last.size, sizeof(last));			\
	last;								\
})

static void test_resource_create(void **state)
{
	zx_handle_t parent = mock_new(ZX_OBJ_TYPE_RESOURCE, 0x800b), out;
	struct zx_ioc_resource_create arg;

	assert_int_equal(zx_resource_create(parent, 0x10005, 1, 2, "name", 4, &out), ZX_OK);
	arg = LAST(struct zx_ioc_resource_create, ZX_IOC_RESOURCE_CREATE, parent);
	assert_int_equal(arg.options, 0x10005);
	assert_int_equal(arg.base, 1);
	assert_int_equal(arg.len, 2);
	assert_string_equal((const char *)(uintptr_t)arg.name, "name");
	assert_int_equal(arg.name_len, 4);
	assert_int_equal(arg.out, (uintptr_t)&out);
	(void)state;
}

static void test_object_get_info(void **state)
{
	zx_handle_t guest = mock_new(ZX_OBJ_TYPE_GUEST, 0x2800b);
	struct zx_ioc_object_get_info arg;
	zx_info_handle_basic_t info;
	size_t actual, avail;

	assert_int_equal(zx_object_get_info(guest, ZX_INFO_HANDLE_BASIC, &info, sizeof(info),
					    &actual, &avail), ZX_OK);
	arg = LAST(struct zx_ioc_object_get_info, ZX_IOC_OBJECT_GET_INFO, guest);
	assert_int_equal(arg.topic, 2);
	assert_int_equal(arg.buffer, (uintptr_t)&info);
	assert_int_equal(arg.buffer_size, 32);
	assert_int_equal(arg.actual, (uintptr_t)&actual);
	assert_int_equal(arg.avail, (uintptr_t)&avail);
	assert_int_equal(info.type, ZX_OBJ_TYPE_GUEST);
	assert_int_equal(info.rights, 0x2800b);
	(void)state;
}

static void test_port(void **state)
{
	zx_handle_t port = mock_new(ZX_OBJ_TYPE_PORT, 0x800f);
	struct zx_ioc_port_queue queue;
	struct zx_ioc_port_wait wait;
	zx_port_packet_t packet = { .key = 1 };

	assert_int_equal(zx_port_queue(port, &packet), ZX_OK);
	queue = LAST(struct zx_ioc_port_queue, ZX_IOC_PORT_QUEUE, port);
	assert_int_equal(queue.reserved, 0);
	assert_int_equal(queue.packet, (uintptr_t)&packet);

	assert_int_equal(zx_port_wait(port, -5, &packet), ZX_OK);
	wait = LAST(struct zx_ioc_port_wait, ZX_IOC_PORT_WAIT, port);
	assert_int_equal(wait.reserved, 0);
	assert_int_equal(wait.deadline, -5);
	assert_int_equal(wait.packet, (uintptr_t)&packet);

	assert_int_equal(zx_port_wait(port, ZX_TIME_INFINITE, NULL), ZX_OK);
	wait = LAST(struct zx_ioc_port_wait, ZX_IOC_PORT_WAIT, port);
	assert_int_equal(wait.deadline, INT64_MAX);
	assert_int_equal(wait.packet, 0);
	(void)state;
}

static void test_vmo_copy(void **state)
{
	zx_handle_t vmo = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef);
	struct zx_ioc_vmo_copy arg;
	char buffer[4];

	assert_int_equal(zx_vmo_read(vmo, buffer, 4096, 4), ZX_OK);
	arg = LAST(struct zx_ioc_vmo_copy, ZX_IOC_VMO_READ, vmo);
	assert_int_equal(arg.buffer, (uintptr_t)buffer);
	assert_int_equal(arg.offset, 4096);
	assert_int_equal(arg.length, 4);

	assert_int_equal(zx_vmo_write(vmo, buffer, 8192, 3), ZX_OK);
	arg = LAST(struct zx_ioc_vmo_copy, ZX_IOC_VMO_WRITE, vmo);
	assert_int_equal(arg.reserved, 0);
	assert_int_equal(arg.buffer, (uintptr_t)buffer);
	assert_int_equal(arg.offset, 8192);
	assert_int_equal(arg.length, 3);
	(void)state;
}

static void test_vmo_size(void **state)
{
	zx_handle_t vmo = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef);
	struct zx_ioc_vmo_get_size get;
	struct zx_ioc_vmo_set_size set;
	uint64_t size;

	assert_int_equal(zx_vmo_get_size(vmo, &size), ZX_OK);
	get = LAST(struct zx_ioc_vmo_get_size, ZX_IOC_VMO_GET_SIZE, vmo);
	assert_int_equal(get.out, (uintptr_t)&size);

	assert_int_equal(zx_vmo_set_size(vmo, 1ull << 40), ZX_OK);
	set = LAST(struct zx_ioc_vmo_set_size, ZX_IOC_VMO_SET_SIZE, vmo);
	assert_int_equal(set.vmo_size, 1ull << 40);
	(void)state;
}

static void test_vmo_op_range(void **state)
{
	zx_handle_t vmo = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef);
	struct zx_ioc_vmo_op_range arg;

	assert_int_equal(zx_vmo_op_range(vmo, ZX_VMO_OP_ZERO, 1, 2, BAD_POINTER, 99), ZX_OK);
	arg = LAST(struct zx_ioc_vmo_op_range, ZX_IOC_VMO_OP_RANGE, vmo);
	assert_int_equal(arg.op, 10);
	assert_int_equal(arg.offset, 1);
	assert_int_equal(arg.length, 2);
	(void)state;
}

static void test_vmar(void **state)
{
	zx_handle_t vmar = mock_new(ZX_OBJ_TYPE_VMAR, 0x801f);
	struct zx_ioc_vmar_map map;
	struct zx_ioc_vmar_unmap unmap;
	struct zx_ioc_vmar_protect protect;
	zx_vaddr_t out;

	assert_int_equal(zx_vmar_map(vmar, 0x17, 0x1000, 43, 0x2000, 0x3000, &out), ZX_OK);
	map = LAST(struct zx_ioc_vmar_map, ZX_IOC_VMAR_MAP, vmar);
	assert_int_equal(map.options, 0x17);
	assert_int_equal(map.vmar_offset, 0x1000);
	assert_int_equal(map.vmo, 43);
	assert_int_equal(map.reserved, 0);
	assert_int_equal(map.vmo_offset, 0x2000);
	assert_int_equal(map.len, 0x3000);
	assert_int_equal(map.out, (uintptr_t)&out);

	assert_int_equal(zx_vmar_unmap(vmar, 0x1000, 0x2000), ZX_OK);
	unmap = LAST(struct zx_ioc_vmar_unmap, ZX_IOC_VMAR_UNMAP, vmar);
	assert_int_equal(unmap.addr, 0x1000);
	assert_int_equal(unmap.len, 0x2000);

	assert_int_equal(zx_vmar_protect(vmar, 3, 0x1000, 0x2000), ZX_OK);
	protect = LAST(struct zx_ioc_vmar_protect, ZX_IOC_VMAR_PROTECT, vmar);
	assert_int_equal(protect.options, 3);
	assert_int_equal(protect.addr, 0x1000);
	assert_int_equal(protect.len, 0x2000);
	(void)state;
}

static void test_guest(void **state)
{
	zx_handle_t resource = mock_new(ZX_OBJ_TYPE_RESOURCE, 0x800b);
	zx_handle_t guest = mock_new(ZX_OBJ_TYPE_GUEST, 0x2800b), vmar;
	struct zx_ioc_guest_create create;
	struct zx_ioc_guest_set_trap set;
	struct zx_ioc_guest_unset_trap unset;

	assert_int_equal(zx_guest_create(resource, 7, &guest, &vmar), ZX_ERR_INVALID_ARGS);
	create = LAST(struct zx_ioc_guest_create, ZX_IOC_GUEST_CREATE, resource);
	assert_int_equal(create.options, 7);
	assert_int_equal(create.out_guest, (uintptr_t)&guest);
	assert_int_equal(create.out_vmar, (uintptr_t)&vmar);

	assert_int_equal(zx_guest_set_trap(guest, 2, 0x3f8, 8, 47, 0x1122334455667788), ZX_OK);
	set = LAST(struct zx_ioc_guest_set_trap, ZX_IOC_GUEST_SET_TRAP, guest);
	assert_int_equal(set.kind, 2);
	assert_int_equal(set.addr, 0x3f8);
	assert_int_equal(set.len, 8);
	assert_int_equal(set.port, 47);
	assert_int_equal(set.reserved, 0);
	assert_int_equal(set.key, 0x1122334455667788);

	assert_int_equal(zxl_guest_unset_trap(guest, 1, 0x5000), ZX_OK);
	unset = LAST(struct zx_ioc_guest_unset_trap, ZX_IOC_GUEST_UNSET_TRAP, guest);
	assert_int_equal(unset.kind, 1);
	assert_int_equal(unset.addr, 0x5000);
	(void)state;
}

static void test_vcpu(void **state)
{
	zx_handle_t vcpu = mock_new(ZX_OBJ_TYPE_VCPU, 0xd01f);
	zx_port_packet_t packet;

	assert_int_equal(zx_vcpu_enter(vcpu, &packet), ZX_OK);
	assert_int_equal(mock.cmd, ZX_IOC_VCPU_ENTER);
	assert_int_equal(mock.fd, vcpu >> 2);
	assert_int_equal(mock.pointer, (uintptr_t)&packet);
	assert_int_equal(zx_vcpu_resume(vcpu, &packet), ZX_OK);
	assert_int_equal(mock.cmd, ZX_IOC_VCPU_RESUME);
	assert_int_equal(mock.pointer, (uintptr_t)&packet);
	assert_int_equal(zx_vcpu_kick(vcpu), ZX_OK);
	assert_int_equal(mock.cmd, ZX_IOC_VCPU_KICK);
	assert_int_equal(mock.pointer, 0);
	assert_int_equal(zx_vcpu_interrupt(vcpu, 256), ZX_OK);
	assert_int_equal(LAST(struct zx_ioc_vcpu_interrupt, ZX_IOC_VCPU_INTERRUPT, vcpu).vector,
			 256);
	assert_int_equal(mock.ioctls, 4);
	(void)state;
}

static void test_statuses(void **state)
{
	static const struct {
		long answer;
		zx_status_t status;
	} cases[] = {
		{ 1, ZX_ERR_INTERNAL }, { 10, ZX_ERR_INVALID_ARGS }, { 30, ZX_ERR_ACCESS_DENIED },
		{ -EBADF, ZX_ERR_BAD_HANDLE }, { -ENOTTY, ZX_ERR_BAD_HANDLE },
		{ -EINVAL, ZX_ERR_BAD_HANDLE }, { -EFAULT, ZX_ERR_INVALID_ARGS },
		{ -ENOMEM, ZX_ERR_NO_MEMORY }, { -E2BIG, ZX_ERR_INTERNAL },
		{ -EIO, ZX_ERR_INTERNAL },
	};
	zx_handle_t vcpu = mock_new(ZX_OBJ_TYPE_VCPU, 0xd01f);
	size_t i;

	errno = 4711;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mock.answer = cases[i].answer;
		assert_int_equal(zx_vcpu_enter(vcpu, NULL), cases[i].status);
		assert_int_equal(zx_port_wait(vcpu, 0, NULL), cases[i].status);
	}
	assert_int_equal(errno, 4711);
	(void)state;
}

static void test_interrupted(void **state)
{
	zx_handle_t vcpu = mock_new(ZX_OBJ_TYPE_VCPU, 0xd01f);

	mock.interrupts = 5;
	assert_int_equal(zx_vcpu_enter(vcpu, NULL), ZX_OK);
	assert_int_equal(mock.ioctls, 6);
	mock.interrupts = 2;
	assert_int_equal(zx_port_wait(vcpu, 0, NULL), ZX_OK);
	assert_int_equal(mock.ioctls, 9);
	(void)state;
}

static void test_no_handles(void **state)
{
	static const zx_handle_t values[] = { 0, 1, 2, 4, 0x12, 0x7ffffffe, 0xfffffffc };
	zx_handle_t out;
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		zx_handle_t h = values[i];

		assert_int_equal(zx_vcpu_enter(h, NULL), ZX_ERR_BAD_HANDLE);
		assert_int_equal(zx_vcpu_kick(h), ZX_ERR_BAD_HANDLE);
		assert_int_equal(zx_vcpu_create(h, 0, 0, &out), ZX_ERR_BAD_HANDLE);
		assert_int_equal(zx_port_wait(h, 0, NULL), ZX_ERR_BAD_HANDLE);
		assert_int_equal(zx_handle_replace(h, 0, &out), ZX_ERR_BAD_HANDLE);
		assert_int_equal(zx_vmar_map(h, 0, 0, 0, 0, 0, NULL), ZX_ERR_BAD_HANDLE);
	}
	assert_int_equal(mock.ioctls, 0);
	/* No descriptor, and one of somebody else's. */
	assert_int_equal(zx_vcpu_enter(0x1003, NULL), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zx_vcpu_enter(0x3, NULL), ZX_ERR_BAD_HANDLE);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_resource_create, mock_reset),
		cmocka_unit_test_setup(test_object_get_info, mock_reset),
		cmocka_unit_test_setup(test_port, mock_reset),
		cmocka_unit_test_setup(test_vmo_copy, mock_reset),
		cmocka_unit_test_setup(test_vmo_size, mock_reset),
		cmocka_unit_test_setup(test_vmo_op_range, mock_reset),
		cmocka_unit_test_setup(test_vmar, mock_reset),
		cmocka_unit_test_setup(test_guest, mock_reset),
		cmocka_unit_test_setup(test_vcpu, mock_reset),
		cmocka_unit_test_setup(test_statuses, mock_reset),
		cmocka_unit_test_setup(test_interrupted, mock_reset),
		cmocka_unit_test_setup(test_no_handles, mock_reset),
	};

	return cmocka_run_group_tests_name("libzx calls", tests, NULL, mock_reset);
}
