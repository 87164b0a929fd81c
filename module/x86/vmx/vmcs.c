// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMCS: where it is active, and what a new VCPU's has in it: controls, the host,
 * and the state that the contract says.
 */
#include <linux/io.h>
#include <linux/smp.h>

#include <asm/desc.h>
#include <asm/msr-index.h>
#include <asm/segment.h>

#include "../../hv/host.h"
#include "vmx.h"

void vmx_vmcs_clear_local(struct vmx_vcpu *vmx)
{
	struct vmx_host *h = this_cpu_ptr(&vmx_host);

	if (vmx->cpu != smp_processor_id())
		return;
	vmclear(vmx->vmcs_pa);
	if (h->current_ == vmx)
		h->current_ = NULL;
	list_del(&vmx->node);
	vmx->launched = false;
	WRITE_ONCE(vmx->cpu, -1);
}

static void clear_local(void *vmx)
{
	vmx_vmcs_clear_local(vmx);
}

void vmx_vmcs_clear(struct vmx_vcpu *vmx)
{
	int cpu = READ_ONCE(vmx->cpu);

	/* A CPU that has gone offline has cleared it. */
	if (cpu >= 0)
		smp_call_function_single(cpu, clear_local, vmx, true);
}

/* A descriptor of 16 bytes in the GDT: SDM 3, figure 8-4. */
static u64 tss_base(u64 gdt, u16 selector)
{
	const struct ldttss_desc *d = (void *)(gdt + (selector & ~7));

	return d->base0 | (u64)d->base1 << 16 | (u64)d->base2 << 24 | (u64)d->base3 << 32;
}

/* What of the host's is this CPU's own. What is remembered of the VMCS counts no more. */
static void host_cpu(struct vmx_vcpu *vmx)
{
	struct desc_ptr gdt, idt;
	u16 tr;
	u64 value;

	native_store_gdt(&gdt);
	store_idt(&idt);
	store_tr(tr);
	vmcs_writen(HOST_GDTR_BASE, gdt.address);
	vmcs_writen(HOST_IDTR_BASE, idt.address);
	vmcs_write16(HOST_TR_SELECTOR, tr);
	vmcs_writen(HOST_TR_BASE, tss_base(gdt.address, tr));
	rdmsrl(MSR_GS_BASE, value);
	vmcs_writen(HOST_GS_BASE, value);
	rdmsrl(MSR_IA32_SYSENTER_CS, value);
	vmcs_write32(HOST_IA32_SYSENTER_CS, value);
	rdmsrl(MSR_IA32_SYSENTER_ESP, value);
	vmcs_writen(HOST_IA32_SYSENTER_ESP, value);
	rdmsrl(MSR_IA32_SYSENTER_EIP, value);
	vmcs_writen(HOST_IA32_SYSENTER_EIP, value);
	/* 0 is none of these, but maybe FS: the first entry writes them. */
	vmx->host_rsp = 0;
	vmx->host_cr3 = 0;
	vmx->host_cr4 = 0;
	vmx->host_fs = 0;
	vmcs_writen(HOST_FS_BASE, 0);
}

void vmx_vmcs_hold(struct vmx_vcpu *vmx)
{
	struct vmx_host *h = this_cpu_ptr(&vmx_host);
	unsigned long flags;

	if (vmx->cpu != smp_processor_id())
		vmx_vmcs_clear(vmx);
	local_irq_save(flags);
	/* While VMX is off here nothing is within reach, and nothing needs to be. */
	if (__this_cpu_read(zx_host_on)) {
		h->current_ = vmx;
		vmptrld(vmx->vmcs_pa);
		if (vmx->cpu < 0) {
			list_add(&vmx->node, &h->active);
			vmx->cpu = smp_processor_id();
			host_cpu(vmx);
		}
	}
	local_irq_restore(flags);
}

static void init_controls(struct vmx_vcpu *vmx, u32 *apic)
{
	unsigned int i;

	vmx->controls = vmx_caps.primary;
	vmcs_write32(PIN_BASED_VM_EXEC_CONTROL, vmx_caps.pin);
	vmcs_write32(CPU_BASED_VM_EXEC_CONTROL, vmx->controls);
	vmcs_write32(SECONDARY_VM_EXEC_CONTROL, vmx_state_secondary(vmx));
	vmcs_write32(VM_EXIT_CONTROLS, vmx_caps.exit);
	vmcs_write32(VM_ENTRY_CONTROLS, vmx_caps.entry);
	vmcs_write32(EXCEPTION_BITMAP, VMX_EXCEPTIONS);
	vmcs_write32(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmcs_write32(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmcs_write32(CR3_TARGET_COUNT, 0);
	vmcs_write32(VM_EXIT_MSR_STORE_COUNT, 0);
	vmcs_write32(VM_EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write32(VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	if (vmx_caps.slice)
		vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, vmx_caps.slice);
	vmcs_write64(MSR_BITMAP, vmx_msr_bitmap_pa[0]);
	vmcs_write64(EPT_POINTER, vmx->eptp);
	if (vmx->vpid)
		vmcs_write16(VIRTUAL_PROCESSOR_ID, vmx->vpid);
	if (vmx_caps.tpr_shadow) {
		vmcs_write64(VIRTUAL_APIC_PAGE_ADDR, virt_to_phys(apic));
		vmcs_write32(TPR_THRESHOLD, 0);
	}
	for (i = 0; vmx_caps.virtual_apic && i < ARRAY_SIZE(vmx->eoi_exits); i++)
		vmcs_write64(EOI_EXIT_BITMAP0 + 2ul * i, 0);
	/* Every write exits that changes what the guest sees of these two. */
	vmcs_writen(CR0_GUEST_HOST_MASK, ~0ul);
	vmcs_writen(CR4_GUEST_HOST_MASK, ~0ul);
}

/*
 * What never changes. Selectors that may be user space's are 0 here (RPL and TI
 * must be: SDM 3, 27.2.3) and put back behind a burst.
 */
static void init_host(void)
{
	u64 value;

	vmcs_writen(HOST_CR0, read_cr0());
	vmcs_write16(HOST_CS_SELECTOR, __KERNEL_CS);
	vmcs_write16(HOST_SS_SELECTOR, __KERNEL_DS);
	vmcs_write16(HOST_DS_SELECTOR, 0);
	vmcs_write16(HOST_ES_SELECTOR, 0);
	vmcs_write16(HOST_FS_SELECTOR, 0);
	vmcs_write16(HOST_GS_SELECTOR, 0);
	rdmsrl(MSR_EFER, value);
	vmcs_write64(HOST_IA32_EFER, value);
	rdmsrl(MSR_IA32_CR_PAT, value);
	vmcs_write64(HOST_IA32_PAT, value);
	vmcs_writen(HOST_RIP, (unsigned long)vmx_exited);
}

/* Access rights as in the contract's table of the initial state, in VMX's packing. */
#define RIGHTS_CODE64	0x209f	/* P, conforming, readable, accessed, L */
#define RIGHTS_CODE16	0x009f
#define RIGHTS_DATA	0x0093
#define RIGHTS_LDT	0x0082
#define RIGHTS_TSS	0x008b

static void write_segment(enum zx_segment nr, u16 selector, u64 base, u32 limit, u32 rights)
{
	vmcs_write16(GUEST_ES_SELECTOR + 2ul * nr, selector);
	vmcs_writen(GUEST_ES_BASE + 2ul * nr, base);
	vmcs_write32(GUEST_ES_LIMIT + 2ul * nr, limit);
	vmcs_write32(GUEST_ES_AR_BYTES + 2ul * nr, rights);
}

static void init_segments(bool bsp, u64 entry)
{
	enum zx_segment nr;

	for (nr = ZX_SEGMENT_ES; nr <= ZX_SEGMENT_GS; nr++)
		write_segment(nr, 0, 0, 0xffff, RIGHTS_DATA);
	if (bsp)
		write_segment(ZX_SEGMENT_CS, 0, 0, 0xffff, RIGHTS_CODE64);
	else
		write_segment(ZX_SEGMENT_CS, entry >> 4, entry, 0xffff, RIGHTS_CODE16);
	write_segment(ZX_SEGMENT_LDTR, 0, 0, 0xffff, RIGHTS_LDT);
	write_segment(ZX_SEGMENT_TR, 0, 0, 0xffff, RIGHTS_TSS);
	vmcs_writen(GUEST_GDTR_BASE, 0);
	vmcs_write32(GUEST_GDTR_LIMIT, 0xffff);
	vmcs_writen(GUEST_IDTR_BASE, 0);
	vmcs_write32(GUEST_IDTR_LIMIT, 0xffff);
}

static void init_guest(void)
{
	u64 pat;

	rdmsrl(MSR_IA32_CR_PAT, pat);
	vmcs_write64(GUEST_IA32_PAT, pat);
	vmcs_write64(GUEST_IA32_DEBUGCTL, 0);
	vmcs_write64(VMCS_LINK_POINTER, ~0ull);
	vmcs_write32(GUEST_SYSENTER_CS, 0);
	vmcs_writen(GUEST_SYSENTER_ESP, 0);
	vmcs_writen(GUEST_SYSENTER_EIP, 0);
}

static void reset_guest(struct vmx_vcpu *vmx)
{
	vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, 0);
	vmcs_write32(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	vmcs_writen(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	vmx->nmi_watch = false;
	vmcs_writen(GUEST_CR3, 0);
	vmx->rip = 0;
	vmcs_writen(GUEST_RIP, vmx->rip);
	vmx->rsp = 0;
	vmcs_writen(GUEST_RSP, vmx->rsp);
	vmx->rflags = X86_EFLAGS_FIXED;
	vmcs_writen(GUEST_RFLAGS, vmx->rflags);
}

void vmx_vmcs_init(struct zx_cpu *cpu)
{
	init_controls(vmx_of(cpu), cpu->apic.regs);
	init_host();
	init_guest();
}

void vmx_vmcs_reset(struct zx_cpu *cpu, bool bsp, u64 entry)
{
	init_segments(bsp, entry);
	reset_guest(vmx_of(cpu));
	cpu->rip = bsp ? entry : 0;
}

#define RIGHTS_FLAT	0x8090	/* P, S, G */
#define RIGHTS_CODE	0x000b
#define RIGHTS_STACK	0x4003	/* D/B */

void vmx_vmcs_flat(u64 value)
{
	u32 size = value & ZX_FLAT_LONG ? VMX_AR_L_MASK : VMX_AR_DB_MASK;
	u32 rights = RIGHTS_FLAT | (value & 3) << VMX_AR_DPL_SHIFT;

	write_segment(ZX_SEGMENT_CS, value, 0, ~0u, rights | RIGHTS_CODE | size);
	write_segment(ZX_SEGMENT_SS, value + 8, 0, ~0u, rights | RIGHTS_STACK);
}
