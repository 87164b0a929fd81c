// SPDX-License-Identifier: GPL-2.0-only
/* Channels. */
#include "errors.h"

#define END		w->channel[0]
#define OTHER		w->channel[1]
#define NO_HANDLES	NULL, 0
#define MAY_DISCARD	ZX_CHANNEL_READ_MAY_DISCARD

static uint32_t got_bytes, got_handles;
static char message[ZX_CHANNEL_MAX_MSG_BYTES + 1];
static zx_handle_t many[ZX_CHANNEL_MAX_MSG_HANDLES + 1];

static void sent(struct world *w, uint32_t bytes, zx_handle_t handle)
{
	OK(zx_channel_write(OTHER, 0, message, bytes, &handle, handle != ZX_HANDLE_INVALID));
}

static void lonely(struct world *w)
{
	OK(zx_handle_close(OTHER));
	OTHER = ZX_HANDLE_INVALID;
}

/* An end cannot be duplicated: it is exchanged. */
static zx_handle_t end_without(struct world *w, zx_rights_t right)
{
	OK(zx_handle_replace(END, handle_rights(END) & ~right, &END));
	return w->channel[0];
}

#define END_LACKS(call, right, ...)						\
	ROW(__LINE__, f, call, ACCESS_DENIED, "without " #right)		\
	{ zx_handle_t h = end_without(w, ZX_RIGHT_##right); return call(__VA_ARGS__); }

#define ON_END(call, right, ...)						\
	BAD_HANDLES(call, __VA_ARGS__)						\
	WRONG_TYPE(call, w->port, __VA_ARGS__)					\
	END_LACKS(call, right, __VA_ARGS__)

static zx_handle_t spare(struct world *w)
{
	return with(w, w->port, ZX_RIGHT_SAME_RIGHTS);
}

/* A chain of ends, each in the queue of the one before, until it would close on itself. */
static zx_handle_t looped(struct world *w)
{
	zx_handle_t ends[2] = {};

	OK(zx_channel_create(0, &ends[0], &ends[1]));
	keep(w, ends[0]);
	keep(w, ends[1]);
	/* What is written to OTHER lies in END's queue: END now holds ends[1]. */
	OK(zx_channel_write(OTHER, 0, NULL, 0, &ends[1], 1));
	/* To write END to ends[0] is to put it into ends[1]'s queue. */
	return ends[0];
}

#define ARGS(wr_n, rd_n)							\
	(&(zx_channel_call_args_t){ .wr_bytes = message, .wr_num_bytes = (wr_n),	\
				    .rd_bytes = message, .rd_num_bytes = (rd_n) })
#define GOT	&got_bytes, &got_handles
#define SOON	zx_deadline_after(ONE_MS)

ERROR(zx_channel_create, INVALID_ARGS, "an option", 1, &w->out, &w->out2)
ERROR(zx_channel_create, INVALID_ARGS, "a bad pointer for the first", 0, BAD_POINTER, &w->out)
ERROR(zx_channel_create, INVALID_ARGS, "a bad pointer for the second", 0, &w->out, BAD_POINTER)
WITHOUT_DEVICE(zx_channel_create, 0, &w->out, &w->out2)
EXHAUSTED(zx_channel_create, 0, 0, &w->out, &w->out2)
EXHAUSTED(zx_channel_create, 1, 0, &w->out, &w->out2)

ON_END(zx_channel_write, WRITE, h, 0, message, 1, NO_HANDLES)
ERROR(zx_channel_write, INVALID_ARGS, "an option", END, 1, message, 1, NO_HANDLES)
ERROR(zx_channel_write, INVALID_ARGS, "a bad pointer to the bytes",
      END, 0, BAD_POINTER, 1, NO_HANDLES)
ERROR(zx_channel_write, INVALID_ARGS, "a bad pointer to the handles",
      END, 0, message, 1, BAD_POINTER, 1)
ERROR_AFTER(zx_channel_write, BAD_HANDLE, "a handle twice", spare(w), END, 0, message, 1,
	    ((zx_handle_t[]){ w->kept[0], w->kept[0] }), 2)
ERROR(zx_channel_write, OUT_OF_RANGE, "65,537 bytes", END, 0, message, sizeof(message), NO_HANDLES)
ERROR(zx_channel_write, OUT_OF_RANGE, "2^32 - 1 bytes", END, 0, message, UINT32_MAX, NO_HANDLES)
ERROR(zx_channel_write, OUT_OF_RANGE, "65 handles", END, 0, message, 1, many, 65)
ERROR(zx_channel_write, OUT_OF_RANGE, "2^32 - 1 handles", END, 0, message, 1, many, UINT32_MAX)
ERROR(zx_channel_write, BAD_HANDLE, "a closed one to be sent", END, 0, message, 1,
      ((zx_handle_t[]){ closed(w) }), 1)
ERROR(zx_channel_write, ACCESS_DENIED, "one to be sent without TRANSFER", END, 0, message, 1,
      ((zx_handle_t[]){ without(w, w->port, ZX_RIGHT_TRANSFER) }), 1)
ERROR(zx_channel_write, NOT_SUPPORTED, "the end itself", END, 0, message, 1, &END, 1)
ERROR_AFTER(zx_channel_write, NOT_SUPPORTED, "an end that holds the other one", w->out = looped(w),
	    w->out, 0, message, 1, &END, 1)
ERROR_AFTER(zx_channel_write, PEER_CLOSED, "the other end is gone", lonely(w),
	    END, 0, message, 1, NO_HANDLES)

ON_END(zx_channel_read, READ, h, 0, message, NULL, 1, 0, GOT)
ERROR(zx_channel_read, NOT_SUPPORTED, "an option", END, 2, message, NULL, 1, 0, GOT)
ERROR(zx_channel_read, SHOULD_WAIT, "no message", END, 0, message, NULL, 1, 0, GOT)
ERROR_AFTER(zx_channel_read, PEER_CLOSED, "none, and none to come", lonely(w),
	    END, 0, message, NULL, 1, 0, GOT)
ERROR_AFTER(zx_channel_read, BUFFER_TOO_SMALL, "a byte short", sent(w, 9, 0),
	    END, 0, message, NULL, 8, 0, GOT)
ERROR_AFTER(zx_channel_read, BUFFER_TOO_SMALL, "a handle short", sent(w, 1, spare(w)),
	    END, 0, message, many, 1, 0, GOT)
ERROR_AFTER(zx_channel_read, BUFFER_TOO_SMALL, "and it may go", sent(w, 1, spare(w)),
	    END, MAY_DISCARD, message, many, 1, 0, GOT)
ERROR_AFTER(zx_channel_read, INVALID_ARGS, "a bad pointer for the bytes", sent(w, 1, 0),
	    END, 0, BAD_POINTER, many, 1, 0, GOT)
ERROR_AFTER(zx_channel_read, INVALID_ARGS, "a bad pointer for the handles", sent(w, 1, spare(w)),
	    END, 0, message, BAD_POINTER, 1, 1, GOT)
ERROR_AFTER(zx_channel_read, INVALID_ARGS, "a bad pointer for the count", sent(w, 1, spare(w)),
	    END, 0, message, many, 1, 1, BAD_POINTER, NULL)
ERROR_AFTER(zx_channel_read, NO_MEMORY, "no room for a descriptor",
	    sent(w, 1, spare(w)); leave_room(w, 0), END, 0, message, many, 1, 1, GOT)

ON_END(zx_channel_call, WRITE, h, 0, SOON, ARGS(8, 8), GOT)
END_LACKS(zx_channel_call, READ, h, 0, SOON, ARGS(8, 8), GOT)
ERROR(zx_channel_call, INVALID_ARGS, "an option", END, 1, SOON, ARGS(8, 8), GOT)
ERROR(zx_channel_call, INVALID_ARGS, "three bytes", END, 0, SOON, ARGS(3, 8), GOT)
ERROR(zx_channel_call, INVALID_ARGS, "a bad pointer", END, 0, SOON, BAD_POINTER, GOT)
ERROR(zx_channel_call, OUT_OF_RANGE, "65,537 bytes", END, 0, SOON, ARGS(sizeof(message), 8), GOT)
ERROR(zx_channel_call, TIMED_OUT, "nobody answers", END, 0, SOON, ARGS(8, 8), GOT)
ERROR(zx_channel_call, TIMED_OUT, "a deadline that is past", END, 0, 0, ARGS(8, 8), GOT)
ERROR_AFTER(zx_channel_call, CANCELED, "the handle is closed meanwhile",
	    w->out = END; END = ZX_HANDLE_INVALID; close_later(w, w->out, 50),
	    w->out, 0, ZX_TIME_INFINITE, ARGS(8, 8), GOT)
ERROR_AFTER(zx_channel_call, PEER_CLOSED, "the other end is gone", lonely(w),
	    END, 0, SOON, ARGS(8, 8), GOT)
