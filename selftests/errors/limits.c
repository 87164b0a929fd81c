// SPDX-License-Identifier: GPL-2.0-only
/* What comes of too much: queues that are full, chains that are long, maps that cannot grow. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "errors.h"

#define END		w->channel[0]
#define OTHER		w->channel[1]
#define MOST_MESSAGES	3500
#define MOST_HANDLES	4096
#define EACH		ZX_CHANNEL_MAX_MSG_HANDLES

static char message[64];
static zx_handle_t handles[EACH];
static uint32_t got_bytes, got_handles;

#define GOT		&got_bytes, &got_handles
#define SOON		zx_deadline_after(ONE_MS)
#define ARGS(...)	(&(zx_channel_call_args_t){ .wr_bytes = message, .wr_num_bytes = 8,	\
						    .rd_bytes = message, ##__VA_ARGS__ })

static void full(struct world *w)
{
	unsigned int i;

	for (i = 0; i < MOST_MESSAGES; i++)
		OK(zx_channel_write(END, 0, NULL, 0, NULL, 0));
}

/* The other end of a new channel goes into @to's queue, with ports for company. */
static zx_handle_t send_end(struct world *w, zx_handle_t to)
{
	zx_handle_t ends[2] = {};
	unsigned int i;

	OK(zx_channel_create(0, &ends[0], &ends[1]));
	handles[0] = ends[1];
	for (i = 1; i < EACH; i++)
		OK(zx_handle_duplicate(w->port, ZX_RIGHT_SAME_RIGHTS, &handles[i]));
	OK(zx_channel_write(to, 0, NULL, 0, handles, EACH));
	return ends[0];
}

/* An end whose queue, with the queues in it, is more than a write looks through. */
static zx_handle_t crowded(struct world *w)
{
	zx_handle_t ends[2] = {}, last = ZX_HANDLE_INVALID;
	unsigned int i;

	OK(zx_channel_create(0, &ends[0], &ends[1]));
	keep(w, ends[0]);
	for (i = 0; i < MOST_HANDLES / EACH; i++) {
		OK(zx_handle_close(last));
		last = send_end(w, ends[0]);
	}
	keep(w, send_end(w, keep(w, last)));
	return keep(w, ends[1]);
}

ERROR_AFTER(zx_channel_write, SHOULD_WAIT, "message 3501", full(w), END, 0, NULL, 0, NULL, 0)
ERROR_AFTER(zx_channel_call, SHOULD_WAIT, "message 3501", full(w), END, 0, SOON,
	    ARGS(.rd_num_bytes = 8), GOT)
ERROR_AFTER(zx_channel_write, NO_RESOURCES, "an end with thousands of handles inside",
	    w->out = crowded(w), END, 0, NULL, 0, &w->out, 1)
ERROR_AFTER(zx_channel_call, NO_RESOURCES, "an end with thousands of handles inside",
	    w->out = crowded(w), END, 0, SOON,
	    ARGS(.rd_num_bytes = 8, .wr_handles = &w->out, .wr_num_handles = 1), GOT)
ERROR_AFTER(zx_channel_call, NOT_SUPPORTED, "the end itself", w->out = END, END, 0, SOON,
	    ARGS(.rd_num_bytes = 8, .wr_handles = &w->out, .wr_num_handles = 1), GOT)

/* Sends back what comes, from another thread. */
static void *echo(void *arg)
{
	const zx_handle_t end = *(zx_handle_t *)arg;
	char bytes[sizeof(message)];
	zx_status_t status;
	uint32_t size;

	status = zx_object_wait_one(end, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, NULL);
	if (status == ZX_OK)
		status = zx_channel_read(end, 0, bytes, NULL, sizeof(bytes), 0, &size, NULL);
	if (status == ZX_OK)
		status = zx_channel_write(end, 0, bytes, size, NULL, 0);
	return status == ZX_OK ? NULL : arg;
}

static zx_status_t call_echo(struct world *w, const zx_channel_call_args_t *args)
{
	pthread_t thread;
	zx_status_t status;
	void *failed;

	if (pthread_create(&thread, NULL, echo, &OTHER))
		w->broken = __LINE__;
	status = zx_channel_call(END, 0, ZX_TIME_INFINITE, args, &got_bytes, &got_handles);
	if (pthread_join(thread, &failed) || failed)
		w->broken = __LINE__;
	return status;
}

ROW(__LINE__, _, zx_channel_call, BUFFER_TOO_SMALL, "an answer that is a byte too long")
{
	return call_echo(w, ARGS(.rd_num_bytes = 7));
}

/* The root of the process's own space. */
ERROR(zx_handle_close, NOT_SUPPORTED, "the process's own space", zx_vmar_root_self())
ERROR(zx_handle_close_many, NOT_SUPPORTED, "the process's own space",
      (zx_handle_t[]){ zx_vmar_root_self() }, 1)
ERROR(zx_handle_replace, NOT_SUPPORTED, "the process's own space", zx_vmar_root_self(),
      ZX_RIGHT_SAME_RIGHTS, &w->out)

#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)

/* libzx keeps a descriptor of what it maps, with the lowest number that is free. */
static void unbacked(struct world *w)
{
	const int fd = fcntl(0, F_DUPFD, 0);

	close(fd);
	OK(zx_vmar_map(zx_vmar_root_self(), RW, 0, w->fixed, 0, PAGE, &w->addr));
	OK(close(fd));
}

ROW(__LINE__, _, zx_vmar_op_range, NOT_SUPPORTED, "the program closed the descriptor behind")
{
	zx_status_t status;

	unbacked(w);
	status = zx_vmar_op_range(zx_vmar_root_self(), ZX_VMAR_OP_COMMIT, w->addr, PAGE, NULL, 0);
	OK(zx_vmar_unmap(zx_vmar_root_self(), w->addr, PAGE));
	return status;
}

static zx_status_t write_limit(long limit)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "w");

	if (!file)
		return ZX_ERR_INTERNAL;
	fprintf(file, "%ld\n", limit);
	return fclose(file) ? ZX_ERR_INTERNAL : ZX_OK;
}

/* To take a VMAR out of the middle of another needs more mappings than may be. */
ROW(__LINE__, _, zx_vmar_destroy, NO_MEMORY, "no mapping more, in the process's own space")
{
	const zx_vm_option_t options = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE |
				       ZX_VM_CAN_MAP_SPECIFIC;
	zx_handle_t outer = ZX_HANDLE_INVALID, inner = ZX_HANDLE_INVALID;
	zx_status_t status;

	OK(zx_vmar_allocate(zx_vmar_root_self(), options, 0, 3 * PAGE, &outer, &w->addr));
	OK(zx_vmar_allocate(outer, (options & ~ZX_VM_CAN_MAP_SPECIFIC) | ZX_VM_SPECIFIC, PAGE, PAGE,
			    &inner, &w->addr));
	OK(write_limit(1));
	status = zx_vmar_destroy(inner);
	OK(write_limit(65530));
	OK(zx_vmar_destroy(outer));
	OK(zx_handle_close(inner));
	OK(zx_handle_close(outer));
	return status;
}
