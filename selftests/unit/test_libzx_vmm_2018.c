// SPDX-License-Identifier: GPL-2.0-only
/* A VMM in the style of 2018: what it is made of compiles, and its loop runs. */
/* build: ../../libzx/access.c ../../libzx/call.c ../../libzx/guest.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/port.c ../../libzx/resource.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/time.c ../../libzx/vcpu.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread -Werror */
#define ZX_API_LEVEL	2018
#include "test_libzx.h"

#define IO_APIC_PHYS_BASE	0xfec00000u
#define UART_PORT		0x3f8
#define VMO_SIZE		0x4000

static uint64_t stored;
static uint64_t ipi_mask;
static uint64_t started_id;

/* MOV to memory, of the accumulator: opcode 89, in the packet itself. */
static zx_status_t unhandled_mem(zx_handle_t vcpu, const zx_packet_guest_mem_t *mem)
{
	zx_vcpu_state_t vcpu_state;
	zx_status_t status;

	if (mem->inst_len > X86_MAX_INST_LEN || mem->inst_buf[0] != 0x89)
		return ZX_ERR_NOT_SUPPORTED;
	status = zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &vcpu_state, sizeof(vcpu_state));
	if (status != ZX_OK)
		return status;
	stored = mem->default_operand_size == 2 ? (uint16_t)vcpu_state.rax : vcpu_state.rax;
	vcpu_state.rcx = mem->addr;
	return zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &vcpu_state, sizeof(vcpu_state));
}

static zx_status_t vcpu_loop(zx_handle_t vcpu)
{
	while (true) {
		zx_port_packet_t packet;
		zx_status_t status = zx_vcpu_resume(vcpu, &packet);

		if (status != ZX_OK)
			return status;
		if (ZX_PKT_IS_GUEST_MEM(packet.type)) {
			status = unhandled_mem(vcpu, &packet.guest_mem);
		} else if (ZX_PKT_IS_GUEST_IO(packet.type)) {
			zx_vcpu_io_t io;

			memset(&io, 0, sizeof(io));
			io.access_size = packet.guest_io.access_size;
			io.u32 = packet.guest_io.port;
			status = zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io));
		} else if (ZX_PKT_IS_GUEST_VCPU(packet.type)) {
			switch (packet.guest_vcpu.type) {
			case ZX_PKT_GUEST_VCPU_INTERRUPT:
				ipi_mask = packet.guest_vcpu.interrupt.mask;
				status = zx_vcpu_interrupt(vcpu,
							   packet.guest_vcpu.interrupt.vector);
				break;
			case ZX_PKT_GUEST_VCPU_STARTUP:
				started_id = packet.guest_vcpu.startup.id;
				return packet.guest_vcpu.startup.entry == 0x9000 ?
				       ZX_OK : ZX_ERR_BAD_STATE;
			}
		}
		if (status != ZX_OK)
			return status;
	}
}

static zx_status_t start(zx_handle_t resource, zx_handle_t *vcpu)
{
	zx_handle_t guest, guest_vmar, physmem_vmo, port;
	uintptr_t addr;
	zx_status_t status;

	status = zx_vmo_create(VMO_SIZE, ZX_VMO_NON_RESIZABLE, &physmem_vmo);
	if (status != ZX_OK)
		return status;
	status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_FLAG_PERM_READ | ZX_VM_FLAG_PERM_WRITE, 0,
			     physmem_vmo, 0, VMO_SIZE, &addr);
	if (status != ZX_OK)
		return status;
	status = zx_guest_create(resource, 0, &guest, &guest_vmar);
	if (status != ZX_OK)
		return status;
	status = zx_vmar_map(guest_vmar, ZX_VM_FLAG_PERM_READ | ZX_VM_FLAG_PERM_WRITE |
			     ZX_VM_FLAG_PERM_EXECUTE | ZX_VM_FLAG_SPECIFIC, 0, physmem_vmo, 0,
			     VMO_SIZE, &addr);
	if (status != ZX_OK)
		return status;
	status = zx_port_create(0, &port);
	if (status != ZX_OK)
		return status;
	status = zx_guest_set_trap(guest, ZX_GUEST_TRAP_MEM, IO_APIC_PHYS_BASE, 4096,
				   ZX_HANDLE_INVALID, 0);
	if (status != ZX_OK)
		return status;
	status = zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, UART_PORT, 8, ZX_HANDLE_INVALID, 0);
	return status != ZX_OK ? status : zx_vcpu_create(guest, 0, 0, vcpu);
}

static void test_vmm(void **state)
{
	static const struct zx_packet script[] = {
		{ .type = ZX_PKT_TYPE_GUEST_IO,
		  .io = { .port = UART_PORT, .access_size = 4, .input = 1 } },
		{ .type = ZX_PKT_TYPE_GUEST_MEM,
		  .mem_v1 = { .addr = IO_APIC_PHYS_BASE, .inst_len = 2, .inst_buf = { 0x89, 0x07 },
			      .default_operand_size = 4 } },
		{ .type = ZX_PKT_TYPE_GUEST_VCPU,
		  .vcpu_v1 = { .type = ZX_PKT_GUEST_VCPU_INTERRUPT, .mask_or_id = 2,
			       .vector_or_entry = 0x31 } },
		{ .type = ZX_PKT_TYPE_GUEST_VCPU,
		  .vcpu_v1 = { .type = ZX_PKT_GUEST_VCPU_STARTUP, .mask_or_id = 3,
			       .vector_or_entry = 0x9000 } },
	};
	zx_handle_t resource = mock_new(ZX_OBJ_TYPE_RESOURCE, ZX_DEFAULT_RESOURCE_RIGHTS), vcpu;

	assert_int_equal(zxl_handle_from_fd((int)(resource >> 2)), resource);
	assert_int_equal(start(resource, &vcpu), ZX_OK);
	mock.script = script;
	assert_int_equal(vcpu_loop(vcpu), ZX_OK);
	assert_ptr_equal(mock.script, script + 4);
	assert_int_equal(stored, UART_PORT);
	assert_int_equal(ipi_mask, 2);
	assert_int_equal(started_id, 3);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_vmm, mock_reset),
	};

	return cmocka_run_group_tests_name("libzx VMM of 2018", tests, NULL, mock_reset);
}
