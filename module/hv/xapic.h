/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC's registers as a page shows them (SDM 3, 11.4.1). The same
 * registers as those behind the MSRs, with the differences of the older mode:
 * nothing faults, ids have 8 bits, ICR has two halves, logical ids are written.
 */
#ifndef _ZX_XAPIC_H
#define _ZX_XAPIC_H

#include "apic.h"

/*
 * Four bytes at @offset in the page, which is a register's: any multiple of 16.
 * DONE; ABSENT: nothing known is there, or the APIC is off; a write also IPI, EOI.
 */
enum zx_apic_action zx_xapic_read(struct zx_apic *apic, u32 offset, u32 *value);
enum zx_apic_action zx_xapic_write(struct zx_apic *apic, u32 offset, u32 value,
				   struct zx_apic_ipi *ipi);

/* What others must know of a VCPU to name it: model (DFR) in 11:8, logical id in 7:0. */
static inline u16 zx_xapic_logical(const struct zx_apic *apic)
{
	return (READ_ONCE(apic->dfr) >> 28) << 8 | READ_ONCE(apic->ldr) >> 24;
}

/* Does the message destination @dest name a VCPU of which @logical is known? */
bool zx_xapic_match_logical(u8 dest, u16 logical);

#endif
