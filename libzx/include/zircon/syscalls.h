/* SPDX-License-Identifier: MIT */
/*
 * Zircon's system calls, as far as libzx has them.
 *
 * Every call answers ZX_OK or a negative status and leaves errno alone. These
 * hold for all calls and are not repeated below:
 *
 *   ZX_ERR_BAD_HANDLE	   not a handle, or not one that is open
 *   ZX_ERR_WRONG_TYPE	   a handle to another type of object
 *   ZX_ERR_ACCESS_DENIED  the handle lacks a right that the call names
 *   ZX_ERR_INVALID_ARGS   a pointer that cannot be read or written
 *   ZX_ERR_NO_MEMORY	   the host is out of memory or of descriptors
 *
 * Handles are checked before arguments, except where a call says otherwise. A
 * call that fails changes nothing and leaves no handle behind. Sizes are
 * bytes, pages are 4096 of them; times are nanoseconds of CLOCK_MONOTONIC,
 * deadlines absolute. All calls may be made from any thread; the calls on a
 * VCPU say where its own thread is needed. Signals do not show: a call that one
 * interrupts goes on afterwards.
 */
#ifndef ZIRCON_SYSCALLS_H_
#define ZIRCON_SYSCALLS_H_

#include <zircon/process.h>
#include <zircon/syscalls/object.h>
#include <zircon/types.h>

__BEGIN_CDECLS

typedef struct zx_port_packet zx_port_packet_t;	/* <zircon/syscalls/port.h> */

/*
 * Handles
 */

/* Closes a handle; its last one ends the object. ZX_HANDLE_INVALID is ZX_OK. */
zx_status_t zx_handle_close(zx_handle_t handle);

/*
 * Closes num_handles handles. ZX_HANDLE_INVALID among them is passed over. A
 * bad one does not keep the others from being closed; its status is returned.
 */
zx_status_t zx_handle_close_many(const zx_handle_t *handles, size_t num_handles);

/*
 * Makes a second handle to the same object. Right: DUPLICATE.
 *
 * rights: a subset of the handle's, or ZX_RIGHT_SAME_RIGHTS
 *
 * ZX_ERR_INVALID_ARGS: not a subset.
 */
zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out);

/*
 * Exchanges a handle for one with other rights. No right is needed. The old
 * handle is closed in any case, unless it is ZX_ERR_BAD_HANDLE.
 *
 * rights: a subset of the handle's, or ZX_RIGHT_SAME_RIGHTS
 *
 * ZX_ERR_INVALID_ARGS: not a subset.
 */
zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out);

/*
 * Asks about an object. Right: INSPECT for the topics VMAR, RESOURCE and VCPU.
 *
 * topic: ZX_INFO_*, <zircon/syscalls/object.h>
 * buffer, buffer_size: room for the records; unused by HANDLE_VALID
 * actual_count, avail_count: records written and available, or NULL; written
 *			      with ZX_OK and ZX_ERR_BUFFER_TOO_SMALL
 *
 * ZX_ERR_NOT_SUPPORTED: unknown topic. ZX_ERR_BUFFER_TOO_SMALL.
 */
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
			       size_t buffer_size, size_t *actual_count, size_t *avail_count);

/*
 * Waits until one of signals is up, or the deadline has passed. Right: WAIT.
 *
 * signals: ZX_*_READABLE and their like; 0: only the deadline ends it
 * deadline: in the past: look and do not wait
 * observed: receives all signals that were up, with ZX_OK, ZX_ERR_TIMED_OUT and
 *	     ZX_ERR_CANCELED; NULL if not wanted
 *
 * ZX_ERR_TIMED_OUT. ZX_ERR_CANCELED: the handle was closed meanwhile.
 */
zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals, zx_time_t deadline,
			       zx_signals_t *observed);

/*
 * The same for several objects at once, until one of them has a signal that was
 * waited for. Right: WAIT on each.
 *
 * items: handle and waitfor of each are read, pending is written when observed
 *	  would be; of a handle that was closed it has ZX_SIGNAL_HANDLE_CLOSED
 * num_items: at most ZX_WAIT_MANY_MAX_ITEMS; 0: sleeps
 *
 * ZX_ERR_OUT_OF_RANGE: too many. ZX_ERR_TIMED_OUT. ZX_ERR_CANCELED: one of the
 * handles was closed meanwhile.
 */
zx_status_t zx_object_wait_many(zx_wait_item_t *items, size_t num_items, zx_time_t deadline);

/*
 * Has a SIGNAL_ONE packet queued to a port, once, when one of signals is up.
 * Rights: WAIT; on the port WRITE. It ends unheard when the handle or the
 * port's last one is closed.
 *
 * key: comes back in the packet; with the handle it names this wait for
 *	zx_port_cancel
 * options: ZX_WAIT_ASYNC_ONCE, or
 *	    ZX_WAIT_ASYNC_EDGE: not for a signal that is up already
 *	    ZX_WAIT_ASYNC_TIMESTAMP or ZX_WAIT_ASYNC_BOOT_TIMESTAMP: the packet
 *	    says when, by zx_clock_get_monotonic or zx_clock_get_boot
 *
 * ZX_ERR_INVALID_ARGS: options.
 */
zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port, uint64_t key,
				 zx_signals_t signals, uint32_t options);

/*
 * Takes clear_mask down and then puts set_mask up. Right: SIGNAL.
 *
 * clear_mask, set_mask: ZX_USER_SIGNAL_*; on an event or an end of an eventpair
 *			 also ZX_EVENT_SIGNALED
 *
 * ZX_ERR_INVALID_ARGS: other signals.
 */
zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);

/*
 * The same of the other end of a channel or an eventpair. Right: SIGNAL_PEER.
 *
 * ZX_ERR_NOT_SUPPORTED: an object that has no other end. ZX_ERR_PEER_CLOSED.
 */
zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);

/*
 * Reads a property. Right: GET_PROPERTY.
 *
 * property: ZX_PROP_NAME: ZX_MAX_NAME_LEN bytes, filled up with NULs
 * value, value_size: where to, and how much room there is
 *
 * ZX_ERR_NOT_SUPPORTED: another property, or an object without a name.
 * ZX_ERR_BUFFER_TOO_SMALL.
 */
zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property, void *value,
				   size_t value_size);

/*
 * Writes a property. Right: SET_PROPERTY. VMOs have a name.
 *
 * property: ZX_PROP_NAME, cut to ZX_MAX_NAME_LEN - 1 bytes
 *
 * ZX_ERR_NOT_SUPPORTED: as above.
 */
zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property, const void *value,
				   size_t value_size);

/*
 * Channels and events. As ports and VMOs, they are made through any handle: see
 * zx_port_create.
 */

/*
 * Makes a channel: out0 and out1 are its ends, and what is written to one is
 * read from the other. options: 0, else ZX_ERR_INVALID_ARGS.
 */
zx_status_t zx_channel_create(uint32_t options, zx_handle_t *out0, zx_handle_t *out1);

/*
 * Sends a message: bytes and handles, which arrive with the rights they have.
 * Right: WRITE; TRANSFER on each handle. The handles are closed here in any
 * case, whatever the answer.
 *
 * options: 0
 * num_bytes: at most ZX_CHANNEL_MAX_MSG_BYTES
 * num_handles: at most ZX_CHANNEL_MAX_MSG_HANDLES
 *
 * ZX_ERR_PEER_CLOSED. ZX_ERR_OUT_OF_RANGE: too many bytes or handles.
 * ZX_ERR_BAD_HANDLE: also a handle twice, and one to a VMAR of the process's
 * own. ZX_ERR_NOT_SUPPORTED: the channel would come to hold itself.
 * ZX_ERR_SHOULD_WAIT: the other end has 3500 messages, or 4096 handles in them.
 * ZX_ERR_NO_RESOURCES: too many handles are on their way.
 */
zx_status_t zx_channel_write(zx_handle_t handle, uint32_t options, const void *bytes,
			     uint32_t num_bytes, const zx_handle_t *handles,
			     uint32_t num_handles);

/*
 * Takes the oldest message. Right: READ.
 *
 * options: 0 or ZX_CHANNEL_READ_MAY_DISCARD: a message that does not fit is gone
 * num_bytes, num_handles: room in bytes and handles
 * actual_bytes, actual_handles: receive what the message has, also when it does
 *				 not fit; NULL if not wanted
 *
 * ZX_ERR_SHOULD_WAIT: no message is there. ZX_ERR_PEER_CLOSED: and none will be.
 * ZX_ERR_BUFFER_TOO_SMALL: does not fit. ZX_ERR_NOT_SUPPORTED: options.
 */
zx_status_t zx_channel_read(zx_handle_t handle, uint32_t options, void *bytes,
			    zx_handle_t *handles, uint32_t num_bytes, uint32_t num_handles,
			    uint32_t *actual_bytes, uint32_t *actual_handles);

/*
 * Sends a message and waits for the answer to it, which is the one that begins
 * with the same four bytes; they are chosen here and put over those of the
 * message. Rights: READ and WRITE; TRANSFER on each handle. The handles are
 * closed in any case.
 *
 * options: 0
 * args: what is sent, and room for the answer, as of the two calls above
 * actual_bytes, actual_handles: as of zx_channel_read
 *
 * As the two calls, and ZX_ERR_TIMED_OUT: the answer is for who reads then.
 * ZX_ERR_INVALID_ARGS: also fewer than four bytes. An answer that does not fit
 * is gone. Signals are handled after the call.
 */
zx_status_t zx_channel_call(zx_handle_t handle, uint32_t options, zx_time_t deadline,
			    const zx_channel_call_args_t *args, uint32_t *actual_bytes,
			    uint32_t *actual_handles);

/*
 * Makes an event, an object that is nothing but its signals. options: 0, else
 * ZX_ERR_INVALID_ARGS.
 */
zx_status_t zx_event_create(uint32_t options, zx_handle_t *out);

/*
 * Makes two events that can signal each other (zx_object_signal_peer). When the
 * last handle of one is closed, ZX_EVENTPAIR_PEER_CLOSED comes up on the other.
 * options: 0, else ZX_ERR_INVALID_ARGS.
 */
zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t *out0, zx_handle_t *out1);

/*
 * Resources
 */

/*
 * Derives a resource from another one. Right: WRITE.
 *
 * options: ZX_RSRC_KIND_* and ZX_RSRC_FLAG_*, <zircon/syscalls/resource.h>
 * base, size: range, of the SYSTEM kind
 * name, name_size: at most ZX_MAX_NAME_LEN - 1 bytes, for people
 *
 * ZX_ERR_INVALID_ARGS: unknown kind or flag, long name, or the parent is
 * exclusive. ZX_ERR_ACCESS_DENIED: the parent does not cover the child.
 */
zx_status_t zx_resource_create(zx_handle_t parent_rsrc, uint32_t options, uint64_t base,
			       size_t size, const char *name, size_t name_size,
			       zx_handle_t *resource_out);

/*
 * Ports
 */

/*
 * Makes a port. options: 0, else ZX_ERR_INVALID_ARGS.
 *
 * What makes objects out of nothing (ports, VMOs, channels, events), and
 * zx_object_wait_many, needs a way to the kernel: a handle that this process
 * has used, or else the device node. Without either they answer as
 * zxl_hypervisor_resource does.
 */
zx_status_t zx_port_create(uint32_t options, zx_handle_t *out);

/*
 * Queues a packet; its type becomes ZX_PKT_TYPE_USER. Right: WRITE.
 *
 * ZX_ERR_SHOULD_WAIT: 4096 user packets wait already.
 */
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t *packet);

/*
 * Takes the oldest packet, waiting for one until the deadline. Right: READ.
 *
 * deadline: absolute; in the past: do not wait
 * packet: NULL drops what is taken
 *
 * ZX_ERR_TIMED_OUT.
 */
zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline, zx_port_packet_t *packet);

/*
 * Ends what zx_object_wait_async began with the handle source and key, and drops
 * its packet if that is queued. Rights: WRITE; on source WAIT.
 *
 * ZX_ERR_NOT_FOUND: nothing was begun, or its packet was taken.
 */
zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key);

/*
 * Memory
 */

/*
 * Makes a VMO of zeros. See zx_port_create for the way to the kernel.
 *
 * size: rounded up to pages
 * options: 0 or ZX_VMO_RESIZABLE
 *
 * ZX_ERR_INVALID_ARGS: unknown option. ZX_ERR_OUT_OF_RANGE: above 2^47.
 */
zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t *out);

/*
 * Copies out of a VMO. Right: READ. ZX_ERR_OUT_OF_RANGE: not all inside.
 * ZX_ERR_BAD_STATE: its cache policy is not CACHED.
 */
zx_status_t zx_vmo_read(zx_handle_t handle, void *buffer, uint64_t offset, size_t buffer_size);

/* Copies into a VMO. Right: WRITE. As above. */
zx_status_t zx_vmo_write(zx_handle_t handle, const void *buffer, uint64_t offset,
			 size_t buffer_size);

/* The size of a VMO, in bytes. No right. */
zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t *size);

/*
 * Resizes a VMO; pages cut off leave every guest first. Rights: WRITE, and
 * RESIZE if it is resizable.
 *
 * size: rounded up to pages
 *
 * ZX_ERR_UNAVAILABLE: not resizable. ZX_ERR_OUT_OF_RANGE: above 2^47.
 */
zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size);

/*
 * Works on the pages of a range. Right: WRITE for COMMIT, DECOMMIT, ZERO and
 * CACHE_INVALIDATE, READ for the others.
 *
 * op: ZX_VMO_OP_COMMIT, _DECOMMIT (both page-aligned) or _ZERO; the _CACHE_*,
 *     _DONT_NEED, _ALWAYS_NEED and _PREFETCH have nothing to do
 * buffer, buffer_size: ignored
 *
 * ZX_ERR_INVALID_ARGS: unknown op, alignment, size 0 of a _CACHE_*.
 * ZX_ERR_OUT_OF_RANGE: not all inside. ZX_ERR_NOT_SUPPORTED: _LOCK, _UNLOCK,
 * _TRY_LOCK. ZX_ERR_BAD_STATE: _ZERO of a part of a page, of a VMO whose cache
 * policy is not CACHED.
 */
zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset, uint64_t size,
			    void *buffer, size_t buffer_size);

/*
 * Exchanges a VMO's handle for one that has ZX_RIGHT_EXECUTE as well, which a
 * mapping with ZX_VM_PERM_EXECUTE needs. The old handle is closed in any
 * case, unless it is ZX_ERR_BAD_HANDLE.
 *
 * vmex: a resource of kind VMEX, or of SYSTEM covering its base
 *
 * ZX_ERR_ACCESS_DENIED: a resource of another kind.
 */
zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex, zx_handle_t *out);

/*
 * Makes a VMO out of another one. Rights: DUPLICATE and READ. The new handle has
 * the rights of the old one, a snapshot's with WRITE and without EXECUTE.
 *
 * options: one of ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE and
 *	    ZX_VMO_CHILD_SNAPSHOT_MODIFIED: the bytes of now, alone from here on
 *	    ZX_VMO_CHILD_SLICE: a part of the same memory
 *	    ZX_VMO_CHILD_REFERENCE: all of it
 *	    and ZX_VMO_CHILD_RESIZABLE (not of a slice), or
 *	    ZX_VMO_CHILD_NO_WRITE: WRITE is taken off
 * offset: page-aligned; of a reference 0
 * size: rounded up to pages; of a reference 0
 *
 * ZX_ERR_INVALID_ARGS: options, alignment, a slice not all inside.
 * ZX_ERR_OUT_OF_RANGE: above 2^47, or offset + size wraps.
 * ZX_ERR_NOT_SUPPORTED: a slice of a resizable VMO, a reference of a slice, a
 * resizable reference of one that is not. ZX_ERR_ACCESS_DENIED: also a resizable
 * reference without RESIZE. ZX_ERR_BAD_STATE: its cache policy is not CACHED.
 */
zx_status_t zx_vmo_create_child(zx_handle_t handle, uint32_t options, uint64_t offset,
				uint64_t size, zx_handle_t *out);

/*
 * How CPUs cache a VMO, by mappings that are made from now on. Right: MAP.
 *
 * cache_policy: ZX_CACHE_POLICY_*, else ZX_ERR_INVALID_ARGS
 *
 * ZX_ERR_BAD_STATE: it is mapped, has pages (and the policy is not CACHED), has
 * children or is one.
 */
zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy);

/*
 * VMARs: ranges of a guest's physical memory, or of the process's own addresses
 * (zx_vmar_root_self). One that was allocated inside another has its range for
 * itself, until it is destroyed; closing handles does not end it. Offsets count
 * from its base, addresses do not. After it was destroyed, or its guest is gone,
 * all these calls answer ZX_ERR_BAD_STATE.
 */

/*
 * Makes a VMAR inside another one. Rights: READ, WRITE and EXECUTE, as the
 * ZX_VM_CAN_MAP_* in options say; the new handle has the same.
 *
 * options: ZX_VM_CAN_MAP_READ, _WRITE, _EXECUTE, _SPECIFIC: what can be mapped in
 *	    it; ZX_VM_SPECIFIC, ZX_VM_OFFSET_IS_UPPER_LIMIT, ZX_VM_ALIGN_*: where it
 *	    is to be; ZX_VM_COMPACT: ignored
 * offset: page-aligned; address with ZX_VM_SPECIFIC, upper limit with
 *	   ZX_VM_OFFSET_IS_UPPER_LIMIT, else 0
 * size: page-aligned
 * child_addr: receives the address of its base
 *
 * ZX_ERR_INVALID_ARGS: options, alignment, range. ZX_ERR_ACCESS_DENIED: also what
 * the parent cannot map. ZX_ERR_ALREADY_EXISTS: something is there (SPECIFIC).
 * ZX_ERR_NO_RESOURCES: no room, or, in a guest, 64 are around it already.
 */
zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options, uint64_t offset,
			     uint64_t size, zx_handle_t *child_vmar, zx_vaddr_t *child_addr);

/*
 * Unmaps all of a VMAR and ends it, with all VMARs inside. No right.
 *
 * ZX_ERR_NOT_SUPPORTED: a guest's first VMAR, or the process's.
 */
zx_status_t zx_vmar_destroy(zx_handle_t handle);

/*
 * Maps a VMO. Rights: on the VMAR, those that options name; on the VMO, MAP and
 * the same.
 *
 * options: ZX_VM_*
 * vmar_offset: address with ZX_VM_SPECIFIC and ZX_VM_SPECIFIC_OVERWRITE, upper
 *		limit with ZX_VM_OFFSET_IS_UPPER_LIMIT, else 0
 * vmo_offset: page-aligned
 * len: rounded up to pages
 * mapped_addr: receives the (guest-physical) address
 *
 * ZX_ERR_INVALID_ARGS: options, alignment, range, a VMAR in the range
 * (SPECIFIC_OVERWRITE). ZX_ERR_ACCESS_DENIED: also what the VMAR cannot map.
 * ZX_ERR_ALREADY_EXISTS: something is there (SPECIFIC). ZX_ERR_NO_RESOURCES: no
 * room. ZX_ERR_OUT_OF_RANGE: vmo_offset + len wraps. ZX_ERR_NOT_SUPPORTED: a
 * resizable VMO with ZX_VM_REQUIRE_NON_RESIZABLE.
 */
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset,
			zx_handle_t vmo, uint64_t vmo_offset, uint64_t len,
			zx_vaddr_t *mapped_addr);

/*
 * Unmaps a range, splitting mappings and destroying VMARs inside; holes are fine.
 * No CPU reaches the pages any more when it returns. No right.
 *
 * addr: page-aligned
 * len: rounded up to pages
 *
 * ZX_ERR_INVALID_ARGS: alignment, len 0, not all inside the VMAR, a part of a
 * VMAR inside.
 */
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len);

/*
 * Changes what mappings permit, on all CPUs before it returns. Rights: those
 * that options name.
 *
 * options: ZX_VM_PERM_* only
 * addr, len: as above
 *
 * ZX_ERR_INVALID_ARGS: options, or as above, or any VMAR in the range.
 * ZX_ERR_NOT_FOUND: a hole in the range. ZX_ERR_ACCESS_DENIED: more than the
 * handles allowed when it was mapped.
 */
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
			    uint64_t len);

/*
 * Works on the VMOs behind a range of mappings. Right: WRITE for COMMIT, DECOMMIT
 * and ZERO.
 *
 * op: ZX_VMAR_OP_COMMIT, _DECOMMIT, _ZERO: as of zx_vmo_op_range;
 *     _MAP_RANGE: enters the pages that exist; _DONT_NEED, _ALWAYS_NEED, _PREFETCH
 * address, size: page-aligned
 * buffer, buffer_size: NULL and 0
 *
 * ZX_ERR_INVALID_ARGS: op, alignment, size 0, buffer; a VMAR in the range (COMMIT,
 * DECOMMIT, ZERO). ZX_ERR_OUT_OF_RANGE: not all inside the VMAR, or past the VMO.
 * ZX_ERR_BAD_STATE: also a hole in the range. ZX_ERR_ACCESS_DENIED: also a mapping
 * that may not be written (the same three).
 */
zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address, size_t size,
			     void *buffer, size_t buffer_size);

/*
 * Guests
 */

/*
 * Makes a guest and the VMAR of its physical memory, [0, 2^48).
 *
 * resource: of kind HYPERVISOR, or of SYSTEM covering its base
 * options: 0, checked after the resource
 *
 * ZX_ERR_ACCESS_DENIED: a resource of another kind. ZX_ERR_NOT_SUPPORTED:
 * this machine cannot run guests now; the kernel log says why.
 */
zx_status_t zx_guest_create(zx_handle_t resource, uint32_t options, zx_handle_t *guest_handle,
			    zx_handle_t *vmar_handle);

/*
 * Sets a trap: accesses of the guest become packets. Rights: WRITE on the
 * guest, and on the port.
 *
 * kind: ZX_GUEST_TRAP_IO: ports [addr, addr + size), packets from zx_vcpu_enter
 *	 ZX_GUEST_TRAP_MEM: guest-physical pages, packets from zx_vcpu_enter
 *	 ZX_GUEST_TRAP_BELL: the same, packets to port, and the VCPU runs on
 * port: with BELL only, else ZX_HANDLE_INVALID
 * key: comes back in the packets
 *
 * ZX_ERR_INVALID_ARGS: kind, port, alignment, size 0. ZX_ERR_OUT_OF_RANGE:
 * beyond port 0xffff or address 2^48. ZX_ERR_ALREADY_EXISTS: overlaps a trap
 * of the same space.
 */
zx_status_t zx_guest_set_trap(zx_handle_t guest, uint32_t kind, zx_vaddr_t addr, size_t size,
			      zx_handle_t port, uint64_t key);

/*
 * VCPUs
 */

/*
 * Makes a VCPU that the calling thread, and no other, can run. Right:
 * MANAGE_PROCESS. The first VCPU of a guest starts in 64-bit mode with CR3 0:
 * page tables must stand at guest-physical address 0. Others start in real
 * mode.
 *
 * options: 0, else ZX_ERR_INVALID_ARGS; checked before the handle
 * entry: where it starts, below 2^48
 *
 * ZX_ERR_BAD_STATE: the thread has a VCPU. ZX_ERR_NO_RESOURCES: the guest has
 * 64.
 */
zx_status_t zx_vcpu_create(zx_handle_t guest, uint32_t options, zx_vaddr_t entry,
			   zx_handle_t *out);

#if !defined(ZX_API_LEVEL) || ZX_API_LEVEL >= 2022
/*
 * Runs the VCPU until there is a packet. Its own thread only. Right: EXECUTE.
 *
 * packet: written on ZX_OK only. One that cannot be written gives
 *	   ZX_ERR_INVALID_ARGS after the guest ran.
 *
 * ZX_ERR_CANCELED: zx_vcpu_kick. ZX_ERR_BAD_STATE: another thread, a state
 * that the CPU refuses, a bell whose port is closed. ZX_ERR_NOT_FOUND: a port
 * without a trap, or unmapped memory. ZX_ERR_ACCESS_DENIED: also memory that
 * its mapping does not permit. ZX_ERR_OUT_OF_RANGE: memory past 2^48 or past
 * its VMO. ZX_ERR_NOT_SUPPORTED: triple fault, string I/O, a load from a bell,
 * an exit that nothing handles; zxl_vcpu_page knows which.
 */
zx_status_t zx_vcpu_enter(zx_handle_t vcpu, zx_port_packet_t *packet);
#endif

/*
 * zx_vcpu_enter as it was from 2018 to 2021: MEM and VCPU packets in the
 * layouts that ZX_API_LEVEL below 2022 declares, whatever the level is.
 */
zx_status_t zx_vcpu_resume(zx_handle_t vcpu, zx_port_packet_t *packet);

/*
 * Makes the current zx_vcpu_enter, or else the next one, end with
 * ZX_ERR_CANCELED. Any thread. Right: EXECUTE.
 */
zx_status_t zx_vcpu_kick(zx_handle_t vcpu);

/*
 * Makes an interrupt pending. Any thread. Right: SIGNAL.
 *
 * ZX_ERR_OUT_OF_RANGE: vector above 255.
 */
zx_status_t zx_vcpu_interrupt(zx_handle_t vcpu, uint32_t vector);

/*
 * Reads registers. Its own thread only. Right: READ.
 *
 * kind: ZX_VCPU_STATE
 * buffer_size: sizeof(zx_vcpu_state_t), exactly
 *
 * ZX_ERR_INVALID_ARGS: kind, size. ZX_ERR_BAD_STATE: another thread.
 */
zx_status_t zx_vcpu_read_state(zx_handle_t vcpu, uint32_t kind, void *buffer,
			       size_t buffer_size);

/*
 * Writes registers, or with ZX_VCPU_IO the answer to an input. Its own thread
 * only. Right: WRITE.
 *
 * kind: ZX_VCPU_STATE or ZX_VCPU_IO
 * buffer_size: sizeof(zx_vcpu_state_t) or sizeof(zx_vcpu_io_t), exactly
 *
 * ZX_ERR_INVALID_ARGS: kind, size, access size. ZX_ERR_BAD_STATE: another
 * thread.
 *
 * zx_vcpu_read_state and zx_vcpu_write_state make no system call when the
 * handle is the one that zx_vcpu_create gave this thread and the buffer is on
 * the thread's stack.
 */
zx_status_t zx_vcpu_write_state(zx_handle_t vcpu, uint32_t kind, const void *buffer,
				size_t buffer_size);

/*
 * Time
 */

/* Now, in nanoseconds of CLOCK_MONOTONIC. */
zx_time_t zx_clock_get_monotonic(void);

/* Now, in nanoseconds of CLOCK_BOOTTIME, which counts suspended time as well. */
zx_instant_boot_t zx_clock_get_boot(void);

/* Now plus nanoseconds, saturating. */
zx_time_t zx_deadline_after(zx_duration_t nanoseconds);

/* The CPU's time-stamp counter. A guest reads the same one. */
zx_ticks_t zx_ticks_get(void);

/* Ticks per second; the first call measures, for 20 ms. */
zx_ticks_t zx_ticks_per_second(void);

/* Sleeps until deadline, absolute. Always ZX_OK. */
zx_status_t zx_nanosleep(zx_time_t deadline);

__END_CDECLS

#endif
