// SPDX-License-Identifier: GPL-2.0-only
/* The process's own VMAR. */
/* build: ../../libzx/call.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread */
#include "test_libzx.h"

#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)

static zx_handle_t self, vmo;

static int new_vmo(void **state)
{
	mock_reset(state);
	self = zx_vmar_root_self();
	vmo = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef);
	return 0;
}

static void test_map(void **state)
{
	char byte = 0;
	zx_vaddr_t addr;

	assert_int_equal(zx_vmar_map(self, RW, 0, vmo, 4096, 100, &addr), ZX_OK);
	assert_int_equal(addr % 4096, 0);
	*(char *)(addr + 5) = 'x';
	assert_int_equal(pread((int)(vmo >> 2), &byte, 1, 4096 + 5), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(zx_vmar_unmap(self, addr, 4096), ZX_OK);
	assert_false(is_mapped(addr));
	(void)state;
}

static void test_specific(void **state)
{
	zx_vaddr_t addr, again = 0;

	assert_int_equal(zx_vmar_map(self, RW, 0, vmo, 0, 8192, &addr), ZX_OK);
	assert_int_equal(zx_vmar_map(self, RW | ZX_VM_SPECIFIC, addr + 4096, vmo, 0, 4096, &again),
			 ZX_ERR_ALREADY_EXISTS);
	assert_int_equal(again, 0);
	*(char *)(addr + 4096) = 'x';
	assert_int_equal(zx_vmar_map(self, RW | ZX_VM_SPECIFIC_OVERWRITE, addr + 4096, vmo, 8192,
				     4096, &again), ZX_OK);
	assert_int_equal(again, addr + 4096);
	assert_int_equal(*(char *)again, 0);
	assert_int_equal(zx_vmar_unmap(self, addr, 8192), ZX_OK);
	assert_int_equal(zx_vmar_map(self, RW | ZX_VM_SPECIFIC, addr, vmo, 0, 4096, &again), ZX_OK);
	assert_int_equal(again, addr);
	assert_int_equal(zx_vmar_unmap(self, addr, 4096), ZX_OK);
	(void)state;
}

static void test_align(void **state)
{
	static const zx_vm_option_t options[] = {
		ZX_VM_ALIGN_1KB, ZX_VM_ALIGN_4KB, ZX_VM_ALIGN_64KB, ZX_VM_ALIGN_2MB,
		ZX_VM_ALIGN_1GB,
	};
	static const uint64_t aligns[] = { 4096, 4096, 65536, 1 << 21, 1 << 30 };
	zx_vaddr_t addr;
	size_t i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(zx_vmar_map(self, RW | options[i], 0, vmo, 0, 8192, &addr), ZX_OK);
		assert_int_equal(addr % aligns[i], 0);
		assert_true(is_mapped(addr) && is_mapped(addr + 4096));
		/* What was reserved around it was given back. */
		assert_false(aligns[i] > 4096 && is_mapped(addr + 8192));
		assert_int_equal(zx_vmar_unmap(self, addr, 8192), ZX_OK);
	}
	(void)state;
}

static void test_bad_arguments(void **state)
{
	const struct {
		zx_vm_option_t options;
		uint64_t vmar_offset, vmo_offset, len;
		zx_status_t status;
	} cases[] = {
		{ ZX_VM_PERM_WRITE, 0, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ ZX_VM_PERM_EXECUTE, 0, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW | ZX_VM_CAN_MAP_READ, 0, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW | ZX_VM_COMPACT, 0, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW | 1u << 16, 0, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW | ZX_VM_MAP_RANGE | ZX_VM_SPECIFIC_OVERWRITE, 0, 0, 4096,
		  ZX_ERR_INVALID_ARGS },
		{ RW | 9u << 24, 0, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW | 33u << 24, 0, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW, 4096, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW | ZX_VM_SPECIFIC, 0x10000001, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW, 0, 1, 4096, ZX_ERR_INVALID_ARGS },
		{ RW, 0, 0, 0, ZX_ERR_INVALID_ARGS },
		{ RW, 0, 0, UINT64_MAX, ZX_ERR_INVALID_ARGS },
		{ RW, 0, 0ull - 4096, 8192, ZX_ERR_OUT_OF_RANGE },
		{ RW, 0, 1ull << 63, 4096, ZX_ERR_OUT_OF_RANGE },
		{ RW, 0, 0, 1ull << 47, ZX_ERR_INVALID_ARGS },
		{ RW | ZX_VM_SPECIFIC, 0x7ffffffff000, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW | ZX_VM_SPECIFIC, 0ull - 4096, 0, 8192, ZX_ERR_INVALID_ARGS },
		{ RW | ZX_VM_SPECIFIC | ZX_VM_ALIGN_2MB, 0x10001000, 0, 4096, ZX_ERR_INVALID_ARGS },
		{ RW | ZX_VM_OFFSET_IS_UPPER_LIMIT | ZX_VM_SPECIFIC, 1 << 30, 0, 4096,
		  ZX_ERR_INVALID_ARGS },
		{ RW | ZX_VM_OFFSET_IS_UPPER_LIMIT, 1 << 16, 0, 4096, ZX_ERR_NO_RESOURCES },
		{ RW | ZX_VM_OFFSET_IS_UPPER_LIMIT, 0, 0, 4096, ZX_ERR_INVALID_ARGS },
	};
	zx_vaddr_t addr = 4711;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(zx_vmar_map(self, cases[i].options, cases[i].vmar_offset, vmo,
					     cases[i].vmo_offset, cases[i].len, &addr),
				 cases[i].status);
	assert_int_equal(addr, 4711);
	(void)state;
}

static void test_bad_handles(void **state)
{
	zx_handle_t port = mock_new(ZX_OBJ_TYPE_PORT, 0x800f);
	zx_handle_t resizable = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef | ZX_RIGHT_RESIZE);
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	zx_vaddr_t addr;

	assert_int_equal(zx_vmar_map(self, RW, 0, 0, 0, 4096, &addr), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zx_vmar_map(self, RW, 0, port, 0, 4096, &addr), ZX_ERR_WRONG_TYPE);
	/* A file that could be mapped is no VMO. */
	assert_int_equal(zx_vmar_map(self, ZX_VM_PERM_READ, 0, (zx_handle_t)file << 2 | 3, 0, 4096,
				     &addr), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zx_vmar_map(self, RW | ZX_VM_REQUIRE_NON_RESIZABLE, 0, resizable, 0, 4096,
				     &addr), ZX_ERR_NOT_SUPPORTED);
	assert_int_equal(zx_vmar_map(self, RW, 0, self, 0, 4096, &addr), ZX_ERR_WRONG_TYPE);
	assert_int_equal(zx_vmar_map(self, RW, 0, self - 4, 0, 4096, &addr), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zx_vmar_map(self - 4, RW, 0, vmo, 0, 4096, &addr), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zxl_handle_fd(self), -1);
	close(file);
	(void)state;
}

static int count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int lines = 0, c;

	while ((c = fgetc(maps)) != EOF)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

static void test_bad_result_pointer(void **state)
{
	int before = count_mappings();

	assert_int_equal(zx_vmar_map(self, RW, 0, vmo, 0, 4096, BAD_POINTER), ZX_ERR_INVALID_ARGS);
	assert_int_equal(count_mappings(), before);
	(void)state;
}

static void test_unmap(void **state)
{
	zx_vaddr_t addr;

	assert_int_equal(zx_vmar_map(self, RW, 0, vmo, 0, 3 * 4096, &addr), ZX_OK);
	assert_int_equal(zx_vmar_unmap(self, addr + 1, 4096), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_unmap(self, addr, 0), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_unmap(self, addr, 0ull - 4096), ZX_ERR_INVALID_ARGS);
	assert_true(is_mapped(addr));
	/* A split; then a hole. Lengths are rounded up. */
	assert_int_equal(zx_vmar_unmap(self, addr + 4096, 100), ZX_OK);
	assert_true(is_mapped(addr) && !is_mapped(addr + 4096) && is_mapped(addr + 8192));
	assert_int_equal(zx_vmar_unmap(self, addr, 3 * 4096), ZX_OK);
	(void)state;
}

/* Can the kernel write there? */
static bool is_writable(zx_vaddr_t addr)
{
	return read(mock_handle(ZX_OBJ_TYPE_VMO, 0, 0), (void *)addr, 1) == 1;
}

static void test_protect(void **state)
{
	zx_vaddr_t addr;

	assert_int_equal(zx_vmar_map(self, RW, 0, vmo, 0, 3 * 4096, &addr), ZX_OK);
	assert_int_equal(zx_vmar_protect(self, ZX_VM_PERM_READ, addr, 4096), ZX_OK);
	assert_false(is_writable(addr));
	assert_true(is_writable(addr + 4096));
	assert_int_equal(zx_vmar_protect(self, ZX_VM_PERM_WRITE, addr, 4096), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_protect(self, RW | ZX_VM_SPECIFIC, addr, 4096),
			 ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_protect(self, RW, addr, 0), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vmar_unmap(self, addr, 3 * 4096), ZX_OK);
	(void)state;
}

/* With a hole nothing changes, not even in front of it. */
static void test_protect_hole(void **state)
{
	const char *preload = getenv("LD_PRELOAD");
	zx_vaddr_t addr;

	/* Which reports the question as an error. */
	if (preload && strstr(preload, "valgrind"))
		skip();
	assert_int_equal(zx_vmar_map(self, RW, 0, vmo, 0, 3 * 4096, &addr), ZX_OK);
	assert_int_equal(zx_vmar_unmap(self, addr + 8192, 4096), ZX_OK);
	assert_int_equal(zx_vmar_protect(self, ZX_VM_PERM_READ, addr, 3 * 4096), ZX_ERR_NOT_FOUND);
	assert_true(is_writable(addr + 4096));
	assert_int_equal(zx_vmar_unmap(self, addr, 8192), ZX_OK);
	(void)state;
}

static void test_below(void **state)
{
	const zx_vm_option_t below = RW | ZX_VM_OFFSET_IS_UPPER_LIMIT;
	zx_vaddr_t limit, addr, next;

	/* Somewhere low nothing stands. */
	limit = 0x40000000;
	assert_int_equal(zx_vmar_map(self, below, limit, vmo, 0, 8192, &addr), ZX_OK);
	assert_int_equal(addr, limit - 8192);
	assert_int_equal(zx_vmar_map(self, below, limit, vmo, 0, 4096, &next), ZX_OK);
	assert_int_equal(next, addr - 4096);
	assert_int_equal(zx_vmar_unmap(self, next, 4096 + 8192), ZX_OK);
	assert_int_equal(zx_vmar_map(self, below | ZX_VM_ALIGN_64KB, limit - 4096, vmo, 0, 4096,
				     &addr), ZX_OK);
	assert_int_equal(addr, limit - 65536);
	assert_int_equal(zx_vmar_unmap(self, addr, 4096), ZX_OK);
	/* All of the process: below its stack, not where that grows. */
	assert_int_equal(zx_vmar_map(self, below, 0x7ffffffff000, vmo, 0, 4096, &addr), ZX_OK);
	assert_true(is_mapped(addr));
	assert_int_equal(zx_vmar_unmap(self, addr, 4096), ZX_OK);
	(void)state;
}

/* x86 cannot run what it cannot read. */
static void test_execute_only(void **state)
{
	zx_handle_t code = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef | ZX_RIGHT_EXECUTE);
	const zx_vm_option_t run = ZX_VM_PERM_EXECUTE | ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED;
	zx_vaddr_t addr;

	assert_int_equal(zx_vmar_map(self, run, 0, code, 0, 4096, &addr), ZX_OK);
	assert_int_equal(*(char *)addr, 0);
	assert_int_equal(zx_vmar_protect(self, run, addr, 4096), ZX_OK);
	assert_int_equal(*(char *)addr, 0);
	assert_int_equal(zx_vmar_unmap(self, addr, 4096), ZX_OK);
	(void)state;
}

static void test_rights_of_vmo(void **state)
{
	zx_handle_t unmappable = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef & ~ZX_RIGHT_MAP);
	zx_handle_t reader = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef & ~ZX_RIGHT_WRITE);
	zx_vaddr_t addr;

	assert_int_equal(zx_vmar_map(self, ZX_VM_PERM_READ, 0, unmappable, 0, 4096, &addr),
			 ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_vmar_map(self, RW, 0, reader, 0, 4096, &addr), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_vmar_map(self, ZX_VM_PERM_READ, 0, reader, 0, 4096, &addr), ZX_OK);
	/* What the handle had then is all that the mapping ever gets. */
	assert_int_equal(zx_vmar_protect(self, RW, addr, 4096), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(zx_vmar_protect(self, 0, addr, 4096), ZX_OK);
	assert_int_equal(zx_vmar_unmap(self, addr, 4096), ZX_OK);
	(void)state;
}

static void test_errno(void **state)
{
	zx_vaddr_t addr = 0;

	errno = 4711;
	zx_vmar_map(self, RW, 0, vmo, 0, 1ull << 60, &addr);
	zx_vmar_map(self, RW, 0, vmo, 0, 4096, BAD_POINTER);
	zx_vmar_unmap(self, 0x7ffffffff000, 1ull << 60);
	assert_int_equal(errno, 4711);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_map, new_vmo),
		cmocka_unit_test_setup(test_specific, new_vmo),
		cmocka_unit_test_setup(test_align, new_vmo),
		cmocka_unit_test_setup(test_bad_arguments, new_vmo),
		cmocka_unit_test_setup(test_bad_handles, new_vmo),
		cmocka_unit_test_setup(test_bad_result_pointer, new_vmo),
		cmocka_unit_test_setup(test_unmap, new_vmo),
		cmocka_unit_test_setup(test_protect, new_vmo),
		cmocka_unit_test_setup(test_protect_hole, new_vmo),
		cmocka_unit_test_setup(test_below, new_vmo),
		cmocka_unit_test_setup(test_execute_only, new_vmo),
		cmocka_unit_test_setup(test_rights_of_vmo, new_vmo),
		cmocka_unit_test_setup(test_errno, new_vmo),
	};

	return cmocka_run_group_tests_name("libzx own VMAR", tests, NULL, mock_reset);
}
