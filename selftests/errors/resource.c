// SPDX-License-Identifier: GPL-2.0-only
/* Resources. */
#include "errors.h"

#define NAME	"name", 4, &w->out
#define SYSTEM	ZX_RSRC_KIND_SYSTEM

ON(zx_resource_create, w->vm.resource, w->vm.guest, WRITE, h, ZX_RSRC_KIND_HYPERVISOR, 0, 0, NAME)
ERROR(zx_resource_create, INVALID_ARGS, "an unknown kind", w->vm.resource, 0x3000, 0, 0, NAME)
ERROR(zx_resource_create, INVALID_ARGS, "an unknown flag",
      w->vm.resource, ZX_RSRC_KIND_VMEX | 1u << 17, 0, 0, NAME)
ERROR(zx_resource_create, INVALID_ARGS, "a range where there is none",
      w->vm.resource, ZX_RSRC_KIND_VMEX, 0, 1, NAME)
ERROR(zx_resource_create, INVALID_ARGS, "no range where there must be one",
      w->vm.resource, SYSTEM, 0, 0, NAME)
ERROR(zx_resource_create, INVALID_ARGS, "a range that wraps",
      w->vm.resource, SYSTEM, ALL, 2, NAME)
ERROR(zx_resource_create, INVALID_ARGS, "a long name", w->vm.resource,
      ZX_RSRC_KIND_VMEX, 0, 0, w->buffer, ZX_MAX_NAME_LEN, &w->out)
ERROR(zx_resource_create, INVALID_ARGS, "a name without end", w->vm.resource,
      ZX_RSRC_KIND_VMEX, 0, 0, w->buffer, ALL, &w->out)
ERROR(zx_resource_create, INVALID_ARGS, "a bad pointer to the name", w->vm.resource,
      ZX_RSRC_KIND_VMEX, 0, 0, BAD_POINTER, 4, &w->out)
ERROR(zx_resource_create, INVALID_ARGS, "a bad pointer for the handle", w->vm.resource,
      ZX_RSRC_KIND_VMEX, 0, 0, "name", 4, BAD_POINTER)
ERROR(zx_resource_create, INVALID_ARGS, "out of an exclusive one",
      derived(w, SYSTEM | ZX_RSRC_FLAG_EXCLUSIVE, 0, 4), SYSTEM, 0, 1, NAME)
ERROR(zx_resource_create, ACCESS_DENIED, "another kind than the parent's",
      derived(w, ZX_RSRC_KIND_VMEX, 0, 0), ZX_RSRC_KIND_HYPERVISOR, 0, 0, NAME)
ERROR(zx_resource_create, ACCESS_DENIED, "below the parent's range",
      derived(w, SYSTEM, 1, 2), SYSTEM, 0, 2, NAME)
ERROR(zx_resource_create, ACCESS_DENIED, "beyond the parent's range",
      derived(w, SYSTEM, 1, 2), SYSTEM, 2, 2, NAME)
ERROR(zx_resource_create, ACCESS_DENIED, "without WRITE, and everything else bad",
      without(w, w->vm.resource, ZX_RIGHT_WRITE), 0x3000, ALL, ALL, BAD_POINTER, ALL, BAD_POINTER)
