// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's header, then Zircon's, for source of 2018 to 2021. */
/* build: -Werror -Wpedantic -Wundef -Wstrict-prototypes */
#define ZX_API_LEVEL	2018
#include <zx_hypervisor.h>
#include <zxl/assist.h>
#include <zxl/hypervisor.h>
#include <zircon/types.h>
#include <zircon/time.h>
#include <zircon/syscalls/resource.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls.h>
#include <zircon/status.h>
#include <zircon/rights.h>
#include <zircon/process.h>
#include <zircon/errors.h>
#include <zircon/compiler.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_mem_packet(void **state)
{
	const struct zx_packet kernel = {
		.type = ZX_PKT_TYPE_GUEST_MEM,
		.mem_v1 = { .addr = 2, .inst_len = 3, .inst_buf = { 0x88, 0x44 },
			    .default_operand_size = 4 },
	};
	zx_port_packet_t packet;

	memcpy(&packet, &kernel, sizeof(packet));
	assert_int_equal(packet.guest_mem.addr, 2);
	assert_int_equal(packet.guest_mem.inst_len, 3);
	assert_int_equal(packet.guest_mem.inst_buf[1], 0x44);
	assert_int_equal(packet.guest_mem.default_operand_size, 4);
	assert_int_equal(sizeof(packet.guest_mem.inst_buf), X86_MAX_INST_LEN);
	(void)state;
}

static void test_vcpu_packet(void **state)
{
	const struct zx_packet kernel = {
		.type = ZX_PKT_TYPE_GUEST_VCPU,
		.vcpu_v1 = { .mask_or_id = 6, .vector_or_entry = 0x31,
			     .type = ZX_PKT_GUEST_VCPU_INTERRUPT },
	};
	zx_port_packet_t packet;

	memcpy(&packet, &kernel, sizeof(packet));
	assert_int_equal(packet.guest_vcpu.interrupt.mask, 6);
	assert_int_equal(packet.guest_vcpu.interrupt.vector, 0x31);
	assert_int_equal(packet.guest_vcpu.type, ZX_PKT_GUEST_VCPU_INTERRUPT);
	(void)state;
}

/* The loop of a VMM of that time. */
static zx_status_t run(zx_handle_t vcpu, zx_port_packet_t *packet)
{
	return zx_vcpu_resume(vcpu, packet);
}

static void test_resume_is_declared(void **state)
{
	zx_port_packet_t packet;

	assert_int_equal(run(3, &packet), ZX_OK);
	(void)state;
}

/* Not linked with the library: only the name matters here. */
zx_status_t zx_vcpu_resume(zx_handle_t vcpu, zx_port_packet_t *packet)
{
	(void)vcpu;
	(void)packet;
	return ZX_OK;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mem_packet),
		cmocka_unit_test(test_vcpu_packet),
		cmocka_unit_test(test_resume_is_declared),
	};

	return cmocka_run_group_tests_name("libzx headers of 2018", tests, NULL, NULL);
}
