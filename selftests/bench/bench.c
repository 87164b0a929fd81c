// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the hot operations cost, in ticks of the TSC. Under an emulator that counts
 * instructions (-icount shift=0, one CPU) the ticks are instructions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bench.h"

#define LOOPS		1000ull
#define BELLS		200ull
#define PAGES		1000ull

void check(const char *what, zx_status_t status)
{
	if (status == ZX_OK)
		return;
	fprintf(stderr, "bench: %s: status %d\n", what, status);
	exit(1);
}

void report(const char *name, uint64_t ticks, uint64_t count)
{
	printf("%s: %llu\n", name, (unsigned long long)((ticks + count / 2) / count));
}

void start(struct vm *vm, const char *from, const char *to, uint64_t count, uint64_t addr)
{
	check("guest", vm_up(vm));
	vm_frame(vm)->rcx = count;
	vm_frame(vm)->rdi = addr;
	vm_load(vm, from, to);
	check("VCPU", vm_vcpu(vm));
}

uint64_t guest_ticks(struct vm *vm)
{
	const uint64_t *out = vm_frame(vm)->out;

	return out[1] - out[0];
}

static void null_ioctl(void)
{
	zx_handle_t resource;
	uint64_t from, i;
	int fd;

	check("device", zxl_hypervisor_resource(&resource));
	fd = zxl_handle_fd(resource);
	from = rdtsc();
	for (i = 0; i < LOOPS; i++)
		ioctl(fd, _IO(ZX_IOC_MAGIC, 0xff), 0);
	report("null ioctl", rdtsc() - from, LOOPS);
	zx_handle_close(resource);
}

static void cpuid_exit(void)
{
	struct vm vm;

	START(&vm, bench_cpuid, LOOPS, 0);
	check("CPUID", vm_finish(&vm));
	report("CPUID exit", guest_ticks(&vm), LOOPS);
	vm_down(&vm);
}

/* Enter after enter, each ended by a packet that @finish answers. */
static void round_trips(const char *name, struct vm *vm, zx_status_t (*finish)(zx_handle_t vcpu))
{
	zx_port_packet_t packet;
	uint64_t from, i;

	check(name, zx_vcpu_enter(vm->vcpu, &packet));
	from = rdtsc();
	for (i = 1; i < LOOPS; i++) {
		if (finish)
			check(name, finish(vm->vcpu));
		check(name, zx_vcpu_enter(vm->vcpu, &packet));
	}
	report(name, rdtsc() - from, LOOPS - 1);
}

static zx_status_t take_store(zx_handle_t vcpu)
{
	zxl_vcpu_access_t access;

	return zxl_vcpu_access(vcpu, &access);
}

static zx_status_t answer_load(zx_handle_t vcpu)
{
	zxl_vcpu_access_t access;

	return zxl_vcpu_access(vcpu, &access) ?: zxl_vcpu_access_finish(vcpu, 0x1234);
}

static void out_round_trip(void)
{
	struct vm vm;

	START(&vm, bench_out, LOOPS, 0);
	round_trips("OUT round trip", &vm, NULL);
	vm_down(&vm);
}

static void mem_round_trip(const char *name, const char *from, const char *to,
			   zx_status_t (*finish)(zx_handle_t vcpu))
{
	struct vm vm;

	start(&vm, from, to, LOOPS, GUEST_TRAP);
	check("trap", zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					ZX_HANDLE_INVALID, KEY_TRAP));
	round_trips(name, &vm, finish);
	vm_down(&vm);
}

static void bell_ring(void)
{
	zx_handle_t port;
	struct vm vm;

	START(&vm, bench_bell, BELLS, GUEST_BELL);
	check("port", zx_port_create(0, &port));
	check("trap", zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, port,
					KEY_BELL));
	check("BELL", vm_finish(&vm));
	report("BELL in the kernel", guest_ticks(&vm), BELLS);
	vm_down(&vm);
	zx_handle_close(port);
}

/* The guest's first touch of pages that the host has. */
static void first_touch(void)
{
	zx_vaddr_t addr;
	zx_handle_t vmo;
	struct vm vm;

	START(&vm, bench_touch, PAGES, GUEST_WINDOW + PAGE);
	check("VMO", zx_vmo_create((PAGES + 2) * PAGE, 0, &vmo));
	check("commit", zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 0, (PAGES + 2) * PAGE, NULL, 0));
	check("map", zx_vmar_map(vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC,
				 GUEST_WINDOW + PAGE, vmo, PAGE, PAGES * PAGE, &addr));
	check("touch", vm_finish(&vm));
	report("first touch of a page", guest_ticks(&vm), PAGES);
	vm_down(&vm);
	zx_handle_close(vmo);
}

static void lifetime(void)
{
	uint64_t from, created, ran;
	zx_handle_t resource, guest, vmar, vcpu;
	struct vm vm;

	check("device", zxl_hypervisor_resource(&resource));
	from = rdtsc();
	check("guest", zx_guest_create(resource, 0, &guest, &vmar));
	check("VCPU", zx_vcpu_create(guest, 0, GUEST_ENTRY, &vcpu));
	created = rdtsc();
	zx_handle_close(vcpu);
	zx_handle_close(vmar);
	zx_handle_close(guest);
	zx_handle_close(resource);
	report("guest and VCPU created", created - from, 1);
	START(&vm, done, 0, 0);
	from = rdtsc();
	check("first run", vm_finish(&vm));
	ran = rdtsc();
	report("first run", ran - from, 1);
	vm_down(&vm);
}

/* With --check, which prints a result in TAP, a part of "make check". */
int main(int argc, char **argv)
{
	const bool checks = argc > 1 && !strcmp(argv[1], "--check");
	bool good;

	null_ioctl();
	cpuid_exit();
	out_round_trip();
	mem_round_trip("MEM write round trip", bench_store_start, bench_store_end, take_store);
	mem_round_trip("MEM read round trip", bench_load_start, bench_load_end, answer_load);
	bell_ring();
	first_touch();
	lifetime();
	good = bench_events();
	if (checks)
		printf("%sok 1 IPI in the kernel costs less than half of one as a packet\n",
		       good ? "" : "not ");
	return checks && !good;
}
