// SPDX-License-Identifier: MIT
/* A guest of 13 bytes that says hello through an I/O trap. */
#include <err.h>
#include <stdio.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zxl/hypervisor.h>

#define OK(call) check(call, #call)

/* CR3 is 0, and the first entry there points to the page itself: one page is all four levels. */
static const uint64_t tables[] = { 0x0003, 0x1003 };
static const char code[] =
	"\xbe\x0d\x10\x00\x00"		/*    mov   $0x100d, %esi */
	"\x66\xba\xf8\x03"		/*    mov   $0x3f8, %dx */
	"\xac"				/* 1: lodsb */
	"\xee"				/*    out   %al, %dx */
	"\xeb\xfc"			/*    jmp   1b */
	"Hello from a guest!\n";

static void check(zx_status_t status, const char *call)
{
	if (status != ZX_OK)
		errx(1, "%s: %s", call, zx_status_get_string(status));
}

int main(void)
{
	const zx_vm_option_t rwx = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE;
	zx_handle_t resource, guest, vmar, vmo, vcpu;
	zx_port_packet_t packet;
	zx_vaddr_t addr;

	OK(zxl_hypervisor_resource(&resource));
	OK(zx_guest_create(resource, 0, &guest, &vmar));
	OK(zx_vmo_create(0x2000, 0, &vmo));
	OK(zx_vmo_write(vmo, tables, 0, sizeof(tables)));
	OK(zx_vmo_write(vmo, code, 0x1000, sizeof(code)));
	OK(zx_vmo_replace_as_executable(vmo, ZX_HANDLE_INVALID, &vmo));
	OK(zx_vmar_map(vmar, rwx | ZX_VM_SPECIFIC, 0, vmo, 0, 0x2000, &addr));
	OK(zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 0x3f8, 1, ZX_HANDLE_INVALID, 0));
	OK(zx_vcpu_create(guest, 0, 0x1000, &vcpu));
	do {
		OK(zx_vcpu_enter(vcpu, &packet));
		putchar(packet.guest_io.u8);
	} while (packet.guest_io.u8 != '\n');
	return 0;
}
