// SPDX-License-Identifier: MIT
/*
 * One thread for each VCPU: enter, serve the packet, enter again. A
 * VCPU belongs to the thread that created it.
 */
#include <inttypes.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zxl/hypervisor.h>

#include "vmm.h"

static void serve_io(struct vcpu *vcpu, const zx_port_packet_t *packet)
{
	const zx_packet_guest_io_t *io = &packet->guest_io;
	zx_vcpu_io_t answer = { .access_size = io->access_size };
	struct vmm *vmm = vcpu->vmm;
	zx_status_t status;

	if (!io->input) {
		vmm->stats.out++;
		bus_write(packet->key, io->port, io->access_size, io->u32);
		return;
	}
	vmm->stats.in++;
	answer.u32 = bus_read(packet->key, io->port, io->access_size);
	status = zx_vcpu_write_state(vcpu->handle, ZX_VCPU_IO, &answer, sizeof(answer));
	if (status != ZX_OK)
		vmm_end(vmm, VMM_DIED, "cannot answer a read of port 0x%x: %s", io->port,
			zx_status_get_string(status));
}

/* Of the local APIC's page, the kernel keeps all that a register stands behind. */
static uint32_t mem_read(struct vmm *vmm, uint64_t key, uint32_t offset)
{
	return key == IOAPIC_BASE ? ioapic_read(&vmm->ioapic, offset) : 0;
}

static void mem_write(struct vmm *vmm, uint64_t key, uint32_t offset, uint32_t value)
{
	if (key == IOAPIC_BASE)
		ioapic_write(&vmm->ioapic, offset, value);
}

/* The key of a MEM trap is where it begins. */
static void serve_mem(struct vcpu *vcpu, const zx_port_packet_t *packet)
{
	uint32_t offset = packet->guest_mem.addr - packet->key;
	struct vmm *vmm = vcpu->vmm;
	zxl_vcpu_access_t access;
	zx_status_t status;

	vmm->stats.mem++;
	status = zxl_vcpu_access(vcpu->handle, &access);
	if (status == ZX_OK && access.write)
		mem_write(vmm, packet->key, offset, access.value);
	else if (status == ZX_OK)
		status = zxl_vcpu_access_finish(vcpu->handle, mem_read(vmm, packet->key, offset));
	if (status != ZX_OK)
		vmm_end(vmm, VMM_DIED, "cannot serve the instruction at 0x%" PRIx64
			" that accesses memory at 0x%" PRIx64 ": %s", packet->guest_mem.rip,
			packet->guest_mem.addr, zx_status_get_string(status));
}

static void pass_interrupt(struct vmm *vmm, const zx_packet_guest_vcpu_t *packet)
{
	unsigned int id;

	for (id = 0; id < vmm->cpus; id++)
		if (packet->interrupt.mask >> id & 1)
			vcpu_interrupt(vmm, id, packet->interrupt.vector, false);
}

static void serve_vcpu(struct vmm *vmm, const zx_packet_guest_vcpu_t *packet)
{
	switch (packet->type) {
	case ZX_PKT_GUEST_VCPU_INTERRUPT:
		vmm->stats.interrupt++;
		pass_interrupt(vmm, packet);
		break;
	case ZX_PKT_GUEST_VCPU_STARTUP:
		vmm->stats.startup++;
		/*
		 * A guest sends STARTUP twice, and the second one finds the VCPU running. One
		 * that waits for STARTUP after an INIT gets it from the kernel.
		 */
		if (packet->startup.id < vmm->cpus)
			vcpu_start(vmm, packet->startup.id, packet->startup.entry);
		break;
	case ZXL_PKT_GUEST_VCPU_EOI:
		vmm->stats.eoi++;
		ioapic_eoi(&vmm->ioapic, packet->interrupt.vector);
		break;
	}
}

static void serve(struct vcpu *vcpu, const zx_port_packet_t *packet)
{
	switch (packet->type) {
	case ZX_PKT_TYPE_GUEST_IO:
		serve_io(vcpu, packet);
		break;
	case ZX_PKT_TYPE_GUEST_MEM:
		serve_mem(vcpu, packet);
		break;
	case ZX_PKT_TYPE_GUEST_VCPU:
		serve_vcpu(vcpu->vmm, &packet->guest_vcpu);
		break;
	default:
		vmm_end(vcpu->vmm, VMM_DIED, "a packet of the unknown type %u", packet->type);
	}
}

static const char *reason_text(uint32_t reason)
{
	static const char *const text[] = {
		[ZX_VCPU_REASON_SHUTDOWN] = "triple fault",
		[ZX_VCPU_REASON_MEMORY] = "access to memory that is not there",
		[ZX_VCPU_REASON_PORT] = "access to a port without a trap",
		[ZX_VCPU_REASON_STRING_IO] = "string I/O",
		[ZX_VCPU_REASON_BELL] = "doorbell",
		[ZX_VCPU_REASON_DECODE] = "an instruction that cannot be decoded",
		[ZX_VCPU_REASON_ENTRY] = "state that the CPU refuses",
		[ZX_VCPU_REASON_EXIT] = "an exit that nobody handles",
		[ZX_VCPU_REASON_NO_MEMORY] = "the host is out of memory",
		[ZX_VCPU_REASON_VECTOR] = "an interrupt with a reserved vector",
	};

	if (reason < sizeof(text) / sizeof(text[0]) && text[reason])
		return text[reason];
	return "no reason known";
}

/* A triple fault resets a PC; where nobody wants that, it is worth a look. */
static void report_death(struct vcpu *vcpu, zx_status_t status)
{
	const struct zx_vcpu_page *page = zxl_vcpu_page(vcpu->handle);
	enum vmm_exit code = VMM_DIED;

	if (!page) {
		vmm_end(vcpu->vmm, VMM_DIED, "the guest died: %s", zx_status_get_string(status));
		return;
	}
	if (page->reason == ZX_VCPU_REASON_SHUTDOWN && vcpu->vmm->reboot)
		code = VMM_RESET;
	vmm_end(vcpu->vmm, code, "the guest died: %s, %s (VCPU %u, rip 0x%" PRIx64
		", address 0x%" PRIx64 ", exit 0x%" PRIx64 ")", zx_status_get_string(status),
		reason_text(page->reason), vcpu->id, (uint64_t)page->rip, (uint64_t)page->addr,
		(uint64_t)page->hw_exit);
}

/* One round: false when this VCPU shall stop. */
static bool run_once(struct vcpu *vcpu)
{
	struct vmm *vmm = vcpu->vmm;
	zx_port_packet_t packet;
	zx_status_t status;
	bool go_on;

	status = zx_vcpu_enter(vcpu->handle, &packet);
	pthread_mutex_lock(&vmm->lock);
	if (status == ZX_OK)
		serve(vcpu, &packet);
	else if (status != ZX_ERR_CANCELED)
		report_death(vcpu, status);
	go_on = !vmm->ended;
	pthread_mutex_unlock(&vmm->lock);
	return go_on;
}

/* The first VCPU starts in 64-bit mode and finds the boot parameters through RSI. */
static zx_status_t create(struct vcpu *vcpu, zx_handle_t *handle)
{
	zx_vcpu_state_t state = { .rsi = vcpu->vmm->boot_params };
	zx_status_t status;

	status = zx_vcpu_create(vcpu->vmm->guest, 0, vcpu->entry, handle);
	if (status != ZX_OK || vcpu->id != 0)
		return status;
	return zx_vcpu_write_state(*handle, ZX_VCPU_STATE, &state, sizeof(state));
}

/* When all VCPUs below are there: false when the guest ended first. */
static bool create_in_turn(struct vcpu *vcpu)
{
	struct vmm *vmm = vcpu->vmm;
	zx_status_t status;
	bool go_on;

	pthread_mutex_lock(&vmm->lock);
	while (vmm->created != vcpu->id && !vmm->ended)
		pthread_cond_wait(&vmm->turn, &vmm->lock);
	if (!vmm->ended) {
		status = create(vcpu, &vcpu->handle);
		if (status != ZX_OK)
			vmm_end(vmm, VMM_DIED, "cannot create VCPU %u: %s", vcpu->id,
				zx_status_get_string(status));
		vmm->created++;
		pthread_cond_broadcast(&vmm->turn);
	}
	go_on = !vmm->ended;
	pthread_mutex_unlock(&vmm->lock);
	return go_on;
}

static void *vcpu_main(void *argument)
{
	struct vcpu *vcpu = argument;
	struct vmm *vmm = vcpu->vmm;
	bool go_on;

	go_on = create_in_turn(vcpu);
	while (go_on)
		go_on = run_once(vcpu);
	pthread_mutex_lock(&vmm->lock);
	if (vcpu->handle)
		zx_handle_close(vcpu->handle);
	vcpu->handle = ZX_HANDLE_INVALID;
	pthread_mutex_unlock(&vmm->lock);
	return NULL;
}

static void start(struct vmm *vmm, unsigned int id, uint64_t entry)
{
	struct vcpu *vcpu = &vmm->vcpu[id];

	vcpu->vmm = vmm;
	vcpu->id = id;
	vcpu->entry = entry;
	vcpu->started = pthread_create(&vcpu->thread, NULL, vcpu_main, vcpu) == 0;
	if (!vcpu->started)
		vmm_end(vmm, VMM_DIED, "cannot start a thread for VCPU %u", id);
}

void vcpu_start(struct vmm *vmm, unsigned int id, uint64_t entry)
{
	unsigned int i;

	if (vmm->vcpu[id].started)
		return;
	for (i = 0; i < id; i++)
		if (!vmm->vcpu[i].started)
			start(vmm, i, PARK_BASE);
	start(vmm, id, entry);
}

void vcpu_stop_all(struct vmm *vmm)
{
	unsigned int id;

	/* Who has no handle yet sees that the guest has ended before it enters. */
	pthread_mutex_lock(&vmm->lock);
	for (id = 0; id < vmm->cpus; id++)
		if (vmm->vcpu[id].handle)
			zx_vcpu_kick(vmm->vcpu[id].handle);
	pthread_mutex_unlock(&vmm->lock);
	for (id = 0; id < vmm->cpus; id++) {
		if (vmm->vcpu[id].started)
			pthread_join(vmm->vcpu[id].thread, NULL);
		vmm->vcpu[id].started = false;
	}
	vmm->created = 0;
}

bool vcpu_interrupt(struct vmm *vmm, unsigned int id, uint8_t vector, bool level)
{
	if (id >= vmm->cpus || !vmm->vcpu[id].handle)
		return false;
	return zxl_vcpu_interrupt(vmm->vcpu[id].handle, vector,
				  level ? ZXL_INTERRUPT_LEVEL : 0) == ZX_OK;
}
