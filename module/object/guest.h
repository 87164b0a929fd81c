/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests, their VMARs and their VCPUs as objects: who owns what, and for
 * how long. A VCPU holds its guest; a guest holds its address space; a VMAR
 * holds the address space only, and its range of it, and finds both dead when the
 * guest has gone.
 */
#ifndef _ZX_GUEST_H
#define _ZX_GUEST_H

#include <linux/hashtable.h>
#include <linux/mutex.h>

#include "../hv/cpu.h"
#include "../hv/region.h"
#include "object.h"

#define ZX_MAX_VCPUS	64

struct zx_vmar {
	struct zx_object obj;		/* must be first */
	struct zx_region *region;	/* [I] a reference, and one to its gpas */
};

struct zx_guest {
	struct zx_object obj;		/* must be first */
	struct zx_gpas *gpas;		/* [I] ours until destroy */
	struct mutex lock;
	u64 ids;			/* [lock] of VCPUs alive */
};

struct zx_vcpu {
	struct zx_object obj;		/* must be first */
	struct zx_guest *guest;		/* [I] a reference */
	struct task_struct *owner;	/* [I] a reference; who may enter */
	struct hlist_node node;		/* in the table of owners */
	struct page *page;		/* [I] a reference; struct zx_vcpu_page */
	struct rcu_head rcu;
	struct zx_cpu cpu;
};

static inline struct zx_vmar *zx_vmar_from(struct zx_object *obj)
{
	return container_of(obj, struct zx_vmar, obj);
}

static inline struct zx_guest *zx_guest_from(struct zx_object *obj)
{
	return container_of(obj, struct zx_guest, obj);
}

static inline struct zx_vcpu *zx_vcpu_from(struct zx_object *obj)
{
	return container_of(obj, struct zx_vcpu, obj);
}

/* vmar.c */
zx_status_t zx_vmar_new(struct zx_region *region, struct zx_vmar **out);

/* guest.c */
/* A guest and the VMAR of its address space. NOT_SUPPORTED, NO_MEMORY. */
zx_status_t zx_guest_new(struct zx_guest **guest, struct zx_vmar **vmar);
/* The lowest free id. NO_RESOURCES. */
zx_status_t zx_guest_id_get(struct zx_guest *guest, unsigned int *id);
void zx_guest_id_put(struct zx_guest *guest, unsigned int id);

/* vcpu.c */
/* For the calling thread. BAD_STATE: it has one. NO_RESOURCES, NO_MEMORY. */
zx_status_t zx_vcpu_new(struct zx_guest *guest, u64 entry, struct zx_vcpu **out);

/* Only the thread that made it may run it and see its registers. */
static inline bool zx_vcpu_is_mine(const struct zx_vcpu *vcpu)
{
	return vcpu->owner == current;
}

#endif
