// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example VMM's VCPU loop, bus and devices: a kernel that delivers the packets
 * of the input, to as many VCPUs as the guest starts, with input from the terminal
 * and time between them. main.c is part of this file for what it knows of ports.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <zircon/syscalls/port.h>

#include "fuzz.h"
#include "no_kernel.h"

int fuzz_eventfd_write(int fd, eventfd_t value);
ssize_t fuzz_write(int fd, const void *data, size_t length);
int fuzz_poll(struct pollfd *fds, nfds_t count, int timeout);

#define main		vmm_main
#define eventfd_write	fuzz_eventfd_write
#include "../../../examples/vmm/main.c"
#undef main

#define write		fuzz_write
#define poll		fuzz_poll
#include "../../../examples/vmm/console.c"
#undef write
#undef poll

#define CPUS		9
#define ROUNDS_MAX	4096
#define SECOND		1000000000ll
#define IOAPIC_ENTRY	0xff0000000001ffffull

static struct vmm vmm;

static struct {
	struct input input;
	int64_t now;
	uint32_t trapped;
	unsigned int rounds, threads, ran, wakes, received;
	struct {
		void *(*run)(void *argument);
		void *argument;
	} thread[CPUS];
	unsigned int created;
	zx_port_packet_t packet;
	struct zx_vcpu_page page;
	bool answered;
	/* What the terminal gave and the guest did not read yet, as it must come out. */
	uint8_t typed[UART_RX_FIFO];
	unsigned int typed_count;
	/* The same of what the guest sent. */
	uint8_t sent[UART_TX_FIFO + 1];
	unsigned int sent_count;
} env;

int fuzz_eventfd_write(int fd, eventfd_t value)
{
	insist(fd == vmm.wake_fd && value == 1);
	env.wakes++;
	return 0;
}

/* Time, at most the year 9999's. */
zx_time_t zx_clock_get_monotonic(void)
{
	return env.now;
}

time_t fuzz_time(time_t *out)
{
	insist(!out);
	return env.now / SECOND * 27 % 253402300800ll;
}

/* The terminal takes some of it, or is busy, or gone. */
ssize_t fuzz_write(int fd, const void *data, size_t length)
{
	uint8_t how = take(&env.input, 1);

	insist(fd == STDOUT_FILENO && length && length <= env.sent_count);
	if (how >= 0xfd) {
		errno = how == 0xfd ? EINTR : how == 0xfe ? EAGAIN : EIO;
		if (errno == EIO)
			env.sent_count = 0;
		return -1;
	}
	if (how && how < length)
		length = how;
	insist(!memcmp(data, env.sent, length));
	env.sent_count -= length;
	memmove(env.sent, env.sent + length, env.sent_count);
	return length;
}

int fuzz_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	insist(count == 1 && fds->fd == STDOUT_FILENO && timeout == -1);
	return 1;
}

/* A thread runs inside another one's zx_vcpu_enter(), once the input says so. */
int fuzz_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			void *argument)
{
	int error = take(&env.input, 1) == 0xff ? EAGAIN : 0;

	insist(!attr && env.threads < vmm.cpus);
	if (error)
		return error;
	*thread = env.threads;
	env.thread[env.threads].run = run;
	env.thread[env.threads].argument = argument;
	env.threads++;
	return 0;
}

int fuzz_pthread_join(pthread_t thread, void **value)
{
	insist(thread < env.ran && !value);
	return 0;
}

static void run_thread(void)
{
	unsigned int number = env.ran++;

	env.thread[number].run(env.thread[number].argument);
}

/* The calls of the module that the VCPU loop makes. */
zx_status_t zx_vcpu_create(zx_handle_t guest, uint32_t options, zx_vaddr_t entry, zx_handle_t *out)
{
	(void)entry;
	insist(guest == vmm.guest && !options);
	if (take(&env.input, 1) == 0xff)
		return ZX_ERR_NO_MEMORY;
	*out = 100 + env.created++;
	return ZX_OK;
}

static bool is_vcpu(zx_handle_t handle)
{
	return handle >= 100 && handle < 100 + env.created;
}

zx_status_t zx_handle_close(zx_handle_t handle)
{
	insist(is_vcpu(handle));
	return ZX_OK;
}

zx_status_t zx_vcpu_kick(zx_handle_t handle)
{
	insist(is_vcpu(handle));
	return ZX_OK;
}

zx_status_t zxl_vcpu_interrupt(zx_handle_t handle, uint32_t vector, uint32_t options)
{
	insist(is_vcpu(handle) && vector < 256);
	insist(!(options & ~ZXL_INTERRUPT_LEVEL));
	if (options && vector < 32)
		return ZX_ERR_INVALID_ARGS;
	return take(&env.input, 1) == 0xff ? ZX_ERR_BAD_STATE : ZX_OK;
}

struct zx_vcpu_page *zxl_vcpu_page(zx_handle_t handle)
{
	insist(is_vcpu(handle));
	return take(&env.input, 1) == 0xff ? NULL : &env.page;
}

zx_status_t zx_vcpu_write_state(zx_handle_t handle, uint32_t kind, const void *buffer, size_t size)
{
	const zx_vcpu_io_t *io = buffer;

	insist(is_vcpu(handle));
	if (kind == ZX_VCPU_STATE) {
		insist(size == sizeof(zx_vcpu_state_t));
		return ZX_OK;
	}
	insist(kind == ZX_VCPU_IO && size == sizeof(*io) && !env.answered);
	insist(env.packet.type == ZX_PKT_TYPE_GUEST_IO && env.packet.guest_io.input);
	insist(io->access_size == env.packet.guest_io.access_size);
	insist(io->access_size == 4 || !(io->u32 >> io->access_size * 8));
	env.answered = true;
	return take(&env.input, 1) == 0xff ? ZX_ERR_BAD_STATE : ZX_OK;
}

zx_status_t zxl_vcpu_access(zx_handle_t handle, zxl_vcpu_access_t *out)
{
	uint8_t how = take(&env.input, 1);

	insist(is_vcpu(handle) && env.packet.type == ZX_PKT_TYPE_GUEST_MEM);
	*out = (zxl_vcpu_access_t) {
		.addr = env.packet.guest_mem.addr, .write = how & 1, .size = 1 << (how >> 1) % 4,
	};
	if (out->write)
		out->value = take_number(&env.input);
	return how == 0xff ? ZX_ERR_NOT_SUPPORTED : ZX_OK;
}

zx_status_t zxl_vcpu_access_finish(zx_handle_t handle, uint64_t value)
{
	insist(is_vcpu(handle) && !env.answered && value <= UINT32_MAX);
	env.answered = true;
	return ZX_OK;
}

/* The device's port, so that the serial port's bytes can be followed. */
static bool is_uart_data(const zx_packet_guest_io_t *io)
{
	return io->port == UART_PORT && !(vmm.uart.lcr & 0x80) && !(vmm.uart.mcr & 0x10);
}

/* Ports of the devices, those of the serial port more often, and now and then any. */
static void make_io(zx_port_packet_t *packet)
{
	uint8_t which = take(&env.input, 1), how = take(&env.input, 1);
	const struct bus_range *range = NULL;
	unsigned int i;

	packet->type = ZX_PKT_TYPE_GUEST_IO;
	packet->guest_io.access_size = 1 << (how >> 1) % 3;
	packet->guest_io.input = how & 1;
	if (which & 0x80)
		packet->guest_io.port = UART_PORT + which % 8;
	else if (which < 0x70)
		packet->guest_io.port = vmm.bus.range[which % vmm.bus.count].first +
					(which >> 4) % 8;
	else
		packet->guest_io.port = take(&env.input, 2);
	/* Traps are cut at their end: the kernel gives an access to who has its first port. */
	for (i = 0; i < vmm.bus.count; i++)
		if (packet->guest_io.port >= vmm.bus.range[i].first &&
		    packet->guest_io.port < vmm.bus.range[i].end)
			range = &vmm.bus.range[i];
	packet->key = (uintptr_t)range;
	if (!packet->guest_io.input)
		packet->guest_io.u32 = take(&env.input, packet->guest_io.access_size);
	/* Of PCI's addresses, nearly all are of no device. */
	if (packet->guest_io.port == PCI_PORT && how & 0x80)
		packet->guest_io.u32 = 0x80000000u | (packet->guest_io.u32 & 0xff);
	if (is_uart_data(&packet->guest_io) && !packet->guest_io.input)
		env.sent[env.sent_count++] = packet->guest_io.u8;
}

static void make_vcpu(zx_port_packet_t *packet)
{
	static const uint32_t types[] = {
		ZX_PKT_GUEST_VCPU_INTERRUPT, ZX_PKT_GUEST_VCPU_STARTUP, ZXL_PKT_GUEST_VCPU_EOI,
	};
	uint8_t how = take(&env.input, 1);

	packet->type = ZX_PKT_TYPE_GUEST_VCPU;
	packet->guest_vcpu.type = how == 0xff ? how : types[how % 3];
	if (packet->guest_vcpu.type == ZX_PKT_GUEST_VCPU_STARTUP) {
		packet->guest_vcpu.startup.id = take_number(&env.input);
		packet->guest_vcpu.startup.entry = take(&env.input, 1) << 12;
	} else {
		packet->guest_vcpu.interrupt.mask = take_number(&env.input);
		packet->guest_vcpu.interrupt.vector = take(&env.input, 1);
	}
}

static void make_packet(zx_port_packet_t *packet)
{
	uint8_t how = take(&env.input, 1);

	memset(packet, 0, sizeof(*packet));
	if (how < 0xa0) {
		make_io(packet);
	} else if (how < 0xe0) {
		packet->type = ZX_PKT_TYPE_GUEST_MEM;
		packet->key = how & 1 || how & 2 ? IOAPIC_BASE : LOCAL_APIC_BASE;
		packet->guest_mem.addr = packet->key + (how & 4 ? take(&env.input, 2) % PAGE_BYTES :
							how & 8 ? 0x10 : how & 0x10 ? 0x40 : 0);
	} else if (how < 0xff) {
		make_vcpu(packet);
	} else {
		packet->type = take_number(&env.input);
	}
}

/* A read of the serial port's data gives what was typed first. */
static void follow_uart(const zx_packet_guest_io_t *io, unsigned int before)
{
	unsigned int read = before - vmm.uart.rx_count;

	if (!is_uart_data(io) || !io->input)
		insist(!read);
	insist(read <= 1 && env.typed_count >= read);
	env.typed_count -= read;
	memmove(env.typed, env.typed + read, env.typed_count);
}

static void check_devices(void)
{
	const struct uart *uart = &vmm.uart;
	unsigned int pin, i;

	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t entry = vmm.ioapic.redirection[pin];

		insist(!(entry & ~IOAPIC_ENTRY) && !(entry & 0x1000));
		/* What waits for an EOI is a level. */
		insist(!(entry & 0x4000) || entry & 0x8000);
	}
	insist(!(vmm.ioapic.lines >> IOAPIC_PINS));
	insist(uart->tx_count < UART_TX_FIFO && uart->tx_count == env.sent_count);
	insist(uart->rx_count == env.typed_count && uart->rx_head < UART_RX_FIFO);
	for (i = 0; i < uart->rx_count; i++)
		insist(uart->rx[(uart->rx_head + i) % UART_RX_FIFO] == env.typed[i]);
	insist(vmm.rtc.index < sizeof(vmm.rtc.ram));
	insist(vmm.pic[0].step <= 3 && vmm.pic[1].step <= 3);
	insist(vmm.pit.gate < 4);
}

/* As pass_input() does it, from a terminal that was typed on in between. */
static void type(void)
{
	uint8_t in[512], out[sizeof(in) + CONSOLE_EXTRA];
	size_t room = uart_room(&vmm.uart), length, i;
	bool quit = false;

	length = take(&env.input, 1) * 2;
	if (length > room)
		length = room;
	for (i = 0; i < length; i++)
		in[i] = i < 8 && take(&env.input, 1) % 4 == 1 ? 1 : 'a' + i % 26;
	length = console_filter(in, length, out, &quit);
	insist(length <= UART_RX_FIFO - env.typed_count);
	memcpy(env.typed + env.typed_count, out, length);
	env.typed_count += length;
	uart_receive(&vmm.uart, out, length);
}

/* A guest that sets up a pin, and a device that pulls it. */
static void use_pin(void)
{
	unsigned int pin = take(&env.input, 1) % IOAPIC_PINS;

	ioapic_write(&vmm.ioapic, 0, 0x11 + 2 * pin);
	ioapic_write(&vmm.ioapic, 0x10, take(&env.input, 1) << 24);
	ioapic_write(&vmm.ioapic, 0, 0x10 + 2 * pin);
	ioapic_write(&vmm.ioapic, 0x10, take(&env.input, 2));
	if (pin != UART_IRQ)
		ioapic_set_line(&vmm.ioapic, pin, take(&env.input, 1) & 1);
}

static void between(void)
{
	uint8_t how = take(&env.input, 1);

	if (how & 1)
		env.now += take(&env.input, 1) << (8 + (how >> 2 & 0x1f));
	if ((how & 0xc2) == 2)
		type();
	if (how >= 0xe0 && how < 0xf8)
		use_pin();
	if (how == 0xfe) {
		reset_devices(&vmm);
		env.sent_count = 0;
	}
}

/* The last packet has been served. */
static void settle(void)
{
	if (env.packet.type == ZX_PKT_TYPE_GUEST_IO) {
		insist(env.answered == env.packet.guest_io.input);
		follow_uart(&env.packet.guest_io, env.received);
	}
	env.packet.type = 0;
	check_devices();
}

/* Serving the packet before is over when the next one is asked for. */
zx_status_t zx_vcpu_enter(zx_handle_t handle, zx_port_packet_t *packet)
{
	uint8_t how;

	insist(is_vcpu(handle));
	settle();
	env.rounds++;
	if (!env.input.left || env.rounds > ROUNDS_MAX) {
		pthread_mutex_lock(&vmm.lock);
		vmm_end(&vmm, VMM_DIED, NULL);
		pthread_mutex_unlock(&vmm.lock);
		return ZX_ERR_CANCELED;
	}
	between();
	how = take(&env.input, 1);
	if (how & 1 && env.ran < env.threads)
		run_thread();
	if (vmm.ended)
		return ZX_ERR_CANCELED;
	if (how == 0xfe) {
		env.page.reason = take(&env.input, 1) % 16;
		return ZX_ERR_BAD_STATE;
	}
	env.answered = false;
	env.received = vmm.uart.rx_count;
	make_packet(&env.packet);
	*packet = env.packet;
	return ZX_OK;
}

/* Traps are on every port once, in order, and the devices' have a key. */
zx_status_t zx_guest_set_trap(zx_handle_t guest, uint32_t kind, zx_vaddr_t addr, size_t size,
			      zx_handle_t port, uint64_t key)
{
	insist(guest == vmm.guest && port == ZX_HANDLE_INVALID);
	if (kind == ZX_GUEST_TRAP_IO) {
		insist(addr == env.trapped && size && size <= BUS_PORTS - addr);
		env.trapped += size;
	} else {
		insist(kind == ZX_GUEST_TRAP_MEM && key == addr && size == PAGE_BYTES);
	}
	return ZX_OK;
}

/* What main.c does before and after is not done here. */
zx_status_t zxl_hypervisor_resource(zx_handle_t *out UNUSED)
{
	abort();
}

zx_status_t zx_guest_create(zx_handle_t resource UNUSED, uint32_t options UNUSED,
			    zx_handle_t *guest UNUSED, zx_handle_t *vmar UNUSED)
{
	abort();
}

zx_status_t zxl_guest_set_ipi_mode(zx_handle_t guest UNUSED, uint32_t mode UNUSED)
{
	abort();
}

void exits_read(uint64_t counts[EXITS] UNUSED)
{
	abort();
}

void exits_show(const uint64_t before[EXITS] UNUSED)
{
	abort();
}

static void begin(const uint8_t *data, size_t size)
{
	memset(&env, 0, sizeof(env));
	memset(&vmm, 0, sizeof(vmm));
	env.input = (struct input) { data, size };
	env.now = SECOND;
	escaped = false;
	pthread_mutex_init(&vmm.lock, NULL);
	pthread_cond_init(&vmm.turn, NULL);
	vmm.cpus = CPUS;
	vmm.reboot = take(&env.input, 1) & 1;
	vmm.guest = 7;
	vmm.wake_fd = 8;
	create_devices(&vmm);
	insist(env.trapped == BUS_PORTS);
}

/* From power on to the end, as run_once() in main.c has it. */
static void live(void)
{
	reset_devices(&vmm);
	env.sent_count = env.threads = env.ran = env.created = 0;
	env.packet.type = 0;
	vmm.ended = false;
	vmm.message[0] = '\0';
	pthread_mutex_lock(&vmm.lock);
	vcpu_start(&vmm, 0, 0);
	pthread_mutex_unlock(&vmm.lock);
	while (env.ran < env.threads)
		run_thread();
	settle();
	insist(vmm.ended && vmm.code <= VMM_RESET);
	insist(memchr(vmm.message, '\0', sizeof(vmm.message)));
	uart_drain(&vmm.uart);
	vcpu_stop_all(&vmm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin(data, size);
	do {
		live();
	} while (env.input.left && env.rounds < ROUNDS_MAX);
	return 0;
}
