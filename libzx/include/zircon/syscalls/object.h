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
#define ZX_INFO_HANDLE_COUNT		((__u32)19)	/* zx_info_handle_count_t */
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

__END_CDECLS

#endif
