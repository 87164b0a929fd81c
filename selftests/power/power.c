// SPDX-License-Identifier: GPL-2.0-only
/*
 * power reboot|kexec|crash: the kernel ends while guests run on every CPU, and another one has
 * to come up. "reboot" is started by both and leaves a mark for the second where the clock's
 * battery keeps it; the others load what is in /share/next.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "../util.h"
#include "next.h"

#define NEXT_INITRD	"/share/next/initrd"
#define KERNEL		"/guest/vmlinuz"
#define MAX_CPUS	16

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71
#define CMOS_BYTE	0x52
#define MARK		0x5a

static bool cmos_mark(unsigned char value)
{
	unsigned char before;

	if (ioperm(CMOS_INDEX, 2, 1))
		err(1, "ioperm");
	outb(CMOS_BYTE, CMOS_INDEX);
	before = inb(CMOS_DATA);
	outb(CMOS_BYTE, CMOS_INDEX);
	outb(value, CMOS_DATA);
	return before == MARK;
}

/* The same command line, but for memory set aside, which is in use, and for @more. */
static void next_cmdline(char *line, size_t size, const char *more)
{
	FILE *file = fopen("/proc/cmdline", "r");
	char *word, *rest;
	char old[2048];

	if (!file || !fgets(old, sizeof(old), file))
		err(1, "/proc/cmdline");
	fclose(file);
	old[strcspn(old, "\n")] = 0;
	snprintf(line, size, "%s", more);
	for (rest = old; (word = strsep(&rest, " "));)
		if (strncmp(word, "crashkernel=", 12))
			snprintf(line + strlen(line), size - strlen(line), " %s", word);
}

static void load_next(bool crash)
{
	char line[2048];

	next_cmdline(line, sizeof(line), crash ? "nr_cpus=1" : "");
	next_load(KERNEL, NEXT_INITRD, line, crash);
}

/* A guest that is in the CPU for ever, and one that sleeps until its timer ends, for ever. */
static void *guest_thread(void *arg)
{
	const unsigned int index = (uintptr_t)arg / 2;
	const bool sleeps = (uintptr_t)arg % 2;
	struct vm vm;
	zx_status_t status = vm_up(&vm);

	run_on_cpu(index);
	vm_frame(&vm)->eoi = 1;
	vm_frame(&vm)->rax = 0x20050;
	vm_frame(&vm)->rcx = 0xb;
	vm_frame(&vm)->rdx = zx_ticks_per_second() / 100;
	vm_frame(&vm)->rdi = zx_ticks_per_second() * 3600;
	vm_frame(&vm)->r8 = 1;
	if (status == ZX_OK)
		status = sleeps ? vm_boot(&vm, timer_phase) : vm_boot(&vm, spin);
	if (status != ZX_OK)
		errx(1, "no guest: %d", status);
	/* Where virtualization was switched off under it, it waits for its thread's end. */
	vm_finish(&vm);
	pause();
	return NULL;
}

static void start_guests(void)
{
	pthread_t thread;
	uintptr_t i;

	for (i = 0; i < 2 * MAX_CPUS && cpu_number(i / 2) >= 0; i++)
		if (pthread_create(&thread, NULL, guest_thread, (void *)i))
			errx(1, "no thread");
	sleep_ms(1000);
	if (live_objects() < (long)i)
		errx(1, "guests are missing");
	printf("%u guests run\n", (unsigned int)i);
	fflush(stdout);
}

static void trigger(char what)
{
	const int fd = open("/proc/sysrq-trigger", O_WRONLY);

	if (fd < 0 || write(fd, &what, 1) != 1)
		err(1, "/proc/sysrq-trigger");
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (!strcmp(what, "kexec")) {
		load_next(false);
		start_guests();
		reboot(RB_KEXEC);
	} else if (!strcmp(what, "crash")) {
		load_next(true);
		start_guests();
		trigger('c');
	} else if (!strcmp(what, "reboot") || !strcmp(what, "reset")) {
		if (cmos_mark(0)) {
			printf("the machine is up again\n");
			return 0;
		}
		cmos_mark(MARK);
		start_guests();
		if (!strcmp(what, "reset"))
			trigger('b');
		else
			reboot(RB_AUTOBOOT);
	}
	return 1;
}
