// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cache policies: when they can be set, what they forbid, and that such memory is
 * memory. That the CPU's caches follow no emulator shows.
 */
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "util.h"

#define SIZE	(4 * PAGE)
#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)

FIXTURE(policy) {
	struct vm vm;
	zx_handle_t vmo;
	zx_vaddr_t addr;
};

FIXTURE_VARIANT(policy) {
	uint32_t policy;
};

FIXTURE_VARIANT_ADD(policy, uncached) { .policy = ZX_CACHE_POLICY_UNCACHED };
FIXTURE_VARIANT_ADD(policy, device) { .policy = ZX_CACHE_POLICY_UNCACHED_DEVICE };
FIXTURE_VARIANT_ADD(policy, write_combining) { .policy = ZX_CACHE_POLICY_WRITE_COMBINING };

FIXTURE_SETUP(policy)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_vmo_create(SIZE, 0, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_vmo_set_cache_policy(self->vmo, variant->policy));
}

FIXTURE_TEARDOWN(policy)
{
	zx_handle_close(self->vmo);
	vm_down(&self->vm);
}

static uint32_t policy_of(zx_handle_t vmo)
{
	zx_info_vmo_t info;

	if (zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL) != ZX_OK)
		return UINT32_MAX;
	return info.cache_policy;
}

TEST_F(policy, is_told)
{
	EXPECT_EQ(variant->policy, policy_of(self->vmo));
	EXPECT_EQ(ZX_OK, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
	EXPECT_EQ(ZX_CACHE_POLICY_CACHED, policy_of(self->vmo));
	EXPECT_EQ(ZX_OK, zx_vmo_write(self->vmo, "x", 0, 1));
}

TEST_F(policy, no_reads_and_writes)
{
	char byte;

	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_read(self->vmo, &byte, 0, 1));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_write(self->vmo, &byte, 0, 1));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_op_range(self->vmo, ZX_VMO_OP_ZERO, 1, PAGE, NULL, 0));
	EXPECT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_ZERO, 0, PAGE, NULL, 0));
	EXPECT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_CACHE_CLEAN, 0, SIZE, NULL, 0));
}

TEST_F(policy, no_children)
{
	zx_handle_t child;

	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_SLICE, 0, PAGE,
							&child));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_SNAPSHOT, 0, PAGE,
							&child));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_REFERENCE, 0, 0,
							&child));
	EXPECT_EQ(ZX_OK, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
}

TEST_F(policy, pages_forbid_a_change)
{
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, PAGE, NULL, 0));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, SIZE, NULL, 0));
	EXPECT_EQ(ZX_OK, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
}

TEST_F(policy, memory_of_this_process)
{
	volatile char *mem;

	ASSERT_EQ(ZX_OK, zx_vmar_map(zx_vmar_root_self(), RW, 0, self->vmo, 0, SIZE, &self->addr));
	mem = (volatile char *)self->addr;
	EXPECT_EQ(0, mem[PAGE]);
	mem[0] = 'x';
	mem[PAGE] = 'y';
	EXPECT_EQ('x', mem[0]);
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, SIZE, NULL, 0));
	EXPECT_EQ(0, mem[0]);
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(zx_vmar_root_self(), self->addr, SIZE));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, SIZE, NULL, 0));
	EXPECT_EQ(ZX_OK, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
}

TEST_F(policy, no_private_mappings)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, zxl_handle_fd(self->vmo),
				   0));
	EXPECT_EQ(ZX_OK, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
}

TEST_F(policy, memory_of_a_guest)
{
	volatile uint64_t *mem;

	ASSERT_EQ(ZX_OK, zx_vmar_map(zx_vmar_root_self(), RW, 0, self->vmo, 0, SIZE, &self->addr));
	mem = (volatile uint64_t *)self->addr;
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | ZX_VM_SPECIFIC, GUEST_WINDOW, self->vmo, 0,
				     SIZE, &self->addr));
	mem[PAGE / 8] = 0x1234;
	vm_frame(&self->vm)->rdi = GUEST_WINDOW + PAGE;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_load));
	EXPECT_EQ(0x1234, vm_frame(&self->vm)->rax);
	zx_handle_close(self->vm.vcpu);
	vm_frame(&self->vm)->rax = 0x5678;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
	EXPECT_EQ(0x5678, mem[PAGE / 8]);
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
}

/* 2 MiB that could be one page are not taken for one. */
TEST_F(policy, much_memory_of_a_guest)
{
	const uint64_t huge = 2ull << 20;
	zx_handle_t vmo;

	ASSERT_EQ(ZX_OK, zx_vmo_create(huge, 0, &vmo));
	ASSERT_EQ(ZX_OK, zx_vmo_set_cache_policy(vmo, variant->policy));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 0, huge, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | ZX_VM_SPECIFIC, GUEST_WINDOW, vmo, 0, huge,
				     &self->addr));
	ASSERT_EQ(ZX_OK, zx_vmar_map(zx_vmar_root_self(), RW, 0, vmo, 0, huge, &self->addr));
	vm_frame(&self->vm)->rax = 7;
	vm_frame(&self->vm)->rdi = GUEST_WINDOW + huge - 8;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
	EXPECT_EQ(7, *(volatile uint64_t *)(self->addr + huge - 8));
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(zx_vmar_root_self(), self->addr, huge));
	zx_handle_close(vmo);
}

FIXTURE(cached) {
	zx_handle_t vmo;
	zx_vaddr_t addr;
};

FIXTURE_SETUP(cached)
{
	ASSERT_EQ(ZX_OK, zx_vmo_create(SIZE, 0, &self->vmo));
}

FIXTURE_TEARDOWN(cached)
{
	zx_handle_close(self->vmo);
}

TEST_F(cached, unknown_policies)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_set_cache_policy(self->vmo, 4));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_set_cache_policy(self->vmo, 1u << 31));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmo_set_cache_policy(self->vmo, UINT32_MAX));
}

TEST_F(cached, stays_with_pages)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "x", 0, 1));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_UNCACHED));
	EXPECT_EQ(ZX_OK, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
}

TEST_F(cached, stays_while_mapped)
{
	ASSERT_EQ(ZX_OK, zx_vmar_map(zx_vmar_root_self(), RW, 0, self->vmo, 0, SIZE, &self->addr));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_UNCACHED));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED));
	ASSERT_EQ(ZX_OK, zx_vmar_unmap(zx_vmar_root_self(), self->addr, SIZE));
	EXPECT_EQ(ZX_OK, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_UNCACHED));
}

TEST_F(cached, stays_in_a_family)
{
	const uint32_t kinds[] = { ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SLICE,
				   ZX_VMO_CHILD_REFERENCE };
	zx_handle_t child;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->vmo, kinds[i], 0, 0, &child));
		EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_set_cache_policy(self->vmo,
								    ZX_CACHE_POLICY_UNCACHED));
		EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmo_set_cache_policy(child,
								    ZX_CACHE_POLICY_UNCACHED));
		zx_handle_close(child);
	}
	EXPECT_EQ(ZX_OK, zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_UNCACHED));
}

TEST_HARNESS_MAIN
