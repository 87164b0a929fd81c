/* SPDX-License-Identifier: MIT */
/* Topics and records of zx_object_get_info. */
#ifndef ZIRCON_SYSCALLS_OBJECT_H_
#define ZIRCON_SYSCALLS_OBJECT_H_

#include <zircon/types.h>

__BEGIN_CDECLS

typedef uint32_t zx_object_info_topic_t;
#define ZX_INFO_NONE			((__u32)0)
#define ZX_INFO_HANDLE_VALID		((__u32)1)	/* no record */
#define ZX_INFO_HANDLE_BASIC		((__u32)2)	/* zx_info_handle_basic_t */
#define ZX_INFO_VMAR			((__u32)7)	/* zx_info_vmar_t */
#define ZX_INFO_RESOURCE		((__u32)18)	/* zx_info_resource_t */
#define ZX_INFO_HANDLE_COUNT		((__u32)19)	/* zx_info_handle_count_t */
#define ZX_INFO_VMO			((__u32)23)	/* zx_info_vmo_t */
#define ZX_INFO_GUEST_STATS		((__u32)29)	/* zx_info_guest_stats_t[] */
#define ZX_INFO_VCPU			((__u32)32)	/* zx_info_vcpu_t */

typedef struct zx_info_handle_basic {
	zx_koid_t koid;
	zx_rights_t rights;
	zx_obj_type_t type;
	zx_koid_t related_koid;
	uint32_t reserved;
	uint8_t padding1[4];
} zx_info_handle_basic_t;

typedef struct zx_info_handle_count {
	uint32_t handle_count;
} zx_info_handle_count_t;

typedef struct zx_info_vmar {
	uintptr_t base;
	size_t len;
} zx_info_vmar_t;

/* A kick waits for the next zx_vcpu_enter. */
#define ZX_INFO_VCPU_FLAG_KICKED	((__u32)1 << 0)

typedef struct zx_info_vcpu {
	uint32_t flags;
} zx_info_vcpu_t;

/* base and size: of the SYSTEM kind. name: for people. */
typedef struct zx_info_resource {
	uint32_t kind;
	uint32_t flags;
	uint64_t base;
	size_t size;
	char name[ZX_MAX_NAME_LEN];
} zx_info_resource_t;

#define ZX_INFO_VMO_TYPE(flags)		((flags) & ((__u32)1 << 0))
#define ZX_INFO_VMO_TYPE_PHYSICAL	((__u32)0 << 0)
#define ZX_INFO_VMO_TYPE_PAGED		((__u32)1 << 0)
#define ZX_INFO_VMO_RESIZABLE		((__u32)1 << 1)
#define ZX_INFO_VMO_IS_COW_CLONE	((__u32)1 << 2)
#define ZX_INFO_VMO_VIA_HANDLE		((__u32)1 << 3)
#define ZX_INFO_VMO_VIA_MAPPING		((__u32)1 << 4)
#define ZX_INFO_VMO_PAGER_BACKED	((__u32)1 << 5)
#define ZX_INFO_VMO_CONTIGUOUS		((__u32)1 << 6)

/*
 * num_children, num_mappings: of now. committed_bytes: memory that it has;
 * handle_rights: of the handle that was asked.
 */
typedef struct zx_info_vmo {
	zx_koid_t koid;
	char name[ZX_MAX_NAME_LEN];
	uint64_t size_bytes;
	zx_koid_t parent_koid;
	size_t num_children;
	size_t num_mappings;
	size_t share_count;
	uint32_t flags;
	uint8_t padding1[4];
	uint64_t committed_bytes;
	zx_rights_t handle_rights;
	uint32_t cache_policy;
	uint64_t metadata_bytes;
	uint64_t committed_change_events;
	uint64_t populated_bytes;
} zx_info_vmo_t;

/* One record for each CPU of the host: what guests made it do. flags: bit 0, online. */
typedef struct zx_info_guest_stats {
	uint32_t cpu_number;
	uint32_t flags;
	uint64_t vm_entries;
	uint64_t vm_exits;
	uint64_t interrupts;
	uint64_t interrupt_windows;
	uint64_t cpuid_instructions;
	uint64_t hlt_instructions;
	uint64_t control_register_accesses;
	uint64_t io_instructions;
	uint64_t rdmsr_instructions;
	uint64_t wrmsr_instructions;
	uint64_t ept_violations;
	uint64_t xsetbv_instructions;
	uint64_t pause_instructions;
	uint64_t vmcall_instructions;
} zx_info_guest_stats_t;

/* Properties of zx_object_get_property. */
#define ZX_PROP_NAME			((__u32)3)	/* char[ZX_MAX_NAME_LEN] */

__END_CDECLS

#endif
