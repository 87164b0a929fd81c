// SPDX-License-Identifier: MIT
/* A guest of 13 bytes that says hello through an I/O trap. */
#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zxl/hypervisor.h>

#define MEMORY	0x5000
#define RWX	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)

/* The first VCPU starts in 64-bit mode with CR3 0: tables for the first 2 MiB. */
static const uint64_t pml4[] = { 0x1003 }, pdpt[] = { 0x2003 }, pd[] = { 0x83 };

static const uint8_t code[] = {
	0xbe, 0x00, 0x40, 0x00, 0x00,	/*    mov  $0x4000, %esi */
	0x66, 0xba, 0xf8, 0x03,		/*    mov  $0x3f8, %dx */
	0xac,				/* 1: lodsb */
	0xee,				/*    out  %al, %dx */
	0xeb, 0xfc,			/*    jmp  1b */
};

static const char text[] = "Hello from a guest!\n";

static void check(zx_status_t status, const char *what)
{
	if (status == ZX_OK)
		return;
	fprintf(stderr, "hello: %s: %s\n", what, zx_status_get_string(status));
	exit(1);
}

int main(void)
{
	zx_handle_t resource, vmex, guest, vmar, vmo, vcpu;
	zx_port_packet_t packet;
	zx_vaddr_t addr;

	check(zxl_hypervisor_resource(&resource), "/dev/zx_hypervisor");
	check(zx_resource_create(resource, ZX_RSRC_KIND_VMEX, 0, 0, "", 0, &vmex), "vmex");
	check(zx_guest_create(resource, 0, &guest, &vmar), "zx_guest_create");
	check(zx_vmo_create(MEMORY, 0, &vmo), "zx_vmo_create");
	check(zx_vmo_write(vmo, pml4, 0, sizeof(pml4)), "zx_vmo_write");
	check(zx_vmo_write(vmo, pdpt, 0x1000, sizeof(pdpt)), "zx_vmo_write");
	check(zx_vmo_write(vmo, pd, 0x2000, sizeof(pd)), "zx_vmo_write");
	check(zx_vmo_write(vmo, code, 0x3000, sizeof(code)), "zx_vmo_write");
	check(zx_vmo_write(vmo, text, 0x4000, sizeof(text)), "zx_vmo_write");
	check(zx_vmo_replace_as_executable(vmo, vmex, &vmo), "zx_vmo_replace_as_executable");
	check(zx_vmar_map(vmar, RWX | ZX_VM_SPECIFIC, 0, vmo, 0, MEMORY, &addr), "zx_vmar_map");
	check(zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 0x3f8, 1, 0, 0), "zx_guest_set_trap");
	check(zx_vcpu_create(guest, 0, 0x3000, &vcpu), "zx_vcpu_create");
	for (;;) {
		check(zx_vcpu_enter(vcpu, &packet), "zx_vcpu_enter");
		if (packet.guest_io.u8 == 0)
			return 0;
		putchar(packet.guest_io.u8);
	}
}
