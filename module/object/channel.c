// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both ends of a channel are one allocation with one lock. What is written to an
 * end goes into the queue of the other one, or straight to the caller there that
 * waits for it.
 *
 * An end in a queue is kept alive by the end whose queue that is. Were there a
 * ring of such, nobody could ever close it; so there is none: check_nesting().
 *
 * Lock order: nesting > a channel's lock > an object's wait.lock.
 */
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "channel.h"

/* Of one queue. Zircon kills who writes the message after those. */
#define MAX_MESSAGES	3500
#define MAX_FILES	4096
/* Handles that check_nesting() looks at before it gives up. */
#define MAX_NESTED	4096

/* Numbers below are user space's. */
#define FIRST_TXID	0x80000000u

struct zx_channel {
	struct zx_object obj;
	struct channel_pair *pair;	/* [I] */
	struct zx_channel *peer;	/* [I] memory that lives as long as ours */
	bool closed;			/* [c] no handle is left or will be */
	u32 nr_messages;		/* [c] */
	u32 nr_files;			/* [c] in them */
	struct list_head messages;	/* [c] oldest first */
	struct list_head nests;		/* [c] those of @messages with ends in them */
	u32 last_txid;			/* [c] */
	struct rb_root calls;		/* [c] struct channel_call, by txid */
	struct list_head walk;		/* [nesting] */
	u64 walked;			/* [nesting] the last walk that came here */
};

struct channel_pair {
	spinlock_t lock;		/* c */
	refcount_t ends;		/* [a] not destroyed */
	u64 last_id;			/* [c] */
	struct zx_channel end[2];
};

/* On the stack of who waits. */
struct channel_call {
	struct rb_node node;		/* [c] until @done */
	u32 txid;			/* [I] */
	struct task_struct *task;	/* [I] */
	bool done;			/* [c] */
	zx_status_t status;		/* [c] valid when done */
	struct zx_message *reply;	/* [c] */
};

/* Taken by who sends an end: between the check and the queue nobody adds another. */
static DEFINE_MUTEX(nesting);
static u64 walks;			/* [nesting] */

static int call_compare(const void *key, const struct rb_node *node)
{
	const u32 txid = *(const u32 *)key;
	const struct channel_call *call = rb_entry(node, struct channel_call, node);

	return txid < call->txid ? -1 : txid > call->txid;
}

static bool call_before(struct rb_node *a, const struct rb_node *b)
{
	return call_compare(&rb_entry(a, struct channel_call, node)->txid, b) < 0;
}

static struct channel_call *call_find(const struct zx_channel *end, u32 txid)
{
	return rb_entry_safe(rb_find(&txid, &end->calls, call_compare), struct channel_call, node);
}

/*
 * From here on the call may return as soon as it gets the lock, which is why
 * the task is woken while it is held.
 */
static void call_end(struct zx_channel *end, struct channel_call *call, zx_status_t status,
		     struct zx_message *reply)
{
	lockdep_assert_held(&end->pair->lock);
	rb_erase(&call->node, &end->calls);
	call->status = status;
	call->reply = reply;
	WRITE_ONCE(call->done, true);
	wake_up_process(call->task);
}

static void call_end_all(struct zx_channel *end, zx_status_t status)
{
	struct rb_node *node;

	while ((node = rb_first(&end->calls)))
		call_end(end, rb_entry(node, struct channel_call, node), status, NULL);
}

static void drop_messages(struct list_head *messages)
{
	struct zx_message *msg, *next;

	list_for_each_entry_safe(msg, next, messages, node) {
		zx_message_free(msg);
		cond_resched();
	}
}

/*
 * The last handle is gone, or there never was one. Calls through this end are
 * over, because an ioctl holds its handle; those of the other end never will be
 * answered.
 */
static void end_close(struct zx_channel *end)
{
	struct zx_channel *peer = end->peer;
	LIST_HEAD(doomed);

	spin_lock(&end->pair->lock);
	if (!end->closed) {
		WRITE_ONCE(end->closed, true);
		list_splice_init(&end->messages, &doomed);
		INIT_LIST_HEAD(&end->nests);
		if (!peer->closed) {
			call_end_all(peer, ZX_ERR_PEER_CLOSED);
			zx_object_signal(&peer->obj, ZX_SIGNAL_WRITABLE, ZX_SIGNAL_PEER_CLOSED);
		}
	}
	spin_unlock(&end->pair->lock);
	drop_messages(&doomed);
}

static void channel_zero_handles(struct zx_object *obj)
{
	end_close(zx_channel_from(obj));
}

static void channel_destroy(struct zx_object *obj)
{
	struct zx_channel *end = zx_channel_from(obj);

	end_close(end);
	if (refcount_dec_and_test(&end->pair->ends))
		kfree(end->pair);
}

static struct zx_object *channel_peer(struct zx_object *obj)
{
	struct zx_channel *peer = zx_channel_from(obj)->peer;

	if (READ_ONCE(peer->closed) || !zx_object_get_live(&peer->obj))
		return NULL;
	return &peer->obj;
}

static void channel_show(struct zx_object *obj, struct seq_file *m)
{
	struct zx_channel *end = zx_channel_from(obj);

	seq_printf(m, "peer:\t%llu\npeer-closed:\t%d\nmessages:\t%u\nhandles:\t%u\n",
		   end->obj.related_koid, READ_ONCE(end->peer->closed),
		   READ_ONCE(end->nr_messages), READ_ONCE(end->nr_files));
}

/* No DUPLICATE: an end has one holder at a time. */
static const struct zx_object_ops channel_ops = {
	.name		= "channel",
	.type		= ZX_OBJ_TYPE_CHANNEL,
	.rights		= ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT | ZX_RIGHT_INSPECT | ZX_RIGHT_READ |
			  ZX_RIGHT_WRITE | ZX_RIGHT_SIGNAL | ZX_RIGHT_SIGNAL_PEER,
	.destroy	= channel_destroy,
	.zero_handles	= channel_zero_handles,
	.peer		= channel_peer,
	.show		= channel_show,
};

static void end_init(struct channel_pair *pair, unsigned int which)
{
	struct zx_channel *end = &pair->end[which];

	zx_object_init(&end->obj, &channel_ops);
	end->obj.signals = ZX_SIGNAL_WRITABLE;
	end->pair = pair;
	end->peer = &pair->end[!which];
	INIT_LIST_HEAD(&end->messages);
	INIT_LIST_HEAD(&end->nests);
	end->calls = RB_ROOT;
}

zx_status_t zx_channel_new(struct zx_channel **out0, struct zx_channel **out1)
{
	struct channel_pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL_ACCOUNT);

	if (!pair)
		return ZX_ERR_NO_MEMORY;
	spin_lock_init(&pair->lock);
	refcount_set(&pair->ends, 2);
	end_init(pair, 0);
	end_init(pair, 1);
	pair->end[0].obj.related_koid = pair->end[1].obj.koid;
	pair->end[1].obj.related_koid = pair->end[0].obj.koid;
	*out0 = &pair->end[0];
	*out1 = &pair->end[1];
	return ZX_OK;
}

struct zx_object *zx_channel_object(struct zx_channel *end)
{
	return &end->obj;
}

struct zx_channel *zx_channel_from(struct zx_object *obj)
{
	return container_of(obj, struct zx_channel, obj);
}

struct zx_channel *zx_channel_of(struct file *file)
{
	const struct zx_handle *handle = zx_handle_of(file);

	return handle && handle->obj->ops == &channel_ops ? zx_channel_from(handle->obj) : NULL;
}

/*
 * Put the ends in @msg that this walk has not seen on @ahead, with a reference.
 * The message holds their handles, and so the ends, for as long as it cannot be
 * taken out of its queue.
 */
static void note_ends(const struct zx_message *msg, struct list_head *ahead)
{
	struct zx_channel *end;
	u32 i;

	for (i = 0; i < msg->num_files; i++) {
		end = zx_channel_of(msg->files[i]);
		if (!end || end->walked == walks)
			continue;
		end->walked = walks;
		zx_object_get(&end->obj);
		list_add_tail(&end->walk, ahead);
	}
}

/* The ends in the queue of @end. False: more than @budget handles stand beside them. */
static bool look_into(struct zx_channel *end, struct list_head *ahead, u32 *budget)
{
	struct zx_message *msg;
	bool enough = true;

	spin_lock(&end->pair->lock);
	list_for_each_entry(msg, &end->nests, nest) {
		enough = msg->num_files <= *budget;
		if (!enough)
			break;
		*budget -= msg->num_files;
		note_ends(msg, ahead);
	}
	spin_unlock(&end->pair->lock);
	return enough;
}

/*
 * @msg is to go into the queue of @dest. Is @dest in the queue of an end in @msg,
 * or in that of an end in such a queue, and so on? Ends may leave queues while
 * this looks, which breaks rings but makes none; they come in under @nesting.
 *
 * That handles stand in files of ours only is what makes this complete: a queue
 * holds no socket, and no other file that holds files.
 */
static zx_status_t check_nesting(const struct zx_channel *dest, const struct zx_message *msg)
{
	zx_status_t status = ZX_OK;
	u32 budget = MAX_NESTED;
	struct zx_channel *end;
	LIST_HEAD(ahead);

	lockdep_assert_held(&nesting);
	walks++;
	note_ends(msg, &ahead);
	while ((end = list_first_entry_or_null(&ahead, struct zx_channel, walk))) {
		if (status == ZX_OK && end == dest)
			status = ZX_ERR_NOT_SUPPORTED;
		if (status == ZX_OK && !look_into(end, &ahead, &budget))
			status = ZX_ERR_NO_RESOURCES;
		list_del(&end->walk);
		zx_object_put(&end->obj);
	}
	return status;
}

static zx_status_t enqueue(struct zx_channel *end, struct zx_message *msg)
{
	lockdep_assert_held(&end->pair->lock);
	if (end->nr_messages >= MAX_MESSAGES || end->nr_files + msg->num_files > MAX_FILES)
		return ZX_ERR_SHOULD_WAIT;
	msg->id = ++end->pair->last_id;
	list_add_tail(&msg->node, &end->messages);
	if (msg->nests)
		list_add_tail(&msg->nest, &end->nests);
	WRITE_ONCE(end->nr_messages, end->nr_messages + 1);
	WRITE_ONCE(end->nr_files, end->nr_files + msg->num_files);
	/* For each message: who polls for edges counts them. */
	zx_object_signal(&end->obj, 0, ZX_SIGNAL_READABLE);
	return ZX_OK;
}

static zx_status_t deliver(struct zx_channel *peer, struct zx_message *msg)
{
	struct channel_call *call = NULL;
	u32 txid;

	if (msg->num_bytes >= sizeof(txid)) {
		memcpy(&txid, msg->bytes, sizeof(txid));
		call = call_find(peer, txid);
	}
	if (!call)
		return enqueue(peer, msg);
	call_end(peer, call, ZX_OK, msg);
	return ZX_OK;
}

/*
 * The message that begins a call is for the queue: what it begins with is a
 * number of this end, and means nothing to the calls that wait at the other one.
 */
static zx_status_t begin_call(struct zx_channel *end, struct zx_message *msg,
			      struct channel_call *call)
{
	zx_status_t status;

	do
		call->txid = ++end->last_txid | FIRST_TXID;
	while (call_find(end, call->txid));
	memcpy(msg->bytes, &call->txid, sizeof(call->txid));
	status = enqueue(end->peer, msg);
	if (status == ZX_OK)
		rb_add(&call->node, &end->calls, call_before);
	return status;
}

/* The message passes on with ZX_OK only. */
static zx_status_t send_message(struct zx_channel *end, struct zx_message *msg,
				struct channel_call *call)
{
	const bool nests = msg->nests;
	zx_status_t status = ZX_OK;

	if (nests) {
		mutex_lock(&nesting);
		status = check_nesting(end->peer, msg);
	}
	if (status == ZX_OK) {
		spin_lock(&end->pair->lock);
		if (end->peer->closed)
			status = ZX_ERR_PEER_CLOSED;
		else if (call)
			status = begin_call(end, msg, call);
		else
			status = deliver(end->peer, msg);
		spin_unlock(&end->pair->lock);
	}
	if (nests)
		mutex_unlock(&nesting);
	return status;
}

zx_status_t zx_channel_write(struct zx_channel *end, struct zx_message *msg)
{
	zx_status_t status = send_message(end, msg, NULL);

	if (status != ZX_OK)
		zx_message_free(msg);
	return status;
}

zx_status_t zx_channel_peek(struct zx_channel *end, struct zx_message_size *size)
{
	zx_status_t status = ZX_OK;
	struct zx_message *msg;

	spin_lock(&end->pair->lock);
	msg = list_first_entry_or_null(&end->messages, struct zx_message, node);
	if (msg)
		*size = (struct zx_message_size) { msg->id, msg->num_bytes, msg->num_files };
	else
		status = end->peer->closed ? ZX_ERR_PEER_CLOSED : ZX_ERR_SHOULD_WAIT;
	spin_unlock(&end->pair->lock);
	return status;
}

struct zx_message *zx_channel_take(struct zx_channel *end, u64 id)
{
	struct zx_message *msg;

	spin_lock(&end->pair->lock);
	msg = list_first_entry_or_null(&end->messages, struct zx_message, node);
	if (msg && msg->id == id) {
		list_del(&msg->node);
		if (msg->nests)
			list_del(&msg->nest);
		WRITE_ONCE(end->nr_messages, end->nr_messages - 1);
		WRITE_ONCE(end->nr_files, end->nr_files - msg->num_files);
		if (!end->nr_messages)
			zx_object_signal(&end->obj, ZX_SIGNAL_READABLE, 0);
	} else {
		msg = NULL;
	}
	spin_unlock(&end->pair->lock);
	return msg;
}

/*
 * The message is sent, and a call that began anew would send it again: a signal
 * that does not kill waits.
 */
static zx_status_t sleep_until_done(const struct channel_call *call, s64 deadline,
				    struct zx_wait *wait, struct zx_waiter *closing)
{
	zx_status_t status = ZX_OK;

	while (status == ZX_OK) {
		set_current_state(TASK_KILLABLE | TASK_FREEZABLE | TASK_NOLOAD);
		if (READ_ONCE(call->done))
			break;
		if (fatal_signal_pending(current))
			status = ZX_ERR_INTERNAL_INTR_RETRY;
		else if (zx_waiters_closed(wait, closing, 1))
			status = ZX_ERR_CANCELED;
		else if (!zx_sleep_until(deadline))
			status = ZX_ERR_TIMED_OUT;
	}
	__set_current_state(TASK_RUNNING);
	return status;
}

/* Done, or given up: nobody knows @call any more when this returns. */
static zx_status_t finish_call(struct zx_channel *end, struct channel_call *call, s64 deadline,
			       struct zx_waiter *closing)
{
	struct zx_wait wait = { .look = true };
	zx_status_t status;

	zx_waiter_begin(closing, &wait);
	status = sleep_until_done(call, deadline, &wait, closing);
	zx_waiter_end(closing);
	spin_lock(&end->pair->lock);
	if (call->done)
		status = call->status;
	else
		rb_erase(&call->node, &end->calls);
	spin_unlock(&end->pair->lock);
	return status;
}

zx_status_t zx_channel_call(struct zx_handle *handle, u32 value, struct zx_message *msg,
			    s64 deadline, struct zx_message **reply)
{
	struct zx_channel *end = zx_channel_from(handle->obj);
	struct zx_waiter closing = { .handle = handle, .value = value };
	struct channel_call call = { .task = current };
	zx_status_t status = send_message(end, msg, &call);

	if (status != ZX_OK) {
		zx_message_free(msg);
		return status;
	}
	status = finish_call(end, &call, deadline, &closing);
	*reply = call.reply;
	return status;
}
