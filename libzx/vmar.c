// SPDX-License-Identifier: MIT
/*
 * VMARs: a guest's, where the kernel does everything, and the process's own,
 * which is Linux' address space with mmap, munmap and mprotect.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "internal.h"

#define PAGE		4096ull
#define PERMS		(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)
#define PLACES		(ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_OFFSET_IS_UPPER_LIMIT)
#define HINTS		(ZX_VM_MAP_RANGE | ZX_VM_REQUIRE_NON_RESIZABLE | ZX_VM_ALLOW_FAULTS)
#define ALIGN_MASK	(0xffu << ZX_VM_ALIGN_BASE)

struct request {
	zx_vm_option_t options;
	uint64_t addr;
	int fd;
	int prot;
	uint64_t vmo_offset;
	uint64_t len;
};

__EXPORT zx_handle_t zx_vmar_root_self(void)
{
	return ROOT_VMAR;
}

static zx_status_t status_from_mmap(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return ZX_ERR_ACCESS_DENIED;
	case EEXIST:
		return ZX_ERR_ALREADY_EXISTS;
	case EINVAL:
		return ZX_ERR_INVALID_ARGS;
	case EOVERFLOW:
		return ZX_ERR_OUT_OF_RANGE;
	case EAGAIN:
		return ZX_ERR_NO_RESOURCES;
	case ENODEV:
		return ZX_ERR_WRONG_TYPE;
	default:
		return libzx_status_from_errno(err);
	}
}

static int prot_from(zx_vm_option_t options)
{
	return (options & ZX_VM_PERM_READ ? PROT_READ : 0) |
	       (options & ZX_VM_PERM_WRITE ? PROT_WRITE : 0) |
	       (options & ZX_VM_PERM_EXECUTE ? PROT_EXEC : 0);
}

/* Zircon has no memory that can be written or run but not read. */
static bool perms_valid(zx_vm_option_t options)
{
	return !(options & PERMS) || options & ZX_VM_PERM_READ;
}

static bool options_valid(zx_vm_option_t options, uint64_t vmar_offset)
{
	unsigned int align = options >> ZX_VM_ALIGN_BASE;

	if (options & ~(PERMS | PLACES | HINTS | ALIGN_MASK) || !perms_valid(options))
		return false;
	if (options & ZX_VM_MAP_RANGE && options & ZX_VM_SPECIFIC_OVERWRITE)
		return false;
	if (align && (align < 10 || align > 32))
		return false;
	return vmar_offset % PAGE == 0 && (vmar_offset == 0 || options & PLACES);
}

static zx_status_t check_vmo(zx_handle_t vmo, zx_vm_option_t options)
{
	struct zx_ioc_info_handle_basic info;
	zx_status_t status = libzx_handle_basic(vmo, &info);

	if (status != ZX_OK)
		return status;
	if (info.type != ZX_OBJ_TYPE_VMO)
		return ZX_ERR_WRONG_TYPE;
	if (options & ZX_VM_REQUIRE_NON_RESIZABLE && info.rights & ZX_RIGHT_RESIZE)
		return ZX_ERR_NOT_SUPPORTED;
	return ZX_OK;
}

static void *place(const struct request *request, void *at, int fixed)
{
	return mmap(at, request->len, request->prot, MAP_SHARED | fixed, request->fd,
		    (off_t)request->vmo_offset);
}

/* Reserves room for every alignment, maps inside, gives the rest back. */
static void *place_aligned(const struct request *request, uint64_t align)
{
	uint64_t room = request->len + align;
	uintptr_t start, at;
	void *hole, *mapped;

	hole = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hole == MAP_FAILED)
		return MAP_FAILED;
	start = (uintptr_t)hole;
	at = (start + align - 1) & ~(align - 1);
	mapped = place(request, (void *)at, MAP_FIXED);
	if (mapped == MAP_FAILED) {
		int err = errno;

		munmap(hole, room);
		errno = err;
		return MAP_FAILED;
	}
	if (at > start)
		munmap(hole, at - start);
	munmap((void *)(at + request->len), start + room - at - request->len);
	return mapped;
}

static void *place_specific(const struct request *request)
{
	void *at = (void *)(uintptr_t)request->addr;
	void *mapped = place(request, at, MAP_FIXED_NOREPLACE);

	/* Kernels before 4.17 take the address for a hint. */
	if (mapped == MAP_FAILED || mapped == at)
		return mapped;
	munmap(mapped, request->len);
	errno = EEXIST;
	return MAP_FAILED;
}

static void *place_request(const struct request *request)
{
	unsigned int align = request->options >> ZX_VM_ALIGN_BASE;

	if (request->options & ZX_VM_SPECIFIC_OVERWRITE)
		return place(request, (void *)(uintptr_t)request->addr, MAP_FIXED);
	if (request->options & ZX_VM_SPECIFIC)
		return place_specific(request);
	if (align > 12)
		return place_aligned(request, 1ull << align);
	return place(request, NULL, 0);
}

static zx_status_t map_request(const struct request *request, zx_vaddr_t *mapped_addr)
{
	int saved = errno;
	zx_status_t status;
	zx_vaddr_t addr;
	void *mapped;

	mapped = place_request(request);
	if (mapped == MAP_FAILED) {
		status = status_from_mmap(errno);
	} else {
		addr = (zx_vaddr_t)mapped;
		status = libzx_copy_out(mapped_addr, &addr, sizeof(addr));
		if (status != ZX_OK)
			munmap(mapped, request->len);
	}
	errno = saved;
	return status;
}

static zx_status_t map_self(zx_vm_option_t options, uint64_t vmar_offset, zx_handle_t vmo,
			    uint64_t vmo_offset, uint64_t len, zx_vaddr_t *mapped_addr)
{
	struct request request = {
		.options = options,
		.addr = vmar_offset,
		.fd = handle_fd(vmo),
		.prot = prot_from(options),
		.vmo_offset = vmo_offset,
		.len = (len + PAGE - 1) & ~(PAGE - 1),
	};
	zx_status_t status = check_vmo(vmo, options);
	uint64_t end;

	if (status != ZX_OK)
		return status;
	if (!options_valid(options, vmar_offset) || vmo_offset % PAGE || request.len == 0)
		return ZX_ERR_INVALID_ARGS;
	if (__builtin_add_overflow(vmo_offset, request.len, &end) || end > INT64_MAX)
		return ZX_ERR_OUT_OF_RANGE;
	/* Linux finds holes, but not below an address of our choice. */
	if (options & ZX_VM_OFFSET_IS_UPPER_LIMIT)
		return ZX_ERR_NOT_SUPPORTED;
	return map_request(&request, mapped_addr);
}

__EXPORT zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset,
				 zx_handle_t vmo, uint64_t vmo_offset, uint64_t len,
				 zx_vaddr_t *mapped_addr)
{
	struct zx_ioc_vmar_map arg = {
		.size = sizeof(arg),
		.options = options,
		.vmar_offset = vmar_offset,
		.vmo = vmo,
		.vmo_offset = vmo_offset,
		.len = len,
		.out = to_u64(mapped_addr),
	};

	if (handle == ROOT_VMAR)
		return map_self(options, vmar_offset, vmo, vmo_offset, len, mapped_addr);
	return libzx_call(handle, ZX_IOC_VMAR_MAP, &arg);
}

static bool range_valid(zx_vaddr_t addr, uint64_t len)
{
	return addr % PAGE == 0 && len % PAGE == 0 && len != 0 && addr + len > addr;
}

static zx_status_t unmap_self(zx_vaddr_t addr, uint64_t len)
{
	int saved = errno;
	zx_status_t status = ZX_OK;

	if (!range_valid(addr, len))
		return ZX_ERR_INVALID_ARGS;
	if (munmap((void *)addr, len) != 0)
		status = status_from_mmap(errno);
	errno = saved;
	return status;
}

__EXPORT zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len)
{
	struct zx_ioc_vmar_unmap arg = { .size = sizeof(arg), .addr = addr, .len = len };

	if (handle == ROOT_VMAR)
		return unmap_self(addr, len);
	return libzx_call(handle, ZX_IOC_VMAR_UNMAP, &arg);
}

/*
 * mprotect goes up to a hole and stops there. msync says first whether there
 * is one, and with MS_ASYNC does nothing else.
 */
static zx_status_t protect_self(zx_vm_option_t options, zx_vaddr_t addr, uint64_t len)
{
	int saved = errno;
	zx_status_t status = ZX_OK;

	if (options & ~PERMS || !perms_valid(options) || !range_valid(addr, len))
		return ZX_ERR_INVALID_ARGS;
	if (msync((void *)addr, len, MS_ASYNC) != 0)
		status = errno == ENOMEM ? ZX_ERR_NOT_FOUND : status_from_mmap(errno);
	else if (mprotect((void *)addr, len, prot_from(options)) != 0)
		status = status_from_mmap(errno);
	errno = saved;
	return status;
}

__EXPORT zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
				     uint64_t len)
{
	struct zx_ioc_vmar_protect arg = {
		.size = sizeof(arg), .options = options, .addr = addr, .len = len,
	};

	if (handle == ROOT_VMAR)
		return protect_self(options, addr, len);
	return libzx_call(handle, ZX_IOC_VMAR_PROTECT, &arg);
}

__EXPORT zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options,
				      uint64_t offset, uint64_t size, zx_handle_t *child_vmar,
				      zx_vaddr_t *child_addr)
{
	struct zx_ioc_vmar_allocate arg = {
		.size = sizeof(arg),
		.options = options,
		.offset = offset,
		.length = size,
		.out = to_u64(child_vmar),
		.out_addr = to_u64(child_addr),
	};

	return libzx_call(parent_vmar, ZX_IOC_VMAR_ALLOCATE, &arg);
}

__EXPORT zx_status_t zx_vmar_destroy(zx_handle_t handle)
{
	struct zx_ioc_vmar_destroy arg = { .size = sizeof(arg) };

	return libzx_call(handle, ZX_IOC_VMAR_DESTROY, &arg);
}

__EXPORT zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address,
				      size_t size, void *buffer, size_t buffer_size)
{
	struct zx_ioc_vmar_op_range arg = {
		.size = sizeof(arg), .op = op, .addr = address, .length = size,
	};

	(void)buffer;
	(void)buffer_size;
	return libzx_call(handle, ZX_IOC_VMAR_OP_RANGE, &arg);
}
