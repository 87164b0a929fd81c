// SPDX-License-Identifier: GPL-2.0-only
/*
 * For fuzz_guest: the parameter "all" reads as the system registers that the reader's CPU has, a
 * line each. What changes by itself, such as counters, is left out.
 */
#include <linux/module.h>

#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/mtrr.h>
#include <asm/special_insns.h>
#include <asm/svm.h>

static const u32 msrs[] = {
	MSR_IA32_APICBASE, MSR_IA32_SPEC_CTRL, MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP,
	MSR_IA32_SYSENTER_EIP, MSR_IA32_MISC_ENABLE, MSR_IA32_DEBUGCTLMSR, MSR_IA32_CR_PAT,
	MSR_IA32_XSS, MSR_MTRRcap, MSR_MTRRdefType, MSR_MTRRfix64K_00000, MSR_MTRRfix16K_80000,
	MSR_MTRRfix16K_A0000, MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_C8000, MSR_MTRRfix4K_D0000,
	MSR_MTRRfix4K_D8000, MSR_MTRRfix4K_E0000, MSR_MTRRfix4K_E8000, MSR_MTRRfix4K_F0000,
	MSR_MTRRfix4K_F8000, MTRRphysBase_MSR(0), MTRRphysMask_MSR(0), MTRRphysBase_MSR(1),
	MTRRphysMask_MSR(1), MTRRphysBase_MSR(2), MTRRphysMask_MSR(2), MTRRphysBase_MSR(3),
	MTRRphysMask_MSR(3), MTRRphysBase_MSR(4), MTRRphysMask_MSR(4), MTRRphysBase_MSR(5),
	MTRRphysMask_MSR(5), MTRRphysBase_MSR(6), MTRRphysMask_MSR(6), MTRRphysBase_MSR(7),
	MTRRphysMask_MSR(7), MSR_EFER, MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_TSC_AUX, MSR_K7_HWCR, MSR_VM_CR,
	MSR_VM_HSAVE_PA,
};

/* Bits that a switch of tasks or of address spaces changes: those that number these. */
#define CR3_NUMBER	0xfffull

struct text {
	char *at;
	size_t len;
};

static void add(struct text *text, const char *name, u64 value)
{
	text->len += sysfs_emit_at(text->at, text->len, "%s %llx\n", name, value);
}

static void add_control(struct text *text)
{
	add(text, "CR0", read_cr0());
	add(text, "CR3", __read_cr3() & ~CR3_NUMBER);
	add(text, "CR4", __read_cr4());
	if (boot_cpu_has(X86_FEATURE_OSXSAVE))
		add(text, "XCR0", xgetbv(0));
}

static void add_debug(struct text *text)
{
	unsigned long value;

#define ADD_DEBUG(nr) \
	do { \
		get_debugreg(value, nr); \
		add(text, "DR" #nr, value); \
	} while (0)
	ADD_DEBUG(0);
	ADD_DEBUG(1);
	ADD_DEBUG(2);
	ADD_DEBUG(3);
	ADD_DEBUG(6);
	ADD_DEBUG(7);
}

static void add_tables(struct text *text)
{
	struct desc_ptr gdt, idt;
	unsigned long limit = 0;
	u16 ldt, task;

	native_store_gdt(&gdt);
	store_idt(&idt);
	store_ldt(ldt);
	task = native_store_tr();
	asm("lsl %1, %0" : "+r" (limit) : "r" ((unsigned long)task));
	add(text, "GDT", gdt.address);
	add(text, "GDT limit", gdt.size);
	add(text, "IDT", idt.address);
	/* Exits of VMX make it 0xffff (SDM 3, 28.5.2): no vector is beyond the 256th entry. */
	add(text, "IDT limit", min_t(u16, idt.size, 256 * sizeof(gate_desc) - 1));
	add(text, "LDT", ldt);
	add(text, "TR", task);
	add(text, "TR limit", limit);
}

static void add_msrs(struct text *text)
{
	char name[16];
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		/* The kernel may let one be another's while it runs for that one. */
		if (rdmsrl_safe(msrs[i], &value))
			continue;
		snprintf(name, sizeof(name), "MSR %x", msrs[i]);
		add(text, name, value);
	}
}

static int all_get(char *buffer, const struct kernel_param *param)
{
	struct text text = { .at = buffer };

	/* No NMI handler changes what is read here, and leaves it changed. */
	local_irq_disable();
	add_control(&text);
	add_debug(&text);
	add_tables(&text);
	add_msrs(&text);
	local_irq_enable();
	return text.len;
}

static const struct kernel_param_ops all_ops = { .get = all_get };
module_param_cb(all, &all_ops, NULL, 0444);
MODULE_PARM_DESC(all, "system registers of the reader's CPU");

MODULE_DESCRIPTION("System registers, for the tests of zx_hypervisor");
MODULE_LICENSE("GPL");
