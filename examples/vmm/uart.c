// SPDX-License-Identifier: MIT
/*
 * A 16550A that sends at once.
 *
 * What the guest sends is gathered in the FIFO and shown when the guest asks how
 * far it got, so that a line of text does not cost a system call per character.
 *
 * What it receives is held back while no driver is there: drivers throw away
 * what arrives before they are set up, and input that comes from a pipe should
 * survive the boot. A driver is there when it enables the receive interrupt, or
 * reads the line status again and again: as the transmitter is always empty,
 * only somebody who waits for input does that.
 */
#include <string.h>

#include "console.h"
#include "vmm.h"

/* Registers, by offset; the first two are the divisor while LCR_DLAB is set. */
enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCRATCH };

#define IER_RX		0x01
#define IER_TX		0x02
#define IIR_NONE	0x01
#define IIR_TX		0x02
#define IIR_RX		0x04
#define IIR_FIFOS	0xc0
#define FCR_ENABLE	0x01
#define FCR_CLEAR_RX	0x02
#define LCR_DLAB	0x80
#define MCR_OUT2	0x08		/* on a PC: connects the interrupt line */
#define MCR_LOOP	0x10
#define LSR_RX		0x01
#define LSR_TX_EMPTY	0x60
#define MSR_CONNECTED	0xb0		/* DCD, DSR, CTS */

#define POLLS		4		/* reads of the line status in a row that wait for input */

static bool received(const struct uart *uart)
{
	if (uart->mcr & MCR_LOOP)
		return uart->looped;
	return uart->rx_count && !uart->held;
}

static uint8_t interrupt_id(const struct uart *uart)
{
	if (uart->ier & IER_RX && received(uart))
		return IIR_RX;
	if (uart->ier & IER_TX && uart->tx_interrupt)
		return IIR_TX;
	return IIR_NONE;
}

static void update_line(struct uart *uart)
{
	bool connected = (uart->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;

	ioapic_set_line(&uart->vmm->ioapic, UART_IRQ,
			connected && interrupt_id(uart) != IIR_NONE);
}

void uart_init(struct uart *uart, struct vmm *vmm)
{
	*uart = (struct uart) { .vmm = vmm, .divisor = { 12, 0 }, .held = true };
}

void uart_reset(struct uart *uart)
{
	struct uart old = *uart;

	uart_init(uart, old.vmm);
	uart->starved = old.starved;
	uart->rx_count = old.rx_count;
	uart->rx_head = old.rx_head;
	memcpy(uart->rx, old.rx, sizeof(uart->rx));
}

void uart_drain(struct uart *uart)
{
	if (!console_write(uart->tx, uart->tx_count))
		vmm_end(uart->vmm, VMM_DIED, "cannot write to standard output: %m");
	uart->tx_count = 0;
}

size_t uart_room(struct uart *uart)
{
	size_t room = UART_RX_FIFO - uart->rx_count;

	uart->starved = room <= CONSOLE_EXTRA;
	return uart->starved ? 0 : room - CONSOLE_EXTRA;
}

void uart_receive(struct uart *uart, const uint8_t *data, size_t length)
{
	while (length-- && uart->rx_count < UART_RX_FIFO) {
		uart->rx[(uart->rx_head + uart->rx_count) % UART_RX_FIFO] = *data++;
		uart->rx_count++;
	}
	update_line(uart);
}

static uint8_t read_data(struct uart *uart)
{
	uint8_t byte;

	if (!received(uart))
		return 0;
	if (uart->mcr & MCR_LOOP) {
		uart->looped = false;
		return uart->loop;
	}
	byte = uart->rx[uart->rx_head];
	uart->rx_head = (uart->rx_head + 1) % UART_RX_FIFO;
	uart->rx_count--;
	if (uart->starved) {
		uart->starved = false;
		vmm_wake(uart->vmm);
	}
	return byte;
}

static void send(struct uart *uart, uint8_t byte)
{
	if (uart->mcr & MCR_LOOP) {
		uart->loop = byte;
		uart->looped = true;
	} else {
		uart->tx[uart->tx_count++] = byte;
		/* Without FIFOs, a guest may send without ever asking. */
		if (!uart->fifos || byte == '\n' || uart->tx_count == UART_TX_FIFO)
			uart_drain(uart);
	}
	uart->tx_interrupt = true;
}

static uint8_t read_iir(struct uart *uart)
{
	uint8_t id = interrupt_id(uart);

	uart_drain(uart);
	if (id == IIR_TX)
		uart->tx_interrupt = false;
	return id | (uart->fifos ? IIR_FIFOS : 0);
}

static uint8_t read_lsr(struct uart *uart)
{
	uart_drain(uart);
	if (++uart->polls >= POLLS) {
		uart->polls = 0;
		uart->held = false;
	}
	return LSR_TX_EMPTY | (received(uart) ? LSR_RX : 0);
}

/* In a loop, the modem outputs come back as inputs: DTR, RTS, OUT1, OUT2 as DSR, CTS, RI, DCD. */
static uint8_t read_msr(const struct uart *uart)
{
	uint8_t mcr = uart->mcr;

	if (!(mcr & MCR_LOOP))
		return MSR_CONNECTED;
	return (mcr & 0x01) << 5 | (mcr & 0x02) << 3 | (mcr & 0x0c) << 4;
}

static uint8_t read_register(struct uart *uart, uint16_t offset)
{
	switch (offset) {
	case DATA:
		return read_data(uart);
	case IER:
		return uart->ier;
	case IIR_FCR:
		return read_iir(uart);
	case LCR:
		return uart->lcr;
	case MCR:
		return uart->mcr;
	case LSR:
		return read_lsr(uart);
	case MSR:
		return read_msr(uart);
	default:
		return uart->scratch;
	}
}

static void write_ier(struct uart *uart, uint8_t value)
{
	/* The transmitter is always empty: enabling its interrupt raises it. */
	if (value & ~uart->ier & IER_TX)
		uart->tx_interrupt = true;
	if (value & IER_RX)
		uart->held = false;
	uart->ier = value & 0x0f;
}

static void write_fcr(struct uart *uart, uint8_t value)
{
	uart->fifos = value & FCR_ENABLE;
	/* Nothing is thrown away: what was not read has not arrived yet. */
	if (value & FCR_CLEAR_RX && !(uart->ier & IER_RX))
		uart->held = true;
	uart_drain(uart);
}

static void write_register(struct uart *uart, uint16_t offset, uint8_t value)
{
	switch (offset) {
	case DATA:
		send(uart, value);
		break;
	case IER:
		write_ier(uart, value);
		break;
	case IIR_FCR:
		write_fcr(uart, value);
		break;
	case LCR:
		uart->lcr = value;
		break;
	case MCR:
		uart->mcr = value & 0x1f;
		break;
	case SCRATCH:
		uart->scratch = value;
		break;
	}
}

static uint32_t uart_read(void *device, uint16_t offset, uint8_t size)
{
	struct uart *uart = device;
	uint8_t value;

	(void)size;
	if (uart->lcr & LCR_DLAB && offset <= IER)
		return uart->divisor[offset];
	if (offset != LSR)
		uart->polls = 0;
	value = read_register(uart, offset);
	update_line(uart);
	return value;
}

static void uart_write(void *device, uint16_t offset, uint8_t size, uint32_t value)
{
	struct uart *uart = device;

	(void)size;
	if (uart->lcr & LCR_DLAB && offset <= IER) {
		uart->divisor[offset] = value;
		return;
	}
	uart->polls = 0;
	write_register(uart, offset, value);
	update_line(uart);
}

const struct bus_ops uart_ops = {
	.bytes = true,
	.read = uart_read,
	.write = uart_write,
};
