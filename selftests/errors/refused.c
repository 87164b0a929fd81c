// SPDX-License-Identifier: GPL-2.0-only
/* What a machine that cannot run guests says. */
#define REFUSED		true
#include "errors.h"

ERROR(zx_guest_create, NOT_SUPPORTED, "a CPU without virtualization",
      w->vm.resource, 0, &w->out, &w->out2)
