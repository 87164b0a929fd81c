// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every call against handles that it must refuse and rights that it must ask for:
 * one row per call, one test per rule.
 */
#include <fcntl.h>

#include "kselftest_harness.h"
#include "util.h"

enum object { RESOURCE, GUEST, VMAR, VMO, PORT, VCPU, OBJECTS };

FIXTURE(call) {
	struct vm vm;
	zx_handle_t object[OBJECTS];
	zx_handle_t out[2];
};

/*
 * @object: what the call works on
 * @right:  what it needs; 0: nothing
 * @expect: its answer when all is well
 * @any:    it works on objects of every type
 */
FIXTURE_VARIANT(call) {
	enum object object;
	zx_rights_t right;
	zx_status_t expect;
	bool any;
	zx_status_t (*call)(struct _test_data_call *self, zx_handle_t handle);
};

#define CALL(name, ...) \
	static zx_status_t call_##name(struct _test_data_call *self, zx_handle_t handle); \
	FIXTURE_VARIANT_ADD(call, name) { .call = call_##name, __VA_ARGS__ }; \
	static zx_status_t call_##name(struct _test_data_call *self __attribute__((unused)), \
				       zx_handle_t handle)

CALL(resource_create, .object = RESOURCE, .right = ZX_RIGHT_WRITE)
{
	return zx_resource_create(handle, ZX_RSRC_KIND_HYPERVISOR, 0, 0, "", 0, &self->out[0]);
}

CALL(handle_duplicate, .object = PORT, .right = ZX_RIGHT_DUPLICATE, .any = true)
{
	return zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &self->out[0]);
}

CALL(handle_replace, .object = PORT, .any = true)
{
	return zx_handle_replace(handle, ZX_RIGHT_SAME_RIGHTS, &self->out[0]);
}

CALL(info_handle_valid, .object = PORT, .any = true)
{
	return zx_object_get_info(handle, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL);
}

CALL(info_handle_basic, .object = PORT, .any = true)
{
	zx_info_handle_basic_t info;

	return zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
}

CALL(info_vmar, .object = VMAR, .right = ZX_RIGHT_INSPECT)
{
	zx_info_vmar_t info;

	return zx_object_get_info(handle, ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL);
}

CALL(info_vcpu, .object = VCPU, .right = ZX_RIGHT_INSPECT)
{
	zx_info_vcpu_t info;

	return zx_object_get_info(handle, ZX_INFO_VCPU, &info, sizeof(info), NULL, NULL);
}

CALL(port_queue, .object = PORT, .right = ZX_RIGHT_WRITE)
{
	zx_port_packet_t packet = { .key = 1 };

	return zx_port_queue(handle, &packet);
}

CALL(port_wait, .object = PORT, .right = ZX_RIGHT_READ, .expect = ZX_ERR_TIMED_OUT)
{
	return zx_port_wait(handle, 0, NULL);
}

CALL(vmo_read, .object = VMO, .right = ZX_RIGHT_READ)
{
	char byte;

	return zx_vmo_read(handle, &byte, 0, 1);
}

CALL(vmo_write, .object = VMO, .right = ZX_RIGHT_WRITE)
{
	return zx_vmo_write(handle, "", 0, 1);
}

CALL(vmo_get_size, .object = VMO)
{
	uint64_t size;

	return zx_vmo_get_size(handle, &size);
}

CALL(vmo_set_size, .object = VMO, .right = ZX_RIGHT_WRITE, .expect = ZX_ERR_UNAVAILABLE)
{
	return zx_vmo_set_size(handle, PAGE);
}

CALL(vmo_op_range, .object = VMO, .right = ZX_RIGHT_WRITE)
{
	return zx_vmo_op_range(handle, ZX_VMO_OP_COMMIT, 0, PAGE, NULL, 0);
}

CALL(vmo_cache_sync, .object = VMO, .right = ZX_RIGHT_READ)
{
	return zx_vmo_op_range(handle, ZX_VMO_OP_CACHE_SYNC, 0, PAGE, NULL, 0);
}

CALL(vmo_prefetch, .object = VMO, .right = ZX_RIGHT_READ)
{
	return zx_vmo_op_range(handle, ZX_VMO_OP_PREFETCH, 0, PAGE, NULL, 0);
}

CALL(vmo_create_child, .object = VMO, .right = ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ)
{
	return zx_vmo_create_child(handle, ZX_VMO_CHILD_SLICE, 0, PAGE, &self->out[0]);
}

CALL(vmo_set_cache_policy, .object = VMO, .right = ZX_RIGHT_MAP, .expect = ZX_ERR_BAD_STATE)
{
	return zx_vmo_set_cache_policy(handle, ZX_CACHE_POLICY_UNCACHED);
}

CALL(info_vmo, .object = VMO)
{
	zx_info_vmo_t info;

	return zx_object_get_info(handle, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL);
}

CALL(vmo_replace_as_executable, .object = VMO)
{
	return zx_vmo_replace_as_executable(handle, ZX_HANDLE_INVALID, &self->out[0]);
}

CALL(vmar_map, .object = VMAR, .right = ZX_RIGHT_READ)
{
	zx_vaddr_t addr;

	return zx_vmar_map(handle, ZX_VM_PERM_READ, 0, self->object[VMO], 0, PAGE, &addr);
}

CALL(vmar_unmap, .object = VMAR)
{
	return zx_vmar_unmap(handle, GUEST_SPARE, PAGE);
}

CALL(vmar_protect, .object = VMAR, .right = ZX_RIGHT_READ)
{
	return zx_vmar_protect(handle, ZX_VM_PERM_READ, GUEST_SPARE, PAGE);
}

CALL(vmar_allocate, .object = VMAR)
{
	zx_vaddr_t addr;

	return zx_vmar_allocate(handle, 0, 0, PAGE, &self->out[0], &addr);
}

CALL(vmar_allocate_to_read, .object = VMAR, .right = ZX_RIGHT_READ)
{
	zx_vaddr_t addr;

	return zx_vmar_allocate(handle, ZX_VM_CAN_MAP_READ, 0, PAGE, &self->out[0], &addr);
}

CALL(vmar_destroy, .object = VMAR, .expect = ZX_ERR_NOT_SUPPORTED)
{
	return zx_vmar_destroy(handle);
}

CALL(vmar_op_range_hint, .object = VMAR)
{
	return zx_vmar_op_range(handle, ZX_VMAR_OP_DONT_NEED, GUEST_SPARE, PAGE, NULL, 0);
}

CALL(vmar_op_range, .object = VMAR, .right = ZX_RIGHT_WRITE)
{
	return zx_vmar_op_range(handle, ZX_VMAR_OP_COMMIT, GUEST_SPARE, PAGE, NULL, 0);
}

CALL(guest_create, .object = RESOURCE)
{
	return zx_guest_create(handle, 0, &self->out[0], &self->out[1]);
}

CALL(guest_set_trap, .object = GUEST, .right = ZX_RIGHT_WRITE)
{
	return zx_guest_set_trap(handle, ZX_GUEST_TRAP_IO, 0x300, 1, ZX_HANDLE_INVALID, 0);
}

CALL(guest_unset_trap, .object = GUEST, .right = ZX_RIGHT_WRITE)
{
	return zxl_guest_unset_trap(handle, ZX_GUEST_TRAP_IO, GUEST_PORTS);
}

CALL(guest_set_ipi_mode, .object = GUEST, .right = ZX_RIGHT_WRITE)
{
	return zxl_guest_set_ipi_mode(handle, ZXL_IPI_KERNEL);
}

CALL(vcpu_create, .object = GUEST, .right = ZX_RIGHT_MANAGE_PROCESS, .expect = ZX_ERR_BAD_STATE)
{
	return zx_vcpu_create(handle, 0, GUEST_ENTRY, &self->out[0]);
}

CALL(vcpu_enter, .object = VCPU, .right = ZX_RIGHT_EXECUTE)
{
	zx_port_packet_t packet;

	return zx_vcpu_enter(handle, &packet);
}

CALL(vcpu_resume, .object = VCPU, .right = ZX_RIGHT_EXECUTE)
{
	zx_port_packet_t packet;

	return zx_vcpu_resume(handle, &packet);
}

CALL(vcpu_kick, .object = VCPU, .right = ZX_RIGHT_EXECUTE)
{
	return zx_vcpu_kick(handle);
}

CALL(vcpu_interrupt, .object = VCPU, .right = ZX_RIGHT_SIGNAL)
{
	return zx_vcpu_interrupt(handle, 0x40);
}

CALL(vcpu_interrupt_level, .object = VCPU, .right = ZX_RIGHT_SIGNAL)
{
	return zxl_vcpu_interrupt(handle, 0x40, ZXL_INTERRUPT_LEVEL);
}

CALL(vcpu_read_memory, .object = VCPU, .right = ZX_RIGHT_READ, .expect = ZX_ERR_BAD_STATE)
{
	return zxl_vcpu_read_memory(handle, 0, NULL, 0, NULL);
}

CALL(vcpu_write_memory, .object = VCPU, .right = ZX_RIGHT_WRITE, .expect = ZX_ERR_BAD_STATE)
{
	return zxl_vcpu_write_memory(handle, 0, NULL, 0, NULL);
}

CALL(vcpu_read_state, .object = VCPU, .right = ZX_RIGHT_READ)
{
	zx_vcpu_state_t state;

	return zx_vcpu_read_state(handle, ZX_VCPU_STATE, &state, sizeof(state));
}

CALL(vcpu_write_state, .object = VCPU, .right = ZX_RIGHT_WRITE)
{
	zx_vcpu_state_t state = {};

	return zx_vcpu_write_state(handle, ZX_VCPU_STATE, &state, sizeof(state));
}

FIXTURE_SETUP(call)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	self->object[RESOURCE] = self->vm.resource;
	self->object[GUEST] = self->vm.guest;
	self->object[VMAR] = self->vm.vmar;
	self->object[VMO] = self->vm.vmo;
	self->object[VCPU] = self->vm.vcpu;
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->object[PORT]));
}

FIXTURE_TEARDOWN(call)
{
	zx_handle_close(self->out[0]);
	zx_handle_close(self->out[1]);
	zx_handle_close(self->object[PORT]);
	vm_down(&self->vm);
}

TEST_F(call, invalid_handle)
{
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, variant->call(self, ZX_HANDLE_INVALID));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, variant->call(self, 0x80000003));
}

TEST_F(call, handle_with_wrong_low_bits)
{
	const zx_handle_t good = self->object[variant->object];

	EXPECT_EQ(ZX_ERR_BAD_HANDLE, variant->call(self, good & ~1u));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, variant->call(self, good & ~2u));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, variant->call(self, good & ~3u));
}

TEST_F(call, closed_handle)
{
	const zx_handle_t handle = handle_with(self->object[variant->object],
					       ZX_RIGHT_SAME_RIGHTS);

	ASSERT_NE(ZX_HANDLE_INVALID, handle);
	ASSERT_EQ(ZX_OK, zx_handle_close(handle));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, variant->call(self, handle));
}

TEST_F(call, foreign_descriptor)
{
	const zx_handle_t handle = handle_foreign();

	ASSERT_NE(ZX_HANDLE_INVALID, handle);
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, variant->call(self, handle));
	EXPECT_NE(-1, fcntl(handle >> 2, F_GETFD));
}

TEST_F(call, object_of_another_type)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++) {
		zx_handle_t handle;

		if (i == variant->object)
			continue;
		handle = handle_with(self->object[i], ZX_RIGHT_SAME_RIGHTS);
		ASSERT_NE(ZX_HANDLE_INVALID, handle);
		EXPECT_EQ(variant->any ? ZX_OK : ZX_ERR_WRONG_TYPE, variant->call(self, handle)) {
			TH_LOG("object %u", i);
		}
	}
}

TEST_F(call, right_missing)
{
	const zx_handle_t handle = variant->right ?
		handle_without(self->object[variant->object], variant->right) :
		handle_with(self->object[variant->object], ZX_RIGHT_NONE);

	ASSERT_NE(ZX_HANDLE_INVALID, handle);
	EXPECT_EQ(variant->right ? ZX_ERR_ACCESS_DENIED : variant->expect,
		  variant->call(self, handle));
}

TEST_F(call, right_is_enough)
{
	const zx_handle_t handle = handle_with(self->object[variant->object], variant->right);

	ASSERT_NE(ZX_HANDLE_INVALID, handle);
	EXPECT_EQ(variant->expect, variant->call(self, handle));
}

TEST_HARNESS_MAIN
