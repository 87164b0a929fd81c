// SPDX-License-Identifier: GPL-2.0-only
/*
 * INIT and STARTUP (SDM 3, 9.4.3 and 11.6.1): an INIT stops a VCPU wherever it is,
 * and resets it; it then waits for a STARTUP, which says where in real mode it goes
 * on. The first VCPU does not wait, it goes on at the reset vector.
 *
 * zx_irq.startup is the whole protocol. Senders change it from any CPU; the VCPU's
 * own thread answers outside of bursts. A STARTUP that follows an INIT before that
 * was looked at is not lost, and the one that Linux sends behind it finds the
 * VCPU started and does nothing.
 */
#include "../x86/backend.h"

enum { RUNNING, WAITING, STARTED };	/* STARTED: vector above bit 8 */

#define STARTED_AT(vector)	(STARTED | (vector) << 8)
/* SDM 3, 10.1.4: CS.base of the reset vector; and its IP. */
#define RESET_BASE	0xffff0000u
#define RESET_IP	0xfff0

void zx_cpu_send_init(struct zx_cpu *cpu)
{
	xchg(&cpu->irq.startup, cpu->space.id ? WAITING : STARTED);
	zx_irq_post(cpu, ZX_EVENT_STARTUP);
}

bool zx_cpu_send_startup(struct zx_cpu *cpu, u8 vector)
{
	if (cmpxchg(&cpu->irq.startup, WAITING, STARTED_AT(vector)) != WAITING)
		return false;
	zx_irq_post(cpu, ZX_EVENT_STARTUP);
	return true;
}

/* At once with INIT: whatever waited, or comes while we wait, is nobody's. */
static void forget(struct zx_cpu *cpu)
{
	cpu->halted = false;
	zx_irq_reset(cpu);
	zx_apic_reset(&cpu->apic);
	zx_clock_drop(cpu);
}

static void reset(struct zx_cpu *cpu, u64 entry)
{
	forget(cpu);
	zx_cpu_reset(cpu, entry);
}

/* False: another INIT came in between. */
static bool start(struct zx_cpu *cpu, unsigned int startup)
{
	if (cpu->space.id) {
		reset(cpu, (startup >> 8) << 12);
	} else {
		reset(cpu, RESET_BASE);
		cpu->rip = RESET_IP;
	}
	if (cmpxchg(&cpu->irq.startup, startup, RUNNING) != startup)
		return false;
	cpu->starting = false;
	return true;
}

zx_status_t zx_cpu_startup(struct zx_cpu *cpu)
{
	unsigned int startup;

	for (;;) {
		startup = READ_ONCE(cpu->irq.startup);
		/* The event of a STARTUP that was seen before. */
		if (startup == RUNNING)
			cpu->starting = false;
		if (startup == RUNNING || (startup != WAITING && start(cpu, startup)))
			return ZX_OK;
		if (startup == WAITING)
			forget(cpu);
		/* A wait for what is there already looks at neither of these. */
		if (signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		cond_resched();
		if (rcuwait_wait_event(&cpu->wait, READ_ONCE(cpu->irq.events) ||
				       READ_ONCE(cpu->irq.startup) != WAITING, TASK_INTERRUPTIBLE))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		if (!zx_irq_take(cpu)) {
			zx_cpu_return(cpu, ZX_ERR_CANCELED, ZX_VCPU_REASON_KICK, 0);
			return ZX_ERR_CANCELED;
		}
	}
}
