// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bench on /dev/kvm, by its ioctls. The local APIC is KVM's, the rest of interrupts
 * nobody's. See bench.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define SLOTS		4
#define CPUID_ENTRIES	128
#define MSI_ADDRESS	0xfee00000u
/* Enabled, as x2APIC. */
#define APIC_BASE	0xfee00c00ull
#define APIC_BASE_BSP	0x100ull
#define TSC_DEADLINE	(1u << 24)
#define LONG_MODE	0x500ull
#define CR0_LONG	0x80000031ull
#define CR4_LONG	0x20ull
#define SEGMENT_CODE	0xb
#define SEGMENT_DATA	0x3
#define TASK_BUSY	0xb

/* What KVM's array of devices is rewritten for, each time, is too much beyond that. */
#define MOST_DEVICES	1000u

struct slot {
	uint64_t addr;
	bool used;
};

struct cpu {
	int fd;
	pthread_t thread;
	struct kvm_run *run;
};

struct side {
	int vm, bell;
	struct slot slot[SLOTS];
	struct cpu cpu[CPUS];
};

struct cpuids {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
};

const bool side_is_kvm = true;

static int kvm;
static int run_size;
static struct cpuids cpuids = { .head.nent = CPUID_ENTRIES };

static void on_kick(int signal)
{
	(void)signal;
}

void side_open(void)
{
	const struct sigaction action = { .sa_handler = on_kick };
	unsigned int i;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	must(kvm >= 0, "/dev/kvm");
	run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	must(!ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuids), "CPUID");
	for (i = 0; i < cpuids.head.nent; i++)
		if (cpuids.entries[i].function == 1)
			cpuids.entries[i].ecx |= TSC_DEADLINE;
	sigaction(SIGUSR1, &action, NULL);
}

void side_null_call(void)
{
	ioctl(kvm, _IO(KVMIO, 0xff), 0);
}

void block_make(struct block *block, uint64_t size, bool huge, bool mapped)
{
	unsigned char *all = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const uint64_t skip = -(uintptr_t)all & (HUGE - 1);

	(void)mapped;
	must(all != MAP_FAILED, "memory");
	if (skip)
		munmap(all, skip);
	munmap(all + skip + size, HUGE - skip);
	*block = (struct block){ .mem = all + skip, .size = size, .huge = huge };
	must(!madvise(block->mem, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), "madvise");
	memset(block->mem, 1, size);
}

void block_free(struct block *block)
{
	munmap(block->mem, block->size);
}

static void set_slot(struct machine *m, unsigned int slot, uint64_t addr, void *mem, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = addr, .memory_size = size,
		.userspace_addr = (uintptr_t)mem,
	};

	must(!ioctl(m->side->vm, KVM_SET_USER_MEMORY_REGION, &region), "a memory slot");
	m->side->slot[slot] = (struct slot){ .addr = addr, .used = size };
}

void machine_map(struct machine *m, uint64_t addr, struct block *block, uint64_t size)
{
	unsigned int slot = 0;

	while (m->side->slot[slot].used)
		slot++;
	set_slot(m, slot, addr, block->mem, size);
}

void machine_unmap(struct machine *m, uint64_t addr, uint64_t size)
{
	unsigned int slot = 0;

	(void)size;
	while (!m->side->slot[slot].used || m->side->slot[slot].addr != addr)
		slot++;
	set_slot(m, slot, addr, NULL, 0);
}

void machine_up(struct machine *m, struct block *ram)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args[0] = 24 };

	m->ram = ram;
	m->side = calloc(1, sizeof(*m->side));
	m->side->bell = -1;
	m->side->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	must(m->side->vm >= 0, "a VM");
	must(!ioctl(m->side->vm, KVM_ENABLE_CAP, &cap), "KVM's local APIC");
	machine_map(m, 0, ram, ram->size);
}

void machine_down(struct machine *m)
{
	if (m->side->bell >= 0)
		close(m->side->bell);
	close(m->side->vm);
	free(m->side);
}

static void long_mode(struct kvm_sregs *sregs)
{
	const struct kvm_segment data = {
		.limit = ~0u, .type = SEGMENT_DATA, .present = 1, .s = 1, .db = 1, .g = 1,
	};

	sregs->cr0 = CR0_LONG;
	sregs->cr4 = CR4_LONG;
	sregs->cr3 = GUEST_TABLES;
	sregs->efer = LONG_MODE;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	sregs->cs = data;
	sregs->cs.type = SEGMENT_CODE;
	sregs->cs.db = 0;
	sregs->cs.l = 1;
	sregs->tr = (struct kvm_segment){ .limit = 0x67, .type = TASK_BUSY, .present = 1 };
}

static void set_registers(int fd, unsigned int id)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_regs regs = { .rflags = 2, .rip = id ? 0 : GUEST_ENTRY };
	struct kvm_sregs sregs;

	must(!ioctl(fd, KVM_GET_SREGS, &sregs), "reading registers");
	sregs.apic_base = APIC_BASE | (id ? 0 : APIC_BASE_BSP);
	if (id) {
		sregs.cs.base = GUEST_BUFFER;
		sregs.cs.selector = GUEST_BUFFER >> 4;
	} else {
		long_mode(&sregs);
	}
	must(!ioctl(fd, KVM_SET_SREGS, &sregs) && !ioctl(fd, KVM_SET_REGS, &regs), "registers");
	must(!id || !ioctl(fd, KVM_SET_MP_STATE, &state), "a VCPU that runs");
}

/* The TSC is the host's. */
static void set_tsc(int fd)
{
	const uint64_t offset = 0;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (uintptr_t)&offset,
	};

	must(!ioctl(fd, KVM_SET_DEVICE_ATTR, &attr), "the TSC");
}

void machine_cpu(struct machine *m, unsigned int id)
{
	struct cpu *cpu = &m->side->cpu[id];

	cpu->thread = pthread_self();
	cpu->fd = ioctl(m->side->vm, KVM_CREATE_VCPU, id);
	must(cpu->fd >= 0, "a VCPU");
	cpu->run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
	must(cpu->run != MAP_FAILED, "a VCPU's page");
	must(!ioctl(cpu->fd, KVM_SET_CPUID2, &cpuids), "setting CPUID");
	set_registers(cpu->fd, id);
	set_tsc(cpu->fd);
}

void machine_cpu_close(struct machine *m, unsigned int id)
{
	munmap(m->side->cpu[id].run, run_size);
	close(m->side->cpu[id].fd);
}

static enum trip io_trip(struct kvm_run *run, uint64_t *value)
{
	uint32_t data;

	memcpy(&data, (char *)run + run->io.data_offset, sizeof(data));
	*value = data;
	return run->io.direction == KVM_EXIT_IO_IN ? TRIP_IN : TRIP_OUT;
}

static enum trip mem_trip(struct kvm_run *run, uint64_t *value)
{
	uint32_t data;

	memcpy(&data, run->mmio.data, sizeof(data));
	*value = data;
	return run->mmio.is_write ? TRIP_WRITE : TRIP_READ;
}

enum trip machine_enter(struct machine *m, unsigned int id, uint64_t *value)
{
	struct cpu *cpu = &m->side->cpu[id];

	if (ioctl(cpu->fd, KVM_RUN, 0)) {
		cpu->run->immediate_exit = 0;
		return errno == EINTR ? TRIP_CANCELED : TRIP_OTHER;
	}
	switch (cpu->run->exit_reason) {
	case KVM_EXIT_IO:
		return io_trip(cpu->run, value);
	case KVM_EXIT_MMIO:
		return mem_trip(cpu->run, value);
	}
	return TRIP_OTHER;
}

void machine_answer(struct machine *m, unsigned int id, enum trip kind, uint64_t value)
{
	struct kvm_run *run = m->side->cpu[id].run;
	const uint32_t data = value;

	memcpy(kind == TRIP_IN ? (char *)run + run->io.data_offset : (char *)run->mmio.data, &data,
	       sizeof(data));
}

void machine_kick(struct machine *m, unsigned int id)
{
	m->side->cpu[id].run->immediate_exit = 1;
	pthread_kill(m->side->cpu[id].thread, SIGUSR1);
}

/* KVM's own way to that is no call. */
void machine_enter_kicked(struct machine *m, unsigned int id)
{
	uint64_t value;

	m->side->cpu[id].run->immediate_exit = 1;
	must(machine_enter(m, id, &value) == TRIP_CANCELED, "an enter that ends");
}

void machine_interrupt(struct machine *m, unsigned int id, unsigned int vector)
{
	struct kvm_msi msi = { .address_lo = MSI_ADDRESS | id << 12, .data = vector };

	must(ioctl(m->side->vm, KVM_SIGNAL_MSI, &msi) == 1, "an interrupt");
}

void machine_ipi_kernel(struct machine *m)
{
	(void)m;
}

/* What is no memory ends KVM's enter. */
void machine_trap(struct machine *m, uint64_t addr)
{
	(void)m;
	(void)addr;
}

static void assign(struct machine *m, uint64_t addr, uint32_t len)
{
	struct kvm_ioeventfd event = { .addr = addr, .len = len, .fd = m->side->bell };

	must(!ioctl(m->side->vm, KVM_IOEVENTFD, &event), "an ioeventfd");
}

static void open_bell(struct machine *m)
{
	if (m->side->bell < 0)
		m->side->bell = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	must(m->side->bell >= 0, "an eventfd");
}

/* The pages are looked up among ioeventfds, in their upper halves. */
bool machine_devices(struct machine *m, uint64_t addr, unsigned int count)
{
	unsigned int i;

	if (count > MOST_DEVICES)
		return false;
	open_bell(m);
	for (i = 0; i < count; i++)
		assign(m, addr + i * PAGE + PAGE / 2, sizeof(uint32_t));
	return true;
}

void machine_bell(struct machine *m, uint64_t addr, bool any_length)
{
	open_bell(m);
	assign(m, addr, any_length ? 0 : sizeof(uint32_t));
}

void machine_bell_wait(struct machine *m)
{
	uint64_t count;

	must(read(m->side->bell, &count, sizeof(count)) == sizeof(count), "waiting for a bell");
}

void machine_bell_ring(struct machine *m)
{
	const uint64_t one = 1;

	must(write(m->side->bell, &one, sizeof(one)) == sizeof(one), "ringing");
}

uint64_t machine_timer_count(struct machine *m, uint64_t ticks)
{
	return ticks * 1000000 / ioctl(m->side->cpu[0].fd, KVM_GET_TSC_KHZ, 0);
}
