// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's memory by linear address, for the instruction behind a GUEST_MEM
 * packet.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"
#include "util.h"

#define GP	13
#define PF	14

#define P	0x1ull
#define W	0x2ull
#define U	0x4ull
#define A	0x20ull
#define D	0x40ull
#define LARGE	0x80ull

#define ERROR_P		1
#define ERROR_W		2
#define ERROR_U		4
#define ERROR_RSVD	8

#define CR0_DEFAULT	0x80010011ull
#define CR0_WP		0x10000ull
#define CR4_DEFAULT	0x502a0ull
#define CR4_SMAP	0x200000ull

/* GUEST_MAPPED is a window of 512 pages, whose table and directory these are. */
#define DIRECTORY	GUEST_BUFFER
#define TABLE		(GUEST_BUFFER + PAGE)
#define WINDOW(n)	(GUEST_MAPPED + (n) * PAGE)

FIXTURE(memory) {
	struct vm vm;
	zx_port_packet_t packet;
	uint64_t *table;
	unsigned char *spare;
	unsigned char bytes[2 * PAGE];
	zx_gpaddr_t gpa;
};

FIXTURE_SETUP(memory)
{
	uint64_t *upper, *directory;

	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	upper = (uint64_t *)(self->vm.mem + GUEST_TABLES + PAGE);
	directory = (uint64_t *)(self->vm.mem + DIRECTORY);
	self->table = (uint64_t *)(self->vm.mem + TABLE);
	upper[1] = DIRECTORY | P | W | U;
	directory[0] = TABLE | P | W | U;
	self->spare = self->vm.mem + GUEST_SPARE;
	vm_frame(&self->vm)->rdi = GUEST_TRAP;
	vm_frame(&self->vm)->rax = CR4_DEFAULT;
	vm_frame(&self->vm)->rbx = CR0_DEFAULT;
}

FIXTURE_TEARDOWN(memory)
{
	vm_down(&self->vm);
}

static zx_status_t enter_trap(struct _test_data_memory *self)
{
	zx_status_t status = zx_vcpu_enter(self->vm.vcpu, &self->packet);

	if (status != ZX_OK)
		return status;
	return self->packet.type == ZX_PKT_TYPE_GUEST_MEM ? ZX_OK : ZX_ERR_INTERNAL;
}

/* Run the blob up to its load from the trap. */
#define start(self, name) (vm_boot(&(self)->vm, name) ?: enter_trap(self))

static zx_status_t get(struct _test_data_memory *self, uint64_t addr, size_t length)
{
	return zxl_vcpu_read_memory(self->vm.vcpu, addr, self->bytes, length, &self->gpa);
}

static zx_status_t put(struct _test_data_memory *self, uint64_t addr, size_t length)
{
	return zxl_vcpu_write_memory(self->vm.vcpu, addr, self->bytes, length, &self->gpa);
}

static struct zxl_vcpu_system system_of(struct _test_data_memory *self)
{
	struct zxl_vcpu_system system;

	memset(&system, 0xff, sizeof(system));
	zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_SYSTEM, &system, sizeof(system));
	return system;
}

/* The guest takes @vector at its load, and where CR2 says. */
static void expect_fault(struct __test_metadata *_metadata, struct _test_data_memory *self,
			 uint64_t rip, uint64_t vector, uint64_t error, uint64_t cr2)
{
	struct guest_frame *frame = vm_frame(&self->vm);

	EXPECT_EQ(rip, system_of(self).rip);
	EXPECT_EQ(rip, vm_page(&self->vm)->rip);
	if (vector == PF)
		EXPECT_EQ(cr2, system_of(self).cr2);
	EXPECT_EQ(ZX_ERR_BAD_STATE, get(self, GUEST_SPARE, 1));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(vector, frame->fault);
	EXPECT_EQ(error, frame->error);
	EXPECT_EQ(rip, frame->rip);
}

#define EXPECT_FAULT(name, ...) expect_fault(_metadata, self, insn_at(name), __VA_ARGS__)

TEST_F(memory, reads_and_writes)
{
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	memcpy(self->spare, "abcdefgh", 8);
	ASSERT_EQ(ZX_OK, get(self, GUEST_SPARE + 2, 4));
	EXPECT_EQ(0, memcmp(self->bytes, "cdef", 4));
	memcpy(self->bytes, "XY", 2);
	ASSERT_EQ(ZX_OK, put(self, GUEST_SPARE + 1, 2));
	EXPECT_EQ(0, memcmp(self->spare, "aXYdefgh", 8));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(GUEST_NO_FAULT, vm_frame(&self->vm)->fault);
}

TEST_F(memory, crosses_into_a_page_elsewhere)
{
	unsigned int i;

	self->table[0] = (GUEST_SPARE + PAGE) | P | W;
	self->table[1] = GUEST_SPARE | P | W;
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	for (i = 0; i < PAGE; i++)
		self->bytes[i] = i * 7;
	ASSERT_EQ(ZX_OK, put(self, WINDOW(0) + 1000, PAGE));
	EXPECT_EQ(0, memcmp(self->spare + PAGE + 1000, self->bytes, PAGE - 1000));
	EXPECT_EQ(0, memcmp(self->spare, self->bytes + PAGE - 1000, 1000));
	memset(self->bytes, 0, PAGE);
	ASSERT_EQ(ZX_OK, get(self, WINDOW(1) - 8, 16));
	EXPECT_EQ(0, memcmp(self->spare + 2 * PAGE - 8, self->bytes, 8));
	EXPECT_EQ(0, memcmp(self->spare, self->bytes + 8, 8));
}

TEST_F(memory, length)
{
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_OK, zxl_vcpu_read_memory(self->vm.vcpu, GUEST_HOLE, BAD_POINTER, 0, NULL));
	EXPECT_EQ(ZX_OK, get(self, GUEST_SPARE, PAGE));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, get(self, GUEST_SPARE, PAGE + 1));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, put(self, GUEST_SPARE, PAGE + 1));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, get(self, GUEST_SPARE, SIZE_MAX));
}

TEST_F(memory, pointers)
{
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zxl_vcpu_read_memory(self->vm.vcpu, GUEST_SPARE,
							    BAD_POINTER, 8, NULL));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zxl_vcpu_write_memory(self->vm.vcpu, GUEST_SPARE,
							     BAD_POINTER, 200, NULL));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zxl_vcpu_read_memory(self->vm.vcpu, GUEST_HOLE,
							    self->bytes, 8, BAD_POINTER));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, zxl_vcpu_read_memory(self->vm.vcpu, GUEST_HOLE, self->bytes,
							 8, NULL));
	EXPECT_EQ(ZX_OK, get(self, GUEST_SPARE, 8));
}

TEST_F(memory, unknown_flags)
{
	struct zxl_ioc_vcpu_memory arg = { .size = sizeof(arg), .flags = 2 };

	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, ioctl(zxl_handle_fd(self->vm.vcpu),
					      ZXL_IOC_VCPU_MEMORY, &arg));
}

TEST_F(memory, needs_a_packet)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, probe_load));
	EXPECT_EQ(ZX_ERR_BAD_STATE, get(self, GUEST_SPARE, 1));
	ASSERT_EQ(ZX_OK, enter_trap(self));
	EXPECT_EQ(ZX_OK, get(self, GUEST_SPARE, 1));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(ZX_ERR_BAD_STATE, get(self, GUEST_SPARE, 1));
}

static void get_elsewhere(struct later *later)
{
	char byte;

	later->status = zxl_vcpu_read_memory(later->vcpu, GUEST_SPARE, &byte, 1, NULL);
}

TEST_F(memory, belongs_to_the_thread)
{
	struct later later = { .call = get_elsewhere };

	ASSERT_EQ(ZX_OK, start(self, probe_load));
	later.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, later_start(&later));
	later_join(&later);
	EXPECT_EQ(ZX_ERR_BAD_STATE, later.status);
}

TEST_F(memory, rights)
{
	zx_handle_t handle;

	ASSERT_EQ(ZX_OK, start(self, probe_load));
	handle = handle_without(self->vm.vcpu, ZX_RIGHT_READ);
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zxl_vcpu_read_memory(handle, GUEST_SPARE, self->bytes, 1,
							     NULL));
	EXPECT_EQ(ZX_OK, zxl_vcpu_write_memory(handle, GUEST_SPARE, self->bytes, 1, NULL));
	zx_handle_close(handle);
	handle = handle_without(self->vm.vcpu, ZX_RIGHT_WRITE);
	EXPECT_EQ(ZX_OK, zxl_vcpu_read_memory(handle, GUEST_SPARE, self->bytes, 1, NULL));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zxl_vcpu_write_memory(handle, GUEST_SPARE, self->bytes, 1,
							      NULL));
	zx_handle_close(handle);
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, zxl_vcpu_read_memory(self->vm.guest, 0, self->bytes, 1,
							  NULL));
}

TEST_F(memory, page_that_is_not_present)
{
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, WINDOW(3) + 5, 4));
	EXPECT_FAULT(probe_load, PF, 0, WINDOW(3) + 5);
}

TEST_F(memory, second_page_that_is_not_present)
{
	self->table[0] = GUEST_SPARE | P | W;
	memset(self->bytes, 0x77, 8);
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_CANCELED, put(self, WINDOW(1) - 4, 8));
	EXPECT_EQ(0, self->spare[PAGE - 4]);
	EXPECT_FAULT(probe_load, PF, ERROR_W, WINDOW(1));
}

TEST_F(memory, page_that_is_read_only)
{
	self->table[0] = GUEST_SPARE | P | U;
	memset(self->bytes, 0x77, 8);
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_CANCELED, put(self, WINDOW(0), 8));
	EXPECT_EQ(0, self->spare[0]);
	EXPECT_FAULT(probe_load, PF, ERROR_P | ERROR_W, WINDOW(0));
}

TEST_F(memory, directory_that_is_read_only)
{
	uint64_t *directory = (uint64_t *)(self->vm.mem + DIRECTORY);

	directory[0] &= ~W;
	self->table[0] = GUEST_SPARE | P | U | W;
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_OK, get(self, WINDOW(0), 8));
	EXPECT_EQ(ZX_ERR_CANCELED, put(self, WINDOW(0), 8));
	EXPECT_FAULT(probe_load, PF, ERROR_P | ERROR_W, WINDOW(0));
}

TEST_F(memory, read_only_without_write_protection)
{
	self->table[0] = GUEST_SPARE | P | U;
	self->bytes[0] = 0x77;
	vm_frame(&self->vm)->rbx = CR0_DEFAULT & ~CR0_WP;
	ASSERT_EQ(ZX_OK, start(self, load_after_switch));
	EXPECT_EQ(ZX_OK, put(self, WINDOW(0), 1));
	EXPECT_EQ(0x77, self->spare[0]);
}

TEST_F(memory, user_at_a_supervisor_page)
{
	self->table[0] = GUEST_SPARE | P | W;
	self->table[1] = GUEST_SPARE | P | U;
	ASSERT_EQ(ZX_OK, start(self, user_load));
	EXPECT_EQ(3, system_of(self).cpl);
	EXPECT_EQ(ZX_OK, get(self, WINDOW(1), 8));
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, WINDOW(0), 8));
	EXPECT_FAULT(user_load, PF, ERROR_P | ERROR_U, WINDOW(0));
}

TEST_F(memory, user_writes_where_it_may_not)
{
	self->table[1] = GUEST_SPARE | P | U;
	ASSERT_EQ(ZX_OK, start(self, user_load));
	EXPECT_EQ(ZX_ERR_CANCELED, put(self, WINDOW(1), 8));
	EXPECT_FAULT(user_load, PF, ERROR_P | ERROR_U | ERROR_W, WINDOW(1));
}

/* The guest's frame and stack are user pages, so that it cannot go on from here. */
TEST_F(memory, supervisor_at_a_user_page_with_smap)
{
	self->table[0] = GUEST_TRAP | P | W;
	self->table[1] = GUEST_SPARE | P | W;
	self->table[2] = GUEST_SPARE | P | W | U;
	vm_frame(&self->vm)->rax = CR4_DEFAULT | CR4_SMAP;
	vm_frame(&self->vm)->rdi = WINDOW(0);
	if (start(self, load_after_switch) != ZX_OK)
		SKIP(return, "the CPU has no SMAP");
	EXPECT_EQ(ZX_OK, put(self, WINDOW(1), 8));
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, WINDOW(2), 8));
	EXPECT_EQ(WINDOW(2), system_of(self).cr2);
}

TEST_F(memory, reserved_bits)
{
	uint64_t *directory = (uint64_t *)(self->vm.mem + DIRECTORY);

	directory[1] = GUEST_SPARE | 0x2000 | LARGE | P | W;
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, WINDOW(512), 8));
	EXPECT_FAULT(probe_load, PF, ERROR_P | ERROR_RSVD, WINDOW(512));
}

TEST_F(memory, reserved_address_bit)
{
	self->table[1] = GUEST_SPARE | 1ull << 51 | P | W;
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, WINDOW(1), 8));
	EXPECT_FAULT(probe_load, PF, ERROR_P | ERROR_RSVD, WINDOW(1));
}

TEST_F(memory, large_page_where_none_can_be)
{
	uint64_t *top = (uint64_t *)(self->vm.mem + GUEST_TABLES);

	top[1] = (GUEST_TABLES + PAGE) | LARGE | P | W;
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, 1ull << 39, 8));
	EXPECT_FAULT(probe_load, PF, ERROR_P | ERROR_RSVD, 1ull << 39);
}

TEST_F(memory, not_canonical)
{
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, 1ull << 47, 8));
	EXPECT_FAULT(probe_load, GP, 0, 0);
}

TEST_F(memory, accessed_and_dirty)
{
	uint64_t *directory = (uint64_t *)(self->vm.mem + DIRECTORY);
	uint64_t *upper = (uint64_t *)(self->vm.mem + GUEST_TABLES + PAGE);

	self->table[0] = GUEST_SPARE | P | W;
	self->table[1] = GUEST_SPARE | P;
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	ASSERT_EQ(ZX_OK, get(self, WINDOW(0), 8));
	EXPECT_EQ(GUEST_SPARE | P | W | A, self->table[0]);
	EXPECT_EQ(TABLE | P | W | U | A, directory[0]);
	EXPECT_EQ(DIRECTORY | P | W | U | A, upper[1]);
	ASSERT_EQ(ZX_OK, put(self, WINDOW(0), 8));
	EXPECT_EQ(GUEST_SPARE | P | W | A | D, self->table[0]);
	EXPECT_EQ(TABLE | P | W | U | A, directory[0]);
	ASSERT_EQ(ZX_ERR_CANCELED, put(self, WINDOW(1), 8));
	EXPECT_EQ(0, self->table[1] & D);
}

TEST_F(memory, trap)
{
	self->table[0] = GUEST_SPARE | P | W;
	self->table[1] = GUEST_TRAP | P | W;
	memset(self->bytes, 0x77, 16);
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_UNAVAILABLE, get(self, WINDOW(1) + 0x123, 4));
	EXPECT_EQ(GUEST_TRAP + 0x123, self->gpa);
	EXPECT_EQ(ZX_ERR_UNAVAILABLE, put(self, WINDOW(1) - 6, 16));
	EXPECT_EQ(GUEST_TRAP, self->gpa);
	EXPECT_EQ(0, self->spare[PAGE - 6]);
	EXPECT_EQ(ZX_OK, get(self, WINDOW(0), 4));
}

TEST_F(memory, page_table_in_a_trap)
{
	uint64_t *upper = (uint64_t *)(self->vm.mem + GUEST_TABLES + PAGE);

	upper[2] = GUEST_TRAP | P | W;
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, get(self, 2ull << 30, 4));
}

TEST_F(memory, nothing_mapped)
{
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, get(self, GUEST_HOLE + 5, 4));
	EXPECT_EQ(GUEST_HOLE + 5, self->gpa);
}

TEST_F(memory, mapped_read_only)
{
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC,
				     GUEST_WINDOW, self->vm.vmo, GUEST_SPARE, PAGE, &addr));
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	EXPECT_EQ(ZX_OK, get(self, GUEST_WINDOW, 4));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, put(self, GUEST_WINDOW + 9, 4));
	EXPECT_EQ(GUEST_WINDOW + 9, self->gpa);
}

TEST_F(memory, beyond_the_space)
{
	self->table[0] = (1ull << 47) | P | W;
	ASSERT_EQ(ZX_OK, start(self, probe_load));
	/* Where such an address is not physical at all, the entry is reserved. */
	EXPECT_NE(ZX_OK, get(self, WINDOW(0), 4));
}

TEST_F(memory, user_space_scribbles_on_the_page)
{
	struct zx_vcpu_page *page;

	ASSERT_EQ(ZX_OK, start(self, probe_load));
	page = zxl_vcpu_page(self->vm.vcpu);
	memset((char *)page + offsetof(struct zx_vcpu_page, packet), 0xff,
	       PAGE - offsetof(struct zx_vcpu_page, packet));
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, WINDOW(3), 4));
	EXPECT_FAULT(probe_load, PF, 0, WINDOW(3));
}

/* Another thread takes the page away and brings it back all the time. */
static void change_mappings(struct later *later)
{
	struct vm *vm = later->arg;
	zx_vaddr_t addr;
	unsigned int i;

	for (i = 0; i < 300; i++) {
		zx_vmar_map(vm->vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC,
			    GUEST_WINDOW, vm->vmo, GUEST_SPARE, PAGE, &addr);
		zx_vmar_unmap(vm->vmar, GUEST_WINDOW, PAGE);
	}
	*later->flag = 0;
}

TEST_F(memory, mappings_change_meanwhile)
{
	volatile uint64_t going = 1;
	struct later later = { .call = change_mappings, .arg = &self->vm, .flag = &going };
	zx_status_t status = ZX_OK;

	ASSERT_EQ(ZX_OK, start(self, probe_load));
	ASSERT_EQ(0, later_start(&later));
	while (going && (status == ZX_OK || status == ZX_ERR_NOT_FOUND))
		status = put(self, GUEST_WINDOW, 64);
	later_join(&later);
	EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_NOT_FOUND);
}

TEST_F(memory, real_mode)
{
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_LOW_TRAP,
					   PAGE, ZX_HANDLE_INVALID, 9));
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, start(self, ap_real_store));
	self->spare[1] = 0x5a;
	ASSERT_EQ(ZX_OK, get(self, (1ull << 32) + GUEST_SPARE, 2));
	EXPECT_EQ(0x5a, self->bytes[1]);
	EXPECT_EQ(GUEST_LOW_TRAP, system_of(self).ds.base);
	EXPECT_EQ(GUEST_LOW_TRAP >> 4, system_of(self).ds.selector);
	EXPECT_EQ(0, system_of(self).cr0 & 1);
}

#define CR4_PSE		0x10
#define CR4_PAE		0x20

TEST_F(memory, tables_of_32_bits)
{
	uint32_t *tables = (uint32_t *)(self->vm.mem + GUEST_BUFFER);
	unsigned int i;

	for (i = 0; i < 1024; i++)
		tables[i] = i << 22 | LARGE | P | W;
	tables[GUEST_MAPPED >> 22] = (GUEST_BUFFER + PAGE) | P | W;
	tables[1024 + 1] = GUEST_SPARE | P;
	vm_frame(&self->vm)->rax = CR4_PSE;
	vm_frame(&self->vm)->rbx = GUEST_BUFFER;
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, start(self, legacy_load));
	self->spare[3] = 0x5a;
	EXPECT_EQ(ZX_OK, get(self, GUEST_SPARE, 4));
	EXPECT_EQ(0x5a, self->bytes[3]);
	self->bytes[3] = 0;
	EXPECT_EQ(ZX_OK, get(self, WINDOW(1), 4));
	EXPECT_EQ(0x5a, self->bytes[3]);
	EXPECT_EQ(GUEST_SPARE | P | A, tables[1024 + 1]);
	EXPECT_EQ(ZX_OK, put(self, GUEST_SPARE, 4));
	EXPECT_EQ(LARGE | P | W | A | D, tables[0]);
	EXPECT_EQ(ZX_ERR_CANCELED, put(self, WINDOW(1), 4));
	EXPECT_EQ(WINDOW(1), system_of(self).cr2);
	EXPECT_EQ(insn_at(legacy_load), system_of(self).rip);
}

/* PSE-36 has bits of the address there, but for this one. */
TEST_F(memory, reserved_bit_in_tables_of_32_bits)
{
	uint32_t *tables = (uint32_t *)(self->vm.mem + GUEST_BUFFER);
	unsigned int i;

	for (i = 0; i < 1024; i++)
		tables[i] = i << 22 | LARGE | P | W;
	tables[512] |= 1u << 21;
	vm_frame(&self->vm)->rax = CR4_PSE;
	vm_frame(&self->vm)->rbx = GUEST_BUFFER;
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, start(self, legacy_load));
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, 512u << 22, 4));
	EXPECT_EQ(512u << 22, system_of(self).cr2);
}

static zx_status_t start_pae(struct _test_data_memory *self)
{
	uint64_t *tables = (uint64_t *)(self->vm.mem + GUEST_BUFFER);
	unsigned int i;

	memset(tables, 0, 2 * PAGE);
	tables[0] = (GUEST_BUFFER + PAGE) | P;
	tables[3] = (GUEST_BUFFER + PAGE) | P;
	for (i = 0; i < 512; i++)
		tables[512 + i] = (uint64_t)i << 21 | LARGE | P | W;
	vm_frame(&self->vm)->rax = CR4_PAE;
	vm_frame(&self->vm)->rbx = GUEST_BUFFER;
	return vm_park_first(&self->vm) ?: start(self, legacy_load);
}

TEST_F(memory, tables_of_pae)
{
	uint64_t *tables = (uint64_t *)(self->vm.mem + GUEST_BUFFER);

	ASSERT_EQ(ZX_OK, start_pae(self));
	self->spare[3] = 0x5a;
	EXPECT_EQ(ZX_OK, get(self, 0xc0000000 + GUEST_SPARE, 4));
	EXPECT_EQ(0x5a, self->bytes[3]);
	EXPECT_EQ((GUEST_BUFFER + PAGE) | P, tables[3]);
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, 0x80000000, 4));
	EXPECT_EQ(0x80000000, system_of(self).cr2);
}

TEST_F(memory, reserved_bit_in_tables_of_pae)
{
	uint64_t *tables = (uint64_t *)(self->vm.mem + GUEST_BUFFER);

	ASSERT_EQ(ZX_OK, start_pae(self));
	tables[512 + 5] |= 1ull << 52;
	EXPECT_EQ(ZX_ERR_CANCELED, get(self, 5u << 21, 4));
	EXPECT_EQ(5u << 21, system_of(self).cr2);
}

TEST_HARNESS_MAIN
