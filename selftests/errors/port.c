// SPDX-License-Identifier: GPL-2.0-only
/* Ports. */
#include "errors.h"

static void fill(struct world *w)
{
	unsigned int i;

	for (i = 0; i < 4096; i++)
		OK(zx_port_queue(w->port, &w->packet));
}

ERROR(zx_port_create, INVALID_ARGS, "an option", 1, &w->out)
ERROR(zx_port_create, INVALID_ARGS, "all options", UINT32_MAX, &w->out)
ERROR(zx_port_create, INVALID_ARGS, "a bad pointer", 0, BAD_POINTER)

ON(zx_port_queue, w->port, w->vm.guest, WRITE, h, &w->packet)
ERROR(zx_port_queue, INVALID_ARGS, "a bad pointer", w->port, BAD_POINTER)
ERROR(zx_port_queue, INVALID_ARGS, "no packet", w->port, NULL)
ERROR_AFTER(zx_port_queue, SHOULD_WAIT, "packet 4097", fill(w), w->port, &w->packet)

ON(zx_port_wait, w->port, w->vm.guest, READ, h, 0, &w->packet)
ERROR(zx_port_wait, TIMED_OUT, "a deadline that is past", w->port, 0, &w->packet)
ERROR(zx_port_wait, TIMED_OUT, "the first deadline", w->port, ZX_TIME_INFINITE_PAST, &w->packet)
ERROR(zx_port_wait, TIMED_OUT, "a deadline to come", w->port, zx_deadline_after(ONE_MS), &w->packet)
ERROR_AFTER(zx_port_wait, INVALID_ARGS, "a bad pointer for the packet",
	    OK(zx_port_queue(w->port, &w->packet)), w->port, 0, BAD_POINTER)
