/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * zx_types.h - the values, packets and records that the calls of
 * zx_hypervisor.h share. Read that one first: it has the model.
 */
#ifndef _UAPI_ZX_TYPES_H
#define _UAPI_ZX_TYPES_H

#include <linux/types.h>

typedef __s32 zx_status_t;

#define ZX_OK				(0)
#define ZX_ERR_INTERNAL			(-1)
#define ZX_ERR_NOT_SUPPORTED		(-2)
#define ZX_ERR_NO_RESOURCES		(-3)
#define ZX_ERR_NO_MEMORY		(-4)
#define ZX_ERR_INVALID_ARGS		(-10)
#define ZX_ERR_BAD_HANDLE		(-11)
#define ZX_ERR_WRONG_TYPE		(-12)
#define ZX_ERR_OUT_OF_RANGE		(-14)
#define ZX_ERR_BUFFER_TOO_SMALL		(-15)
#define ZX_ERR_BAD_STATE		(-20)
#define ZX_ERR_TIMED_OUT		(-21)
#define ZX_ERR_SHOULD_WAIT		(-22)
#define ZX_ERR_CANCELED			(-23)
#define ZX_ERR_PEER_CLOSED		(-24)
#define ZX_ERR_NOT_FOUND		(-25)
#define ZX_ERR_ALREADY_EXISTS		(-26)
#define ZX_ERR_UNAVAILABLE		(-28)
#define ZX_ERR_ACCESS_DENIED		(-30)

#define ZX_HANDLE_INVALID		((__u32)0)
#define ZX_HANDLE_FIXED_BITS_MASK	((__u32)3)

/* Rights of a handle. */
#define ZX_RIGHT_NONE			((__u32)0)
#define ZX_RIGHT_DUPLICATE		((__u32)1 << 0)
#define ZX_RIGHT_TRANSFER		((__u32)1 << 1)
#define ZX_RIGHT_READ			((__u32)1 << 2)
#define ZX_RIGHT_WRITE			((__u32)1 << 3)
#define ZX_RIGHT_EXECUTE		((__u32)1 << 4)
#define ZX_RIGHT_MAP			((__u32)1 << 5)
#define ZX_RIGHT_GET_PROPERTY		((__u32)1 << 6)
#define ZX_RIGHT_SET_PROPERTY		((__u32)1 << 7)
#define ZX_RIGHT_SIGNAL			((__u32)1 << 12)
#define ZX_RIGHT_SIGNAL_PEER		((__u32)1 << 13)
#define ZX_RIGHT_WAIT			((__u32)1 << 14)
#define ZX_RIGHT_INSPECT		((__u32)1 << 15)
#define ZX_RIGHT_MANAGE_PROCESS		((__u32)1 << 17)
#define ZX_RIGHT_RESIZE			((__u32)1 << 22)
#define ZX_RIGHT_SAME_RIGHTS		((__u32)1 << 31)

/* Types of objects. */
#define ZX_OBJ_TYPE_NONE		0
#define ZX_OBJ_TYPE_VMO			3
#define ZX_OBJ_TYPE_CHANNEL		4
#define ZX_OBJ_TYPE_EVENT		5
#define ZX_OBJ_TYPE_PORT		6
#define ZX_OBJ_TYPE_RESOURCE		15
#define ZX_OBJ_TYPE_EVENTPAIR		16
#define ZX_OBJ_TYPE_VMAR		18
#define ZX_OBJ_TYPE_GUEST		20
#define ZX_OBJ_TYPE_VCPU		21

/* Signals of an object, observed by waiting; the last eight are the user's. */
#define ZX_SIGNAL_READABLE		((__u32)1 << 0)
#define ZX_SIGNAL_WRITABLE		((__u32)1 << 1)
#define ZX_SIGNAL_PEER_CLOSED		((__u32)1 << 2)
#define ZX_SIGNAL_SIGNALED		((__u32)1 << 3)	/* of a VMO: it has no children */
#define ZX_SIGNAL_HANDLE_CLOSED		((__u32)1 << 23)
#define ZX_SIGNAL_USER_ALL		((__u32)0xff << 24)

/* Options of ZX_IOC_OBJECT_WAIT_ASYNC. */
#define ZX_WAIT_ASYNC_ONCE		((__u32)0)
#define ZX_WAIT_ASYNC_TIMESTAMP		((__u32)1 << 0)
#define ZX_WAIT_ASYNC_EDGE		((__u32)1 << 1)
#define ZX_WAIT_ASYNC_BOOT_TIMESTAMP	((__u32)1 << 2)

#define ZX_WAIT_MANY_MAX_ITEMS		64

#define ZX_PROP_NAME			((__u32)3)

/* Bounds and options of messages in a channel. */
#define ZX_CHANNEL_MAX_MSG_BYTES	((__u32)65536)
#define ZX_CHANNEL_MAX_MSG_HANDLES	((__u32)64)
#define ZX_CHANNEL_READ_MAY_DISCARD	((__u32)1)

/* Kinds of resources, and where the SYSTEM kind keeps ours. */
#define ZX_RSRC_KIND_HYPERVISOR		((__u32)0x2000)
#define ZX_RSRC_KIND_VMEX		((__u32)0x2001)
#define ZX_RSRC_KIND_SYSTEM		((__u32)5)
#define ZX_RSRC_SYSTEM_HYPERVISOR_BASE	((__u64)0)
#define ZX_RSRC_SYSTEM_VMEX_BASE	((__u64)1)
#define ZX_RSRC_SYSTEM_INFO_BASE	((__u64)3)
#define ZX_RSRC_FLAG_EXCLUSIVE		((__u32)0x10000)
#define ZX_MAX_NAME_LEN			32

/* Kinds of traps. */
#define ZX_GUEST_TRAP_BELL		((__u32)0)
#define ZX_GUEST_TRAP_MEM		((__u32)1)
#define ZX_GUEST_TRAP_IO		((__u32)2)

/* Kinds of VCPU state. The last three are not Zircon's. */
#define ZX_VCPU_STATE			((__u32)0)	/* struct zx_vcpu_regs */
#define ZX_VCPU_IO			((__u32)1)	/* write only */
#define ZXL_VCPU_SYSTEM			((__u32)0x100)	/* struct zxl_vcpu_system; read only */
#define ZXL_VCPU_RIP			((__u32)0x101)	/* __u64 */
#define ZXL_VCPU_VECTOR			((__u32)0x102)	/* struct zxl_vcpu_vector */

/* Options of mappings. */
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
#define ZX_VM_ALIGN_BASE		24

/* Options of VMOs, operations on a range of one. */
#define ZX_VMO_RESIZABLE		((__u32)1 << 1)
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

/* Kinds of children of a VMO. */
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

/* Operations on a range of a VMAR. */
#define ZX_VMAR_OP_COMMIT		((__u32)1)
#define ZX_VMAR_OP_DECOMMIT		((__u32)2)
#define ZX_VMAR_OP_MAP_RANGE		((__u32)3)
#define ZX_VMAR_OP_ZERO			((__u32)10)
#define ZX_VMAR_OP_DONT_NEED		((__u32)12)
#define ZX_VMAR_OP_ALWAYS_NEED		((__u32)13)
#define ZX_VMAR_OP_PREFETCH		((__u32)14)

/* Types of packets. */
#define ZX_PKT_TYPE_USER		((__u32)0)
#define ZX_PKT_TYPE_SIGNAL_ONE		((__u32)1)
#define ZX_PKT_TYPE_GUEST_BELL		((__u32)3)
#define ZX_PKT_TYPE_GUEST_MEM		((__u32)4)
#define ZX_PKT_TYPE_GUEST_IO		((__u32)5)
#define ZX_PKT_TYPE_GUEST_VCPU		((__u32)6)

#define ZX_PKT_GUEST_VCPU_INTERRUPT	((__u32)0)
#define ZX_PKT_GUEST_VCPU_STARTUP	((__u32)1)
/* The EOI of a level-triggered interrupt: @mask_or_id has the VCPU's bit, then the vector. */
#define ZXL_PKT_GUEST_VCPU_EOI		((__u32)0x80)

/* Topics of ZX_IOC_OBJECT_GET_INFO. */
#define ZX_INFO_HANDLE_VALID		((__u32)1)
#define ZX_INFO_HANDLE_BASIC		((__u32)2)
#define ZX_INFO_VMAR			((__u32)7)
#define ZX_INFO_RESOURCE		((__u32)18)
#define ZX_INFO_HANDLE_COUNT		((__u32)19)
#define ZX_INFO_VMO			((__u32)23)
#define ZX_INFO_GUEST_STATS		((__u32)29)
#define ZX_INFO_VCPU			((__u32)32)
#define ZX_INFO_VCPU_FLAG_KICKED	((__u32)1 << 0)

/**
 * struct zx_packet - what a port or a VCPU delivers, 48 bytes
 * @key:    the key of the trap, or of the user packet; 0 for GUEST_VCPU
 * @type:   ZX_PKT_TYPE_*
 * @status: of a user packet; ZX_OK otherwise
 *
 * One of the payloads follows, each 32 bytes long, unused bytes zero.
 */
struct zx_packet {
	__u64 key;
	__u32 type;
	__s32 status;
	union {
		__u8 user[32];
		/* An object observed: @timestamp is 0 unless asked for. */
		struct {
			__u32 trigger;
			__u32 observed;
			__u64 count;			/* 1 */
			__s64 timestamp;
			__u64 reserved;
		} signal;
		/* A doorbell: the exact guest-physical address of the store. */
		struct {
			__u64 addr;
			__u64 reserved[3];
		} bell;
		/*
		 * A trapped memory access: @addr is the guest-physical address,
		 * @rip that of the instruction. The VCPU stands behind it.
		 */
		struct {
			__u64 addr;
			__u64 cr3;
			__u64 rip;
			__u8 instruction_size;
			__u8 default_operand_size;	/* 2 or 4 */
			__u8 reserved[6];
		} mem;
		/* The same in the layout of ZX_IOC_VCPU_RESUME. */
		struct {
			__u64 addr;
			__u8 inst_len;
			__u8 inst_buf[15];
			__u8 default_operand_size;
			__u8 reserved[7];
		} mem_v1;
		/* A port access; @data is 0 for an input. */
		struct {
			__u16 port;
			__u8 access_size;		/* 1, 2 or 4 */
			__u8 input;
			__u32 data;
			__u64 reserved[3];
		} io;
		/* What one VCPU asks for others: ZX_PKT_GUEST_VCPU_*. */
		struct {
			__u32 type;
			__u32 pad;
			__u64 mask_or_id;
			__u64 vector_or_entry;
			__u64 reserved;
		} vcpu;
		/* The same in the layout of ZX_IOC_VCPU_RESUME. */
		struct {
			__u64 mask_or_id;
			__u64 vector_or_entry;
			__u64 type;
			__u64 reserved;
		} vcpu_v1;
	};
};

/**
 * struct zx_vcpu_regs - the registers that user space may see, 136 bytes
 * @rflags: read: the flags in ZX_VCPU_RFLAGS_USER, all others 0. Written:
 *          taken over (those same flags) only if bit 1 is set.
 */
struct zx_vcpu_regs {
	__u64 rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	__u64 r8, r9, r10, r11, r12, r13, r14, r15;
	__u64 rflags;
};

/* CF PF AF ZF SF TF DF OF NT AC ID */
#define ZX_VCPU_RFLAGS_USER		((__u64)0x244dd5)

/**
 * struct zx_vcpu_access - a MEM trap's access, decoded
 * @decoded:     1: the fields below hold; 0: not a plain MOV, decode @inst
 * @write:       1 for a store, 0 for a load
 * @size:        bytes of memory accessed: 1, 2, 4 or 8
 * @reg:         of a load: register written, in instruction encoding
 *               (0 RAX, 1 RCX, 2 RDX, 3 RBX, 4 RSP, 5 RBP, 6 RSI, 7 RDI, 8 R8 ...)
 * @reg_size:    of a load: bytes of that register written; 4 clears the
 *               upper half as the CPU does, 1 and 2 leave the rest alone
 * @sign_extend: of a load: MOVSX instead of MOV or MOVZX
 * @high_byte:   of a load with @reg_size 1: bits 15:8 are written (AH CH DH BH,
 *               @reg then is 0 to 3)
 * @inst_len:    bytes in @inst, 1 to 15
 * @value:       of a store: the value, zero-extended
 * @inst:        the instruction
 */
struct zx_vcpu_access {
	__u8 decoded;
	__u8 write;
	__u8 size;
	__u8 reg;
	__u8 reg_size;
	__u8 sign_extend;
	__u8 high_byte;
	__u8 inst_len;
	__u64 value;
	__u8 inst[16];
};

/* Why the last enter ended: zx_vcpu_page.reason. */
#define ZX_VCPU_REASON_NONE		0	/* never entered */
#define ZX_VCPU_REASON_PACKET		1	/* a packet: see @packet */
#define ZX_VCPU_REASON_KICK		2	/* zx_vcpu_kick */
#define ZX_VCPU_REASON_SHUTDOWN		3	/* triple fault */
#define ZX_VCPU_REASON_MEMORY		4	/* @addr: not mapped, not permitted, past the VMO */
#define ZX_VCPU_REASON_PORT		5	/* @addr is a port without a trap */
#define ZX_VCPU_REASON_STRING_IO	6	/* INS or OUTS at port @addr */
#define ZX_VCPU_REASON_BELL		7	/* load from, or closed port of, bell @addr */
#define ZX_VCPU_REASON_DECODE		8	/* an instruction that cannot be decoded */
#define ZX_VCPU_REASON_ENTRY		9	/* the CPU refused the VCPU's state */
#define ZX_VCPU_REASON_EXIT		10	/* an exit that nothing handles: @hw_exit */
#define ZX_VCPU_REASON_NO_MEMORY	12	/* the host could not give a page */
#define ZX_VCPU_REASON_VECTOR		13	/* a vector of 21 to 31 was pending */
#define ZX_VCPU_REASON_HELD		14	/* another hypervisor took the CPU */

/**
 * struct zx_vcpu_page - the page that mmap of a VCPU descriptor gives
 *
 * Belongs to the VCPU's thread while the VCPU is not entered; while it is,
 * the kernel reads and writes it, and trusts nothing in it. PROT_READ needs
 * ZX_RIGHT_READ, PROT_WRITE needs ZX_RIGHT_READ and ZX_RIGHT_WRITE.
 *
 * @regs:    in and out
 * @packet:  the last packet, in the newest layout
 * @access:  valid with a GUEST_MEM packet
 * @status:  what the last enter returned
 * @reason:  ZX_VCPU_REASON_*
 * @addr:    guest-physical address or port that @reason speaks of
 * @hw_exit: the CPU's own exit code, for people: EXITCODE on AMD; on Intel the exit
 *           reason, or 2^32 and the VM-instruction error if no guest was entered
 * @rip:     where the VCPU stands
 * @koid:    of the VCPU
 */
struct zx_vcpu_page {
	struct zx_vcpu_regs regs;
	__u64 koid;
	struct zx_packet packet;
	struct zx_vcpu_access access;
	__s32 status;
	__u32 reason;
	__u64 addr;
	__u64 hw_exit;
	__u64 rip;
	__u8 reserved[4096 - 256];
};

#define ZX_VCPU_PAGE_SIZE		4096

/**
 * struct zxl_vcpu_segment - a segment register, its hidden part included
 * @access: the attribute bits of a descriptor: type 3:0, S 4, DPL 6:5, P 7,
 *          AVL 12, L 13, D/B 14, G 15; 0x10000: the register is unusable
 */
struct zxl_vcpu_segment {
	__u64 base;
	__u32 limit;
	__u32 access;
	__u16 selector;
	__u16 reserved[3];
};

/** struct zxl_vcpu_system - what ZXL_VCPU_SYSTEM reads: registers beyond zx_vcpu_regs */
struct zxl_vcpu_system {
	__u64 rip;
	__u64 rflags;			/* all of them */
	__u64 cr0, cr2, cr3, cr4, efer;
	__u32 cpl;
	__u32 reserved;
	struct zxl_vcpu_segment es, cs, ss, ds, fs, gs, ldtr, tr;
};

/** struct zxl_vcpu_vector - what ZXL_VCPU_VECTOR reads and writes: YMM0 to YMM15 */
struct zxl_vcpu_vector {
	__u8 ymm[16][32];		/* bytes 15:0 are XMM; without AVX the rest is 0 */
};

/* Payloads of ZX_IOC_OBJECT_GET_INFO. */
struct zx_ioc_info_handle_basic {
	__u64 koid;
	__u32 rights;
	__u32 type;
	__u64 related_koid;
	__u32 reserved;
	__u32 pad;
};

struct zx_ioc_info_vmar {
	__u64 base;
	__u64 len;
};

struct zx_ioc_info_vcpu {
	__u32 flags;
};

struct zx_ioc_info_resource {
	__u32 kind;
	__u32 flags;
	__u64 base;
	__u64 size;
	__u8 name[ZX_MAX_NAME_LEN];
};

#define ZX_INFO_VMO_TYPE_PAGED		((__u32)1 << 0)
#define ZX_INFO_VMO_RESIZABLE		((__u32)1 << 1)
#define ZX_INFO_VMO_IS_COW_CLONE	((__u32)1 << 2)
#define ZX_INFO_VMO_VIA_HANDLE		((__u32)1 << 3)

struct zx_ioc_info_vmo {
	__u64 koid;
	__u8 name[ZX_MAX_NAME_LEN];
	__u64 size_bytes;
	__u64 parent_koid;
	__u64 num_children;
	__u64 num_mappings;		/* in guests and processes */
	__u64 share_count;
	__u32 flags;
	__u32 pad;
	__u64 committed_bytes;
	__u32 handle_rights;
	__u32 cache_policy;
	__u64 metadata_bytes;
	__u64 committed_change_events;
	__u64 populated_bytes;
};

/* One record per CPU of the host. */
struct zx_ioc_info_guest_stats {
	__u32 cpu_number;
	__u32 flags;			/* bit 0: online */
	__u64 vm_entries;
	__u64 vm_exits;
	__u64 interrupts;
	__u64 interrupt_windows;
	__u64 cpuid_instructions;
	__u64 hlt_instructions;
	__u64 control_register_accesses;
	__u64 io_instructions;
	__u64 rdmsr_instructions;
	__u64 wrmsr_instructions;
	__u64 ept_violations;
	__u64 xsetbv_instructions;
	__u64 pause_instructions;
	__u64 vmcall_instructions;
};

#endif
