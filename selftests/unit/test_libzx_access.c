// SPDX-License-Identifier: GPL-2.0-only
/* The decoded memory access: reading it, completing a load. */
/* build: ../../libzx/access.c ../../libzx/call.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/vcpu.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread */
#include "test_libzx.h"

static zx_handle_t vcpu;
static struct zx_vcpu_page *page;

/* A VCPU that stopped at a MEM trap. */
static int new_vcpu(void **state)
{
	zx_handle_t guest;

	mock_reset(state);
	guest = mock_new(ZX_OBJ_TYPE_GUEST, 0x2800b);
	assert_int_equal(zx_vcpu_create(guest, 0, 0x1000, &vcpu), ZX_OK);
	page = zxl_vcpu_page(vcpu);
	assert_non_null(page);
	page->reason = ZX_VCPU_REASON_PACKET;
	page->packet.type = ZX_PKT_TYPE_GUEST_MEM;
	page->packet.mem.addr = 0xfec00010;
	page->access = (struct zx_vcpu_access) {
		.decoded = 1, .size = 4, .reg_size = 4, .inst_len = 2, .inst = { 0x8b, 0x03 },
	};
	mock.ioctls = 0;
	return 0;
}

static void test_store(void **state)
{
	zxl_vcpu_access_t access;

	page->access.write = 1;
	page->access.size = 2;
	page->access.value = 0xbeef;
	assert_int_equal(zxl_vcpu_access(vcpu, &access), ZX_OK);
	assert_true(access.write);
	assert_int_equal(access.addr, 0xfec00010);
	assert_int_equal(access.size, 2);
	assert_int_equal(access.value, 0xbeef);
	assert_int_equal(access.instruction_size, 2);
	assert_int_equal(access.instruction[0], 0x8b);
	assert_int_equal(mock.ioctls, 0);
	/* Nothing to complete. */
	assert_int_equal(zxl_vcpu_access_finish(vcpu, 1), ZX_ERR_BAD_STATE);
	(void)state;
}

static void test_not_decoded(void **state)
{
	zxl_vcpu_access_t access;

	page->access.decoded = 0;
	page->access.size = 4;
	assert_int_equal(zxl_vcpu_access(vcpu, &access), ZX_ERR_NOT_SUPPORTED);
	assert_int_equal(access.addr, 0xfec00010);
	assert_int_equal(access.instruction_size, 2);
	assert_int_equal(access.size, 0);
	assert_int_equal(zxl_vcpu_access_finish(vcpu, 1), ZX_ERR_NOT_SUPPORTED);
	(void)state;
}

static void test_no_mem_packet(void **state)
{
	zxl_vcpu_access_t access;

	page->packet.type = ZX_PKT_TYPE_GUEST_IO;
	assert_int_equal(zxl_vcpu_access(vcpu, &access), ZX_ERR_BAD_STATE);
	assert_int_equal(zxl_vcpu_access_finish(vcpu, 1), ZX_ERR_BAD_STATE);
	page->packet.type = ZX_PKT_TYPE_GUEST_MEM;
	page->reason = ZX_VCPU_REASON_KICK;
	assert_int_equal(zxl_vcpu_access(vcpu, &access), ZX_ERR_BAD_STATE);
	assert_int_equal(zxl_vcpu_access_finish(vcpu, 1), ZX_ERR_BAD_STATE);
	(void)state;
}

static void test_bad_handles(void **state)
{
	zx_handle_t port = mock_new(ZX_OBJ_TYPE_PORT, 0x800f);
	zx_handle_t other = mock_new(ZX_OBJ_TYPE_VCPU, 0xd01f), weak;
	zxl_vcpu_access_t access;

	assert_int_equal(zxl_vcpu_access(0, &access), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zxl_vcpu_access(vcpu & ~3u, &access), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zxl_vcpu_access(port, &access), ZX_ERR_WRONG_TYPE);
	assert_int_equal(zxl_vcpu_access(other, &access), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_handle_duplicate(vcpu, ZX_RIGHT_READ, &weak), ZX_OK);
	assert_int_equal(zxl_vcpu_access(weak, &access), ZX_OK);
	assert_int_equal(zxl_vcpu_access_finish(weak, 1), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_handle_close(vcpu), ZX_OK);
	assert_int_equal(zxl_vcpu_access(vcpu, &access), ZX_ERR_BAD_HANDLE);
	(void)state;
}

/* What the instruction makes of the memory's 0x8182838485868788. */
static void test_finish(void **state)
{
	static const struct {
		uint8_t size, reg_size, sign_extend, high_byte;
		uint64_t want;
	} cases[] = {
		{ 1, 1, 0, 0, 0x1122334455667788 },	/* mov r8 */
		{ 1, 1, 0, 1, 0x1122334455668877 },	/* mov ah */
		{ 2, 2, 0, 0, 0x1122334455668788 },
		{ 4, 4, 0, 0, 0x0000000085868788 },
		{ 8, 8, 0, 0, 0x8182838485868788 },
		{ 1, 2, 0, 0, 0x1122334455660088 },	/* movzx */
		{ 1, 4, 0, 0, 0x0000000000000088 },
		{ 1, 8, 0, 0, 0x0000000000000088 },
		{ 2, 4, 0, 0, 0x0000000000008788 },
		{ 2, 8, 0, 0, 0x0000000000008788 },
		{ 1, 2, 1, 0, 0x112233445566ff88 },	/* movsx */
		{ 1, 4, 1, 0, 0x00000000ffffff88 },
		{ 1, 8, 1, 0, 0xffffffffffffff88 },
		{ 2, 4, 1, 0, 0x00000000ffff8788 },
		{ 2, 8, 1, 0, 0xffffffffffff8788 },
		{ 4, 8, 1, 0, 0xffffffff85868788 },	/* movsxd */
	};
	uint64_t *regs = (uint64_t *)page;
	size_t i, reg, last;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		page->access.size = cases[i].size;
		page->access.reg_size = cases[i].reg_size;
		page->access.sign_extend = cases[i].sign_extend;
		page->access.high_byte = cases[i].high_byte;
		last = 16;
		if (cases[i].high_byte)
			last = 4;
		for (reg = 0; reg < last; reg++) {
			page->access.reg = (uint8_t)reg;
			memset(regs, 0, sizeof(page->regs));
			regs[reg] = 0x1122334455667777;
			assert_int_equal(zxl_vcpu_access_finish(vcpu, 0x8182838485868788), ZX_OK);
			assert_int_equal(regs[reg], cases[i].want);
			regs[reg] = 0;
			assert_memory_equal(regs, &(struct zx_vcpu_regs) { 0 }, sizeof(page->regs));
		}
	}
	assert_int_equal(mock.ioctls, 0);
	(void)state;
}

/* The page can be written by anybody in the process. */
static void test_nonsense(void **state)
{
	struct zx_vcpu_access good = page->access;

	page->access.reg = 16;
	assert_int_equal(zxl_vcpu_access_finish(vcpu, 1), ZX_ERR_BAD_STATE);
	page->access = good;
	page->access.size = 3;
	assert_int_equal(zxl_vcpu_access_finish(vcpu, 1), ZX_ERR_BAD_STATE);
	page->access = good;
	page->access.size = 0;
	assert_int_equal(zxl_vcpu_access_finish(vcpu, 1), ZX_ERR_BAD_STATE);
	page->access = good;
	page->access.reg_size = 255;
	assert_int_equal(zxl_vcpu_access_finish(vcpu, 1), ZX_ERR_BAD_STATE);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_store, new_vcpu),
		cmocka_unit_test_setup(test_not_decoded, new_vcpu),
		cmocka_unit_test_setup(test_no_mem_packet, new_vcpu),
		cmocka_unit_test_setup(test_bad_handles, new_vcpu),
		cmocka_unit_test_setup(test_finish, new_vcpu),
		cmocka_unit_test_setup(test_nonsense, new_vcpu),
	};

	return cmocka_run_group_tests_name("libzx memory access", tests, NULL, mock_reset);
}
