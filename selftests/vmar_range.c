// SPDX-License-Identifier: GPL-2.0-only
/* zx_vmar_op_range: work on the pages behind mappings, and leaves made beforehand. */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define READ	ZX_VM_PERM_READ
#define RW	(READ | ZX_VM_PERM_WRITE)
#define AT	ZX_VM_SPECIFIC
#define SPACE	(1ull << 48)
#define BASE	GUEST_WINDOW
/* Far from everything, so that a leaf there needs tables of its own. */
#define FAR	(1ull << 42)

FIXTURE(range) {
	struct vm vm;
	zx_handle_t vmar;
	zx_handle_t vmo;	/* 8 pages */
	zx_vaddr_t addr;
};

FIXTURE_SETUP(range)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->vmar = self->vm.vmar;
	ASSERT_EQ(ZX_OK, zx_vmo_create(8 * PAGE, 0, &self->vmo));
}

FIXTURE_TEARDOWN(range)
{
	zx_handle_close(self->vmo);
	vm_down(&self->vm);
}

static zx_status_t map_at(struct _test_data_range *self, uint32_t options, uint64_t addr,
			  uint64_t vmo_offset, uint64_t len)
{
	return zx_vmar_map(self->vmar, options | AT, addr, self->vmo, vmo_offset, len,
			   &self->addr);
}

static zx_status_t op(struct _test_data_range *self, uint32_t op, uint64_t addr, uint64_t len)
{
	return zx_vmar_op_range(self->vmar, op, addr, len, NULL, 0);
}

static long committed(struct _test_data_range *self)
{
	return fdinfo_number(self->vmo, "committed") / (long)PAGE;
}

static long tables(struct _test_data_range *self)
{
	return fdinfo_number(self->vm.guest, "tables");
}

static const uint32_t writing[] = { ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT, ZX_VMAR_OP_ZERO };
static const uint32_t hints[] = { ZX_VMAR_OP_MAP_RANGE, ZX_VMAR_OP_DONT_NEED,
				  ZX_VMAR_OP_ALWAYS_NEED, ZX_VMAR_OP_PREFETCH };

/* One call for each op, which must all answer @status. */
#define EXPECT_ALL(status, ops, addr, len) do { \
	for (unsigned int nr = 0; nr < ARRAY_SIZE(ops); nr++) { \
		EXPECT_EQ(status, op(self, (ops)[nr], addr, len)) { \
			TH_LOG("op %u", (ops)[nr]); \
		} \
	} \
} while (0)

TEST_F(range, commit_and_decommit)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW, FAR, 2 * PAGE, 4 * PAGE));
	const long before = tables(self);

	EXPECT_EQ(0, committed(self));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_COMMIT, FAR + PAGE, 2 * PAGE));
	EXPECT_EQ(2, committed(self));
	EXPECT_GT(tables(self), before);
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "the text", 3 * PAGE, 8));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "the text", 4 * PAGE, 8));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_DECOMMIT, FAR + PAGE, PAGE));
	EXPECT_EQ(1, committed(self));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, &self->addr, 3 * PAGE, 8));
	EXPECT_EQ(0, self->addr);
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, &self->addr, 4 * PAGE, 8));
	EXPECT_EQ(0, memcmp(&self->addr, "the text", 8));
}

TEST_F(range, zero_is_seen_by_the_guest)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE, 0, 8 * PAGE));
	vm_frame(&self->vm)->rax = 5;
	vm_frame(&self->vm)->rdi = BASE + PAGE;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_ZERO, BASE, 8 * PAGE));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_load));
	EXPECT_EQ(0, vm_frame(&self->vm)->rax);
}

TEST_F(range, map_range_shows_what_is_committed_and_commits_nothing)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW, FAR, 0, 8 * PAGE));
	const long before = tables(self);

	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_MAP_RANGE, FAR, 8 * PAGE));
	EXPECT_EQ(before, tables(self));
	EXPECT_EQ(0, committed(self));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "here", 5 * PAGE, 4));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_MAP_RANGE, FAR, 5 * PAGE));
	EXPECT_EQ(before, tables(self));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_MAP_RANGE, FAR, 8 * PAGE));
	EXPECT_EQ(before + 3, tables(self));
	EXPECT_EQ(1, committed(self));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_MAP_RANGE, FAR, 8 * PAGE));
	EXPECT_EQ(before + 3, tables(self));
}

TEST_F(range, map_with_map_range_does_the_same)
{
	const long before = tables(self);

	ASSERT_EQ(ZX_OK, map_at(self, RW | ZX_VM_MAP_RANGE, FAR, 0, 8 * PAGE));
	EXPECT_EQ(before, tables(self));
	EXPECT_EQ(0, committed(self));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "here", 0, 4));
	ASSERT_EQ(ZX_OK, map_at(self, RW | ZX_VM_MAP_RANGE, 2 * FAR, 0, 16 * PAGE));
	EXPECT_EQ(before + 3, tables(self));
	EXPECT_EQ(1, committed(self));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_map(self->vmar, RW | AT | ZX_VM_MAP_RANGE, 3 * FAR,
						   self->vmo, 0, PAGE, BAD_POINTER));
	EXPECT_EQ(ZX_OK, map_at(self, RW, 3 * FAR, 0, PAGE));
}

TEST_F(range, map_range_respects_traps_and_permissions)
{
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, 8 * PAGE, NULL, 0));
	const long before = tables(self);

	ASSERT_EQ(ZX_OK, map_at(self, 0, FAR, 0, 8 * PAGE));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_MAP_RANGE, FAR, 8 * PAGE));
	EXPECT_EQ(before, tables(self));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, 2 * FAR, 8 * PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	ASSERT_EQ(ZX_OK, map_at(self, RW | ZX_VM_MAP_RANGE, 2 * FAR, 0, 8 * PAGE));
	EXPECT_EQ(before, tables(self));
	ASSERT_EQ(ZX_OK, map_at(self, READ | ZX_VM_MAP_RANGE, BASE, 0, 8 * PAGE));
	vm_frame(&self->vm)->rdi = BASE;
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, vm_probe(&self->vm, probe_store));
}

TEST_F(range, several_mappings_in_one_go)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE, 4 * PAGE, 2 * PAGE));
	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE + 2 * PAGE, 0, PAGE));
	ASSERT_EQ(ZX_OK, map_at(self, READ, BASE + 3 * PAGE, 6 * PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_COMMIT, BASE + PAGE, 3 * PAGE));
	EXPECT_EQ(3, committed(self));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_DECOMMIT, BASE + PAGE, 2 * PAGE));
	EXPECT_EQ(1, committed(self));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_COMMIT, BASE, 5 * PAGE));
	EXPECT_EQ(5, committed(self));
	EXPECT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, PAGE, 3 * PAGE, NULL, 0));
	EXPECT_EQ(5, committed(self));
}

TEST_F(range, hole)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE, 0, 2 * PAGE));
	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE + 3 * PAGE, 0, 2 * PAGE));
	EXPECT_ALL(ZX_ERR_BAD_STATE, writing, BASE - PAGE, 2 * PAGE);
	EXPECT_ALL(ZX_ERR_BAD_STATE, writing, BASE, 5 * PAGE);
	EXPECT_ALL(ZX_ERR_BAD_STATE, writing, BASE + 3 * PAGE, 3 * PAGE);
	EXPECT_ALL(ZX_ERR_BAD_STATE, hints, BASE, 3 * PAGE);
	EXPECT_ALL(ZX_ERR_BAD_STATE, hints, BASE + 2 * PAGE, PAGE);
	EXPECT_ALL(ZX_OK, hints, BASE, 2 * PAGE);
}

TEST_F(range, bad_ranges)
{
	const uint64_t beyond[][2] = {
		{ 0, SPACE + PAGE }, { PAGE, SPACE }, { SPACE, PAGE }, { 1ull << 63, PAGE },
		{ -PAGE, PAGE }, { -PAGE, 2 * PAGE }, { 0, 1ull << 63 }, { 0, -PAGE },
		{ PAGE, -PAGE },
	};
	const uint64_t wrong[][2] = {
		{ 0, 0 }, { BASE, 0 }, { BASE + 1, PAGE }, { BASE, 1 }, { BASE, PAGE + 1 },
		{ 0, UINT64_MAX }, { UINT64_MAX, UINT64_MAX }, { SPACE, 0 },
	};
	unsigned int i;

	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE, 0, 8 * PAGE));
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		EXPECT_ALL(ZX_ERR_OUT_OF_RANGE, writing, beyond[i][0], beyond[i][1]);
		EXPECT_ALL(ZX_ERR_OUT_OF_RANGE, hints, beyond[i][0], beyond[i][1]);
	}
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_ALL(ZX_ERR_INVALID_ARGS, writing, wrong[i][0], wrong[i][1]);
		EXPECT_ALL(ZX_ERR_INVALID_ARGS, hints, wrong[i][0], wrong[i][1]);
	}
}

TEST_F(range, unknown_ops)
{
	const uint32_t known = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 10 | 1u << 12 | 1u << 13 |
			       1u << 14;
	uint32_t nr;

	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE, 0, 8 * PAGE));
	for (nr = 0; nr < 32; nr++)
		EXPECT_EQ(known & 1u << nr ? ZX_OK : ZX_ERR_INVALID_ARGS, op(self, nr, BASE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, op(self, 1u << 31, BASE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, op(self, UINT32_MAX, BASE, PAGE));
}

TEST_F(range, vmar_handle_without_write)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE, 0, 8 * PAGE));
	self->vmar = handle_with(self->vm.vmar, ZX_RIGHT_READ);
	EXPECT_ALL(ZX_ERR_ACCESS_DENIED, writing, BASE, PAGE);
	EXPECT_ALL(ZX_ERR_ACCESS_DENIED, writing, 1, 0);
	EXPECT_ALL(ZX_OK, hints, BASE, PAGE);
	zx_handle_close(self->vmar);
}

TEST_F(range, mapping_that_can_never_be_written)
{
	const zx_handle_t read_only = handle_without(self->vmo, ZX_RIGHT_WRITE);

	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vmar, READ | AT, BASE, read_only, 0, PAGE, &self->addr));
	EXPECT_ALL(ZX_ERR_ACCESS_DENIED, writing, BASE, PAGE);
	EXPECT_ALL(ZX_OK, hints, BASE, PAGE);
	ASSERT_EQ(ZX_OK, map_at(self, READ, BASE + PAGE, 0, PAGE));
	EXPECT_ALL(ZX_OK, writing, BASE + PAGE, PAGE);
	zx_handle_close(read_only);
}

TEST_F(range, child_in_the_range)
{
	zx_handle_t child;

	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE, 0, PAGE));
	ASSERT_EQ(ZX_OK, zx_vmar_allocate(self->vmar, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | AT,
					  BASE + PAGE, PAGE, &child, &self->addr));
	EXPECT_ALL(ZX_ERR_BAD_STATE, hints, BASE, 2 * PAGE);
	ASSERT_EQ(ZX_OK, zx_vmar_map(child, RW, 0, self->vmo, 0, PAGE, &self->addr));
	EXPECT_ALL(ZX_ERR_INVALID_ARGS, writing, BASE, 2 * PAGE);
	EXPECT_ALL(ZX_ERR_INVALID_ARGS, writing, BASE + PAGE, PAGE);
	EXPECT_ALL(ZX_OK, hints, BASE, 2 * PAGE);
	self->vmar = child;
	EXPECT_ALL(ZX_OK, writing, BASE + PAGE, PAGE);
	EXPECT_ALL(ZX_ERR_OUT_OF_RANGE, writing, BASE, 2 * PAGE);
	zx_handle_close(child);
}

TEST_F(range, past_the_end_of_the_vmo)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE, 0, 16 * PAGE));
	EXPECT_ALL(ZX_ERR_OUT_OF_RANGE, writing, BASE, 16 * PAGE);
	EXPECT_ALL(ZX_ERR_OUT_OF_RANGE, writing, BASE + 8 * PAGE, PAGE);
	EXPECT_ALL(ZX_OK, hints, BASE, 16 * PAGE);
	EXPECT_ALL(ZX_OK, hints, BASE + 8 * PAGE, PAGE);
}

TEST_F(range, without_its_guest)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW, BASE, 0, PAGE));
	zx_handle_close(self->vm.guest);
	self->vm.guest = ZX_HANDLE_INVALID;
	EXPECT_ALL(ZX_ERR_BAD_STATE, writing, BASE, PAGE);
	EXPECT_ALL(ZX_ERR_BAD_STATE, hints, BASE, PAGE);
}

TEST_F(range, of_a_slice)
{
	zx_handle_t slice;

	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_SLICE, 4 * PAGE, 4 * PAGE,
					     &slice));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vmar, RW | AT, BASE, slice, PAGE, 4 * PAGE,
				     &self->addr));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_COMMIT, BASE, 2 * PAGE));
	EXPECT_EQ(2, committed(self));
	EXPECT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, 5 * PAGE, NULL, 0));
	EXPECT_EQ(2, committed(self));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_MAP_RANGE, BASE, 4 * PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, op(self, ZX_VMAR_OP_COMMIT, BASE + 3 * PAGE, PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "the text", 6 * PAGE, 8));
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_ZERO, BASE + PAGE, PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, &self->addr, 6 * PAGE, 8));
	EXPECT_EQ(0, self->addr);
	EXPECT_EQ(1, committed(self));
	zx_handle_close(slice);
}

TEST_F(range, of_a_huge_sparse_vmo)
{
	const uint64_t size = 1ull << 46;

	zx_handle_close(self->vmo);
	ASSERT_EQ(ZX_OK, zx_vmo_create(size, 0, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "end", size - PAGE, 3));
	ASSERT_EQ(ZX_OK, map_at(self, RW | ZX_VM_MAP_RANGE, 1ull << 46, 0, size));
	EXPECT_ALL(ZX_OK, hints, 1ull << 46, size);
	EXPECT_EQ(ZX_OK, op(self, ZX_VMAR_OP_ZERO, 1ull << 46, size));
	EXPECT_EQ(0, committed(self));
}

TEST_HARNESS_MAIN
