// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals: bits of an object that come up and go down, and threads that wait for
 * them. Who wants a packet instead of waiting is in observer.c.
 */
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "observer.h"

static __poll_t poll_bits(u32 signals)
{
	__poll_t bits = 0;

	if (signals & (ZX_SIGNAL_READABLE | ZX_SIGNAL_SIGNALED))
		bits |= EPOLLIN | EPOLLRDNORM;
	if (signals & ZX_SIGNAL_WRITABLE)
		bits |= EPOLLOUT | EPOLLWRNORM;
	if (signals & ZX_SIGNAL_PEER_CLOSED)
		bits |= EPOLLHUP;
	if (signals & ~(ZX_SIGNAL_READABLE | ZX_SIGNAL_SIGNALED | ZX_SIGNAL_WRITABLE |
			ZX_SIGNAL_PEER_CLOSED))
		bits |= EPOLLPRI;
	return bits;
}

__poll_t zx_object_poll(struct zx_object *obj, struct file *file, poll_table *wait)
{
	poll_wait(file, &obj->wait, wait);
	return poll_bits(READ_ONCE(obj->signals));
}

void zx_object_signal(struct zx_object *obj, u32 clear, u32 set)
{
	u32 before;

	spin_lock(&obj->wait.lock);
	before = obj->signals;
	WRITE_ONCE(obj->signals, (before & ~clear) | set);
	if (obj->signals & ~before)
		zx_observers_fire(obj, obj->signals & ~before);
	/* Not only what is new: with EPOLLET, a second message counts as well. */
	if (set)
		wake_up_locked_poll(&obj->wait, poll_bits(set));
	spin_unlock(&obj->wait.lock);
}

static void match(struct zx_waiter *waiter)
{
	struct zx_object *obj = waiter->handle->obj;

	lockdep_assert_held(&obj->wait.lock);
	if (waiter->matched || !(obj->signals & waiter->signals))
		return;
	waiter->pending = obj->signals;
	waiter->matched = true;
	WRITE_ONCE(waiter->wait->satisfied, true);
}

/* Under the object's lock, at the moment of the change. */
static int notice(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	struct zx_waiter *waiter = container_of(entry, struct zx_waiter, entry);

	match(waiter);
	return waiter->matched && default_wake_function(entry, mode, flags, key);
}

void zx_waiter_begin(struct zx_waiter *waiter, struct zx_wait *wait)
{
	struct zx_object *obj = waiter->handle->obj;

	waiter->wait = wait;
	waiter->matched = false;
	waiter->closed = false;
	init_waitqueue_func_entry(&waiter->entry, notice);
	waiter->entry.private = current;
	spin_lock(&obj->wait.lock);
	__add_wait_queue(&obj->wait, &waiter->entry);
	match(waiter);
	spin_unlock(&obj->wait.lock);
}

void zx_waiter_end(struct zx_waiter *waiter)
{
	struct zx_object *obj = waiter->handle->obj;

	spin_lock(&obj->wait.lock);
	__remove_wait_queue(&obj->wait, &waiter->entry);
	if (!waiter->matched)
		waiter->pending = obj->signals;
	if (waiter->closed)
		waiter->pending |= ZX_SIGNAL_HANDLE_CLOSED;
	spin_unlock(&obj->wait.lock);
}

/* Does the caller's table of descriptors no more lead from the value to the handle? */
static bool closed(const struct zx_waiter *waiter)
{
	struct file *file;
	bool same;

	if (!waiter->value)
		return false;
	file = fget(waiter->value >> 2);
	if (!file)
		return true;
	same = zx_handle_of(file) == waiter->handle;
	fput(file);
	return !same;
}

static bool any_closed(struct zx_waiter *waiters, unsigned int nr)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		waiters[i].closed = closed(&waiters[i]);
		any |= waiters[i].closed;
	}
	return any;
}

static void look_again(struct zx_waiter *waiter, const struct zx_handle *handle)
{
	if (waiter->handle != handle)
		return;
	WRITE_ONCE(waiter->wait->look, true);
	default_wake_function(&waiter->entry, TASK_NORMAL, 0, NULL);
}

/*
 * A descriptor that goes away is noticed, although the call keeps the handle open:
 *
 *	close				wait
 *	  empty the slot		  put on @wait
 *	  mb				  mb (of the task's state)
 *	  anyone on @wait?		  look at the slot
 *
 * Either the closer sees the waiter, who is told to look again, or the waiter sees
 * the empty slot.
 */
void zx_object_descriptor_closed(struct zx_handle *handle)
{
	struct wait_queue_head *head = &handle->obj->wait;
	struct wait_queue_entry *entry;

	if (likely(!wq_has_sleeper(head)))
		return;
	spin_lock(&head->lock);
	list_for_each_entry(entry, &head->head, entry)
		/* Pollers are there as well, and have not been promised anything. */
		if (entry->func == notice)
			look_again(container_of(entry, struct zx_waiter, entry), handle);
	spin_unlock(&head->lock);
}

bool zx_waiters_closed(struct zx_wait *wait, struct zx_waiter *waiters, unsigned int nr)
{
	if (!READ_ONCE(wait->look))
		return false;
	WRITE_ONCE(wait->look, false);
	/* The drawing's barrier, for a look that follows another one. */
	smp_mb();
	return any_closed(waiters, nr);
}

static zx_status_t sleep(struct zx_wait *wait, struct zx_waiter *waiters, unsigned int nr,
			 s64 deadline)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(wait->satisfied))
			return ZX_OK;
		if (zx_waiters_closed(wait, waiters, nr))
			return ZX_ERR_CANCELED;
		if (signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		if (!zx_sleep_until(deadline))
			return ZX_ERR_TIMED_OUT;
	}
}

zx_status_t zx_object_wait(struct zx_waiter *waiters, unsigned int nr, s64 deadline)
{
	struct zx_wait wait = { .look = true };
	zx_status_t status;
	unsigned int i;

	for (i = 0; i < nr; i++)
		zx_waiter_begin(&waiters[i], &wait);
	status = sleep(&wait, waiters, nr, deadline);
	__set_current_state(TASK_RUNNING);
	for (i = 0; i < nr; i++)
		zx_waiter_end(&waiters[i]);
	/* It may have come up since, and be down again: nobody else will tell. */
	return wait.satisfied && status != ZX_ERR_CANCELED ? ZX_OK : status;
}
