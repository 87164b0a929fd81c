// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: messages go in from user memory and descriptors, and come out into
 * them. User memory is touched with no lock held: before a message is sent, and
 * after it is taken.
 *
 * Descriptors are reserved before a message leaves its queue, so that it stays
 * there if a process has none left. Memory that cannot be written is known too
 * late for that: as in Zircon the message is gone then, with its handles.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "../object/channel.h"
#include "../object/observer.h"
#include "table.h"

/* User memory for a message. */
struct room {
	u64 bytes, handles;
	u32 num_bytes, num_handles;
	u64 actual_bytes, actual_handles;
};

/* Ours, and nobody's yet. */
struct descriptors {
	u32 count;
	int fd[ZX_CHANNEL_MAX_MSG_HANDLES];
};

zx_status_t zx_sys_channel_create(struct zx_call *call)
{
	const struct zx_ioc_pair_create *args = &call->args.pair_create;
	struct zx_channel *end0, *end1;
	struct zx_object *obj;
	zx_status_t status;

	if (args->options)
		return ZX_ERR_INVALID_ARGS;
	status = zx_channel_new(&end0, &end1);
	if (status != ZX_OK)
		return status;
	obj = zx_channel_object(end0);
	zx_call_publish(call, obj, obj->ops->rights, args->out0);
	zx_call_publish(call, zx_channel_object(end1), obj->ops->rights, args->out1);
	return ZX_OK;
}

static bool seen_before(const u32 *values, u32 i)
{
	u32 j;

	for (j = 0; j < i; j++)
		if (values[j] == values[i])
			return true;
	return false;
}

/* In Zircon a handle leaves the table when it is seen, so the second is a bad one. */
static zx_status_t add_handles(const struct zx_handle *through, struct zx_message *msg,
			       const u32 *values)
{
	struct zx_handle *handle;
	zx_status_t status;
	u32 i;

	for (i = 0; i < msg->num_files; i++) {
		if (seen_before(values, i))
			return ZX_ERR_BAD_HANDLE;
		status = zx_handle_get(values[i], ZX_OBJ_TYPE_NONE, ZX_RIGHT_TRANSFER,
				       &msg->files[i], &handle);
		if (status != ZX_OK)
			return status;
		if (handle->obj == through->obj)
			return ZX_ERR_NOT_SUPPORTED;
		msg->nests |= zx_channel_of(msg->files[i]) != NULL;
	}
	return ZX_OK;
}

static zx_status_t fill(const struct zx_handle *through, struct zx_message *msg, u64 bytes,
			u64 handles)
{
	u32 values[ZX_CHANNEL_MAX_MSG_HANDLES];

	if (copy_from_user(msg->bytes, u64_to_user_ptr(bytes), msg->num_bytes) ||
	    copy_from_user(values, u64_to_user_ptr(handles), msg->num_files * sizeof(*values)))
		return ZX_ERR_INVALID_ARGS;
	return add_handles(through, msg, values);
}

/* What the caller sends through @through, with a reference to every handle in it. */
static zx_status_t make(const struct zx_handle *through, u64 bytes, u32 num_bytes, u64 handles,
			u32 num_handles, struct zx_message **out)
{
	struct zx_message *msg;
	zx_status_t status;

	if (num_bytes > ZX_CHANNEL_MAX_MSG_BYTES || num_handles > ZX_CHANNEL_MAX_MSG_HANDLES)
		return ZX_ERR_OUT_OF_RANGE;
	status = zx_message_new(num_bytes, num_handles, &msg);
	if (status != ZX_OK)
		return status;
	status = fill(through, msg, bytes, handles);
	if (status == ZX_OK)
		*out = msg;
	else
		zx_message_free(msg);
	return status;
}

zx_status_t zx_sys_channel_write(struct zx_call *call)
{
	const struct zx_ioc_channel_write *args = &call->args.channel_write;
	struct zx_message *msg;
	zx_status_t status;

	if (args->options)
		return ZX_ERR_INVALID_ARGS;
	status = make(call->handle, args->bytes, args->num_bytes, args->handles,
		      args->num_handles, &msg);
	if (status != ZX_OK)
		return status;
	return zx_channel_write(zx_channel_from(call->handle->obj), msg);
}

static void unreserve(struct descriptors *fds, u32 count)
{
	while (fds->count > count)
		put_unused_fd(fds->fd[--fds->count]);
}

/* Have @count of them, no more and no fewer. NO_MEMORY: what there was stays. */
static zx_status_t reserve(struct descriptors *fds, u32 count)
{
	int fd;

	unreserve(fds, count);
	while (fds->count < count) {
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0)
			return ZX_ERR_NO_MEMORY;
		fds->fd[fds->count++] = fd;
		/* Too large to be a handle's value. */
		if (fd > U32_MAX >> 2)
			return ZX_ERR_NO_MEMORY;
	}
	return ZX_OK;
}

static bool fits(const struct room *room, const struct zx_message_size *size)
{
	return size->num_bytes <= room->num_bytes && size->num_files <= room->num_handles;
}

static bool put_count(u64 where, u32 count)
{
	return !where || !put_user(count, (u32 __user *)u64_to_user_ptr(where));
}

static bool put_size(const struct room *room, const struct zx_message_size *size)
{
	return put_count(room->actual_bytes, size->num_bytes) &&
	       put_count(room->actual_handles, size->num_files);
}

static bool put_values(const struct room *room, const struct descriptors *fds)
{
	u32 __user *values = u64_to_user_ptr(room->handles);
	u32 i;

	for (i = 0; i < fds->count; i++)
		if (put_user((u32)fds->fd[i] << 2 | ZX_HANDLE_FIXED_BITS_MASK, &values[i]))
			return false;
	return true;
}

/* All of @msg or nothing: descriptors are installed when nothing can fail any more. */
static zx_status_t hand_over(const struct room *room, struct zx_message *msg,
			     struct descriptors *fds)
{
	u32 i;

	if (copy_to_user(u64_to_user_ptr(room->bytes), msg->bytes, msg->num_bytes) ||
	    !put_values(room, fds))
		return ZX_ERR_INVALID_ARGS;
	for (i = 0; i < fds->count; i++) {
		/* As in Zircon, who had it is told of its signals no more. */
		zx_observers_drop(zx_handle_of(msg->files[i]));
		fd_install(fds->fd[i], msg->files[i]);
		msg->files[i] = NULL;
	}
	fds->count = 0;
	return ZX_OK;
}

/*
 * The next message and descriptors for it, or with @discard one that does not
 * fit. Where another reader is faster, it is about the message behind.
 */
static zx_status_t take(struct zx_channel *end, const struct room *room, bool discard,
			struct descriptors *fds, struct zx_message_size *size,
			struct zx_message **msg)
{
	zx_status_t status;

	do {
		if (fatal_signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		status = zx_channel_peek(end, size);
		if (status != ZX_OK)
			return status;
		status = fits(room, size) ? reserve(fds, size->num_files) :
					    ZX_ERR_BUFFER_TOO_SMALL;
		if (status != ZX_OK && !(discard && status == ZX_ERR_BUFFER_TOO_SMALL))
			return status;
		*msg = zx_channel_take(end, size->id);
	} while (!*msg);
	return status;
}

zx_status_t zx_sys_channel_read(struct zx_call *call)
{
	const struct zx_ioc_channel_read *args = &call->args.channel_read;
	const struct room room = {
		.bytes = args->bytes, .handles = args->handles,
		.num_bytes = args->num_bytes, .num_handles = args->num_handles,
		.actual_bytes = args->actual_bytes, .actual_handles = args->actual_handles,
	};
	const bool discard = args->options & ZX_CHANNEL_READ_MAY_DISCARD;
	struct descriptors fds = { .count = 0 };
	struct zx_message *msg = NULL;
	struct zx_message_size size;
	zx_status_t status;

	if (args->options & ~ZX_CHANNEL_READ_MAY_DISCARD)
		return ZX_ERR_NOT_SUPPORTED;
	status = take(zx_channel_from(call->handle->obj), &room, discard, &fds, &size, &msg);
	if ((status == ZX_OK || status == ZX_ERR_BUFFER_TOO_SMALL) && !put_size(&room, &size))
		status = ZX_ERR_INVALID_ARGS;
	if (status == ZX_OK)
		status = hand_over(&room, msg, &fds);
	unreserve(&fds, 0);
	if (msg)
		zx_message_free(msg);
	return status;
}

/* An answer has no queue to stay in: what goes wrong here drops it. */
static zx_status_t take_answer(const struct room *room, struct zx_message *msg)
{
	const struct zx_message_size size = {
		.num_bytes = msg->num_bytes, .num_files = msg->num_files,
	};
	struct descriptors fds = { .count = 0 };
	zx_status_t status = ZX_OK;

	if (!put_size(room, &size))
		return ZX_ERR_INVALID_ARGS;
	if (!fits(room, &size))
		return ZX_ERR_BUFFER_TOO_SMALL;
	status = reserve(&fds, size.num_files);
	if (status == ZX_OK)
		status = hand_over(room, msg, &fds);
	unreserve(&fds, 0);
	return status;
}

zx_status_t zx_sys_channel_call(struct zx_call *call)
{
	const struct zx_ioc_channel_call *args = &call->args.channel_call;
	const struct room room = {
		.bytes = args->rd_bytes, .handles = args->rd_handles,
		.num_bytes = args->rd_num_bytes, .num_handles = args->rd_num_handles,
		.actual_bytes = args->actual_bytes, .actual_handles = args->actual_handles,
	};
	struct zx_message *msg, *answer;
	zx_status_t status;

	/* The number goes into the first four bytes. */
	if (args->options || args->reserved || args->wr_num_bytes < sizeof(u32))
		return ZX_ERR_INVALID_ARGS;
	status = make(call->handle, args->wr_bytes, args->wr_num_bytes, args->wr_handles,
		      args->wr_num_handles, &msg);
	if (status != ZX_OK)
		return status;
	status = zx_channel_call(call->handle, args->handle, msg, args->deadline, &answer);
	if (status != ZX_OK)
		return status;
	status = take_answer(&room, answer);
	zx_message_free(answer);
	return status;
}
