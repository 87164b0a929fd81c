// SPDX-License-Identifier: MIT
/*
 * Two 8259s. Systems look whether the mask register keeps what is
 * written; without that Linux takes the ISA interrupts for absent, and the
 * I/O APIC's first pins with them.
 */
#include "devices.h"

#define ICW1_START	0x10
#define ICW1_NEED4	0x01
#define ICW1_SINGLE	0x02

enum { COMMAND, MASK };

void pic_init(struct pic pic[2])
{
	pic[0] = pic[1] = (struct pic) { .mask = 0xff };
}

static uint32_t pic_read(void *device, uint16_t offset, uint8_t size)
{
	const struct pic *pic = device;

	(void)size;
	/* The command port reads IRR or ISR: nothing is ever requested. */
	return offset == MASK ? pic->mask : 0;
}

/* ICW2, then ICW3 unless single, then ICW4 if asked for; their contents do not matter here. */
static void next_step(struct pic *pic)
{
	if (pic->step < 3)
		pic->step++;
	else
		pic->step = 0;
	if (pic->step == 3 && !pic->step4)
		pic->step = 0;
}

static void pic_write(void *device, uint16_t offset, uint8_t size, uint32_t value)
{
	struct pic *pic = device;

	(void)size;
	if (offset == COMMAND) {
		if (!(value & ICW1_START))
			return;
		pic->step = value & ICW1_SINGLE ? 2 : 1;
		pic->step4 = value & ICW1_NEED4;
		pic->mask = 0;
	} else if (pic->step) {
		next_step(pic);
	} else {
		pic->mask = value;
	}
}

const struct bus_ops pic_ops = {
	.bytes = true,
	.read = pic_read,
	.write = pic_write,
};
