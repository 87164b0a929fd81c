/* SPDX-License-Identifier: MIT */
#ifndef VMM_ACPI_H
#define VMM_ACPI_H

#include <stdint.h>

#include "memory.h"

/* Write the tables for @cpus CPUs at ACPI_BASE; where the RSDP is comes back. */
uint64_t acpi_write(const struct memory *memory, unsigned int cpus);

#endif
