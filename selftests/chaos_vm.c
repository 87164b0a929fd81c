// SPDX-License-Identifier: GPL-2.0-only
/* See chaos_vm.h. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "chaos_vm.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define RW		(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define WINDOW		GUEST_HOLE
#define WINDOW_PAGES	8
#define OTHER_TRAP	(GUEST_TRAP + PAGE)
#define OTHER_BELL	(GUEST_BELL + PAGE)
#define OTHER_PORT	0x300
#define READY		WORD_AT(0)
#define MOMENT		200000ll
#define FOR_EVER	UINT64_MAX
#define LVT_PERIODIC	0x20000u

struct chaos_figures *chaos_figures_new(void)
{
	void *figures = mmap(NULL, sizeof(struct chaos_figures), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return figures == MAP_FAILED ? NULL : figures;
}

static void count(uint64_t *figure)
{
	__atomic_add_fetch(figure, 1, __ATOMIC_RELAXED);
}

void chaos_print_bad(const struct chaos_figures *figures)
{
	const struct zx_vcpu_page *page = &figures->page;

	printf("# %llu bad, the last %lld; reason %u, address %#llx, exit %#llx, RIP %#llx\n",
	       (unsigned long long)figures->bad, (long long)figures->last_bad, page->reason,
	       (unsigned long long)page->addr, (unsigned long long)page->hw_exit,
	       (unsigned long long)page->rip);
	fflush(stdout);
}

uint64_t chaos_exits(const struct chaos_figures *figures)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < CHAOS_CPUS; i++)
		sum += __atomic_load_n(&figures->exits[i], __ATOMIC_RELAXED);
	return sum;
}

zx_handle_t chaos_take(struct chaos *chaos, unsigned int slot)
{
	return __atomic_exchange_n(&chaos->slots[slot], ZX_HANDLE_INVALID, __ATOMIC_ACQ_REL);
}

static zx_handle_t look(struct chaos *chaos, unsigned int slot)
{
	return __atomic_load_n(&chaos->slots[slot], __ATOMIC_ACQUIRE);
}

static void put(struct chaos *chaos, unsigned int slot, zx_handle_t handle)
{
	zx_handle_close(__atomic_exchange_n(&chaos->slots[slot], handle, __ATOMIC_ACQ_REL));
}

static zx_handle_t any_vcpu(struct chaos_thread *me)
{
	return look(me->chaos, SLOT_VCPU + soak_below(&me->soak, CHAOS_CPUS));
}

static zx_handle_t any_end(struct chaos_thread *me)
{
	return look(me->chaos, SLOT_END + soak_below(&me->soak, 4));
}

static zx_handle_t any(struct chaos_thread *me)
{
	return look(me->chaos, soak_below(&me->soak, CHAOS_SLOTS));
}

static void keep(struct chaos_thread *me, zx_handle_t handle)
{
	put(me->chaos, SLOT_ANY + soak_below(&me->soak, CHAOS_SLOTS - SLOT_ANY), handle);
}

static zx_status_t kept(struct chaos_thread *me, zx_status_t status, const zx_handle_t *handle)
{
	if (status == ZX_OK)
		keep(me, *handle);
	return status;
}

static zx_handle_t guest(struct chaos_thread *me)
{
	return look(me->chaos, SLOT_GUEST);
}

static zx_handle_t vmar(struct chaos_thread *me)
{
	return look(me->chaos, SLOT_VMAR);
}

static zx_handle_t vmo(struct chaos_thread *me)
{
	return look(me->chaos, SLOT_VMO);
}

static zx_handle_t port(struct chaos_thread *me)
{
	return look(me->chaos, SLOT_PORT);
}

static uint64_t page_in(struct chaos_thread *me, uint64_t start)
{
	return start + soak_below(&me->soak, WINDOW_PAGES) * PAGE;
}

static zx_status_t act_interrupt(struct chaos_thread *me)
{
	return zxl_vcpu_interrupt(any_vcpu(me), 0x40 + soak_below(&me->soak, 0x80),
				  soak_once_in(&me->soak, 2) ? ZXL_INTERRUPT_LEVEL : 0);
}

/* One that is not in long mode yet has no handler. */
static zx_status_t act_nmi(struct chaos_thread *me)
{
	if (*smp_word(&me->chaos->smp, 0) < CHAOS_CPUS)
		return ZX_ERR_SHOULD_WAIT;
	return zx_vcpu_interrupt(any_vcpu(me), NMI);
}

static zx_status_t act_kick(struct chaos_thread *me)
{
	return zx_vcpu_kick(any_vcpu(me));
}

static zx_status_t act_port_wait(struct chaos_thread *me)
{
	return zx_port_wait(port(me), zx_deadline_after(soak_below(&me->soak, MOMENT)), NULL);
}

static zx_status_t act_port_queue(struct chaos_thread *me)
{
	const zx_port_packet_t packet = { .type = ZX_PKT_TYPE_USER };

	return zx_port_queue(port(me), &packet);
}

static zx_status_t act_map(struct chaos_thread *me)
{
	zx_vaddr_t addr;

	return zx_vmar_map(vmar(me), RW | ZX_VM_SPECIFIC_OVERWRITE, WINDOW, vmo(me), GUEST_SPARE,
			   WINDOW_PAGES * PAGE, &addr);
}

static zx_status_t act_unmap(struct chaos_thread *me)
{
	return zx_vmar_unmap(vmar(me), page_in(me, WINDOW), PAGE);
}

static zx_status_t act_protect(struct chaos_thread *me)
{
	return zx_vmar_protect(vmar(me), soak_once_in(&me->soak, 2) ? RW : ZX_VM_PERM_READ,
			       page_in(me, WINDOW), PAGE);
}

static zx_status_t act_decommit(struct chaos_thread *me)
{
	return zx_vmo_op_range(vmo(me), ZX_VMO_OP_DECOMMIT, page_in(me, GUEST_SPARE), PAGE, NULL,
			       0);
}

static zx_status_t act_commit(struct chaos_thread *me)
{
	return zx_vmar_op_range(vmar(me), ZX_VMAR_OP_COMMIT, page_in(me, WINDOW), PAGE, NULL, 0);
}

static zx_status_t act_child(struct chaos_thread *me)
{
	static const uint32_t kinds[] = { ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SLICE,
					  ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_RESIZABLE };
	zx_handle_t child;

	return kept(me, zx_vmo_create_child(vmo(me), kinds[soak_below(&me->soak, 3)], GUEST_SPARE,
					    WINDOW_PAGES * PAGE, &child), &child);
}

static zx_status_t act_vmo(struct chaos_thread *me)
{
	zx_handle_t fresh;
	zx_status_t status = zx_vmo_create(4 * PAGE, 0, &fresh);

	if (status != ZX_OK)
		return status;
	status = zx_vmo_write(fresh, "text", page_in(me, 0) % (4 * PAGE), 4);
	keep(me, fresh);
	/* Another thread may have closed it already. */
	return status;
}

static zx_status_t act_event(struct chaos_thread *me)
{
	zx_handle_t event;

	return kept(me, zx_event_create(0, &event), &event);
}

static zx_status_t act_channel(struct chaos_thread *me)
{
	const unsigned int slot = SLOT_END + 2 * soak_below(&me->soak, 2);
	zx_handle_t ends[2];
	zx_status_t status = zx_channel_create(0, &ends[0], &ends[1]);

	if (status != ZX_OK)
		return status;
	put(me->chaos, slot, ends[0]);
	put(me->chaos, slot + 1, ends[1]);
	return ZX_OK;
}

/* A handle of any kind, or the slot's own. */
static zx_status_t act_write(struct chaos_thread *me)
{
	zx_handle_t sent;

	if (soak_once_in(&me->soak, 4))
		sent = chaos_take(me->chaos,
				  SLOT_END + soak_below(&me->soak, CHAOS_SLOTS - SLOT_END));
	else if (zx_handle_duplicate(any(me), ZX_RIGHT_SAME_RIGHTS, &sent) != ZX_OK)
		return ZX_ERR_BAD_HANDLE;
	return zx_channel_write(any_end(me), 0, "text", 4, &sent, 1);
}

static zx_status_t act_read(struct chaos_thread *me)
{
	zx_handle_t received = ZX_HANDLE_INVALID;
	char bytes[4];

	return kept(me, zx_channel_read(any_end(me), 0, bytes, &received, 4, 1, NULL, NULL),
		    &received);
}

static zx_status_t act_call(struct chaos_thread *me)
{
	char answer[4];
	const zx_channel_call_args_t args = { .wr_bytes = "call", .wr_num_bytes = 4,
					      .rd_bytes = answer, .rd_num_bytes = 4 };
	uint32_t bytes, handles;
	const zx_status_t status = zx_channel_call(any_end(me), 0, zx_deadline_after(MOMENT / 4),
						   &args, &bytes, &handles);

	/* That it was sent will do. */
	return status == ZX_ERR_TIMED_OUT ? ZX_OK : status;
}

static zx_status_t act_guest(struct chaos_thread *me)
{
	zx_handle_t fresh, root;
	zx_status_t status = zx_guest_create(me->chaos->smp.vm.resource, 0, &fresh, &root);

	if (status != ZX_OK)
		return status;
	keep(me, fresh);
	keep(me, root);
	return ZX_OK;
}

static zx_status_t act_trap(struct chaos_thread *me)
{
	switch (soak_below(&me->soak, 3)) {
	case 0:
		return zx_guest_set_trap(guest(me), ZX_GUEST_TRAP_BELL, OTHER_BELL, PAGE,
					 port(me), KEY_BELL);
	case 1:
		return zx_guest_set_trap(guest(me), ZX_GUEST_TRAP_MEM, OTHER_TRAP, PAGE,
					 ZX_HANDLE_INVALID, 0);
	default:
		return zx_guest_set_trap(guest(me), ZX_GUEST_TRAP_IO, OTHER_PORT, 4,
					 ZX_HANDLE_INVALID, 0);
	}
}

static zx_status_t act_untrap(struct chaos_thread *me)
{
	switch (soak_below(&me->soak, 3)) {
	case 0:
		return zxl_guest_unset_trap(guest(me), ZX_GUEST_TRAP_BELL, OTHER_BELL);
	case 1:
		return zxl_guest_unset_trap(guest(me), ZX_GUEST_TRAP_MEM, OTHER_TRAP);
	default:
		return zxl_guest_unset_trap(guest(me), ZX_GUEST_TRAP_IO, OTHER_PORT);
	}
}

static zx_status_t act_observe(struct chaos_thread *me)
{
	return zx_object_wait_async(any(me), port(me), soak_below(&me->soak, 4),
				    ZX_CHANNEL_READABLE | ZX_USER_SIGNAL_0, 0);
}

static zx_status_t act_signal(struct chaos_thread *me)
{
	return zx_object_signal(any(me), ZX_USER_SIGNAL_0,
				soak_once_in(&me->soak, 2) ? ZX_USER_SIGNAL_0 : 0);
}

static zx_status_t act_duplicate(struct chaos_thread *me)
{
	zx_handle_t twin;

	return kept(me, zx_handle_duplicate(any(me), ZX_RIGHT_SAME_RIGHTS, &twin), &twin);
}

static zx_status_t (*const acts[CHAOS_ACTS])(struct chaos_thread *me) = {
	act_interrupt, act_nmi, act_kick, act_port_wait, act_port_queue, act_map, act_unmap,
	act_protect, act_decommit, act_commit, act_child, act_vmo, act_event, act_channel,
	act_write, act_read, act_call, act_guest, act_trap, act_untrap, act_observe, act_signal,
	act_duplicate,
};

bool chaos_is_complete(const struct chaos_figures *figures)
{
	bool complete = true;
	unsigned int i;

	for (i = 0; i < CHAOS_CPUS; i++) {
		if (figures->exits[i])
			continue;
		printf("# VCPU %u never left the guest\n", i);
		complete = false;
	}
	for (i = 0; i < CHAOS_ACTS; i++) {
		if (!acts[i] || figures->acts[i])
			continue;
		printf("# act %u never came to anything\n", i);
		complete = false;
	}
	return complete;
}

/* Handles that change under a call explain the rest. */
static void judge(struct chaos *chaos, zx_status_t status, int64_t what)
{
	if (status != ZX_ERR_INTERNAL && status != ZX_ERR_NO_MEMORY)
		return;
	count(&chaos->figures->bad);
	chaos->figures->last_bad = what;
}

static void act(struct chaos_thread *me)
{
	const unsigned int number = soak_below(&me->soak, CHAOS_ACTS);
	zx_status_t status;

	if (!acts[number])
		return;
	status = acts[number](me);
	if (status == ZX_OK)
		count(&me->chaos->figures->acts[number]);
	judge(me->chaos, status, 100 + number);
}

static void relay(struct chaos *chaos, uint64_t mask, uint8_t vector)
{
	for (; mask; mask &= mask - 1)
		zx_vcpu_interrupt(look(chaos, SLOT_VCPU + __builtin_ctzll(mask) % CHAOS_CPUS),
				  vector);
}

/* What ends the guest's own part, and it cannot go on: no. */
static bool serve(struct chaos_thread *me, const zx_port_packet_t *packet)
{
	switch (packet->type) {
	case ZX_PKT_TYPE_GUEST_IO:
		return packet->guest_io.port != APIC_PORT_DIED;
	/*
	 * A load leaves its register as it was: zxl_vcpu_access_finish() would go by the number of
	 * a handle, which may be another VCPU's by now, whose registers would then change.
	 */
	case ZX_PKT_TYPE_GUEST_MEM:
		return true;
	case ZX_PKT_TYPE_GUEST_VCPU:
		if (packet->guest_vcpu.type == ZX_PKT_GUEST_VCPU_INTERRUPT)
			relay(me->chaos, packet->guest_vcpu.interrupt.mask,
			      packet->guest_vcpu.interrupt.vector);
		return true;
	default:
		return false;
	}
}

/* Whether the VCPU can go on, or its thread has to find other things to do. */
static bool enter(struct chaos_thread *me)
{
	zx_port_packet_t packet;
	const zx_status_t status = zx_vcpu_enter(look(me->chaos, SLOT_VCPU + me->number), &packet);

	switch (status) {
	case ZX_OK:
		count(&me->chaos->figures->exits[me->number]);
		if (serve(me, &packet))
			return true;
		break;
	case ZX_ERR_CANCELED:
	case ZX_ERR_BAD_STATE:		/* the bell's port is closed */
		return true;
	case ZX_ERR_NOT_FOUND:
	case ZX_ERR_ACCESS_DENIED:
	case ZX_ERR_OUT_OF_RANGE:	/* the number was a smaller VMO's for a moment */
		act_map(me);
		return true;
	case ZX_ERR_BAD_HANDLE:
	case ZX_ERR_WRONG_TYPE:
		return false;
	}
	count(&me->chaos->figures->bad);
	me->chaos->figures->last_bad = status == ZX_OK ? packet.type : status;
	me->chaos->figures->page = *me->page;
	return false;
}

/* In the order of the numbers, so that the first is the one that starts in long mode. */
static zx_status_t make_vcpu(struct chaos_thread *me)
{
	struct chaos *const chaos = me->chaos;
	struct smp *const smp = &chaos->smp;
	zx_handle_t vcpu = ZX_HANDLE_INVALID;
	zx_status_t status;

	pthread_mutex_lock(&smp->lock);
	while (chaos->made != me->number)
		pthread_cond_wait(&smp->changed, &smp->lock);
	status = zx_vcpu_create(look(chaos, SLOT_GUEST), 0, me->number ? APIC_AP : GUEST_ENTRY,
				&vcpu);
	me->page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, zxl_handle_fd(vcpu), 0);
	if (me->page == MAP_FAILED)
		status = ZX_ERR_INTERNAL;
	put(chaos, SLOT_VCPU + me->number, vcpu);
	chaos->made++;
	pthread_cond_broadcast(&smp->changed);
	while (chaos->made < CHAOS_CPUS)
		pthread_cond_wait(&smp->changed, &smp->lock);
	pthread_mutex_unlock(&smp->lock);
	return status;
}

static void *vcpu_thread(void *arg)
{
	struct chaos_thread *me = arg;
	bool runs = make_vcpu(me) == ZX_OK;

	while (!me->chaos->stop) {
		if (runs)
			runs = enter(me);
		if (!runs || soak_once_in(&me->soak, 4))
			act(me);
	}
	munmap((void *)me->page, PAGE);
	return NULL;
}

static void *helper_thread(void *arg)
{
	struct chaos_thread *me = arg;

	while (!me->chaos->stop) {
		act(me);
		if (soak_once_in(&me->soak, 16))
			sleep_ms(1);
	}
	return NULL;
}

/* Every VCPU's list; what is at WINDOW comes and goes. */
static void load_lists(struct smp *smp)
{
	unsigned int cpu;

	for (cpu = 0; cpu < CHAOS_CPUS; cpu++)
		smp_boots(smp, cpu, ENABLE, WRITE(DIVIDE, 0xb),
			  WRITE(LVT_TIMER, LVT_PERIODIC | 0xe0), WRITE(INITIAL, 1000000), ON,
			  ADD(READY, 1), AWAIT(READY, CHAOS_CPUS),
			  STEP(MARK, 0, 0x5000), SEND(0, ASSERTED | TO_OTHERS | 0x50),
			  STORE(GUEST_BELL + 8 * cpu, cpu), STEP(CPUID, 1, 0),
			  STORE(GUEST_TRAP + 8 * cpu, cpu), ADD(WINDOW + PAGE * cpu, 1),
			  SEND((cpu + 1) % CHAOS_CPUS, ASSERTED | 0x60), LOAD(GUEST_TRAP + 8, ANY),
			  HALT, ADD(GUEST_SPARE + PAGE * cpu, 1),
			  SEND((cpu + 1) % CHAOS_CPUS, ASSERTED | SEND_NMI), LOOP(11, FOR_EVER));
}

/* The handles go from the guest's struct to the slots, where they are closed. */
static void fill_slots(struct chaos *chaos)
{
	struct vm *const vm = &chaos->smp.vm;

	chaos->slots[SLOT_GUEST] = vm->guest;
	chaos->slots[SLOT_VMAR] = vm->vmar;
	chaos->slots[SLOT_VMO] = vm->vmo;
	vm->guest = vm->vmar = vm->vmo = ZX_HANDLE_INVALID;
}

static zx_status_t set_up(struct chaos *chaos)
{
	struct vm *const vm = &chaos->smp.vm;
	zx_handle_t *const slots = chaos->slots;

	return smp_up(&chaos->smp, CHAOS_CPUS, false) ?:
	       zx_port_create(0, &slots[SLOT_PORT]) ?:
	       zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE, 0, KEY_TRAP) ?:
	       zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE,
				 slots[SLOT_PORT], KEY_BELL) ?:
	       zx_channel_create(0, &slots[SLOT_END], &slots[SLOT_END + 1]) ?:
	       zx_channel_create(0, &slots[SLOT_END + 2], &slots[SLOT_END + 3]);
}

zx_status_t chaos_start(struct chaos *chaos, struct chaos_figures *figures,
			const struct soak *soak, uint64_t number)
{
	zx_status_t status;
	unsigned int i;

	memset(chaos, 0, sizeof(*chaos));
	chaos->figures = figures;
	status = set_up(chaos);
	if (status != ZX_OK)
		return status;
	load_lists(&chaos->smp);
	if (number & 1)
		zxl_guest_set_ipi_mode(chaos->smp.vm.guest, ZXL_IPI_KERNEL);
	fill_slots(chaos);
	for (i = 0; i < ARRAY_SIZE(chaos->threads); i++) {
		struct chaos_thread *thread = &chaos->threads[i];

		*thread = (struct chaos_thread){ .chaos = chaos, .number = i,
						 .soak = soak_fork(soak, number * 16 + i) };
		if (pthread_create(&thread->thread, NULL,
				   i < CHAOS_CPUS ? vcpu_thread : helper_thread, thread))
			return ZX_ERR_NO_MEMORY;
	}
	return ZX_OK;
}

/* Threads may fill slots until they see the flag, or sleep for a packet's sake. */
void chaos_end(struct chaos *chaos)
{
	unsigned int i, slot;

	chaos->stop = true;
	for (i = ARRAY_SIZE(chaos->threads); i-- > 0;) {
		for (slot = 0; slot < CHAOS_SLOTS; slot++)
			zx_handle_close(chaos_take(chaos, slot));
		pthread_join(chaos->threads[i].thread, NULL);
	}
	for (slot = 0; slot < CHAOS_SLOTS; slot++)
		zx_handle_close(chaos_take(chaos, slot));
	smp_down(&chaos->smp);
}
