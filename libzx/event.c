// SPDX-License-Identifier: MIT
/* Events, alone and in pairs: objects that are nothing but their signals. */
#include "internal.h"

__EXPORT zx_status_t zx_event_create(uint32_t options, zx_handle_t *out)
{
	struct zx_ioc_event_create arg = {
		.size = sizeof(arg), .options = options, .out = to_u64(out),
	};

	return libzx_call_any(ZX_IOC_EVENT_CREATE, &arg);
}

__EXPORT zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t *out0, zx_handle_t *out1)
{
	struct zx_ioc_pair_create arg = {
		.size = sizeof(arg), .options = options, .out0 = to_u64(out0), .out1 = to_u64(out1),
	};

	return libzx_call_any(ZX_IOC_EVENTPAIR_CREATE, &arg);
}
