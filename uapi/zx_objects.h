/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * zx_objects.h - the calls that are not about machines: on handles and objects of
 * any type, resources, ports, channels and events. Read zx_hypervisor.h first: it
 * has the model, and the calls on memory, guests and VCPUs.
 */
#ifndef _UAPI_ZX_OBJECTS_H
#define _UAPI_ZX_OBJECTS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "zx_types.h"

#define ZX_IOC_MAGIC			0xbd

/*
 * ZX_IOC_RESOURCE_CREATE - derive a resource. On: a resource, WRITE.
 *
 * @options: kind in bits 15:0, ZX_RSRC_FLAG_* in bits 31:16
 * @base, @len: range, meaningful for the SYSTEM kind
 * @name, @name_len: address and bytes of a name, at most ZX_MAX_NAME_LEN - 1
 * @out: address of the __u32 that receives the handle
 *
 * INVALID_ARGS: unknown kind or flag, name too long, bad pointer.
 * ACCESS_DENIED: the parent does not cover what is asked for.
 */
struct zx_ioc_resource_create {
	__u32 size;
	__u32 options;
	__u64 base;
	__u64 len;
	__u64 name;
	__u64 name_len;
	__u64 out;
};
#define ZX_IOC_RESOURCE_CREATE		_IO(ZX_IOC_MAGIC, 0x00)

/*
 * ZX_IOC_HANDLE_DUPLICATE - a new handle to the same object. On: any, DUPLICATE.
 * ZX_IOC_HANDLE_REPLACE - the same without a right needed; the caller then
 * closes the old descriptor, whatever this call answered.
 *
 * @rights: a subset of the handle's, or ZX_RIGHT_SAME_RIGHTS
 *
 * INVALID_ARGS: @rights is not a subset, bad pointer.
 */
struct zx_ioc_handle_duplicate {
	__u32 size;
	__u32 rights;
	__u64 out;
};
#define ZX_IOC_HANDLE_DUPLICATE		_IO(ZX_IOC_MAGIC, 0x08)
#define ZX_IOC_HANDLE_REPLACE		_IO(ZX_IOC_MAGIC, 0x09)

/*
 * ZX_IOC_OBJECT_GET_INFO - ask about an object. On: any; topics VMAR, VCPU and
 * RESOURCE need INSPECT and their type, VMO its type, HANDLE_COUNT INSPECT.
 * GUEST_STATS: a resource of the kind HYPERVISOR, or SYSTEM covering the INFO base,
 * else ACCESS_DENIED; one record per CPU, as many as there is room for.
 *
 * @topic: ZX_INFO_*
 * @buffer, @buffer_size: where the answer goes, and its room in bytes
 * @actual, @avail: addresses of __u64 counts of records; 0 for not wanted
 *
 * NOT_SUPPORTED: unknown topic. BUFFER_TOO_SMALL. INVALID_ARGS: bad pointer.
 */
struct zx_ioc_object_get_info {
	__u32 size;
	__u32 topic;
	__u64 buffer;
	__u64 buffer_size;
	__u64 actual;
	__u64 avail;
};
#define ZX_IOC_OBJECT_GET_INFO		_IO(ZX_IOC_MAGIC, 0x0a)

/*
 * ZX_IOC_OBJECT_WAIT_ONE - wait until one of @signals is up. On: any, WAIT.
 *
 * @signals: any; 0: nothing but @deadline and @handle end it
 * @deadline: as in ZX_IOC_PORT_WAIT
 * @handle: the value that the caller knows the handle by, so that closing it
 *          meanwhile ends the wait; 0: nothing but @signals and @deadline does
 * @observed: address of the __u32 that receives the signals; 0 for not wanted
 *
 * What is up for an instant only is observed. TIMED_OUT: @observed is written.
 * CANCELED: the handle was closed meanwhile, ZX_SIGNAL_HANDLE_CLOSED is observed.
 * INVALID_ARGS: bad pointer.
 */
struct zx_ioc_object_wait_one {
	__u32 size;
	__u32 signals;
	__s64 deadline;
	__u32 handle;
	__u32 reserved;
	__u64 observed;
};
#define ZX_IOC_OBJECT_WAIT_ONE		_IO(ZX_IOC_MAGIC, 0x0b)

/*
 * ZX_IOC_OBJECT_WAIT_MANY - wait for several objects at once. On: any handle.
 *
 * @items: address of @count struct zx_ioc_wait_item; each handle needs WAIT
 *
 * Each @pending is written with ZX_OK, TIMED_OUT and CANCELED. OUT_OF_RANGE:
 * @count is above ZX_WAIT_MANY_MAX_ITEMS. CANCELED: one of the handles was closed
 * meanwhile; ZX_SIGNAL_HANDLE_CLOSED says which. INVALID_ARGS: bad pointer.
 * NO_MEMORY. BAD_HANDLE, ACCESS_DENIED: of the first handle that is not fit. With
 * @count 0 it is a sleep.
 */
struct zx_ioc_wait_item {
	__u32 handle;
	__u32 waitfor;
	__u32 pending;
};

struct zx_ioc_object_wait_many {
	__u32 size;
	__u32 count;
	__s64 deadline;
	__u64 items;
};
#define ZX_IOC_OBJECT_WAIT_MANY		_IO(ZX_IOC_MAGIC, 0x0c)

/*
 * ZX_IOC_OBJECT_WAIT_ASYNC - have a SIGNAL_ONE packet queued, once, when one of
 * @signals is up. On: any, WAIT; the port needs WRITE.
 *
 * @signals: any; 0 is never up
 * @options: ZX_WAIT_ASYNC_*; EDGE: not for a signal that is up already;
 *           TIMESTAMP, BOOT_TIMESTAMP: the packet says when, in CLOCK_MONOTONIC or
 *           CLOCK_BOOTTIME; not both
 *
 * Ends unheard when the last descriptor of the handle or the last handle of the
 * port is closed, and with ZX_IOC_PORT_CANCEL. A packet that is queued outlives
 * the handle. INVALID_ARGS: options. NO_MEMORY, which 16384 of them at one object
 * or one port are as well.
 */
struct zx_ioc_object_wait_async {
	__u32 size;
	__u32 port;
	__u64 key;
	__u32 signals;
	__u32 options;
};
#define ZX_IOC_OBJECT_WAIT_ASYNC	_IO(ZX_IOC_MAGIC, 0x0d)

/*
 * ZX_IOC_OBJECT_SIGNAL - take down and put up signals. On: any, SIGNAL.
 * ZX_IOC_OBJECT_SIGNAL_PEER - the same of the other end. On: a channel or an
 * eventpair, SIGNAL_PEER. PEER_CLOSED; INVALID_ARGS comes first.
 *
 * @clear, @set: in ZX_SIGNAL_USER_ALL; on an event or an eventpair
 *               ZX_SIGNAL_SIGNALED as well. INVALID_ARGS otherwise.
 */
struct zx_ioc_object_signal {
	__u32 size;
	__u32 clear;
	__u32 set;
	__u32 reserved;
};
#define ZX_IOC_OBJECT_SIGNAL		_IO(ZX_IOC_MAGIC, 0x0e)
#define ZX_IOC_OBJECT_SIGNAL_PEER	_IO(ZX_IOC_MAGIC, 0x0f)

/*
 * ZX_IOC_OBJECT_GET_PROPERTY, ZX_IOC_OBJECT_SET_PROPERTY. On: any,
 * GET_PROPERTY or SET_PROPERTY.
 *
 * @property: ZX_PROP_NAME, a string: read with its NUL in ZX_MAX_NAME_LEN
 *            bytes, written cut to ZX_MAX_NAME_LEN - 1
 * @value, @value_size: address and bytes
 *
 * NOT_SUPPORTED: unknown property. BUFFER_TOO_SMALL: to read, less than
 * ZX_MAX_NAME_LEN. INVALID_ARGS: bad pointer.
 */
struct zx_ioc_object_property {
	__u32 size;
	__u32 property;
	__u64 value;
	__u64 value_size;
};
#define ZX_IOC_OBJECT_GET_PROPERTY	_IO(ZX_IOC_MAGIC, 0x38)
#define ZX_IOC_OBJECT_SET_PROPERTY	_IO(ZX_IOC_MAGIC, 0x39)

/*
 * ZX_IOC_PORT_CREATE - make a port. On: any handle; it lends nothing but the
 * way to the kernel.
 *
 * @options: 0, else INVALID_ARGS
 */
struct zx_ioc_port_create {
	__u32 size;
	__u32 options;
	__u64 out;
};
#define ZX_IOC_PORT_CREATE		_IO(ZX_IOC_MAGIC, 0x10)

/*
 * ZX_IOC_PORT_QUEUE - queue a user packet. On: a port, WRITE.
 *
 * @packet: address of a struct zx_packet; its type becomes USER
 *
 * SHOULD_WAIT: 4096 user packets are waiting. NO_MEMORY. INVALID_ARGS.
 */
struct zx_ioc_port_queue {
	__u32 size;
	__u32 reserved;
	__u64 packet;
};
#define ZX_IOC_PORT_QUEUE		_IO(ZX_IOC_MAGIC, 0x11)

/*
 * ZX_IOC_PORT_WAIT - take the oldest packet. On: a port, READ.
 *
 * @deadline: absolute; in the past: answer at once. INT64_MAX: for ever
 * @packet: address of a struct zx_packet, or 0 to drop the packet
 *
 * TIMED_OUT. INVALID_ARGS: bad pointer (the packet is gone).
 */
struct zx_ioc_port_wait {
	__u32 size;
	__u32 reserved;
	__s64 deadline;
	__u64 packet;
};
#define ZX_IOC_PORT_WAIT		_IO(ZX_IOC_MAGIC, 0x12)

/*
 * ZX_IOC_PORT_CANCEL - end what ZX_IOC_OBJECT_WAIT_ASYNC began for a handle and
 * a key, queued packets included. On: a port, WRITE; @source needs WAIT.
 *
 * Other packets with the key stay. NOT_FOUND: nothing was begun, or its packet
 * was taken.
 */
struct zx_ioc_port_cancel {
	__u32 size;
	__u32 source;
	__u64 key;
};
#define ZX_IOC_PORT_CANCEL		_IO(ZX_IOC_MAGIC, 0x13)

/*
 * ZX_IOC_CHANNEL_CREATE - make both ends of a channel. On: any handle.
 *
 * @options: 0, else INVALID_ARGS
 */
struct zx_ioc_pair_create {
	__u32 size;
	__u32 options;
	__u64 out0;
	__u64 out1;
};
#define ZX_IOC_CHANNEL_CREATE		_IO(ZX_IOC_MAGIC, 0x48)

/*
 * ZX_IOC_CHANNEL_WRITE - send a message to the other end. On: a channel, WRITE.
 * The caller then closes the descriptors of the handles sent, whatever this call
 * answered.
 *
 * @options: 0
 * @bytes, @num_bytes: at most ZX_CHANNEL_MAX_MSG_BYTES
 * @handles, @num_handles: address of __u32, at most ZX_CHANNEL_MAX_MSG_HANDLES;
 *                         each needs TRANSFER
 *
 * PEER_CLOSED. OUT_OF_RANGE: too many bytes or handles. INVALID_ARGS: options,
 * pointers. BAD_HANDLE: also a handle given twice. NOT_SUPPORTED: @handles has the
 * channel's own end, or the channel would hold itself, directly or in other
 * channels. SHOULD_WAIT: 3500 messages, or 4096 handles in them, wait at the
 * other end. NO_RESOURCES: the user has more handles under way than
 * RLIMIT_NOFILE, or the channel ends sent hold more than 4096. NO_MEMORY.
 */
struct zx_ioc_channel_write {
	__u32 size;
	__u32 options;
	__u64 bytes;
	__u64 handles;
	__u32 num_bytes;
	__u32 num_handles;
};
#define ZX_IOC_CHANNEL_WRITE		_IO(ZX_IOC_MAGIC, 0x49)

/*
 * ZX_IOC_CHANNEL_READ - take the oldest message. On: a channel, READ.
 *
 * @options: ZX_CHANNEL_READ_MAY_DISCARD: a message that does not fit is gone
 * @bytes, @num_bytes, @handles, @num_handles: room
 * @actual_bytes, @actual_handles: addresses of __u32; 0 for not wanted. Written
 *                                 with ZX_OK and BUFFER_TOO_SMALL.
 *
 * SHOULD_WAIT: no message. PEER_CLOSED: and none will come. BUFFER_TOO_SMALL.
 * NO_MEMORY: too few descriptors; the message stays. NOT_SUPPORTED: options.
 * INVALID_ARGS: a pointer is bad; the message is gone.
 */
struct zx_ioc_channel_read {
	__u32 size;
	__u32 options;
	__u64 bytes;
	__u64 handles;
	__u32 num_bytes;
	__u32 num_handles;
	__u64 actual_bytes;
	__u64 actual_handles;
};
#define ZX_IOC_CHANNEL_READ		_IO(ZX_IOC_MAGIC, 0x4a)

/*
 * ZX_IOC_CHANNEL_CALL - send a message, wait for the answer to it. On: a channel,
 * READ and WRITE. The kernel writes a number of its own into the first four bytes
 * of the message as it is sent, and takes the message that begins with them.
 *
 * @wr: the message, as ZX_IOC_CHANNEL_WRITE; its handles' descriptors likewise
 * @rd: room for the answer, as ZX_IOC_CHANNEL_READ
 * @handle: as in ZX_IOC_OBJECT_WAIT_ONE
 *
 * As the two calls, but that an answer that cannot be handed over is always gone.
 * TIMED_OUT, CANCELED (the handle was closed meanwhile): the answer, should it
 * come, goes to who reads. INVALID_ARGS: also
 * options, and fewer than four bytes. A signal that does not kill is delivered
 * after the call: starting anew would send again.
 */
struct zx_ioc_channel_call {
	__u32 size;
	__u32 options;
	__s64 deadline;
	__u64 wr_bytes;
	__u64 wr_handles;
	__u64 rd_bytes;
	__u64 rd_handles;
	__u32 wr_num_bytes;
	__u32 wr_num_handles;
	__u32 rd_num_bytes;
	__u32 rd_num_handles;
	__u64 actual_bytes;
	__u64 actual_handles;
	__u32 handle;
	__u32 reserved;
};
#define ZX_IOC_CHANNEL_CALL		_IO(ZX_IOC_MAGIC, 0x4b)

/*
 * ZX_IOC_EVENT_CREATE - make something that can be signaled. On: any handle.
 * ZX_IOC_EVENTPAIR_CREATE - make two that can signal each other (struct
 * zx_ioc_pair_create). On: any handle.
 *
 * @options: 0, else INVALID_ARGS
 */
struct zx_ioc_event_create {
	__u32 size;
	__u32 options;
	__u64 out;
};
#define ZX_IOC_EVENT_CREATE		_IO(ZX_IOC_MAGIC, 0x50)
#define ZX_IOC_EVENTPAIR_CREATE		_IO(ZX_IOC_MAGIC, 0x51)

#endif
