/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _POWER_NEXT_H
#define _POWER_NEXT_H

#include <stdbool.h>

/*
 * Load the kernel that comes next, with its initramfs and command line: for a reboot, or for a
 * crash, into the memory set aside. By kexec_load(2): the file's way has the kernel compute
 * digests over all of its memory, which takes an interpreter minutes.
 */
void next_load(const char *kernel, const char *initrd, const char *line, bool crash);

#endif
