// SPDX-License-Identifier: MIT
/*
 * The record of the process's own VMARs and mappings; no system call but those
 * for descriptors. In a VMAR that was allocated the record is complete, because
 * its range is reserved and only libzx maps there. In the root it has only what
 * came through libzx, and Linux knows the rest.
 *
 * Nothing here recurses: how deep VMARs stand in each other is the program's
 * choice.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "space.h"

static struct backing *backings;
static uint64_t regions_made;

/* The upper bit: koids with it are not the kernel's. */
#define KOID_OURS	((zx_koid_t)1 << 63)

struct region *space_region_new(struct region *parent, uint64_t base, uint64_t end,
				zx_vm_option_t flags)
{
	struct region *region = calloc(1, sizeof(*region));

	if (!region)
		return NULL;
	region->parent = parent;
	region->base = base;
	region->end = end;
	region->flags = flags;
	region->koid = KOID_OURS | ++regions_made;
	return region;
}

void space_region_put(struct region *region)
{
	if (region->dead && !region->handles)
		free(region);
}

void space_kill(struct region *top)
{
	struct region *region = top, *parent;

	for (;;) {
		struct span *last = region->count ? &region->spans[region->count - 1] : NULL;

		if (last && last->child) {
			region = last->child;
			continue;
		}
		if (last) {
			space_backing_put(last->backing);
			region->count--;
			continue;
		}
		free(region->spans);
		region->spans = NULL;
		region->room = 0;
		region->dead = true;
		parent = region->parent;
		region->parent = NULL;
		space_region_put(region);
		if (region == top)
			return;
		/* We came down by its last span. */
		parent->count--;
		region = parent;
	}
}

bool space_make_room(struct region *region, size_t spans)
{
	size_t room = region->room ? region->room : 4;
	struct span *grown;

	if (region->room - region->count >= spans)
		return true;
	while (room - region->count < spans)
		room *= 2;
	grown = realloc(region->spans, room * sizeof(*grown));
	if (!grown)
		return false;
	region->spans = grown;
	region->room = room;
	return true;
}

size_t space_find(const struct region *region, uint64_t addr)
{
	size_t low = 0, high = region->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (region->spans[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void insert_at(struct region *region, size_t index, const struct span *span)
{
	struct span *at = region->spans + index;

	memmove(at + 1, at, (region->count - index) * sizeof(*at));
	*at = *span;
	region->count++;
}

void space_insert(struct region *region, const struct span *span)
{
	insert_at(region, space_find(region, span->start), span);
}

/* A mapping that reaches across addr becomes two. */
static void split(struct region *region, uint64_t addr)
{
	size_t index = space_find(region, addr);
	struct span *span, upper;

	if (index == region->count)
		return;
	span = &region->spans[index];
	if (span->start >= addr || span->child)
		return;
	upper = *span;
	upper.start = addr;
	upper.vmo_offset += addr - span->start;
	if (upper.backing)
		upper.backing->mappings++;
	span->end = addr;
	insert_at(region, index + 1, &upper);
}

void space_cut(struct region *region, uint64_t start, uint64_t end)
{
	size_t first, last;

	split(region, start);
	split(region, end);
	first = space_find(region, start);
	for (last = first; last < region->count && region->spans[last].start < end; last++) {
		struct span *span = region->spans + last;

		if (span->child)
			space_kill(span->child);
		else
			space_backing_put(span->backing);
	}
	if (first == last)
		return;
	memmove(region->spans + first, region->spans + last,
		(region->count - last) * sizeof(*region->spans));
	region->count -= last - first;
}

void space_protect(struct region *region, uint64_t start, uint64_t end, zx_vm_option_t perms)
{
	size_t i;

	split(region, start);
	split(region, end);
	for (i = space_find(region, start); i < region->count && region->spans[i].start < end; i++)
		region->spans[i].perms = perms;
}

bool space_is_free(const struct region *region, uint64_t start, uint64_t end)
{
	size_t index = space_find(region, start);

	return index == region->count || region->spans[index].start >= end;
}

bool space_has_region(const struct region *region, uint64_t start, uint64_t end, bool whole)
{
	size_t i;

	for (i = space_find(region, start); i < region->count; i++) {
		const struct span *span = region->spans + i;

		if (span->start >= end)
			break;
		if (span->child && !(whole && span->start >= start && span->end <= end))
			return true;
	}
	return false;
}

bool space_is_mapped(const struct region *region, uint64_t start, uint64_t end)
{
	size_t i;

	for (i = space_find(region, start); i < region->count && start < end; i++) {
		const struct span *span = region->spans + i;

		if (span->start > start || span->child)
			return false;
		start = span->end;
	}
	return start >= end;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static bool hole_up(const struct region *region, uint64_t len, uint64_t align, uint64_t *at)
{
	uint64_t start = align_up(region->base, align);
	size_t i;

	for (i = 0; i < region->count; i++) {
		const struct span *span = region->spans + i;

		if (start <= span->start && span->start - start >= len)
			break;
		start = align_up(span->end, align);
	}
	*at = start;
	return i < region->count || (start <= region->end && region->end - start >= len);
}

static bool hole_down(const struct region *region, uint64_t len, uint64_t align, uint64_t limit,
		      uint64_t *at)
{
	uint64_t end = limit < region->end ? limit : region->end;
	uint64_t low;
	size_t i;

	for (i = region->count; ; i--) {
		low = i ? region->spans[i - 1].end : region->base;
		if (end >= len && ((end - len) & ~(align - 1)) >= low) {
			*at = (end - len) & ~(align - 1);
			return true;
		}
		if (!i)
			return false;
		if (region->spans[i - 1].start < end)
			end = region->spans[i - 1].start;
	}
}

bool space_find_hole(const struct region *region, uint64_t len, uint64_t align, uint64_t limit,
		     uint64_t *at)
{
	return limit ? hole_down(region, len, align, limit, at) : hole_up(region, len, align, at);
}

bool space_backing_good(const struct backing *backing)
{
	struct zx_ioc_info_handle_basic info;

	return libzx_handle_basic(backing->handle, &info) == ZX_OK && info.koid == backing->koid;
}

/* The program has closed it, or something else has its number now. */
static bool backing_lost(const struct backing *backing)
{
	struct zx_ioc_info_handle_basic info;
	zx_status_t status = libzx_handle_basic(backing->handle, &info);

	return status == ZX_ERR_BAD_HANDLE || (status == ZX_OK && info.koid != backing->koid);
}

static struct backing *backing_find(zx_koid_t koid)
{
	struct backing *backing;

	for (backing = backings; backing; backing = backing->next)
		if (backing->koid == koid && space_backing_good(backing))
			break;
	return backing;
}

zx_status_t space_backing_get(zx_handle_t vmo, zx_koid_t koid, struct backing **out)
{
	struct backing *backing = backing_find(koid);
	int fd;

	if (!backing) {
		backing = calloc(1, sizeof(*backing));
		if (!backing)
			return ZX_ERR_NO_MEMORY;
		fd = fcntl(handle_fd(vmo), F_DUPFD_CLOEXEC, 3);
		if (fd < 0) {
			free(backing);
			return ZX_ERR_NO_MEMORY;
		}
		backing->handle = (zx_handle_t)fd << 2 | ZX_HANDLE_FIXED_BITS_MASK;
		backing->koid = koid;
		backing->next = backings;
		backings = backing;
	}
	backing->mappings++;
	*out = backing;
	return ZX_OK;
}

void space_backing_put(struct backing *backing)
{
	struct backing **at;

	if (!backing || --backing->mappings)
		return;
	for (at = &backings; *at != backing; at = &(*at)->next)
		;
	*at = backing->next;
	if (!backing_lost(backing))
		libzx_handle_drop(backing->handle);
	free(backing);
}
