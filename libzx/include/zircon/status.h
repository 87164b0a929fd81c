/* SPDX-License-Identifier: MIT */
#ifndef ZIRCON_STATUS_H_
#define ZIRCON_STATUS_H_

#include <zircon/types.h>

__BEGIN_CDECLS

/*
 * The name of a status, as in "ZX_ERR_NOT_FOUND", or "(UNKNOWN)". The string
 * is static. Any thread, async-signal-safe.
 */
const char *zx_status_get_string(zx_status_t status);

__END_CDECLS

#endif
