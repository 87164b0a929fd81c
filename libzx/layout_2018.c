// SPDX-License-Identifier: MIT
/* The layouts of 2018 to 2021, for source of that time; no code. */
#define ZX_API_LEVEL	2018
#include "layout.h"

SIZE(zx_packet_guest_mem_t, 32);
AT(zx_packet_guest_mem_t, addr, 0);
AT(zx_packet_guest_mem_t, inst_len, 8);
AT(zx_packet_guest_mem_t, inst_buf, 9);
AT(zx_packet_guest_mem_t, default_operand_size, 24);

SIZE(zx_packet_guest_vcpu_t, 32);
AT(zx_packet_guest_vcpu_t, interrupt.mask, 0);
AT(zx_packet_guest_vcpu_t, interrupt.vector, 8);
AT(zx_packet_guest_vcpu_t, startup.id, 0);
AT(zx_packet_guest_vcpu_t, startup.entry, 8);
AT(zx_packet_guest_vcpu_t, type, 16);
AT(zx_packet_guest_vcpu_t, reserved, 24);

/* The other side of ZX_IOC_VCPU_RESUME. */
SAME(struct zx_packet, mem_v1.inst_len, zx_port_packet_t, guest_mem.inst_len);
SAME(struct zx_packet, mem_v1.inst_buf, zx_port_packet_t, guest_mem.inst_buf);
AT(struct zx_packet, mem_v1.default_operand_size, 16 + 24);
SAME(struct zx_packet, vcpu_v1.vector_or_entry, zx_port_packet_t, guest_vcpu.startup.entry);
SAME(struct zx_packet, vcpu_v1.type, zx_port_packet_t, guest_vcpu.type);
