/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: what would otherwise be log lines. Every exit, and every way out
 * of an enter.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM zx_hypervisor

#if !defined(_ZX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ZX_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(zx_exit,
	TP_PROTO(unsigned int id, unsigned int kind, u64 code, u64 rip),
	TP_ARGS(id, kind, code, rip),
	TP_STRUCT__entry(
		__field(unsigned int, id)
		__field(unsigned int, kind)
		__field(u64, code)
		__field(u64, rip)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->kind = kind;
		__entry->code = code;
		__entry->rip = rip;
	),
	TP_printk("vcpu %u kind %u code %#llx rip %#llx",
		  __entry->id, __entry->kind, __entry->code, __entry->rip)
);

TRACE_EVENT(zx_fault,
	TP_PROTO(unsigned int id, u64 gpa, unsigned int access, int status),
	TP_ARGS(id, gpa, access, status),
	TP_STRUCT__entry(
		__field(unsigned int, id)
		__field(u64, gpa)
		__field(unsigned int, access)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->gpa = gpa;
		__entry->access = access;
		__entry->status = status;
	),
	TP_printk("vcpu %u gpa %#llx access %u status %d",
		  __entry->id, __entry->gpa, __entry->access, __entry->status)
);

TRACE_EVENT(zx_return,
	TP_PROTO(unsigned int id, int status, u32 reason, u64 addr),
	TP_ARGS(id, status, reason, addr),
	TP_STRUCT__entry(
		__field(unsigned int, id)
		__field(int, status)
		__field(u32, reason)
		__field(u64, addr)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->status = status;
		__entry->reason = reason;
		__entry->addr = addr;
	),
	TP_printk("vcpu %u status %d reason %u addr %#llx",
		  __entry->id, __entry->status, __entry->reason, __entry->addr)
);

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
