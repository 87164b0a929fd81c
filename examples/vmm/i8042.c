// SPDX-License-Identifier: MIT
/* No keyboard controller; the command that pulses the reset line works all the same. */
#include "vmm.h"

#define PULSE_RESET	0xfe

static uint32_t i8042_read(void *device, uint16_t offset, uint8_t size)
{
	(void)device;
	(void)offset;
	(void)size;
	return 0xff;
}

static void i8042_write(void *device, uint16_t offset, uint8_t size, uint32_t value)
{
	(void)offset;
	(void)size;
	if (value == PULSE_RESET)
		vmm_end(device, VMM_RESET, "the guest reset the machine");
}

const struct bus_ops i8042_ops = {
	.bytes = true,
	.read = i8042_read,
	.write = i8042_write,
};
