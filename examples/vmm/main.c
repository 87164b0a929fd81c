// SPDX-License-Identifier: MIT
/*
 * The way of a guest: check what was given, make the machine, start
 * the first VCPU, pass input on until it is over, start again if the guest has
 * reset itself, and say how it ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zxl/hypervisor.h>

#include "acpi.h"
#include "console.h"
#include "exits.h"
#include "linux.h"
#include "options.h"
#include "vmm.h"

#define NANOSECONDS_PER_MS	1000000
/* Resets that come sooner after the start than any system's, and how many of them in a row. */
#define HASTY_NANOSECONDS	(500 * NANOSECONDS_PER_MS)
#define HASTY_MAX		10

_Noreturn void die(enum vmm_exit code, const char *format, ...)
{
	va_list arguments;

	fputs("vmm: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(code);
}

void vmm_end(struct vmm *vmm, enum vmm_exit code, const char *format, ...)
{
	va_list arguments;

	if (vmm->ended)
		return;
	vmm->ended = true;
	vmm->code = code;
	if (format) {
		va_start(arguments, format);
		vsnprintf(vmm->message, sizeof(vmm->message), format, arguments);
		va_end(arguments);
	}
	pthread_cond_broadcast(&vmm->turn);
	vmm_wake(vmm);
}

void vmm_wake(struct vmm *vmm)
{
	eventfd_write(vmm->wake_fd, 1);
}

static void must(zx_status_t status, const char *what)
{
	if (status == ZX_ERR_NO_MEMORY)
		die(VMM_DIED, "cannot %s: the host is out of memory", what);
	if (status != ZX_OK)
		die(VMM_DIED, "cannot %s: %s", what, zx_status_get_string(status));
}

static void create_guest(struct vmm *vmm)
{
	zx_handle_t resource;
	zx_status_t status;

	status = zxl_hypervisor_resource(&resource);
	if (status == ZX_ERR_NOT_FOUND)
		die(VMM_NO_DEVICE, "there is no /dev/zx_hypervisor: load the module first "
		    "(modprobe zx_hypervisor)");
	if (status == ZX_ERR_ACCESS_DENIED)
		die(VMM_NO_PERMISSION, "no permission to open /dev/zx_hypervisor: "
		    "be root, or a member of its group");
	must(status, "open /dev/zx_hypervisor");
	status = zx_guest_create(resource, 0, &vmm->guest, &vmm->vmar);
	if (status == ZX_ERR_NOT_SUPPORTED)
		die(VMM_NO_SUPPORT, "this machine cannot run guests; the kernel log says why");
	must(status, "create a guest");
	zx_handle_close(resource);
}

/* In ascending order of ports. */
static void add_ports(struct vmm *vmm)
{
	struct bus *bus = &vmm->bus;

	bus_add(bus, 0x20, 2, &pic_ops, &vmm->pic[0]);
	bus_add(bus, 0x40, 4, &pit_ops, &vmm->pit);
	bus_add(bus, 0x61, 1, &pit_gate_ops, &vmm->pit);
	bus_add(bus, 0x64, 1, &i8042_ops, vmm);
	bus_add(bus, 0x70, 2, &rtc_ops, &vmm->rtc);
	bus_add(bus, 0xa0, 2, &pic_ops, &vmm->pic[1]);
	bus_add(bus, UART_PORT, 8, &uart_ops, &vmm->uart);
	bus_add(bus, PM_PORT, PM_EVENT_BYTES + PM_CONTROL_BYTES, &pm_ops, &vmm->pm);
	bus_add(bus, PM_TIMER_PORT, PM_TIMER_BYTES, &pm_timer_ops, NULL);
	bus_add(bus, PCI_PORT, 8, &pci_ops, &vmm->pci);
}

static void reset_devices(struct vmm *vmm)
{
	ioapic_init(&vmm->ioapic, vmm);
	uart_reset(&vmm->uart);
	pic_init(vmm->pic);
	pit_init(&vmm->pit);
	rtc_init(&vmm->rtc);
	pm_init(&vmm->pm, vmm);
	pci_init(&vmm->pci, vmm);
}

/* The key is the address. */
static void trap_page(struct vmm *vmm, uint64_t address, const char *what)
{
	must(zx_guest_set_trap(vmm->guest, ZX_GUEST_TRAP_MEM, address, PAGE_BYTES,
			       ZX_HANDLE_INVALID, address), what);
}

static void create_devices(struct vmm *vmm)
{
	uart_init(&vmm->uart, vmm);
	add_ports(vmm);
	must(bus_set_traps(&vmm->bus, vmm->guest), "trap the I/O ports");
	trap_page(vmm, IOAPIC_BASE, "trap the I/O APIC");
	/* With this one a guest may leave x2APIC mode. */
	trap_page(vmm, LOCAL_APIC_BASE, "trap the local APIC");
}

/* The signals that ask the process to end come in through the descriptor. */
static int open_signals(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGQUIT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		die(VMM_DIED, "cannot wait for signals: %s", strerror(errno));
	return fd;
}

/* Read what there is room for. On a terminal the rest is lost, so that Ctrl-A x always works. */
static bool pass_input(struct vmm *vmm, size_t room)
{
	uint8_t in[256], out[sizeof(in) + CONSOLE_EXTRA];
	bool quit = false;
	ssize_t count;
	size_t length;

	if (room > sizeof(in) || room == 0)
		room = sizeof(in);
	count = read(STDIN_FILENO, in, room);
	if (count < 0)
		return errno == EINTR || errno == EAGAIN;
	length = console_filter(in, count, out, &quit);
	pthread_mutex_lock(&vmm->lock);
	uart_receive(&vmm->uart, out, length);
	if (quit)
		vmm_end(vmm, VMM_POWER_OFF, NULL);
	pthread_mutex_unlock(&vmm->lock);
	return count > 0;
}

/* Until the guest has ended, or a signal asks for the end: that signal, or 0, comes back. */
static int wait_for_end(struct vmm *vmm, int signal_fd)
{
	enum { WAKE, SIGNAL, INPUT };
	struct pollfd fds[] = {
		[WAKE] = { .fd = vmm->wake_fd, .events = POLLIN },
		[SIGNAL] = { .fd = signal_fd, .events = POLLIN },
		[INPUT] = { .events = POLLIN },
	};
	struct signalfd_siginfo signal;
	bool input = true, ended;
	eventfd_t wakes;
	size_t room;

	for (;;) {
		pthread_mutex_lock(&vmm->lock);
		ended = vmm->ended;
		room = uart_room(&vmm->uart);
		pthread_mutex_unlock(&vmm->lock);
		if (ended)
			return 0;
		fds[INPUT].fd = input && (room || console_is_terminal()) ? STDIN_FILENO : -1;
		fds[INPUT].revents = 0;
		poll(fds, 3, -1);
		if (fds[WAKE].revents)
			eventfd_read(vmm->wake_fd, &wakes);
		if (fds[SIGNAL].revents && read(signal_fd, &signal, sizeof(signal)) > 0)
			return signal.ssi_signo;
		if (fds[INPUT].revents)
			input = pass_input(vmm, room);
	}
}

static void show_stats(const struct stats *stats, zx_time_t start)
{
	fprintf(stderr, "vmm: packets: in %" PRIu64 ", out %" PRIu64 ", mem %" PRIu64
		", interrupt %" PRIu64 ", startup %" PRIu64 ", eoi %" PRIu64 "; %" PRId64 " ms\n",
		stats->in, stats->out, stats->mem, stats->interrupt, stats->startup, stats->eoi,
		(zx_clock_get_monotonic() - start) / NANOSECONDS_PER_MS);
}

/* The machine as it is when it is switched on. */
static void power_on(struct vmm *vmm, const struct boot_image *image)
{
	uint64_t entry;

	memory_page_tables(&vmm->memory);
	memory_park(&vmm->memory);
	entry = linux_load(image, &vmm->memory, acpi_write(&vmm->memory, vmm->cpus));
	reset_devices(vmm);
	pthread_mutex_lock(&vmm->lock);
	vmm->ended = false;
	vmm->message[0] = '\0';
	vmm->started = zx_clock_get_monotonic();
	vcpu_start(vmm, 0, entry);
	pthread_mutex_unlock(&vmm->lock);
}

/* From power on to the end or a reset; the signal that ended it, or 0, comes back. */
static int run_once(struct vmm *vmm, const struct boot_image *image, int signal_fd)
{
	int signal;

	console_open();
	power_on(vmm, image);
	signal = wait_for_end(vmm, signal_fd);
	pthread_mutex_lock(&vmm->lock);
	vmm_end(vmm, VMM_DIED, NULL);
	pthread_mutex_unlock(&vmm->lock);
	vcpu_stop_all(vmm);
	uart_drain(&vmm->uart);
	console_restore();
	return signal;
}

/* A guest that does nothing but reset itself is not started for ever. */
static bool starts_again(const struct vmm *vmm)
{
	static unsigned int hasty;

	if (!vmm->reboot || vmm->code != VMM_RESET)
		return false;
	hasty = zx_clock_get_monotonic() - vmm->started < HASTY_NANOSECONDS ? hasty + 1 : 0;
	return hasty < HASTY_MAX;
}

static int run(struct vmm *vmm, const struct boot_image *image)
{
	int signal_fd = open_signals(), signal;

	for (;;) {
		signal = run_once(vmm, image, signal_fd);
		if (signal || !starts_again(vmm))
			return signal;
		fprintf(stderr, "vmm: %s: it starts again\n", vmm->message);
		must(memory_clear(&vmm->memory), "clear the guest's memory");
	}
}

/* Die of @number, as if it had never been caught. */
static _Noreturn void die_of_signal(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	raise(number);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + number);
}

/* Files opened from here on must not become standard input, output or error. */
static void fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	static struct vmm vmm = {
		.lock = PTHREAD_MUTEX_INITIALIZER, .turn = PTHREAD_COND_INITIALIZER,
	};
	zx_time_t start = zx_clock_get_monotonic();
	struct boot_image image;
	struct options options;
	uint64_t exits[EXITS] = { 0 };
	int signal;

	fill_standard_descriptors();
	options_parse(&options, argc, argv);
	linux_open(&image, options.kernel, options.initrd, options.cmdline, options.memory);
	vmm.cpus = options.cpus;
	vmm.reboot = options.reboot;
	if (options.stats)
		exits_read(exits);
	create_guest(&vmm);
	must(zxl_guest_set_ipi_mode(vmm.guest, options.ipi_mode), "choose who delivers IPIs");
	must(memory_create(&vmm.memory, vmm.vmar, options.memory), "make the guest's memory");
	vmm.boot_params = BOOT_PARAMS_BASE;
	vmm.wake_fd = eventfd(0, EFD_CLOEXEC);
	if (vmm.wake_fd < 0)
		die(VMM_DIED, "cannot make an eventfd: %s", strerror(errno));
	create_devices(&vmm);
	signal = run(&vmm, &image);
	if (vmm.message[0])
		fprintf(stderr, "vmm: %s\n", vmm.message);
	if (options.stats) {
		show_stats(&vmm.stats, start);
		exits_show(exits);
	}
	if (signal)
		die_of_signal(signal);
	return vmm.code;
}
