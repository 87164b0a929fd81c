// SPDX-License-Identifier: MIT
/* What made guests exit, on all of the host's CPUs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <zircon/syscalls.h>
#include <zxl/hypervisor.h>

#include "exits.h"

/* In the order of the record's fields, behind the number and the flags of its CPU. */
static const char *const names[EXITS] = {
	"entries", "exits", "interrupt", "window", "cpuid", "hlt", "control register", "io",
	"rdmsr", "wrmsr", "memory", "xsetbv", "pause", "hypercall",
};

_Static_assert(sizeof(zx_info_guest_stats_t) == (EXITS + 1) * sizeof(uint64_t), "a name for each");

void exits_read(uint64_t counts[EXITS])
{
	zx_info_guest_stats_t *records = NULL;
	const uint64_t *fields;
	zx_handle_t resource;
	size_t cpus = 0, i, j;

	for (j = 0; j < EXITS; j++)
		counts[j] = 0;
	if (zxl_hypervisor_resource(&resource) != ZX_OK)
		return;
	if (zx_object_get_info(resource, ZX_INFO_GUEST_STATS, NULL, 0, NULL, &cpus) == ZX_OK)
		records = calloc(cpus, sizeof(*records));
	if (records)
		zx_object_get_info(resource, ZX_INFO_GUEST_STATS, records, cpus * sizeof(*records),
				   NULL, NULL);
	for (i = 0; records && i < cpus; i++) {
		fields = &records[i].vm_entries;
		for (j = 0; j < EXITS; j++)
			counts[j] += fields[j];
	}
	free(records);
	zx_handle_close(resource);
}

void exits_show(const uint64_t before[EXITS])
{
	uint64_t now[EXITS];
	unsigned int i;

	exits_read(now);
	fprintf(stderr, "vmm: ");
	for (i = 0; i < EXITS; i++) {
		now[i] -= before[i];
		if (now[i])
			fprintf(stderr, "%s%s %" PRIu64, i ? ", " : "", names[i], now[i]);
	}
	fprintf(stderr, "\n");
}
