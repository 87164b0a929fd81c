// SPDX-License-Identifier: GPL-2.0-only
/* A VMM in the style of today: what it is made of compiles, and its loop runs. */
/* build: ../../libzx/access.c ../../libzx/call.c ../../libzx/guest.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/port.c ../../libzx/resource.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/time.c ../../libzx/vcpu.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread -Werror */
#include "test_libzx.h"
#include <zircon/limits.h>
#include <zircon/rights.h>
#include <zircon/time.h>

#define UART_BASE	0x3f8
#define UART_SIZE	8
#define DEVICE_BASE	0xf8000000
#define BELL_BASE	0xf8100000

struct device {
	uint16_t line_status;
	uint64_t written;
	uint64_t interrupts;
	uint64_t started;
};

struct machine {
	zx_handle_t guest;
	zx_handle_t vmar;
	zx_handle_t devices;
	zx_handle_t memory;
	zx_handle_t port;
	zx_handle_t vcpu;
	uintptr_t host;
	struct device device;
};

static zx_status_t machine_map(struct machine *machine, size_t size)
{
	zx_status_t status;
	zx_vaddr_t addr;

	status = zx_vmo_create(size, 0, &machine->memory);
	if (status != ZX_OK)
		return status;
	status = zx_object_set_property(machine->memory, ZX_PROP_NAME, "guest-memory", 12);
	if (status != ZX_OK)
		return status;
	status = zx_vmo_replace_as_executable(machine->memory, machine->guest, &machine->memory);
	if (status != ZX_OK)
		return status;
	status = zx_vmar_map(machine->vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE |
			     ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC | ZX_VM_REQUIRE_NON_RESIZABLE, 0,
			     machine->memory, 0, size, &addr);
	if (status != ZX_OK)
		return status;
	status = zx_vmar_allocate(machine->vmar, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE |
				  ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_SPECIFIC, 0xc00000000,
				  ZX_PAGE_SIZE, &machine->devices, &addr);
	if (status != ZX_OK)
		return status;
	return zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE |
			   ZX_VM_ALLOW_FAULTS, 0, machine->memory, 0, size, &machine->host);
}

static zx_status_t machine_init(struct machine *machine, zx_handle_t resource)
{
	zx_status_t status;

	status = zx_guest_create(resource, 0, &machine->guest, &machine->vmar);
	if (status != ZX_OK)
		return status;
	status = machine_map(machine, 4 * ZX_PAGE_SIZE);
	if (status != ZX_OK)
		return status;
	status = zx_port_create(0, &machine->port);
	if (status != ZX_OK)
		return status;
	status = zx_guest_set_trap(machine->guest, ZX_GUEST_TRAP_IO, UART_BASE, UART_SIZE,
				   ZX_HANDLE_INVALID, (uintptr_t)&machine->device);
	if (status != ZX_OK)
		return status;
	status = zx_guest_set_trap(machine->guest, ZX_GUEST_TRAP_MEM, DEVICE_BASE, ZX_PAGE_SIZE,
				   ZX_HANDLE_INVALID, (uintptr_t)&machine->device);
	if (status != ZX_OK)
		return status;
	status = zx_guest_set_trap(machine->guest, ZX_GUEST_TRAP_BELL, BELL_BASE, ZX_PAGE_SIZE,
				   machine->port, (uintptr_t)&machine->device);
	return status != ZX_OK ? status : zx_vcpu_create(machine->guest, 0, 0, &machine->vcpu);
}

static zx_status_t handle_io(struct machine *machine, const zx_port_packet_t *packet)
{
	struct device *device = (struct device *)packet->key;
	zx_vcpu_io_t io = { .access_size = packet->guest_io.access_size };

	if (!packet->guest_io.input) {
		device->written = packet->guest_io.u8;
		return ZX_OK;
	}
	io.u16 = device->line_status;
	return zx_vcpu_write_state(machine->vcpu, ZX_VCPU_IO, &io, sizeof(io));
}

/* The instruction is in the guest's memory, at rip through cr3; here that is the identity. */
static zx_status_t handle_mem(struct machine *machine, const zx_port_packet_t *packet)
{
	const uint8_t *instruction = (const uint8_t *)(machine->host + packet->guest_mem.rip);
	struct device *device = (struct device *)packet->key;
	zx_vcpu_state_t state;
	zx_status_t status;

	if (packet->guest_mem.instruction_size != 2 || packet->guest_mem.cr3 != 0 ||
	    packet->guest_mem.default_operand_size != 4 || instruction[0] != 0x89)
		return ZX_ERR_NOT_SUPPORTED;
	status = zx_vcpu_read_state(machine->vcpu, ZX_VCPU_STATE, &state, sizeof(state));
	if (status == ZX_OK)
		device->written = state.rax;
	return status;
}

static zx_status_t handle_vcpu(struct machine *machine, const zx_port_packet_t *packet)
{
	switch (packet->guest_vcpu.type) {
	case ZX_PKT_GUEST_VCPU_INTERRUPT:
		machine->device.interrupts = packet->guest_vcpu.interrupt.mask;
		return zx_vcpu_interrupt(machine->vcpu, packet->guest_vcpu.interrupt.vector);
	case ZX_PKT_GUEST_VCPU_STARTUP:
		machine->device.started = packet->guest_vcpu.startup.entry;
		return packet->guest_vcpu.startup.id == 1 ? ZX_ERR_STOP : ZX_ERR_BAD_STATE;
	default:
		return ZX_ERR_NOT_SUPPORTED;
	}
}

static zx_status_t machine_run(struct machine *machine)
{
	zx_port_packet_t packet;
	zx_status_t status;

	do {
		status = zx_vcpu_enter(machine->vcpu, &packet);
		if (status != ZX_OK)
			break;
		switch (packet.type) {
		case ZX_PKT_TYPE_GUEST_IO:
			status = handle_io(machine, &packet);
			break;
		case ZX_PKT_TYPE_GUEST_MEM:
			status = handle_mem(machine, &packet);
			break;
		case ZX_PKT_TYPE_GUEST_VCPU:
			status = handle_vcpu(machine, &packet);
			break;
		default:
			status = ZX_ERR_NOT_SUPPORTED;
		}
	} while (status == ZX_OK);
	return status;
}

static void test_vmm(void **state)
{
	zx_handle_t resource = mock_new(ZX_OBJ_TYPE_RESOURCE, ZX_DEFAULT_RESOURCE_RIGHTS);
	struct machine machine = { .device.line_status = 0x60 };
	const uint64_t key = (uintptr_t)&machine.device;
	const struct zx_packet script[] = {
		{ .key = key, .type = ZX_PKT_TYPE_GUEST_IO,
		  .io = { .port = UART_BASE, .access_size = 1, .data = 'x' } },
		{ .key = key, .type = ZX_PKT_TYPE_GUEST_IO,
		  .io = { .port = UART_BASE + 5, .access_size = 2, .input = 1 } },
		{ .key = key, .type = ZX_PKT_TYPE_GUEST_MEM,
		  .mem = { .addr = DEVICE_BASE, .rip = 0x1000, .instruction_size = 2,
			   .default_operand_size = 4 } },
		{ .type = ZX_PKT_TYPE_GUEST_VCPU,
		  .vcpu = { .type = ZX_PKT_GUEST_VCPU_INTERRUPT, .mask_or_id = 6,
			    .vector_or_entry = 0x31 } },
		{ .type = ZX_PKT_TYPE_GUEST_VCPU,
		  .vcpu = { .type = ZX_PKT_GUEST_VCPU_STARTUP, .mask_or_id = 1,
			    .vector_or_entry = 0x9000 } },
	};

	assert_int_equal(zxl_handle_from_fd((int)(resource >> 2)), resource);
	assert_int_equal(machine_init(&machine, resource), ZX_OK);
	*(uint8_t *)(machine.host + 0x1000) = 0x89;
	mock.script = script;
	assert_int_equal(machine_run(&machine), ZX_ERR_STOP);
	assert_ptr_equal(mock.script, script + 5);
	/* IN's answer is in the lower half of the register that the store then stored. */
	assert_int_equal(machine.device.written, 0x60);
	assert_int_equal(machine.device.interrupts, 6);
	assert_int_equal(machine.device.started, 0x9000);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_vmm, mock_reset),
	};

	return cmocka_run_group_tests_name("libzx VMM of today", tests, NULL, mock_reset);
}
