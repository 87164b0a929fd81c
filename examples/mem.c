// SPDX-License-Identifier: MIT
/*
 * A device of three registers at 1 MiB. The guest writes the first, reads the
 * second and writes what it got to the third; the kernel has decoded each
 * access, so that a device needs no instruction decoder.
 */
#include "guest.h"

#define DEVICE	0x100000

static const uint8_t code[] = {
	0xbb, 0x00, 0x00, 0x10, 0x00,		/* mov   $0x100000, %ebx */
	0xc7, 0x03, 0xd2, 0x04, 0x00, 0x00,	/* movl  $1234, (%rbx) */
	0x0f, 0xb6, 0x43, 0x08,			/* movzb 8(%rbx), %eax */
	0x66, 0x89, 0x43, 0x10,			/* mov   %ax, 16(%rbx) */
	0xe6, 0x80,				/* out   %al, $0x80 */
};

static void serve(zx_handle_t vcpu)
{
	zxl_vcpu_access_t access;

	check(zxl_vcpu_access(vcpu, &access), "zxl_vcpu_access");
	if (access.write) {
		printf("store of %u bytes at +%lu: %lu\n", access.size, access.addr - DEVICE,
		       access.value);
		return;
	}
	printf("load of %u bytes at +%lu: answering 42\n", access.size, access.addr - DEVICE);
	check(zxl_vcpu_access_finish(vcpu, 42), "zxl_vcpu_access_finish");
}

int main(void)
{
	zx_handle_t guest = guest_with_code(code, sizeof(code)), vcpu;
	zx_port_packet_t packet;

	check(zx_guest_set_trap(guest, ZX_GUEST_TRAP_MEM, DEVICE, 0x1000, 0, 0), "MEM trap");
	check(zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 0x80, 1, 0, 0), "IO trap");
	check(zx_vcpu_create(guest, 0, ENTRY, &vcpu), "zx_vcpu_create");
	for (;;) {
		check(zx_vcpu_enter(vcpu, &packet), "zx_vcpu_enter");
		if (packet.type != ZX_PKT_TYPE_GUEST_MEM)
			return 0;
		serve(vcpu);
	}
}
