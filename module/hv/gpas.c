// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest-physical address spaces. Page tables are filled here, by faults and when
 * asked to, and emptied whenever a mapping, a VMO or a trap says so; every such
 * change is in effect on all CPUs when its call returns. What is mapped where is
 * said in region.c.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "gpas.h"
#include "host.h"
#include "region.h"

/* Leaves that are made without giving way to those who change mappings. */
#define POPULATE_BATCH	256

/* Pages that a fault brings at most: a power of two, and all in one table. */
#define FAULT_AROUND	16u

static void gpas_free(struct kref *ref)
{
	struct zx_gpas *gpas = container_of(ref, struct zx_gpas, ref);

	zx_npt_destroy(&gpas->npt);
	zx_region_put(gpas->root);
	kfree(gpas);
}

void zx_gpas_put(struct zx_gpas *gpas)
{
	kref_put(&gpas->ref, gpas_free);
}

static atomic64_t last_id;

zx_status_t zx_gpas_new(const struct zx_npt_format *format, struct zx_gpas **out)
{
	struct zx_gpas *gpas = kzalloc(sizeof(*gpas), GFP_KERNEL_ACCOUNT);

	if (!gpas)
		return ZX_ERR_NO_MEMORY;
	gpas->root = zx_region_root(gpas);
	if (!gpas->root)
		goto free_gpas;
	if (zx_npt_init(&gpas->npt, format))
		goto put_root;
	kref_init(&gpas->ref);
	gpas->id = atomic64_inc_return(&last_id);
	init_rwsem(&gpas->lock);
	zx_trap_map_init(&gpas->traps);
	spin_lock_init(&gpas->users_lock);
	INIT_LIST_HEAD(&gpas->users);
	atomic64_set(&gpas->tlb_gen, 1);
	zx_clock_ref_init(&gpas->clock);
	*out = gpas;
	return ZX_OK;
put_root:
	zx_region_put(gpas->root);
free_gpas:
	kfree(gpas);
	return ZX_ERR_NO_MEMORY;
}

void zx_gpas_join(struct zx_gpas *gpas, struct zx_gpas_user *user)
{
	user->cpu = -1;
	spin_lock(&gpas->users_lock);
	list_add(&user->node, &gpas->users);
	rcu_assign_pointer(gpas->by_id[user->id], user);
	set_bit(user->id, &gpas->present);
	spin_unlock(&gpas->users_lock);
}

void zx_gpas_leave(struct zx_gpas *gpas, struct zx_gpas_user *user)
{
	spin_lock(&gpas->users_lock);
	clear_bit(user->id, &gpas->present);
	RCU_INIT_POINTER(gpas->by_id[user->id], NULL);
	list_del(&user->node);
	spin_unlock(&gpas->users_lock);
}

static void flush_ipi(void *unused)
{
}

/*
 * After this no CPU has a stale translation or a reader of the tables as they
 * were. A user that loads later sees the new tlb_gen, because it publishes its
 * CPU before it reads tlb_gen, and here it is the other way round; one that is
 * loaded now has interrupts off while it runs the guest or reads the tables,
 * so the interrupt ends both, and it looks at tlb_gen before it enters again.
 */
static void flush(struct zx_gpas *gpas)
{
	struct zx_gpas_user *user;
	int cpu, self;

	atomic64_inc(&gpas->tlb_gen);
	smp_mb__after_atomic();		/* pairs with the one in burst() */
	self = get_cpu();
	spin_lock(&gpas->users_lock);
	list_for_each_entry(user, &gpas->users, node) {
		cpu = READ_ONCE(user->cpu);
		if (cpu >= 0 && cpu != self)
			smp_call_function_single(cpu, flush_ipi, NULL, true);
	}
	spin_unlock(&gpas->users_lock);
	put_cpu();
}

void zx_gpas_drop_pages(struct zx_gpas *gpas, u64 first, u64 last)
{
	mutex_lock(&gpas->npt.lock);
	if (zx_npt_cut(&gpas->npt, first, last)) {
		flush(gpas);
		zx_npt_sweep(&gpas->npt, first, last);
	}
	mutex_unlock(&gpas->npt.lock);
}

/* Pages of the VMO are going: called under pages->lock and its users_lock. */
static void mapping_invalidate(struct zx_vmo_user *user, pgoff_t first, pgoff_t last)
{
	struct zx_mapping *map = container_of(user, struct zx_mapping, user);
	pgoff_t end = map->vmo_first + (map->last - map->first);

	first = max(first, map->vmo_first);
	last = min(last, end);
	if (first <= last)
		zx_gpas_drop_pages(map->gpas, map->first + (first - map->vmo_first),
				   map->first + (last - map->vmo_first));
}

struct zx_mapping *zx_mapping_new(struct zx_gpas *gpas, struct zx_vmo *vmo, u64 first, u64 last,
				  pgoff_t vmo_first)
{
	struct zx_mapping *map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);

	if (!map)
		return NULL;
	map->gpas = gpas;
	map->vmo = vmo;
	map->first = first;
	map->last = last;
	map->vmo_first = vmo_first;
	map->user.invalidate = mapping_invalidate;
	zx_object_get(&vmo->obj);
	zx_vmo_add_user(vmo, &map->user);
	return map;
}

void zx_mapping_free(struct zx_mapping *map)
{
	if (!map)
		return;
	zx_vmo_remove_user(map->vmo, &map->user);
	zx_object_put(&map->vmo->obj);
	kfree(map);
}

void zx_gpas_kill(struct zx_gpas *gpas)
{
	down_write(&gpas->lock);
	zx_gpas_drop_pages(gpas, 0, ZX_GPA_PAGES - 1);
	zx_region_kill(gpas->root);
	zx_trap_map_destroy(&gpas->traps);
	up_write(&gpas->lock);
	zx_gpas_put(gpas);
}

static const enum zx_memtype memtypes[] = {
	[ZX_CACHE_POLICY_CACHED]		= ZX_MEM_WRITE_BACK,
	[ZX_CACHE_POLICY_UNCACHED]		= ZX_MEM_UNCACHED,
	[ZX_CACHE_POLICY_UNCACHED_DEVICE]	= ZX_MEM_UNCACHED,
	[ZX_CACHE_POLICY_WRITE_COMBINING]	= ZX_MEM_WRITE_COMBINING,
};

/* Can the 2 MiB around @pfn be one leaf? @page is the VMO's page at @pfn. */
static bool fits_2m(struct zx_gpas *gpas, const struct zx_mapping *map, u64 pfn, pgoff_t index,
		    struct page *page)
{
	const struct zx_npt_format *format = gpas->npt.format;
	u64 first = round_down(pfn, 512);

	if (format->no_large || (format->no_large_code && map->perm & ZX_PERM_EXEC))
		return false;
	return zx_hugepages && first >= map->first && first + 511 <= map->last &&
	       !((pfn ^ index) & 511) &&
	       zx_vmo_has(map->vmo, round_down(index, 512), index | 511) &&
	       zx_vmo_policy(map->vmo) == ZX_CACHE_POLICY_CACHED &&
	       PageTransHuge(compound_head(page)) && compound_order(compound_head(page)) >= 9 &&
	       !PageHasHWPoisoned(compound_head(page)) &&
	       !zx_trap_any_mem(&gpas->traps, first, first + 511);
}

/* Under gpas->lock for reading and the VMO's lock. Takes over the reference to @page. */
static zx_status_t install(struct zx_gpas *gpas, struct zx_mapping *map, u64 pfn, pgoff_t index,
			   struct page *page)
{
	int err = -EEXIST;

	mutex_lock(&gpas->npt.lock);
	if (fits_2m(gpas, map, pfn, index, page))
		err = zx_npt_map(&gpas->npt, round_down(pfn, 512), ZX_NPT_2M,
				 page - (pfn & 511), map->perm, ZX_MEM_WRITE_BACK);
	/*
	 * A trap set since the VCPU looked is found here, or its drop waits for
	 * our lock. Then the access faults again, and is trapped.
	 */
	if (err == -EEXIST && !zx_trap_find_mem(&gpas->traps, pfn))
		err = zx_npt_map(&gpas->npt, pfn, ZX_NPT_4K, page, map->perm,
				 memtypes[zx_vmo_policy(map->vmo)]);
	mutex_unlock(&gpas->npt.lock);
	if (err)
		put_page(page);
	return err == -ENOMEM ? ZX_ERR_NO_MEMORY : ZX_OK;
}

static zx_status_t fault_locked(struct zx_gpas *gpas, u64 pfn, unsigned int access)
{
	struct zx_mapping *map = zx_region_find(gpas->root, pfn);
	struct page *page;
	zx_status_t status;
	pgoff_t index;

	if (!map)
		return ZX_ERR_NOT_FOUND;
	if (access & ~map->perm)
		return ZX_ERR_ACCESS_DENIED;
	index = map->vmo_first + (pfn - map->first);
	zx_vmo_lock(map->vmo);
	status = zx_vmo_page(map->vmo, index, &page);
	if (status == ZX_OK)
		status = install(gpas, map, pfn, index, page);
	zx_vmo_unlock(map->vmo);
	return status;
}

zx_status_t zx_gpas_fault(struct zx_gpas *gpas, u64 gpa, unsigned int access)
{
	zx_status_t status;

	if (gpa >> ZX_GPA_BITS)
		return ZX_ERR_OUT_OF_RANGE;
	down_read(&gpas->lock);
	status = fault_locked(gpas, gpa >> PAGE_SHIFT, access);
	up_read(&gpas->lock);
	return status;
}

/* The pages around @pfn will be wanted, too: those that are at hand come without an exit. */
static void map_around(struct zx_gpas *gpas, struct zx_mapping *map, u64 pfn, u64 *entry)
{
	u64 first = max(map->first, round_down(pfn, FAULT_AROUND));
	u64 last = min(map->last, pfn | (FAULT_AROUND - 1)), at;
	struct page *page;

	if (zx_trap_any_mem(&gpas->traps, first, last))
		return;
	entry -= pfn - first;
	for (at = first; at <= last; at++, entry++) {
		if (*entry)
			continue;
		page = zx_vmo_page_at_hand(map->vmo, map->vmo_first + (at - map->first));
		if (page)
			zx_npt_set(&gpas->npt, entry, ZX_NPT_4K, page, map->perm,
				   ZX_MEM_WRITE_BACK);
	}
}

/* Under all locks. False: zx_gpas_fault() knows more. */
static bool map_at_hand(struct zx_gpas *gpas, struct zx_mapping *map, u64 pfn)
{
	const pgoff_t index = map->vmo_first + (pfn - map->first);
	enum zx_npt_level level;
	struct page *page;
	u64 *entry;

	entry = zx_npt_find(&gpas->npt, pfn, &level);
	/* Another VCPU was first. */
	if (*entry)
		return true;
	if (level > ZX_NPT_2M || zx_vmo_policy(map->vmo) != ZX_CACHE_POLICY_CACHED ||
	    zx_trap_find_mem(&gpas->traps, pfn))
		return false;
	page = zx_vmo_page_at_hand(map->vmo, index);
	if (!page)
		return false;
	if (level == ZX_NPT_2M && !fits_2m(gpas, map, pfn, index, page)) {
		put_page(page);
		return false;
	}
	zx_npt_set(&gpas->npt, entry, level, level == ZX_NPT_2M ? page - (pfn & 511) : page,
		   map->perm, ZX_MEM_WRITE_BACK);
	if (level == ZX_NPT_4K)
		map_around(gpas, map, pfn, entry);
	return true;
}

bool zx_gpas_fault_at_hand(struct zx_gpas *gpas, u64 gpa, unsigned int access)
{
	struct zx_mapping *map;
	bool done = false;

	/* There letting go of a lock may switch interrupts on. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	if (gpa >> ZX_GPA_BITS || !down_read_trylock(&gpas->lock))
		return false;
	map = zx_region_find(gpas->root, gpa >> PAGE_SHIFT);
	if (map && !(access & ~map->perm) && zx_vmo_trylock(map->vmo)) {
		if (mutex_trylock(&gpas->npt.lock)) {
			done = map_at_hand(gpas, map, gpa >> PAGE_SHIFT);
			mutex_unlock(&gpas->npt.lock);
		}
		zx_vmo_unlock(map->vmo);
	}
	up_read(&gpas->lock);
	return done;
}

/* A batch of leaves, from guest frame *@at on; *@at is behind them on return. */
static zx_status_t populate_batch(struct zx_gpas *gpas, struct zx_mapping *map, u64 *at, u64 last)
{
	pgoff_t shift = map->vmo_first - map->first, index;
	zx_status_t status = ZX_OK;
	struct page *page;
	unsigned int i;

	if (!(map->perm & ZX_PERM_READ)) {
		*at = last + 1;
		return ZX_OK;
	}
	zx_vmo_lock(map->vmo);
	for (i = 0; i < POPULATE_BATCH && *at <= last && status == ZX_OK; i++) {
		index = *at + shift;
		if (!zx_vmo_next_page(map->vmo, &index, last + shift)) {
			*at = last + 1;
			break;
		}
		*at = index - shift;
		status = zx_vmo_page(map->vmo, index, &page);
		if (status == ZX_OK)
			status = install(gpas, map, *at, index, page);
		++*at;
	}
	zx_vmo_unlock(map->vmo);
	return status;
}

zx_status_t zx_gpas_populate(struct zx_gpas *gpas, u64 first, u64 last)
{
	zx_status_t status = ZX_OK;
	struct zx_mapping *map;

	while (first <= last && status == ZX_OK) {
		if (fatal_signal_pending(current))
			return ZX_ERR_INTERNAL_INTR_RETRY;
		down_read(&gpas->lock);
		map = zx_region_find(gpas->root, first);
		if (map)
			status = populate_batch(gpas, map, &first, min(last, map->last));
		up_read(&gpas->lock);
		/* Someone has unmapped it: then there is nothing to populate. */
		if (!map)
			break;
		cond_resched();
	}
	return status;
}

zx_status_t zx_gpas_set_trap(struct zx_gpas *gpas, struct zx_trap *trap)
{
	u64 first = trap->first, last = trap->last;
	bool mem = trap->kind != ZX_GUEST_TRAP_IO;
	zx_status_t status = zx_trap_insert(&gpas->traps, trap);

	if (status == ZX_OK && mem)
		zx_gpas_drop_pages(gpas, first, last);
	return status;
}

zx_status_t zx_gpas_unset_trap(struct zx_gpas *gpas, u32 kind, u64 addr)
{
	struct zx_trap *trap;
	zx_status_t status = zx_trap_remove(&gpas->traps, kind, addr, &trap);

	if (status != ZX_OK)
		return status;
	/* VCPUs use a trap with interrupts off, or hold a reference. */
	synchronize_rcu_expedited();
	zx_trap_cancel(trap);
	zx_trap_put(trap);
	return ZX_OK;
}
