/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traps: which accesses of a guest become packets. Two address spaces, memory
 * (MEM and BELL) and ports (IO); within one, traps do not overlap.
 *
 * A look-up takes no lock and logarithmic time: the maps are maple trees in RCU
 * mode. A VCPU that looks up holds interrupts off, or rcu_read_lock(), for as
 * long as it uses the trap without a reference.
 */
#ifndef _ZX_TRAP_H
#define _ZX_TRAP_H

#include <linux/kref.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>

#include "../object/object.h"

#define ZX_TRAP_PACKETS	256

struct zx_trap;

/* A packet of a BELL, on loan to the port while it is queued. */
struct zx_bell_entry {
	struct zx_port_entry entry;
	struct zx_trap *trap;
};

/* What only a BELL has. */
struct zx_bell {
	struct zx_port *port;			/* [I] a reference */
	DECLARE_BITMAP(used, ZX_TRAP_PACKETS);	/* [a] */
	wait_queue_head_t wait;			/* for a bit of @used to clear */
	struct zx_bell_entry entries[ZX_TRAP_PACKETS];
};

struct zx_trap {
	u32 kind;		/* [I] ZX_GUEST_TRAP_* */
	bool apic;		/* [I] it turns on the local APIC's page */
	u64 first, last;	/* [I] page frames, or ports; inclusive */
	u64 key;		/* [I] */
	struct zx_bell *bell;	/* [I] NULL but for BELL */
	struct kref ref;	/* [a] the map, queued packets, waiting VCPUs */
	struct rcu_head rcu;
};

struct zx_trap_map {
	struct mutex lock;	/* one change at a time */
	struct maple_tree mem, io;
	atomic64_t gen;		/* [a] from 1, counts removals: hints of older ones are void */
};

/* The last trap that was hit. No more than a look at it tells whether it is hit again. */
struct zx_trap_hint {
	u64 first, span;	/* as the trap's; ~0 and 0: none */
	struct zx_trap *trap;
};

void zx_trap_map_init(struct zx_trap_map *map);
void zx_trap_map_destroy(struct zx_trap_map *map);

/* @port only for BELL. INVALID_ARGS, OUT_OF_RANGE, NO_MEMORY. */
zx_status_t zx_trap_new(u32 kind, u64 addr, u64 len, struct zx_port *port, u64 key,
			struct zx_trap **out);
void zx_trap_put(struct zx_trap *trap);

/* The map takes over the caller's reference on ZX_OK. ALREADY_EXISTS, NO_MEMORY. */
zx_status_t zx_trap_insert(struct zx_trap_map *map, struct zx_trap *trap);
/* Take the trap that starts at @addr out; its reference passes to the caller. */
zx_status_t zx_trap_remove(struct zx_trap_map *map, u32 kind, u64 addr, struct zx_trap **out);

static inline struct zx_trap *zx_trap_find_mem(struct zx_trap_map *map, u64 pfn)
{
	return mtree_load(&map->mem, pfn);
}

static inline struct zx_trap *zx_trap_find_io(struct zx_trap_map *map, u16 port)
{
	return mtree_load(&map->io, port);
}

/* Does a trap turn on the local APIC's page? */
bool zx_trap_has_apic(struct zx_trap_map *map);

/* Does any trap touch guest frames [first, last]? */
bool zx_trap_any_mem(struct zx_trap_map *map, u64 first, u64 last);

/* It rings no more: take its packets out of the port, and wake who waits for one. */
void zx_trap_cancel(struct zx_trap *trap);

/*
 * Queue a packet for a ring at @addr. Interrupts may be off. SHOULD_WAIT: all
 * packets are queued. BAD_STATE: the port has no handle.
 */
zx_status_t zx_trap_ring(struct zx_trap *trap, u64 addr);

#endif
