// SPDX-License-Identifier: MIT
/* Handles: values that stand for descriptors. */
#include <fcntl.h>

#include "internal.h"

#define CLOSE_CHUNK	64

__EXPORT zx_handle_t zxl_handle_from_fd(int fd)
{
	zx_handle_t handle;

	if (fd < 0 || (unsigned int)fd >= SELF_FD_MIN)
		return ZX_HANDLE_INVALID;
	handle = (zx_handle_t)fd << 2 | ZX_HANDLE_FIXED_BITS_MASK;
	libzx_way_add(handle);
	return handle;
}

__EXPORT int zxl_handle_fd(zx_handle_t handle)
{
	return handle_valid(handle) && !handle_is_self(handle) ? handle_fd(handle) : -1;
}

zx_status_t libzx_open_device(int *fd)
{
	long ret;

	do {
		ret = raw_syscall(SYS_openat, AT_FDCWD, (long)ZX_HYPERVISOR_DEVICE,
				  O_RDWR | O_CLOEXEC);
	} while (ret == -EINTR);
	*fd = (int)ret;
	switch (ret) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
	case -ENOTDIR:
		return ZX_ERR_NOT_FOUND;
	case -EACCES:
	case -EPERM:
		return ZX_ERR_ACCESS_DENIED;
	case -EMFILE:
	case -ENFILE:
		return ZX_ERR_NO_RESOURCES;
	case -ENOMEM:
		return ZX_ERR_NO_MEMORY;
	default:
		return ret < 0 ? ZX_ERR_INTERNAL : ZX_OK;
	}
}

__EXPORT zx_status_t zxl_hypervisor_resource(zx_handle_t *out)
{
	zx_handle_t handle;
	zx_status_t status;
	int fd;

	status = libzx_open_device(&fd);
	if (status != ZX_OK)
		return status;
	handle = (zx_handle_t)fd << 2 | ZX_HANDLE_FIXED_BITS_MASK;
	status = libzx_copy_out(out, &handle, sizeof(handle));
	if (status != ZX_OK)
		raw_syscall(SYS_close, fd, 0, 0);
	else
		libzx_way_add(handle);
	return status;
}

zx_status_t libzx_handle_basic(zx_handle_t handle, struct zx_ioc_info_handle_basic *info)
{
	return zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, info, sizeof(*info), NULL, NULL);
}

/*
 * The page is given up after the descriptor: a thread that looks in between
 * looked before the handle was closed.
 */
void libzx_handle_drop(zx_handle_t handle)
{
	libzx_way_remove(handle);
	raw_syscall(SYS_close, handle_fd(handle), 0, 0);
	libzx_page_invalidate(handle);
}

/* Asks first: closing a file of somebody else's would be a disaster. */
__EXPORT zx_status_t zx_handle_close(zx_handle_t handle)
{
	zx_status_t status;

	if (handle == ZX_HANDLE_INVALID)
		return ZX_OK;
	if (handle_is_self(handle))
		return libzx_self_close(handle);
	status = zx_object_get_info(handle, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL);
	if (status == ZX_OK)
		libzx_handle_drop(handle);
	return status;
}

__EXPORT zx_status_t zx_handle_close_many(const zx_handle_t *handles, size_t num_handles)
{
	zx_handle_t chunk[CLOSE_CHUNK];
	zx_status_t result = ZX_OK;
	zx_status_t status;
	size_t count, i;

	for (; num_handles; handles += count, num_handles -= count) {
		count = num_handles < CLOSE_CHUNK ? num_handles : CLOSE_CHUNK;
		if (libzx_copy_in(chunk, handles, count * sizeof(*chunk)) != ZX_OK)
			return ZX_ERR_INVALID_ARGS;
		for (i = 0; i < count; i++) {
			status = zx_handle_close(chunk[i]);
			if (result == ZX_OK)
				result = status;
		}
	}
	return result;
}

__EXPORT zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out)
{
	struct zx_ioc_handle_duplicate arg = {
		.size = sizeof(arg), .rights = rights, .out = to_u64(out),
	};

	if (handle_is_self(handle))
		return libzx_self_duplicate(handle, rights, out);
	return libzx_call(handle, ZX_IOC_HANDLE_DUPLICATE, &arg);
}

__EXPORT zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out)
{
	struct zx_ioc_handle_duplicate arg = {
		.size = sizeof(arg), .rights = rights, .out = to_u64(out),
	};

	if (handle_is_self(handle))
		return libzx_self_replace(handle, rights, out);
	return libzx_call_consume(handle, ZX_IOC_HANDLE_REPLACE, &arg);
}
