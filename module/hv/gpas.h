/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest-physical address space: VMARs with mappings of VMOs (region.h), traps
 * over them, the nested page tables that follow from both, and the VCPUs that
 * use it.
 *
 * It outlives its guest for as long as a VMAR handle names it; from the guest's
 * end on it is dead, holds nothing and refuses everything with BAD_STATE.
 *
 * Lock order: gpas->lock, pages->lock, pages->users_lock, npt.lock.
 */
#ifndef _ZX_GPAS_H
#define _ZX_GPAS_H

#include <linux/kref.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "clock.h"
#include "npt.h"
#include "trap.h"

/* A run of guest frames that shows a VMO. Immutable: a change makes new ones. */
struct zx_mapping {
	struct zx_vmo_user user;	/* the VMO's view of us */
	struct zx_gpas *gpas;
	struct zx_vmo *vmo;		/* a reference */
	u64 first, last;		/* guest frames */
	pgoff_t vmo_first;		/* the page at @first, in the VMO's store */
	u64 serial;			/* the call that made it, and what it was split into */
	u8 perm;			/* ZX_PERM_* */
	u8 max_perm;			/* what protect may give */
};

/* A VCPU that uses the space. */
struct zx_gpas_user {
	struct list_head node;		/* [users_lock] */
	unsigned int id;		/* [I] */
	int cpu;			/* where it is loaded, or -1 */
	u64 tlb_seen;			/* own: the tlb_gen it has flushed for */
};

struct zx_gpas {
	struct kref ref;
	u64 id;				/* [I] never used twice */
	struct rw_semaphore lock;
	struct zx_region *root;		/* [I] a reference; all that is mapped */
	u64 last_serial;		/* [lock] of a mapping */
	struct zx_trap_map traps;
	struct zx_npt npt;
	struct zx_clock_ref clock;	/* [I] what all VCPUs' clocks go by */

	atomic64_t tlb_gen;		/* [a] counts what users must flush for */
	spinlock_t users_lock;
	struct list_head users;		/* [users_lock] */
	unsigned long present;		/* [a] ids of the users there are */
	struct zx_gpas_user __rcu *by_id[BITS_PER_LONG];
	bool kernel_ipis;		/* [a] those between users need no user space */
};

zx_status_t zx_gpas_new(const struct zx_npt_format *format, struct zx_gpas **out);
void zx_gpas_put(struct zx_gpas *gpas);
/* The guest is gone, and with it every user. */
void zx_gpas_kill(struct zx_gpas *gpas);

void zx_gpas_join(struct zx_gpas *gpas, struct zx_gpas_user *user);
/* It may be found by id until an RCU grace period is over. */
void zx_gpas_leave(struct zx_gpas *gpas, struct zx_gpas_user *user);

/* After this no CPU reaches what is mapped at guest frames [first, last] now. */
void zx_gpas_drop_pages(struct zx_gpas *gpas, u64 first, u64 last);

/* Not in any tree, and without permissions. NULL: no memory. */
struct zx_mapping *zx_mapping_new(struct zx_gpas *gpas, struct zx_vmo *vmo, u64 first, u64 last,
				  pgoff_t vmo_first);
void zx_mapping_free(struct zx_mapping *map);	/* NULL is fine */

/*
 * A VCPU touched @gpa in the ways of @access (ZX_PERM_*) and found no leaf:
 * make one. OK: try again. NOT_FOUND, ACCESS_DENIED, OUT_OF_RANGE, NO_MEMORY.
 */
zx_status_t zx_gpas_fault(struct zx_gpas *gpas, u64 gpa, unsigned int access);
/*
 * The same in a burst, with interrupts off, if the page and the tables above its leaf
 * are there and no lock has to be waited for. It brings into caches what says where
 * pages are, and nothing of what is in them. False: nothing was done.
 */
bool zx_gpas_fault_at_hand(struct zx_gpas *gpas, u64 gpa, unsigned int access);

/*
 * Make leaves for those pages of the mapping at guest frame @first that are there
 * already, up to @last. NO_MEMORY. INTERNAL_INTR_RETRY: the caller is to die.
 */
zx_status_t zx_gpas_populate(struct zx_gpas *gpas, u64 first, u64 last);

zx_status_t zx_gpas_set_trap(struct zx_gpas *gpas, struct zx_trap *trap);
zx_status_t zx_gpas_unset_trap(struct zx_gpas *gpas, u32 kind, u64 addr);

#endif
