// SPDX-License-Identifier: GPL-2.0-only
/* Guests that run: their parts go to the pool, where anybody takes them away again. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../util.h"
#include "fuzz_calls.h"

#define IMAGE	0x20000u

static unsigned char image[IMAGE];

static const struct {
	const char *start, *end;
} blobs[] = {
	{ out_sizes_start, out_sizes_end }, { mem_stores_start, mem_stores_end },
	{ mem_loads_start, mem_loads_end }, { bell_start, bell_end },
	{ bell_each_start, bell_each_end }, { spin_start, spin_end }, { idle_start, idle_end },
	{ walk_start, walk_end }, { halt_start, halt_end }, { wait_irqs_start, wait_irqs_end },
	{ interrupts_on_start, interrupts_on_end }, { self_ipi_start, self_ipi_end },
	{ timer_start, timer_end }, { page_steps_start, page_steps_end },
	{ probe_store_start, probe_store_end }, { probe_load_start, probe_load_end },
	{ probe_add_start, probe_add_end }, { probe_cpuid_start, probe_cpuid_end },
	{ bench_out_start, bench_out_end }, { bench_store_start, bench_store_end },
	{ bench_load_start, bench_load_end }, { bench_bell_start, bench_bell_end },
	{ bench_touch_start, bench_touch_end },
};

/* Tables and handlers, as all tests' guests have them. */
void guest_prepare(void)
{
	struct vm vm;

	if (vm_up(&vm) == ZX_OK)
		memcpy(image, vm.mem, IMAGE);
	vm_down(&vm);
}

void guest_forget(struct worker *w)
{
	if (w->vcpu < 0)
		return;
	close(w->vcpu);
	w->vcpu = -1;
	pool_put_own(w, VCPU, -1);
}

static long call(struct worker *w, int fd, unsigned int cmd, void *args)
{
	const long ret = ioctl(fd, cmd, args);

	count(w);
	return ret;
}

/* RAM from 0 on, with one of the blobs in it. */
static int make_ram(struct worker *w, int resource, unsigned int n)
{
	static const uint64_t addresses[] = { GUEST_TRAP, GUEST_BELL, GUEST_WINDOW, 0xfee00000 };
	uint32_t vmo = 0, executable = 0;
	struct zx_ioc_vmo_create create = {
		.size = sizeof(create), .vmo_size = GUEST_RAM, .out = (uint64_t)&vmo,
	};
	struct zx_ioc_vmo_replace_as_executable replace = {
		.size = sizeof(replace), .out = (uint64_t)&executable,
	};
	const struct guest_frame frame = {
		.rcx = below(w, 64), .rdi = pick(w, addresses), .fault = GUEST_NO_FAULT,
	};
	struct zx_ioc_vmo_copy parts[] = {
		{ .size = sizeof(*parts), .buffer = (uint64_t)image, .length = IMAGE },
		{ .size = sizeof(*parts), .buffer = (uint64_t)blobs[n].start,
		  .offset = GUEST_ENTRY, .length = blobs[n].end - blobs[n].start },
		{ .size = sizeof(*parts), .buffer = (uint64_t)&frame, .offset = GUEST_FRAME,
		  .length = sizeof(frame) },
	};
	unsigned int i;

	if (call(w, resource, ZX_IOC_VMO_CREATE, &create))
		return -1;
	for (i = 0; i < ARRAY_LEN(parts); i++)
		call(w, vmo >> 2, ZX_IOC_VMO_WRITE, &parts[i]);
	if (call(w, vmo >> 2, ZX_IOC_VMO_REPLACE_AS_EXECUTABLE, &replace))
		return vmo >> 2;
	pool_put(w, VMO, vmo >> 2);
	return executable >> 2;
}

static void make_traps(struct worker *w, int guest)
{
	const int port = pool_get(w, PORT);
	struct zx_ioc_guest_set_trap traps[] = {
		{ .kind = ZX_GUEST_TRAP_IO, .addr = GUEST_PORTS, .len = GUEST_PORTS_LEN },
		{ .kind = ZX_GUEST_TRAP_MEM, .addr = GUEST_TRAP, .len = PAGE },
		{ .kind = ZX_GUEST_TRAP_BELL, .addr = GUEST_BELL, .len = PAGE,
		  .port = handle_value(port) },
		{ .kind = ZX_GUEST_TRAP_MEM, .addr = 0xfee00000, .len = PAGE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(traps); i++) {
		traps[i].size = sizeof(traps[i]);
		if (!once_in(w, 3))
			call(w, guest, ZX_IOC_GUEST_SET_TRAP, &traps[i]);
	}
}

static void make_vcpu(struct worker *w, int guest)
{
	uint32_t vcpu = 0;
	struct zx_ioc_vcpu_create create = {
		.size = sizeof(create), .entry = GUEST_ENTRY, .out = (uint64_t)&vcpu,
	};

	guest_forget(w);
	/* While anybody has another handle of the one before there is none. */
	if (call(w, guest, ZX_IOC_VCPU_CREATE, &create))
		return;
	w->vcpu = dup(vcpu >> 2);
	pool_put_own(w, VCPU, vcpu >> 2);
}

void guest_make(struct worker *w)
{
	const int resource = open(device_path, O_RDWR | O_CLOEXEC);
	uint32_t guest = 0, vmar = 0;
	uint64_t addr;
	struct zx_ioc_guest_create create = {
		.size = sizeof(create), .out_guest = (uint64_t)&guest, .out_vmar = (uint64_t)&vmar,
	};
	struct zx_ioc_vmar_map map = {
		.size = sizeof(map), .len = GUEST_RAM, .out = (uint64_t)&addr,
		.options = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE |
			   ZX_VM_SPECIFIC,
	};
	int ram;

	if (resource < 0)
		return;
	if (!call(w, resource, ZX_IOC_GUEST_CREATE, &create)) {
		ram = make_ram(w, resource, below(w, ARRAY_LEN(blobs)));
		map.vmo = handle_value(ram);
		call(w, vmar >> 2, ZX_IOC_VMAR_MAP, &map);
		make_traps(w, guest >> 2);
		make_vcpu(w, guest >> 2);
		if (ram >= 0)
			pool_put(w, VMO, ram);
		pool_put(w, GUEST, guest >> 2);
		pool_put(w, VMAR, vmar >> 2);
	}
	pool_put(w, RESOURCE, resource);
}

/* With one VCPU fewer, another one can be made for the same guest. */
static void do_forget(struct worker *w)
{
	guest_forget(w);
}

static int some_vcpu(struct worker *w)
{
	const int other = pool_get(w, once_in(w, 8) ? ANY : VCPU);

	return w->vcpu >= 0 && !once_in(w, 8) ? w->vcpu : other;
}

/* What stands behind a packet of memory can be asked for. */
static void run(struct worker *w, unsigned int cmd)
{
	const struct zx_packet *packet = area(w, 0);
	unsigned int i, n = 1 + below(w, 4);
	long ret = 0;

	if (w->vcpu < 0 && once_in(w, 4))
		guest_make(w);

	for (i = 0; i < n; i++) {
		ret = ioctl(some_vcpu(w), cmd, once_in(w, 16) ? bad_pointer(w) : packet);
		if (!answered(w, w->op, ret < 0 ? -errno : ret))
			break;
		if (packet->type == ZX_PKT_TYPE_GUEST_MEM && once_in(w, 2))
			make_call(w, op_of(ZXL_IOC_VCPU_MEMORY));
	}
	/* One that has come to grief is of no more use. */
	if (ret > 0 && ret != -ZX_ERR_CANCELED && once_in(w, 4))
		guest_forget(w);
}

static void do_enter(struct worker *w)
{
	run(w, ZX_IOC_VCPU_ENTER);
}

static void do_resume(struct worker *w)
{
	run(w, ZX_IOC_VCPU_RESUME);
}

static void do_kick(struct worker *w)
{
	const long ret = ioctl(pool_get(w, once_in(w, 8) ? ANY : VCPU), ZX_IOC_VCPU_KICK,
			       once_in(w, 32) ? any(w) : 0);

	answered(w, w->op, ret < 0 ? -errno : ret);
}

#define S(status)	(1u << -ZX_ERR_##status)
#define ENDS		(S(ACCESS_DENIED) | S(WRONG_TYPE) | S(BAD_STATE) | S(CANCELED) | \
			 S(INVALID_ARGS) | S(NOT_FOUND) | S(NOT_SUPPORTED) | S(NO_MEMORY) | \
			 S(OUT_OF_RANGE))

const struct op guest_ops[] = {
	{ .name = "guest", .weight = 2, .run = guest_make },
	{ .name = "forget", .weight = 1, .run = do_forget },
	{ .name = "VCPU_ENTER", .weight = 16, .run = do_enter, .may = ENDS },
	{ .name = "VCPU_RESUME", .weight = 4, .run = do_resume, .may = ENDS },
	{ .name = "VCPU_KICK", .weight = 2, .run = do_kick,
	  .may = S(ACCESS_DENIED) | S(WRONG_TYPE) | S(INVALID_ARGS) },
};

const unsigned int nr_guest_ops = ARRAY_LEN(guest_ops);
