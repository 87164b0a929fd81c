// SPDX-License-Identifier: GPL-2.0-only
/* Guests and traps. */
#include "errors.h"

#define TRAP(kind)	ZX_GUEST_TRAP_##kind
#define NO_PORT		ZX_HANDLE_INVALID, 0
#define FREE_PORT	0x300

static void trapped(struct world *w, uint32_t kind, uint64_t addr, uint64_t len)
{
	OK(zx_guest_set_trap(w->vm.guest, kind, addr, len,
			     kind == TRAP(BELL) ? w->port : ZX_HANDLE_INVALID, 0));
}

BAD_HANDLES(zx_guest_create, h, 0, &w->out, &w->out2)
WRONG_TYPE(zx_guest_create, w->port, h, 0, &w->out, &w->out2)
ERROR(zx_guest_create, ACCESS_DENIED, "a resource of another kind",
      derived(w, ZX_RSRC_KIND_VMEX, 0, 0), 0, &w->out, &w->out2)
ERROR(zx_guest_create, ACCESS_DENIED, "a range beside the one wanted",
      derived(w, ZX_RSRC_KIND_SYSTEM, 1, 4), 0, &w->out, &w->out2)
ERROR(zx_guest_create, ACCESS_DENIED, "before the options are looked at",
      derived(w, ZX_RSRC_KIND_VMEX, 0, 0), 1, &w->out, &w->out2)
ERROR(zx_guest_create, INVALID_ARGS, "an option", w->vm.resource, 1, &w->out, &w->out2)
ERROR(zx_guest_create, INVALID_ARGS, "all options", w->vm.resource, UINT32_MAX, &w->out, &w->out2)
ERROR(zx_guest_create, INVALID_ARGS, "a bad pointer for the guest",
      w->vm.resource, 0, BAD_POINTER, &w->out2)
ERROR(zx_guest_create, INVALID_ARGS, "a bad pointer for the VMAR",
      w->vm.resource, 0, &w->out, BAD_POINTER)

ON(zx_guest_set_trap, w->vm.guest, w->vmo, WRITE, h, TRAP(IO), FREE_PORT, 1, NO_PORT)
ERROR(zx_guest_set_trap, BAD_HANDLE, "of the port",
      w->vm.guest, TRAP(BELL), GUEST_BELL, PAGE, closed(w), 0)
ERROR(zx_guest_set_trap, WRONG_TYPE, "of the port",
      w->vm.guest, TRAP(BELL), GUEST_BELL, PAGE, w->vmo, 0)
ERROR(zx_guest_set_trap, ACCESS_DENIED, "a port without WRITE",
      w->vm.guest, TRAP(BELL), GUEST_BELL, PAGE, without(w, w->port, ZX_RIGHT_WRITE), 0)
ERROR(zx_guest_set_trap, BAD_HANDLE, "of the port, before a kind that forbids one",
      w->vm.guest, TRAP(MEM), GUEST_TRAP, PAGE, closed(w), 0)
ERROR(zx_guest_set_trap, INVALID_ARGS, "MEM with a port",
      w->vm.guest, TRAP(MEM), GUEST_TRAP, PAGE, w->port, 0)
ERROR(zx_guest_set_trap, INVALID_ARGS, "IO with a port",
      w->vm.guest, TRAP(IO), FREE_PORT, 1, w->port, 0)
ERROR(zx_guest_set_trap, INVALID_ARGS, "BELL without a port",
      w->vm.guest, TRAP(BELL), GUEST_BELL, PAGE, NO_PORT)
ERROR(zx_guest_set_trap, INVALID_ARGS, "kind 3", w->vm.guest, 3, FREE_PORT, 1, NO_PORT)
ERROR(zx_guest_set_trap, INVALID_ARGS, "the last kind",
      w->vm.guest, UINT32_MAX, FREE_PORT, 1, NO_PORT)
ERROR(zx_guest_set_trap, INVALID_ARGS, "IO of no port",
      w->vm.guest, TRAP(IO), FREE_PORT, 0, NO_PORT)
ERROR(zx_guest_set_trap, INVALID_ARGS, "MEM of no page",
      w->vm.guest, TRAP(MEM), GUEST_TRAP, 0, NO_PORT)
ERROR(zx_guest_set_trap, INVALID_ARGS, "BELL of no page",
      w->vm.guest, TRAP(BELL), GUEST_BELL, 0, w->port, 0)
ERROR(zx_guest_set_trap, INVALID_ARGS, "an unaligned address",
      w->vm.guest, TRAP(MEM), GUEST_TRAP + 1, PAGE, NO_PORT)
ERROR(zx_guest_set_trap, INVALID_ARGS, "an unaligned length",
      w->vm.guest, TRAP(MEM), GUEST_TRAP, 1, NO_PORT)
ERROR(zx_guest_set_trap, INVALID_ARGS, "two pages at the local APIC",
      w->vm.guest, TRAP(MEM), 0xfee00000, 2 * PAGE, NO_PORT)
ERROR(zx_guest_set_trap, OUT_OF_RANGE, "port 0x10000", w->vm.guest, TRAP(IO), 0x10000, 1, NO_PORT)
ERROR(zx_guest_set_trap, OUT_OF_RANGE, "a port too many", w->vm.guest, TRAP(IO), 0xffff, 2, NO_PORT)
ERROR(zx_guest_set_trap, OUT_OF_RANGE, "ports that wrap", w->vm.guest, TRAP(IO), 1, ALL, NO_PORT)
ERROR(zx_guest_set_trap, OUT_OF_RANGE, "at 2^48", w->vm.guest, TRAP(MEM), GPA_END, PAGE, NO_PORT)
ERROR(zx_guest_set_trap, OUT_OF_RANGE, "a page past 2^48",
      w->vm.guest, TRAP(BELL), GPA_END - PAGE, 2 * PAGE, w->port, 0)
ERROR(zx_guest_set_trap, OUT_OF_RANGE, "pages that wrap",
      w->vm.guest, TRAP(MEM), PAGE, ALL - PAGE + 1, NO_PORT)
ERROR(zx_guest_set_trap, ALREADY_EXISTS, "the same ports",
      w->vm.guest, TRAP(IO), GUEST_PORTS, GUEST_PORTS_LEN, NO_PORT)
ERROR(zx_guest_set_trap, ALREADY_EXISTS, "the last port of another",
      w->vm.guest, TRAP(IO), GUEST_PORTS + GUEST_PORTS_LEN - 1, 4, NO_PORT)
ERROR(zx_guest_set_trap, ALREADY_EXISTS, "all ports", w->vm.guest, TRAP(IO), 0, 0x10000, NO_PORT)
ERROR_AFTER(zx_guest_set_trap, ALREADY_EXISTS, "a BELL over a MEM",
	    trapped(w, TRAP(MEM), GUEST_TRAP, 4 * PAGE),
	    w->vm.guest, TRAP(BELL), GUEST_TRAP + PAGE, PAGE, w->port, 0)
ERROR_AFTER(zx_guest_set_trap, ALREADY_EXISTS, "a MEM around a BELL",
	    trapped(w, TRAP(BELL), GUEST_BELL, PAGE),
	    w->vm.guest, TRAP(MEM), GUEST_BELL - PAGE, 3 * PAGE, NO_PORT)

ON(zxl_guest_unset_trap, w->vm.guest, w->vmo, WRITE, h, TRAP(IO), GUEST_PORTS)
ERROR(zxl_guest_unset_trap, INVALID_ARGS, "kind 3", w->vm.guest, 3, GUEST_PORTS)
ERROR(zxl_guest_unset_trap, NOT_FOUND, "ports without a trap", w->vm.guest, TRAP(IO), FREE_PORT)
ERROR(zxl_guest_unset_trap, NOT_FOUND, "the second port of one",
      w->vm.guest, TRAP(IO), GUEST_PORTS + 1)
ERROR(zxl_guest_unset_trap, NOT_FOUND, "a port past the last", w->vm.guest, TRAP(IO), ALL)
ERROR(zxl_guest_unset_trap, NOT_FOUND, "an address past the last", w->vm.guest, TRAP(MEM), ALL)
ERROR_AFTER(zxl_guest_unset_trap, NOT_FOUND, "a trap of another kind",
	    trapped(w, TRAP(MEM), GUEST_TRAP, PAGE), w->vm.guest, TRAP(BELL), GUEST_TRAP)

ON(zxl_guest_set_ipi_mode, w->vm.guest, w->vmo, WRITE, h, ZXL_IPI_KERNEL)
ERROR(zxl_guest_set_ipi_mode, INVALID_ARGS, "mode 2", w->vm.guest, 2)
ERROR(zxl_guest_set_ipi_mode, INVALID_ARGS, "the last mode", w->vm.guest, UINT32_MAX)
