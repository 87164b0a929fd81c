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

static u64 apic_tsc(struct zx_apic *apic)
{
	return rdtsc();
}

/* No deadline is further away than this; an alarm that is early re-arms. */
#define FAR_AWAY	(3600ull * NSEC_PER_SEC)

static void apic_arm(struct zx_apic *apic, u64 deadline)
{
	struct zx_cpu *cpu = cpu_of(apic);
	u64 now = rdtsc(), ns = 0;

	if (deadline > now)
		ns = mul_u64_u64_div_u64(min_t(u64, deadline - now, tsc_khz * 3600000ull), 1000000,
					 tsc_khz);
	hrtimer_start(&cpu->clock.timer, ktime_add_ns(ktime_get(), min_t(u64, ns, FAR_AWAY)),
		      HRTIMER_MODE_ABS);
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
}

void zx_clock_fini(struct zx_cpu *cpu)
{
	hrtimer_cancel(&cpu->clock.timer);
}

void zx_clock_set_system(struct zx_cpu *cpu, u64 addr)
{
	cpu->clock.system = addr;
	cpu->clock.due = addr;
}

void zx_clock_set_wall(struct zx_cpu *cpu, u64 addr)
{
	cpu->clock.wall = addr;
	cpu->clock.due = true;
}

/* ns = (tsc << shift) * mul >> 32, with mul in [2^31, 2^32). */
static void tsc_scale(struct system_time *st)
{
	u64 mul = div64_u64((u64)NSEC_PER_MSEC << 32, tsc_khz);
	s8 shift = 0;

	for (; mul >> 32; mul >>= 1)
		shift++;
	for (; !(mul >> 31); mul <<= 1)
		shift--;
	st->tsc_mul = mul;
	st->tsc_shift = shift;
}

static bool update_system(struct zx_cpu *cpu)
{
	struct zx_clock *clock = &cpu->clock;
	struct system_time st = { .version = clock->version + 1 };
	u32 done = clock->version + 2;

	if (!zx_mem_copy(cpu, clock->system, &st.version, sizeof(st.version), true))
		return false;
	smp_wmb();	/* other VCPUs see an odd version before anything changes */
	tsc_scale(&st);
	st.tsc_timestamp = rdtsc_ordered();
	st.system_time = ktime_get_ns();
	st.flags = boot_cpu_has(X86_FEATURE_NONSTOP_TSC) && !check_tsc_unstable();
	if (!zx_mem_copy(cpu, clock->system, &st, sizeof(st), true))
		return false;
	smp_wmb();	/* and everything changed before the even one */
	if (!zx_mem_copy(cpu, clock->system, &done, sizeof(done), true))
		return false;
	clock->version = done;
	return true;
}

/* UTC at the guest's monotonic zero, which is the host's. */
static bool update_wall(struct zx_cpu *cpu)
{
	struct timespec64 now = ns_to_timespec64(ktime_get_real_ns() - ktime_get_ns());
	struct wall_clock wall = { .version = 2, .sec = now.tv_sec, .nsec = now.tv_nsec };

	return zx_mem_copy(cpu, cpu->clock.wall, &wall, sizeof(wall), true);
}

bool zx_clock_update(struct zx_cpu *cpu)
{
	struct zx_clock *clock = &cpu->clock;

	if (clock->wall) {
		if (!update_wall(cpu))
			return false;
		clock->wall = 0;
	}
	if (clock->system && !update_system(cpu))
		return false;
	clock->due = false;
	clock->next = jiffies + HZ;
	return true;
}

void zx_clock_drop(struct zx_cpu *cpu)
{
	cpu->clock.system = 0;
	cpu->clock.wall = 0;
	cpu->clock.due = false;
}

void zx_clock_pairing(struct zx_clock_pairing *out)
{
	struct timespec64 now;

	memset(out, 0, sizeof(*out));
	ktime_get_real_ts64(&now);
	out->tsc = rdtsc_ordered();
	out->sec = now.tv_sec;
	out->nsec = now.tv_nsec;
}
