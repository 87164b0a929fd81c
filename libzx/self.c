// SPDX-License-Identifier: MIT
/*
 * Handles to the process's own VMARs: the root, and those allocated inside it.
 * They are no descriptors. Their values are numbers that no descriptor can
 * have, and stand for places in a table. self_map.c has the first of the calls.
 */
#include <pthread.h>
#include <stdlib.h>

#include "self.h"

/* The upper end of user space with four levels of page tables, less its guard page. */
#define ROOT_END	0x7ffffffff000ull
#define ROOT_RIGHTS	(ZX_RIGHT_DUPLICATE | ZX_RIGHT_INSPECT | ZX_RIGHT_READ | \
			 ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE)

/* A value's lower bits: place in the table, and how often that was given out. */
#define INDEX_BITS	16
#define INDEX_MASK	((1u << INDEX_BITS) - 1)
/* The last place would come to be ROOT_VMAR. */
#define PLACES_MAX	INDEX_MASK

struct place {
	struct region *region;		/* NULL: free */
	zx_rights_t rights;
	uint8_t generation;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct place *places;
static size_t places_made;
static size_t first_free;	/* or below it */

static struct region root = {
	.end = ROOT_END,
	.flags = CAN_MAP | ZX_VM_CAN_MAP_SPECIFIC,
	.koid = (zx_koid_t)1 << 63,
	.handles = 1,
};

void self_lock(void)
{
	pthread_mutex_lock(&lock);
}

void self_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/* A child has the parent's VMARs as they are, and not in the middle of a change. */
__attribute__((constructor)) static void hook_fork(void)
{
	pthread_atfork(self_lock, self_unlock, self_unlock);
}

static zx_handle_t value_of(const struct place *place)
{
	uint32_t index = (uint32_t)(place - places);
	uint32_t fd = SELF_FD_MIN | (uint32_t)place->generation << INDEX_BITS | index;

	return fd << 2 | ZX_HANDLE_FIXED_BITS_MASK;
}

static struct place *find_place(zx_handle_t handle)
{
	uint32_t index = (handle >> 2) & INDEX_MASK;
	struct place *place;

	if (!handle_is_self(handle) || index >= places_made)
		return NULL;
	place = &places[index];
	return place->region && value_of(place) == handle ? place : NULL;
}

zx_rights_t self_rights(zx_handle_t handle)
{
	return handle == ROOT_VMAR ? ROOT_RIGHTS : find_place(handle)->rights;
}

zx_status_t self_find(zx_handle_t handle, zx_rights_t rights, struct region **region)
{
	struct place *place = find_place(handle);

	if (handle != ROOT_VMAR && !place)
		return ZX_ERR_BAD_HANDLE;
	if ((self_rights(handle) & rights) != rights)
		return ZX_ERR_ACCESS_DENIED;
	*region = place ? place->region : &root;
	return ZX_OK;
}

static bool more_places(void)
{
	size_t count = places_made ? places_made * 2 : 16;
	struct place *grown;
	size_t i;

	if (count > PLACES_MAX)
		count = PLACES_MAX;
	if (count == places_made)
		return false;
	grown = realloc(places, count * sizeof(*grown));
	if (!grown)
		return false;
	for (i = places_made; i < count; i++)
		grown[i] = (struct place){ .region = NULL };
	places = grown;
	places_made = count;
	return true;
}

zx_status_t self_handle_new(struct region *region, zx_rights_t rights, zx_handle_t *out)
{
	size_t i;

	for (i = first_free; i < places_made && places[i].region; i++)
		;
	if (i == places_made && !more_places())
		return ZX_ERR_NO_MEMORY;
	first_free = i + 1;
	places[i].region = region;
	places[i].rights = rights;
	region->handles++;
	*out = value_of(&places[i]);
	return ZX_OK;
}

/* The next handle here has another value: who uses this one still is told. */
zx_status_t self_handle_drop(zx_handle_t handle)
{
	struct place *place = find_place(handle);
	struct region *region;

	if (handle == ROOT_VMAR)
		return ZX_ERR_NOT_SUPPORTED;
	if (!place)
		return ZX_ERR_BAD_HANDLE;
	region = place->region;
	place->region = NULL;
	place->generation++;
	if ((size_t)(place - places) < first_free)
		first_free = (size_t)(place - places);
	region->handles--;
	space_region_put(region);
	return ZX_OK;
}

zx_status_t libzx_self_close(zx_handle_t handle)
{
	zx_status_t status;

	self_lock();
	status = self_handle_drop(handle);
	self_unlock();
	return status;
}

static zx_status_t duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out)
{
	zx_rights_t had = self_rights(handle);
	struct region *region;
	zx_handle_t fresh;
	zx_status_t status;

	self_find(handle, 0, &region);
	if (rights == ZX_RIGHT_SAME_RIGHTS)
		rights = had;
	if (rights & ~had)
		return ZX_ERR_INVALID_ARGS;
	status = self_handle_new(region, rights, &fresh);
	if (status != ZX_OK)
		return status;
	status = libzx_copy_out(out, &fresh, sizeof(fresh));
	if (status != ZX_OK)
		self_handle_drop(fresh);
	return status;
}

zx_status_t libzx_self_duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out)
{
	struct region *region;
	zx_status_t status;

	self_lock();
	status = self_find(handle, ZX_RIGHT_DUPLICATE, &region);
	if (status == ZX_OK)
		status = duplicate(handle, rights, out);
	self_unlock();
	return status;
}

zx_status_t libzx_self_replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out)
{
	struct region *region;
	zx_status_t status;

	if (handle == ROOT_VMAR)
		return ZX_ERR_NOT_SUPPORTED;
	self_lock();
	status = self_find(handle, 0, &region);
	if (status == ZX_OK) {
		status = duplicate(handle, rights, out);
		self_handle_drop(handle);
	}
	self_unlock();
	return status;
}

union info {
	struct zx_ioc_info_handle_basic basic;
	struct zx_ioc_info_vmar vmar;
	uint32_t handle_count;
};

static zx_status_t make_info(zx_handle_t handle, uint32_t topic, union info *info, size_t *size)
{
	bool inspects = topic == ZX_INFO_VMAR || topic == ZX_INFO_HANDLE_COUNT;
	struct region *region;
	zx_status_t status = self_find(handle, inspects ? ZX_RIGHT_INSPECT : 0, &region);

	if (status != ZX_OK)
		return status;
	switch (topic) {
	case ZX_INFO_HANDLE_VALID:
		*size = 0;
		return ZX_OK;
	case ZX_INFO_HANDLE_BASIC:
		*size = sizeof(info->basic);
		info->basic.koid = region->koid;
		info->basic.rights = self_rights(handle);
		info->basic.type = ZX_OBJ_TYPE_VMAR;
		return ZX_OK;
	case ZX_INFO_HANDLE_COUNT:
		*size = sizeof(info->handle_count);
		info->handle_count = region->handles;
		return ZX_OK;
	case ZX_INFO_VMAR:
		*size = sizeof(info->vmar);
		info->vmar.base = region->base;
		info->vmar.len = region->end - region->base;
		return ZX_OK;
	case ZX_INFO_RESOURCE:
	case ZX_INFO_VMO:
	case ZX_INFO_GUEST_STATS:
	case ZX_INFO_VCPU:
		return ZX_ERR_WRONG_TYPE;
	default:
		return ZX_ERR_NOT_SUPPORTED;
	}
}

static bool put_count(size_t *where, size_t count)
{
	return !where || libzx_copy_out(where, &count, sizeof(count)) == ZX_OK;
}

/* As the kernel answers it for the VMARs of guests. */
zx_status_t libzx_self_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
				size_t buffer_size, size_t *actual_count, size_t *avail_count)
{
	union info info = { 0 };
	zx_status_t status;
	size_t size;
	bool fits;

	self_lock();
	status = make_info(handle, topic, &info, &size);
	self_unlock();
	if (status != ZX_OK || topic == ZX_INFO_HANDLE_VALID)
		return status;
	fits = buffer_size >= size;
	if (fits && libzx_copy_out(buffer, &info, size) != ZX_OK)
		return ZX_ERR_INVALID_ARGS;
	if (!put_count(actual_count, fits) || !put_count(avail_count, 1))
		return ZX_ERR_INVALID_ARGS;
	return fits ? ZX_OK : ZX_ERR_BUFFER_TOO_SMALL;
}
