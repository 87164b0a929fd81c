/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls with each allocation and each copy to or from user space failing in turn, alone or
 * with all memory gone from then on: the answer is a status, nothing is left behind, and the
 * call works the next time. One row per call.
 */
#ifndef _SELFTESTS_FAULTS_H
#define _SELFTESTS_FAULTS_H

#include "faults_inject.h"
#include "kselftest_harness.h"

#define MOST_FAULTS	1000

FIXTURE(faults) {
	struct vm vm;		/* a guest with no VCPU */
	struct vm other;	/* one for rows whose call is the first of its kind for a guest */
	zx_handle_t vmo;	/* resizable, 4 MiB, empty at each call */
	zx_handle_t port;
	zx_handle_t consumed;	/* what the call takes over */
	zx_handle_t event;
	zx_handle_t end[2];	/* of a channel */
	zx_handle_t out[2];
	zx_vaddr_t addr;
	struct injector injector;
};

/*
 * @before: makes what the call needs; nothing fails
 * @call:   the call; new handles go to self->out, a mapping's address to self->addr
 * @after:  undoes a call that worked; handles in self->out are closed anyway
 * @also:   status of the call besides NO_MEMORY (an allocation) and INVALID_ARGS (a copy)
 * @copies: the call allocates nothing
 * @maps:   the call touches memory that it has mapped just now, or unmaps it: with none to
 *          be had, the page fault would be tried for ever, and Linux unmaps nothing
 */
FIXTURE_VARIANT(faults) {
	zx_status_t (*before)(struct _test_data_faults *self);
	zx_status_t (*call)(struct _test_data_faults *self);
	void (*after)(struct _test_data_faults *self);
	zx_status_t also;
	bool maps;
	bool copies;
};

/* @name: of the call that fails, errors/coverage reads it; @tag: how it is used */
#define FAULT_ROW(id, ...) \
	static zx_status_t call_##id(struct _test_data_faults *self); \
	FIXTURE_VARIANT_ADD(faults, id) { .call = call_##id, ##__VA_ARGS__ }; \
	static zx_status_t call_##id(struct _test_data_faults *self)
#define FAULT(name, ...)		FAULT_ROW(name, ##__VA_ARGS__)
#define FAULT_AS(name, tag, ...)	FAULT_ROW(name##tag, ##__VA_ARGS__)
#define COPY_FAULT(name, ...)		FAULT_ROW(name, .copies = true, ##__VA_ARGS__)
#define COPY_FAULT_AS(name, tag, ...)	FAULT_ROW(name##tag, .copies = true, ##__VA_ARGS__)

static void close_out(struct _test_data_faults *self)
{
	zx_handle_close_many(self->out, 2);
	memset(self->out, 0, sizeof(self->out));
	zx_handle_close(self->consumed);
	self->consumed = ZX_HANDLE_INVALID;
}

static void undo(struct _test_data_faults *self, const struct _fixture_variant_faults *row)
{
	if (row->after)
		row->after(self);
	close_out(self);
	zx_vmo_set_size(self->vmo, 0);
	zx_vmo_set_size(self->vmo, GUEST_RAM);
}

FIXTURE_SETUP(faults)
{
	ASSERT_EQ(0, injector_open(&self->injector));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	ASSERT_EQ(ZX_OK, zx_vmo_create(GUEST_RAM, ZX_VMO_RESIZABLE, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_event_create(0, &self->event));
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &self->end[0], &self->end[1]));
}

FIXTURE_TEARDOWN(faults)
{
	vm_down(&self->other);
	close_out(self);
	zx_handle_close(self->vmo);
	zx_handle_close(self->port);
	zx_handle_close(self->event);
	zx_handle_close_many(self->end, 2);
	vm_down(&self->vm);
	injector_close(&self->injector);
}

/*
 * @before, @status, @again: of the preparation, of the call with the fault, and of the same
 *                           call after it
 * @objects, @descriptors:   more of them than before, if the call failed
 * @hit:                     the fault happened
 */
struct result {
	zx_status_t before;
	zx_status_t status;
	zx_status_t again;
	long objects;
	int descriptors;
	bool hit;
};

static struct result fail_once(struct _test_data_faults *self,
			       const struct _fixture_variant_faults *row, unsigned int nth, bool on)
{
	struct result result = { .before = row->before ? row->before(self) : ZX_OK };
	const int descriptors = count_descriptors();
	const long objects = live_objects();

	if (result.before != ZX_OK)
		return result;
	arm(&self->injector, nth, on);
	result.status = row->call(self);
	result.hit = disarm(&self->injector);
	if (result.status != ZX_OK) {
		result.objects = more_objects(objects);
		result.descriptors = count_descriptors() - descriptors;
		/* What a call takes over is gone, whatever it answers. */
		result.again = self->consumed ? ZX_OK : row->call(self);
	}
	undo(self, row);
	return result;
}

static bool expected(const struct _fixture_variant_faults *row, const struct result *result)
{
	switch (result->status) {
	case ZX_OK:
		return result->before == ZX_OK;
	case ZX_ERR_NO_MEMORY:
	case ZX_ERR_INVALID_ARGS:
		return result->hit;
	default:
		return result->hit && result->status == row->also;
	}
}

static void sweep(struct __test_metadata *_metadata, struct _test_data_faults *self,
		  const struct _fixture_variant_faults *variant, bool on)
{
	unsigned int nth, no_memory = 0;
	struct result result = { .hit = true };

	/* Once with no fault, so that this process has touched all that the call needs. */
	ASSERT_EQ(ZX_OK, variant->before ? variant->before(self) : ZX_OK);
	ASSERT_EQ(ZX_OK, variant->call(self));
	undo(self, variant);

	for (nth = 1; result.hit && nth < MOST_FAULTS; nth++) {
		result = fail_once(self, variant, nth, on);
		EXPECT_TRUE(expected(variant, &result)) {
			TH_LOG("fault %u: status %d", nth, result.status);
		}
		EXPECT_EQ(0, result.objects) {
			TH_LOG("fault %u", nth);
		}
		EXPECT_GE(0, result.descriptors) {
			TH_LOG("fault %u", nth);
		}
		EXPECT_EQ(ZX_OK, result.again) {
			TH_LOG("fault %u", nth);
		}
		no_memory += result.status == ZX_ERR_NO_MEMORY;
	}
	EXPECT_FALSE(result.hit);
	EXPECT_LT(2, nth);
	EXPECT_EQ(variant->copies, no_memory == 0);
	printf("# soak: allocations failed %u\n", nth - 2);
	TH_LOG("%u faults, %u times NO_MEMORY", nth - 2, no_memory);
}

TEST_F_TIMEOUT(faults, one_fault, 300)
{
	sweep(_metadata, self, variant, false);
}

TEST_F_TIMEOUT(faults, no_memory_from_then_on, 300)
{
	if (!variant->maps)
		sweep(_metadata, self, variant, true);
}

#endif
