/* SPDX-License-Identifier: MIT */
/* Standard input and output as the terminal of the guest's serial port. */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that console_filter() may give beyond those that it was given. */
#define CONSOLE_EXTRA	1

/*
 * Raw mode, if standard input is a terminal, until console_restore() or the
 * end of the process, however it comes.
 */
void console_open(void);
void console_restore(void);
/* Standard input is a terminal. */
bool console_is_terminal(void);
/* Write all of it to standard output; false (and errno) when that fails. */
bool console_write(const uint8_t *data, size_t length);
/*
 * Take the escapes out of @length bytes of input: Ctrl-A x asks to quit, Ctrl-A
 * Ctrl-A is one Ctrl-A. Returns how many bytes are in @out for the guest.
 */
size_t console_filter(const uint8_t *in, size_t length, uint8_t *out, bool *quit);

#endif
