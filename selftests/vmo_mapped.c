// SPDX-License-Identifier: GPL-2.0-only
/* Children that are mapped, in processes and in guests, and what happens to them then. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define RW		(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define AT		ZX_VM_SPECIFIC
#define SNAPSHOT	ZX_VMO_CHILD_SNAPSHOT
#define SLICE		ZX_VMO_CHILD_SLICE
#define PAGES		4
#define SIZE		(PAGES * PAGE)
#define HUGE		(2ull << 20)
#define ROUNDS		60

static sigjmp_buf after_fault;

static void on_fault(int number)
{
	siglongjmp(after_fault, number);
}

/* The signal that a load from @addr ends with, or 0. */
static int fault_at(const volatile char *addr)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	int number;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	number = sigsetjmp(after_fault, 1);
	if (!number)
		(void)*addr;
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	return number;
}

static void *map_fd(zx_handle_t vmo, uint64_t offset, uint64_t len, int prot, int flags)
{
	return mmap(NULL, len, prot, flags, zxl_handle_fd(vmo), (off_t)offset);
}

/* Page n of @vmo begins with 'a' + n; @child is pages 1 and 2. */
FIXTURE(mapped) {
	zx_handle_t vmo;
	zx_handle_t child;
};

FIXTURE_SETUP(mapped)
{
	unsigned int i;
	char byte;

	ASSERT_EQ(ZX_OK, zx_vmo_create(SIZE, 0, &self->vmo));
	for (i = 0; i < PAGES; i++) {
		byte = 'a' + i;
		ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, &byte, i * PAGE, 1));
	}
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->vmo, SLICE, PAGE, 2 * PAGE, &self->child));
}

FIXTURE_TEARDOWN(mapped)
{
	zx_handle_close(self->child);
	zx_handle_close(self->vmo);
}

TEST_F(mapped, slice_shows_its_part)
{
	volatile char *mem = map_fd(self->child, 0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	char byte;

	ASSERT_NE(MAP_FAILED, (void *)mem);
	EXPECT_EQ('b', mem[0]);
	EXPECT_EQ('c', mem[PAGE]);
	mem[1] = 'x';
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, &byte, PAGE + 1, 1));
	EXPECT_EQ('x', byte);
	mem = map_fd(self->child, PAGE, PAGE, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, (void *)mem);
	EXPECT_EQ('c', mem[0]);
}

TEST_F(mapped, slice_in_private)
{
	volatile char *mem = map_fd(self->child, 0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char byte;

	ASSERT_NE(MAP_FAILED, (void *)mem);
	mem[0] = 'x';
	EXPECT_EQ('c', mem[PAGE]);
	mem[PAGE] = 'y';
	EXPECT_EQ('x', mem[0]);
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, &byte, PAGE, 1));
	EXPECT_EQ('b', byte);
}

TEST_F(mapped, nothing_maps_beyond_a_slice)
{
	const struct { uint64_t offset, len; } ranges[] = {
		{ 0, 3 * PAGE }, { PAGE, 2 * PAGE }, { 2 * PAGE, PAGE }, { 1ull << 40, PAGE },
		{ 1ull << 62, PAGE }, { 0x7ffffffffffff000, PAGE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		EXPECT_EQ(MAP_FAILED, map_fd(self->child, ranges[i].offset, ranges[i].len,
					     PROT_READ, MAP_SHARED));
		EXPECT_EQ(MAP_FAILED, map_fd(self->child, ranges[i].offset, ranges[i].len,
					     PROT_READ, MAP_PRIVATE));
	}
	EXPECT_EQ(1, info_of(self->vmo).num_children);
	EXPECT_EQ(0, info_of(self->child).num_mappings);
}

TEST_F(mapped, no_mapping_grows_beyond_a_slice)
{
	char *mem = map_fd(self->child, 0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, (void *)mem);
	EXPECT_EQ(MAP_FAILED, mremap(mem, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(mem + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(mem, 0, 3 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(-1, remap_file_pages(mem, PAGE, 0, 3, 0));
	EXPECT_EQ(-1, madvise(mem, PAGE, MADV_REMOVE));
	EXPECT_EQ(0, fault_at(mem + PAGE));
}

TEST_F(mapped, unmapped_parts_and_moves)
{
	char *mem = map_fd(self->child, 0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, (void *)mem);
	ASSERT_EQ(0, munmap(mem, PAGE));
	EXPECT_EQ('c', mem[PAGE]);
	mem = mremap(mem + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, mem + 64 * PAGE);
	ASSERT_NE(MAP_FAILED, (void *)mem);
	EXPECT_EQ('c', mem[0]);
	EXPECT_EQ(1, info_of(self->child).num_mappings);
	ASSERT_EQ(0, munmap(mem, PAGE));
	EXPECT_EQ(0, info_of(self->child).num_mappings);
}

TEST_F(mapped, past_the_end_of_the_vmo)
{
	char *mem = map_fd(self->vmo, 0, 2 * SIZE, PROT_READ, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, (void *)mem);
	EXPECT_EQ(0, fault_at(mem + SIZE - 1));
	EXPECT_EQ(SIGBUS, fault_at(mem + SIZE));
}

TEST_F(mapped, mapping_keeps_a_child)
{
	void *mem = map_fd(self->child, 0, PAGE, PROT_READ, MAP_SHARED);
	int status;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, mem);
	zx_handle_close(self->child);
	self->child = ZX_HANDLE_INVALID;
	EXPECT_EQ(1, info_of(self->vmo).num_children);
	pid = fork();
	if (pid == 0)
		_exit(*(volatile char *)mem != 'b');
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, info_of(self->vmo).num_children);
	munmap(mem, PAGE);
	EXPECT_EQ(0, info_of(self->vmo).num_children);
}

TEST_F(mapped, write_from_a_mapping_of_itself)
{
	char *mem = map_fd(self->vmo, 0, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, (void *)mem);
	EXPECT_EQ(ZX_OK, zx_vmo_write(self->vmo, mem + PAGE, 3 * PAGE, PAGE));
	EXPECT_EQ('b', mem[3 * PAGE]);
	EXPECT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
	EXPECT_EQ(ZX_OK, zx_vmo_write(self->vmo, mem, 3 * PAGE, PAGE));
	EXPECT_EQ(0, mem[3 * PAGE]);
	EXPECT_EQ(ZX_OK, zx_vmo_read(self->vmo, mem + 3 * PAGE, PAGE, PAGE));
	EXPECT_EQ('b', mem[3 * PAGE]);
}

/* A store to the first page always comes before one to the second. */
struct writer {
	zx_handle_t vmo;
	volatile uint64_t *first, *second;
	volatile bool stop;
	pthread_t thread;
};

static void *write_memory(void *arg)
{
	struct writer *writer = arg;

	while (!writer->stop) {
		++*writer->first;
		++*writer->second;
	}
	return NULL;
}

static void *write_by_call(void *arg)
{
	struct writer *writer = arg;
	uint64_t n = 0;

	while (!writer->stop) {
		n++;
		zx_vmo_write(writer->vmo, &n, 0, sizeof(n));
		zx_vmo_write(writer->vmo, &n, HUGE, sizeof(n));
	}
	return NULL;
}

/* How many of some snapshots are of no single moment, or -1. */
static int count_torn(zx_handle_t vmo, uint64_t first, uint64_t second)
{
	const uint64_t base = first & ~(PAGE - 1);
	uint64_t a, b, seen = 0;
	zx_handle_t snapshot;
	int i, torn = 0;

	for (i = 0; i < ROUNDS; i++) {
		if (zx_vmo_create_child(vmo, SNAPSHOT, base, second + PAGE - base, &snapshot))
			return -1;
		zx_vmo_read(snapshot, &a, first - base, sizeof(a));
		zx_vmo_read(snapshot, &b, second - base, sizeof(b));
		zx_handle_close(snapshot);
		if (a - b > 1 || a < seen)
			torn++;
		seen = a;
		sleep_ms(1);
	}
	return seen ? torn : -1;
}

static int torn_under(void *(*write)(void *arg))
{
	struct writer writer = {};
	int torn = -1;
	char *mem;

	if (zx_vmo_create(2 * HUGE, 0, &writer.vmo) != ZX_OK)
		return -1;
	mem = map_fd(writer.vmo, 0, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	writer.first = (volatile uint64_t *)mem;
	writer.second = (volatile uint64_t *)(mem + HUGE);
	if (mem != MAP_FAILED && !pthread_create(&writer.thread, NULL, write, &writer)) {
		torn = count_torn(writer.vmo, 0, HUGE);
		writer.stop = true;
		pthread_join(writer.thread, NULL);
		munmap(mem, 2 * HUGE);
	}
	zx_handle_close(writer.vmo);
	return torn;
}

TEST(snapshot_of_one_moment_of_a_process)
{
	EXPECT_EQ(0, torn_under(write_memory));
}

TEST(snapshot_of_one_moment_between_writes)
{
	EXPECT_EQ(0, torn_under(write_by_call));
}

FIXTURE(guest) {
	struct vm vm;
	zx_handle_t vmo;
	zx_handle_t child;
	zx_vaddr_t addr;
};

FIXTURE_SETUP(guest)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(guest)
{
	zx_handle_close(self->child);
	zx_handle_close(self->vmo);
	vm_down(&self->vm);
}

static zx_status_t probe(struct _test_data_guest *self, const char *start, const char *end,
			 uint64_t addr)
{
	zx_handle_close(self->vm.vcpu);
	vm_frame(&self->vm)->rdi = addr;
	vm_load(&self->vm, start, end);
	return vm_vcpu(&self->vm) ?: vm_finish(&self->vm);
}

#define load_at(addr)	probe(self, probe_load_start, probe_load_end, addr)
#define store_at(addr)	probe(self, probe_store_start, probe_store_end, addr)

/* A slice of 2 MiB that begins @skip bytes into a VMO of 6 MiB, mapped as if it were larger. */
static zx_status_t map_slice(struct _test_data_guest *self, uint64_t skip)
{
	return zx_vmo_create(3 * HUGE, 0, &self->vmo) ?:
	       zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, 3 * HUGE, NULL, 0) ?:
	       zx_vmo_write(self->vmo, "secret!!", skip + HUGE, 8) ?:
	       zx_vmo_create_child(self->vmo, SLICE, skip, HUGE, &self->child) ?:
	       zx_vmar_map(self->vm.vmar, RW | AT | ZX_VM_ALLOW_FAULTS, GUEST_WINDOW + skip % HUGE,
			   self->child, 0, 2 * HUGE, &self->addr);
}

TEST_F(guest, sees_no_more_than_the_slice)
{
	ASSERT_EQ(ZX_OK, map_slice(self, PAGE));
	EXPECT_EQ(ZX_OK, load_at(self->addr));
	EXPECT_EQ(ZX_OK, store_at(self->addr + HUGE - 8));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, load_at(self->addr + HUGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, store_at(self->addr + 2 * HUGE - 8));
	EXPECT_EQ(1, info_of(self->child).num_mappings);
}

TEST_F(guest, sees_a_slice_of_one_large_page)
{
	ASSERT_EQ(ZX_OK, map_slice(self, HUGE));
	vm_frame(&self->vm)->rax = 0x77;
	EXPECT_EQ(ZX_OK, store_at(self->addr + HUGE - 8));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, load_at(self->addr + HUGE));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, &self->addr, 2 * HUGE - 8, 8));
	EXPECT_EQ(0x77, self->addr);
}

TEST_F(guest, decommit_through_a_slice_reaches_it)
{
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->vm.vmo, SLICE, GUEST_SPARE, PAGE,
					     &self->child));
	vm_frame(&self->vm)->rax = 5;
	ASSERT_EQ(ZX_OK, store_at(GUEST_SPARE));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->child, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
	ASSERT_EQ(ZX_OK, load_at(GUEST_SPARE));
	EXPECT_EQ(0, vm_frame(&self->vm)->rax);
}

TEST_F(guest, mapping_keeps_a_child)
{
	ASSERT_EQ(ZX_OK, map_slice(self, HUGE));
	zx_handle_close(self->child);
	self->child = ZX_HANDLE_INVALID;
	EXPECT_EQ(1, info_of(self->vmo).num_children);
	ASSERT_EQ(ZX_OK, zx_vmar_unmap(self->vm.vmar, GUEST_WINDOW, 2 * HUGE));
	EXPECT_EQ(0, info_of(self->vmo).num_children);
}

TEST_F(guest, size_set_through_a_reference_cuts_it_off)
{
	ASSERT_EQ(ZX_OK, zx_vmo_create(4 * PAGE, ZX_VMO_RESIZABLE, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_REFERENCE, 0, 0,
					     &self->child));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED,
		  zx_vmar_map(self->vm.vmar, RW | AT | ZX_VM_REQUIRE_NON_RESIZABLE, GUEST_WINDOW,
			      self->child, 0, 4 * PAGE, &self->addr));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | AT | ZX_VM_ALLOW_FAULTS, GUEST_WINDOW,
				     self->child, 0, 4 * PAGE, &self->addr));
	ASSERT_EQ(ZX_OK, store_at(GUEST_WINDOW + PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->vmo, PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, store_at(GUEST_WINDOW + PAGE));
	EXPECT_EQ(ZX_OK, store_at(GUEST_WINDOW));
}

TEST_F(guest, runs_from_a_snapshot)
{
	vm_frame(&self->vm)->rax = 5;
	ASSERT_EQ(ZX_OK, store_at(GUEST_SPARE));
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->vm.vmo, SNAPSHOT, GUEST_SPARE, PAGE,
					     &self->child));
	vm_frame(&self->vm)->rax = 6;
	ASSERT_EQ(ZX_OK, store_at(GUEST_SPARE));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | AT, GUEST_WINDOW, self->child, 0, PAGE,
				     &self->addr));
	ASSERT_EQ(ZX_OK, load_at(GUEST_WINDOW));
	EXPECT_EQ(5, vm_frame(&self->vm)->rax);
	ASSERT_EQ(ZX_OK, load_at(GUEST_SPARE));
	EXPECT_EQ(6, vm_frame(&self->vm)->rax);
}

static void snapshots_later(struct later *later)
{
	struct vm *vm = later->arg;

	run_on_cpu(1);
	later->status = count_torn(vm->vmo, GUEST_SPARE, GUEST_SPARE + HUGE / 2);
	zx_vcpu_kick(vm->vcpu);
}

static void slices_later(struct later *later)
{
	struct vm *vm = later->arg;
	volatile uint64_t *seen = (volatile uint64_t *)(vm->mem + GUEST_SPARE);
	zx_handle_t slice;
	unsigned int i;

	later->status = zx_vmo_create_child(vm->vmo, SLICE, GUEST_SPARE, PAGE, &slice);
	for (i = 0; i < 50 && later->status == ZX_OK; i++) {
		later->status = zx_vmo_op_range(slice, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0);
		wait_flag(seen, 1);
	}
	zx_handle_close(slice);
	zx_vcpu_kick(vm->vcpu);
}

/* The guest writes two pages in turn while another thread works on them. */
static zx_status_t walk_two_under(struct vm *vm, void (*call)(struct later *later))
{
	struct later later = { .call = call, .arg = vm, .flag = &vm_frame(vm)->flag,
			       .delay_ms = 20 };
	zx_status_t status;

	run_on_cpu(0);
	vm_frame(vm)->rdi = GUEST_SPARE;
	vm_frame(vm)->rsi = GUEST_SPARE + HUGE / 2;
	status = vm_boot(vm, walk_two);
	if (status != ZX_OK || later_start(&later))
		return ZX_ERR_INTERNAL;
	status = vm_finish(vm);
	later_join(&later);
	return later.status == ZX_OK ? status : ZX_ERR_INTERNAL;
}

TEST_F(guest, snapshot_of_one_moment)
{
	EXPECT_EQ(ZX_ERR_CANCELED, walk_two_under(&self->vm, snapshots_later));
}

TEST_F(guest, decommit_through_a_slice_while_it_runs)
{
	EXPECT_EQ(ZX_ERR_CANCELED, walk_two_under(&self->vm, slices_later));
}

TEST_HARNESS_MAIN
