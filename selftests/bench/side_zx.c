// SPDX-License-Identifier: GPL-2.0-only
/* The bench on libzx. See bench.h. */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "bench.h"

struct side {
	zx_handle_t guest, vmar, port;
	zx_handle_t vcpu[CPUS];
};

#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)

const bool side_is_kvm;

static zx_handle_t resource;
static int resource_fd;

static void good(zx_status_t status, const char *what)
{
	must(status == ZX_OK, what);
}

void side_open(void)
{
	good(zxl_hypervisor_resource(&resource), "/dev/zx_hypervisor");
	resource_fd = zxl_handle_fd(resource);
}

void side_null_call(void)
{
	ioctl(resource_fd, _IO(ZX_IOC_MAGIC, 0xff), 0);
}

/* What cannot be huge begins a page too late for it. */
static uint64_t first_of(const struct block *block)
{
	return block->huge ? 0 : PAGE;
}

void block_make(struct block *block, uint64_t size, bool huge, bool mapped)
{
	zx_vaddr_t addr = 0;

	*block = (struct block){ .size = size, .huge = huge };
	good(vmo_executable(size + first_of(block), &block->vmo), "a VMO");
	good(zx_vmo_op_range(block->vmo, ZX_VMO_OP_COMMIT, 0, size + first_of(block), NULL, 0),
	     "committing");
	if (mapped)
		good(zx_vmar_map(zx_vmar_root_self(), RW, 0, block->vmo, first_of(block), size,
				 &addr), "mapping RAM here");
	block->mem = (unsigned char *)addr;
}

void block_free(struct block *block)
{
	if (block->mem)
		zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)block->mem, block->size);
	zx_handle_close(block->vmo);
}

static void map(struct machine *m, uint64_t addr, struct block *block, uint64_t size,
		zx_vm_option_t rights)
{
	zx_vaddr_t at;

	good(zx_vmar_map(m->side->vmar, rights | ZX_VM_SPECIFIC, addr, block->vmo, first_of(block),
			 size, &at), "mapping");
}

/* No code: CPUs that cannot bear code in pages of 2 MiB have the others (KVM's as well). */
void machine_map(struct machine *m, uint64_t addr, struct block *block, uint64_t size)
{
	map(m, addr, block, size, RW);
}

void machine_unmap(struct machine *m, uint64_t addr, uint64_t size)
{
	good(zx_vmar_unmap(m->side->vmar, addr, size), "unmapping");
}

void machine_up(struct machine *m, struct block *ram)
{
	m->ram = ram;
	m->side = calloc(1, sizeof(*m->side));
	good(zx_guest_create(resource, 0, &m->side->guest, &m->side->vmar), "a guest");
	map(m, 0, ram, ram->size, RW | ZX_VM_PERM_EXECUTE);
	good(zx_guest_set_trap(m->side->guest, ZX_GUEST_TRAP_IO, GUEST_PORTS, GUEST_PORTS_LEN,
			       ZX_HANDLE_INVALID, KEY_PORTS), "a trap for ports");
}

void machine_down(struct machine *m)
{
	if (m->side->port)
		zx_handle_close(m->side->port);
	zx_handle_close(m->side->vmar);
	zx_handle_close(m->side->guest);
	free(m->side);
}

void machine_cpu(struct machine *m, unsigned int id)
{
	good(zx_vcpu_create(m->side->guest, 0, id ? GUEST_BUFFER : GUEST_ENTRY,
			    &m->side->vcpu[id]), "a VCPU");
}

void machine_cpu_close(struct machine *m, unsigned int id)
{
	zx_handle_close(m->side->vcpu[id]);
}

static enum trip mem_trip(zx_handle_t vcpu, uint64_t *value)
{
	zxl_vcpu_access_t access;

	if (zxl_vcpu_access(vcpu, &access) != ZX_OK)
		return TRIP_OTHER;
	*value = access.value;
	return access.write ? TRIP_WRITE : TRIP_READ;
}

enum trip machine_enter(struct machine *m, unsigned int id, uint64_t *value)
{
	zx_port_packet_t packet;
	const zx_status_t status = zx_vcpu_enter(m->side->vcpu[id], &packet);

	if (status != ZX_OK)
		return status == ZX_ERR_CANCELED ? TRIP_CANCELED : TRIP_OTHER;
	switch (packet.type) {
	case ZX_PKT_TYPE_GUEST_IO:
		*value = packet.guest_io.u32;
		return packet.guest_io.input ? TRIP_IN : TRIP_OUT;
	case ZX_PKT_TYPE_GUEST_MEM:
		return mem_trip(m->side->vcpu[id], value);
	case ZX_PKT_TYPE_GUEST_VCPU:
		*value = packet.guest_vcpu.interrupt.vector;
		return TRIP_IPI;
	}
	return TRIP_OTHER;
}

void machine_answer(struct machine *m, unsigned int id, enum trip kind, uint64_t value)
{
	const zx_vcpu_io_t io = { .access_size = 4, .u32 = value };
	const zx_handle_t vcpu = m->side->vcpu[id];

	if (kind == TRIP_IN)
		good(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)), "an IN's value");
	else
		good(zxl_vcpu_access_finish(vcpu, value), "a load's value");
}

void machine_kick(struct machine *m, unsigned int id)
{
	good(zx_vcpu_kick(m->side->vcpu[id]), "a kick");
}

void machine_enter_kicked(struct machine *m, unsigned int id)
{
	zx_port_packet_t packet;

	good(zx_vcpu_kick(m->side->vcpu[id]), "a kick");
	must(zx_vcpu_enter(m->side->vcpu[id], &packet) == ZX_ERR_CANCELED, "an enter that ends");
}

void machine_interrupt(struct machine *m, unsigned int id, unsigned int vector)
{
	good(zx_vcpu_interrupt(m->side->vcpu[id], vector), "an interrupt");
}

void machine_ipi_kernel(struct machine *m)
{
	good(zxl_guest_set_ipi_mode(m->side->guest, ZXL_IPI_KERNEL), "IPIs in the kernel");
}

void machine_trap(struct machine *m, uint64_t addr)
{
	good(zx_guest_set_trap(m->side->guest, ZX_GUEST_TRAP_MEM, addr, PAGE, ZX_HANDLE_INVALID,
			       KEY_TRAP), "a trap");
}

bool machine_devices(struct machine *m, uint64_t addr, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		machine_trap(m, addr + i * PAGE);
	return true;
}

void machine_bell(struct machine *m, uint64_t addr, bool any_length)
{
	(void)any_length;
	if (!m->side->port)
		good(zx_port_create(0, &m->side->port), "a port");
	good(zx_guest_set_trap(m->side->guest, ZX_GUEST_TRAP_BELL, addr, PAGE, m->side->port,
			       KEY_BELL), "a bell");
}

void machine_bell_wait(struct machine *m)
{
	zx_port_packet_t packet;

	good(zx_port_wait(m->side->port, ZX_TIME_INFINITE, &packet), "waiting for a bell");
}

void machine_bell_ring(struct machine *m)
{
	const zx_port_packet_t packet = { .type = ZX_PKT_TYPE_USER };

	good(zx_port_queue(m->side->port, &packet), "a packet");
}

uint64_t machine_timer_count(struct machine *m, uint64_t ticks)
{
	(void)m;
	return ticks;
}
