/* SPDX-License-Identifier: MIT */
/* The layouts that are the same in both generations of packets. */
#ifndef LIBZX_LAYOUT_H
#define LIBZX_LAYOUT_H

#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zx_hypervisor.h>

#define SIZE(type, bytes) \
	_Static_assert(sizeof(type) == (bytes), #type)
#define AT(type, field, offset) \
	_Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SAME(type, field, other_type, other_field) \
	AT(type, field, offsetof(other_type, other_field))

SIZE(zx_handle_t, 4);
SIZE(zx_status_t, 4);
SIZE(zx_rights_t, 4);
SIZE(zx_signals_t, 4);
SIZE(zx_obj_type_t, 4);
SIZE(zx_vm_option_t, 4);
SIZE(zx_txid_t, 4);
SIZE(zx_koid_t, 8);
SIZE(zx_vaddr_t, 8);
SIZE(zx_gpaddr_t, 8);
SIZE(zx_time_t, 8);
SIZE(zx_duration_t, 8);
SIZE(zx_ticks_t, 8);

SIZE(zx_port_packet_t, 48);
AT(zx_port_packet_t, key, 0);
AT(zx_port_packet_t, type, 8);
AT(zx_port_packet_t, status, 12);
AT(zx_port_packet_t, user, 16);
AT(zx_port_packet_t, signal, 16);
AT(zx_port_packet_t, guest_bell, 16);
AT(zx_port_packet_t, guest_mem, 16);
AT(zx_port_packet_t, guest_io, 16);
AT(zx_port_packet_t, guest_vcpu, 16);
AT(zx_port_packet_t, interrupt, 16);
AT(zx_port_packet_t, page_request, 16);
_Static_assert(_Alignof(zx_port_packet_t) == 8, "alignment of a packet");

SIZE(zx_packet_user_t, 32);
AT(zx_packet_user_t, u64, 0);
AT(zx_packet_user_t, u32, 0);
AT(zx_packet_user_t, u16, 0);
AT(zx_packet_user_t, c8, 0);

SIZE(zx_packet_signal_t, 32);
AT(zx_packet_signal_t, trigger, 0);
AT(zx_packet_signal_t, observed, 4);
AT(zx_packet_signal_t, count, 8);
AT(zx_packet_signal_t, timestamp, 16);
AT(zx_packet_signal_t, reserved1, 24);

SIZE(zx_packet_interrupt_t, 32);
AT(zx_packet_interrupt_t, timestamp, 0);
AT(zx_packet_interrupt_t, reserved0, 8);

SIZE(zx_packet_page_request_t, 32);
AT(zx_packet_page_request_t, command, 0);
AT(zx_packet_page_request_t, flags, 2);
AT(zx_packet_page_request_t, reserved0, 4);
AT(zx_packet_page_request_t, offset, 8);
AT(zx_packet_page_request_t, length, 16);
AT(zx_packet_page_request_t, reserved1, 24);

SIZE(zx_packet_guest_bell_t, 32);
AT(zx_packet_guest_bell_t, addr, 0);
AT(zx_packet_guest_bell_t, reserved0, 8);
AT(zx_packet_guest_bell_t, reserved2, 24);

SIZE(zx_packet_guest_io_t, 32);
AT(zx_packet_guest_io_t, port, 0);
AT(zx_packet_guest_io_t, access_size, 2);
AT(zx_packet_guest_io_t, input, 3);
AT(zx_packet_guest_io_t, u8, 4);
AT(zx_packet_guest_io_t, u16, 4);
AT(zx_packet_guest_io_t, u32, 4);
AT(zx_packet_guest_io_t, data, 4);
AT(zx_packet_guest_io_t, reserved0, 8);
AT(zx_packet_guest_io_t, reserved2, 24);

/* The two sides of the ioctls. */
SIZE(struct zx_packet, sizeof(zx_port_packet_t));
SAME(struct zx_packet, key, zx_port_packet_t, key);
SAME(struct zx_packet, type, zx_port_packet_t, type);
SAME(struct zx_packet, status, zx_port_packet_t, status);
SAME(struct zx_packet, user, zx_port_packet_t, user);
SAME(struct zx_packet, signal.trigger, zx_port_packet_t, signal.trigger);
SAME(struct zx_packet, signal.observed, zx_port_packet_t, signal.observed);
SAME(struct zx_packet, signal.count, zx_port_packet_t, signal.count);
SAME(struct zx_packet, signal.timestamp, zx_port_packet_t, signal.timestamp);
SAME(struct zx_packet, bell.addr, zx_port_packet_t, guest_bell.addr);
SAME(struct zx_packet, io.port, zx_port_packet_t, guest_io.port);
SAME(struct zx_packet, io.access_size, zx_port_packet_t, guest_io.access_size);
SAME(struct zx_packet, io.input, zx_port_packet_t, guest_io.input);
SAME(struct zx_packet, io.data, zx_port_packet_t, guest_io.data);

#endif
