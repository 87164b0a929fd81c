// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running a VCPU: bursts of entries, and what is done between bursts.
 */
#include <linux/interrupt.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/static_call.h>

#include "../compat.h"
#include "../x86/backend.h"
#include "host.h"
#include "stats.h"
#include "xapic.h"

#define CREATE_TRACE_POINTS
#include "../trace.h"

/* The three on every way into a guest and out: pointers cost a retpoline each. */
DEFINE_STATIC_CALL_NULL(backend_load, *((struct zx_backend *)NULL)->load);
DEFINE_STATIC_CALL_NULL(backend_put, *((struct zx_backend *)NULL)->put);
DEFINE_STATIC_CALL_NULL(backend_run, *((struct zx_backend *)NULL)->run);

void zx_cpu_setup(void)
{
	static_call_update(backend_load, zx_backend->load);
	static_call_update(backend_put, zx_backend->put);
	static_call_update(backend_run, zx_backend->run);
}

DEFINE_PER_CPU(struct zx_cpu *, zx_cpu_held);
static DEFINE_PER_CPU(u64, last_vcpu);		/* guest and number of the last one held */

/*
 * One guest must not train what another one, or its user space, runs on: APM 2, 3.2.9.
 * Nor may a program on one VCPU train what a program on another one does, which the
 * guest takes to be a CPU of its own.
 */
static noinline void keep_predictions_apart(const struct zx_cpu *cpu)
{
	const u64 vcpu = cpu->gpas->id << ilog2(BITS_PER_LONG) | cpu->space.id;

	if (__this_cpu_read(last_vcpu) == vcpu)
		return;
	__this_cpu_write(last_vcpu, vcpu);
	zx_ibpb();
}

static noinline void hold_here(struct zx_cpu *cpu)
{
	cpu->held_on = smp_processor_id();
	__this_cpu_write(zx_cpu_held, cpu);
	zx_backend->hold(cpu);
	zx_clock_hold(cpu);
	keep_predictions_apart(cpu);
}

/* Preemption off. A VCPU is held where its thread was last, if nobody else is since. */
static inline void hold(struct zx_cpu *cpu)
{
	if (unlikely(cpu->held_on != smp_processor_id() || __this_cpu_read(zx_cpu_held) != cpu))
		hold_here(cpu);
}

void zx_cpu_hold(struct zx_cpu *cpu)
{
	preempt_disable();
	hold(cpu);
}

void zx_cpu_release(struct zx_cpu *cpu)
{
	preempt_enable();
}

zx_status_t zx_cpu_init(struct zx_cpu *cpu, struct zx_gpas *gpas, unsigned int id, u64 entry,
			struct zx_vcpu_page *page)
{
	u32 *regs;

	cpu->gpas = gpas;
	cpu->page = page;
	cpu->task = current;
	cpu->space.id = id;
	cpu->refused = ZX_NO_PAGE;
	cpu->held_on = -1;
	rcuwait_init(&cpu->wait);
	zx_clock_init(cpu);
	cpu->exit = kzalloc(sizeof(*cpu->exit), GFP_KERNEL_ACCOUNT);
	if (!cpu->exit)
		return ZX_ERR_NO_MEMORY;
	regs = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!regs)
		goto free_exit;
	zx_apic_init(&cpu->apic, id, regs, &zx_clock_apic_hooks);
	/* 200 microseconds: what a host can serve for many guests, and a guest and still get on. */
	cpu->apic.min_period = tsc_khz / 5;
	if (zx_fpu_init(&cpu->fpu))
		goto free_regs;
	if (zx_backend->vcpu_init(cpu))
		goto free_fpu;
	zx_cpu_hold(cpu);
	zx_backend->reset(cpu, id == 0, entry);
	zx_cr_reset(cpu, id == 0);
	zx_cpu_release(cpu);
	zx_gpas_join(gpas, &cpu->space);
	return ZX_OK;
free_fpu:
	zx_fpu_fini(&cpu->fpu);
free_regs:
	free_page((unsigned long)regs);
free_exit:
	kfree(cpu->exit);
	return ZX_ERR_NO_MEMORY;
}

void zx_cpu_fini(struct zx_cpu *cpu)
{
	zx_gpas_leave(cpu->gpas, &cpu->space);
	zx_clock_fini(cpu);
	zx_backend->vcpu_fini(cpu);
	zx_fpu_fini(&cpu->fpu);
	kfree(cpu->exit);
}

void zx_cpu_free(struct zx_cpu *cpu)
{
	free_page((unsigned long)cpu->apic.regs);
}

/*
 * Does the host want this thread for something else? Interrupts off. What
 * TIF_NOTIFY_RESUME announces is due before user space runs, so it can wait.
 */
static bool host_wants(void)
{
	return read_thread_flags() & (_TIF_NEED_RESCHED | _TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL);
}

/* Get ready to enter. False: see cpu->next. */
static bool prepare(struct zx_cpu *cpu)
{
	zx_status_t status;

	if (unlikely(host_wants())) {
		cpu->next = ZX_NEXT_WORK;
		return false;
	}
	if (unlikely(zx_clock_stale(&cpu->clock)) && !zx_clock_update(cpu))
		return false;
	if (likely(zx_irq_idle(cpu)))
		return true;
	if (!zx_irq_take(cpu)) {
		zx_cpu_return(cpu, ZX_ERR_CANCELED, ZX_VCPU_REASON_KICK, 0);
		return false;
	}
	if (unlikely(cpu->starting)) {
		cpu->next = ZX_NEXT_STARTUP;
		return false;
	}
	status = zx_irq_deliver(cpu);
	if (status != ZX_OK)
		zx_cpu_return(cpu, status, ZX_VCPU_REASON_VECTOR, 0);
	return status == ZX_OK;
}

/*
 * The host's interrupt that ended the guest is taken by the host's own entry
 * code, here. False: it took the CPU away, or left softirqs to run that cannot run while
 * we hold the FPU.
 */
static bool open_interrupts(struct zx_cpu *cpu)
{
	local_irq_enable();
	/* STI opens one instruction late. */
	asm volatile("nop");
	local_irq_disable();
	cpu->opened = true;
	if (likely(!local_softirq_pending() && __this_cpu_read(zx_host_on)))
		return true;
	cpu->next = ZX_NEXT_WORK;
	return false;
}

static void enter_guest(struct zx_cpu *cpu)
{
	struct zx_exit *exit = cpu->exit;

	static_call(backend_load)(cpu);
	while (prepare(cpu)) {
		static_call(backend_run)(cpu);
		zx_stats_count(exit->kind);
		trace_zx_exit(cpu->space.id, exit->kind, exit->code, cpu->rip);
		if (!zx_exit_handle(cpu, exit))
			break;
		/*
		 * An event whose delivery exits again gives the guest no instruction
		 * before which the host's interrupts could be taken; nor does a trap
		 * that is due right behind a delivery, or a window that opens too early.
		 */
		if ((exit->kind <= ZX_EXIT_WINDOW || unlikely(cpu->irq.cut)) &&
		    !open_interrupts(cpu))
			break;
	}
	static_call(backend_put)(cpu);
}

static void burst(struct zx_cpu *cpu)
{
	zx_fpu_enter(&cpu->fpu);
	hold(cpu);
	local_irq_disable();
	/* Time goes to the guest while this is set; the tick looks at it. */
	current->flags |= PF_VCPU;
	/*
	 * Show the place, then look at events and at gpas->tlb_gen: whoever changes
	 * those looks at the place after.
	 */
	/* pairs with zx_irq_post() and flush() in gpas.c */
	smp_store_mb(cpu->space.cpu, smp_processor_id());
	if (likely(__this_cpu_read(zx_host_on)))
		enter_guest(cpu);
	else
		cpu->next = ZX_NEXT_WORK;
	WRITE_ONCE(cpu->space.cpu, -1);
	current->flags &= ~PF_VCPU;
	local_irq_enable();
	zx_fpu_leave(&cpu->fpu);
}

/* The rest of these run with the CPU given back. OK: run on. */

/*
 * The CPU is not ours. One on its way out moves us to another. One that stays is with
 * another hypervisor, which took it while the machine slept, or the machine goes down.
 */
static zx_status_t lose_cpu(struct zx_cpu *cpu)
{
	bool stays;

	preempt_disable();
	stays = cpu_active(smp_processor_id()) && !__this_cpu_read(zx_host_on);
	preempt_enable();
	if (!stays) {
		schedule_timeout_interruptible(1);
		return ZX_OK;
	}
	zx_cpu_return(cpu, ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_HELD, 0);
	return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t do_work(struct zx_cpu *cpu)
{
	if (signal_pending(current))
		return ZX_ERR_INTERNAL_INTR_RETRY;
	cond_resched();
	zx_clock_check(cpu);
	return unlikely(!raw_cpu_read(zx_host_on)) ? lose_cpu(cpu) : ZX_OK;
}

static zx_status_t fault_failed(struct zx_cpu *cpu, zx_status_t status, u32 reason)
{
	if (cpu->fault_by == ZX_FAULT_ANSWER && status != ZX_ERR_NO_MEMORY) {
		cpu->refused = cpu->fault_gpa & PAGE_MASK;
		return ZX_OK;
	}
	if (cpu->fault_by == ZX_FAULT_OWN && zx_clock_owns(&cpu->clock, cpu->fault_gpa))
		zx_clock_drop(cpu);
	zx_cpu_return(cpu, status, reason, cpu->fault_gpa);
	return status;
}

static zx_status_t do_fault(struct zx_cpu *cpu)
{
	u64 pfn = cpu->fault_gpa >> PAGE_SHIFT;
	zx_status_t status;

	/* The guest's own access would be trapped when it is tried again; ours never is. */
	if (cpu->fault_by != ZX_FAULT_GUEST && zx_trap_any_mem(&cpu->gpas->traps, pfn, pfn))
		return fault_failed(cpu, ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_DECODE);
	status = zx_gpas_fault(cpu->gpas, cpu->fault_gpa, cpu->fault_access);
	trace_zx_fault(cpu->space.id, cpu->fault_gpa, cpu->fault_access, status);
	if (status == ZX_OK)
		return ZX_OK;
	return fault_failed(cpu, status, status == ZX_ERR_NO_MEMORY ? ZX_VCPU_REASON_NO_MEMORY :
			    ZX_VCPU_REASON_MEMORY);
}

static zx_status_t kicked(struct zx_cpu *cpu)
{
	zx_cpu_return(cpu, ZX_ERR_CANCELED, ZX_VCPU_REASON_KICK, 0);
	return ZX_ERR_CANCELED;
}

static u64 poll_max_ns(void)
{
	return min_t(u64, READ_ONCE(zx_halt_poll_us), USEC_PER_SEC) * NSEC_PER_USEC;
}

#define POLL_START	(10 * NSEC_PER_USEC)

/* Look for an event before a sleep. Whoever wants this CPU, or the thread, ends that. */
static void poll_event(struct zx_cpu *cpu, ktime_t from)
{
	u64 window = min_t(u64, cpu->poll_ns, poll_max_ns());

	while (window && !READ_ONCE(cpu->irq.events) && !need_resched() &&
	       !signal_pending(current) && ktime_to_ns(ktime_sub(ktime_get(), from)) < window)
		cpu_relax();
}

/* The event came after @took: the next window has room for such a one, if any may have. */
static void adapt_poll(struct zx_cpu *cpu, u64 took)
{
	u64 max = poll_max_ns();

	if (took >= max)
		cpu->poll_ns = cpu->poll_ns > POLL_START ? cpu->poll_ns / 2 : 0;
	else if (took >= cpu->poll_ns)
		cpu->poll_ns = min(max, max(2 * cpu->poll_ns, POLL_START));
}

/* False: a signal. */
static bool await_event(struct zx_cpu *cpu)
{
	bool polls = poll_max_ns();
	ktime_t from = polls ? ktime_get() : 0;

	/* A wait for what is there already looks at neither of these. */
	if (signal_pending(current))
		return false;
	cond_resched();
	if (polls)
		poll_event(cpu, from);
	if (rcuwait_wait_event(&cpu->wait, READ_ONCE(cpu->irq.events), TASK_INTERRUPTIBLE))
		return false;
	if (polls)
		adapt_poll(cpu, ktime_to_ns(ktime_sub(ktime_get(), from)));
	return true;
}

static zx_status_t do_halt(struct zx_cpu *cpu)
{
	while (!cpu->starting && !zx_irq_wakes(cpu, cpu->halted_if)) {
		if (!await_event(cpu))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		if (!zx_irq_take(cpu)) {
			cpu->halted = false;
			return kicked(cpu);
		}
	}
	cpu->halted = false;
	return ZX_OK;
}

/* Until the bell has a packet. The store is then executed again, and rings. */
static noinline zx_status_t do_bell(struct zx_cpu *cpu)
{
	struct zx_bell *bell = cpu->bell->bell;
	zx_status_t status = ZX_OK;

	/*
	 * Only a kick or an INIT ends the wait early. Other events stay for the next
	 * entry, so they must not count as a reason to wake.
	 */
	WRITE_ONCE(cpu->in_bell, true);
	if (wait_event_interruptible(bell->wait, !bitmap_full(bell->used, ZX_TRAP_PACKETS) ||
				     zx_port_closed(bell->port) ||
				     READ_ONCE(cpu->irq.events) & ZX_EVENTS_URGENT))
		status = ZX_ERR_INTERNAL_INTR_RETRY;
	WRITE_ONCE(cpu->in_bell, false);
	zx_trap_put(cpu->bell);
	cpu->bell = NULL;
	return status;
}

static zx_status_t between(struct zx_cpu *cpu)
{
	switch (cpu->next) {
	case ZX_NEXT_WORK:
		return do_work(cpu);
	case ZX_NEXT_FAULT:
		return do_fault(cpu);
	case ZX_NEXT_HALT:
		return do_halt(cpu);
	case ZX_NEXT_BELL:
		return do_bell(cpu);
	case ZX_NEXT_STARTUP:
		return zx_cpu_startup(cpu);
	default:
		return cpu->status;
	}
}

/*
 * A burst would find the kick as well, and have loaded the guest's FPU for nothing; but
 * flags that user space has written are taken over by a burst only.
 */
static noinline bool kicked_early(struct zx_cpu *cpu)
{
	struct zx_vcpu_page *page = cpu->page;

	if (READ_ONCE(page->regs.rflags) & X86_EFLAGS_FIXED || zx_irq_take(cpu))
		return false;
	zx_cpu_hold(cpu);
	page->regs.rflags = zx_backend->get(cpu, ZX_REG_RFLAGS) & ZX_VCPU_RFLAGS_USER;
	zx_cpu_release(cpu);
	page->rip = cpu->rip;
	return true;
}

static zx_status_t run(struct zx_cpu *cpu)
{
	zx_status_t status;

	if (unlikely(cpu->halted)) {
		status = do_halt(cpu);
		if (status != ZX_OK)
			return status;
	}
	if (unlikely(cpu->starting)) {
		status = zx_cpu_startup(cpu);
		if (status != ZX_OK)
			return status;
	}
	do {
		if (unlikely(READ_ONCE(cpu->irq.events) & BIT(ZX_EVENT_KICK)) && kicked_early(cpu))
			return kicked(cpu);
		cpu->next = ZX_NEXT_NONE;
		burst(cpu);
		if (likely(cpu->next == ZX_NEXT_RETURN))
			return cpu->status;
		status = between(cpu);
	} while (status == ZX_OK);
	return status;
}

zx_status_t zx_cpu_run(struct zx_cpu *cpu)
{
	struct zx_vcpu_page *page = cpu->page;
	zx_status_t status;

	page->reason = ZX_VCPU_REASON_NONE;
	cpu->accessing = false;
	status = run(cpu);
	if (trace_zx_return_enabled())
		trace_zx_return(cpu->space.id, status, page->reason, page->addr);
	return status;
}
