// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMOs made out of VMOs, and the kinship between them. A snapshot has a store of
 * its own; a slice and a reference have their parent's.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "object.h"
#include "pages.h"

/* Children that a dying VMO hands over before it lets others have kin_lock. */
#define HAND_OVER	64

/*
 * Who is whose child. Inside of pages->lock.
 */
static DEFINE_MUTEX(kin_lock);

static void join_family(struct zx_vmo *parent, struct zx_vmo *child)
{
	lockdep_assert_held(&kin_lock);
	parent->family = true;
	child->family = true;
	child->parent = parent;
	list_add_tail(&child->sibling, &parent->children);
	if (!parent->nr_children++)
		zx_object_signal(&parent->obj, ZX_SIGNAL_SIGNALED, 0);
}

static void leave_parent(struct zx_vmo *child)
{
	struct zx_vmo *parent = child->parent;

	lockdep_assert_held(&kin_lock);
	if (!parent)
		return;
	list_del(&child->sibling);
	child->parent = NULL;
	if (!--parent->nr_children)
		zx_object_signal(&parent->obj, 0, ZX_SIGNAL_SIGNALED);
}

/* Some children move to their grandparent, who may be none. Are there more? */
static bool hand_over(struct zx_vmo *vmo)
{
	struct zx_vmo *child, *next;
	unsigned int n = 0;

	lockdep_assert_held(&kin_lock);
	list_for_each_entry_safe(child, next, &vmo->children, sibling) {
		if (n++ == HAND_OVER)
			return true;
		leave_parent(child);
		if (vmo->parent)
			join_family(vmo->parent, child);
	}
	leave_parent(vmo);
	return false;
}

/*
 * A child has no reference to its parent, or else closing the last of a long line
 * would free them one inside the other. Instead a parent that dies sees to it that
 * nobody points to it: 1. no handle and no mapping is left, so nobody makes it a
 * parent again; 2. its children are handed over, those included that a dying child
 * of its own hands to it meanwhile; 3. it leaves its own parent in the same breath.
 */
void zx_vmo_leave_family(struct zx_vmo *vmo)
{
	bool more = vmo->family;

	while (more) {
		mutex_lock(&kin_lock);
		more = hand_over(vmo);
		mutex_unlock(&kin_lock);
		cond_resched();
	}
}

u64 zx_vmo_children(const struct zx_vmo *vmo)
{
	u64 nr;

	mutex_lock(&kin_lock);
	nr = vmo->nr_children;
	mutex_unlock(&kin_lock);
	return nr;
}

/* Under the store's lock, so that the policy stays what it is. */
static zx_status_t add_child(struct zx_vmo *parent, struct zx_vmo *child, u32 kind)
{
	lockdep_assert_held(&parent->pages->lock);
	/* The kernel may not copy from, nor two VMOs have two minds about, such pages. */
	if (parent->pages->policy != ZX_CACHE_POLICY_CACHED)
		return ZX_ERR_BAD_STATE;
	child->kind = kind;
	child->parent_koid = parent->obj.koid;
	mutex_lock(&kin_lock);
	join_family(parent, child);
	mutex_unlock(&kin_lock);
	return ZX_OK;
}

static zx_status_t new_view(struct zx_vmo *parent, u32 kind, u32 options, u64 offset, u64 size,
			    struct zx_vmo **out)
{
	struct zx_vmo *child = zx_vmo_over(zx_pages_get(parent->pages), options);
	zx_status_t status;

	if (!child)
		return ZX_ERR_NO_MEMORY;
	child->first = parent->first + (offset >> PAGE_SHIFT);
	child->slice_size = size;
	zx_vmo_lock(parent);
	status = add_child(parent, child, kind);
	zx_vmo_unlock(parent);
	if (status == ZX_OK)
		*out = child;
	else
		zx_object_put(&child->obj);
	return status;
}

static zx_status_t new_slice(struct zx_vmo *parent, u32 options, u64 offset, u64 size,
			     struct zx_vmo **out)
{
	u64 parent_size = zx_vmo_size(parent);

	if (options || !PAGE_ALIGNED(offset) || offset > parent_size ||
	    size > parent_size - offset)
		return ZX_ERR_INVALID_ARGS;
	if (zx_vmo_resizable(parent))
		return ZX_ERR_NOT_SUPPORTED;
	return new_view(parent, ZX_VMO_CHILD_SLICE, 0, offset, size, out);
}

static zx_status_t new_reference(struct zx_vmo *parent, u32 options, u64 offset, u64 size,
				 struct zx_vmo **out)
{
	if (offset || size)
		return ZX_ERR_INVALID_ARGS;
	if (parent->kind == ZX_VMO_CHILD_SLICE || options & ~parent->options)
		return ZX_ERR_NOT_SUPPORTED;
	return new_view(parent, ZX_VMO_CHILD_REFERENCE, options, 0, 0, out);
}

/* What of [@offset, @offset + @size) the parent has, and the child is to have. */
static zx_status_t take_snapshot(struct zx_vmo *parent, struct zx_vmo *child, u64 offset,
				 u64 size)
{
	struct zx_pages *from = parent->pages;
	zx_status_t status;
	u64 end;

	if (down_write_killable(&from->lock))
		return ZX_ERR_INTERNAL_INTR_RETRY;
	end = min(offset + size, zx_vmo_size(parent));
	status = add_child(parent, child, ZX_VMO_CHILD_SNAPSHOT);
	if (status == ZX_OK && offset < end)
		status = zx_pages_copy(child->pages, from,
				       ((u64)parent->first << PAGE_SHIFT) + offset, end - offset);
	up_write(&from->lock);
	return status;
}

static zx_status_t new_snapshot(struct zx_vmo *parent, u32 options, u64 offset, u64 size,
				struct zx_vmo **out)
{
	struct zx_vmo *child;
	zx_status_t status;

	if (!PAGE_ALIGNED(offset))
		return ZX_ERR_INVALID_ARGS;
	if (offset + size < offset)
		return ZX_ERR_OUT_OF_RANGE;
	child = zx_vmo_over(zx_pages_new(size, options & ZX_VMO_RESIZABLE), options);
	if (!child)
		return ZX_ERR_NO_MEMORY;
	status = take_snapshot(parent, child, offset, size);
	if (status == ZX_OK)
		*out = child;
	else
		zx_object_put(&child->obj);
	return status;
}

static zx_status_t new_child(struct zx_vmo *parent, u32 options, u64 offset, u64 size,
			     struct zx_vmo **out)
{
	u32 kept = options & ZX_VMO_CHILD_RESIZABLE ? ZX_VMO_RESIZABLE : 0;

	if (size > ZX_PAGES_MAX_SIZE)
		return ZX_ERR_OUT_OF_RANGE;
	size = PAGE_ALIGN(size);
	switch (options & ~ZX_VMO_CHILD_RESIZABLE) {
	case ZX_VMO_CHILD_SLICE:
		return new_slice(parent, kept, offset, size, out);
	case ZX_VMO_CHILD_REFERENCE:
		return new_reference(parent, kept, offset, size, out);
	case ZX_VMO_CHILD_SNAPSHOT:
	case ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE:
	case ZX_VMO_CHILD_SNAPSHOT_MODIFIED:
		return new_snapshot(parent, kept, offset, size, out);
	default:
		return ZX_ERR_INVALID_ARGS;
	}
}

zx_status_t zx_vmo_new_child(struct zx_vmo *parent, u32 options, u64 offset, u64 size,
			     struct zx_vmo **out)
{
	zx_status_t status = new_child(parent, options, offset, size, out);
	char name[ZX_MAX_NAME_LEN];

	/* As in Zircon, until it gets one of its own. */
	if (status == ZX_OK && zx_object_get_name(&parent->obj, name))
		zx_object_set_name(&(*out)->obj, name);
	return status;
}
