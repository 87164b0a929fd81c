// SPDX-License-Identifier: MIT
/*
 * An 8254 whose counters follow the clock, for those who calibrate
 * against it. It interrupts nobody: guests have a better timer.
 */
#include <zircon/syscalls.h>

#include "devices.h"

#define INPUT_HZ	1193182ll
#define NANOSECONDS	1000000000ll

#define CONTROL		3		/* the register behind the three counters */
#define READ_BACK	3		/* ... and what it says instead of a channel */
#define ACCESS_LATCH	0
#define ACCESS_LOW	1
#define ACCESS_HIGH	2
#define ACCESS_BOTH	3

#define GATE_ENABLE	0x01
#define GATE_WRITABLE	0x03
#define GATE_REFRESH	0x10
#define GATE_OUTPUT	0x20

void pit_init(struct pit *pit)
{
	unsigned int i;

	*pit = (struct pit) { 0 };
	for (i = 0; i < 3; i++)
		pit->channel[i].access = ACCESS_BOTH;
}

static int64_t ticks(const struct pit_channel *channel)
{
	int64_t passed = zx_clock_get_monotonic() - channel->start;

	return passed / NANOSECONDS * INPUT_HZ + passed % NANOSECONDS * INPUT_HZ / NANOSECONDS;
}

static uint16_t count(const struct pit_channel *channel)
{
	uint32_t period = channel->reload ? channel->reload : 0x10000;

	/* The periodic modes, 2 and 3, reload; the others run on through 0. */
	if (channel->mode == 2 || channel->mode == 3)
		return period - ticks(channel) % period;
	return period - ticks(channel);
}

static bool output(const struct pit_channel *channel)
{
	uint32_t period = channel->reload ? channel->reload : 0x10000;

	if (channel->mode == 2 || channel->mode == 3)
		return ticks(channel) % period < period / 2;
	return ticks(channel) >= period;
}

static void latch(struct pit_channel *channel)
{
	if (channel->latched)
		return;
	channel->latch = count(channel);
	channel->latched = true;
}

static void control(struct pit *pit, uint8_t value)
{
	unsigned int index = value >> 6, access = value >> 4 & 3, i;
	struct pit_channel *channel = &pit->channel[index];

	if (index == READ_BACK) {
		for (i = 0; i < 3; i++)
			if (!(value & 0x20) && value & 2 << i)
				latch(&pit->channel[i]);
		return;
	}
	if (access == ACCESS_LATCH) {
		latch(channel);
		return;
	}
	*channel = (struct pit_channel) {
		.access = access, .mode = value >> 1 & 7, .start = zx_clock_get_monotonic(),
	};
	/* Modes 6 and 7 are 2 and 3 again. */
	if (channel->mode > 5)
		channel->mode -= 4;
}

static void load(struct pit_channel *channel, uint8_t value)
{
	bool high = channel->access == ACCESS_HIGH || channel->write_high;

	channel->reload = high ? (channel->reload & 0x00ff) | value << 8
			       : (channel->reload & 0xff00) | value;
	if (channel->access == ACCESS_BOTH)
		channel->write_high = !channel->write_high;
	if (!channel->write_high)
		channel->start = zx_clock_get_monotonic();
}

static uint8_t fetch(struct pit_channel *channel)
{
	bool high = channel->access == ACCESS_HIGH || channel->read_high;
	uint16_t value = channel->latched ? channel->latch : count(channel);

	if (channel->access == ACCESS_BOTH)
		channel->read_high = !channel->read_high;
	if (!channel->read_high)
		channel->latched = false;
	return high ? value >> 8 : value;
}

static uint32_t pit_read(void *device, uint16_t offset, uint8_t size)
{
	struct pit *pit = device;

	(void)size;
	return offset == CONTROL ? 0xff : fetch(&pit->channel[offset]);
}

static void pit_write(void *device, uint16_t offset, uint8_t size, uint32_t value)
{
	struct pit *pit = device;

	(void)size;
	if (offset == CONTROL)
		control(pit, value);
	else
		load(&pit->channel[offset], value);
}

static uint32_t gate_read(void *device, uint16_t offset, uint8_t size)
{
	struct pit *pit = device;

	(void)offset;
	(void)size;
	pit->refresh = !pit->refresh;
	return pit->gate | (pit->refresh ? GATE_REFRESH : 0) |
	       (output(&pit->channel[2]) ? GATE_OUTPUT : 0);
}

static void gate_write(void *device, uint16_t offset, uint8_t size, uint32_t value)
{
	struct pit *pit = device;

	(void)offset;
	(void)size;
	/* A rising gate starts the count anew. */
	if (value & ~pit->gate & GATE_ENABLE)
		pit->channel[2].start = zx_clock_get_monotonic();
	pit->gate = value & GATE_WRITABLE;
}

const struct bus_ops pit_ops = {
	.bytes = true,
	.read = pit_read,
	.write = pit_write,
};

const struct bus_ops pit_gate_ops = {
	.bytes = true,
	.read = gate_read,
	.write = gate_write,
};
