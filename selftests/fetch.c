// SPDX-License-Identifier: GPL-2.0-only
/*
 * An instruction that exits again at the same address, but is another one by then:
 * its bytes were written, its page moved, or what leads to the page says otherwise. And
 * where the next one is.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define PTE		0x7ull		/* present, writable, user */
#define PTE_LARGE	0x80ull
#define LEVELS		4
#define LINEAR		(1ull << 39)	/* the top table's second entry */
#define AT		0x10

/* Each way has a table per level, the lowest first, and the page of the code. */
#define WAYS		0x40000ull
#define WAY		0x8000ull
#define TABLE(way, level)	(WAYS + (way) * WAY + (level) * PAGE)
#define CODE(way)		TABLE(way, LEVELS)

/* Either goes on in what is the other one's by then, where a RET follows as well. */
static const struct {
	char code[4];
	unsigned int len;
} insns[] = {
	{ "\x88\x07\xc3\xc3", 2 },		/* mov %al, (%rdi); ret; ret */
	{ "\xc6\x07\x90\xc3", 3 },		/* movb $0x90 (a NOP), (%rdi); ret */
};

static void put(struct vm *vm, uint64_t table, unsigned int index, uint64_t value)
{
	memcpy(vm->mem + table + 8 * index, &value, sizeof(value));
}

/* What @table's entry for the code says: the next table of @way, or its code. */
static void lead(struct vm *vm, uint64_t table, unsigned int level, unsigned int way)
{
	const uint64_t to = level ? TABLE(way, level - 1) : CODE(way);

	put(vm, table, level == LEVELS - 1 ? 1 : 0, to | PTE);
}

static void build(struct vm *vm)
{
	unsigned int way, level;

	for (way = 0; way < 2; way++) {
		memset(vm->mem + TABLE(way, 0), 0, WAY);
		memcpy(vm->mem + TABLE(way, LEVELS - 1), vm->mem + GUEST_TABLES, PAGE);
		for (level = 0; level < LEVELS; level++)
			lead(vm, TABLE(way, level), level, way);
		memcpy(vm->mem + CODE(way) + AT, insns[way].code, sizeof(insns[way].code));
	}
	vm_frame(vm)->rbx = TABLE(0, LEVELS - 1);
	vm_frame(vm)->rdx = LINEAR + AT;
}

FIXTURE(fetch) {
	struct vm vm;
	zx_handle_t vmo;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(fetch)
{
	self->vmo = ZX_HANDLE_INVALID;
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	build(&self->vm);
}

FIXTURE_TEARDOWN(fetch)
{
	if (self->vmo != ZX_HANDLE_INVALID)
		zx_handle_close(self->vmo);
	vm_down(&self->vm);
}

/* Enter; is it that instruction which stored? */
static bool stores(struct _test_data_fetch *self, unsigned int way)
{
	const zx_packet_guest_mem_t *mem = &self->packet.guest_mem;
	zxl_vcpu_access_t access;

	return zx_vcpu_enter(self->vm.vcpu, &self->packet) == ZX_OK &&
	       self->packet.type == ZX_PKT_TYPE_GUEST_MEM && mem->rip == LINEAR + AT &&
	       mem->addr == GUEST_TRAP &&
	       mem->instruction_size == insns[way].len &&
	       mem->cr3 == vm_frame(&self->vm)->rbx &&
	       zxl_vcpu_access(self->vm.vcpu, &access) == ZX_OK &&
	       access.size == 1 &&
	       !memcmp(access.instruction, insns[way].code, insns[way].len);
}

/* The code is that of one way twice, then that of the other, and so on, as @turn to @way has it. */
static void take_turns(struct __test_metadata *_metadata, struct _test_data_fetch *self,
		       void (*turn)(struct _test_data_fetch *self, unsigned int way))
{
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, fetch));
	for (i = 0; i < 8; i++) {
		ASSERT_TRUE(stores(self, i / 2 % 2));
		turn(self, (i + 1) / 2 % 2);
	}
}

static void write_bytes(struct _test_data_fetch *self, unsigned int way)
{
	memcpy(self->vm.mem + CODE(0) + AT, insns[way].code, sizeof(insns[way].code));
}

TEST_F(fetch, bytes_were_written)
{
	take_turns(_metadata, self, write_bytes);
}

static void write_last(struct _test_data_fetch *self, unsigned int way)
{
	lead(&self->vm, TABLE(0, 0), 0, way);
}

TEST_F(fetch, last_entry_is_another)
{
	take_turns(_metadata, self, write_last);
}

static void write_second(struct _test_data_fetch *self, unsigned int way)
{
	lead(&self->vm, TABLE(0, 1), 1, way);
}

TEST_F(fetch, second_entry_is_another)
{
	take_turns(_metadata, self, write_second);
}

static void write_third(struct _test_data_fetch *self, unsigned int way)
{
	lead(&self->vm, TABLE(0, 2), 2, way);
}

TEST_F(fetch, third_entry_is_another)
{
	take_turns(_metadata, self, write_third);
}

static void write_top(struct _test_data_fetch *self, unsigned int way)
{
	lead(&self->vm, TABLE(0, 3), 3, way);
}

TEST_F(fetch, top_entry_is_another)
{
	take_turns(_metadata, self, write_top);
}

static void load_cr3(struct _test_data_fetch *self, unsigned int way)
{
	vm_frame(&self->vm)->rbx = TABLE(way, LEVELS - 1);
}

TEST_F(fetch, cr3_is_another)
{
	take_turns(_metadata, self, load_cr3);
}

static void write_large(struct _test_data_fetch *self, unsigned int way)
{
	if (way)
		put(&self->vm, TABLE(0, 1), 0, GUEST_SPARE | PTE | PTE_LARGE);
	else
		lead(&self->vm, TABLE(0, 1), 1, 0);
}

TEST_F(fetch, large_page_becomes_small_ones)
{
	memcpy(self->vm.mem + GUEST_SPARE + AT, insns[1].code, sizeof(insns[1].code));
	take_turns(_metadata, self, write_large);
}

static zx_status_t map_page(struct _test_data_fetch *self, unsigned int page)
{
	zx_vaddr_t addr;

	return zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE |
			   ZX_VM_SPECIFIC, GUEST_MAPPED, self->vmo, page * PAGE, PAGE, &addr);
}

/* If it fails, the next store is of another kind. */
static void map_other(struct _test_data_fetch *self, unsigned int way)
{
	zx_vmar_unmap(self->vm.vmar, GUEST_MAPPED, PAGE);
	map_page(self, way);
}

TEST_F(fetch, host_maps_another_page)
{
	unsigned int i;

	put(&self->vm, TABLE(0, 0), 0, GUEST_MAPPED | PTE);
	ASSERT_EQ(ZX_OK, vmo_executable(2 * PAGE, &self->vmo));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, insns[i].code, i * PAGE + AT,
					      sizeof(insns[i].code)));
	ASSERT_EQ(ZX_OK, map_page(self, 0));
	take_turns(_metadata, self, map_other);
}

/*
 * EIP has 32 bits: behind an instruction that ends with its last value comes 0, which is
 * where the segment begins, also when the CPU left it to us to step over the instruction.
 */
#define WRAP_GDT	GUEST_BUFFER
#define WRAP_GDTR	(GUEST_BUFFER + 0x40)
#define WRAP_FAR	(GUEST_BUFFER + 0x50)
#define WRAP_CODE	(GUEST_BUFFER + 0x800)
#define WRAP_PORT	0xe0
#define WRAP_BYTES	2		/* of what stands at 0: OUT to the port */

FIXTURE(wrap) {
	struct vm vm;
};

FIXTURE_VARIANT(wrap) {
	const char *code;
	size_t len;
	uint32_t packet;	/* that it ends the enter with, or 0 */
};

#define WRAP(name, bytes, packet_) \
	FIXTURE_VARIANT_ADD(wrap, name) { \
		.code = bytes, .len = sizeof(bytes) - 1, .packet = packet_ }

WRAP(out, "\xe6\xe1", ZX_PKT_TYPE_GUEST_IO);
WRAP(in, "\xe5\xe1", ZX_PKT_TYPE_GUEST_IO);
WRAP(cpuid, "\x0f\xa2", 0);
WRAP(store, "\xa3\x00\x00\x00\x10", ZX_PKT_TYPE_GUEST_MEM);

static void put_at(struct vm *vm, uint64_t addr, uint64_t value, size_t size)
{
	memcpy(vm->mem + addr, &value, size);
}

/* The end of a segment, and its beginning, stand at WRAP_CODE. */
static void lay_out_wrap(struct vm *vm, const char *code, size_t len)
{
	const uint64_t base = WRAP_CODE + len;

	put_at(vm, WRAP_GDT + GUEST_CODE64, 0xaf9b000000ffff, 8);
	put_at(vm, WRAP_GDT + GUEST_DATA, 0xcf93000000ffff, 8);
	put_at(vm, WRAP_GDT + GUEST_CODE32, 0xcf9b000000ffff | base << 16, 8);
	put_at(vm, WRAP_GDTR, GUEST_CODE32 + 7, 2);
	put_at(vm, WRAP_GDTR + 2, WRAP_GDT, 8);
	put_at(vm, WRAP_FAR, (uint32_t)-len, 4);
	put_at(vm, WRAP_FAR + 4, GUEST_CODE32, 2);
	memcpy(vm->mem + WRAP_CODE, code, len);
	put_at(vm, WRAP_CODE + len, 0xe0e6, WRAP_BYTES);
}

FIXTURE_SETUP(wrap)
{
	/* LGDT, DS made flat, a jump far. */
	static const char way[] = "\x0f\x01\x14\x25\x40\x00\x02\x00\xb8\x10\x00\x00\x00\x8e\xd8"
				  "\xff\x2c\x25\x50\x00\x02\x00";

	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_IO, WRAP_PORT, 2,
					   ZX_HANDLE_INVALID, KEY_PORTS));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	vm_load(&self->vm, probe_bytes_start, probe_bytes_end);
	memcpy(self->vm.mem + insn_at(probe_bytes), way, sizeof(way) - 1);
	lay_out_wrap(&self->vm, variant->code, variant->len);
	ASSERT_EQ(ZX_OK, vm_vcpu(&self->vm));
}

FIXTURE_TEARDOWN(wrap)
{
	vm_down(&self->vm);
}

TEST_F(wrap, goes_on_at_zero)
{
	zx_port_packet_t packet;
	uint64_t rip = 1;

	if (variant->packet) {
		ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &packet));
		EXPECT_EQ(variant->packet, packet.type);
		ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_RIP, &rip,
						    sizeof(rip)));
		EXPECT_EQ(0, rip);
	}
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &packet));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_IO, packet.type);
	EXPECT_EQ(WRAP_PORT, packet.guest_io.port);
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_RIP, &rip, sizeof(rip)));
	EXPECT_EQ(WRAP_BYTES, rip);
}

TEST_HARNESS_MAIN
