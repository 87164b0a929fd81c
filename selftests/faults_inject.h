/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations and copies to or from user space that fail on demand, in the calling thread:
 * one of them, or all of them from one on. For a kernel that has /proc/self/fail-nth.
 */
#ifndef _SELFTESTS_FAULTS_INJECT_H
#define _SELFTESTS_FAULTS_INJECT_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "util.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define FAIL_ON		"/proc/thread-self/make-it-fail"
#define KSFT_SKIP	4

/* Descriptors of the two files. */
struct injector {
	int fail_nth;
	int fail_on;
};

static inline int put(const char *file, const char *text)
{
	const int fd = open(file, O_WRONLY);
	int result;

	if (fd < 0)
		return -1;
	result = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return result;
}

/*
 * By default allocations that may sleep do not fail, and each failure is logged. The rest is
 * for threads that ask for it (FAIL_ON), and counts when the fault that was ordered is over.
 */
static inline int faults_for_all(void)
{
	static const char *const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "failslab/task-filter", "Y" },
		{ "failslab/times", "-1" },
		{ "failslab/probability", "100" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_page_alloc/task-filter", "Y" },
		{ "fail_page_alloc/times", "-1" },
		{ "fail_page_alloc/probability", "100" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[64];
	unsigned int i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i][0]);
		if (put(path, settings[i][1]))
			return -1;
	}
	return 0;
}

/* Writing is a copy from user space too, and may be the one that fails. */
static inline void put_number(int fd, unsigned int number)
{
	char text[16];
	const int len = snprintf(text, sizeof(text), "%u", number);

	while (pwrite(fd, text, len, 0) < 0 && errno == EFAULT)
		;
}

/* Has the fault happened? If reading takes it, it has not. */
static inline bool disarm(const struct injector *injector)
{
	char left = '1';
	const bool hit = pread(injector->fail_nth, &left, 1, 0) == 1 && left == '0';

	put_number(injector->fail_on, 0);
	put_number(injector->fail_nth, 0);
	return hit;
}

/* The @nth from now on fails; @on: and all after it. */
static inline void arm(const struct injector *injector, unsigned int nth, bool on)
{
	put_number(injector->fail_on, on);
	put_number(injector->fail_nth, nth);
}

/* 0, or -1: the kernel has no such files. */
static inline int injector_open(struct injector *injector)
{
	injector->fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	injector->fail_on = open(FAIL_ON, O_RDWR | O_CLOEXEC);
	return injector->fail_nth < 0 || injector->fail_on < 0 ? -1 : faults_for_all();
}

static inline void injector_close(struct injector *injector)
{
	close(injector->fail_on);
	close(injector->fail_nth);
}

/* One line for all rows where nothing can fail on demand; the checking kernel is there for this. */
static void __attribute__((constructor)) need_faults(void)
{
	struct utsname name;

	if (!access(FAIL_NTH, W_OK))
		return;
	uname(&name);
	printf("TAP version 13\n1..0 # SKIP no fault injection in this kernel\n");
	exit(strstr(name.release, "-zx-debug-") ? 1 : KSFT_SKIP);
}

/* Objects may go a while after the call that ended them. */
static inline long more_objects(long than)
{
	unsigned int i;

	for (i = 0; i < 2000 && live_objects() > than; i++)
		sleep_ms(1);
	return live_objects() - than;
}

#endif
