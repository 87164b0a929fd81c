// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls on VCPUs. Enter is the hot one: it has no argument struct, and between
 * the ioctl and the guest nothing is copied.
 */
#include <linux/fault-inject-usercopy.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../object/guest.h"
#include "table.h"

zx_status_t zx_early_vcpu_create(const struct zx_call *call)
{
	return call->args.vcpu_create.options ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

zx_status_t zx_sys_vcpu_create(struct zx_call *call)
{
	const struct zx_ioc_vcpu_create *args = &call->args.vcpu_create;
	struct zx_vcpu *vcpu;
	zx_status_t status;

	if (args->entry >> ZX_GPA_BITS)
		return ZX_ERR_INVALID_ARGS;
	status = zx_vcpu_new(zx_guest_from(call->handle->obj), args->entry, &vcpu);
	if (status == ZX_OK)
		zx_call_publish(call, &vcpu->obj, vcpu->obj.ops->rights, args->out);
	return status;
}

/* What the last enter came to, but for one that goes on. */
static void note(struct zx_vcpu_page *page, zx_status_t status)
{
	if (likely(status == ZX_OK))
		page->status = ZX_OK;
	else if (status != ZX_ERR_INTERNAL_INTR_RETRY)
		page->status = status;
}

/* May this handle enter, and here? */
static zx_status_t check_enter(struct zx_handle *handle)
{
	zx_status_t status = zx_handle_check(handle, ZX_OBJ_TYPE_VCPU, ZX_RIGHT_EXECUTE);

	if (unlikely(status != ZX_OK))
		return status;
	return zx_vcpu_is_mine(zx_vcpu_from(handle->obj)) ? ZX_OK : ZX_ERR_BAD_STATE;
}

/* Six stores: a call of copy_to_user() would cost three times as much. */
static zx_status_t put_packet(struct zx_packet __user *user, const struct zx_packet *packet)
{
	const u64 *from = (const u64 *)packet;
	u64 __user *to = (u64 __user *)user;

	if (!user_write_access_begin(user, sizeof(*user)))
		return ZX_ERR_INVALID_ARGS;
	unsafe_put_user(from[0], to, fault);
	unsafe_put_user(from[1], to + 1, fault);
	unsafe_put_user(from[2], to + 2, fault);
	unsafe_put_user(from[3], to + 3, fault);
	unsafe_put_user(from[4], to + 4, fault);
	unsafe_put_user(from[5], to + 5, fault);
	user_write_access_end();
	return ZX_OK;
fault:
	user_write_access_end();
	return ZX_ERR_INVALID_ARGS;
}

static_assert(sizeof(struct zx_packet) == 6 * sizeof(u64));

zx_status_t zx_sys_vcpu_enter(struct zx_handle *handle, u64 packet)
{
	zx_status_t status = check_enter(handle);
	struct zx_vcpu_page *page;
	struct zx_vcpu *vcpu;

	if (unlikely(status != ZX_OK))
		return status;
	vcpu = zx_vcpu_from(handle->obj);
	status = zx_cpu_run(&vcpu->cpu);
	page = vcpu->cpu.page;
	note(page, status);
	if (likely(status == ZX_OK && packet))
		return put_packet(u64_to_user_ptr(packet), &page->packet);
	return status;
}

/* The layouts that packets had until 2021. */
static void make_legacy(const struct zx_vcpu_page *page, struct zx_packet *packet)
{
	struct zx_packet now = page->packet;
	u8 len = min_t(u8, READ_ONCE(page->access.inst_len), sizeof(packet->mem_v1.inst_buf));

	/* The page is user space's too: from here on only the copies count. */
	OPTIMIZER_HIDE_VAR(len);
	barrier_data(&now);
	*packet = now;
	switch (now.type) {
	case ZX_PKT_TYPE_GUEST_MEM:
		memset(&packet->mem_v1, 0, sizeof(packet->mem_v1));
		packet->mem_v1.addr = now.mem.addr;
		packet->mem_v1.inst_len = len;
		memcpy(packet->mem_v1.inst_buf, page->access.inst, len);
		packet->mem_v1.default_operand_size = now.mem.default_operand_size;
		break;
	case ZX_PKT_TYPE_GUEST_VCPU:
		packet->vcpu_v1.mask_or_id = now.vcpu.mask_or_id;
		packet->vcpu_v1.vector_or_entry = now.vcpu.vector_or_entry;
		packet->vcpu_v1.type = now.vcpu.type;
		packet->vcpu_v1.reserved = 0;
		break;
	}
}

zx_status_t zx_sys_vcpu_resume(struct zx_handle *handle, u64 packet)
{
	zx_status_t status = check_enter(handle);
	struct zx_packet legacy;
	struct zx_vcpu *vcpu;

	if (status != ZX_OK)
		return status;
	vcpu = zx_vcpu_from(handle->obj);
	status = zx_cpu_run(&vcpu->cpu);
	note(vcpu->cpu.page, status);
	if (status != ZX_OK)
		return status;
	make_legacy(vcpu->cpu.page, &legacy);
	return packet && copy_to_user(u64_to_user_ptr(packet), &legacy, sizeof(legacy)) ?
		ZX_ERR_INVALID_ARGS : ZX_OK;
}

zx_status_t zx_sys_vcpu_kick(struct zx_handle *handle)
{
	zx_status_t status = zx_handle_check(handle, ZX_OBJ_TYPE_VCPU, ZX_RIGHT_EXECUTE);

	if (status == ZX_OK)
		zx_irq_post(&zx_vcpu_from(handle->obj)->cpu, ZX_EVENT_KICK);
	return status;
}

static zx_status_t interrupt(struct zx_handle *handle, u32 vector, u32 options, u32 reserved)
{
	bool level = options & ZXL_INTERRUPT_LEVEL;

	if (options & ~ZXL_INTERRUPT_LEVEL || reserved)
		return ZX_ERR_INVALID_ARGS;
	if (vector > 255)
		return ZX_ERR_OUT_OF_RANGE;
	if (level && vector < 32)
		return ZX_ERR_INVALID_ARGS;
	zx_irq_post_vector(&zx_vcpu_from(handle->obj)->cpu, vector, level);
	return ZX_OK;
}

zx_status_t zx_sys_vcpu_interrupt(struct zx_call *call)
{
	const struct zx_ioc_vcpu_interrupt *args = &call->args.vcpu_interrupt;

	return interrupt(call->handle, args->vector, args->options, args->reserved);
}

bool zx_quick_vcpu_interrupt(struct zx_handle *handle, u64 arg, zx_status_t *status)
{
	const struct zx_ioc_vcpu_interrupt __user *args = u64_to_user_ptr(arg);
	u32 size, vector, options, reserved;

	/* As the kernel's own copies do it where a test wants them to fail. */
	if (should_fail_usercopy() || !user_read_access_begin(args, sizeof(*args)))
		return false;
	unsafe_get_user(size, &args->size, fault);
	unsafe_get_user(vector, &args->vector, fault);
	unsafe_get_user(options, &args->options, fault);
	unsafe_get_user(reserved, &args->reserved, fault);
	user_read_access_end();
	if (size != sizeof(*args))
		return false;
	*status = zx_handle_check(handle, ZX_OBJ_TYPE_VCPU, ZX_RIGHT_SIGNAL);
	if (*status == ZX_OK)
		*status = interrupt(handle, vector, options, reserved);
	return true;
fault:
	user_read_access_end();
	return false;
}

union state {
	struct zx_vcpu_regs regs;
	struct vcpu_io {
		u8 access_size;
		u8 pad[3];
		u32 data;
	} io;
	struct zxl_vcpu_system system;
	u64 rip;
	struct zxl_vcpu_vector vector;
};

/* Bytes of a kind; 0: there is no such kind to read, or to write. */
static size_t state_size(u32 kind, bool write)
{
	switch (kind) {
	case ZX_VCPU_STATE:
		return sizeof_field(union state, regs);
	case ZX_VCPU_IO:
		return write ? sizeof_field(union state, io) : 0;
	case ZXL_VCPU_SYSTEM:
		return write ? 0 : sizeof_field(union state, system);
	case ZXL_VCPU_RIP:
		return sizeof_field(union state, rip);
	case ZXL_VCPU_VECTOR:
		return sizeof_field(union state, vector);
	default:
		return 0;
	}
}

static void read_state(struct zx_cpu *cpu, u32 kind, union state *state)
{
	switch (kind) {
	case ZX_VCPU_STATE:
		state->regs = cpu->page->regs;
		state->regs.rflags &= ZX_VCPU_RFLAGS_USER;
		break;
	case ZXL_VCPU_SYSTEM:
		zx_cpu_read_system(cpu, &state->system);
		break;
	case ZXL_VCPU_RIP:
		state->rip = cpu->rip;
		break;
	case ZXL_VCPU_VECTOR:
		zx_fpu_read_vector(&cpu->fpu, &state->vector);
		break;
	}
}

zx_status_t zx_sys_vcpu_read_state(struct zx_call *call)
{
	const struct zx_ioc_vcpu_state *args = &call->args.vcpu_state;
	struct zx_vcpu *vcpu = zx_vcpu_from(call->handle->obj);
	union state state;

	if (!args->length || args->length != state_size(args->kind, false))
		return ZX_ERR_INVALID_ARGS;
	if (!zx_vcpu_is_mine(vcpu))
		return ZX_ERR_BAD_STATE;
	read_state(&vcpu->cpu, args->kind, &state);
	return copy_to_user(u64_to_user_ptr(args->buffer), &state, args->length) ?
		ZX_ERR_INVALID_ARGS : ZX_OK;
}

static zx_status_t write_io(struct zx_cpu *cpu, const struct vcpu_io *io)
{
	u64 mask;

	if (io->access_size != 1 && io->access_size != 2 && io->access_size != 4)
		return ZX_ERR_INVALID_ARGS;
	mask = GENMASK_ULL(8 * io->access_size - 1, 0);
	cpu->page->regs.rax = (cpu->page->regs.rax & ~mask) | (io->data & mask);
	return ZX_OK;
}

static zx_status_t write_state(struct zx_cpu *cpu, u32 kind, union state *state)
{
	switch (kind) {
	case ZX_VCPU_IO:
		return write_io(cpu, &state->io);
	case ZXL_VCPU_RIP:
		return zx_cpu_write_rip(cpu, state->rip);
	case ZXL_VCPU_VECTOR:
		zx_fpu_write_vector(&cpu->fpu, &state->vector);
		return ZX_OK;
	default:
		/* Without bit 1 the flags stay what they are. */
		if (!(state->regs.rflags & X86_EFLAGS_FIXED))
			state->regs.rflags = cpu->page->regs.rflags;
		cpu->page->regs = state->regs;
		return ZX_OK;
	}
}

zx_status_t zx_sys_vcpu_write_state(struct zx_call *call)
{
	const struct zx_ioc_vcpu_state *args = &call->args.vcpu_state;
	struct zx_vcpu *vcpu = zx_vcpu_from(call->handle->obj);
	union state state;

	if (!args->length || args->length != state_size(args->kind, true) ||
	    copy_from_user(&state, u64_to_user_ptr(args->buffer), args->length))
		return ZX_ERR_INVALID_ARGS;
	if (!zx_vcpu_is_mine(vcpu))
		return ZX_ERR_BAD_STATE;
	return write_state(&vcpu->cpu, args->kind, &state);
}

/* What no instruction but a string's run exceeds goes without an allocation. */
#define MEMORY_SMALL	64

static zx_status_t copy_memory(struct zx_cpu *cpu, const struct zxl_ioc_vcpu_memory *args,
			       void *buf)
{
	void __user *user = u64_to_user_ptr(args->buffer);
	bool write = args->flags & ZXL_MEMORY_WRITE;
	zx_status_t status;
	u64 gpa;

	if (write && copy_from_user(buf, user, args->length))
		return ZX_ERR_INVALID_ARGS;
	status = zx_cpu_memory(cpu, args->addr, buf, args->length, write, &gpa);
	switch (status) {
	case ZX_OK:
		return !write && copy_to_user(user, buf, args->length) ? ZX_ERR_INVALID_ARGS :
			ZX_OK;
	case ZX_ERR_UNAVAILABLE:
	case ZX_ERR_NOT_FOUND:
	case ZX_ERR_ACCESS_DENIED:
		if (args->gpa && put_user(gpa, (u64 __user *)u64_to_user_ptr(args->gpa)))
			return ZX_ERR_INVALID_ARGS;
	}
	return status;
}

zx_status_t zx_sys_vcpu_memory(struct zx_call *call)
{
	const struct zxl_ioc_vcpu_memory *args = &call->args.vcpu_memory;
	struct zx_vcpu *vcpu = zx_vcpu_from(call->handle->obj);
	u32 right = args->flags & ZXL_MEMORY_WRITE ? ZX_RIGHT_WRITE : ZX_RIGHT_READ;
	u8 small[MEMORY_SMALL];
	void *buf = small;
	zx_status_t status = zx_handle_check(call->handle, ZX_OBJ_TYPE_VCPU, right);

	if (status != ZX_OK)
		return status;
	if (args->flags & ~ZXL_MEMORY_WRITE || args->length > PAGE_SIZE)
		return ZX_ERR_INVALID_ARGS;
	if (!zx_vcpu_is_mine(vcpu) || !vcpu->cpu.accessing)
		return ZX_ERR_BAD_STATE;
	if (!args->length)
		return ZX_OK;
	if (args->length > sizeof(small))
		buf = kmalloc(args->length, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ZX_ERR_NO_MEMORY;
	status = copy_memory(&vcpu->cpu, args, buf);
	if (buf != small)
		kfree(buf);
	return status;
}
