// SPDX-License-Identifier: GPL-2.0-only
/* Many guests: the memory that the kernel takes for each, and what it costs to come and go. */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench.h"

#define GIB		0x40000000ull
#define FEW		10u
#define SAMPLE		200u
#define MANY		1000u
#define TOUCHED		(2 * GIB)
#define SETTLING	8
#define NEAR_KB		32
#define STACK		65536
#define STACK_USED	32768
#define PRESENT		0x87ull

/* A thread with a guest of its own, or with a VCPU of another's, or with nothing. */
struct tenant {
	pthread_t thread;
	struct machine own, *m;
	struct block block;
	unsigned int id;
	enum { NOBODY, SHARED_RAM, OWN_RAM, VCPU } kind;
};

static struct tenant tenants[MANY];
static sem_t ready, leave;

/* MOV $0x100, %DX; OUT %AL, %DX, in real mode. */
static const unsigned char real_out[] = { 0xba, 0x00, 0x01, 0xee };

static void say(const char *name, int64_t value)
{
	printf("%s: %lld\n", name, (long long)value);
	fflush(stdout);
}

static long kilobytes(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	const size_t len = strlen(name);
	char line[128];
	long number = -1;

	must(file, "/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			number = atol(line + len + 1);
	fclose(file);
	return number;
}

/* What CPUs keep at hand is not in MemFree. */
static long free_kilobytes(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long pages, sum = kilobytes("MemFree");
	char line[128];

	must(file, "/proc/zoneinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %ld", &pages) == 1)
			sum += pages * 4;
	fclose(file);
	return sum;
}

/* What RCU and workers free is waited for, and what is only kept for later is given back. */
static int64_t bytes_used(void)
{
	long before, free = 0;
	unsigned int i;

	for (i = 0; i < SETTLING; i++) {
		sleep_ms(300);
		file_write("/proc/sys/vm/drop_caches", "3");
		sleep_ms(100);
		before = free;
		free = free_kilobytes();
		if (labs(free - before) <= NEAR_KB)
			break;
	}
	return (kilobytes("MemTotal") - free) * 1024ll;
}

/* User pages are the same for each kind. */
static void use_stack(void)
{
	volatile char used[STACK_USED];
	unsigned int i;

	for (i = 0; i < sizeof(used); i += 1024)
		used[i] = 1;
}

static void run_once(struct machine *m, unsigned int id)
{
	uint64_t value;

	must(machine_enter(m, id, &value) == TRIP_OUT, "a guest's end");
}

static void move_in(struct tenant *t)
{
	t->m = &t->own;
	machine_up(t->m, t->kind == OWN_RAM ? &t->block : &bench_ram);
	machine_load(t->m, done_start, done_end);
	machine_cpu(t->m, 0);
	run_once(t->m, 0);
}

static void *live_there(void *arg)
{
	struct tenant *t = arg;

	use_stack();
	if (t->kind == OWN_RAM) {
		block_make(&t->block, RAM, false, true);
		guest_lay_out(t->block.mem);
	}
	if (t->kind == SHARED_RAM || t->kind == OWN_RAM)
		move_in(t);
	if (t->kind == VCPU) {
		machine_cpu(t->m, t->id);
		run_once(t->m, t->id);
	}
	sem_post(&ready);
	sem_wait(&leave);
	if (t->kind != NOBODY)
		machine_cpu_close(t->m, t->id);
	if (t->kind == SHARED_RAM || t->kind == OWN_RAM)
		machine_down(t->m);
	if (t->kind == OWN_RAM)
		block_free(&t->block);
	return NULL;
}

static void all_come(unsigned int count, int kind, struct machine *m)
{
	pthread_attr_t attr;
	unsigned int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (i = 0; i < count; i++) {
		tenants[i] = (struct tenant){ .kind = kind, .m = m };
		tenants[i].id = kind == VCPU ? i : 0;
		must(!pthread_create(&tenants[i].thread, &attr, live_there, &tenants[i]),
		     "a thread");
		sem_wait(&ready);
	}
	pthread_attr_destroy(&attr);
}

static void all_go(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		sem_post(&leave);
	for (i = 0; i < count; i++)
		pthread_join(tenants[i].thread, NULL);
}

static int64_t bytes_of(unsigned int count, int kind)
{
	const int64_t before = bytes_used();
	int64_t used;

	all_come(count, kind, NULL);
	used = bytes_used() - before;
	all_go(count);
	return used / (int)count;
}

static void guest_bytes(void)
{
	int64_t nobody;

	/* Caches fill up once, that of the threads' stacks as well. */
	bytes_of(SAMPLE, NOBODY);
	bytes_of(FEW, SHARED_RAM);
	nobody = bytes_of(SAMPLE, NOBODY);
	say("bytes of a guest with a VCPU that ran", bytes_of(SAMPLE, SHARED_RAM) - nobody);
}

/* KVM takes too long to set up many more. */
static void trap_bytes(void)
{
	const int traps = side_is_kvm ? 900 : 20000;
	const int bells = side_is_kvm ? 900 : 100;
	struct machine m;
	int64_t before;
	int i;

	machine_up(&m, &bench_ram);
	before = bytes_used();
	machine_devices(&m, GUEST_WINDOW, traps);
	say("bytes of a MEM trap", (bytes_used() - before) / traps);
	before = bytes_used();
	for (i = 0; i < bells; i++)
		machine_bell(&m, GUEST_BELL + i * PAGE, false);
	say("bytes of a BELL trap with its packets", (bytes_used() - before) / bells);
	machine_down(&m);
}

static void among(unsigned int count)
{
	const int64_t before = bytes_used();
	char name[64];

	all_come(count, OWN_RAM, NULL);
	snprintf(name, sizeof(name), "guests of 2 MiB alive, of %u", count);
	say(name, count);
	if (count == MANY)
		say("bytes of each, with its RAM and its thread",
		    (bytes_used() - before) / (int)count);
	snprintf(name, sizeof(name), "create to destroy, %u others alive", count);
	say(name, life_ticks(false));
	strcat(name, ", in a thread");
	say(name, life_ticks(true));
	all_go(count);
}

static void all_vcpus(void *unused)
{
	struct machine m;

	(void)unused;
	machine_up(&m, &bench_ram);
	all_come(CPUS, VCPU, &m);
	all_go(CPUS);
	machine_down(&m);
}

static void many_vcpus(void)
{
	struct machine m;
	int64_t before;

	machine_up(&m, &bench_ram);
	machine_load(&m, done_start, done_end);
	memcpy(bench_ram.mem + GUEST_BUFFER, real_out, sizeof(real_out));
	before = bytes_used();
	all_come(CPUS, VCPU, &m);
	say("bytes of each of 64 VCPUs, with its thread", (bytes_used() - before) / (int)CPUS);
	all_go(CPUS);
	machine_down(&m);
	say("guest of 64 VCPUs and their threads, create to destroy", work_ticks(all_vcpus, NULL));
}

/* Tables of the guest's for the first three GiB. */
static void map_more(void)
{
	uint64_t *table = (uint64_t *)(bench_ram.mem + GUEST_TABLES + 0x1000);

	table[1] = GIB | PRESENT;
	table[2] = 2 * GIB | PRESENT;
}

static void table_bytes(const char *name, bool huge)
{
	const struct op touch = OP(name, NULL, bench_touch, 0, 0);
	struct block block;
	struct machine m;
	int64_t before;

	block_make(&block, TOUCHED, huge, false);
	machine_start(&m, &touch, TOUCHED / PAGE, GIB);
	map_more();
	machine_map(&m, GIB, &block, TOUCHED);
	before = bytes_used();
	machine_finish(&m);
	say(name, (bytes_used() - before) / (int)(TOUCHED / GIB));
	machine_end(&m);
	block_free(&block);
}

void scale(void)
{
	const struct rlimit many = { 16 * MANY, 16 * MANY };

	setrlimit(RLIMIT_NOFILE, &many);
	sem_init(&ready, 0, 0);
	sem_init(&leave, 0, 0);
	guest_lay_out(bench_ram.mem);
	guest_bytes();
	trap_bytes();
	among(FEW);
	among(MANY);
	many_vcpus();
	table_bytes("bytes of nested tables per GiB, pages of 2 MiB", true);
	table_bytes("bytes of nested tables per GiB, pages of 4 KiB", false);
}
