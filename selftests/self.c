// SPDX-License-Identifier: GPL-2.0-only
/* The process's own VMARs with real VMOs: what libzx does by mmap, the kernel has to agree to. */
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define RW		(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define CAN_RW		(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC)

FIXTURE(self) {
	zx_handle_t resource;
	zx_handle_t vmo;
	zx_handle_t vmar;
	zx_vaddr_t base;
};

FIXTURE_SETUP(self)
{
	ASSERT_EQ(ZX_OK, zxl_hypervisor_resource(&self->resource));
	ASSERT_EQ(ZX_OK, zx_vmo_create(4 * PAGE, 0, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_vmar_allocate(zx_vmar_root_self(), CAN_RW, 0, 16 * PAGE, &self->vmar,
					  &self->base));
}

FIXTURE_TEARDOWN(self)
{
	zx_vmar_destroy(self->vmar);
	zx_handle_close(self->vmar);
	zx_handle_close(self->vmo);
	zx_handle_close(self->resource);
}

static zx_status_t map_at(struct _test_data_self *self, uint64_t page, zx_vm_option_t options,
			  uint64_t vmo_offset, uint64_t len)
{
	zx_vaddr_t addr;

	return zx_vmar_map(self->vmar, options, page * PAGE, self->vmo, vmo_offset, len, &addr);
}

static char *at(struct _test_data_self *self, uint64_t page)
{
	return (char *)self->base + page * PAGE;
}

TEST_F(self, a_mapping_is_the_memory_of_the_vmo)
{
	char byte = 'x';

	ASSERT_EQ(ZX_OK, map_at(self, 3, RW | ZX_VM_SPECIFIC, PAGE, 2 * PAGE));
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, &byte, PAGE + 7, 1));
	EXPECT_EQ('x', at(self, 3)[7]);
	at(self, 4)[9] = 'y';
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, &byte, 2 * PAGE + 9, 1));
	EXPECT_EQ('y', byte);
	/* In place of the first, and only of that. */
	ASSERT_EQ(ZX_OK, map_at(self, 3, RW | ZX_VM_SPECIFIC_OVERWRITE, 3 * PAGE, PAGE));
	EXPECT_EQ(0, at(self, 3)[7]);
	EXPECT_EQ('y', at(self, 4)[9]);
}

TEST_F(self, the_kernel_knows_the_rights_of_the_mapping)
{
	zx_handle_t reader;
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, zx_handle_duplicate(self->vmo, ZX_RIGHT_READ | ZX_RIGHT_MAP, &reader));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_map(self->vmar, RW, 0, reader, 0, PAGE, &addr));
	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vmar, ZX_VM_PERM_READ, 0, reader, 0, PAGE, &addr));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_vmar_protect(self->vmar, RW, addr, PAGE));
	/* Nor does going around libzx help. */
	EXPECT_EQ(-1, mprotect((void *)addr, PAGE, PROT_READ | PROT_WRITE));
	zx_handle_close(reader);
}

TEST_F(self, operations_reach_the_vmo)
{
	uint64_t size;
	char byte = 1;

	ASSERT_EQ(ZX_OK, map_at(self, 0, RW | ZX_VM_SPECIFIC, 0, 4 * PAGE));
	memset(at(self, 0), 'x', 4 * PAGE);
	ASSERT_EQ(ZX_OK, zx_vmar_op_range(self->vmar, ZX_VMAR_OP_DECOMMIT, self->base + PAGE, PAGE,
					  NULL, 0));
	ASSERT_EQ(ZX_OK, zx_vmar_op_range(self->vmar, ZX_VMAR_OP_ZERO, self->base + 2 * PAGE, PAGE,
					  NULL, 0));
	EXPECT_EQ('x', at(self, 0)[0]);
	EXPECT_EQ(0, at(self, 1)[0]);
	EXPECT_EQ(0, at(self, 2)[4095]);
	EXPECT_EQ('x', at(self, 3)[0]);
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, &byte, PAGE, 1));
	EXPECT_EQ(0, byte);
	EXPECT_EQ(ZX_OK, zx_vmar_op_range(self->vmar, ZX_VMAR_OP_COMMIT, self->base, 4 * PAGE, NULL,
					  0));
	/* The program's handle may be gone. */
	ASSERT_EQ(ZX_OK, zx_handle_close(self->vmo));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_vmo_get_size(self->vmo, &size));
	EXPECT_EQ(ZX_OK, zx_vmar_op_range(self->vmar, ZX_VMAR_OP_ZERO, self->base, PAGE, NULL, 0));
	EXPECT_EQ(0, at(self, 0)[0]);
	self->vmo = ZX_HANDLE_INVALID;
}

TEST_F(self, operations_past_the_end_of_the_vmo)
{
	ASSERT_EQ(ZX_OK, map_at(self, 0, RW | ZX_VM_SPECIFIC, 2 * PAGE, 4 * PAGE));
	EXPECT_EQ(ZX_ERR_OUT_OF_RANGE, zx_vmar_op_range(self->vmar, ZX_VMAR_OP_COMMIT, self->base,
							4 * PAGE, NULL, 0));
	EXPECT_EQ(ZX_OK, zx_vmar_op_range(self->vmar, ZX_VMAR_OP_COMMIT, self->base, 2 * PAGE, NULL,
					  0));
}

TEST_F(self, a_resizable_vmo_is_known_by_itself)
{
	zx_handle_t resizable, fewer;
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &resizable));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED,
		  zx_vmar_map(self->vmar, RW | ZX_VM_REQUIRE_NON_RESIZABLE, 0, resizable, 0, PAGE,
			      &addr));
	EXPECT_EQ(ZX_OK, zx_vmar_map(self->vmar, RW | ZX_VM_REQUIRE_NON_RESIZABLE, 0, self->vmo, 0,
				     PAGE, &addr));
	ASSERT_EQ(ZX_OK, zx_handle_replace(resizable, ZX_RIGHT_SAME_RIGHTS, &fewer));
	zx_handle_close(fewer);
}

/* Its values are no descriptors: what is not for libzx is for a kernel that knows them not. */
TEST_F(self, the_kernel_refuses_the_handles)
{
	zx_handle_t port, own[2] = { zx_vmar_root_self(), self->vmar }, out;
	zx_signals_t observed;
	zx_wait_item_t item;
	zx_vaddr_t addr;
	int i;

	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	for (i = 0; i < 2; i++) {
		item = (zx_wait_item_t){ .handle = own[i] };
		EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_vmo_get_size(own[i], &addr));
		EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_object_wait_one(own[i], 0, 0, &observed));
		EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_guest_create(own[i], 0, &out, &out));
		EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_port_wait(own[i], 0, NULL));
		EXPECT_EQ(ZX_ERR_WRONG_TYPE,
			  zx_vmar_map(self->vmar, RW, 0, own[i], 0, PAGE, &addr));
		EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_vcpu_create(own[i], 0, 0, &out));
		EXPECT_NE(ZX_OK, zx_object_wait_many(&item, 1, 0));
		EXPECT_EQ(-1, zxl_handle_fd(own[i]));
	}
	zx_handle_close(port);
}

TEST_F(self, a_child_process_has_a_copy)
{
	int status;
	pid_t pid;

	ASSERT_EQ(ZX_OK, map_at(self, 0, RW | ZX_VM_SPECIFIC, 0, PAGE));
	pid = fork();
	if (pid == 0) {
		at(self, 0)[0] = 'c';
		_exit(map_at(self, 1, RW | ZX_VM_SPECIFIC, 0, PAGE) != ZX_OK ||
		      zx_vmar_destroy(self->vmar) != ZX_OK);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* The memory is shared; what stands where is not. */
	EXPECT_EQ('c', at(self, 0)[0]);
	EXPECT_EQ(ZX_OK, map_at(self, 1, RW | ZX_VM_SPECIFIC, 0, PAGE));
}

TEST_HARNESS_MAIN
