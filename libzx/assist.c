// SPDX-License-Identifier: MIT
/*
 * The way through the assist: see the packet, decode, do, and only then change
 * the VCPU. What an instruction does is in assist_integer.c, assist_special.c,
 * assist_string.c and assist_vector.c, what it does it to in assist_operand.c.
 */
#include "assist_internal.h"

#define EFER_LMA	((uint64_t)1 << 10)
#define ACCESS_LONG	0x2000		/* L and D/B of zxl_vcpu_segment.access */
#define ACCESS_BIG	0x4000

void assist_commit_regs(struct assist *a)
{
	a->page->regs = a->regs;
	/* Bit 1 says that flags are to be taken over. */
	a->page->regs.rflags = (a->regs.rflags & ZX_VCPU_RFLAGS_USER) | 2;
}

zx_status_t assist_move_rip(struct assist *a, uint64_t rip)
{
	return zx_vcpu_write_state(a->vcpu, ZXL_VCPU_RIP, &rip, sizeof(rip));
}

/*
 * Has the kernel decoded it as a plain MOV, of which that is all? One that begins
 * in the page before looks like one at the start of this page.
 */
static bool is_plain(const zxl_vcpu_access_t *access)
{
	uint64_t offset = access->addr & (PAGE_BYTES - 1);

	return (offset || access->size == 1) && offset + access->size <= PAGE_BYTES;
}

static zx_status_t do_plain(struct assist *a, const zxl_vcpu_access_t *access)
{
	uint64_t value = 0;
	zx_status_t status;

	if (access->write)
		return a->ops->write(a->context, access->addr, &access->value, access->size);
	status = a->ops->read(a->context, access->addr, &value, access->size);
	return status == ZX_OK ? zxl_vcpu_access_finish(a->vcpu, value) : status;
}

static unsigned int mode_of(const struct zxl_vcpu_system *system)
{
	if (system->efer & EFER_LMA && system->cs.access & ACCESS_LONG)
		return 64;
	return system->cs.access & ACCESS_BIG ? 32 : 16;
}

static zx_status_t decode(struct assist *a)
{
	ZydisMachineMode mode = ZYDIS_MACHINE_MODE_LONG_64;
	ZydisStackWidth stack = ZYDIS_STACK_WIDTH_64;
	ZydisDecoder decoder;

	if (a->mode != 64) {
		mode = a->mode == 32 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16;
		stack = a->system.ss.access & ACCESS_BIG ? ZYDIS_STACK_WIDTH_32 :
							   ZYDIS_STACK_WIDTH_16;
	}
	if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, mode, stack)) ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, a->page->access.inst,
						 a->page->access.inst_len, &a->insn,
						 a->operands)))
		return ZX_ERR_NOT_SUPPORTED;
	return ZX_OK;
}

static zx_status_t begin(struct assist *a)
{
	zx_status_t status;

	a->page = zxl_vcpu_page(a->vcpu);
	if (!a->page)
		return ZX_ERR_ACCESS_DENIED;
	status = zx_vcpu_read_state(a->vcpu, ZXL_VCPU_SYSTEM, &a->system, sizeof(a->system));
	if (status != ZX_OK)
		return status;
	a->mode = mode_of(&a->system);
	a->rip = a->page->packet.mem.rip;
	a->regs = a->page->regs;
	a->exception = -1;
	status = decode(a);
	a->next = a->rip + a->insn.length;
	return status;
}

static zx_status_t execute(struct assist *a)
{
	zx_status_t status = assist_integer(a);

	if (status == ZX_ERR_NOT_SUPPORTED && !a->trapped)
		status = assist_special(a);
	if (status == ZX_ERR_NOT_SUPPORTED && !a->trapped)
		status = assist_vector(a);
	return status;
}

static zx_status_t commit(struct assist *a)
{
	zx_status_t status = ZX_OK;

	if (a->exception >= 0) {
		status = assist_move_rip(a, a->rip);
		return status == ZX_OK ? zx_vcpu_interrupt(a->vcpu, a->exception) : status;
	}
	if (a->next != a->rip + a->insn.length)
		status = assist_move_rip(a, a->next);
	if (status == ZX_OK && a->vector_dirty)
		status = zx_vcpu_write_state(a->vcpu, ZXL_VCPU_VECTOR, &a->vector,
					     sizeof(a->vector));
	if (status == ZX_OK)
		assist_commit_regs(a);
	return status;
}

__EXPORT zx_status_t zxl_vcpu_assist(zx_handle_t vcpu, const zxl_assist_ops_t *ops, void *context)
{
	struct assist a = { .vcpu = vcpu, .ops = ops, .context = context };
	zxl_vcpu_access_t access;
	zx_status_t status = zxl_vcpu_access(vcpu, &access);

	if (status == ZX_OK && is_plain(&access))
		return do_plain(&a, &access);
	if (status != ZX_OK && status != ZX_ERR_NOT_SUPPORTED)
		return status;
	status = begin(&a);
	if (status != ZX_OK)
		return status;
	if (assist_is_string(&a)) {
		status = assist_string(&a);
	} else {
		status = execute(&a);
		if (status == ZX_OK)
			return commit(&a);
	}
	/* The guest takes a fault in place of the rest, and that is what it should do. */
	return a.faulted ? ZX_OK : status;
}
