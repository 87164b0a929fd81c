// SPDX-License-Identifier: GPL-2.0-only
/*
 * zxbench, kvmbench: what operations cost, as NAME: TICKS, each from two runs that agree
 * within 1 % or from the last of five. A name or more choose operations, --scale a
 * table of its own, and --check, a part of "make check", compares with what is recorded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench.h"

#define MOST_RUNS	5
#define MORE_PERCENT	5
#define SETTLE_MS	50

static const struct op *const tables[] = { exit_ops, memory_ops, event_ops, bell_ops };

static bool agree(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) * 100 <= a;
}

/* What the last run left to be freed later is not this one's. */
static uint64_t measure(const struct op *op)
{
	sleep_ms(SETTLE_MS);
	return op->measure(op);
}

static void report(const struct op *op)
{
	uint64_t run[MOST_RUNS];
	unsigned int i;

	run[0] = measure(op);
	if (!run[0])
		return;
	for (i = 1; i < MOST_RUNS; i++) {
		run[i] = measure(op);
		if (agree(run[i], run[i - 1]))
			break;
	}
	if (i < MOST_RUNS) {
		printf("%s: %llu\n", op->name, (unsigned long long)run[i]);
	} else {
		printf("%s: %llu differs:", op->name, (unsigned long long)run[MOST_RUNS - 1]);
		for (i = 0; i < MOST_RUNS; i++)
			printf(" %llu", (unsigned long long)run[i]);
		printf("\n");
	}
	fflush(stdout);
}

static bool chosen(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strstr(name, *names))
			return true;
	return false;
}

static void report_all(char **names)
{
	const struct op *op;
	unsigned int i;

	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (op = tables[i]; op->name; op++)
			if (chosen(op->name, names))
				report(op);
}

/* selftests/bench/recorded: a licence, the machine, then this program's output. */
extern const char recorded_start[], recorded_end[];

static bool is_recorded_machine(void)
{
	const char *line = strchr(recorded_start, '\n');
	struct utsname uts;
	char series[16];

	uname(&uts);
	return line && sscanf(line, "\n# AMD Linux %15[0-9.]", series) == 1 && host_is_amd() &&
	       !strncmp(uts.release, series, strlen(series));
}

static uint64_t recorded(const char *name)
{
	const size_t len = strlen(name);
	const char *line = recorded_start;

	while (line && line < recorded_end) {
		if (!strncmp(line, name, len) && line[len] == ':')
			return strtoull(line + len + 1, NULL, 10);
		line = strchr(line, '\n');
		line += !!line;
	}
	return 0;
}

/* The least of some runs: what costs more always does. */
static uint64_t least(const struct op *op, uint64_t limit)
{
	uint64_t ticks = measure(op), again;
	unsigned int i;

	for (i = 1; i < MOST_RUNS && ticks > limit; i++) {
		again = measure(op);
		if (again < ticks)
			ticks = again;
	}
	return ticks;
}

static bool check_recorded(void)
{
	const struct op *op;
	uint64_t was, limit, is;
	bool good = true;
	unsigned int i;

	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		for (op = tables[i]; op->name; op++) {
			was = recorded(op->name);
			limit = was + was * MORE_PERCENT / 100;
			is = was ? least(op, limit) : 0;
			if (is > limit)
				printf("# %s: %llu, recorded %llu\n", op->name,
				       (unsigned long long)is, (unsigned long long)was);
			good = good && is <= limit;
		}
	}
	return good;
}

static uint64_t named(const char *name)
{
	const struct op *op;

	for (op = event_ops; op->name && strcmp(op->name, name); op++)
		;
	return measure(op);
}

static int check(void)
{
	const bool here = is_recorded_machine();
	const bool cheap = 2 * named(IPI_BY_KERNEL) < named(IPI_BY_PACKET);
	const bool good = !here || check_recorded();

	printf("%sok 1 IPI in the kernel costs less than half of one as a packet\n",
	       cheap ? "" : "not ");
	printf("%sok 2 no operation costs %u %% more than recorded%s\n", good ? "" : "not ",
	       MORE_PERCENT, here ? "" : " # SKIP another machine is recorded");
	return !cheap || !good;
}

int main(int argc, char **argv)
{
	const bool checks = argc > 1 && !strcmp(argv[1], "--check");

	if (getenv("BENCH_LOOPS"))
		bench_loops = strtoull(getenv("BENCH_LOOPS"), NULL, 0);
	side_open();
	run_on_cpu(0);
	block_make(&bench_ram, RAM, false, true);
	if (checks)
		return check();
	if (argc > 1 && !strcmp(argv[1], "--scale")) {
		scale();
		return 0;
	}
	report_all(argv + 1);
	return 0;
}
