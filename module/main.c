// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading: parts come up in order and go in reverse. Read
 * uapi/zx_hypervisor.h first, then syscall/table.c, and go down from there.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "hv/host.h"
#include "object/observer.h"
#include "x86/backend.h"

bool zx_hugepages = true;
module_param_named(hugepages, zx_hugepages, bool, 0444);
MODULE_PARM_DESC(hugepages, "use 2 MiB pages for guest memory (default on)");

bool zx_nrips = true;
module_param_named(nrips, zx_nrips, bool, 0444);
MODULE_PARM_DESC(nrips, "SVM: take the next RIP from the CPU (default on)");

bool zx_decode_assists = true;
module_param_named(decode_assists, zx_decode_assists, bool, 0444);
MODULE_PARM_DESC(decode_assists, "SVM: take instruction bytes from the CPU (default on)");

bool zx_asid = true;
module_param_named(asid, zx_asid, bool, 0444);
MODULE_PARM_DESC(asid, "SVM: keep guests' translations over exits (default on)");

bool zx_vpid = true;
module_param_named(vpid, zx_vpid, bool, 0444);
MODULE_PARM_DESC(vpid, "VMX: keep guests' translations over exits (default on)");

bool zx_tpr_shadow = true;
module_param_named(tpr_shadow, zx_tpr_shadow, bool, 0444);
MODULE_PARM_DESC(tpr_shadow, "VMX: let the CPU keep CR8 (default on)");

bool zx_apicv = true;
module_param_named(apicv, zx_apicv, bool, 0444);
MODULE_PARM_DESC(apicv, "VMX: let the CPU keep the local APIC and deliver its interrupts (default on)");

unsigned int zx_slice_us;
module_param_named(slice_us, zx_slice_us, uint, 0444);
MODULE_PARM_DESC(slice_us, "VMX: look at the host at least so often in microseconds, for emulators that keep interrupts from a guest (default 0: never)");

unsigned int zx_halt_poll_us;
module_param_named(halt_poll_us, zx_halt_poll_us, uint, 0644);
MODULE_PARM_DESC(halt_poll_us, "look for an event for up to so many microseconds before a halted VCPU sleeps (default 0: never)");

static int objects_get(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%llu\n", zx_object_live());
}

static const struct kernel_param_ops objects_ops = { .get = objects_get };
module_param_cb(objects, &objects_ops, NULL, 0444);
MODULE_PARM_DESC(objects, "objects alive now (read only)");

static int observers_get(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%llu\n", zx_observers_live());
}

static const struct kernel_param_ops observers_ops = { .get = observers_get };
module_param_cb(observers, &observers_ops, NULL, 0444);
MODULE_PARM_DESC(observers, "asynchronous waits alive now (read only)");

const struct zx_backend *zx_backend;

static const struct zx_backend *pick_backend(void)
{
	if (boot_cpu_has(X86_FEATURE_SVM))
		return &zx_svm_backend;
#ifdef ZX_HAVE_VMX
	if (boot_cpu_has(X86_FEATURE_VMX) || boot_cpu_data.x86_vendor == X86_VENDOR_INTEL)
		return &zx_vmx_backend;
#endif
	return NULL;
}

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "zx_hypervisor",
	.fops = &zx_device_fops,
	.mode = 0660,
};

/* A machine that cannot run guests still has ports and VMOs, and a status to give. */
static int __init zx_init(void)
{
	int ret;

	if (!zx_fpu_setup())
		zx_backend = pick_backend();
	if (zx_backend)
		zx_cpu_setup();
	zx_cpuid_init();
	ret = zx_vmo_init();
	if (ret)
		return ret;
	ret = zx_host_init();
	if (ret)
		goto err_vmo;
	ret = misc_register(&device);
	if (ret)
		goto err_host;
	return 0;

err_host:
	zx_host_exit();
err_vmo:
	zx_vmo_exit();
	return ret;
}

static void __exit zx_exit(void)
{
	misc_deregister(&device);
	zx_host_exit();
	zx_vmo_exit();
	/* Traps and VCPUs are freed after a grace period, by code that is about to go. */
	rcu_barrier();
}

module_init(zx_init);
module_exit(zx_exit);

MODULE_DESCRIPTION("Zircon's hypervisor interface");
MODULE_LICENSE("GPL");
