/* SPDX-License-Identifier: MIT */
/*
 * What the files of libzx share. call.c turns a handle, a number and a struct
 * into a status; state.c knows the page of the thread's VCPU; all other files
 * are one noun each.
 */
#ifndef LIBZX_INTERNAL_H
#define LIBZX_INTERNAL_H

#include <errno.h>
#include <sys/syscall.h>
#include <zircon/syscalls.h>
#include <zxl/hypervisor.h>
#include <zx_hypervisor.h>

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/*
 * No descriptor can be that large: the table would need 8 GiB. From here on
 * are the handles to the process's own VMARs, the root's being the last.
 */
#define SELF_FD_MIN	0x3f000000u
#define ROOT_VMAR_FD	0x3fffffffu
#define ROOT_VMAR	((zx_handle_t)(ROOT_VMAR_FD << 2 | ZX_HANDLE_FIXED_BITS_MASK))

/* Not syscall(2): that one sets errno, which calls of Zircon do not. */
#ifdef raw_syscall		/* the unit tests bring a kernel of their own */
long raw_syscall(long number, long a, long b, long c);
#else
static inline long raw_syscall(long number, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}
#endif

static inline bool handle_valid(zx_handle_t handle)
{
	return (handle & ZX_HANDLE_FIXED_BITS_MASK) == ZX_HANDLE_FIXED_BITS_MASK;
}

static inline int handle_fd(zx_handle_t handle)
{
	return (int)(handle >> 2);
}

static inline bool handle_is_self(zx_handle_t handle)
{
	return handle_valid(handle) && handle >> 2 >= SELF_FD_MIN;
}

/* A signal that was handled has interrupted the call: nothing was done yet. */
static inline long retry_ioctl(int fd, unsigned long cmd, const void *arg)
{
	long ret;

	do {
		ret = raw_syscall(SYS_ioctl, fd, (long)cmd, (long)arg);
	} while (unlikely(ret == -EINTR));
	return ret;
}

/* call.c */
zx_status_t libzx_status_from_errno(int err);

/* The kernel's answer: 0, a status made positive, or -errno. */
static inline zx_status_t status_from(long ret)
{
	return likely(ret >= 0) ? -(zx_status_t)ret : libzx_status_from_errno((int)-ret);
}

/* One call on a handle, and nothing else around it. */
static inline zx_status_t direct_call(zx_handle_t handle, unsigned long cmd, const void *arg)
{
	long ret;

	if (unlikely(!handle_valid(handle)))
		return ZX_ERR_BAD_HANDLE;
	ret = raw_syscall(SYS_ioctl, handle_fd(handle), (long)cmd, (long)arg);
	if (likely(ret >= 0))
		return -(zx_status_t)ret;
	if (ret == -EINTR)
		ret = retry_ioctl(handle_fd(handle), cmd, arg);
	return status_from(ret);
}

zx_status_t libzx_call(zx_handle_t handle, unsigned long cmd, const void *arg);
/* The same through any handle of ours, or else the device. */
zx_status_t libzx_call_any(unsigned long cmd, const void *arg);
/* The same, and the handle is closed afterwards if it is one. */
zx_status_t libzx_call_consume(zx_handle_t handle, unsigned long cmd, const void *arg);
/* Handles that libzx_call_any may go through: one was seen, one goes. */
void libzx_way_add(zx_handle_t handle);
void libzx_way_remove(zx_handle_t handle);

/* Copies to, from the caller's memory, which may not be there. */
zx_status_t libzx_copy_out(void *to, const void *from, size_t size);
zx_status_t libzx_copy_in(void *to, const void *from, size_t size);

/* handle.c */
zx_status_t libzx_handle_basic(zx_handle_t handle, struct zx_ioc_info_handle_basic *info);
/* Closes the descriptor of a handle that is known to be one of ours. */
void libzx_handle_drop(zx_handle_t handle);
zx_status_t libzx_open_device(int *fd);

/* self.c, self_map.c, self_tree.c: calls on handles that handle_is_self() */
zx_status_t libzx_self_close(zx_handle_t handle);
zx_status_t libzx_self_duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out);
zx_status_t libzx_self_replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out);
zx_status_t libzx_self_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
				size_t buffer_size, size_t *actual_count, size_t *avail_count);
zx_status_t libzx_self_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset,
			   zx_handle_t vmo, uint64_t vmo_offset, uint64_t len,
			   zx_vaddr_t *mapped_addr);
zx_status_t libzx_self_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len);
zx_status_t libzx_self_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
			       uint64_t len);
zx_status_t libzx_self_allocate(zx_handle_t parent, zx_vm_option_t options, uint64_t offset,
				uint64_t size, zx_handle_t *child_vmar, zx_vaddr_t *child_addr);
zx_status_t libzx_self_destroy(zx_handle_t handle);
zx_status_t libzx_self_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address, size_t size);

/* state.c */
/* The thread's VCPU is now @handle: maps its page. NO_MEMORY, INTERNAL. */
zx_status_t libzx_page_map(zx_handle_t handle);
/* A handle was closed: every thread looks again before it trusts its page. */
void libzx_page_invalidate(zx_handle_t handle);
/* The page of the thread's VCPU, if @handle is one to it and has @rights. */
zx_status_t libzx_page_find(zx_handle_t handle, zx_rights_t rights, struct zx_vcpu_page **page);

static inline uint64_t to_u64(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

#endif
