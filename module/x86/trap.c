// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exits that traps make: port and memory accesses become packets, stores to
 * a bell become rings.
 */
#include <linux/string.h>

#include "../trace.h"
#include "backend.h"

static struct zx_packet *packet_begin(struct zx_cpu *cpu, u32 type, u64 key)
{
	struct zx_packet *packet = &cpu->page->packet;

	memset(packet, 0, sizeof(*packet));
	packet->type = type;
	packet->key = key;
	return packet;
}

void zx_packet_vcpu(struct zx_cpu *cpu, u32 type, u64 mask_or_id, u64 vector_or_entry)
{
	struct zx_packet *packet = packet_begin(cpu, ZX_PKT_TYPE_GUEST_VCPU, 0);

	packet->vcpu.type = type;
	packet->vcpu.mask_or_id = mask_or_id;
	packet->vcpu.vector_or_entry = vector_or_entry;
	zx_cpu_return(cpu, ZX_OK, ZX_VCPU_REASON_PACKET, 0);
}

void zx_packet_eoi(struct zx_cpu *cpu, u8 vector)
{
	zx_packet_vcpu(cpu, ZXL_PKT_GUEST_VCPU_EOI, BIT_ULL(cpu->space.id), vector);
}

/*
 * Is the hint good, and the trap at page frame or port @at? A removal counts the map's
 * generation up and then waits for whoever has interrupts off, so the trap of a hint of
 * this generation is still there.
 */
static __always_inline bool is_hit(struct zx_cpu *cpu, const struct zx_trap_hint *hint, u64 at)
{
	return likely(cpu->hint_gen == atomic64_read(&cpu->gpas->traps.gen) &&
		      at - hint->first <= hint->span);
}

/* Before the map is looked into; afterwards, what was found there. */
static void renew_hints(struct zx_cpu *cpu)
{
	u64 gen = atomic64_read(&cpu->gpas->traps.gen);

	if (cpu->hint_gen == gen)
		return;
	cpu->hint_gen = gen;
	cpu->mem_hint.first = ~0ull;
	cpu->mem_hint.span = 0;
	cpu->io_hint = cpu->mem_hint;
}

static struct zx_trap *hint_at(struct zx_trap_hint *hint, struct zx_trap *trap)
{
	if (trap) {
		hint->first = trap->first;
		hint->span = trap->last - trap->first;
		hint->trap = trap;
	}
	return trap;
}

static noinline struct zx_trap *find_mem(struct zx_cpu *cpu, u64 pfn)
{
	renew_hints(cpu);
	return hint_at(&cpu->mem_hint, zx_trap_find_mem(&cpu->gpas->traps, pfn));
}

static noinline struct zx_trap *find_io(struct zx_cpu *cpu, u16 port)
{
	renew_hints(cpu);
	return hint_at(&cpu->io_hint, zx_trap_find_io(&cpu->gpas->traps, port));
}

/* Port, length and direction: they stand in an exit as they do in a packet. */
#define IO_HEAD		(offsetof(struct zx_packet, io.data) - offsetof(struct zx_packet, io))

static_assert(offsetof(struct zx_packet, io.access_size) - offsetof(struct zx_packet, io) ==
	      offsetof(struct zx_exit, io.size) - offsetof(struct zx_exit, io));
static_assert(offsetof(struct zx_packet, io.input) - offsetof(struct zx_packet, io) ==
	      offsetof(struct zx_exit, io.in) - offsetof(struct zx_exit, io));

/* All of a packet, word by word: to clear it first would be as much again. */
static __always_inline bool io_packet(struct zx_cpu *cpu, const struct zx_exit *exit, u64 key)
{
	/* Bits of 32 that are not the access's, modulo 32. */
	const unsigned int unused = -8 * exit->io.size & 31;
	struct zx_vcpu_page *page = cpu->page;
	struct zx_packet *packet = &page->packet;
	const u64 port = exit->io.port;
	u32 data = 0;

	if (!exit->io.in)
		data = (u32)READ_ONCE(page->regs.rax) << unused >> unused;
	else if (exit->io.size == 4)
		page->regs.rax = 0;
	memcpy(&packet->io, &exit->io, IO_HEAD);
	packet->io.data = data;
	packet->key = key;
	packet->type = ZX_PKT_TYPE_GUEST_IO;
	packet->status = ZX_OK;
	packet->io.reserved[0] = 0;
	packet->io.reserved[1] = 0;
	packet->io.reserved[2] = 0;
	zx_cpu_return(cpu, ZX_OK, ZX_VCPU_REASON_PACKET, port);
	return false;
}

/* What zx_exit_io() leaves, out of line with the stack that it needs. */
static noinline bool io_slowly(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct zx_trap *trap;

	if (exit->io.string) {
		zx_cpu_return(cpu, ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_STRING_IO, exit->io.port);
		return false;
	}
	trap = find_io(cpu, exit->io.port);
	if (!trap) {
		zx_cpu_return(cpu, ZX_ERR_NOT_FOUND, ZX_VCPU_REASON_PORT, exit->io.port);
		return false;
	}
	return zx_exit_skip(cpu, exit) && io_packet(cpu, exit, trap->key);
}

bool zx_exit_io(struct zx_cpu *cpu, struct zx_exit *exit)
{
	if (unlikely(exit->io.string || !is_hit(cpu, &cpu->io_hint, exit->io.port) ||
		     !exit->len || !zx_exit_advance_plainly(cpu, exit->len)))
		return io_slowly(cpu, exit);
	return io_packet(cpu, exit, cpu->io_hint.trap->key);
}

static u64 truncate(u64 value, unsigned int size)
{
	return size == 8 ? value : value & ((1ull << 8 * size) - 1);
}

/* What a store puts into memory. */
static u64 stored(struct zx_cpu *cpu, const struct zx_inst *inst)
{
	u64 value;

	if (inst->kind == ZX_INST_STORE_IMM)
		value = inst->imm;
	else
		value = *zx_gpr(cpu, inst->reg) >> (inst->high_byte ? 8 : 0);
	return truncate(value, inst->size);
}

/* Tell user space what the access is, where that is within a plain MOV. */
static void describe(struct zx_cpu *cpu, const struct zx_exit *exit, const struct zx_inst *inst)
{
	struct zx_vcpu_access *access = &cpu->page->access;

	memset(access, 0, sizeof(*access));
	access->inst_len = inst->len;
	memcpy(access->inst, exit->inst, min_t(unsigned int, inst->len, ZX_INST_MAX));
	/* A page-table walk that hit the trap is none of the instruction's doing. */
	if (exit->mem.walk)
		return;
	switch (inst->kind) {
	case ZX_INST_LOAD:
		access->reg = inst->reg;
		access->reg_size = inst->reg_size;
		access->sign_extend = inst->sign_extend;
		access->high_byte = inst->high_byte;
		break;
	case ZX_INST_STORE_REG:
	case ZX_INST_STORE_IMM:
		access->write = 1;
		access->value = stored(cpu, inst);
		break;
	default:
		return;
	}
	access->size = inst->size;
	access->decoded = 1;
}

static void memory_packet(struct zx_cpu *cpu, struct zx_exit *exit, u64 key,
			  const struct zx_inst *inst)
{
	struct zx_packet *packet = packet_begin(cpu, ZX_PKT_TYPE_GUEST_MEM, key);

	packet->mem.addr = exit->mem.gpa;
	packet->mem.cr3 = exit->cr3;
	packet->mem.rip = cpu->rip;
	packet->mem.instruction_size = inst->len;
	packet->mem.default_operand_size = exit->mode == ZX_CODE_16 ? 2 : 4;
	describe(cpu, exit, inst);
	cpu->accessing = true;
	cpu->access_rip = cpu->rip;
	zx_exit_advance(cpu, inst->len);
	zx_cpu_return(cpu, ZX_OK, ZX_VCPU_REASON_PACKET, exit->mem.gpa);
}

/* Of one byte, by the register field: those that read their memory operand and write it. */
static bool group_reads(u8 opcode, u8 field)
{
	switch (opcode) {
	case 0x80 ... 0x83:
		return field != 7;	/* CMP */
	case 0xc0 ... 0xc1:
	case 0xd0 ... 0xd3:
		return true;		/* shifts */
	case 0xf6 ... 0xf7:
		return field == 2 || field == 3;	/* NOT, NEG */
	case 0xfe ... 0xff:
		return field < 2;	/* INC, DEC */
	default:
		return false;
	}
}

/*
 * A store that reads its operand first: SVM reports it as the one or the other,
 * VMX as both. SDM 2, A.3.
 */
static bool reads_first(const struct zx_inst *inst)
{
	u8 op = inst->opcode;

	if (inst->opcode_map == 0)
		return (op < 0x38 && (op & 7) < 2) || op == 0x86 || op == 0x87 ||
		       group_reads(op, inst->modrm >> 3 & 7);
	if (inst->opcode_map != 1)
		return false;
	switch (op) {
	case 0xa4 ... 0xa5:		/* SHLD, SHRD */
	case 0xac ... 0xad:
	case 0xab:			/* BTS, BTR, BTC */
	case 0xb3:
	case 0xbb:
	case 0xb0 ... 0xb1:		/* CMPXCHG */
	case 0xc0 ... 0xc1:		/* XADD */
		return true;
	case 0xba:
		return (inst->modrm >> 3 & 7) > 4;
	case 0xc7:
		return (inst->modrm >> 3 & 7) == 1;
	default:
		return false;
	}
}

/*
 * The packet is queued before RIP moves on: a VCPU that has to wait for one
 * executes the store again after, and a kick leaves it not done.
 */
static bool ring(struct zx_cpu *cpu, struct zx_exit *exit, struct zx_trap *trap,
		 const struct zx_inst *inst)
{
	zx_status_t status = ZX_ERR_NOT_SUPPORTED;

	if (exit->mem.access & ZX_PERM_WRITE && inst->kind != ZX_INST_LOAD && !reads_first(inst))
		status = zx_trap_ring(trap, exit->mem.gpa);
	if (status == ZX_ERR_SHOULD_WAIT) {
		kref_get(&trap->ref);
		cpu->bell = trap;
		cpu->next = ZX_NEXT_BELL;
		return false;
	}
	zx_exit_advance(cpu, inst->len);
	if (status == ZX_OK)
		return true;
	zx_cpu_return(cpu, status, ZX_VCPU_REASON_BELL, exit->mem.gpa);
	return false;
}

/* Guest memory that has no leaf yet, or none that permits the access. */
static bool fault(struct zx_cpu *cpu, const struct zx_exit *exit)
{
	if (zx_gpas_fault_at_hand(cpu->gpas, exit->mem.gpa, exit->mem.access)) {
		trace_zx_fault(cpu->space.id, exit->mem.gpa, exit->mem.access, ZX_OK);
		return true;
	}
	cpu->next = ZX_NEXT_FAULT;
	cpu->fault_by = ZX_FAULT_GUEST;
	cpu->fault_gpa = exit->mem.gpa;
	cpu->fault_access = exit->mem.access;
	return false;
}

bool zx_exit_memory(struct zx_cpu *cpu, struct zx_exit *exit)
{
	struct zx_trap *trap = cpu->mem_hint.trap;
	struct zx_inst inst;

	if (!is_hit(cpu, &cpu->mem_hint, exit->mem.gpa >> PAGE_SHIFT)) {
		trap = find_mem(cpu, exit->mem.gpa >> PAGE_SHIFT);
		if (!trap)
			return fault(cpu, exit);
	}
	/* A fetch, or an event's delivery: there is no instruction to make a packet of. */
	if (exit->mem.access & ZX_PERM_EXEC || cpu->irq.cut) {
		zx_cpu_return(cpu, ZX_ERR_NOT_SUPPORTED, ZX_VCPU_REASON_DECODE, exit->mem.gpa);
		return false;
	}
	if (!zx_exit_decode(cpu, exit, &inst))
		return false;
	if (unlikely(trap->apic) && zx_xapic_access(cpu, exit, &inst))
		return cpu->next == ZX_NEXT_NONE;
	if (trap->kind == ZX_GUEST_TRAP_BELL)
		return ring(cpu, exit, trap, &inst);
	memory_packet(cpu, exit, trap->key, &inst);
	return false;
}
