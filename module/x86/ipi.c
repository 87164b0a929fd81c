// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VCPU's ICR asks for others: packets, since user space decides who
 * gets what. Masks name VCPUs that exist.
 */
#include "../hv/xapic.h"
#include "backend.h"

#define BROADCAST	0xffffffffu

static bool matches(struct zx_cpu *cpu, const struct zx_apic_ipi *ipi, unsigned int id)
{
	if (!ipi->page)
		return zx_apic_match_logical(ipi->dest, id);
	return zx_xapic_match_logical(ipi->dest, READ_ONCE(cpu->gpas->logical[id]));
}

static u64 destinations(struct zx_cpu *cpu, const struct zx_apic_ipi *ipi)
{
	u64 present = READ_ONCE(cpu->gpas->present), self = BIT_ULL(cpu->space.id), mask = 0, left;

	switch (ipi->shorthand) {
	case 1:
		return self;
	case 2:
		return present;
	case 3:
		return present & ~self;
	}
	if (ipi->dest == BROADCAST)
		return present;
	if (!ipi->logical)
		return ipi->dest < 64 ? present & BIT_ULL(ipi->dest) : 0;
	for (left = present; left; left &= left - 1)
		if (matches(cpu, ipi, __ffs64(left)))
			mask |= left & -left;
	return mask;
}

bool zx_ipi_send(struct zx_cpu *cpu, struct zx_exit *exit, const struct zx_apic_ipi *ipi)
{
	u64 mask = destinations(cpu, ipi);
	u8 vector = ipi->vector;

	switch (ipi->kind) {
	case ZX_IPI_NMI:
		vector = 2;
		mask &= ~BIT_ULL(cpu->space.id);
		break;
	case ZX_IPI_LOWEST:
		mask &= -mask;
		break;
	case ZX_IPI_FIXED:
		break;
	case ZX_IPI_INIT:
		mask = 0;
		break;
	case ZX_IPI_STARTUP:
		zx_exit_advance(cpu, exit->len);
		zx_packet_vcpu(cpu, ZX_PKT_GUEST_VCPU_STARTUP, ipi->dest, (u64)vector << 12);
		return false;
	default:
		zx_cpu_return(cpu, ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_IPI, ipi->kind);
		return false;
	}
	zx_exit_advance(cpu, exit->len);
	if (!mask)
		return true;
	zx_packet_vcpu(cpu, ZX_PKT_GUEST_VCPU_INTERRUPT, mask, vector);
	return false;
}
