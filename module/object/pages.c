// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page cache is the store: guests, mappings in user space and zx_vmo_read()
 * all take its pages. Read pages.h first; vmo.c says what is done with it.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/cacheflush.h>

#include "../hv/host.h"
#include "object.h"
#include "pages.h"

static struct vfsmount *huge_mnt;	/* NULL: the kernel's own, without huge pages */

/*
 * What user space may do with a mapped file without having a descriptor of it.
 * There is no fallocate, because madvise(MADV_REMOVE) would take pages away that
 * a guest has, past pages->lock; and no mmap, because remap_file_pages() would
 * map anew and regain what zx_vmo_mmap() took off.
 */
static const struct file_operations pages_fops = {
	.owner	= THIS_MODULE,
	.llseek	= noop_llseek,
	.fsync	= noop_fsync,
};

/* VM_NORESERVE: pages are charged when they come, so that VMOs can be sparse. */
struct file *zx_pages_file(u64 size)
{
	if (huge_mnt)
		return shmem_file_setup_with_mnt(huge_mnt, "zx_vmo", size, VM_NORESERVE);
	return shmem_file_setup("zx_vmo", size, VM_NORESERVE);
}

struct zx_pages *zx_pages_new(u64 size, bool resizable)
{
	struct zx_pages *pages = kzalloc(sizeof(*pages), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!pages)
		return NULL;
	file = zx_pages_file(size);
	if (IS_ERR(file)) {
		kfree(pages);
		return NULL;
	}
	/* Guests hold on to pages for long: keep them out of movable zones. */
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
	mapping_set_unevictable(file->f_mapping);
	/* A mapping can outlive all handles; the file keeps the module then. */
	__module_get(THIS_MODULE);
	file->f_op = &pages_fops;
	kref_init(&pages->ref);
	pages->file = file;
	pages->resizable = resizable;
	init_rwsem(&pages->lock);
	pages->size = size;
	pages->policy = ZX_CACHE_POLICY_CACHED;
	INIT_LIST_HEAD(&pages->users);
	mutex_init(&pages->users_lock);
	return pages;
}

static void pages_free(struct kref *ref)
{
	struct zx_pages *pages = container_of(ref, struct zx_pages, ref);

	fput(pages->file);
	kfree(pages);
}

void zx_pages_put(struct zx_pages *pages)
{
	kref_put(&pages->ref, pages_free);
}

u64 zx_pages_committed(const struct zx_pages *pages)
{
	return (u64)READ_ONCE(pages->file->f_mapping->nrpages) << PAGE_SHIFT;
}

void zx_pages_add_user(struct zx_pages *pages, struct zx_vmo_user *user)
{
	mutex_lock(&pages->users_lock);
	list_add_tail(&user->node, &pages->users);
	mutex_unlock(&pages->users_lock);
}

void zx_pages_remove_user(struct zx_pages *pages, struct zx_vmo_user *user)
{
	mutex_lock(&pages->users_lock);
	list_del(&user->node);
	mutex_unlock(&pages->users_lock);
}

zx_status_t zx_pages_page(struct zx_pages *pages, pgoff_t index, struct page **page)
{
	struct address_space *mapping = pages->file->f_mapping;
	struct page *found;

	lockdep_assert_held(&pages->lock);
	if (index >= pages->size >> PAGE_SHIFT)
		return ZX_ERR_OUT_OF_RANGE;
	/* No memory is an answer here, not a reason to kill or to complain. */
	found = shmem_read_mapping_page_gfp(mapping, index, mapping_gfp_mask(mapping) |
					    __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (IS_ERR(found))
		return ZX_ERR_NO_MEMORY;
	/* Clean pages are dropped by vm.drop_caches, and a guest marks none. */
	folio_mark_dirty(page_folio(found));
	*page = found;
	return ZX_OK;
}

struct page *zx_pages_at_hand(struct zx_pages *pages, pgoff_t index)
{
	struct address_space *mapping = pages->file->f_mapping;
	struct page *page = NULL;
	struct folio *folio;

	lockdep_assert_held(&pages->lock);
	if (index >= pages->size >> PAGE_SHIFT)
		return NULL;
	folio = filemap_get_folio(mapping, index);
	if (IS_ERR_OR_NULL(folio))
		return NULL;
	/* Only with its lock is it sure that no other folio is taking its place. */
	if (folio_trylock(folio)) {
		if (folio->mapping == mapping && folio_test_uptodate(folio) &&
		    !PageHWPoison(folio_file_page(folio, index)))
			page = folio_file_page(folio, index);
		if (page && !folio_test_dirty(folio))
			folio_mark_dirty(folio);
		folio_unlock(folio);
	}
	if (!page)
		folio_put(folio);
	return page;
}

void zx_pages_flush(const struct zx_pages *pages, struct page *page)
{
	lockdep_assert_held(&pages->lock);
	if (unlikely(pages->policy != ZX_CACHE_POLICY_CACHED))
		clflush_cache_range(page_address(page), PAGE_SIZE);
}

/* The same as zx_pages_page() for a reader: NULL for a hole, which stays one. */
static zx_status_t peek_page(struct zx_pages *pages, pgoff_t index, struct page **page)
{
	struct folio *folio;
	struct page *found;

	lockdep_assert_held(&pages->lock);
	if (index >= pages->size >> PAGE_SHIFT)
		return ZX_ERR_OUT_OF_RANGE;
	*page = NULL;
	folio = filemap_get_folio(pages->file->f_mapping, index);
	if (IS_ERR_OR_NULL(folio))
		return ZX_OK;
	found = folio_file_page(folio, index);
	if (folio_test_uptodate(folio) && !PageHWPoison(found)) {
		*page = found;
		return ZX_OK;
	}
	/* Someone is still clearing it: wait for that. */
	folio_put(folio);
	return zx_pages_page(pages, index, page);
}

/* The page may leave the store while it is copied: then the copy came first. */
zx_status_t zx_pages_copy_out(struct zx_pages *pages, unsigned long user, u64 offset, size_t len)
{
	void __user *to = (void __user *)user;
	zx_status_t status = ZX_ERR_BAD_STATE;
	struct page *page;
	size_t left;

	down_read(&pages->lock);
	if (pages->policy == ZX_CACHE_POLICY_CACHED)
		status = peek_page(pages, offset >> PAGE_SHIFT, &page);
	up_read(&pages->lock);
	if (status != ZX_OK)
		return status;
	if (!page)
		return clear_user(to, len) ? ZX_ERR_INVALID_ARGS : ZX_OK;
	left = copy_to_user(to, page_address(page) + offset_in_page(offset), len);
	put_page(page);
	return left ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

/* Under the lock user memory is read only as far as that takes no fault. */
static zx_status_t try_copy_in(struct zx_pages *pages, const void __user *from, u64 offset,
			       size_t len, size_t *left)
{
	zx_status_t status = ZX_ERR_BAD_STATE;
	struct page *page;

	down_read(&pages->lock);
	if (pages->policy == ZX_CACHE_POLICY_CACHED)
		status = zx_pages_page(pages, offset >> PAGE_SHIFT, &page);
	if (status == ZX_OK) {
		pagefault_disable();
		*left = __copy_from_user_inatomic(page_address(page) + offset_in_page(offset),
						  from, len);
		pagefault_enable();
		put_page(page);
	}
	up_read(&pages->lock);
	return status;
}

zx_status_t zx_pages_copy_in(struct zx_pages *pages, unsigned long user, u64 offset, size_t len)
{
	const void __user *from = (const void __user *)user;
	zx_status_t status;
	size_t left;

	if (!access_ok(from, len))
		return ZX_ERR_INVALID_ARGS;
	while (!fatal_signal_pending(current)) {
		status = try_copy_in(pages, from, offset, len, &left);
		if (status != ZX_OK || !left)
			return status;
		if (fault_in_readable(from, len))
			return ZX_ERR_INVALID_ARGS;
	}
	return ZX_ERR_INTERNAL_INTR_RETRY;
}

zx_status_t zx_pages_commit(struct zx_pages *pages, u64 offset, u64 len)
{
	pgoff_t index = offset >> PAGE_SHIFT, end = (offset + len) >> PAGE_SHIFT;
	zx_status_t status = ZX_OK;
	struct page *page;

	while (index < end && status == ZX_OK) {
		if (fatal_signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		down_read(&pages->lock);
		status = zx_pages_page(pages, index, &page);
		up_read(&pages->lock);
		index++;
		if (status == ZX_OK) {
			index = max(index, folio_next_index(page_folio(page)));
			put_page(page);
		}
		cond_resched();
	}
	return status;
}

/* No CPU, in a guest or not, reaches the whole pages of [@start, @end) any more. */
static void unmap_range(struct zx_pages *pages, u64 start, u64 end, bool even_cows)
{
	struct zx_vmo_user *user;
	pgoff_t first, last;

	lockdep_assert_held_write(&pages->lock);
	start = PAGE_ALIGN(start);
	end = PAGE_ALIGN_DOWN(end);
	if (start >= end)
		return;
	first = start >> PAGE_SHIFT;
	last = (end >> PAGE_SHIFT) - 1;
	mutex_lock(&pages->users_lock);
	list_for_each_entry(user, &pages->users, node) {
		user->invalidate(user, first, last);
		cond_resched();
	}
	mutex_unlock(&pages->users_lock);
	unmap_mapping_range(pages->file->f_mapping, start, end - start, even_cows);
}

void zx_pages_zero(struct zx_pages *pages, u64 offset, u64 len)
{
	lockdep_assert_held_write(&pages->lock);
	if (!len)
		return;
	unmap_range(pages, offset, offset + len, false);
	shmem_truncate_range(file_inode(pages->file), offset, offset + len - 1);
}

/*
 * A store through a huge page in a user mapping can reach past the end, so
 * growing drops what is there, too: a VMO grows by zeroes.
 */
void zx_pages_resize(struct zx_pages *pages, u64 size)
{
	struct inode *inode = file_inode(pages->file);
	u64 first = min(size, pages->size), end = max(size, pages->size);

	lockdep_assert_held_write(&pages->lock);
	if (first == end)
		return;
	/* Before the pages go, so that no fault brings one back. */
	if (size < pages->size)
		i_size_write(inode, size);
	unmap_range(pages, first, end, true);
	shmem_truncate_range(inode, first, -1);
	WRITE_ONCE(pages->size, size);
	i_size_write(inode, size);
}

static zx_status_t put_copy(struct zx_pages *to, pgoff_t index, struct page *from)
{
	zx_status_t status;
	struct page *page;

	/* A device may write to it, whatever page tables say. */
	if (folio_maybe_dma_pinned(page_folio(from)))
		return ZX_ERR_BAD_STATE;
	/* Nobody else has this store, so nobody waits while holding its lock. */
	down_read_nested(&to->lock, SINGLE_DEPTH_NESTING);
	status = zx_pages_page(to, index, &page);
	up_read(&to->lock);
	if (status != ZX_OK)
		return status;
	copy_highpage(page, from);
	put_page(page);
	return ZX_OK;
}

zx_status_t zx_pages_copy(struct zx_pages *to, struct zx_pages *from, u64 offset, u64 len)
{
	pgoff_t first = offset >> PAGE_SHIFT, end = (offset + len) >> PAGE_SHIFT;
	unsigned long index = first;
	zx_status_t status = ZX_OK;
	struct page *page;

	unmap_range(from, offset, offset + len, false);
	/* From hole to page: a store of 2^47 bytes with one page is no long way. */
	while (index < end && status == ZX_OK &&
	       xa_find(&from->file->f_mapping->i_pages, &index, end - 1, XA_PRESENT)) {
		if (fatal_signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		status = peek_page(from, index, &page);
		if (status == ZX_OK && page) {
			status = put_copy(to, index - first, page);
			put_page(page);
		}
		index++;
		cond_resched();
	}
	return status;
}

/* NULL where huge pages are not to be had: then tmpfs as it is serves. */
static struct vfsmount *mount_huge(void)
{
	char options[] = "huge=within_size";
	struct file_system_type *type;
	struct vfsmount *mnt;

	if (!zx_hugepages || !has_transparent_hugepage())
		return NULL;
	type = get_fs_type("tmpfs");
	if (!type)
		return NULL;
	mnt = vfs_kern_mount(type, SB_KERNMOUNT, type->name, options);
	return IS_ERR(mnt) ? NULL : mnt;
}

void __init zx_pages_init(void)
{
	huge_mnt = mount_huge();
}

void zx_pages_exit(void)
{
	kern_unmount(huge_mnt);
}
