// SPDX-License-Identifier: MIT
/* The memory access behind a GUEST_MEM packet, as the kernel decoded it. */
#include <string.h>

#include "internal.h"

static zx_status_t mem_page(zx_handle_t vcpu, zx_rights_t rights, struct zx_vcpu_page **out)
{
	zx_status_t status = libzx_page_find(vcpu, rights, out);

	if (status != ZX_OK)
		return status;
	if ((*out)->reason != ZX_VCPU_REASON_PACKET ||
	    (*out)->packet.type != ZX_PKT_TYPE_GUEST_MEM)
		return ZX_ERR_BAD_STATE;
	return ZX_OK;
}

__EXPORT zx_status_t zxl_vcpu_access(zx_handle_t vcpu, zxl_vcpu_access_t *out)
{
	struct zx_vcpu_page *page;
	zx_status_t status = mem_page(vcpu, ZX_RIGHT_READ, &page);

	if (status != ZX_OK)
		return status;
	memset(out, 0, sizeof(*out));
	out->addr = page->packet.mem.addr;
	out->instruction_size = page->access.inst_len;
	memcpy(out->instruction, page->access.inst, sizeof(out->instruction));
	if (!page->access.decoded)
		return ZX_ERR_NOT_SUPPORTED;
	out->write = page->access.write;
	out->size = page->access.size;
	out->value = page->access.value;
	return ZX_OK;
}

/* The low @bytes of @value, zero- or sign-extended to 64 bits. */
static uint64_t extend(uint64_t value, unsigned int bytes, bool sign)
{
	unsigned int shift = 64 - 8 * bytes;

	value <<= shift;
	return sign ? (uint64_t)((int64_t)value >> shift) : value >> shift;
}

/* What becomes of @old when @bytes at bit @shift are written (SDM 1, 3.4.1.1). */
static uint64_t merge(uint64_t old, uint64_t value, unsigned int bytes, unsigned int shift)
{
	uint64_t mask = (bytes == 1 ? 0xffull : 0xffffull) << shift;

	if (bytes == 8)
		return value;
	if (bytes == 4)
		return (uint32_t)value;
	return (old & ~mask) | (value << shift & mask);
}

static bool is_width(unsigned int bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

__EXPORT zx_status_t zxl_vcpu_access_finish(zx_handle_t vcpu, uint64_t value)
{
	struct zx_vcpu_access access;
	struct zx_vcpu_page *page;
	zx_status_t status = mem_page(vcpu, ZX_RIGHT_WRITE, &page);
	__u64 *reg;

	if (status != ZX_OK)
		return status;
	access = page->access;
	if (!access.decoded)
		return ZX_ERR_NOT_SUPPORTED;
	if (access.write || !is_width(access.size) || !is_width(access.reg_size) || access.reg > 15)
		return ZX_ERR_BAD_STATE;
	reg = (__u64 *)&page->regs + access.reg;
	value = extend(value, access.size, access.sign_extend);
	*reg = merge(*reg, value, access.reg_size, access.high_byte ? 8 : 0);
	return ZX_OK;
}
