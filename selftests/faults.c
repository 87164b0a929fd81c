// SPDX-License-Identifier: GPL-2.0-only
/* Faults in calls on all but memory; see faults.h. */
#include "guest_apic.h"
#include "faults.h"

static zx_status_t duplicate_vmo(struct _test_data_faults *self)
{
	return zx_handle_duplicate(self->vmo, ZX_RIGHT_SAME_RIGHTS, &self->consumed);
}

/* The name of the device's node is copied as well. */
FAULT(zxl_hypervisor_resource, .also = ZX_ERR_INTERNAL)
{
	return zxl_hypervisor_resource(&self->out[0]);
}

FAULT(zx_resource_create)
{
	return zx_resource_create(self->vm.resource, ZX_RSRC_KIND_HYPERVISOR, 0, 0, "name", 4,
				  &self->out[0]);
}

FAULT(zx_handle_duplicate)
{
	return zx_handle_duplicate(self->vm.guest, ZX_RIGHT_SAME_RIGHTS, &self->out[0]);
}

FAULT(zx_handle_replace, .before = duplicate_vmo)
{
	return zx_handle_replace(self->consumed, ZX_RIGHT_SAME_RIGHTS, &self->out[0]);
}

FAULT(zx_port_create)
{
	return zx_port_create(0, &self->out[0]);
}

static void port_empty(struct _test_data_faults *self)
{
	zx_port_packet_t packet;

	while (zx_port_wait(self->port, 0, &packet) == ZX_OK)
		;
}

FAULT(zx_port_queue, .after = port_empty)
{
	const zx_port_packet_t packet = { .type = ZX_PKT_TYPE_USER, .key = 1 };

	return zx_port_queue(self->port, &packet);
}

FAULT(zx_guest_create)
{
	return zx_guest_create(self->vm.resource, 0, &self->out[0], &self->out[1]);
}

static zx_status_t guest_up(struct _test_data_faults *self)
{
	zx_status_t status = vm_up(&self->other);

	if (status != ZX_OK)
		return status;
	vm_load(&self->other, probe_store_start, probe_store_end);
	vm_frame(&self->other)->rdi = GUEST_SPARE;
	return ZX_OK;
}

static zx_status_t guest_boot(struct _test_data_faults *self)
{
	return guest_up(self) ?: vm_vcpu(&self->other);
}

static void guest_down(struct _test_data_faults *self)
{
	vm_down(&self->other);
}

FAULT(zx_vcpu_create, .before = guest_up, .after = guest_down, .maps = true)
{
	return vm_vcpu(&self->other);
}

FAULT_AS(zx_vcpu_enter, _first, .before = guest_boot, .after = guest_down)
{
	return vm_finish(&self->other);
}

static void untrap_io(struct _test_data_faults *self)
{
	zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_IO, 0x300);
}

FAULT_AS(zx_guest_set_trap, _io, .after = untrap_io)
{
	return zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_IO, 0x300, 1, ZX_HANDLE_INVALID, 0);
}

static void untrap_mem(struct _test_data_faults *self)
{
	zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE);
}

FAULT_AS(zx_guest_set_trap, _mem, .after = untrap_mem)
{
	return zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE, PAGE,
				 ZX_HANDLE_INVALID, 0);
}

static void untrap_bell(struct _test_data_faults *self)
{
	zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL);
}

FAULT_AS(zx_guest_set_trap, _bell, .after = untrap_bell)
{
	return zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, self->port,
				 KEY_BELL);
}

FAULT(zx_event_create)
{
	return zx_event_create(0, &self->out[0]);
}

FAULT(zx_eventpair_create)
{
	return zx_eventpair_create(0, &self->out[0], &self->out[1]);
}

FAULT(zx_channel_create)
{
	return zx_channel_create(0, &self->out[0], &self->out[1]);
}

static void drain(struct _test_data_faults *self)
{
	char bytes[8];

	while (zx_channel_read(self->end[1], 0, bytes, self->out, sizeof(bytes), 1, NULL,
			       NULL) == ZX_OK)
		zx_handle_close(self->out[0]);
	self->out[0] = ZX_HANDLE_INVALID;
}

FAULT(zx_channel_write, .after = drain)
{
	return zx_channel_write(self->end[0], 0, "text", 4, NULL, 0);
}

FAULT_AS(zx_channel_write, _with_a_handle, .before = duplicate_vmo, .after = drain)
{
	return zx_channel_write(self->end[0], 0, "text", 4, &self->consumed, 1);
}

/* Nobody answers: to have been sent is all that this call can come to. */
FAULT(zx_channel_call, .after = drain)
{
	char answer[8];
	const zx_channel_call_args_t args = { .wr_bytes = "text", .wr_num_bytes = 4,
					      .rd_bytes = answer, .rd_num_bytes = 8 };
	uint32_t bytes, handles;
	const zx_status_t status = zx_channel_call(self->end[0], 0, 0, &args, &bytes, &handles);

	return status == ZX_ERR_TIMED_OUT ? ZX_OK : status;
}

static void forget(struct _test_data_faults *self)
{
	zx_port_cancel(self->port, self->event, 1);
}

FAULT(zx_object_wait_async, .after = forget)
{
	return zx_object_wait_async(self->event, self->port, 1, ZX_EVENT_SIGNALED, 0);
}

FAULT(zx_object_wait_many)
{
	zx_wait_item_t item = { .handle = self->event, .waitfor = ZX_EVENT_SIGNALED };
	const zx_status_t status = zx_object_wait_many(&item, 1, 0);

	return status == ZX_ERR_TIMED_OUT ? ZX_OK : status;
}

FAULT_AS(zx_vcpu_resume, _first, .before = guest_boot, .after = guest_down)
{
	zx_port_packet_t packet;

	return zx_vcpu_resume(self->other.vcpu, &packet);
}

/* The VCPU stands behind a trapped access, and the page beside was never touched. */
static zx_status_t guest_trapped(struct _test_data_faults *self)
{
	zx_port_packet_t packet;
	zx_status_t status = guest_up(self);

	vm_frame(&self->other)->rdi = GUEST_TRAP;
	return status ?: zx_guest_set_trap(self->other.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, 0) ?:
	       zx_vmo_op_range(self->other.vmo, ZX_VMO_OP_DECOMMIT, GUEST_SPARE, PAGE, NULL, 0) ?:
	       vm_vcpu(&self->other) ?: zx_vcpu_enter(self->other.vcpu, &packet);
}

FAULT(zxl_vcpu_read_memory, .before = guest_trapped, .after = guest_down)
{
	uint64_t value;

	return zxl_vcpu_read_memory(self->other.vcpu, GUEST_SPARE, &value, sizeof(value), NULL);
}

FAULT(zxl_vcpu_write_memory, .before = guest_trapped, .after = guest_down)
{
	uint64_t value = 0;

	return zxl_vcpu_write_memory(self->other.vcpu, GUEST_SPARE, &value, sizeof(value), NULL);
}

COPY_FAULT(zx_object_get_info)
{
	zx_info_handle_basic_t info;

	return zx_object_get_info(self->vm.guest, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL,
				  NULL);
}

COPY_FAULT_AS(zx_object_get_info, _stats)
{
	zx_info_guest_stats_t stats[8];

	return zx_object_get_info(self->vm.resource, ZX_INFO_GUEST_STATS, stats, sizeof(stats),
				  NULL, NULL);
}

COPY_FAULT(zx_object_wait_one)
{
	zx_signals_t observed;
	const zx_status_t status = zx_object_wait_one(self->event, ZX_EVENT_SIGNALED, 0,
						      &observed);

	return status == ZX_ERR_TIMED_OUT ? ZX_OK : status;
}

COPY_FAULT(zx_object_signal)
{
	return zx_object_signal(self->event, 0, ZX_USER_SIGNAL_0);
}

COPY_FAULT(zx_object_signal_peer)
{
	return zx_object_signal_peer(self->end[0], 0, ZX_USER_SIGNAL_0);
}

COPY_FAULT(zx_object_get_property)
{
	char name[ZX_MAX_NAME_LEN];

	return zx_object_get_property(self->vmo, ZX_PROP_NAME, name, sizeof(name));
}

COPY_FAULT(zx_object_set_property)
{
	return zx_object_set_property(self->vmo, ZX_PROP_NAME, "name", 4);
}

static zx_status_t queue_one(struct _test_data_faults *self)
{
	const zx_port_packet_t packet = { .type = ZX_PKT_TYPE_USER, .key = 1 };

	return zx_port_queue(self->port, &packet);
}

/* One for the call whose copy fails, which loses it, and one for the call after it. */
static zx_status_t queue_two(struct _test_data_faults *self)
{
	return queue_one(self) ?: queue_one(self);
}

COPY_FAULT(zx_port_wait, .before = queue_two, .after = port_empty)
{
	zx_port_packet_t packet;

	return zx_port_wait(self->port, 0, &packet);
}

static zx_status_t observe(struct _test_data_faults *self)
{
	return zx_object_wait_async(self->event, self->port, 1, ZX_EVENT_SIGNALED, 0);
}

COPY_FAULT(zx_port_cancel, .before = observe)
{
	return zx_port_cancel(self->port, self->event, 1);
}

static zx_status_t write_one(struct _test_data_faults *self)
{
	return duplicate_vmo(self) ?:
	       zx_channel_write(self->end[0], 0, "text", 4, &self->consumed, 1);
}

/* As of packets. */
static zx_status_t write_two(struct _test_data_faults *self)
{
	const zx_status_t status = write_one(self) ?: write_one(self);

	self->consumed = ZX_HANDLE_INVALID;
	return status;
}

COPY_FAULT(zx_channel_read, .before = write_two, .after = drain)
{
	char bytes[8];

	return zx_channel_read(self->end[1], 0, bytes, self->out, sizeof(bytes), 1, NULL, NULL);
}

static zx_status_t trap_all(struct _test_data_faults *self)
{
	return zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_IO, 0x300, 1, 0, 0) ?:
	       zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE, PAGE, 0, 0) ?:
	       zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, self->port,
				 KEY_BELL);
}

static void untrap_all(struct _test_data_faults *self)
{
	untrap_io(self);
	untrap_mem(self);
	untrap_bell(self);
}

COPY_FAULT_AS(zxl_guest_unset_trap, _io, .before = trap_all, .after = untrap_all)
{
	return zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_IO, 0x300);
}

COPY_FAULT_AS(zxl_guest_unset_trap, _mem, .before = trap_all, .after = untrap_all)
{
	return zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE);
}

COPY_FAULT_AS(zxl_guest_unset_trap, _bell, .before = trap_all, .after = untrap_all)
{
	return zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL);
}

static void untrap_apic(struct _test_data_faults *self)
{
	zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, APIC_PAGE);
}

FAULT_AS(zx_guest_set_trap, _apic, .after = untrap_apic)
{
	return zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, APIC_PAGE, PAGE,
				 ZX_HANDLE_INVALID, 0);
}

COPY_FAULT(zxl_guest_set_ipi_mode)
{
	return zxl_guest_set_ipi_mode(self->vm.guest, ZXL_IPI_KERNEL);
}

COPY_FAULT(zx_vcpu_interrupt, .before = guest_boot, .after = guest_down)
{
	return zx_vcpu_interrupt(self->other.vcpu, 0x40);
}

/* A state that is not in the shared page. */
COPY_FAULT(zx_vcpu_read_state, .before = guest_boot, .after = guest_down)
{
	uint64_t rip;

	return zx_vcpu_read_state(self->other.vcpu, ZXL_VCPU_RIP, &rip, sizeof(rip));
}

COPY_FAULT(zx_vcpu_write_state, .before = guest_boot, .after = guest_down)
{
	const uint64_t rip = GUEST_ENTRY;

	return zx_vcpu_write_state(self->other.vcpu, ZXL_VCPU_RIP, &rip, sizeof(rip));
}

/* Tables of the guest's own in pages that no access has made present: one level at a time. */
static zx_status_t guest_with_new_tables(struct _test_data_faults *self)
{
	const uint64_t to = GUEST_SPARE;
	zx_status_t status = guest_up(self);
	uint64_t *entry;
	unsigned int i;

	if (status != ZX_OK)
		return status;
	vm_load(&self->other, probe_move_tables_start, probe_move_tables_end);
	memcpy(self->other.mem + to, self->other.mem + GUEST_TABLES, 3 * PAGE);
	for (i = 0; i < 2; i++) {
		entry = (uint64_t *)(self->other.mem + to + i * PAGE);
		*entry += to - GUEST_TABLES;
	}
	vm_frame(&self->other)->rax = to;
	vm_frame(&self->other)->rdi = GUEST_SPARE + 64 * PAGE;
	return vm_vcpu(&self->other);
}

FAULT_AS(zx_vcpu_enter, _new_tables, .before = guest_with_new_tables, .after = guest_down)
{
	return vm_finish(&self->other);
}

/* What the VCPU needs to go on was taken from under it. */
static zx_status_t guest_cut_off(struct _test_data_faults *self)
{
	zx_vaddr_t addr;

	return guest_boot(self) ?: vm_finish(&self->other) ?:
	       zx_vmar_map(self->other.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE |
			   ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC_OVERWRITE, 0, self->other.vmo, 0,
			   GUEST_RAM, &addr);
}

FAULT_AS(zx_vcpu_enter, _cut_off, .before = guest_cut_off, .after = guest_down)
{
	return vm_finish(&self->other);
}

TEST_HARNESS_MAIN
