// SPDX-License-Identifier: MIT
/*
 * An I/O APIC of version 0x20, which has an EOI register.
 *
 * A level-triggered pin is sent while it is high, the destination's EOI (a packet
 * of its VCPU, or a write to the EOI register) being due between one and the next:
 * until then it has its remote IRR bit set. Without a CPU that accepts it the pin
 * is tried again with the next write to its entry.
 */
#include "vmm.h"

#define REG_SELECT	0x00
#define REG_WINDOW	0x10
#define REG_EOI		0x40

#define INDEX_ID	0x00
#define INDEX_VERSION	0x01
#define INDEX_ARB	0x02
#define INDEX_TABLE	0x10

#define VERSION		0x20u

#define ENTRY_VECTOR(e)	((uint8_t)(e))
#define ENTRY_MODE(e)	((e) >> 8 & 7)
#define ENTRY_LOGICAL	(1ull << 11)
#define ENTRY_REMOTE_IRR	(1ull << 14)
#define ENTRY_READ_ONLY	(1ull << 12 | ENTRY_REMOTE_IRR)
#define ENTRY_LEVEL	(1ull << 15)
#define ENTRY_MASKED	(1ull << 16)
#define ENTRY_DEST(e)	((uint8_t)((e) >> 56))
#define ENTRY_WRITABLE	(0xff0000000001ffffull & ~ENTRY_READ_ONLY)

enum { MODE_FIXED = 0, MODE_LOWEST = 1, MODE_NMI = 4 };
#define NMI_VECTOR	2

void ioapic_init(struct ioapic *ioapic, struct vmm *vmm)
{
	unsigned int pin;

	*ioapic = (struct ioapic) { .vmm = vmm };
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->redirection[pin] = ENTRY_MASKED;
}

/*
 * A physical destination names one CPU (0xff: all). A logical one is a mask of the
 * first 8: so it is in the flat model, in which every system numbers them like this,
 * and in x2APIC mode, where it names members of the first cluster. The cluster
 * model of xAPIC mode looks no different, and has no users left.
 */
static bool matches(uint64_t entry, unsigned int cpu)
{
	uint8_t destination = ENTRY_DEST(entry);

	if (entry & ENTRY_LOGICAL)
		return cpu < 8 && destination >> cpu & 1;
	return destination == 0xff || destination == cpu;
}

/* False when nobody accepts it. Of several, the first one has the lowest priority. */
static bool send(struct ioapic *ioapic, uint64_t entry, bool level)
{
	unsigned int mode = ENTRY_MODE(entry), cpu;
	uint8_t vector = mode == MODE_NMI ? NMI_VECTOR : ENTRY_VECTOR(entry);
	bool accepted = false;

	for (cpu = 0; cpu < ioapic->vmm->cpus; cpu++) {
		if (!matches(entry, cpu))
			continue;
		accepted |= vcpu_interrupt(ioapic->vmm, cpu, vector, level);
		if (accepted && mode == MODE_LOWEST)
			break;
	}
	return accepted;
}

/* Only what is fixed has a level; the trigger of an NMI is taken for an edge. */
static bool is_level(uint64_t entry)
{
	return entry & ENTRY_LEVEL && ENTRY_MODE(entry) != MODE_NMI;
}

static void deliver(struct ioapic *ioapic, unsigned int pin)
{
	uint64_t *entry = &ioapic->redirection[pin];
	unsigned int mode = ENTRY_MODE(*entry);

	if (*entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR))
		return;
	if (mode != MODE_FIXED && mode != MODE_LOWEST && mode != MODE_NMI)
		return;
	if (send(ioapic, *entry, is_level(*entry)) && is_level(*entry))
		*entry |= ENTRY_REMOTE_IRR;
}

static void resample(struct ioapic *ioapic, unsigned int pin)
{
	if (is_level(ioapic->redirection[pin]) && ioapic->lines >> pin & 1)
		deliver(ioapic, pin);
}

void ioapic_set_line(struct ioapic *ioapic, unsigned int pin, bool level)
{
	uint32_t bit = 1u << pin;
	bool rises = level && !(ioapic->lines & bit);

	ioapic->lines = level ? ioapic->lines | bit : ioapic->lines & ~bit;
	if (rises)
		deliver(ioapic, pin);
}

void ioapic_eoi(struct ioapic *ioapic, uint8_t vector)
{
	unsigned int pin;

	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t *entry = &ioapic->redirection[pin];

		if (ENTRY_VECTOR(*entry) != vector || !(*entry & ENTRY_REMOTE_IRR))
			continue;
		*entry &= ~ENTRY_REMOTE_IRR;
		resample(ioapic, pin);
	}
}

static uint32_t read_window(const struct ioapic *ioapic)
{
	unsigned int index = ioapic->select, pin = (index - INDEX_TABLE) / 2;

	if (index == INDEX_ID || index == INDEX_ARB)
		return ioapic->id;
	if (index == INDEX_VERSION)
		return VERSION | (IOAPIC_PINS - 1) << 16;
	if (index < INDEX_TABLE || pin >= IOAPIC_PINS)
		return 0;
	return ioapic->redirection[pin] >> (index & 1) * 32;
}

static void write_window(struct ioapic *ioapic, uint32_t value)
{
	unsigned int index = ioapic->select, pin = (index - INDEX_TABLE) / 2;
	unsigned int shift = (index & 1) * 32;
	uint64_t *entry;

	if (index == INDEX_ID)
		ioapic->id = value & 0x0f000000;
	if (index < INDEX_TABLE || pin >= IOAPIC_PINS)
		return;
	entry = &ioapic->redirection[pin];
	*entry &= ~(0xffffffffull << shift & ENTRY_WRITABLE);
	*entry |= (uint64_t)value << shift & ENTRY_WRITABLE;
	/* What has become an edge waits for no EOI: so Linux resets a pin that is stuck. */
	if (!is_level(*entry))
		*entry &= ~ENTRY_REMOTE_IRR;
	resample(ioapic, pin);
}

uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t offset)
{
	switch (offset) {
	case REG_SELECT:
		return ioapic->select;
	case REG_WINDOW:
		return read_window(ioapic);
	default:
		return 0;
	}
}

void ioapic_write(struct ioapic *ioapic, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case REG_SELECT:
		ioapic->select = value;
		break;
	case REG_WINDOW:
		write_window(ioapic, value);
		break;
	case REG_EOI:
		ioapic_eoi(ioapic, value);
		break;
	}
}
