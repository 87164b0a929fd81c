// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way in. One row per call; what all calls have in common is done here, in
 * this order: struct size and tail, type, rights, the call, its new handles.
 */
#include <linux/file.h>
#include <linux/fcntl.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "table.h"

/* @last: the last field that a caller must give. */
#define ROW(cmd_, struct_, last_, type_, rights_, ...)			\
	[_IOC_NR(ZX_IOC_##cmd_)] = {					\
		.cmd = ZX_IOC_##cmd_,					\
		.min_size = offsetofend(struct zx_ioc_##struct_, last_), \
		.max_size = sizeof(struct zx_ioc_##struct_),		\
		.type = ZX_OBJ_TYPE_##type_,				\
		.rights = (rights_),					\
		__VA_ARGS__						\
	}

static const struct zx_call_row rows[] = {
	ROW(RESOURCE_CREATE, resource_create, out, RESOURCE, ZX_RIGHT_WRITE,
	    .call = zx_sys_resource_create),

	ROW(HANDLE_DUPLICATE, handle_duplicate, out, NONE, ZX_RIGHT_DUPLICATE,
	    .call = zx_sys_handle_duplicate),
	ROW(HANDLE_REPLACE, handle_duplicate, out, NONE, 0,
	    .call = zx_sys_handle_replace),
	ROW(OBJECT_GET_INFO, object_get_info, avail, NONE, 0,
	    .call = zx_sys_object_get_info),
	ROW(OBJECT_WAIT_ONE, object_wait_one, observed, NONE, ZX_RIGHT_WAIT,
	    .call = zx_sys_object_wait_one),
	ROW(OBJECT_WAIT_MANY, object_wait_many, items, NONE, 0,
	    .call = zx_sys_object_wait_many),
	ROW(OBJECT_WAIT_ASYNC, object_wait_async, options, NONE, ZX_RIGHT_WAIT,
	    .call = zx_sys_object_wait_async),
	ROW(OBJECT_SIGNAL, object_signal, set, NONE, ZX_RIGHT_SIGNAL,
	    .call = zx_sys_object_signal),
	ROW(OBJECT_SIGNAL_PEER, object_signal, set, NONE, ZX_RIGHT_SIGNAL_PEER,
	    .call = zx_sys_object_signal_peer),
	ROW(OBJECT_GET_PROPERTY, object_property, value_size, NONE, ZX_RIGHT_GET_PROPERTY,
	    .call = zx_sys_object_get_property),
	ROW(OBJECT_SET_PROPERTY, object_property, value_size, NONE, ZX_RIGHT_SET_PROPERTY,
	    .call = zx_sys_object_set_property),

	ROW(EVENT_CREATE, event_create, out, NONE, 0,
	    .call = zx_sys_event_create),
	ROW(EVENTPAIR_CREATE, pair_create, out1, NONE, 0,
	    .call = zx_sys_eventpair_create),

	ROW(PORT_CREATE, port_create, out, NONE, 0,
	    .call = zx_sys_port_create),
	ROW(PORT_QUEUE, port_queue, packet, PORT, ZX_RIGHT_WRITE,
	    .call = zx_sys_port_queue),
	ROW(PORT_WAIT, port_wait, packet, PORT, ZX_RIGHT_READ,
	    .call = zx_sys_port_wait),
	ROW(PORT_CANCEL, port_cancel, key, PORT, ZX_RIGHT_WRITE,
	    .call = zx_sys_port_cancel),

	ROW(VMO_CREATE, vmo_create, out, NONE, 0,
	    .call = zx_sys_vmo_create),
	ROW(VMO_READ, vmo_copy, length, VMO, ZX_RIGHT_READ,
	    .call = zx_sys_vmo_read),
	ROW(VMO_WRITE, vmo_copy, length, VMO, ZX_RIGHT_WRITE,
	    .call = zx_sys_vmo_write),
	ROW(VMO_GET_SIZE, vmo_get_size, out, VMO, 0,
	    .call = zx_sys_vmo_get_size),
	ROW(VMO_SET_SIZE, vmo_set_size, vmo_size, VMO, ZX_RIGHT_WRITE,
	    .call = zx_sys_vmo_set_size),
	/* Each operation needs a right of its own. */
	ROW(VMO_OP_RANGE, vmo_op_range, length, VMO, 0,
	    .call = zx_sys_vmo_op_range),
	ROW(VMO_REPLACE_AS_EXECUTABLE, vmo_replace_as_executable, out, VMO, 0,
	    .call = zx_sys_vmo_replace_as_executable),
	ROW(VMO_CREATE_CHILD, vmo_create_child, out, VMO, ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ,
	    .call = zx_sys_vmo_create_child),
	ROW(VMO_SET_CACHE_POLICY, vmo_set_cache_policy, policy, VMO, ZX_RIGHT_MAP,
	    .call = zx_sys_vmo_set_cache_policy),

	/* Map, protect and allocate need the rights that their options name, op_range its op. */
	ROW(VMAR_MAP, vmar_map, out, VMAR, 0,
	    .call = zx_sys_vmar_map),
	ROW(VMAR_UNMAP, vmar_unmap, len, VMAR, 0,
	    .call = zx_sys_vmar_unmap),
	ROW(VMAR_PROTECT, vmar_protect, len, VMAR, 0,
	    .call = zx_sys_vmar_protect),
	ROW(VMAR_ALLOCATE, vmar_allocate, out_addr, VMAR, 0,
	    .call = zx_sys_vmar_allocate,
	    .undo = zx_undo_vmar_allocate),
	ROW(VMAR_DESTROY, vmar_destroy, reserved, VMAR, 0,
	    .call = zx_sys_vmar_destroy),
	ROW(VMAR_OP_RANGE, vmar_op_range, length, VMAR, 0,
	    .call = zx_sys_vmar_op_range),

	ROW(GUEST_CREATE, guest_create, out_vmar, RESOURCE, 0,
	    .call = zx_sys_guest_create),
	ROW(GUEST_SET_TRAP, guest_set_trap, key, GUEST, ZX_RIGHT_WRITE,
	    .call = zx_sys_guest_set_trap),
	ROW(GUEST_UNSET_TRAP, guest_unset_trap, addr, GUEST, ZX_RIGHT_WRITE,
	    .call = zx_sys_guest_unset_trap),
	[_IOC_NR(ZXL_IOC_GUEST_SET_IPI_MODE)] = {
		.cmd = ZXL_IOC_GUEST_SET_IPI_MODE,
		.min_size = offsetofend(struct zxl_ioc_guest_set_ipi_mode, mode),
		.max_size = sizeof(struct zxl_ioc_guest_set_ipi_mode),
		.type = ZX_OBJ_TYPE_GUEST,
		.rights = ZX_RIGHT_WRITE,
		.call = zx_sys_guest_set_ipi_mode,
	},

	ROW(VCPU_CREATE, vcpu_create, out, GUEST, ZX_RIGHT_MANAGE_PROCESS,
	    .early = zx_early_vcpu_create,
	    .call = zx_sys_vcpu_create),
	ROW(VCPU_INTERRUPT, vcpu_interrupt, vector, VCPU, ZX_RIGHT_SIGNAL,
	    .call = zx_sys_vcpu_interrupt),
	ROW(VCPU_READ_STATE, vcpu_state, length, VCPU, ZX_RIGHT_READ,
	    .call = zx_sys_vcpu_read_state),
	ROW(VCPU_WRITE_STATE, vcpu_state, length, VCPU, ZX_RIGHT_WRITE,
	    .call = zx_sys_vcpu_write_state),
	/* READ or WRITE, as its flags say. */
	[_IOC_NR(ZXL_IOC_VCPU_MEMORY)] = {
		.cmd = ZXL_IOC_VCPU_MEMORY,
		.min_size = offsetofend(struct zxl_ioc_vcpu_memory, gpa),
		.max_size = sizeof(struct zxl_ioc_vcpu_memory),
		.type = ZX_OBJ_TYPE_VCPU,
		.call = zx_sys_vcpu_memory,
	},

	ROW(CHANNEL_CREATE, pair_create, out1, NONE, 0,
	    .call = zx_sys_channel_create),
	ROW(CHANNEL_WRITE, channel_write, num_handles, CHANNEL, ZX_RIGHT_WRITE,
	    .call = zx_sys_channel_write),
	ROW(CHANNEL_READ, channel_read, actual_handles, CHANNEL, ZX_RIGHT_READ,
	    .call = zx_sys_channel_read),
	ROW(CHANNEL_CALL, channel_call, handle, CHANNEL, ZX_RIGHT_READ | ZX_RIGHT_WRITE,
	    .call = zx_sys_channel_call),
};

static const struct zx_call_row *find_row(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (nr >= ARRAY_SIZE(rows))
		return NULL;
	nr = array_index_nospec(nr, ARRAY_SIZE(rows));
	return rows[nr].cmd == cmd ? &rows[nr] : NULL;
}

static long copy_args(struct zx_call *call, const struct zx_call_row *row, void __user *user)
{
	u32 size;
	int ret;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < row->min_size)
		return -EINVAL;
	ret = copy_struct_from_user(&call->args, row->max_size, user, size);
	/* User space may have changed it since. */
	call->args.size = size;
	return ret;
}

void zx_call_publish(struct zx_call *call, struct zx_object *obj, u32 rights, u64 out)
{
	struct zx_call_new *fresh = &call->fresh[call->nr_fresh++];

	fresh->obj = obj;
	fresh->rights = rights;
	fresh->out = out;
}

bool zx_call_put_count(u64 where, u64 count)
{
	return !where || !put_user(count, (u64 __user *)u64_to_user_ptr(where));
}

/* A descriptor and a file for it, not yet together. */
static zx_status_t reserve(const struct zx_call_new *fresh, int *fd, struct file **file)
{
	*fd = get_unused_fd_flags(O_CLOEXEC);
	if (*fd < 0)
		return ZX_ERR_NO_MEMORY;
	if (*fd > U32_MAX >> 2)
		goto put_fd;
	*file = zx_handle_file(fresh->obj, fresh->rights);
	if (!IS_ERR(*file))
		return ZX_OK;
put_fd:
	put_unused_fd(*fd);
	return ZX_ERR_NO_MEMORY;
}

static zx_status_t write_value(const struct zx_call_new *fresh, int fd)
{
	u32 value = (u32)fd << 2 | ZX_HANDLE_FIXED_BITS_MASK;

	return put_user(value, (u32 __user *)u64_to_user_ptr(fresh->out)) ?
		ZX_ERR_INVALID_ARGS : ZX_OK;
}

/* All handles or none: what can fail is done before the first is installed. */
static zx_status_t publish(struct zx_call *call)
{
	struct file *files[ARRAY_SIZE(call->fresh)];
	int fds[ARRAY_SIZE(call->fresh)];
	zx_status_t status = ZX_OK;
	unsigned int i, n;

	for (n = 0; n < call->nr_fresh && status == ZX_OK; n++)
		status = reserve(&call->fresh[n], &fds[n], &files[n]);
	/* The one that failed has undone itself. */
	if (status != ZX_OK)
		n--;
	for (i = 0; i < n && status == ZX_OK; i++)
		status = write_value(&call->fresh[i], fds[i]);
	for (i = 0; i < n; i++) {
		if (status == ZX_OK) {
			fd_install(fds[i], files[i]);
		} else {
			fput(files[i]);
			put_unused_fd(fds[i]);
		}
	}
	return status;
}

static zx_status_t run(struct zx_call *call, const struct zx_call_row *row)
{
	zx_status_t status = ZX_OK;
	unsigned int i;

	if (row->early)
		status = row->early(call);
	if (status == ZX_OK)
		status = zx_handle_check(call->handle, row->type, row->rights);
	if (status == ZX_OK)
		status = row->call(call);
	if (status == ZX_OK)
		status = publish(call);
	if (status != ZX_OK && call->nr_fresh && row->undo)
		row->undo(call);
	for (i = 0; i < call->nr_fresh; i++)
		zx_object_put(call->fresh[i].obj);
	return status;
}

static long answer(zx_status_t status)
{
	if (likely(status == ZX_OK))
		return 0;
	/* Without a signal nobody would restart it: there user space calls again. */
	if (unlikely(status == ZX_ERR_INTERNAL_INTR_RETRY))
		return signal_pending(current) ? -ERESTARTSYS : -EINTR;
	return -(long)status;
}

static long kick(struct zx_handle *handle, unsigned long arg)
{
	if (arg)
		return answer(zx_handle_check(handle, ZX_OBJ_TYPE_VCPU, ZX_RIGHT_EXECUTE) ?:
			      ZX_ERR_INVALID_ARGS);
	return answer(zx_sys_vcpu_kick(handle));
}

/* Out of line: its frame is not for those who enter a VCPU. */
static noinline long call_by_row(struct zx_handle *handle, unsigned int cmd, unsigned long arg)
{
	const struct zx_call_row *row = find_row(cmd);
	struct zx_call call;
	long ret;

	if (!row)
		return -ENOTTY;
	ret = copy_args(&call, row, (void __user *)arg);
	if (ret)
		return ret;
	call.handle = handle;
	call.nr_fresh = 0;
	return answer(run(&call, row));
}

/* Out of line for the same reason. Devices interrupt often. */
static noinline long interrupt(struct zx_handle *handle, unsigned int cmd, unsigned long arg)
{
	zx_status_t status;

	if (likely(zx_quick_vcpu_interrupt(handle, arg, &status)))
		return answer(status);
	return call_by_row(handle, cmd, arg);
}

long zx_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct zx_handle *handle = file->private_data;

	if (likely(cmd == ZX_IOC_VCPU_ENTER))
		return answer(zx_sys_vcpu_enter(handle, arg));
	if (cmd == ZX_IOC_VCPU_RESUME)
		return answer(zx_sys_vcpu_resume(handle, arg));
	if (cmd == ZX_IOC_VCPU_KICK)
		return kick(handle, arg);
	if (cmd == ZX_IOC_VCPU_INTERRUPT)
		return interrupt(handle, cmd, arg);
	return call_by_row(handle, cmd, arg);
}
