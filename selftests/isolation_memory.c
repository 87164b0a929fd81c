// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process makes of ours is charged to its memory cgroup: as much as it takes, so
 * that the limit ends it, and nobody else.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "isolation.h"

#define LIMIT		(8l << 20)
#define AHEAD		256	/* KiB that each CPU charges before they are taken */
/* The kernel's maple trees take their nodes without a charge, some for each entry. */
#define TREE(entries)	((long)(entries) * 64 / 1024)
#define NOISE		512	/* KiB */
#define MANY		(1u << 20)
#define BIG		(1ull << 32)
#define CHUNK		0x10000

struct world {
	zx_handle_t resource, guest, vmar, vmo, port, event;
	zx_handle_t channel[2];
	char bytes[CHUNK];
};

/* The sum of the lines of @path that begin with @name, after any spaces. */
static long sum_of(const char *path, const char *name)
{
	const size_t len = strlen(name);
	char line[256], *at;
	long sum = 0;
	FILE *file = fopen(path, "r");

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		at = line + strspn(line, " ");
		if (!strncmp(at, name, len))
			sum += strtol(at + len, NULL, 10);
	}
	fclose(file);
	return sum;
}

/* In KiB, with the pages that CPUs keep for themselves. */
static long free_memory(void)
{
	file_write("/proc/sys/vm/stat_refresh", "1");
	return sum_of("/proc/meminfo", "MemFree:") + 4 * sum_of("/proc/zoneinfo", "count:");
}

static zx_status_t world_up(struct world *w)
{
	const struct rlimit files = { MANY, MANY };
	zx_status_t status;

	memset(w, 0, sizeof(*w));
	if (setrlimit(RLIMIT_NOFILE, &files))
		return ZX_ERR_INTERNAL;
	status = zxl_hypervisor_resource(&w->resource);
	if (status == ZX_OK)
		status = zx_guest_create(w->resource, 0, &w->guest, &w->vmar);
	if (status == ZX_OK)
		status = zx_vmo_create(BIG, 0, &w->vmo);
	if (status == ZX_OK)
		status = zx_port_create(0, &w->port);
	if (status == ZX_OK)
		status = zx_event_create(0, &w->event);
	if (status == ZX_OK)
		status = zx_channel_create(0, &w->channel[0], &w->channel[1]);
	if (status == ZX_OK)
		status = zx_vmo_op_range(w->vmo, ZX_VMO_OP_COMMIT, 0, PAGE, NULL, 0);
	return status;
}

/* One more of each kind. Handles are left to the end of the process. */

static zx_status_t one_handle(struct world *w, unsigned int i __attribute__((unused)))
{
	zx_handle_t out;

	return zx_handle_duplicate(w->guest, ZX_RIGHT_SAME_RIGHTS, &out);
}

static zx_status_t one_resource(struct world *w, unsigned int i __attribute__((unused)))
{
	zx_handle_t out;

	return zx_resource_create(w->resource, ZX_RSRC_KIND_VMEX, 0, 0, NULL, 0, &out);
}

static zx_status_t one_event(struct world *w __attribute__((unused)),
			     unsigned int i __attribute__((unused)))
{
	zx_handle_t out;

	return zx_event_create(0, &out);
}

static zx_status_t one_pair(struct world *w __attribute__((unused)),
			    unsigned int i __attribute__((unused)))
{
	zx_handle_t out[2];

	return zx_eventpair_create(0, &out[0], &out[1]);
}

static zx_status_t one_port(struct world *w __attribute__((unused)),
			    unsigned int i __attribute__((unused)))
{
	zx_handle_t out;

	return zx_port_create(0, &out);
}

static zx_status_t one_channel(struct world *w __attribute__((unused)),
			       unsigned int i __attribute__((unused)))
{
	zx_handle_t out[2];

	return zx_channel_create(0, &out[0], &out[1]);
}

static zx_status_t one_vmo(struct world *w __attribute__((unused)),
			   unsigned int i __attribute__((unused)))
{
	zx_handle_t out;

	return zx_vmo_create(PAGE, 0, &out);
}

static zx_status_t one_slice(struct world *w, unsigned int i)
{
	zx_handle_t out;

	return zx_vmo_create_child(w->vmo, ZX_VMO_CHILD_SLICE, i * PAGE, PAGE, &out);
}

/* Of one page that is there. */
static zx_status_t one_snapshot(struct world *w, unsigned int i __attribute__((unused)))
{
	zx_handle_t out;

	return zx_vmo_create_child(w->vmo, ZX_VMO_CHILD_SNAPSHOT, 0, PAGE, &out);
}

static zx_status_t one_written(struct world *w, unsigned int i)
{
	memset(w->bytes, i, sizeof(w->bytes));
	return zx_vmo_write(w->vmo, w->bytes, (uint64_t)i * CHUNK, CHUNK);
}

static zx_status_t one_committed(struct world *w, unsigned int i)
{
	return zx_vmo_op_range(w->vmo, ZX_VMO_OP_COMMIT, (uint64_t)i * CHUNK, CHUNK, NULL, 0);
}

static zx_status_t one_guest(struct world *w, unsigned int i __attribute__((unused)))
{
	zx_handle_t out[2];

	return zx_guest_create(w->resource, 0, &out[0], &out[1]);
}

static zx_status_t one_trap(struct world *w, unsigned int i)
{
	return zx_guest_set_trap(w->guest, ZX_GUEST_TRAP_MEM, 2 * i * PAGE, PAGE,
				 ZX_HANDLE_INVALID, i);
}

static zx_status_t one_bell(struct world *w, unsigned int i)
{
	return zx_guest_set_trap(w->guest, ZX_GUEST_TRAP_BELL, 2 * i * PAGE, PAGE, w->port, i);
}

/* As many as a queue takes, then into another one. */
static zx_status_t one_message(struct world *w, unsigned int i __attribute__((unused)))
{
	zx_status_t status = zx_channel_write(w->channel[0], 0, w->bytes, PAGE, NULL, 0);

	if (status != ZX_ERR_SHOULD_WAIT)
		return status;
	return zx_channel_create(0, &w->channel[0], &w->channel[1]);
}

static zx_status_t one_sent_handle(struct world *w, unsigned int i __attribute__((unused)))
{
	zx_handle_t sent;
	zx_status_t status = zx_handle_duplicate(w->guest, ZX_RIGHT_SAME_RIGHTS, &sent);

	if (status == ZX_OK)
		status = zx_channel_write(w->channel[0], 0, NULL, 0, &sent, 1);
	if (status != ZX_ERR_SHOULD_WAIT)
		return status;
	return zx_channel_create(0, &w->channel[0], &w->channel[1]);
}

static zx_status_t one_packet(struct world *w, unsigned int i __attribute__((unused)))
{
	const zx_port_packet_t packet = { .type = ZX_PKT_TYPE_USER };
	zx_status_t status = zx_port_queue(w->port, &packet);

	return status == ZX_ERR_SHOULD_WAIT ? zx_port_create(0, &w->port) : status;
}

#define EACH_OBSERVERS	8192

static zx_status_t one_observer(struct world *w, unsigned int i)
{
	zx_status_t status = ZX_OK;

	if (i % EACH_OBSERVERS == 0)
		status = zx_event_create(0, &w->event) ?: zx_port_create(0, &w->port);
	return status ?: zx_object_wait_async(w->event, w->port, i, ZX_EVENT_SIGNALED, 0);
}

/* Without a handle. */
static zx_status_t one_region(struct world *w, unsigned int i)
{
	zx_handle_t out;
	zx_vaddr_t addr;
	zx_status_t status = zx_vmar_allocate(w->vmar, ZX_VM_SPECIFIC, 2 * i * PAGE, PAGE, &out,
					      &addr);

	if (status == ZX_OK)
		zx_handle_close(out);
	return status;
}

static zx_status_t map_at(struct world *w, uint64_t at, zx_vaddr_t *addr)
{
	return zx_vmar_map(w->vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, at, w->vmo, 0, PAGE, addr);
}

static zx_status_t one_mapping(struct world *w, unsigned int i)
{
	zx_vaddr_t addr;

	return map_at(w, 2 * i * PAGE, &addr);
}

/* The same page everywhere, each time under a table of its own. */
static zx_status_t one_table(struct world *w, unsigned int i)
{
	zx_vaddr_t addr;
	zx_status_t status = map_at(w, (uint64_t)i << 21, &addr);

	if (status != ZX_OK)
		return status;
	return zx_vmar_op_range(w->vmar, ZX_VMAR_OP_MAP_RANGE, addr, PAGE, NULL, 0);
}

static void *vcpu_thread(void *arg)
{
	const zx_handle_t guest = (zx_handle_t)(uintptr_t)arg;
	zx_handle_t vcpu;
	zx_status_t status = zx_vcpu_create(guest, 0, 0, &vcpu);

	return (void *)(uintptr_t)(status == ZX_OK ? 0 : -status);
}

/* Its thread goes, the VCPU stays. */
static zx_status_t one_vcpu(struct world *w, unsigned int i)
{
	zx_handle_t vmar;
	zx_status_t status = ZX_OK;
	pthread_t thread;
	void *answer;

	if (i % 64 == 0)
		status = zx_guest_create(w->resource, 0, &w->guest, &vmar);
	if (status != ZX_OK)
		return status;
	if (pthread_create(&thread, NULL, vcpu_thread, (void *)(uintptr_t)w->guest))
		return ZX_ERR_NO_MEMORY;
	pthread_join(thread, &answer);
	return -(zx_status_t)(uintptr_t)answer;
}

FIXTURE(memory) {
	struct world world;
	struct group group;
};

/*
 * @count: what takes megabytes, so that noise does not count
 * @least: bytes that one has for certain
 */
FIXTURE_VARIANT(memory) {
	zx_status_t (*one)(struct world *w, unsigned int i);
	unsigned int count;
	unsigned int least;
};

#define KIND(name, count_, least_)						\
	FIXTURE_VARIANT_ADD(memory, name) {					\
		.one = one_##name, .count = count_, .least = least_		\
	}

KIND(handle, 8000, 400);
KIND(resource, 8000, 600);
KIND(event, 8000, 500);
KIND(pair, 4000, 1000);
KIND(port, 8000, 600);
KIND(channel, 4000, 1200);
KIND(vmo, 3000, 1800);
KIND(slice, 4000, 600);
KIND(snapshot, 1000, 5800);
/* The first huge page is there when the count begins. */
KIND(written, 128, CHUNK * 3 / 4);
KIND(committed, 128, CHUNK * 3 / 4);
KIND(guest, 500, 5000);
KIND(trap, 60000, 60);
KIND(bell, 300, 28000);
KIND(message, 2000, PAGE);
KIND(sent_handle, 6000, 450);
KIND(packet, 30000, 90);
KIND(observer, 16000, 160);
KIND(region, 20000, 96);
KIND(mapping, 20000, 90);
KIND(table, 2000, PAGE);
KIND(vcpu, 192, 16000);

FIXTURE_SETUP(memory)
{
	ASSERT_EQ(0, group_make(&self->group));
}

FIXTURE_TEARDOWN(memory)
{
	group_remove(&self->group);
}

/* A kernel that checks takes its time, and notes of all that is taken, which are nobody's. */
static bool kernel_checks(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.release, "-zx-");
}

TEST_F(memory, is_charged_as_it_is_taken)
{
	const unsigned int count = kernel_checks() ? variant->count / 4 : variant->count;
	unsigned int i, warm = count / 8;
	long before, taken, charged;

	ASSERT_EQ(0, group_enter(&self->group, 0));
	ASSERT_EQ(ZX_OK, world_up(&self->world));
	/* Caches of the kernel's that fill once belong to nobody. */
	for (i = 0; i < warm; i++)
		ASSERT_EQ(ZX_OK, variant->one(&self->world, i));
	charged = group_charged(&self->group);
	before = free_memory();
	for (; i < count; i++)
		ASSERT_EQ(ZX_OK, variant->one(&self->world, i));
	taken = before - free_memory();
	charged = (group_charged(&self->group) - charged) / 1024;
	EXPECT_LE((long)(count - warm) * variant->least / 1024,
		  charged + AHEAD * sysconf(_SC_NPROCESSORS_ONLN));
	if (!kernel_checks())
		EXPECT_LE(taken - taken / 8 - NOISE, charged + TREE(count - warm));
}

FIXTURE(limit) {
	struct world world;
	struct group group;
	struct vm neighbour;
};

FIXTURE_VARIANT(limit) {
	zx_status_t (*one)(struct world *w, unsigned int i);
};

#define LIMITED(name)								\
	FIXTURE_VARIANT_ADD(limit, name) { .one = one_##name }

LIMITED(port);
LIMITED(bell);
LIMITED(message);
LIMITED(written);
LIMITED(table);

FIXTURE_SETUP(limit)
{
	ASSERT_EQ(0, group_make(&self->group));
}

FIXTURE_TEARDOWN(limit)
{
	vm_down(&self->neighbour);
	group_remove(&self->group);
}

/* Exits with 0 when there is no more memory, unless it is killed. */
static void exhaust(const struct group *group, struct world *w,
		    zx_status_t (*one)(struct world *w, unsigned int i))
{
	zx_status_t status = ZX_OK;
	unsigned int i;

	if (world_up(w) != ZX_OK || group_enter(group, LIMIT))
		_exit(2);
	for (i = 0; i < MANY && status == ZX_OK; i++)
		status = one(w, i);
	_exit(status == ZX_ERR_NO_MEMORY ? 0 : 3);
}

static void *spin_for_ever(void *arg)
{
	struct vm *vm = arg;

	/* It is to run on, and not to be what takes all the time. */
	setpriority(PRIO_PROCESS, gettid(), 19);
	if (vm_boot(vm, spin) != ZX_OK)
		return NULL;
	return (void *)(intptr_t)zx_vcpu_enter(vm->vcpu, NULL);
}

/*
 * The kernel tells of every process that it kills so, at length and with its stack: no
 * less than what is critical goes to its console. Returns what did.
 */
static long console_level(long level)
{
	static const char path[] = "/proc/sys/kernel/printk";
	long old = file_number(path);
	char text[32];

	snprintf(text, sizeof(text), "%ld", level);
	file_write(path, text);
	return old;
}

TEST_F(limit, ends_one_process)
{
	struct vm *vm = &self->neighbour;
	pthread_t thread;
	uint64_t flag;
	void *answer;
	long level;
	int status;
	pid_t pid;

	ASSERT_EQ(ZX_OK, vm_up(vm));
	ASSERT_EQ(0, pthread_create(&thread, NULL, spin_for_ever, vm));
	wait_flag(&vm_frame(vm)->flag, 1);
	level = console_level(2);
	pid = fork();
	if (pid == 0)
		exhaust(&self->group, &self->world, variant->one);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	console_level(level);
	EXPECT_TRUE(WIFEXITED(status) ? !WEXITSTATUS(status) : WTERMSIG(status) == SIGKILL);
	flag = vm_frame(vm)->flag;
	wait_flag(&vm_frame(vm)->flag, flag + 1);
	EXPECT_EQ(ZX_OK, zx_vcpu_kick(vm->vcpu));
	ASSERT_EQ(0, pthread_join(thread, &answer));
	EXPECT_EQ(ZX_ERR_CANCELED, (zx_status_t)(intptr_t)answer);
	EXPECT_EQ(ZX_OK, zx_vmo_op_range(vm->vmo, ZX_VMO_OP_COMMIT, 0, GUEST_RAM, NULL, 0));
}

TEST_HARNESS_MAIN
