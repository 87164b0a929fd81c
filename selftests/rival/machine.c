// SPDX-License-Identifier: GPL-2.0-only
/* See machine.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../util.h"
#include "machine.h"

#define LOG_READ_ALL	3
#define LOG_SIZE	10
#define SETTLE_MS	5000
#define SAID		"zx_hypervisor: cannot run guests: "

static int said_before;

int module_load(const char *path, const char *args)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return errno;
	error = syscall(SYS_finit_module, fd, args, 0) ? errno : 0;
	close(fd);
	return error;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

/* Past the first @skip lines. */
static int count_refusals(int skip, const char *words)
{
	const int size = klogctl(LOG_SIZE, NULL, 0);
	char *log = calloc(1, size + 1), *rest = log, *line;
	int count = 0;

	if (size > 0 && log && klogctl(LOG_READ_ALL, log, size) >= 0)
		while ((line = strsep(&rest, "\n")))
			count += strstr(line, SAID) && --skip < 0 && strstr(line, words);
	free(log);
	return count;
}

int refusals_logged(const char *words)
{
	return count_refusals(said_before, words);
}

int hypervisor_load(void)
{
	const char *path = getenv("ZX_MODULE") ?: "/zx/zx_hypervisor.ko";

	said_before = count_refusals(0, "");
	return module_load(path, getenv("ZX_MODULE_ARGS") ?: "");
}

int hypervisor_unload(void)
{
	settled_objects();
	return module_unload("zx_hypervisor");
}

static zx_status_t try_on(struct vm *vm, unsigned int cpu)
{
	return run_on_cpu(cpu) ? ZX_ERR_INTERNAL : vm_finish(vm);
}

/* What a task left behind a worker may close. */
static void settle(long objects)
{
	unsigned int i;

	for (i = 0; i < SETTLE_MS && live_objects() > objects; i++)
		sleep_ms(1);
}

zx_status_t try_guest(void)
{
	const long objects = live_objects();
	struct vm vm;
	zx_status_t status = vm_up(&vm);

	if (status == ZX_OK)
		status = vm_boot(&vm, done) ?: try_on(&vm, 0) ?: try_on(&vm, 1);
	vm_down(&vm);
	settle(objects);
	return status;
}
