// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another hypervisor, as far as a third party can see: it marks the CPUs of the parameter
 * "cpus", a mask, as held, those that can be had, and those that are not there yet once they
 * come. Read back, the parameter shows which it has. Loaded first, it is first at each of them.
 */
#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/syscore_ops.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/tlbflush.h>

#include "compat.h"

static unsigned long wanted, got;
static enum cpuhp_state hotplug;

static bool take(void)
{
	u64 efer;

	if (!boot_cpu_has(X86_FEATURE_SVM)) {
		if (cr4_read_shadow() & X86_CR4_VMXE)
			return false;
		cr4_set_bits(X86_CR4_VMXE);
		return true;
	}
	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME)
		return false;
	wrmsrl(MSR_EFER, efer | EFER_SVME);
	return true;
}

static void give_back(void)
{
	u64 efer;

	if (!boot_cpu_has(X86_FEATURE_SVM)) {
		cr4_clear_bits(X86_CR4_VMXE);
		return;
	}
	rdmsrl(MSR_EFER, efer);
	wrmsrl(MSR_EFER, efer & ~EFER_SVME);
}

/* On a CPU, interrupts off. */
static void follow(void *mask)
{
	const int cpu = smp_processor_id();
	const bool want = *(unsigned long *)mask & BIT(cpu);

	if (want && !test_bit(cpu, &got) && take())
		set_bit(cpu, &got);
	if (!want && test_bit(cpu, &got)) {
		give_back();
		clear_bit(cpu, &got);
	}
}

static unsigned long none;

static int comes(unsigned int cpu)
{
	return smp_call_function_single(cpu, follow, &wanted, true);
}

static int goes(unsigned int cpu)
{
	return smp_call_function_single(cpu, follow, &none, true);
}

static int suspend(void)
{
	follow(&none);
	return 0;
}

static void resume(void)
{
	follow(&wanted);
}

ZX_SYSCORE(sleep, suspend, resume);

static int cpus_set(const char *text, const struct kernel_param *param)
{
	int ret = kstrtoul(text, 0, &wanted);

	if (!ret)
		on_each_cpu(follow, &wanted, true);
	return ret;
}

static int cpus_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%lu\n", got);
}

static const struct kernel_param_ops cpus_ops = { .set = cpus_set, .get = cpus_get };
module_param_cb(cpus, &cpus_ops, NULL, 0644);
MODULE_PARM_DESC(cpus, "mask of the CPUs to hold");

static int __init hold_init(void)
{
	const int ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "virt/hold:online", comes, goes);

	if (ret < 0)
		return ret;
	hotplug = ret;
	zx_syscore_register(&sleep);
	return 0;
}

static void __exit hold_exit(void)
{
	zx_syscore_unregister(&sleep);
	cpuhp_remove_state(hotplug);
}

module_init(hold_init);
module_exit(hold_exit);

MODULE_DESCRIPTION("A holder of CPUs for the tests of zx_hypervisor");
MODULE_LICENSE("GPL");
