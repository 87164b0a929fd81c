/* SPDX-License-Identifier: MIT */
/*
 * What libzx has beyond Zircon: the way in, descriptors, the VCPU's page,
 * decoded memory accesses, traps that go away, IPIs and EOIs. Statuses as in
 * <zircon/syscalls.h>.
 */
#ifndef ZXL_HYPERVISOR_H_
#define ZXL_HYPERVISOR_H_

#include <zircon/types.h>
#include <zx_hypervisor.h>

__BEGIN_CDECLS

/*
 * Opens /dev/zx_hypervisor: the resource of kind HYPERVISOR, from which
 * everything starts.
 *
 * ZX_ERR_NOT_FOUND: no such device, or no module behind it.
 * ZX_ERR_ACCESS_DENIED: the node's permissions. ZX_ERR_NO_RESOURCES: no
 * descriptor is free. ZX_ERR_NO_MEMORY.
 */
zx_status_t zxl_hypervisor_resource(zx_handle_t *out);

/*
 * Removes the trap of the kind that starts at addr. No VCPU uses it and none
 * of its packets is queued when it returns. Right: WRITE on the guest.
 *
 * ZX_ERR_NOT_FOUND: no such trap. ZX_ERR_INVALID_ARGS: kind.
 */
zx_status_t zxl_guest_unset_trap(zx_handle_t guest, uint32_t kind, zx_vaddr_t addr);

/*
 * Who delivers what VCPUs of the guest send each other. Right: WRITE.
 *
 * ZXL_IPI_PACKET, as a new guest has it: the sender's zx_vcpu_enter gives a packet
 * of the type ZX_PKT_TYPE_GUEST_VCPU.
 * ZXL_IPI_KERNEL: the kernel does, among VCPUs that exist; only a STARTUP for one
 * that does not is a packet.
 *
 * In both modes an INIT resets its VCPU in the kernel, whose zx_vcpu_enter then
 * waits, and the next STARTUP for it starts it there.
 *
 * ZX_ERR_INVALID_ARGS: mode.
 */
zx_status_t zxl_guest_set_ipi_mode(zx_handle_t guest, uint32_t mode);

/*
 * zx_vcpu_interrupt with options: 0, or ZXL_INTERRUPT_LEVEL for a level-triggered
 * interrupt. When the guest has ended that one, zx_vcpu_enter of this VCPU gives a
 * packet of the type ZX_PKT_TYPE_GUEST_VCPU with guest_vcpu.type
 * ZXL_PKT_GUEST_VCPU_EOI, interrupt.mask the bit of this VCPU, and
 * interrupt.vector: time for an I/O APIC to look at the line again. While the
 * guest has its local APIC disabled there are no EOIs. Right: SIGNAL.
 *
 * ZX_ERR_OUT_OF_RANGE: vector above 255. ZX_ERR_INVALID_ARGS: options; a
 * level-triggered vector below 32.
 */
zx_status_t zxl_vcpu_interrupt(zx_handle_t vcpu, uint32_t vector, uint32_t options);

/*
 * The descriptor of a handle, to poll it or to send it with SCM_RIGHTS; -1 if
 * the value is no handle. It stays the handle's: to close it, close the handle.
 */
int zxl_handle_fd(zx_handle_t handle);

/*
 * The handle of a descriptor that was received or inherited; the descriptor
 * becomes the handle's. ZX_HANDLE_INVALID if the number cannot be one; whether
 * it is one, the first call on it tells.
 */
zx_handle_t zxl_handle_from_fd(int fd);

/*
 * The page that the kernel shares with the calling thread about its VCPU, or
 * NULL: another thread's, no VCPU, a handle without READ and WRITE. Good until
 * the handle that zx_vcpu_create gave is closed or replaced, or the thread
 * ends.
 */
struct zx_vcpu_page *zxl_vcpu_page(zx_handle_t vcpu);

/*
 * The memory access behind the last packet, a GUEST_MEM.
 *
 * addr:	guest-physical
 * value:	of a store, zero-extended; 0 of a load
 * write:	true for a store
 * size:	bytes of memory, 1, 2, 4 or 8
 * instruction_size: bytes of instruction, 0 if it could not be read
 */
typedef struct zxl_vcpu_access {
	zx_gpaddr_t addr;
	uint64_t value;
	bool write;
	uint8_t size;
	uint8_t instruction_size;
	uint8_t padding1[5];
	uint8_t instruction[16];
} zxl_vcpu_access_t;

/*
 * Reads that access, without a system call. The VCPU's own thread only. Right:
 * READ.
 *
 * ZX_ERR_BAD_STATE: the last zx_vcpu_enter gave no GUEST_MEM packet, or
 * another thread's VCPU. ZX_ERR_NOT_SUPPORTED: not a plain MOV; addr and the
 * instruction are filled in, the rest is 0.
 */
zx_status_t zxl_vcpu_access(zx_handle_t vcpu, zxl_vcpu_access_t *out);

/*
 * Completes a load: puts value, cut to the size of the access and extended as
 * the instruction says, into its register. Without a system call. The VCPU's
 * own thread only. Right: WRITE.
 *
 * ZX_ERR_BAD_STATE: as above, or the access is a store. ZX_ERR_NOT_SUPPORTED:
 * not a plain MOV.
 */
zx_status_t zxl_vcpu_access_finish(zx_handle_t vcpu, uint64_t value);

/*
 * Copies at most 4096 bytes from or to the guest's memory at a linear address,
 * through the guest's paging and at its privilege: what else the instruction
 * behind the last packet, a GUEST_MEM, accesses. The VCPU's own thread only.
 * Right: READ, or WRITE. gpa, if not NULL, receives where it ended.
 *
 * ZX_ERR_CANCELED: the guest's paging does not permit it; the VCPU stands at the
 * instruction again, and takes the exception when it is entered. With gpa:
 * ZX_ERR_UNAVAILABLE: a trap is there. ZX_ERR_NOT_FOUND, ZX_ERR_ACCESS_DENIED:
 * nothing is mapped there, or not like that. ZX_ERR_NOT_SUPPORTED: a page table
 * of the guest's is in a trap. ZX_ERR_INVALID_ARGS: length, buffer.
 * ZX_ERR_BAD_STATE: the last zx_vcpu_enter gave no GUEST_MEM packet, or another
 * thread's VCPU.
 */
zx_status_t zxl_vcpu_read_memory(zx_handle_t vcpu, uint64_t addr, void *buffer, size_t length,
				 zx_gpaddr_t *gpa);
zx_status_t zxl_vcpu_write_memory(zx_handle_t vcpu, uint64_t addr, const void *buffer,
				  size_t length, zx_gpaddr_t *gpa);

__END_CDECLS

#endif
