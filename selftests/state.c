// SPDX-License-Identifier: GPL-2.0-only
/* A VCPU's registers: by call, through the page, and as the guest sees them. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "util.h"

#define RFLAGS_ONE	2ull
#define RFLAGS_TRAP	0x100ull

FIXTURE(state) {
	struct vm vm;
	zx_vcpu_state_t state;
};

FIXTURE_SETUP(state)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, initial));
}

FIXTURE_TEARDOWN(state)
{
	vm_down(&self->vm);
}

static zx_status_t read_state(struct _test_data_state *self)
{
	return zx_vcpu_read_state(self->vm.vcpu, ZX_VCPU_STATE, &self->state,
				  sizeof(self->state));
}

static zx_status_t write_state(struct _test_data_state *self)
{
	return zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_STATE, &self->state,
				   sizeof(self->state));
}

/* The same through the calls that the shared page spares libzx. */
static int state_ioctl(zx_handle_t vcpu, unsigned long call, uint32_t kind, void *buffer,
		       uint64_t length)
{
	struct zx_ioc_vcpu_state args = { .size = sizeof(args), .kind = kind,
					  .buffer = (uint64_t)(uintptr_t)buffer,
					  .length = length };

	return ioctl(zxl_handle_fd(vcpu), call, &args);
}

TEST_F(state, is_zero_at_first)
{
	const zx_vcpu_state_t zero = {};

	memset(&self->state, 0xff, sizeof(self->state));
	ASSERT_EQ(ZX_OK, read_state(self));
	EXPECT_EQ(0, memcmp(&zero, &self->state, sizeof(zero)));
}

TEST_F(state, reaches_the_guest)
{
	const uint64_t *out = vm_frame(&self->vm)->out;
	uint64_t regs[16];
	unsigned int i;

	for (i = 0; i < 16; i++)
		regs[i] = 0x1111111111111111ull * i + 1;
	memcpy(&self->state, regs, sizeof(regs));
	ASSERT_EQ(ZX_OK, write_state(self));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(self->state.rax, out[0]);
	EXPECT_EQ(self->state.rcx, out[1]);
	EXPECT_EQ(self->state.rdx, out[2]);
	EXPECT_EQ(self->state.rbx, out[3]);
	EXPECT_EQ(self->state.rsp, out[4]);
	EXPECT_EQ(self->state.rbp, out[5]);
	EXPECT_EQ(self->state.rsi, out[6]);
	EXPECT_EQ(self->state.rdi, out[7]);
	EXPECT_EQ(self->state.r8, out[8]);
	EXPECT_EQ(self->state.r15, out[9]);
}

TEST_F(state, comes_from_the_guest)
{
	self->state.r12 = 0x1212;
	ASSERT_EQ(ZX_OK, write_state(self));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	memset(&self->state, 0xff, sizeof(self->state));
	ASSERT_EQ(ZX_OK, read_state(self));
	EXPECT_EQ(GUEST_PORT_DONE, self->state.rdx);
	EXPECT_EQ(GUEST_STACK, self->state.rsp);
	EXPECT_EQ(0x1212, self->state.r12);
}

TEST_F(state, flags_need_bit_1)
{
	self->state.rflags = 0x8d5 & ~RFLAGS_ONE;
	ASSERT_EQ(ZX_OK, write_state(self));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(2, vm_frame(&self->vm)->out[13] & 0x8d7);
}

TEST_F(state, flags_with_bit_1)
{
	self->state.rflags = 0x8d5 | RFLAGS_ONE;
	ASSERT_EQ(ZX_OK, write_state(self));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0x8d7, vm_frame(&self->vm)->out[13] & 0x8d7);
}

TEST_F(state, flags_that_are_not_the_users_stay)
{
	self->state.rflags = (~ZX_VCPU_RFLAGS_USER & UINT32_MAX) | RFLAGS_ONE;
	ASSERT_EQ(ZX_OK, write_state(self));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(2, vm_frame(&self->vm)->out[13]);
}

TEST_F(state, flags_are_read_without_bit_1)
{
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	ASSERT_EQ(ZX_OK, read_state(self));
	EXPECT_EQ(0, self->state.rflags & ~ZX_VCPU_RFLAGS_USER);
}

TEST_F(state, length_is_exact)
{
	char room[256] = {};

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_read_state(self->vm.vcpu, ZX_VCPU_STATE, room,
							  135));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_read_state(self->vm.vcpu, ZX_VCPU_STATE, room,
							  137));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_read_state(self->vm.vcpu, ZX_VCPU_STATE, room, 0));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_STATE, room,
							   135));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_STATE, room,
							   200));
}

TEST_F(state, kind_to_read)
{
	char room[256];

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_read_state(self->vm.vcpu, ZX_VCPU_IO, room, 8));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_read_state(self->vm.vcpu, 2, room, 136));
}

TEST_F(state, kind_to_write)
{
	char room[256] = {};

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, 2, room, 136));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_IO, room, 136));
}

TEST_F(state, buffer_bad)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_read_state(self->vm.vcpu, ZX_VCPU_STATE, NULL,
							  136));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_STATE, NULL,
							   136));
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, state_ioctl(self->vm.vcpu, ZX_IOC_VCPU_READ_STATE,
						    ZX_VCPU_STATE, BAD_POINTER, 136));
	EXPECT_EQ(-ZX_ERR_INVALID_ARGS, state_ioctl(self->vm.vcpu, ZX_IOC_VCPU_WRITE_STATE,
						    ZX_VCPU_STATE, BAD_POINTER, 136));
}

TEST_F(state, io_length)
{
	zx_vcpu_io_t io = { .access_size = 4 };

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_IO, &io, 7));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_IO, &io, 9));
}

TEST_F(state, io_access_size)
{
	const uint8_t sizes[] = { 0, 3, 5, 8, 255 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		zx_vcpu_io_t io = { .access_size = sizes[i], .u32 = UINT32_MAX };

		EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_IO, &io,
								   sizeof(io)));
	}
	ASSERT_EQ(ZX_OK, read_state(self));
	EXPECT_EQ(0, self->state.rax);
}

TEST_F(state, io_goes_to_the_low_bytes)
{
	zx_vcpu_io_t io = { .access_size = 2, .u32 = 0xddccbbaa };

	self->state.rax = 0x8877665544332211;
	ASSERT_EQ(ZX_OK, write_state(self));
	ASSERT_EQ(ZX_OK, zx_vcpu_write_state(self->vm.vcpu, ZX_VCPU_IO, &io, sizeof(io)));
	ASSERT_EQ(ZX_OK, read_state(self));
	EXPECT_EQ(0x887766554433bbaa, self->state.rax);
}

TEST_F(state, calls_and_page_agree)
{
	zx_vcpu_state_t by_call;

	self->state.rbp = 0x1234;
	ASSERT_EQ(ZX_OK, write_state(self));
	ASSERT_EQ(0, state_ioctl(self->vm.vcpu, ZX_IOC_VCPU_READ_STATE, ZX_VCPU_STATE, &by_call,
				 sizeof(by_call)));
	EXPECT_EQ(0x1234, by_call.rbp);
	by_call.rbp = 0x5678;
	ASSERT_EQ(0, state_ioctl(self->vm.vcpu, ZX_IOC_VCPU_WRITE_STATE, ZX_VCPU_STATE, &by_call,
				 sizeof(by_call)));
	ASSERT_EQ(ZX_OK, read_state(self));
	EXPECT_EQ(0x5678, self->state.rbp);
	EXPECT_EQ(0x5678, vm_page(&self->vm)->regs.rbp);
}

TEST_F(state, call_without_bit_1_leaves_the_flags)
{
	static zx_vcpu_state_t by_call;

	by_call.rflags = 0x8d5 | RFLAGS_ONE;
	ASSERT_EQ(0, state_ioctl(self->vm.vcpu, ZX_IOC_VCPU_WRITE_STATE, ZX_VCPU_STATE, &by_call,
				 sizeof(by_call)));
	by_call.rflags = 0;
	by_call.rax = 0x1234;
	ASSERT_EQ(0, state_ioctl(self->vm.vcpu, ZX_IOC_VCPU_WRITE_STATE, ZX_VCPU_STATE, &by_call,
				 sizeof(by_call)));
	ASSERT_EQ(ZX_OK, read_state(self));
	EXPECT_EQ(0x1234, self->state.rax);
	EXPECT_EQ(0x8d5, self->state.rflags);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0x1234, vm_frame(&self->vm)->out[0]);
	EXPECT_EQ(0x8d7, vm_frame(&self->vm)->out[13] & 0x8d7);
}

TEST_F(state, page_has_the_koid)
{
	zx_info_handle_basic_t info;

	ASSERT_EQ(ZX_OK, zx_object_get_info(self->vm.vcpu, ZX_INFO_HANDLE_BASIC, &info,
					    sizeof(info), NULL, NULL));
	EXPECT_EQ(info.koid, vm_page(&self->vm)->koid);
}

static void *map_page(zx_handle_t vcpu, int prot, size_t len, off_t offset)
{
	return mmap(NULL, len, prot, MAP_SHARED, zxl_handle_fd(vcpu), offset);
}

TEST_F(state, page_shows_nothing_else)
{
	const struct zx_vcpu_page *page = vm_page(&self->vm);
	unsigned int i;

	EXPECT_EQ(ZX_VCPU_REASON_NONE, page->reason);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	for (i = 0; i < sizeof(page->reserved); i++)
		ASSERT_EQ(0, page->reserved[i]);
}

TEST_F(state, page_needs_rights)
{
	const zx_handle_t no_read = handle_without(self->vm.vcpu, ZX_RIGHT_READ);
	const zx_handle_t no_write = handle_without(self->vm.vcpu, ZX_RIGHT_WRITE);
	void *page;

	EXPECT_EQ(MAP_FAILED, map_page(no_read, PROT_READ, PAGE, 0));
	EXPECT_EQ(MAP_FAILED, map_page(no_read, PROT_READ | PROT_WRITE, PAGE, 0));
	EXPECT_EQ(MAP_FAILED, map_page(no_write, PROT_READ | PROT_WRITE, PAGE, 0));
	/* What can be written can be read. */
	EXPECT_EQ(MAP_FAILED, map_page(no_read, PROT_WRITE, PAGE, 0));
	page = map_page(no_read, PROT_NONE, PAGE, 0);
	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(-1, mprotect(page, PAGE, PROT_WRITE));
	page = map_page(no_write, PROT_READ, PAGE, 0);
	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(-1, mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-1, mprotect(page, PAGE, PROT_READ | PROT_EXEC));
}

TEST_F(state, page_is_one_page)
{
	EXPECT_EQ(MAP_FAILED, map_page(self->vm.vcpu, PROT_READ, 2 * PAGE, 0));
	EXPECT_EQ(MAP_FAILED, map_page(self->vm.vcpu, PROT_READ, PAGE, PAGE));
	EXPECT_EQ(MAP_FAILED, map_page(self->vm.vcpu, PROT_READ | PROT_EXEC, PAGE, 0));
}

TEST_F(state, page_outlives_the_vcpu)
{
	struct zx_vcpu_page *page = map_page(self->vm.vcpu, PROT_READ | PROT_WRITE, PAGE, 0);

	ASSERT_NE(MAP_FAILED, (void *)page);
	zx_handle_close(self->vm.vcpu);
	self->vm.vcpu = ZX_HANDLE_INVALID;
	page->regs.rax = 1;
	EXPECT_EQ(1, page->regs.rax);
}

TEST_F(state, page_full_of_garbage_is_not_trusted)
{
	struct zx_vcpu_page *page = map_page(self->vm.vcpu, PROT_READ | PROT_WRITE, PAGE, 0);
	uint64_t koid;

	ASSERT_NE(MAP_FAILED, (void *)page);
	koid = page->koid;
	memset(page, 0xff, sizeof(*page));
	page->regs.rflags &= ~RFLAGS_TRAP;
	ASSERT_EQ(0, vm_enter_raw(&self->vm));
	EXPECT_EQ(UINT64_MAX, vm_frame(&self->vm)->out[1]);
	EXPECT_EQ(ZX_VCPU_REASON_PACKET, page->reason);
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, page->packet.type);
	page->koid = koid;
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

/* Registers that the shared page does not have. */
FIXTURE(beyond) {
	struct vm vm;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(beyond)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	vm_frame(&self->vm)->rdi = GUEST_TRAP;
}

FIXTURE_TEARDOWN(beyond)
{
	vm_down(&self->vm);
}

static zx_status_t enter_trap(struct _test_data_beyond *self)
{
	zx_status_t status = zx_vcpu_enter(self->vm.vcpu, &self->packet);

	if (status != ZX_OK)
		return status;
	return self->packet.type == ZX_PKT_TYPE_GUEST_MEM ? ZX_OK : ZX_ERR_INTERNAL;
}

static zx_status_t boot_to_trap(struct _test_data_beyond *self)
{
	return vm_boot(&self->vm, probe_load) ?: enter_trap(self);
}

TEST_F(beyond, system_state)
{
	struct zxl_vcpu_system system;
	uint64_t rip;

	ASSERT_EQ(ZX_OK, boot_to_trap(self));
	memset(&system, 0xff, sizeof(system));
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_SYSTEM, &system,
					    sizeof(system)));
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_RIP, &rip, sizeof(rip)));
	EXPECT_EQ(vm_page(&self->vm)->rip, rip);
	EXPECT_EQ(rip, system.rip);
	EXPECT_EQ(2, system.rflags & 2);
	EXPECT_EQ(0x80010011, system.cr0);
	EXPECT_EQ(GUEST_TABLES, system.cr3);
	EXPECT_EQ(0x502a0, system.cr4);
	EXPECT_EQ(0xd01, system.efer & 0xd01);
	EXPECT_EQ(0, system.efer & 0x1000);
	EXPECT_EQ(0, system.cpl);
	EXPECT_EQ(GUEST_CODE64, system.cs.selector);
	EXPECT_EQ(0xa09b, system.cs.access);
	EXPECT_EQ(GUEST_DATA, system.ss.selector);
	EXPECT_EQ(0xffffffff, system.ss.limit);
	EXPECT_EQ(0x8b, system.tr.access & 0xff);
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZXL_VCPU_SYSTEM,
							   &system, sizeof(system)));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_SYSTEM,
							  &system, sizeof(system) - 8));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_read_state(self->vm.vcpu, 0x103, &system, 0));
}

TEST_F(beyond, rip_put_back_runs_the_instruction_again)
{
	uint64_t rip = insn_at(probe_load), bad = 1ull << 47;

	ASSERT_EQ(ZX_OK, boot_to_trap(self));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZXL_VCPU_RIP, &bad,
							   sizeof(bad)));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_write_state(self->vm.vcpu, ZXL_VCPU_RIP, &rip, 4));
	ASSERT_EQ(ZX_OK, zx_vcpu_write_state(self->vm.vcpu, ZXL_VCPU_RIP, &rip, sizeof(rip)));
	ASSERT_EQ(ZX_OK, enter_trap(self));
	EXPECT_EQ(rip, self->packet.guest_mem.rip);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
}

static void read_elsewhere(struct later *later)
{
	struct zxl_vcpu_vector vector;

	later->status = zx_vcpu_read_state(later->vcpu, ZXL_VCPU_VECTOR, &vector, sizeof(vector));
}

TEST_F(beyond, vector_registers)
{
	const uint64_t *out = vm_frame(&self->vm)->out;
	struct zxl_vcpu_vector vector;
	struct later later = { .call = read_elsewhere };
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, vector_keep));
	memset(&vector, 0xff, sizeof(vector));
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_VECTOR, &vector,
					    sizeof(vector)));
	for (i = 0; i < sizeof(vector); i++)
		ASSERT_EQ(0, vector.ymm[i / 32][i % 32]);
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_VECTOR, &vector,
					    sizeof(vector)));
	for (i = 0; i < 16; i++) {
		EXPECT_EQ(0x1111 * (i + 1), *(uint32_t *)vector.ymm[i]);
		vector.ymm[i][8] = i;
		vector.ymm[i][31] = i;
	}
	ASSERT_EQ(ZX_OK, zx_vcpu_write_state(self->vm.vcpu, ZXL_VCPU_VECTOR, &vector,
					     sizeof(vector)));
	later.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, later_start(&later));
	later_join(&later);
	EXPECT_EQ(ZX_ERR_BAD_STATE, later.status);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	for (i = 0; i < 16; i++) {
		EXPECT_EQ(0x1111 * (i + 1), out[2 * i]);
		EXPECT_EQ(i, out[2 * i + 1]);
	}
}

TEST_F(beyond, wide_vector_registers)
{
	const uint64_t *out = vm_frame(&self->vm)->out;
	struct zxl_vcpu_vector vector = {};
	unsigned int i;

	if (!host_has_avx())
		SKIP(return, "the CPU has no AVX");
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, vector_wide));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, zx_vcpu_read_state(self->vm.vcpu, ZXL_VCPU_VECTOR, &vector,
					    sizeof(vector)));
	for (i = 0; i < 16; i++) {
		EXPECT_EQ(0x2222 * (i + 1), *(uint32_t *)(vector.ymm[i] + 16));
		vector.ymm[i][16] ^= 1;
	}
	ASSERT_EQ(ZX_OK, zx_vcpu_write_state(self->vm.vcpu, ZXL_VCPU_VECTOR, &vector,
					     sizeof(vector)));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	for (i = 0; i < 16; i++)
		EXPECT_EQ((0x2222 * (i + 1)) ^ 1, out[2 * i]);
}

TEST_HARNESS_MAIN
