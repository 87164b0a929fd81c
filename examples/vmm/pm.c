// SPDX-License-Identifier: MIT
/* The ACPI registers that a machine without events still needs: power off, reset and time. */
#include <zircon/syscalls.h>

#include "vmm.h"

#define CONTROL_SCI_EN		0x01	/* in the low byte: ACPI mode, always */
#define CONTROL_SLEEP_TYPE(h)	((h) >> 2 & 7)
#define CONTROL_SLEEP_ENABLE	0x20	/* in the high byte, write-only */

#define TIMER_HZ		3579545ll
#define NANOSECONDS		1000000000ll

/* Offsets of bytes: status, enable, control, 16 bits each. */
enum { STATUS = 0, ENABLE = 2, CONTROL = 4 };

void pm_init(struct pm *pm, struct vmm *vmm)
{
	*pm = (struct pm) { .vmm = vmm, .control = { CONTROL_SCI_EN, 0 } };
}

static uint32_t pm_read(void *device, uint16_t offset, uint8_t size)
{
	const struct pm *pm = device;

	(void)size;
	if (offset >= CONTROL)
		return pm->control[offset - CONTROL];
	return offset >= ENABLE ? pm->enable[offset - ENABLE] : 0;
}

static void write_sleep(struct pm *pm, uint8_t value)
{
	pm->control[1] = value & ~CONTROL_SLEEP_ENABLE;
	if (value & CONTROL_SLEEP_ENABLE && CONTROL_SLEEP_TYPE(value) == PM_SLEEP_S5)
		vmm_end(pm->vmm, VMM_POWER_OFF, NULL);
}

static void pm_write(void *device, uint16_t offset, uint8_t size, uint32_t value)
{
	struct pm *pm = device;

	(void)size;
	if (offset == CONTROL)
		pm->control[0] = value | CONTROL_SCI_EN;
	else if (offset > CONTROL)
		write_sleep(pm, value);
	else if (offset >= ENABLE)
		pm->enable[offset - ENABLE] = value;
}

const struct bus_ops pm_ops = {
	.bytes = true,
	.read = pm_read,
	.write = pm_write,
};

/* What tells the frequency of other clocks, where counting loops against the PIT is too slow. */
static uint32_t timer_read(void *device, uint16_t offset, uint8_t size)
{
	int64_t now = zx_clock_get_monotonic();
	uint32_t ticks = now / NANOSECONDS * TIMER_HZ + now % NANOSECONDS * TIMER_HZ / NANOSECONDS;

	(void)device;
	(void)size;
	return ticks >> offset * 8;
}

static void timer_write(void *device, uint16_t offset, uint8_t size, uint32_t value)
{
	(void)device;
	(void)offset;
	(void)size;
	(void)value;
}

const struct bus_ops pm_timer_ops = {
	.read = timer_read,
	.write = timer_write,
};
