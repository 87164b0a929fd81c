// SPDX-License-Identifier: MIT
/*
 * A device of eight registers at 1 MiB, and a guest that does to them what no
 * plain MOV does: it sets a bit under LOCK, and fills two with a string store.
 * libzx-assist executes both; the device sees loads and stores.
 */
#include <string.h>
#include <zxl/assist.h>

#include "guest.h"

#define DEVICE	0x100000

static const uint8_t code[] = {
	0xbb, 0x00, 0x00, 0x10, 0x00,			/* mov   $0x100000, %ebx */
	0xf0, 0x81, 0x0b, 0x80, 0x00, 0x00, 0x00,	/* lock orl $0x80, (%rbx) */
	0x8d, 0x7b, 0x10,				/* lea   16(%rbx), %edi */
	0xb9, 0x02, 0x00, 0x00, 0x00,			/* mov   $2, %ecx */
	0xb8, 0x2a, 0x00, 0x00, 0x00,			/* mov   $42, %eax */
	0xf3, 0xab,					/* rep stosl */
	0xe6, 0x80,					/* out   %al, $0x80 */
};

static zx_status_t device_read(void *context, zx_gpaddr_t addr, void *data, size_t size)
{
	uint32_t *registers = context, offset = addr - DEVICE;

	if (size != 4 || offset % 4 || offset >= 32)
		return ZX_ERR_OUT_OF_RANGE;
	memcpy(data, &registers[offset / 4], 4);
	printf("load at +%u: %u\n", offset, registers[offset / 4]);
	return ZX_OK;
}

static zx_status_t device_write(void *context, zx_gpaddr_t addr, const void *data, size_t size)
{
	uint32_t *registers = context, offset = addr - DEVICE;

	if (size != 4 || offset % 4 || offset >= 32)
		return ZX_ERR_OUT_OF_RANGE;
	memcpy(&registers[offset / 4], data, 4);
	printf("store at +%u: %u\n", offset, registers[offset / 4]);
	return ZX_OK;
}

int main(void)
{
	static const zxl_assist_ops_t ops = { .read = device_read, .write = device_write };
	zx_handle_t guest = guest_with_code(code, sizeof(code)), vcpu;
	uint32_t registers[8] = { 1 };
	zx_port_packet_t packet;

	check(zx_guest_set_trap(guest, ZX_GUEST_TRAP_MEM, DEVICE, 0x1000, 0, 0), "MEM trap");
	check(zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 0x80, 1, 0, 0), "IO trap");
	check(zx_vcpu_create(guest, 0, ENTRY, &vcpu), "zx_vcpu_create");
	for (;;) {
		check(zx_vcpu_enter(vcpu, &packet), "zx_vcpu_enter");
		if (packet.type != ZX_PKT_TYPE_GUEST_MEM)
			return 0;
		check(zxl_vcpu_assist(vcpu, &ops, registers), "zxl_vcpu_assist");
	}
}
