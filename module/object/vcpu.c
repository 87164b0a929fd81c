// SPDX-License-Identifier: GPL-2.0-only
/*
 * VCPUs: each belongs to the thread that made it, and a thread has one at a
 * time; and the page that VCPU and user space share.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "../compat.h"
#include "guest.h"

/* Which threads have a VCPU: the task is the key, and held by the VCPU. */
static DEFINE_HASHTABLE(owners, 6);
static DEFINE_SPINLOCK(owners_lock);

static zx_status_t claim_thread(struct zx_vcpu *vcpu)
{
	zx_status_t status = ZX_OK;
	struct zx_vcpu *other;

	spin_lock(&owners_lock);
	hash_for_each_possible(owners, other, node, (unsigned long)current)
		if (other->owner == current)
			status = ZX_ERR_BAD_STATE;
	if (status == ZX_OK) {
		vcpu->owner = get_task_struct(current);
		hash_add(owners, &vcpu->node, (unsigned long)current);
	}
	spin_unlock(&owners_lock);
	return status;
}

static void disown_thread(struct zx_vcpu *vcpu)
{
	spin_lock(&owners_lock);
	hash_del(&vcpu->node);
	spin_unlock(&owners_lock);
	put_task_struct(vcpu->owner);
}

static void vcpu_free(struct rcu_head *rcu)
{
	struct zx_vcpu *vcpu = container_of(rcu, struct zx_vcpu, rcu);

	zx_cpu_free(&vcpu->cpu);
	kfree(vcpu);
}

/* The last reference is gone: no call is in flight, and no handle can make one. */
static void vcpu_destroy(struct zx_object *obj)
{
	struct zx_vcpu *vcpu = zx_vcpu_from(obj);
	struct zx_guest *guest = vcpu->guest;

	zx_cpu_fini(&vcpu->cpu);
	put_page(vcpu->page);
	zx_guest_id_put(guest, vcpu->cpu.space.id);
	disown_thread(vcpu);
	/* Other VCPUs may be sending to it. */
	call_rcu(&vcpu->rcu, vcpu_free);
	zx_object_put(&guest->obj);
}

static const struct file_operations page_fops = {
	.owner = THIS_MODULE,
};

/*
 * The mapping holds the page, not the VCPU: its life ends with its handles. So
 * the vma gets a file of its own instead of the handle's.
 */
static int vcpu_mmap(struct zx_handle *handle, struct vm_area_struct *vma)
{
	const bool read = handle->rights & ZX_RIGHT_READ;
	const bool write = read && handle->rights & ZX_RIGHT_WRITE;
	struct zx_vcpu *vcpu = zx_vcpu_from(handle->obj);
	struct file *file;

	if (vma->vm_end - vma->vm_start != PAGE_SIZE || vma->vm_pgoff ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	/* The CPU knows no page that can be written but not read. */
	if ((vma->vm_flags & VM_READ && !read) || (vma->vm_flags & VM_WRITE && !write) ||
	    vma->vm_flags & VM_EXEC)
		return -EACCES;
	file = anon_inode_getfile("[zx_vcpu_page]", &page_fops, NULL, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	vma_set_file(vma, file);
	fput(file);
	zx_vma_clear(vma, VM_MAYEXEC | (read ? 0 : VM_MAYREAD) | (write ? 0 : VM_MAYWRITE));
	zx_vma_set(vma, VM_DONTCOPY | VM_DONTEXPAND);
	return vm_insert_page(vma, vma->vm_start, vcpu->page);
}

static void vcpu_show(struct zx_object *obj, struct seq_file *m)
{
	struct zx_vcpu *vcpu = zx_vcpu_from(obj);

	seq_printf(m, "id:\t%u\nguest:\t%llu\nthread:\t%d\n", vcpu->cpu.space.id,
		   vcpu->guest->obj.koid, task_pid_vnr(vcpu->owner));
}

static const struct zx_object_ops vcpu_ops = {
	.name = "vcpu",
	.type = ZX_OBJ_TYPE_VCPU,
	.rights = ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT | ZX_RIGHT_INSPECT |
		  ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE | ZX_RIGHT_SIGNAL,
	.destroy = vcpu_destroy,
	.mmap = vcpu_mmap,
	.show = vcpu_show,
};

static zx_status_t vcpu_setup(struct zx_vcpu *vcpu, u64 entry)
{
	unsigned int id;
	zx_status_t status = zx_guest_id_get(vcpu->guest, &id);

	if (status != ZX_OK)
		return status;
	status = ZX_ERR_NO_MEMORY;
	vcpu->page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (vcpu->page)
		status = zx_cpu_init(&vcpu->cpu, vcpu->guest->gpas, id, entry,
				     page_address(vcpu->page));
	if (status == ZX_OK)
		return ZX_OK;
	if (vcpu->page)
		put_page(vcpu->page);
	zx_guest_id_put(vcpu->guest, id);
	return status;
}

zx_status_t zx_vcpu_new(struct zx_guest *guest, u64 entry, struct zx_vcpu **out)
{
	struct zx_vcpu *vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	zx_status_t status;

	if (!vcpu)
		return ZX_ERR_NO_MEMORY;
	vcpu->guest = guest;
	status = claim_thread(vcpu);
	if (status == ZX_OK) {
		status = vcpu_setup(vcpu, entry);
		if (status != ZX_OK)
			disown_thread(vcpu);
	}
	if (status != ZX_OK) {
		kfree(vcpu);
		return status;
	}
	zx_object_get(&guest->obj);
	zx_object_init(&vcpu->obj, &vcpu_ops);
	vcpu->cpu.page->koid = vcpu->obj.koid;
	*out = vcpu;
	return ZX_OK;
}

zx_status_t zx_vcpu_info(struct zx_object *obj, struct zx_ioc_info_vcpu *out)
{
	struct zx_vcpu *vcpu = zx_vcpu_from(obj);

	out->flags = test_bit(ZX_EVENT_KICK, &vcpu->cpu.irq.events) ? ZX_INFO_VCPU_FLAG_KICKED : 0;
	return ZX_OK;
}
