// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel makes of an instruction that hits a MEM trap, for every row of
 * guest_decode_x86.S. The CPU is the judge: each row also runs over memory, through
 * the same linear addresses, and must leave the same registers and bytes there.
 */
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define TRAP_LEN	(2 * PAGE)
#define PTE		0x7ull		/* present, writable, user */
#define PTE_LARGE	0x80ull
#define DIRECTORY	(GUEST_TABLES + 0x2000)
/* Ends a row's code: OUT to GUEST_PORT_ROW. */
#define OUT_ROW		"\xe6\xe0"
#define FIRST_GPRS	8

FIXTURE(decode) {
	struct vm vm;
	zx_port_packet_t packet;
	zx_vcpu_state_t before;
	unsigned int at;	/* where the row's code begins, from GUEST_WINDOW */
};

static void put(struct vm *vm, uint64_t addr, uint64_t value, size_t size)
{
	memcpy(vm->mem + addr, &value, size);
}

/* Flat but for its base, 4 GiB, present, accessed. */
static uint64_t descriptor(uint64_t base, uint64_t type)
{
	return 0xffff | 0xf000000000000 | type << 40 | (base & 0xffffff) << 16 |
	       (base & 0xff000000) << 32;
}

#define DATA	0xc093ull
#define CODE_64	0xa09bull
#define CODE_32	0xc09bull
#define CODE_16	0x809bull

static void build_gdt(struct vm *vm)
{
	const uint64_t gdt[] = {
		0, descriptor(0, CODE_64), descriptor(GUEST_WINDOW, CODE_32),
		descriptor(GUEST_WINDOW, CODE_16), descriptor(GUEST_TRAP, DATA),
		descriptor(GUEST_TRAP + 0x100, DATA), descriptor(GUEST_TRAP + 0x200, DATA),
		descriptor(GUEST_TRAP + 0x300, DATA), descriptor(GUEST_TRAP + 0x400, DATA),
	};

	memcpy(vm->mem + GUEST_DECODE_GDT, gdt, sizeof(gdt));
	put(vm, GUEST_DECODE_GDTR, sizeof(gdt) - 1, 2);
	put(vm, GUEST_DECODE_GDTR + 2, GUEST_DECODE_GDT, 8);
}

/* Code has two pages that are no neighbours in memory. */
static void build_tables(struct vm *vm)
{
	memcpy(vm->mem + GUEST_DECODE_TABLES, vm->mem + GUEST_TABLES, PAGE);
	put(vm, DIRECTORY + 8 * (GUEST_WINDOW >> 21), GUEST_DECODE_PAGES | PTE, 8);
	put(vm, GUEST_DECODE_PAGES, GUEST_DECODE_CODE | PTE, 8);
	put(vm, GUEST_DECODE_PAGES + 8, GUEST_DECODE_MORE | PTE, 8);
}

/* Where the linear addresses at GUEST_TRAP lead. */
static void point_to(struct vm *vm, uint64_t addr)
{
	put(vm, DIRECTORY + 8 * (GUEST_TRAP >> 21), addr | PTE | PTE_LARGE, 8);
}

FIXTURE_SETUP(decode)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_IO, GUEST_PORT_ROW, 4,
					   ZX_HANDLE_INVALID, KEY_PORTS));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, TRAP_LEN,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	build_gdt(&self->vm);
	build_tables(&self->vm);
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, decode));
}

FIXTURE_TEARDOWN(decode)
{
	vm_down(&self->vm);
}

static bool enter_to(struct _test_data_decode *self, uint16_t port)
{
	return zx_vcpu_enter(self->vm.vcpu, &self->packet) == ZX_OK &&
	       self->packet.type == ZX_PKT_TYPE_GUEST_IO && self->packet.guest_io.port == port;
}

static void put_code(struct _test_data_decode *self, unsigned int at, const void *code, size_t len)
{
	const uint8_t *bytes = code;
	size_t i;

	for (i = 0; i < len; i++, at++)
		self->vm.mem[(at < PAGE ? GUEST_DECODE_CODE : GUEST_DECODE_MORE) + at % PAGE] =
			bytes[i];
}

/* From a row's code back to where the next begins. */
static void put_way_back(struct _test_data_decode *self, unsigned int mode, unsigned int at,
			 uint32_t next)
{
	static const uint8_t indirect[] = { 0xff, 0x2c, 0x25 }, direct[] = { 0x66, 0xea };
	const uint32_t pointer = GUEST_DECODE_FAR + 8;
	const unsigned int skip = mode == 32;

	if (mode == 64) {
		put_code(self, at, indirect, sizeof(indirect));
		put_code(self, at + sizeof(indirect), &pointer, sizeof(pointer));
		return;
	}
	put_code(self, at, direct + skip, 2 - skip);
	at += 2 - skip;
	put_code(self, at, &next, 4);
	put_code(self, at + 4, "\x08", 2);
}

/* What is at GUEST_DECODE_FAR. */
struct far {
	uint32_t code, code_selector, next, next_selector;
	uint16_t ds, es, ss;
};

static void place(struct _test_data_decode *self, const struct decode_row *row)
{
	struct far *far = (struct far *)(self->vm.mem + GUEST_DECODE_FAR);
	const uint32_t next = GUEST_ENTRY + (decode_next - decode_start);

	put_code(self, self->at, row->code, row->len);
	put_code(self, self->at + row->len, OUT_ROW, 2);
	put_way_back(self, row->mode, self->at + row->len + 2, next);
	*far = (struct far){ GUEST_WINDOW + self->at, GUEST_CODE64, next, GUEST_CODE64, 0, 0, 0 };
	if (row->mode == 64)
		return;
	far->code = self->at;
	far->code_selector = row->mode == 32 ? GUEST_DECODE_CODE32 : GUEST_DECODE_CODE16;
	far->ds = GUEST_DECODE_DS;
	far->es = GUEST_DECODE_ES;
	far->ss = GUEST_DECODE_SS;
}

static uint64_t *gpr(zx_vcpu_state_t *state, unsigned int nr)
{
	return &state->rax + nr;
}

static void set_registers(struct _test_data_decode *self, const struct decode_row *row)
{
	unsigned int i;

	memset(&self->before, 0, sizeof(self->before));
	for (i = 0; i < 16; i++)
		*gpr(&self->before, i) = 0x8877665544332211 + i * 0x0103070f1f3f7fff;
	for (i = 0; i < 2; i++)
		if (row->reg[i] < 16)
			*gpr(&self->before, row->reg[i]) = row->value[i];
	/* Flags that are written need it; it is not read. */
	self->before.rflags = 2;
}

/* All is ready for the row to run at @at; its next enter is that. */
static bool prepare(struct _test_data_decode *self, const struct decode_row *row, uint64_t memory)
{
	if (!enter_to(self, GUEST_PORT_CODE))
		return false;
	place(self, row);
	point_to(&self->vm, memory);
	if (!enter_to(self, GUEST_PORT_REGS))
		return false;
	set_registers(self, row);
	return zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_STATE, &self->before,
				   sizeof(self->before)) == ZX_OK;
}

static bool finish_row(struct _test_data_decode *self, zx_vcpu_state_t *after)
{
	return enter_to(self, GUEST_PORT_ROW) &&
	       zx_vcpu_read_state(self->vm.vcpu, ZX_VCPU_STATE, after, sizeof(*after)) == ZX_OK;
}

static uint8_t pattern(unsigned int i)
{
	return 0x80 + 7 * i + (i >> 7);
}

/* Outside of 64-bit mode the upper halves are nobody's. */
static bool same_registers(const struct decode_row *row, zx_vcpu_state_t *a, zx_vcpu_state_t *b)
{
	unsigned int i;

	if (row->mode == 64)
		return !memcmp(a, b, sizeof(*a));
	for (i = 0; i < FIRST_GPRS; i++)
		if ((uint32_t)*gpr(a, i) != (uint32_t)*gpr(b, i))
			return false;
	return true;
}

/* Of a far pointer either part may be read first: the selector is the second one. */
static bool at_far_selector(const struct decode_row *row, uint64_t offset)
{
	return !strncmp(row->text, "les", 3) && offset == row->mode / 8;
}

static const char *check_packet(struct _test_data_decode *self, const struct decode_row *row)
{
	const zx_packet_guest_mem_t *mem = &self->packet.guest_mem;
	const uint64_t rip = self->at + (row->mode == 64 ? GUEST_WINDOW : 0);
	unsigned int offset = row->offset;

	if (row->rip)
		offset += self->at - GUEST_DECODE_AT;
	if (self->packet.type != ZX_PKT_TYPE_GUEST_MEM || self->packet.key != KEY_TRAP)
		return "no packet";
	if (mem->addr != GUEST_TRAP + offset &&
	    !at_far_selector(row, mem->addr - GUEST_TRAP - offset))
		return "address";
	if (mem->rip != rip || vm_page(&self->vm)->rip != rip + row->len)
		return "RIP";
	if (mem->cr3 != GUEST_DECODE_TABLES)
		return "CR3";
	if (mem->instruction_size != row->len)
		return "instruction size";
	if (mem->default_operand_size != (row->mode == 16 ? 2 : 4))
		return "default operand size";
	return NULL;
}

static const char *check_access(struct _test_data_decode *self, const struct decode_row *row,
				zxl_vcpu_access_t *access)
{
	const zx_status_t status = zxl_vcpu_access(self->vm.vcpu, access);

	if (access->instruction_size != row->len ||
	    memcmp(access->instruction, row->code, row->len))
		return "instruction";
	if (row->kind == DECODE_OTHER)
		return status == ZX_ERR_NOT_SUPPORTED ? NULL : "decoded";
	if (status != ZX_OK)
		return "not decoded";
	if (access->write != (row->kind == DECODE_STORE) || access->size != row->size)
		return "direction or size";
	return NULL;
}

/* The row over the trap; what it does to memory is done to @bytes. */
static const char *run_trapped(struct _test_data_decode *self, const struct decode_row *row,
			       uint8_t *bytes, zx_vcpu_state_t *after)
{
	zxl_vcpu_access_t access;
	const char *what;
	uint64_t value = 0;

	if (!prepare(self, row, GUEST_TRAP) || zx_vcpu_enter(self->vm.vcpu, &self->packet))
		return "status";
	what = check_packet(self, row) ?: check_access(self, row, &access);
	if (what)
		return what;
	if (row->kind == DECODE_STORE)
		memcpy(bytes + access.addr - GUEST_TRAP, &access.value, row->size);
	/* What lies above the access is to be ignored. */
	memset(&value, 0xa5, sizeof(value));
	memcpy(&value, bytes + access.addr - GUEST_TRAP, row->size);
	if (row->kind == DECODE_LOAD && zxl_vcpu_access_finish(self->vm.vcpu, value))
		return "finish";
	return finish_row(self, after) ? NULL : "not behind it";
}

static const char *run_row(struct _test_data_decode *self, const struct decode_row *row,
			   unsigned int at)
{
	uint8_t *memory = self->vm.mem + GUEST_SPARE, bytes[TRAP_LEN + 8];
	zx_vcpu_state_t trapped, direct;
	const char *what;
	unsigned int i;

	self->at = at;
	for (i = 0; i < TRAP_LEN + 8; i++)
		bytes[i] = memory[i] = pattern(i);
	what = run_trapped(self, row, bytes, &trapped);
	if (what)
		return what;
	if (row->kind == DECODE_OTHER) {
		trapped.rflags |= 2;
		return same_registers(row, &trapped, &self->before) ? NULL : "registers";
	}
	if (!prepare(self, row, GUEST_SPARE) || !finish_row(self, &direct))
		return "over memory";
	if (!same_registers(row, &trapped, &direct))
		return "registers";
	return memcmp(bytes, memory, TRAP_LEN) ? "memory" : NULL;
}

static bool good(struct _test_data_decode *self, const struct decode_row *row, unsigned int at)
{
	const char *what = run_row(self, row, at);

	if (what)
		fprintf(stderr, "# %s in %u-bit code at %#x: %s\n", row->text, row->mode, at, what);
	return !what;
}

#define for_each_row(row) \
	for ((row) = decode_rows; (row) < decode_rows_end; (row)++)

/* A row that went wrong may have left the VCPU anywhere, so it is the last one. */
static unsigned int run_mode(struct _test_data_decode *self, unsigned int mode)
{
	const struct decode_row *row;
	unsigned int count = 0;

	for_each_row(row) {
		if (row->mode != mode)
			continue;
		if (!good(self, row, GUEST_DECODE_AT))
			return 0;
		count++;
	}
	return count;
}

TEST_F(decode, every_form_in_64_bit_code)
{
	EXPECT_LT(100, run_mode(self, 64));
}

TEST_F(decode, every_form_in_32_bit_code)
{
	EXPECT_LT(50, run_mode(self, 32));
}

TEST_F(decode, every_form_in_16_bit_code)
{
	EXPECT_LT(40, run_mode(self, 16));
}

/* Each form with each of its bytes as the first on the second page. */
static unsigned int run_across(struct _test_data_decode *self, unsigned int mode)
{
	const struct decode_row *row;
	unsigned int count = 0, part;

	for_each_row(row) {
		if (row->mode != mode)
			continue;
		for (part = 1; part < row->len; part++, count++)
			if (!good(self, row, PAGE - part))
				return 0;
	}
	return count;
}

TEST_F(decode, across_pages_in_64_bit_code)
{
	EXPECT_LT(300, run_across(self, 64));
}

TEST_F(decode, across_pages_in_32_bit_code)
{
	EXPECT_LT(150, run_across(self, 32));
}

TEST_F(decode, across_pages_in_16_bit_code)
{
	EXPECT_LT(100, run_across(self, 16));
}

/* The last of an instruction's bytes can stand at the end of what is mapped. */
TEST_F(decode, at_the_end_of_a_page_with_nothing_behind)
{
	struct decode_row row = decode_rows[0];

	/* The way back stands at the page's end, so that the load ends right before. */
	ASSERT_EQ(64, row.mode);
	put(&self->vm, GUEST_DECODE_PAGES + 8, 0, 8);
	ASSERT_TRUE(good(self, &row, PAGE - row.len - 2 - 7));
}

/* Run @len bytes of @code over the trap; they are to end in an exception. */
static bool faults(struct _test_data_decode *self, const char *code, size_t len, unsigned int at,
		   uint64_t vector)
{
	struct decode_row row = { .mode = 64, .len = len, .reg = { 3, 4 } };
	const struct guest_frame *frame = vm_frame(&self->vm);

	row.value[0] = GUEST_TRAP;
	row.value[1] = GUEST_STACK;
	memcpy(row.code, code, len < sizeof(row.code) ? len : sizeof(row.code));
	self->at = at;
	return prepare(self, &row, GUEST_TRAP) && enter_to(self, GUEST_PORT_DONE) &&
	       frame->fault == vector && frame->rip == GUEST_WINDOW + at;
}

TEST_F(decode, rest_on_a_page_that_is_not_present_is_the_guests_fault)
{
	put(&self->vm, GUEST_DECODE_PAGES + 8, 0, 8);
	EXPECT_TRUE(faults(self, "\x8b\x83\x00\x01\x00\x00", 6, PAGE - 3, 14));
}

/* LOCK does not suit MOV. A CPU that does not mind gets no further than a packet. */
static bool lock_is_refused(struct _test_data_decode *self, const char *code)
{
	zxl_vcpu_access_t access;

	if (faults(self, code, 3, GUEST_DECODE_AT, 6))
		return true;
	return self->packet.type == ZX_PKT_TYPE_GUEST_MEM &&
	       zxl_vcpu_access(self->vm.vcpu, &access) == ZX_ERR_NOT_SUPPORTED;
}

TEST_F(decode, lock_of_a_load_is_refused)
{
	EXPECT_TRUE(lock_is_refused(self, "\xf0\x8b\x03"));
}

TEST_F(decode, lock_of_a_store_is_refused)
{
	EXPECT_TRUE(lock_is_refused(self, "\xf0\x89\x03"));
}

/* Fourteen prefixes leave one byte, and MOV has two. */
TEST_F(decode, sixteen_bytes_are_the_guests_fault)
{
	EXPECT_TRUE(faults(self, "\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x8b", 15,
			   GUEST_DECODE_AT, 13));
}

TEST_HARNESS_MAIN
