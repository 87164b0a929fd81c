// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time for a VCPU. The structures in guest memory are KVM's paravirtual clock
 * (Documentation/virt/kvm/x86/msr.rst of any kernel tells their fields).
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/timekeeping.h>

#include <asm/tsc.h>

#include "../x86/backend.h"

#define FLAG_STABLE	1	/* all VCPUs' clocks are the same */

struct system_time {
	u32 version;			/* odd while it is being written */
	u32 pad;
	u64 tsc_timestamp;
	u64 system_time;
	u32 tsc_mul;
	s8 tsc_shift;
	u8 flags;
	u8 pad2[2];
} __packed;
static_assert(sizeof(struct system_time) == 32);

struct wall_clock {
	u32 version;
	u32 sec;
	u32 nsec;
} __packed;
static_assert(sizeof(struct wall_clock) == 12);

static struct zx_cpu *cpu_of(struct zx_apic *apic)
{
	return container_of(apic, struct zx_cpu, apic);
}

/* What the TSC lost by sleeping, if it was reset, or less what it gained. */
static u64 slept;

static u64 tsc_now(void)
{
	return rdtsc_ordered() + READ_ONCE(slept);
}

u64 zx_clock_get_tsc(const struct zx_cpu *cpu)
{
	return tsc_now() + cpu->clock.tsc_offset;
}

/* Counts do not go by what a guest writes to its TSC, deadlines do. */
static u64 apic_tsc(struct zx_apic *apic)
{
	return zx_apic_by_deadline(apic) ? zx_clock_get_tsc(cpu_of(apic)) : tsc_now();
}

/* No deadline is further away than this; an alarm that is early re-arms. */
#define FAR_AWAY	3600ull

static void apic_arm(struct zx_apic *apic, u64 deadline)
{
	u64 now = apic_tsc(apic), ns = 0;

	if (deadline > now)
		ns = mul_u64_u64_div_u64(min_t(u64, deadline - now, tsc_khz * FAR_AWAY * 1000),
					 1000000, tsc_khz) + 1;
	hrtimer_start(&cpu_of(apic)->clock.timer, ktime_add_ns(ktime_get(), ns), HRTIMER_MODE_ABS);
}

static void apic_disarm(struct zx_apic *apic)
{
	hrtimer_try_to_cancel(&cpu_of(apic)->clock.timer);
}

const struct zx_apic_hooks zx_clock_apic_hooks = {
	.tsc = apic_tsc,
	.arm = apic_arm,
	.disarm = apic_disarm,
};

static enum hrtimer_restart alarm(struct hrtimer *timer)
{
	struct zx_cpu *cpu = container_of(timer, struct zx_cpu, clock.timer);

	zx_irq_post(cpu, ZX_EVENT_TIMER);
	return HRTIMER_NORESTART;
}

void zx_clock_init(struct zx_cpu *cpu)
{
	hrtimer_init(&cpu->clock.timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	cpu->clock.timer.function = alarm;
	cpu->clock.ref = cpu->gpas->clock;
}

void zx_clock_fini(struct zx_cpu *cpu)
{
	hrtimer_cancel(&cpu->clock.timer);
}

void zx_clock_set_system(struct zx_cpu *cpu, u64 addr)
{
	cpu->clock.system = addr;
	cpu->clock.due = addr || cpu->clock.wall;
	cpu->clock.renew = false;
}

void zx_clock_set_wall(struct zx_cpu *cpu, u64 addr)
{
	cpu->clock.wall = addr;
	cpu->clock.due = true;
}

/* The same moment by two clocks. */
struct moment {
	u64 tsc;
	ktime_t mono;
};

/* The narrowest of three tries: what the firmware takes in between shows as a gap. */
static struct moment moment_now(void)
{
	struct moment best = {};
	u64 gap = ~0ull, from, to;
	unsigned long flags;
	unsigned int i;
	ktime_t mono;

	local_irq_save(flags);
	for (i = 0; i < 3; i++) {
		from = tsc_now();
		mono = ktime_get();
		to = tsc_now();
		if (to - from >= gap)
			continue;
		gap = to - from;
		best = (struct moment){ .tsc = from + gap / 2, .mono = mono };
	}
	local_irq_restore(flags);
	return best;
}

static u64 time_at(const struct zx_clock_ref *ref, u64 tsc)
{
	u64 delta = tsc - ref->tsc;

	delta = ref->shift < 0 ? delta >> -ref->shift : delta << ref->shift;
	return ref->ns + mul_u64_u32_shr(delta, ref->mul, 32);
}

/* A rate with mul in [2^31, 2^32). */
void zx_clock_ref_init(struct zx_clock_ref *ref)
{
	struct moment now = moment_now();
	u64 mul = div64_u64((u64)NSEC_PER_MSEC << 32, tsc_khz);
	s8 shift = 0;

	for (; mul >> 32; mul >>= 1)
		shift++;
	for (; !(mul >> 31); mul <<= 1)
		shift--;
	*ref = (struct zx_clock_ref){
		.tsc = now.tsc, .ns = ktime_to_ns(now.mono), .mul = mul, .shift = shift,
	};
}

/*
 * The kernel's verdict, which it does not take back. A rate that changes and an idle
 * state that stops it are reasons as good as CPUs that disagree.
 */
bool zx_clock_stable(void)
{
	return !check_tsc_unstable();
}

static struct moment asleep;	/* the last one before the machine's sleep */
static struct moment nodding;	/* and before its devices' */

/* Ticks by which the TSC is behind of what the host's clock says, or less by which ahead. */
static s64 behind(const struct moment *since)
{
	struct moment now = moment_now();
	u64 ns = ktime_to_ns(ktime_sub(now.mono, since->mono));

	return since->tsc + mul_u64_u64_div_u64(ns, tsc_khz, 1000000) - now.tsc;
}

void zx_clock_suspend(void)
{
	asleep = moment_now();
}

void zx_clock_resume(void)
{
	WRITE_ONCE(slept, slept + behind(&asleep));
}

void zx_clock_devices_suspend(void)
{
	nodding = moment_now();
}

/* Less than 10 ms may be the clock's own corrections, and is not worth a jump. */
bool zx_clock_devices_resume(void)
{
	s64 ticks = behind(&nodding);

	if (abs(ticks) < tsc_khz * 10)
		return false;
	WRITE_ONCE(slept, slept + ticks);
	return true;
}

static void load_offset(struct zx_cpu *cpu)
{
	zx_backend->set(cpu, ZX_REG_TSC_OFFSET, cpu->clock.tsc_offset + READ_ONCE(slept));
}

/* The machine may have slept. A TSC that is not stable may be another one here. */
void zx_clock_hold(struct zx_cpu *cpu)
{
	load_offset(cpu);
	if (cpu->clock.system && !zx_clock_stable())
		cpu->clock.due = true;
}

void zx_clock_check(struct zx_cpu *cpu)
{
	struct zx_clock *clock = &cpu->clock;

	if (clock->system && !clock->renew && !zx_clock_stable())
		clock->due = true;
}

void zx_clock_set_tsc(struct zx_cpu *cpu, u64 value)
{
	cpu->clock.tsc_offset = value - tsc_now();
	load_offset(cpu);
	if (cpu->clock.system)
		cpu->clock.due = true;
	/* A deadline may have passed, or be further away. */
	zx_irq_post(cpu, ZX_EVENT_TIMER);
}

/* Further ahead of the host it is no rate that was off, but the TSC of another CPU. */
#define AHEAD_MAX	(100 * NSEC_PER_MSEC)

/*
 * While the TSC is stable all VCPUs say what their guest's reference says, for ever.
 * When it is not, each goes by its own CPU's for a second at most, and by the host's
 * clock else. It does not go back: where it was ahead it goes on from there, slower.
 */
static void choose_ref(struct zx_cpu *cpu)
{
	struct zx_clock_ref *ref = &cpu->clock.ref;
	struct moment now;
	u64 told;

	cpu->clock.renew = !zx_clock_stable();
	if (!cpu->clock.renew)
		return;
	now = moment_now();
	told = time_at(ref, now.tsc);
	*ref = cpu->gpas->clock;
	ref->tsc = now.tsc;
	ref->ns = ktime_to_ns(now.mono);
	if (told - ref->ns < AHEAD_MAX) {
		ref->ns = told;
		ref->mul -= ref->mul >> 10;
	}
}

static bool update_system(struct zx_cpu *cpu)
{
	struct zx_clock *clock = &cpu->clock;
	struct system_time st = { .version = clock->version + 1 };
	u32 done = clock->version + 2;

	if (!zx_mem_copy(cpu, clock->system, &st.version, sizeof(st.version), true))
		return false;
	smp_wmb();	/* other VCPUs see an odd version before anything changes */
	st.tsc_timestamp = clock->ref.tsc + clock->tsc_offset;
	st.system_time = clock->ref.ns;
	st.tsc_mul = clock->ref.mul;
	st.tsc_shift = clock->ref.shift;
	st.flags = clock->renew ? 0 : FLAG_STABLE;
	if (!zx_mem_copy(cpu, clock->system, &st, sizeof(st), true))
		return false;
	smp_wmb();	/* and everything changed before the even one */
	if (!zx_mem_copy(cpu, clock->system, &done, sizeof(done), true))
		return false;
	clock->version = done;
	return true;
}

/* UTC at the zero of the guest's clock. */
static bool update_wall(struct zx_cpu *cpu)
{
	struct moment now = moment_now();
	u64 zero = ktime_to_ns(ktime_mono_to_real(now.mono)) - time_at(&cpu->clock.ref, now.tsc);
	struct timespec64 time = ns_to_timespec64(zero);
	struct wall_clock wall = { .version = 2, .sec = time.tv_sec, .nsec = time.tv_nsec };

	return zx_mem_copy(cpu, cpu->clock.wall, &wall, sizeof(wall), true);
}

bool zx_clock_update(struct zx_cpu *cpu)
{
	struct zx_clock *clock = &cpu->clock;

	choose_ref(cpu);
	if (clock->wall) {
		if (!update_wall(cpu))
			return false;
		clock->wall = 0;
	}
	if (clock->system && !update_system(cpu))
		return false;
	clock->due = false;
	clock->renew = clock->renew && clock->system;
	clock->next = jiffies + HZ;
	return true;
}

void zx_clock_drop(struct zx_cpu *cpu)
{
	cpu->clock.system = 0;
	cpu->clock.wall = 0;
	cpu->clock.due = false;
	cpu->clock.renew = false;
}

void zx_clock_pairing(struct zx_cpu *cpu, struct zx_clock_pairing *out)
{
	struct moment now = moment_now();
	struct timespec64 time = ktime_to_timespec64(ktime_mono_to_real(now.mono));

	*out = (struct zx_clock_pairing){
		.sec = time.tv_sec, .nsec = time.tv_nsec, .tsc = now.tsc + cpu->clock.tsc_offset,
	};
}
