/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual machine control block: APM 2, appendix B. Bits stand under the
 * field that they belong to.
 */
#ifndef _ZX_SVM_VMCB_H
#define _ZX_SVM_VMCB_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

struct svm_segment {
	u16 selector;
	u16 attrib;		/* descriptor bits 55:52 and 47:40 */
	u32 limit;
	u64 base;
};

#define SVM_ATTRIB_P	BIT(7)
#define SVM_ATTRIB_L	BIT(9)
#define SVM_ATTRIB_DB	BIT(10)

struct svm_control {
	u16 cr_read, cr_write;
	u16 dr_read, dr_write;
	u32 exceptions;
	u32 intercepts1;
#define SVM_I1_INTR		BIT(0)
#define SVM_I1_NMI		BIT(1)
#define SVM_I1_SMI		BIT(2)
#define SVM_I1_INIT		BIT(3)
#define SVM_I1_VINTR		BIT(4)
#define SVM_I1_RDPMC		BIT(15)
#define SVM_I1_CPUID		BIT(18)
#define SVM_I1_RSM		BIT(19)
#define SVM_I1_IRET		BIT(20)
#define SVM_I1_INVD		BIT(22)
#define SVM_I1_HLT		BIT(24)
#define SVM_I1_INVLPGA		BIT(26)
#define SVM_I1_IO		BIT(27)
#define SVM_I1_MSR		BIT(28)
#define SVM_I1_FREEZE		BIT(30)
#define SVM_I1_SHUTDOWN		BIT(31)
	u32 intercepts2;
#define SVM_I2_VMRUN		BIT(0)
#define SVM_I2_VMMCALL		BIT(1)
#define SVM_I2_VMLOAD		BIT(2)
#define SVM_I2_VMSAVE		BIT(3)
#define SVM_I2_STGI		BIT(4)
#define SVM_I2_CLGI		BIT(5)
#define SVM_I2_SKINIT		BIT(6)
#define SVM_I2_WBINVD		BIT(9)
#define SVM_I2_MONITOR		BIT(10)
#define SVM_I2_MWAIT		BIT(11)
#define SVM_I2_MWAIT_ARMED	BIT(12)
#define SVM_I2_XSETBV		BIT(13)
#define SVM_I2_RDPRU		BIT(14)
	u32 intercepts3;
#define SVM_I3_INVLPGB		BIT(0)
#define SVM_I3_INVLPGB_ILLEGAL	BIT(1)
#define SVM_I3_MCOMMIT		BIT(3)
#define SVM_I3_TLBSYNC		BIT(4)
	u8 reserved0[0x3c - 0x18];
	u16 pause_threshold, pause_count;
	u64 iopm;
	u64 msrpm;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control;
#define SVM_TLB_KEEP		0
#define SVM_TLB_FLUSH_ALL	1
#define SVM_TLB_FLUSH_ASID	3
	u8 reserved1[3];
	u64 vintr;
#define SVM_VINTR_TPR		0xfull
#define SVM_VINTR_IRQ		BIT_ULL(8)
#define SVM_VINTR_PRIO_SHIFT	16
#define SVM_VINTR_PRIO		(0xfull << 16)
#define SVM_VINTR_IGNORE_TPR	BIT_ULL(20)
#define SVM_VINTR_MASKING	BIT_ULL(24)
	u64 shadow;
#define SVM_SHADOW_ACTIVE	BIT_ULL(0)
	u64 exit_code;
	u64 exit_info1, exit_info2;
	u64 exit_event;
	u64 nested;
#define SVM_NESTED_PAGING	BIT_ULL(0)
	u8 reserved2[0xa8 - 0x98];
	u64 event;
#define SVM_EVENT_TYPE		GENMASK_ULL(10, 8)
#define SVM_EVENT_IRQ		(0ull << 8)
#define SVM_EVENT_NMI		(2ull << 8)
#define SVM_EVENT_EXCEPTION	(3ull << 8)
#define SVM_EVENT_SOFTWARE	(4ull << 8)
#define SVM_EVENT_ERROR		BIT_ULL(11)
#define SVM_EVENT_VALID		BIT_ULL(31)
#define SVM_EVENT_CODE_SHIFT	32
	u64 ncr3;
	u64 virt_ext;
	u64 clean;
	u64 next_rip;
	u8 fetched;
	u8 inst[15];
	u8 reserved3[0x400 - 0xe0];
};

struct svm_save {
	struct svm_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 reserved0[0xcb - 0xa0];
	u8 cpl;
	u32 reserved1;
	u64 efer;
	u8 reserved2[0x148 - 0xd8];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 reserved3[0x1d8 - 0x180];
	u64 rsp;
	u64 cet[3];
	u64 rax;
	u64 star, lstar, cstar, sfmask, kernel_gs_base;
	u64 sysenter_cs, sysenter_esp, sysenter_eip;
	u64 cr2;
	u8 reserved4[0x268 - 0x248];
	u64 pat;
	u8 reserved5[0xc00 - 0x270];
};

struct svm_vmcb {
	struct svm_control control;
	struct svm_save save;
};

static_assert(offsetof(struct svm_control, iopm) == 0x40);
static_assert(offsetof(struct svm_control, asid) == 0x58);
static_assert(offsetof(struct svm_control, vintr) == 0x60);
static_assert(offsetof(struct svm_control, exit_code) == 0x70);
static_assert(offsetof(struct svm_control, exit_event) == 0x88);
static_assert(offsetof(struct svm_control, event) == 0xa8);
static_assert(offsetof(struct svm_control, ncr3) == 0xb0);
static_assert(offsetof(struct svm_control, next_rip) == 0xc8);
static_assert(offsetof(struct svm_control, inst) == 0xd1);
static_assert(offsetof(struct svm_save, cpl) == 0xcb);
static_assert(offsetof(struct svm_save, efer) == 0xd0);
static_assert(offsetof(struct svm_save, cr4) == 0x148);
static_assert(offsetof(struct svm_save, rip) == 0x178);
static_assert(offsetof(struct svm_save, rsp) == 0x1d8);
static_assert(offsetof(struct svm_save, rax) == 0x1f8);
static_assert(offsetof(struct svm_save, cr2) == 0x240);
static_assert(offsetof(struct svm_save, pat) == 0x268);
static_assert(offsetof(struct svm_vmcb, save) == 0x400);
static_assert(sizeof(struct svm_vmcb) == 4096);

/* Exit codes: APM 2, appendix C. */
enum svm_exit {
	SVM_EXIT_CR_READ = 0x000,		/* + number, to 0x00f */
	SVM_EXIT_CR_WRITE = 0x010,
	SVM_EXIT_DR_READ = 0x020,
	SVM_EXIT_DR_WRITE = 0x030,		/* to 0x03f */
	SVM_EXIT_EXCEPTION = 0x040,		/* + vector */
	SVM_EXIT_INTR = 0x060,
	SVM_EXIT_NMI = 0x061,
	SVM_EXIT_SMI = 0x062,
	SVM_EXIT_INIT = 0x063,
	SVM_EXIT_VINTR = 0x064,
	SVM_EXIT_RDPMC = 0x06f,
	SVM_EXIT_CPUID = 0x072,
	SVM_EXIT_RSM = 0x073,
	SVM_EXIT_IRET = 0x074,
	SVM_EXIT_INVD = 0x076,
	SVM_EXIT_HLT = 0x078,
	SVM_EXIT_INVLPGA = 0x07a,
	SVM_EXIT_IO = 0x07b,
	SVM_EXIT_MSR = 0x07c,
	SVM_EXIT_SHUTDOWN = 0x07f,
	SVM_EXIT_VMRUN = 0x080,
	SVM_EXIT_VMMCALL = 0x081,
	SVM_EXIT_SKINIT = 0x086,		/* VMLOAD to SKINIT: 0x082 to 0x086 */
	SVM_EXIT_WBINVD = 0x089,
	SVM_EXIT_MONITOR = 0x08a,
	SVM_EXIT_MWAIT_ARMED = 0x08c,
	SVM_EXIT_XSETBV = 0x08d,
	SVM_EXIT_RDPRU = 0x08e,
	SVM_EXIT_INVLPGB = 0x0a0,
	SVM_EXIT_TLBSYNC = 0x0a4,
	SVM_EXIT_NPF = 0x400,
};

/* EXITINFO1 of an I/O exit: APM 2, 15.10.2. */
#define SVM_IO_IN		BIT(0)
#define SVM_IO_STRING		BIT(2)
#define SVM_IO_SIZE_SHIFT	4		/* one bit per size: 1, 2, 4 */
#define SVM_IO_PORT_SHIFT	16

/* EXITINFO1 of a nested page fault: APM 2, 15.25.6. */
#define SVM_NPF_WRITE		BIT_ULL(1)
#define SVM_NPF_EXEC		BIT_ULL(4)
#define SVM_NPF_WALK		BIT_ULL(33)

#endif
