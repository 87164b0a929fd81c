// SPDX-License-Identifier: GPL-2.0-only
/*
 * errors [--list]: runs every row, or names them: call, status, how. Each row has a
 * world of its own, and that world's end must leave no object and no descriptor.
 * On a machine that cannot run guests, the rows are those about just that.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zircon/status.h>

#include "kselftest.h"
#include "errors.h"

#define LIMIT_SECONDS	1200
#define SETTLE_MS	2000

extern const struct row *const __start_error_rows[], *const __stop_error_rows[];

static struct rlimit room;

static unsigned int nr_rows(void)
{
	return __stop_error_rows - __start_error_rows;
}

zx_handle_t keep(struct world *w, zx_handle_t handle)
{
	if (w->nr_kept == KEPT) {
		w->broken = __LINE__;
		return ZX_HANDLE_INVALID;
	}
	return w->kept[w->nr_kept++] = handle;
}

zx_handle_t closed(struct world *w)
{
	const zx_handle_t handle = handle_with(w->vm.guest, ZX_RIGHT_SAME_RIGHTS);

	OK(zx_handle_close(handle));
	return handle;
}

zx_handle_t foreign(struct world *w)
{
	w->foreign = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (w->foreign < 0)
		w->broken = __LINE__;
	return (zx_handle_t)w->foreign << 2 | ZX_HANDLE_FIXED_BITS_MASK;
}

zx_handle_t without(struct world *w, zx_handle_t handle, zx_rights_t rights)
{
	return keep(w, handle_without(handle, rights));
}

zx_handle_t with(struct world *w, zx_handle_t handle, zx_rights_t rights)
{
	return keep(w, handle_with(handle, rights));
}

zx_handle_t derived(struct world *w, uint32_t options, uint64_t base, uint64_t len)
{
	zx_handle_t handle = ZX_HANDLE_INVALID;

	OK(zx_resource_create(w->vm.resource, options, base, len, "", 0, &handle));
	return keep(w, handle);
}

static void close_call(struct later *later)
{
	later->status = zx_handle_close(*(zx_handle_t *)later->arg);
}

struct closing {
	struct later later;
	zx_handle_t handle;
};

void close_later(struct world *w, zx_handle_t handle, unsigned int ms)
{
	static struct closing closing;

	closing.handle = handle;
	closing.later = (struct later){
		.delay_ms = ms, .call = close_call, .arg = &closing.handle,
	};
	if (later_start(&closing.later))
		w->broken = __LINE__;
	else
		pthread_detach(closing.later.thread);
}

struct elsewhere {
	zx_status_t (*call)(struct world *w);
	struct world *w;
	zx_status_t status;
};

static void *elsewhere_thread(void *arg)
{
	struct elsewhere *e = arg;

	e->status = e->call(e->w);
	return NULL;
}

zx_status_t elsewhere(struct world *w, zx_status_t (*call)(struct world *w))
{
	struct elsewhere e = { .call = call, .w = w, .status = ZX_ERR_INTERNAL };
	pthread_t thread;

	if (pthread_create(&thread, NULL, elsewhere_thread, &e) || pthread_join(thread, NULL))
		w->broken = __LINE__;
	return e.status;
}

static void world_make(struct world *w, bool refused)
{
	memset(w, 0, sizeof(*w));
	w->foreign = -1;
	OK(getrlimit(RLIMIT_NOFILE, &room));
	if (refused)
		OK(zxl_hypervisor_resource(&w->vm.resource));
	else
		OK(vm_up(&w->vm));
	OK(zx_port_create(0, &w->port));
	OK(zx_vmo_create(4 * PAGE, ZX_VMO_RESIZABLE, &w->vmo));
	OK(zx_vmo_create(4 * PAGE, 0, &w->fixed));
	OK(zx_event_create(0, &w->event));
	OK(zx_eventpair_create(0, &w->pair[0], &w->pair[1]));
	OK(zx_channel_create(0, &w->channel[0], &w->channel[1]));
}

static void world_end(struct world *w)
{
	OK(setrlimit(RLIMIT_NOFILE, &room));
	if (w->foreign >= 0 && close(w->foreign))
		w->broken = __LINE__;
	while (w->nr_kept)
		zx_handle_close(w->kept[--w->nr_kept]);
	zx_handle_close(w->vmo);
	zx_handle_close(w->fixed);
	zx_handle_close(w->port);
	zx_handle_close(w->event);
	zx_handle_close_many(w->pair, 2);
	zx_handle_close_many(w->channel, 2);
	vm_down(&w->vm);
}

/* Objects may end a moment after their last handle: files are put down lazily. */
static bool settled(long objects)
{
	unsigned int ms;

	for (ms = 0; live_objects() > objects; ms++) {
		if (ms == SETTLE_MS)
			return false;
		sleep_ms(1);
	}
	return true;
}

static void run(const struct row *row)
{
	const int descriptors = count_descriptors();
	const long objects = live_objects();
	static struct world world;
	zx_status_t status;

	world_make(&world, row->refused);
	status = row->run(&world);
	if (world.broken)
		ksft_print_msg("the set-up failed at line %d\n", world.broken);
	else if (status != row->status)
		ksft_print_msg("answered %s\n", zx_status_get_string(status));
	world_end(&world);
	if (count_descriptors() != descriptors || !settled(objects)) {
		ksft_print_msg("left %d descriptors, %ld objects\n",
			       count_descriptors() - descriptors, live_objects() - objects);
		status = ZX_OK;
	}
	ksft_test_result(!world.broken && status == row->status, "%s %s %s\n", row->call,
			 zx_status_get_string(row->status), row->what);
}

static void list(void)
{
	unsigned int i;

	for (i = 0; i < nr_rows(); i++)
		printf("%s %s %s\n", __start_error_rows[i]->call,
		       zx_status_get_string(__start_error_rows[i]->status),
		       __start_error_rows[i]->what);
}

static bool machine_refuses(void)
{
	zx_handle_t resource, guest, vmar;
	zx_status_t status;

	if (zxl_hypervisor_resource(&resource) != ZX_OK)
		return false;
	status = zx_guest_create(resource, 0, &guest, &vmar);
	if (status == ZX_OK) {
		zx_handle_close(guest);
		zx_handle_close(vmar);
	}
	zx_handle_close(resource);
	return status == ZX_ERR_NOT_SUPPORTED;
}

int main(int argc, char **argv)
{
	unsigned int i, nr = 0;
	bool refused;

	if (argc > 1 && !strcmp(argv[1], "--list")) {
		list();
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr, "usage: errors [--list]\n");
		return KSFT_FAIL;
	}
	refused = machine_refuses();
	for (i = 0; i < nr_rows(); i++)
		nr += __start_error_rows[i]->refused == refused;
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(LIMIT_SECONDS);
	ksft_print_header();
	ksft_set_plan(nr);
	for (i = 0; i < nr_rows(); i++)
		if (__start_error_rows[i]->refused == refused)
			run(__start_error_rows[i]);
	ksft_finished();
}
