// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMOs: views of stores of pages. Read pages.h first; child.c makes VMOs out of
 * VMOs, mmap.c puts them into processes.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "object.h"
#include "pages.h"

static void vmo_destroy(struct zx_object *obj)
{
	struct zx_vmo *vmo = container_of(obj, struct zx_vmo, obj);

	zx_vmo_leave_family(vmo);
	zx_pages_put(vmo->pages);
	kfree(vmo);
}

static void vmo_show(struct zx_object *obj, struct seq_file *m)
{
	struct zx_vmo *vmo = container_of(obj, struct zx_vmo, obj);

	seq_printf(m, "size:\t%llu\ncommitted:\t%llu\noptions:\t%#x\nkind:\t%#x\nparent:\t%llu\n",
		   zx_vmo_size(vmo), zx_pages_committed(vmo->pages), vmo->options, vmo->kind,
		   vmo->parent_koid);
}

static char *vmo_name(struct zx_object *obj)
{
	return container_of(obj, struct zx_vmo, obj)->name;
}

static const struct zx_object_ops vmo_ops = {
	.name		= "vmo",
	.type		= ZX_OBJ_TYPE_VMO,
	.rights		= ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_READ |
			  ZX_RIGHT_WRITE | ZX_RIGHT_MAP | ZX_RIGHT_GET_PROPERTY |
			  ZX_RIGHT_SET_PROPERTY | ZX_RIGHT_SIGNAL | ZX_RIGHT_WAIT |
			  ZX_RIGHT_INSPECT,
	.destroy	= vmo_destroy,
	.mmap		= zx_vmo_mmap,
	.show		= vmo_show,
	.prop_name	= vmo_name,
};

struct zx_vmo *zx_vmo_over(struct zx_pages *pages, u32 options)
{
	struct zx_vmo *vmo;

	if (!pages)
		return NULL;
	vmo = kzalloc(sizeof(*vmo), GFP_KERNEL_ACCOUNT);
	if (!vmo) {
		zx_pages_put(pages);
		return NULL;
	}
	vmo->pages = pages;
	vmo->options = options;
	INIT_LIST_HEAD(&vmo->children);
	zx_object_init(&vmo->obj, &vmo_ops);
	zx_object_signal(&vmo->obj, 0, ZX_SIGNAL_SIGNALED);
	return vmo;
}

zx_status_t zx_vmo_new(u64 size, u32 options, struct zx_vmo **out)
{
	if (options & ~ZX_VMO_RESIZABLE)
		return ZX_ERR_INVALID_ARGS;
	if (size > ZX_PAGES_MAX_SIZE)
		return ZX_ERR_OUT_OF_RANGE;
	*out = zx_vmo_over(zx_pages_new(PAGE_ALIGN(size), options & ZX_VMO_RESIZABLE), options);
	return *out ? ZX_OK : ZX_ERR_NO_MEMORY;
}

u64 zx_vmo_size(const struct zx_vmo *vmo)
{
	return vmo->kind == ZX_VMO_CHILD_SLICE ? vmo->slice_size : READ_ONCE(vmo->pages->size);
}

bool zx_vmo_resizable(const struct zx_vmo *vmo)
{
	return vmo->pages->resizable;
}

void zx_vmo_lock(struct zx_vmo *vmo)
{
	down_read(&vmo->pages->lock);
}

bool zx_vmo_trylock(struct zx_vmo *vmo)
{
	return down_read_trylock(&vmo->pages->lock);
}

void zx_vmo_unlock(struct zx_vmo *vmo)
{
	up_read(&vmo->pages->lock);
}

bool zx_vmo_has(const struct zx_vmo *vmo, pgoff_t first, pgoff_t last)
{
	lockdep_assert_held(&vmo->pages->lock);
	return first >= vmo->first && last - vmo->first < zx_vmo_size(vmo) >> PAGE_SHIFT;
}

u32 zx_vmo_policy(const struct zx_vmo *vmo)
{
	lockdep_assert_held(&vmo->pages->lock);
	return vmo->pages->policy;
}

zx_status_t zx_vmo_page(struct zx_vmo *vmo, pgoff_t index, struct page **page)
{
	zx_status_t status;

	if (!zx_vmo_has(vmo, index, index))
		return ZX_ERR_OUT_OF_RANGE;
	status = zx_pages_page(vmo->pages, index, page);
	if (status == ZX_OK)
		zx_pages_flush(vmo->pages, *page);
	return status;
}

struct page *zx_vmo_page_at_hand(struct zx_vmo *vmo, pgoff_t index)
{
	return zx_vmo_has(vmo, index, index) ? zx_pages_at_hand(vmo->pages, index) : NULL;
}

bool zx_vmo_next_page(struct zx_vmo *vmo, pgoff_t *index, pgoff_t last)
{
	pgoff_t end = vmo->first + (zx_vmo_size(vmo) >> PAGE_SHIFT);

	lockdep_assert_held(&vmo->pages->lock);
	return *index < end && xa_find(&vmo->pages->file->f_mapping->i_pages, index,
				       min(last, end - 1), XA_PRESENT);
}

static zx_status_t check_range(const struct zx_vmo *vmo, u64 offset, u64 len)
{
	u64 size = zx_vmo_size(vmo);

	lockdep_assert_held(&vmo->pages->lock);
	return offset <= size && len <= size - offset ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
}

static zx_status_t check_copy(struct zx_vmo *vmo, u64 offset, u64 len)
{
	zx_status_t status = ZX_ERR_BAD_STATE;

	zx_vmo_lock(vmo);
	if (vmo->pages->policy == ZX_CACHE_POLICY_CACHED)
		status = check_range(vmo, offset, len);
	zx_vmo_unlock(vmo);
	return status;
}

static zx_status_t copy_range(struct zx_vmo *vmo, unsigned long user, u64 offset, u64 len,
			      zx_status_t (*copy)(struct zx_pages *pages, unsigned long user,
						  u64 offset, size_t len))
{
	zx_status_t status = check_copy(vmo, offset, len);

	offset += (u64)vmo->first << PAGE_SHIFT;
	while (len && status == ZX_OK) {
		size_t part = min_t(u64, len, PAGE_SIZE - offset_in_page(offset));

		if (fatal_signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		status = copy(vmo->pages, user, offset, part);
		user += part;
		offset += part;
		len -= part;
		cond_resched();
	}
	return status;
}

zx_status_t zx_vmo_read(struct zx_vmo *vmo, void __user *buf, u64 offset, u64 len)
{
	return copy_range(vmo, (unsigned long)buf, offset, len, zx_pages_copy_out);
}

zx_status_t zx_vmo_write(struct zx_vmo *vmo, const void __user *buf, u64 offset, u64 len)
{
	return copy_range(vmo, (unsigned long)buf, offset, len, zx_pages_copy_in);
}

zx_status_t zx_vmo_set_size(struct zx_vmo *vmo, u64 size)
{
	if (!(vmo->options & ZX_VMO_RESIZABLE))
		return ZX_ERR_UNAVAILABLE;
	if (size > ZX_PAGES_MAX_SIZE)
		return ZX_ERR_OUT_OF_RANGE;
	if (down_write_killable(&vmo->pages->lock))
		return ZX_ERR_INTERNAL_INTR_RETRY;
	zx_pages_resize(vmo->pages, PAGE_ALIGN(size));
	up_write(&vmo->pages->lock);
	return ZX_OK;
}

static zx_status_t zero(struct zx_vmo *vmo, u64 offset, u64 len)
{
	zx_status_t status;

	if (down_write_killable(&vmo->pages->lock))
		return ZX_ERR_INTERNAL_INTR_RETRY;
	status = check_range(vmo, offset, len);
	/* Clearing parts of a page is writing to it. */
	if (status == ZX_OK && !PAGE_ALIGNED(offset | len) &&
	    vmo->pages->policy != ZX_CACHE_POLICY_CACHED)
		status = ZX_ERR_BAD_STATE;
	if (status == ZX_OK)
		zx_pages_zero(vmo->pages, ((u64)vmo->first << PAGE_SHIFT) + offset, len);
	up_write(&vmo->pages->lock);
	return status;
}

/* On this hardware caches are coherent, and no page ever leaves: a hint is enough said. */
static zx_status_t nothing(struct zx_vmo *vmo, u64 offset, u64 len)
{
	zx_status_t status;

	zx_vmo_lock(vmo);
	status = check_range(vmo, offset, len);
	zx_vmo_unlock(vmo);
	return status;
}

static zx_status_t commit(struct zx_vmo *vmo, u64 offset, u64 len)
{
	zx_status_t status = nothing(vmo, offset, len);

	if (status != ZX_OK)
		return status;
	return zx_pages_commit(vmo->pages, ((u64)vmo->first << PAGE_SHIFT) + offset, len);
}

zx_status_t zx_vmo_op_range(struct zx_vmo *vmo, u32 op, u64 offset, u64 len)
{
	switch (op) {
	case ZX_VMO_OP_COMMIT:
		return PAGE_ALIGNED(offset | len) ? commit(vmo, offset, len) : ZX_ERR_INVALID_ARGS;
	case ZX_VMO_OP_DECOMMIT:
		return PAGE_ALIGNED(offset | len) ? zero(vmo, offset, len) : ZX_ERR_INVALID_ARGS;
	case ZX_VMO_OP_ZERO:
		return zero(vmo, offset, len);
	case ZX_VMO_OP_CACHE_SYNC:
	case ZX_VMO_OP_CACHE_INVALIDATE:
	case ZX_VMO_OP_CACHE_CLEAN:
	case ZX_VMO_OP_CACHE_CLEAN_INVALIDATE:
		return len ? nothing(vmo, offset, len) : ZX_ERR_INVALID_ARGS;
	case ZX_VMO_OP_DONT_NEED:
	case ZX_VMO_OP_ALWAYS_NEED:
	case ZX_VMO_OP_PREFETCH:
		return nothing(vmo, offset, len);
	default:
		/* Locking is for VMOs whose pages may be discarded; there are none. */
		return ZX_ERR_NOT_SUPPORTED;
	}
}

static bool may_set_policy(const struct zx_vmo *vmo, u32 policy)
{
	if (vmo->kind || atomic_read(&vmo->mappings) || zx_vmo_children(vmo))
		return false;
	if (policy == ZX_CACHE_POLICY_CACHED && vmo->pages->policy == ZX_CACHE_POLICY_CACHED)
		return true;
	return !zx_pages_committed(vmo->pages);
}

zx_status_t zx_vmo_set_policy(struct zx_vmo *vmo, u32 policy)
{
	zx_status_t status = ZX_ERR_BAD_STATE;

	if (policy > ZX_CACHE_POLICY_WRITE_COMBINING)
		return ZX_ERR_INVALID_ARGS;
	if (down_write_killable(&vmo->pages->lock))
		return ZX_ERR_INTERNAL_INTR_RETRY;
	/* Who maps it from now on is counted before it looks at the policy. */
	if (may_set_policy(vmo, policy)) {
		vmo->pages->policy = policy;
		status = ZX_OK;
	}
	up_write(&vmo->pages->lock);
	return status;
}

void zx_vmo_info(struct zx_vmo *vmo, struct zx_ioc_info_vmo *out)
{
	bool own = !vmo->kind || vmo->kind == ZX_VMO_CHILD_SNAPSHOT;

	out->koid = vmo->obj.koid;
	zx_object_get_name(&vmo->obj, out->name);
	out->parent_koid = vmo->parent_koid;
	out->num_children = zx_vmo_children(vmo);
	out->num_mappings = atomic_read(&vmo->mappings);
	out->share_count = out->num_mappings;
	out->flags = ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE;
	if (vmo->options & ZX_VMO_RESIZABLE)
		out->flags |= ZX_INFO_VMO_RESIZABLE;
	if (vmo->kind == ZX_VMO_CHILD_SNAPSHOT)
		out->flags |= ZX_INFO_VMO_IS_COW_CLONE;
	zx_vmo_lock(vmo);
	out->size_bytes = zx_vmo_size(vmo);
	out->cache_policy = vmo->pages->policy;
	/* Others' pages are theirs to answer for. */
	out->committed_bytes = own ? zx_pages_committed(vmo->pages) : 0;
	zx_vmo_unlock(vmo);
	out->populated_bytes = out->committed_bytes;
}

void zx_vmo_add_user(struct zx_vmo *vmo, struct zx_vmo_user *user)
{
	atomic_inc(&vmo->mappings);
	zx_pages_add_user(vmo->pages, user);
}

void zx_vmo_remove_user(struct zx_vmo *vmo, struct zx_vmo_user *user)
{
	zx_pages_remove_user(vmo->pages, user);
	atomic_dec(&vmo->mappings);
}
