/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * zx_hypervisor.h - Zircon's hypervisor objects as file descriptors.
 *
 * The model
 *
 *   An object (resource, port, VMO, VMAR, guest, VCPU) is reached through
 *   handles. A handle is an open file: {object, rights}. Opening
 *   /dev/zx_hypervisor gives the first one, a resource of the kind
 *   HYPERVISOR; every other handle comes out of a call. dup(2), fork(2) and
 *   SCM_RIGHTS share a handle; ZX_IOC_HANDLE_DUPLICATE makes a new one.
 *   The value of a handle is (descriptor << 2) | 3, and 0 is no handle.
 *
 *   A call is one ioctl on the descriptor of the handle that it works on.
 *   Other handles travel in the argument struct as handle values.
 *
 * The status contract
 *
 *   An ioctl returns 0 for ZX_OK and otherwise the positive value of the
 *   status: ZX_ERR_INVALID_ARGS (-10) comes back as 10. A negative return
 *   (errno) speaks of the ioctl itself:
 *
 *     ENOTTY   no such call, or the descriptor is not one of ours
 *     E2BIG    the struct is longer than the kernel knows and its tail is
 *              not zero
 *     EFAULT   the argument struct cannot be read
 *     EINVAL   the struct is shorter than the call needs
 *     EINTR    a signal came first; call again, as if it had not
 *
 *   An argument struct starts with its own size. Longer structs are accepted
 *   while the unknown tail is zero; reserved fields must be zero
 *   (ZX_ERR_INVALID_ARGS otherwise).
 *
 *   Results go to user memory at the addresses in the struct. They are
 *   written last: a result pointer that cannot be written is
 *   ZX_ERR_INVALID_ARGS, and the call has left no handle behind.
 *
 * The order of checks
 *
 *   Descriptor, struct size, type of the object (ZX_ERR_WRONG_TYPE), rights
 *   (ZX_ERR_ACCESS_DENIED), then the arguments; the exceptions stand at
 *   their calls.
 *
 * All integers are little endian, all sizes bytes, all times nanoseconds of
 * CLOCK_MONOTONIC.
 */
#ifndef _UAPI_ZX_HYPERVISOR_H
#define _UAPI_ZX_HYPERVISOR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ZX_HYPERVISOR_DEVICE	"/dev/zx_hypervisor"

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
#define ZX_RIGHT_WAIT			((__u32)1 << 14)
#define ZX_RIGHT_INSPECT		((__u32)1 << 15)
#define ZX_RIGHT_MANAGE_PROCESS		((__u32)1 << 17)
#define ZX_RIGHT_RESIZE			((__u32)1 << 22)
#define ZX_RIGHT_SAME_RIGHTS		((__u32)1 << 31)

/* Types of objects. */
#define ZX_OBJ_TYPE_NONE		0
#define ZX_OBJ_TYPE_VMO			3
#define ZX_OBJ_TYPE_PORT		6
#define ZX_OBJ_TYPE_RESOURCE		15
#define ZX_OBJ_TYPE_VMAR		18
#define ZX_OBJ_TYPE_GUEST		20
#define ZX_OBJ_TYPE_VCPU		21

/* Kinds of resources, and where the SYSTEM kind keeps ours. */
#define ZX_RSRC_KIND_HYPERVISOR		((__u32)0x2000)
#define ZX_RSRC_KIND_VMEX		((__u32)0x2001)
#define ZX_RSRC_KIND_SYSTEM		((__u32)5)
#define ZX_RSRC_SYSTEM_HYPERVISOR_BASE	((__u64)0)
#define ZX_RSRC_SYSTEM_VMEX_BASE	((__u64)1)
#define ZX_RSRC_FLAG_EXCLUSIVE		((__u32)0x10000)
#define ZX_MAX_NAME_LEN			32

/* Kinds of traps. */
#define ZX_GUEST_TRAP_BELL		((__u32)0)
#define ZX_GUEST_TRAP_MEM		((__u32)1)
#define ZX_GUEST_TRAP_IO		((__u32)2)

/* Kinds of VCPU state. */
#define ZX_VCPU_STATE			((__u32)0)
#define ZX_VCPU_IO			((__u32)1)

/* Options of mappings. */
#define ZX_VM_PERM_READ			((__u32)1 << 0)
#define ZX_VM_PERM_WRITE		((__u32)1 << 1)
#define ZX_VM_PERM_EXECUTE		((__u32)1 << 2)
#define ZX_VM_SPECIFIC			((__u32)1 << 4)
#define ZX_VM_SPECIFIC_OVERWRITE	((__u32)1 << 5)
#define ZX_VM_MAP_RANGE			((__u32)1 << 10)
#define ZX_VM_REQUIRE_NON_RESIZABLE	((__u32)1 << 11)
#define ZX_VM_ALLOW_FAULTS		((__u32)1 << 12)
#define ZX_VM_OFFSET_IS_UPPER_LIMIT	((__u32)1 << 13)
#define ZX_VM_ALIGN_BASE		24

/* Options of VMOs, operations on a range of one. */
#define ZX_VMO_RESIZABLE		((__u32)1 << 1)
#define ZX_VMO_OP_COMMIT		((__u32)1)
#define ZX_VMO_OP_DECOMMIT		((__u32)2)
#define ZX_VMO_OP_ZERO			((__u32)10)

/* Types of packets. */
#define ZX_PKT_TYPE_USER		((__u32)0)
#define ZX_PKT_TYPE_GUEST_BELL		((__u32)3)
#define ZX_PKT_TYPE_GUEST_MEM		((__u32)4)
#define ZX_PKT_TYPE_GUEST_IO		((__u32)5)
#define ZX_PKT_TYPE_GUEST_VCPU		((__u32)6)

#define ZX_PKT_GUEST_VCPU_INTERRUPT	((__u32)0)
#define ZX_PKT_GUEST_VCPU_STARTUP	((__u32)1)

/* Topics of ZX_IOC_OBJECT_GET_INFO. */
#define ZX_INFO_HANDLE_VALID		((__u32)1)
#define ZX_INFO_HANDLE_BASIC		((__u32)2)
#define ZX_INFO_VMAR			((__u32)7)
#define ZX_INFO_HANDLE_COUNT		((__u32)19)
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
#define ZX_VCPU_REASON_IPI		11	/* an ICR mode that is not served */
#define ZX_VCPU_REASON_NO_MEMORY	12	/* the host could not give a page */
#define ZX_VCPU_REASON_VECTOR		13	/* a vector of 21 to 31 was pending */

/**
 * struct zx_vcpu_page - the page that mmap of a VCPU descriptor gives
 *
 * Belongs to the VCPU's thread while the VCPU is not entered; while it is,
 * the kernel reads and writes it, and trusts nothing in it. PROT_READ needs
 * ZX_RIGHT_READ, PROT_WRITE needs ZX_RIGHT_WRITE.
 *
 * @regs:    in and out
 * @packet:  the last packet, in the newest layout
 * @access:  valid with a GUEST_MEM packet
 * @status:  what the last enter returned
 * @reason:  ZX_VCPU_REASON_*
 * @addr:    guest-physical address or port that @reason speaks of
 * @hw_exit: the CPU's own exit code, for people
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

#define ZX_IOC_MAGIC			0xbd

/*
 * ZX_IOC_RESOURCE_CREATE - derive a resource. On: a resource, WRITE.
 *
 * @options: kind in bits 15:0, ZX_RSRC_FLAG_* in bits 31:16
 * @base, @len: range, meaningful for the SYSTEM kind
 * @name, @name_len: address and bytes of a name, at most ZX_MAX_NAME_LEN - 1
 * @out: address of the __u32 that receives the handle
 *
 * INVALID_ARGS: unknown kind or flag, name too long, bad pointer.
 * ACCESS_DENIED: the parent does not cover what is asked for.
 */
struct zx_ioc_resource_create {
	__u32 size;
	__u32 options;
	__u64 base;
	__u64 len;
	__u64 name;
	__u64 name_len;
	__u64 out;
};
#define ZX_IOC_RESOURCE_CREATE		_IO(ZX_IOC_MAGIC, 0x00)

/*
 * ZX_IOC_HANDLE_DUPLICATE - a new handle to the same object. On: any, DUPLICATE.
 * ZX_IOC_HANDLE_REPLACE - the same without a right needed; the caller then
 * closes the old descriptor, whatever this call answered.
 *
 * @rights: a subset of the handle's, or ZX_RIGHT_SAME_RIGHTS
 *
 * INVALID_ARGS: @rights is not a subset, bad pointer.
 */
struct zx_ioc_handle_duplicate {
	__u32 size;
	__u32 rights;
	__u64 out;
};
#define ZX_IOC_HANDLE_DUPLICATE		_IO(ZX_IOC_MAGIC, 0x08)
#define ZX_IOC_HANDLE_REPLACE		_IO(ZX_IOC_MAGIC, 0x09)

/*
 * ZX_IOC_OBJECT_GET_INFO - ask about an object. On: any; topics VMAR and VCPU
 * need INSPECT and their type.
 *
 * @topic: ZX_INFO_*
 * @buffer, @buffer_size: where the answer goes, and its room in bytes
 * @actual, @avail: addresses of __u64 counts of records; 0 for not wanted
 *
 * NOT_SUPPORTED: unknown topic. BUFFER_TOO_SMALL. INVALID_ARGS: bad pointer.
 */
struct zx_ioc_object_get_info {
	__u32 size;
	__u32 topic;
	__u64 buffer;
	__u64 buffer_size;
	__u64 actual;
	__u64 avail;
};
#define ZX_IOC_OBJECT_GET_INFO		_IO(ZX_IOC_MAGIC, 0x0a)

/*
 * ZX_IOC_PORT_CREATE - make a port. On: any handle; it lends nothing but the
 * way to the kernel.
 *
 * @options: 0, else INVALID_ARGS
 */
struct zx_ioc_port_create {
	__u32 size;
	__u32 options;
	__u64 out;
};
#define ZX_IOC_PORT_CREATE		_IO(ZX_IOC_MAGIC, 0x10)

/*
 * ZX_IOC_PORT_QUEUE - queue a user packet. On: a port, WRITE.
 *
 * @packet: address of a struct zx_packet; its type becomes USER
 *
 * SHOULD_WAIT: 4096 user packets are waiting. NO_MEMORY. INVALID_ARGS.
 */
struct zx_ioc_port_queue {
	__u32 size;
	__u32 reserved;
	__u64 packet;
};
#define ZX_IOC_PORT_QUEUE		_IO(ZX_IOC_MAGIC, 0x11)

/*
 * ZX_IOC_PORT_WAIT - take the oldest packet. On: a port, READ.
 *
 * @deadline: absolute; in the past: answer at once. INT64_MAX: for ever
 * @packet: address of a struct zx_packet, or 0 to drop the packet
 *
 * TIMED_OUT. INVALID_ARGS: bad pointer (the packet is gone).
 */
struct zx_ioc_port_wait {
	__u32 size;
	__u32 reserved;
	__s64 deadline;
	__u64 packet;
};
#define ZX_IOC_PORT_WAIT		_IO(ZX_IOC_MAGIC, 0x12)

/*
 * ZX_IOC_VMO_CREATE - make a virtual memory object. On: any handle.
 *
 * @options: 0 or ZX_VMO_RESIZABLE
 * @vmo_size: bytes, rounded up to a page
 *
 * INVALID_ARGS: unknown option. OUT_OF_RANGE: size above 2^47. NO_MEMORY.
 */
struct zx_ioc_vmo_create {
	__u32 size;
	__u32 options;
	__u64 vmo_size;
	__u64 out;
};
#define ZX_IOC_VMO_CREATE		_IO(ZX_IOC_MAGIC, 0x18)

/*
 * ZX_IOC_VMO_READ, ZX_IOC_VMO_WRITE - copy out of, into a VMO. On: a VMO, READ
 * or WRITE.
 *
 * OUT_OF_RANGE: not wholly inside the VMO. INVALID_ARGS: bad pointer.
 */
struct zx_ioc_vmo_copy {
	__u32 size;
	__u32 reserved;
	__u64 buffer;
	__u64 offset;
	__u64 length;
};
#define ZX_IOC_VMO_READ			_IO(ZX_IOC_MAGIC, 0x19)
#define ZX_IOC_VMO_WRITE		_IO(ZX_IOC_MAGIC, 0x1a)

/*
 * ZX_IOC_VMO_GET_SIZE - bytes of a VMO. On: a VMO.
 *
 * @out: address of a __u64
 */
struct zx_ioc_vmo_get_size {
	__u32 size;
	__u32 reserved;
	__u64 out;
};
#define ZX_IOC_VMO_GET_SIZE		_IO(ZX_IOC_MAGIC, 0x1b)

/*
 * ZX_IOC_VMO_SET_SIZE - resize. On: a VMO, WRITE.
 *
 * UNAVAILABLE: not resizable. OUT_OF_RANGE: above 2^47. Pages cut off leave
 * every guest before the call returns.
 */
struct zx_ioc_vmo_set_size {
	__u32 size;
	__u32 reserved;
	__u64 vmo_size;
};
#define ZX_IOC_VMO_SET_SIZE		_IO(ZX_IOC_MAGIC, 0x1c)

/*
 * ZX_IOC_VMO_OP_RANGE - COMMIT, DECOMMIT or ZERO pages. On: a VMO, WRITE.
 *
 * @offset, @length: page-aligned for COMMIT and DECOMMIT
 *
 * INVALID_ARGS: unknown @op. OUT_OF_RANGE: not wholly inside. NO_MEMORY.
 */
struct zx_ioc_vmo_op_range {
	__u32 size;
	__u32 op;
	__u64 offset;
	__u64 length;
};
#define ZX_IOC_VMO_OP_RANGE		_IO(ZX_IOC_MAGIC, 0x1d)

/*
 * ZX_IOC_VMO_REPLACE_AS_EXECUTABLE - the same VMO with EXECUTE. On: a VMO.
 * The caller then closes the old descriptor, whatever this call answered.
 *
 * @vmex: handle of a VMEX resource (or SYSTEM covering the VMEX base), or 0
 *
 * BAD_HANDLE, WRONG_TYPE: @vmex. ACCESS_DENIED: a resource of another kind.
 */
struct zx_ioc_vmo_replace_as_executable {
	__u32 size;
	__u32 vmex;
	__u64 out;
};
#define ZX_IOC_VMO_REPLACE_AS_EXECUTABLE	_IO(ZX_IOC_MAGIC, 0x1e)

/*
 * ZX_IOC_VMAR_MAP - map a VMO into guest-physical space. On: a VMAR, with the
 * rights that @options name; the VMO needs MAP and the same.
 *
 * @options: ZX_VM_*
 * @vmar_offset: address with SPECIFIC or SPECIFIC_OVERWRITE, upper limit
 *               with OFFSET_IS_UPPER_LIMIT, else 0
 * @vmo: handle of the VMO
 * @len: bytes, rounded up to a page
 * @out: address of the __u64 that receives the guest-physical address
 *
 * ACCESS_DENIED, INVALID_ARGS, NOT_SUPPORTED (REQUIRE_NON_RESIZABLE),
 * ALREADY_EXISTS (SPECIFIC over a mapping), NO_RESOURCES (no hole),
 * OUT_OF_RANGE (@vmo_offset + @len wraps), BAD_STATE (the guest is gone).
 */
struct zx_ioc_vmar_map {
	__u32 size;
	__u32 options;
	__u64 vmar_offset;
	__u32 vmo;
	__u32 reserved;
	__u64 vmo_offset;
	__u64 len;
	__u64 out;
};
#define ZX_IOC_VMAR_MAP			_IO(ZX_IOC_MAGIC, 0x20)

/*
 * ZX_IOC_VMAR_UNMAP - unmap a range, splitting mappings; holes are fine. On: a
 * VMAR. No CPU reaches the pages any more when it returns.
 */
struct zx_ioc_vmar_unmap {
	__u32 size;
	__u32 reserved;
	__u64 addr;
	__u64 len;
};
#define ZX_IOC_VMAR_UNMAP		_IO(ZX_IOC_MAGIC, 0x21)

/*
 * ZX_IOC_VMAR_PROTECT - change what a range of mappings permits. On: a VMAR,
 * with the rights that @options name. In effect on every CPU when it returns.
 *
 * NOT_FOUND: a hole in the range. ACCESS_DENIED: more than at map time.
 */
struct zx_ioc_vmar_protect {
	__u32 size;
	__u32 options;
	__u64 addr;
	__u64 len;
};
#define ZX_IOC_VMAR_PROTECT		_IO(ZX_IOC_MAGIC, 0x22)

/*
 * ZX_IOC_GUEST_CREATE - make a guest. On: a resource of the kind HYPERVISOR
 * (or SYSTEM covering the HYPERVISOR base), else ACCESS_DENIED.
 *
 * @options: 0, checked after the resource
 * @out_guest, @out_vmar: addresses of __u32 handles
 *
 * NOT_SUPPORTED: this machine cannot run guests now; the kernel log says why.
 */
struct zx_ioc_guest_create {
	__u32 size;
	__u32 options;
	__u64 out_guest;
	__u64 out_vmar;
};
#define ZX_IOC_GUEST_CREATE		_IO(ZX_IOC_MAGIC, 0x28)

/*
 * ZX_IOC_GUEST_SET_TRAP - set a trap. On: a guest, WRITE; the port, if any,
 * needs WRITE.
 *
 * @kind: ZX_GUEST_TRAP_*
 * @addr, @len: ports, or page-aligned guest-physical range; one page exactly
 *              if it starts at the local APIC's, 0xfee00000
 * @port: handle for BELL, 0 for MEM and IO
 *
 * INVALID_ARGS, OUT_OF_RANGE, ALREADY_EXISTS (any overlap), NO_MEMORY.
 */
struct zx_ioc_guest_set_trap {
	__u32 size;
	__u32 kind;
	__u64 addr;
	__u64 len;
	__u32 port;
	__u32 reserved;
	__u64 key;
};
#define ZX_IOC_GUEST_SET_TRAP		_IO(ZX_IOC_MAGIC, 0x29)

/*
 * ZX_IOC_GUEST_UNSET_TRAP - remove the trap that starts at @addr. On: a guest,
 * WRITE. No VCPU uses it and none of its packets is queued when it returns.
 *
 * NOT_FOUND. INVALID_ARGS: unknown @kind.
 */
struct zx_ioc_guest_unset_trap {
	__u32 size;
	__u32 kind;
	__u64 addr;
};
#define ZX_IOC_GUEST_UNSET_TRAP		_IO(ZX_IOC_MAGIC, 0x2a)

/*
 * ZX_IOC_VCPU_CREATE - make a VCPU for the calling thread. On: a guest,
 * MANAGE_PROCESS.
 *
 * @options: 0, checked before the handle
 * @entry: where the guest starts, below 2^48
 *
 * BAD_STATE: the thread has a VCPU. NO_RESOURCES: 64 exist. INVALID_ARGS.
 */
struct zx_ioc_vcpu_create {
	__u32 size;
	__u32 options;
	__u64 entry;
	__u64 out;
};
#define ZX_IOC_VCPU_CREATE		_IO(ZX_IOC_MAGIC, 0x30)

/*
 * ZX_IOC_VCPU_ENTER - run until there is a packet. On: a VCPU, EXECUTE.
 * ZX_IOC_VCPU_RESUME - the same with the packet layouts of 2018.
 *
 * The ioctl's argument is the address of the struct zx_packet itself, or 0
 * to find it in the shared page only. The packet is written after the
 * guest ran; INVALID_ARGS then means that it ran and the packet is lost
 * (the shared page has it).
 *
 * BAD_STATE: another thread's VCPU, state that the CPU refuses, BELL with a
 * closed port. CANCELED: kicked. NOT_FOUND: untrapped port, unmapped
 * memory. ACCESS_DENIED: memory that the mapping does not permit.
 * OUT_OF_RANGE: memory past 2^48 or past the VMO. NOT_SUPPORTED: triple
 * fault, string I/O, load from a BELL, anything else. NO_MEMORY.
 */
#define ZX_IOC_VCPU_ENTER		_IO(ZX_IOC_MAGIC, 0x31)
#define ZX_IOC_VCPU_RESUME		_IO(ZX_IOC_MAGIC, 0x32)

/*
 * ZX_IOC_VCPU_KICK - end the current or else the next enter with CANCELED. On:
 * a VCPU, EXECUTE. The ioctl's argument must be 0, else INVALID_ARGS.
 */
#define ZX_IOC_VCPU_KICK		_IO(ZX_IOC_MAGIC, 0x33)

/*
 * ZX_IOC_VCPU_INTERRUPT - make a vector pending. On: a VCPU, SIGNAL.
 *
 * OUT_OF_RANGE: @vector above 255.
 */
struct zx_ioc_vcpu_interrupt {
	__u32 size;
	__u32 vector;
};
#define ZX_IOC_VCPU_INTERRUPT		_IO(ZX_IOC_MAGIC, 0x34)

/*
 * ZX_IOC_VCPU_READ_STATE, ZX_IOC_VCPU_WRITE_STATE - what the shared page does,
 * by call. On: a VCPU, READ or WRITE.
 *
 * @kind: ZX_VCPU_STATE (136 bytes); to write also ZX_VCPU_IO (8 bytes: __u8
 *        access size 1, 2 or 4, 3 bytes of padding, __u32 data)
 *
 * INVALID_ARGS: kind, @length, pointer, access size. BAD_STATE: not the
 * VCPU's thread.
 */
struct zx_ioc_vcpu_state {
	__u32 size;
	__u32 kind;
	__u64 buffer;
	__u64 length;
};
#define ZX_IOC_VCPU_READ_STATE		_IO(ZX_IOC_MAGIC, 0x35)
#define ZX_IOC_VCPU_WRITE_STATE		_IO(ZX_IOC_MAGIC, 0x36)

#endif
