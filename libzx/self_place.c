// SPDX-License-Identifier: MIT
/*
 * What is put where in the process, by mmap and munmap. The root is all of
 * Linux' address space; a VMAR inside it is a reservation, memory that nobody
 * may touch, and becomes that again where something is unmapped.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "self.h"

#define RESERVED	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
/* Below a stack nothing is put that it could grow into (Linux keeps that much free). */
#define STACK_ROOM	(128ull << 20)
/* No page is below it (vm.mmap_min_addr). */
#define LOWEST		65536ull
/* How often a hole may be gone when we come to it. */
#define TRIES		8

zx_status_t self_status(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return ZX_ERR_ACCESS_DENIED;
	case EEXIST:
		return ZX_ERR_ALREADY_EXISTS;
	case EINVAL:
		return ZX_ERR_INVALID_ARGS;
	case EOVERFLOW:
		return ZX_ERR_OUT_OF_RANGE;
	case EAGAIN:
		return ZX_ERR_NO_RESOURCES;
	case ENODEV:
		return ZX_ERR_WRONG_TYPE;
	default:
		return libzx_status_from_errno(err);
	}
}

int self_prot(zx_vm_option_t options)
{
	return (options & ZX_VM_PERM_READ ? PROT_READ : 0) |
	       (options & ZX_VM_PERM_WRITE ? PROT_WRITE : 0) |
	       (options & ZX_VM_PERM_EXECUTE ? PROT_EXEC : 0);
}

static void *map_at(const struct request *request, uint64_t at, int fixed)
{
	int flags = request->fd < 0 ? RESERVED : MAP_SHARED;

	return mmap((void *)(uintptr_t)at, request->len, request->prot, flags | fixed,
		    request->fd, (off_t)request->vmo_offset);
}

/* Reserves room for every alignment, maps inside, gives the rest back. */
static void *map_aligned(const struct request *request)
{
	uint64_t room = request->len + request->align;
	uintptr_t start, at;
	void *hole, *mapped;

	hole = mmap(NULL, room, PROT_NONE, RESERVED, -1, 0);
	if (hole == MAP_FAILED)
		return MAP_FAILED;
	start = (uintptr_t)hole;
	at = (start + request->align - 1) & ~(request->align - 1);
	mapped = map_at(request, at, MAP_FIXED);
	if (mapped == MAP_FAILED) {
		int err = errno;

		munmap(hole, room);
		errno = err;
		return MAP_FAILED;
	}
	if (at > start)
		munmap(hole, at - start);
	munmap((void *)(at + request->len), start + room - at - request->len);
	return mapped;
}

/* The highest hole of the process below a limit; 0: none, or /proc cannot be read. */
static uint64_t hole_below(uint64_t limit, uint64_t len, uint64_t align)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t start = 0, end = 0, low = LOWEST, best = 0, at;
	char line[PATH_MAX + 128];
	bool more = maps;

	while (more) {
		more = fgets(line, sizeof(line), maps) &&
		       sscanf(line, "%lx-%lx", &start, &end) == 2 && start < limit;
		at = more ? start : limit;
		if (more && strstr(line, "[stack]"))
			at = at > STACK_ROOM ? at - STACK_ROOM : 0;
		if (at >= len && ((at - len) & ~(align - 1)) >= low)
			best = (at - len) & ~(align - 1);
		low = end;
	}
	if (maps)
		fclose(maps);
	return best;
}

static void *map_below(const struct request *request)
{
	void *mapped = MAP_FAILED;
	uint64_t at;
	int i;

	errno = EEXIST;
	for (i = 0; i < TRIES && mapped == MAP_FAILED && errno == EEXIST; i++) {
		at = hole_below(request->addr, request->len, request->align);
		if (!at) {
			errno = EAGAIN;
			return MAP_FAILED;
		}
		mapped = map_at(request, at, MAP_FIXED_NOREPLACE);
	}
	return mapped;
}

/*
 * In place of what is there. mmap takes that away before it knows whether it
 * can do what it is asked for, so it is asked elsewhere first. Moving that
 * mapping would not do: it may lie where it is to go, if there is a hole.
 */
static void *map_over(const struct request *request, uint64_t at)
{
	void *tried = map_at(request, 0, 0);

	if (tried == MAP_FAILED)
		return MAP_FAILED;
	munmap(tried, request->len);
	return map_at(request, at, MAP_FIXED);
}

static void *map_in_root(const struct request *request)
{
	if (request->options & ZX_VM_SPECIFIC_OVERWRITE)
		return map_over(request, request->addr);
	if (request->options & ZX_VM_SPECIFIC)
		return map_at(request, request->addr, MAP_FIXED_NOREPLACE);
	if (request->options & ZX_VM_OFFSET_IS_UPPER_LIMIT)
		return map_below(request);
	if (request->align > PAGE)
		return map_aligned(request);
	return map_at(request, 0, 0);
}

/* Everything there is mapped already: what is free, only the record tells. */
static void *map_in_region(const struct request *request)
{
	const struct region *region = request->region;
	zx_vm_option_t how = request->options & PLACES;
	uint64_t at = request->addr;

	if (how == ZX_VM_SPECIFIC && !space_is_free(region, at, at + request->len)) {
		errno = EEXIST;
		return MAP_FAILED;
	}
	if (!(how & (ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE)) &&
	    !space_find_hole(region, request->len, request->align, how ? at : 0, &at)) {
		errno = EAGAIN;
		return MAP_FAILED;
	}
	return map_over(request, at);
}

zx_status_t self_place(const struct request *request, struct span *span)
{
	struct region *region = request->region;
	void *mapped;

	/* Two for a mapping that it cuts, one for itself. */
	if (!space_make_room(region, 3))
		return ZX_ERR_NO_MEMORY;
	mapped = region->parent ? map_in_region(request) : map_in_root(request);
	if (mapped == MAP_FAILED)
		return self_status(errno);
	span->start = (uint64_t)(uintptr_t)mapped;
	span->end = span->start + request->len;
	/* From the root, a mapping can go without our knowing: its record goes now. */
	space_cut(region, span->start, span->end);
	space_insert(region, span);
	return ZX_OK;
}

zx_status_t self_clear(struct region *region, uint64_t start, uint64_t end)
{
	void *at = (void *)(uintptr_t)start;

	if (!region->parent) {
		if (munmap(at, end - start) != 0)
			return self_status(errno);
	} else if (mmap(at, end - start, PROT_NONE, RESERVED | MAP_FIXED, -1, 0) == MAP_FAILED) {
		return self_status(errno);
	}
	space_cut(region, start, end);
	return ZX_OK;
}

zx_status_t self_check_place(struct request *request, uint64_t offset)
{
	const struct region *region = request->region;
	unsigned int align = request->options >> ZX_VM_ALIGN_BASE;
	zx_vm_option_t how = request->options & PLACES;
	bool below = how & ZX_VM_OFFSET_IS_UPPER_LIMIT;
	uint64_t space = region->end - region->base;

	if ((align && (align < 10 || align > 32)) || offset % PAGE || (offset && !how))
		return ZX_ERR_INVALID_ARGS;
	if (!request->len || (below && how != ZX_VM_OFFSET_IS_UPPER_LIMIT))
		return ZX_ERR_INVALID_ARGS;
	if (how && !(region->flags & ZX_VM_CAN_MAP_SPECIFIC))
		return ZX_ERR_ACCESS_DENIED;
	if (offset > space || request->len > (below ? offset : space - offset))
		return ZX_ERR_INVALID_ARGS;
	request->align = align > 12 ? 1ull << align : PAGE;
	request->addr = region->base + offset;
	if (!how || below)
		return ZX_OK;
	if (request->addr % request->align)
		return ZX_ERR_INVALID_ARGS;
	if (space_has_region(region, request->addr, request->addr + request->len, false))
		return how == ZX_VM_SPECIFIC ? ZX_ERR_ALREADY_EXISTS : ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}
