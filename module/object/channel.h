/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels: two ends, and at each a queue of messages. A message owns its bytes
 * and its handles; a handle on its way is the open file itself, so that the
 * object and the rights arrive as they were sent.
 */
#ifndef _ZX_CHANNEL_H
#define _ZX_CHANNEL_H

#include "object.h"

struct zx_channel;
struct zx_sender;

struct zx_message {
	struct list_head node;		/* [c] in an end's queue; c: its channel's lock */
	struct list_head nest;		/* [c] among those of the queue that hold ends */
	struct zx_sender *sender;	/* [I] whom the files count for; NULL: nobody */
	u64 id;				/* [c] never again in this channel */
	u32 num_bytes;			/* [I] */
	u32 num_files;			/* [I] */
	bool nests;			/* [I] some file is the end of a channel */
	u8 *bytes;			/* [I] */
	struct file *files[];		/* NULL: handed out */
};

/* What a message needs to be read, and which one it is. */
struct zx_message_size {
	u64 id;
	u32 num_bytes;
	u32 num_files;
};

/* message.c */
/* Bytes are for the caller to fill, files to add. NO_MEMORY, NO_RESOURCES. */
zx_status_t zx_message_new(u32 num_bytes, u32 num_files, struct zx_message **out);
/* Drops the files that are still there. */
void zx_message_free(struct zx_message *msg);

/* channel.c */
zx_status_t zx_channel_new(struct zx_channel **out0, struct zx_channel **out1);
/*
 * Send to the other end; the message is gone in any case. PEER_CLOSED, SHOULD_WAIT,
 * NOT_SUPPORTED (the channel would hold itself), NO_RESOURCES (too much to tell).
 */
zx_status_t zx_channel_write(struct zx_channel *end, struct zx_message *msg);
/* What the next message needs. SHOULD_WAIT, PEER_CLOSED. */
zx_status_t zx_channel_peek(struct zx_channel *end, struct zx_message_size *size);
/* The next message if it is still this one, else NULL. */
struct zx_message *zx_channel_take(struct zx_channel *end, u64 id);
/*
 * Send, and wait for the message that begins with the same number; signals but
 * fatal ones wait until it is over. As zx_channel_write(), and TIMED_OUT, and
 * CANCELED when @value, if it is not 0, does not lead to @handle any more.
 */
zx_status_t zx_channel_call(struct zx_handle *handle, u32 value, struct zx_message *msg,
			    s64 deadline, struct zx_message **reply);
struct zx_object *zx_channel_object(struct zx_channel *end);
struct zx_channel *zx_channel_from(struct zx_object *obj);
/* The end that @file is a handle to; NULL: it is none. */
struct zx_channel *zx_channel_of(struct file *file);

#endif
