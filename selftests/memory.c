// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory as the guest sees it: mappings, holes, and changes under its feet. */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define AT	ZX_VM_SPECIFIC

FIXTURE(memory) {
	struct vm vm;
	zx_handle_t vmo;
	zx_vaddr_t addr;
};

FIXTURE_SETUP(memory)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_vmo_create(4 * PAGE, 0, &self->vmo));
}

FIXTURE_TEARDOWN(memory)
{
	zx_handle_close(self->vmo);
	vm_down(&self->vm);
}

static zx_status_t map_at(struct _test_data_memory *self, uint32_t options, uint64_t offset,
			  uint64_t len)
{
	return zx_vmar_map(self->vm.vmar, options, offset, self->vmo, 0, len, &self->addr);
}

/* Run a probe that loads from or stores to @addr. */
#define probe_at(self, name, where) \
	(vm_frame(&(self)->vm)->rdi = (where), vm_probe(&(self)->vm, name))

#define EXPECT_FAULT(the_status, the_addr) do { \
	EXPECT_EQ(ZX_VCPU_REASON_MEMORY, vm_page(&self->vm)->reason); \
	EXPECT_EQ(the_addr, vm_page(&self->vm)->addr); \
	EXPECT_EQ(the_status, vm_page(&self->vm)->status); \
} while (0)

TEST_F(memory, overwrite_replaces_it)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "new page", 0, 8));
	memcpy(self->vm.mem + GUEST_SPARE, "old page", 8);
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_SPARE));
	EXPECT_EQ(0, memcmp(&vm_frame(&self->vm)->rax, "old page", 8));
	ASSERT_EQ(ZX_OK, map_at(self, RW | ZX_VM_SPECIFIC_OVERWRITE, GUEST_SPARE, PAGE));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_SPARE));
	EXPECT_EQ(0, memcmp(&vm_frame(&self->vm)->rax, "new page", 8));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_SPARE + PAGE));
	EXPECT_EQ(0, vm_frame(&self->vm)->rax);
}

#define RFLAGS_ONE	2ull
#define RFLAGS_TRAP	0x100ull

/* Where the CPU has rules of its own about what may be entered. */
TEST_F(memory, single_step_is_switched_behind_sti)
{
	const uint64_t store = insn_at(probe_sti_store) + 1;
	struct zx_vcpu_regs *regs;

	ASSERT_EQ(ZX_ERR_NOT_FOUND, probe_at(self, probe_sti_store, GUEST_HOLE));
	regs = &zxl_vcpu_page(self->vm.vcpu)->regs;
	EXPECT_EQ(store, vm_page(&self->vm)->rip);
	regs->rflags |= RFLAGS_ONE | RFLAGS_TRAP;
	EXPECT_EQ(ZX_ERR_NOT_FOUND, vm_finish(&self->vm));
	EXPECT_EQ(store, vm_page(&self->vm)->rip);
	regs->rflags = (regs->rflags & ~RFLAGS_TRAP) | RFLAGS_ONE;
	EXPECT_EQ(ZX_ERR_NOT_FOUND, vm_finish(&self->vm));
	regs->rflags |= RFLAGS_ONE | RFLAGS_TRAP;
	regs->rdi = GUEST_SPARE;
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, vm_frame(&self->vm)->fault);
	EXPECT_EQ(store + 3, vm_frame(&self->vm)->rip);
}

TEST_F(memory, is_shared_with_the_vmo)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, 4 * PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "from us!", PAGE, 8));
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW + PAGE));
	EXPECT_EQ(0, memcmp(&vm_frame(&self->vm)->rax, "from us!", 8));
	zx_handle_close(self->vm.vcpu);
	vm_frame(&self->vm)->rax = 0x1122334455667788;
	ASSERT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW + 8));
	EXPECT_EQ(ZX_OK, zx_vmo_read(self->vmo, &self->addr, 8, 8));
	EXPECT_EQ(0x1122334455667788, self->addr);
}

TEST_F(memory, one_vmo_at_two_places)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW + 8 * PAGE, PAGE));
	vm_frame(&self->vm)->rax = 77;
	ASSERT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW + 8 * PAGE));
	EXPECT_EQ(77, vm_frame(&self->vm)->rax);
}

TEST_F(memory, mapping_from_an_offset)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "third   ", 2 * PAGE, 8));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | AT, GUEST_WINDOW, self->vmo, 2 * PAGE,
				     PAGE, &self->addr));
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW));
	EXPECT_EQ(0, memcmp(&vm_frame(&self->vm)->rax, "third   ", 8));
}

TEST_F(memory, map_range_shows_what_is_there)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "present!", 0, 8));
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT | ZX_VM_MAP_RANGE, GUEST_WINDOW, 4 * PAGE));
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW));
	EXPECT_EQ(0, memcmp(&vm_frame(&self->vm)->rax, "present!", 8));
}

TEST_F(memory, mapping_outlives_the_vmo_handle)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->vmo));
	self->vmo = ZX_HANDLE_INVALID;
	vm_frame(&self->vm)->rax = 5;
	EXPECT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW));
}

TEST_F(memory, mapping_outlives_the_vmar_handle)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	ASSERT_EQ(ZX_OK, zx_handle_close(self->vm.vmar));
	self->vm.vmar = ZX_HANDLE_INVALID;
	vm_frame(&self->vm)->rax = 5;
	EXPECT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW));
}

TEST_F(memory, hole_ends_enter)
{
	EXPECT_EQ(ZX_ERR_NOT_FOUND, probe_at(self, probe_load, GUEST_HOLE + 0x123));
	EXPECT_FAULT(ZX_ERR_NOT_FOUND, GUEST_HOLE + 0x123);
	EXPECT_EQ(insn_at(probe_load), vm_page(&self->vm)->rip);
}

TEST_F(memory, jump_into_a_hole_ends_enter)
{
	EXPECT_EQ(ZX_ERR_NOT_FOUND, probe_at(self, probe_jump, GUEST_HOLE));
	EXPECT_FAULT(ZX_ERR_NOT_FOUND, GUEST_HOLE);
	EXPECT_EQ(GUEST_HOLE, vm_page(&self->vm)->rip);
}

TEST_F(memory, enter_goes_on_once_the_hole_is_filled)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "filled!!", 0, 8));
	ASSERT_EQ(ZX_ERR_NOT_FOUND, probe_at(self, probe_load, GUEST_WINDOW));
	ASSERT_EQ(ZX_ERR_NOT_FOUND, vm_finish(&self->vm));
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0, memcmp(&vm_frame(&self->vm)->rax, "filled!!", 8));
}

TEST_F(memory, write_to_read_only_ends_enter)
{
	ASSERT_EQ(ZX_OK, map_at(self, ZX_VM_PERM_READ | AT, GUEST_WINDOW, PAGE));
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, probe_at(self, probe_store, GUEST_WINDOW + 8));
	EXPECT_FAULT(ZX_ERR_ACCESS_DENIED, GUEST_WINDOW + 8);
	EXPECT_EQ(insn_at(probe_store), vm_page(&self->vm)->rip);
}

TEST_F(memory, first_touch_by_write_to_read_only_ends_enter)
{
	ASSERT_EQ(ZX_OK, map_at(self, ZX_VM_PERM_READ | AT, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, probe_at(self, probe_store, GUEST_WINDOW));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, vm_finish(&self->vm));
}

TEST_F(memory, fetch_from_no_execute_ends_enter)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, probe_at(self, probe_jump, GUEST_WINDOW + 4));
	EXPECT_FAULT(ZX_ERR_ACCESS_DENIED, GUEST_WINDOW + 4);
	EXPECT_EQ(GUEST_WINDOW + 4, vm_page(&self->vm)->rip);
}

TEST_F(memory, touch_past_the_vmo_ends_enter)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, 8 * PAGE));
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW + 3 * PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, probe_at(self, probe_load, GUEST_WINDOW + 4 * PAGE));
	EXPECT_FAULT(ZX_ERR_OUT_OF_RANGE, GUEST_WINDOW + 4 * PAGE);
}

TEST_F(memory, unmap_makes_a_hole)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, 4 * PAGE));
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW + PAGE));
	ASSERT_EQ(ZX_OK, zx_vmar_unmap(self->vm.vmar, GUEST_WINDOW + PAGE, PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_NOT_FOUND, probe_at(self, probe_load, GUEST_WINDOW + PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW + 2 * PAGE));
}

TEST_F(memory, split_mapping_keeps_its_offsets)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "page 2  ", 2 * PAGE, 8));
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, 4 * PAGE));
	ASSERT_EQ(ZX_OK, zx_vmar_unmap(self->vm.vmar, GUEST_WINDOW + PAGE, PAGE));
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW + 2 * PAGE));
	EXPECT_EQ(0, memcmp(&vm_frame(&self->vm)->rax, "page 2  ", 8));
}

TEST_F(memory, protect_takes_write_away)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, 4 * PAGE));
	ASSERT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW + PAGE));
	ASSERT_EQ(ZX_OK, zx_vmar_protect(self->vm.vmar, ZX_VM_PERM_READ, GUEST_WINDOW + PAGE,
					 PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, probe_at(self, probe_store, GUEST_WINDOW + PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW + 2 * PAGE));
}

TEST_F(memory, protect_gives_write_back)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	ASSERT_EQ(ZX_OK, zx_vmar_protect(self->vm.vmar, ZX_VM_PERM_READ, GUEST_WINDOW, PAGE));
	ASSERT_EQ(ZX_OK, zx_vmar_protect(self->vm.vmar, RW, GUEST_WINDOW, PAGE));
	EXPECT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW));
}

TEST_F(memory, decommit_gives_the_guest_zeros)
{
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW, PAGE));
	vm_frame(&self->vm)->rax = 5;
	ASSERT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW));
	EXPECT_EQ(0, vm_frame(&self->vm)->rax);
}

TEST_F(memory, set_size_cuts_the_guest_off)
{
	zx_handle_close(self->vmo);
	ASSERT_EQ(ZX_OK, zx_vmo_create(4 * PAGE, ZX_VMO_RESIZABLE, &self->vmo));
	ASSERT_EQ(ZX_OK, map_at(self, RW | AT | ZX_VM_ALLOW_FAULTS, GUEST_WINDOW, 4 * PAGE));
	ASSERT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW + PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->vmo, PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, probe_at(self, probe_store, GUEST_WINDOW + PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW));
}

/* The guest must not have written after the change: @status if so it was. */
static zx_status_t settled(struct vm *vm, zx_status_t status)
{
	volatile uint64_t *page = (volatile uint64_t *)(vm->mem + GUEST_SPARE);
	const uint64_t value = *page;

	sleep_ms(20);
	return *page == value ? status : ZX_ERR_INTERNAL;
}

static void unmap_later(struct later *later)
{
	struct vm *vm = later->arg;

	run_on_cpu(1);
	later->status = settled(vm, zx_vmar_unmap(vm->vmar, GUEST_SPARE, 2 * PAGE));
}

static void protect_later(struct later *later)
{
	struct vm *vm = later->arg;

	run_on_cpu(1);
	later->status = settled(vm, zx_vmar_protect(vm->vmar, ZX_VM_PERM_READ, GUEST_SPARE,
						    PAGE));
}

/* The guest writes a page in a loop while another thread works on its mapping. */
static zx_status_t walk_under(struct vm *vm, void (*call)(struct later *later))
{
	struct later later = { .call = call, .arg = vm, .flag = &vm_frame(vm)->flag,
			       .delay_ms = 20 };
	zx_status_t status;

	run_on_cpu(0);
	vm_frame(vm)->flag = 0;
	vm_frame(vm)->rdi = GUEST_SPARE;
	zx_handle_close(vm->vcpu);
	status = vm_boot(vm, walk);
	if (status != ZX_OK || later_start(&later))
		return ZX_ERR_INTERNAL;
	status = vm_finish(vm);
	later_join(&later);
	return later.status == ZX_OK ? status : ZX_ERR_INTERNAL;
}

TEST_F(memory, unmap_under_a_running_vcpu)
{
	zx_vaddr_t addr;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(ZX_ERR_NOT_FOUND, walk_under(&self->vm, unmap_later));
		EXPECT_FAULT(ZX_ERR_NOT_FOUND, GUEST_SPARE);
		ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | AT, GUEST_SPARE, self->vm.vmo,
					     GUEST_SPARE, 2 * PAGE, &addr));
	}
}

TEST_F(memory, protect_under_a_running_vcpu)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(ZX_ERR_ACCESS_DENIED, walk_under(&self->vm, protect_later));
		EXPECT_FAULT(ZX_ERR_ACCESS_DENIED, GUEST_SPARE);
		ASSERT_EQ(ZX_OK, zx_vmar_protect(self->vm.vmar, RW, GUEST_SPARE, PAGE));
	}
}

TEST_F(memory, protect_back_and_go_on)
{
	uint64_t before;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		struct later kick = { .vector = LATER_KICK, .delay_ms = 20 };

		ASSERT_EQ(ZX_ERR_ACCESS_DENIED, walk_under(&self->vm, protect_later));
		before = vm_frame(&self->vm)->flag;
		EXPECT_EQ(ZX_ERR_ACCESS_DENIED, vm_finish(&self->vm));
		EXPECT_EQ(before, vm_frame(&self->vm)->flag);
		ASSERT_EQ(ZX_OK, zx_vmar_protect(self->vm.vmar, RW, GUEST_SPARE, PAGE));
		kick.vcpu = self->vm.vcpu;
		ASSERT_EQ(0, later_start(&kick));
		EXPECT_EQ(ZX_ERR_CANCELED, vm_finish(&self->vm));
		later_join(&kick);
		EXPECT_GT(vm_frame(&self->vm)->flag, before);
	}
}

static void forbid_code_later(struct later *later)
{
	struct vm *vm = later->arg;

	run_on_cpu(1);
	later->status = settled(vm, zx_vmar_protect(vm->vmar, RW, GUEST_ENTRY, PAGE));
}

TEST_F(memory, no_execute_under_a_running_vcpu)
{
	const uint64_t end = GUEST_ENTRY + (walk_end - walk_start);
	uint64_t rip;

	ASSERT_EQ(ZX_ERR_ACCESS_DENIED, walk_under(&self->vm, forbid_code_later));
	rip = vm_page(&self->vm)->rip;
	EXPECT_FAULT(ZX_ERR_ACCESS_DENIED, rip);
	EXPECT_GE(rip, GUEST_ENTRY);
	EXPECT_LT(rip, end);
	ASSERT_EQ(ZX_ERR_ACCESS_DENIED, vm_finish(&self->vm));
	EXPECT_EQ(rip, vm_page(&self->vm)->rip);
	ASSERT_EQ(ZX_OK, zx_vmar_protect(self->vm.vmar, RW | ZX_VM_PERM_EXECUTE, GUEST_ENTRY,
					 PAGE));
	ASSERT_EQ(ZX_OK, zx_vcpu_kick(self->vm.vcpu));
	EXPECT_EQ(ZX_ERR_CANCELED, vm_finish(&self->vm));
}

/* GUEST_SPARE becomes a VMAR, with the RAM that was there mapped in it. */
static zx_status_t spare_in_child(struct vm *vm, zx_handle_t *child)
{
	zx_vaddr_t addr;
	zx_status_t status = zx_vmar_unmap(vm->vmar, GUEST_SPARE, 2 * PAGE);

	if (status == ZX_OK)
		status = zx_vmar_allocate(vm->vmar, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | AT,
					  GUEST_SPARE, 2 * PAGE, child, &addr);
	if (status == ZX_OK)
		status = zx_vmar_map(*child, RW, 0, vm->vmo, GUEST_SPARE, 2 * PAGE, &addr);
	return status;
}

/* What is taken away later: a VMAR, or a VMO. */
static zx_handle_t victim;

static void destroy_later(struct later *later)
{
	run_on_cpu(1);
	later->status = settled(later->arg, zx_vmar_destroy(victim));
}

TEST_F(memory, destroy_under_a_running_vcpu)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(ZX_OK, spare_in_child(&self->vm, &victim));
		ASSERT_EQ(ZX_ERR_NOT_FOUND, walk_under(&self->vm, destroy_later));
		EXPECT_FAULT(ZX_ERR_NOT_FOUND, GUEST_SPARE);
		zx_handle_close(victim);
	}
}

static void overwrite_later(struct later *later)
{
	struct vm *vm = later->arg;
	zx_vaddr_t addr;

	run_on_cpu(1);
	later->status = settled(vm, zx_vmar_map(vm->vmar, RW | ZX_VM_SPECIFIC_OVERWRITE,
						GUEST_SPARE, vm->vmo, GUEST_SPARE + PAGE, PAGE,
						&addr));
	sleep_ms(20);
	zx_vcpu_kick(vm->vcpu);
}

TEST_F(memory, overwrite_under_a_running_vcpu)
{
	volatile uint64_t *const other = (uint64_t *)(self->vm.mem + GUEST_SPARE + PAGE);

	EXPECT_EQ(ZX_ERR_CANCELED, walk_under(&self->vm, overwrite_later));
	EXPECT_GT(*other, 0);
}

static void set_size_later(struct later *later)
{
	run_on_cpu(1);
	later->status = zx_vmo_set_size(victim, 0);
}

TEST_F(memory, set_size_under_a_running_vcpu)
{
	zx_vaddr_t addr;
	unsigned int i;

	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &victim));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | ZX_VM_SPECIFIC_OVERWRITE, GUEST_SPARE,
				     victim, 0, PAGE, &addr));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(ZX_ERR_OUT_OF_RANGE, walk_under(&self->vm, set_size_later));
		EXPECT_FAULT(ZX_ERR_OUT_OF_RANGE, GUEST_SPARE);
		ASSERT_EQ(ZX_OK, zx_vmo_set_size(victim, PAGE));
	}
	zx_handle_close(victim);
}

/* A page that is seen at many places goes from all of them at once. */
TEST_F(memory, decommit_reaches_every_mapping)
{
	unsigned int i;

	for (i = 0; i < 64; i++)
		ASSERT_EQ(ZX_OK, map_at(self, RW | AT, GUEST_WINDOW + 2 * i * PAGE, PAGE));
	vm_frame(&self->vm)->rax = 5;
	ASSERT_EQ(ZX_OK, probe_at(self, probe_store, GUEST_WINDOW));
	for (i = 0; i < 64; i += 7) {
		zx_handle_close(self->vm.vcpu);
		ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW + 2 * i * PAGE));
		EXPECT_EQ(5, vm_frame(&self->vm)->rax);
	}
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
	for (i = 0; i < 64; i += 7) {
		zx_handle_close(self->vm.vcpu);
		ASSERT_EQ(ZX_OK, probe_at(self, probe_load, GUEST_WINDOW + 2 * i * PAGE));
		EXPECT_EQ(0, vm_frame(&self->vm)->rax);
	}
}

static void decommit_later(struct later *later)
{
	struct vm *vm = later->arg;
	volatile uint64_t *seen = (volatile uint64_t *)(vm->mem + GUEST_SPARE);
	unsigned int i;

	for (i = 0; i < 50; i++) {
		later->status = zx_vmo_op_range(vm->vmo, ZX_VMO_OP_DECOMMIT, GUEST_SPARE, PAGE,
						NULL, 0);
		if (later->status != ZX_OK)
			break;
		wait_flag(seen, 1);
	}
	zx_vcpu_kick(vm->vcpu);
}

TEST_F(memory, decommit_under_a_running_vcpu)
{
	EXPECT_EQ(ZX_ERR_CANCELED, walk_under(&self->vm, decommit_later));
}

TEST_HARNESS_MAIN
