/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel for libzx: it stands where the library makes system calls, knows
 * handles, rights, results and bad pointers, and remembers the last call. Its
 * objects are memory files, so that mmap, dup and close are the real ones.
 */
#ifndef TEST_LIBZX_H
#define TEST_LIBZX_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zx_hypervisor.h>
#include <zxl/hypervisor.h>

#define MOCK_OBJECTS	256
#define BAD_POINTER	((void *)8)

struct mock_object {
	ino_t inode;		/* 0: a free place */
	uint32_t type;
	uint32_t rights;
	uint64_t koid;
};

static struct {
	pthread_mutex_t lock;
	struct mock_object objects[MOCK_OBJECTS];
	uint64_t next_koid;
	int ioctls;		/* made so far */
	unsigned long watch;	/* only this one is remembered, when not 0 */
	int fd;			/* of the last one */
	unsigned long cmd;
	uint64_t arg[16];	/* its struct */
	uint64_t pointer;	/* its argument as it is */
	int interrupts;		/* so many calls are interrupted */
	long answer;		/* of every ioctl, when not 0 */
	unsigned long answer_to;	/* or of this one only, when not 0 */
	int open_errno;		/* why the device cannot be opened, 0: it can */
	int opens;
	bool read_only;		/* new handles cannot be mapped for writing */
	const struct zx_packet *script;	/* what VCPUs deliver, one after the other */
} mock = { .lock = PTHREAD_MUTEX_INITIALIZER, .open_errno = ENOENT };

static ino_t mock_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static struct mock_object *mock_find(int fd)
{
	ino_t inode = mock_inode(fd);
	int i;

	for (i = 0; inode && i < MOCK_OBJECTS; i++)
		if (mock.objects[i].inode == inode)
			return &mock.objects[i];
	return NULL;
}

/* A new handle; @koid 0: to a new object. */
static int mock_handle(uint32_t type, uint32_t rights, uint64_t koid)
{
	int fd = memfd_create("mock", MFD_CLOEXEC);
	struct mock_object *object = mock.objects;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4 * 4096), 0);
	while (object->inode)
		object++;
	object->inode = mock_inode(fd);
	object->type = type;
	object->rights = rights;
	object->koid = koid ? koid : ++mock.next_koid;
	if (type == ZX_OBJ_TYPE_VCPU)
		pwrite(fd, &object->koid, 8, offsetof(struct zx_vcpu_page, koid));
	return fd;
}

static bool mock_put(uint64_t to, const void *from, size_t size)
{
	struct iovec local = { (void *)(uintptr_t)from, size };
	struct iovec remote = { (void *)(uintptr_t)to, size };

	if (process_vm_writev(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)size)
		return false;
	memcpy((void *)(uintptr_t)to, from, size);	/* valgrind did not see it */
	return true;
}

static long mock_publish(uint64_t out, uint32_t type, uint32_t rights, uint64_t koid)
{
	int fd = mock_handle(type, rights, koid);
	zx_handle_t handle = (zx_handle_t)fd << 2 | 3;
	char path[32];

	if (mock.read_only) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		dup3(open(path, O_RDONLY | O_CLOEXEC), fd, O_CLOEXEC);
	}
	if (mock_put(out, &handle, sizeof(handle)))
		return 0;
	close(fd);
	return -ZX_ERR_INVALID_ARGS;
}

static long mock_get_info(struct mock_object *object, const uint64_t *arg)
{
	struct zx_ioc_info_handle_basic basic = {
		.koid = object->koid, .rights = object->rights, .type = object->type,
	};

	switch (arg[0] >> 32) {
	case ZX_INFO_HANDLE_VALID:
		return 0;
	case ZX_INFO_HANDLE_BASIC:
		if (arg[2] < sizeof(basic))
			return -ZX_ERR_BUFFER_TOO_SMALL;
		return mock_put(arg[1], &basic, sizeof(basic)) ? 0 : -ZX_ERR_INVALID_ARGS;
	default:
		return -ZX_ERR_NOT_SUPPORTED;
	}
}

static long mock_call(struct mock_object *object, unsigned long cmd, const uint64_t *arg)
{
	uint32_t second = arg[0] >> 32;

	switch (cmd) {
	case ZX_IOC_OBJECT_GET_INFO:
		return mock_get_info(object, arg);
	case ZX_IOC_HANDLE_DUPLICATE:
	case ZX_IOC_HANDLE_REPLACE:
		if (second == ZX_RIGHT_SAME_RIGHTS)
			second = object->rights;
		if (second & ~object->rights)
			return -ZX_ERR_INVALID_ARGS;
		return mock_publish(arg[1], object->type, second, object->koid);
	case ZX_IOC_PORT_CREATE:
		return mock_publish(arg[1], ZX_OBJ_TYPE_PORT, 0x800f, 0);
	case ZX_IOC_VMO_CREATE:
		return mock_publish(arg[2], ZX_OBJ_TYPE_VMO, 0xd0ef, 0);
	case ZX_IOC_VMO_REPLACE_AS_EXECUTABLE:
		if (second == ZX_HANDLE_INVALID)
			return -ZX_ERR_BAD_HANDLE;
		return mock_publish(arg[1], ZX_OBJ_TYPE_VMO, object->rights | ZX_RIGHT_EXECUTE,
				    object->koid);
	case ZX_IOC_VCPU_CREATE:
		return mock_publish(arg[2], ZX_OBJ_TYPE_VCPU, 0xd01f, 0);
	case ZX_IOC_GUEST_CREATE:
		if (second)
			return -ZX_ERR_INVALID_ARGS;
		return mock_publish(arg[1], ZX_OBJ_TYPE_GUEST, 0x2800b, 0) ?:
		       mock_publish(arg[2], ZX_OBJ_TYPE_VMAR, 0x801f, 0);
	case ZX_IOC_VMAR_ALLOCATE:
		return mock_put(arg[4], &arg[1], 8) ?
		       mock_publish(arg[3], ZX_OBJ_TYPE_VMAR, 0x801f, 0) : -ZX_ERR_INVALID_ARGS;
	case ZX_IOC_CHANNEL_CREATE:
	case ZX_IOC_EVENTPAIR_CREATE:
		return mock_publish(arg[1], ZX_OBJ_TYPE_EVENTPAIR, 0xf003, 0) ?:
		       mock_publish(arg[2], ZX_OBJ_TYPE_EVENTPAIR, 0xf003, 0);
	case ZX_IOC_EVENT_CREATE:
		return mock_publish(arg[1], ZX_OBJ_TYPE_EVENT, 0xd003, 0);
	case ZX_IOC_VMO_CREATE_CHILD:
		return mock_publish(arg[3], ZX_OBJ_TYPE_VMO, 0xd0ef, 0);
	case ZX_IOC_VCPU_ENTER:
	case ZX_IOC_VCPU_RESUME:
		if (!mock.script)
			return 0;
		return mock_put(arg[0], mock.script++, sizeof(*mock.script)) ?
		       0 : -ZX_ERR_INVALID_ARGS;
	default:
		return 0;
	}
}

static size_t mock_struct_size(unsigned long cmd, const void *arg)
{
	switch (cmd) {
	case ZX_IOC_VCPU_ENTER:
	case ZX_IOC_VCPU_RESUME:
	case ZX_IOC_VCPU_KICK:
		return 0;
	default:
		return *(const uint32_t *)arg;
	}
}

static void mock_remember(int fd, unsigned long cmd, const void *arg, size_t size)
{
	mock.fd = fd;
	mock.cmd = cmd;
	mock.pointer = (uintptr_t)arg;
	memset(mock.arg, 0, sizeof(mock.arg));
	if (size)
		memcpy(mock.arg, arg, size);
}

static long mock_ioctl(int fd, unsigned long cmd, const void *arg)
{
	struct mock_object *object;
	size_t size = mock_struct_size(cmd, arg);

	mock.ioctls++;
	assert_true(size <= sizeof(mock.arg));
	if (!mock.watch || mock.watch == cmd)
		mock_remember(fd, cmd, arg, size);
	if (mock.interrupts) {
		mock.interrupts--;
		return -EINTR;
	}
	if (mock.answer && (!mock.answer_to || mock.answer_to == cmd))
		return mock.answer;
	object = mock_find(fd);
	if (!object)
		return fcntl(fd, F_GETFD) < 0 ? -EBADF : -ENOTTY;
	return mock_call(object, cmd, size ? arg : (const uint64_t *)&arg);
}

long mock_syscall(long number, long a, long b, long c);

long mock_syscall(long number, long a, long b, long c)
{
	int saved = errno;
	long ret;

	pthread_mutex_lock(&mock.lock);
	switch (number) {
	case SYS_ioctl:
		ret = mock_ioctl((int)a, (unsigned long)b, (const void *)c);
		break;
	case SYS_openat:
		mock.opens++;
		assert_string_equal((const char *)b, ZX_HYPERVISOR_DEVICE);
		assert_int_equal(c, O_RDWR | O_CLOEXEC);
		ret = mock.open_errno ? -mock.open_errno :
		      mock_handle(ZX_OBJ_TYPE_RESOURCE, 0x800b, 0);
		break;
	default:
		assert_int_equal(number, SYS_close);
		ret = close((int)a);
	}
	pthread_mutex_unlock(&mock.lock);
	errno = saved;
	return ret;
}

static inline zx_handle_t mock_new(uint32_t type, uint32_t rights)
{
	return (zx_handle_t)mock_handle(type, rights, 0) << 2 | 3;
}

static inline bool is_open(zx_handle_t handle)
{
	return fcntl((int)(handle >> 2), F_GETFD) >= 0;
}

static inline bool is_mapped(uintptr_t page)
{
	unsigned char resident;

	return mincore((void *)page, 4096, &resident) == 0;
}

static inline void *start_thread_and_join(void *(*function)(void *), void *arg)
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, function, arg), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	return result;
}

/* Before every test: nothing is left of the last one. */
static inline int mock_reset(void **state)
{
	int i;

	(void)state;
	for (i = 3; i < 1024; i++)
		if (mock_find(i))
			zx_handle_close((zx_handle_t)i << 2 | 3);
	memset(mock.objects, 0, sizeof(mock.objects));
	mock.ioctls = 0;
	mock.opens = 0;
	mock.interrupts = 0;
	mock.answer = 0;
	mock.answer_to = 0;
	mock.watch = 0;
	mock.open_errno = ENOENT;
	mock.read_only = false;
	mock.script = NULL;
	errno = 0;
	return 0;
}

#endif
