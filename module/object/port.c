// SPDX-License-Identifier: GPL-2.0-only
/*
 * A port is a queue of packets, first in, first out. Producers may stand in a
 * VCPU's exit path with interrupts off, so they take no lock: they push on
 * @incoming, newest first. Consumers turn that chain over into @packets under
 * a lock of their own.
 *
 * An entry is out of the port when its free() has run. Whoever takes entries
 * out counts itself in @freeing and stays in an RCU read section until then,
 * so that zx_port_cancel() can wait for it.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "observer.h"

#define MAX_USER_PACKETS	4096

enum port_state { PORT_OPEN, PORT_CLOSING, PORT_CLOSED };

struct zx_port {
	struct zx_object obj;
	enum port_state state;		/* [a] only goes up */
	atomic_t user_packets;		/* [a] */
	struct llist_head incoming;	/* [a] newest first */
	wait_queue_head_t wait;
	spinlock_t lock;		/* consumers only, never from an interrupt */
	struct llist_node *turning;	/* [lock] taken off @incoming, newest first */
	struct list_head turned;	/* [lock] its other half; empty when @turning is NULL */
	struct list_head packets;	/* [lock] oldest first */
	atomic_t freeing;		/* [a] threads between taking and free() */
	struct zx_port_observers observers;
};

struct user_packet {
	struct zx_port_entry entry;
	struct zx_port *port;
};

static enum port_state port_state(const struct zx_port *port)
{
	return READ_ONCE(port->state);
}

/*
 * A guest decides how long the chain is, so the lock is offered on the way. Who
 * comes in between finds @turning and goes on with it, and nobody sees @packets
 * with the middle of the queue missing.
 */
static void turn(struct zx_port *port)
{
	struct zx_port_entry *entry;

	lockdep_assert_held(&port->lock);
	while (port->turning) {
		entry = llist_entry(port->turning, struct zx_port_entry, incoming);
		port->turning = port->turning->next;
		list_add(&entry->node, &port->turned);
		if (!port->turning)
			list_splice_tail_init(&port->turned, &port->packets);
		cond_resched_lock(&port->lock);
	}
}

/* All that was queued before this call is in @packets, or was taken meanwhile. */
static void collect(struct zx_port *port)
{
	turn(port);
	if (llist_empty(&port->incoming))
		return;
	port->turning = llist_del_all(&port->incoming);
	turn(port);
}

static bool pending(struct zx_port *port)
{
	bool any;

	/*
	 * Under the lock: between taking @incoming and filling @packets a
	 * consumer has packets in its hands that show in neither.
	 */
	spin_lock(&port->lock);
	any = !list_empty(&port->packets) || port->turning || !llist_empty(&port->incoming);
	spin_unlock(&port->lock);
	return any;
}

/* Before the entries are out of reach of zx_port_cancel(). */
static void freeing_begin(struct zx_port *port)
	__acquires(RCU)
{
	rcu_read_lock();
	atomic_inc(&port->freeing);
	/* Pairs with zx_port_cancel(). */
	smp_mb__after_atomic();
}

static void freeing_end(struct zx_port *port)
	__releases(RCU)
{
	atomic_dec_return_release(&port->freeing);
	rcu_read_unlock();
}

/* Take the oldest packet, if there is one, and free its entry. */
static bool take(struct zx_port *port, struct zx_packet *packet)
{
	struct zx_port_entry *entry;

	spin_lock(&port->lock);
	if (list_empty(&port->packets))
		collect(port);
	entry = list_first_entry_or_null(&port->packets, struct zx_port_entry, node);
	if (!entry) {
		spin_unlock(&port->lock);
		return false;
	}
	freeing_begin(port);
	list_del_init(&entry->node);
	spin_unlock(&port->lock);

	*packet = entry->packet;
	entry->free(entry);
	freeing_end(port);
	return true;
}

static void drop_all(struct zx_port *port)
{
	struct zx_packet packet;

	while (take(port, &packet))
		cond_resched();
}

/* Entries that arrived after the port was drained; from any context. */
static void drop_stragglers(struct zx_port *port)
{
	struct zx_port_entry *entry, *next;

	freeing_begin(port);
	llist_for_each_entry_safe(entry, next, llist_del_all(&port->incoming), incoming)
		entry->free(entry);
	freeing_end(port);
}

/*
 * The last handle goes. A producer that has not seen CLOSING may still push,
 * and its entry must not stay behind:
 *
 *	zx_port_queue			port_zero_handles
 *	  push				  state = CLOSING
 *	  mb				  drain
 *	  read state			  state = CLOSED
 *					  mb
 *					  drain
 *
 * Reads CLOSED: the producer drains @incoming itself; only stragglers like its
 * own entry can be there, so that is short. Reads anything else: the push came
 * before the store of CLOSED, by the two barriers, and the second drain finds
 * the entry. The first drain is there to make the stragglers few.
 */
static void port_zero_handles(struct zx_object *obj)
{
	struct zx_port *port = container_of(obj, struct zx_port, obj);

	WRITE_ONCE(port->state, PORT_CLOSING);
	zx_observers_leave(&port->observers);
	drop_all(port);
	/* The barrier of the drawing. */
	smp_store_mb(port->state, PORT_CLOSED);
	drop_all(port);
}

/*
 * Nobody is left: handles are gone (or there never was one), and producers hold
 * a reference for as long as they might queue.
 */
static void port_destroy(struct zx_object *obj)
{
	struct zx_port *port = container_of(obj, struct zx_port, obj);

	drop_all(port);
	kfree(port);
}

static __poll_t port_poll(struct zx_object *obj, struct file *file, poll_table *wait)
{
	struct zx_port *port = container_of(obj, struct zx_port, obj);

	poll_wait(file, &port->wait, wait);
	return pending(port) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void port_show(struct zx_object *obj, struct seq_file *m)
{
	struct zx_port *port = container_of(obj, struct zx_port, obj);

	seq_printf(m, "user-packets:\t%d\npending:\t%d\nobservers:\t%u\n",
		   atomic_read(&port->user_packets), pending(port),
		   READ_ONCE(port->observers.nr));
}

static const struct zx_object_ops port_ops = {
	.name		= "port",
	.type		= ZX_OBJ_TYPE_PORT,
	.rights		= ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_READ |
			  ZX_RIGHT_WRITE | ZX_RIGHT_INSPECT,
	.destroy	= port_destroy,
	.zero_handles	= port_zero_handles,
	.poll		= port_poll,
	.show		= port_show,
};

zx_status_t zx_port_new(struct zx_port **out)
{
	struct zx_port *port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);

	if (!port)
		return ZX_ERR_NO_MEMORY;
	zx_object_init(&port->obj, &port_ops);
	port->state = PORT_OPEN;
	init_llist_head(&port->incoming);
	init_waitqueue_head(&port->wait);
	spin_lock_init(&port->lock);
	INIT_LIST_HEAD(&port->turned);
	INIT_LIST_HEAD(&port->packets);
	zx_observers_init(&port->observers, port);
	*out = port;
	return ZX_OK;
}

/*
 * One wake-up per packet, and it is never lost:
 *
 *	zx_port_queue			zx_port_wait
 *	  push				  put on @wait
 *	  mb (of the push)		  mb (of the task's state)
 *	  anyone on @wait?		  take
 *
 * Either the producer sees the sleeper or the sleeper sees the packet. What a
 * woken consumer leaves behind is zx_port_wait()'s business.
 */
zx_status_t zx_port_queue(struct zx_port *port, struct zx_port_entry *entry)
{
	if (unlikely(port_state(port) != PORT_OPEN))
		return ZX_ERR_BAD_STATE;
	/* A full barrier; from here on the entry may be gone at any moment. */
	llist_add(&entry->incoming, &port->incoming);
	if (unlikely(port_state(port) == PORT_CLOSED)) {
		drop_stragglers(port);
		return ZX_OK;
	}
	/* That barrier stands between the push and this look. */
	if (waitqueue_active(&port->wait))
		wake_up_interruptible_poll(&port->wait, EPOLLIN | EPOLLRDNORM);
	return ZX_OK;
}

static void free_entries(struct list_head *doomed)
{
	struct zx_port_entry *entry, *next;

	list_for_each_entry_safe(entry, next, doomed, node) {
		list_del_init(&entry->node);
		entry->free(entry);
	}
}

void zx_port_cancel(struct zx_port *port, struct zx_port_entry *first, size_t stride,
		    unsigned int nr)
{
	struct zx_port_entry *entry = first;
	LIST_HEAD(doomed);
	unsigned int i;

	spin_lock(&port->lock);
	collect(port);
	for (i = 0; i < nr; i++, entry = (void *)entry + stride)
		if (!list_empty(&entry->node))
			list_move_tail(&entry->node, &doomed);
	spin_unlock(&port->lock);
	free_entries(&doomed);

	/*
	 * An entry that was not found may be on its way to free() elsewhere. Its
	 * taker counted itself before it took: with no one counted, all such
	 * free()s have run. Pairs with freeing_begin() and freeing_end().
	 */
	smp_mb();
	if (atomic_read_acquire(&port->freeing))
		synchronize_rcu();
}

void zx_port_take_out(struct zx_port *port, void (*pick)(void *arg, struct list_head *doomed),
		      void *arg)
{
	LIST_HEAD(doomed);

	spin_lock(&port->lock);
	collect(port);
	pick(arg, &doomed);
	spin_unlock(&port->lock);
	free_entries(&doomed);
}

static void user_packet_free(struct zx_port_entry *entry)
{
	struct user_packet *user = container_of(entry, struct user_packet, entry);

	atomic_dec(&user->port->user_packets);
	kfree(user);
}

zx_status_t zx_port_queue_user(struct zx_port *port, const struct zx_packet *packet)
{
	struct user_packet *user;
	zx_status_t status;

	if (!atomic_add_unless(&port->user_packets, 1, MAX_USER_PACKETS))
		return ZX_ERR_SHOULD_WAIT;
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user) {
		atomic_dec(&port->user_packets);
		return ZX_ERR_NO_MEMORY;
	}
	user->entry.packet = *packet;
	user->entry.packet.type = ZX_PKT_TYPE_USER;
	INIT_LIST_HEAD(&user->entry.node);
	user->entry.free = user_packet_free;
	user->port = port;
	status = zx_port_queue(port, &user->entry);
	if (status != ZX_OK)
		user_packet_free(&user->entry);
	return status;
}

bool zx_sleep_until(s64 deadline)
{
	ktime_t expires = ns_to_ktime(deadline);

	if (deadline == KTIME_MAX) {
		schedule();
		return true;
	}
	if (ktime_compare(expires, ktime_get()) <= 0)
		return false;
	schedule_hrtimeout_range(&expires, current->timer_slack_ns, HRTIMER_MODE_ABS);
	return true;
}

static zx_status_t wait_queued(struct zx_port *port, s64 deadline, struct zx_packet *packet,
			       struct wait_queue_entry *wait)
{
	for (;;) {
		prepare_to_wait_exclusive(&port->wait, wait, TASK_INTERRUPTIBLE);
		if (take(port, packet))
			return ZX_OK;
		if (signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		if (!zx_sleep_until(deadline))
			return ZX_ERR_TIMED_OUT;
	}
}

/*
 * Waiters are exclusive, so whoever was woken answers for the packet that woke
 * it. It may be unable to take that one:
 *
 *	A (waiting)			producer		B (waiting behind A)
 *	take: P1
 *					push P2, wake A		sleeps
 *	leaves with P1
 *
 * and the same with a signal or the deadline in the place of P1. Hence, once
 * off the queue, where no further wake-up can reach it, A looks once more and
 * hands the wake-up on if anything is left. Who took a packet without having
 * been on the queue cannot have swallowed a wake-up and owes nothing.
 */
zx_status_t zx_port_wait(struct zx_port *port, s64 deadline, struct zx_packet *packet)
{
	DEFINE_WAIT(wait);
	zx_status_t status;

	if (take(port, packet))
		return ZX_OK;
	status = wait_queued(port, deadline, packet, &wait);
	finish_wait(&port->wait, &wait);
	if (wq_has_sleeper(&port->wait) && pending(port))
		wake_up_interruptible_poll(&port->wait, EPOLLIN | EPOLLRDNORM);
	return status;
}

bool zx_port_closed(struct zx_port *port)
{
	return port_state(port) != PORT_OPEN;
}

struct zx_object *zx_port_object(struct zx_port *port)
{
	return &port->obj;
}

struct zx_port *zx_port_from(struct zx_object *obj)
{
	return container_of(obj, struct zx_port, obj);
}

struct zx_port_observers *zx_port_observers(struct zx_port *port)
{
	return &port->observers;
}
