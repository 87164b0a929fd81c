// SPDX-License-Identifier: GPL-2.0-only
/* The VCPU's page: when it may be used, and what reading and writing do. */
/* build: ../../libzx/call.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/vcpu.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread */
#include "test_libzx.h"

#include <sys/auxv.h>
#include <ucontext.h>

static zx_handle_t new_vcpu(void)
{
	zx_handle_t guest = mock_new(ZX_OBJ_TYPE_GUEST, 0x2800b), vcpu;

	assert_int_equal(zx_vcpu_create(guest, 0, 0x1000, &vcpu), ZX_OK);
	assert_int_equal(zx_handle_close(guest), ZX_OK);
	assert_non_null(zxl_vcpu_page(vcpu));
	mock.ioctls = 0;
	return vcpu;
}

static zx_status_t read_state(zx_handle_t vcpu, zx_vcpu_state_t *state)
{
	return zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, state, sizeof(*state));
}

static zx_status_t write_state(zx_handle_t vcpu, const zx_vcpu_state_t *state)
{
	return zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, state, sizeof(*state));
}

static void test_create(void **state)
{
	zx_handle_t vcpu = 0;

	/* Options come before the handle. */
	assert_int_equal(zx_vcpu_create(0, 1, 0, &vcpu), ZX_ERR_INVALID_ARGS);
	assert_int_equal(zx_vcpu_create(0, 0, 0, &vcpu), ZX_ERR_BAD_HANDLE);
	vcpu = new_vcpu();
	assert_non_null(zxl_vcpu_page(vcpu));
	(void)state;
}

static int lowest_free_descriptor(void)
{
	int fd = dup(STDOUT_FILENO);

	close(fd);
	return fd;
}

static void test_create_fails_whole(void **state)
{
	zx_handle_t guest = mock_new(ZX_OBJ_TYPE_GUEST, 0x2800b), vcpu = 4711;
	int before = lowest_free_descriptor();

	assert_int_equal(zx_vcpu_create(guest, 0, 0, BAD_POINTER), ZX_ERR_INVALID_ARGS);
	assert_int_equal(lowest_free_descriptor(), before);
	/* Without its page a VCPU is not handed out. */
	mock.read_only = true;
	assert_int_equal(zx_vcpu_create(guest, 0, 0, &vcpu), ZX_ERR_INTERNAL);
	assert_int_equal(vcpu, ZX_HANDLE_INVALID);
	assert_true(fcntl(before, F_GETFD) < 0);
	(void)state;
}

static void test_no_system_call(void **state)
{
	zx_handle_t vcpu = new_vcpu();
	zx_vcpu_state_t in = { .rax = 1, .r15 = 15, .rflags = 2 }, out;
	zx_vcpu_io_t io = { .access_size = 1 };

	assert_int_equal(write_state(vcpu, &in), ZX_OK);
	assert_int_equal(read_state(vcpu, &out), ZX_OK);
	assert_int_equal(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)), ZX_OK);
	assert_non_null(zxl_vcpu_page(vcpu));
	assert_int_equal(mock.ioctls, 0);
	assert_int_equal(out.rax, 1);
	assert_int_equal(out.r15, 15);
	(void)state;
}

static void test_flags(void **state)
{
	zx_handle_t vcpu = new_vcpu();
	struct zx_vcpu_page *page = zxl_vcpu_page(vcpu);
	zx_vcpu_state_t regs = { 0 };

	page->regs.rflags = 0x40;
	assert_int_equal(read_state(vcpu, &regs), ZX_OK);
	assert_int_equal(regs.rflags, 0x40);
	/* Without bit 1 they stay. */
	regs.rflags = 0x1;
	assert_int_equal(write_state(vcpu, &regs), ZX_OK);
	assert_int_equal(page->regs.rflags, 0x40);
	/* With it they are taken, and only the user's are read back. */
	regs.rflags = ~0ull;
	assert_int_equal(write_state(vcpu, &regs), ZX_OK);
	assert_true(page->regs.rflags & 2);
	assert_int_equal(read_state(vcpu, &regs), ZX_OK);
	assert_int_equal(regs.rflags, 0x244dd5);
	(void)state;
}

static void test_io(void **state)
{
	zx_handle_t vcpu = new_vcpu();
	struct zx_vcpu_page *page = zxl_vcpu_page(vcpu);
	zx_vcpu_io_t io = { .access_size = 1, .u32 = 0xaabbccdd };

	page->regs.rax = 0x1122334455667788;
	assert_int_equal(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)), ZX_OK);
	assert_int_equal(page->regs.rax, 0x11223344556677dd);
	io.access_size = 2;
	assert_int_equal(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)), ZX_OK);
	assert_int_equal(page->regs.rax, 0x112233445566ccdd);
	io.access_size = 4;
	assert_int_equal(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)), ZX_OK);
	assert_int_equal(page->regs.rax, 0x11223344aabbccdd);
	for (io.access_size = 255; io.access_size; io.access_size--) {
		zx_status_t wanted = io.access_size == 1 || io.access_size == 2 ||
				     io.access_size == 4 ? ZX_OK : ZX_ERR_INVALID_ARGS;

		assert_int_equal(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)), wanted);
	}
	(void)state;
}

/* What libzx does not vouch for goes to the kernel as it is. */
static void test_kernel_decides(void **state)
{
	static zx_vcpu_state_t elsewhere;
	zx_handle_t vcpu = new_vcpu();
	zx_vcpu_state_t here;
	const struct {
		uint32_t kind;
		void *buffer;
		size_t size;
	} cases[] = {
		{ ZX_VCPU_STATE, &elsewhere, sizeof(elsewhere) },
		{ ZX_VCPU_STATE, NULL, sizeof(here) },
		{ ZX_VCPU_STATE, BAD_POINTER, sizeof(here) },
		{ ZX_VCPU_STATE, (void *)-8, sizeof(here) },
		{ ZX_VCPU_STATE, &here, 0 },
		{ ZX_VCPU_STATE, &here, sizeof(here) - 1 },
		{ ZX_VCPU_STATE, &here, SIZE_MAX },
		{ ZX_VCPU_IO, &here, sizeof(here) },
		{ 2, &here, sizeof(here) },
		/* Below the caller's frame nothing is sure to be mapped. */
		{ ZX_VCPU_STATE, (void *)((uintptr_t)&here - (1 << 20)), sizeof(here) },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zx_ioc_vcpu_state arg;

		assert_int_equal(zx_vcpu_read_state(vcpu, cases[i].kind, cases[i].buffer,
						    cases[i].size), ZX_OK);
		assert_int_equal(mock.cmd, ZX_IOC_VCPU_READ_STATE);
		memcpy(&arg, mock.arg, sizeof(arg));
		assert_int_equal(arg.kind, cases[i].kind);
		assert_int_equal(arg.buffer, (uintptr_t)cases[i].buffer);
		assert_int_equal(arg.length, cases[i].size);
		assert_int_equal(zx_vcpu_write_state(vcpu, cases[i].kind, cases[i].buffer,
						     cases[i].size), ZX_OK);
		assert_int_equal(mock.cmd, ZX_IOC_VCPU_WRITE_STATE);
		assert_int_equal(mock.ioctls, 2 * (int)i + 2);
	}
	(void)state;
}

static void *use_elsewhere(void *arg)
{
	zx_vcpu_state_t regs;

	assert_null(zxl_vcpu_page(*(zx_handle_t *)arg));
	assert_int_equal(read_state(*(zx_handle_t *)arg, &regs), ZX_OK);
	assert_int_equal(mock.cmd, ZX_IOC_VCPU_READ_STATE);
	return NULL;
}

static void test_other_thread(void **state)
{
	zx_handle_t vcpu = new_vcpu();

	start_thread_and_join(use_elsewhere, &vcpu);
	(void)state;
}

static ucontext_t back;

static void read_in_coroutine(unsigned int vcpu)
{
	zx_vcpu_state_t regs;

	assert_int_equal(read_state(vcpu, &regs), ZX_OK);
}

/* On a stack that is no thread's nothing is known of what lies between. */
static void *run_coroutine(void *arg)
{
	static char stack[65536];
	zx_handle_t vcpu = new_vcpu();
	zx_vcpu_state_t regs;
	ucontext_t context;

	assert_int_equal(read_state(vcpu, &regs), ZX_OK);
	assert_int_equal(mock.ioctls, 0);
	getcontext(&context);
	context.uc_stack.ss_sp = stack;
	context.uc_stack.ss_size = sizeof(stack);
	context.uc_link = &back;
	makecontext(&context, (void (*)(void))read_in_coroutine, 1, vcpu);
	swapcontext(&back, &context);
	assert_int_equal(mock.ioctls, 1);
	return arg;
}

static void test_coroutine(void **state)
{
	run_coroutine(NULL);
	start_thread_and_join(run_coroutine, NULL);
	(void)state;
}

static void test_end_of_first_stack(void **state)
{
	zx_vcpu_state_t *last = (zx_vcpu_state_t *)getauxval(AT_RANDOM) - 1;
	zx_handle_t vcpu = new_vcpu();

	assert_int_equal(write_state(vcpu, last), ZX_OK);
	assert_int_equal(mock.ioctls, 0);
	assert_int_equal(write_state(vcpu, (void *)((char *)last + 1)), ZX_OK);
	assert_int_equal(mock.ioctls, 1);
	(void)state;
}

static void *close_it(void *arg)
{
	assert_int_equal(zx_handle_close(*(zx_handle_t *)arg), ZX_OK);
	return NULL;
}

static void test_closed_elsewhere(void **state)
{
	zx_handle_t vcpu = new_vcpu(), port;
	zx_vcpu_state_t regs;

	start_thread_and_join(close_it, &vcpu);
	assert_int_equal(read_state(vcpu, &regs), ZX_ERR_BAD_HANDLE);

	/* The number comes back as something else. */
	vcpu = new_vcpu();
	start_thread_and_join(close_it, &vcpu);
	port = mock_new(ZX_OBJ_TYPE_PORT, 0x800f);
	assert_int_equal(dup2((int)(port >> 2), (int)(vcpu >> 2)), (int)(vcpu >> 2));
	assert_int_equal(read_state(vcpu, &regs), ZX_OK);
	assert_int_equal(mock.cmd, ZX_IOC_VCPU_READ_STATE);
	assert_null(zxl_vcpu_page(vcpu));
	(void)state;
}

static void test_other_handle_closed(void **state)
{
	zx_handle_t vcpu = new_vcpu(), other = mock_new(ZX_OBJ_TYPE_VMO, 0);
	zx_vcpu_state_t regs;

	start_thread_and_join(close_it, &other);
	mock.ioctls = 0;
	assert_int_equal(read_state(vcpu, &regs), ZX_OK);
	assert_int_equal(mock.ioctls, 1);
	assert_int_equal(mock.cmd, ZX_IOC_OBJECT_GET_INFO);
	assert_int_equal(read_state(vcpu, &regs), ZX_OK);
	assert_int_equal(mock.ioctls, 1);
	(void)state;
}

/* The same VCPU under the same number, but the handle may only be read. */
static void test_fewer_rights(void **state)
{
	zx_handle_t vcpu = new_vcpu(), copy;
	zx_vcpu_state_t regs = { 0 };

	assert_int_equal(zx_handle_duplicate(vcpu, ZX_RIGHT_READ, &copy), ZX_OK);
	assert_int_equal(read_state(copy, &regs), ZX_OK);
	assert_int_equal(mock.cmd, ZX_IOC_VCPU_READ_STATE);
	assert_null(zxl_vcpu_page(copy));
	assert_int_equal(dup2((int)(copy >> 2), (int)(vcpu >> 2)), (int)(vcpu >> 2));
	assert_int_equal(zx_handle_close(copy), ZX_OK);
	mock.ioctls = 0;
	assert_int_equal(read_state(vcpu, &regs), ZX_OK);
	assert_int_equal(mock.cmd, ZX_IOC_OBJECT_GET_INFO);
	assert_int_equal(write_state(vcpu, &regs), ZX_OK);
	assert_int_equal(mock.cmd, ZX_IOC_VCPU_WRITE_STATE);
	(void)state;
}

static void test_duplicate_finds_page(void **state)
{
	zx_handle_t vcpu = new_vcpu(), copy;

	assert_int_equal(zx_handle_duplicate(vcpu, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
	assert_ptr_equal(zxl_vcpu_page(copy), zxl_vcpu_page(vcpu));
	assert_int_equal(zx_handle_close(vcpu), ZX_OK);
	assert_null(zxl_vcpu_page(vcpu));
	assert_null(zxl_vcpu_page(copy));
	(void)state;
}

static void *create_and_end(void *arg)
{
	zx_handle_t vcpu = new_vcpu();

	(void)arg;
	return zxl_vcpu_page(vcpu);
}

static void test_page_goes(void **state)
{
	zx_handle_t vcpu;
	void *page = start_thread_and_join(create_and_end, NULL);

	assert_false(is_mapped((uintptr_t)page));
	vcpu = new_vcpu();
	page = zxl_vcpu_page(vcpu);
	assert_true(is_mapped((uintptr_t)page));
	assert_int_equal(zx_handle_close(vcpu), ZX_OK);
	assert_false(is_mapped((uintptr_t)page));
	/* A new VCPU takes the place of the old one, closed or not. */
	vcpu = new_vcpu();
	new_vcpu();
	assert_null(zxl_vcpu_page(vcpu));
	(void)state;
}

static void test_fork(void **state)
{
	zx_handle_t vcpu = new_vcpu();
	struct zx_vcpu_page *page = zxl_vcpu_page(vcpu);
	zx_vcpu_state_t regs;
	int status;
	pid_t child = fork();

	if (child == 0) {
		bool good = read_state(vcpu, &regs) == ZX_OK &&
			    mock.cmd == ZX_IOC_VCPU_READ_STATE && !is_mapped((uintptr_t)page) &&
			    !zxl_vcpu_page(vcpu);

		vcpu = new_vcpu();
		good = good && read_state(vcpu, &regs) == ZX_OK && mock.ioctls == 0;
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read_state(vcpu, &regs), ZX_OK);
	assert_int_equal(mock.ioctls, 0);
	(void)state;
}

static void test_errno(void **state)
{
	zx_vcpu_state_t regs;
	zx_handle_t vcpu;

	errno = 4711;
	vcpu = new_vcpu();
	read_state(vcpu, &regs);
	zx_handle_close(vcpu);
	zx_handle_close(vcpu);
	zx_handle_close_many(BAD_POINTER, 3);
	assert_int_equal(errno, 4711);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_create, mock_reset),
		cmocka_unit_test_setup(test_create_fails_whole, mock_reset),
		cmocka_unit_test_setup(test_no_system_call, mock_reset),
		cmocka_unit_test_setup(test_flags, mock_reset),
		cmocka_unit_test_setup(test_io, mock_reset),
		cmocka_unit_test_setup(test_kernel_decides, mock_reset),
		cmocka_unit_test_setup(test_other_thread, mock_reset),
		cmocka_unit_test_setup(test_coroutine, mock_reset),
		cmocka_unit_test_setup(test_end_of_first_stack, mock_reset),
		cmocka_unit_test_setup(test_closed_elsewhere, mock_reset),
		cmocka_unit_test_setup(test_other_handle_closed, mock_reset),
		cmocka_unit_test_setup(test_fewer_rights, mock_reset),
		cmocka_unit_test_setup(test_duplicate_finds_page, mock_reset),
		cmocka_unit_test_setup(test_page_goes, mock_reset),
		cmocka_unit_test_setup(test_fork, mock_reset),
		cmocka_unit_test_setup(test_errno, mock_reset),
	};

	return cmocka_run_group_tests_name("libzx registers", tests, NULL, mock_reset);
}
