// SPDX-License-Identifier: GPL-2.0-only
/* Zircon's headers, then the kernel's: whatever both define is the same. */
/* build: -Werror -Wpedantic -Wundef -Wstrict-prototypes */
#include <zircon/compiler.h>
#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/rights.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zircon/time.h>
#include <zircon/types.h>
#include <zx_hypervisor.h>
#include <zxl/assist.h>
#include <zxl/hypervisor.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What the kernel writes, a program of today reads. */
static void test_mem_packet(void **state)
{
	const struct zx_packet kernel = {
		.key = 1, .type = ZX_PKT_TYPE_GUEST_MEM,
		.mem = { .addr = 2, .cr3 = 3, .rip = 4, .instruction_size = 5,
			 .default_operand_size = 6 },
	};
	zx_port_packet_t packet;

	memcpy(&packet, &kernel, sizeof(packet));
	assert_int_equal(packet.key, 1);
	assert_true(ZX_PKT_IS_GUEST_MEM(packet.type));
	assert_int_equal(packet.guest_mem.addr, 2);
	assert_int_equal(packet.guest_mem.cr3, 3);
	assert_int_equal(packet.guest_mem.rip, 4);
	assert_int_equal(packet.guest_mem.instruction_size, 5);
	assert_int_equal(packet.guest_mem.default_operand_size, 6);
	(void)state;
}

static void test_io_packet(void **state)
{
	const struct zx_packet kernel = {
		.type = ZX_PKT_TYPE_GUEST_IO,
		.io = { .port = 0x3f8, .access_size = 2, .input = 1, .data = 0x11223344 },
	};
	zx_port_packet_t packet;

	memcpy(&packet, &kernel, sizeof(packet));
	assert_int_equal(packet.guest_io.port, 0x3f8);
	assert_int_equal(packet.guest_io.access_size, 2);
	assert_true(packet.guest_io.input);
	assert_int_equal(packet.guest_io.u16, 0x3344);
	assert_int_equal(packet.guest_io.data[3], 0x11);
	(void)state;
}

static void test_vcpu_packet(void **state)
{
	const struct zx_packet kernel = {
		.type = ZX_PKT_TYPE_GUEST_VCPU,
		.vcpu = { .type = ZX_PKT_GUEST_VCPU_STARTUP, .mask_or_id = 3,
			  .vector_or_entry = 0x9000 },
	};
	zx_port_packet_t packet;

	memcpy(&packet, &kernel, sizeof(packet));
	assert_int_equal(packet.guest_vcpu.type, ZX_PKT_GUEST_VCPU_STARTUP);
	assert_int_equal(packet.guest_vcpu.startup.id, 3);
	assert_int_equal(packet.guest_vcpu.startup.target, 3);
	assert_int_equal(packet.guest_vcpu.startup.entry, 0x9000);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mem_packet),
		cmocka_unit_test(test_io_packet),
		cmocka_unit_test(test_vcpu_packet),
	};

	return cmocka_run_group_tests_name("libzx headers", tests, NULL, NULL);
}
