/* SPDX-License-Identifier: MIT */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	const char *kernel;
	const char *initrd;		/* NULL: none */
	const char *cmdline;
	uint64_t memory;
	unsigned int cpus;
	uint32_t ipi_mode;		/* ZXL_IPI_* */
	bool reboot;
	bool stats;
};

/* Exits with VMM_USAGE and a message for what it does not understand, with 0 after --help. */
void options_parse(struct options *options, int argc, char **argv);

#endif
