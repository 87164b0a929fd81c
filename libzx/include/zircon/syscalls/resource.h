/* SPDX-License-Identifier: MIT */
/* Kinds of resources, for zx_resource_create. */
#ifndef ZIRCON_SYSCALLS_RESOURCE_H_
#define ZIRCON_SYSCALLS_RESOURCE_H_

#include <zircon/types.h>

/*
 * There are resources of the kinds SYSTEM, HYPERVISOR and VMEX. The last two are
 * Zircon's of before 2021 by name, and have numbers of their own.
 */
typedef uint32_t zx_rsrc_kind_t;
#define ZX_RSRC_KIND_MMIO		((__u32)0)
#define ZX_RSRC_KIND_IRQ		((__u32)1)
#define ZX_RSRC_KIND_IOPORT		((__u32)2)
#define ZX_RSRC_KIND_SMC		((__u32)4)
#define ZX_RSRC_KIND_SYSTEM		((__u32)5)
#define ZX_RSRC_KIND_HYPERVISOR		((__u32)0x2000)
#define ZX_RSRC_KIND_VMEX		((__u32)0x2001)

/* The ranges, of length 1, that the SYSTEM kind is made of. */
typedef uint64_t zx_rsrc_system_base_t;
#define ZX_RSRC_SYSTEM_HYPERVISOR_BASE	((__u64)0)
#define ZX_RSRC_SYSTEM_VMEX_BASE	((__u64)1)
#define ZX_RSRC_SYSTEM_DEBUG_BASE	((__u64)2)
#define ZX_RSRC_SYSTEM_INFO_BASE	((__u64)3)
#define ZX_RSRC_SYSTEM_CPU_BASE		((__u64)4)
#define ZX_RSRC_SYSTEM_POWER_BASE	((__u64)5)
#define ZX_RSRC_SYSTEM_MEXEC_BASE	((__u64)6)
#define ZX_RSRC_SYSTEM_ENERGY_INFO_BASE	((__u64)7)
#define ZX_RSRC_SYSTEM_IOMMU_BASE	((__u64)8)
#define ZX_RSRC_SYSTEM_PROFILE_BASE	((__u64)10)
#define ZX_RSRC_SYSTEM_MSI_BASE		((__u64)11)
#define ZX_RSRC_SYSTEM_DEBUGLOG_BASE	((__u64)12)
#define ZX_RSRC_SYSTEM_STALL_BASE	((__u64)13)
#define ZX_RSRC_SYSTEM_TRACING_BASE	((__u64)14)
#define ZX_RSRC_SYSTEM_SAMPLING_BASE	((__u64)15)
#define ZX_RSRC_SYSTEM_COUNT		((__u64)16)

typedef uint32_t zx_rsrc_flags_t;
#define ZX_RSRC_FLAG_EXCLUSIVE		((__u32)0x10000)
#define ZX_RSRC_FLAGS_MASK		ZX_RSRC_FLAG_EXCLUSIVE

#define ZX_RSRC_EXTRACT_KIND(options)	((options) & 0x0000ffff)
#define ZX_RSRC_EXTRACT_FLAGS(options)	((options) & 0xffff0000)

#endif
