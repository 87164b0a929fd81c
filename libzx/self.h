/* SPDX-License-Identifier: MIT */
/*
 * The process's own VMARs, between their files: self.c (handles), self_place.c
 * (what is put where), self_map.c and self_tree.c (the calls).
 */
#ifndef LIBZX_SELF_H
#define LIBZX_SELF_H

#include "space.h"

#define PLACES		(ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_OFFSET_IS_UPPER_LIMIT)
#define ALIGN_MASK	(0xffu << ZX_VM_ALIGN_BASE)

/* self.c. All that follows is under one lock. */
void self_lock(void);
void self_unlock(void);
/* BAD_HANDLE, or ACCESS_DENIED if the handle lacks one of rights. */
zx_status_t self_find(zx_handle_t handle, zx_rights_t rights, struct region **region);
/* Of a handle that was found. */
zx_rights_t self_rights(zx_handle_t handle);
zx_status_t self_handle_new(struct region *region, zx_rights_t rights, zx_handle_t *out);
zx_status_t self_handle_drop(zx_handle_t handle);

/* What is to stand where. */
struct request {
	struct region *region;
	zx_vm_option_t options;
	uint64_t addr;			/* absolute; used with one of PLACES */
	uint64_t len;
	uint64_t align;
	int fd;				/* of the VMO; -1: a reservation */
	int prot;
	uint64_t vmo_offset;
};

/* self_place.c. errno is the callers' to save. */
zx_status_t self_status(int err);
int self_prot(zx_vm_option_t options);
/* Places, alignment and range; fills in addr and align. */
zx_status_t self_check_place(struct request *request, uint64_t offset);
/* Maps and records it; start and end of span are filled in. */
zx_status_t self_place(const struct request *request, struct span *span);
/* Takes all out of a range; the caller made room for 2 spans. */
zx_status_t self_clear(struct region *region, uint64_t start, uint64_t end);

static inline uint64_t page_up(uint64_t value)
{
	return (value + PAGE - 1) & ~(PAGE - 1);
}

/* What the rights of a handle permit, and which ones permissions need. */
static inline zx_vm_option_t perms_of(zx_rights_t rights)
{
	return (rights & ZX_RIGHT_READ ? ZX_VM_PERM_READ : 0) |
	       (rights & ZX_RIGHT_WRITE ? ZX_VM_PERM_WRITE : 0) |
	       (rights & ZX_RIGHT_EXECUTE ? ZX_VM_PERM_EXECUTE : 0);
}

static inline zx_rights_t rights_for(zx_vm_option_t perms)
{
	return (perms & ZX_VM_PERM_READ ? ZX_RIGHT_READ : 0) |
	       (perms & ZX_VM_PERM_WRITE ? ZX_RIGHT_WRITE : 0) |
	       (perms & ZX_VM_PERM_EXECUTE ? ZX_RIGHT_EXECUTE : 0);
}

/* Zircon has no memory that can be written or run but not read. */
static inline bool perms_valid(zx_vm_option_t options)
{
	return !(options & PERMS) || options & ZX_VM_PERM_READ;
}

static inline bool range_inside(const struct region *region, zx_vaddr_t addr, uint64_t len)
{
	return addr >= region->base && addr <= region->end && len <= region->end - addr;
}

#endif
