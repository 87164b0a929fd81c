// SPDX-License-Identifier: MIT
/*
 * An MC146818 that shows the host's time in UTC, BCD and 24-hour form.
 * Setting the time is accepted and forgotten; there is no alarm.
 */
#include <time.h>

#include "devices.h"

enum {
	SECONDS = 0x00,
	MINUTES = 0x02,
	HOURS = 0x04,
	WEEKDAY = 0x06,
	DAY = 0x07,
	MONTH = 0x08,
	YEAR = 0x09,
	STATUS_A = 0x0a,
	STATUS_B = 0x0b,
	STATUS_C = 0x0c,
	STATUS_D = 0x0d,
	CENTURY = 0x32,
};

#define STATUS_A_32KHZ	0x26
#define STATUS_B_24H	0x02
#define STATUS_B_DATA	0x84		/* SET and binary, which is not offered */
#define STATUS_D_VALID	0x80

enum { INDEX, VALUE };

void rtc_init(struct rtc *rtc)
{
	*rtc = (struct rtc) { 0 };
	rtc->ram[STATUS_B] = STATUS_B_24H;
}

static uint8_t bcd(int value)
{
	return (value / 10 % 10) << 4 | value % 10;
}

static uint8_t read_value(const struct rtc *rtc)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	switch (rtc->index) {
	case SECONDS:
		return bcd(tm.tm_sec);
	case MINUTES:
		return bcd(tm.tm_min);
	case HOURS:
		return bcd(tm.tm_hour);
	case WEEKDAY:
		return tm.tm_wday + 1;
	case DAY:
		return bcd(tm.tm_mday);
	case MONTH:
		return bcd(tm.tm_mon + 1);
	case YEAR:
		return bcd(tm.tm_year % 100);
	case CENTURY:
		return bcd(19 + tm.tm_year / 100);
	case STATUS_A:
		return STATUS_A_32KHZ;
	case STATUS_C:
		return 0;
	case STATUS_D:
		return STATUS_D_VALID;
	default:
		return rtc->ram[rtc->index];
	}
}

static uint32_t rtc_read(void *device, uint16_t offset, uint8_t size)
{
	const struct rtc *rtc = device;

	(void)size;
	return offset == VALUE ? read_value(rtc) : 0xff;
}

static void rtc_write(void *device, uint16_t offset, uint8_t size, uint32_t value)
{
	struct rtc *rtc = device;

	(void)size;
	if (offset == INDEX)
		rtc->index = value & 0x7f;	/* bit 7 gates NMIs */
	else if (rtc->index == STATUS_B)
		rtc->ram[STATUS_B] = (value & ~STATUS_B_DATA) | STATUS_B_24H;
	else
		rtc->ram[rtc->index] = value;
}

const struct bus_ops rtc_ops = {
	.bytes = true,
	.read = rtc_read,
	.write = rtc_write,
};
