// SPDX-License-Identifier: GPL-2.0-only
/* VMARs inside a guest's VMAR: where they go, what they permit, and how they end. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define READ	ZX_VM_PERM_READ
#define RW	(READ | ZX_VM_PERM_WRITE)
#define AT	ZX_VM_SPECIFIC
#define CAN_R	ZX_VM_CAN_MAP_READ
#define CAN_RW	(CAN_R | ZX_VM_CAN_MAP_WRITE)
#define CAN_RWX	(CAN_RW | ZX_VM_CAN_MAP_EXECUTE)
#define CAN_AT	ZX_VM_CAN_MAP_SPECIFIC
#define LIMIT	ZX_VM_OFFSET_IS_UPPER_LIMIT
#define SPACE	(1ull << 48)
#define BASE	GUEST_WINDOW
#define SIZE	(16 * PAGE)

FIXTURE(child) {
	struct vm vm;
	zx_handle_t root;
	zx_handle_t vmo;
	zx_handle_t vmar;	/* SIZE bytes at BASE, may do all */
	zx_handle_t other;
	zx_vaddr_t addr;
};

FIXTURE_SETUP(child)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->root = self->vm.vmar;
	ASSERT_EQ(ZX_OK, vmo_executable(4 * PAGE, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_vmar_allocate(self->root, CAN_RWX | CAN_AT | AT, BASE, SIZE,
					  &self->vmar, &self->addr));
	ASSERT_EQ(BASE, self->addr);
}

FIXTURE_TEARDOWN(child)
{
	zx_handle_close(self->other);
	zx_handle_close(self->vmar);
	zx_handle_close(self->vmo);
	vm_down(&self->vm);
}

static zx_status_t allocate(struct _test_data_child *self, zx_handle_t parent, uint32_t options,
			    uint64_t offset, uint64_t len)
{
	zx_handle_close(self->other);
	self->other = ZX_HANDLE_INVALID;
	return zx_vmar_allocate(parent, options, offset, len, &self->other, &self->addr);
}

static zx_status_t map_in(struct _test_data_child *self, zx_handle_t vmar, uint32_t options,
			  uint64_t offset, uint64_t len)
{
	return zx_vmar_map(vmar, options, offset, self->vmo, 0, len, &self->addr);
}

TEST_F(child, info_is_its_range)
{
	zx_info_vmar_t info;

	ASSERT_EQ(ZX_OK, zx_object_get_info(self->vmar, ZX_INFO_VMAR, &info, sizeof(info), NULL,
					    NULL));
	EXPECT_EQ(BASE, info.base);
	EXPECT_EQ(SIZE, info.len);
}

TEST_F(child, rights_follow_what_it_can_map)
{
	const zx_rights_t plain = ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_INSPECT;
	const struct {
		uint32_t options;
		zx_rights_t rights;
	} rows[] = {
		{ 0, 0 },
		{ CAN_R, ZX_RIGHT_READ },
		{ CAN_RW, ZX_RIGHT_READ | ZX_RIGHT_WRITE },
		{ CAN_RWX, ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE },
		{ CAN_AT | ZX_VM_COMPACT, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ASSERT_EQ(ZX_OK, allocate(self, self->root, rows[i].options, 0, PAGE));
		EXPECT_EQ(plain | rows[i].rights, handle_rights(self->other));
	}
}

TEST_F(child, offsets_are_relative_and_addresses_absolute)
{
	ASSERT_EQ(ZX_OK, map_in(self, self->vmar, RW | AT, PAGE, PAGE));
	EXPECT_EQ(BASE + PAGE, self->addr);
	ASSERT_EQ(ZX_OK, allocate(self, self->vmar, CAN_RW | CAN_AT | AT, 4 * PAGE, 4 * PAGE));
	EXPECT_EQ(BASE + 4 * PAGE, self->addr);
	ASSERT_EQ(ZX_OK, map_in(self, self->other, RW | AT, PAGE, PAGE));
	EXPECT_EQ(BASE + 5 * PAGE, self->addr);
	EXPECT_EQ(ZX_OK, zx_vmar_protect(self->other, READ, BASE + 5 * PAGE, PAGE));
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(self->vmar, BASE + PAGE, PAGE));
}

TEST_F(child, takes_the_place_it_is_given_and_no_other)
{
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, allocate(self, self->root, AT, BASE, PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, allocate(self, self->root, AT, BASE + SIZE - PAGE, SIZE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, allocate(self, self->root, AT, GUEST_SPARE, PAGE));
	EXPECT_EQ(ZX_OK, allocate(self, self->root, AT, BASE + SIZE, PAGE));
	EXPECT_EQ(ZX_OK, allocate(self, self->root, AT, BASE - PAGE, PAGE));
}

TEST_F(child, allocate_bad_ranges)
{
	const uint64_t lengths[] = { 0, 1, PAGE - 1, PAGE + 1, SIZE + PAGE, 1ull << 32, SPACE,
				     SPACE + PAGE, 1ull << 63, -PAGE, UINT64_MAX };
	const uint64_t offsets[] = { 1, SIZE, SIZE + PAGE, SPACE, 1ull << 63, -PAGE, UINT64_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->vmar, 0, 0, lengths[i]));
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->vmar, AT, PAGE, lengths[i]));
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->vmar, LIMIT, SIZE,
							lengths[i]));
	}
	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->vmar, AT, offsets[i], PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->vmar, LIMIT, SIZE + PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->vmar, LIMIT, PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->vmar, LIMIT, 0, PAGE));
}

TEST_F(child, allocate_bad_options)
{
	const uint32_t rows[] = { READ, RW, ZX_VM_SPECIFIC_OVERWRITE, ZX_VM_MAP_RANGE,
				  ZX_VM_REQUIRE_NON_RESIZABLE, ZX_VM_ALLOW_FAULTS, 1u << 14,
				  1u << 23, AT | LIMIT, 9u << ZX_VM_ALIGN_BASE,
				  33u << ZX_VM_ALIGN_BASE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->root, rows[i], 0, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->root, 0, BASE + SIZE, PAGE));
}

TEST_F(child, allocate_aligned)
{
	const uint32_t align = 20u << ZX_VM_ALIGN_BASE;

	ASSERT_EQ(ZX_OK, allocate(self, self->root, align, 0, PAGE));
	EXPECT_EQ(0, self->addr & ((1 << 20) - 1));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, allocate(self, self->root, AT | align, BASE + SIZE, PAGE));
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, allocate(self, self->root, align | LIMIT, GUEST_RAM, PAGE));
	EXPECT_EQ(ZX_OK, allocate(self, self->root, AT | align, 2 * BASE, PAGE));
}

TEST_F(child, allocate_needs_what_the_parent_can)
{
	ASSERT_EQ(ZX_OK, allocate(self, self->vmar, CAN_R, 0, 4 * PAGE));
	zx_handle_close(self->vmar);
	self->vmar = self->other;
	self->other = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, allocate(self, self->vmar, CAN_RW, 0, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, allocate(self, self->vmar, ZX_VM_CAN_MAP_EXECUTE, 0, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, allocate(self, self->vmar, AT, 0, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, allocate(self, self->vmar, LIMIT, 4 * PAGE, PAGE));
	EXPECT_EQ(ZX_OK, allocate(self, self->vmar, CAN_R | CAN_AT, 0, PAGE));
}

TEST_F(child, allocate_needs_rights)
{
	const struct {
		zx_rights_t missing;
		uint32_t options;
	} rows[] = {
		{ ZX_RIGHT_READ, CAN_R },
		{ ZX_RIGHT_WRITE, ZX_VM_CAN_MAP_WRITE },
		{ ZX_RIGHT_EXECUTE, ZX_VM_CAN_MAP_EXECUTE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const zx_handle_t parent = handle_without(self->vmar, rows[i].missing);

		EXPECT_EQ(ZX_ERR_ACCESS_DENIED, allocate(self, parent, rows[i].options, 0, PAGE));
		EXPECT_EQ(ZX_ERR_ACCESS_DENIED, allocate(self, parent, rows[i].options | READ, 1,
							 0));
		EXPECT_EQ(ZX_OK, allocate(self, parent, CAN_RWX & ~rows[i].options, 0, PAGE));
		zx_handle_close(parent);
	}
}

TEST_F(child, map_needs_what_it_can)
{
	ASSERT_EQ(ZX_OK, allocate(self, self->vmar, CAN_R, 0, 4 * PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, map_in(self, self->other, RW, 0, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, map_in(self, self->other, READ | ZX_VM_PERM_EXECUTE, 0,
					       PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, map_in(self, self->other, READ | AT, 0, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, map_in(self, self->other, READ | ZX_VM_SPECIFIC_OVERWRITE,
					       0, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, map_in(self, self->other, READ | LIMIT, 4 * PAGE, PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, self->other, READ, 0, PAGE));
	EXPECT_EQ(BASE, self->addr & -SIZE);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_protect(self->other, RW, self->addr, PAGE));
}

TEST_F(child, map_stays_inside)
{
	const zx_vaddr_t end = BASE + SIZE;

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_in(self, self->vmar, RW | AT, SIZE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_in(self, self->vmar, RW | AT, 0, SIZE + PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_in(self, self->vmar, RW, 0, SIZE + PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_in(self, self->vmar, RW | LIMIT, SIZE + PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_in(self, self->vmar, RW | AT, BASE, PAGE));
	EXPECT_EQ(ZX_OK, map_in(self, self->vmar, RW | AT, 0, SIZE));
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, map_in(self, self->vmar, RW, 0, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->vmar, BASE - PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->vmar, end - PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->vmar, 0, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_protect(self->vmar, READ, end - PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(self->vmar, BASE, SIZE));
}

TEST_F(child, parent_maps_around_it)
{
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, map_in(self, self->root, RW | AT, BASE, PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, map_in(self, self->root, RW | AT, BASE - PAGE, 2 * PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, self->root, RW | LIMIT, BASE + SIZE, PAGE));
	EXPECT_EQ(BASE - PAGE, self->addr);
	ASSERT_EQ(ZX_OK, map_in(self, self->root, RW | AT, GUEST_RAM, BASE - PAGE - GUEST_RAM));
	ASSERT_EQ(ZX_OK, map_in(self, self->root, RW, 0, PAGE));
	EXPECT_EQ(BASE + SIZE, self->addr);
}

TEST_F(child, overwrite_by_the_parent_is_refused)
{
	const uint32_t over = RW | ZX_VM_SPECIFIC_OVERWRITE;

	ASSERT_EQ(ZX_OK, map_in(self, self->root, RW | AT, BASE - PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_in(self, self->root, over, BASE, SIZE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_in(self, self->root, over, BASE + PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, map_in(self, self->root, over, BASE - PAGE, 2 * PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, map_in(self, self->root, RW | AT, BASE - PAGE, PAGE));
	EXPECT_EQ(ZX_OK, map_in(self, self->vmar, over, PAGE, PAGE));
	EXPECT_EQ(ZX_OK, map_in(self, self->vmar, over, PAGE, PAGE));
}

TEST_F(child, protect_by_the_parent_is_refused)
{
	ASSERT_EQ(ZX_OK, map_in(self, self->vmar, RW | AT, 0, SIZE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_protect(self->root, READ, BASE, PAGE));
	EXPECT_EQ(ZX_OK, zx_vmar_protect(self->vmar, READ, BASE, PAGE));
}

TEST_F(child, unmap_by_the_parent_destroys_it)
{
	ASSERT_EQ(ZX_OK, map_in(self, self->vmar, RW | AT, 0, SIZE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->root, BASE, SIZE - PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->root, BASE + PAGE, SIZE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_unmap(self->root, BASE + PAGE, PAGE));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, map_in(self, self->vmar, RW | AT, 0, PAGE));
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(self->root, BASE - PAGE, SIZE + 2 * PAGE));
	EXPECT_EQ(ZX_ERR_BAD_STATE, map_in(self, self->vmar, RW | AT, 0, PAGE));
	EXPECT_EQ(ZX_OK, map_in(self, self->root, RW | AT, BASE, SIZE));
}

TEST_F(child, destroyed_is_bad_state)
{
	zx_info_vmar_t info;

	ASSERT_EQ(ZX_OK, map_in(self, self->vmar, RW | AT, 0, PAGE));
	ASSERT_EQ(ZX_OK, allocate(self, self->vmar, CAN_RW | CAN_AT, 0, 4 * PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, self->other, RW, 0, PAGE));
	ASSERT_EQ(ZX_OK, zx_vmar_destroy(self->vmar));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_destroy(self->vmar));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_destroy(self->other));
	EXPECT_EQ(ZX_ERR_BAD_STATE, map_in(self, self->other, RW, 0, PAGE));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_unmap(self->vmar, BASE, PAGE));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_protect(self->vmar, READ, BASE, PAGE));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_op_range(self->vmar, ZX_VMAR_OP_COMMIT, BASE, PAGE,
						     NULL, 0));
	EXPECT_EQ(ZX_ERR_BAD_STATE, allocate(self, self->vmar, 0, 0, PAGE));
	EXPECT_EQ(ZX_OK, zx_object_get_info(self->vmar, ZX_INFO_VMAR, &info, sizeof(info), NULL,
					    NULL));
	EXPECT_EQ(BASE, info.base);
}

TEST_F(child, destroy_of_the_root)
{
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, zx_vmar_destroy(self->root));
	EXPECT_EQ(ZX_OK, map_in(self, self->vmar, RW | AT, 0, PAGE));
	zx_handle_close(self->vm.guest);
	self->vm.guest = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_destroy(self->root));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_destroy(self->vmar));
	EXPECT_EQ(ZX_ERR_BAD_STATE, map_in(self, self->vmar, RW | AT, PAGE, PAGE));
}

TEST_F(child, place_is_free_again_once_destroyed)
{
	ASSERT_EQ(ZX_OK, zx_vmar_destroy(self->vmar));
	EXPECT_EQ(ZX_OK, allocate(self, self->root, CAN_RW | AT, BASE, SIZE));
	EXPECT_EQ(BASE, self->addr);
	EXPECT_EQ(ZX_ERR_BAD_STATE, map_in(self, self->vmar, RW, 0, PAGE));
	EXPECT_EQ(ZX_OK, map_in(self, self->other, RW, 0, PAGE));
}

TEST_F(child, stays_when_its_handle_is_closed)
{
	ASSERT_EQ(ZX_OK, map_in(self, self->vmar, RW | AT, 0, PAGE));
	zx_handle_close(self->vmar);
	self->vmar = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, map_in(self, self->root, RW | AT, BASE + PAGE, PAGE));
	vm_frame(&self->vm)->rdi = BASE;
	EXPECT_EQ(ZX_OK, vm_probe(&self->vm, probe_load));
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(self->root, BASE, SIZE));
	EXPECT_EQ(ZX_OK, map_in(self, self->root, RW | AT, BASE + PAGE, PAGE));
}

TEST_F(child, allocate_that_cannot_answer_leaves_nothing)
{
	const long objects = live_objects();
	const int before = count_descriptors();
	zx_handle_t vmar;

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_allocate(self->root, AT, 2 * BASE, PAGE,
							BAD_POINTER, &self->addr));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_allocate(self->root, AT, 2 * BASE, PAGE, &vmar,
							BAD_POINTER));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vmar_allocate(self->root, AT, 2 * BASE, PAGE, NULL,
							NULL));
	EXPECT_EQ(before, count_descriptors());
	EXPECT_EQ(objects, live_objects());
	EXPECT_EQ(ZX_OK, map_in(self, self->root, RW | AT, 2 * BASE, PAGE));
}

TEST_F(child, allocate_without_room_for_a_descriptor_leaves_nothing)
{
	const long objects = live_objects();
	struct rlimit old, tight;
	zx_status_t status;
	int next;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	next = dup(0);
	ASSERT_NE(-1, next);
	close(next);
	tight = (struct rlimit){ .rlim_cur = next, .rlim_max = old.rlim_max };
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &tight));
	status = zx_vmar_allocate(self->root, AT, 2 * BASE, PAGE, &self->other, &self->addr);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_EQ(ZX_ERR_NO_MEMORY, status);
	EXPECT_EQ(objects, live_objects());
	EXPECT_EQ(ZX_OK, map_in(self, self->root, RW | AT, 2 * BASE, PAGE));
}

TEST_F(child, traps_win_over_what_is_in_it)
{
	zx_port_packet_t packet;

	ASSERT_EQ(ZX_OK, map_in(self, self->vmar, RW | AT, 0, 2 * PAGE));
	vm_frame(&self->vm)->rdi = BASE + PAGE;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, BASE + PAGE, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, probe_store));
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, packet.type);
	EXPECT_EQ(BASE + PAGE, packet.guest_mem.addr);
	ASSERT_EQ(ZX_OK, zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, BASE + PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
}

/* Another process may do what its handle may, and no more. */
TEST_F(child, handle_with_fewer_rights_does_less)
{
	const zx_handle_t reader = handle_without(self->vmar, ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE);

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, map_in(self, reader, RW | AT, 0, PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, reader, READ | AT, 0, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_protect(self->vmar, RW, BASE, PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, self->vmar, READ | AT, PAGE, PAGE));
	EXPECT_EQ(ZX_OK, zx_vmar_protect(self->vmar, RW, BASE + PAGE, PAGE));
	zx_handle_close(reader);
}

TEST_F(child, nests_to_a_limit)
{
	zx_handle_t chain[100];
	zx_status_t status = ZX_OK;
	unsigned int n, i;

	chain[0] = handle_with(self->vmar, ZX_RIGHT_SAME_RIGHTS);
	for (n = 1; n < ARRAY_SIZE(chain); n++) {
		status = zx_vmar_allocate(chain[n - 1], CAN_RW, 0, SIZE, &chain[n], &self->addr);
		if (status != ZX_OK)
			break;
		EXPECT_EQ(BASE, self->addr);
	}
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, status);
	EXPECT_EQ(64, n);
	EXPECT_EQ(ZX_OK, map_in(self, chain[n - 1], RW, 0, PAGE));
	vm_frame(&self->vm)->rdi = BASE;
	EXPECT_EQ(ZX_OK, vm_probe(&self->vm, probe_load));
	EXPECT_EQ(ZX_OK, zx_vmar_destroy(chain[1]));
	EXPECT_EQ(ZX_ERR_BAD_STATE, map_in(self, chain[n - 1], RW, 0, PAGE));
	EXPECT_EQ(ZX_OK, map_in(self, self->vmar, RW | AT, 0, SIZE));
	for (i = 0; i < n; i++)
		zx_handle_close(chain[i]);
}

TEST_F(child, many_side_by_side)
{
	zx_handle_t vmar;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		ASSERT_EQ(ZX_OK, zx_vmar_allocate(self->root, CAN_RW, 0, 2 * PAGE, &vmar,
						  &self->addr));
		ASSERT_EQ(ZX_OK, map_in(self, vmar, RW, 0, PAGE));
		zx_handle_close(vmar);
	}
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(self->root, 0, SPACE));
	EXPECT_EQ(ZX_ERR_BAD_STATE, map_in(self, self->vmar, RW, 0, PAGE));
	EXPECT_EQ(ZX_OK, map_in(self, self->root, RW | AT, 0, SPACE));
}

/* The guest sees a child's mapping, and what became of it. */
TEST_F(child, guest_uses_it_until_it_is_destroyed)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "in child", 0, 8));
	ASSERT_EQ(ZX_OK, allocate(self, self->vmar, CAN_RW, 0, 4 * PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, self->other, RW, 0, PAGE));
	vm_frame(&self->vm)->rdi = self->addr;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_load));
	EXPECT_EQ(0, memcmp(&vm_frame(&self->vm)->rax, "in child", 8));
	ASSERT_EQ(ZX_OK, zx_vmar_destroy(self->vmar));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_NOT_FOUND, vm_probe(&self->vm, probe_load));
}

TEST_HARNESS_MAIN
