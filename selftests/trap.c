// SPDX-License-Identifier: GPL-2.0-only
/* MEM and IO traps at work: what the packets hold, and who wins over whom. */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)

FIXTURE(trap) {
	struct vm vm;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(trap)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
}

FIXTURE_TEARDOWN(trap)
{
	vm_down(&self->vm);
}

static zx_status_t enter(struct _test_data_trap *self)
{
	return zx_vcpu_enter(self->vm.vcpu, &self->packet);
}

/* Boot the probe @name with RDI = @addr and enter. */
#define start_at(self, name, addr) \
	(vm_frame(&(self)->vm)->rdi = (addr), vm_boot(&(self)->vm, name) ?: enter(self))

TEST_F(trap, out_of_each_size)
{
	const uint32_t data[] = { 0x11, 0x2211, 0x44332211 };
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, out_sizes));
	for (i = 0; i < 3; i++) {
		memset(&self->packet, 0xff, sizeof(self->packet));
		ASSERT_EQ(ZX_OK, enter(self));
		EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, self->packet.type);
		EXPECT_EQ(KEY_PORTS, self->packet.key);
		EXPECT_EQ(ZX_OK, self->packet.status);
		EXPECT_EQ(GUEST_PORT_MARK, self->packet.guest_io.port);
		EXPECT_EQ(1 << i, self->packet.guest_io.access_size);
		EXPECT_FALSE(self->packet.guest_io.input);
		EXPECT_EQ(data[i], self->packet.guest_io.u32);
		EXPECT_EQ(0, self->packet.guest_io.reserved0 | self->packet.guest_io.reserved1 |
			  self->packet.guest_io.reserved2);
	}
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(trap, shared_page_has_the_packet)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, out_sizes));
	ASSERT_EQ(ZX_OK, enter(self));
	EXPECT_EQ(0, memcmp(&self->packet, &vm_page(&self->vm)->packet, sizeof(self->packet)));
	EXPECT_EQ(ZX_VCPU_REASON_PACKET, vm_page(&self->vm)->reason);
	EXPECT_EQ(ZX_OK, vm_page(&self->vm)->status);
}

/* One input of @size: the packet, an answer of @answer, RAX in the end. */
static zx_status_t input(struct _test_data_trap *self, const char *start, const char *end,
			 uint8_t size, uint32_t answer)
{
	zx_vcpu_io_t io = { .access_size = size, .u32 = answer };
	zx_status_t status;

	vm_frame(&self->vm)->rax = 0x8877665544332211;
	vm_frame(&self->vm)->rdx = GUEST_PORT_MARK;
	vm_load(&self->vm, start, end);
	status = vm_vcpu(&self->vm) ?: enter(self);
	if (status != ZX_OK)
		return status;
	if (self->packet.type != ZX_PKT_TYPE_GUEST_IO || !self->packet.guest_io.input ||
	    self->packet.guest_io.access_size != size || self->packet.guest_io.u32 ||
	    self->packet.guest_io.port != GUEST_PORT_MARK)
		return ZX_ERR_INTERNAL;
	return zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_IO, &io, sizeof(io)) ?:
		vm_finish(&self->vm);
}

TEST_F(trap, in_of_one_byte)
{
	ASSERT_EQ(ZX_OK, input(self, probe_in8_start, probe_in8_end, 1, 0xddccbbaa));
	EXPECT_EQ(0x88776655443322aa, vm_frame(&self->vm)->rax);
}

TEST_F(trap, in_of_two_bytes)
{
	ASSERT_EQ(ZX_OK, input(self, probe_in16_start, probe_in16_end, 2, 0xddccbbaa));
	EXPECT_EQ(0x887766554433bbaa, vm_frame(&self->vm)->rax);
}

TEST_F(trap, in_of_four_bytes_clears_the_upper_half)
{
	ASSERT_EQ(ZX_OK, input(self, probe_in32_start, probe_in32_end, 4, 0xddccbbaa));
	EXPECT_EQ(0xddccbbaa, vm_frame(&self->vm)->rax);
}

TEST_F(trap, in_that_is_not_answered)
{
	vm_frame(&self->vm)->rax = 0x8877665544332211;
	vm_frame(&self->vm)->rdx = GUEST_PORT_MARK;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, probe_in8));
	ASSERT_EQ(ZX_OK, enter(self));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0x8877665544332211, vm_frame(&self->vm)->rax);
}

TEST_F(trap, port_without_a_trap)
{
	vm_frame(&self->vm)->rdx = GUEST_PORT_UNTRAPPED;
	ASSERT_EQ(ZX_ERR_NOT_FOUND, vm_boot(&self->vm, probe_out32) ?: enter(self));
	EXPECT_EQ(ZX_VCPU_REASON_PORT, vm_page(&self->vm)->reason);
	EXPECT_EQ(GUEST_PORT_UNTRAPPED, vm_page(&self->vm)->addr);
	EXPECT_EQ(insn_at(probe_out32), vm_page(&self->vm)->rip);
	EXPECT_EQ(ZX_ERR_NOT_FOUND, enter(self));
}

TEST_F(trap, port_trapped_later)
{
	vm_frame(&self->vm)->rax = 5;
	vm_frame(&self->vm)->rdx = GUEST_PORT_UNTRAPPED;
	ASSERT_EQ(ZX_ERR_NOT_FOUND, vm_boot(&self->vm, probe_out32) ?: enter(self));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_IO,
					   GUEST_PORT_UNTRAPPED, 1, ZX_HANDLE_INVALID, 9));
	ASSERT_EQ(ZX_OK, enter(self));
	EXPECT_EQ(9, self->packet.key);
	EXPECT_EQ(5, self->packet.guest_io.u32);
}

TEST_F(trap, port_0xffff)
{
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_IO, 0xffff, 1,
					   ZX_HANDLE_INVALID, 9));
	vm_frame(&self->vm)->rdx = 0xffff;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, probe_in8) ?: enter(self));
	EXPECT_EQ(9, self->packet.key);
	EXPECT_EQ(0xffff, self->packet.guest_io.port);
}

TEST_F(trap, access_that_leaves_the_trap_belongs_to_its_first_port)
{
	vm_frame(&self->vm)->rdx = GUEST_PORTS + GUEST_PORTS_LEN - 1;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, probe_out32) ?: enter(self));
	EXPECT_EQ(KEY_PORTS, self->packet.key);
	EXPECT_EQ(4, self->packet.guest_io.access_size);
}

TEST_F(trap, access_that_runs_into_the_trap_does_not_belong_to_it)
{
	vm_frame(&self->vm)->rdx = GUEST_PORTS - 1;
	EXPECT_EQ(ZX_ERR_NOT_FOUND, vm_boot(&self->vm, probe_out32) ?: enter(self));
}

TEST_F(trap, string_input)
{
	vm_frame(&self->vm)->rdx = GUEST_PORT_MARK;
	ASSERT_EQ(ZX_ERR_NOT_SUPPORTED, start_at(self, probe_ins, GUEST_BUFFER));
	EXPECT_EQ(ZX_VCPU_REASON_STRING_IO, vm_page(&self->vm)->reason);
	EXPECT_EQ(GUEST_PORT_MARK, vm_page(&self->vm)->addr);
	EXPECT_EQ(insn_at(probe_ins), vm_page(&self->vm)->rip);
}

TEST_F(trap, string_output)
{
	vm_frame(&self->vm)->rdx = GUEST_PORT_MARK;
	vm_frame(&self->vm)->rsi = GUEST_BUFFER;
	ASSERT_EQ(ZX_ERR_NOT_SUPPORTED, start_at(self, probe_outs, 0));
	EXPECT_EQ(ZX_VCPU_REASON_STRING_IO, vm_page(&self->vm)->reason);
	EXPECT_EQ(insn_at(probe_outs), vm_page(&self->vm)->rip);
}

static const struct store {
	uint64_t offset;
	uint8_t size;
	uint64_t value;
} stores[] = {
	{ 0, 1, 0x11 },
	{ 1, 1, 0x22 },
	{ 2, 2, 0x2211 },
	{ 4, 4, 0x44332211 },
	{ 8, 8, 0x8877665544332211 },
	{ 16, 1, 0x00 },
	{ 24, 8, 0x99aabbccddeeff00 },
	{ 32, 1, 0x5a },
	{ 34, 2, 0x1234 },
	{ 36, 4, 0x12345678 },
	{ 40, 8, -2 },
	{ 48, 4, 0x44332211 },
	{ GUEST_TRAP + 0x34, 4, 0x44332211 },
};

TEST_F(trap, store_of_each_size_and_form)
{
	uint64_t rip = 0;
	unsigned int i;

	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, 2 * GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, mem_stores));
	for (i = 0; i < ARRAY_SIZE(stores); i++) {
		zxl_vcpu_access_t access;

		memset(&self->packet, 0xff, sizeof(self->packet));
		ASSERT_EQ(ZX_OK, enter(self));
		EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
		EXPECT_EQ(KEY_TRAP, self->packet.key);
		EXPECT_EQ(ZX_OK, self->packet.status);
		EXPECT_EQ(GUEST_TRAP + stores[i].offset, self->packet.guest_mem.addr);
		EXPECT_EQ(0, self->packet.guest_mem.cr3);
		EXPECT_EQ(4, self->packet.guest_mem.default_operand_size);
		if (rip)
			EXPECT_EQ(rip, self->packet.guest_mem.rip);
		rip = self->packet.guest_mem.rip + self->packet.guest_mem.instruction_size;
		EXPECT_EQ(rip, vm_page(&self->vm)->rip);
		ASSERT_EQ(ZX_OK, zxl_vcpu_access(self->vm.vcpu, &access));
		EXPECT_TRUE(access.write);
		EXPECT_EQ(stores[i].size, access.size);
		EXPECT_EQ(stores[i].value, access.value);
		EXPECT_EQ(self->packet.guest_mem.instruction_size, access.instruction_size);
	}
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(trap, packet_has_the_page_tables)
{
	const uint64_t tables = GUEST_SPARE;

	memcpy(self->vm.mem + tables, self->vm.mem + GUEST_TABLES, PAGE);
	vm_frame(&self->vm)->rax = tables;
	ASSERT_EQ(ZX_OK, start_at(self, probe_move_tables, GUEST_TRAP));
	EXPECT_EQ(tables, self->packet.guest_mem.cr3);
	EXPECT_EQ(insn_at(probe_move_tables) + 3, self->packet.guest_mem.rip);
	EXPECT_EQ(3, self->packet.guest_mem.instruction_size);
}

TEST_F(trap, packet_has_the_instruction_bytes_in_the_page)
{
	const struct zx_vcpu_access *access;
	uint64_t rip;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, mem_stores));
	ASSERT_EQ(ZX_OK, enter(self));
	access = &vm_page(&self->vm)->access;
	rip = self->packet.guest_mem.rip;
	EXPECT_EQ(self->packet.guest_mem.instruction_size, access->inst_len);
	EXPECT_EQ(0, memcmp(self->vm.mem + rip, access->inst, access->inst_len));
}

#define ANSWER	0xf1f2f3f4f5f6f7f8

static const struct load {
	uint64_t offset;
	uint8_t size;
	uint64_t result;
} loads[] = {
	{ 0, 1, 0xfffffffffffffff8 },
	{ 1, 1, 0xfffffffffffff8ff },
	{ 2, 2, 0xfffffffffffff7f8 },
	{ 4, 4, 0x00000000f5f6f7f8 },
	{ 8, 8, 0xf1f2f3f4f5f6f7f8 },
	{ 16, 1, 0x00000000000000f8 },
	{ 18, 2, 0x000000000000f7f8 },
	{ 20, 1, 0x00000000fffffff8 },
	{ 22, 2, 0xfffffffffffff7f8 },
	{ 24, 4, 0xfffffffff5f6f7f8 },
	{ 28, 1, 0xfffffffffffffff8 },
	{ 32, 8, 0xf1f2f3f4f5f6f7f8 },
};

TEST_F(trap, load_of_each_size_and_form)
{
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, mem_loads));
	for (i = 0; i < ARRAY_SIZE(loads); i++) {
		zxl_vcpu_access_t access;

		ASSERT_EQ(ZX_OK, enter(self));
		EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
		EXPECT_EQ(GUEST_TRAP + loads[i].offset, self->packet.guest_mem.addr);
		ASSERT_EQ(ZX_OK, zxl_vcpu_access(self->vm.vcpu, &access));
		EXPECT_FALSE(access.write);
		EXPECT_EQ(loads[i].size, access.size);
		ASSERT_EQ(ZX_OK, zxl_vcpu_access_finish(self->vm.vcpu, ANSWER));
	}
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	for (i = 0; i < ARRAY_SIZE(loads); i++)
		EXPECT_EQ(loads[i].result, vm_frame(&self->vm)->out[i]) {
			TH_LOG("load %u", i);
		}
}

TEST_F(trap, finish_of_a_store)
{
	ASSERT_EQ(ZX_OK, start_at(self, probe_store, GUEST_TRAP));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zxl_vcpu_access_finish(self->vm.vcpu, 0));
}

TEST_F(trap, access_without_a_packet_for_it)
{
	zxl_vcpu_access_t access;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done) ?: vm_finish(&self->vm));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zxl_vcpu_access(self->vm.vcpu, &access));
}

TEST_F(trap, read_and_write_is_not_decoded)
{
	zxl_vcpu_access_t access;

	ASSERT_EQ(ZX_OK, start_at(self, probe_add, GUEST_TRAP + 8));
	EXPECT_EQ(GUEST_TRAP + 8, self->packet.guest_mem.addr);
	EXPECT_EQ(3, self->packet.guest_mem.instruction_size);
	EXPECT_EQ(insn_at(probe_add), self->packet.guest_mem.rip);
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, zxl_vcpu_access(self->vm.vcpu, &access));
	EXPECT_EQ(3, access.instruction_size);
	EXPECT_EQ(0, memcmp("\x83\x07\x01", access.instruction, 3));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(trap, trap_over_an_earlier_mapping)
{
	memset(self->vm.mem + GUEST_SPARE, 7, PAGE);
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE, PAGE,
					   ZX_HANDLE_INVALID, 9));
	ASSERT_EQ(ZX_OK, start_at(self, probe_store, GUEST_SPARE));
	EXPECT_EQ(9, self->packet.key);
	EXPECT_EQ(7, self->vm.mem[GUEST_SPARE]);
}

TEST_F(trap, trap_over_a_page_that_the_guest_has_used)
{
	vm_frame(&self->vm)->rdi = GUEST_SPARE;
	vm_frame(&self->vm)->rax = 1;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE, PAGE,
					   ZX_HANDLE_INVALID, 9));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, start_at(self, probe_store, GUEST_SPARE));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
	EXPECT_EQ(9, self->packet.key);
}

TEST_F(trap, trap_under_a_later_mapping)
{
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, RW | ZX_VM_SPECIFIC | ZX_VM_MAP_RANGE,
				     GUEST_TRAP - PAGE, self->vm.vmo, 0, 3 * PAGE, &addr));
	ASSERT_EQ(ZX_OK, start_at(self, probe_load, GUEST_TRAP));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, (start_at(self, probe_load, GUEST_TRAP + PAGE),
					 self->packet.type));
}

TEST_F(trap, page_beside_a_trap_stays_memory)
{
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE, PAGE,
					   ZX_HANDLE_INVALID, 9));
	vm_frame(&self->vm)->rax = 0x77;
	vm_frame(&self->vm)->rdi = GUEST_SPARE + PAGE;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
	EXPECT_EQ(0x77, self->vm.mem[GUEST_SPARE + PAGE]);
	zx_handle_close(self->vm.vcpu);
	vm_frame(&self->vm)->rdi = GUEST_SPARE - 8;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
	EXPECT_EQ(0x77, self->vm.mem[GUEST_SPARE - 8]);
}

TEST_F(trap, set_trap_that_fails_leaves_memory)
{
	const uint64_t trap = GUEST_SPARE + 2 * PAGE;

	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, trap, PAGE,
					   ZX_HANDLE_INVALID, 9));
	ASSERT_EQ(ZX_ERR_ALREADY_EXISTS, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM,
							   GUEST_SPARE, 4 * PAGE,
							   ZX_HANDLE_INVALID, 10));
	vm_frame(&self->vm)->rax = 0x77;
	vm_frame(&self->vm)->rdi = GUEST_SPARE;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
	EXPECT_EQ(0x77, self->vm.mem[GUEST_SPARE]);
}

TEST_F(trap, unset_trap_ends_the_packets)
{
	ASSERT_EQ(ZX_OK, start_at(self, probe_store, GUEST_TRAP));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
	ASSERT_EQ(ZX_OK, zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_NOT_FOUND, start_at(self, probe_store, GUEST_TRAP));
}

TEST_F(trap, unset_trap_shows_the_mapping_again)
{
	vm_frame(&self->vm)->rax = 0x77;
	vm_frame(&self->vm)->rdi = GUEST_SPARE;
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_store));
	ASSERT_EQ(0x77, self->vm.mem[GUEST_SPARE]);
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE, PAGE,
					   ZX_HANDLE_INVALID, 9));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, start_at(self, probe_load, GUEST_SPARE));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
	ASSERT_EQ(ZX_OK, zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_load));
	EXPECT_EQ(0x77, vm_frame(&self->vm)->rax);
}

TEST_F(trap, unset_port_trap_ends_the_packets)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done) ?: vm_finish(&self->vm));
	ASSERT_EQ(ZX_OK, zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_IO, GUEST_PORTS));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, enter(self));
}

TEST_F(trap, fetch_from_a_trap_does_not_hang)
{
	EXPECT_NE(ZX_OK, start_at(self, probe_jump, GUEST_TRAP));
}

static void set_trap_later(struct later *later)
{
	struct vm *vm = later->arg;

	later->status = zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE, PAGE,
					  ZX_HANDLE_INVALID, 9);
}

TEST_F(trap, trap_set_under_a_running_vcpu)
{
	struct later later = { .call = set_trap_later, .arg = &self->vm, .delay_ms = 20,
			       .flag = &vm_frame(&self->vm)->flag };

	ASSERT_EQ(0, later_start(&later));
	ASSERT_EQ(ZX_OK, start_at(self, walk, GUEST_SPARE));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
	EXPECT_EQ(9, self->packet.key);
}

TEST_HARNESS_MAIN
