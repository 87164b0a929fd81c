// SPDX-License-Identifier: GPL-2.0-only
/* Where things go in a guest's address space, and how far that reaches. */
#include <cpuid.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define READ	ZX_VM_PERM_READ
#define RW	(READ | ZX_VM_PERM_WRITE)
#define AT	ZX_VM_SPECIFIC
#define LIMIT	ZX_VM_OFFSET_IS_UPPER_LIMIT
#define ALIGN(shift)	((uint32_t)(shift) << ZX_VM_ALIGN_BASE)
#define SPACE	(1ull << 48)
#define BASE	GUEST_WINDOW
#define PAGES	64
#define ROUNDS	4000

/* Where the guest sees a page of our choice. */
#define FAR_VIEW	(1ull << 39)
#define FAR_TABLES	GUEST_BUFFER
#define PTE		7ull
#define PAGE_FAULT	14

FIXTURE(space) {
	struct vm vm;
	zx_handle_t vmo;
	zx_handle_t vmar;	/* PAGES pages at BASE */
	zx_vaddr_t addr;
};

FIXTURE_SETUP(space)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGES * PAGE, 0, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_vmar_allocate(self->vm.vmar, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE |
					  ZX_VM_CAN_MAP_SPECIFIC | AT, BASE, PAGES * PAGE,
					  &self->vmar, &self->addr));
}

FIXTURE_TEARDOWN(space)
{
	zx_handle_close(self->vmar);
	zx_handle_close(self->vmo);
	vm_down(&self->vm);
}

static zx_status_t map_in(struct _test_data_space *self, uint32_t options, uint64_t offset,
			  uint64_t len)
{
	return zx_vmar_map(self->vmar, RW | options, offset, self->vmo, 0, len, &self->addr);
}

TEST_F(space, hole_that_fits_once_aligned)
{
	ASSERT_EQ(ZX_OK, map_in(self, AT, 0, 7 * PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, AT, 12 * PAGE, 52 * PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, ALIGN(14), 0, 4 * PAGE));
	EXPECT_EQ(BASE + 8 * PAGE, self->addr);
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, map_in(self, ALIGN(14), 0, PAGE));
	EXPECT_EQ(ZX_OK, map_in(self, 0, 0, PAGE));
	EXPECT_EQ(BASE + 7 * PAGE, self->addr);
}

TEST_F(space, hole_that_fits_below_a_limit_once_aligned)
{
	ASSERT_EQ(ZX_OK, map_in(self, AT, 0, 8 * PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, AT, 13 * PAGE, 51 * PAGE));
	ASSERT_EQ(ZX_OK, map_in(self, ALIGN(14) | LIMIT, PAGES * PAGE, 4 * PAGE));
	EXPECT_EQ(BASE + 8 * PAGE, self->addr);
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, map_in(self, ALIGN(13) | LIMIT, PAGES * PAGE, PAGE * 2));
	EXPECT_EQ(ZX_OK, map_in(self, ALIGN(13) | LIMIT, PAGES * PAGE, PAGE));
	EXPECT_EQ(BASE + 12 * PAGE, self->addr);
}

TEST_F(space, alignment_larger_than_the_vmar)
{
	EXPECT_EQ(ZX_OK, map_in(self, ALIGN(26), 0, PAGE));
	EXPECT_EQ(BASE, self->addr);
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, map_in(self, ALIGN(26), 0, PAGE));
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, map_in(self, ALIGN(32), 0, PAGE));
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, map_in(self, ALIGN(32) | LIMIT, PAGES * PAGE, PAGE));
}

/* What the kernel must do in a VMAR of PAGES pages, the slow and simple way. */
struct model {
	bool taken[PAGES];
};

static bool model_fits(const struct model *model, unsigned int at, unsigned int pages)
{
	unsigned int i;

	for (i = at; i < at + pages; i++)
		if (i >= PAGES || model->taken[i])
			return false;
	return true;
}

/* The page where it goes; PAGES: nowhere. */
static unsigned int model_place(const struct model *model, unsigned int pages, unsigned int align,
				unsigned int limit, bool down)
{
	unsigned int i, at;

	for (i = 0; i + pages <= limit; i++) {
		at = down ? limit - pages - i : i;
		if (at % align == 0 && model_fits(model, at, pages))
			return at;
	}
	return PAGES;
}

static void model_set(struct model *model, unsigned int at, unsigned int pages, bool taken)
{
	while (pages--)
		model->taken[at++] = taken;
}

/* One map where the kernel likes, below a limit or not: did it do as the model? */
static bool same_place(struct _test_data_space *self, struct model *model)
{
	const unsigned int pages = 1 + rand() % 6, shift = rand() % 4;
	const bool down = rand() % 2;
	const unsigned int limit = down ? pages + rand() % (PAGES - pages + 1) : PAGES;
	const unsigned int at = model_place(model, pages, 1u << shift, limit, down);
	zx_status_t status = map_in(self, ALIGN(12 + shift) | (down ? LIMIT : 0),
				    down ? limit * PAGE : 0, pages * PAGE);

	if (at == PAGES)
		return status == ZX_ERR_NO_RESOURCES;
	model_set(model, at, pages, true);
	return status == ZX_OK && self->addr == BASE + at * PAGE;
}

TEST_F(space, places_are_the_lowest_or_below_a_limit_the_highest)
{
	struct model model = {};
	unsigned int i, at, pages;

	srand(1);
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_TRUE(same_place(self, &model)) {
			TH_LOG("round %u", i);
		}
		if (rand() % 3)
			continue;
		at = rand() % PAGES;
		pages = 1 + rand() % (PAGES - at);
		pages = pages > 12 ? 12 : pages;
		ASSERT_EQ(ZX_OK, zx_vmar_unmap(self->vmar, BASE + at * PAGE, pages * PAGE));
		model_set(&model, at, pages, false);
	}
}

static unsigned int physical_bits(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(0x80000008, &eax, &ebx, &ecx, &edx) ? eax & 0xff : 36;
}

/* The guest's tables show guest-physical @addr at FAR_VIEW. */
static void view(struct vm *vm, uint64_t addr)
{
	uint64_t *const tables = (uint64_t *)(vm->mem + FAR_TABLES);

	((uint64_t *)(vm->mem + GUEST_TABLES))[1] = FAR_TABLES | PTE;
	tables[0] = (FAR_TABLES + PAGE) | PTE;
	tables[512] = (FAR_TABLES + 2 * PAGE) | PTE;
	tables[1024] = addr | PTE;
	vm_frame(vm)->rdi = FAR_VIEW;
	vm_frame(vm)->fault = GUEST_NO_FAULT;
	zx_handle_close(vm->vcpu);
}

static const uint64_t edges[] = {
	1ull << 32, (1ull << 39) - PAGE, 1ull << 39, (1ull << 40) - PAGE, 1ull << 40,
	(1ull << 47) - PAGE, 1ull << 47, SPACE - PAGE,
};

TEST_F(space, edges_are_mapped_and_populated)
{
	unsigned int i;

	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, PAGE, NULL, 0));
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		const long before = fdinfo_number(self->vm.guest, "tables");

		ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | AT | ZX_VM_MAP_RANGE, edges[i],
					     self->vmo, 0, PAGE, &self->addr));
		EXPECT_LT(before, fdinfo_number(self->vm.guest, "tables"));
		EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, zx_vmar_map(self->vm.vmar, RW | AT, edges[i],
							     self->vmo, 0, PAGE, &self->addr));
		EXPECT_EQ(ZX_OK, zx_vmar_protect(self->vm.vmar, READ, edges[i], PAGE));
		EXPECT_EQ(ZX_OK, zx_vmar_unmap(self->vm.vmar, edges[i], PAGE));
	}
	EXPECT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | AT, (1ull << 47) - PAGE, self->vmo, 0,
				     2 * PAGE, &self->addr));
	EXPECT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | LIMIT, SPACE, self->vmo, 0, PAGE,
				     &self->addr));
	EXPECT_EQ(SPACE - PAGE, self->addr);
}

/* What the CPU cannot address is the guest's own fault; the rest is memory. */
TEST_F(space, edges_are_reached_by_the_guest)
{
	const uint64_t end = 1ull << physical_bits();
	struct guest_frame *const frame = vm_frame(&self->vm);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		view(&self->vm, edges[i]);
		if (edges[i] >= end) {
			ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_load));
			EXPECT_EQ(PAGE_FAULT, frame->fault);
			continue;
		}
		ASSERT_EQ(ZX_ERR_NOT_FOUND, vm_probe(&self->vm, probe_load));
		EXPECT_EQ(edges[i], vm_page(&self->vm)->addr);
		ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | AT, edges[i], self->vmo, i * PAGE,
					     PAGE, &self->addr));
		ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
		view(&self->vm, edges[i]);
		frame->rax = edges[i];
		ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
		EXPECT_EQ(GUEST_NO_FAULT, frame->fault);
		ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, &self->addr, i * PAGE, 8));
		EXPECT_EQ(edges[i], self->addr);
		ASSERT_EQ(ZX_OK, zx_vmar_unmap(self->vm.vmar, edges[i], PAGE));
		view(&self->vm, edges[i]);
		EXPECT_EQ(ZX_ERR_NOT_FOUND, vm_probe(&self->vm, probe_store));
	}
}

TEST_F(space, guest_beyond_the_end)
{
	view(&self->vm, SPACE);
	if (physical_bits() <= 48) {
		ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_load));
		EXPECT_EQ(PAGE_FAULT, vm_frame(&self->vm)->fault);
	} else {
		EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, vm_probe(&self->vm, probe_load));
		EXPECT_EQ(SPACE, vm_page(&self->vm)->addr);
		zx_handle_close(self->vm.vcpu);
		EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, vm_probe(&self->vm, probe_store));
		EXPECT_EQ(insn_at(probe_store), vm_page(&self->vm)->rip);
	}
}

/* Nor do traps end before the space does. */
TEST_F(space, edges_are_trapped)
{
	const uint64_t end = 1ull << physical_bits();
	zx_port_packet_t packet;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, edges[i],
						   PAGE, ZX_HANDLE_INVALID, i));
		if (edges[i] >= end)
			continue;
		view(&self->vm, edges[i]);
		ASSERT_EQ(ZX_OK, vm_boot(&self->vm, probe_store));
		ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &packet));
		EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, packet.type);
		EXPECT_EQ(i, packet.key);
		EXPECT_EQ(edges[i], packet.guest_mem.addr);
	}
}

TEST_HARNESS_MAIN
