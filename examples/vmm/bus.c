// SPDX-License-Identifier: MIT
#include <assert.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>

#include "bus.h"

void bus_add(struct bus *bus, uint16_t first, uint16_t count, const struct bus_ops *ops,
	     void *device)
{
	struct bus_range *range = &bus->range[bus->count];

	assert(bus->count < BUS_RANGES);
	assert(bus->count == 0 || range[-1].end <= first);
	*range = (struct bus_range) {
		.first = first, .end = (uint32_t)first + count, .ops = ops, .device = device,
	};
	bus->count++;
}

static zx_status_t trap_gap(zx_handle_t guest, uint32_t first, uint32_t end)
{
	if (first == end)
		return ZX_OK;
	return zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, first, end - first, ZX_HANDLE_INVALID, 0);
}

zx_status_t bus_set_traps(struct bus *bus, zx_handle_t guest)
{
	uint32_t end = 0;
	zx_status_t status;
	unsigned int i;

	for (i = 0; i < bus->count; i++) {
		struct bus_range *range = &bus->range[i];

		status = trap_gap(guest, end, range->first);
		if (status != ZX_OK)
			return status;
		status = zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, range->first,
					   range->end - range->first, ZX_HANDLE_INVALID,
					   (uintptr_t)range);
		if (status != ZX_OK)
			return status;
		end = range->end;
	}
	return trap_gap(guest, end, BUS_PORTS);
}

static uint32_t ones(uint8_t size)
{
	return size >= 4 ? UINT32_MAX : (1u << size * 8) - 1;
}

uint32_t bus_read(uint64_t key, uint16_t port, uint8_t size)
{
	const struct bus_range *range = (const struct bus_range *)(uintptr_t)key;
	uint32_t value = ones(size);
	uint8_t i;

	if (!range)
		return value;
	if (!range->ops->bytes)
		return range->ops->read(range->device, port - range->first, size) & value;
	/* What reaches past the range finds nobody there. */
	for (i = 0; i < size && (uint32_t)port + i < range->end; i++) {
		value &= ~(0xffu << i * 8);
		value |= (range->ops->read(range->device, port - range->first + i, 1) & 0xff)
			 << i * 8;
	}
	return value;
}

void bus_write(uint64_t key, uint16_t port, uint8_t size, uint32_t value)
{
	const struct bus_range *range = (const struct bus_range *)(uintptr_t)key;
	uint8_t i;

	if (!range)
		return;
	if (!range->ops->bytes) {
		range->ops->write(range->device, port - range->first, size, value & ones(size));
		return;
	}
	for (i = 0; i < size && (uint32_t)port + i < range->end; i++)
		range->ops->write(range->device, port - range->first + i, 1, value >> i * 8 & 0xff);
}
