// SPDX-License-Identifier: GPL-2.0-only
/*
 * A data race, for the checking kernel "kcsan" to find: two threads count with one counter for
 * two seconds. selfcheck loads it and looks for the report.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static unsigned long counter;

static int count(void *unused)
{
	while (!kthread_should_stop()) {
		unsigned int i;

		for (i = 0; i < 1000; i++) {
			counter++;
			barrier();
		}
		cond_resched();
	}
	return 0;
}

static int __init plant_init(void)
{
	struct task_struct *one = kthread_run(count, NULL, "plant/1");
	struct task_struct *two = kthread_run(count, NULL, "plant/2");

	msleep(2000);
	if (!IS_ERR(one))
		kthread_stop(one);
	if (!IS_ERR(two))
		kthread_stop(two);
	return 0;
}

static void __exit plant_exit(void)
{
}

module_init(plant_init);
module_exit(plant_exit);
MODULE_DESCRIPTION("A data race for the checking kernel to find");
MODULE_LICENSE("GPL");
