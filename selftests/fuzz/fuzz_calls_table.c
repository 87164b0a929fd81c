// SPDX-License-Identifier: GPL-2.0-only
/* All calls that have an argument struct, and what is in it. A new call gets a row here. */
#include <stddef.h>

#include "fuzz_calls.h"

#define F(name, what_, more_)							\
	{ offsetof(struct STRUCT, name), sizeof(((struct STRUCT *)0)->name), what_, more_ }

#define STRUCT zx_ioc_resource_create
static const struct field resource_create[] = {
	F(options, CHOICE, 0), F(base, SMALL, 8), F(len, SMALL, 8), F(name, INPUT, 0),
	F(name_len, BYTES, 33), F(out, NEW, RESOURCE),
};

#undef STRUCT
#define STRUCT zx_ioc_handle_duplicate
static const struct field handle_duplicate[] = { F(rights, RIGHTS, 0), F(out, NEW, SAME) };

#undef STRUCT
#define STRUCT zx_ioc_object_get_info
static const struct field object_get_info[] = {
	F(topic, CHOICE, 1), F(buffer, OUTPUT, 0), F(buffer_size, BYTES, 512),
	F(actual, COUNT, 0), F(avail, COUNT, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_object_wait_one
static const struct field wait_one[] = {
	F(signals, SIGNALS, 0), F(deadline, DEADLINE, 1), F(handle, OWN_VALUE, 0),
	F(reserved, RESERVED, 0), F(observed, COUNT, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_object_wait_many
static const struct field wait_many[] = {
	F(count, BYTES, 9), F(deadline, DEADLINE, 1), F(items, ITEMS, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_object_wait_async
static const struct field wait_async[] = {
	F(port, HANDLE, PORT), F(key, KEY, 0), F(signals, SIGNALS, 0), F(options, FLAGS, 7),
};

#undef STRUCT
#define STRUCT zx_ioc_object_signal
static const struct field object_signal[] = {
	F(clear, SIGNALS, 1), F(set, SIGNALS, 1), F(reserved, RESERVED, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_object_property
static const struct field property_get[] = {
	F(property, CHOICE, 2), F(value, OUTPUT, 0), F(value_size, BYTES, 64),
};

static const struct field property_set[] = {
	F(property, CHOICE, 2), F(value, INPUT, 0), F(value_size, BYTES, 64),
};

#undef STRUCT
#define STRUCT zx_ioc_port_create
static const struct field port_create[] = { F(options, RESERVED, 0), F(out, NEW, PORT) };

#undef STRUCT
#define STRUCT zx_ioc_port_queue
static const struct field port_queue[] = { F(reserved, RESERVED, 0), F(packet, INPUT, 0) };

#undef STRUCT
#define STRUCT zx_ioc_port_wait
static const struct field port_wait[] = {
	F(reserved, RESERVED, 0), F(deadline, DEADLINE, 1), F(packet, OUTPUT, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_port_cancel
static const struct field port_cancel[] = { F(source, HANDLE, ANY), F(key, KEY, 0) };

#undef STRUCT
#define STRUCT zx_ioc_pair_create
static const struct field channel_create[] = {
	F(options, RESERVED, 0), F(out0, NEW, CHANNEL), F(out1, NEW, CHANNEL),
};

static const struct field eventpair_create[] = {
	F(options, RESERVED, 0), F(out0, NEW, EVENTPAIR), F(out1, NEW, EVENTPAIR),
};

#undef STRUCT
#define STRUCT zx_ioc_channel_write
static const struct field channel_write[] = {
	F(options, RESERVED, 0), F(bytes, INPUT, 0), F(handles, HANDLES, 0),
	F(num_bytes, BYTES, 128), F(num_handles, BYTES, 4),
};

#undef STRUCT
#define STRUCT zx_ioc_channel_read
static const struct field channel_read[] = {
	F(options, FLAGS, 1), F(bytes, OUTPUT, 0), F(handles, NEW_MANY, 0),
	F(num_bytes, BYTES, 4096), F(num_handles, BYTES, 64),
	F(actual_bytes, COUNT, 0), F(actual_handles, COUNT, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_channel_call
static const struct field channel_call[] = {
	F(options, RESERVED, 0), F(deadline, DEADLINE, 0), F(wr_bytes, INPUT, 0),
	F(wr_handles, HANDLES, 0), F(rd_bytes, OUTPUT, 0), F(rd_handles, NEW_MANY, 0),
	F(wr_num_bytes, BYTES, 128), F(wr_num_handles, BYTES, 4), F(rd_num_bytes, BYTES, 4096),
	F(rd_num_handles, BYTES, 64), F(actual_bytes, COUNT, 0), F(actual_handles, COUNT, 0),
	F(handle, OWN_VALUE, 0), F(reserved, RESERVED, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_event_create
static const struct field event_create[] = { F(options, RESERVED, 0), F(out, NEW, EVENT) };

#undef STRUCT
#define STRUCT zx_ioc_vmo_create
static const struct field vmo_create[] = {
	F(options, FLAGS, ZX_VMO_RESIZABLE), F(vmo_size, VMO_SIZE, 0), F(out, NEW, VMO),
};

#undef STRUCT
#define STRUCT zx_ioc_vmo_copy
static const struct field vmo_read[] = {
	F(reserved, RESERVED, 0), F(buffer, OUTPUT, 0), F(offset, OFFSET, 0),
	F(length, BYTES, 8192),
};

static const struct field vmo_write[] = {
	F(reserved, RESERVED, 0), F(buffer, INPUT, 0), F(offset, OFFSET, 0),
	F(length, BYTES, 8192),
};

#undef STRUCT
#define STRUCT zx_ioc_vmo_get_size
static const struct field vmo_get_size[] = { F(reserved, RESERVED, 0), F(out, OUTPUT, 0) };

#undef STRUCT
#define STRUCT zx_ioc_vmo_set_size
static const struct field vmo_set_size[] = { F(reserved, RESERVED, 0), F(vmo_size, VMO_SIZE, 0) };

#undef STRUCT
#define STRUCT zx_ioc_vmo_op_range
static const struct field vmo_op_range[] = {
	F(op, SMALL, 16), F(offset, OFFSET, 1), F(length, LENGTH, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_vmo_replace_as_executable
static const struct field vmo_replace[] = { F(vmex, OPTIONAL, RESOURCE), F(out, NEW, VMO) };

#undef STRUCT
#define STRUCT zx_ioc_vmo_create_child
static const struct field vmo_create_child[] = {
	F(options, CHOICE, 3), F(offset, OFFSET, 1), F(length, LENGTH, 0), F(out, NEW, VMO),
};

#undef STRUCT
#define STRUCT zx_ioc_vmo_set_cache_policy
static const struct field vmo_set_cache_policy[] = { F(policy, SMALL, 5) };

#undef STRUCT
#define STRUCT zx_ioc_vmar_map
static const struct field vmar_map[] = {
	F(options, CHOICE, 4), F(vmar_offset, GPA, 0), F(vmo, HANDLE, VMO),
	F(reserved, RESERVED, 0), F(vmo_offset, OFFSET, 1), F(len, LENGTH, 0), F(out, OUTPUT, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_vmar_unmap
static const struct field vmar_unmap[] = {
	F(reserved, RESERVED, 0), F(addr, GPA, 0), F(len, LENGTH, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_vmar_protect
static const struct field vmar_protect[] = {
	F(options, FLAGS, 7), F(addr, GPA, 0), F(len, LENGTH, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_vmar_allocate
static const struct field vmar_allocate[] = {
	F(options, CHOICE, 5), F(offset, GPA, 0), F(length, LENGTH, 0), F(out, NEW, VMAR),
	F(out_addr, OUTPUT, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_vmar_destroy
static const struct field vmar_destroy[] = { F(reserved, RESERVED, 0) };

#undef STRUCT
#define STRUCT zx_ioc_vmar_op_range
static const struct field vmar_op_range[] = {
	F(op, SMALL, 16), F(addr, GPA, 0), F(length, LENGTH, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_guest_create
static const struct field guest_create[] = {
	F(options, RESERVED, 0), F(out_guest, NEW, GUEST), F(out_vmar, NEW, VMAR),
};

#undef STRUCT
#define STRUCT zx_ioc_guest_set_trap
static const struct field guest_set_trap[] = {
	F(kind, SMALL, 4), F(addr, TRAP_AT, 0), F(len, LENGTH, 0), F(port, OPTIONAL, PORT),
	F(reserved, RESERVED, 0), F(key, KEY, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_guest_unset_trap
static const struct field guest_unset_trap[] = { F(kind, SMALL, 4), F(addr, TRAP_AT, 0) };

#undef STRUCT
#define STRUCT zxl_ioc_guest_set_ipi_mode
static const struct field guest_set_ipi_mode[] = { F(mode, SMALL, 3) };

#undef STRUCT
#define STRUCT zx_ioc_vcpu_create
static const struct field vcpu_create[] = {
	F(options, RESERVED, 0), F(entry, GPA, 0), F(out, NEW, VCPU),
};

#undef STRUCT
#define STRUCT zx_ioc_vcpu_interrupt
static const struct field vcpu_interrupt[] = {
	F(vector, SMALL, 260), F(options, FLAGS, ZXL_INTERRUPT_LEVEL), F(reserved, RESERVED, 0),
};

#undef STRUCT
#define STRUCT zx_ioc_vcpu_state
static const struct field vcpu_read_state[] = {
	F(kind, CHOICE, 6), F(buffer, OUTPUT, 0), F(length, CHOICE, 7),
};

static const struct field vcpu_write_state[] = {
	F(kind, CHOICE, 6), F(buffer, INPUT, 0), F(length, CHOICE, 7),
};

#undef STRUCT
#define STRUCT zxl_ioc_vcpu_memory
static const struct field vcpu_memory[] = {
	F(flags, FLAGS, ZXL_MEMORY_WRITE), F(addr, LINEAR, 0), F(buffer, OUTPUT, 0),
	F(length, BYTES, 4098), F(gpa, COUNT, 0),
};

#define S(status)	(1u << -ZX_ERR_##status)
/* Of a call on a handle of one type; of any call that makes one. */
#define TYPED		(S(WRONG_TYPE) | S(ACCESS_DENIED) | S(INVALID_ARGS))
#define MAKES		(S(INVALID_ARGS) | S(NO_MEMORY))

#define ROW(weight_, name_, struct_, base_, fields_, on_, may_)			\
	{ .name = #name_, .cmd = ZX_IOC_##name_, .on = on_, .weight = weight_,	\
	  .base = offsetof(struct zx_ioc_##struct_, base_),			\
	  .size = sizeof(struct zx_ioc_##struct_),				\
	  .may = may_, .fields = fields_, .nr_fields = ARRAY_LEN(fields_) }

const struct call calls[] = {
	ROW(2, RESOURCE_CREATE, resource_create, out, resource_create, RESOURCE, TYPED | MAKES),
	ROW(6, HANDLE_DUPLICATE, handle_duplicate, out, handle_duplicate, ANY,
	    S(ACCESS_DENIED) | MAKES),
	ROW(2, HANDLE_REPLACE, handle_duplicate, out, handle_duplicate, ANY, MAKES),
	ROW(4, OBJECT_GET_INFO, object_get_info, avail, object_get_info, ANY,
	    TYPED | S(BUFFER_TOO_SMALL) | S(NOT_SUPPORTED)),
	ROW(4, OBJECT_WAIT_ONE, object_wait_one, observed, wait_one, ANY,
	    S(ACCESS_DENIED) | S(CANCELED) | S(INVALID_ARGS) | S(TIMED_OUT)),
	ROW(3, OBJECT_WAIT_MANY, object_wait_many, items, wait_many, ANY,
	    S(ACCESS_DENIED) | S(BAD_HANDLE) | S(CANCELED) | S(OUT_OF_RANGE) | S(TIMED_OUT) |
	    MAKES),
	ROW(4, OBJECT_WAIT_ASYNC, object_wait_async, options, wait_async, ANY,
	    TYPED | S(BAD_HANDLE) | S(NO_MEMORY)),
	ROW(4, OBJECT_SIGNAL, object_signal, set, object_signal, ANY,
	    S(ACCESS_DENIED) | S(INVALID_ARGS)),
	ROW(3, OBJECT_SIGNAL_PEER, object_signal, set, object_signal, EVENTPAIR,
	    S(ACCESS_DENIED) | S(INVALID_ARGS) | S(PEER_CLOSED) | S(NOT_SUPPORTED)),
	ROW(2, OBJECT_GET_PROPERTY, object_property, value_size, property_get, ANY,
	    S(ACCESS_DENIED) | S(INVALID_ARGS) | S(BUFFER_TOO_SMALL) | S(NOT_SUPPORTED)),
	ROW(2, OBJECT_SET_PROPERTY, object_property, value_size, property_set, ANY,
	    S(ACCESS_DENIED) | S(INVALID_ARGS) | S(NOT_SUPPORTED)),
	ROW(2, PORT_CREATE, port_create, out, port_create, ANY, MAKES),
	ROW(4, PORT_QUEUE, port_queue, packet, port_queue, PORT,
	    TYPED | S(NO_MEMORY) | S(SHOULD_WAIT)),
	ROW(5, PORT_WAIT, port_wait, packet, port_wait, PORT, TYPED | S(TIMED_OUT)),
	ROW(3, PORT_CANCEL, port_cancel, key, port_cancel, PORT,
	    TYPED | S(BAD_HANDLE) | S(NOT_FOUND)),
	ROW(4, VMO_CREATE, vmo_create, out, vmo_create, ANY, MAKES | S(OUT_OF_RANGE)),
	ROW(4, VMO_READ, vmo_copy, length, vmo_read, VMO,
	    TYPED | S(BAD_STATE) | S(NO_MEMORY) | S(OUT_OF_RANGE)),
	ROW(5, VMO_WRITE, vmo_copy, length, vmo_write, VMO,
	    TYPED | S(BAD_STATE) | S(NO_MEMORY) | S(OUT_OF_RANGE)),
	ROW(1, VMO_GET_SIZE, vmo_get_size, out, vmo_get_size, VMO, S(WRONG_TYPE) | S(INVALID_ARGS)),
	ROW(4, VMO_SET_SIZE, vmo_set_size, vmo_size, vmo_set_size, VMO,
	    TYPED | S(OUT_OF_RANGE) | S(UNAVAILABLE)),
	ROW(8, VMO_OP_RANGE, vmo_op_range, length, vmo_op_range, VMO,
	    TYPED | S(BAD_STATE) | S(NOT_SUPPORTED) | S(NO_MEMORY) | S(OUT_OF_RANGE)),
	ROW(3, VMO_REPLACE_AS_EXECUTABLE, vmo_replace_as_executable, out, vmo_replace, VMO,
	    TYPED | MAKES | S(BAD_HANDLE)),
	ROW(6, VMO_CREATE_CHILD, vmo_create_child, out, vmo_create_child, VMO,
	    TYPED | MAKES | S(BAD_STATE) | S(NOT_SUPPORTED) | S(OUT_OF_RANGE)),
	ROW(2, VMO_SET_CACHE_POLICY, vmo_set_cache_policy, policy, vmo_set_cache_policy, VMO,
	    TYPED | S(BAD_STATE)),
	ROW(8, VMAR_MAP, vmar_map, out, vmar_map, VMAR,
	    TYPED | MAKES | S(ALREADY_EXISTS) | S(BAD_HANDLE) | S(BAD_STATE) |
	    S(NOT_SUPPORTED) | S(NO_RESOURCES) | S(OUT_OF_RANGE)),
	ROW(4, VMAR_UNMAP, vmar_unmap, len, vmar_unmap, VMAR,
	    S(WRONG_TYPE) | S(INVALID_ARGS) | S(BAD_STATE) | S(NO_MEMORY)),
	ROW(4, VMAR_PROTECT, vmar_protect, len, vmar_protect, VMAR,
	    TYPED | S(BAD_STATE) | S(NOT_FOUND) | S(NO_MEMORY)),
	ROW(4, VMAR_ALLOCATE, vmar_allocate, out_addr, vmar_allocate, VMAR,
	    TYPED | MAKES | S(ALREADY_EXISTS) | S(BAD_STATE) | S(NO_RESOURCES)),
	ROW(1, VMAR_DESTROY, vmar_destroy, reserved, vmar_destroy, VMAR,
	    S(WRONG_TYPE) | S(INVALID_ARGS) | S(BAD_STATE) | S(NOT_SUPPORTED) | S(NO_MEMORY)),
	ROW(5, VMAR_OP_RANGE, vmar_op_range, length, vmar_op_range, VMAR,
	    TYPED | S(BAD_STATE) | S(NOT_SUPPORTED) | S(NO_MEMORY) | S(OUT_OF_RANGE)),
	ROW(2, GUEST_CREATE, guest_create, out_vmar, guest_create, RESOURCE,
	    TYPED | MAKES | S(NOT_SUPPORTED)),
	ROW(4, GUEST_SET_TRAP, guest_set_trap, key, guest_set_trap, GUEST,
	    TYPED | S(ALREADY_EXISTS) | S(BAD_HANDLE) | S(NO_MEMORY) | S(OUT_OF_RANGE)),
	ROW(3, GUEST_UNSET_TRAP, guest_unset_trap, addr, guest_unset_trap, GUEST,
	    TYPED | S(NOT_FOUND)),
	{ .name = "GUEST_SET_IPI_MODE", .cmd = ZXL_IOC_GUEST_SET_IPI_MODE, .on = GUEST, .weight = 1,
	  .base = offsetof(struct zxl_ioc_guest_set_ipi_mode, mode),
	  .size = sizeof(struct zxl_ioc_guest_set_ipi_mode), .may = TYPED,
	  .fields = guest_set_ipi_mode, .nr_fields = ARRAY_LEN(guest_set_ipi_mode) },
	ROW(3, VCPU_CREATE, vcpu_create, out, vcpu_create, GUEST,
	    TYPED | MAKES | S(BAD_STATE) | S(NO_RESOURCES)),
	ROW(5, VCPU_INTERRUPT, vcpu_interrupt, vector, vcpu_interrupt, VCPU,
	    TYPED | S(OUT_OF_RANGE)),
	ROW(4, VCPU_READ_STATE, vcpu_state, length, vcpu_read_state, VCPU, TYPED | S(BAD_STATE)),
	ROW(4, VCPU_WRITE_STATE, vcpu_state, length, vcpu_write_state, VCPU, TYPED | S(BAD_STATE)),
	{ .name = "VCPU_MEMORY", .cmd = ZXL_IOC_VCPU_MEMORY, .on = VCPU, .weight = 4,
	  .base = offsetof(struct zxl_ioc_vcpu_memory, gpa),
	  .size = sizeof(struct zxl_ioc_vcpu_memory),
	  .may = TYPED | S(BAD_STATE) | S(CANCELED) | S(NOT_FOUND) | S(NOT_SUPPORTED) |
		 S(NO_MEMORY) | S(OUT_OF_RANGE) | S(UNAVAILABLE),
	  .fields = vcpu_memory, .nr_fields = ARRAY_LEN(vcpu_memory) },
	ROW(2, CHANNEL_CREATE, pair_create, out1, channel_create, ANY, MAKES),
	ROW(5, CHANNEL_WRITE, channel_write, num_handles, channel_write, CHANNEL,
	    TYPED | S(BAD_HANDLE) | S(NOT_SUPPORTED) | S(NO_MEMORY) | S(NO_RESOURCES) |
	    S(OUT_OF_RANGE) | S(PEER_CLOSED) | S(SHOULD_WAIT)),
	ROW(8, CHANNEL_READ, channel_read, actual_handles, channel_read, CHANNEL,
	    TYPED | S(BUFFER_TOO_SMALL) | S(NOT_SUPPORTED) | S(NO_MEMORY) | S(PEER_CLOSED) |
	    S(SHOULD_WAIT)),
	ROW(3, CHANNEL_CALL, channel_call, handle, channel_call, CHANNEL,
	    TYPED | S(BAD_HANDLE) | S(BUFFER_TOO_SMALL) | S(CANCELED) | S(NOT_SUPPORTED) |
	    S(NO_MEMORY) | S(NO_RESOURCES) | S(OUT_OF_RANGE) | S(PEER_CLOSED) |
	    S(SHOULD_WAIT) | S(TIMED_OUT)),
	ROW(2, EVENT_CREATE, event_create, out, event_create, ANY, MAKES),
	ROW(2, EVENTPAIR_CREATE, pair_create, out1, eventpair_create, ANY, MAKES),
};

const unsigned int nr_calls = ARRAY_LEN(calls);
