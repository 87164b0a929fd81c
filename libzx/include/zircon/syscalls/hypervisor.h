/* SPDX-License-Identifier: MIT */
/* Kinds of traps and the state of a VCPU (x86-64). */
#ifndef ZIRCON_SYSCALLS_HYPERVISOR_H_
#define ZIRCON_SYSCALLS_HYPERVISOR_H_

#include <zircon/types.h>

__BEGIN_CDECLS

#define ZX_GUEST_OPT_NORMAL		((uint32_t)0)

typedef uint32_t zx_guest_trap_t;
#define ZX_GUEST_TRAP_BELL		((__u32)0)
#define ZX_GUEST_TRAP_MEM		((__u32)1)
#define ZX_GUEST_TRAP_IO		((__u32)2)

typedef uint32_t zx_vcpu_t;
#define ZX_VCPU_STATE			((__u32)0)	/* zx_vcpu_state_t */
#define ZX_VCPU_IO			((__u32)1)	/* zx_vcpu_io_t, to write only */

/*
 * rflags is read as CF PF AF ZF SF TF DF OF NT AC ID, all other bits 0. It is
 * written, those same flags, only when bit 1 is set: a state that was read,
 * changed and written back leaves the flags alone.
 */
typedef struct zx_vcpu_state {
	uint64_t rax;
	uint64_t rcx;
	uint64_t rdx;
	uint64_t rbx;
	uint64_t rsp;
	uint64_t rbp;
	uint64_t rsi;
	uint64_t rdi;
	uint64_t r8;
	uint64_t r9;
	uint64_t r10;
	uint64_t r11;
	uint64_t r12;
	uint64_t r13;
	uint64_t r14;
	uint64_t r15;
	uint64_t rflags;
} zx_vcpu_state_t;

/* The answer to an input: access_size (1, 2 or 4) low bytes of RAX. */
typedef struct zx_vcpu_io {
	uint8_t access_size;
	uint8_t padding1[3];
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint8_t data[4];
	};
} zx_vcpu_io_t;

__END_CDECLS

#endif
