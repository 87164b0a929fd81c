/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instructions of VMX, and the fields of a VMCS: of the current one, and of the
 * right width, or it does not compile.
 */
#ifndef _ZX_VMX_VMCS_H
#define _ZX_VMX_VMCS_H

#include <linux/build_bug.h>

#include <asm/asm.h>
#include <asm/vmx.h>

/* Bits 14:13 of a field's number: SDM 3, table 25-21. */
#define VMCS_WIDTH(field)	((field) >> 13 & 3)
#define VMCS_WIDTH_16		0
#define VMCS_WIDTH_64		1
#define VMCS_WIDTH_32		2
#define VMCS_WIDTH_n		3	/* natural */

/* 0 if there is no such field, or while the machine goes down and VMX is off already. */
static __always_inline u64 vmcs_get(unsigned long field)
{
	unsigned long value = 0;

	asm volatile("1: vmread %1, %0\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+r"(value) : "r"(field) : "cc");
	return value;
}

static __always_inline void vmcs_set(unsigned long field, unsigned long value)
{
	asm volatile("1: vmwrite %1, %0\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : : "r"(field), "r"(value) : "cc", "memory");
}

#define VMCS_ACCESSORS(name, type)							\
static __always_inline type vmcs_read##name(unsigned long field)			\
{											\
	BUILD_BUG_ON(__builtin_constant_p(field) &&					\
		     VMCS_WIDTH(field) != VMCS_WIDTH_##name);				\
	return vmcs_get(field);								\
}											\
static __always_inline void vmcs_write##name(unsigned long field, type value)		\
{											\
	BUILD_BUG_ON(__builtin_constant_p(field) &&					\
		     VMCS_WIDTH(field) != VMCS_WIDTH_##name);				\
	vmcs_set(field, value);								\
}

VMCS_ACCESSORS(16, u16)
VMCS_ACCESSORS(32, u32)
VMCS_ACCESSORS(64, u64)
VMCS_ACCESSORS(n, u64)

/* These fail with CF or ZF, or fault while VMX is off: SDM 3, 31.2. */
#define VMX_INSTRUCTION(text, ...)							\
({											\
	bool ok_ = false;								\
											\
	asm volatile("1: " text "\n"							\
		     "seta %0\n"							\
		     "2:\n"								\
		     _ASM_EXTABLE(1b, 2b)						\
		     : "+qm"(ok_) : __VA_ARGS__ : "cc", "memory");			\
	ok_;										\
})

static inline bool vmxon(phys_addr_t pa)
{
	return VMX_INSTRUCTION("vmxon %1", "m"(pa));
}

static inline void vmxoff(void)
{
	asm volatile("1: vmxoff\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : : : "cc", "memory");
}

static inline bool vmclear(phys_addr_t pa)
{
	return VMX_INSTRUCTION("vmclear %1", "m"(pa));
}

static inline bool vmptrld(phys_addr_t pa)
{
	return VMX_INSTRUCTION("vmptrld %1", "m"(pa));
}

static inline bool invept(unsigned long type, u64 eptp)
{
	struct { u64 eptp, reserved; } operand = { eptp };

	return VMX_INSTRUCTION("invept %1, %2", "m"(operand), "r"(type));
}

static inline bool invvpid(unsigned long type, u16 vpid)
{
	struct { u64 vpid, address; } operand = { vpid };

	return VMX_INSTRUCTION("invvpid %1, %2", "m"(operand), "r"(type));
}

#endif
