/* SPDX-License-Identifier: MIT */
/*
 * What hello.c does by hand, for the examples whose idea is another one: a
 * guest with CODE at 0x3000 and the first 2 MiB mapped one to one, of which
 * MEMORY is there.
 */
#ifndef EXAMPLES_GUEST_H
#define EXAMPLES_GUEST_H

#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zxl/hypervisor.h>

#define ENTRY	0x3000
#define MEMORY	0x4000

static inline void check(zx_status_t status, const char *what)
{
	if (status == ZX_OK)
		return;
	fprintf(stderr, "%s: %s\n", what, zx_status_get_string(status));
	exit(1);
}

/* With the VMO that is its memory. */
static inline zx_handle_t guest_with_memory(const void *code, size_t size, zx_handle_t *memory)
{
	static const uint64_t pml4 = 0x1003, pdpt = 0x2003, pd = 0x83;
	const zx_vm_option_t options = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE |
				       ZX_VM_SPECIFIC;
	zx_handle_t resource, vmex, guest, vmar, vmo;
	zx_vaddr_t addr;

	check(zxl_hypervisor_resource(&resource), "/dev/zx_hypervisor");
	check(zx_resource_create(resource, ZX_RSRC_KIND_VMEX, 0, 0, "", 0, &vmex), "vmex");
	check(zx_guest_create(resource, 0, &guest, &vmar), "zx_guest_create");
	check(zx_vmo_create(MEMORY, 0, &vmo), "zx_vmo_create");
	check(zx_vmo_write(vmo, &pml4, 0, sizeof(pml4)), "zx_vmo_write");
	check(zx_vmo_write(vmo, &pdpt, 0x1000, sizeof(pdpt)), "zx_vmo_write");
	check(zx_vmo_write(vmo, &pd, 0x2000, sizeof(pd)), "zx_vmo_write");
	check(zx_vmo_write(vmo, code, ENTRY, size), "zx_vmo_write");
	check(zx_vmo_replace_as_executable(vmo, vmex, &vmo), "zx_vmo_replace_as_executable");
	check(zx_vmar_map(vmar, options, 0, vmo, 0, MEMORY, &addr), "zx_vmar_map");
	/* What a guest is made of stays with it; the handles may go. */
	check(zx_handle_close_many((zx_handle_t[]) { resource, vmex, vmar }, 3),
	      "zx_handle_close_many");
	*memory = vmo;
	return guest;
}

static inline zx_handle_t guest_with_code(const void *code, size_t size)
{
	zx_handle_t vmo, guest = guest_with_memory(code, size, &vmo);

	check(zx_handle_close(vmo), "zx_handle_close");
	return guest;
}

#endif
