// SPDX-License-Identifier: GPL-2.0-only
/* Children made, mapped, resized and dropped by many threads: in the end there are none. */
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "util.h"

#define SNAPSHOT	ZX_VMO_CHILD_SNAPSHOT
#define SLICE		ZX_VMO_CHILD_SLICE
#define HUGE		(2ull << 20)

static void *map_fd(zx_handle_t vmo, uint64_t offset, uint64_t len, int prot, int flags)
{
	return mmap(NULL, len, prot, flags, zxl_handle_fd(vmo), (off_t)offset);
}

/* What threads do to one resizable VMO, all at once and for ever. */
static void storm_resize(zx_handle_t vmo, unsigned int n)
{
	zx_vmo_set_size(vmo, (n % 5) * HUGE / 2);
	zx_vmo_op_range(vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0);
}

static void storm_snapshot(zx_handle_t vmo, unsigned int n)
{
	zx_handle_t child = ZX_HANDLE_INVALID, grandchild = ZX_HANDLE_INVALID;

	zx_vmo_create_child(vmo, SNAPSHOT, (n % 3) * PAGE, HUGE, &child);
	zx_vmo_create_child(child, n % 2 ? SLICE : SNAPSHOT, 0, PAGE, &grandchild);
	zx_handle_close(child);
	zx_handle_close(grandchild);
}

static void storm_map(zx_handle_t vmo, unsigned int n)
{
	zx_handle_t child = ZX_HANDLE_INVALID;
	volatile char *mem;

	zx_vmo_create_child(vmo, ZX_VMO_CHILD_REFERENCE, 0, 0, &child);
	mem = map_fd(child, 0, HUGE, PROT_READ | PROT_WRITE, n % 4 ? MAP_SHARED : MAP_PRIVATE);
	zx_handle_close(child);
	if ((void *)mem == MAP_FAILED)
		return;
	/* By a call: where the VMO has shrunk a load would be the end. */
	zx_vmo_write(vmo, (char *)mem + PAGE, 0, 3 * PAGE);
	zx_vmo_read(vmo, (char *)mem + PAGE, 0, 3 * PAGE);
	munmap((void *)mem, HUGE);
}

struct storm {
	zx_handle_t vmo;
	void (*call)(zx_handle_t vmo, unsigned int n);
	volatile bool *stop;
	pthread_t thread;
};

static void *storm_run(void *arg)
{
	struct storm *storm = arg;
	unsigned int n;

	for (n = 0; !*storm->stop; n++)
		storm->call(storm->vmo, n);
	return NULL;
}

TEST(all_at_once)
{
	struct storm storms[] = { { .call = storm_resize }, { .call = storm_snapshot },
				  { .call = storm_map }, { .call = storm_map } };
	volatile bool stop = false;
	zx_handle_t vmo;
	unsigned int i;

	ASSERT_EQ(ZX_OK, zx_vmo_create(HUGE, ZX_VMO_RESIZABLE, &vmo));
	for (i = 0; i < ARRAY_SIZE(storms); i++) {
		storms[i].vmo = vmo;
		storms[i].stop = &stop;
		ASSERT_EQ(0, pthread_create(&storms[i].thread, NULL, storm_run, &storms[i]));
	}
	sleep_ms(1500);
	stop = true;
	for (i = 0; i < ARRAY_SIZE(storms); i++)
		pthread_join(storms[i].thread, NULL);
	EXPECT_EQ(0, info_of(vmo).num_children);
	EXPECT_EQ(0, info_of(vmo).num_mappings);
	zx_handle_close(vmo);
}

TEST_HARNESS_MAIN
