/* SPDX-License-Identifier: MIT */
/*
 * The devices of the machine, one file each. All of their functions
 * are called with the VMM's lock held.
 */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"

struct vmm;

/* I/O APIC: 24 pins at IOAPIC_BASE. */
#define IOAPIC_PINS	24
#define IOAPIC_ID	0

struct ioapic {
	struct vmm *vmm;
	uint8_t select;
	uint32_t id;
	uint32_t lines;			/* levels on the pins */
	uint64_t redirection[IOAPIC_PINS];
};

void ioapic_init(struct ioapic *ioapic, struct vmm *vmm);
void ioapic_set_line(struct ioapic *ioapic, unsigned int pin, bool level);
/* A CPU has ended a level-triggered interrupt of this vector. */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);
uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t offset);
void ioapic_write(struct ioapic *ioapic, uint32_t offset, uint32_t value);

/* 16550A serial port at 0x3f8, interrupt 4. */
#define UART_PORT	0x3f8
#define UART_IRQ	4
#define UART_TX_FIFO	16
#define UART_RX_FIFO	1024		/* more than hardware has: a paste should survive */

struct uart {
	struct vmm *vmm;
	uint8_t ier, lcr, mcr, scratch;
	uint8_t divisor[2];
	bool fifos;			/* the guest has enabled them */
	bool tx_interrupt;		/* "transmitter empty" not yet acknowledged */
	bool held;			/* what is received does not show yet */
	bool starved;			/* somebody waits for room to receive */
	bool looped;			/* @loop has been sent in a loop, and not read */
	uint8_t loop;
	uint8_t polls;
	unsigned int tx_count, rx_count, rx_head;
	uint8_t tx[UART_TX_FIFO];
	uint8_t rx[UART_RX_FIFO];
};

extern const struct bus_ops uart_ops;
void uart_init(struct uart *uart, struct vmm *vmm);
/* What was received and not read is for the next driver. */
void uart_reset(struct uart *uart);
/*
 * How many bytes of standard input can be received now, whatever console_filter()
 * makes of them; if 0, vmm_wake() is called when that may have changed.
 */
size_t uart_room(struct uart *uart);
/* Receive bytes, as many as there is room for. */
void uart_receive(struct uart *uart, const uint8_t *data, size_t length);
/* Show what has been sent. */
void uart_drain(struct uart *uart);

/* 8259 pair at 0x20 and 0xa0: registers that can be found, and no interrupts. */
struct pic {
	uint8_t mask;
	uint8_t step;			/* of the initialisation sequence; 0: none */
	bool step4;
};

extern const struct bus_ops pic_ops;
void pic_init(struct pic pic[2]);

/* 8254 at 0x40 and the gate of its channel 2 at 0x61: counters that run, and no interrupts. */
struct pit_channel {
	uint8_t access, mode;
	bool write_high, read_high;	/* which half comes next, with access 3 */
	bool latched;
	uint16_t latch;
	uint16_t reload;
	int64_t start;			/* when counting began, nanoseconds */
};

struct pit {
	struct pit_channel channel[3];
	uint8_t gate;
	bool refresh;
};

extern const struct bus_ops pit_ops, pit_gate_ops;
void pit_init(struct pit *pit);

/* MC146818 at 0x70: the time of day in UTC, and 128 bytes of which nothing is kept. */
struct rtc {
	uint8_t index;
	uint8_t ram[128];
};

extern const struct bus_ops rtc_ops;
void rtc_init(struct rtc *rtc);

/* PM1 event and control blocks (ACPI 6.4, 4.8.3), in this order from PM_PORT on, and a timer. */
#define PM_PORT		0x600
#define PM_EVENT_BYTES	4
#define PM_CONTROL_PORT	(PM_PORT + PM_EVENT_BYTES)
#define PM_CONTROL_BYTES	2
#define PM_SLEEP_S5	5		/* SLP_TYP in the DSDT's \_S5 */

/* The timer is 32 bits wide and never stops (ACPI 6.4, 4.8.3.3). */
#define PM_TIMER_PORT	(PM_PORT + 8)
#define PM_TIMER_BYTES	4

struct pm {
	struct vmm *vmm;
	uint8_t enable[2];
	uint8_t control[2];
};

extern const struct bus_ops pm_ops, pm_timer_ops;
void pm_init(struct pm *pm, struct vmm *vmm);

/* PCI configuration ports: a host bridge alone, and the reset port 0xcf9. */
#define PCI_PORT	0xcf8
#define RESET_PORT	0xcf9
#define RESET_VALUE	0x06

struct pci {
	struct vmm *vmm;
	uint32_t address;
};

extern const struct bus_ops pci_ops;
void pci_init(struct pci *pci, struct vmm *vmm);

/* Port 0x64 of a keyboard controller that is not there, but resets. @device: struct vmm. */
extern const struct bus_ops i8042_ops;

#endif
