// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"

#define ESCAPE	0x01			/* Ctrl-A */

static struct termios saved;
static volatile sig_atomic_t raw;
static bool escaped, prepared;

/* Safe in signal handlers. */
void console_restore(void)
{
	if (!raw)
		return;
	raw = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

/* SA_RESETHAND has made the default action current again: it follows when this returns. */
static void restore_and_die(int signal)
{
	console_restore();
	raise(signal);
}

static void catch_deadly_signals(void)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGPIPE };
	struct sigaction action = { .sa_handler = restore_and_die, .sa_flags = SA_RESETHAND };
	size_t i;

	sigfillset(&action.sa_mask);
	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaction(deadly[i], &action, NULL);
}

bool console_is_terminal(void)
{
	return isatty(STDIN_FILENO);
}

void console_open(void)
{
	struct termios settings;

	if (!console_is_terminal() || tcgetattr(STDIN_FILENO, &saved) != 0)
		return;
	if (!prepared) {
		atexit(console_restore);
		catch_deadly_signals();
	}
	prepared = true;
	settings = saved;
	cfmakeraw(&settings);
	raw = 1;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
}

bool console_write(const uint8_t *data, size_t length)
{
	struct pollfd writable = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t written;

	while (length) {
		written = write(STDOUT_FILENO, data, length);
		if (written >= 0) {
			data += written;
			length -= written;
		} else if (errno == EAGAIN) {
			/* Somebody who shares the terminal made it non-blocking. */
			poll(&writable, 1, -1);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

size_t console_filter(const uint8_t *in, size_t length, uint8_t *out, bool *quit)
{
	size_t count = 0;

	for (; length; length--, in++) {
		if (!escaped && *in == ESCAPE) {
			escaped = true;
			continue;
		}
		if (escaped && *in == 'x') {
			*quit = true;
			break;
		}
		if (escaped && *in != ESCAPE)
			out[count++] = ESCAPE;
		escaped = false;
		out[count++] = *in;
	}
	return count;
}
