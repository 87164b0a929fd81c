/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel for libzx that has nothing but three VMOs, which are memory files. */
#ifndef VMO_KERNEL_H
#define VMO_KERNEL_H

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zx_hypervisor.h>
#include <zxl/hypervisor.h>

#include "fuzz.h"

#define VMOS		3
#define VMO_RIGHTS	(ZX_RIGHT_MAP | ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ)

long fuzz_syscall(long number, long a, long b, long c);

/* One that can be all, one that cannot be written, one that cannot be mapped. */
static struct vmo {
	zx_handle_t handle;
	ino_t inode;
	zx_rights_t rights;
} vmos[VMOS] = {
	{ .rights = VMO_RIGHTS | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE },
	{ .rights = VMO_RIGHTS },
	{ .rights = ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ | ZX_RIGHT_WRITE },
};

/* The fuzzer's: an operation on a VMO's range has come. */
static void vmo_worked(unsigned int which, const struct zx_ioc_vmo_op_range *arg);

static struct vmo *vmo_of(int fd)
{
	struct stat status;
	unsigned int i;

	if (fstat(fd, &status) != 0)
		return NULL;
	for (i = 0; i < VMOS; i++)
		if (vmos[i].inode == status.st_ino)
			return &vmos[i];
	return NULL;
}

static long get_info(struct vmo *vmo, const struct zx_ioc_object_get_info *arg)
{
	struct zx_ioc_info_handle_basic basic = {
		.koid = 1000 + (vmo - vmos), .rights = vmo->rights, .type = ZX_OBJ_TYPE_VMO,
	};

	if (arg->topic == ZX_INFO_HANDLE_VALID)
		return 0;
	if (arg->topic != ZX_INFO_HANDLE_BASIC)
		return -ZX_ERR_NOT_SUPPORTED;
	insist(arg->buffer_size == sizeof(basic));
	memcpy((void *)(uintptr_t)arg->buffer, &basic, sizeof(basic));
	return 0;
}

/* The kernel: it knows VMOs by their files. */
long fuzz_syscall(long number, long a, long b, long c)
{
	struct vmo *vmo;

	if (number == SYS_close)
		return close((int)a);
	if (number == SYS_openat)
		return -ENOENT;
	insist(number == SYS_ioctl);
	vmo = vmo_of((int)a);
	if (!vmo)
		return -EBADF;
	switch ((unsigned long)b) {
	case ZX_IOC_OBJECT_GET_INFO:
		return get_info(vmo, (const void *)c);
	case ZX_IOC_VMO_OP_RANGE:
		insist(vmo->rights & ZX_RIGHT_WRITE);
		vmo_worked(vmo - vmos, (const void *)c);
		return 0;
	default:
		return -ZX_ERR_NOT_SUPPORTED;
	}
}

static void vmos_create(uint64_t bytes)
{
	unsigned int i;

	for (i = 0; i < VMOS; i++) {
		int fd = memfd_create("vmo", MFD_CLOEXEC);
		struct stat status;

		insist(fd >= 0 && !ftruncate(fd, bytes) && !fstat(fd, &status));
		vmos[i].inode = status.st_ino;
		vmos[i].handle = zxl_handle_from_fd(fd);
	}
}

#endif
