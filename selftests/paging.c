// SPDX-License-Identifier: GPL-2.0-only
/*
 * A store to a trap whose code lies on two pages, under each kind of page tables
 * that 32-bit code can have. decode.c has those of 64-bit mode.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define PTE		0x3ull		/* present, writable */
#define PTE_LARGE	0x80ull
#define CR4_PSE		0x10
#define CR4_PAE		0x20
#define PART		3		/* bytes of the store on the first page */

/* movl $0x85667788, GUEST_TRAP + 0x10; out %al, $GUEST_PORT_ROW */
static const char code[] = "\xc7\x05\x10\x00\x00\x10\x88\x77\x66\x85\xe6\xe0";
#define STORE_LEN	10

FIXTURE(paging) {
	struct vm vm;
	zx_port_packet_t packet;
};

FIXTURE_VARIANT(paging) {
	uint32_t cr4;
	bool wide;		/* entries of 8 bytes, three levels */
	bool large;		/* the code's page */
	bool marked;		/* as large, which means nothing without PSE */
};

FIXTURE_VARIANT_ADD(paging, two_levels) { .cr4 = 0 };
FIXTURE_VARIANT_ADD(paging, two_levels_without_4m_pages) { .cr4 = 0, .marked = true };
FIXTURE_VARIANT_ADD(paging, two_levels_with_4m_pages) { .cr4 = CR4_PSE, .large = true };
FIXTURE_VARIANT_ADD(paging, three_levels) { .cr4 = CR4_PAE, .wide = true };
FIXTURE_VARIANT_ADD(paging, three_levels_with_2m_pages) {
	.cr4 = CR4_PAE, .wide = true, .large = true };

FIXTURE_SETUP(paging)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_IO, GUEST_PORT_ROW, 1,
					   ZX_HANDLE_INVALID, KEY_PORTS));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
}

FIXTURE_TEARDOWN(paging)
{
	vm_down(&self->vm);
}

/* Tables from GUEST_SPARE on: the top, then one after the other. */
struct tables {
	struct vm *vm;
	bool wide;
	uint64_t mark;		/* bits of the entries above the last level */
	uint64_t free;
};

static void set_entry(struct tables *tables, uint64_t table, unsigned int index, uint64_t value)
{
	const size_t size = tables->wide ? 8 : 4;

	memcpy(tables->vm->mem + table + index * size, &value, size);
}

static uint64_t new_table(struct tables *tables)
{
	const uint64_t table = tables->free;

	tables->free += PAGE;
	memset(tables->vm->mem + table, 0, PAGE);
	return table;
}

/* The page tables' page for the megabytes around @addr. */
static uint64_t leaf_table(struct tables *tables, uint64_t directory, uint64_t addr)
{
	const uint64_t table = new_table(tables);

	set_entry(tables, directory, tables->wide ? addr >> 21 & 511 : addr >> 22,
		  table | PTE | tables->mark);
	return table;
}

static void map_code(struct tables *tables, uint64_t directory, bool large)
{
	uint64_t table;

	/* Around it lies what is at 0, the code in it like there. */
	if (large) {
		set_entry(tables, directory,
			  tables->wide ? GUEST_WINDOW >> 21 & 511 : GUEST_WINDOW >> 22,
			  PTE | PTE_LARGE);
		return;
	}
	table = leaf_table(tables, directory, GUEST_WINDOW);
	set_entry(tables, table, GUEST_DECODE_CODE >> 12, GUEST_DECODE_CODE | PTE);
	set_entry(tables, table, (GUEST_DECODE_CODE >> 12) + 1, GUEST_DECODE_MORE | PTE);
}

/* Low memory and the trap where they are, the code at GUEST_WINDOW. */
static uint64_t build(struct vm *vm, bool wide, bool large, bool marked)
{
	struct tables tables = { .vm = vm, .wide = wide, .mark = marked ? PTE_LARGE : 0,
				 .free = GUEST_SPARE };
	const uint64_t top = new_table(&tables);
	const uint64_t directory = wide ? new_table(&tables) : top;
	uint64_t table;
	unsigned int i;

	/* The top entries of three levels have no bit for writing. */
	if (wide)
		set_entry(&tables, top, 0, directory | 1);
	table = leaf_table(&tables, directory, 0);
	for (i = 0; i < 512; i++)
		set_entry(&tables, table, i, i * PAGE | PTE);
	table = leaf_table(&tables, directory, GUEST_TRAP);
	set_entry(&tables, table, 0, GUEST_TRAP | PTE);
	map_code(&tables, directory, large);
	return top;
}

TEST_F(paging, code_on_two_pages)
{
	const uint64_t first = GUEST_DECODE_CODE + PAGE - PART;
	const uint64_t second = variant->large ? GUEST_DECODE_CODE + PAGE : GUEST_DECODE_MORE;
	struct guest_frame *frame = vm_frame(&self->vm);
	const zx_packet_guest_mem_t *mem = &self->packet.guest_mem;
	zxl_vcpu_access_t access;

	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	memcpy(self->vm.mem + first, code, PART);
	memcpy(self->vm.mem + second, code + PART, sizeof(code) - 1 - PART);
	frame->rbx = build(&self->vm, variant->wide, variant->large, variant->marked);
	frame->rcx = variant->cr4;
	frame->rdx = GUEST_WINDOW + first;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, ap_paging));
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
	EXPECT_EQ(GUEST_TRAP + 0x10, mem->addr);
	EXPECT_EQ(frame->rdx, mem->rip);
	EXPECT_EQ(frame->rbx, mem->cr3);
	EXPECT_EQ(STORE_LEN, mem->instruction_size);
	EXPECT_EQ(4, mem->default_operand_size);
	ASSERT_EQ(ZX_OK, zxl_vcpu_access(self->vm.vcpu, &access));
	EXPECT_TRUE(access.write);
	EXPECT_EQ(4, access.size);
	EXPECT_EQ(0x85667788, access.value);
	EXPECT_EQ(0, memcmp(code, access.instruction, STORE_LEN));
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, self->packet.type);
	EXPECT_EQ(GUEST_PORT_ROW, self->packet.guest_io.port);
}

TEST_HARNESS_MAIN
