/* SPDX-License-Identifier: MIT */
/* The types and options that all calls share. */
#ifndef ZIRCON_TYPES_H_
#define ZIRCON_TYPES_H_

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zircon/compiler.h>
#include <zircon/errors.h>
#include <zircon/limits.h>
#include <zircon/rights.h>
#include <zircon/time.h>

typedef int32_t zx_status_t;

/* The two low bits of every valid handle are set; 0 is no handle. */
typedef uint32_t zx_handle_t;
#define ZX_HANDLE_INVALID		((__u32)0)
#define ZX_HANDLE_FIXED_BITS_MASK	((__u32)3)

typedef uint64_t zx_koid_t;
#define ZX_KOID_INVALID			((uint64_t)0)
#define ZX_KOID_KERNEL			((uint64_t)1)
#define ZX_KOID_FIRST			((uint64_t)1024)

typedef uint32_t zx_clock_t;
#define ZX_CLOCK_MONOTONIC		((zx_clock_t)0)
#define ZX_CLOCK_BOOT			((zx_clock_t)1)

typedef uint32_t zx_signals_t;
#define ZX_SIGNAL_NONE			((__u32)0)
#define ZX_OBJECT_READABLE		((__u32)1 << 0)
#define ZX_OBJECT_WRITABLE		((__u32)1 << 1)
#define ZX_OBJECT_PEER_CLOSED		((__u32)1 << 2)
#define ZX_OBJECT_SIGNALED		((__u32)1 << 3)
#define ZX_OBJECT_HANDLE_CLOSED		((__u32)1 << 23)
#define ZX_SIGNAL_HANDLE_CLOSED		((__u32)1 << 23)

#define ZX_EVENT_SIGNALED		((__u32)1 << 3)
#define ZX_EVENTPAIR_SIGNALED		((__u32)1 << 3)
#define ZX_EVENTPAIR_PEER_CLOSED	((__u32)1 << 2)
#define ZX_EVENT_SIGNAL_MASK		((__u32)0xff << 24 | (__u32)1 << 3)
#define ZX_EVENTPAIR_SIGNAL_MASK	((__u32)0xff << 24 | (__u32)1 << 3)
#define ZX_CHANNEL_READABLE		((__u32)1 << 0)
#define ZX_CHANNEL_WRITABLE		((__u32)1 << 1)
#define ZX_CHANNEL_PEER_CLOSED		((__u32)1 << 2)
#define ZX_VMO_ZERO_CHILDREN		((__u32)1 << 3)

/* These are the user's own. */
#define ZX_USER_SIGNAL_0		((__u32)1 << 24)
#define ZX_USER_SIGNAL_1		((__u32)1 << 25)
#define ZX_USER_SIGNAL_2		((__u32)1 << 26)
#define ZX_USER_SIGNAL_3		((__u32)1 << 27)
#define ZX_USER_SIGNAL_4		((__u32)1 << 28)
#define ZX_USER_SIGNAL_5		((__u32)1 << 29)
#define ZX_USER_SIGNAL_6		((__u32)1 << 30)
#define ZX_USER_SIGNAL_7		((__u32)1 << 31)
#define ZX_USER_SIGNAL_ALL		((__u32)0xff << 24)

#define ZX_WAIT_ASYNC_ONCE		((__u32)0)
#define ZX_WAIT_ASYNC_TIMESTAMP		((__u32)1 << 0)
#define ZX_WAIT_ASYNC_EDGE		((__u32)1 << 1)
#define ZX_WAIT_ASYNC_BOOT_TIMESTAMP	((__u32)1 << 2)

#define ZX_WAIT_MANY_MAX_ITEMS		64

typedef struct zx_wait_item {
	zx_handle_t handle;
	zx_signals_t waitfor;
	zx_signals_t pending;
} zx_wait_item_t;

#define ZX_CHANNEL_MAX_MSG_BYTES	((__u32)65536)
#define ZX_CHANNEL_MAX_MSG_HANDLES	((__u32)64)
#define ZX_CHANNEL_READ_MAY_DISCARD	((__u32)1)

/* What zx_channel_call puts into the first four bytes of its message. */
typedef uint32_t zx_txid_t;

typedef struct zx_channel_call_args {
	const void *wr_bytes;
	const zx_handle_t *wr_handles;
	void *rd_bytes;
	zx_handle_t *rd_handles;
	uint32_t wr_num_bytes;
	uint32_t wr_num_handles;
	uint32_t rd_num_bytes;
	uint32_t rd_num_handles;
} zx_channel_call_args_t;

typedef uintptr_t zx_vaddr_t;
typedef uintptr_t zx_paddr_t;
typedef uint32_t zx_paddr32_t;
typedef uint64_t zx_gpaddr_t;
typedef uint64_t zx_off_t;

#define ZX_MAX_NAME_LEN			32

typedef uint32_t zx_obj_type_t;
#define ZX_OBJ_TYPE_NONE		0
#define ZX_OBJ_TYPE_PROCESS		1
#define ZX_OBJ_TYPE_THREAD		2
#define ZX_OBJ_TYPE_VMO			3
#define ZX_OBJ_TYPE_CHANNEL		4
#define ZX_OBJ_TYPE_EVENT		5
#define ZX_OBJ_TYPE_PORT		6
#define ZX_OBJ_TYPE_INTERRUPT		9
#define ZX_OBJ_TYPE_PCI_DEVICE		11
#define ZX_OBJ_TYPE_LOG			12
#define ZX_OBJ_TYPE_DEBUGLOG		12
#define ZX_OBJ_TYPE_SOCKET		14
#define ZX_OBJ_TYPE_RESOURCE		15
#define ZX_OBJ_TYPE_EVENTPAIR		16
#define ZX_OBJ_TYPE_JOB			17
#define ZX_OBJ_TYPE_VMAR		18
#define ZX_OBJ_TYPE_FIFO		19
#define ZX_OBJ_TYPE_GUEST		20
#define ZX_OBJ_TYPE_VCPU		21
#define ZX_OBJ_TYPE_TIMER		22
#define ZX_OBJ_TYPE_IOMMU		23
#define ZX_OBJ_TYPE_BTI			24
#define ZX_OBJ_TYPE_PROFILE		25
#define ZX_OBJ_TYPE_PMT			26
#define ZX_OBJ_TYPE_SUSPEND_TOKEN	27
#define ZX_OBJ_TYPE_PAGER		28
#define ZX_OBJ_TYPE_EXCEPTION		29
#define ZX_OBJ_TYPE_CLOCK		30
#define ZX_OBJ_TYPE_STREAM		31
#define ZX_OBJ_TYPE_MSI			32
#define ZX_OBJ_TYPE_UPPER_BOUND		64

/* Options of zx_vmo_create, operations of zx_vmo_op_range. */
#define ZX_VMO_RESIZABLE		((__u32)1 << 1)
#define ZX_VMO_DISCARDABLE		((__u32)1 << 2)
#define ZX_VMO_TRAP_DIRTY		((__u32)1 << 3)
#define ZX_VMO_UNBOUNDED		((__u32)1 << 4)
/* Of 2018, when VMOs could be resized unless this was said. Now none can. */
#define ZX_VMO_NON_RESIZABLE		((__u32)0)

#define ZX_VMO_OP_COMMIT		((__u32)1)
#define ZX_VMO_OP_DECOMMIT		((__u32)2)
#define ZX_VMO_OP_LOCK			((__u32)3)
#define ZX_VMO_OP_UNLOCK		((__u32)4)
#define ZX_VMO_OP_CACHE_SYNC		((__u32)6)
#define ZX_VMO_OP_CACHE_INVALIDATE	((__u32)7)
#define ZX_VMO_OP_CACHE_CLEAN		((__u32)8)
#define ZX_VMO_OP_CACHE_CLEAN_INVALIDATE	((__u32)9)
#define ZX_VMO_OP_ZERO			((__u32)10)
#define ZX_VMO_OP_TRY_LOCK		((__u32)11)
#define ZX_VMO_OP_DONT_NEED		((__u32)12)
#define ZX_VMO_OP_ALWAYS_NEED		((__u32)13)
#define ZX_VMO_OP_PREFETCH		((__u32)14)

#define ZX_VMO_CHILD_SNAPSHOT		((__u32)1 << 0)
#define ZX_VMO_CHILD_RESIZABLE		((__u32)1 << 2)
#define ZX_VMO_CHILD_SLICE		((__u32)1 << 3)
#define ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE	((__u32)1 << 4)
#define ZX_VMO_CHILD_NO_WRITE		((__u32)1 << 5)
#define ZX_VMO_CHILD_REFERENCE		((__u32)1 << 6)
#define ZX_VMO_CHILD_SNAPSHOT_MODIFIED	((__u32)1 << 7)

#define ZX_CACHE_POLICY_CACHED		((__u32)0)
#define ZX_CACHE_POLICY_UNCACHED	((__u32)1)
#define ZX_CACHE_POLICY_UNCACHED_DEVICE	((__u32)2)
#define ZX_CACHE_POLICY_WRITE_COMBINING	((__u32)3)
#define ZX_CACHE_POLICY_MASK		((__u32)3)

/* Operations of zx_vmar_op_range. */
#define ZX_VMAR_OP_COMMIT		((__u32)1)
#define ZX_VMAR_OP_DECOMMIT		((__u32)2)
#define ZX_VMAR_OP_MAP_RANGE		((__u32)3)
#define ZX_VMAR_OP_ZERO			((__u32)10)
#define ZX_VMAR_OP_DONT_NEED		((__u32)12)
#define ZX_VMAR_OP_ALWAYS_NEED		((__u32)13)
#define ZX_VMAR_OP_PREFETCH		((__u32)14)

/* Options of mappings. */
typedef uint32_t zx_vm_option_t;
#define ZX_VM_PERM_READ			((__u32)1 << 0)
#define ZX_VM_PERM_WRITE		((__u32)1 << 1)
#define ZX_VM_PERM_EXECUTE		((__u32)1 << 2)
#define ZX_VM_COMPACT			((__u32)1 << 3)
#define ZX_VM_SPECIFIC			((__u32)1 << 4)
#define ZX_VM_SPECIFIC_OVERWRITE	((__u32)1 << 5)
#define ZX_VM_CAN_MAP_SPECIFIC		((__u32)1 << 6)
#define ZX_VM_CAN_MAP_READ		((__u32)1 << 7)
#define ZX_VM_CAN_MAP_WRITE		((__u32)1 << 8)
#define ZX_VM_CAN_MAP_EXECUTE		((__u32)1 << 9)
#define ZX_VM_MAP_RANGE			((__u32)1 << 10)
#define ZX_VM_REQUIRE_NON_RESIZABLE	((__u32)1 << 11)
#define ZX_VM_ALLOW_FAULTS		((__u32)1 << 12)
#define ZX_VM_OFFSET_IS_UPPER_LIMIT	((__u32)1 << 13)
#define ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED	((__u32)1 << 14)
#define ZX_VM_FAULT_BEYOND_STREAM_SIZE	((__u32)1 << 15)

/* Their names of 2018. */
#define ZX_VM_FLAG_PERM_READ		ZX_VM_PERM_READ
#define ZX_VM_FLAG_PERM_WRITE		ZX_VM_PERM_WRITE
#define ZX_VM_FLAG_PERM_EXECUTE		ZX_VM_PERM_EXECUTE
#define ZX_VM_FLAG_COMPACT		ZX_VM_COMPACT
#define ZX_VM_FLAG_SPECIFIC		ZX_VM_SPECIFIC
#define ZX_VM_FLAG_SPECIFIC_OVERWRITE	ZX_VM_SPECIFIC_OVERWRITE
#define ZX_VM_FLAG_CAN_MAP_SPECIFIC	ZX_VM_CAN_MAP_SPECIFIC
#define ZX_VM_FLAG_CAN_MAP_READ		ZX_VM_CAN_MAP_READ
#define ZX_VM_FLAG_CAN_MAP_WRITE	ZX_VM_CAN_MAP_WRITE
#define ZX_VM_FLAG_CAN_MAP_EXECUTE	ZX_VM_CAN_MAP_EXECUTE
#define ZX_VM_FLAG_MAP_RANGE		ZX_VM_MAP_RANGE
#define ZX_VM_FLAG_REQUIRE_NON_RESIZABLE	ZX_VM_REQUIRE_NON_RESIZABLE

/* Bits 31:24: the binary logarithm of the alignment asked for, 0 for none. */
#define ZX_VM_ALIGN_BASE		24
#define ZX_VM_ALIGN_1KB			((__u32)10 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_2KB			((__u32)11 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_4KB			((__u32)12 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_8KB			((__u32)13 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_16KB		((__u32)14 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_32KB		((__u32)15 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_64KB		((__u32)16 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_128KB		((__u32)17 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_256KB		((__u32)18 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_512KB		((__u32)19 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_1MB			((__u32)20 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_2MB			((__u32)21 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_4MB			((__u32)22 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_8MB			((__u32)23 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_16MB		((__u32)24 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_32MB		((__u32)25 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_64MB		((__u32)26 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_128MB		((__u32)27 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_256MB		((__u32)28 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_512MB		((__u32)29 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_1GB			((__u32)30 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_2GB			((__u32)31 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_4GB			((__u32)32 << ZX_VM_ALIGN_BASE)

#endif
