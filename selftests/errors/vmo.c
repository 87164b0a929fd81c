// SPDX-License-Identifier: GPL-2.0-only
/* VMOs. */
#include "errors.h"

#define OP(name)	ZX_VMO_OP_##name
#define NO_BUFFER	NULL, 0

ERROR(zx_vmo_create, INVALID_ARGS, "an unknown option", PAGE, 1u << 31, &w->out)
ERROR(zx_vmo_create, INVALID_ARGS, "an option of old", PAGE, 1, &w->out)
ERROR(zx_vmo_create, INVALID_ARGS, "a bad pointer", PAGE, 0, BAD_POINTER)
ERROR(zx_vmo_create, OUT_OF_RANGE, "a byte above 2^47", VMO_LIMIT + 1, 0, &w->out)
ERROR(zx_vmo_create, OUT_OF_RANGE, "2^63", HALF, 0, &w->out)
ERROR(zx_vmo_create, OUT_OF_RANGE, "2^64 - 1", ALL, 0, &w->out)

ON(zx_vmo_read, w->vmo, w->vm.guest, READ, h, w->buffer, 0, 1)
ERROR(zx_vmo_read, OUT_OF_RANGE, "a byte past the end", w->vmo, w->buffer, 4 * PAGE - 7, 8)
ERROR(zx_vmo_read, OUT_OF_RANGE, "from past the end", w->vmo, w->buffer, 4 * PAGE + 1, 0)
ERROR(zx_vmo_read, OUT_OF_RANGE, "offset and length wrap", w->vmo, w->buffer, ALL, 2)
ERROR(zx_vmo_read, OUT_OF_RANGE, "2^63 bytes", w->vmo, w->buffer, 0, HALF)
ERROR(zx_vmo_read, OUT_OF_RANGE, "2^64 - 1 bytes", w->vmo, w->buffer, 0, ALL)
ERROR(zx_vmo_read, INVALID_ARGS, "a bad pointer", w->vmo, BAD_POINTER, 0, 1)

ON(zx_vmo_write, w->vmo, w->vm.guest, WRITE, h, w->buffer, 0, 1)
ERROR(zx_vmo_write, OUT_OF_RANGE, "a byte past the end", w->vmo, w->buffer, 4 * PAGE - 7, 8)
ERROR(zx_vmo_write, OUT_OF_RANGE, "from past the end", w->vmo, w->buffer, 4 * PAGE + 1, 0)
ERROR(zx_vmo_write, OUT_OF_RANGE, "offset and length wrap", w->vmo, w->buffer, ALL, 2)
ERROR(zx_vmo_write, OUT_OF_RANGE, "2^63 bytes", w->vmo, w->buffer, 0, HALF)
ERROR(zx_vmo_write, OUT_OF_RANGE, "2^64 - 1 bytes", w->vmo, w->buffer, 0, ALL)
ERROR(zx_vmo_write, INVALID_ARGS, "a bad pointer", w->vmo, BAD_POINTER, 0, 1)

BAD_HANDLES(zx_vmo_get_size, h, &w->size)
WRONG_TYPE(zx_vmo_get_size, w->port, h, &w->size)
ERROR(zx_vmo_get_size, INVALID_ARGS, "a bad pointer", w->vmo, BAD_POINTER)

ON(zx_vmo_set_size, w->vmo, w->vm.guest, WRITE, h, PAGE)
ERROR(zx_vmo_set_size, UNAVAILABLE, "not resizable", w->fixed, PAGE)
ERROR(zx_vmo_set_size, OUT_OF_RANGE, "a byte above 2^47", w->vmo, VMO_LIMIT + 1)
ERROR(zx_vmo_set_size, OUT_OF_RANGE, "2^63", w->vmo, HALF)
ERROR(zx_vmo_set_size, OUT_OF_RANGE, "2^64 - 1", w->vmo, ALL)

BAD_HANDLES(zx_vmo_op_range, h, OP(COMMIT), 0, PAGE, NO_BUFFER)
WRONG_TYPE(zx_vmo_op_range, w->port, h, OP(COMMIT), 0, PAGE, NO_BUFFER)
ERROR(zx_vmo_op_range, ACCESS_DENIED, "COMMIT without WRITE",
      without(w, w->vmo, ZX_RIGHT_WRITE), OP(COMMIT), 0, PAGE, NO_BUFFER)
ERROR(zx_vmo_op_range, ACCESS_DENIED, "DECOMMIT without WRITE",
      without(w, w->vmo, ZX_RIGHT_WRITE), OP(DECOMMIT), 0, PAGE, NO_BUFFER)
ERROR(zx_vmo_op_range, ACCESS_DENIED, "ZERO without WRITE",
      without(w, w->vmo, ZX_RIGHT_WRITE), OP(ZERO), 0, PAGE, NO_BUFFER)
ERROR(zx_vmo_op_range, INVALID_ARGS, "operation 0", w->vmo, 0, 0, PAGE, NO_BUFFER)
ERROR(zx_vmo_op_range, INVALID_ARGS, "an unknown operation", w->vmo, 99, 0, PAGE, NO_BUFFER)
ERROR(zx_vmo_op_range, INVALID_ARGS, "an unaligned offset",
      w->vmo, OP(DECOMMIT), 1, PAGE, NO_BUFFER)
ERROR(zx_vmo_op_range, OUT_OF_RANGE, "a page past the end",
      w->vmo, OP(COMMIT), 3 * PAGE, 2 * PAGE, NO_BUFFER)
ERROR(zx_vmo_op_range, OUT_OF_RANGE, "offset and length wrap",
      w->vmo, OP(DECOMMIT), ALL - PAGE + 1, 2 * PAGE, NO_BUFFER)
ERROR(zx_vmo_op_range, OUT_OF_RANGE, "2^63 bytes", w->vmo, OP(DECOMMIT), 0, HALF, NO_BUFFER)
ERROR(zx_vmo_op_range, OUT_OF_RANGE, "2^64 - 1 bytes", w->vmo, OP(ZERO), 0, ALL, NO_BUFFER)

BAD_HANDLES(zx_vmo_replace_as_executable, h, ZX_HANDLE_INVALID, &w->out)
WRONG_TYPE(zx_vmo_replace_as_executable, with(w, w->port, ZX_RIGHT_READ), h, ZX_HANDLE_INVALID,
	   &w->out)
ERROR(zx_vmo_replace_as_executable, BAD_HANDLE, "of the resource",
      with(w, w->vmo, ZX_RIGHT_SAME_RIGHTS), w->port & ~1u, &w->out)
ERROR(zx_vmo_replace_as_executable, WRONG_TYPE, "of the resource",
      with(w, w->vmo, ZX_RIGHT_SAME_RIGHTS), w->port, &w->out)
ERROR(zx_vmo_replace_as_executable, ACCESS_DENIED, "a resource of another kind",
      with(w, w->vmo, ZX_RIGHT_SAME_RIGHTS), w->vm.resource, &w->out)
ERROR(zx_vmo_replace_as_executable, ACCESS_DENIED, "a range beside the one wanted",
      with(w, w->vmo, ZX_RIGHT_SAME_RIGHTS), derived(w, ZX_RSRC_KIND_SYSTEM, 2, 8), &w->out)
ERROR(zx_vmo_replace_as_executable, INVALID_ARGS, "a bad pointer",
      with(w, w->vmo, ZX_RIGHT_SAME_RIGHTS), ZX_HANDLE_INVALID, BAD_POINTER)

#define CHILD(name)	ZX_VMO_CHILD_##name
#define POLICY(name)	ZX_CACHE_POLICY_##name

BAD_HANDLES(zx_vmo_create_child, h, CHILD(SNAPSHOT), 0, PAGE, &w->out)
WRONG_TYPE(zx_vmo_create_child, w->port, h, CHILD(SNAPSHOT), 0, PAGE, &w->out)
LACKS(zx_vmo_create_child, w->fixed, DUPLICATE, h, CHILD(SLICE), 0, PAGE, &w->out)
ERROR(zx_vmo_create_child, ACCESS_DENIED, "without READ",
      without(w, w->fixed, ZX_RIGHT_READ), CHILD(SLICE), 0, PAGE, &w->out)
ERROR(zx_vmo_create_child, INVALID_ARGS, "no kind", w->fixed, 0, 0, PAGE, &w->out)
ERROR(zx_vmo_create_child, INVALID_ARGS, "two kinds",
      w->fixed, CHILD(SNAPSHOT) | CHILD(SLICE), 0, PAGE, &w->out)
ERROR(zx_vmo_create_child, INVALID_ARGS, "an unknown option",
      w->fixed, CHILD(SNAPSHOT) | 1u << 30, 0, PAGE, &w->out)
ERROR(zx_vmo_create_child, INVALID_ARGS, "an unaligned offset",
      w->fixed, CHILD(SLICE), 1, PAGE, &w->out)
ERROR(zx_vmo_create_child, INVALID_ARGS, "a reference with a length",
      w->fixed, CHILD(REFERENCE), 0, PAGE, &w->out)
ERROR(zx_vmo_create_child, INVALID_ARGS, "a resizable slice",
      w->fixed, CHILD(SLICE) | CHILD(RESIZABLE), 0, PAGE, &w->out)
ERROR(zx_vmo_create_child, INVALID_ARGS, "a bad pointer",
      w->fixed, CHILD(SLICE), 0, PAGE, BAD_POINTER)
ERROR(zx_vmo_create_child, INVALID_ARGS, "a slice past the end",
      w->fixed, CHILD(SLICE), 3 * PAGE, 2 * PAGE, &w->out)
ERROR(zx_vmo_create_child, OUT_OF_RANGE, "a snapshot above 2^47",
      w->fixed, CHILD(SNAPSHOT), 0, VMO_LIMIT + 1, &w->out)
ERROR(zx_vmo_create_child, OUT_OF_RANGE, "2^63 bytes", w->fixed, CHILD(SNAPSHOT), 0, HALF, &w->out)
ERROR(zx_vmo_create_child, OUT_OF_RANGE, "2^64 - 1 bytes",
      w->fixed, CHILD(SNAPSHOT), 0, ALL, &w->out)
ERROR(zx_vmo_create_child, NOT_SUPPORTED, "a slice of a resizable one",
      w->vmo, CHILD(SLICE), 0, PAGE, &w->out)
EXHAUSTED(zx_vmo_create_child, 0, w->fixed, CHILD(SNAPSHOT), 0, PAGE, &w->out)

ON(zx_vmo_set_cache_policy, w->fixed, w->port, MAP, h, POLICY(UNCACHED))
ERROR(zx_vmo_set_cache_policy, INVALID_ARGS, "policy 4", w->fixed, 4)
ERROR(zx_vmo_set_cache_policy, INVALID_ARGS, "the last policy", w->fixed, UINT32_MAX)
ERROR_AFTER(zx_vmo_set_cache_policy, BAD_STATE, "it has pages",
	    OK(zx_vmo_write(w->fixed, "", 0, 1)), w->fixed, POLICY(WRITE_COMBINING))
ERROR_AFTER(zx_vmo_set_cache_policy, BAD_STATE, "it is mapped",
	    OK(zx_vmar_map(w->vm.vmar, ZX_VM_PERM_READ, 0, w->fixed, 0, PAGE, &w->addr)),
	    w->fixed, POLICY(UNCACHED))
ERROR_AFTER(zx_vmo_set_cache_policy, BAD_STATE, "it is a child",
	    OK(zx_vmo_create_child(w->fixed, CHILD(SLICE), 0, PAGE, &w->out)),
	    keep(w, w->out), POLICY(UNCACHED))
ERROR_AFTER(zx_vmo_read, BAD_STATE, "it is not cached",
	    OK(zx_vmo_set_cache_policy(w->fixed, POLICY(UNCACHED))), w->fixed, w->buffer, 0, 1)
ERROR_AFTER(zx_vmo_write, BAD_STATE, "it is not cached",
	    OK(zx_vmo_set_cache_policy(w->fixed, POLICY(UNCACHED))), w->fixed, w->buffer, 0, 1)

ERROR_AFTER(zx_vmo_create_child, BAD_STATE, "it is not cached",
	    OK(zx_vmo_set_cache_policy(w->fixed, POLICY(UNCACHED))),
	    w->fixed, CHILD(SNAPSHOT), 0, PAGE, &w->out)
ERROR_AFTER(zx_vmo_op_range, BAD_STATE, "to clear a part of a page that is not cached",
	    OK(zx_vmo_set_cache_policy(w->fixed, POLICY(UNCACHED))),
	    w->fixed, OP(ZERO), 0, 1, NO_BUFFER)
ERROR(zx_vmo_op_range, NOT_SUPPORTED, "a lock", w->vmo, ZX_VMO_OP_LOCK, 0, PAGE, NO_BUFFER)
