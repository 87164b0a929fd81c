// SPDX-License-Identifier: MIT
/*
 * From a handle, a number and a struct to a status. Rights are the kernel's
 * business; this side only knows which values cannot be handles.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

zx_status_t libzx_status_from_errno(int err)
{
	switch (err) {
	case EBADF:
	case ENOTTY:	/* somebody else's descriptor */
	case EINVAL:
		return ZX_ERR_BAD_HANDLE;
	case EFAULT:
		return ZX_ERR_INVALID_ARGS;
	case ENOMEM:
		return ZX_ERR_NO_MEMORY;
	default:
		return ZX_ERR_INTERNAL;
	}
}

/*
 * Ports and VMOs are made through any handle. This is one that was good when
 * it was last used: a hint, which costs a process without the device node
 * nothing but having used a handle before. It owns nothing.
 */
static _Atomic zx_handle_t way;

void libzx_way_add(zx_handle_t handle)
{
	zx_handle_t none = ZX_HANDLE_INVALID;

	if (atomic_load_explicit(&way, memory_order_relaxed) == ZX_HANDLE_INVALID)
		atomic_compare_exchange_strong(&way, &none, handle);
}

void libzx_way_remove(zx_handle_t handle)
{
	atomic_compare_exchange_strong(&way, &handle, ZX_HANDLE_INVALID);
}

zx_status_t libzx_call(zx_handle_t handle, unsigned long cmd, const void *arg)
{
	long ret;

	if (!handle_valid(handle))
		return ZX_ERR_BAD_HANDLE;
	ret = retry_ioctl(handle_fd(handle), cmd, arg);
	if (ret >= 0)
		libzx_way_add(handle);
	return status_from(ret);
}

zx_status_t libzx_call_any(unsigned long cmd, const void *arg)
{
	zx_handle_t handle = atomic_load(&way);
	zx_status_t status;
	long ret;
	int fd;

	if (handle != ZX_HANDLE_INVALID) {
		ret = retry_ioctl(handle_fd(handle), cmd, arg);
		if (ret >= 0)
			return status_from(ret);
		libzx_way_remove(handle);
	}
	status = libzx_open_device(&fd);
	if (status != ZX_OK)
		return status;
	status = status_from(retry_ioctl(fd, cmd, arg));
	raw_syscall(SYS_close, fd, 0, 0);
	return status;
}

zx_status_t libzx_call_consume(zx_handle_t handle, unsigned long cmd, const void *arg)
{
	long ret;

	if (!handle_valid(handle))
		return ZX_ERR_BAD_HANDLE;
	ret = retry_ioctl(handle_fd(handle), cmd, arg);
	/* Only the module answers with a status; an errno may be a stranger's. */
	if (ret >= 0)
		libzx_handle_drop(handle);
	return status_from(ret);
}

/*
 * Is the caller's memory there? The kernel, which takes a bad address calmly,
 * copies first. Where it refuses to (a seccomp filter), a bad address is the
 * fault that it is anywhere else.
 */
static zx_status_t copy_status(ssize_t done, size_t size)
{
	return done == (ssize_t)size || (done < 0 && errno != EFAULT) ? ZX_OK : ZX_ERR_INVALID_ARGS;
}

zx_status_t libzx_copy_out(void *to, const void *from, size_t size)
{
	struct iovec local = { .iov_base = (void *)(uintptr_t)from, .iov_len = size };
	struct iovec remote = { .iov_base = to, .iov_len = size };
	int saved = errno;
	zx_status_t status;

	status = copy_status(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), size);
	errno = saved;
	if (status == ZX_OK)
		memcpy(to, from, size);
	return status;
}

zx_status_t libzx_copy_in(void *to, const void *from, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)from, .iov_len = size };
	int saved = errno;
	zx_status_t status;

	status = copy_status(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), size);
	errno = saved;
	if (status == ZX_OK)
		memcpy(to, from, size);
	return status;
}
