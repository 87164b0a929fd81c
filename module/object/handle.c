// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handle is an open file: {object, rights} in its private_data. All handles
 * have the same file operations, which is how a file is known as ours; what a
 * type does differently stands in its zx_object_ops.
 *
 * The module stays loaded while a handle is open, because the operations name
 * their owner. Read resource.c next, the shortest of the objects.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "observer.h"

static atomic64_t last_id;

static struct zx_handle *handle_new(struct zx_object *obj, u32 rights)
{
	struct zx_handle *handle = kmalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);

	if (!handle)
		return NULL;
	zx_object_get(obj);
	atomic_inc(&obj->handles);
	handle->obj = obj;
	handle->id = atomic64_inc_return(&last_id);
	handle->rights = rights;
	return handle;
}

static void handle_free(struct zx_handle *handle)
{
	struct zx_object *obj = handle->obj;

	zx_observers_drop(handle);
	if (atomic_dec_and_test(&obj->handles) && obj->ops->zero_handles)
		obj->ops->zero_handles(obj);
	zx_object_put(obj);
	kfree(handle);
}

/* Runs for every descriptor that is closed, the last one or not. */
static int handle_flush(struct file *file, fl_owner_t id)
{
	zx_object_descriptor_closed(file->private_data);
	return 0;
}

static int handle_release(struct inode *inode, struct file *file)
{
	handle_free(file->private_data);
	return 0;
}

static int handle_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zx_handle *handle = file->private_data;

	if (!handle->obj->ops->mmap)
		return -ENODEV;
	return handle->obj->ops->mmap(handle, vma);
}

static __poll_t handle_poll(struct file *file, poll_table *wait)
{
	struct zx_handle *handle = file->private_data;
	const struct zx_object_ops *ops = handle->obj->ops;

	if (ops->poll)
		return handle->rights & ZX_RIGHT_READ ? ops->poll(handle->obj, file, wait) :
		       EPOLLERR;
	if (!(ops->rights & ZX_RIGHT_WAIT))
		return 0;
	if (!(handle->rights & ZX_RIGHT_WAIT))
		return EPOLLERR;
	return zx_object_poll(handle->obj, file, wait);
}

static void handle_show(struct seq_file *m, struct file *file)
{
	struct zx_handle *handle = file->private_data;
	struct zx_object *obj = handle->obj;

	seq_printf(m, "type:\t%s\nkoid:\t%llu\nrights:\t%#x\n",
		   obj->ops->name, obj->koid, handle->rights);
	if (obj->ops->rights & ZX_RIGHT_WAIT)
		seq_printf(m, "signals:\t%#x\n", READ_ONCE(obj->signals));
	if (obj->ops->show)
		obj->ops->show(obj, m);
}

const struct file_operations zx_handle_fops = {
	.owner		= THIS_MODULE,
	.llseek		= noop_llseek,
	.unlocked_ioctl	= zx_ioctl,
	.mmap		= handle_mmap,
	.poll		= handle_poll,
	.show_fdinfo	= handle_show,
	.flush		= handle_flush,
	.release	= handle_release,
};

/* Opening the device is holding a resource: the node's mode is the gate. */
static int device_open(struct inode *inode, struct file *file)
{
	struct zx_resource *rsrc;
	struct zx_handle *handle;

	if (zx_resource_new(ZX_RSRC_KIND_HYPERVISOR, 0, 0, "", &rsrc) != ZX_OK)
		return -ENOMEM;
	handle = handle_new(&rsrc->obj, rsrc->obj.ops->rights);
	zx_object_put(&rsrc->obj);
	if (!handle)
		return -ENOMEM;
	file->private_data = handle;
	/* Both have the same owner, so its reference carries over. */
	file->f_op = &zx_handle_fops;
	return 0;
}

const struct file_operations zx_device_fops = {
	.owner		= THIS_MODULE,
	.open		= device_open,
};

struct file *zx_handle_file(struct zx_object *obj, u32 rights)
{
	struct zx_handle *handle;
	struct file *file;
	char name[32];

	handle = handle_new(obj, rights);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	snprintf(name, sizeof(name), "[zx_%s]", obj->ops->name);
	file = anon_inode_getfile(name, &zx_handle_fops, handle, O_RDWR);
	if (IS_ERR(file))
		handle_free(handle);
	return file;
}

struct zx_handle *zx_handle_of(struct file *file)
{
	return file->f_op == &zx_handle_fops ? file->private_data : NULL;
}

zx_status_t zx_handle_get(u32 value, u32 type, u32 rights, struct file **file,
			  struct zx_handle **handle)
{
	zx_status_t status = ZX_ERR_BAD_HANDLE;
	struct zx_handle *found;
	struct file *f;

	if ((value & ZX_HANDLE_FIXED_BITS_MASK) != ZX_HANDLE_FIXED_BITS_MASK)
		return status;
	f = fget(value >> 2);
	if (!f)
		return status;
	found = zx_handle_of(f);
	if (found)
		status = zx_handle_check(found, type, rights);
	if (status != ZX_OK) {
		fput(f);
		return status;
	}
	*file = f;
	*handle = found;
	return ZX_OK;
}
