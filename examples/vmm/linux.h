/* SPDX-License-Identifier: MIT */
/*
 * A Linux bzImage, booted by the 64-bit protocol
 * (Documentation/x86/boot.rst in the kernel's source).
 */
#ifndef VMM_LINUX_H
#define VMM_LINUX_H

#include <asm/bootparam.h>
#include <stdint.h>

#include "memory.h"

struct boot_file {
	const char *path;
	int fd;
	uint64_t size;
};

struct boot_image {
	struct boot_file kernel, initrd;	/* no initrd: its size is 0 */
	const char *cmdline;
	struct setup_header header;
	uint64_t payload;			/* where in the file the 64-bit code starts */
	uint64_t kernel_base, kernel_end;	/* in guest memory; the end as it unpacks itself */
	uint64_t initrd_base;
};

/*
 * Open and check everything, and find places for it in @memory_size bytes. Exits
 * with a message when something is missing, wrong, or too large.
 */
void linux_open(struct boot_image *image, const char *kernel, const char *initrd,
		const char *cmdline, uint64_t memory_size);
/*
 * Put it there, with boot parameters for the kernel: again each time the guest
 * starts, so the files stay open. Returns the entry point.
 */
uint64_t linux_load(const struct boot_image *image, const struct memory *memory, uint64_t rsdp);

#endif
