// SPDX-License-Identifier: GPL-2.0-only
/* VMOs made out of VMOs: what they show, what is refused, whose child they are. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define PAGES		4
#define SIZE		(PAGES * PAGE)
#define LIMIT		(1ull << 47)
#define SNAPSHOT	ZX_VMO_CHILD_SNAPSHOT
#define SLICE		ZX_VMO_CHILD_SLICE
#define REFERENCE	ZX_VMO_CHILD_REFERENCE
#define RESIZABLE	ZX_VMO_CHILD_RESIZABLE
#define NO_WRITE	ZX_VMO_CHILD_NO_WRITE

/* Page n of both VMOs begins with 'a' + n. */
FIXTURE(child) {
	zx_handle_t vmo;
	zx_handle_t resizable;
	zx_handle_t out;
	zx_handle_t more;
};

static zx_status_t fill(zx_handle_t vmo)
{
	zx_status_t status = ZX_OK;
	unsigned int i;
	char byte;

	for (i = 0; i < PAGES && status == ZX_OK; i++) {
		byte = 'a' + i;
		status = zx_vmo_write(vmo, &byte, i * PAGE, 1);
	}
	return status;
}

FIXTURE_SETUP(child)
{
	ASSERT_EQ(ZX_OK, zx_vmo_create(SIZE, 0, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_vmo_create(SIZE, ZX_VMO_RESIZABLE, &self->resizable));
	ASSERT_EQ(ZX_OK, fill(self->vmo));
	ASSERT_EQ(ZX_OK, fill(self->resizable));
}

FIXTURE_TEARDOWN(child)
{
	zx_handle_close(self->vmo);
	zx_handle_close(self->resizable);
	zx_handle_close(self->out);
	zx_handle_close(self->more);
}

static uint64_t size_of(zx_handle_t vmo)
{
	uint64_t size = UINT64_MAX;

	return zx_vmo_get_size(vmo, &size) == ZX_OK ? size : UINT64_MAX;
}

static int byte_at(zx_handle_t vmo, uint64_t offset)
{
	unsigned char byte;

	return zx_vmo_read(vmo, &byte, offset, 1) == ZX_OK ? byte : -1;
}

#define make(parent, options, offset, size) \
	zx_vmo_create_child(parent, options, offset, size, &self->out)

TEST_F(child, snapshot_has_the_bytes)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT, 0, SIZE));
	EXPECT_EQ(SIZE, size_of(self->out));
	EXPECT_EQ('a', byte_at(self->out, 0));
	EXPECT_EQ('d', byte_at(self->out, 3 * PAGE));
	EXPECT_EQ(0, byte_at(self->out, SIZE - 1));
}

TEST_F(child, snapshot_and_parent_part_ways)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT, 0, SIZE));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "P", 0, 1));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->out, "C", PAGE, 1));
	EXPECT_EQ('a', byte_at(self->out, 0));
	EXPECT_EQ('b', byte_at(self->vmo, PAGE));
}

TEST_F(child, weaker_snapshots_are_snapshots)
{
	const uint32_t kinds[] = { ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE,
				   ZX_VMO_CHILD_SNAPSHOT_MODIFIED };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_EQ(ZX_OK, make(self->vmo, kinds[i], 0, SIZE));
		ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "P", i, 1));
		EXPECT_EQ(i ? 0 : 'a', byte_at(self->out, i));
		zx_handle_close(self->out);
	}
}

TEST_F(child, snapshot_of_a_part)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT, PAGE, PAGE + 1));
	EXPECT_EQ(2 * PAGE, size_of(self->out));
	EXPECT_EQ('b', byte_at(self->out, 0));
	EXPECT_EQ('c', byte_at(self->out, PAGE));
}

TEST_F(child, snapshot_past_the_end)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT, 3 * PAGE, 4 * PAGE));
	EXPECT_EQ('d', byte_at(self->out, 0));
	EXPECT_EQ(0, byte_at(self->out, PAGE));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT, 1ull << 60, PAGE));
	EXPECT_EQ(0, byte_at(self->out, 0));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT, 0, 0));
	EXPECT_EQ(0, size_of(self->out));
}

TEST_F(child, snapshot_of_much_that_is_not_there)
{
	ASSERT_EQ(ZX_OK, zx_vmo_create(LIMIT, 0, &self->more));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->more, "x", LIMIT - PAGE, 1));
	ASSERT_EQ(ZX_OK, make(self->more, SNAPSHOT, 0, LIMIT));
	EXPECT_EQ('x', byte_at(self->out, LIMIT - PAGE));
	EXPECT_EQ(0, byte_at(self->out, 0));
	EXPECT_LT(info_of(self->out).committed_bytes, (8ull << 20) + 1);
}

TEST_F(child, snapshot_does_not_commit_holes)
{
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, SIZE, NULL, 0));
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT, 0, SIZE));
	EXPECT_EQ(0, info_of(self->out).committed_bytes);
}

TEST_F(child, decommit_does_not_reach_the_other)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT, 0, SIZE));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->out, ZX_VMO_OP_DECOMMIT, PAGE, PAGE, NULL, 0));
	EXPECT_EQ('a', byte_at(self->out, 0));
	EXPECT_EQ(0, byte_at(self->out, PAGE));
	EXPECT_EQ(0, byte_at(self->vmo, 0));
	EXPECT_EQ('b', byte_at(self->vmo, PAGE));
}

TEST_F(child, snapshot_outlives_the_parent)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT, 0, SIZE));
	zx_handle_close(self->vmo);
	self->vmo = ZX_HANDLE_INVALID;
	EXPECT_EQ('c', byte_at(self->out, 2 * PAGE));
}

TEST_F(child, snapshot_of_a_snapshot_and_of_a_slice)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SLICE, PAGE, 2 * PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->out, SNAPSHOT, PAGE, 4 * PAGE, &self->more));
	EXPECT_EQ('c', byte_at(self->more, 0));
	EXPECT_EQ(0, byte_at(self->more, PAGE));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(self->more, SNAPSHOT, 0, PAGE));
	EXPECT_EQ('c', byte_at(self->out, 0));
}

TEST_F(child, resizable_snapshot)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT | RESIZABLE, 0, SIZE));
	EXPECT_EQ(ZX_RIGHT_RESIZE, handle_rights(self->out) & ZX_RIGHT_RESIZE);
	EXPECT_EQ(ZX_OK, zx_vmo_set_size(self->out, 8 * PAGE));
	EXPECT_EQ(8 * PAGE, size_of(self->out));
	EXPECT_EQ(SIZE, size_of(self->vmo));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(self->resizable, SNAPSHOT, 0, SIZE));
	EXPECT_EQ(0, handle_rights(self->out) & ZX_RIGHT_RESIZE);
	EXPECT_EQ(ZX_ERR_UNAVAILABLE, zx_vmo_set_size(self->out, PAGE));
}

TEST_F(child, rights_needed)
{
	self->more = handle_without(self->vmo, ZX_RIGHT_DUPLICATE);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, make(self->more, SLICE, 0, PAGE));
	zx_handle_close(self->more);
	self->more = handle_without(self->vmo, ZX_RIGHT_READ);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, make(self->more, SLICE, 0, PAGE));
}

TEST_F(child, rights)
{
	const zx_handle_t few = handle_with(self->vmo, ZX_RIGHT_READ | ZX_RIGHT_DUPLICATE);
	const zx_rights_t base = ZX_RIGHT_READ | ZX_RIGHT_DUPLICATE | ZX_RIGHT_GET_PROPERTY |
				 ZX_RIGHT_SET_PROPERTY;

	ASSERT_EQ(ZX_OK, make(few, SLICE, 0, PAGE));
	EXPECT_EQ(base, handle_rights(self->out));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(few, REFERENCE, 0, 0));
	EXPECT_EQ(base, handle_rights(self->out));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(few, SNAPSHOT, 0, PAGE));
	EXPECT_EQ(base | ZX_RIGHT_WRITE, handle_rights(self->out));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(few, SNAPSHOT | NO_WRITE, 0, PAGE));
	EXPECT_EQ(base, handle_rights(self->out));
	zx_handle_close(few);
}

TEST_F(child, rights_of_what_is_executable)
{
	zx_rights_t rights;

	ASSERT_EQ(ZX_OK, vmo_executable(SIZE, &self->more));
	rights = handle_rights(self->more);
	ASSERT_EQ(ZX_OK, make(self->more, SNAPSHOT, 0, PAGE));
	EXPECT_EQ(rights & ~ZX_RIGHT_EXECUTE, handle_rights(self->out));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(self->more, SNAPSHOT | NO_WRITE, 0, PAGE));
	EXPECT_EQ(rights & ~ZX_RIGHT_WRITE, handle_rights(self->out));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(self->more, SLICE, 0, PAGE));
	EXPECT_EQ(rights, handle_rights(self->out));
	zx_handle_close(self->out);
	ASSERT_EQ(ZX_OK, make(self->more, SLICE | NO_WRITE, 0, PAGE));
	EXPECT_EQ(rights & ~ZX_RIGHT_WRITE, handle_rights(self->out));
}

TEST_F(child, reference_is_the_same_memory)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, REFERENCE, 0, 0));
	EXPECT_EQ(SIZE, size_of(self->out));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->out, "R", PAGE, 1));
	EXPECT_EQ('R', byte_at(self->vmo, PAGE));
	zx_handle_close(self->vmo);
	self->vmo = ZX_HANDLE_INVALID;
	EXPECT_EQ('R', byte_at(self->out, PAGE));
}

TEST_F(child, reference_has_the_same_size)
{
	ASSERT_EQ(ZX_OK, make(self->resizable, REFERENCE | RESIZABLE, 0, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->resizable, PAGE));
	EXPECT_EQ(PAGE, size_of(self->out));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_write(self->out, "x", PAGE, 1));
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->out, 3 * PAGE));
	EXPECT_EQ(3 * PAGE, size_of(self->resizable));
	EXPECT_EQ(0, byte_at(self->resizable, PAGE));
}

TEST_F(child, reference_that_may_not_resize)
{
	ASSERT_EQ(ZX_OK, make(self->resizable, REFERENCE, 0, 0));
	EXPECT_EQ(0, handle_rights(self->out) & ZX_RIGHT_RESIZE);
	EXPECT_EQ(ZX_ERR_UNAVAILABLE, zx_vmo_set_size(self->out, PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->resizable, PAGE));
	EXPECT_EQ(PAGE, size_of(self->out));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED,
		  zx_vmo_create_child(self->out, SLICE, 0, PAGE, &self->more));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED,
		  zx_vmo_create_child(self->out, REFERENCE | RESIZABLE, 0, 0, &self->more));
}

TEST_F(child, reference_does_not_win_the_right_to_resize)
{
	self->more = handle_without(self->resizable, ZX_RIGHT_RESIZE);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, make(self->more, REFERENCE | RESIZABLE, 0, 0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmo_set_size(self->more, PAGE));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, make(self->vmo, REFERENCE | RESIZABLE, 0, 0));
}

TEST_F(child, reference_has_no_range)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->vmo, REFERENCE, 0, SIZE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->vmo, REFERENCE, PAGE, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->vmo, SLICE, 0, PAGE, &self->more));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, make(self->more, REFERENCE, 0, 0));
}

TEST_F(child, slice_is_a_part_of_the_same_memory)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SLICE, PAGE, PAGE + 1));
	EXPECT_EQ(2 * PAGE, size_of(self->out));
	EXPECT_EQ('b', byte_at(self->out, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->out, "S", PAGE, 1));
	EXPECT_EQ('S', byte_at(self->vmo, 2 * PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->out, ZX_VMO_OP_ZERO, 0, 1, NULL, 0));
	EXPECT_EQ(0, byte_at(self->vmo, PAGE));
	EXPECT_EQ('a', byte_at(self->vmo, 0));
}

TEST_F(child, slice_ends_where_it_ends)
{
	char data[2 * PAGE];

	ASSERT_EQ(ZX_OK, make(self->vmo, SLICE, PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(self->out, data, 0, PAGE + 1));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_write(self->out, data, PAGE, 1));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(self->out, data, -PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_op_range(self->out, ZX_VMO_OP_DECOMMIT, 0,
						       2 * PAGE, NULL, 0));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_op_range(self->out, ZX_VMO_OP_ZERO, -PAGE, PAGE,
						       NULL, 0));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_op_range(self->out, ZX_VMO_OP_COMMIT, PAGE, PAGE,
						       NULL, 0));
	EXPECT_EQ(ZX_ERR_UNAVAILABLE, zx_vmo_set_size(self->out, 2 * PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->out, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
	EXPECT_EQ('a', byte_at(self->vmo, 0));
	EXPECT_EQ(0, byte_at(self->vmo, PAGE));
	EXPECT_EQ('c', byte_at(self->vmo, 2 * PAGE));
}

TEST_F(child, slice_of_a_slice)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SLICE, PAGE, 3 * PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->out, SLICE, PAGE, PAGE, &self->more));
	EXPECT_EQ('c', byte_at(self->more, 0));
	EXPECT_EQ(-1, byte_at(self->more, PAGE));
	zx_handle_close(self->more);
	EXPECT_EQ(ZX_ERR_INVALID_ARGS,
		  zx_vmo_create_child(self->out, SLICE, PAGE, 3 * PAGE, &self->more));
}

TEST_F(child, slice_outside)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->vmo, SLICE, 1, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->vmo, SLICE, 0, SIZE + 1));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->vmo, SLICE, SIZE, 1));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->vmo, SLICE, SIZE + PAGE, 0));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->vmo, SLICE, -PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, make(self->vmo, SLICE, PAGE, UINT64_MAX));
	EXPECT_EQ(ZX_OK, make(self->vmo, SLICE, SIZE, 0));
	EXPECT_EQ(0, size_of(self->out));
}

TEST_F(child, slice_of_a_resizable_one)
{
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, make(self->resizable, SLICE, 0, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->vmo, SLICE | RESIZABLE, 0, PAGE));
}

TEST_F(child, bad_options)
{
	const uint32_t options[] = {
		0, RESIZABLE, NO_WRITE, 1u << 1, 1u << 8, 1u << 31, SNAPSHOT | 1u << 31,
		SNAPSHOT | SLICE, SNAPSHOT | REFERENCE, SLICE | REFERENCE,
		SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_MODIFIED, SNAPSHOT | RESIZABLE | NO_WRITE,
		REFERENCE | RESIZABLE | NO_WRITE, UINT32_MAX,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->resizable, options[i], 0, 0));
}

TEST_F(child, bad_range_of_a_snapshot)
{
	const int before = count_descriptors();

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, make(self->vmo, SNAPSHOT, 1, PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, make(self->vmo, SNAPSHOT, 0, LIMIT + 1));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, make(self->vmo, SNAPSHOT, 0, 1ull << 63));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, make(self->vmo, SNAPSHOT, 0, UINT64_MAX));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, make(self->vmo, SNAPSHOT, -PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_create_child(self->vmo, SNAPSHOT, 0, PAGE,
							   BAD_POINTER));
	EXPECT_EQ(0, info_of(self->vmo).num_children);
	EXPECT_EQ(before, count_descriptors());
}

TEST_F(child, info)
{
	zx_info_vmo_t parent, info;

	ASSERT_EQ(ZX_OK, make(self->vmo, SNAPSHOT | RESIZABLE, 0, PAGE));
	parent = info_of(self->vmo);
	info = info_of(self->out);
	EXPECT_EQ(parent.koid, info.parent_koid);
	EXPECT_EQ(0, parent.parent_koid);
	EXPECT_EQ(1, parent.num_children);
	EXPECT_EQ(0, info.num_children);
	EXPECT_EQ(ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE, parent.flags);
	EXPECT_EQ(ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE | ZX_INFO_VMO_RESIZABLE |
		  ZX_INFO_VMO_IS_COW_CLONE, info.flags);
	EXPECT_EQ(PAGE, info.size_bytes);
	EXPECT_EQ(PAGE, info.committed_bytes);
	EXPECT_EQ(handle_rights(self->out), info.handle_rights);
	EXPECT_EQ(ZX_CACHE_POLICY_CACHED, info.cache_policy);
	EXPECT_EQ(0, info.num_mappings);
}

TEST_F(child, children_are_counted)
{
	ASSERT_EQ(ZX_OK, make(self->vmo, SLICE, 0, PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->vmo, SNAPSHOT, 0, PAGE, &self->more));
	EXPECT_EQ(2, info_of(self->vmo).num_children);
	zx_handle_close(self->out);
	EXPECT_EQ(1, info_of(self->vmo).num_children);
	zx_handle_close(self->more);
	EXPECT_EQ(0, info_of(self->vmo).num_children);
}

TEST_F(child, grandchildren_are_adopted)
{
	zx_koid_t koid;

	ASSERT_EQ(ZX_OK, make(self->vmo, SLICE, 0, 2 * PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->out, SLICE, 0, PAGE, &self->more));
	koid = info_of(self->out).koid;
	EXPECT_EQ(1, info_of(self->vmo).num_children);
	zx_handle_close(self->out);
	EXPECT_EQ(1, info_of(self->vmo).num_children);
	EXPECT_EQ(koid, info_of(self->more).parent_koid);
	zx_handle_close(self->more);
	EXPECT_EQ(0, info_of(self->vmo).num_children);
}

TEST_F(child, a_long_line_of_children)
{
	const long before = live_objects();
	zx_handle_t last = self->vmo, next;
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		ASSERT_EQ(ZX_OK, zx_vmo_create_child(last, SLICE, 0, PAGE, &next));
		if (last != self->vmo)
			zx_handle_close(last);
		last = next;
	}
	EXPECT_EQ(1, info_of(self->vmo).num_children);
	EXPECT_EQ('a', byte_at(last, 0));
	zx_handle_close(last);
	EXPECT_EQ(0, info_of(self->vmo).num_children);
	EXPECT_EQ(before, live_objects());
}

TEST_F(child, many_children_lose_their_parent)
{
	zx_handle_t children[200];
	unsigned int i;

	ASSERT_EQ(ZX_OK, make(self->vmo, SLICE, 0, 2 * PAGE));
	for (i = 0; i < ARRAY_SIZE(children); i++)
		ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->out, SLICE, PAGE, PAGE, &children[i]));
	zx_handle_close(self->out);
	EXPECT_EQ(ARRAY_SIZE(children), info_of(self->vmo).num_children);
	for (i = 0; i < ARRAY_SIZE(children); i++)
		zx_handle_close(children[i]);
	EXPECT_EQ(0, info_of(self->vmo).num_children);
}

TEST_F(child, signal_of_no_children)
{
	zx_signals_t seen = 0;

	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->vmo, ZX_VMO_ZERO_CHILDREN, 0, &seen));
	ASSERT_EQ(ZX_OK, make(self->vmo, SLICE, 0, PAGE));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_object_wait_one(self->vmo, ZX_VMO_ZERO_CHILDREN, 0, &seen));
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->out, ZX_VMO_ZERO_CHILDREN, 0, &seen));
	zx_handle_close(self->out);
	EXPECT_EQ(ZX_OK, zx_object_wait_one(self->vmo, ZX_VMO_ZERO_CHILDREN, 0, &seen));
}

TEST_F(child, name_is_the_parents_at_first)
{
	ASSERT_EQ(ZX_OK, zx_object_set_property(self->vmo, ZX_PROP_NAME, "parent", 6));
	ASSERT_EQ(ZX_OK, make(self->vmo, SLICE, 0, PAGE));
	EXPECT_STREQ("parent", info_of(self->out).name);
	ASSERT_EQ(ZX_OK, zx_object_set_property(self->out, ZX_PROP_NAME, "child", 5));
	EXPECT_STREQ("child", info_of(self->out).name);
	EXPECT_STREQ("parent", info_of(self->vmo).name);
}

TEST_HARNESS_MAIN
