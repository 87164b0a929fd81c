// SPDX-License-Identifier: GPL-2.0-only
/* Guests, and the arguments of their traps; what traps do is in trap.c. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define BELL	ZX_GUEST_TRAP_BELL
#define MEM	ZX_GUEST_TRAP_MEM
#define IO	ZX_GUEST_TRAP_IO
#define SPACE	(1ull << 48)

FIXTURE(create) {
	zx_handle_t resource;
	zx_handle_t guest;
	zx_handle_t vmar;
};

FIXTURE_SETUP(create)
{
	ASSERT_EQ(ZX_OK, zxl_hypervisor_resource(&self->resource));
}

FIXTURE_TEARDOWN(create)
{
	zx_handle_close(self->guest);
	zx_handle_close(self->vmar);
	zx_handle_close(self->resource);
}

TEST_F(create, gives_guest_and_vmar)
{
	zx_info_handle_basic_t info;

	ASSERT_EQ(ZX_OK, zx_guest_create(self->resource, 0, &self->guest, &self->vmar));
	ASSERT_EQ(ZX_OK, zx_object_get_info(self->guest, ZX_INFO_HANDLE_BASIC, &info,
					    sizeof(info), NULL, NULL));
	EXPECT_EQ(ZX_OBJ_TYPE_GUEST, info.type);
	ASSERT_EQ(ZX_OK, zx_object_get_info(self->vmar, ZX_INFO_HANDLE_BASIC, &info, sizeof(info),
					    NULL, NULL));
	EXPECT_EQ(ZX_OBJ_TYPE_VMAR, info.type);
}

TEST_F(create, options_not_zero)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_guest_create(self->resource, 1, &self->guest,
						       &self->vmar));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_guest_create(self->resource, 1u << 31, &self->guest,
						       &self->vmar));
}

TEST_F(create, resource_is_checked_before_options)
{
	zx_handle_t port, vmex;

	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	ASSERT_EQ(ZX_OK, zx_resource_create(self->resource, ZX_RSRC_KIND_VMEX, 0, 0, "", 0,
					    &vmex));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_guest_create(0, 1, &self->guest, &self->vmar));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_guest_create(port, 1, &self->guest, &self->vmar));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_guest_create(vmex, 1, &self->guest, &self->vmar));
	zx_handle_close(port);
	zx_handle_close(vmex);
}

TEST_F(create, guest_pointer_bad)
{
	const int before = count_descriptors();

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_guest_create(self->resource, 0, BAD_POINTER,
						       &self->vmar));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_guest_create(self->resource, 0, NULL, &self->vmar));
	EXPECT_EQ(before, count_descriptors());
	self->vmar = ZX_HANDLE_INVALID;
}

TEST_F(create, vmar_pointer_bad)
{
	const int before = count_descriptors();
	const long objects = live_objects();

	ASSERT_NE(-1, objects);
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_guest_create(self->resource, 0, &self->guest,
						       BAD_POINTER));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_guest_create(self->resource, 0, &self->guest, NULL));
	EXPECT_EQ(before, count_descriptors());
	EXPECT_EQ(objects, live_objects());
	self->guest = ZX_HANDLE_INVALID;
}

TEST_F(create, room_for_one_descriptor_of_two)
{
	struct rlimit old, tight;
	zx_status_t status;
	int next;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	next = dup(0);
	ASSERT_NE(-1, next);
	close(next);
	tight = (struct rlimit){ .rlim_cur = next + 1, .rlim_max = old.rlim_max };
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &tight));
	status = zx_guest_create(self->resource, 0, &self->guest, &self->vmar);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_TRUE(status == ZX_ERR_NO_MEMORY || status == ZX_ERR_NO_RESOURCES);
	EXPECT_EQ(-1, fcntl(next, F_GETFD));
	self->guest = ZX_HANDLE_INVALID;
	self->vmar = ZX_HANDLE_INVALID;
}

TEST_F(create, many_guests_at_once)
{
	zx_handle_t guests[50], vmars[50];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(guests); i++)
		ASSERT_EQ(ZX_OK, zx_guest_create(self->resource, 0, &guests[i], &vmars[i]));
	for (i = 0; i < ARRAY_SIZE(guests); i++) {
		EXPECT_EQ(ZX_OK, zx_handle_close(guests[i]));
		EXPECT_EQ(ZX_OK, zx_handle_close(vmars[i]));
	}
}

TEST_F(create, guest_outlives_its_resource)
{
	ASSERT_EQ(ZX_OK, zx_guest_create(self->resource, 0, &self->guest, &self->vmar));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->resource));
	self->resource = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_OK, zx_guest_set_trap(self->guest, IO, 1, 1, ZX_HANDLE_INVALID, 0));
}

FIXTURE(set_trap) {
	zx_handle_t resource;
	zx_handle_t guest;
	zx_handle_t vmar;
	zx_handle_t port;
};

FIXTURE_SETUP(set_trap)
{
	ASSERT_EQ(ZX_OK, zxl_hypervisor_resource(&self->resource));
	ASSERT_EQ(ZX_OK, zx_guest_create(self->resource, 0, &self->guest, &self->vmar));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
}

FIXTURE_TEARDOWN(set_trap)
{
	zx_handle_close(self->port);
	zx_handle_close(self->guest);
	zx_handle_close(self->vmar);
	zx_handle_close(self->resource);
}

static zx_status_t set(struct _test_data_set_trap *self, uint32_t kind, uint64_t addr,
		       uint64_t len)
{
	return zx_guest_set_trap(self->guest, kind, addr, len,
				 kind == BELL ? self->port : ZX_HANDLE_INVALID, 0);
}

static zx_status_t unset(struct _test_data_set_trap *self, uint32_t kind, uint64_t addr)
{
	return zxl_guest_unset_trap(self->guest, kind, addr);
}

TEST_F(set_trap, unknown_kind)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, 3, PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, UINT32_MAX, PAGE, PAGE));
}

TEST_F(set_trap, length_zero)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, MEM, PAGE, 0));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, BELL, PAGE, 0));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, IO, 1, 0));
}

TEST_F(set_trap, memory_unaligned)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, MEM, PAGE + 1, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, MEM, PAGE, PAGE - 1));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, BELL, PAGE + 8, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, BELL, PAGE, PAGE + 8));
}

TEST_F(set_trap, memory_at_the_end_of_the_space)
{
	EXPECT_EQ(ZX_OK, set(self, MEM, SPACE - PAGE, PAGE));
	EXPECT_EQ(ZX_OK, set(self, BELL, SPACE - 2 * PAGE, PAGE));
}

TEST_F(set_trap, memory_beyond_the_space)
{
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, MEM, SPACE, PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, MEM, SPACE - PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, BELL, SPACE, PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, BELL, 1ull << 63, PAGE));
}

TEST_F(set_trap, memory_that_wraps)
{
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, MEM, PAGE, -PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, MEM, -PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, BELL, 2 * PAGE, -PAGE));
}

TEST_F(set_trap, memory_of_the_whole_space)
{
	EXPECT_EQ(ZX_OK, set(self, MEM, 0, SPACE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, BELL, SPACE / 2, PAGE));
}

TEST_F(set_trap, port_0xffff)
{
	EXPECT_EQ(ZX_OK, set(self, IO, 0xffff, 1));
}

TEST_F(set_trap, all_ports)
{
	EXPECT_EQ(ZX_OK, set(self, IO, 0, 0x10000));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, IO, 0xffff, 1));
}

TEST_F(set_trap, ports_beyond)
{
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, IO, 0x10000, 1));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, IO, 0xffff, 2));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, IO, 0, 0x10001));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, IO, UINT64_MAX, 1));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, set(self, IO, 2, UINT64_MAX));
}

TEST_F(set_trap, memory_with_port)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_guest_set_trap(self->guest, MEM, PAGE, PAGE, self->port,
							 0));
}

TEST_F(set_trap, ports_with_port)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_guest_set_trap(self->guest, IO, 1, 1, self->port, 0));
}

TEST_F(set_trap, bell_without_port)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_guest_set_trap(self->guest, BELL, PAGE, PAGE,
							 ZX_HANDLE_INVALID, 0));
}

TEST_F(set_trap, bell_port_handle_bad)
{
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_guest_set_trap(self->guest, BELL, PAGE, PAGE, 4, 0));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_guest_set_trap(self->guest, BELL, PAGE, PAGE,
						       handle_foreign(), 0));
}

TEST_F(set_trap, bell_port_of_another_type)
{
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_guest_set_trap(self->guest, BELL, PAGE, PAGE, self->vmar,
						       0));
}

TEST_F(set_trap, bell_port_without_write)
{
	const zx_handle_t port = handle_without(self->port, ZX_RIGHT_WRITE);

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_guest_set_trap(self->guest, BELL, PAGE, PAGE, port, 0));
}

TEST_F(set_trap, port_handle_is_checked_for_every_kind)
{
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_guest_set_trap(self->guest, MEM, PAGE, PAGE, 4, 0));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_guest_set_trap(self->guest, IO, 1, 1, self->vmar, 0));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_guest_set_trap(self->guest, 9, 1, 1, self->vmar, 0));
}

TEST_F(set_trap, guest_is_checked_before_port)
{
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_guest_set_trap(0, BELL, PAGE, PAGE, self->vmar, 0));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_guest_set_trap(self->port, BELL, PAGE, PAGE, 4, 0));
}

TEST_F(set_trap, same_range_twice)
{
	ASSERT_EQ(ZX_OK, set(self, MEM, 4 * PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, MEM, 4 * PAGE, PAGE));
	ASSERT_EQ(ZX_OK, set(self, IO, 0x10, 4));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, IO, 0x10, 4));
}

TEST_F(set_trap, overlap_of_any_kind)
{
	ASSERT_EQ(ZX_OK, set(self, MEM, 4 * PAGE, 4 * PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, MEM, 5 * PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, MEM, 3 * PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, MEM, 7 * PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, MEM, PAGE, 16 * PAGE));
	EXPECT_EQ(ZX_OK, set(self, MEM, 3 * PAGE, PAGE));
	EXPECT_EQ(ZX_OK, set(self, MEM, 8 * PAGE, PAGE));
}

TEST_F(set_trap, memory_and_bells_share_a_space)
{
	ASSERT_EQ(ZX_OK, set(self, MEM, 4 * PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, BELL, 4 * PAGE, PAGE));
	ASSERT_EQ(ZX_OK, set(self, BELL, 8 * PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, MEM, 7 * PAGE, 2 * PAGE));
}

TEST_F(set_trap, ports_have_a_space_of_their_own)
{
	ASSERT_EQ(ZX_OK, set(self, MEM, 0, 16 * PAGE));
	EXPECT_EQ(ZX_OK, set(self, IO, 0, 16));
}

TEST_F(set_trap, ports_overlap)
{
	ASSERT_EQ(ZX_OK, set(self, IO, 0x3f8, 8));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, IO, 0x3ff, 2));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, IO, 0x3f0, 9));
	EXPECT_EQ(ZX_OK, set(self, IO, 0x400, 1));
	EXPECT_EQ(ZX_OK, set(self, IO, 0x3f0, 8));
}

TEST_F(set_trap, guests_have_traps_of_their_own)
{
	zx_handle_t guest, vmar;

	ASSERT_EQ(ZX_OK, zx_guest_create(self->resource, 0, &guest, &vmar));
	ASSERT_EQ(ZX_OK, set(self, IO, 1, 1));
	EXPECT_EQ(ZX_OK, zx_guest_set_trap(guest, IO, 1, 1, ZX_HANDLE_INVALID, 0));
	zx_handle_close(guest);
	zx_handle_close(vmar);
}

TEST_F(set_trap, thousands)
{
	unsigned int i;

	for (i = 0; i < 4096; i++)
		ASSERT_EQ(ZX_OK, set(self, MEM, (2 * i + 1) * PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, set(self, MEM, 4095 * PAGE, PAGE));
	EXPECT_EQ(ZX_OK, set(self, MEM, 4096 * PAGE, PAGE));
}

TEST_F(set_trap, local_apic_page_is_one_page)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, MEM, 0xfee00000, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(self, BELL, 0xfee00000, 16 * PAGE));
	EXPECT_EQ(ZX_OK, set(self, MEM, 0xfee00000, PAGE));
}

TEST_F(set_trap, unset_frees_the_range)
{
	ASSERT_EQ(ZX_OK, set(self, MEM, 4 * PAGE, PAGE));
	ASSERT_EQ(ZX_OK, set(self, BELL, 8 * PAGE, PAGE));
	ASSERT_EQ(ZX_OK, set(self, IO, 1, 1));
	EXPECT_EQ(ZX_OK, unset(self, MEM, 4 * PAGE));
	EXPECT_EQ(ZX_OK, unset(self, BELL, 8 * PAGE));
	EXPECT_EQ(ZX_OK, unset(self, IO, 1));
	EXPECT_EQ(ZX_OK, set(self, MEM, 4 * PAGE, 8 * PAGE));
	EXPECT_EQ(ZX_OK, set(self, IO, 0, 8));
}

TEST_F(set_trap, unset_of_nothing)
{
	ASSERT_EQ(ZX_OK, set(self, MEM, 4 * PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, unset(self, MEM, 3 * PAGE));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, unset(self, MEM, 5 * PAGE));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, unset(self, IO, 4 * PAGE));
	EXPECT_EQ(ZX_OK, unset(self, MEM, 4 * PAGE));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, unset(self, MEM, 4 * PAGE));
}

TEST_F(set_trap, unset_unknown_kind)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, unset(self, 3, 4 * PAGE));
}

TEST_HARNESS_MAIN
