// SPDX-License-Identifier: GPL-2.0-only
/* VMOs: sizes, reads and writes, page operations, mappings in this process. */
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "util.h"

#define PAGES		4
#define SIZE		(PAGES * PAGE)
#define RW		(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)

FIXTURE(vmo) {
	zx_handle_t vmo;
	zx_handle_t resizable;
};

FIXTURE_SETUP(vmo)
{
	ASSERT_EQ(ZX_OK, zx_vmo_create(SIZE, 0, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_vmo_create(SIZE, ZX_VMO_RESIZABLE, &self->resizable));
}

FIXTURE_TEARDOWN(vmo)
{
	zx_handle_close(self->vmo);
	zx_handle_close(self->resizable);
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

TEST_F(vmo, size_is_rounded_up)
{
	zx_handle_t vmo;

	ASSERT_EQ(ZX_OK, zx_vmo_create(1, 0, &vmo));
	EXPECT_EQ(PAGE, size_of(vmo));
	zx_handle_close(vmo);
	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGE + 1, 0, &vmo));
	EXPECT_EQ(2 * PAGE, size_of(vmo));
	zx_handle_close(vmo);
}

TEST_F(vmo, size_zero)
{
	zx_handle_t vmo;
	char byte;

	ASSERT_EQ(ZX_OK, zx_vmo_create(0, 0, &vmo));
	EXPECT_EQ(0, size_of(vmo));
	EXPECT_EQ(ZX_OK, zx_vmo_read(vmo, &byte, 0, 0));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(vmo, &byte, 0, 1));
	zx_handle_close(vmo);
}

TEST_F(vmo, size_at_the_limit)
{
	zx_handle_t vmo;

	ASSERT_EQ(ZX_OK, zx_vmo_create(1ull << 47, 0, &vmo));
	EXPECT_EQ(ZX_OK, zx_vmo_write(vmo, "x", (1ull << 47) - 1, 1));
	EXPECT_EQ('x', byte_at(vmo, (1ull << 47) - 1));
	zx_handle_close(vmo);
}

TEST_F(vmo, size_above_the_limit)
{
	zx_handle_t vmo;

	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_create((1ull << 47) + 1, 0, &vmo));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_create(1ull << 63, 0, &vmo));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_create(UINT64_MAX, 0, &vmo));
}

TEST_F(vmo, unknown_option)
{
	zx_handle_t vmo;

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_create(PAGE, 1u << 30, &vmo));
}

TEST_F(vmo, create_result_pointer_bad)
{
	const int before = count_descriptors();

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_create(PAGE, 0, BAD_POINTER));
	EXPECT_EQ(before, count_descriptors());
}

TEST_F(vmo, get_size_pointer_bad)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_get_size(self->vmo, BAD_POINTER));
}

TEST_F(vmo, is_zero_at_first)
{
	unsigned char data[SIZE];
	unsigned int i;

	memset(data, 0xff, sizeof(data));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, data, 0, SIZE));
	for (i = 0; i < SIZE; i++)
		ASSERT_EQ(0, data[i]);
}

TEST_F(vmo, reads_what_was_written)
{
	unsigned char in[SIZE - 10], out[SIZE - 10];
	unsigned int i;

	for (i = 0; i < sizeof(in); i++)
		in[i] = i * 7;
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, in, 5, sizeof(in)));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, out, 5, sizeof(out)));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	EXPECT_EQ(0, byte_at(self->vmo, 4));
	EXPECT_EQ(0, byte_at(self->vmo, SIZE - 5));
}

TEST_F(vmo, range_at_the_end)
{
	char data[16] = {};

	EXPECT_EQ(ZX_OK, zx_vmo_write(self->vmo, data, SIZE - 16, 16));
	EXPECT_EQ(ZX_OK, zx_vmo_read(self->vmo, data, SIZE, 0));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_write(self->vmo, data, SIZE - 15, 16));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(self->vmo, data, SIZE, 1));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(self->vmo, data, SIZE + 1, 0));
}

TEST_F(vmo, range_that_wraps)
{
	char data[16] = {};

	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(self->vmo, data, UINT64_MAX, 2));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(self->vmo, data, 8, UINT64_MAX - 4));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_write(self->vmo, data, UINT64_MAX - 7, 16));
}

TEST_F(vmo, failed_write_writes_nothing)
{
	char data[16];

	memset(data, 'x', sizeof(data));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_write(self->vmo, data, SIZE - 8, 16));
	EXPECT_EQ(0, byte_at(self->vmo, SIZE - 8));
}

TEST_F(vmo, buffer_bad)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_read(self->vmo, BAD_POINTER, 0, 16));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_write(self->vmo, BAD_POINTER, 0, 16));
}

TEST_F(vmo, set_size_of_a_fixed_one)
{
	EXPECT_EQ(ZX_ERR_UNAVAILABLE, zx_vmo_set_size(self->vmo, PAGE));
	EXPECT_EQ(SIZE, size_of(self->vmo));
}

TEST_F(vmo, set_size_grows_with_zeros)
{
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->resizable, 2 * SIZE));
	EXPECT_EQ(2 * SIZE, size_of(self->resizable));
	EXPECT_EQ(0, byte_at(self->resizable, 2 * SIZE - 1));
}

TEST_F(vmo, set_size_cuts_off)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->resizable, "x", SIZE - 1, 1));
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->resizable, PAGE));
	EXPECT_EQ(PAGE, size_of(self->resizable));
	EXPECT_EQ(-1, byte_at(self->resizable, PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->resizable, SIZE));
	EXPECT_EQ(0, byte_at(self->resizable, SIZE - 1));
}

TEST_F(vmo, set_size_above_the_limit)
{
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_set_size(self->resizable, (1ull << 47) + 1));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_set_size(self->resizable, UINT64_MAX));
	EXPECT_EQ(SIZE, size_of(self->resizable));
}

TEST_F(vmo, resizable_has_the_right)
{
	EXPECT_EQ(ZX_RIGHT_RESIZE, handle_rights(self->resizable) & ZX_RIGHT_RESIZE);
	EXPECT_EQ(0, handle_rights(self->vmo) & ZX_RIGHT_RESIZE);
}

TEST_F(vmo, commit_keeps_contents)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "x", 1, 1));
	EXPECT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, SIZE, NULL, 0));
	EXPECT_EQ('x', byte_at(self->vmo, 1));
	EXPECT_EQ(0, byte_at(self->vmo, SIZE - 1));
}

TEST_F(vmo, decommit_zeroes_its_pages_only)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "a", 0, 1));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "b", PAGE, 1));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "c", 2 * PAGE, 1));
	EXPECT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, PAGE, PAGE, NULL, 0));
	EXPECT_EQ('a', byte_at(self->vmo, 0));
	EXPECT_EQ(0, byte_at(self->vmo, PAGE));
	EXPECT_EQ('c', byte_at(self->vmo, 2 * PAGE));
}

TEST_F(vmo, decommit_of_unaligned_range)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 1, PAGE,
						       NULL, 0));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, 1, NULL,
						       0));
}

TEST_F(vmo, zero_of_parts_of_pages)
{
	unsigned char data[SIZE];
	unsigned int i;

	memset(data, 'x', sizeof(data));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, data, 0, SIZE));
	EXPECT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_ZERO, 100, 2 * PAGE, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, data, 0, SIZE));
	for (i = 0; i < SIZE; i++)
		ASSERT_EQ(i >= 100 && i < 100 + 2 * PAGE ? 0 : 'x', data[i]);
}

TEST_F(vmo, op_outside)
{
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0,
						       SIZE + PAGE, NULL, 0));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, SIZE, PAGE,
						       NULL, 0));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmo_op_range(self->vmo, ZX_VMO_OP_ZERO, PAGE,
						       -PAGE + 1, NULL, 0));
}

TEST_F(vmo, unknown_op)
{
	const uint32_t ops[] = { 0, 5, 15, 99, 1u << 31, UINT32_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_op_range(self->vmo, ops[i], 0, PAGE, NULL,
							       0));
}

TEST_F(vmo, info)
{
	zx_info_vmo_t info;

	ASSERT_EQ(ZX_OK, zx_vmo_write(self->resizable, "x", 0, 1));
	ASSERT_EQ(ZX_OK, zx_object_get_info(self->resizable, ZX_INFO_VMO, &info, sizeof(info), NULL,
					    NULL));
	EXPECT_EQ(SIZE, info.size_bytes);
	EXPECT_LE(PAGE, info.committed_bytes);
	EXPECT_EQ(ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE | ZX_INFO_VMO_RESIZABLE,
		  info.flags);
	EXPECT_EQ(handle_rights(self->resizable), info.handle_rights);
	EXPECT_EQ(0, info.num_children);
	EXPECT_EQ(0, info.num_mappings);
	EXPECT_EQ(ZX_ERR_BUFFER_TOO_SMALL, zx_object_get_info(self->vmo, ZX_INFO_VMO, &info, 8,
							      NULL, NULL));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_info(self->vmo, ZX_INFO_VMO, BAD_POINTER,
							  sizeof(info), NULL, NULL));
}

TEST_F(vmo, set_size_needs_the_right_to_resize)
{
	const zx_handle_t bare = handle_without(self->resizable, ZX_RIGHT_RESIZE);

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmo_set_size(bare, PAGE));
	EXPECT_EQ(SIZE, size_of(self->resizable));
	zx_handle_close(bare);
}

TEST_F(vmo, replace_as_executable_adds_the_right)
{
	const zx_rights_t rights = handle_rights(self->vmo);
	zx_handle_t out;

	ASSERT_EQ(ZX_OK, zx_vmo_replace_as_executable(self->vmo, ZX_HANDLE_INVALID, &out));
	self->vmo = out;
	EXPECT_EQ(rights | ZX_RIGHT_EXECUTE, handle_rights(self->vmo));
}

TEST_F(vmo, replace_as_executable_with_bad_resource)
{
	zx_handle_t out;

	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_vmo_replace_as_executable(self->vmo, 4, &out));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zx_vmo_replace_as_executable(self->resizable,
								  self->resizable, &out));
	self->vmo = ZX_HANDLE_INVALID;
	self->resizable = ZX_HANDLE_INVALID;
}

TEST_F(vmo, mapping_shows_the_pages)
{
	zx_vaddr_t addr;
	volatile char *mem;

	ASSERT_EQ(ZX_OK, zx_vmar_map(zx_vmar_root_self(), RW, 0,
				     self->vmo, PAGE, 2 * PAGE, &addr));
	mem = (volatile char *)addr;
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "a", PAGE, 1));
	EXPECT_EQ('a', mem[0]);
	mem[PAGE] = 'b';
	EXPECT_EQ('b', byte_at(self->vmo, 2 * PAGE));
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(zx_vmar_root_self(), addr, 2 * PAGE));
}

TEST_F(vmo, decommit_is_seen_through_a_mapping)
{
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, zx_vmar_map(zx_vmar_root_self(), RW, 0,
				     self->vmo, 0, SIZE, &addr));
	*(volatile char *)addr = 'x';
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
	EXPECT_EQ(0, *(volatile char *)addr);
}

static void *map_fd(zx_handle_t vmo, int prot)
{
	return mmap(NULL, PAGE, prot, MAP_SHARED, zxl_handle_fd(vmo), 0);
}

TEST_F(vmo, descriptor_maps_only_with_rights)
{
	const zx_handle_t no_map = handle_without(self->vmo, ZX_RIGHT_MAP);
	const zx_handle_t no_read = handle_without(self->vmo, ZX_RIGHT_READ);
	const zx_handle_t no_write = handle_without(self->vmo, ZX_RIGHT_WRITE);
	void *addr;

	EXPECT_EQ(MAP_FAILED, map_fd(no_map, PROT_READ));
	EXPECT_EQ(MAP_FAILED, map_fd(no_read, PROT_READ));
	EXPECT_EQ(MAP_FAILED, map_fd(no_write, PROT_READ | PROT_WRITE));
	EXPECT_EQ(MAP_FAILED, map_fd(self->vmo, PROT_READ | PROT_EXEC));
	addr = map_fd(no_write, PROT_READ);
	ASSERT_NE(MAP_FAILED, addr);
	EXPECT_EQ(-1, mprotect(addr, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-1, mprotect(addr, PAGE, PROT_READ | PROT_EXEC));
}

TEST_F(vmo, mapping_outlives_the_handle)
{
	volatile char *mem = map_fd(self->vmo, PROT_READ | PROT_WRITE);

	ASSERT_NE(MAP_FAILED, (void *)mem);
	ASSERT_EQ(ZX_OK, zx_handle_close(self->vmo));
	self->vmo = ZX_HANDLE_INVALID;
	mem[0] = 'x';
	EXPECT_EQ('x', mem[0]);
}

TEST_F(vmo, mapping_of_this_process_needs_rights)
{
	const zx_handle_t self_vmar = zx_vmar_root_self();
	const zx_handle_t no_map = handle_without(self->vmo, ZX_RIGHT_MAP);
	const zx_handle_t no_write = handle_without(self->vmo, ZX_RIGHT_WRITE);
	zx_vaddr_t addr;

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_map(self_vmar, ZX_VM_PERM_READ, 0, no_map, 0,
						    PAGE, &addr));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_map(self_vmar, RW, 0, no_write, 0, PAGE, &addr));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_map(self_vmar, ZX_VM_PERM_READ |
						    ZX_VM_PERM_EXECUTE, 0, self->vmo, 0, PAGE,
						    &addr));
}

TEST_F(vmo, mapping_of_this_process_bad_arguments)
{
	const zx_handle_t self_vmar = zx_vmar_root_self();
	zx_vaddr_t addr;

	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_vmar_map(self_vmar, RW, 0, 0, 0, PAGE, &addr));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_vmar_map(self_vmar, RW, 0, handle_foreign(), 0, PAGE,
						 &addr));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_map(self_vmar, RW, 0, self->vmo, 1, PAGE, &addr));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_map(self_vmar, RW, 0, self->vmo, 0, 0, &addr));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_map(self_vmar, ZX_VM_PERM_WRITE, 0, self->vmo, 0,
						   PAGE, &addr));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self_vmar, 1, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self_vmar, 0x10000, 0));
}

TEST_F(vmo, mapping_of_this_process_at_an_address)
{
	const zx_handle_t self_vmar = zx_vmar_root_self();
	const uint64_t where = 0x70000000;
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, zx_vmar_map(self_vmar, RW | ZX_VM_SPECIFIC, where, self->vmo, 0, PAGE,
				     &addr));
	EXPECT_EQ(where, addr);
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, zx_vmar_map(self_vmar, RW | ZX_VM_SPECIFIC, where,
						     self->vmo, 0, PAGE, &addr));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "b", PAGE, 1));
	EXPECT_EQ(ZX_OK, zx_vmar_map(self_vmar, RW | ZX_VM_SPECIFIC_OVERWRITE, where, self->vmo,
				     PAGE, PAGE, &addr));
	EXPECT_EQ('b', *(volatile char *)where);
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(self_vmar, where, PAGE));
}

TEST_F(vmo, protection_in_this_process)
{
	const zx_handle_t self_vmar = zx_vmar_root_self();
	const zx_handle_t no_write = handle_without(self->vmo, ZX_RIGHT_WRITE);
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, zx_vmar_map(self_vmar, ZX_VM_PERM_READ, 0, self->vmo, 0, PAGE, &addr));
	EXPECT_EQ(ZX_OK, zx_vmar_protect(self_vmar, RW, addr, PAGE));
	*(volatile char *)addr = 'x';
	EXPECT_EQ('x', byte_at(self->vmo, 0));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self_vmar, ZX_VM_PERM_READ, 0, no_write, 0, PAGE, &addr));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_protect(self_vmar, RW, addr, PAGE));
}

TEST_HARNESS_MAIN
