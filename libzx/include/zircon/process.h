/* SPDX-License-Identifier: MIT */
#ifndef ZIRCON_PROCESS_H_
#define ZIRCON_PROCESS_H_

#include <zircon/types.h>

__BEGIN_CDECLS

/*
 * The VMAR of the calling process, for zx_vmar_map, zx_vmar_unmap and
 * zx_vmar_protect. Its base is 0, so offsets in it are addresses. The value
 * is reserved: no object's handle has it, no other call takes it
 * (ZX_ERR_BAD_HANDLE), and it need not be closed.
 */
zx_handle_t zx_vmar_root_self(void);

__END_CDECLS

#endif
