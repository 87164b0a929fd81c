// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivery of events to a VCPU: posts from other threads, faults from exit
 * handlers, the local APIC's interrupts; one goes into the backend's slot
 * before each entry.
 */
#include <linux/bitops.h>
#include <linux/sched.h>

#include "../x86/backend.h"

bool zx_virtual_apic __ro_after_init;

#define VECTOR_NMI	2
/* Exceptions that push an error code: #DF #TS #NP #SS #GP #PF #AC (SDM 3, 6.15) */
#define ERROR_CODES	(BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(14) | BIT(17))
/* Those that are faults whatever raised them: SDM 3, table 7-1. */
#define FAULTS	(BIT(0) | GENMASK(7, 5) | GENMASK(14, 10) | BIT(16) | BIT(17) | BIT(19) | BIT(20))
/* What can be injected as an exception by number alone. */
#define EXCEPTION_LAST	20

#define EVENTS_POSTED	GENMASK(ZX_EVENT_POSTED_LAST, ZX_EVENT_POSTED)
static_assert(ZX_POSTED_LEVELS * BITS_PER_LONG == 256);

/*
 * The bit is set before the thread's place is read, and the thread shows its
 * place before it reads the bit (zx_cpu_run): one of the two sees the other.
 */
void zx_irq_post(struct zx_cpu *cpu, enum zx_event event)
{
	/* Whoever finds the bit set relies on us. */
	preempt_disable();
	if (test_and_set_bit(event, &cpu->irq.events) && event != ZX_EVENT_KICK)
		goto out;
	smp_mb__after_atomic();		/* pairs with the one in burst() */
	rcuwait_wake_up(&cpu->wait);
	/* A kick or an INIT ends the wait for a bell's packet as well. */
	if (BIT(event) & ZX_EVENTS_URGENT && READ_ONCE(cpu->in_bell))
		wake_up_process(cpu->task);
	if (READ_ONCE(cpu->space.cpu) >= 0)
		kick_process(cpu->task);
out:
	preempt_enable();
}

void zx_irq_post_vector(struct zx_cpu *cpu, u8 vector, bool level)
{
	unsigned int word = vector / BITS_PER_LONG + (level ? ZX_POSTED_LEVELS : 0);

	set_bit(vector % BITS_PER_LONG, &cpu->irq.posted[word]);
	smp_mb__after_atomic();		/* the vector is there before the event that says so */
	zx_irq_post(cpu, ZX_EVENT_POSTED + word);
}

void zx_irq_post_ipi(struct zx_cpu *cpu, u8 vector)
{
	if (vector != VECTOR_NMI && !zx_apic_enabled(&cpu->apic))
		return;
	if (vector == VECTOR_NMI || vector >= 32) {
		zx_irq_post_vector(cpu, vector, false);
		return;
	}
	set_bit(vector, &cpu->irq.low);
	smp_mb__after_atomic();		/* likewise */
	zx_irq_post(cpu, ZX_EVENT_LOW);
}

void zx_irq_fault(struct zx_cpu *cpu, u8 vector, bool has_error, u32 error)
{
	cpu->irq.fault = (struct zx_fault) {
		.pending = true, .vector = vector, .has_error = has_error, .error = error,
	};
	cpu->irq.busy = true;
}

void zx_irq_gp(struct zx_cpu *cpu)
{
	zx_irq_fault(cpu, 13, true, 0);
}

void zx_irq_ud(struct zx_cpu *cpu)
{
	zx_irq_fault(cpu, 6, false, 0);
}

static void accept_vector(struct zx_cpu *cpu, unsigned int vector, bool level)
{
	struct zx_irq *irq = &cpu->irq;

	if (vector == VECTOR_NMI)
		irq->nmi = true;
	else if (vector < 32)
		irq->exceptions |= BIT(vector);
	else if (zx_apic_enabled(&cpu->apic))
		zx_apic_accept(&cpu->apic, vector, level);
	else
		irq->direct[vector / 64] |= BIT_ULL(vector % 64);
	irq->busy = true;
}

static void take_posted(struct zx_cpu *cpu, unsigned int word)
{
	unsigned int first = word % ZX_POSTED_LEVELS * BITS_PER_LONG;
	unsigned long bits = xchg(&cpu->irq.posted[word], 0);

	for (; bits; bits &= bits - 1)
		accept_vector(cpu, first + __ffs(bits), word >= ZX_POSTED_LEVELS);
}

static void take_vectors(struct zx_cpu *cpu, unsigned long events)
{
	unsigned long words = (events & EVENTS_POSTED) >> ZX_EVENT_POSTED, bits;

	for (; words; words &= words - 1)
		take_posted(cpu, __ffs(words));
	if (likely(!(events & BIT(ZX_EVENT_LOW))))
		return;
	for (bits = xchg(&cpu->irq.low, 0); bits; bits &= bits - 1)
		zx_apic_accept(&cpu->apic, __ffs(bits), false);
}

/* The events stay, and then find nothing or what came since. */
void zx_irq_show(struct zx_cpu *cpu)
{
	take_vectors(cpu, READ_ONCE(cpu->irq.events));
}

bool zx_irq_take(struct zx_cpu *cpu)
{
	unsigned long events;

	if (likely(!READ_ONCE(cpu->irq.events)))
		return true;
	events = xchg(&cpu->irq.events, 0);
	take_vectors(cpu, events);
	if (events & BIT(ZX_EVENT_TIMER))
		zx_apic_timer_fired(&cpu->apic);
	if (unlikely(events & BIT(ZX_EVENT_STARTUP))) {
		cpu->starting = true;
		cpu->irq.busy = true;
	}
	return !(events & BIT(ZX_EVENT_KICK));
}

void zx_irq_reset(struct zx_cpu *cpu)
{
	struct zx_irq *irq = &cpu->irq;
	unsigned int word;

	for (word = 0; word < ARRAY_SIZE(irq->posted); word++)
		xchg(&irq->posted[word], 0);
	xchg(&irq->low, 0);
	memset(irq->direct, 0, sizeof(irq->direct));
	irq->exceptions = 0;
	irq->nmi = false;
	irq->nmi_masked = false;
	irq->cut = false;
	irq->reinject = false;
	irq->fault.pending = false;
	irq->busy = true;
}

/* The highest; there is one. */
static int direct_vector(const u64 *direct)
{
	int word = 3;

	while (!direct[word])
		word--;
	return word * 64 + __fls(direct[word]);
}

/* The highest vector that waits; @prio: the class that delivers it. -1: none. */
static int pending_vector(struct zx_cpu *cpu, unsigned int *prio, bool any_tpr)
{
	const u64 *direct = cpu->irq.direct;
	int vector;

	if (unlikely(direct[0] | direct[1] | direct[2] | direct[3])) {
		*prio = ZX_PRIO_ALWAYS;
		return direct_vector(direct);
	}
	if (cpu->irq.virtual || !cpu->apic.arrived)
		return -1;
	/* While it is disabled it holds self-IPIs only, which nothing masks. */
	vector = any_tpr ? zx_apic_waiting(&cpu->apic) : zx_apic_pending(&cpu->apic);
	*prio = zx_apic_enabled(&cpu->apic) ? vector >> 4 : ZX_PRIO_ALWAYS;
	return vector;
}

static void ack_vector(struct zx_cpu *cpu, unsigned int vector)
{
	u64 *direct = &cpu->irq.direct[vector / 64];

	if (*direct & BIT_ULL(vector % 64))
		*direct &= ~BIT_ULL(vector % 64);
	else
		zx_apic_ack(&cpu->apic, vector);
}

/* What the CPU would deliver were it in the guest. */
static bool virtual_pending(struct zx_cpu *cpu)
{
	zx_apic_look(&cpu->apic);
	return zx_apic_pending(&cpu->apic) >= 0;
}

bool zx_irq_wakes(struct zx_cpu *cpu, bool intr_on)
{
	unsigned int prio;

	if ((cpu->irq.nmi && !cpu->irq.nmi_masked) || cpu->irq.exceptions)
		return true;
	return intr_on && (pending_vector(cpu, &prio, false) >= 0 ||
			   (cpu->irq.virtual && virtual_pending(cpu)));
}

/* A fault's handler finds RF set, so that a breakpoint does not hit again: SDM 3, 19.3.1.1. */
static void inject_exception(struct zx_cpu *cpu, const struct zx_fault *event)
{
	u64 flags = zx_backend->get(cpu, ZX_REG_RFLAGS);

	if (FAULTS & BIT(event->vector))
		zx_backend->set(cpu, ZX_REG_RFLAGS, flags | X86_EFLAGS_RF);
	zx_backend->inject(cpu, ZX_INJECT_EXCEPTION, event);
}

/* One of zx_vcpu_interrupt's vectors below 32; all of them are spent by it. */
static zx_status_t deliver_exception(struct zx_cpu *cpu)
{
	unsigned int vector = __fls(cpu->irq.exceptions);
	struct zx_fault event = {
		.vector = vector,
		.has_error = ERROR_CODES & BIT(vector),
	};

	if (vector > EXCEPTION_LAST) {
		cpu->irq.exceptions &= ~BIT(vector);
		return ZX_ERR_NOT_SUPPORTED;
	}
	cpu->irq.exceptions = 0;
	inject_exception(cpu, &event);
	return ZX_OK;
}

/* What may go in now goes in; NMI first, then vectors (contract's order). */
static zx_status_t deliver_one(struct zx_cpu *cpu, int vector)
{
	struct zx_irq *irq = &cpu->irq;
	bool shadow = zx_backend->get(cpu, ZX_REG_SHADOW);
	struct zx_fault event = { .vector = vector };

	if (irq->fault.pending) {
		irq->fault.pending = false;
		inject_exception(cpu, &irq->fault);
	} else if (irq->nmi && !irq->nmi_masked && !shadow) {
		irq->nmi = false;
		irq->nmi_masked = true;
		irq->exceptions = 0;
		zx_backend->inject(cpu, ZX_INJECT_NMI, NULL);
	} else if (vector >= 0) {
		if (shadow || !(zx_backend->get(cpu, ZX_REG_RFLAGS) & X86_EFLAGS_IF))
			return ZX_OK;
		ack_vector(cpu, vector);
		irq->exceptions = 0;
		zx_backend->inject(cpu, ZX_INJECT_IRQ, &event);
	} else if (irq->exceptions) {
		return deliver_exception(cpu);
	}
	return ZX_OK;
}

/*
 * Who delivers the local APIC's interrupts: a CPU that can does, while the guest's
 * registers are those that the CPU works on. It then has to know what we changed.
 */
static void hand_over(struct zx_cpu *cpu)
{
	struct zx_apic *apic = &cpu->apic;
	/* Exceptions of zx_vcpu_interrupt() are behind its vectors, which a CPU does not know. */
	bool virtual = zx_apic_enabled(apic) && apic->mode == ZX_APIC_X2APIC &&
		       !cpu->irq.exceptions;

	if (unlikely(virtual != cpu->irq.virtual)) {
		cpu->irq.virtual = virtual;
		zx_backend->set(cpu, ZX_REG_VIRTUAL_APIC, virtual);
		zx_apic_look(apic);
		apic->changed = true;
	}
	if (!virtual)
		return;
	if (apic->changed)
		zx_backend->set(cpu, ZX_REG_VIRTUAL_STATUS, 0);
	apic->changed = false;
	apic->arrived = false;
}

zx_status_t zx_irq_deliver(struct zx_cpu *cpu)
{
	struct zx_irq *irq = &cpu->irq;
	zx_status_t status = ZX_OK;
	unsigned int prio = 0;
	bool nmi_waits;
	int vector;

	if (zx_virtual_apic)
		hand_over(cpu);
	if (irq->reinject)
		irq->reinject = false;
	else
		status = deliver_one(cpu, pending_vector(cpu, &prio, false));

	/* Whatever is left gets an exit of its own as soon as it can go in. */
	vector = pending_vector(cpu, &prio, true);
	nmi_waits = irq->nmi && !irq->nmi_masked;
	if (nmi_waits)
		prio = ZX_PRIO_NMI;
	if (vector >= 0 || nmi_waits || irq->windowed) {
		irq->windowed = vector >= 0 || nmi_waits;
		zx_backend->window(cpu, irq->windowed ? prio : 0);
	}
	irq->busy = irq->windowed || irq->exceptions || irq->nmi || irq->fault.pending;
	return status;
}
