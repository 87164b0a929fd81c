/* SPDX-License-Identifier: MIT */
/*
 * Executing the instruction behind a GUEST_MEM packet, whatever it is. A library
 * of its own, libzx-assist, because it needs Zydis to decode.
 */
#ifndef ZXL_ASSIST_H_
#define ZXL_ASSIST_H_

#include <zircon/types.h>

__BEGIN_CDECLS

/*
 * The devices: what is at the guest-physical address addr, which is in a trap.
 * size is 1 to 32 bytes and does not leave the page. A status other than ZX_OK
 * ends the instruction and is what zxl_vcpu_assist returns.
 */
typedef struct zxl_assist_ops {
	zx_status_t (*read)(void *context, zx_gpaddr_t addr, void *data, size_t size);
	zx_status_t (*write)(void *context, zx_gpaddr_t addr, const void *data, size_t size);
} zxl_assist_ops_t;

/*
 * Does all that the instruction behind the last packet, a GUEST_MEM, does:
 * accesses to traps through ops, those to other memory as the guest would make
 * them, registers, flags, RIP. Where it faults (its other operand, a division),
 * the guest takes the exception when it is entered, and the answer is ZX_OK. A
 * string instruction with REP goes on for as long as it meets traps, at most 4096
 * times; the guest then does the rest, or comes back.
 *
 * The VCPU's own thread only, with the state as the enter left it. Rights: READ,
 * WRITE; for an exception SIGNAL.
 *
 * ZX_ERR_NOT_SUPPORTED: an instruction that is not known here, or a page table of
 * the guest's is in a trap. ZX_ERR_NOT_FOUND, ZX_ERR_ACCESS_DENIED,
 * ZX_ERR_OUT_OF_RANGE, ZX_ERR_NO_MEMORY: its other operand, as zx_vcpu_enter.
 * ZX_ERR_BAD_STATE: the last zx_vcpu_enter gave no GUEST_MEM packet, or another
 * thread's VCPU. With any of these, and with one of ops', the VCPU is as it was,
 * behind the instruction; but a string instruction that was under way stands
 * where it got, to be tried again.
 */
zx_status_t zxl_vcpu_assist(zx_handle_t vcpu, const zxl_assist_ops_t *ops, void *context);

__END_CDECLS

#endif
