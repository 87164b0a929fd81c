// SPDX-License-Identifier: MIT
/* The layouts that programs and the kernel rely on; no code. See layout_2018.c. */
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zxl/hypervisor.h>

#define SIZE(type, bytes) \
	_Static_assert(sizeof(type) == (bytes), #type)
#define AT(type, field, offset) \
	_Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SAME(type, field, other_type, other_field) \
	AT(type, field, offsetof(other_type, other_field))

SIZE(zx_handle_t, 4);
SIZE(zx_status_t, 4);
SIZE(zx_vaddr_t, 8);
SIZE(zx_time_t, 8);

SIZE(zx_port_packet_t, 48);
AT(zx_port_packet_t, key, 0);
AT(zx_port_packet_t, type, 8);
AT(zx_port_packet_t, status, 12);
AT(zx_port_packet_t, user, 16);
AT(zx_port_packet_t, guest_mem, 16);
_Static_assert(_Alignof(zx_port_packet_t) == 8, "alignment of a packet");

SIZE(zx_packet_user_t, 32);

SIZE(zx_packet_signal_t, 32);
AT(zx_packet_signal_t, observed, 4);
AT(zx_packet_signal_t, count, 8);
AT(zx_packet_signal_t, timestamp, 16);

SIZE(zx_packet_interrupt_t, 32);
SIZE(zx_packet_page_request_t, 32);
AT(zx_packet_page_request_t, offset, 8);
AT(zx_packet_page_request_t, length, 16);

SIZE(zx_packet_guest_bell_t, 32);
AT(zx_packet_guest_bell_t, addr, 0);

SIZE(zx_packet_guest_mem_t, 32);
AT(zx_packet_guest_mem_t, addr, 0);
AT(zx_packet_guest_mem_t, cr3, 8);
AT(zx_packet_guest_mem_t, rip, 16);
AT(zx_packet_guest_mem_t, instruction_size, 24);
AT(zx_packet_guest_mem_t, default_operand_size, 25);

SIZE(zx_packet_guest_io_t, 32);
AT(zx_packet_guest_io_t, port, 0);
AT(zx_packet_guest_io_t, access_size, 2);
AT(zx_packet_guest_io_t, input, 3);
AT(zx_packet_guest_io_t, u8, 4);
AT(zx_packet_guest_io_t, u32, 4);
AT(zx_packet_guest_io_t, data, 4);

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
AT(zx_info_vmar_t, len, 8);
SIZE(zx_info_vcpu_t, 4);

SIZE(zxl_vcpu_access_t, 40);

/* The two sides of the ioctls. */
SIZE(struct zx_packet, sizeof(zx_port_packet_t));
SAME(struct zx_packet, mem, zx_port_packet_t, guest_mem);
SAME(struct zx_packet, mem.rip, zx_port_packet_t, guest_mem.rip);
SAME(struct zx_packet, mem.instruction_size, zx_port_packet_t, guest_mem.instruction_size);
SAME(struct zx_packet, io.data, zx_port_packet_t, guest_io.data);
SAME(struct zx_packet, vcpu.mask_or_id, zx_port_packet_t, guest_vcpu.startup.id);
SAME(struct zx_packet, vcpu.vector_or_entry, zx_port_packet_t, guest_vcpu.startup.entry);
SIZE(struct zx_vcpu_regs, sizeof(zx_vcpu_state_t));
SAME(struct zx_vcpu_regs, r15, zx_vcpu_state_t, r15);
SAME(struct zx_vcpu_regs, rflags, zx_vcpu_state_t, rflags);
SIZE(struct zx_ioc_info_handle_basic, sizeof(zx_info_handle_basic_t));
SIZE(struct zx_ioc_info_vmar, sizeof(zx_info_vmar_t));
SIZE(struct zx_ioc_info_vcpu, sizeof(zx_info_vcpu_t));
