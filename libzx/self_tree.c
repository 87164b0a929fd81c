// SPDX-License-Identifier: MIT
/* VMARs inside the process's own: zx_vmar_allocate, zx_vmar_destroy; and zx_vmar_op_range. */
#include "self.h"

#define ALLOCATE_OPTIONS (CAN_MAP | ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_COMPACT | ZX_VM_SPECIFIC | \
			  ZX_VM_OFFSET_IS_UPPER_LIMIT | ALIGN_MASK)
#define ALWAYS		(ZX_RIGHT_DUPLICATE | ZX_RIGHT_INSPECT)

static zx_status_t check_allocate(zx_handle_t parent, struct request *request, uint64_t offset)
{
	zx_vm_option_t options = request->options;
	zx_vm_option_t perms = (options & CAN_MAP) >> CAN_MAP_SHIFT;
	zx_status_t status = self_find(parent, rights_for(perms), &request->region);

	if (status != ZX_OK)
		return status;
	if (options & ~ALLOCATE_OPTIONS || request->len % PAGE)
		return ZX_ERR_INVALID_ARGS;
	if (request->region->dead)
		return ZX_ERR_BAD_STATE;
	if (options & CAN_MAP & ~request->region->flags)
		return ZX_ERR_ACCESS_DENIED;
	return self_check_place(request, offset);
}

/* A region with its range in it: nothing of it is known to anyone yet. */
static zx_status_t reserve(const struct request *request, struct region **out)
{
	struct span span = { .start = 0 };
	zx_status_t status;

	span.child = space_region_new(request->region, 0, 0, request->options &
				      (CAN_MAP | ZX_VM_CAN_MAP_SPECIFIC));
	if (!span.child)
		return ZX_ERR_NO_MEMORY;
	status = self_place(request, &span);
	if (status != ZX_OK) {
		space_kill(span.child);
		return status;
	}
	span.child->base = span.start;
	span.child->end = span.end;
	*out = span.child;
	return ZX_OK;
}

static zx_status_t publish(struct region *region, zx_handle_t *child_vmar, zx_vaddr_t *child_addr)
{
	zx_rights_t rights = ALWAYS | rights_for((region->flags & CAN_MAP) >> CAN_MAP_SHIFT);
	zx_vaddr_t addr = region->base;
	zx_handle_t handle;
	zx_status_t status;

	status = self_handle_new(region, rights, &handle);
	if (status != ZX_OK)
		return status;
	status = libzx_copy_out(child_addr, &addr, sizeof(addr));
	if (status == ZX_OK)
		status = libzx_copy_out(child_vmar, &handle, sizeof(handle));
	if (status != ZX_OK)
		self_handle_drop(handle);
	return status;
}

zx_status_t libzx_self_allocate(zx_handle_t parent, zx_vm_option_t options, uint64_t offset,
				uint64_t size, zx_handle_t *child_vmar, zx_vaddr_t *child_addr)
{
	struct request request = { .options = options, .len = size, .fd = -1 };
	struct region *region;
	int saved = errno;
	zx_status_t status;

	self_lock();
	status = check_allocate(parent, &request, offset);
	if (status == ZX_OK)
		status = reserve(&request, &region);
	if (status == ZX_OK) {
		status = publish(region, child_vmar, child_addr);
		if (status != ZX_OK)
			self_clear(request.region, region->base, region->end);
	}
	self_unlock();
	errno = saved;
	return status;
}

zx_status_t libzx_self_destroy(zx_handle_t handle)
{
	struct region *region;
	int saved = errno;
	zx_status_t status;

	self_lock();
	status = self_find(handle, 0, &region);
	if (status == ZX_OK && region->dead)
		status = ZX_ERR_BAD_STATE;
	else if (status == ZX_OK && !region->parent)
		status = ZX_ERR_NOT_SUPPORTED;
	else if (status == ZX_OK)
		status = self_clear(region->parent, region->base, region->end);
	self_unlock();
	errno = saved;
	return status;
}

static bool op_known(uint32_t op)
{
	switch (op) {
	case ZX_VMAR_OP_COMMIT:
	case ZX_VMAR_OP_DECOMMIT:
	case ZX_VMAR_OP_MAP_RANGE:
	case ZX_VMAR_OP_ZERO:
	case ZX_VMAR_OP_DONT_NEED:
	case ZX_VMAR_OP_ALWAYS_NEED:
	case ZX_VMAR_OP_PREFETCH:
		return true;
	default:
		return false;
	}
}

/* Those that change memory; the others are hints, and there is nothing that they could tell. */
static bool op_writes(uint32_t op)
{
	return op == ZX_VMAR_OP_COMMIT || op == ZX_VMAR_OP_DECOMMIT || op == ZX_VMAR_OP_ZERO;
}

/* The mapping at start, which only a hint looks for in the VMARs inside, too. */
static zx_status_t find_mapping(const struct region *region, uint32_t op, uint64_t start,
				const struct span **out)
{
	const struct span *span;
	size_t index;

	do {
		index = space_find(region, start);
		if (index == region->count || region->spans[index].start > start)
			return ZX_ERR_BAD_STATE;
		span = &region->spans[index];
		region = span->child;
	} while (region && !op_writes(op));
	if (region)
		return ZX_ERR_INVALID_ARGS;
	if (op_writes(op) && !(span->max_perms & ZX_VM_PERM_WRITE))
		return ZX_ERR_ACCESS_DENIED;
	*out = span;
	return ZX_OK;
}

/* The operations have the same numbers as those on VMOs. */
static zx_status_t work_on(const struct span *span, uint32_t op, uint64_t start, uint64_t end)
{
	if (!op_writes(op))
		return ZX_OK;
	if (!space_backing_good(span->backing))
		return ZX_ERR_NOT_SUPPORTED;
	return zx_vmo_op_range(span->backing->handle, op, span->vmo_offset + start - span->start,
			       end - start, NULL, 0);
}

/* Goes over the mappings, to look whether it can be done, or to do it. */
static zx_status_t each_mapping(const struct region *region, uint32_t op, uint64_t start,
				uint64_t end, bool work)
{
	const struct span *span;
	zx_status_t status = ZX_OK;
	uint64_t stop;

	for (; start < end && status == ZX_OK; start = stop) {
		status = find_mapping(region, op, start, &span);
		if (status != ZX_OK)
			return status;
		stop = span->end < end ? span->end : end;
		if (work)
			status = work_on(span, op, start, stop);
	}
	return status;
}

static zx_status_t op_locked(zx_handle_t handle, uint32_t op, uint64_t addr, uint64_t len)
{
	struct region *region;
	zx_status_t status = self_find(handle, op_writes(op) ? ZX_RIGHT_WRITE : 0, &region);

	if (status != ZX_OK)
		return status;
	if (!op_known(op) || addr % PAGE || len % PAGE || !len)
		return ZX_ERR_INVALID_ARGS;
	if (!range_inside(region, addr, len))
		return ZX_ERR_OUT_OF_RANGE;
	if (region->dead)
		return ZX_ERR_BAD_STATE;
	status = each_mapping(region, op, addr, addr + len, false);
	return status == ZX_OK ? each_mapping(region, op, addr, addr + len, true) : status;
}

zx_status_t libzx_self_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address, size_t size)
{
	int saved = errno;
	zx_status_t status;

	self_lock();
	status = op_locked(handle, op, address, size);
	self_unlock();
	errno = saved;
	return status;
}
