// SPDX-License-Identifier: MIT
/* What every object can be asked. */
#include "internal.h"

__EXPORT zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
					size_t buffer_size, size_t *actual_count,
					size_t *avail_count)
{
	struct zx_ioc_object_get_info arg = {
		.size = sizeof(arg),
		.topic = topic,
		.buffer = to_u64(buffer),
		.buffer_size = buffer_size,
		.actual = to_u64(actual_count),
		.avail = to_u64(avail_count),
	};

	return libzx_call(handle, ZX_IOC_OBJECT_GET_INFO, &arg);
}
