/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages behind VMOs: an unlinked tmpfs file that stays in memory. One store
 * can be behind several VMOs (vmo.c) and is gone with the last of them. Indices
 * and offsets here count from the store's beginning, not from a VMO's.
 *
 * pages->lock is held for reading while a page is put where it can be reached
 * and for writing while pages go away, or while they must not change. It is never
 * held while user memory is touched: that may fault on a mapping of these very
 * pages, whose handler takes the lock.
 *
 * Lock order: mmap_lock or a guest's gpas->lock, pages->lock, then one of
 * users_lock (and a guest's npt.lock inside), the lock of kinship (child.c), and
 * what the page cache has.
 */
#ifndef _ZX_PAGES_H
#define _ZX_PAGES_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "../../uapi/zx_hypervisor.h"

struct file;
struct page;
struct zx_vmo_user;

#define ZX_PAGES_MAX_SIZE	BIT_ULL(47)

struct zx_pages {
	struct kref ref;
	struct file *file;		/* [I] immutable after creation */
	bool resizable;			/* [I] */
	struct rw_semaphore lock;
	u64 size;			/* [lock] whole pages */
	u32 policy;			/* [lock] ZX_CACHE_POLICY_* */
	struct list_head users;		/* [users_lock] struct zx_vmo_user */
	struct mutex users_lock;
};

void zx_pages_init(void);
void zx_pages_exit(void);
struct file *zx_pages_file(u64 size);	/* what tmpfs gives */
struct zx_pages *zx_pages_new(u64 size, bool resizable);	/* NULL: no memory */
void zx_pages_put(struct zx_pages *pages);

static inline struct zx_pages *zx_pages_get(struct zx_pages *pages)
{
	kref_get(&pages->ref);
	return pages;
}

u64 zx_pages_committed(const struct zx_pages *pages);	/* in bytes */
void zx_pages_add_user(struct zx_pages *pages, struct zx_vmo_user *user);
void zx_pages_remove_user(struct zx_pages *pages, struct zx_vmo_user *user);

/*
 * The page at @index, allocated if it was a hole, with a reference; under the
 * lock. OUT_OF_RANGE past the end, NO_MEMORY.
 */
zx_status_t zx_pages_page(struct zx_pages *pages, pgoff_t index, struct page **page);
/*
 * The same for a page that is there and that nobody is busy with, else NULL. Does not
 * sleep, allocate or look into the page; interrupts may be off.
 */
struct page *zx_pages_at_hand(struct zx_pages *pages, pgoff_t index);
/*
 * The page is about to be reached past the caches, which may still hold lines of
 * it: the kernel clears pages through its own, cached mapping.
 */
void zx_pages_flush(const struct zx_pages *pages, struct page *page);

/*
 * Copies within one page. INVALID_ARGS. BAD_STATE: the policy, which may have become
 * another one since the copy of the page before.
 */
zx_status_t zx_pages_copy_out(struct zx_pages *pages, unsigned long user, u64 offset, size_t len);
zx_status_t zx_pages_copy_in(struct zx_pages *pages, unsigned long user, u64 offset, size_t len);

/* In these @offset and @len are inside the store. */
zx_status_t zx_pages_commit(struct zx_pages *pages, u64 offset, u64 len);
/*
 * Whole pages become holes; of the others the part in the range is cleared in
 * place. Under the lock, for writing.
 */
void zx_pages_zero(struct zx_pages *pages, u64 offset, u64 len);
void zx_pages_resize(struct zx_pages *pages, u64 size);
/*
 * @to, which nobody else knows yet, gets copies of the pages that @from has in
 * the range; nobody changes @from meanwhile. Under @from's lock, for writing.
 */
zx_status_t zx_pages_copy(struct zx_pages *to, struct zx_pages *from, u64 offset, u64 len);

#endif
