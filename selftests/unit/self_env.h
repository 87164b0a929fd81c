/* SPDX-License-Identifier: GPL-2.0-only */
/* One VMAR of 16 pages inside the process's own, for a test. */
#ifndef SELF_ENV_H
#define SELF_ENV_H

#include "test_libzx.h"

#define RW		(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define CAN_RW		(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC)
#define PAGES(n)	((n) * 4096ull)

static zx_handle_t self, vmo, vmar;
static zx_vaddr_t base;

static zx_handle_t allocate(zx_handle_t parent, zx_vm_option_t options, uint64_t offset,
			    uint64_t size, zx_vaddr_t *addr)
{
	zx_handle_t child;

	assert_int_equal(zx_vmar_allocate(parent, options, offset, size, &child, addr), ZX_OK);
	return child;
}

/* One VMAR of 16 pages. */
static inline int new_vmar(void **state)
{
	mock_reset(state);
	self = zx_vmar_root_self();
	vmo = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef);
	vmar = allocate(self, CAN_RW, 0, PAGES(16), &base);
	return 0;
}

static inline int end_vmar(void **state)
{
	(void)state;
	zx_vmar_destroy(vmar);
	zx_handle_close(vmar);
	return 0;
}

static inline zx_status_t map_at(uint64_t page, uint64_t pages, zx_vm_option_t options)
{
	zx_vaddr_t addr = 0;
	zx_status_t status = zx_vmar_map(vmar, options | ZX_VM_SPECIFIC, PAGES(page), vmo, 0,
					 PAGES(pages), &addr);

	if (status == ZX_OK)
		assert_int_equal(addr, base + PAGES(page));
	return status;
}

/* Can the kernel write there? */
static inline bool is_writable(zx_vaddr_t addr)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	bool writable = read(zero, (void *)addr, 1) == 1;

	close(zero);
	return writable;
}

static inline zx_rights_t rights_of(zx_handle_t handle)
{
	zx_info_handle_basic_t info;

	assert_int_equal(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info),
					    NULL, NULL), ZX_OK);
	assert_int_equal(info.type, ZX_OBJ_TYPE_VMAR);
	assert_int_equal(info.koid >> 63, 1);
	return info.rights;
}

static inline uint32_t count_of(zx_handle_t handle)
{
	zx_info_handle_count_t info;

	assert_int_equal(zx_object_get_info(handle, ZX_INFO_HANDLE_COUNT, &info, sizeof(info),
					    NULL, NULL), ZX_OK);
	return info.handle_count;
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, new_vmar, end_vmar)

#endif
