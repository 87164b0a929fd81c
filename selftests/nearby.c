// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that come with the one that the guest touched: those that are there, of the same
 * mapping, and never through a trap.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define PAGES	64ull
#define AT(n)	(GUEST_WINDOW + (n) * PAGE)
#define MAX_CPUS	256

FIXTURE(nearby) {
	struct vm vm;
	zx_handle_t vmo;
	zx_vaddr_t addr;
	zx_info_guest_stats_t stats[MAX_CPUS];
};

FIXTURE_SETUP(nearby)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGES * PAGE, 0, &self->vmo));
}

FIXTURE_TEARDOWN(nearby)
{
	zx_handle_close(self->vmo);
	vm_down(&self->vm);
}

static zx_status_t map_pages(struct _test_data_nearby *self, uint32_t rights, uint64_t first,
			     uint64_t count)
{
	return zx_vmar_map(self->vm.vmar, rights | ZX_VM_SPECIFIC, AT(first), self->vmo,
			   first * PAGE, count * PAGE, &self->addr);
}

/* Each page begins with its number and one more. */
static zx_status_t fill(struct _test_data_nearby *self, uint64_t first, uint64_t count)
{
	zx_status_t status = ZX_OK;
	uint64_t i, value;

	for (i = first; i < first + count && status == ZX_OK; i++) {
		value = i + 1;
		status = zx_vmo_write(self->vmo, &value, i * PAGE, sizeof(value));
	}
	return status;
}

/* The VCPU stays, for a look at what ended it. */
static zx_status_t access_page(struct _test_data_nearby *self, uint64_t page, bool write)
{
	if (self->vm.vcpu)
		zx_handle_close(self->vm.vcpu);
	self->vm.vcpu = ZX_HANDLE_INVALID;
	vm_frame(&self->vm)->rdi = AT(page);
	return write ? vm_probe(&self->vm, probe_store) : vm_probe(&self->vm, probe_load);
}

static zx_status_t load(struct _test_data_nearby *self, uint64_t page)
{
	return access_page(self, page, false);
}

/* The first makes the tables, the second finds them. */
static zx_status_t load_both(struct _test_data_nearby *self, uint64_t first, uint64_t second)
{
	return load(self, first) ?: load(self, second);
}

static uint64_t violations(struct _test_data_nearby *self)
{
	size_t actual = 0, avail, i;
	uint64_t sum = 0;

	zx_object_get_info(self->vm.resource, ZX_INFO_GUEST_STATS, self->stats,
			   sizeof(self->stats), &actual, &avail);
	for (i = 0; i < actual; i++)
		sum += self->stats[i].ept_violations;
	return sum;
}

TEST_F(nearby, pages_that_are_there_come_together)
{
	const uint64_t before = violations(self);

	ASSERT_EQ(ZX_OK, fill(self, 0, PAGES));
	ASSERT_EQ(ZX_OK, map_pages(self, RW, 0, PAGES));
	vm_frame(&self->vm)->rcx = PAGES;
	vm_frame(&self->vm)->rdi = AT(0);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, bench_touch));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_GT(PAGES / 2, violations(self) - before);
}

TEST_F(nearby, each_is_its_own)
{
	uint64_t i;

	ASSERT_EQ(ZX_OK, fill(self, 0, PAGES));
	ASSERT_EQ(ZX_OK, map_pages(self, RW, 0, PAGES));
	ASSERT_EQ(ZX_OK, load_both(self, 40, 5));
	for (i = 0; i < PAGES; i++) {
		ASSERT_EQ(ZX_OK, load(self, i));
		EXPECT_EQ(i + 1, vm_frame(&self->vm)->rax);
	}
}

TEST_F(nearby, holes_stay_holes)
{
	ASSERT_EQ(ZX_OK, fill(self, 40, 1));
	ASSERT_EQ(ZX_OK, fill(self, 5, 1));
	ASSERT_EQ(ZX_OK, map_pages(self, RW, 0, PAGES));
	ASSERT_EQ(ZX_OK, load_both(self, 40, 5));
	EXPECT_EQ(2 * PAGE, fdinfo_number(self->vmo, "committed"));
	ASSERT_EQ(ZX_OK, load(self, 6));
	EXPECT_EQ(0, vm_frame(&self->vm)->rax);
	EXPECT_EQ(3 * PAGE, fdinfo_number(self->vmo, "committed"));
}

TEST_F(nearby, neighbour_has_its_own_rights)
{
	ASSERT_EQ(ZX_OK, fill(self, 0, PAGES));
	ASSERT_EQ(ZX_OK, map_pages(self, ZX_VM_PERM_READ, 0, 8));
	ASSERT_EQ(ZX_OK, map_pages(self, RW, 8, PAGES - 8));
	ASSERT_EQ(ZX_OK, load(self, 40));
	ASSERT_EQ(ZX_OK, access_page(self, 9, true));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, access_page(self, 7, true));
	ASSERT_EQ(ZX_OK, load(self, 7));
	EXPECT_EQ(8, vm_frame(&self->vm)->rax);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, access_page(self, 7, true));
	EXPECT_EQ(ZX_OK, access_page(self, 8, true));
}

TEST_F(nearby, nothing_beyond_the_mapping)
{
	ASSERT_EQ(ZX_OK, fill(self, 0, PAGES));
	ASSERT_EQ(ZX_OK, map_pages(self, RW, 3, 4));
	ASSERT_EQ(ZX_OK, load_both(self, 3, 5));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, load(self, 2));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, load(self, 7));
	EXPECT_EQ(ZX_OK, load(self, 6));
}

static zx_status_t trap_page(struct _test_data_nearby *self, uint64_t page)
{
	return zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, AT(page), PAGE,
				 ZX_HANDLE_INVALID, KEY_TRAP);
}

/* What a probe calls any end but its own is the packet of the trap. */
static bool is_trapped(struct _test_data_nearby *self, uint64_t page)
{
	return load(self, page) != ZX_OK &&
	       vm_page(&self->vm)->packet.type == ZX_PKT_TYPE_GUEST_MEM &&
	       vm_page(&self->vm)->packet.mem.addr == AT(page);
}

TEST_F(nearby, traps_stay_traps)
{
	ASSERT_EQ(ZX_OK, fill(self, 0, PAGES));
	ASSERT_EQ(ZX_OK, map_pages(self, RW, 0, PAGES));
	ASSERT_EQ(ZX_OK, trap_page(self, 7));
	ASSERT_EQ(ZX_OK, load_both(self, 40, 5));
	EXPECT_TRUE(is_trapped(self, 7));
	EXPECT_EQ(ZX_OK, load(self, 8));
	ASSERT_EQ(ZX_OK, load(self, 20));
	ASSERT_EQ(ZX_OK, trap_page(self, 21));
	EXPECT_TRUE(is_trapped(self, 21));
	EXPECT_EQ(ZX_OK, load(self, 22));
}

TEST_F(nearby, decommit_takes_them_all)
{
	ASSERT_EQ(ZX_OK, fill(self, 0, PAGES));
	ASSERT_EQ(ZX_OK, map_pages(self, RW, 0, PAGES));
	ASSERT_EQ(ZX_OK, load_both(self, 40, 5));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, PAGES * PAGE, NULL, 0));
	EXPECT_EQ(0, fdinfo_number(self->vmo, "committed"));
	ASSERT_EQ(ZX_OK, load(self, 6));
	EXPECT_EQ(0, vm_frame(&self->vm)->rax);
	ASSERT_EQ(ZX_OK, load(self, 41));
	EXPECT_EQ(0, vm_frame(&self->vm)->rax);
}

TEST_HARNESS_MAIN
