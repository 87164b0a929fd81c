// SPDX-License-Identifier: GPL-2.0-only
/* VCPUs. */
#include "errors.h"

#define STATE	ZX_VCPU_STATE, &w->state, sizeof(w->state)
#define VCPU	w->vm.vcpu

#define ELSEWHERE(call_, what, ...)						\
	static zx_status_t call_##_elsewhere(struct world *w)			\
	{ return call_(__VA_ARGS__); }						\
	ROW(__LINE__, t, call_, BAD_STATE, what)				\
	{ OK(vm_boot(&w->vm, done)); return elsewhere(w, call_##_elsewhere); }

/* A guest whose VCPU stands at the probe of that name. */
#define BOOT(name)	OK(vm_boot(&w->vm, name))

static void store_to(struct world *w, uint64_t addr)
{
	vm_frame(&w->vm)->rdi = addr;
	BOOT(probe_store);
}

static void closed_bell(struct world *w)
{
	zx_handle_t port = ZX_HANDLE_INVALID;

	OK(zx_port_create(0, &port));
	OK(zx_guest_set_trap(w->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, port, 0));
	OK(zx_handle_close(port));
	store_to(w, GUEST_BELL);
}

static void read_only(struct world *w)
{
	OK(zx_vmar_protect(w->vm.vmar, ZX_VM_PERM_READ, GUEST_SPARE, PAGE));
	store_to(w, GUEST_SPARE);
}

static void past_end(struct world *w)
{
	OK(zx_vmar_map(w->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC, GUEST_HOLE,
		       w->vmo, 0, 8 * PAGE, &w->addr));
	store_to(w, GUEST_HOLE + 4 * PAGE);
}

static void bell_load(struct world *w)
{
	OK(zx_guest_set_trap(w->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, w->port, 0));
	vm_frame(&w->vm)->rdi = GUEST_BELL;
	BOOT(probe_load);
}

static void kicked(struct world *w)
{
	BOOT(done);
	OK(zx_vcpu_kick(VCPU));
}

static void interrupted(struct world *w, uint32_t vector)
{
	BOOT(spin);
	OK(zx_vcpu_interrupt(VCPU, vector));
}

BAD_HANDLES(zx_vcpu_create, h, 0, GUEST_ENTRY, &w->out)
WRONG_TYPE(zx_vcpu_create, w->port, h, 0, GUEST_ENTRY, &w->out)
LACKS(zx_vcpu_create, w->vm.guest, MANAGE_PROCESS, h, 0, GUEST_ENTRY, &w->out)
ERROR(zx_vcpu_create, INVALID_ARGS, "an option", w->vm.guest, 1, GUEST_ENTRY, &w->out)
ERROR(zx_vcpu_create, INVALID_ARGS, "an option, before the handle is looked at",
      ZX_HANDLE_INVALID, 1, GUEST_ENTRY, &w->out)
ERROR(zx_vcpu_create, INVALID_ARGS, "an entry at 2^48", w->vm.guest, 0, GPA_END, &w->out)
ERROR(zx_vcpu_create, INVALID_ARGS, "the last entry", w->vm.guest, 0, ALL, &w->out)
ERROR(zx_vcpu_create, INVALID_ARGS, "a bad pointer", w->vm.guest, 0, GUEST_ENTRY, BAD_POINTER)
ERROR_AFTER(zx_vcpu_create, BAD_STATE, "the thread has one", BOOT(done),
	    w->vm.guest, 0, GUEST_ENTRY, &w->out)

/* 64 threads come, make a VCPU each, and go without it. */
static void *vcpu_stays(void *arg)
{
	struct world *w = arg;
	zx_handle_t vcpu;

	return zx_vcpu_create(w->vm.guest, 0, GUEST_ENTRY, &vcpu) == ZX_OK ?
		(void *)(uintptr_t)vcpu : NULL;
}

ROW(__LINE__, _, zx_vcpu_create, NO_RESOURCES, "number 65")
{
	static zx_handle_t vcpus[64];
	zx_status_t status;
	pthread_t thread;
	unsigned int i;
	void *vcpu;

	for (i = 0; i < 64; i++) {
		if (pthread_create(&thread, NULL, vcpu_stays, w) || pthread_join(thread, &vcpu) ||
		    !vcpu)
			w->broken = __LINE__;
		vcpus[i] = (zx_handle_t)(uintptr_t)vcpu;
	}
	status = zx_vcpu_create(w->vm.guest, 0, GUEST_ENTRY, &w->out);
	OK(zx_handle_close_many(vcpus, 64));
	return status;
}

#define ENTERS(call)									\
	BAD_HANDLES(call, h, &w->packet)						\
	WRONG_TYPE(call, w->port, h, &w->packet)					\
	ROW(__LINE__, f, call, ACCESS_DENIED, "without EXECUTE")			\
	{ BOOT(done); return call(without(w, VCPU, ZX_RIGHT_EXECUTE), &w->packet); }	\
	ROW(__LINE__, g, call, ACCESS_DENIED, "a store to read-only memory")		\
	{ read_only(w); return call(VCPU, &w->packet); }				\
	ROW(__LINE__, h, call, NOT_FOUND, "memory that is not mapped")			\
	{ store_to(w, GUEST_HOLE); return call(VCPU, &w->packet); }			\
	ROW(__LINE__, i, call, NOT_FOUND, "a port without a trap")			\
	{										\
		vm_frame(&w->vm)->rdx = GUEST_PORT_UNTRAPPED;				\
		BOOT(probe_out32);							\
		return call(VCPU, &w->packet);						\
	}										\
	ROW(__LINE__, j, call, OUT_OF_RANGE, "memory past the end of its VMO")		\
	{ past_end(w); return call(VCPU, &w->packet); }					\
	ROW(__LINE__, k, call, BAD_STATE, "a bell whose port is closed")		\
	{ closed_bell(w); return call(VCPU, &w->packet); }				\
	ROW(__LINE__, l, call, NOT_SUPPORTED, "a load from a bell")			\
	{ bell_load(w); return call(VCPU, &w->packet); }				\
	ROW(__LINE__, m, call, NOT_SUPPORTED, "a triple fault")				\
	{ BOOT(shutdown); return call(VCPU, &w->packet); }				\
	ROW(__LINE__, n, call, NOT_SUPPORTED, "string output")				\
	{ vm_frame(&w->vm)->rdx = GUEST_PORT_DONE; vm_frame(&w->vm)->rsi = GUEST_BUFFER;	\
	  BOOT(probe_outs); return call(VCPU, &w->packet); }				\
	ROW(__LINE__, o, call, NOT_SUPPORTED, "vector 21")				\
	{ interrupted(w, 21); return call(VCPU, &w->packet); }				\
	ROW(__LINE__, p, call, CANCELED, "kicked before")				\
	{ kicked(w); return call(VCPU, &w->packet); }					\
	ROW(__LINE__, q, call, INVALID_ARGS, "a bad pointer")				\
	{ BOOT(done); return call(VCPU, BAD_POINTER); }					\
	ROW(__LINE__, r, call, INVALID_ARGS, "no packet")				\
	{ BOOT(done); return call(VCPU, NULL); }

ENTERS(zx_vcpu_enter)
ENTERS(zx_vcpu_resume)
ELSEWHERE(zx_vcpu_enter, "another thread's", VCPU, &w->packet)
ELSEWHERE(zx_vcpu_resume, "another thread's", VCPU, &w->packet)

BAD_HANDLES(zx_vcpu_kick, h)
WRONG_TYPE(zx_vcpu_kick, w->port, h)
ERROR_AFTER(zx_vcpu_kick, ACCESS_DENIED, "without EXECUTE", BOOT(done),
	    without(w, VCPU, ZX_RIGHT_EXECUTE))

BAD_HANDLES(zx_vcpu_interrupt, h, 0x40)
WRONG_TYPE(zx_vcpu_interrupt, w->port, h, 0x40)
ERROR_AFTER(zx_vcpu_interrupt, ACCESS_DENIED, "without SIGNAL", BOOT(done),
	    without(w, VCPU, ZX_RIGHT_SIGNAL), 0x40)
ERROR_AFTER(zx_vcpu_interrupt, OUT_OF_RANGE, "vector 256", BOOT(done), VCPU, 256)
ERROR_AFTER(zx_vcpu_interrupt, OUT_OF_RANGE, "the last vector", BOOT(done), VCPU, UINT32_MAX)

BAD_HANDLES(zxl_vcpu_interrupt, h, 0x40, 0)
WRONG_TYPE(zxl_vcpu_interrupt, w->port, h, 0x40, 0)
ERROR_AFTER(zxl_vcpu_interrupt, ACCESS_DENIED, "without SIGNAL", BOOT(done),
	    without(w, VCPU, ZX_RIGHT_SIGNAL), 0x40, ZXL_INTERRUPT_LEVEL)
ERROR_AFTER(zxl_vcpu_interrupt, OUT_OF_RANGE, "vector 256", BOOT(done), VCPU, 256, 0)
ERROR_AFTER(zxl_vcpu_interrupt, OUT_OF_RANGE, "the last vector, as a level", BOOT(done),
	    VCPU, UINT32_MAX, ZXL_INTERRUPT_LEVEL)
ERROR_AFTER(zxl_vcpu_interrupt, INVALID_ARGS, "an unknown option", BOOT(done), VCPU, 0x40, 2)
ERROR_AFTER(zxl_vcpu_interrupt, INVALID_ARGS, "all options", BOOT(done), VCPU, 0x40, UINT32_MAX)
ERROR_AFTER(zxl_vcpu_interrupt, INVALID_ARGS, "the last option, and a vector too large",
	    BOOT(done), VCPU, 256, 1u << 31)
ERROR_AFTER(zxl_vcpu_interrupt, INVALID_ARGS, "a level of vector 31", BOOT(done),
	    VCPU, 31, ZXL_INTERRUPT_LEVEL)
ERROR_AFTER(zxl_vcpu_interrupt, INVALID_ARGS, "a level of NMI", BOOT(done),
	    VCPU, 2, ZXL_INTERRUPT_LEVEL)

BAD_HANDLES(zx_vcpu_read_state, h, STATE)
WRONG_TYPE(zx_vcpu_read_state, w->port, h, STATE)
ERROR_AFTER(zx_vcpu_read_state, ACCESS_DENIED, "without READ", BOOT(done),
	    without(w, VCPU, ZX_RIGHT_READ), STATE)
ERROR_AFTER(zx_vcpu_read_state, INVALID_ARGS, "to write only", BOOT(done),
	    VCPU, ZX_VCPU_IO, w->buffer, 8)
ERROR_AFTER(zx_vcpu_read_state, INVALID_ARGS, "an unknown kind", BOOT(done),
	    VCPU, 77, &w->state, sizeof(w->state))
ERROR_AFTER(zx_vcpu_read_state, INVALID_ARGS, "a byte short", BOOT(done),
	    VCPU, ZX_VCPU_STATE, &w->state, sizeof(w->state) - 1)
ERROR_AFTER(zx_vcpu_read_state, INVALID_ARGS, "a byte long", BOOT(done),
	    VCPU, ZX_VCPU_STATE, w->buffer, sizeof(w->state) + 1)
ERROR_AFTER(zx_vcpu_read_state, INVALID_ARGS, "2^64 - 1 bytes", BOOT(done),
	    VCPU, ZX_VCPU_STATE, w->buffer, ALL)
ERROR_AFTER(zx_vcpu_read_state, INVALID_ARGS, "a bad pointer", BOOT(done),
	    VCPU, ZX_VCPU_STATE, BAD_POINTER, sizeof(w->state))
ELSEWHERE(zx_vcpu_read_state, "another thread's", VCPU, STATE)

BAD_HANDLES(zx_vcpu_write_state, h, STATE)
WRONG_TYPE(zx_vcpu_write_state, w->port, h, STATE)
ERROR_AFTER(zx_vcpu_write_state, ACCESS_DENIED, "without WRITE", BOOT(done),
	    without(w, VCPU, ZX_RIGHT_WRITE), STATE)
ERROR_AFTER(zx_vcpu_write_state, INVALID_ARGS, "an unknown kind", BOOT(done),
	    VCPU, 77, &w->state, sizeof(w->state))
ERROR_AFTER(zx_vcpu_write_state, INVALID_ARGS, "a byte short", BOOT(done),
	    VCPU, ZX_VCPU_STATE, &w->state, sizeof(w->state) - 1)
ERROR_AFTER(zx_vcpu_write_state, INVALID_ARGS, "an answer of the wrong size", BOOT(done),
	    VCPU, ZX_VCPU_IO, &w->state, sizeof(w->state))
ERROR_AFTER(zx_vcpu_write_state, INVALID_ARGS, "an answer of 3 bytes", BOOT(done),
	    VCPU, ZX_VCPU_IO, (&(zx_vcpu_io_t){ .access_size = 3 }), sizeof(zx_vcpu_io_t))
ERROR_AFTER(zx_vcpu_write_state, INVALID_ARGS, "a bad pointer", BOOT(done),
	    VCPU, ZX_VCPU_STATE, BAD_POINTER, sizeof(w->state))
ELSEWHERE(zx_vcpu_write_state, "another thread's", VCPU, STATE)

static zxl_vcpu_access_t access_;

BAD_HANDLES(zxl_vcpu_access, h, &access_)
WRONG_TYPE(zxl_vcpu_access, w->port, h, &access_)
ERROR_AFTER(zxl_vcpu_access, ACCESS_DENIED, "without READ", BOOT(done),
	    without(w, VCPU, ZX_RIGHT_READ), &access_)
ERROR_AFTER(zxl_vcpu_access, BAD_STATE, "no access was trapped", BOOT(done), VCPU, &access_)
ELSEWHERE(zxl_vcpu_access, "another thread's", VCPU, &access_)

BAD_HANDLES(zxl_vcpu_access_finish, h, 0)
WRONG_TYPE(zxl_vcpu_access_finish, w->port, h, 0)
ERROR_AFTER(zxl_vcpu_access_finish, ACCESS_DENIED, "without WRITE", BOOT(done),
	    without(w, VCPU, ZX_RIGHT_WRITE), 0)
ERROR_AFTER(zxl_vcpu_access_finish, BAD_STATE, "no access was trapped", BOOT(done), VCPU, 0)

/* The VCPU stands behind the access of the probe of that name to a trapped page. */
#define TRAPPED(name)									\
	do {										\
		OK(zx_guest_set_trap(w->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,	\
				     ZX_HANDLE_INVALID, 0));				\
		vm_frame(&w->vm)->rdi = vm_frame(&w->vm)->rsi = GUEST_TRAP;		\
		BOOT(name);								\
		OK(zx_vcpu_enter(VCPU, &w->packet));					\
	} while (0)

ERROR_AFTER(zxl_vcpu_access, NOT_SUPPORTED, "no plain MOV", TRAPPED(probe_add), VCPU, &access_)
ERROR_AFTER(zxl_vcpu_access_finish, NOT_SUPPORTED, "no plain MOV", TRAPPED(probe_add), VCPU, 0)
ERROR_AFTER(zxl_vcpu_access_finish, BAD_STATE, "of a store", TRAPPED(probe_store), VCPU, 0)
