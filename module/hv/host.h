/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's side of it: virtualization is switched on, on every CPU, with the
 * first guest, and off with the last; CPUs that come and go in between follow.
 */
#ifndef _ZX_HOST_H
#define _ZX_HOST_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "../../uapi/zx_hypervisor.h"

/* Module parameters: each takes a feature away. */
extern bool zx_hugepages;	/* 2 MiB leaves and VMO pages */
extern bool zx_nrips;		/* SVM: next RIP from the CPU */
extern bool zx_decode_assists;	/* SVM: decode assists from the CPU */
extern bool zx_asid;		/* SVM: a tag per VCPU instead of a flush per entry */
extern bool zx_vpid;		/* VMX: the same */
extern bool zx_tpr_shadow;	/* VMX: CR8 without exits */
extern bool zx_apicv;		/* VMX: interrupts of the local APIC without exits */
extern unsigned int zx_slice_us;	/* VMX: the longest run between two exits, or 0 */

/* Is this CPU ours to enter guests on? Interrupts off. */
DECLARE_PER_CPU(bool, zx_host_on);

int zx_host_init(void);
void zx_host_exit(void);
/* NOT_SUPPORTED: this machine cannot run guests now; logged once per reason. */
zx_status_t zx_host_get(void);
void zx_host_put(void);
/* Is this module there, or built in? */
bool zx_host_module(const char *name);

#endif
