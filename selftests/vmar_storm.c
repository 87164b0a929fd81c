// SPDX-License-Identifier: GPL-2.0-only
/* Many threads change one guest's address space while its VCPU runs in it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kselftest_harness.h"
#include "util.h"

#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define AT	ZX_VM_SPECIFIC
#define OVER	ZX_VM_SPECIFIC_OVERWRITE
#define CAN_ALL	(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | \
		 ZX_VM_CAN_MAP_SPECIFIC)
#define BASE	GUEST_WINDOW
#define PAGES	32
#define THREADS	4
#define SECONDS	2

FIXTURE(storm) {
	struct vm vm;
	zx_handle_t vmo;
	zx_handle_t vmar;	/* PAGES pages at BASE */
	zx_vaddr_t addr;
	long objects;
	volatile bool stop;
	volatile bool failed;
};

FIXTURE_SETUP(storm)
{
	self->objects = live_objects();
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vmo_executable(PAGES * PAGE, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_vmar_allocate(self->vm.vmar, CAN_ALL | AT, BASE, PAGES * PAGE,
					  &self->vmar, &self->addr));
}

FIXTURE_TEARDOWN(storm)
{
	zx_handle_close(self->vmar);
	zx_handle_close(self->vmo);
	vm_down(&self->vm);
	EXPECT_EQ(self->objects, live_objects());
}

/* One thread's view: a VMAR of its own that comes and goes, and what all share. */
struct blower {
	struct _test_data_storm *self;
	unsigned int seed;
	zx_handle_t child;
	pthread_t thread;
};

static uint64_t any(struct blower *blower, uint64_t below)
{
	return (unsigned int)rand_r(&blower->seed) % below;
}

static zx_status_t allocate(struct blower *blower, zx_handle_t vmar, uint64_t len)
{
	zx_handle_t child;
	zx_vaddr_t addr;
	zx_status_t status = zx_vmar_allocate(vmar, CAN_ALL, 0, len, &child, &addr);

	if (status == ZX_OK) {
		zx_handle_close(blower->child);
		blower->child = child;
	}
	return status;
}

/* One change of any kind, of any pages. */
static zx_status_t blow(struct blower *blower)
{
	struct _test_data_storm *const self = blower->self;
	static const uint32_t ops[] = { ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT, ZX_VMAR_OP_ZERO,
					ZX_VMAR_OP_MAP_RANGE };
	const uint64_t page = any(blower, PAGES), len = (1 + any(blower, 4)) * PAGE;
	const zx_handle_t vmar = blower->child && any(blower, 3) ? blower->child : self->vmar;
	const uint64_t addr = BASE + page * PAGE;
	zx_vaddr_t out;

	switch (any(blower, 8)) {
	case 0:
		return zx_vmar_map(vmar, RW | AT, page * PAGE, self->vmo, page * PAGE, len, &out);
	case 1:
		return zx_vmar_map(vmar, RW | OVER, page * PAGE, self->vmo, 0, len, &out);
	case 2:
		return zx_vmar_map(vmar, RW | ZX_VM_MAP_RANGE, 0, self->vmo, 0, len, &out);
	case 3:
		return zx_vmar_unmap(vmar, addr, len);
	case 4:
		return zx_vmar_protect(vmar, any(blower, 2) ? ZX_VM_PERM_READ : RW, addr, len);
	case 5:
		return zx_vmar_op_range(vmar, ops[any(blower, ARRAY_SIZE(ops))], addr, len, NULL,
					0);
	case 6:
		return allocate(blower, vmar, len);
	default:
		return blower->child ? zx_vmar_destroy(blower->child) : ZX_OK;
	}
}

static bool is_expected(zx_status_t status)
{
	switch (status) {
	case ZX_OK:
	case ZX_ERR_ALREADY_EXISTS:
	case ZX_ERR_NO_RESOURCES:
	case ZX_ERR_BAD_STATE:
	case ZX_ERR_INVALID_ARGS:
	case ZX_ERR_NOT_FOUND:
	case ZX_ERR_OUT_OF_RANGE:
		return true;
	default:
		return false;
	}
}

static void *blow_on(void *arg)
{
	struct blower *blower = arg;

	while (!blower->self->stop)
		if (!is_expected(blow(blower)))
			blower->self->failed = true;
	zx_handle_close(blower->child);
	return NULL;
}

static bool is_over(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec >= SECONDS;
}

/* The guest increments a page of the window until it is gone or the kick comes; then the next. */
static zx_status_t walk_through(struct vm *vm)
{
	struct timespec start;
	zx_status_t status;
	uint64_t page = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!is_over(&start)) {
		vm_frame(vm)->rdi = BASE + page++ % PAGES * PAGE;
		zx_handle_close(vm->vcpu);
		status = vm_boot(vm, walk);
		if (status == ZX_OK)
			status = vm_finish(vm);
		if (status != ZX_ERR_NOT_FOUND && status != ZX_ERR_ACCESS_DENIED &&
		    status != ZX_ERR_OUT_OF_RANGE && status != ZX_ERR_CANCELED)
			return status;
	}
	return ZX_OK;
}

static void *kick_on(void *arg)
{
	struct _test_data_storm *self = arg;

	while (!self->stop) {
		sleep_ms(5);
		zx_vcpu_kick(self->vm.vcpu);
	}
	return NULL;
}

TEST_F(storm, of_changes_around_a_running_vcpu)
{
	struct blower blowers[THREADS];
	pthread_t kicker;
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		blowers[i] = (struct blower){ .self = self, .seed = i + 1 };
		ASSERT_EQ(0, pthread_create(&blowers[i].thread, NULL, blow_on, &blowers[i]));
	}
	ASSERT_EQ(0, pthread_create(&kicker, NULL, kick_on, self));
	EXPECT_EQ(ZX_OK, walk_through(&self->vm));
	self->stop = true;
	pthread_join(kicker, NULL);
	for (i = 0; i < THREADS; i++)
		pthread_join(blowers[i].thread, NULL);
	EXPECT_FALSE(self->failed);
	EXPECT_EQ(ZX_OK, zx_vmar_unmap(self->vmar, BASE, PAGES * PAGE));
	EXPECT_EQ(ZX_OK, zx_vmar_map(self->vmar, RW | AT, 0, self->vmo, 0, PAGES * PAGE,
				     &self->addr));
}

static void *fail_on(void *arg)
{
	struct _test_data_storm *self = arg;

	while (!self->stop) {
		const zx_status_t status = zx_vmar_map(self->vmar, RW | AT, 0, self->vmo, 0,
						       4 * PAGE, BAD_POINTER);

		if (status != ZX_ERR_INVALID_ARGS && status != ZX_ERR_ALREADY_EXISTS)
			self->failed = true;
	}
	return NULL;
}

/* What undoes itself, because it could not answer, undoes nobody else's mapping. */
TEST_F(storm, of_maps_that_cannot_answer)
{
	struct timespec start;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, fail_on, self));
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!is_over(&start) && !self->failed) {
		if (zx_vmar_map(self->vmar, RW | OVER, PAGE, self->vmo, 0, PAGE, &self->addr) ||
		    zx_vmar_protect(self->vmar, ZX_VM_PERM_READ, BASE + PAGE, PAGE) ||
		    zx_vmar_unmap(self->vmar, BASE + PAGE, PAGE))
			self->failed = true;
	}
	self->stop = true;
	pthread_join(thread, NULL);
	EXPECT_FALSE(self->failed);
	EXPECT_EQ(ZX_OK, zx_vmar_map(self->vmar, RW | AT, 0, self->vmo, 0, PAGES * PAGE,
				     &self->addr));
}

static void *destroy_on(void *arg)
{
	struct _test_data_storm *self = arg;

	while (!self->stop)
		zx_vmar_unmap(self->vm.vmar, BASE, PAGES * PAGE);
	return NULL;
}

/* A deep chain grows at its end while another thread takes it away at its root. */
TEST_F(storm, of_nesting_and_destroying)
{
	struct timespec start;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, destroy_on, self));
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!is_over(&start)) {
		zx_handle_t next;
		zx_status_t status = zx_vmar_allocate(self->vmar, CAN_ALL, 0, PAGE, &next,
						      &self->addr);

		zx_handle_close(self->vmar);
		self->vmar = next;
		if (status == ZX_OK)
			continue;
		EXPECT_TRUE(status == ZX_ERR_BAD_STATE || status == ZX_ERR_NO_RESOURCES);
		while (zx_vmar_allocate(self->vm.vmar, CAN_ALL | AT, BASE, PAGE, &self->vmar,
					&self->addr))
			;
	}
	self->stop = true;
	pthread_join(thread, NULL);
}

/* The guest ends in the middle of it all: then every call says so. */
static void *end_later(void *arg)
{
	struct _test_data_storm *self = arg;

	sleep_ms(50);
	zx_handle_close(self->vm.guest);
	self->vm.guest = ZX_HANDLE_INVALID;
	return NULL;
}

TEST_F(storm, that_the_guest_does_not_outlive)
{
	struct blower blowers[THREADS];
	pthread_t ender;
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		blowers[i] = (struct blower){ .self = self, .seed = i + 1 };
		ASSERT_EQ(0, pthread_create(&blowers[i].thread, NULL, blow_on, &blowers[i]));
	}
	ASSERT_EQ(0, pthread_create(&ender, NULL, end_later, self));
	pthread_join(ender, NULL);
	sleep_ms(50);
	self->stop = true;
	for (i = 0; i < THREADS; i++)
		pthread_join(blowers[i].thread, NULL);
	EXPECT_FALSE(self->failed);
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vmar_map(self->vmar, RW, 0, self->vmo, 0, PAGE,
						&self->addr));
}

TEST_HARNESS_MAIN
