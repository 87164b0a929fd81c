/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The call table: one row per call says its number, its argument struct, the
 * type and rights that the descriptor must have, and the one function that
 * does it. table.c copies arguments in, checks, calls, publishes results.
 */
#ifndef _ZX_SYSCALL_TABLE_H
#define _ZX_SYSCALL_TABLE_H

#include "../object/object.h"

union zx_call_args {
	u32 size;
	struct zx_ioc_resource_create resource_create;
	struct zx_ioc_handle_duplicate handle_duplicate;
	struct zx_ioc_object_get_info object_get_info;
	struct zx_ioc_object_wait_one object_wait_one;
	struct zx_ioc_object_wait_many object_wait_many;
	struct zx_ioc_object_wait_async object_wait_async;
	struct zx_ioc_object_signal object_signal;
	struct zx_ioc_object_property object_property;
	struct zx_ioc_port_create port_create;
	struct zx_ioc_port_queue port_queue;
	struct zx_ioc_port_wait port_wait;
	struct zx_ioc_port_cancel port_cancel;
	struct zx_ioc_vmo_create vmo_create;
	struct zx_ioc_vmo_copy vmo_copy;
	struct zx_ioc_vmo_get_size vmo_get_size;
	struct zx_ioc_vmo_set_size vmo_set_size;
	struct zx_ioc_vmo_op_range vmo_op_range;
	struct zx_ioc_vmo_replace_as_executable vmo_replace_as_executable;
	struct zx_ioc_vmo_create_child vmo_create_child;
	struct zx_ioc_vmo_set_cache_policy vmo_set_cache_policy;
	struct zx_ioc_vmar_map vmar_map;
	struct zx_ioc_vmar_unmap vmar_unmap;
	struct zx_ioc_vmar_protect vmar_protect;
	struct zx_ioc_vmar_allocate vmar_allocate;
	struct zx_ioc_vmar_destroy vmar_destroy;
	struct zx_ioc_vmar_op_range vmar_op_range;
	struct zx_ioc_guest_create guest_create;
	struct zx_ioc_guest_set_trap guest_set_trap;
	struct zx_ioc_guest_unset_trap guest_unset_trap;
	struct zxl_ioc_guest_set_ipi_mode guest_set_ipi_mode;
	struct zx_ioc_vcpu_create vcpu_create;
	struct zx_ioc_vcpu_interrupt vcpu_interrupt;
	struct zx_ioc_vcpu_state vcpu_state;
	struct zx_ioc_pair_create pair_create;
	struct zx_ioc_event_create event_create;
	struct zx_ioc_channel_write channel_write;
	struct zx_ioc_channel_read channel_read;
	struct zx_ioc_channel_call channel_call;
	struct zxl_ioc_vcpu_memory vcpu_memory;
};

/* A handle that the call is to hand out: published when all else is done. */
struct zx_call_new {
	struct zx_object *obj;		/* a reference, owned by the call */
	u32 rights;
	u64 out;			/* user address of a u32 */
};

struct zx_call {
	struct zx_handle *handle;	/* that the call came through */
	union zx_call_args args;
	struct zx_call_new fresh[2];
	unsigned int nr_fresh;
};

struct zx_call_row {
	unsigned int cmd;
	u32 min_size;			/* up to the last mandatory field */
	u32 max_size;			/* what this kernel knows */
	u32 type;			/* ZX_OBJ_TYPE_NONE: any of ours */
	u32 rights;
	/* Checks that come before the handle's, where Zircon has that order. */
	zx_status_t (*early)(const struct zx_call *call);
	zx_status_t (*call)(struct zx_call *call);
	/* For calls whose new object is more than its handle, which could not be given out. */
	void (*undo)(struct zx_call *call);
};

/* Hand @obj out with @rights; its reference passes to the call in any case. */
void zx_call_publish(struct zx_call *call, struct zx_object *obj, u32 rights, u64 out);
/* To user space, if it asked for it: @where may be 0. */
bool zx_call_put_count(u64 where, u64 count);

/* resource.c */
zx_status_t zx_sys_resource_create(struct zx_call *call);
/* handle.c */
zx_status_t zx_sys_handle_duplicate(struct zx_call *call);
zx_status_t zx_sys_handle_replace(struct zx_call *call);
zx_status_t zx_sys_object_get_info(struct zx_call *call);
/* object.c */
zx_status_t zx_sys_object_wait_one(struct zx_call *call);
zx_status_t zx_sys_object_wait_many(struct zx_call *call);
zx_status_t zx_sys_object_wait_async(struct zx_call *call);
zx_status_t zx_sys_object_signal(struct zx_call *call);
zx_status_t zx_sys_object_signal_peer(struct zx_call *call);
zx_status_t zx_sys_object_get_property(struct zx_call *call);
zx_status_t zx_sys_object_set_property(struct zx_call *call);
/* event.c */
zx_status_t zx_sys_event_create(struct zx_call *call);
zx_status_t zx_sys_eventpair_create(struct zx_call *call);
/* stats.c */
zx_status_t zx_sys_info_guest_stats(struct zx_call *call);
/* port.c */
zx_status_t zx_sys_port_create(struct zx_call *call);
zx_status_t zx_sys_port_queue(struct zx_call *call);
zx_status_t zx_sys_port_wait(struct zx_call *call);
zx_status_t zx_sys_port_cancel(struct zx_call *call);
/* vmo.c */
zx_status_t zx_sys_vmo_create(struct zx_call *call);
zx_status_t zx_sys_vmo_read(struct zx_call *call);
zx_status_t zx_sys_vmo_write(struct zx_call *call);
zx_status_t zx_sys_vmo_get_size(struct zx_call *call);
zx_status_t zx_sys_vmo_set_size(struct zx_call *call);
zx_status_t zx_sys_vmo_op_range(struct zx_call *call);
zx_status_t zx_sys_vmo_replace_as_executable(struct zx_call *call);
zx_status_t zx_sys_vmo_create_child(struct zx_call *call);
zx_status_t zx_sys_vmo_set_cache_policy(struct zx_call *call);
/* vmar.c */
zx_status_t zx_sys_vmar_map(struct zx_call *call);
zx_status_t zx_sys_vmar_unmap(struct zx_call *call);
zx_status_t zx_sys_vmar_protect(struct zx_call *call);
zx_status_t zx_sys_vmar_allocate(struct zx_call *call);
void zx_undo_vmar_allocate(struct zx_call *call);
zx_status_t zx_sys_vmar_destroy(struct zx_call *call);
zx_status_t zx_sys_vmar_op_range(struct zx_call *call);
/* guest.c */
zx_status_t zx_sys_guest_create(struct zx_call *call);
zx_status_t zx_sys_guest_set_trap(struct zx_call *call);
zx_status_t zx_sys_guest_unset_trap(struct zx_call *call);
zx_status_t zx_sys_guest_set_ipi_mode(struct zx_call *call);
/* vcpu.c */
zx_status_t zx_early_vcpu_create(const struct zx_call *call);
zx_status_t zx_sys_vcpu_create(struct zx_call *call);
zx_status_t zx_sys_vcpu_enter(struct zx_handle *handle, u64 packet);
zx_status_t zx_sys_vcpu_resume(struct zx_handle *handle, u64 packet);
zx_status_t zx_sys_vcpu_kick(struct zx_handle *handle);
zx_status_t zx_sys_vcpu_interrupt(struct zx_call *call);
/* The same without a struct zx_call. False: not done, the row's way tells why. */
bool zx_quick_vcpu_interrupt(struct zx_handle *handle, u64 arg, zx_status_t *status);
zx_status_t zx_sys_vcpu_read_state(struct zx_call *call);
zx_status_t zx_sys_vcpu_write_state(struct zx_call *call);
zx_status_t zx_sys_vcpu_memory(struct zx_call *call);
/* channel.c */
zx_status_t zx_sys_channel_create(struct zx_call *call);
zx_status_t zx_sys_channel_write(struct zx_call *call);
zx_status_t zx_sys_channel_read(struct zx_call *call);
zx_status_t zx_sys_channel_call(struct zx_call *call);

#endif
