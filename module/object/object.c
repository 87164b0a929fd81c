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
	obj->nr_observers = 0;
	obj->related_koid = 0;
	INIT_LIST_HEAD(&obj->observers);
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

bool zx_object_get_live(struct zx_object *obj)
{
	return kref_get_unless_zero(&obj->ref);
}

bool zx_object_get_name(struct zx_object *obj, char name[ZX_MAX_NAME_LEN])
{
	if (!obj->ops->prop_name)
		return false;
	spin_lock(&obj->wait.lock);
	memcpy(name, obj->ops->prop_name(obj), ZX_MAX_NAME_LEN);
	spin_unlock(&obj->wait.lock);
	return true;
}

bool zx_object_set_name(struct zx_object *obj, const char name[ZX_MAX_NAME_LEN])
{
	if (!obj->ops->prop_name)
		return false;
	spin_lock(&obj->wait.lock);
	memcpy(obj->ops->prop_name(obj), name, ZX_MAX_NAME_LEN);
	spin_unlock(&obj->wait.lock);
	return true;
}

u64 zx_object_live(void)
{
	return atomic64_read(&live);
}
