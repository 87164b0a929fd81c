// SPDX-License-Identifier: GPL-2.0-only
/* Clocks, ticks, sleep; names of statuses. */
/* build: ../../libzx/status.c ../../libzx/time.c -pthread */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#include <cmocka.h>

#include <zircon/status.h>
#include <zircon/syscalls.h>

static void test_monotonic(void **state)
{
	zx_time_t first = zx_clock_get_monotonic();
	zx_time_t second = zx_clock_get_monotonic();

	assert_true(first > 0 && second >= first);
	(void)state;
}

static void test_boot(void **state)
{
	zx_instant_boot_t first = zx_clock_get_boot();
	zx_time_t monotonic = zx_clock_get_monotonic();

	assert_true(first > 0 && zx_clock_get_boot() >= first);
	/* Never behind: it counts the same, and what was slept through as well. */
	assert_true(zx_clock_get_boot() >= monotonic);
	(void)state;
}

static void test_durations(void **state)
{
	assert_int_equal(zx_duration_from_sec(3), ZX_SEC(3));
	assert_int_equal(zx_duration_from_msec(-3), ZX_MSEC(-3));
	assert_int_equal(zx_duration_from_usec(3), 3000);
	assert_int_equal(zx_duration_from_nsec(3), 3);
	assert_int_equal(zx_duration_from_sec(INT64_MAX), ZX_TIME_INFINITE);
	assert_int_equal(zx_duration_from_sec(INT64_MIN), ZX_TIME_INFINITE_PAST);
	assert_int_equal(zx_duration_mul_int64(-2, INT64_MIN), ZX_TIME_INFINITE);
	assert_int_equal(zx_duration_mul_int64(2, INT64_MIN), ZX_TIME_INFINITE_PAST);
	assert_int_equal(zx_duration_add_duration(INT64_MAX, 1), ZX_TIME_INFINITE);
	assert_int_equal(zx_duration_sub_duration(5, 7), -2);
	(void)state;
}

static void test_deadline(void **state)
{
	zx_time_t now = zx_clock_get_monotonic();

	assert_true(zx_deadline_after(ZX_SEC(1)) - now >= ZX_SEC(1));
	assert_int_equal(zx_deadline_after(INT64_MAX), ZX_TIME_INFINITE);
	assert_true(zx_deadline_after(-1) <= zx_clock_get_monotonic());
	assert_int_equal(zx_time_add_duration(ZX_TIME_INFINITE_PAST, -1), ZX_TIME_INFINITE_PAST);
	assert_int_equal(zx_time_sub_time(ZX_TIME_INFINITE, -1), ZX_TIME_INFINITE);
	assert_int_equal(zx_time_sub_duration(ZX_TIME_INFINITE_PAST, 1), ZX_TIME_INFINITE_PAST);
	assert_int_equal(ZX_MSEC(3), 3000000);
	(void)state;
}

static void *get_rate(void *unused)
{
	(void)unused;
	return (void *)(uintptr_t)zx_ticks_per_second();
}

static void test_ticks(void **state)
{
	zx_ticks_t rate = zx_ticks_per_second(), before = zx_ticks_get();
	pthread_t thread;
	void *other;

	assert_true(rate > 1000000);
	assert_int_equal(zx_ticks_per_second(), rate);
	assert_int_equal(pthread_create(&thread, NULL, get_rate, NULL), 0);
	assert_int_equal(pthread_join(thread, &other), 0);
	assert_int_equal((uintptr_t)other, rate);
	assert_true(zx_ticks_get() > before);
	(void)state;
}

static volatile sig_atomic_t signals;

static void on_alarm(int signal)
{
	(void)signal;
	signals = 1;
}

static void test_sleep(void **state)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval timer = { .it_value.tv_usec = 5000 };
	zx_time_t deadline = zx_deadline_after(ZX_MSEC(20));

	errno = 4711;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	assert_int_equal(zx_nanosleep(deadline), ZX_OK);
	assert_true(zx_clock_get_monotonic() >= deadline);
	assert_int_equal(signals, 1);
	assert_int_equal(zx_nanosleep(0), ZX_OK);
	assert_int_equal(zx_nanosleep(ZX_TIME_INFINITE_PAST), ZX_OK);
	assert_int_equal(errno, 4711);
	(void)state;
}

static void test_names(void **state)
{
	assert_string_equal(zx_status_get_string(ZX_OK), "ZX_OK");
	assert_string_equal(zx_status_get_string(-10), "ZX_ERR_INVALID_ARGS");
	assert_string_equal(zx_status_get_string(-30), "ZX_ERR_ACCESS_DENIED");
	assert_string_equal(zx_status_get_string(-76), "ZX_ERR_CONNECTION_ABORTED");
	assert_string_equal(zx_status_get_string(1), "(UNKNOWN)");
	assert_string_equal(zx_status_get_string(INT32_MIN), "(UNKNOWN)");
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_boot),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("libzx time", tests, NULL, NULL);
}
