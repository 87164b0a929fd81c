// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traps: the maps, and the packets that a BELL lends to its port.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "apic.h"
#include "npt.h"
#include "trap.h"

void zx_trap_map_init(struct zx_trap_map *map)
{
	mutex_init(&map->lock);
	atomic64_set(&map->gen, 1);
	mt_init_flags(&map->mem, MT_FLAGS_USE_RCU);
	mt_init_flags(&map->io, MT_FLAGS_USE_RCU);
}

static struct maple_tree *tree_of(struct zx_trap_map *map, u32 kind)
{
	return kind == ZX_GUEST_TRAP_IO ? &map->io : &map->mem;
}

static void bell_free(struct zx_bell *bell)
{
	zx_object_put(zx_port_object(bell->port));
	kvfree(bell);
}

static void trap_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct zx_trap, rcu));
}

/*
 * May run in any context: the last reference can be that of a packet which a
 * consumer frees. The bell itself was taken off before (zx_trap_cancel).
 */
static void trap_release(struct kref *ref)
{
	struct zx_trap *trap = container_of(ref, struct zx_trap, ref);

	if (trap->bell)
		bell_free(trap->bell);
	call_rcu(&trap->rcu, trap_free_rcu);
}

void zx_trap_put(struct zx_trap *trap)
{
	kref_put(&trap->ref, trap_release);
}

static void entry_free(struct zx_port_entry *entry)
{
	struct zx_bell_entry *mine = container_of(entry, struct zx_bell_entry, entry);
	struct zx_trap *trap = mine->trap;
	struct zx_bell *bell = trap->bell;

	clear_bit_unlock(mine - bell->entries, bell->used);
	if (wq_has_sleeper(&bell->wait))
		wake_up(&bell->wait);
	zx_trap_put(trap);
}

static struct zx_bell *bell_new(struct zx_trap *trap, struct zx_port *port)
{
	struct zx_bell *bell = kvzalloc(sizeof(*bell), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	int i;

	if (!bell)
		return NULL;
	init_waitqueue_head(&bell->wait);
	for (i = 0; i < ZX_TRAP_PACKETS; i++) {
		bell->entries[i].trap = trap;
		INIT_LIST_HEAD(&bell->entries[i].entry.node);
		bell->entries[i].entry.free = entry_free;
	}
	zx_object_get(zx_port_object(port));
	bell->port = port;
	return bell;
}

/* Turn a byte or port range into map indices. */
static zx_status_t trap_range(struct zx_trap *trap, u64 addr, u64 len)
{
	u64 limit = trap->kind == ZX_GUEST_TRAP_IO ? 1ull << 16 : 1ull << ZX_GPA_BITS;
	unsigned int shift = trap->kind == ZX_GUEST_TRAP_IO ? 0 : PAGE_SHIFT;

	if (!len || (addr | len) & ((1ull << shift) - 1))
		return ZX_ERR_INVALID_ARGS;
	/*
	 * The local APIC has a page of its own. A trap that begins below it asks for
	 * packets and gets them.
	 */
	trap->apic = trap->kind != ZX_GUEST_TRAP_IO && addr == ZX_APIC_BASE_ADDR;
	if (trap->apic && len != PAGE_SIZE)
		return ZX_ERR_INVALID_ARGS;
	if (addr >= limit || len > limit - addr)
		return ZX_ERR_OUT_OF_RANGE;
	trap->first = addr >> shift;
	trap->last = (addr + len - 1) >> shift;
	return ZX_OK;
}

zx_status_t zx_trap_new(u32 kind, u64 addr, u64 len, struct zx_port *port, u64 key,
			struct zx_trap **out)
{
	struct zx_trap *trap;
	zx_status_t status;

	if (kind > ZX_GUEST_TRAP_IO || (kind == ZX_GUEST_TRAP_BELL) != (port != NULL))
		return ZX_ERR_INVALID_ARGS;
	trap = kzalloc(sizeof(*trap), GFP_KERNEL_ACCOUNT);
	if (!trap)
		return ZX_ERR_NO_MEMORY;
	trap->kind = kind;
	trap->key = key;
	kref_init(&trap->ref);
	status = trap_range(trap, addr, len);
	if (status == ZX_OK && port) {
		trap->bell = bell_new(trap, port);
		if (!trap->bell)
			status = ZX_ERR_NO_MEMORY;
	}
	if (status != ZX_OK) {
		kfree(trap);
		return status;
	}
	*out = trap;
	return ZX_OK;
}

zx_status_t zx_trap_insert(struct zx_trap_map *map, struct zx_trap *trap)
{
	struct maple_tree *tree = tree_of(map, trap->kind);
	unsigned long index = trap->first;
	zx_status_t status = ZX_OK;

	mutex_lock(&map->lock);
	if (mt_find(tree, &index, trap->last))
		status = ZX_ERR_ALREADY_EXISTS;
	else if (mtree_store_range(tree, trap->first, trap->last, trap, GFP_KERNEL_ACCOUNT))
		status = ZX_ERR_NO_MEMORY;
	mutex_unlock(&map->lock);
	return status;
}

zx_status_t zx_trap_remove(struct zx_trap_map *map, u32 kind, u64 addr, struct zx_trap **out)
{
	struct maple_tree *tree = tree_of(map, kind);
	u64 index = kind == ZX_GUEST_TRAP_IO ? addr : addr >> PAGE_SHIFT;
	struct zx_trap *trap;

	if (kind > ZX_GUEST_TRAP_IO)
		return ZX_ERR_INVALID_ARGS;
	if (kind != ZX_GUEST_TRAP_IO && addr & ~PAGE_MASK)
		return ZX_ERR_NOT_FOUND;
	mutex_lock(&map->lock);
	trap = mtree_load(tree, index);
	if (trap && (trap->kind != kind || trap->first != index))
		trap = NULL;
	/* May not fail: the caller frees what the map would keep. */
	if (trap)
		mtree_store_range(tree, trap->first, trap->last, NULL,
				  GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	atomic64_inc(&map->gen);
	mutex_unlock(&map->lock);
	*out = trap;
	return trap ? ZX_OK : ZX_ERR_NOT_FOUND;
}

void zx_trap_cancel(struct zx_trap *trap)
{
	struct zx_bell *bell = trap->bell;

	if (!bell)
		return;
	zx_port_cancel(bell->port, &bell->entries[0].entry, sizeof(bell->entries[0]),
		       ZX_TRAP_PACKETS);
	wake_up_all(&bell->wait);
}

/* Queued packets go, so that the guest's end is seen by nobody's port_wait. */
static void tree_destroy(struct maple_tree *tree)
{
	unsigned long index = 0;
	struct zx_trap *trap;

	mt_for_each(tree, trap, index, ULONG_MAX) {
		zx_trap_cancel(trap);
		zx_trap_put(trap);
		cond_resched();
	}
	/* No reader is left, so nodes need not wait; 6.1 trips over its walk when they do. */
	mt_clear_in_rcu(tree);
	mtree_destroy(tree);
}

void zx_trap_map_destroy(struct zx_trap_map *map)
{
	tree_destroy(&map->mem);
	tree_destroy(&map->io);
}

bool zx_trap_has_apic(struct zx_trap_map *map)
{
	struct zx_trap *trap;
	bool apic;

	rcu_read_lock();
	trap = zx_trap_find_mem(map, ZX_APIC_BASE_ADDR >> PAGE_SHIFT);
	apic = trap && trap->apic;
	rcu_read_unlock();
	return apic;
}

bool zx_trap_any_mem(struct zx_trap_map *map, u64 first, u64 last)
{
	unsigned long index = first;

	return mt_find(&map->mem, &index, last) != NULL;
}

zx_status_t zx_trap_ring(struct zx_trap *trap, u64 addr)
{
	struct zx_bell *bell = trap->bell;
	struct zx_port_entry *entry;
	unsigned long slot;
	zx_status_t status;

	do {
		slot = find_first_zero_bit(bell->used, ZX_TRAP_PACKETS);
		if (slot >= ZX_TRAP_PACKETS)
			return zx_port_closed(bell->port) ? ZX_ERR_BAD_STATE : ZX_ERR_SHOULD_WAIT;
	} while (test_and_set_bit_lock(slot, bell->used));

	entry = &bell->entries[slot].entry;
	memset(&entry->packet, 0, sizeof(entry->packet));
	entry->packet.key = trap->key;
	entry->packet.type = ZX_PKT_TYPE_GUEST_BELL;
	entry->packet.bell.addr = addr;
	kref_get(&trap->ref);
	status = zx_port_queue(bell->port, entry);
	if (status != ZX_OK)
		entry_free(entry);
	return status;
}
