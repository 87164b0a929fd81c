// SPDX-License-Identifier: GPL-2.0-only
/*
 * zx_vcpu_resume with the layouts of 2018: this file is built with ZX_API_LEVEL
 * 2018, as source of that time would be.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#if !defined(ZX_API_LEVEL) || ZX_API_LEVEL >= 2022
#error this test needs an old ZX_API_LEVEL
#endif

FIXTURE(resume) {
	struct vm vm;
	struct guest_frame *frame;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(resume)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	self->frame = vm_frame(&self->vm);
}

FIXTURE_TEARDOWN(resume)
{
	vm_down(&self->vm);
}

static zx_status_t resume(struct _test_data_resume *self)
{
	memset(&self->packet, 0xff, sizeof(self->packet));
	return zx_vcpu_resume(self->vm.vcpu, &self->packet);
}

TEST_F(resume, packets_are_48_bytes)
{
	EXPECT_EQ(48, sizeof(zx_port_packet_t));
	EXPECT_EQ(40, offsetof(zx_port_packet_t, guest_mem.default_operand_size));
	EXPECT_EQ(32, offsetof(zx_port_packet_t, guest_vcpu.type));
}

TEST_F(resume, memory_packet_has_the_instruction)
{
	self->frame->rdi = GUEST_TRAP + 8;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, probe_add));
	ASSERT_EQ(ZX_OK, resume(self));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
	EXPECT_EQ(KEY_TRAP, self->packet.key);
	EXPECT_EQ(GUEST_TRAP + 8, self->packet.guest_mem.addr);
	EXPECT_EQ(3, self->packet.guest_mem.inst_len);
	EXPECT_EQ(0, memcmp("\x83\x07\x01", self->packet.guest_mem.inst_buf, 3));
	EXPECT_EQ(4, self->packet.guest_mem.default_operand_size);
	EXPECT_EQ(0, self->packet.guest_mem.inst_buf[14]);
	EXPECT_EQ(0, self->packet.guest_mem.reserved[0] | self->packet.guest_mem.reserved[6]);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(resume, decoded_access_is_there_as_well)
{
	zxl_vcpu_access_t access;

	self->frame->rdi = GUEST_TRAP;
	self->frame->rax = 0x1234;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, probe_store));
	ASSERT_EQ(ZX_OK, resume(self));
	ASSERT_EQ(ZX_OK, zxl_vcpu_access(self->vm.vcpu, &access));
	EXPECT_TRUE(access.write);
	EXPECT_EQ(0x1234, access.value);
}

TEST_F(resume, port_packet_is_the_same)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, out_sizes));
	ASSERT_EQ(ZX_OK, resume(self));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, self->packet.type);
	EXPECT_EQ(GUEST_PORT_MARK, self->packet.guest_io.port);
	EXPECT_EQ(1, self->packet.guest_io.access_size);
	EXPECT_EQ(0x11, self->packet.guest_io.u8);
}

static zx_status_t write_icr(struct _test_data_resume *self, uint32_t high, uint32_t low)
{
	self->frame->rcx = 0x830;
	self->frame->rdx = high;
	self->frame->rax = low;
	return vm_boot(&self->vm, probe_wrmsr) ?: resume(self);
}

TEST_F(resume, interrupt_packet_has_its_type_last)
{
	ASSERT_EQ(ZX_OK, write_icr(self, 0, 0x4061));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_VCPU, self->packet.type);
	EXPECT_EQ(ZX_PKT_GUEST_VCPU_INTERRUPT, self->packet.guest_vcpu.type);
	EXPECT_EQ(1, self->packet.guest_vcpu.interrupt.mask);
	EXPECT_EQ(0x61, self->packet.guest_vcpu.interrupt.vector);
}

TEST_F(resume, startup_packet_has_its_type_last)
{
	ASSERT_EQ(ZX_OK, write_icr(self, 5, 0x469a));
	EXPECT_EQ(ZX_PKT_GUEST_VCPU_STARTUP, self->packet.guest_vcpu.type);
	EXPECT_EQ(5, self->packet.guest_vcpu.startup.id);
	EXPECT_EQ(0x9a000, self->packet.guest_vcpu.startup.entry);
}

TEST_F(resume, kick_ends_it)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	ASSERT_EQ(ZX_OK, zx_vcpu_kick(self->vm.vcpu));
	EXPECT_EQ(ZX_ERR_CANCELED, resume(self));
}

TEST_F(resume, pointer_bad_runs_the_guest)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, out_sizes));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_resume(self->vm.vcpu, BAD_POINTER));
	ASSERT_EQ(ZX_OK, resume(self));
	EXPECT_EQ(2, self->packet.guest_io.access_size);
}

TEST_HARNESS_MAIN
