// SPDX-License-Identifier: GPL-2.0-only
/* zx_vmo_op_range: every operation, its rights and its ranges. */
#include "kselftest_harness.h"
#include "util.h"

#define SIZE		(4 * PAGE)

/* One row per operation: the rights of which one is enough, and its answers. */
FIXTURE(op) {
	zx_handle_t vmo;
	zx_handle_t bare;
};

FIXTURE_VARIANT(op) {
	uint32_t op;
	zx_rights_t rights;
	zx_status_t whole, empty, outside;
};

#define OP(name, upper, the_rights, the_whole, the_empty, the_outside) \
	FIXTURE_VARIANT_ADD(op, name) { \
		.op = ZX_VMO_OP_##upper, .rights = the_rights, .whole = the_whole, \
		.empty = the_empty, .outside = the_outside }

#define READ		ZX_RIGHT_READ
#define WRITE		ZX_RIGHT_WRITE
#define BAD_ARGS	ZX_ERR_INVALID_ARGS
#define OUTSIDE		ZX_ERR_OUT_OF_RANGE
#define NOT_HERE	ZX_ERR_NOT_SUPPORTED

OP(commit, COMMIT, WRITE, ZX_OK, ZX_OK, OUTSIDE);
OP(decommit, DECOMMIT, WRITE, ZX_OK, ZX_OK, OUTSIDE);
OP(lock, LOCK, READ | WRITE, NOT_HERE, NOT_HERE, NOT_HERE);
OP(unlock, UNLOCK, READ | WRITE, NOT_HERE, NOT_HERE, NOT_HERE);
OP(try_lock, TRY_LOCK, READ | WRITE, NOT_HERE, NOT_HERE, NOT_HERE);
OP(cache_sync, CACHE_SYNC, READ, ZX_OK, BAD_ARGS, OUTSIDE);
OP(cache_invalidate, CACHE_INVALIDATE, WRITE, ZX_OK, BAD_ARGS, OUTSIDE);
OP(cache_clean, CACHE_CLEAN, READ, ZX_OK, BAD_ARGS, OUTSIDE);
OP(cache_clean_invalidate, CACHE_CLEAN_INVALIDATE, READ, ZX_OK, BAD_ARGS, OUTSIDE);
OP(zero, ZERO, WRITE, ZX_OK, ZX_OK, OUTSIDE);
OP(dont_need, DONT_NEED, READ, ZX_OK, ZX_OK, OUTSIDE);
OP(always_need, ALWAYS_NEED, READ, ZX_OK, ZX_OK, OUTSIDE);
OP(prefetch, PREFETCH, READ, ZX_OK, ZX_OK, OUTSIDE);

FIXTURE_SETUP(op)
{
	ASSERT_EQ(ZX_OK, zx_vmo_create(SIZE, 0, &self->vmo));
	self->bare = handle_without(self->vmo, variant->rights);
}

FIXTURE_TEARDOWN(op)
{
	zx_handle_close(self->bare);
	zx_handle_close(self->vmo);
}

TEST_F(op, on_ranges)
{
	const struct { uint64_t offset, len; } outside[] = {
		{ 0, SIZE + PAGE }, { SIZE, PAGE }, { PAGE, 1ull << 32 }, { PAGE, 1ull << 63 },
		{ 1ull << 63, PAGE }, { PAGE, -PAGE }, { -PAGE, PAGE },
	};
	unsigned int i;

	EXPECT_EQ(variant->whole, zx_vmo_op_range(self->vmo, variant->op, 0, SIZE, NULL, 0));
	EXPECT_EQ(variant->empty, zx_vmo_op_range(self->vmo, variant->op, SIZE, 0, NULL, 0));
	for (i = 0; i < ARRAY_SIZE(outside); i++)
		EXPECT_EQ(variant->outside,
			  zx_vmo_op_range(self->vmo, variant->op, outside[i].offset,
					  outside[i].len, NULL, 0));
}

TEST_F(op, with_rights)
{
	const zx_handle_t one = handle_with(self->vmo, variant->rights & -variant->rights);

	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmo_op_range(self->bare, variant->op, 0, PAGE, NULL,
							0));
	EXPECT_EQ(variant->whole, zx_vmo_op_range(one, variant->op, 0, PAGE, NULL, 0));
	zx_handle_close(one);
}

TEST_HARNESS_MAIN
