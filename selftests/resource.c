// SPDX-License-Identifier: GPL-2.0-only
/* Resources: what the device gives, what can be derived, what they open. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(resource) {
	zx_handle_t root;
	zx_handle_t out;
};

FIXTURE_SETUP(resource)
{
	ASSERT_EQ(ZX_OK, zxl_hypervisor_resource(&self->root));
}

FIXTURE_TEARDOWN(resource)
{
	zx_handle_close(self->out);
	zx_handle_close(self->root);
}

static zx_status_t derive(zx_handle_t parent, uint32_t options, uint64_t base, uint64_t len,
			  zx_handle_t *out)
{
	return zx_resource_create(parent, options, base, len, "test", 4, out);
}

/* Derive a resource of @options from @parent and try a guest with it. */
static zx_status_t try_guest(zx_handle_t parent, uint32_t options, uint64_t base, uint64_t len)
{
	zx_handle_t resource, guest, vmar;
	zx_status_t status = derive(parent, options, base, len, &resource);

	if (status != ZX_OK)
		return ZX_ERR_INTERNAL;
	status = zx_guest_create(resource, 0, &guest, &vmar);
	if (status == ZX_OK) {
		zx_handle_close(guest);
		zx_handle_close(vmar);
	}
	zx_handle_close(resource);
	return status;
}

TEST_F(resource, device_is_a_hypervisor_resource)
{
	zx_info_handle_basic_t info;

	ASSERT_EQ(ZX_OK, zx_object_get_info(self->root, ZX_INFO_HANDLE_BASIC, &info, sizeof(info),
					    NULL, NULL));
	EXPECT_EQ(ZX_OBJ_TYPE_RESOURCE, info.type);
	EXPECT_EQ(ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | ZX_RIGHT_WRITE | ZX_RIGHT_INSPECT,
		  info.rights & ~(ZX_RIGHT_GET_PROPERTY | ZX_RIGHT_SET_PROPERTY));
}

TEST_F(resource, each_open_is_an_object)
{
	zx_info_handle_basic_t first, second;

	ASSERT_EQ(ZX_OK, zxl_hypervisor_resource(&self->out));
	ASSERT_EQ(ZX_OK, zx_object_get_info(self->root, ZX_INFO_HANDLE_BASIC, &first,
					    sizeof(first), NULL, NULL));
	ASSERT_EQ(ZX_OK, zx_object_get_info(self->out, ZX_INFO_HANDLE_BASIC, &second,
					    sizeof(second), NULL, NULL));
	EXPECT_NE(first.koid, second.koid);
}

TEST_F(resource, open_is_close_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(zxl_handle_fd(self->root), F_GETFD));
}

TEST_F(resource, hypervisor_child_makes_guests)
{
	EXPECT_EQ(ZX_OK, try_guest(self->root, ZX_RSRC_KIND_HYPERVISOR, 0, 0));
}

TEST_F(resource, system_child_at_base_makes_guests)
{
	EXPECT_EQ(ZX_OK, try_guest(self->root, ZX_RSRC_KIND_SYSTEM,
				   ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1));
}

TEST_F(resource, system_child_of_wide_range_makes_guests)
{
	EXPECT_EQ(ZX_OK, try_guest(self->root, ZX_RSRC_KIND_SYSTEM, 0, 16));
}

TEST_F(resource, vmex_child_makes_no_guests)
{
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, try_guest(self->root, ZX_RSRC_KIND_VMEX, 0, 0));
}

TEST_F(resource, system_child_elsewhere_makes_no_guests)
{
	const zx_status_t status = try_guest(self->root, ZX_RSRC_KIND_SYSTEM,
					     ZX_RSRC_SYSTEM_VMEX_BASE, 1);

	EXPECT_TRUE(status == ZX_ERR_ACCESS_DENIED || status == ZX_ERR_OUT_OF_RANGE);
}

TEST_F(resource, vmex_child_derives_no_hypervisor)
{
	zx_handle_t vmex;

	ASSERT_EQ(ZX_OK, derive(self->root, ZX_RSRC_KIND_VMEX, 0, 0, &vmex));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, derive(vmex, ZX_RSRC_KIND_HYPERVISOR, 0, 0, &self->out));
	zx_handle_close(vmex);
}

TEST_F(resource, system_child_derives_only_inside_its_range)
{
	zx_handle_t narrow;

	ASSERT_EQ(ZX_OK, derive(self->root, ZX_RSRC_KIND_SYSTEM, 1, 2, &narrow));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, derive(narrow, ZX_RSRC_KIND_SYSTEM, 0, 1, &self->out));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, derive(narrow, ZX_RSRC_KIND_SYSTEM, 2, 2, &self->out));
	EXPECT_EQ(ZX_OK, derive(narrow, ZX_RSRC_KIND_SYSTEM, 2, 1, &self->out));
	zx_handle_close(narrow);
}

TEST_F(resource, range_that_wraps)
{
	const zx_status_t status = derive(self->root, ZX_RSRC_KIND_SYSTEM, UINT64_MAX, 2,
					  &self->out);

	EXPECT_TRUE(status == ZX_ERR_ACCESS_DENIED || status == ZX_ERR_INVALID_ARGS);
}

TEST_F(resource, unknown_kind)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, derive(self->root, 0x1234, 0, 0, &self->out));
}

TEST_F(resource, unknown_flag)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, derive(self->root, ZX_RSRC_KIND_HYPERVISOR | 0x20000, 0, 0,
					      &self->out));
}

TEST_F(resource, name_of_31_bytes)
{
	char name[ZX_MAX_NAME_LEN] = "0123456789012345678901234567890";

	EXPECT_EQ(ZX_OK, zx_resource_create(self->root, ZX_RSRC_KIND_HYPERVISOR, 0, 0, name, 31,
					    &self->out));
}

TEST_F(resource, name_too_long)
{
	char name[64];

	memset(name, 'x', sizeof(name));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_resource_create(self->root, ZX_RSRC_KIND_HYPERVISOR, 0,
							  0, name, 33, &self->out));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_resource_create(self->root, ZX_RSRC_KIND_HYPERVISOR, 0,
							  0, name, SIZE_MAX, &self->out));
}

TEST_F(resource, name_pointer_bad)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_resource_create(self->root, ZX_RSRC_KIND_HYPERVISOR, 0,
							  0, BAD_POINTER, 4, &self->out));
}

TEST_F(resource, result_pointer_bad)
{
	const int before = count_descriptors();

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, derive(self->root, ZX_RSRC_KIND_HYPERVISOR, 0, 0,
					      BAD_POINTER));
	EXPECT_EQ(before, count_descriptors());
}

TEST_F(resource, vmex_makes_vmo_executable)
{
	zx_handle_t vmex, vmo;

	ASSERT_EQ(ZX_OK, derive(self->root, ZX_RSRC_KIND_VMEX, 0, 0, &vmex));
	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGE, 0, &vmo));
	EXPECT_EQ(ZX_OK, zx_vmo_replace_as_executable(vmo, vmex, &self->out));
	EXPECT_NE(0, handle_rights(self->out) & ZX_RIGHT_EXECUTE);
	zx_handle_close(vmex);
}

TEST_F(resource, hypervisor_makes_no_vmo_executable)
{
	zx_handle_t vmo;

	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGE, 0, &vmo));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmo_replace_as_executable(vmo, self->root, &self->out));
}

TEST_HARNESS_MAIN
