/* SPDX-License-Identifier: MIT */
/*
 * The I/O ports. Every device has a range of them and a trap whose key
 * is the address of its struct bus_range; the ports between the devices have
 * traps with key 0, where reads give all ones and writes vanish.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <zircon/types.h>

#define BUS_PORTS	0x10000u
#define BUS_RANGES	24

/* Offsets count from the first port of the range; sizes are 1, 2 or 4. */
struct bus_ops {
	/* 8 bits wide: larger accesses come as several of one byte. */
	bool bytes;
	uint32_t (*read)(void *device, uint16_t offset, uint8_t size);
	void (*write)(void *device, uint16_t offset, uint8_t size, uint32_t value);
};

struct bus_range {
	uint32_t first, end;
	const struct bus_ops *ops;
	void *device;
};

struct bus {
	struct bus_range range[BUS_RANGES];
	unsigned int count;
};

/* Ranges are added in ascending order, and do not overlap. */
void bus_add(struct bus *bus, uint16_t first, uint16_t count, const struct bus_ops *ops,
	     void *device);
zx_status_t bus_set_traps(struct bus *bus, zx_handle_t guest);
/* @key is the trap's. */
uint32_t bus_read(uint64_t key, uint16_t port, uint8_t size);
void bus_write(uint64_t key, uint16_t port, uint8_t size, uint32_t value);

#endif
