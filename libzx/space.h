/* SPDX-License-Identifier: MIT */
/*
 * What libzx remembers of the process's own address space: its VMARs, a tree,
 * and the mappings in them. See space.c; self.c gives it handles, self_place.c
 * makes the system calls that it stands for.
 */
#ifndef LIBZX_SPACE_H
#define LIBZX_SPACE_H

#include "internal.h"

#define PAGE		4096ull
#define PERMS		(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)
#define CAN_MAP		(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE)
/* ZX_VM_CAN_MAP_* are ZX_VM_PERM_* that many bits up, in the same order. */
#define CAN_MAP_SHIFT	7

/* A VMO that mappings may write to, by a descriptor of our own. */
struct backing {
	struct backing *next;
	zx_handle_t handle;
	zx_koid_t koid;
	size_t mappings;
};

/* A range of a region: a mapping, or the region inside it. */
struct span {
	uint64_t start;
	uint64_t end;
	struct region *child;		/* NULL: a mapping */
	struct backing *backing;	/* of a mapping; NULL: its VMO may not be written */
	uint64_t vmo_offset;
	zx_vm_option_t perms;
	zx_vm_option_t max_perms;
};

/* A VMAR. Lives while it has handles or is not dead. */
struct region {
	uint64_t base;
	uint64_t end;
	zx_vm_option_t flags;		/* ZX_VM_CAN_MAP_* */
	zx_koid_t koid;
	uint32_t handles;
	bool dead;
	struct region *parent;		/* NULL: the process's root */
	struct span *spans;		/* in order, none overlaps another */
	size_t count;
	size_t room;
};

struct region *space_region_new(struct region *parent, uint64_t base, uint64_t end,
				zx_vm_option_t flags);
void space_region_put(struct region *region);
/* The region and all inside it are dead; its span in the parent is the caller's. */
void space_kill(struct region *region);

/* So many spans more can come: then nothing below fails. */
bool space_make_room(struct region *region, size_t spans);
void space_insert(struct region *region, const struct span *span);
/* Nothing stands in [start, end) any more: mappings are split, regions die. */
void space_cut(struct region *region, uint64_t start, uint64_t end);
void space_protect(struct region *region, uint64_t start, uint64_t end, zx_vm_option_t perms);

/* The first span that ends above addr; count if there is none. */
size_t space_find(const struct region *region, uint64_t addr);
bool space_is_free(const struct region *region, uint64_t start, uint64_t end);
/* Does a region stand in [start, end)? whole: those inside are none. */
bool space_has_region(const struct region *region, uint64_t start, uint64_t end, bool whole);
/* Mappings, and no holes. */
bool space_is_mapped(const struct region *region, uint64_t start, uint64_t end);
/* The lowest hole, or with a limit the highest below that. */
bool space_find_hole(const struct region *region, uint64_t len, uint64_t align, uint64_t limit,
		     uint64_t *at);

zx_status_t space_backing_get(zx_handle_t vmo, zx_koid_t koid, struct backing **out);
void space_backing_put(struct backing *backing);
/* Is the descriptor still what it was? The program may have closed it. */
bool space_backing_good(const struct backing *backing);

#endif
