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
 * bytes, pages are 4096 of them. All calls may be made from any thread; the
 * calls on a VCPU say where its own thread is needed. Signals do not show:
 * a call that one interrupts goes on afterwards.
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
 * Asks about an object. Right: INSPECT for the topics VMAR and VCPU.
 *
 * topic: ZX_INFO_*, <zircon/syscalls/object.h>
 * buffer, buffer_size: room for the record; unused by HANDLE_VALID
 * actual_count, avail_count: records written and available, or NULL
 *
 * ZX_ERR_NOT_SUPPORTED: unknown topic. ZX_ERR_BUFFER_TOO_SMALL.
 */
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
			       size_t buffer_size, size_t *actual_count, size_t *avail_count);

/* Waits until one of signals is up. Right: WAIT. */
zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals, zx_time_t deadline,
			       zx_signals_t *observed);

/* The same for up to ZX_WAIT_MANY_MAX_ITEMS objects. Right: WAIT on each. */
zx_status_t zx_object_wait_many(zx_wait_item_t *items, size_t num_items, zx_time_t deadline);

/* Has a packet queued, once, when one of signals is up. Rights: WAIT; port WRITE. */
zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port, uint64_t key,
				 zx_signals_t signals, uint32_t options);

/* Takes signals down and puts others up. Right: SIGNAL. */
zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);

/* The same of the other end. Right: SIGNAL_PEER. */
zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);

/* Reads a property. Right: GET_PROPERTY. */
zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property, void *value,
				   size_t value_size);

/* Writes a property. Right: SET_PROPERTY. */
zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property, const void *value,
				   size_t value_size);

/*
 * Channels and events
 */

/* Makes both ends of a channel. */
zx_status_t zx_channel_create(uint32_t options, zx_handle_t *out0, zx_handle_t *out1);

/* Sends a message. Right: WRITE; TRANSFER on each handle. The handles are gone after. */
zx_status_t zx_channel_write(zx_handle_t handle, uint32_t options, const void *bytes,
			     uint32_t num_bytes, const zx_handle_t *handles,
			     uint32_t num_handles);

/* Takes the oldest message. Right: READ. */
zx_status_t zx_channel_read(zx_handle_t handle, uint32_t options, void *bytes,
			    zx_handle_t *handles, uint32_t num_bytes, uint32_t num_handles,
			    uint32_t *actual_bytes, uint32_t *actual_handles);

/* Sends a message and waits for its answer. Rights: READ and WRITE. */
zx_status_t zx_channel_call(zx_handle_t handle, uint32_t options, zx_time_t deadline,
			    const zx_channel_call_args_t *args, uint32_t *actual_bytes,
			    uint32_t *actual_handles);

/* Makes an event. */
zx_status_t zx_event_create(uint32_t options, zx_handle_t *out);

/* Makes two events that can signal each other. */
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
 * zx_port_create and zx_vmo_create need a way to the kernel: a handle that
 * this process has used, or else the device node. Without either they answer
 * as zxl_hypervisor_resource does.
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

/* Ends what zx_object_wait_async began for source and key. Rights: WRITE; source WAIT. */
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

/* Copies out of a VMO. Right: READ. ZX_ERR_OUT_OF_RANGE: not all inside. */
zx_status_t zx_vmo_read(zx_handle_t handle, void *buffer, uint64_t offset, size_t buffer_size);

/* Copies into a VMO. Right: WRITE. ZX_ERR_OUT_OF_RANGE: not all inside. */
zx_status_t zx_vmo_write(zx_handle_t handle, const void *buffer, uint64_t offset,
			 size_t buffer_size);

/* The size of a VMO, in bytes. No right. */
zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t *size);

/*
 * Resizes a VMO; pages cut off leave every guest first. Right: WRITE.
 *
 * ZX_ERR_UNAVAILABLE: not resizable. ZX_ERR_OUT_OF_RANGE: above 2^47.
 */
zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size);

/*
 * Works on the pages of a range. Right: WRITE.
 *
 * op: ZX_VMO_OP_COMMIT, _DECOMMIT (both page-aligned) or _ZERO
 * buffer, buffer_size: ignored
 *
 * ZX_ERR_INVALID_ARGS: another op. ZX_ERR_OUT_OF_RANGE: not all inside.
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

/* Makes a VMO out of another one. Rights: DUPLICATE and READ. */
zx_status_t zx_vmo_create_child(zx_handle_t handle, uint32_t options, uint64_t offset,
				uint64_t size, zx_handle_t *out);

/* How CPUs cache a VMO. Right: MAP. */
zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy);

/* Makes a VMAR inside another one. Rights: those that CAN_MAP_* name. */
zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options, uint64_t offset,
			     uint64_t size, zx_handle_t *child_vmar, zx_vaddr_t *child_addr);

/* Unmaps all of a VMAR and ends it. No right. */
zx_status_t zx_vmar_destroy(zx_handle_t handle);

/* Works on the pages behind a range of mappings. */
zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address, size_t size,
			     void *buffer, size_t buffer_size);

/*
 * Maps a VMO: into a guest's physical memory, or with zx_vmar_root_self into
 * the process. Rights: on the VMAR, those that options name; on the VMO, MAP
 * and the same.
 *
 * options: ZX_VM_*
 * vmar_offset: address with ZX_VM_SPECIFIC and ZX_VM_SPECIFIC_OVERWRITE, upper
 *		limit with ZX_VM_OFFSET_IS_UPPER_LIMIT (guests only), else 0
 * vmo_offset: page-aligned
 * len: rounded up to pages
 * mapped_addr: receives the (guest-physical) address
 *
 * ZX_ERR_INVALID_ARGS: options, alignment, range. ZX_ERR_ALREADY_EXISTS:
 * something is there (SPECIFIC). ZX_ERR_NO_RESOURCES: no room.
 * ZX_ERR_OUT_OF_RANGE: vmo_offset + len wraps. ZX_ERR_NOT_SUPPORTED: a
 * resizable VMO with ZX_VM_REQUIRE_NON_RESIZABLE. ZX_ERR_BAD_STATE: the
 * guest is gone.
 */
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset,
			zx_handle_t vmo, uint64_t vmo_offset, uint64_t len,
			zx_vaddr_t *mapped_addr);

/*
 * Unmaps a range, splitting mappings; holes are fine. No CPU reaches the pages
 * any more when it returns. No right.
 *
 * ZX_ERR_INVALID_ARGS: addr or len not page-aligned, or len 0.
 */
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len);

/*
 * Changes what mappings permit, on all CPUs before it returns. Rights: on the
 * VMAR, those that options name.
 *
 * options: ZX_VM_PERM_* only
 *
 * ZX_ERR_NOT_FOUND: a hole in the range. ZX_ERR_ACCESS_DENIED: more than the
 * VMO's handle had when it was mapped.
 */
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
			    uint64_t len);

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
