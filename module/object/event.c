// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: nothing but signals. Those that come in pairs can reach each other's,
 * and each learns when the other one's last handle goes.
 */
#include <linux/refcount.h>
#include <linux/slab.h>

#include "object.h"

struct pair;

struct end {
	struct zx_object obj;
	struct pair *pair;		/* [I] */
	bool closed;			/* [a] its last handle is gone */
};

/* One piece of memory, so that an end can always look at the other one. */
struct pair {
	struct end ends[2];
	refcount_t ref;			/* [a] ends that are not destroyed */
};

static void event_destroy(struct zx_object *obj)
{
	kfree(obj);
}

static void pair_put(struct pair *pair)
{
	if (refcount_dec_and_test(&pair->ref))
		kfree(pair);
}

static struct end *end_from(struct zx_object *obj)
{
	return container_of(obj, struct end, obj);
}

static void eventpair_destroy(struct zx_object *obj)
{
	pair_put(end_from(obj)->pair);
}

static struct zx_object *eventpair_peer(struct zx_object *obj)
{
	struct end *end = end_from(obj);
	struct end *peer = &end->pair->ends[end == &end->pair->ends[0]];

	if (READ_ONCE(peer->closed) || !zx_object_get_live(&peer->obj))
		return NULL;
	return &peer->obj;
}

static void eventpair_zero_handles(struct zx_object *obj)
{
	struct zx_object *peer = eventpair_peer(obj);

	WRITE_ONCE(end_from(obj)->closed, true);
	if (!peer)
		return;
	zx_object_signal(peer, 0, ZX_SIGNAL_PEER_CLOSED);
	zx_object_put(peer);
}

static const struct zx_object_ops event_ops = {
	.name		= "event",
	.type		= ZX_OBJ_TYPE_EVENT,
	.rights		= ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | ZX_RIGHT_WAIT |
			  ZX_RIGHT_INSPECT | ZX_RIGHT_SIGNAL,
	.user_signals	= ZX_SIGNAL_SIGNALED,
	.destroy	= event_destroy,
};

static const struct zx_object_ops eventpair_ops = {
	.name		= "eventpair",
	.type		= ZX_OBJ_TYPE_EVENTPAIR,
	.rights		= ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | ZX_RIGHT_WAIT |
			  ZX_RIGHT_INSPECT | ZX_RIGHT_SIGNAL | ZX_RIGHT_SIGNAL_PEER,
	.user_signals	= ZX_SIGNAL_SIGNALED,
	.destroy	= eventpair_destroy,
	.zero_handles	= eventpair_zero_handles,
	.peer		= eventpair_peer,
};

zx_status_t zx_event_new(struct zx_object **out)
{
	struct zx_object *obj = kmalloc(sizeof(*obj), GFP_KERNEL_ACCOUNT);

	if (!obj)
		return ZX_ERR_NO_MEMORY;
	zx_object_init(obj, &event_ops);
	*out = obj;
	return ZX_OK;
}

zx_status_t zx_eventpair_new(struct zx_object *out[2])
{
	struct pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!pair)
		return ZX_ERR_NO_MEMORY;
	refcount_set(&pair->ref, ARRAY_SIZE(pair->ends));
	for (i = 0; i < ARRAY_SIZE(pair->ends); i++) {
		pair->ends[i].pair = pair;
		out[i] = &pair->ends[i].obj;
		zx_object_init(out[i], &eventpair_ops);
	}
	out[0]->related_koid = out[1]->koid;
	out[1]->related_koid = out[0]->koid;
	return ZX_OK;
}
