// SPDX-License-Identifier: MIT
/* The process's own VMARs: zx_vmar_map, zx_vmar_unmap and zx_vmar_protect on them. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "self.h"

#define HINTS		(ZX_VM_MAP_RANGE | ZX_VM_REQUIRE_NON_RESIZABLE | ZX_VM_ALLOW_FAULTS)
#define MAP_OPTIONS	(PERMS | PLACES | HINTS | ALIGN_MASK)

static zx_status_t check_vmo(zx_handle_t vmo, struct zx_ioc_info_handle_basic *info)
{
	struct region *region;
	zx_status_t status;

	/* Ours are asked for here: the lock is held. */
	if (handle_is_self(vmo))
		return self_find(vmo, 0, &region) == ZX_OK ? ZX_ERR_WRONG_TYPE : ZX_ERR_BAD_HANDLE;
	status = libzx_handle_basic(vmo, info);
	if (status != ZX_OK)
		return status;
	if (info->type != ZX_OBJ_TYPE_VMO)
		return ZX_ERR_WRONG_TYPE;
	return info->rights & ZX_RIGHT_MAP ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

/* By its handle, if a kernel does not tell: those of resizable VMOs are made with RESIZE. */
static bool vmo_resizable(zx_handle_t vmo, const struct zx_ioc_info_handle_basic *basic)
{
	struct zx_ioc_info_vmo info;

	if (zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL) != ZX_OK)
		return basic->rights & ZX_RIGHT_RESIZE;
	return info.flags & ZX_INFO_VMO_RESIZABLE;
}

/* In the order of the guest's VMAR: options, permissions, VMO, place. */
static zx_status_t check_map(struct request *request, uint64_t vmar_offset,
			     zx_vm_option_t allowed, zx_handle_t vmo,
			     const struct zx_ioc_info_handle_basic *info)
{
	zx_vm_option_t options = request->options;

	if (options & ~MAP_OPTIONS || !perms_valid(options) ||
	    (options & ZX_VM_MAP_RANGE && options & ZX_VM_SPECIFIC_OVERWRITE))
		return ZX_ERR_INVALID_ARGS;
	if (options & PERMS & ~allowed)
		return ZX_ERR_ACCESS_DENIED;
	if (options & ZX_VM_REQUIRE_NON_RESIZABLE && vmo_resizable(vmo, info))
		return ZX_ERR_NOT_SUPPORTED;
	if (request->len > INT64_MAX || request->vmo_offset % PAGE)
		return ZX_ERR_INVALID_ARGS;
	if (request->vmo_offset > INT64_MAX - request->len)
		return ZX_ERR_OUT_OF_RANGE;
	if (request->region->dead)
		return ZX_ERR_BAD_STATE;
	return self_check_place(request, vmar_offset);
}

static zx_status_t map_vmo(const struct request *request, zx_handle_t vmo,
			   const struct zx_ioc_info_handle_basic *info, zx_vm_option_t max_perms,
			   zx_vaddr_t *mapped_addr)
{
	struct span span = {
		.vmo_offset = request->vmo_offset,
		.perms = request->options & PERMS,
		.max_perms = max_perms,
	};
	zx_status_t status = ZX_OK;

	if (info->rights & ZX_RIGHT_WRITE)
		status = space_backing_get(vmo, info->koid, &span.backing);
	if (status != ZX_OK)
		return status;
	status = self_place(request, &span);
	if (status != ZX_OK) {
		space_backing_put(span.backing);
		return status;
	}
	status = libzx_copy_out(mapped_addr, &span.start, sizeof(span.start));
	if (status != ZX_OK)
		self_clear(request->region, span.start, span.end);
	return status;
}

static zx_status_t map_locked(zx_handle_t handle, uint64_t vmar_offset, zx_handle_t vmo,
			      struct request *request, zx_vaddr_t *mapped_addr)
{
	struct zx_ioc_info_handle_basic info;
	zx_vm_option_t max_perms;
	zx_status_t status;

	status = self_find(handle, 0, &request->region);
	if (status != ZX_OK)
		return status;
	status = check_vmo(vmo, &info);
	if (status != ZX_OK)
		return status;
	max_perms = perms_of(self_rights(handle) & info.rights) &
		    request->region->flags >> CAN_MAP_SHIFT;
	status = check_map(request, vmar_offset, max_perms, vmo, &info);
	if (status != ZX_OK)
		return status;
	return map_vmo(request, vmo, &info, max_perms, mapped_addr);
}

zx_status_t libzx_self_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset,
			   zx_handle_t vmo, uint64_t vmo_offset, uint64_t len,
			   zx_vaddr_t *mapped_addr)
{
	struct request request = {
		.options = options,
		.len = page_up(len),
		.fd = handle_fd(vmo),
		.prot = self_prot(options),
		.vmo_offset = vmo_offset,
	};
	int saved = errno;
	zx_status_t status;

	self_lock();
	status = map_locked(handle, vmar_offset, vmo, &request, mapped_addr);
	self_unlock();
	errno = saved;
	return status;
}

static bool range_valid(const struct region *region, zx_vaddr_t addr, uint64_t len)
{
	return addr % PAGE == 0 && len && range_inside(region, addr, len);
}

static zx_status_t unmap_locked(zx_handle_t handle, zx_vaddr_t addr, uint64_t len)
{
	struct region *region;
	zx_status_t status = self_find(handle, 0, &region);

	if (status != ZX_OK)
		return status;
	if (!range_valid(region, addr, len))
		return ZX_ERR_INVALID_ARGS;
	if (region->dead)
		return ZX_ERR_BAD_STATE;
	if (space_has_region(region, addr, addr + len, true))
		return ZX_ERR_INVALID_ARGS;
	if (!space_make_room(region, 2))
		return ZX_ERR_NO_MEMORY;
	return self_clear(region, addr, addr + len);
}

zx_status_t libzx_self_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len)
{
	int saved = errno;
	zx_status_t status;

	self_lock();
	status = unmap_locked(handle, addr, page_up(len));
	self_unlock();
	errno = saved;
	return status;
}

/*
 * Is all of it mapped? Where the record cannot know, msync says whether there
 * is a hole, and with MS_ASYNC does nothing else.
 */
static zx_status_t check_mapped(const struct region *region, zx_vaddr_t addr, uint64_t len,
				zx_vm_option_t options)
{
	size_t i;

	if (region->parent && !space_is_mapped(region, addr, addr + len))
		return ZX_ERR_NOT_FOUND;
	if (!region->parent && msync((void *)addr, len, MS_ASYNC) != 0)
		return errno == ENOMEM ? ZX_ERR_NOT_FOUND : self_status(errno);
	for (i = space_find(region, addr); i < region->count; i++) {
		if (region->spans[i].start >= addr + len)
			break;
		if (options & ~region->spans[i].max_perms)
			return ZX_ERR_ACCESS_DENIED;
	}
	return ZX_OK;
}

static zx_status_t protect_locked(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
				  uint64_t len)
{
	struct region *region;
	zx_status_t status = self_find(handle, rights_for(options), &region);

	if (status != ZX_OK)
		return status;
	if (options & ~PERMS || !perms_valid(options))
		return ZX_ERR_INVALID_ARGS;
	if (!range_valid(region, addr, len))
		return ZX_ERR_INVALID_ARGS;
	if (region->dead)
		return ZX_ERR_BAD_STATE;
	if (space_has_region(region, addr, addr + len, false))
		return ZX_ERR_INVALID_ARGS;
	status = check_mapped(region, addr, len, options);
	if (status != ZX_OK)
		return status;
	if (!space_make_room(region, 2))
		return ZX_ERR_NO_MEMORY;
	if (mprotect((void *)addr, len, self_prot(options)) != 0)
		return self_status(errno);
	space_protect(region, addr, addr + len, options);
	return ZX_OK;
}

zx_status_t libzx_self_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
			       uint64_t len)
{
	int saved = errno;
	zx_status_t status;

	self_lock();
	status = protect_locked(handle, options, addr, page_up(len));
	self_unlock();
	errno = saved;
	return status;
}
