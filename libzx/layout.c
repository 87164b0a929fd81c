// SPDX-License-Identifier: MIT
/* The layouts that programs and the kernel rely on; no code. See layout_2018.c. */
#include <zxl/hypervisor.h>

#include "layout.h"

SIZE(zx_packet_guest_mem_t, 32);
AT(zx_packet_guest_mem_t, addr, 0);
AT(zx_packet_guest_mem_t, cr3, 8);
AT(zx_packet_guest_mem_t, rip, 16);
AT(zx_packet_guest_mem_t, instruction_size, 24);
AT(zx_packet_guest_mem_t, default_operand_size, 25);

SIZE(zx_packet_guest_vcpu_t, 32);
AT(zx_packet_guest_vcpu_t, type, 0);
AT(zx_packet_guest_vcpu_t, interrupt.mask, 8);
AT(zx_packet_guest_vcpu_t, interrupt.vector, 16);
AT(zx_packet_guest_vcpu_t, startup.id, 8);
AT(zx_packet_guest_vcpu_t, startup.target, 8);
AT(zx_packet_guest_vcpu_t, startup.entry, 16);
AT(zx_packet_guest_vcpu_t, startup.context, 24);

SIZE(zx_vcpu_state_t, 136);
AT(zx_vcpu_state_t, rax, 0);
AT(zx_vcpu_state_t, rcx, 8);
AT(zx_vcpu_state_t, rdx, 16);
AT(zx_vcpu_state_t, rbx, 24);
AT(zx_vcpu_state_t, rsp, 32);
AT(zx_vcpu_state_t, rbp, 40);
AT(zx_vcpu_state_t, rsi, 48);
AT(zx_vcpu_state_t, rdi, 56);
AT(zx_vcpu_state_t, r8, 64);
AT(zx_vcpu_state_t, r9, 72);
AT(zx_vcpu_state_t, r10, 80);
AT(zx_vcpu_state_t, r11, 88);
AT(zx_vcpu_state_t, r12, 96);
AT(zx_vcpu_state_t, r13, 104);
AT(zx_vcpu_state_t, r14, 112);
AT(zx_vcpu_state_t, r15, 120);
AT(zx_vcpu_state_t, rflags, 128);

SIZE(zx_vcpu_io_t, 8);
AT(zx_vcpu_io_t, access_size, 0);
AT(zx_vcpu_io_t, u8, 4);
AT(zx_vcpu_io_t, u32, 4);

SIZE(zx_info_handle_basic_t, 32);
AT(zx_info_handle_basic_t, koid, 0);
AT(zx_info_handle_basic_t, rights, 8);
AT(zx_info_handle_basic_t, type, 12);
AT(zx_info_handle_basic_t, related_koid, 16);
AT(zx_info_handle_basic_t, reserved, 24);

SIZE(zx_info_handle_count_t, 4);

SIZE(zx_info_vmar_t, 16);
AT(zx_info_vmar_t, base, 0);
AT(zx_info_vmar_t, len, 8);

SIZE(zx_info_vcpu_t, 4);

SIZE(zx_info_resource_t, 56);
AT(zx_info_resource_t, kind, 0);
AT(zx_info_resource_t, flags, 4);
AT(zx_info_resource_t, base, 8);
AT(zx_info_resource_t, size, 16);
AT(zx_info_resource_t, name, 24);

SIZE(zx_info_vmo_t, 128);
AT(zx_info_vmo_t, koid, 0);
AT(zx_info_vmo_t, name, 8);
AT(zx_info_vmo_t, size_bytes, 40);
AT(zx_info_vmo_t, parent_koid, 48);
AT(zx_info_vmo_t, num_children, 56);
AT(zx_info_vmo_t, num_mappings, 64);
AT(zx_info_vmo_t, share_count, 72);
AT(zx_info_vmo_t, flags, 80);
AT(zx_info_vmo_t, committed_bytes, 88);
AT(zx_info_vmo_t, handle_rights, 96);
AT(zx_info_vmo_t, cache_policy, 100);
AT(zx_info_vmo_t, metadata_bytes, 104);
AT(zx_info_vmo_t, committed_change_events, 112);
AT(zx_info_vmo_t, populated_bytes, 120);

SIZE(zx_info_guest_stats_t, 120);
AT(zx_info_guest_stats_t, cpu_number, 0);
AT(zx_info_guest_stats_t, flags, 4);
AT(zx_info_guest_stats_t, vm_entries, 8);
AT(zx_info_guest_stats_t, vm_exits, 16);
AT(zx_info_guest_stats_t, interrupts, 24);
AT(zx_info_guest_stats_t, interrupt_windows, 32);
AT(zx_info_guest_stats_t, cpuid_instructions, 40);
AT(zx_info_guest_stats_t, hlt_instructions, 48);
AT(zx_info_guest_stats_t, control_register_accesses, 56);
AT(zx_info_guest_stats_t, io_instructions, 64);
AT(zx_info_guest_stats_t, rdmsr_instructions, 72);
AT(zx_info_guest_stats_t, wrmsr_instructions, 80);
AT(zx_info_guest_stats_t, ept_violations, 88);
AT(zx_info_guest_stats_t, xsetbv_instructions, 96);
AT(zx_info_guest_stats_t, pause_instructions, 104);
AT(zx_info_guest_stats_t, vmcall_instructions, 112);

SIZE(zx_wait_item_t, 12);
AT(zx_wait_item_t, handle, 0);
AT(zx_wait_item_t, waitfor, 4);
AT(zx_wait_item_t, pending, 8);

SIZE(zx_channel_call_args_t, 48);
AT(zx_channel_call_args_t, wr_bytes, 0);
AT(zx_channel_call_args_t, wr_handles, 8);
AT(zx_channel_call_args_t, rd_bytes, 16);
AT(zx_channel_call_args_t, rd_handles, 24);
AT(zx_channel_call_args_t, wr_num_bytes, 32);
AT(zx_channel_call_args_t, wr_num_handles, 36);
AT(zx_channel_call_args_t, rd_num_bytes, 40);
AT(zx_channel_call_args_t, rd_num_handles, 44);

SIZE(zxl_vcpu_access_t, 40);
AT(zxl_vcpu_access_t, addr, 0);
AT(zxl_vcpu_access_t, value, 8);
AT(zxl_vcpu_access_t, write, 16);
AT(zxl_vcpu_access_t, size, 17);
AT(zxl_vcpu_access_t, instruction_size, 18);
AT(zxl_vcpu_access_t, instruction, 24);

/* The two sides of the ioctls. */
SAME(struct zx_packet, mem.addr, zx_port_packet_t, guest_mem.addr);
SAME(struct zx_packet, mem.cr3, zx_port_packet_t, guest_mem.cr3);
SAME(struct zx_packet, mem.rip, zx_port_packet_t, guest_mem.rip);
SAME(struct zx_packet, mem.instruction_size, zx_port_packet_t, guest_mem.instruction_size);
SAME(struct zx_packet, mem.default_operand_size, zx_port_packet_t,
     guest_mem.default_operand_size);
SAME(struct zx_packet, vcpu.type, zx_port_packet_t, guest_vcpu.type);
SAME(struct zx_packet, vcpu.mask_or_id, zx_port_packet_t, guest_vcpu.startup.id);
SAME(struct zx_packet, vcpu.vector_or_entry, zx_port_packet_t, guest_vcpu.startup.entry);
SIZE(struct zx_vcpu_regs, sizeof(zx_vcpu_state_t));
SAME(struct zx_vcpu_regs, rcx, zx_vcpu_state_t, rcx);
SAME(struct zx_vcpu_regs, rsp, zx_vcpu_state_t, rsp);
SAME(struct zx_vcpu_regs, rdi, zx_vcpu_state_t, rdi);
SAME(struct zx_vcpu_regs, r15, zx_vcpu_state_t, r15);
SAME(struct zx_vcpu_regs, rflags, zx_vcpu_state_t, rflags);
SIZE(struct zx_ioc_info_handle_basic, sizeof(zx_info_handle_basic_t));
SAME(struct zx_ioc_info_handle_basic, type, zx_info_handle_basic_t, type);
SAME(struct zx_ioc_info_handle_basic, related_koid, zx_info_handle_basic_t, related_koid);
SIZE(struct zx_ioc_info_vmar, sizeof(zx_info_vmar_t));
SIZE(struct zx_ioc_info_vcpu, sizeof(zx_info_vcpu_t));
SIZE(struct zx_ioc_info_resource, sizeof(zx_info_resource_t));
SAME(struct zx_ioc_info_resource, name, zx_info_resource_t, name);
SIZE(struct zx_ioc_info_vmo, sizeof(zx_info_vmo_t));
SAME(struct zx_ioc_info_vmo, flags, zx_info_vmo_t, flags);
SAME(struct zx_ioc_info_vmo, populated_bytes, zx_info_vmo_t, populated_bytes);
SIZE(struct zx_ioc_info_guest_stats, sizeof(zx_info_guest_stats_t));
SAME(struct zx_ioc_info_guest_stats, vmcall_instructions, zx_info_guest_stats_t,
     vmcall_instructions);
SIZE(struct zx_ioc_wait_item, sizeof(zx_wait_item_t));
SAME(struct zx_ioc_wait_item, waitfor, zx_wait_item_t, waitfor);
SAME(struct zx_ioc_wait_item, pending, zx_wait_item_t, pending);
