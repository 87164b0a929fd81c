/* SPDX-License-Identifier: MIT */
#ifndef ZIRCON_PROCESS_H_
#define ZIRCON_PROCESS_H_

#include <zircon/types.h>

__BEGIN_CDECLS

/*
 * The VMAR of the calling process: its base is 0, so offsets in it are
 * addresses. The handle is the process's and cannot be closed or replaced
 * (ZX_ERR_NOT_SUPPORTED). The zx_vmar_* calls take it, and those on VMARs that
 * were allocated inside it, and so do zx_handle_duplicate and
 * zx_object_get_info; other calls answer ZX_ERR_BAD_HANDLE to both, because the
 * kernel knows them not. So they cannot be sent through a channel.
 */
zx_handle_t zx_vmar_root_self(void);

__END_CDECLS

#endif
