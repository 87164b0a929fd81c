// SPDX-License-Identifier: GPL-2.0-only
/* Names of objects, and what a resource says of itself. */
#include <string.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"
#include "util.h"

#define LEN	ZX_MAX_NAME_LEN
#define NAME	ZX_PROP_NAME

FIXTURE(property) {
	zx_handle_t vmo;
	char name[2 * LEN];
};

FIXTURE_SETUP(property)
{
	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGE, 0, &self->vmo));
	memset(self->name, 'x', sizeof(self->name));
}

FIXTURE_TEARDOWN(property)
{
	zx_handle_close(self->vmo);
}

#define get(size)	zx_object_get_property(self->vmo, NAME, self->name, size)
#define set(name, size)	zx_object_set_property(self->vmo, NAME, name, size)

TEST_F(property, none_at_first)
{
	static const char zeros[LEN];

	ASSERT_EQ(ZX_OK, get(LEN));
	EXPECT_EQ(0, memcmp(self->name, zeros, LEN));
	EXPECT_EQ('x', self->name[LEN]);
}

TEST_F(property, comes_back)
{
	ASSERT_EQ(ZX_OK, set("guest-ram", 9));
	ASSERT_EQ(ZX_OK, get(sizeof(self->name)));
	EXPECT_STREQ("guest-ram", self->name);
	EXPECT_EQ('x', self->name[LEN]);
}

TEST_F(property, shorter_leaves_nothing_of_longer)
{
	static const char wanted[LEN] = "ab";

	ASSERT_EQ(ZX_OK, set("0123456789012345678901234567890", LEN - 1));
	ASSERT_EQ(ZX_OK, set("ab", 2));
	ASSERT_EQ(ZX_OK, get(LEN));
	EXPECT_EQ(0, memcmp(self->name, wanted, LEN));
	ASSERT_EQ(ZX_OK, set(BAD_POINTER, 0));
	ASSERT_EQ(ZX_OK, get(LEN));
	EXPECT_STREQ("", self->name);
}

TEST_F(property, cut_to_fit)
{
	static const size_t sizes[] = { LEN - 1, LEN, LEN + 1, PAGE, 1ull << 32, SIZE_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(ZX_OK, set("", 0));
		ASSERT_EQ(ZX_OK, set("0123456789012345678901234567890123456789", sizes[i]));
		ASSERT_EQ(ZX_OK, get(LEN));
		EXPECT_STREQ("0123456789012345678901234567890", self->name);
	}
}

TEST_F(property, room)
{
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, get(0));
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, get(1));
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, get(LEN - 1));
	EXPECT_EQ('x', self->name[0]);
	EXPECT_EQ(ZX_OK, get(LEN));
	EXPECT_EQ(ZX_OK, get(SIZE_MAX));
}

TEST_F(property, pointers)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_property(self->vmo, NAME, NULL, LEN));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_property(self->vmo, NAME, BAD_POINTER, LEN));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(NULL, 1));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, set(BAD_POINTER, LEN));
}

TEST_F(property, others)
{
	static const uint32_t others[] = { 0, 1, 2, 4, 5, 1u << 31, UINT32_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		EXPECT_EQ(ZX_ERR_NOT_SUPPORTED,
			  zx_object_get_property(self->vmo, others[i], BAD_POINTER, 0));
		EXPECT_EQ(ZX_ERR_NOT_SUPPORTED,
			  zx_object_set_property(self->vmo, others[i], BAD_POINTER, 1));
	}
}

TEST_F(property, rights)
{
	const zx_handle_t no_get = handle_without(self->vmo, ZX_RIGHT_GET_PROPERTY);
	const zx_handle_t no_set = handle_without(self->vmo, ZX_RIGHT_SET_PROPERTY);
	const zx_handle_t foreign = handle_foreign();
	zx_handle_t event;

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_get_property(no_get, NAME, self->name, LEN));
	EXPECT_EQ(ZX_OK, zx_object_set_property(no_get, NAME, "a", 1));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_set_property(no_set, NAME, "b", 1));
	EXPECT_EQ(ZX_OK, zx_object_get_property(no_set, NAME, self->name, LEN));
	EXPECT_STREQ("a", self->name);
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_get_property(foreign, NAME, self->name, LEN));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_set_property(foreign, NAME, "c", 1));
	ASSERT_EQ(ZX_OK, zx_event_create(0, &event));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_get_property(event, NAME, self->name, LEN));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_object_set_property(event, NAME, "d", 1));
	zx_handle_close(event);
	zx_handle_close(no_get);
	zx_handle_close(no_set);
}

#define NAMINGS	5000

static void *name_thread(void *arg)
{
	static const char names[2][LEN] = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
					    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" };
	unsigned int i;

	for (i = 0; i < NAMINGS; i++)
		zx_object_set_property(*(zx_handle_t *)arg, NAME, names[i & 1], LEN - 1);
	return NULL;
}

TEST_F(property, is_never_torn)
{
	pthread_t thread;
	unsigned int i;

	ASSERT_EQ(ZX_OK, set("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", LEN - 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, name_thread, &self->vmo));
	for (i = 0; i < NAMINGS; i++) {
		ASSERT_EQ(ZX_OK, get(LEN));
		ASSERT_EQ(LEN - 1, strspn(self->name, "a") + strspn(self->name, "b"));
	}
	pthread_join(thread, NULL);
}

static zx_status_t resource_info(zx_handle_t handle, zx_info_resource_t *info, size_t room)
{
	size_t actual = 77, avail = 77;
	zx_status_t status;

	memset(info, 0xff, sizeof(*info));
	status = zx_object_get_info(handle, ZX_INFO_RESOURCE, info, room, &actual, &avail);
	if (status == ZX_OK && (actual != 1 || avail != 1))
		return ZX_ERR_INTERNAL;
	return status;
}

TEST(resource_tells_what_it_is)
{
	zx_handle_t root, part;
	zx_info_resource_t info;

	ASSERT_EQ(ZX_OK, zxl_hypervisor_resource(&root));
	ASSERT_EQ(ZX_OK, resource_info(root, &info, sizeof(info)));
	EXPECT_EQ(ZX_RSRC_KIND_HYPERVISOR, info.kind);
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(0, info.base);
	EXPECT_EQ(0, info.size);
	EXPECT_STREQ("", info.name);
	ASSERT_EQ(ZX_OK, zx_resource_create(root, ZX_RSRC_KIND_SYSTEM, 0, 1, "part", 4, &part));
	ASSERT_EQ(ZX_OK, resource_info(part, &info, sizeof(info)));
	EXPECT_EQ(ZX_RSRC_KIND_SYSTEM, info.kind);
	EXPECT_EQ(0, info.base);
	EXPECT_EQ(1, info.size);
	EXPECT_STREQ("part", info.name);
	zx_handle_close(part);
	zx_handle_close(root);
}

TEST(resource_info_refusals)
{
	zx_handle_t root, shy, port;
	zx_info_resource_t info;

	ASSERT_EQ(ZX_OK, zxl_hypervisor_resource(&root));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	shy = handle_without(root, ZX_RIGHT_INSPECT);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, resource_info(shy, &info, sizeof(info)));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, resource_info(port, &info, sizeof(info)));
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, resource_info(root, &info, sizeof(info) - 1));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_info(root, ZX_INFO_RESOURCE, BAD_POINTER,
							  sizeof(info), NULL, NULL));
	zx_handle_close(shy);
	zx_handle_close(port);
	zx_handle_close(root);
}

TEST_HARNESS_MAIN
