// SPDX-License-Identifier: GPL-2.0-only
/* A guest's memory, as the instruction that was trapped sees it. */
#include "errors.h"

#define VCPU		w->vm.vcpu
#define READ_WRITE	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC)
/* The guest's tables end long before. */
#define UNPAGED		(1ull << 46)

static zx_gpaddr_t gpa;

/* The VCPU stands behind an access to a trapped page. */
static void trapped(struct world *w)
{
	OK(zx_guest_set_trap(w->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE, ZX_HANDLE_INVALID,
			     0));
	vm_frame(&w->vm)->rdi = GUEST_TRAP;
	OK(vm_boot(&w->vm, probe_add));
	OK(zx_vcpu_enter(VCPU, &w->packet));
}

/* @status: of another step */
static void trapped_and(struct world *w, zx_status_t status)
{
	trapped(w);
	OK(status);
}

static zx_status_t part_of_a_vmo(struct world *w)
{
	return zx_vmar_map(w->vm.vmar, READ_WRITE, GUEST_HOLE, w->vmo, 0, 8 * PAGE, &w->addr);
}

static zx_status_t tables_in_a_trap(struct world *w)
{
	trapped(w);
	return zx_guest_set_trap(w->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TABLES + 0x2000, PAGE,
				 ZX_HANDLE_INVALID, 0);
}

#define AT(addr)	addr, w->buffer, 8, &gpa

#define ACCESSES(call, RIGHT)								\
	BAD_HANDLES(call, h, AT(GUEST_SPARE))						\
	WRONG_TYPE(call, w->port, h, AT(GUEST_SPARE))					\
	ROW(__LINE__, f, call, ACCESS_DENIED, "without " #RIGHT)			\
	{ trapped(w); return call(without(w, VCPU, ZX_RIGHT_##RIGHT), AT(GUEST_SPARE)); }	\
	ROW(__LINE__, g, call, INVALID_ARGS, "4097 bytes")				\
	{ trapped(w); return call(VCPU, GUEST_SPARE, w->buffer, 4097, &gpa); }		\
	ROW(__LINE__, h, call, INVALID_ARGS, "2^64 - 1 bytes")				\
	{ trapped(w); return call(VCPU, GUEST_SPARE, w->buffer, ALL, &gpa); }		\
	ROW(__LINE__, i, call, INVALID_ARGS, "a bad pointer")				\
	{ trapped(w); return call(VCPU, GUEST_SPARE, BAD_POINTER, 8, &gpa); }		\
	ROW(__LINE__, j, call, BAD_STATE, "no access was trapped")			\
	{ OK(vm_boot(&w->vm, done)); return call(VCPU, AT(GUEST_SPARE)); }		\
	static zx_status_t call##_elsewhere(struct world *w)				\
	{ return call(VCPU, AT(GUEST_SPARE)); }						\
	ROW(__LINE__, k, call, BAD_STATE, "another thread's")				\
	{ trapped(w); return elsewhere(w, call##_elsewhere); }				\
	ROW(__LINE__, l, call, CANCELED, "nothing in the guest's tables")		\
	{ trapped(w); return call(VCPU, AT(UNPAGED)); }					\
	ROW(__LINE__, m, call, UNAVAILABLE, "a trapped page")				\
	{ trapped(w); return call(VCPU, AT(GUEST_TRAP)); }				\
	ROW(__LINE__, n, call, UNAVAILABLE, "the edge of a trapped page")		\
	{										\
		trapped_and(w, zx_vmar_map(w->vm.vmar, READ_WRITE, GUEST_TRAP - PAGE,	\
					   w->vmo, 0, PAGE, &w->addr));			\
		return call(VCPU, AT(GUEST_TRAP - 4));					\
	}										\
	ROW(__LINE__, o, call, NOT_FOUND, "memory that is not mapped")			\
	{ trapped(w); return call(VCPU, AT(GUEST_HOLE)); }				\
	ROW(__LINE__, p, call, OUT_OF_RANGE, "memory past the end of its VMO")		\
	{ OK(part_of_a_vmo(w)); trapped(w); return call(VCPU, AT(GUEST_HOLE + 4 * PAGE)); }	\
	ROW(__LINE__, q, call, NOT_SUPPORTED, "tables in a trap")			\
	{ OK(tables_in_a_trap(w)); return call(VCPU, AT(GUEST_SPARE)); }

ACCESSES(zxl_vcpu_read_memory, READ)
ACCESSES(zxl_vcpu_write_memory, WRITE)
ERROR_AFTER(zxl_vcpu_write_memory, ACCESS_DENIED, "memory that may not be written",
	    trapped_and(w, zx_vmar_protect(w->vm.vmar, ZX_VM_PERM_READ, GUEST_SPARE, PAGE)),
	    VCPU, AT(GUEST_SPARE))
