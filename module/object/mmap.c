// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMOs in the address spaces of processes. A mapping is of the tmpfs file behind
 * the VMO, so that it is shared memory to all of Linux, but its faults go through
 * us: a page becomes reachable under pages->lock only, and so not while pages go
 * away or are copied. The mapping keeps the VMO alive.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../compat.h"
#include "object.h"
#include "pages.h"

static const struct file_operations *shmem_fops;
/* All our files have the same; known from the first mapping on. */
static const struct vm_operations_struct *shmem_vm_ops;

static void map_open(struct vm_area_struct *vma)
{
	struct zx_vmo *vmo = vma->vm_private_data;

	zx_object_get(&vmo->obj);
	atomic_inc(&vmo->mappings);
}

static void map_close(struct vm_area_struct *vma)
{
	struct zx_vmo *vmo = vma->vm_private_data;

	atomic_dec(&vmo->mappings);
	zx_object_put(&vmo->obj);
}

/* One page at a time, and only after what the caches hold of it is out. */
static vm_fault_t insert_uncached(struct zx_vmo *vmo, struct vm_fault *vmf)
{
	int err;

	zx_pages_flush(vmo->pages, vmf->page);
	err = vm_insert_page(vmf->vma, vmf->address & PAGE_MASK, vmf->page);
	return err && err != -EBUSY ? vmf_error(err) : VM_FAULT_NOPAGE;
}

/*
 * tmpfs finds the page, locks it and leaves it to the caller to map it. We do that
 * here, as the fault-around would: the caller would do it without our lock. What
 * that passes over (a page locked by somebody else) faults again.
 */
static vm_fault_t fault_locked(struct zx_vmo *vmo, struct vm_fault *vmf)
{
	bool copies = vmf->flags & FAULT_FLAG_WRITE && !(vmf->vma->vm_flags & VM_SHARED);
	vm_fault_t ret;

	if (!zx_vmo_has(vmo, vmf->pgoff, vmf->pgoff))
		return VM_FAULT_SIGBUS;
	ret = READ_ONCE(shmem_vm_ops)->fault(vmf);
	if (!(ret & VM_FAULT_LOCKED))
		return ret;
	set_page_dirty(vmf->page);
	/* The caller copies the page, or has something to say about a bad one. */
	if (copies || PageHWPoison(vmf->page))
		return ret;
	unlock_page(vmf->page);
	if (zx_vmo_policy(vmo) == ZX_CACHE_POLICY_CACHED) {
		filemap_map_pages(vmf, vmf->pgoff, vmf->pgoff);
		ret = VM_FAULT_NOPAGE;
	} else {
		ret = insert_uncached(vmo, vmf);
	}
	put_page(vmf->page);
	vmf->page = NULL;
	return ret;
}

static vm_fault_t map_fault(struct vm_fault *vmf)
{
	struct zx_vmo *vmo = vmf->vma->vm_private_data;
	vm_fault_t ret;

	if (down_read_killable(&vmo->pages->lock))
		return VM_FAULT_SIGBUS;
	ret = fault_locked(vmo, vmf);
	up_read(&vmo->pages->lock);
	return ret;
}

/* May not sleep, and need not do anything. A mapping is nowhere outside of its slice. */
static vm_fault_t map_around(struct vm_fault *vmf, pgoff_t first, pgoff_t last)
{
	struct zx_vmo *vmo = vmf->vma->vm_private_data;
	vm_fault_t ret = 0;

	if (!down_read_trylock(&vmo->pages->lock))
		return 0;
	if (zx_vmo_policy(vmo) == ZX_CACHE_POLICY_CACHED)
		ret = filemap_map_pages(vmf, first, last);
	up_read(&vmo->pages->lock);
	return ret;
}

#ifdef CONFIG_NUMA
/* tmpfs keeps the policy with the file, where all who take its pages find it. */
static int map_set_policy(struct vm_area_struct *vma, struct mempolicy *policy)
{
	return READ_ONCE(shmem_vm_ops)->set_policy(vma, policy);
}
#endif

static const struct vm_operations_struct map_ops = {
	.open		= map_open,
	.close		= map_close,
	.fault		= map_fault,
	.map_pages	= map_around,
#ifdef CONFIG_NUMA
	.set_policy	= map_set_policy,
#endif
};

/* The file's own mmap makes it a mapping of tmpfs; from there on it is ours. */
static int map_file(struct zx_vmo *vmo, struct vm_area_struct *vma)
{
	int ret;

	vma_set_file(vma, vmo->pages->file);
	ret = shmem_fops->mmap(vmo->pages->file, vma);
	if (ret)
		return ret;
	WRITE_ONCE(shmem_vm_ops, vma->vm_ops);
	vma->vm_ops = &map_ops;
	vma->vm_private_data = vmo;
	return 0;
}

/*
 * Outside of the slice there may not even be a mapping: a huge page, mincore() or
 * mremap() could make something of it.
 */
static int place_in_slice(const struct zx_vmo *vmo, struct vm_area_struct *vma)
{
	u64 size = zx_vmo_size(vmo) >> PAGE_SHIFT;

	if (vma->vm_pgoff > size || vma_pages(vma) > size - vma->vm_pgoff)
		return -EINVAL;
	vma->vm_pgoff += vmo->first;
	zx_vma_set(vma, VM_DONTEXPAND);
	return 0;
}

/*
 * No page of it may be copied by the kernel, which has them cached: a private
 * mapping would.
 */
static int set_cache_mode(struct zx_vmo *vmo, struct vm_area_struct *vma)
{
	u32 policy;

	zx_vmo_lock(vmo);
	policy = zx_vmo_policy(vmo);
	zx_vmo_unlock(vmo);
	if (policy == ZX_CACHE_POLICY_CACHED)
		return 0;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_page_prot = policy == ZX_CACHE_POLICY_WRITE_COMBINING ?
		pgprot_writecombine(vma->vm_page_prot) : pgprot_noncached(vma->vm_page_prot);
	zx_vma_set(vma, VM_MIXEDMAP | VM_DONTEXPAND);
	return 0;
}

static int map_vmo(struct zx_vmo *vmo, struct vm_area_struct *vma)
{
	int ret = 0;

	if (vmo->kind == ZX_VMO_CHILD_SLICE)
		ret = place_in_slice(vmo, vma);
	if (!ret)
		ret = set_cache_mode(vmo, vma);
	return ret ?: map_file(vmo, vma);
}

/* What the handle may not do, mprotect() must not get at later. */
int zx_vmo_mmap(struct zx_handle *handle, struct vm_area_struct *vma)
{
	struct zx_vmo *vmo = container_of(handle->obj, struct zx_vmo, obj);
	u32 need = ZX_RIGHT_MAP | ZX_RIGHT_READ;
	bool shared = vma->vm_flags & VM_SHARED;
	int ret;

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
	/* Counted first: from then on the cache policy stays as it is. */
	zx_object_get(&vmo->obj);
	atomic_inc(&vmo->mappings);
	ret = map_vmo(vmo, vma);
	if (ret) {
		atomic_dec(&vmo->mappings);
		zx_object_put(&vmo->obj);
	}
	return ret;
}

int __init zx_vmo_init(void)
{
	struct file *file;

	zx_pages_init();
	file = zx_pages_file(0);
	if (IS_ERR(file)) {
		zx_pages_exit();
		return PTR_ERR(file);
	}
	shmem_fops = file->f_op;
	fput(file);
	return 0;
}

void zx_vmo_exit(void)
{
	zx_pages_exit();
}
