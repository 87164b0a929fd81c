// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life and death that all objects share. Read handle.c next.
 */
#include <linux/atomic.h>

#include "object.h"

/* Zircon keeps the koids below for itself. */
#define FIRST_KOID	1024

static atomic64_t last_koid = ATOMIC64_INIT(FIRST_KOID - 1);
static atomic64_t live;

void zx_object_init(struct zx_object *obj, const struct zx_object_ops *ops)
{
	obj->ops = ops;
	obj->koid = atomic64_inc_return(&last_koid);
	kref_init(&obj->ref);
	atomic_set(&obj->handles, 0);
	init_waitqueue_head(&obj->wait);
	obj->signals = 0;
	atomic64_inc(&live);
}

static void object_release(struct kref *ref)
{
	struct zx_object *obj = container_of(ref, struct zx_object, ref);

	obj->ops->destroy(obj);
	atomic64_dec(&live);
}

void zx_object_put(struct zx_object *obj)
{
	kref_put(&obj->ref, object_release);
}

void zx_object_signal(struct zx_object *obj, u32 clear, u32 set)
{
	spin_lock(&obj->wait.lock);
	WRITE_ONCE(obj->signals, (obj->signals & ~clear) | set);
	if (set)
		wake_up_all_locked(&obj->wait);
	spin_unlock(&obj->wait.lock);
}

u64 zx_object_live(void)
{
	return atomic64_read(&live);
}
