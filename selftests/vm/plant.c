// SPDX-License-Identifier: GPL-2.0-only
/*
 * One bug of each kind that the checking kernel is there to find; selfcheck loads it and looks
 * for the reports. The order matters: lockdep goes no further after its own report or KASAN's.
 */
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timer.h>

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static struct timer_list timer;
static void __rcu *pointer;
static volatile int forty = 40, beyond = 5;
static volatile int result;

static void sleep_in_atomic(void)
{
	preempt_disable();
	mutex_lock(&first);
	mutex_unlock(&first);
	preempt_enable();
}

static void cpu_number_in_preemptible(void)
{
	result = smp_processor_id();
}

static void dereference_outside_rcu(void)
{
	result = !rcu_dereference(pointer);
}

static void lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void delete_twice(void)
{
	struct list_head list, entry;

	INIT_LIST_HEAD(&list);
	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
}

static void timer_ran(struct timer_list *unused)
{
}

static void set_up_active_timer(void)
{
	timer_setup(&timer, timer_ran, 0);
	mod_timer(&timer, jiffies + 1000 * HZ);
	timer_setup(&timer, timer_ran, 0);
	del_timer_sync(&timer);
}

static void shift_too_far(void)
{
	result = 1 << forty;
}

static void index_too_far(void)
{
	/* What lies behind is valid memory: KASAN reports once, and not here. */
	static volatile struct {
		int array[4];
		int behind[4];
	} row;

	result = row.array[beyond] + row.behind[0];
}

static void leak(void)
{
	unsigned int i;

	/* Several, as a stale register or stack slot may still point to one. */
	for (i = 0; i < 8; i++) {
		void *block = kmalloc(96, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(block);
	}
}

static void use_after_free(void)
{
	volatile char *block = kmalloc(96, GFP_KERNEL);
	volatile char *stale = block;

	if (!block)
		return;
	OPTIMIZER_HIDE_VAR(stale);
	kfree((void *)block);
	result = *stale;
}

static int __init plant_init(void)
{
	sleep_in_atomic();
	cpu_number_in_preemptible();
	dereference_outside_rcu();
	lock_inversion();
	delete_twice();
	set_up_active_timer();
	shift_too_far();
	index_too_far();
	leak();
	use_after_free();
	return 0;
}

static void __exit plant_exit(void)
{
}

module_init(plant_init);
module_exit(plant_exit);
MODULE_DESCRIPTION("Bugs for the checking kernel to find");
MODULE_LICENSE("GPL");
