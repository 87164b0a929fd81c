/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Observers: what zx_object_wait_async leaves behind at an object, to queue one
 * packet at a port.
 */
#ifndef _ZX_OBSERVER_H
#define _ZX_OBSERVER_H

#include <linux/spinlock.h>

#include "object.h"

/*
 * A signal walks an object's observers with preemption off, and a cancel those of
 * a port, so that there is a bound to both.
 */
#define ZX_MAX_OBSERVERS	16384

/* What a port has of them. */
struct zx_port_observers {
	struct zx_port *port;		/* [I] */
	spinlock_t lock;		/* inside of wait.lock of objects, and of the port's */
	struct list_head armed;		/* [lock] each is at an object as well */
	struct list_head fired;		/* [lock] each is a packet */
	unsigned int nr;		/* [lock] both together */
};

void zx_observers_init(struct zx_port_observers *observers, struct zx_port *port);
/* Whoever waits for one of @risen gets its packet. Under @obj's wait.lock. */
void zx_observers_fire(struct zx_object *obj, u32 risen);
/* @handle goes: so do those that were made through it and have not fired. */
void zx_observers_drop(struct zx_handle *handle);
/* The port's last handle goes: no observer is armed, and none is firing, on return. */
void zx_observers_leave(struct zx_port_observers *observers);

/* NO_MEMORY: none, or ZX_MAX_OBSERVERS. The caller keeps a handle to both open. */
zx_status_t zx_object_observe(struct zx_handle *source, struct zx_port *port, u64 key,
			      u32 signals, u32 options);
/* The opposite, queued packets included. NOT_FOUND. */
zx_status_t zx_observers_cancel(struct zx_port *port, struct zx_handle *source, u64 key);
u64 zx_observers_live(void);	/* for tests */

/* port.c */
struct zx_port_observers *zx_port_observers(struct zx_port *port);
/*
 * Take entries out of the queue: @pick moves them by their node, which is empty when a
 * consumer has them already, to @doomed. Called under a spinlock.
 */
void zx_port_take_out(struct zx_port *port, void (*pick)(void *arg, struct list_head *doomed),
		      void *arg);

#endif
