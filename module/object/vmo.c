// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMO is an unlinked tmpfs file that stays in memory. The page cache is the
 * VMO: guests, mappings in user space and zx_vmo_read() all take its pages.
 *
 * vmo->lock is held for reading while a page is put where it can be reached and
 * for writing while pages go away. It is never held while user memory is
 * touched: that may fault on a mapping of this very VMO, or in a thread whose
 * mmap_lock waits for us.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../hv/host.h"
#include "../compat.h"
#include "object.h"

#define MAX_VMO_SIZE	BIT_ULL(47)

static struct vfsmount *huge_mnt;	/* NULL: the kernel's own, without huge pages */
static const struct file_operations *shmem_fops;

/*
 * What user space may do with a mapped file without having a descriptor of it.
 * There is no fallocate, because madvise(MADV_REMOVE) would take pages away that
 * a guest has, past vmo->lock; and no mmap, because remap_file_pages() would map
 * anew and regain the permissions that vmo_mmap() took off.
 */
static const struct file_operations vmo_fops = {
	.owner	= THIS_MODULE,
	.llseek	= noop_llseek,
	.fsync	= noop_fsync,
};

static void vmo_destroy(struct zx_object *obj)
{
	struct zx_vmo *vmo = container_of(obj, struct zx_vmo, obj);

	fput(vmo->file);
	kfree(vmo);
}

/*
 * The mapping is of the tmpfs file itself and so outlives the descriptor. What
 * the handle may not do, mprotect() must not get at later.
 */
static int vmo_mmap(struct zx_handle *handle, struct vm_area_struct *vma)
{
	struct zx_vmo *vmo = container_of(handle->obj, struct zx_vmo, obj);
	u32 need = ZX_RIGHT_MAP | ZX_RIGHT_READ;
	bool shared = vma->vm_flags & VM_SHARED;

	if (shared && (vma->vm_flags & VM_WRITE))
		need |= ZX_RIGHT_WRITE;
	if (vma->vm_flags & VM_EXEC)
		need |= ZX_RIGHT_EXECUTE;
	if (zx_handle_check(handle, ZX_OBJ_TYPE_VMO, need) != ZX_OK)
		return -EACCES;
	if (shared && !(handle->rights & ZX_RIGHT_WRITE))
		zx_vma_clear(vma, VM_MAYWRITE);
	if (!(handle->rights & ZX_RIGHT_EXECUTE))
		zx_vma_clear(vma, VM_MAYEXEC);
	vma_set_file(vma, vmo->file);
	return shmem_fops->mmap(vmo->file, vma);
}

static void vmo_show(struct zx_object *obj, struct seq_file *m)
{
	struct zx_vmo *vmo = container_of(obj, struct zx_vmo, obj);

	seq_printf(m, "size:\t%llu\ncommitted:\t%llu\noptions:\t%#x\n",
		   READ_ONCE(vmo->size), (u64)vmo->file->f_mapping->nrpages << PAGE_SHIFT,
		   vmo->options);
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
	.mmap		= vmo_mmap,
	.show		= vmo_show,
	.prop_name	= vmo_name,
};

/* VM_NORESERVE: pages are charged when they come, so that VMOs can be sparse. */
static struct file *shmem_new(u64 size)
{
	if (huge_mnt)
		return shmem_file_setup_with_mnt(huge_mnt, "zx_vmo", size, VM_NORESERVE);
	return shmem_file_setup("zx_vmo", size, VM_NORESERVE);
}

static struct file *vmo_file_new(u64 size)
{
	struct file *file = shmem_new(size);

	if (IS_ERR(file))
		return file;
	/* Guests hold on to pages for long: keep them out of movable zones. */
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
	mapping_set_unevictable(file->f_mapping);
	/* A mapping can outlive all handles; the file keeps the module then. */
	__module_get(THIS_MODULE);
	file->f_op = &vmo_fops;
	return file;
}

zx_status_t zx_vmo_new(u64 size, u32 options, struct zx_vmo **out)
{
	struct zx_vmo *vmo;

	if (options & ~ZX_VMO_RESIZABLE)
		return ZX_ERR_INVALID_ARGS;
	if (size > MAX_VMO_SIZE)
		return ZX_ERR_OUT_OF_RANGE;
	size = PAGE_ALIGN(size);
	vmo = kzalloc(sizeof(*vmo), GFP_KERNEL_ACCOUNT);
	if (!vmo)
		return ZX_ERR_NO_MEMORY;
	vmo->file = vmo_file_new(size);
	if (IS_ERR(vmo->file)) {
		kfree(vmo);
		return ZX_ERR_NO_MEMORY;
	}
	vmo->options = options;
	init_rwsem(&vmo->lock);
	vmo->size = size;
	INIT_LIST_HEAD(&vmo->users);
	mutex_init(&vmo->users_lock);
	zx_object_init(&vmo->obj, &vmo_ops);
	*out = vmo;
	return ZX_OK;
}

zx_status_t zx_vmo_page(struct zx_vmo *vmo, pgoff_t index, struct page **page)
{
	struct address_space *mapping = vmo->file->f_mapping;
	struct page *found;

	lockdep_assert_held(&vmo->lock);
	if (index >= vmo->size >> PAGE_SHIFT)
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

/* The same for a reader: NULL for a hole, which stays one. */
static zx_status_t peek_page(struct zx_vmo *vmo, pgoff_t index, struct page **page)
{
	struct folio *folio;
	struct page *found;

	lockdep_assert_held(&vmo->lock);
	if (index >= vmo->size >> PAGE_SHIFT)
		return ZX_ERR_OUT_OF_RANGE;
	*page = NULL;
	folio = filemap_get_folio(vmo->file->f_mapping, index);
	if (IS_ERR_OR_NULL(folio))
		return ZX_OK;
	found = folio_file_page(folio, index);
	if (folio_test_uptodate(folio) && !PageHWPoison(found)) {
		*page = found;
		return ZX_OK;
	}
	/* Someone is still clearing it: wait for that. */
	folio_put(folio);
	return zx_vmo_page(vmo, index, page);
}

static bool covers(struct zx_vmo *vmo, u64 offset, u64 len)
{
	lockdep_assert_held(&vmo->lock);
	return offset <= vmo->size && len <= vmo->size - offset;
}

/*
 * Copy within one page. The page may leave the VMO while it is copied: then the
 * copy counts as having come first.
 */
static zx_status_t copy_out(struct zx_vmo *vmo, unsigned long user, u64 offset, size_t len)
{
	void __user *to = (void __user *)user;
	zx_status_t status;
	struct page *page;
	size_t left;

	down_read(&vmo->lock);
	status = peek_page(vmo, offset >> PAGE_SHIFT, &page);
	up_read(&vmo->lock);
	if (status != ZX_OK)
		return status;
	if (!page)
		return clear_user(to, len) ? ZX_ERR_INVALID_ARGS : ZX_OK;
	left = copy_to_user(to, page_address(page) + offset_in_page(offset), len);
	put_page(page);
	return left ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

static zx_status_t copy_in(struct zx_vmo *vmo, unsigned long user, u64 offset, size_t len)
{
	zx_status_t status;
	struct page *page;
	size_t left;

	down_read(&vmo->lock);
	status = zx_vmo_page(vmo, offset >> PAGE_SHIFT, &page);
	up_read(&vmo->lock);
	if (status != ZX_OK)
		return status;
	left = copy_from_user(page_address(page) + offset_in_page(offset),
			      (const void __user *)user, len);
	put_page(page);
	return left ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

static zx_status_t copy_range(struct zx_vmo *vmo, unsigned long user, u64 offset, u64 len,
			      zx_status_t (*copy)(struct zx_vmo *vmo, unsigned long user,
						  u64 offset, size_t len))
{
	zx_status_t status;

	down_read(&vmo->lock);
	status = covers(vmo, offset, len) ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
	up_read(&vmo->lock);

	while (len && status == ZX_OK) {
		size_t part = min_t(u64, len, PAGE_SIZE - offset_in_page(offset));

		if (fatal_signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		status = copy(vmo, user, offset, part);
		user += part;
		offset += part;
		len -= part;
		cond_resched();
	}
	return status;
}

zx_status_t zx_vmo_read(struct zx_vmo *vmo, void __user *buf, u64 offset, u64 len)
{
	return copy_range(vmo, (unsigned long)buf, offset, len, copy_out);
}

zx_status_t zx_vmo_write(struct zx_vmo *vmo, const void __user *buf, u64 offset, u64 len)
{
	return copy_range(vmo, (unsigned long)buf, offset, len, copy_in);
}

/* No CPU, in a guest or not, reaches the whole pages of [@start, @end) any more. */
static void unmap_range(struct zx_vmo *vmo, u64 start, u64 end, bool even_cows)
{
	struct zx_vmo_user *user;
	pgoff_t first, last;

	lockdep_assert_held_write(&vmo->lock);
	start = PAGE_ALIGN(start);
	end = PAGE_ALIGN_DOWN(end);
	if (start >= end)
		return;
	first = start >> PAGE_SHIFT;
	last = (end >> PAGE_SHIFT) - 1;
	mutex_lock(&vmo->users_lock);
	list_for_each_entry(user, &vmo->users, node) {
		user->invalidate(user, first, last);
		cond_resched();
	}
	mutex_unlock(&vmo->users_lock);
	unmap_mapping_range(vmo->file->f_mapping, start, end - start, even_cows);
}

/*
 * A store through a huge page in a user mapping can reach past the end, so
 * growing drops what is there, too: a VMO grows by zeroes.
 */
static void change_size(struct zx_vmo *vmo, u64 size)
{
	struct inode *inode = file_inode(vmo->file);
	u64 first = min(size, vmo->size), end = max(size, vmo->size);

	lockdep_assert_held_write(&vmo->lock);
	if (first == end)
		return;
	/* Before the pages go, so that no fault brings one back. */
	if (size < vmo->size)
		i_size_write(inode, size);
	unmap_range(vmo, first, end, true);
	shmem_truncate_range(inode, first, -1);
	WRITE_ONCE(vmo->size, size);
	i_size_write(inode, size);
}

zx_status_t zx_vmo_set_size(struct zx_vmo *vmo, u64 size)
{
	if (!(vmo->options & ZX_VMO_RESIZABLE))
		return ZX_ERR_UNAVAILABLE;
	if (size > MAX_VMO_SIZE)
		return ZX_ERR_OUT_OF_RANGE;
	down_write(&vmo->lock);
	change_size(vmo, PAGE_ALIGN(size));
	up_write(&vmo->lock);
	return ZX_OK;
}

static zx_status_t commit(struct zx_vmo *vmo, u64 offset, u64 len)
{
	pgoff_t index = offset >> PAGE_SHIFT, end = (offset + len) >> PAGE_SHIFT;
	zx_status_t status = ZX_OK;
	struct page *page;

	while (index < end && status == ZX_OK) {
		if (fatal_signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		down_read(&vmo->lock);
		status = zx_vmo_page(vmo, index, &page);
		up_read(&vmo->lock);
		index++;
		if (status == ZX_OK) {
			index = max(index, folio_next_index(page_folio(page)));
			put_page(page);
		}
		cond_resched();
	}
	return status;
}

/* Whole pages become holes; of the others the part in the range is cleared in place. */
static zx_status_t zero(struct zx_vmo *vmo, u64 offset, u64 len)
{
	zx_status_t status = ZX_ERR_OUT_OF_RANGE;

	down_write(&vmo->lock);
	if (covers(vmo, offset, len)) {
		status = ZX_OK;
		if (len) {
			unmap_range(vmo, offset, offset + len, false);
			shmem_truncate_range(file_inode(vmo->file), offset, offset + len - 1);
		}
	}
	up_write(&vmo->lock);
	return status;
}

zx_status_t zx_vmo_op_range(struct zx_vmo *vmo, u32 op, u64 offset, u64 len)
{
	bool in;

	if (op != ZX_VMO_OP_COMMIT && op != ZX_VMO_OP_DECOMMIT && op != ZX_VMO_OP_ZERO)
		return ZX_ERR_INVALID_ARGS;
	if (op != ZX_VMO_OP_ZERO && !PAGE_ALIGNED(offset | len))
		return ZX_ERR_INVALID_ARGS;
	if (op != ZX_VMO_OP_COMMIT)
		return zero(vmo, offset, len);
	down_read(&vmo->lock);
	in = covers(vmo, offset, len);
	up_read(&vmo->lock);
	return in ? commit(vmo, offset, len) : ZX_ERR_OUT_OF_RANGE;
}

void zx_vmo_add_user(struct zx_vmo *vmo, struct zx_vmo_user *user)
{
	mutex_lock(&vmo->users_lock);
	list_add_tail(&user->node, &vmo->users);
	mutex_unlock(&vmo->users_lock);
}

void zx_vmo_remove_user(struct zx_vmo *vmo, struct zx_vmo_user *user)
{
	mutex_lock(&vmo->users_lock);
	list_del(&user->node);
	mutex_unlock(&vmo->users_lock);
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

int __init zx_vmo_init(void)
{
	struct file *file;

	huge_mnt = mount_huge();
	file = shmem_new(0);
	if (IS_ERR(file)) {
		kern_unmount(huge_mnt);
		return PTR_ERR(file);
	}
	shmem_fops = file->f_op;
	fput(file);
	return 0;
}

void zx_vmo_exit(void)
{
	kern_unmount(huge_mnt);
}
