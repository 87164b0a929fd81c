// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest-physical address spaces. Page tables are filled by faults only, and
 * emptied here whenever a mapping, a VMO or a trap says so; every such change
 * is in effect on all CPUs when its call returns.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "gpas.h"
#include "host.h"

static void gpas_free(struct kref *ref)
{
	struct zx_gpas *gpas = container_of(ref, struct zx_gpas, ref);

	zx_npt_destroy(&gpas->npt);
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
	if (zx_npt_init(&gpas->npt, format)) {
		kfree(gpas);
		return ZX_ERR_NO_MEMORY;
	}
	kref_init(&gpas->ref);
	gpas->id = atomic64_inc_return(&last_id);
	init_rwsem(&gpas->lock);
	mt_init_flags(&gpas->mappings, MT_FLAGS_ALLOC_RANGE);
	zx_trap_map_init(&gpas->traps);
	spin_lock_init(&gpas->users_lock);
	INIT_LIST_HEAD(&gpas->users);
	atomic64_set(&gpas->tlb_gen, 1);
	*out = gpas;
	return ZX_OK;
}

void zx_gpas_join(struct zx_gpas *gpas, struct zx_gpas_user *user)
{
	user->cpu = -1;
	spin_lock(&gpas->users_lock);
	list_add(&user->node, &gpas->users);
	set_bit(user->id, &gpas->present);
	spin_unlock(&gpas->users_lock);
}

void zx_gpas_leave(struct zx_gpas *gpas, struct zx_gpas_user *user)
{
	spin_lock(&gpas->users_lock);
	clear_bit(user->id, &gpas->present);
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

static void drop_pages(struct zx_gpas *gpas, u64 first, u64 last)
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
		drop_pages(map->gpas, map->first + (first - map->vmo_first),
			   map->first + (last - map->vmo_first));
}

static struct zx_mapping *mapping_new(struct zx_gpas *gpas, struct zx_vmo *vmo, u64 first, u64 last,
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

static void mapping_free(struct zx_mapping *map)
{
	if (!map)
		return;
	zx_vmo_remove_user(map->vmo, &map->user);
	zx_object_put(&map->vmo->obj);
	kfree(map);
}

void zx_gpas_kill(struct zx_gpas *gpas)
{
	struct zx_mapping *map;
	unsigned long index = 0;

	down_write(&gpas->lock);
	gpas->dead = true;
	drop_pages(gpas, 0, ZX_GPA_PAGES - 1);
	mt_for_each(&gpas->mappings, map, index, ULONG_MAX) {
		mapping_free(map);
		cond_resched();
	}
	mtree_destroy(&gpas->mappings);
	zx_trap_map_destroy(&gpas->traps);
	up_write(&gpas->lock);
	zx_gpas_put(gpas);
}

/*
 * May not fail: an unmap that found no memory would leave the caller with pages
 * that it cannot take back. A store needs a handful of small nodes.
 */
static void store(struct zx_gpas *gpas, u64 first, u64 last, struct zx_mapping *map)
{
	mtree_store_range(&gpas->mappings, first, last, map, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
}

/* The part [first, last] of @old as a mapping of its own, not yet in the tree. */
static struct zx_mapping *carve(const struct zx_mapping *old, u64 first, u64 last, u8 perm)
{
	struct zx_mapping *map = mapping_new(old->gpas, old->vmo, first, last,
					     old->vmo_first + (first - old->first));

	if (map) {
		map->perm = perm;
		map->max_perm = old->max_perm;
	}
	return map;
}

/* Make a mapping's edge at frame @at, if @at is inside one. */
static zx_status_t split_at(struct zx_gpas *gpas, u64 at)
{
	struct zx_mapping *old = mtree_load(&gpas->mappings, at), *head, *tail;

	if (!old || old->first == at)
		return ZX_OK;
	head = carve(old, old->first, at - 1, old->perm);
	tail = carve(old, at, old->last, old->perm);
	if (!head || !tail) {
		mapping_free(head);
		mapping_free(tail);
		return ZX_ERR_NO_MEMORY;
	}
	store(gpas, head->first, head->last, head);
	store(gpas, tail->first, tail->last, tail);
	mapping_free(old);
	return ZX_OK;
}

/* To fail half way is harmless: the pieces say together what the whole said. */
static zx_status_t split(struct zx_gpas *gpas, u64 first, u64 last)
{
	zx_status_t status = split_at(gpas, first);

	return status == ZX_OK ? split_at(gpas, last + 1) : status;
}

static bool in_space(u64 addr, u64 len)
{
	return len && !((addr | len) & ~PAGE_MASK) && addr < 1ull << ZX_GPA_BITS &&
	       len <= (1ull << ZX_GPA_BITS) - addr;
}

/* Take out every mapping of [first, last], whose edges are mappings' edges. */
static void clear(struct zx_gpas *gpas, u64 first, u64 last)
{
	unsigned long index = first;
	struct zx_mapping *map;

	while ((map = mt_find(&gpas->mappings, &index, last))) {
		store(gpas, map->first, map->last, NULL);
		drop_pages(gpas, map->first, map->last);
		mapping_free(map);
	}
}

static zx_status_t unmap_locked(struct zx_gpas *gpas, u64 first, u64 last)
{
	zx_status_t status = split(gpas, first, last);

	if (status == ZX_OK)
		clear(gpas, first, last);
	return status;
}

zx_status_t zx_gpas_unmap(struct zx_gpas *gpas, u64 addr, u64 len)
{
	zx_status_t status = ZX_ERR_BAD_STATE;

	if (!in_space(addr, len))
		return ZX_ERR_INVALID_ARGS;
	down_write(&gpas->lock);
	if (!gpas->dead)
		status = unmap_locked(gpas, addr >> PAGE_SHIFT, (addr + len - 1) >> PAGE_SHIFT);
	up_write(&gpas->lock);
	return status;
}

/* Is all of [first, last] mapped, with nothing that forbids @perm? */
static zx_status_t may_protect(struct zx_gpas *gpas, u64 first, u64 last, u8 perm)
{
	struct zx_mapping *map;

	while (first <= last) {
		map = mtree_load(&gpas->mappings, first);
		if (!map)
			return ZX_ERR_NOT_FOUND;
		if (perm & ~map->max_perm)
			return ZX_ERR_ACCESS_DENIED;
		first = map->last + 1;
	}
	return ZX_OK;
}

static zx_status_t protect_locked(struct zx_gpas *gpas, u64 first, u64 last, u8 perm)
{
	zx_status_t status = may_protect(gpas, first, last, perm);
	struct zx_mapping *map, *new;
	u64 at, next;

	if (status == ZX_OK)
		status = split(gpas, first, last);
	if (status != ZX_OK)
		return status;
	for (at = first; at <= last; at = next) {
		map = mtree_load(&gpas->mappings, at);
		next = map->last + 1;
		if (map->perm == perm)
			continue;
		new = carve(map, map->first, map->last, perm);
		if (!new)
			break;
		store(gpas, new->first, new->last, new);
		mapping_free(map);
	}
	drop_pages(gpas, first, last);
	return at > last ? ZX_OK : ZX_ERR_NO_MEMORY;
}

zx_status_t zx_gpas_protect(struct zx_gpas *gpas, u64 addr, u64 len, u8 perm)
{
	zx_status_t status = ZX_ERR_BAD_STATE;

	if (!in_space(addr, len))
		return ZX_ERR_INVALID_ARGS;
	down_write(&gpas->lock);
	if (!gpas->dead)
		status = protect_locked(gpas, addr >> PAGE_SHIFT, (addr + len - 1) >> PAGE_SHIFT,
					perm);
	up_write(&gpas->lock);
	return status;
}

/* Where a mapping without SPECIFIC goes: the lowest hole, or the highest below a limit. */
static zx_status_t find_hole(struct zx_gpas *gpas, const struct zx_map_request *req, u64 *pfn)
{
	bool down = req->options & ZX_VM_OFFSET_IS_UPPER_LIMIT;
	u64 last = down ? (req->offset >> PAGE_SHIFT) - 1 : ZX_GPA_PAGES - 1;
	unsigned int shift = req->options >> ZX_VM_ALIGN_BASE;
	u64 align = shift > PAGE_SHIFT ? 1ull << (shift - PAGE_SHIFT) : 1;
	u64 pages = req->len >> PAGE_SHIFT, want = pages + align - 1;
	int err;

	MA_STATE(mas, &gpas->mappings, 0, 0);

	if (want > last + 1)
		return ZX_ERR_NO_RESOURCES;
	/* The search takes a space of one page for no space. */
	if (!last) {
		*pfn = 0;
		return mtree_load(&gpas->mappings, 0) ? ZX_ERR_NO_RESOURCES : ZX_OK;
	}
	mas_lock(&mas);
	err = down ? mas_empty_area_rev(&mas, 0, last, want) : mas_empty_area(&mas, 0, last, want);
	*pfn = down ? round_down(mas.last + 1 - pages, align) : round_up(mas.index, align);
	mas_unlock(&mas);
	return err ? ZX_ERR_NO_RESOURCES : ZX_OK;
}

static zx_status_t place(struct zx_gpas *gpas, const struct zx_map_request *req, u64 *pfn)
{
	unsigned long index;
	u64 last;

	if (!(req->options & (ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE)))
		return find_hole(gpas, req, pfn);
	*pfn = index = req->offset >> PAGE_SHIFT;
	last = *pfn + (req->len >> PAGE_SHIFT) - 1;
	if (req->options & ZX_VM_SPECIFIC_OVERWRITE)
		return unmap_locked(gpas, *pfn, last);
	return mt_find(&gpas->mappings, &index, last) ? ZX_ERR_ALREADY_EXISTS : ZX_OK;
}

static zx_status_t map_locked(struct zx_gpas *gpas, const struct zx_map_request *req, u64 *addr)
{
	struct zx_mapping *map;
	zx_status_t status;
	u64 pfn, last;

	if (gpas->dead)
		return ZX_ERR_BAD_STATE;
	status = place(gpas, req, &pfn);
	if (status != ZX_OK)
		return status;
	last = pfn + (req->len >> PAGE_SHIFT) - 1;
	map = mapping_new(gpas, req->vmo, pfn, last,
			  req->vmo->first + (req->vmo_offset >> PAGE_SHIFT));
	if (!map)
		return ZX_ERR_NO_MEMORY;
	map->perm = req->perm;
	map->max_perm = req->max_perm;
	store(gpas, pfn, last, map);
	*addr = pfn << PAGE_SHIFT;
	return ZX_OK;
}

zx_status_t zx_gpas_map(struct zx_gpas *gpas, const struct zx_map_request *req, u64 *addr)
{
	zx_status_t status;

	down_write(&gpas->lock);
	status = map_locked(gpas, req, addr);
	up_write(&gpas->lock);
	return status;
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
	u64 first = round_down(pfn, 512);

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

	set_page_dirty(page);
	mutex_lock(&gpas->npt.lock);
	if (fits_2m(gpas, map, pfn, index, page))
		err = zx_npt_map(&gpas->npt, round_down(pfn, 512), ZX_NPT_2M,
				 page - (pfn & 511), map->perm, ZX_MEM_WRITE_BACK);
	/*
	 * A trap set since the VCPU looked is found here, or its drop_pages()
	 * waits for our lock. Then the access faults again, and is trapped.
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
	struct zx_mapping *map = mtree_load(&gpas->mappings, pfn);
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

zx_status_t zx_gpas_set_trap(struct zx_gpas *gpas, struct zx_trap *trap)
{
	u64 first = trap->first, last = trap->last;
	bool mem = trap->kind != ZX_GUEST_TRAP_IO;
	zx_status_t status = zx_trap_insert(&gpas->traps, trap);

	if (status == ZX_OK && mem)
		drop_pages(gpas, first, last);
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
