// SPDX-License-Identifier: GPL-2.0-only
/*
 * What interrupts cost, and how long they take. With one CPU, which is what -icount
 * has, whoever sends and whoever receives take turns there: a time includes the
 * switch to the other thread, and nobody can be reached while running, so what an
 * IPI costs its sender is what can be said of a receiver that does not sleep.
 */
#include <pthread.h>
#include <string.h>

#include "bench.h"

#define WAKES		200u
#define TIMERS		100ull
#define TIMER_TICKS	100000ull
#define EOIS		1000ull
#define ROUNDS		200ull
#define SENDS		160ull

#define LVT_ONE_SHOT	0x60
#define LVT_DEADLINE	0x40060

/* RBX of the blobs: how the receiver waits. */
#define WAIT_RUNNING	0
#define WAIT_HALTED	1
#define WAIT_DEAF	2

static bool two_cpus(void)
{
	return cpu_number(1) >= 0;
}

/* Threads begin where the first one is. */
static void other_cpu(void)
{
	if (two_cpus())
		run_on_cpu(1);
}

static void *enter_until_kicked(void *arg)
{
	struct vm *vm = arg;
	zx_port_packet_t packet;
	zx_status_t status;

	other_cpu();
	check("VCPU", vm_vcpu(vm));
	status = zx_vcpu_enter(vm->vcpu, &packet);
	check("kick", status == ZX_ERR_CANCELED ? ZX_OK : ZX_ERR_INTERNAL);
	return NULL;
}

static void spawn(pthread_t *thread, void *(*call)(void *), void *arg)
{
	check("thread", pthread_create(thread, NULL, call, arg) ? ZX_ERR_NO_RESOURCES : ZX_OK);
}

/* From the call to the guest's handler, by one TSC, as guests have the host's. */
static uint64_t wake_once(struct vm *vm)
{
	struct guest_frame *frame = vm_frame(vm);
	const uint64_t before = frame->irqs;
	uint64_t from;

	/* It is halted by then. */
	sleep_ms(2);
	from = rdtsc();
	check("interrupt", zx_vcpu_interrupt(vm->vcpu, 0x60));
	wait_flag(&frame->irqs, before + 1);
	return frame->out[0] - from;
}

static void wake(void)
{
	pthread_t thread;
	struct vm vm;
	uint64_t sum = 0;
	unsigned int i;

	check("guest", vm_up(&vm));
	vm_load(&vm, bench_wake_start, bench_wake_end);
	spawn(&thread, enter_until_kicked, &vm);
	wait_flag(&vm_frame(&vm)->flag, 1);
	for (i = 0; i < WAKES; i++)
		sum += wake_once(&vm);
	report("interrupt from a thread to a halted VCPU's handler", sum, WAKES);
	check("kick", zx_vcpu_kick(vm.vcpu));
	pthread_join(thread, NULL);
	vm_down(&vm);
}

static void timer(const char *name, const char *from, const char *to, uint64_t lvt, uint64_t wait)
{
	struct guest_frame *frame;
	struct vm vm;

	check("guest", vm_up(&vm));
	frame = vm_frame(&vm);
	frame->rax = lvt;
	frame->rbx = wait;
	frame->rcx = TIMERS;
	frame->rdx = TIMER_TICKS;
	vm_load(&vm, from, to);
	check("VCPU", vm_vcpu(&vm));
	check(name, vm_finish(&vm));
	report(name, frame->out[0], TIMERS);
	vm_down(&vm);
}

static void timers(void)
{
	timer("one-shot timer to handler, running", bench_one_shot_start, bench_one_shot_end,
	      LVT_ONE_SHOT, WAIT_RUNNING);
	timer("one-shot timer to handler, halted", bench_one_shot_start, bench_one_shot_end,
	      LVT_ONE_SHOT, WAIT_HALTED);
	timer("TSC deadline to handler, running", bench_deadline_start, bench_deadline_end,
	      LVT_DEADLINE, WAIT_RUNNING);
	timer("TSC deadline to handler, halted", bench_deadline_start, bench_deadline_end,
	      LVT_DEADLINE, WAIT_HALTED);
}

static void eoi(void)
{
	struct vm vm;

	START(&vm, bench_eoi, EOIS, 0);
	check("EOI", vm_finish(&vm));
	report("EOI", vm_frame(&vm)->out[0], EOIS);
	vm_down(&vm);
}

/* Two VCPUs, and the thread of the second. */
struct pair {
	struct vm vm;
	zx_handle_t peer;
	pthread_t thread;
};

/* Enters @vcpu and passes its packets on to @other, until another packet or a kick. */
static zx_status_t serve(zx_handle_t vcpu, zx_handle_t other)
{
	zx_port_packet_t packet;
	zx_status_t status;

	for (;;) {
		status = zx_vcpu_enter(vcpu, &packet);
		if (status != ZX_OK || packet.type != ZX_PKT_TYPE_GUEST_VCPU)
			return status;
		check("IPI", zx_vcpu_interrupt(other, packet.guest_vcpu.interrupt.vector));
	}
}

static void *peer_thread(void *arg)
{
	struct pair *pair = arg;
	zx_status_t status;

	other_cpu();
	check("peer", zx_vcpu_create(pair->vm.guest, 0, GUEST_BUFFER, &pair->peer));
	status = serve(pair->peer, pair->vm.vcpu);
	check("peer's end", status == ZX_ERR_CANCELED ? ZX_OK : ZX_ERR_INTERNAL);
	return NULL;
}

static void pair_up(struct pair *pair, const char *from, const char *to, uint64_t count,
		    uint64_t wait, bool kernel)
{
	struct vm *vm = &pair->vm;

	start(vm, from, to, count, 0);
	if (kernel)
		check("mode", zxl_guest_set_ipi_mode(vm->guest, ZXL_IPI_KERNEL));
	vm_frame(vm)->rbx = wait;
	memcpy(vm->mem + GUEST_BUFFER, bench_peer_start, bench_peer_end - bench_peer_start);
	spawn(&pair->thread, peer_thread, pair);
	wait_flag(&vm_frame(vm)->flag, 1);
	/* It is halted by then, if it halts. */
	sleep_ms(2);
}

static void pair_down(struct pair *pair)
{
	check("kick", zx_vcpu_kick(pair->peer));
	pthread_join(pair->thread, NULL);
	zx_handle_close(pair->peer);
	vm_down(&pair->vm);
}

/* To the other's handler: half of there and back. */
static void ipi_there(const char *name, uint64_t wait, bool kernel)
{
	struct pair pair;

	pair_up(&pair, bench_ipi_start, bench_ipi_end, ROUNDS, wait, kernel);
	check(name, serve(pair.vm.vcpu, pair.peer));
	report(name, guest_ticks(&pair.vm), 2 * ROUNDS);
	pair_down(&pair);
}

/* The least of many: what else the CPU did meanwhile is not the IPI's. */
static uint64_t ipi_cost(const char *name, bool kernel)
{
	struct pair pair;
	uint64_t ticks;

	pair_up(&pair, bench_send_start, bench_send_end, SENDS, WAIT_DEAF, kernel);
	check(name, serve(pair.vm.vcpu, pair.peer));
	ticks = vm_frame(&pair.vm)->out[0];
	report(name, ticks, 1);
	pair_down(&pair);
	return ticks;
}

bool bench_events(void)
{
	uint64_t packet, kernel;

	if (two_cpus())
		run_on_cpu(0);
	wake();
	timers();
	eoi();
	ipi_there("IPI as a packet to a halted VCPU's handler", WAIT_HALTED, false);
	ipi_there("IPI in the kernel to a halted VCPU's handler", WAIT_HALTED, true);
	if (two_cpus()) {
		ipi_there("IPI as a packet to a running VCPU's handler", WAIT_RUNNING, false);
		ipi_there("IPI in the kernel to a running VCPU's handler", WAIT_RUNNING, true);
	}
	packet = ipi_cost("IPI as a packet, for its sender", false);
	kernel = ipi_cost("IPI in the kernel, for its sender", true);
	return 2 * kernel < packet;
}
