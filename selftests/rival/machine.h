/* SPDX-License-Identifier: GPL-2.0-only */
/* Modules and the kernel's log, for tests that begin before zx_hypervisor is there. */
#ifndef _SELFTESTS_RIVAL_MACHINE_H
#define _SELFTESTS_RIVAL_MACHINE_H

/* 0, or the error. */
int module_load(const char *path, const char *args);
int module_unload(const char *name);
/* Freshly, so that it has said nothing yet. */
int hypervisor_load(void);
/* Once nothing of ours is alive any more. */
int hypervisor_unload(void);
/* Lines in which zx_hypervisor, since it was loaded, said why it cannot, and which have @words. */
int refusals_logged(const char *words);
/* A guest of ours comes up and runs on each of the first two CPUs. */
zx_status_t try_guest(void);

#endif
