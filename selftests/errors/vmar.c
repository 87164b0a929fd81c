// SPDX-License-Identifier: GPL-2.0-only
/* VMARs of guests. */
#include "errors.h"

#define R	ZX_VM_PERM_READ
#define W	ZX_VM_PERM_WRITE
#define X	ZX_VM_PERM_EXECUTE
#define VMO	w->vmo, 0, PAGE, &w->addr
#define AT	(R | ZX_VM_SPECIFIC)

/* The VMAR of a guest that is gone. */
static zx_handle_t orphan(struct world *w)
{
	zx_handle_t guest = ZX_HANDLE_INVALID, vmar = ZX_HANDLE_INVALID;

	OK(zx_guest_create(w->vm.resource, 0, &guest, &vmar));
	OK(zx_handle_close(guest));
	return keep(w, vmar);
}

ON(zx_vmar_map, w->vm.vmar, w->vm.guest, READ, h, R, 0, VMO)
ERROR(zx_vmar_map, BAD_HANDLE, "of the VMO", w->vm.vmar, R, 0, closed(w), 0, PAGE, &w->addr)
ERROR(zx_vmar_map, WRONG_TYPE, "of the VMO", w->vm.vmar, R, 0, w->port, 0, PAGE, &w->addr)
ERROR(zx_vmar_map, ACCESS_DENIED, "a VMO without MAP", w->vm.vmar, R, 0,
      without(w, w->vmo, ZX_RIGHT_MAP), 0, PAGE, &w->addr)
ERROR(zx_vmar_map, ACCESS_DENIED, "a VMO without READ", w->vm.vmar, R, 0,
      without(w, w->vmo, ZX_RIGHT_READ), 0, PAGE, &w->addr)
ERROR(zx_vmar_map, ACCESS_DENIED, "a VMO without WRITE", w->vm.vmar, R | W, 0,
      without(w, w->vmo, ZX_RIGHT_WRITE), 0, PAGE, &w->addr)
ERROR(zx_vmar_map, ACCESS_DENIED, "a VMO without EXECUTE", w->vm.vmar, R | X, 0, VMO)
ERROR(zx_vmar_map, ACCESS_DENIED, "a VMAR without WRITE",
      without(w, w->vm.vmar, ZX_RIGHT_WRITE), R | W, 0, VMO)
ERROR(zx_vmar_map, ACCESS_DENIED, "a VMAR without EXECUTE",
      without(w, w->vm.vmar, ZX_RIGHT_EXECUTE), R | X, GUEST_SPARE, w->vm.vmo, 0, PAGE, &w->addr)
ERROR(zx_vmar_map, INVALID_ARGS, "WRITE without READ", w->vm.vmar, W, 0, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "EXECUTE without READ", w->vm.vmar, X, 0, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "CAN_MAP_READ", w->vm.vmar, R | ZX_VM_CAN_MAP_READ, 0, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "COMPACT", w->vm.vmar, R | ZX_VM_COMPACT, 0, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "an unknown option", w->vm.vmar, R | 1u << 20, 0, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "an alignment of 512 bytes",
      w->vm.vmar, R | 9u << ZX_VM_ALIGN_BASE, 0, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "an alignment of 8 GiB",
      w->vm.vmar, R | 33u << ZX_VM_ALIGN_BASE, 0, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "MAP_RANGE over what is there",
      w->vm.vmar, R | ZX_VM_MAP_RANGE | ZX_VM_SPECIFIC_OVERWRITE, GUEST_HOLE, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "an offset without SPECIFIC", w->vm.vmar, R, GUEST_HOLE, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "a place and a limit",
      w->vm.vmar, AT | ZX_VM_OFFSET_IS_UPPER_LIMIT, GUEST_HOLE, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "an unaligned offset", w->vm.vmar, AT, GUEST_HOLE + 1, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "an unaligned offset of the VMO",
      w->vm.vmar, R, 0, w->vmo, 1, PAGE, &w->addr)
ERROR(zx_vmar_map, INVALID_ARGS, "no length", w->vm.vmar, R, 0, w->vmo, 0, 0, &w->addr)
ERROR(zx_vmar_map, INVALID_ARGS, "a page past 2^48", w->vm.vmar, AT, GPA_END, VMO)
ERROR(zx_vmar_map, INVALID_ARGS, "2^63 bytes", w->vm.vmar, R, 0, w->vmo, 0, HALF, &w->addr)
ERROR(zx_vmar_map, INVALID_ARGS, "2^64 - 1 bytes", w->vm.vmar, R, 0, w->vmo, 0, ALL, &w->addr)
ERROR(zx_vmar_map, INVALID_ARGS, "a bad pointer", w->vm.vmar, R, 0, w->vmo, 0, PAGE, BAD_POINTER)
ERROR(zx_vmar_map, OUT_OF_RANGE, "an offset in the VMO that wraps",
      w->vm.vmar, R, 0, w->vmo, ALL - PAGE + 1, 2 * PAGE, &w->addr)
ERROR(zx_vmar_map, NOT_SUPPORTED, "a resizable VMO that must not be",
      w->vm.vmar, R | ZX_VM_REQUIRE_NON_RESIZABLE, 0, VMO)
ERROR(zx_vmar_map, ALREADY_EXISTS, "where RAM is", w->vm.vmar, AT, GUEST_SPARE, VMO)
ERROR(zx_vmar_map, ALREADY_EXISTS, "around what is there",
      w->vm.vmar, AT, 0, w->vmo, 0, 2 * GUEST_RAM, &w->addr)
ERROR(zx_vmar_map, NO_RESOURCES, "longer than any hole",
      w->vm.vmar, R, 0, w->vmo, 0, GPA_END, &w->addr)
ERROR(zx_vmar_map, NO_RESOURCES, "below a limit that leaves no room",
      w->vm.vmar, R | ZX_VM_OFFSET_IS_UPPER_LIMIT, PAGE, VMO)
ERROR(zx_vmar_map, BAD_STATE, "the guest is gone", orphan(w), R, 0, VMO)

BAD_HANDLES(zx_vmar_unmap, h, GUEST_SPARE, PAGE)
WRONG_TYPE(zx_vmar_unmap, w->port, h, GUEST_SPARE, PAGE)
ERROR(zx_vmar_unmap, INVALID_ARGS, "no length", w->vm.vmar, GUEST_SPARE, 0)
ERROR(zx_vmar_unmap, INVALID_ARGS, "an unaligned address", w->vm.vmar, GUEST_SPARE + 1, PAGE)
ERROR(zx_vmar_unmap, INVALID_ARGS, "at 2^48", w->vm.vmar, GPA_END, PAGE)
ERROR(zx_vmar_unmap, INVALID_ARGS, "a page past 2^48", w->vm.vmar, GPA_END - PAGE, 2 * PAGE)
ERROR(zx_vmar_unmap, INVALID_ARGS, "2^63 bytes", w->vm.vmar, 0, HALF)
ERROR(zx_vmar_unmap, INVALID_ARGS, "2^64 - 1 bytes", w->vm.vmar, PAGE, ALL)
ERROR(zx_vmar_unmap, BAD_STATE, "the guest is gone", orphan(w), GUEST_SPARE, PAGE)

ON(zx_vmar_protect, w->vm.vmar, w->vm.guest, READ, h, R, GUEST_SPARE, PAGE)
ERROR(zx_vmar_protect, INVALID_ARGS, "WRITE without READ", w->vm.vmar, W, GUEST_SPARE, PAGE)
ERROR(zx_vmar_protect, INVALID_ARGS, "an option that is no permission",
      w->vm.vmar, AT, GUEST_SPARE, PAGE)
ERROR(zx_vmar_protect, INVALID_ARGS, "no length", w->vm.vmar, R, GUEST_SPARE, 0)
ERROR(zx_vmar_protect, INVALID_ARGS, "an unaligned address", w->vm.vmar, R, GUEST_SPARE + 1, PAGE)
ERROR(zx_vmar_protect, INVALID_ARGS, "2^63 bytes", w->vm.vmar, R, 0, HALF)
ERROR(zx_vmar_protect, INVALID_ARGS, "2^64 - 1 bytes", w->vm.vmar, R, PAGE, ALL)
ERROR(zx_vmar_protect, NOT_FOUND, "nothing there", w->vm.vmar, R, GUEST_HOLE, PAGE)
ERROR(zx_vmar_protect, NOT_FOUND, "a hole behind", w->vm.vmar, R, GUEST_RAM - PAGE, 2 * PAGE)
ERROR_AFTER(zx_vmar_protect, ACCESS_DENIED, "more than the VMO's handle had",
	    OK(zx_vmar_map(w->vm.vmar, AT, GUEST_HOLE, without(w, w->vmo, ZX_RIGHT_WRITE), 0, PAGE,
			   &w->addr)),
	    w->vm.vmar, R | W, GUEST_HOLE, PAGE)
ERROR(zx_vmar_protect, BAD_STATE, "the guest is gone", orphan(w), R, GUEST_SPARE, PAGE)

#define CHILD	ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE
#define THERE	(CHILD | ZX_VM_SPECIFIC)
#define OUT	&w->out, &w->addr
#define NO_BUFFER	NULL, 0

/* A VMAR inside the guest's, which may map nothing but for reading and anywhere. */
static zx_handle_t inner(struct world *w)
{
	OK(zx_vmar_allocate(w->vm.vmar, ZX_VM_CAN_MAP_READ | ZX_VM_SPECIFIC, GUEST_HOLE, 4 * PAGE,
			    OUT));
	return keep(w, w->out);
}

static zx_handle_t destroyed(struct world *w)
{
	const zx_handle_t vmar = inner(w);

	OK(zx_vmar_destroy(vmar));
	return vmar;
}

BAD_HANDLES(zx_vmar_allocate, h, CHILD, 0, PAGE, OUT)
WRONG_TYPE(zx_vmar_allocate, w->port, h, CHILD, 0, PAGE, OUT)
LACKS(zx_vmar_allocate, w->vm.vmar, WRITE, h, CHILD, 0, PAGE, OUT)
ERROR(zx_vmar_allocate, ACCESS_DENIED, "more than the parent's", inner(w), CHILD, 0, PAGE, OUT)
ERROR(zx_vmar_allocate, ACCESS_DENIED, "a place, in a parent without places",
      inner(w), ZX_VM_CAN_MAP_READ | ZX_VM_SPECIFIC, 0, PAGE, OUT)
ERROR(zx_vmar_allocate, INVALID_ARGS, "a permission",
      w->vm.vmar, CHILD | ZX_VM_PERM_READ, 0, PAGE, OUT)
ERROR(zx_vmar_allocate, INVALID_ARGS, "an unknown option",
      w->vm.vmar, CHILD | 1u << 20, 0, PAGE, OUT)
ERROR(zx_vmar_allocate, INVALID_ARGS, "an offset without SPECIFIC",
      w->vm.vmar, CHILD, PAGE, PAGE, OUT)
ERROR(zx_vmar_allocate, INVALID_ARGS, "no length", w->vm.vmar, CHILD, 0, 0, OUT)
ERROR(zx_vmar_allocate, INVALID_ARGS, "an unaligned place",
      w->vm.vmar, THERE, GUEST_HOLE + 1, PAGE, OUT)
ERROR(zx_vmar_allocate, INVALID_ARGS, "a page past 2^48", w->vm.vmar, THERE, GPA_END, PAGE, OUT)
ERROR(zx_vmar_allocate, INVALID_ARGS, "2^63 bytes", w->vm.vmar, CHILD, 0, HALF, OUT)
ERROR(zx_vmar_allocate, INVALID_ARGS, "2^64 - 1 bytes", w->vm.vmar, CHILD, 0, ALL, OUT)
ERROR(zx_vmar_allocate, INVALID_ARGS, "a bad pointer for the handle",
      w->vm.vmar, CHILD, 0, PAGE, BAD_POINTER, &w->addr)
ERROR(zx_vmar_allocate, INVALID_ARGS, "a bad pointer for the address",
      w->vm.vmar, CHILD, 0, PAGE, &w->out, BAD_POINTER)
ERROR(zx_vmar_allocate, ALREADY_EXISTS, "where RAM is", w->vm.vmar, THERE, GUEST_SPARE, PAGE, OUT)
ERROR_AFTER(zx_vmar_allocate, ALREADY_EXISTS, "where another is", inner(w),
	    w->vm.vmar, THERE, GUEST_HOLE + PAGE, 8 * PAGE, OUT)
ERROR(zx_vmar_allocate, NO_RESOURCES, "longer than any hole", w->vm.vmar, CHILD, 0, GPA_END, OUT)
ERROR(zx_vmar_allocate, BAD_STATE, "the guest is gone", orphan(w), CHILD, 0, PAGE, OUT)
ERROR(zx_vmar_allocate, BAD_STATE, "in one that was destroyed",
      destroyed(w), ZX_VM_CAN_MAP_READ, 0, PAGE, OUT)
EXHAUSTED(zx_vmar_allocate, 0, w->vm.vmar, CHILD, 0, PAGE, OUT)

BAD_HANDLES(zx_vmar_destroy, h)
WRONG_TYPE(zx_vmar_destroy, w->port, h)
ERROR(zx_vmar_destroy, NOT_SUPPORTED, "a guest's first", w->vm.vmar)
ERROR(zx_vmar_destroy, BAD_STATE, "for the second time", destroyed(w))

BAD_HANDLES(zx_vmar_op_range, h, ZX_VMAR_OP_COMMIT, GUEST_SPARE, PAGE, NO_BUFFER)
WRONG_TYPE(zx_vmar_op_range, w->port, h, ZX_VMAR_OP_COMMIT, GUEST_SPARE, PAGE, NO_BUFFER)
ERROR(zx_vmar_op_range, BAD_STATE, "a hole",
      w->vm.vmar, ZX_VMAR_OP_COMMIT, GUEST_HOLE, PAGE, NO_BUFFER)
ERROR(zx_vmar_op_range, BAD_STATE, "the guest is gone",
      orphan(w), ZX_VMAR_OP_COMMIT, GUEST_SPARE, PAGE, NO_BUFFER)
ERROR(zx_vmar_op_range, INVALID_ARGS, "an unaligned address",
      w->vm.vmar, ZX_VMAR_OP_COMMIT, GUEST_SPARE + 1, PAGE, NO_BUFFER)
ERROR_AFTER(zx_vmar_op_range, ACCESS_DENIED, "memory that may never be written",
	    OK(zx_vmar_map(w->vm.vmar, AT, GUEST_HOLE, without(w, w->vmo, ZX_RIGHT_WRITE), 0, PAGE,
			   &w->addr)),
	    w->vm.vmar, ZX_VMAR_OP_DECOMMIT, GUEST_HOLE, PAGE, NO_BUFFER)
ERROR(zx_vmar_op_range, OUT_OF_RANGE, "a page past 2^48",
      w->vm.vmar, ZX_VMAR_OP_COMMIT, GPA_END, PAGE, NO_BUFFER)

ERROR(zx_vmar_map, BAD_STATE, "in one that was destroyed", destroyed(w), R, 0, VMO)
ERROR(zx_vmar_map, ACCESS_DENIED, "more than the VMAR can", inner(w), R | W, 0, VMO)
ERROR(zx_vmar_map, ACCESS_DENIED, "a place, in a VMAR without places", inner(w), AT, 0, VMO)
ERROR_AFTER(zx_vmar_map, ALREADY_EXISTS, "where a VMAR is",
	    inner(w), w->vm.vmar, AT, GUEST_HOLE, VMO)
ERROR_AFTER(zx_vmar_unmap, INVALID_ARGS, "part of a VMAR inside",
	    inner(w), w->vm.vmar, GUEST_HOLE, PAGE)
