/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest-physical address space: mappings of VMOs, traps over them, the nested
 * page tables that follow from both, and the VCPUs that use it.
 *
 * It outlives its guest for as long as a VMAR handle names it; from the guest's
 * end on it is dead, holds nothing and refuses everything with BAD_STATE.
 *
 * Lock order: gpas->lock, pages->lock, pages->users_lock, npt.lock.
 */
#ifndef _ZX_GPAS_H
#define _ZX_GPAS_H

#include <linux/kref.h>
#include <linux/maple_tree.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "npt.h"
#include "trap.h"

/* A run of guest frames that shows a VMO. Immutable: a change makes new ones. */
struct zx_mapping {
	struct zx_vmo_user user;	/* the VMO's view of us */
	struct zx_gpas *gpas;
	struct zx_vmo *vmo;		/* a reference */
	u64 first, last;		/* guest frames */
	pgoff_t vmo_first;		/* the page at @first, in the VMO's store */
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
	bool dead;			/* [lock] */
	struct maple_tree mappings;	/* [lock] guest frame to zx_mapping */
	struct zx_trap_map traps;
	struct zx_npt npt;

	atomic64_t tlb_gen;		/* [a] counts what users must flush for */
	spinlock_t users_lock;
	struct list_head users;		/* [users_lock] */
	unsigned long present;		/* [a] ids of the users there are */
	u16 logical[BITS_PER_LONG];	/* [a] by id: zx_xapic_logical(), each user's own */
};

zx_status_t zx_gpas_new(const struct zx_npt_format *format, struct zx_gpas **out);
void zx_gpas_put(struct zx_gpas *gpas);
/* The guest is gone, and with it every user. */
void zx_gpas_kill(struct zx_gpas *gpas);

void zx_gpas_join(struct zx_gpas *gpas, struct zx_gpas_user *user);
void zx_gpas_leave(struct zx_gpas *gpas, struct zx_gpas_user *user);

/* What zx_vmar_map asks for, checked as far as handles and rights go. */
struct zx_map_request {
	u32 options;
	u8 perm, max_perm;
	u64 offset;
	struct zx_vmo *vmo;
	u64 vmo_offset;
	u64 len;
};

zx_status_t zx_gpas_map(struct zx_gpas *gpas, const struct zx_map_request *req, u64 *addr);
zx_status_t zx_gpas_unmap(struct zx_gpas *gpas, u64 addr, u64 len);
zx_status_t zx_gpas_protect(struct zx_gpas *gpas, u64 addr, u64 len, u8 perm);

/*
 * A VCPU touched @gpa in the ways of @access (ZX_PERM_*) and found no leaf:
 * make one. OK: try again. NOT_FOUND, ACCESS_DENIED, OUT_OF_RANGE, NO_MEMORY.
 */
zx_status_t zx_gpas_fault(struct zx_gpas *gpas, u64 gpa, unsigned int access);

zx_status_t zx_gpas_set_trap(struct zx_gpas *gpas, struct zx_trap *trap);
zx_status_t zx_gpas_unset_trap(struct zx_gpas *gpas, u32 kind, u64 addr);

#endif
