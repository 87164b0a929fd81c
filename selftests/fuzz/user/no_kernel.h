/* SPDX-License-Identifier: GPL-2.0-only */
/* What the VMM's memory.c needs of a kernel, for fuzzers that use the rest of it. */
#ifndef NO_KERNEL_H
#define NO_KERNEL_H

#include <stdlib.h>
#include <zircon/syscalls.h>

#define UNUSED	__attribute__((unused))

zx_status_t zx_vmo_create(uint64_t size UNUSED, uint32_t options UNUSED, zx_handle_t *out UNUSED)
{
	abort();
}

zx_status_t zx_vmo_replace_as_executable(zx_handle_t vmo UNUSED, zx_handle_t vmex UNUSED,
					 zx_handle_t *out UNUSED)
{
	abort();
}

zx_status_t zx_vmo_op_range(zx_handle_t vmo UNUSED, uint32_t op UNUSED, uint64_t offset UNUSED,
			    uint64_t size UNUSED, void *buffer UNUSED, size_t length UNUSED)
{
	abort();
}

zx_handle_t zx_vmar_root_self(void)
{
	abort();
}

zx_status_t zx_vmar_map(zx_handle_t vmar UNUSED, zx_vm_option_t options UNUSED,
			uint64_t vmar_offset UNUSED, zx_handle_t vmo UNUSED,
			uint64_t vmo_offset UNUSED, uint64_t len UNUSED, zx_vaddr_t *out UNUSED)
{
	abort();
}

#endif
