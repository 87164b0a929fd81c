// SPDX-License-Identifier: MIT
/* Guest memory by linear address, for instructions that user space executes. */
#include "internal.h"

static zx_status_t copy(zx_handle_t vcpu, uint32_t flags, uint64_t addr, const void *buffer,
			size_t length, zx_gpaddr_t *gpa)
{
	struct zxl_ioc_vcpu_memory arg = {
		.size = sizeof(arg), .flags = flags, .addr = addr, .buffer = to_u64(buffer),
		.length = length, .gpa = to_u64(gpa),
	};

	return libzx_call(vcpu, ZXL_IOC_VCPU_MEMORY, &arg);
}

__EXPORT zx_status_t zxl_vcpu_read_memory(zx_handle_t vcpu, uint64_t addr, void *buffer,
					  size_t length, zx_gpaddr_t *gpa)
{
	return copy(vcpu, 0, addr, buffer, length, gpa);
}

__EXPORT zx_status_t zxl_vcpu_write_memory(zx_handle_t vcpu, uint64_t addr, const void *buffer,
					   size_t length, zx_gpaddr_t *gpa)
{
	return copy(vcpu, ZXL_MEMORY_WRITE, addr, buffer, length, gpa);
}
