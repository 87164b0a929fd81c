// SPDX-License-Identifier: GPL-2.0-only
/* Exits counted per CPU. */
#include <linux/cpumask.h>

#include "stats.h"

#define CPU_ONLINE	BIT(0)

DEFINE_PER_CPU(struct zx_stats, zx_stats);

void zx_stats_read(unsigned int cpu, struct zx_ioc_info_guest_stats *out)
{
	const struct zx_stats *stats = per_cpu_ptr(&zx_stats, cpu);
	u64 exits[ZX_EXIT_KINDS], sum = 0;
	unsigned int i;

	for (i = 0; i < ZX_EXIT_KINDS; i++) {
		exits[i] = READ_ONCE(stats->exits[i]);
		sum += exits[i];
	}
	/* PAUSE is not intercepted, so none was counted. */
	*out = (struct zx_ioc_info_guest_stats){
		.cpu_number = cpu,
		.flags = cpu_online(cpu) ? CPU_ONLINE : 0,
		.vm_entries = sum,
		.vm_exits = sum - exits[ZX_EXIT_ENTRY_FAILED],
		.interrupts = exits[ZX_EXIT_HOST_IRQ],
		.interrupt_windows = exits[ZX_EXIT_WINDOW],
		.cpuid_instructions = exits[ZX_EXIT_CPUID],
		.hlt_instructions = exits[ZX_EXIT_HLT],
		.control_register_accesses = exits[ZX_EXIT_CR],
		.io_instructions = exits[ZX_EXIT_IO],
		.rdmsr_instructions = exits[ZX_EXIT_RDMSR],
		.wrmsr_instructions = exits[ZX_EXIT_WRMSR],
		.ept_violations = exits[ZX_EXIT_MEMORY],
		.xsetbv_instructions = exits[ZX_EXIT_XSETBV],
		.vmcall_instructions = exits[ZX_EXIT_HYPERCALL],
	};
}
