// SPDX-License-Identifier: GPL-2.0-only
/*
 * The place cannot be looked at, and whoever takes one that is not free is told off in the
 * log, so it must be known to be free. KVM's module for these CPUs takes it, not before it
 * is initialized, and the module "kvm" must be there before it can be linked.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>

#include <asm/reboot.h>

#include "../x86/backend.h"
#include "crash.h"
#include "host.h"

static DEFINE_MUTEX(lock);	/* inside that of the modules' notifiers */
static bool ours;		/* [lock] */
static bool came;		/* [lock] KVM did, since we are told of it */

/* Interrupts off, maybe from an NMI: anything may be half done, and nothing comes after. */
static void crash(void)
{
	zx_backend->host_off(true);
}

static void take(void)
{
	if (!ours)
		cpu_emergency_register_virt_callback(crash);
	ours = true;
}

static void leave(void)
{
	if (ours)
		cpu_emergency_unregister_virt_callback(crash);
	ours = false;
}

/* Said to come before it is initialized, and to go after its own end. */
static int module_changes(struct notifier_block *nb, unsigned long state, void *data)
{
	const char *name = ((const struct module *)data)->name;
	bool rival = !strcmp(name, zx_backend->rival);

	mutex_lock(&lock);
	if (rival && state == MODULE_STATE_COMING) {
		came = true;
		leave();
	} else if (state == MODULE_STATE_GOING && (rival || !strcmp(name, "kvm"))) {
		take();
	}
	mutex_unlock(&lock);
	return NOTIFY_OK;
}

static struct notifier_block modules_nb = { .notifier_call = module_changes };

void zx_crash_init(void)
{
	if (!zx_backend)
		return;
	register_module_notifier(&modules_nb);
	mutex_lock(&lock);
	if (!came && !zx_host_module("kvm") && !zx_host_module(zx_backend->rival))
		take();
	mutex_unlock(&lock);
}

void zx_crash_exit(void)
{
	if (!zx_backend)
		return;
	unregister_module_notifier(&modules_nb);
	mutex_lock(&lock);
	leave();
	mutex_unlock(&lock);
}
