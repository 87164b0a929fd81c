// SPDX-License-Identifier: GPL-2.0-only
/* build: ../../libzx/assist.c ../../libzx/assist_alu.c ../../libzx/assist_integer.c ../../libzx/assist_operand.c ../../libzx/assist_special.c ../../libzx/assist_string.c ../../libzx/assist_vector.c -I../../libzx -fsanitize=address,undefined -fno-sanitize-recover=undefined -lZydis */
/*
 * The assist on random bytes, in every mode, over a libzx that answers at random:
 * whatever a guest executes, nothing here goes wrong, and devices are asked for
 * no more than they were promised.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zxl/assist.h>
#include <zxl/hypervisor.h>

#define ROUNDS		300000
#define PAGE_BYTES	4096
#define EFER_LMA	0x400
#define CS_LONG		0x2000
#define BIG		0x4000

static struct zx_vcpu_page page;
static struct zxl_vcpu_system system_state;
static unsigned int accesses;

static uint64_t random64(void)
{
	static uint64_t seed = 88172645463325252ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fill(void *data, size_t size)
{
	uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = random64() % 4 ? random64() : 0;
}

/* What the assist takes from libzx. */
struct zx_vcpu_page *zxl_vcpu_page(zx_handle_t vcpu)
{
	(void)vcpu;
	return &page;
}

zx_status_t zxl_vcpu_access(zx_handle_t vcpu, zxl_vcpu_access_t *out)
{
	(void)vcpu;
	memset(out, 0, sizeof(*out));
	return ZX_ERR_NOT_SUPPORTED;
}

zx_status_t zxl_vcpu_access_finish(zx_handle_t vcpu, uint64_t value)
{
	(void)vcpu;
	(void)value;
	return ZX_ERR_INTERNAL;
}

zx_status_t zx_vcpu_read_state(zx_handle_t vcpu, uint32_t kind, void *buffer, size_t size)
{
	(void)vcpu;
	if (kind == ZXL_VCPU_SYSTEM) {
		assert_int_equal(sizeof(system_state), size);
		memcpy(buffer, &system_state, size);
	} else {
		assert_int_equal(ZXL_VCPU_VECTOR, kind);
		fill(buffer, size);
	}
	return ZX_OK;
}

zx_status_t zx_vcpu_write_state(zx_handle_t vcpu, uint32_t kind, const void *buffer, size_t size)
{
	(void)vcpu;
	(void)buffer;
	assert_true(kind == ZXL_VCPU_RIP || kind == ZXL_VCPU_VECTOR);
	assert_int_equal(kind == ZXL_VCPU_RIP ? 8 : sizeof(struct zxl_vcpu_vector), size);
	return ZX_OK;
}

zx_status_t zx_vcpu_interrupt(zx_handle_t vcpu, uint32_t vector)
{
	(void)vcpu;
	assert_true(vector == 0 || vector == 1 || vector == 13);
	return ZX_OK;
}

/* Half of the memory is devices, and a little of it is not there. */
static zx_status_t memory(uint64_t addr, size_t size, zx_gpaddr_t *gpa)
{
	uint64_t edge = (addr | (PAGE_BYTES - 1)) + 1, kind = random64() % 16;

	assert_in_range(size, 1, 32);
	if (kind == 0)
		return ZX_ERR_CANCELED;
	if (kind == 1)
		return ZX_ERR_NOT_FOUND;
	if (kind > 9)
		return ZX_OK;
	if (addr + size > edge && random64() % 2)
		addr = edge;
	*gpa = addr & (((uint64_t)1 << 48) - 1);
	return ZX_ERR_UNAVAILABLE;
}

zx_status_t zxl_vcpu_read_memory(zx_handle_t vcpu, uint64_t addr, void *buffer, size_t size,
				 zx_gpaddr_t *gpa)
{
	zx_status_t status = memory(addr, size, gpa);

	(void)vcpu;
	if (status == ZX_OK)
		fill(buffer, size);
	return status;
}

zx_status_t zxl_vcpu_write_memory(zx_handle_t vcpu, uint64_t addr, const void *buffer, size_t size,
				  zx_gpaddr_t *gpa)
{
	(void)vcpu;
	(void)buffer;
	return memory(addr, size, gpa);
}

static zx_status_t device(zx_gpaddr_t addr, size_t size)
{
	accesses++;
	assert_in_range(size, 1, 32);
	assert_true(addr % PAGE_BYTES + size <= PAGE_BYTES);
	return random64() % 64 ? ZX_OK : ZX_ERR_BAD_STATE;
}

static zx_status_t device_read(void *context, zx_gpaddr_t addr, void *data, size_t size)
{
	(void)context;
	fill(data, size);
	return device(addr, size);
}

static zx_status_t device_write(void *context, zx_gpaddr_t addr, const void *data, size_t size)
{
	uint8_t copy[32];

	(void)context;
	memcpy(copy, data, size);
	return device(addr, size);
}

/* Prefixes more often than chance has them. */
static void random_instruction(void)
{
	static const uint8_t starts[] = { 0x0f, 0x66, 0xf2, 0xf3, 0x48, 0xc5, 0xc4, 0x67, 0xf0 };
	unsigned int prefixes = random64() % 4, i;

	for (i = 0; i < 15; i++)
		page.access.inst[i] = i < prefixes ? starts[random64() % sizeof(starts)] :
						     random64();
	page.access.inst_len = 1 + random64() % 15;
	page.packet.mem.rip = random64() >> 17;
}

static void random_state(void)
{
	__u64 *regs = &page.regs.rax;
	unsigned int i;

	for (i = 0; i < 16; i++)
		regs[i] = random64() >> random64() % 64;
	page.regs.rflags = random64() & ZX_VCPU_RFLAGS_USER;
	memset(&system_state, 0, sizeof(system_state));
	switch (random64() % 3) {
	case 0:
		system_state.efer = EFER_LMA;
		system_state.cs.access = CS_LONG;
		break;
	case 1:
		system_state.cs.access = BIG;
		break;
	}
	system_state.ss.access = random64() & BIG;
	system_state.ds.base = (uint32_t)random64();
	system_state.fs.base = random64();
}

static void any_bytes(void **state)
{
	static const zxl_assist_ops_t ops = { .read = device_read, .write = device_write };
	unsigned int i, done = 0, before;
	zx_status_t status;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		memset(&page, 0, sizeof(page));
		random_state();
		random_instruction();
		before = accesses;
		status = zxl_vcpu_assist(3, &ops, NULL);
		assert_true(status == ZX_OK || status == ZX_ERR_NOT_SUPPORTED ||
			    status == ZX_ERR_NOT_FOUND || status == ZX_ERR_BAD_STATE);
		/* What is not known is found out before a device hears of it. */
		if (status == ZX_ERR_NOT_SUPPORTED)
			assert_int_equal(before, accesses);
		done += status == ZX_OK;
	}
	assert_true(done > ROUNDS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(any_bytes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
