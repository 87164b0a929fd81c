// SPDX-License-Identifier: GPL-2.0-only
/* VMARs inside the process's own: what stands where. */
/* build: ../../libzx/call.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread */
#include "self_env.h"
#include <sys/resource.h>

static void test_allocate(void **state)
{
	zx_info_vmar_t info;
	size_t actual = 0, avail = 0;

	assert_int_equal(base % 4096, 0);
	assert_true(is_mapped(base) && is_mapped(base + PAGES(15)));
	assert_false(is_writable(base));
	assert_int_equal(zx_object_get_info(vmar, ZX_INFO_VMAR, &info, sizeof(info), &actual,
					    &avail), ZX_OK);
	assert_int_equal(info.base, base);
	assert_int_equal(info.len, PAGES(16));
	assert_int_equal(actual, 1);
	assert_int_equal(avail, 1);
	assert_int_equal(rights_of(vmar), ZX_RIGHT_DUPLICATE | ZX_RIGHT_INSPECT | ZX_RIGHT_READ |
			 ZX_RIGHT_WRITE);
	assert_int_equal(mock.ioctls, 0);
	assert_int_equal(zxl_handle_fd(vmar), -1);
	(void)state;
}

static void test_allocate_statuses(void **state)
{
	const struct {
		zx_handle_t parent;
		zx_vm_option_t options;
		uint64_t offset, size;
		zx_status_t status;
	} cases[] = {
		{ vmar - 4, CAN_RW, 0, 4096, ZX_ERR_BAD_HANDLE },
		{ vmar, ZX_VM_PERM_READ, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ vmar, 1u << 16, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ vmar, CAN_RW, 0, 0, ZX_ERR_INVALID_ARGS },
		{ vmar, CAN_RW, 0, 100, ZX_ERR_INVALID_ARGS },
		{ vmar, CAN_RW, 4096, 4096, ZX_ERR_INVALID_ARGS },
		{ vmar, CAN_RW, 0, PAGES(17), ZX_ERR_INVALID_ARGS },
		{ vmar, CAN_RW, 0, UINT64_MAX, ZX_ERR_INVALID_ARGS },
		{ vmar, CAN_RW | ZX_VM_SPECIFIC, 1, 4096, ZX_ERR_INVALID_ARGS },
		{ vmar, CAN_RW | ZX_VM_SPECIFIC, PAGES(16), 4096, ZX_ERR_INVALID_ARGS },
		{ vmar, CAN_RW | ZX_VM_SPECIFIC, 0ull - 4096, 8192, ZX_ERR_INVALID_ARGS },
		{ vmar, CAN_RW | ZX_VM_SPECIFIC, PAGES(4), 4096, ZX_ERR_ALREADY_EXISTS },
		{ vmar, CAN_RW, 0, PAGES(12), ZX_ERR_NO_RESOURCES },
		{ vmar, CAN_RW | ZX_VM_ALIGN_4GB, 0, PAGES(1), ZX_ERR_NO_RESOURCES },
		{ vmar, CAN_RW | ZX_VM_CAN_MAP_EXECUTE, 0, 4096, ZX_ERR_ACCESS_DENIED },
		{ self, CAN_RW | ZX_VM_SPECIFIC, base, 4096, ZX_ERR_ALREADY_EXISTS },
	};
	zx_handle_t child = 4711;
	zx_vaddr_t addr = 4712;
	size_t i;

	assert_int_equal(map_at(4, 1, RW), ZX_OK);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(zx_vmar_allocate(cases[i].parent, cases[i].options,
						  cases[i].offset, cases[i].size, &child, &addr),
				 cases[i].status);
	assert_int_equal(child, 4711);
	assert_int_equal(addr, 4712);
	/* A failed result leaves nothing. */
	assert_int_equal(zx_vmar_allocate(vmar, CAN_RW, 0, PAGES(11), BAD_POINTER, &addr),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_allocate(vmar, CAN_RW, 0, PAGES(11), &child, BAD_POINTER),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_allocate(vmar, CAN_RW, 0, PAGES(11), &child, &addr), ZX_OK);
	assert_int_equal(addr, base + PAGES(5));
	assert_int_equal(zx_handle_close(child), ZX_OK);
	(void)state;
}

static void test_map(void **state)
{
	char byte = 0;
	zx_vaddr_t addr;

	/* The lowest hole, then the next one. */
	assert_int_equal(zx_vmar_map(vmar, RW, 0, vmo, 4096, 8192, &addr), ZX_OK);
	assert_int_equal(addr, base);
	assert_int_equal(zx_vmar_map(vmar, RW, 0, vmo, 0, 4096, &addr), ZX_OK);
	assert_int_equal(addr, base + PAGES(2));
	*(char *)(base + 5) = 'x';
	assert_int_equal(pread((int)(vmo >> 2), &byte, 1, 4096 + 5), 1);
	assert_int_equal(byte, 'x');
	/* From above. */
	assert_int_equal(zx_vmar_map(vmar, RW | ZX_VM_OFFSET_IS_UPPER_LIMIT, PAGES(16), vmo, 0,
				     4096, &addr), ZX_OK);
	assert_int_equal(addr, base + PAGES(15));
	assert_int_equal(zx_vmar_map(vmar, RW | ZX_VM_OFFSET_IS_UPPER_LIMIT, PAGES(10), vmo, 0,
				     8192, &addr), ZX_OK);
	assert_int_equal(addr, base + PAGES(8));
	assert_int_equal(zx_vmar_map(vmar, RW | ZX_VM_OFFSET_IS_UPPER_LIMIT, PAGES(3), vmo, 0,
				     4096, &addr), ZX_ERR_NO_RESOURCES);
	(void)state;
}

static void test_specific(void **state)
{
	zx_vaddr_t addr;

	assert_int_equal(map_at(4, 4, RW), ZX_OK);
	assert_int_equal(map_at(7, 2, RW), ZX_ERR_ALREADY_EXISTS);
	assert_int_equal(map_at(3, 2, RW), ZX_ERR_ALREADY_EXISTS);
	assert_int_equal(map_at(8, 1, RW), ZX_OK);
	assert_int_equal(map_at(3, 1, RW), ZX_OK);
	assert_int_equal(map_at(15, 2, RW), ZX_ERR_INVALID_ARGS);
	assert_int_equal(map_at(16, 1, RW), ZX_ERR_INVALID_ARGS);
	*(char *)(base + PAGES(5)) = 'x';
	*(char *)(base + PAGES(6)) = 'y';
	/* In the middle of one: the ends stay. */
	assert_int_equal(zx_vmar_map(vmar, RW | ZX_VM_SPECIFIC_OVERWRITE, PAGES(5), vmo, 0, 4096,
				     &addr), ZX_OK);
	assert_int_equal(*(char *)(base + PAGES(5)), 0);
	assert_int_equal(*(char *)(base + PAGES(6)), 'y');
	assert_int_equal(zx_vmar_unmap(vmar, base + PAGES(4), PAGES(4)), ZX_OK);
	(void)state;
}

/* In the root, where it may be that nothing is there: Linux would like to map just there itself. */
static void test_overwrite_a_hole(void **state)
{
	zx_vaddr_t addr, again;
	uint64_t shift;

	for (shift = 0; shift <= PAGES(2); shift += 4096) {
		assert_int_equal(zx_vmar_map(self, RW, 0, vmo, 0, PAGES(4), &addr), ZX_OK);
		assert_int_equal(zx_vmar_unmap(self, addr, PAGES(4)), ZX_OK);
		assert_int_equal(zx_vmar_map(self, RW | ZX_VM_SPECIFIC_OVERWRITE, addr - shift, vmo,
					     0, PAGES(4), &again), ZX_OK);
		assert_int_equal(again, addr - shift);
		assert_true(is_writable(again));
		assert_int_equal(zx_vmar_unmap(self, again, PAGES(4)), ZX_OK);
	}
	(void)state;
}

static void test_permissions(void **state)
{
	zx_handle_t code = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef | ZX_RIGHT_EXECUTE);
	zx_handle_t reader, nowhere;
	zx_vaddr_t addr;

	assert_int_equal(zx_vmar_map(vmar, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE, 0, code, 0, 4096,
				     &addr), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_handle_duplicate(vmar, ZX_RIGHT_READ, &reader), ZX_OK);
	assert_int_equal(zx_vmar_map(reader, RW, 0, vmo, 0, 4096, &addr), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_vmar_map(reader, ZX_VM_PERM_READ, 0, vmo, 0, 4096, &addr), ZX_OK);
	/* What the handle may not do, no other handle can later. */
	assert_int_equal(zx_vmar_protect(vmar, RW, addr, 4096), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_vmar_protect(reader, RW, addr, 4096), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_vmar_allocate(reader, CAN_RW, 0, 4096, &nowhere, &addr),
			 ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_handle_close(reader), ZX_OK);

	nowhere = allocate(vmar, ZX_VM_CAN_MAP_READ, 0, PAGES(4), &addr);
	assert_int_equal(rights_of(nowhere), ZX_RIGHT_DUPLICATE | ZX_RIGHT_INSPECT | ZX_RIGHT_READ);
	assert_int_equal(zx_vmar_map(nowhere, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, 0, vmo, 0, 4096,
				     &addr), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_vmar_map(nowhere, ZX_VM_PERM_READ | ZX_VM_SPECIFIC_OVERWRITE, 0, vmo, 0,
				     4096, &addr), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_vmar_map(nowhere, ZX_VM_PERM_READ, 0, vmo, 0, 4096, &addr), ZX_OK);
	assert_int_equal(zx_handle_close(nowhere), ZX_OK);
	(void)state;
}

static void test_unmap(void **state)
{
	zx_vaddr_t addr;

	assert_int_equal(map_at(2, 3, RW), ZX_OK);
	assert_int_equal(zx_vmar_unmap(vmar, base + PAGES(3), 4096), ZX_OK);
	assert_true(is_writable(base + PAGES(2)) && is_writable(base + PAGES(4)));
	/* The reservation is back: nobody else gets the page. */
	assert_true(is_mapped(base + PAGES(3)) && !is_writable(base + PAGES(3)));
	assert_int_equal(map_at(3, 1, RW), ZX_OK);
	assert_int_equal(zx_vmar_unmap(vmar, base, PAGES(16)), ZX_OK);
	assert_int_equal(zx_vmar_unmap(vmar, base, PAGES(16)), ZX_OK);
	assert_int_equal(zx_vmar_unmap(vmar, base, PAGES(17)), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_unmap(vmar, base - 4096, PAGES(2)), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_unmap(vmar, base + 1, 4096), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_unmap(vmar, base, 0), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_unmap(vmar, base, UINT64_MAX), ZX_ERR_INVALID_ARGS);
	/* The root knows that it is not a hole. */
	assert_int_equal(zx_vmar_map(self, RW | ZX_VM_SPECIFIC, base, vmo, 0, 4096, &addr),
			 ZX_ERR_ALREADY_EXISTS);
	assert_int_equal(zx_vmar_map(self, RW | ZX_VM_SPECIFIC_OVERWRITE, base, vmo, 0, 4096,
				     &addr), ZX_ERR_INVALID_ARGS);
	(void)state;
}

static void test_protect(void **state)
{
	assert_int_equal(map_at(2, 3, RW), ZX_OK);
	assert_int_equal(zx_vmar_protect(vmar, ZX_VM_PERM_READ, base + PAGES(3), 4096), ZX_OK);
	assert_true(is_writable(base + PAGES(2)) && !is_writable(base + PAGES(3)));
	assert_int_equal(zx_vmar_protect(vmar, RW, base + PAGES(2), PAGES(3)), ZX_OK);
	assert_true(is_writable(base + PAGES(3)));
	assert_int_equal(zx_vmar_protect(vmar, RW, base + PAGES(4), PAGES(2)), ZX_ERR_NOT_FOUND);
	assert_int_equal(zx_vmar_protect(vmar, RW, base, PAGES(4)), ZX_ERR_NOT_FOUND);
	assert_int_equal(zx_vmar_protect(vmar, ZX_VM_PERM_WRITE, base, 4096), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_protect(vmar, RW | ZX_VM_SPECIFIC, base, 4096),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_protect(vmar, RW, base - 4096, 4096), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_protect(vmar, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE,
					 base + PAGES(2), 4096), ZX_ERR_ACCESS_DENIED);
	(void)state;
}

static void test_nesting(void **state)
{
	zx_vaddr_t inner_base, addr;
	zx_handle_t inner = allocate(vmar, CAN_RW | ZX_VM_SPECIFIC, PAGES(4), PAGES(4),
				     &inner_base);

	assert_int_equal(inner_base, base + PAGES(4));
	assert_int_equal(zx_vmar_map(inner, RW | ZX_VM_SPECIFIC, 4096, vmo, 0, 4096, &addr), ZX_OK);
	assert_int_equal(addr, base + PAGES(5));
	/* The outer one keeps off. */
	assert_int_equal(map_at(7, 1, RW), ZX_ERR_ALREADY_EXISTS);
	assert_int_equal(zx_vmar_map(vmar, RW | ZX_VM_SPECIFIC_OVERWRITE, PAGES(4), vmo, 0,
				     PAGES(4), &addr), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_map(vmar, RW, 0, vmo, 0, PAGES(8), &addr), ZX_OK);
	assert_int_equal(addr, base + PAGES(8));
	assert_int_equal(zx_vmar_protect(vmar, RW, base + PAGES(5), 4096), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_unmap(vmar, base + PAGES(5), 4096), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_unmap(vmar, base + PAGES(7), 8192), ZX_ERR_INVALID_ARGS);
	/* A handle gone, the VMAR is still there. */
	assert_int_equal(zx_handle_close(inner), ZX_OK);
	assert_int_equal(zx_vmar_unmap(vmar, base + PAGES(7), 8192), ZX_ERR_INVALID_ARGS);
	/* All of it: it ends. */
	assert_int_equal(zx_vmar_unmap(vmar, base + PAGES(3), PAGES(6)), ZX_OK);
	assert_int_equal(map_at(4, 4, RW), ZX_OK);
	(void)state;
}

static void test_destroy(void **state)
{
	zx_vaddr_t inner_base, deep_base, addr;
	zx_handle_t inner = allocate(vmar, CAN_RW, 0, PAGES(4), &inner_base);
	zx_handle_t deep = allocate(inner, CAN_RW, 0, PAGES(2), &deep_base), child;
	zx_info_vmar_t info;

	assert_int_equal(zx_vmar_map(deep, RW, 0, vmo, 0, 4096, &addr), ZX_OK);
	assert_int_equal(zx_vmar_destroy(inner), ZX_OK);
	assert_false(is_writable(addr));
	assert_int_equal(zx_vmar_destroy(inner), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_vmar_destroy(deep), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_vmar_map(deep, RW, 0, vmo, 0, 4096, &addr), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_vmar_unmap(deep, deep_base, 4096), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_vmar_protect(deep, RW, deep_base, 4096), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_vmar_op_range(deep, ZX_VMAR_OP_COMMIT, deep_base, 4096, NULL, 0),
			 ZX_ERR_BAD_STATE);
	assert_int_equal(zx_vmar_allocate(deep, CAN_RW, 0, 4096, &child, &addr), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_object_get_info(deep, ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL),
			 ZX_OK);
	assert_int_equal(info.base, deep_base);
	assert_int_equal(count_of(deep), 1);
	/* Its range is the outer one's again. */
	assert_int_equal(map_at(0, 4, RW), ZX_OK);
	assert_int_equal(zx_handle_close(deep), ZX_OK);
	assert_int_equal(zx_handle_close(inner), ZX_OK);
	assert_int_equal(zx_vmar_destroy(vmar), ZX_OK);
	assert_false(is_mapped(base));
	assert_int_equal(zx_vmar_destroy(self), ZX_ERR_NOT_SUPPORTED);
	(void)state;
}

/* However deep they stand in each other. */
static void test_depth(void **state)
{
	zx_handle_t outer = allocate(self, CAN_RW, 0, PAGES(2000), &base), inner = outer;
	zx_vaddr_t addr;
	int i;

	for (i = 1; i < 2000; i++) {
		zx_handle_t next = allocate(inner, CAN_RW, 0, PAGES(2000 - i), &addr);

		if (inner != outer)
			assert_int_equal(zx_handle_close(inner), ZX_OK);
		inner = next;
	}
	assert_int_equal(zx_vmar_map(inner, RW, 0, vmo, 0, 4096, &addr), ZX_OK);
	assert_int_equal(zx_vmar_destroy(outer), ZX_OK);
	assert_int_equal(zx_vmar_destroy(inner), ZX_ERR_BAD_STATE);
	assert_int_equal(zx_handle_close(inner), ZX_OK);
	assert_int_equal(zx_handle_close(outer), ZX_OK);
	(void)state;
}

/* No memory, no descriptor: nothing is left behind. */
static void test_no_memory(void **state)
{
	struct rlimit limit, none;
	zx_handle_t child;
	zx_vaddr_t addr;

	assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 1, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	assert_int_equal(zx_vmar_allocate(self, CAN_RW, 0, PAGES(1024), &child, &addr),
			 ZX_ERR_NO_MEMORY);
	assert_int_equal(zx_vmar_map(self, RW, 0, vmo, 0, PAGES(4), &addr), ZX_ERR_NO_MEMORY);
	assert_int_equal(map_at(0, 4, RW), ZX_ERR_NO_MEMORY);
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(map_at(0, 4, RW), ZX_ERR_NO_MEMORY);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(map_at(0, 16, RW), ZX_OK);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_allocate),
		TEST(test_allocate_statuses),
		TEST(test_map),
		TEST(test_specific),
		TEST(test_overwrite_a_hole),
		TEST(test_permissions),
		TEST(test_unmap),
		TEST(test_protect),
		TEST(test_nesting),
		TEST(test_destroy),
		TEST(test_depth),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests_name("libzx VMARs inside the own", tests, NULL, mock_reset);
}
