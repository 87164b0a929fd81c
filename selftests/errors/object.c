// SPDX-License-Identifier: GPL-2.0-only
/* Waiting, signals, properties, events. */
#include "errors.h"

#define SIGNALED	ZX_EVENT_SIGNALED
#define NOW		0
#define SOON		zx_deadline_after(ONE_MS)

static zx_signals_t seen;
static zx_wait_item_t items[ZX_WAIT_MANY_MAX_ITEMS];

static zx_wait_item_t *one_item(zx_handle_t handle, zx_signals_t signals)
{
	items[0] = (zx_wait_item_t){ .handle = handle, .waitfor = signals };
	return items;
}

/* The other end of the pair is gone. */
static void lonely_end(struct world *w)
{
	OK(zx_handle_close(w->pair[1]));
	w->pair[1] = ZX_HANDLE_INVALID;
}

ERROR(zx_event_create, INVALID_ARGS, "an option", 1, &w->out)
ERROR(zx_event_create, INVALID_ARGS, "a bad pointer", 0, BAD_POINTER)
ERROR(zx_eventpair_create, INVALID_ARGS, "an option", 1, &w->out, &w->out2)
ERROR(zx_eventpair_create, INVALID_ARGS, "a bad pointer for the first", 0, BAD_POINTER, &w->out)
ERROR(zx_eventpair_create, INVALID_ARGS, "a bad pointer for the second", 0, &w->out, BAD_POINTER)

BAD_HANDLES(zx_object_wait_one, h, SIGNALED, NOW, &seen)
LACKS(zx_object_wait_one, w->event, WAIT, h, SIGNALED, NOW, &seen)
ERROR(zx_object_wait_one, ACCESS_DENIED, "a guest, which nobody can wait for",
      w->vm.guest, SIGNALED, NOW, &seen)
ERROR(zx_object_wait_one, TIMED_OUT, "a deadline that is past", w->event, SIGNALED, NOW, &seen)
ERROR(zx_object_wait_one, TIMED_OUT, "the first deadline",
      w->event, SIGNALED, ZX_TIME_INFINITE_PAST, &seen)
ERROR(zx_object_wait_one, TIMED_OUT, "a deadline to come", w->event, SIGNALED, SOON, &seen)
ERROR(zx_object_wait_one, TIMED_OUT, "no signal at all", w->event, 0, SOON, &seen)
ERROR_AFTER(zx_object_wait_one, INVALID_ARGS, "a bad pointer",
	    OK(zx_object_signal(w->event, 0, SIGNALED)), w->event, SIGNALED, NOW, BAD_POINTER)
ERROR_AFTER(zx_object_wait_one, CANCELED, "the handle is closed meanwhile",
	    w->out = with(w, w->event, ZX_RIGHT_SAME_RIGHTS); close_later(w, w->out, 50),
	    w->out, SIGNALED, ZX_TIME_INFINITE, &seen)

ERROR(zx_object_wait_many, BAD_HANDLE, "no handle", one_item(ZX_HANDLE_INVALID, SIGNALED), 1, NOW)
ERROR(zx_object_wait_many, BAD_HANDLE, "a closed handle", one_item(closed(w), SIGNALED), 1, NOW)
ERROR(zx_object_wait_many, BAD_HANDLE, "somebody else's descriptor",
      one_item(foreign(w), SIGNALED), 1, NOW)
ERROR(zx_object_wait_many, ACCESS_DENIED, "without WAIT",
      one_item(without(w, w->event, ZX_RIGHT_WAIT), SIGNALED), 1, NOW)
ERROR(zx_object_wait_many, OUT_OF_RANGE, "65 items", items, 65, NOW)
ERROR(zx_object_wait_many, OUT_OF_RANGE, "2^32 items", items, FOUR_GIB, NOW)
ERROR(zx_object_wait_many, OUT_OF_RANGE, "2^64 - 1 items", items, ALL, NOW)
ERROR(zx_object_wait_many, INVALID_ARGS, "a bad pointer", BAD_POINTER, 1, NOW)
ERROR(zx_object_wait_many, TIMED_OUT, "a deadline that is past",
      one_item(w->event, SIGNALED), 1, NOW)
ERROR(zx_object_wait_many, TIMED_OUT, "a deadline to come", one_item(w->event, SIGNALED), 1, SOON)
ERROR(zx_object_wait_many, TIMED_OUT, "nothing to wait for", NULL, 0, SOON)
ERROR_AFTER(zx_object_wait_many, CANCELED, "a handle is closed meanwhile",
	    w->out = with(w, w->event, ZX_RIGHT_SAME_RIGHTS); close_later(w, w->out, 50),
	    one_item(w->out, SIGNALED), 1, ZX_TIME_INFINITE)

BAD_HANDLES(zx_object_wait_async, h, w->port, 1, SIGNALED, 0)
LACKS(zx_object_wait_async, w->event, WAIT, h, w->port, 1, SIGNALED, 0)
ERROR(zx_object_wait_async, BAD_HANDLE, "of the port", w->event, closed(w), 1, SIGNALED, 0)
ERROR(zx_object_wait_async, WRONG_TYPE, "of the port", w->event, w->vmo, 1, SIGNALED, 0)
ERROR(zx_object_wait_async, ACCESS_DENIED, "a port without WRITE",
      w->event, without(w, w->port, ZX_RIGHT_WRITE), 1, SIGNALED, 0)
ERROR(zx_object_wait_async, INVALID_ARGS, "an unknown option", w->event, w->port, 1, SIGNALED, 8)
ERROR(zx_object_wait_async, INVALID_ARGS, "two clocks", w->event, w->port, 1, SIGNALED,
      ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_BOOT_TIMESTAMP)

BAD_HANDLES(zx_object_signal, h, 0, SIGNALED)
LACKS(zx_object_signal, w->event, SIGNAL, h, 0, SIGNALED)
ERROR(zx_object_signal, ACCESS_DENIED, "a guest", w->vm.guest, 0, ZX_USER_SIGNAL_0)
ERROR(zx_object_signal, INVALID_ARGS, "set what is not the user's", w->event, 0, ZX_OBJECT_READABLE)
ERROR(zx_object_signal, INVALID_ARGS, "clear what is not the user's",
      w->event, ZX_OBJECT_PEER_CLOSED, 0)
ERROR(zx_object_signal, INVALID_ARGS, "SIGNALED of a VMO", w->vmo, 0, SIGNALED)

BAD_HANDLES(zx_object_signal_peer, h, 0, SIGNALED)
LACKS(zx_object_signal_peer, w->pair[0], SIGNAL_PEER, h, 0, SIGNALED)
ERROR(zx_object_signal_peer, ACCESS_DENIED, "an object that has no other end",
      w->event, 0, ZX_USER_SIGNAL_0)
ERROR(zx_object_signal_peer, INVALID_ARGS, "set what is not the user's",
      w->pair[0], 0, ZX_OBJECT_READABLE)
ERROR_AFTER(zx_object_signal_peer, PEER_CLOSED, "the other end is gone", lonely_end(w),
	    w->pair[0], 0, SIGNALED)

BAD_HANDLES(zx_object_get_property, h, ZX_PROP_NAME, w->buffer, ZX_MAX_NAME_LEN)
LACKS(zx_object_get_property, w->vmo, GET_PROPERTY, h, ZX_PROP_NAME, w->buffer, ZX_MAX_NAME_LEN)
ERROR(zx_object_get_property, NOT_SUPPORTED, "an unknown property", w->vmo, 99, w->buffer, 32)
ERROR(zx_object_get_property, BUFFER_TOO_SMALL, "a byte short", w->vmo, ZX_PROP_NAME, w->buffer, 31)
ERROR(zx_object_get_property, BUFFER_TOO_SMALL, "no room", w->vmo, ZX_PROP_NAME, w->buffer, 0)
ERROR(zx_object_get_property, INVALID_ARGS, "a bad pointer", w->vmo, ZX_PROP_NAME, BAD_POINTER, 32)

BAD_HANDLES(zx_object_set_property, h, ZX_PROP_NAME, "name", 4)
LACKS(zx_object_set_property, w->vmo, SET_PROPERTY, h, ZX_PROP_NAME, "name", 4)
ERROR(zx_object_set_property, NOT_SUPPORTED, "an unknown property", w->vmo, 99, "name", 4)
ERROR(zx_object_set_property, INVALID_ARGS, "a bad pointer", w->vmo, ZX_PROP_NAME, BAD_POINTER, 4)

BAD_HANDLES(zx_port_cancel, h, w->event, 1)
WRONG_TYPE(zx_port_cancel, w->vmo, h, w->event, 1)
LACKS(zx_port_cancel, w->port, WRITE, h, w->event, 1)
ERROR(zx_port_cancel, BAD_HANDLE, "of the source", w->port, closed(w), 1)
ERROR(zx_port_cancel, ACCESS_DENIED, "a source without WAIT",
      w->port, without(w, w->event, ZX_RIGHT_WAIT), 1)
ERROR(zx_port_cancel, NOT_FOUND, "nothing begun", w->port, w->event, 1)
ERROR_AFTER(zx_port_cancel, NOT_FOUND, "another key",
	    OK(zx_object_wait_async(w->event, w->port, 2, SIGNALED, 0)), w->port, w->event, 1)

WITHOUT_DEVICE(zx_event_create, 0, &w->out)
EXHAUSTED(zx_event_create, 0, 0, &w->out)
WITHOUT_DEVICE(zx_eventpair_create, 0, &w->out, &w->out2)
EXHAUSTED(zx_eventpair_create, 0, 0, &w->out, &w->out2)
EXHAUSTED(zx_eventpair_create, 1, 0, &w->out, &w->out2)
WITHOUT_DEVICE(zx_object_wait_many, NULL, 0, NOW)
