// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switching virtualization on and off, on all CPUs, and keeping it so while CPUs,
 * sleep states and reboots come and go.
 */
#include <linux/cpu.h>
#include <linux/mutex.h>
#include <linux/reboot.h>
#include <linux/smp.h>
#include <linux/syscore_ops.h>

#include <asm/tsc.h>

#include "../compat.h"
#include "../x86/backend.h"
#include "host.h"

static DEFINE_MUTEX(lock);
static unsigned int users;			/* [lock] guests alive */
DEFINE_PER_CPU(bool, zx_host_on);		/* own CPU, interrupts off */
static enum cpuhp_state hotplug;
static const char *told;			/* [lock] the reason last logged */
static bool leaving;				/* [lock] the machine goes down */

static void cpu_on(void *failed)
{
	if (__this_cpu_read(zx_host_on))
		return;
	if (zx_backend->host_on())
		atomic_inc(failed);
	else
		__this_cpu_write(zx_host_on, true);
}

static void cpu_off(void *unused)
{
	if (!__this_cpu_read(zx_host_on))
		return;
	__this_cpu_write(zx_host_on, false);
	__this_cpu_write(zx_cpu_held, NULL);
	zx_backend->host_off();
}

/* Once per reason until another comes up, so that nobody fills the log by asking again. */
static void tell(const char *reason)
{
	if (!reason || reason == told)
		return;
	pr_info("cannot run guests: %s\n", reason);
	told = reason;
}

static const char *switch_on(void)
{
	atomic_t failed = ATOMIC_INIT(0);

	on_each_cpu(cpu_on, &failed, true);
	if (!atomic_read(&failed))
		return NULL;
	on_each_cpu(cpu_off, NULL, true);
	return "another hypervisor holds the CPU (is kvm_amd or kvm_intel in use? rmmod it)";
}

static const char *refusal(void)
{
	if (leaving)
		return "the machine goes down";
	if (!zx_backend)
		return "the CPU has no AMD-V, or no XSAVE";
	if (!tsc_khz)
		return "the TSC's frequency is not known";
	return zx_backend->refusal();
}

zx_status_t zx_host_get(void)
{
	const char *reason;

	cpus_read_lock();
	mutex_lock(&lock);
	reason = refusal();
	if (!reason && !users)
		reason = switch_on();
	if (!reason)
		users++;
	tell(reason);
	mutex_unlock(&lock);
	cpus_read_unlock();
	return reason ? ZX_ERR_NOT_SUPPORTED : ZX_OK;
}

void zx_host_put(void)
{
	cpus_read_lock();
	mutex_lock(&lock);
	if (!--users)
		on_each_cpu(cpu_off, NULL, true);
	mutex_unlock(&lock);
	cpus_read_unlock();
}

/*
 * A CPU comes online. It must not run guests' threads if it cannot run guests:
 * then it stays offline.
 */
static int cpu_comes(unsigned int cpu)
{
	atomic_t failed = ATOMIC_INIT(0);
	unsigned long flags;

	mutex_lock(&lock);
	if (users) {
		local_irq_save(flags);
		cpu_on(&failed);
		local_irq_restore(flags);
	}
	mutex_unlock(&lock);
	return atomic_read(&failed) ? -EIO : 0;
}

static int cpu_goes(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	cpu_off(NULL);
	local_irq_restore(flags);
	return 0;
}

/* Sleep: one CPU is left, interrupts are off, no task runs. */
static int suspend(void)
{
	cpu_off(NULL);
	return 0;
}

static void resume(void)
{
	atomic_t failed = ATOMIC_INIT(0);

	if (users)
		cpu_on(&failed);
}

ZX_SYSCORE(sleep, suspend, resume);

/* The next kernel must not find virtualization on (INIT would be held back). */
static int reboot(struct notifier_block *nb, unsigned long event, void *unused)
{
	mutex_lock(&lock);
	leaving = true;
	on_each_cpu(cpu_off, NULL, true);
	mutex_unlock(&lock);
	return NOTIFY_OK;
}

static struct notifier_block reboot_nb = { .notifier_call = reboot };

int zx_host_init(void)
{
	int ret = zx_backend ? zx_backend->init() : 0;

	if (ret)
		return ret;
	ret = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "virt/zx_hypervisor:online",
					cpu_comes, cpu_goes);
	if (ret < 0) {
		if (zx_backend)
			zx_backend->exit();
		return ret;
	}
	hotplug = ret;
	zx_syscore_register(&sleep);
	register_reboot_notifier(&reboot_nb);
	return 0;
}

void zx_host_exit(void)
{
	unregister_reboot_notifier(&reboot_nb);
	zx_syscore_unregister(&sleep);
	cpuhp_remove_state_nocalls(hotplug);
	if (zx_backend)
		zx_backend->exit();
}
