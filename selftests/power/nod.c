// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend to idle as machines have it that stop there: an idle state for it, in which the
 * host's clock stands still, and which wakes the machine after so many milliseconds.
 */
#include <linux/cpuidle.h>
#include <linux/module.h>
#include <linux/suspend.h>

#include <asm/irqflags.h>
#include <asm/tsc.h>

static unsigned int ms = 1000;
module_param(ms, uint, 0444);

static unsigned long since;	/* of the TSC, in milliseconds; 0: not asleep yet */

static unsigned long now_ms(void)
{
	return rdtsc() / tsc_khz;
}

static int doze(struct cpuidle_device *dev, struct cpuidle_driver *drv, int index)
{
	native_safe_halt();
	return index;
}

/* Interrupts off. The clock stands still while all CPUs are here. */
static int nod(struct cpuidle_device *dev, struct cpuidle_driver *drv, int index)
{
	unsigned long from = now_ms();

	cmpxchg(&since, 0, from);
	while (now_ms() - from < ms / 8)
		cpu_relax();
	if (now_ms() - READ_ONCE(since) >= ms)
		pm_system_wakeup();
	return 0;
}

/* Without an owner, as its devices would hold that for ever. RCU has to watch who wakes. */
static struct cpuidle_driver driver = {
	.name = "nod",
	.states = {
		{ .name = "doze", .desc = "", .enter = doze },
		{ .name = "nod", .desc = "", .exit_latency = 1, .target_residency = 1,
		  .flags = CPUIDLE_FLAG_RCU_IDLE, .enter = doze, .enter_s2idle = nod },
	},
	.state_count = 2,
};

static int __init nod_init(void)
{
	return cpuidle_register(&driver, NULL);
}

static void __exit nod_exit(void)
{
	cpuidle_unregister(&driver);
}

module_init(nod_init);
module_exit(nod_exit);

MODULE_DESCRIPTION("An idle state that stops the clock, for tests");
MODULE_LICENSE("GPL");
