// SPDX-License-Identifier: GPL-2.0-only
/* The way to the kernel: the device, and what may be made through any handle. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errors.h"

void leave_room(struct world *w, unsigned int n)
{
	struct rlimit limit;
	int fd = 0;

	OK(getrlimit(RLIMIT_NOFILE, &limit));
	/* The numbers below the limit that are free are what can be had. */
	for (; n; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			n--;
	limit.rlim_cur = fd;
	OK(setrlimit(RLIMIT_NOFILE, &limit));
}

static int prepare(enum alone how)
{
	struct rlimit limit = { .rlim_max = 64 };

	if (close_range(3, ~0u, 0))
		return -1;
	switch (how) {
	case ALONE_NO_DEVICE:
		return chroot("/sys") ?: chdir("/");
	case ALONE_NOBODY:
		return setgid(65534) ?: setuid(65534);
	default:
		return setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Statuses are small and not positive: negated they fit into an exit status. */
zx_status_t alone(struct world *w, enum alone how, zx_status_t (*call)(struct world *w))
{
	const pid_t child = fork();
	int status;

	if (!child)
		_exit(prepare(how) ? 127 : -call(w));
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 127) {
		w->broken = __LINE__;
		return ZX_OK;
	}
	return -WEXITSTATUS(status);
}

WITHOUT_DEVICE(zxl_hypervisor_resource, &w->out)
ERROR(zxl_hypervisor_resource, INVALID_ARGS, "a bad pointer", BAD_POINTER)

WITHOUT_DEVICE(zx_port_create, 0, &w->out)
EXHAUSTED(zx_port_create, 0, 0, &w->out)

WITHOUT_DEVICE(zx_vmo_create, PAGE, 0, &w->out)
EXHAUSTED(zx_vmo_create, 0, PAGE, 0, &w->out)

EXHAUSTED(zx_handle_duplicate, 0, w->port, ZX_RIGHT_SAME_RIGHTS, &w->out)
ERROR_AFTER(zx_handle_replace, NO_MEMORY, "room for 0 more descriptors",
	    with(w, w->port, ZX_RIGHT_READ); leave_room(w, 0),
	    w->kept[0], ZX_RIGHT_SAME_RIGHTS, &w->out)
EXHAUSTED(zx_resource_create, 0, w->vm.resource, ZX_RSRC_KIND_VMEX, 0, 0, "", 0, &w->out)
EXHAUSTED(zx_guest_create, 0, w->vm.resource, 0, &w->out, &w->out2)
EXHAUSTED(zx_guest_create, 1, w->vm.resource, 0, &w->out, &w->out2)
EXHAUSTED(zx_vcpu_create, 0, w->vm.guest, 0, GUEST_ENTRY, &w->out)
ERROR_AFTER(zx_vmo_replace_as_executable, NO_MEMORY, "room for 0 more descriptors",
	    with(w, w->vmo, ZX_RIGHT_SAME_RIGHTS); leave_room(w, 0), w->kept[0], 0, &w->out)
