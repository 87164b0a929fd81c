/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that ends without notice (a panic, an emergency restart) switches virtualization
 * off through the one place that it has for a hypervisor's hand. The place is KVM's while
 * KVM is loaded, and ours else.
 */
#ifndef _ZX_CRASH_H
#define _ZX_CRASH_H

#ifdef ZX_HAVE_CRASH_CALLBACK
void zx_crash_init(void);
void zx_crash_exit(void);
#else
static inline void zx_crash_init(void) { }
static inline void zx_crash_exit(void) { }
#endif

#endif
