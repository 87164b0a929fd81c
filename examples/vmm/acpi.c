// SPDX-License-Identifier: MIT
/*
 * RSDP, XSDT, FADT, FACS, MADT and DSDT (ACPI 6.4, chapter 5): CPUs,
 * I/O APIC, power off, reset, and one serial port.
 */
#include <string.h>

#include "acpi.h"
#include "devices.h"

#define PACKED		__attribute__((packed))
#define OEM_ID		"ZXHV  "
#define OEM_TABLE_ID	"ZXVMM   "

#define SCI_IRQ		9

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} PACKED;

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} PACKED;

struct xsdt {
	struct header header;
	uint64_t table[2];
} PACKED;

struct address {
	uint8_t space, bits, offset, access;
	uint64_t address;
} PACKED;

#define SPACE_IO	1
#define IO_BYTE(port)	((struct address) { SPACE_IO, 8, 0, 1, port })
#define IO_WORD(port)	((struct address) { SPACE_IO, 16, 0, 2, port })
#define IO_EVENTS(port)	((struct address) { SPACE_IO, 32, 0, 2, port })
#define IO_DWORD(port)	((struct address) { SPACE_IO, 32, 0, 3, port })

/* Revision 3. */
struct fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t reserved0, profile;
	uint16_t sci;
	uint32_t smi_command;
	uint8_t acpi_enable, acpi_disable, s4bios, pstate;
	uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control;
	uint32_t pm2_control, pm_timer, gpe0, gpe1;
	uint8_t pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
	uint8_t gpe0_length, gpe1_length, gpe1_base, cstate;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_flags;
	uint8_t reserved1;
	uint32_t flags;
	struct address reset;
	uint8_t reset_value;
	uint16_t arm_flags;
	uint8_t minor;
	uint64_t x_facs, x_dsdt;
	struct address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control;
	struct address x_pm2_control, x_pm_timer, x_gpe0, x_gpe1;
} PACKED;

_Static_assert(sizeof(struct fadt) == 244, "FADT of revision 3");

#define LATENCY_NONE		0xffff	/* no C2, no C3 */
#define BOOT_LEGACY_DEVICES	0x0001
#define BOOT_NO_VGA		0x0004
#define FLAG_WBINVD		(1u << 0)
#define FLAG_C1			(1u << 2)
#define FLAG_NO_POWER_BUTTON	(1u << 4)	/* as a fixed feature */
#define FLAG_NO_SLEEP_BUTTON	(1u << 5)
#define FLAG_TIMER_32		(1u << 8)
#define FLAG_RESET		(1u << 10)
#define FLAG_HEADLESS		(1u << 12)
#define RTC_CENTURY		0x32

struct facs {
	char signature[4];
	uint32_t length, hardware_signature, waking_vector, global_lock, flags;
	uint64_t x_waking_vector;
	uint8_t version, reserved[31];
} PACKED;

struct madt {
	struct header header;
	uint32_t local_apic, flags;
} PACKED;

#define MADT_PCAT	1		/* there are 8259s */

struct madt_local_apic {
	uint8_t type, length, processor, apic;
	uint32_t flags;
} PACKED;

struct madt_ioapic {
	uint8_t type, length, id, reserved;
	uint32_t address, gsi;
} PACKED;

struct madt_override {
	uint8_t type, length, bus, irq;
	uint32_t gsi;
	uint16_t flags;
} PACKED;

#define OVERRIDE_LEVEL_HIGH	0x0d

/*
 *	Name (\_S5, Package () { 5, 5, 0, 0 })
 *	Scope (\_SB) {
 *		Device (COM1) {
 *			Name (_HID, EisaId ("PNP0501"))
 *			Name (_UID, 1)
 *			Name (_CRS, ResourceTemplate () {
 *				IO (Decode16, 0x3f8, 0x3f8, 1, 8)
 *				IRQNoFlags () { 4 }
 *			})
 *		}
 *	}
 */
static const uint8_t dsdt_code[] = {
	0x08, '\\', '_', 'S', '5', '_', 0x12, 0x08, 0x04,
		0x0a, PM_SLEEP_S5, 0x0a, PM_SLEEP_S5, 0x00, 0x00,
	0x10, 0x33, '\\', '_', 'S', 'B', '_',
		0x5b, 0x82, 0x2b, 'C', 'O', 'M', '1',
			0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x05, 0x01,
			0x08, '_', 'U', 'I', 'D', 0x01,
			0x08, '_', 'C', 'R', 'S', 0x11, 0x10, 0x0a, 0x0d,
				0x47, 0x01, UART_PORT & 0xff, UART_PORT >> 8,
				UART_PORT & 0xff, UART_PORT >> 8, 0x01, 0x08,
				0x22, 1 << UART_IRQ, 0x00,
				0x79, 0x00,
};

struct writer {
	uint8_t *base;			/* what ACPI_BASE is in this process */
	uint32_t used;
};

/* FACS wants 64-byte alignment, the RSDP 16; the others do not mind. */
static uint32_t put(struct writer *writer, const void *data, uint32_t length)
{
	uint32_t at = (writer->used + 63) & ~63u;

	memcpy(writer->base + at, data, length);
	writer->used = at + length;
	return at;
}

static void append(struct writer *writer, const void *data, uint32_t length)
{
	memcpy(writer->base + writer->used, data, length);
	writer->used += length;
}

static uint8_t checksum(const void *data, uint32_t length)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	while (length--)
		sum += *bytes++;
	return -sum;
}

static struct header header(const char *signature, uint8_t revision)
{
	struct header header = { .revision = revision, .oem_revision = 1, .creator_revision = 1 };

	memcpy(header.signature, signature, sizeof(header.signature));
	memcpy(header.oem_id, OEM_ID, sizeof(header.oem_id));
	memcpy(header.oem_table_id, OEM_TABLE_ID, sizeof(header.oem_table_id));
	memcpy(header.creator_id, "ZXVM", sizeof(header.creator_id));
	return header;
}

/* The table that was started at @at ends here. Returns its guest-physical address. */
static uint32_t finish(struct writer *writer, uint32_t at)
{
	struct header *header = (struct header *)(writer->base + at);

	header->length = writer->used - at;
	header->checksum = checksum(header, header->length);
	return ACPI_BASE + at;
}

static uint32_t write_dsdt(struct writer *writer)
{
	struct header head = header("DSDT", 2);
	uint32_t at = put(writer, &head, sizeof(head));

	append(writer, dsdt_code, sizeof(dsdt_code));
	return finish(writer, at);
}

static uint32_t write_facs(struct writer *writer)
{
	struct facs facs = { .signature = "FACS", .length = sizeof(facs), .version = 2 };

	return ACPI_BASE + put(writer, &facs, sizeof(facs));
}

static uint32_t write_fadt(struct writer *writer, uint32_t dsdt, uint32_t facs)
{
	struct fadt fadt = {
		.header = header("FACP", 3),
		.facs = facs,
		.dsdt = dsdt,
		.sci = SCI_IRQ,
		.pm1a_event = PM_PORT,
		.pm1a_control = PM_CONTROL_PORT,
		.pm_timer = PM_TIMER_PORT,
		.pm1_event_length = PM_EVENT_BYTES,
		.pm1_control_length = PM_CONTROL_BYTES,
		.pm_timer_length = PM_TIMER_BYTES,
		.c2_latency = LATENCY_NONE,
		.c3_latency = LATENCY_NONE,
		.century = RTC_CENTURY,
		/* Without the bit for an 8042, nobody waits for one. */
		.boot_flags = BOOT_LEGACY_DEVICES | BOOT_NO_VGA,
		.flags = FLAG_WBINVD | FLAG_C1 | FLAG_NO_POWER_BUTTON | FLAG_NO_SLEEP_BUTTON |
			 FLAG_TIMER_32 | FLAG_RESET | FLAG_HEADLESS,
		.reset = IO_BYTE(RESET_PORT),
		.reset_value = RESET_VALUE,
		.x_facs = facs,
		.x_dsdt = dsdt,
		.x_pm1a_event = IO_EVENTS(PM_PORT),
		.x_pm1a_control = IO_WORD(PM_CONTROL_PORT),
		.x_pm_timer = IO_DWORD(PM_TIMER_PORT),
	};

	return finish(writer, put(writer, &fadt, sizeof(fadt)));
}

static uint32_t write_madt(struct writer *writer, unsigned int cpus)
{
	struct madt madt = { header("APIC", 3), LOCAL_APIC_BASE, MADT_PCAT };
	struct madt_ioapic ioapic = { 1, sizeof(ioapic), IOAPIC_ID, 0, IOAPIC_BASE, 0 };
	struct madt_override sci = { 2, sizeof(sci), 0, SCI_IRQ, SCI_IRQ, OVERRIDE_LEVEL_HIGH };
	uint32_t at = put(writer, &madt, sizeof(madt));
	unsigned int i;

	for (i = 0; i < cpus; i++) {
		struct madt_local_apic cpu = { 0, sizeof(cpu), i, i, 1 };

		append(writer, &cpu, sizeof(cpu));
	}
	append(writer, &ioapic, sizeof(ioapic));
	append(writer, &sci, sizeof(sci));
	return finish(writer, at);
}

static uint32_t write_xsdt(struct writer *writer, uint32_t fadt, uint32_t madt)
{
	struct xsdt xsdt = { header("XSDT", 1), { fadt, madt } };

	return finish(writer, put(writer, &xsdt, sizeof(xsdt)));
}

uint64_t acpi_write(const struct memory *memory, unsigned int cpus)
{
	struct writer writer = { memory_at(memory, ACPI_BASE, ACPI_END - ACPI_BASE), 0 };
	struct rsdp rsdp = { .signature = "RSD PTR ", .revision = 2, .length = sizeof(rsdp) };
	uint32_t dsdt, fadt, madt;

	/* The RSDP comes first, where it is looked for; it is filled in last. */
	put(&writer, &rsdp, sizeof(rsdp));
	dsdt = write_dsdt(&writer);
	fadt = write_fadt(&writer, dsdt, write_facs(&writer));
	madt = write_madt(&writer, cpus);
	rsdp.xsdt = write_xsdt(&writer, fadt, madt);
	memcpy(rsdp.oem_id, OEM_ID, sizeof(rsdp.oem_id));
	rsdp.checksum = checksum(&rsdp, 20);
	rsdp.extended_checksum = checksum(&rsdp, sizeof(rsdp));
	memcpy(writer.base, &rsdp, sizeof(rsdp));
	return ACPI_BASE;
}
