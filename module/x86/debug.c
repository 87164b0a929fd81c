// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug registers and machine checks: what the host has to see to around a guest.
 */
#include <asm/mce.h>
#include <asm/ptrace.h>

#include "backend.h"

void zx_debug_enter(struct zx_cpu *cpu, u64 saved[4])
{
	/* The host's own must not go off at the guest's addresses. */
	if (unlikely(hw_breakpoint_active()))
		set_debugreg(0ul, 7);
	get_debugreg(saved[0], 0);
	get_debugreg(saved[1], 1);
	get_debugreg(saved[2], 2);
	get_debugreg(saved[3], 3);
	set_debugreg(cpu->dr[0], 0);
	set_debugreg(cpu->dr[1], 1);
	set_debugreg(cpu->dr[2], 2);
	set_debugreg(cpu->dr[3], 3);
}

/* The guest's have not changed: writes of them exit. */
void zx_debug_leave(const u64 saved[4])
{
	set_debugreg(saved[0], 0);
	set_debugreg(saved[1], 1);
	set_debugreg(saved[2], 2);
	set_debugreg(saved[3], 3);
}

/* As if user space had met it: what a guest consumes kills its thread, not the host. */
void zx_exit_machine_check(void)
{
#ifdef CONFIG_X86_MCE
	struct pt_regs regs = { .cs = 3, .flags = X86_EFLAGS_IF };

	do_machine_check(&regs);
#endif
}
