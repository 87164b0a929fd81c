// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMCB as a new VCPU has it: what exits, and the state that the contract says.
 */
#include <linux/io.h>

#include <asm/msr-index.h>

#include "svm.h"

#define DB_VECTOR	1
#define UD_VECTOR	6
#define AC_VECTOR	17
#define MC_VECTOR	18

/*
 * #DB and #AC exit because a guest can make their delivery loop for ever
 * without one; #UD because Intel's hypercall is one; #MC because it is the host's.
 */
static void init_intercepts(struct svm_control *c)
{
	c->cr_read = 0;
	c->cr_write = BIT(0) | BIT(4);
	c->dr_read = 0xffff;
	c->dr_write = 0xffff;
	c->exceptions = BIT(DB_VECTOR) | BIT(UD_VECTOR) | BIT(AC_VECTOR) | BIT(MC_VECTOR);
	c->intercepts1 = SVM_I1_INTR | SVM_I1_NMI | SVM_I1_SMI | SVM_I1_INIT | SVM_I1_RDPMC |
			 SVM_I1_CPUID | SVM_I1_RSM | SVM_I1_INVD | SVM_I1_HLT | SVM_I1_INVLPGA |
			 SVM_I1_IO | SVM_I1_MSR | SVM_I1_FREEZE | SVM_I1_SHUTDOWN;
	c->intercepts2 = SVM_I2_VMRUN | SVM_I2_VMMCALL | SVM_I2_VMLOAD | SVM_I2_VMSAVE |
			 SVM_I2_STGI | SVM_I2_CLGI | SVM_I2_SKINIT | SVM_I2_WBINVD |
			 SVM_I2_MONITOR | SVM_I2_MWAIT | SVM_I2_MWAIT_ARMED | SVM_I2_XSETBV |
			 SVM_I2_RDPRU;
	c->intercepts3 = SVM_I3_INVLPGB | SVM_I3_INVLPGB_ILLEGAL | SVM_I3_MCOMMIT | SVM_I3_TLBSYNC;
}

static void init_control(struct svm_control *c, struct zx_cpu *cpu)
{
	init_intercepts(c);
	c->iopm = svm_iopm_pa;
	c->msrpm = svm_msrpm_pa;
	c->vintr = SVM_VINTR_MASKING;
	c->nested = SVM_NESTED_PAGING;
	c->ncr3 = virt_to_phys(cpu->gpas->npt.top);
}

/* Attributes as in the contract's table of the initial state, in SVM's packing. */
#define ATTRIB_CODE64	0x29f	/* P, conforming, readable, accessed, L */
#define ATTRIB_CODE16	0x09f
#define ATTRIB_DATA	0x093
#define ATTRIB_LDT	0x082
#define ATTRIB_TSS	0x08b

static void init_segments(struct svm_save *s, bool bsp, u64 entry)
{
	struct svm_segment data = { .attrib = ATTRIB_DATA, .limit = 0xffff };

	s->es = data;
	s->ss = data;
	s->ds = data;
	s->fs = data;
	s->gs = data;
	s->cs = data;
	s->cs.attrib = bsp ? ATTRIB_CODE64 : ATTRIB_CODE16;
	if (!bsp) {
		s->cs.selector = entry >> 4;
		s->cs.base = entry;
	}
	s->gdtr = (struct svm_segment){ .limit = 0xffff };
	s->idtr = s->gdtr;
	s->ldtr = (struct svm_segment){ .attrib = ATTRIB_LDT, .limit = 0xffff };
	s->tr = (struct svm_segment){ .attrib = ATTRIB_TSS, .limit = 0xffff };
}

void svm_vmcb_init(struct svm_vmcb *vmcb, struct zx_cpu *cpu)
{
	init_control(&vmcb->control, cpu);
	/* VMRUN wants SVME set (APM 2, 15.5.1); the guest does not see it. */
	vmcb->save.efer = EFER_SVME;
	rdmsrl(MSR_IA32_CR_PAT, vmcb->save.pat);
}

void svm_vmcb_reset(struct zx_cpu *cpu, bool bsp, u64 entry)
{
	struct svm_vcpu *svm = svm_of(cpu);
	struct svm_save *save = &svm->vmcb->save;

	init_segments(save, bsp, entry);
	save->cpl = 0;
	save->cr3 = 0;
	save->rflags = X86_EFLAGS_FIXED;
	save->rip = 0;
	svm->watch &= ~SVM_WATCH_IRET;
	svm->vmcb->control.intercepts1 &= ~SVM_I1_IRET;
	svm->vmcb->control.shadow = 0;
	svm->vmcb->control.event = 0;
	svm_dirty(svm, SVM_CLEAN_ALL);
	cpu->rip = bsp ? entry : 0;
}

#define ATTRIB_FLAT	0x890	/* P, S, G */
#define ATTRIB_CODE	0x00b
#define ATTRIB_STACK	0x403	/* D/B */

void svm_vmcb_flat(struct svm_vcpu *svm, u64 value)
{
	struct svm_save *s = &svm->vmcb->save;
	u16 size = value & ZX_FLAT_LONG ? SVM_ATTRIB_L : SVM_ATTRIB_DB;
	u16 cpl = value & 3, attrib = ATTRIB_FLAT | cpl << 5;

	s->cs = (struct svm_segment){
		.selector = value,
		.attrib = attrib | ATTRIB_CODE | size,
		.limit = ~0u,
	};
	s->ss = (struct svm_segment){
		.selector = value + 8,
		.attrib = attrib | ATTRIB_STACK,
		.limit = ~0u,
	};
	s->cpl = cpl;
	svm_dirty(svm, SVM_CLEAN_SEG);
}
