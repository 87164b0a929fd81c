// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that does anything, in all modes, with a VMM that answers at random. Whatever it does,
 * an enter ends as uapi/zx_hypervisor.h says, memory that is not the guest's stays as it was, and
 * so does the host. All follows from SOAK_SEED and the number of the round (FUZZ_ROUND in the
 * environment runs only that one), but for what the guest sees of the time, and where a kick meets
 * it. What counts as an instruction is a cell: see fuzz_guest.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "kselftest_harness.h"
#include "fuzz_guest.h"

#define SECONDS		15

/* So many ticks may an enter take in which cells are counted, and in which none are. */
#define TICK_MS		2
#define PATIENCE	5
#define IMPATIENCE	2

/* A round is over with so many VCPUs, or enters, or ways through all cells. */
#define WRECKS		512
#define PASSES		4
#define ENTERS		20000

/* No emulator does one in less. */
#define CELL_NS		100

#define SECRET		0x5ec2e7d0c0ffee5eull
#define CELLS		(FZ_CELLS_LEN / FZ_CELL)
#define APIC_PAGE	0xfee00000
#define WINDOW_PAGES	3

enum count {
	ROUNDS, ENTERED, PACKETS, KICKS, VCPUS, SHUTDOWNS, REFUSED, UNDECODED, UNHANDLED,
	COUNTS,
};

/*
 * @mem:     what the guest had below FZ_TABLES_END when the round began
 * @window:  pages with a secret; the guest has the middle one
 * @cells, @looked: what the guest has done, and when that was
 * @furthest: the last cell that the VMM had to go on behind
 * @progress: enters so far, which the kicker looks at
 * @stuck:   enters in which nothing happened
 */
struct fuzz {
	struct soak soak;
	struct soak round;
	unsigned long number;
	const struct fz_mode *mode;
	struct vm vm;
	struct fz_host *host;
	unsigned char *mem;
	zx_handle_t window, port;
	uint64_t *secret;
	volatile unsigned long progress;
	volatile zx_handle_t running;
	volatile bool over;
	unsigned long seen_enters;
	uint64_t seen_count;
	unsigned int same_enter, same_count;
	pthread_t kicker;
	pthread_mutex_t lock;
	uint64_t cells;
	int64_t looked;
	unsigned int furthest;
	unsigned int wrecks, enters, passes, stuck;
	unsigned long counts[COUNTS];
};

static struct fz_state *state(struct fuzz *fuzz)
{
	return (struct fz_state *)(fuzz->vm.mem + FZ_STATE);
}

/* Who sleeps or turns in circles is kicked. */
static void look(struct fuzz *fuzz)
{
	const unsigned long enters = fuzz->progress;
	const uint64_t count = fuzz->running ? state(fuzz)->count : 0;

	fuzz->same_enter = enters == fuzz->seen_enters ? fuzz->same_enter + 1 : 0;
	fuzz->same_count = count == fuzz->seen_count && fuzz->same_enter ? fuzz->same_count + 1 : 0;
	fuzz->seen_enters = enters;
	fuzz->seen_count = count;
	if (!fuzz->running ||
	    (fuzz->same_enter < PATIENCE && fuzz->same_count < IMPATIENCE))
		return;
	zx_vcpu_kick(fuzz->running);
	fuzz->same_enter = fuzz->same_count = 0;
}

static void *kicker_thread(void *arg)
{
	struct fuzz *fuzz = arg;

	while (!fuzz->over) {
		sleep_ms(TICK_MS);
		pthread_mutex_lock(&fuzz->lock);
		look(fuzz);
		pthread_mutex_unlock(&fuzz->lock);
	}
	return NULL;
}

static zx_status_t set_traps(struct fuzz *fuzz)
{
	const zx_handle_t guest = fuzz->vm.guest, none = ZX_HANDLE_INVALID;
	zx_status_t status;

	status = zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 0x400, 0x200, none, KEY_PORTS) ?:
		 zx_guest_set_trap(guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, 16 * PAGE, none,
				   KEY_TRAP) ?:
		 zx_guest_set_trap(guest, ZX_GUEST_TRAP_MEM, GUEST_LOW_TRAP, PAGE, none,
				   KEY_TRAP) ?:
		 zx_port_create(0, &fuzz->port) ?:
		 zx_guest_set_trap(guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, fuzz->port,
				   KEY_BELL);
	if (status == ZX_OK && soak_once_in(&fuzz->round, 2))
		status = zx_guest_set_trap(guest, ZX_GUEST_TRAP_MEM, APIC_PAGE, PAGE, none,
					   KEY_TRAP);
	if (status == ZX_OK && soak_once_in(&fuzz->round, 4))
		status = zxl_guest_set_ipi_mode(guest, ZXL_IPI_KERNEL);
	return status;
}

/* The middle page is the guest's, and read-only once more next to it. */
static zx_status_t map_window(struct fuzz *fuzz)
{
	const uint64_t size = WINDOW_PAGES * PAGE;
	zx_vaddr_t addr, mine;
	unsigned int i;
	zx_status_t status;

	status = zx_vmo_create(size, 0, &fuzz->window) ?:
		 zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0,
			     fuzz->window, 0, size, &mine) ?:
		 zx_vmar_map(fuzz->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC,
			     GUEST_WINDOW, fuzz->window, PAGE, PAGE, &addr) ?:
		 zx_vmar_map(fuzz->vm.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC,
			     GUEST_WINDOW + 2 * PAGE, fuzz->window, PAGE, PAGE, &addr);
	if (status != ZX_OK)
		return status;
	fuzz->secret = (uint64_t *)mine;
	for (i = 0; i < size / 8; i++)
		fuzz->secret[i] = i / 512 == 1 ? 0 : SECRET;
	return ZX_OK;
}

static zx_status_t round_up(struct fuzz *fuzz)
{
	zx_status_t status = vm_up(&fuzz->vm) ?: set_traps(fuzz) ?: map_window(fuzz);

	if (status != ZX_OK)
		return status;
	fz_machine(&fuzz->round, fuzz->vm.mem, fuzz->mode);
	memcpy(fuzz->mem, fuzz->vm.mem, FZ_TABLES_END);
	return ZX_OK;
}

static void round_down(struct fuzz *fuzz)
{
	pthread_mutex_lock(&fuzz->lock);
	fuzz->running = ZX_HANDLE_INVALID;
	pthread_mutex_unlock(&fuzz->lock);
	if (fuzz->secret)
		zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)fuzz->secret, WINDOW_PAGES * PAGE);
	fuzz->secret = NULL;
	vm_down(&fuzz->vm);
	zx_handle_close(fuzz->window);
	zx_handle_close(fuzz->port);
}

static int64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

/*
 * A guest may write to its counter. More than a machine can do since the last look is a lie, and
 * so is less.
 */
static void take_count(struct fuzz *fuzz)
{
	const uint64_t count = state(fuzz)->count;
	const int64_t now = clock_now();

	if (count - fuzz->cells <= (now - fuzz->looked) / CELL_NS)
		fuzz->cells = count;
	else
		state(fuzz)->count = fuzz->cells;
	fuzz->looked = now;
}

/* A VCPU as new, memory as in the beginning but for the cells, of which the next is due. */
static zx_status_t restart(struct fuzz *fuzz)
{
	zx_status_t status;

	take_count(fuzz);
	pthread_mutex_lock(&fuzz->lock);
	fuzz->running = ZX_HANDLE_INVALID;
	pthread_mutex_unlock(&fuzz->lock);
	zx_handle_close(fuzz->vm.vcpu);
	memcpy(fuzz->vm.mem, fuzz->mem, FZ_CELLS);
	memcpy(fuzz->vm.mem + FZ_DRIVER, fuzz->mem + FZ_DRIVER, FZ_TABLES_END - FZ_DRIVER);
	state(fuzz)->count = fuzz->cells;
	state(fuzz)->cursor = fuzz->furthest * FZ_CELL;
	state(fuzz)->seed = soak_next(&fuzz->round);
	fuzz->vm.vcpu = ZX_HANDLE_INVALID;
	status = zx_vcpu_create(fuzz->vm.guest, 0, FZ_DRIVER, &fuzz->vm.vcpu);
	if (status != ZX_OK)
		return status;
	fuzz->wrecks++;
	fuzz->stuck = 0;
	fuzz->counts[VCPUS]++;
	fuzz->looked = clock_now();
	fuzz->running = fuzz->vm.vcpu;
	return ZX_OK;
}

static struct zx_vcpu_page *page_of(struct fuzz *fuzz)
{
	return zxl_vcpu_page(fuzz->vm.vcpu);
}

static bool in_driver(uint64_t rip)
{
	return rip - FZ_DRIVER < FZ_DRIVER_LEN;
}

/* Whatever loops there are, no cell is gone back to. */
static void advance(struct fuzz *fuzz, unsigned int cell)
{
	if (cell < CELLS && cell > fuzz->furthest)
		fuzz->furthest = cell;
	fuzz->furthest++;
}

/* To a cell not yet been at. False: it does not stand in one. */
static bool skip(struct fuzz *fuzz)
{
	uint64_t rip = page_of(fuzz)->rip;
	struct zx_ioc_vcpu_state args = {
		.size = sizeof(args), .kind = ZXL_VCPU_RIP, .buffer = (uint64_t)&rip,
		.length = sizeof(rip),
	};

	if (rip - fuzz->mode->base >= FZ_CELLS_LEN)
		return false;
	advance(fuzz, (rip - fuzz->mode->base) / FZ_CELL);
	rip = fuzz->mode->base + fuzz->furthest % CELLS * FZ_CELL;
	return !ioctl(zxl_handle_fd(fuzz->vm.vcpu), ZX_IOC_VCPU_WRITE_STATE, &args);
}

/* What a VMM may do between enters. */
static void meddle(struct fuzz *fuzz)
{
	struct soak *soak = &fuzz->round;
	struct zx_vcpu_page *page = page_of(fuzz);
	uint64_t *regs = (uint64_t *)&page->regs;

	switch (soak_below(soak, 64)) {
	case 0 ... 3:
		regs[soak_below(soak, 16)] = fz_number(soak);
		break;
	case 4:
		page->regs.rflags = soak_next(soak);
		break;
	case 5 ... 6:
		zxl_vcpu_interrupt(fuzz->vm.vcpu, 32 + soak_below(soak, 224), soak_below(soak, 2));
		break;
	case 7:
		zx_vcpu_interrupt(fuzz->vm.vcpu, soak_below(soak, 256));
		break;
	case 8:
		zx_vmo_op_range(fuzz->vm.vmo, ZX_VMO_OP_DECOMMIT, GUEST_SPARE, PAGE, NULL, 0);
		break;
	case 9:
		memset((char *)page + soak_below(soak, PAGE - 8), soak_next(soak), 8);
		break;
	}
}

static void answer_memory(struct fuzz *fuzz)
{
	uint8_t bytes[64];
	zx_vaddr_t gpa;

	switch (soak_below(&fuzz->round, 4)) {
	case 0:
		zxl_vcpu_access_finish(fuzz->vm.vcpu, fz_number(&fuzz->round));
		break;
	case 1:
		zxl_vcpu_read_memory(fuzz->vm.vcpu, fz_number(&fuzz->round), bytes,
				     soak_below(&fuzz->round, sizeof(bytes)), &gpa);
		break;
	case 2:
		memset(bytes, soak_next(&fuzz->round), sizeof(bytes));
		zxl_vcpu_write_memory(fuzz->vm.vcpu, FZ_SCRATCH + soak_below(&fuzz->round, PAGE),
				      bytes, soak_below(&fuzz->round, sizeof(bytes)), &gpa);
		break;
	}
}

static void empty_port(struct fuzz *fuzz)
{
	zx_port_packet_t packet;

	while (zx_port_wait(fuzz->port, 0, &packet) == ZX_OK)
		;
}

enum next { GO_ON, SKIP, WRECK, RESTART, ROUND_OVER, BROKEN };

static enum next pass_over(struct fuzz *fuzz)
{
	if (++fuzz->passes == PASSES)
		return ROUND_OVER;
	fuzz->furthest = 0;
	return RESTART;
}

static enum next take_packet(struct fuzz *fuzz)
{
	const struct zx_vcpu_page *page = page_of(fuzz);
	const struct zx_packet packet = page->packet;

	fuzz->counts[PACKETS]++;
	switch (packet.type) {
	case ZX_PKT_TYPE_GUEST_IO:
		if (packet.io.port >> 4 != GUEST_PORTS >> 4 && packet.io.port >> 9 != 0x400 >> 9)
			return BROKEN;
		if (!in_driver(page->rip) && page->rip >= FZ_DRIVER_LEN)
			return GO_ON;
		return packet.io.port == FZ_PORT_END ? pass_over(fuzz) :
		       packet.io.port == FZ_PORT_WRECK ? WRECK : GO_ON;
	case ZX_PKT_TYPE_GUEST_MEM:
		answer_memory(fuzz);
		return GO_ON;
	case ZX_PKT_TYPE_GUEST_VCPU:
		return GO_ON;
	default:
		return BROKEN;
	}
}

/* Which reasons go with which status: uapi/zx_hypervisor.h, ZX_IOC_VCPU_ENTER. */
static bool documented(zx_status_t status, uint32_t reason)
{
	switch (status) {
	case ZX_OK:
		return reason == ZX_VCPU_REASON_PACKET;
	case ZX_ERR_CANCELED:
		return reason == ZX_VCPU_REASON_KICK;
	case ZX_ERR_NOT_FOUND:
		return reason == ZX_VCPU_REASON_MEMORY || reason == ZX_VCPU_REASON_PORT;
	case ZX_ERR_ACCESS_DENIED:
	case ZX_ERR_OUT_OF_RANGE:
		return reason == ZX_VCPU_REASON_MEMORY;
	case ZX_ERR_NOT_SUPPORTED:
		return reason == ZX_VCPU_REASON_SHUTDOWN || reason == ZX_VCPU_REASON_STRING_IO ||
		       reason == ZX_VCPU_REASON_BELL || reason == ZX_VCPU_REASON_DECODE ||
		       reason == ZX_VCPU_REASON_EXIT || reason == ZX_VCPU_REASON_VECTOR;
	case ZX_ERR_BAD_STATE:
		return reason == ZX_VCPU_REASON_ENTRY;
	default:
		return false;
	}
}

static enum next after_failure(struct fuzz *fuzz, zx_status_t status)
{
	switch (page_of(fuzz)->reason) {
	case ZX_VCPU_REASON_SHUTDOWN:
		fuzz->counts[SHUTDOWNS]++;
		return WRECK;
	case ZX_VCPU_REASON_ENTRY:
		fuzz->counts[REFUSED]++;
		return WRECK;
	case ZX_VCPU_REASON_DECODE:
		fuzz->counts[UNDECODED]++;
		return SKIP;
	}
	if (status == ZX_ERR_CANCELED)
		fuzz->counts[KICKS]++;
	if (page_of(fuzz)->reason == ZX_VCPU_REASON_EXIT)
		fuzz->counts[UNHANDLED]++;
	return SKIP;
}

static enum next enter(struct fuzz *fuzz)
{
	zx_status_t status;

	fuzz->progress++;
	fuzz->enters++;
	fuzz->counts[ENTERED]++;
	if (!fz_host_enter(fuzz->host, fuzz->vm.vcpu, &status))
		return BROKEN;
	if (!documented(status, page_of(fuzz)->reason)) {
		fprintf(stderr, "# an enter ended with %d, reason %u\n", status,
			page_of(fuzz)->reason);
		return BROKEN;
	}
	return status == ZX_OK ? take_packet(fuzz) : after_failure(fuzz, status);
}

/* Enters that lead to no more cells are a circle. */
static bool in_circles(struct fuzz *fuzz)
{
	const uint64_t before = fuzz->cells;

	take_count(fuzz);
	fuzz->stuck = fuzz->cells == before ? fuzz->stuck + 1 : 0;
	return fuzz->stuck > 64;
}

static bool begin_again(struct fuzz *fuzz, enum next why)
{
	if (why == WRECK)
		advance(fuzz, state(fuzz)->cursor / FZ_CELL);
	return restart(fuzz) == ZX_OK;
}

static enum next step(struct fuzz *fuzz)
{
	enum next next = enter(fuzz);

	if (next == BROKEN || next == ROUND_OVER)
		return next;
	if (next == SKIP || fuzz->enters % 64 == 0)
		empty_port(fuzz);
	if (next == SKIP && !skip(fuzz) && soak_once_in(&fuzz->round, 4))
		next = WRECK;
	if (in_circles(fuzz))
		next = WRECK;
	if (fuzz->furthest >= CELLS)
		next = pass_over(fuzz);
	if (next == ROUND_OVER)
		return next;
	if (next == WRECK || next == RESTART)
		return begin_again(fuzz, next) ? GO_ON : BROKEN;
	meddle(fuzz);
	return GO_ON;
}

/* Nobody but the guest's middle page has changed, and nothing of the others is in the guest. */
static bool secret_kept(struct fuzz *fuzz)
{
	const uint64_t *word = (const uint64_t *)fuzz->vm.mem;
	unsigned int i;

	for (i = 0; i < WINDOW_PAGES * PAGE / 8; i++)
		if (i / 512 != 1 && fuzz->secret[i] != SECRET)
			return false;
	for (i = 0; i < GUEST_SPARE / 8; i++)
		if (word[i] == SECRET)
			return false;
	return true;
}

static bool run_round(struct fuzz *fuzz)
{
	enum next next = GO_ON;
	bool ok;

	fuzz->round = soak_fork(&fuzz->soak, fuzz->number);
	fuzz->mode = &fz_modes[fuzz->number % fz_nr_modes];
	fuzz->wrecks = fuzz->enters = fuzz->passes = fuzz->furthest = 0;
	fuzz->counts[ROUNDS]++;
	fuzz->cells = 0;
	ok = round_up(fuzz) == ZX_OK && restart(fuzz) == ZX_OK;
	while (ok && next == GO_ON && fuzz->wrecks < WRECKS && fuzz->enters < ENTERS)
		next = step(fuzz);
	ok = ok && next != BROKEN && secret_kept(fuzz) && fz_host_same(fuzz->host);
	round_down(fuzz);
	if (!ok)
		fprintf(stderr, "# SOAK_SEED=%#llx FUZZ_ROUND=%lu, %s\n",
			(unsigned long long)fuzz->soak.seed, fuzz->number, fuzz->mode->name);
	return ok;
}

static void say(const struct fuzz *fuzz, uint64_t cells)
{
	static const char *const names[COUNTS] = {
		"rounds", "enters", "packets", "kicks", "VCPUs", "triple faults", "refused entries",
		"undecoded instructions", "unhandled exits",
	};
	unsigned int i;

	printf("# soak: guest instructions %llu\n", (unsigned long long)cells);
	for (i = 0; i < COUNTS; i++)
		printf("# soak: guest %s %lu\n", names[i], fuzz->counts[i]);
	fflush(stdout);
}

static bool run_rounds(struct fuzz *fuzz)
{
	const char *only = getenv("FUZZ_ROUND");
	uint64_t cells = 0;
	bool ok = true;

	fuzz->number = only ? strtoul(only, NULL, 0) : 0;
	do {
		ok = run_round(fuzz);
		cells += fuzz->cells;
		fuzz->number++;
	} while (ok && !only && soak_goes_on(&fuzz->soak));
	say(fuzz, cells);
	return ok;
}

/* @keeper: while there is a guest the CPUs are the module's, which shows in their registers */
FIXTURE(fuzz_guest) {
	struct fuzz fuzz;
	struct vm keeper;
};

FIXTURE_SETUP(fuzz_guest)
{
	ASSERT_EQ(0, settled_objects());
	/* What the host's CPUs have is not the same on all of them. */
	ASSERT_EQ(0, run_on_cpu(0));
	ASSERT_EQ(ZX_OK, vm_up(&self->keeper));
	self->fuzz.mem = malloc(FZ_TABLES_END);
	self->fuzz.host = fz_host_new();
	ASSERT_NE(NULL, self->fuzz.mem);
	ASSERT_NE(NULL, self->fuzz.host);
	pthread_mutex_init(&self->fuzz.lock, NULL);
	ASSERT_EQ(0, pthread_create(&self->fuzz.kicker, NULL, kicker_thread, &self->fuzz));
}

FIXTURE_TEARDOWN(fuzz_guest)
{
	self->fuzz.over = true;
	pthread_join(self->fuzz.kicker, NULL);
	vm_down(&self->keeper);
	EXPECT_EQ(0, settled_objects());
}

/* A day: how long it takes is SOAK_SECONDS's matter, not the harness's. */
TEST_F_TIMEOUT(fuzz_guest, all_modes, 86400)
{
	soak_begin(&self->fuzz.soak, SECONDS);
	EXPECT_TRUE(run_rounds(&self->fuzz));
	EXPECT_LT(0, self->fuzz.counts[PACKETS]);
}

TEST_HARNESS_MAIN
