// SPDX-License-Identifier: GPL-2.0-only
/* Faults in calls on VMOs and VMARs; see faults.h. */
#include "faults.h"

static zx_status_t duplicate_vmo(struct _test_data_faults *self)
{
	return zx_handle_duplicate(self->vmo, ZX_RIGHT_SAME_RIGHTS, &self->consumed);
}

FAULT(zx_vmo_create)
{
	return zx_vmo_create(GUEST_RAM, ZX_VMO_RESIZABLE, &self->out[0]);
}

FAULT(zx_vmo_write)
{
	return zx_vmo_write(self->vmo, "ab", PAGE - 1, 2);
}

FAULT_AS(zx_vmo_op_range, _commit)
{
	return zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, 3 * PAGE, NULL, 0);
}

FAULT(zx_vmo_replace_as_executable, .before = duplicate_vmo)
{
	return zx_vmo_replace_as_executable(self->consumed, ZX_HANDLE_INVALID, &self->out[0]);
}

static void unmap(struct _test_data_faults *self)
{
	zx_vmar_unmap(self->vm.vmar, GUEST_WINDOW, 16 * PAGE);
}

static zx_status_t map(struct _test_data_faults *self)
{
	return zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, GUEST_WINDOW,
			   self->vmo, 0, 16 * PAGE, &self->addr);
}

FAULT(zx_vmar_map, .after = unmap)
{
	return map(self);
}

FAULT_AS(zx_vmar_map, _over, .before = map, .after = unmap)
{
	return zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC_OVERWRITE,
			   GUEST_WINDOW + 4 * PAGE, self->vmo, 0, 4 * PAGE, &self->addr);
}

FAULT_AS(zx_vmar_unmap, _middle, .before = map, .after = unmap)
{
	return zx_vmar_unmap(self->vm.vmar, GUEST_WINDOW + 4 * PAGE, 4 * PAGE);
}

FAULT_AS(zx_vmar_protect, _middle, .before = map, .after = unmap)
{
	return zx_vmar_protect(self->vm.vmar, 0, GUEST_WINDOW + 4 * PAGE, 4 * PAGE);
}

static void unmap_self(struct _test_data_faults *self)
{
	zx_vmar_unmap(zx_vmar_root_self(), self->addr, 16 * PAGE);
}

FAULT_AS(zx_vmar_map, _self, .after = unmap_self, .maps = true)
{
	return zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, self->vmo, 0, 16 * PAGE,
			   &self->addr);
}

static zx_status_t page_to_copy(struct _test_data_faults *self)
{
	return zx_vmo_write(self->vmo, "text", 0, 4);
}

FAULT_AS(zx_vmo_create_child, _snapshot, .before = page_to_copy)
{
	return zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 4 * PAGE, &self->out[0]);
}

FAULT_AS(zx_vmo_create_child, _reference)
{
	return zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_REFERENCE, 0, 0, &self->out[0]);
}

static void destroy(struct _test_data_faults *self)
{
	zx_vmar_destroy(self->out[0]);
}

FAULT(zx_vmar_allocate, .after = destroy)
{
	return zx_vmar_allocate(self->vm.vmar, ZX_VM_CAN_MAP_READ, 0, 16 * PAGE, &self->out[0],
				&self->addr);
}

static zx_status_t map_for_writing(struct _test_data_faults *self)
{
	return zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC,
			   GUEST_WINDOW, self->vmo, 0, 16 * PAGE, &self->addr);
}

FAULT_AS(zx_vmar_op_range, _commit, .before = map_for_writing, .after = unmap)
{
	return zx_vmar_op_range(self->vm.vmar, ZX_VMAR_OP_COMMIT, GUEST_WINDOW, 4 * PAGE, NULL, 0);
}

COPY_FAULT(zx_vmo_read, .before = page_to_copy)
{
	char bytes[4];

	return zx_vmo_read(self->vmo, bytes, 0, sizeof(bytes));
}

COPY_FAULT(zx_vmo_get_size)
{
	uint64_t size;

	return zx_vmo_get_size(self->vmo, &size);
}

COPY_FAULT_AS(zx_vmo_set_size, _larger)
{
	return zx_vmo_set_size(self->vmo, 2 * GUEST_RAM);
}

COPY_FAULT_AS(zx_vmo_set_size, _smaller, .before = page_to_copy)
{
	return zx_vmo_set_size(self->vmo, 0);
}

COPY_FAULT_AS(zx_vmo_op_range, _decommit, .before = page_to_copy)
{
	return zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, 3 * PAGE, NULL, 0);
}

COPY_FAULT_AS(zx_vmo_op_range, _zero, .before = page_to_copy)
{
	return zx_vmo_op_range(self->vmo, ZX_VMO_OP_ZERO, 1, 2 * PAGE, NULL, 0);
}

COPY_FAULT(zx_vmo_set_cache_policy)
{
	return zx_vmo_set_cache_policy(self->vmo, ZX_CACHE_POLICY_CACHED);
}

FAULT_AS(zx_vmo_create_child, _slice)
{
	zx_handle_t fixed, *child = &self->out[0];
	zx_status_t status = zx_vmo_create(4 * PAGE, 0, &fixed);

	if (status != ZX_OK)
		return status;
	status = zx_vmo_create_child(fixed, ZX_VMO_CHILD_SLICE, 0, 4 * PAGE, child);
	/* To look whether it is a handle is a copy as well. */
	if (zx_handle_close(fixed) != ZX_OK)
		zx_handle_close(fixed);
	return status;
}

FAULT_AS(zx_vmar_map, _range, .before = page_to_copy, .after = unmap)
{
	return zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC | ZX_VM_MAP_RANGE,
			   GUEST_WINDOW, self->vmo, 0, 16 * PAGE, &self->addr);
}

/* In the middle of others, so that it is a hole in a tree that grows. */
static zx_status_t vmar_to_destroy(struct _test_data_faults *self)
{
	zx_vaddr_t addr;

	return zx_vmar_allocate(self->vm.vmar, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC, 0,
				16 * PAGE, &self->out[0], &self->addr) ?:
	       zx_vmar_map(self->out[0], ZX_VM_PERM_READ | ZX_VM_SPECIFIC, 4 * PAGE, self->vmo, 0,
			   PAGE, &addr);
}

COPY_FAULT(zx_vmar_destroy, .before = vmar_to_destroy)
{
	return zx_vmar_destroy(self->out[0]);
}

COPY_FAULT_AS(zx_vmar_op_range, _decommit, .before = map_for_writing, .after = unmap)
{
	return zx_vmar_op_range(self->vm.vmar, ZX_VMAR_OP_DECOMMIT, GUEST_WINDOW, 4 * PAGE, NULL,
				0);
}

/* In a guest of its own, that has no tables there yet. */
static zx_status_t page_to_show(struct _test_data_faults *self)
{
	zx_vaddr_t addr;

	return page_to_copy(self) ?: vm_up(&self->other) ?:
	       zx_vmar_map(self->other.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, GUEST_WINDOW,
			   self->vmo, 0, PAGE, &addr);
}

static void guest_down(struct _test_data_faults *self)
{
	vm_down(&self->other);
}

FAULT_AS(zx_vmar_op_range, _map_range, .before = page_to_show, .after = guest_down)
{
	return zx_vmar_op_range(self->other.vmar, ZX_VMAR_OP_MAP_RANGE, GUEST_WINDOW, PAGE, NULL,
				0);
}

TEST_HARNESS_MAIN
