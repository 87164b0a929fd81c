/* SPDX-License-Identifier: MIT */
/* Kinds of resources, for zx_resource_create. */
#ifndef ZIRCON_SYSCALLS_RESOURCE_H_
#define ZIRCON_SYSCALLS_RESOURCE_H_

#include <zircon/types.h>

typedef uint32_t zx_rsrc_kind_t;
#define ZX_RSRC_KIND_SYSTEM		((__u32)5)
#define ZX_RSRC_KIND_HYPERVISOR		((__u32)0x2000)
#define ZX_RSRC_KIND_VMEX		((__u32)0x2001)

/* The ranges, of length 1, that the SYSTEM kind is made of. */
typedef uint64_t zx_rsrc_system_base_t;
#define ZX_RSRC_SYSTEM_HYPERVISOR_BASE	((__u64)0)
#define ZX_RSRC_SYSTEM_VMEX_BASE	((__u64)1)
#define ZX_RSRC_SYSTEM_INFO_BASE	((__u64)3)

typedef uint32_t zx_rsrc_flags_t;
#define ZX_RSRC_FLAG_EXCLUSIVE		((__u32)0x10000)

#endif
