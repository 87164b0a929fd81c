// SPDX-License-Identifier: GPL-2.0-only
/* A guest's address space: what may be mapped, unmapped and protected where. */

#include "kselftest_harness.h"
#include "util.h"

#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define RWX	(RW | ZX_VM_PERM_EXECUTE)
#define AT	ZX_VM_SPECIFIC
#define SPACE	(1ull << 48)

FIXTURE(vmar) {
	struct vm vm;
	zx_handle_t vmo;
	zx_vaddr_t addr;
};

FIXTURE_SETUP(vmar)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_vmo_create(4 * PAGE, 0, &self->vmo));
}

FIXTURE_TEARDOWN(vmar)
{
	zx_handle_close(self->vmo);
	vm_down(&self->vm);
}

static zx_status_t map_at(struct _test_data_vmar *self, uint32_t options, uint64_t offset,
			  uint64_t len)
{
	return zx_vmar_map(self->vm.vmar, options, offset, self->vmo, 0, len, &self->addr);
}

TEST_F(vmar, info_is_the_whole_space)
{
	zx_info_vmar_t info;

	ASSERT_EQ(ZX_OK, zx_object_get_info(self->vm.vmar, ZX_INFO_VMAR, &info, sizeof(info),
					    NULL, NULL));
	EXPECT_EQ(0, info.base);
	EXPECT_EQ(SPACE, info.len);
}

TEST_F(vmar, map_at_an_address)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	EXPECT_EQ(GUEST_WINDOW, self->addr);
}

TEST_F(vmar, map_rounds_its_length_up)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, 1));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW + PAGE, PAGE));
}

TEST_F(vmar, map_anywhere_finds_holes)
{
	zx_vaddr_t first;

	ASSERT_EQ(ZX_OK, map_at(self, RW, 0, 4 * PAGE));
	first = self->addr;
	ASSERT_EQ(ZX_OK, map_at(self, RW, 0, 4 * PAGE));
	EXPECT_TRUE(self->addr + 4 * PAGE <= first || first + 4 * PAGE <= self->addr);
	EXPECT_EQ(0, (self->addr | first) & (PAGE - 1));
	EXPECT_GE(self->addr, GUEST_RAM);
	EXPECT_GE(first, GUEST_RAM);
}

TEST_F(vmar, map_anywhere_aligned)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | 24u << ZX_VM_ALIGN_BASE, 0, PAGE));
	EXPECT_EQ(0, self->addr & ((1ull << 24) - 1));
}

TEST_F(vmar, map_anywhere_below_a_limit)
{
	const uint64_t limit = GUEST_RAM + 0x100000;

	ASSERT_EQ(ZX_OK, map_at(self, RW | ZX_VM_OFFSET_IS_UPPER_LIMIT, limit, PAGE));
	EXPECT_LE(self->addr + PAGE, limit);
}

TEST_F(vmar, map_anywhere_in_the_only_page_below_a_limit)
{
	ASSERT_EQ(ZX_OK, zx_vmar_unmap(self->vm.vmar, 0, SPACE));
	ASSERT_EQ(ZX_OK, map_at(self, RW | ZX_VM_OFFSET_IS_UPPER_LIMIT, PAGE, PAGE));
	EXPECT_EQ(0, self->addr);
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, map_at(self, RW | ZX_VM_OFFSET_IS_UPPER_LIMIT, PAGE, PAGE));
}

TEST_F(vmar, map_at_the_end_of_the_space)
{
	EXPECT_EQ(ZX_OK, map_at(self, RW | AT, SPACE - PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT, SPACE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT, SPACE - 2 * PAGE, 3 * PAGE));
}

TEST_F(vmar, map_of_the_whole_space_leaves_no_hole)
{
	ASSERT_EQ(ZX_OK, zx_vmar_unmap(self->vm.vmar, 0, SPACE));
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, 0, SPACE));
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, map_at(self, RW, 0, PAGE));
}

TEST_F(vmar, map_length_zero)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT, GUEST_WINDOW, 0));
}

TEST_F(vmar, map_length_huge)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT, GUEST_WINDOW, SPACE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT, GUEST_WINDOW, UINT64_MAX));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT, GUEST_WINDOW, -PAGE));
}

TEST_F(vmar, map_unaligned)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT, GUEST_WINDOW + 1, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_map(self->vm.vmar, RW | AT, GUEST_WINDOW,
						   self->vmo, 1, PAGE, &self->addr));
}

TEST_F(vmar, map_vmo_range_that_wraps)
{
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmar_map(self->vm.vmar, RW | AT, GUEST_WINDOW,
						   self->vmo, -PAGE, 2 * PAGE, &self->addr));
}

TEST_F(vmar, map_offset_without_specific)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW, GUEST_WINDOW, PAGE));
}

TEST_F(vmar, map_unknown_options)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT | 1u << 20, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT | ZX_VM_CAN_MAP_READ, GUEST_WINDOW,
					      PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | 9u << ZX_VM_ALIGN_BASE, 0, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | 33u << ZX_VM_ALIGN_BASE, 0, PAGE));
}

TEST_F(vmar, map_range_with_overwrite)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | ZX_VM_SPECIFIC_OVERWRITE |
					      ZX_VM_MAP_RANGE, GUEST_WINDOW, PAGE));
}

TEST_F(vmar, map_without_read)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, ZX_VM_PERM_WRITE | AT, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, ZX_VM_PERM_EXECUTE | AT, GUEST_WINDOW, PAGE));
}

TEST_F(vmar, map_needs_rights_of_the_vmo)
{
	const struct {
		zx_rights_t missing;
		uint32_t options;
	} rows[] = {
		{ ZX_RIGHT_MAP, ZX_VM_PERM_READ },
		{ ZX_RIGHT_READ, ZX_VM_PERM_READ },
		{ ZX_RIGHT_WRITE, RW },
		{ 0, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const zx_handle_t vmo = handle_without(self->vmo, rows[i].missing);

		EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_map(self->vm.vmar, rows[i].options | AT,
							    GUEST_WINDOW, vmo, 0, PAGE,
							    &self->addr));
		zx_handle_close(vmo);
	}
}

TEST_F(vmar, map_needs_rights_of_the_vmar)
{
	const struct {
		zx_rights_t missing;
		uint32_t options;
	} rows[] = {
		{ ZX_RIGHT_READ, ZX_VM_PERM_READ },
		{ ZX_RIGHT_WRITE, RW },
		{ ZX_RIGHT_EXECUTE, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const zx_handle_t vmar = handle_without(self->vm.vmar, rows[i].missing);

		EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_map(vmar, rows[i].options | AT,
							    GUEST_WINDOW, self->vm.vmo, 0, PAGE,
							    &self->addr));
		zx_handle_close(vmar);
	}
}

TEST_F(vmar, map_vmo_handle_bad)
{
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_vmar_map(self->vm.vmar, RW | AT, GUEST_WINDOW, 0, 0, PAGE,
						 &self->addr));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_vmar_map(self->vm.vmar, RW | AT, GUEST_WINDOW,
						 self->vm.guest, 0, PAGE, &self->addr));
}

TEST_F(vmar, map_resizable_when_that_is_refused)
{
	zx_handle_t vmo;

	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &vmo));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, zx_vmar_map(self->vm.vmar, RW | AT |
						    ZX_VM_REQUIRE_NON_RESIZABLE, GUEST_WINDOW,
						    vmo, 0, PAGE, &self->addr));
	EXPECT_EQ(ZX_OK, map_at(self, RW | AT | ZX_VM_REQUIRE_NON_RESIZABLE, GUEST_WINDOW, PAGE));
	zx_handle_close(vmo);
}

TEST_F(vmar, map_at_an_address_that_is_not_aligned_as_asked)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT | 21u << ZX_VM_ALIGN_BASE,
					      GUEST_WINDOW + PAGE, PAGE));
	EXPECT_EQ(ZX_OK, map_at(self, RW | AT | 12u << ZX_VM_ALIGN_BASE, GUEST_WINDOW + PAGE,
				PAGE));
	EXPECT_EQ(ZX_OK, map_at(self, RW | AT | 21u << ZX_VM_ALIGN_BASE, GUEST_WINDOW, PAGE));
}

TEST_F(vmar, map_below_a_limit_that_is_too_low)
{
	const uint32_t limit = RW | ZX_VM_OFFSET_IS_UPPER_LIMIT;

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, limit, 0, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, limit, PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, limit, SPACE + PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, limit, GUEST_WINDOW + 1, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, limit | AT, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, map_at(self, limit, GUEST_RAM, PAGE));
	EXPECT_EQ(ZX_OK, map_at(self, limit, SPACE, PAGE));
	EXPECT_EQ(SPACE - PAGE, self->addr);
}

/* Every call that takes a range, with ranges that no VMAR has. */
TEST_F(vmar, ranges_that_are_none)
{
	const struct {
		uint64_t addr, len;
	} rows[] = {
		{ 0, 0 }, { SPACE, 0 }, { 1, PAGE }, { PAGE - 1, PAGE }, { 0, SPACE + PAGE },
		{ PAGE, SPACE }, { SPACE - PAGE, 2 * PAGE }, { SPACE, PAGE }, { 1ull << 63, PAGE },
		{ -PAGE, PAGE }, { -PAGE, 2 * PAGE }, { UINT64_MAX, 1 }, { 0, 1ull << 63 },
		{ PAGE, 1ull << 63 }, { 0, -PAGE }, { PAGE, -PAGE }, { 0, UINT64_MAX },
		{ PAGE, UINT64_MAX },
	};
	const zx_handle_t vmar = self->vm.vmar;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint64_t addr = rows[i].addr, len = rows[i].len;

		EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | AT, addr, len));
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_at(self, RW | ZX_VM_SPECIFIC_OVERWRITE, addr,
						      len));
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(vmar, addr, len));
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_protect(vmar, RW, addr, len)) {
			TH_LOG("row %u", i);
		}
	}
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(vmar, 0, SPACE));
}

TEST_F(vmar, map_over_a_mapping)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, 4 * PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, map_at(self, RW | AT, GUEST_WINDOW + PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, map_at(self, RW | AT, GUEST_WINDOW - PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW - PAGE, PAGE));
}

TEST_F(vmar, map_result_pointer_bad_maps_nothing)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_map(self->vm.vmar, RW | AT, GUEST_WINDOW,
						   self->vmo, 0, PAGE, BAD_POINTER));
	EXPECT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
}

TEST_F(vmar, unmap_of_holes)
{
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(self->vm.vmar, GUEST_HOLE, 16 * PAGE));
}

TEST_F(vmar, unmap_bad_arguments)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->vm.vmar, GUEST_HOLE, 0));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->vm.vmar, GUEST_HOLE + 1, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->vm.vmar, SPACE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->vm.vmar, GUEST_HOLE, UINT64_MAX));
}

TEST_F(vmar, protect_adds_no_more_than_the_map_had)
{
	const zx_handle_t read_only = handle_without(self->vmo, ZX_RIGHT_WRITE);

	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | AT, GUEST_WINDOW, read_only,
				     0, PAGE, &self->addr));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_protect(self->vm.vmar, RW, GUEST_WINDOW, PAGE));
}

TEST_F(vmar, protect_over_a_hole)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zx_vmar_protect(self->vm.vmar, ZX_VM_PERM_READ, GUEST_WINDOW,
						    2 * PAGE));
}

TEST_F(vmar, protect_bad_arguments)
{
	const zx_handle_t vmar = self->vm.vmar;

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_protect(vmar, ZX_VM_PERM_WRITE, GUEST_SPARE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_protect(vmar, RW | AT, GUEST_SPARE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_protect(vmar, RW, GUEST_SPARE + 1, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_protect(vmar, RW, GUEST_SPARE, 0));
}

TEST_F(vmar, protect_needs_rights)
{
	const zx_handle_t no_write = handle_without(self->vm.vmar, ZX_RIGHT_WRITE);
	const zx_handle_t no_execute = handle_without(self->vm.vmar, ZX_RIGHT_EXECUTE);

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_protect(no_write, RW, GUEST_SPARE, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_protect(no_execute, RWX, GUEST_SPARE, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_protect(no_write, RW | AT, 1, 0));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_protect(no_write, ZX_VM_PERM_READ | AT, GUEST_SPARE,
						       PAGE));
}

TEST_F(vmar, is_useless_without_its_guest)
{
	zx_handle_close(self->vm.guest);
	self->vm.guest = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_ERR_BAD_STATE, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_unmap(self->vm.vmar, GUEST_SPARE, PAGE));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_protect(self->vm.vmar, RW, GUEST_SPARE, PAGE));
}

TEST_F(vmar, lives_as_long_as_a_vcpu)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	zx_handle_close(self->vm.guest);
	self->vm.guest = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_HARNESS_MAIN
