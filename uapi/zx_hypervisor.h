/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * zx_hypervisor.h - Zircon's hypervisor objects as file descriptors.
 *
 * The model
 *
 *   An object (resource, port, VMO, VMAR, guest, VCPU, channel, event) is
 *   reached through handles. A handle is an open file: {object, rights}. Opening
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
 * Signals and poll(2)
 *
 *   A descriptor whose handle has ZX_RIGHT_WAIT can be polled: READABLE and
 *   SIGNALED are POLLIN, WRITABLE is POLLOUT, PEER_CLOSED is POLLHUP, and the
 *   user's signals are POLLPRI. A port is POLLIN while it has a packet, for a
 *   handle with ZX_RIGHT_READ. Without the right it is POLLERR.
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

#include "zx_objects.h"
#include "zx_types.h"

#define ZX_HYPERVISOR_DEVICE	"/dev/zx_hypervisor"

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
 * OUT_OF_RANGE: not wholly inside the VMO. INVALID_ARGS: bad pointer. BAD_STATE:
 * its cache policy is not CACHED.
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
 * ZX_IOC_VMO_SET_SIZE - resize. On: a VMO, WRITE, and RESIZE if it is
 * resizable.
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
 * ZX_IOC_VMO_OP_RANGE - work on a range of pages. On: a VMO, with WRITE for
 * COMMIT, DECOMMIT, ZERO and CACHE_INVALIDATE, READ or WRITE for LOCK, UNLOCK and
 * TRY_LOCK, READ for the others.
 *
 * @offset, @length: page-aligned for COMMIT and DECOMMIT
 *
 * The CACHE operations have nothing to do where caches are coherent, and neither
 * have the hints DONT_NEED, ALWAYS_NEED and PREFETCH: pages stay in memory.
 *
 * INVALID_ARGS: unknown @op; of a CACHE operation @length is 0. OUT_OF_RANGE: not
 * wholly inside. NOT_SUPPORTED: LOCK, UNLOCK, TRY_LOCK. BAD_STATE: ZERO of a part
 * of a page of a VMO whose policy is not CACHED. NO_MEMORY.
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
 * ZX_IOC_VMO_CREATE_CHILD - make a VMO out of another one. On: a VMO, DUPLICATE
 * and READ.
 *
 * @options: one of ZX_VMO_CHILD_SNAPSHOT (or one of its two weaker kinds, which
 *           do the same here), _SLICE, _REFERENCE; with _RESIZABLE, _NO_WRITE
 * @offset, @length: in bytes; of a reference both 0
 *
 * A snapshot has the parent's bytes of one moment, and nobody else's stores; a
 * slice and a reference are the parent's memory. The handle has the rights of the
 * parent's, without RESIZE unless _RESIZABLE. A snapshot's loses EXECUTE and gains
 * WRITE, but for _NO_WRITE, which only takes WRITE off. While there are children
 * ZX_SIGNAL_SIGNALED of the parent is down; a child is there for as long as a handle
 * or a mapping of it is, and counts for its parent's parent once the parent is gone.
 *
 * INVALID_ARGS: options (a _SLICE is not _RESIZABLE, what is _NO_WRITE neither),
 * alignment of @offset, a slice that is not wholly inside. OUT_OF_RANGE: above 2^47,
 * or @offset + @length wraps. NOT_SUPPORTED: a slice of a resizable VMO; a reference
 * of a slice; a resizable reference of one that is not. ACCESS_DENIED: also a
 * resizable reference without RESIZE. BAD_STATE: the parent's cache policy is not
 * CACHED; pages to snapshot are pinned for a device. NO_MEMORY.
 */
struct zx_ioc_vmo_create_child {
	__u32 size;
	__u32 options;
	__u64 offset;
	__u64 length;
	__u64 out;
};
#define ZX_IOC_VMO_CREATE_CHILD		_IO(ZX_IOC_MAGIC, 0x1f)

/*
 * ZX_IOC_VMO_SET_CACHE_POLICY - how CPUs cache it, through mappings made from
 * now on. On: a VMO, MAP.
 *
 * @policy: ZX_CACHE_POLICY_*, else INVALID_ARGS
 *
 * BAD_STATE: it is mapped, has pages (and @policy is not CACHED), has children
 * or is one.
 */
struct zx_ioc_vmo_set_cache_policy {
	__u32 size;
	__u32 policy;
};
#define ZX_IOC_VMO_SET_CACHE_POLICY	_IO(ZX_IOC_MAGIC, 0x40)

/*
 * ZX_IOC_VMAR_MAP - map a VMO into guest-physical space. On: a VMAR, with the
 * rights that @options name; the VMO needs MAP and the same.
 *
 * @options: ZX_VM_*
 * @vmar_offset: address with SPECIFIC or SPECIFIC_OVERWRITE, upper limit
 *               with OFFSET_IS_UPPER_LIMIT, else 0; from the VMAR's start on
 * @vmo: handle of the VMO
 * @len: bytes, rounded up to a page
 * @out: address of the __u64 that receives the guest-physical address
 *
 * ACCESS_DENIED, INVALID_ARGS, NOT_SUPPORTED (REQUIRE_NON_RESIZABLE),
 * ALREADY_EXISTS (SPECIFIC over a mapping or a VMAR), NO_RESOURCES (no hole),
 * OUT_OF_RANGE (@vmo_offset + @len wraps), NO_MEMORY, BAD_STATE (the VMAR was
 * destroyed, or the guest is gone). SPECIFIC_OVERWRITE over a VMAR is INVALID_ARGS,
 * and one that fails has unmapped nothing.
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
 * VMAR. No CPU reaches the pages any more when it returns. VMARs in the range are
 * destroyed.
 *
 * @addr: absolute; the range lies inside the VMAR
 *
 * INVALID_ARGS: the range, or it has a part of a VMAR without the rest. BAD_STATE.
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
 * INVALID_ARGS: @options, the range, or a VMAR is in it. BAD_STATE.
 */
struct zx_ioc_vmar_protect {
	__u32 size;
	__u32 options;
	__u64 addr;
	__u64 len;
};
#define ZX_IOC_VMAR_PROTECT		_IO(ZX_IOC_MAGIC, 0x22)

/*
 * ZX_IOC_VMAR_ALLOCATE - make a VMAR inside another one: a range that only its
 * handle maps into. On: a VMAR, with the rights that CAN_MAP_* name.
 *
 * @options: ZX_VM_CAN_MAP_*, COMPACT, SPECIFIC, OFFSET_IS_UPPER_LIMIT and the
 *           alignment
 * @offset, @length: page-aligned, relative to the parent
 * @out, @out_addr: addresses of the __u32 handle and of the __u64 address
 *
 * The handle has the rights READ, WRITE and EXECUTE as CAN_MAP_* say. Closing it
 * leaves the VMAR, and what is mapped in it, where they are.
 *
 * INVALID_ARGS, ACCESS_DENIED, ALREADY_EXISTS, NO_MEMORY, BAD_STATE, as
 * ZX_IOC_VMAR_MAP. NO_RESOURCES: no hole, or 64 VMARs are around it.
 */
struct zx_ioc_vmar_allocate {
	__u32 size;
	__u32 options;
	__u64 offset;
	__u64 length;
	__u64 out;
	__u64 out_addr;
};
#define ZX_IOC_VMAR_ALLOCATE		_IO(ZX_IOC_MAGIC, 0x23)

/*
 * ZX_IOC_VMAR_DESTROY - unmap all of it, and have every further call on it and on
 * the VMARs inside answer BAD_STATE. On: a VMAR.
 *
 * NOT_SUPPORTED: a guest's first VMAR. BAD_STATE: destroyed before.
 */
struct zx_ioc_vmar_destroy {
	__u32 size;
	__u32 reserved;
};
#define ZX_IOC_VMAR_DESTROY		_IO(ZX_IOC_MAGIC, 0x24)

/*
 * ZX_IOC_VMAR_OP_RANGE - work on the pages behind a range of mappings, one after
 * the other; what is done when one fails stays. On: a VMAR, for COMMIT, DECOMMIT
 * and ZERO with WRITE.
 *
 * @op: ZX_VMAR_OP_*. COMMIT, DECOMMIT, ZERO: as ZX_IOC_VMO_OP_RANGE. COMMIT,
 *      MAP_RANGE, ALWAYS_NEED, PREFETCH: what is committed is made present
 *      for the guest. DONT_NEED: only the range is checked.
 * @addr, @length: page-aligned
 *
 * INVALID_ARGS: @op, alignment, length 0; COMMIT, DECOMMIT or ZERO with a VMAR in
 * the range. BAD_STATE: a hole in the range, or the VMAR is gone. ACCESS_DENIED:
 * COMMIT, DECOMMIT or ZERO of a mapping that could not be made writable.
 * OUT_OF_RANGE: not wholly inside the VMAR; COMMIT, DECOMMIT, ZERO past a VMO's
 * end. NO_MEMORY.
 */
struct zx_ioc_vmar_op_range {
	__u32 size;
	__u32 op;
	__u64 addr;
	__u64 length;
};
#define ZX_IOC_VMAR_OP_RANGE		_IO(ZX_IOC_MAGIC, 0x25)

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
 *              if it starts at the local APIC's, 0xfee00000: the registers that
 *              the APIC has are then served there, the rest becomes packets
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
 * ZXL_IOC_GUEST_SET_IPI_MODE - who delivers what VCPUs send each other. On: a
 * guest, WRITE. In effect for what is sent from now on.
 *
 * @mode: ZXL_IPI_PACKET (at first): fixed, lowest-priority and NMI IPIs are packets
 *        of the sender's enter, and so is a STARTUP, unless its VCPU waits for one
 *        after an INIT. ZXL_IPI_KERNEL: all of them are delivered (to a
 *        VCPU whose local APIC is disabled, NMIs only); only a STARTUP
 *        for a VCPU that does not exist is a packet.
 *
 * INVALID_ARGS: unknown @mode.
 */
struct zxl_ioc_guest_set_ipi_mode {
	__u32 size;
	__u32 mode;
};
#define ZXL_IPI_PACKET			((__u32)0)
#define ZXL_IPI_KERNEL			((__u32)1)
#define ZXL_IOC_GUEST_SET_IPI_MODE	_IO(ZX_IOC_MAGIC, 0x2b)

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
 * fault, string I/O, load from a BELL, a CPU that another hypervisor took as the
 * host slept, anything else. NO_MEMORY.
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
 * @options: 0 or ZXL_INTERRUPT_LEVEL: the interrupt is level-triggered, and its EOI a
 *           packet ZXL_PKT_GUEST_VCPU_EOI of the VCPU's enter. While the guest has
 *           its local APIC disabled there is no EOI.
 *
 * OUT_OF_RANGE: @vector above 255. INVALID_ARGS: unknown options; a level-triggered
 * vector below 32.
 */
struct zx_ioc_vcpu_interrupt {
	__u32 size;
	__u32 vector;
	__u32 options;
	__u32 reserved;
};
#define ZXL_INTERRUPT_LEVEL		((__u32)1 << 0)
#define ZX_IOC_VCPU_INTERRUPT		_IO(ZX_IOC_MAGIC, 0x34)

/*
 * ZX_IOC_VCPU_READ_STATE, ZX_IOC_VCPU_WRITE_STATE - what the shared page does,
 * by call. On: a VCPU, READ or WRITE.
 *
 * @kind: ZX_VCPU_STATE (136 bytes); to write also ZX_VCPU_IO (8 bytes: __u8
 *        access size 1, 2 or 4, 3 bytes of padding, __u32 data); ZXL_VCPU_RIP,
 *        ZXL_VCPU_VECTOR; to read also ZXL_VCPU_SYSTEM
 *
 * INVALID_ARGS: kind, @length, pointer, access size, an RIP that the VCPU's mode
 * does not have. BAD_STATE: not the VCPU's thread. An RIP written takes back the
 * fault or single step that the last instruction left pending.
 */
struct zx_ioc_vcpu_state {
	__u32 size;
	__u32 kind;
	__u64 buffer;
	__u64 length;
};
#define ZX_IOC_VCPU_READ_STATE		_IO(ZX_IOC_MAGIC, 0x35)
#define ZX_IOC_VCPU_WRITE_STATE		_IO(ZX_IOC_MAGIC, 0x36)

/*
 * ZXL_IOC_VCPU_MEMORY - copy from or to the guest's memory at a linear address, as
 * the instruction behind the last GUEST_MEM packet would: through the guest's
 * paging, at its privilege. On: a VCPU, READ, or WRITE with ZXL_MEMORY_WRITE; its
 * own thread.
 *
 * @flags: ZXL_MEMORY_WRITE or 0
 * @addr: linear
 * @buffer, @length: at most 4096 bytes
 * @gpa: address of the __u64 that receives the guest-physical address at which it
 *       ended with UNAVAILABLE, NOT_FOUND or ACCESS_DENIED; 0 for not wanted
 *
 * CANCELED: the guest's paging does not permit it: the VCPU stands at the
 * instruction again, with the #PF that it gets instead (#GP for an address that
 * is not canonical). UNAVAILABLE: a trap stands there; NOT_SUPPORTED: under one
 * of the guest's page tables. NOT_FOUND, ACCESS_DENIED, OUT_OF_RANGE: as
 * ZX_IOC_VCPU_ENTER. Nothing was copied, then. INVALID_ARGS: flags, length,
 * pointers. NO_MEMORY. BAD_STATE: another thread's VCPU, or the last enter gave
 * no such packet, or its instruction was CANCELED.
 */
struct zxl_ioc_vcpu_memory {
	__u32 size;
	__u32 flags;
	__u64 addr;
	__u64 buffer;
	__u64 length;
	__u64 gpa;
};
#define ZXL_MEMORY_WRITE		((__u32)1 << 0)
#define ZXL_IOC_VCPU_MEMORY		_IO(ZX_IOC_MAGIC, 0x37)

#endif
