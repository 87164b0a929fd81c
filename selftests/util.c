// SPDX-License-Identifier: GPL-2.0-only
/* See util.h. */
#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

#define SETTLE_MS	5000
#define PTE_PRESENT	0x1ull
#define PTE_WRITE	0x2ull
#define PTE_USER	0x4ull
#define PTE_LARGE	0x80ull

#define CHECK_FRAME(member, offset) \
	_Static_assert(offsetof(struct guest_frame, member) == (offset), #member)

CHECK_FRAME(rax, FRAME_RAX);
CHECK_FRAME(rdi, FRAME_RDI);
CHECK_FRAME(r8, FRAME_R8);
CHECK_FRAME(fault, FRAME_FAULT);
CHECK_FRAME(rip, FRAME_RIP);
CHECK_FRAME(eoi, FRAME_EOI);
CHECK_FRAME(flag, FRAME_FLAG);
CHECK_FRAME(irqs, FRAME_IRQS);
CHECK_FRAME(log, FRAME_LOG);
CHECK_FRAME(out, FRAME_OUT);

static void put64(unsigned char *mem, uint64_t addr, uint64_t value)
{
	memcpy(mem + addr, &value, sizeof(value));
}

static void put_pseudo(unsigned char *mem, uint64_t addr, uint16_t limit, uint64_t base)
{
	memcpy(mem + addr, &limit, sizeof(limit));
	memcpy(mem + addr + sizeof(limit), &base, sizeof(base));
}

static void build_tables(unsigned char *mem)
{
	const uint64_t flags = PTE_PRESENT | PTE_WRITE | PTE_USER;
	unsigned int i;

	put64(mem, GUEST_TABLES, (GUEST_TABLES + 0x1000) | flags);
	put64(mem, GUEST_TABLES + 0x1000, (GUEST_TABLES + 0x2000) | flags);
	for (i = 0; i < 512; i++)
		put64(mem, GUEST_TABLES + 0x2000 + 8 * i, ((uint64_t)i << 21) | flags | PTE_LARGE);
}

static void build_gdt(unsigned char *mem)
{
	static const uint64_t gdt[] = {
		0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff,
		0x00cff3000000ffff, 0x00affb000000ffff, 0x0000890000000067, 0,
	};
	const uint64_t task = gdt[6] | (GUEST_TSS & 0xffffffull) << 16;

	memcpy(mem + GUEST_GDT, gdt, sizeof(gdt));
	put64(mem, GUEST_GDT + GUEST_TASK, task);
	put64(mem, GUEST_TSS + 4, GUEST_STACK);
	put_pseudo(mem, GUEST_GDTR, sizeof(gdt) - 1, GUEST_GDT);
}

/* Interrupt gates to CODE64; the handlers stand 16 bytes apart. */
static void build_idt(unsigned char *mem)
{
	unsigned int i;

	for (i = 0; i < 256; i++) {
		uint64_t handler = GUEST_VECTORS + 16 * i;

		put64(mem, GUEST_IDT + 16 * i, (handler & 0xffff) | GUEST_CODE64 << 16 |
		      0x8e00ull << 32 | (handler & 0xffff0000) << 32);
		put64(mem, GUEST_IDT + 16 * i + 8, handler >> 32);
	}
	put_pseudo(mem, GUEST_IDTR, 0xfff, GUEST_IDT);
	put_pseudo(mem, GUEST_NO_IDTR, 0, 0);
	memcpy(mem + GUEST_VECTORS, vectors_start, vectors_end - vectors_start);
}

void guest_lay_out(unsigned char *mem)
{
	build_tables(mem);
	build_gdt(mem);
	build_idt(mem);
	((struct guest_frame *)(mem + GUEST_FRAME))->fault = GUEST_NO_FAULT;
}

zx_status_t vmo_executable(uint64_t size, zx_handle_t *out)
{
	zx_handle_t vmo;
	zx_status_t status = zx_vmo_create(size, 0, &vmo);

	if (status != ZX_OK)
		return status;
	return zx_vmo_replace_as_executable(vmo, ZX_HANDLE_INVALID, out);
}

static zx_status_t map_ram(struct vm *vm)
{
	zx_vaddr_t addr;
	zx_status_t status = vmo_executable(GUEST_RAM, &vm->vmo);

	if (status != ZX_OK)
		return status;
	status = zx_vmar_map(vm->vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE |
			     ZX_VM_SPECIFIC, 0, vm->vmo, 0, GUEST_RAM, &addr);
	if (status != ZX_OK)
		return status;
	status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vm->vmo,
			     0, GUEST_RAM, &addr);
	if (status != ZX_OK)
		return status;
	vm->mem = (unsigned char *)addr;
	return ZX_OK;
}

zx_status_t vm_up(struct vm *vm)
{
	zx_status_t status;

	memset(vm, 0, sizeof(*vm));
	status = zxl_hypervisor_resource(&vm->resource);
	if (status != ZX_OK)
		return status;
	status = zx_guest_create(vm->resource, 0, &vm->guest, &vm->vmar);
	if (status != ZX_OK)
		return status;
	status = map_ram(vm);
	if (status != ZX_OK)
		return status;
	guest_lay_out(vm->mem);
	return zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_IO, GUEST_PORTS, GUEST_PORTS_LEN,
				 ZX_HANDLE_INVALID, KEY_PORTS);
}

void vm_load(struct vm *vm, const char *start, const char *end)
{
	memcpy(vm->mem + GUEST_ENTRY, start, end - start);
}

zx_status_t vm_vcpu(struct vm *vm)
{
	return zx_vcpu_create(vm->guest, 0, GUEST_ENTRY, &vm->vcpu);
}

struct park {
	struct vm *vm;
	zx_status_t status;
	int ready;
};

static void *park_thread(void *arg)
{
	struct park *park = arg;
	const int wake = park->vm->parked_wake[0];
	const int ready = park->ready;
	zx_handle_t vcpu = ZX_HANDLE_INVALID;
	char byte = 0;

	park->status = zx_vcpu_create(park->vm->guest, 0, GUEST_ENTRY, &vcpu);
	if (write(ready, &byte, 1) != 1)
		abort();
	if (read(wake, &byte, 1) < 0)
		abort();
	zx_handle_close(vcpu);
	return NULL;
}

zx_status_t vm_park_first(struct vm *vm)
{
	struct park park = { .vm = vm };
	int ready[2];
	char byte;

	if (pipe(vm->parked_wake) || pipe(ready))
		return ZX_ERR_INTERNAL;
	park.ready = ready[1];
	if (pthread_create(&vm->parked, NULL, park_thread, &park))
		return ZX_ERR_INTERNAL;
	if (read(ready[0], &byte, 1) != 1)
		return ZX_ERR_INTERNAL;
	close(ready[0]);
	close(ready[1]);
	return park.status;
}

void vm_down(struct vm *vm)
{
	if (vm->parked_wake[1]) {
		close(vm->parked_wake[1]);
		pthread_join(vm->parked, NULL);
		close(vm->parked_wake[0]);
	}
	zx_handle_close(vm->vcpu);
	if (vm->mem)
		zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)vm->mem, GUEST_RAM);
	zx_handle_close(vm->vmo);
	zx_handle_close(vm->vmar);
	zx_handle_close(vm->guest);
	zx_handle_close(vm->resource);
	memset(vm, 0, sizeof(*vm));
}

static zx_status_t expect_out(struct vm *vm, uint16_t port, uint32_t *value)
{
	zx_port_packet_t packet;
	zx_status_t status = zx_vcpu_enter(vm->vcpu, &packet);

	if (status != ZX_OK)
		return status;
	if (packet.type != ZX_PKT_TYPE_GUEST_IO || packet.guest_io.port != port ||
	    packet.guest_io.input) {
		fprintf(stderr, "# packet of type %u, key %#llx instead of port %#x\n",
			packet.type, (unsigned long long)packet.key, port);
		return ZX_ERR_INTERNAL;
	}
	*value = packet.guest_io.u32;
	return ZX_OK;
}

zx_status_t vm_finish(struct vm *vm)
{
	uint32_t value;

	return expect_out(vm, GUEST_PORT_DONE, &value);
}

zx_status_t vm_mark(struct vm *vm, uint32_t value)
{
	uint32_t seen;
	zx_status_t status = expect_out(vm, GUEST_PORT_MARK, &seen);

	if (status != ZX_OK)
		return status;
	return seen == value ? ZX_OK : ZX_ERR_INTERNAL;
}

zx_status_t vm_bytes(struct vm *vm, const void *code, size_t len)
{
	vm_load(vm, probe_bytes_start, probe_bytes_end);
	memcpy(vm->mem + insn_at(probe_bytes), code, len);
	return vm_vcpu(vm) ?: vm_finish(vm);
}

zx_status_t vm_hypercall(struct vm *vm)
{
	return host_is_amd() ? vm_probe(vm, probe_vmmcall) : vm_probe(vm, probe_vmcall);
}

int vm_enter_raw(struct vm *vm)
{
	int result;

	do
		result = ioctl(zxl_handle_fd(vm->vcpu), ZX_IOC_VCPU_ENTER, 0);
	while (result == -1 && errno == EINTR);
	return result;
}

const struct zx_vcpu_page *vm_page(struct vm *vm)
{
	return (const struct zx_vcpu_page *)zxl_vcpu_page(vm->vcpu);
}

zx_rights_t handle_rights(zx_handle_t handle)
{
	zx_info_handle_basic_t info;

	if (zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL))
		return 0;
	return info.rights;
}

zx_handle_t handle_with(zx_handle_t handle, zx_rights_t rights)
{
	zx_handle_t out = ZX_HANDLE_INVALID;

	zx_handle_duplicate(handle, rights, &out);
	return out;
}

zx_info_vmo_t info_of(zx_handle_t vmo)
{
	zx_info_vmo_t info;

	memset(&info, 0xff, sizeof(info));
	zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL);
	return info;
}

zx_handle_t handle_without(zx_handle_t handle, zx_rights_t rights)
{
	return handle_with(handle, handle_rights(handle) & ~rights);
}

zx_handle_t handle_foreign(void)
{
	int ends[2];

	if (pipe(ends))
		return ZX_HANDLE_INVALID;
	return (zx_handle_t)ends[0] << 2 | ZX_HANDLE_FIXED_BITS_MASK;
}

int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

long fdinfo_number(zx_handle_t handle, const char *name)
{
	char path[64], line[128];
	const size_t len = strlen(name);
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", zxl_handle_fd(handle));
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			number = strtol(line + len + 1, NULL, 0);
	fclose(file);
	return number;
}

long file_number(const char *path)
{
	FILE *file = fopen(path, "r");
	long count;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &count) != 1)
		count = -1;
	fclose(file);
	return count;
}

int file_write(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const ssize_t done = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return done == (ssize_t)strlen(text) ? 0 : -1;
}

int cpu_set_online(int cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return file_write(path, online ? "1" : "0");
}

long live_objects(void)
{
	return file_number("/sys/module/zx_hypervisor/parameters/objects");
}

long settled_objects(void)
{
	unsigned int i;

	for (i = 0; i < SETTLE_MS && live_objects() != 0; i++)
		sleep_ms(1);
	return live_objects();
}

long live_observers(void)
{
	return file_number("/sys/module/zx_hypervisor/parameters/observers");
}

void sleep_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * ONE_MS };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

static cpu_set_t our_cpus;

__attribute__((constructor)) static void find_our_cpus(void)
{
	sched_getaffinity(0, sizeof(our_cpus), &our_cpus);
}

int cpu_number(unsigned int index)
{
	int cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &our_cpus) && index-- == 0)
			return cpu;
	return -1;
}

int run_on_cpu(unsigned int index)
{
	int cpu = cpu_number(index);
	cpu_set_t set;

	if (cpu < 0)
		return -1;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

void wait_flag(volatile uint64_t *flag, uint64_t value)
{
	while (*flag < value)
		sleep_ms(1);
}

static void *later_thread(void *arg)
{
	struct later *later = arg;

	if (later->flag)
		wait_flag(later->flag, 1);
	sleep_ms(later->delay_ms);
	if (later->call)
		later->call(later);
	else if (later->vector == LATER_KICK)
		later->status = zx_vcpu_kick(later->vcpu);
	else
		later->status = zx_vcpu_interrupt(later->vcpu, later->vector);
	return NULL;
}

int later_start(struct later *later)
{
	later->status = ZX_ERR_INTERNAL;
	return pthread_create(&later->thread, NULL, later_thread, later);
}

void later_join(struct later *later)
{
	pthread_join(later->thread, NULL);
}

bool host_is_amd(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && (ecx & 4);
}

bool host_has_avx(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_OSXSAVE) && (ecx & bit_AVX);
}
