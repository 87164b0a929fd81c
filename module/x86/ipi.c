// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VCPU's ICR asks for others. INIT, and a STARTUP for a VCPU that waits for
 * one, are done here. The rest is a packet, since user space decides who gets what,
 * unless the guest's IPIs were made the kernel's. Masks name VCPUs that exist.
 */
#include "../hv/xapic.h"
#include "backend.h"

#define BROADCAST	0xffffffffu

/* Interrupts are off, so it stays. NULL: there is none. */
static struct zx_cpu *find(struct zx_cpu *cpu, unsigned int id)
{
	struct zx_gpas_user *user = rcu_dereference_sched(cpu->gpas->by_id[id]);

	return user ? container_of(user, struct zx_cpu, space) : NULL;
}

static bool matches(struct zx_cpu *cpu, const struct zx_apic_ipi *ipi, unsigned int id)
{
	struct zx_cpu *target;

	if (!ipi->page)
		return zx_apic_match_logical(ipi->dest, id);
	target = find(cpu, id);
	return target && zx_xapic_match_logical(ipi->dest, zx_xapic_logical(&target->apic));
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

/* Behind all others are those that take nothing. */
static unsigned int priority_of(const struct zx_cpu *target)
{
	if (!target)
		return 17;
	return zx_apic_enabled(&target->apic) ? zx_apic_get_cr8(&target->apic) : 16;
}

/* Of @mask, who has the lowest task priority: SDM 3, 11.6.2.4. The first of equals. */
static u64 lowest(struct zx_cpu *cpu, u64 mask)
{
	unsigned int priority, best = 17;
	u64 winner = 0;

	for (; mask; mask &= mask - 1) {
		priority = priority_of(find(cpu, __ffs64(mask)));
		if (priority < best) {
			best = priority;
			winner = mask & -mask;
		}
	}
	return winner;
}

static void init(struct zx_cpu *cpu, u64 mask)
{
	struct zx_cpu *target;

	for (; mask; mask &= mask - 1) {
		target = find(cpu, __ffs64(mask));
		if (target)
			zx_cpu_send_init(target);
	}
}

/* False: the packet is for user space, which makes VCPUs that do not exist. */
static bool startup(struct zx_cpu *cpu, const struct zx_apic_ipi *ipi, u64 mask)
{
	bool known = mask, waited = false;
	struct zx_cpu *target;

	for (; mask; mask &= mask - 1) {
		target = find(cpu, __ffs64(mask));
		waited |= target && zx_cpu_send_startup(target, ipi->vector);
	}
	/* A VCPU that runs is none of the kernel's business, unless it knows all IPIs. */
	if (waited || (known && READ_ONCE(cpu->gpas->kernel_ipis)))
		return true;
	zx_packet_vcpu(cpu, ZX_PKT_GUEST_VCPU_STARTUP, ipi->dest, (u64)ipi->vector << 12);
	return false;
}

static bool interrupt(struct zx_cpu *cpu, u64 mask, u8 vector)
{
	struct zx_cpu *target;

	if (!mask)
		return true;
	if (!READ_ONCE(cpu->gpas->kernel_ipis)) {
		zx_packet_vcpu(cpu, ZX_PKT_GUEST_VCPU_INTERRUPT, mask, vector);
		return false;
	}
	for (; mask; mask &= mask - 1) {
		target = find(cpu, __ffs64(mask));
		if (target)
			zx_irq_post_ipi(target, vector);
	}
	return true;
}

bool zx_ipi_send(struct zx_cpu *cpu, struct zx_exit *exit, const struct zx_apic_ipi *ipi)
{
	u64 mask = destinations(cpu, ipi);

	zx_exit_advance(cpu, exit->len);
	switch (ipi->kind) {
	case ZX_IPI_NMI:
		/* Zircon's packets leave it out, and so do shorthands: SDM 3, table 11-3. */
		if (ipi->shorthand || !READ_ONCE(cpu->gpas->kernel_ipis))
			mask &= ~BIT_ULL(cpu->space.id);
		return interrupt(cpu, mask, 2);
	case ZX_IPI_LOWEST:
		return interrupt(cpu, lowest(cpu, mask), ipi->vector);
	case ZX_IPI_FIXED:
		return interrupt(cpu, mask, ipi->vector);
	case ZX_IPI_INIT:
		init(cpu, mask);
		return true;
	case ZX_IPI_STARTUP:
		return startup(cpu, ipi, mask);
	default:
		/* There is no SMM and no 8259 behind the local APICs: nobody listens. */
		return true;
	}
}
