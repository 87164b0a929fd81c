// SPDX-License-Identifier: GPL-2.0-only
/*
 * Observers. One is armed when made, then it fires: it becomes a packet, and who
 * takes the packet frees it.
 *
 * An armed observer is on its object's list and on its port's. Both change together,
 * under the object's wait.lock and, inside of it, the port's observers lock, so that
 * either list can be trusted alone. It holds no reference: the object is there for as
 * long as the handle that it was made through is open, and zx_observers_drop() runs
 * before that handle lets go of it; the port is there until zx_observers_leave() has
 * run. A fired one has forgotten its object.
 */
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "observer.h"

struct observer {
	struct zx_port_entry entry;
	struct zx_port_observers *at;	/* [I] its port's */
	struct zx_object *obj;		/* while it is armed */
	struct list_head at_object;	/* [obj->wait.lock] while it is armed */
	struct list_head at_port;	/* [at->lock] */
	u64 source;			/* [I] id of the handle */
	u64 key;			/* [I] */
	u32 signals;			/* [I] */
	u32 options;			/* [I] ZX_WAIT_ASYNC_* */
};

/* Which observers of an object: those with all of these. */
struct selection {
	u64 source;			/* 0: any */
	struct zx_port_observers *at;	/* NULL: any */
	const u64 *key;			/* NULL: any */
};

static atomic64_t live;

u64 zx_observers_live(void)
{
	return atomic64_read(&live);
}

void zx_observers_init(struct zx_port_observers *observers, struct zx_port *port)
{
	observers->port = port;
	spin_lock_init(&observers->lock);
	INIT_LIST_HEAD(&observers->armed);
	INIT_LIST_HEAD(&observers->fired);
	observers->nr = 0;
}

static void observer_free(struct observer *observer)
{
	kfree(observer);
	atomic64_dec(&live);
}

static void leave_port(struct observer *observer)
{
	lockdep_assert_held(&observer->at->lock);
	list_del(&observer->at_port);
	WRITE_ONCE(observer->at->nr, observer->at->nr - 1);
}

/* Its packet was taken, or thrown away. */
static void entry_free(struct zx_port_entry *entry)
{
	struct observer *observer = container_of(entry, struct observer, entry);
	struct zx_port_observers *at = observer->at;

	spin_lock(&at->lock);
	leave_port(observer);
	spin_unlock(&at->lock);
	observer_free(observer);
}

static s64 timestamp(u32 options)
{
	if (options & ZX_WAIT_ASYNC_TIMESTAMP)
		return ktime_get_ns();
	if (options & ZX_WAIT_ASYNC_BOOT_TIMESTAMP)
		return ktime_get_boottime_ns();
	return 0;
}

static void leave_object(struct observer *observer)
{
	lockdep_assert_held(&observer->obj->wait.lock);
	list_del(&observer->at_object);
	observer->obj->nr_observers--;
}

/*
 * The port's lock is held over the queueing. Its last handle may be going: before
 * zx_observers_leave() has had the lock, the port is not yet closed, so that
 * zx_port_queue() does not free packets, which would need this very lock.
 */
static void fire(struct observer *observer)
{
	struct zx_port_observers *at = observer->at;
	struct zx_packet *packet = &observer->entry.packet;

	packet->key = observer->key;
	packet->type = ZX_PKT_TYPE_SIGNAL_ONE;
	packet->signal.trigger = observer->signals;
	packet->signal.observed = observer->obj->signals;
	packet->signal.count = 1;
	packet->signal.timestamp = timestamp(observer->options);

	spin_lock(&at->lock);
	leave_object(observer);
	list_move_tail(&observer->at_port, &at->fired);
	if (zx_port_queue(at->port, &observer->entry) != ZX_OK) {
		leave_port(observer);
		observer_free(observer);
	}
	spin_unlock(&at->lock);
}

void zx_observers_fire(struct zx_object *obj, u32 risen)
{
	struct observer *observer, *next;

	lockdep_assert_held(&obj->wait.lock);
	list_for_each_entry_safe(observer, next, &obj->observers, at_object)
		if (observer->signals & risen)
			fire(observer);
}

static bool selected(const struct observer *observer, const struct selection *which)
{
	return (!which->source || observer->source == which->source) &&
	       (!which->at || observer->at == which->at) &&
	       (!which->key || observer->key == *which->key);
}

/* Free those that have not fired; says whether there was any. */
static bool disarm(struct zx_object *obj, const struct selection *which)
{
	struct observer *observer, *next;
	LIST_HEAD(doomed);

	spin_lock(&obj->wait.lock);
	list_for_each_entry_safe(observer, next, &obj->observers, at_object) {
		if (!selected(observer, which))
			continue;
		spin_lock(&observer->at->lock);
		leave_object(observer);
		leave_port(observer);
		spin_unlock(&observer->at->lock);
		list_add(&observer->at_object, &doomed);
	}
	spin_unlock(&obj->wait.lock);
	if (list_empty(&doomed))
		return false;
	list_for_each_entry_safe(observer, next, &doomed, at_object)
		observer_free(observer);
	return true;
}

void zx_observers_drop(struct zx_handle *handle)
{
	const struct selection mine = { .source = handle->id };

	/* What is on the list through this handle came there before its last use. */
	if (!list_empty_careful(&handle->obj->observers))
		disarm(handle->obj, &mine);
}

/* An object that has an observer of the port's, with a reference. */
static struct zx_object *observed_object(struct zx_port_observers *at)
{
	struct zx_object *obj = NULL;
	struct observer *observer;

	spin_lock(&at->lock);
	observer = list_first_entry_or_null(&at->armed, struct observer, at_port);
	if (observer) {
		obj = observer->obj;
		zx_object_get(obj);
	}
	spin_unlock(&at->lock);
	return obj;
}

void zx_observers_leave(struct zx_port_observers *at)
{
	const struct selection ours = { .at = at };
	struct zx_object *obj;

	while ((obj = observed_object(at))) {
		disarm(obj, &ours);
		zx_object_put(obj);
		cond_resched();
	}
}

static struct observer *observer_new(struct zx_handle *source, struct zx_port_observers *at,
				     u64 key, u32 signals, u32 options)
{
	struct observer *observer = kzalloc(sizeof(*observer), GFP_KERNEL_ACCOUNT);

	if (!observer)
		return NULL;
	atomic64_inc(&live);
	INIT_LIST_HEAD(&observer->entry.node);
	observer->entry.free = entry_free;
	observer->at = at;
	observer->obj = source->obj;
	observer->source = source->id;
	observer->key = key;
	observer->signals = signals;
	observer->options = options;
	return observer;
}

static bool arm(struct observer *observer)
{
	struct zx_port_observers *at = observer->at;
	struct zx_object *obj = observer->obj;
	bool fits;

	lockdep_assert_held(&obj->wait.lock);
	spin_lock(&at->lock);
	fits = obj->nr_observers < ZX_MAX_OBSERVERS && at->nr < ZX_MAX_OBSERVERS;
	if (fits) {
		list_add_tail(&observer->at_object, &obj->observers);
		obj->nr_observers++;
		list_add_tail(&observer->at_port, &at->armed);
		WRITE_ONCE(at->nr, at->nr + 1);
	}
	spin_unlock(&at->lock);
	return fits;
}

zx_status_t zx_object_observe(struct zx_handle *source, struct zx_port *port, u64 key,
			      u32 signals, u32 options)
{
	struct zx_object *obj = source->obj;
	struct observer *observer;
	bool armed;

	observer = observer_new(source, zx_port_observers(port), key, signals, options);
	if (!observer)
		return ZX_ERR_NO_MEMORY;
	spin_lock(&obj->wait.lock);
	armed = arm(observer);
	if (armed && !(options & ZX_WAIT_ASYNC_EDGE) && obj->signals & signals)
		fire(observer);
	spin_unlock(&obj->wait.lock);
	if (armed)
		return ZX_OK;
	observer_free(observer);
	return ZX_ERR_NO_MEMORY;
}

struct cancel {
	struct zx_port_observers *at;
	u64 source;
	u64 key;
	bool found;
};

static void picked_free(struct zx_port_entry *entry)
{
	observer_free(container_of(entry, struct observer, entry));
}

/* They leave the port here and now, so that nobody else picks them. */
static void pick_fired(void *arg, struct list_head *doomed)
{
	struct cancel *cancel = arg;
	struct observer *observer, *next;

	spin_lock(&cancel->at->lock);
	list_for_each_entry_safe(observer, next, &cancel->at->fired, at_port) {
		if (observer->source != cancel->source || observer->key != cancel->key ||
		    list_empty(&observer->entry.node))
			continue;
		leave_port(observer);
		observer->entry.free = picked_free;
		list_move_tail(&observer->entry.node, doomed);
		cancel->found = true;
	}
	spin_unlock(&cancel->at->lock);
}

/* Those that fire before the first step is done are in the queue for the second one. */
zx_status_t zx_observers_cancel(struct zx_port *port, struct zx_handle *source, u64 key)
{
	struct cancel cancel = { .at = zx_port_observers(port), .source = source->id, .key = key };
	const struct selection these = { .source = source->id, .at = cancel.at, .key = &key };

	cancel.found = disarm(source->obj, &these);
	zx_port_take_out(port, pick_fired, &cancel);
	return cancel.found ? ZX_OK : ZX_ERR_NOT_FOUND;
}
