// SPDX-License-Identifier: GPL-2.0-only
/* Handles, and what every object can be asked. */
#include "errors.h"

#define BASIC(topic, record) ZX_INFO_##topic, &(record), sizeof(record), NULL, NULL

static zx_info_handle_basic_t basic;
static zx_info_vmar_t vmar;
static zx_info_vcpu_t vcpu;
static zx_info_handle_count_t handles;

ERROR(zx_handle_close, BAD_HANDLE, "wrong low bits", w->port & ~1u)
ERROR(zx_handle_close, BAD_HANDLE, "a closed handle", closed(w))
ERROR(zx_handle_close, BAD_HANDLE, "somebody else's descriptor", foreign(w))

ERROR(zx_handle_close_many, BAD_HANDLE, "one bad among good ones",
      (zx_handle_t[]){ with(w, w->port, ZX_RIGHT_READ), closed(w), ZX_HANDLE_INVALID }, 3)
ERROR(zx_handle_close_many, INVALID_ARGS, "a bad pointer", BAD_POINTER, 1)
ERROR(zx_handle_close_many, INVALID_ARGS, "a bad pointer and a huge number", BAD_POINTER, HALF)

BAD_HANDLES(zx_handle_duplicate, h, ZX_RIGHT_SAME_RIGHTS, &w->out)
LACKS(zx_handle_duplicate, w->port, DUPLICATE, h, ZX_RIGHT_SAME_RIGHTS, &w->out)
ERROR(zx_handle_duplicate, INVALID_ARGS, "a right that the handle has not",
      w->port, ZX_RIGHT_EXECUTE, &w->out)
ERROR(zx_handle_duplicate, INVALID_ARGS, "SAME_RIGHTS with another bit",
      w->port, ZX_RIGHT_SAME_RIGHTS | ZX_RIGHT_READ, &w->out)
ERROR(zx_handle_duplicate, INVALID_ARGS, "a right that nobody has", w->port, 1u << 30, &w->out)
ERROR(zx_handle_duplicate, INVALID_ARGS, "a bad pointer",
      w->port, ZX_RIGHT_SAME_RIGHTS, BAD_POINTER)
ERROR(zx_handle_duplicate, ACCESS_DENIED, "before bad rights are looked at",
      without(w, w->port, ZX_RIGHT_DUPLICATE), 1u << 30, &w->out)

BAD_HANDLES(zx_handle_replace, h, ZX_RIGHT_SAME_RIGHTS, &w->out)
ERROR(zx_handle_replace, INVALID_ARGS, "a right that the handle has not",
      with(w, w->port, ZX_RIGHT_READ), ZX_RIGHT_WRITE, &w->out)
ERROR(zx_handle_replace, INVALID_ARGS, "a bad pointer",
      with(w, w->port, ZX_RIGHT_READ), ZX_RIGHT_SAME_RIGHTS, BAD_POINTER)

BAD_HANDLES(zx_object_get_info, h, BASIC(HANDLE_BASIC, basic))
WRONG_TYPE(zx_object_get_info, w->vm.guest, h, BASIC(VMAR, vmar))
LACKS(zx_object_get_info, w->vm.vmar, INSPECT, h, BASIC(VMAR, vmar))
ERROR_AFTER(zx_object_get_info, ACCESS_DENIED, "of a VCPU, without INSPECT",
	    OK(vm_boot(&w->vm, done)),
	    without(w, w->vm.vcpu, ZX_RIGHT_INSPECT), BASIC(VCPU, vcpu))
LACKS(zx_object_get_info, w->port, INSPECT, h, BASIC(HANDLE_COUNT, handles))
ERROR(zx_object_get_info, WRONG_TYPE, "VCPU of a guest", w->vm.guest, BASIC(VCPU, vcpu))
ERROR(zx_object_get_info, NOT_SUPPORTED, "topic 0", w->port, 0, &basic, sizeof(basic), NULL, NULL)
ERROR(zx_object_get_info, NOT_SUPPORTED, "a topic that is not there",
      w->port, 9999, &basic, sizeof(basic), NULL, NULL)
ERROR(zx_object_get_info, BUFFER_TOO_SMALL, "no room", w->port,
      ZX_INFO_HANDLE_BASIC, &basic, 0, NULL, NULL)
ERROR(zx_object_get_info, BUFFER_TOO_SMALL, "a byte short", w->port,
      ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic) - 1, NULL, NULL)
ERROR(zx_object_get_info, INVALID_ARGS, "a bad buffer", w->port,
      ZX_INFO_HANDLE_BASIC, BAD_POINTER, sizeof(basic), NULL, NULL)
ERROR(zx_object_get_info, INVALID_ARGS, "a bad pointer for the count", w->port,
      ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), BAD_POINTER, NULL)
ERROR(zx_object_get_info, INVALID_ARGS, "a bad pointer for what there is", w->port,
      ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, BAD_POINTER)
