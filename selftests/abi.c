// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls themselves, without libzx: every row of the call table against
 * structs that are short, long, long with garbage, and not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define ROOM	4096

FIXTURE(row) {
	struct vm vm;
	zx_handle_t port;
	zx_handle_t ends[2];
	int fd;
	union {
		uint32_t size;
		unsigned char bytes[2 * ROOM];
	} args;
};

/* @answer: what zeros in all fields but the size give. */
FIXTURE_VARIANT(row) {
	unsigned int call;
	uint32_t size;
	uint32_t least;		/* where the struct has grown; 0: it has not */
	size_t object;
	int answer;
};

#define VM(member)	(offsetof(struct _test_data_row, vm) + offsetof(struct vm, member))
#define THE_PORT	offsetof(struct _test_data_row, port)
#define AN_END		offsetof(struct _test_data_row, ends)

#define BAD_ARGS	ZX_ERR_INVALID_ARGS

#define ROW(name, upper, type, on, status) \
	FIXTURE_VARIANT_ADD(row, name) { \
		.call = ZX_IOC_##upper, .size = sizeof(struct zx_ioc_##type), \
		.object = on, .answer = -(status) }

ROW(resource_create, RESOURCE_CREATE, resource_create, VM(resource), BAD_ARGS);
ROW(handle_duplicate, HANDLE_DUPLICATE, handle_duplicate, THE_PORT, BAD_ARGS);
ROW(handle_replace, HANDLE_REPLACE, handle_duplicate, THE_PORT, BAD_ARGS);
ROW(object_get_info, OBJECT_GET_INFO, object_get_info, THE_PORT, ZX_ERR_NOT_SUPPORTED);
ROW(object_wait_one, OBJECT_WAIT_ONE, object_wait_one, VM(vmo), ZX_ERR_TIMED_OUT);
ROW(object_wait_many, OBJECT_WAIT_MANY, object_wait_many, THE_PORT, ZX_ERR_TIMED_OUT);
ROW(object_wait_async, OBJECT_WAIT_ASYNC, object_wait_async, VM(vmo), ZX_ERR_BAD_HANDLE);
ROW(object_signal, OBJECT_SIGNAL, object_signal, VM(vmo), ZX_OK);
ROW(object_signal_peer, OBJECT_SIGNAL_PEER, object_signal, VM(vmo), ZX_ERR_ACCESS_DENIED);
ROW(object_get_property, OBJECT_GET_PROPERTY, object_property, VM(vmo), ZX_ERR_NOT_SUPPORTED);
ROW(object_set_property, OBJECT_SET_PROPERTY, object_property, VM(vmo), ZX_ERR_NOT_SUPPORTED);
ROW(event_create, EVENT_CREATE, event_create, THE_PORT, BAD_ARGS);
ROW(eventpair_create, EVENTPAIR_CREATE, pair_create, THE_PORT, BAD_ARGS);
ROW(port_cancel, PORT_CANCEL, port_cancel, THE_PORT, ZX_ERR_BAD_HANDLE);
ROW(port_create, PORT_CREATE, port_create, THE_PORT, BAD_ARGS);
ROW(port_queue, PORT_QUEUE, port_queue, THE_PORT, BAD_ARGS);
ROW(port_wait, PORT_WAIT, port_wait, THE_PORT, ZX_ERR_TIMED_OUT);
ROW(vmo_create, VMO_CREATE, vmo_create, THE_PORT, BAD_ARGS);
ROW(vmo_read, VMO_READ, vmo_copy, VM(vmo), ZX_OK);
ROW(vmo_write, VMO_WRITE, vmo_copy, VM(vmo), ZX_OK);
ROW(vmo_get_size, VMO_GET_SIZE, vmo_get_size, VM(vmo), BAD_ARGS);
ROW(vmo_set_size, VMO_SET_SIZE, vmo_set_size, VM(vmo), ZX_ERR_UNAVAILABLE);
ROW(vmo_op_range, VMO_OP_RANGE, vmo_op_range, VM(vmo), BAD_ARGS);
ROW(vmo_executable, VMO_REPLACE_AS_EXECUTABLE, vmo_replace_as_executable, VM(vmo), BAD_ARGS);
ROW(vmo_create_child, VMO_CREATE_CHILD, vmo_create_child, VM(vmo), BAD_ARGS);
ROW(vmo_cache_policy, VMO_SET_CACHE_POLICY, vmo_set_cache_policy, VM(vmo), ZX_ERR_BAD_STATE);
ROW(vmar_map, VMAR_MAP, vmar_map, VM(vmar), ZX_ERR_BAD_HANDLE);
ROW(vmar_unmap, VMAR_UNMAP, vmar_unmap, VM(vmar), BAD_ARGS);
ROW(vmar_protect, VMAR_PROTECT, vmar_protect, VM(vmar), BAD_ARGS);
ROW(vmar_allocate, VMAR_ALLOCATE, vmar_allocate, VM(vmar), BAD_ARGS);
ROW(vmar_destroy, VMAR_DESTROY, vmar_destroy, VM(vmar), ZX_ERR_NOT_SUPPORTED);
ROW(vmar_op_range, VMAR_OP_RANGE, vmar_op_range, VM(vmar), BAD_ARGS);
ROW(guest_create, GUEST_CREATE, guest_create, VM(resource), BAD_ARGS);
ROW(guest_set_trap, GUEST_SET_TRAP, guest_set_trap, VM(guest), BAD_ARGS);
ROW(guest_unset_trap, GUEST_UNSET_TRAP, guest_unset_trap, VM(guest), ZX_ERR_NOT_FOUND);
ROW(vcpu_create, VCPU_CREATE, vcpu_create, VM(guest), ZX_ERR_BAD_STATE);
FIXTURE_VARIANT_ADD(row, vcpu_interrupt) {
	.call = ZX_IOC_VCPU_INTERRUPT, .size = sizeof(struct zx_ioc_vcpu_interrupt),
	.least = offsetof(struct zx_ioc_vcpu_interrupt, options), .object = VM(vcpu) };
ROW(vcpu_read_state, VCPU_READ_STATE, vcpu_state, VM(vcpu), BAD_ARGS);
ROW(vcpu_write_state, VCPU_WRITE_STATE, vcpu_state, VM(vcpu), BAD_ARGS);
FIXTURE_VARIANT_ADD(row, vcpu_memory) {
	.call = ZXL_IOC_VCPU_MEMORY, .size = sizeof(struct zxl_ioc_vcpu_memory),
	.object = VM(vcpu), .answer = -ZX_ERR_BAD_STATE };
FIXTURE_VARIANT_ADD(row, guest_set_ipi_mode) {
	.call = ZXL_IOC_GUEST_SET_IPI_MODE, .size = sizeof(struct zxl_ioc_guest_set_ipi_mode),
	.object = VM(guest), .answer = ZX_OK };
ROW(channel_create, CHANNEL_CREATE, pair_create, THE_PORT, BAD_ARGS);
ROW(channel_write, CHANNEL_WRITE, channel_write, AN_END, ZX_OK);
ROW(channel_read, CHANNEL_READ, channel_read, AN_END, ZX_ERR_SHOULD_WAIT);
ROW(channel_call, CHANNEL_CALL, channel_call, AN_END, BAD_ARGS);

FIXTURE_SETUP(row)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &self->ends[0], &self->ends[1]));
	self->fd = zxl_handle_fd(*(zx_handle_t *)((char *)self + variant->object));
}

FIXTURE_TEARDOWN(row)
{
	zx_handle_close_many(self->ends, 2);
	zx_handle_close(self->port);
	vm_down(&self->vm);
}

TEST_F(row, exact_struct)
{
	self->args.size = variant->size;
	EXPECT_EQ(variant->answer, ioctl(self->fd, variant->call, &self->args));
}

TEST_F(row, short_struct)
{
	const uint32_t sizes[] = { 0, 1, 4, (variant->least ?: variant->size) - 8 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->args.size = sizes[i];
		EXPECT_EQ(-1, ioctl(self->fd, variant->call, &self->args));
		EXPECT_EQ(EINVAL, errno);
	}
}

TEST_F(row, long_struct_with_zeros)
{
	self->args.size = variant->size + 8;
	EXPECT_EQ(variant->answer, ioctl(self->fd, variant->call, &self->args));
	self->args.size = variant->size + 200;
	EXPECT_EQ(variant->answer, ioctl(self->fd, variant->call, &self->args));
}

TEST_F(row, long_struct_with_garbage)
{
	const int before = count_descriptors();

	self->args.size = variant->size + 8;
	self->args.bytes[variant->size + 7] = 1;
	EXPECT_EQ(-1, ioctl(self->fd, variant->call, &self->args));
	EXPECT_EQ(E2BIG, errno);
	EXPECT_EQ(before, count_descriptors());
}

TEST_F(row, struct_beyond_a_page)
{
	const uint32_t sizes[] = { ROOM + 8, 1u << 31, UINT32_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->args.size = sizes[i];
		EXPECT_EQ(-1, ioctl(self->fd, variant->call, &self->args));
		EXPECT_EQ(E2BIG, errno);
	}
}

TEST_F(row, no_struct)
{
	EXPECT_EQ(-1, ioctl(self->fd, variant->call, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->fd, variant->call, BAD_POINTER));
	EXPECT_EQ(EFAULT, errno);
}

FIXTURE(abi) {
	struct vm vm;
	int fd;
};

FIXTURE_SETUP(abi)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	self->fd = zxl_handle_fd(self->vm.vcpu);
}

FIXTURE_TEARDOWN(abi)
{
	vm_down(&self->vm);
}

static bool is_a_call(unsigned int number)
{
	return number == 0 || (number >= 0x08 && number <= 0x13) ||
	       (number >= 0x18 && number <= 0x25) || (number >= 0x28 && number <= 0x2b) ||
	       (number >= 0x30 && number <= 0x39) || number == 0x40 ||
	       (number >= 0x48 && number <= 0x4b) || number == 0x50 || number == 0x51;
}

TEST_F(abi, unknown_numbers)
{
	struct zx_ioc_resource_create args = { .size = sizeof(args) };
	unsigned int number;

	for (number = 0; number < 256; number++) {
		if (is_a_call(number))
			continue;
		ASSERT_EQ(-1, ioctl(self->fd, _IO(ZX_IOC_MAGIC, number), &args));
		ASSERT_EQ(ENOTTY, errno);
	}
}

TEST_F(abi, number_with_direction_or_size)
{
	struct zx_ioc_vcpu_interrupt args = { .size = sizeof(args), .vector = 0x40 };

	EXPECT_EQ(-1, ioctl(self->fd, _IOW(ZX_IOC_MAGIC, 0x34, struct zx_ioc_vcpu_interrupt),
			    &args));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->fd, _IOC(_IOC_READ, ZX_IOC_MAGIC, 0x31, 0), NULL));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(abi, other_magic)
{
	EXPECT_EQ(-1, ioctl(self->fd, _IO(0xae, 0x31), NULL));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(abi, struct_size_is_checked_before_the_type)
{
	struct zx_ioc_guest_create args = { .size = 8 };

	EXPECT_EQ(-1, ioctl(self->fd, ZX_IOC_GUEST_CREATE, &args));
	EXPECT_EQ(EINVAL, errno);
	args.size = sizeof(args);
	EXPECT_EQ(-ZX_ERR_WRONG_TYPE, ioctl(self->fd, ZX_IOC_GUEST_CREATE, &args));
}

TEST_F(abi, kick_takes_no_argument)
{
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, ioctl(self->fd, ZX_IOC_VCPU_KICK, 1));
	EXPECT_EQ(0, ioctl(self->fd, ZX_IOC_VCPU_KICK, 0));
	EXPECT_EQ(-ZX_ERR_CANCELED, vm_enter_raw(&self->vm));
}

TEST_F(abi, calls_on_a_vcpu_refuse_other_objects)
{
	const int guest = zxl_handle_fd(self->vm.guest);

	EXPECT_EQ(-ZX_ERR_WRONG_TYPE, ioctl(guest, ZX_IOC_VCPU_ENTER, 0));
	EXPECT_EQ(-ZX_ERR_WRONG_TYPE, ioctl(guest, ZX_IOC_VCPU_RESUME, 0));
	EXPECT_EQ(-ZX_ERR_WRONG_TYPE, ioctl(guest, ZX_IOC_VCPU_KICK, 0));
}

TEST_F(abi, reserved_fields)
{
	struct zx_ioc_vmo_get_size get = { .size = sizeof(get), .reserved = 1 };
	struct zx_ioc_guest_set_trap trap = { .size = sizeof(trap), .kind = ZX_GUEST_TRAP_IO,
					      .addr = 1, .len = 1, .reserved = 1 };
	struct zx_ioc_vmar_unmap unmap = { .size = sizeof(unmap), .reserved = 1,
					   .addr = GUEST_HOLE, .len = PAGE };
	struct zx_ioc_vmar_destroy destroy = { .size = sizeof(destroy), .reserved = 1 };
	uint64_t size;

	get.out = (uint64_t)(uintptr_t)&size;
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, ioctl(zxl_handle_fd(self->vm.vmo), ZX_IOC_VMO_GET_SIZE,
					      &get));
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, ioctl(zxl_handle_fd(self->vm.guest),
					      ZX_IOC_GUEST_SET_TRAP, &trap));
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, ioctl(zxl_handle_fd(self->vm.vmar), ZX_IOC_VMAR_UNMAP,
					      &unmap));
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, ioctl(zxl_handle_fd(self->vm.vmar), ZX_IOC_VMAR_DESTROY,
					      &destroy));
}

TEST_F(abi, reserved_fields_of_waits)
{
	struct zx_ioc_object_signal signal = { .size = sizeof(signal), .reserved = 1 };
	struct zx_ioc_object_wait_one wait = { .size = sizeof(wait), .reserved = 1 };
	const int vmo = zxl_handle_fd(self->vm.vmo);

	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, ioctl(vmo, ZX_IOC_OBJECT_SIGNAL, &signal));
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, ioctl(vmo, ZX_IOC_OBJECT_WAIT_ONE, &wait));
}

TEST_F(abi, ports_and_vmos_come_through_any_handle)
{
	struct zx_ioc_port_create port = { .size = sizeof(port) };
	struct zx_ioc_vmo_create vmo = { .size = sizeof(vmo), .vmo_size = PAGE };
	const zx_handle_t bare = handle_with(self->vm.guest, ZX_RIGHT_NONE);
	uint32_t out = 0;

	port.out = vmo.out = (uint64_t)(uintptr_t)&out;
	EXPECT_EQ(0, ioctl(zxl_handle_fd(bare), ZX_IOC_PORT_CREATE, &port));
	EXPECT_EQ(ZX_OK, zx_handle_close(out));
	EXPECT_EQ(0, ioctl(zxl_handle_fd(bare), ZX_IOC_VMO_CREATE, &vmo));
	EXPECT_EQ(ZX_OK, zx_handle_close(out));
}

TEST_F(abi, handles_are_not_for_reading_or_seeking)
{
	char byte = 0;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
}


TEST_HARNESS_MAIN
