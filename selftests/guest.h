/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest blobs (guest*_x86.S) and the tests agree on: the memory map of a
 * test guest, its ports, and the frame through which the two talk.
 */
#ifndef _SELFTESTS_GUEST_H
#define _SELFTESTS_GUEST_H

/* Guest-physical memory: the lowest 4 MiB are RAM, the tables map 1 GiB to itself. */
#define GUEST_TABLES		0x0
#define GUEST_FRAME		0x3000
#define GUEST_IDT		0x4000
#define GUEST_GDT		0x5000
#define GUEST_GDTR		0x5100
#define GUEST_IDTR		0x5110
#define GUEST_NO_IDTR		0x5120
#define GUEST_TSS		0x5200
#define GUEST_VECTORS		0x6000
#define GUEST_STACK		0xf000
#define GUEST_ENTRY		0x10000
#define GUEST_BUFFER		0x20000
#define GUEST_LOW_TRAP		0xc0000
#define GUEST_SPARE		0x200000
#define GUEST_RAM		0x400000
#define GUEST_TRAP		0x10000000
#define GUEST_BELL		0x11000000
#define GUEST_HOLE		0x12000000
#define GUEST_WINDOW		0x14000000
#define GUEST_MAPPED		0x40000000

/* Selectors of the descriptor table at GUEST_GDT. */
#define GUEST_CODE64		0x08
#define GUEST_DATA		0x10
#define GUEST_CODE32		0x18
#define GUEST_USER_DATA		0x23
#define GUEST_USER_CODE		0x2b
#define GUEST_TASK		0x30

/* Ports with a trap; all others have none. */
#define GUEST_PORTS		0x100
#define GUEST_PORTS_LEN		0x10
#define GUEST_PORT_DONE		0x100
#define GUEST_PORT_MARK		0x104
#define GUEST_PORT_UNTRAPPED	0x200

/* Of the blob that runs decode_rows: tables, segments and where to jump to; ports. */
#define GUEST_DECODE_GDT	0x31000
#define GUEST_DECODE_GDTR	0x31800
#define GUEST_DECODE_FAR	0x31900
#define GUEST_DECODE_PAGES	0x33000
#define GUEST_DECODE_CODE	0x35000
#define GUEST_DECODE_MORE	0x37000
#define GUEST_DECODE_TABLES	0x3a000
#define GUEST_DECODE_AT		0x800
#define GUEST_DECODE_CODE32	0x10
#define GUEST_DECODE_CODE16	0x18
#define GUEST_DECODE_DS		0x20
#define GUEST_DECODE_ES		0x28
#define GUEST_DECODE_SS		0x30
#define GUEST_DECODE_FS		0x38
#define GUEST_DECODE_GS		0x40
#define GUEST_PORT_ROW		0xe0
#define GUEST_PORT_CODE		0xe1
#define GUEST_PORT_REGS		0xe2

#define DECODE_LOAD		0
#define DECODE_STORE		1
#define DECODE_OTHER		2

/* Offsets in struct guest_frame. */
#define FRAME_RAX		0
#define FRAME_RBX		8
#define FRAME_RCX		16
#define FRAME_RDX		24
#define FRAME_RSI		32
#define FRAME_RDI		40
#define FRAME_R8		48
#define FRAME_FAULT		56
#define FRAME_ERROR		64
#define FRAME_RIP		72
#define FRAME_EOI		80
#define FRAME_FLAG		88
#define FRAME_IRQS		96
#define FRAME_LOG		104
#define FRAME_OUT		232
#define FRAME_LOG_LEN		16
#define FRAME_OUT_LEN		64

#define GUEST_NO_FAULT		0xffff
#define GUEST_BYTES		16	/* room for code in probe_bytes */

/* assist_run: what is loaded and stored around an instruction, in GUEST_BUFFER. */
#define ASSIST_IN		0x0
#define ASSIST_OUT		0x800
#define ASSIST_FLAGS		128
#define ASSIST_FS		136
#define ASSIST_WIDE		144
#define ASSIST_VECTOR		160
#define ASSIST_SLOT		16
#define ASSIST_TABLES		0x22000
#define ASSIST_SELECTOR		0x38

/* Packets that a BELL trap has. */
#define GUEST_BELL_PACKETS	256

#ifndef __ASSEMBLER__
#include <stdint.h>

/*
 * @rax to @r8: loaded before a probe's instruction, stored behind it
 * @fault:      vector of the exception that ended the blob, or GUEST_NO_FAULT
 * @error:      its error code
 * @rip:        where it happened
 * @eoi:        the interrupt handler writes EOI
 * @flag:       set by blobs that say how far they got
 * @irqs:       interrupts and NMIs taken, their vectors in @log
 * @out:        results
 */
struct guest_frame {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, r8;
	uint64_t fault;
	uint64_t error;
	uint64_t rip;
	uint64_t eoi;
	volatile uint64_t flag;
	volatile uint64_t irqs;
	uint64_t log[FRAME_LOG_LEN];
	uint64_t out[FRAME_OUT_LEN];
};

#define DECLARE_BLOB(name) extern const char name##_start[], name##_insn[], name##_end[]
#define DECLARE_CODE(name) extern const char name##_start[], name##_end[]

/* Probes: load the frame's registers, one instruction, store them. */
DECLARE_BLOB(probe_nop);
DECLARE_BLOB(probe_load);
DECLARE_BLOB(probe_store);
DECLARE_BLOB(probe_sti_store);
DECLARE_BLOB(probe_jump);
DECLARE_BLOB(probe_add);
DECLARE_BLOB(probe_cpuid);
DECLARE_BLOB(probe_rdmsr);
DECLARE_BLOB(probe_wrmsr);
DECLARE_BLOB(probe_xgetbv);
DECLARE_BLOB(probe_xsetbv);
DECLARE_BLOB(probe_read_cr0);
DECLARE_BLOB(probe_write_cr0);
DECLARE_BLOB(probe_smsw);
DECLARE_BLOB(probe_read_cr3);
DECLARE_BLOB(probe_read_cr4);
DECLARE_BLOB(probe_write_cr4);
DECLARE_BLOB(probe_read_cr8);
DECLARE_BLOB(probe_write_cr8);
DECLARE_BLOB(probe_read_debug);
DECLARE_BLOB(probe_move_tables);
DECLARE_BLOB(probe_dr0);
DECLARE_BLOB(probe_vmrun);
DECLARE_BLOB(probe_vmsave);
DECLARE_BLOB(probe_stgi);
DECLARE_BLOB(probe_vmxon);
DECLARE_BLOB(probe_vmread);
DECLARE_BLOB(probe_vmmcall);
DECLARE_BLOB(probe_vmcall);
DECLARE_BLOB(probe_rdpmc);
DECLARE_BLOB(probe_monitor);
DECLARE_BLOB(probe_mwait);
DECLARE_BLOB(probe_ud2);
DECLARE_BLOB(probe_in8);
DECLARE_BLOB(probe_in16);
DECLARE_BLOB(probe_in32);
DECLARE_BLOB(probe_out32);
DECLARE_BLOB(probe_outs);
DECLARE_BLOB(probe_ins);
DECLARE_BLOB(probe_bytes);
DECLARE_BLOB(probe_load8);
DECLARE_BLOB(probe_load16);
DECLARE_BLOB(probe_load32);
DECLARE_BLOB(probe_store8);
DECLARE_BLOB(probe_store32);
DECLARE_BLOB(probe_or32);

DECLARE_BLOB(probe_sysenter);
DECLARE_BLOB(probe_lock_sysenter);
DECLARE_BLOB(probe_sysexit);

/* Where something is to happen: at name_insn. */
DECLARE_BLOB(sysexit_to);
DECLARE_BLOB(sysexit_by_user);
DECLARE_BLOB(sysenter_step);
DECLARE_BLOB(step_by_popf);
DECLARE_BLOB(step_by_host);
DECLARE_BLOB(step_over_sti);
DECLARE_BLOB(step_over_hlt);
DECLARE_BLOB(ap_long_segment);

/* Whole blobs. */

DECLARE_CODE(done);
DECLARE_CODE(initial);
DECLARE_CODE(out_sizes);
DECLARE_CODE(mem_stores);
DECLARE_CODE(mem_loads);
DECLARE_CODE(bell);
DECLARE_CODE(bell_each);
DECLARE_CODE(spin);
DECLARE_CODE(idle);
DECLARE_CODE(walk);
DECLARE_CODE(walk_two);
DECLARE_CODE(shutdown);
DECLARE_CODE(halt);
DECLARE_CODE(halt_plain);
DECLARE_CODE(halt_masked);
DECLARE_CODE(wait_irqs);
DECLARE_CODE(interrupts_on);
DECLARE_CODE(self_ipi);
DECLARE_CODE(tpr_blocks);
DECLARE_CODE(held_by_cr8);
DECLARE_CODE(held_by_msr);
DECLARE_CODE(in_service);
DECLARE_CODE(timer);
DECLARE_CODE(timer_spin);
DECLARE_CODE(timer_poll);
DECLARE_CODE(timer_deadline);
DECLARE_CODE(stack_exception);
DECLARE_CODE(stack_interrupt);
DECLARE_CODE(stale_cpuid);
DECLARE_CODE(stale_cr0);
DECLARE_CODE(user_hypercall);
DECLARE_CODE(vector_keep);
DECLARE_CODE(vector_wide);
DECLARE_CODE(vector_fresh);
DECLARE_CODE(clock_read);
DECLARE_CODE(msr_keep);
DECLARE_CODE(ap_real);
DECLARE_CODE(ap_real_store);
DECLARE_CODE(ap_bell);
DECLARE_CODE(ap_protected);
DECLARE_CODE(ap_long);
DECLARE_CODE(sysenter_round);
DECLARE_CODE(sysenter_dwell);
DECLARE_CODE(ap_sysenter);
DECLARE_CODE(page_steps);
DECLARE_CODE(page_forms);
DECLARE_CODE(ap_logical);
DECLARE_CODE(ap_load_id);

/* guest_bench_x86.S */
DECLARE_CODE(bench_cpuid);
DECLARE_CODE(bench_out);
DECLARE_CODE(bench_in);
DECLARE_CODE(bench_msr);
DECLARE_CODE(bench_store);
DECLARE_CODE(bench_load);
DECLARE_CODE(bench_bell);
DECLARE_CODE(bench_touch);
DECLARE_CODE(bench_touch_huge);
DECLARE_CODE(bench_spread);
DECLARE_CODE(bench_ring);
DECLARE_CODE(bench_wake);
DECLARE_CODE(bench_one_shot);
DECLARE_CODE(bench_deadline);
DECLARE_CODE(bench_eoi);
DECLARE_CODE(bench_halt);
DECLARE_CODE(bench_ipi);
DECLARE_CODE(bench_send);
DECLARE_CODE(bench_peer);

/* guest_time_x86.S */
DECLARE_CODE(tsc_write);
DECLARE_CODE(clock_then_tsc);
DECLARE_CODE(deadline);
DECLARE_CODE(timer_phase);
DECLARE_BLOB(sleeper);
DECLARE_CODE(ap_clock);

/* guest_isolation_x86.S */
DECLARE_CODE(isolation);
DECLARE_CODE(fresh);
DECLARE_CODE(touch_pages);

/* guest_assist_x86.S */
DECLARE_BLOB(load_after_switch);
DECLARE_BLOB(user_load);
DECLARE_BLOB(legacy_load);
DECLARE_BLOB(assist_run);
DECLARE_BLOB(assist_run32);
DECLARE_CODE(real_add);
DECLARE_CODE(decode);
DECLARE_CODE(fetch);
DECLARE_CODE(ap_paging);
extern const char decode_next[];

/*
 * @mode:     16, 32, 64
 * @kind:     DECODE_*
 * @rip:      the address moves with the instruction
 * @size, @offset: of the access, from GUEST_TRAP
 * @reg, @value: general registers to set; 16: none
 */
struct decode_row {
	uint8_t mode, kind, rip, size, reg[2];
	uint16_t offset;
	uint64_t value[2];
	uint8_t len;
	uint8_t code[15];
	char text[64];
};

extern const struct decode_row decode_rows[], decode_rows_end[];

/* The handlers behind the interrupt descriptor table. */
DECLARE_CODE(vectors);
#endif

#endif
