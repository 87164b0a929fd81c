// SPDX-License-Identifier: GPL-2.0-only
/* See assist_vm.h. */
#include <string.h>

#include "assist_vm.h"

#define PTE_LARGE	0x80ull
#define MAX_PACKETS	40

_Static_assert(offsetof(struct registers, vector) == ASSIST_VECTOR, "guest.h");

zx_status_t assist_vm_up(struct assist_vm *avm)
{
	zx_status_t status = vm_up(&avm->vm);

	if (status != ZX_OK)
		return status;
	avm->start = assist_run_start;
	avm->insn = assist_run_insn;
	avm->end = assist_run_end;
	avm->base = GUEST_TRAP;
	avm->good = ~0u;
	avm->refusal = ZX_ERR_BAD_STATE;
	return zx_guest_set_trap(avm->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, WINDOW_BYTES,
				 ZX_HANDLE_INVALID, KEY_TRAP);
}

static zx_status_t device_check(struct assist_vm *avm, zx_gpaddr_t addr, size_t size)
{
	if (addr < avm->base || addr + size > avm->base + WINDOW_BYTES ||
	    addr / PAGE != (addr + size - 1) / PAGE)
		return ZX_ERR_OUT_OF_RANGE;
	return avm->accesses++ < avm->good ? ZX_OK : avm->refusal;
}

static zx_status_t device_read(void *context, zx_gpaddr_t addr, void *data, size_t size)
{
	struct assist_vm *avm = context;
	zx_status_t status = device_check(avm, addr, size);

	if (status == ZX_OK)
		memcpy(data, avm->device + (addr - avm->base), size);
	return status;
}

static zx_status_t device_write(void *context, zx_gpaddr_t addr, const void *data, size_t size)
{
	struct assist_vm *avm = context;
	zx_status_t status = device_check(avm, addr, size);

	if (status == ZX_OK)
		memcpy(avm->device + (addr - avm->base), data, size);
	return status;
}

zx_status_t assist_vm_assist(struct assist_vm *avm, zx_handle_t vcpu)
{
	static const zxl_assist_ops_t ops = { .read = device_read, .write = device_write };

	return zxl_vcpu_assist(vcpu, &ops, avm);
}

zx_status_t assist_vm_finish(struct assist_vm *avm)
{
	zx_status_t status;

	for (avm->packets = 0; avm->packets < MAX_PACKETS; avm->packets++) {
		status = zx_vcpu_enter(avm->vm.vcpu, &avm->packet);
		if (status != ZX_OK || avm->packet.type != ZX_PKT_TYPE_GUEST_MEM)
			return status;
		status = assist_vm_assist(avm, avm->vm.vcpu);
		if (status != ZX_OK)
			return status;
	}
	return ZX_ERR_TIMED_OUT;
}

static void fill_memory(struct assist_vm *avm, const struct row *row, uint8_t *memory)
{
	uint64_t address = assist_vm_insn(avm) + ASSIST_SLOT - 2;
	unsigned int i;

	if (row->content == NOT_CANONICAL)
		address = 1ull << 50;
	for (i = 0; i < WINDOW_BYTES; i++)
		memory[i] = row->content == EQUAL ? 0x5a : i * 13 + i / PAGE * 7 + 5;
	if (row->content == ZEROS)
		memset(memory + row->rdi, 0, 16);
	if (row->content == LANDING || row->content == NOT_CANONICAL)
		memcpy(memory + row->rdi, &address, avm->narrow ? 4 : 8);
	if (row->content == EQUAL)
		memory[row->rdi + 30] = memory[row->rdi - 30] = 0x11;
}

static void build_window(struct assist_vm *avm, uint64_t trapped)
{
	unsigned char *mem = avm->vm.mem;
	uint64_t *upper = (uint64_t *)(mem + GUEST_TABLES + PAGE);
	uint64_t *directory = (uint64_t *)(mem + WINDOW_DIRECTORY);
	uint64_t *table = (uint64_t *)(mem + WINDOW_TABLE);
	uint32_t *narrow = (uint32_t *)(mem + ASSIST_TABLES);
	uint32_t *narrow_table = narrow + 1024;
	unsigned int i;

	upper[1] = WINDOW_DIRECTORY | PTE_P | PTE_W;
	directory[0] = WINDOW_TABLE | PTE_P | PTE_W;
	for (i = 0; i < 1024; i++)
		narrow[i] = i << 22 | PTE_LARGE | PTE_P | PTE_W;
	narrow[GUEST_MAPPED >> 22] = (ASSIST_TABLES + PAGE) | PTE_P | PTE_W;
	for (i = 0; i < WINDOW_PAGES; i++) {
		table[i] = (trapped >> i & 1 ? GUEST_TRAP : GUEST_SPARE) + i * PAGE;
		table[i] |= PTE_P | PTE_W;
		narrow_table[i] = table[i];
	}
	/* A segment whose base is GUEST_MAPPED, for FS in 32-bit code. */
	((uint64_t *)(mem + GUEST_GDT))[ASSIST_SELECTOR / 8] =
		0x00cf93000000ffffull | (GUEST_MAPPED & 0xff000000ull) << 32;
}

static void fill_registers(struct assist_vm *avm, const struct row *row, uint64_t flags)
{
	struct registers *in = (struct registers *)(avm->vm.mem + GUEST_BUFFER + ASSIST_IN);
	unsigned int i;

	memset(in, 0, PAGE);
	for (i = 0; i < 16; i++)
		in->gpr[i] = 0x1020304050607080ull * (i + 1) ^ 0x5555;
	in->gpr[RAX] = 0x112233445566775a;
	in->gpr[RCX] = row->rcx;
	in->gpr[RDX] = row->rdx;
	in->gpr[RBX] = WINDOW(TARGET + 0x40);
	in->gpr[RSP] = WINDOW(STACK);
	in->gpr[RBP] = WINDOW(TARGET + 0x80);
	in->gpr[RSI] = WINDOW(row->rsi);
	in->gpr[RDI] = WINDOW(row->rdi);
	in->gpr[R8] = WINDOW(TARGET);
	in->gpr[R9] = -77ll;
	in->gpr[R10] = 12345;
	in->gpr[R11] = 4;
	if (row->same) {
		memcpy(&in->gpr[RAX], avm->device + row->rdi, row->same);
		memcpy(&in->gpr[RDX], avm->device + row->rdi + row->same, row->same);
	}
	in->flags = 2 | row->flags | flags;
	in->fs = GUEST_MAPPED;
	in->wide = host_has_avx();
	for (i = 0; i < sizeof(in->vector); i++)
		in->vector[i / 32][i % 32] = i * 11 + 3;
}

zx_status_t assist_vm_load(struct assist_vm *avm, const struct row *row, uint64_t flags,
			   uint64_t trapped)
{
	struct guest_frame *frame = vm_frame(&avm->vm);

	if (avm->vm.vcpu != ZX_HANDLE_INVALID)
		zx_handle_close(avm->vm.vcpu);
	avm->vm.vcpu = ZX_HANDLE_INVALID;
	fill_memory(avm, row, avm->vm.mem + GUEST_SPARE);
	fill_memory(avm, row, avm->device);
	build_window(avm, trapped);
	fill_registers(avm, row, flags);
	frame->fault = GUEST_NO_FAULT;
	frame->error = frame->rip = 0;
	avm->accesses = 0;
	vm_load(&avm->vm, avm->start, avm->end);
	memcpy(avm->vm.mem + assist_vm_insn(avm), row->code, row->len);
	return vm_vcpu(&avm->vm);
}
