// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switching virtualization on and off, on all CPUs, and keeping it so while CPUs,
 * sleep states and reboots come and go.
 *
 * Another hypervisor takes a CPU just as we do, on that CPU and with interrupts off:
 * the mark that the hardware keeps (EFER.SVME, CR4.VMXE) is looked at, then set. So a
 * CPU has one holder, whoever comes second gives back what else it got, and nobody
 * switches off what another switched on. As each takes all CPUs that are online, and
 * adds those that come before user space runs there, two never hold one each for long.
 */
#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/pm_domain.h>
#include <linux/reboot.h>
#include <linux/smp.h>
#include <linux/syscore_ops.h>

#include <asm/tsc.h>

#include "../compat.h"
#include "../x86/backend.h"
#include "crash.h"
#include "host.h"

static DEFINE_MUTEX(lock);
static unsigned int users;			/* [lock] guests alive */
DEFINE_PER_CPU(bool, zx_host_on);		/* own CPU, interrupts off */
static enum cpuhp_state hotplug;
static const char *told;			/* [lock] the reason last logged */
static bool leaving;				/* [lock] the machine goes down */

static void cpu_on(void *error)
{
	int ret;

	if (__this_cpu_read(zx_host_on))
		return;
	ret = zx_backend->host_on();
	if (ret)
		atomic_set(error, ret);
	else
		__this_cpu_write(zx_host_on, true);
	/* Who was held here while it was off was not. */
	__this_cpu_write(zx_cpu_held, NULL);
}

static void cpu_off(void *unused)
{
	if (!__this_cpu_read(zx_host_on))
		return;
	__this_cpu_write(zx_host_on, false);
	__this_cpu_write(zx_cpu_held, NULL);
	zx_backend->host_off(false);
}

/* Once per reason until another comes up, so that nobody fills the log by asking again. */
static void tell(const char *reason)
{
	if (!reason || reason == told)
		return;
	pr_info("cannot run guests: %s\n", reason);
	told = reason;
}

/*
 * Modules cannot look for one another, but have their names in sysfs, those that are
 * built in as well.
 */
bool zx_host_module(const char *name)
{
	struct kobject *found = kset_find_obj(THIS_MODULE->mkobj.kobj.kset, name);

	kobject_put(found);
	return !!found;
}

/* Who holds the CPU, and what to do. The hardware does not say: it is KVM if KVM is there. */
static const char *why_off(int error)
{
	static char by_kvm[192];	/* [lock] */
	const char *rival = zx_backend->rival;

	if (error != -EBUSY)
		return "the CPU fails to be switched on";
	if (!zx_host_module(rival))
		return "another hypervisor holds the CPU, and it is not KVM: " ZX_OTHER_REMEDY;
	snprintf(by_kvm, sizeof(by_kvm),
		 "another hypervisor holds the CPU, and %s is loaded: %s, or rmmod %s",
		 rival, ZX_KVM_REMEDY, rival);
	return by_kvm;
}

static const char *switch_on(void)
{
	atomic_t error = ATOMIC_INIT(0);

	on_each_cpu(cpu_on, &error, true);
	if (!atomic_read(&error))
		return NULL;
	on_each_cpu(cpu_off, NULL, true);
	return why_off(atomic_read(&error));
}

#ifdef ZX_HAVE_VMX
#define ZX_NO_BACKEND	"the CPU has neither AMD-V nor VT-x, or no XSAVE"
#else
#define ZX_NO_BACKEND	"the CPU has no AMD-V, or no XSAVE, and this kernel keeps VT-x for KVM"
#endif

static const char *refusal(void)
{
	if (leaving)
		return "the machine goes down";
	if (!zx_backend)
		return ZX_NO_BACKEND;
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
 * A CPU comes online. It must not run guests' threads if it cannot run guests: while
 * there are any, it stays offline until its holder has let go of it.
 */
static int cpu_comes(unsigned int cpu)
{
	atomic_t error = ATOMIC_INIT(0);
	unsigned long flags;

	mutex_lock(&lock);
	if (users && !leaving) {
		local_irq_save(flags);
		cpu_on(&error);
		local_irq_restore(flags);
	}
	if (atomic_read(&error))
		tell(why_off(atomic_read(&error)));
	mutex_unlock(&lock);
	return atomic_read(&error);
}

static int cpu_goes(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	cpu_off(NULL);
	local_irq_restore(flags);
	return 0;
}

/*
 * Sleep: one CPU is left, interrupts are off, no task runs, so the lock is not needed.
 * A rival that takes this CPU first keeps it, and VCPUs that enter here are told.
 */
static int suspend(void)
{
	cpu_off(NULL);
	zx_clock_suspend();
	return 0;
}

static void resume(void)
{
	atomic_t error = ATOMIC_INIT(0);

	zx_clock_resume();
	if (users && !leaving)
		cpu_on(&error);
	if (atomic_read(&error))
		tell(why_off(atomic_read(&error)));
}

ZX_SYSCORE(sleep, suspend, resume);

static int devices_suspend(struct device *dev)
{
	zx_clock_devices_suspend();
	return 0;
}

static void forget_held(void *unused)
{
	__this_cpu_write(zx_cpu_held, NULL);
}

static int devices_resume(struct device *dev)
{
	if (zx_clock_devices_resume())
		on_each_cpu(forget_held, NULL, true);
	return 0;
}

/* A device that is nothing but told: tasks are frozen by then, and thawed after. */
static struct dev_pm_domain sleepers = {
	.ops = { .suspend = devices_suspend, .resume = devices_resume },
};
static struct platform_device *sleeper;

static int sleeper_init(void)
{
	sleeper = platform_device_register_simple(KBUILD_MODNAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(sleeper))
		return PTR_ERR(sleeper);
	dev_pm_domain_set(&sleeper->dev, &sleepers);
	return 0;
}

static void sleeper_exit(void)
{
	dev_pm_domain_set(&sleeper->dev, NULL);
	platform_device_unregister(sleeper);
}

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
	ret = sleeper_init();
	if (ret)
		goto err_backend;
	ret = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "virt/zx_hypervisor:online",
					cpu_comes, cpu_goes);
	if (ret < 0)
		goto err_sleeper;
	hotplug = ret;
	zx_syscore_register(&sleep);
	register_reboot_notifier(&reboot_nb);
	zx_crash_init();
	return 0;

err_sleeper:
	sleeper_exit();
err_backend:
	if (zx_backend)
		zx_backend->exit();
	return ret;
}

void zx_host_exit(void)
{
	zx_crash_exit();
	unregister_reboot_notifier(&reboot_nb);
	zx_syscore_unregister(&sleep);
	cpuhp_remove_state_nocalls(hotplug);
	sleeper_exit();
	if (zx_backend)
		zx_backend->exit();
}
