// SPDX-License-Identifier: MIT
/*
 * Channels: messages of bytes and handles. What is sent leaves the process, so
 * the descriptors go when the call is over, whatever it answered.
 */
#include "internal.h"

__EXPORT zx_status_t zx_channel_create(uint32_t options, zx_handle_t *out0, zx_handle_t *out1)
{
	struct zx_ioc_pair_create arg = {
		.size = sizeof(arg), .options = options, .out0 = to_u64(out0), .out1 = to_u64(out1),
	};

	return libzx_call_any(ZX_IOC_CHANNEL_CREATE, &arg);
}

/*
 * The values are read once, before the call: the caller's array may be the
 * answer's room, and what another thread writes there meanwhile must not be
 * closed in place of what was sent. More of them than a message holds make the
 * call fail, which writes nothing; they can be read afterwards.
 */
struct sent {
	const zx_handle_t *from;
	zx_handle_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];
	uint32_t count;
};

/* Answers what the kernel is to read. */
static uint64_t sent_take(struct sent *sent, const zx_handle_t *handles, uint32_t count)
{
	sent->from = handles;
	sent->count = count;
	if (!count || count > ZX_CHANNEL_MAX_MSG_HANDLES)
		return to_u64(handles);
	if (libzx_copy_in(sent->handles, handles, count * sizeof(*handles)) == ZX_OK)
		return to_u64(sent->handles);
	/* Nor may the kernel read them later: they would be sent, and not be closed here. */
	sent->count = 0;
	return UINT64_MAX;
}

/* Closed once only: by the second time the descriptor may be somebody else's. */
static bool seen_before(const struct sent *sent, uint32_t i)
{
	uint32_t j;

	for (j = 0; j < i; j++)
		if (sent->handles[j] == sent->handles[i])
			return true;
	return false;
}

static void sent_close(const struct sent *sent, zx_status_t status)
{
	uint32_t i;

	if (sent->count > ZX_CHANNEL_MAX_MSG_HANDLES) {
		zx_handle_close_many(sent->from, sent->count);
		return;
	}
	for (i = 0; i < sent->count; i++) {
		/* What was sent is known to be ours. */
		if (status == ZX_OK)
			libzx_handle_drop(sent->handles[i]);
		else if (!seen_before(sent, i))
			zx_handle_close(sent->handles[i]);
	}
}

__EXPORT zx_status_t zx_channel_write(zx_handle_t handle, uint32_t options, const void *bytes,
				      uint32_t num_bytes, const zx_handle_t *handles,
				      uint32_t num_handles)
{
	struct zx_ioc_channel_write arg = {
		.size = sizeof(arg),
		.options = options,
		.bytes = to_u64(bytes),
		.num_bytes = num_bytes,
		.num_handles = num_handles,
	};
	struct sent sent;
	zx_status_t status;

	arg.handles = sent_take(&sent, handles, num_handles);
	status = libzx_call(handle, ZX_IOC_CHANNEL_WRITE, &arg);
	sent_close(&sent, status);
	return status;
}

__EXPORT zx_status_t zx_channel_read(zx_handle_t handle, uint32_t options, void *bytes,
				     zx_handle_t *handles, uint32_t num_bytes,
				     uint32_t num_handles, uint32_t *actual_bytes,
				     uint32_t *actual_handles)
{
	struct zx_ioc_channel_read arg = {
		.size = sizeof(arg),
		.options = options,
		.bytes = to_u64(bytes),
		.handles = to_u64(handles),
		.num_bytes = num_bytes,
		.num_handles = num_handles,
		.actual_bytes = to_u64(actual_bytes),
		.actual_handles = to_u64(actual_handles),
	};

	return libzx_call(handle, ZX_IOC_CHANNEL_READ, &arg);
}

__EXPORT zx_status_t zx_channel_call(zx_handle_t handle, uint32_t options, zx_time_t deadline,
				     const zx_channel_call_args_t *args, uint32_t *actual_bytes,
				     uint32_t *actual_handles)
{
	struct zx_ioc_channel_call arg = {
		.size = sizeof(arg),
		.options = options,
		.deadline = deadline,
		.handle = handle,
		.actual_bytes = to_u64(actual_bytes),
		.actual_handles = to_u64(actual_handles),
	};
	zx_channel_call_args_t in;
	struct sent sent;
	zx_status_t status;

	status = libzx_copy_in(&in, args, sizeof(in));
	if (status != ZX_OK)
		return status;
	arg.wr_bytes = to_u64(in.wr_bytes);
	arg.rd_bytes = to_u64(in.rd_bytes);
	arg.rd_handles = to_u64(in.rd_handles);
	arg.wr_num_bytes = in.wr_num_bytes;
	arg.wr_num_handles = in.wr_num_handles;
	arg.rd_num_bytes = in.rd_num_bytes;
	arg.rd_num_handles = in.rd_num_handles;
	arg.wr_handles = sent_take(&sent, in.wr_handles, in.wr_num_handles);
	status = libzx_call(handle, ZX_IOC_CHANNEL_CALL, &arg);
	sent_close(&sent, status);
	return status;
}
