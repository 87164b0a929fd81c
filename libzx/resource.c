// SPDX-License-Identifier: MIT
/* Resources: permission to do what not every process may. */
#include "internal.h"

__EXPORT zx_status_t zx_resource_create(zx_handle_t parent_rsrc, uint32_t options, uint64_t base,
					size_t size, const char *name, size_t name_size,
					zx_handle_t *resource_out)
{
	struct zx_ioc_resource_create arg = {
		.size = sizeof(arg),
		.options = options,
		.base = base,
		.len = size,
		.name = to_u64(name),
		.name_len = name_size,
		.out = to_u64(resource_out),
	};

	return libzx_call(parent_rsrc, ZX_IOC_RESOURCE_CREATE, &arg);
}
