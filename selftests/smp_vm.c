// SPDX-License-Identifier: GPL-2.0-only
/* See smp_vm.h. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <time.h>

#include "smp_vm.h"

#define KEY_APIC	0x41504943
#define LIMIT_SECONDS	60
/* Of klogctl(), for which there is no header. */
#define SYSLOG_READ_ALL	3
#define PTE_PAGE	0x87

#define CHECK_CPU(member, offset) \
	_Static_assert(offsetof(struct guest_cpu, member) == (offset), #member)

CHECK_CPU(starts, GCPU_STARTS);
CHECK_CPU(irqs, GCPU_IRQS);
CHECK_CPU(fault, GCPU_FAULT);
CHECK_CPU(rip, GCPU_RIP);
CHECK_CPU(page, GCPU_PAGE);
CHECK_CPU(cs, GCPU_CS);
CHECK_CPU(lists, GCPU_LISTS);
CHECK_CPU(log, GCPU_LOG);
CHECK_CPU(count, GCPU_COUNT);
CHECK_CPU(action, GCPU_ACTION);
_Static_assert(sizeof(struct guest_cpu) == GCPU_STACK, "stack");
_Static_assert(sizeof(struct guest_step) == STEP_SIZE, "step");

static void put(struct smp *smp, uint64_t addr, const void *from, size_t len)
{
	memcpy(smp->vm.mem + addr, from, len);
}

static void build_idt(struct smp *smp)
{
	const uint64_t first = GUEST_ENTRY + (apic_vectors - apic_steps_start);
	const uint16_t limit = 256 * 16 - 1;
	const uint64_t base = APIC_IDT;
	unsigned int i;

	for (i = 0; i < 256; i++) {
		const uint64_t handler = first + 16 * i;
		const uint64_t gate[2] = {
			(handler & 0xffff) | GUEST_CODE64 << 16 | 0x8e00ull << 32 |
			(handler & 0xffff0000) << 32, 0,
		};

		put(smp, APIC_IDT + 16 * i, gate, sizeof(gate));
	}
	put(smp, APIC_IDTR, &limit, sizeof(limit));
	put(smp, APIC_IDTR + 2, &base, sizeof(base));
}

zx_status_t smp_up(struct smp *smp, unsigned int nr, bool page)
{
	const uint64_t entry = APIC_PAGE | PTE_PAGE;
	zx_status_t status;

	memset(smp, 0, sizeof(*smp));
	smp->nr = nr;
	smp->page = page;
	smp->limit = LIMIT_SECONDS;
	smp->next_list = APIC_STEPS;
	pthread_mutex_init(&smp->lock, NULL);
	pthread_cond_init(&smp->changed, NULL);
	status = vm_up(&smp->vm);
	if (status != ZX_OK)
		return status;
	vm_load(&smp->vm, apic_steps_start, apic_steps_end);
	put(smp, APIC_AP, apic_ap_start, apic_ap_end - apic_ap_start);
	put(smp, APIC_AP_OTHER, apic_ap_start, apic_ap_end - apic_ap_start);
	put(smp, APIC_RESET + 0xff0, apic_reset_start, 5);
	build_idt(smp);
	put(smp, GUEST_TABLES + 0x2000 + 8 * (GUEST_WINDOW >> 21), &entry, sizeof(entry));
	if (!page)
		return ZX_OK;
	return zx_guest_set_trap(smp->vm.guest, ZX_GUEST_TRAP_MEM, APIC_PAGE, PAGE,
				 ZX_HANDLE_INVALID, KEY_APIC);
}

void smp_down(struct smp *smp)
{
	vm_down(&smp->vm);
}

static void add_step(struct smp *smp, const struct guest_step *step)
{
	struct guest_step *to = smp_step(smp, smp->next_list, 0);

	if (smp->next_list + STEP_SIZE > APIC_STEPS_END) {
		fprintf(stderr, "# too many steps\n");
		return;
	}
	*to = *step;
	if (to->op != OP_LOOP)
		to->result = ANY;
	smp->next_list += STEP_SIZE;
}

uint64_t smp_list(struct smp *smp, const struct guest_step *steps, unsigned int count, bool modes)
{
	static const struct guest_step xapic = STEP(XAPIC, 0, 0), end = STEP(END, 0, 0);
	const uint64_t list = smp->next_list;

	if (modes && smp->page)
		add_step(smp, &xapic);
	while (count--)
		add_step(smp, steps++);
	add_step(smp, &end);
	return list;
}

/* Bits of a mask, by the VCPU that asks for it. */
static void relay(struct smp *smp, uint64_t mask, uint8_t vector)
{
	for (; mask; mask &= mask - 1)
		zx_vcpu_interrupt(smp->cpus[__builtin_ctzll(mask)].vcpu, vector);
}

#define keep(array, nr, ...) \
	do { if ((nr)++ < KEPT_PACKETS) (array)[(nr) - 1] = __VA_ARGS__; } while (0)

static bool serve_out(struct smp_cpu *cpu, uint16_t port, uint32_t value)
{
	switch (port) {
	case GUEST_PORT_MARK:
		keep(cpu->marks, cpu->nr_marks, value);
		if (value >> 8 == 1)
			zx_vcpu_interrupt(cpu->vcpu, value & 0xff);
		else if (value >> 8 == 2)
			zxl_vcpu_interrupt(cpu->vcpu, value & 0xff, ZXL_INTERRUPT_LEVEL);
		else if (cpu->smp->mark)
			cpu->smp->mark(cpu, value);
		return true;
	case APIC_PORT_YIELD:
		sched_yield();
		return true;
	case APIC_PORT_DIED:
		cpu->status = ZX_ERR_INTERNAL;
		return false;
	default:
		return false;
	}
}

static bool serve_vcpu(struct smp_cpu *cpu, const zx_packet_guest_vcpu_t *packet)
{
	const struct smp_ipi ipi = { packet->interrupt.mask, packet->interrupt.vector };

	switch (packet->type) {
	case ZX_PKT_GUEST_VCPU_INTERRUPT:
		keep(cpu->ipis, cpu->nr_ipis, ipi);
		if (!cpu->smp->deaf)
			relay(cpu->smp, ipi.mask, ipi.vector);
		return true;
	case ZX_PKT_GUEST_VCPU_STARTUP:
		if (cpu->nr_startups < KEPT_PACKETS) {
			cpu->startups[cpu->nr_startups][0] = packet->startup.id;
			cpu->startups[cpu->nr_startups][1] = packet->startup.entry;
		}
		cpu->nr_startups++;
		if (cpu->smp->startup)
			cpu->smp->startup(cpu, packet->startup.id, packet->startup.entry);
		return true;
	case ZXL_PKT_GUEST_VCPU_EOI:
		keep(cpu->eois, cpu->nr_eois, ipi);
		if (cpu->smp->eoi)
			cpu->smp->eoi(cpu, ipi.vector);
		return true;
	default:
		return false;
	}
}

/* False: it is through. */
static bool serve(struct smp_cpu *cpu, const zx_port_packet_t *packet)
{
	switch (packet->type) {
	case ZX_PKT_TYPE_GUEST_IO:
		return serve_out(cpu, packet->guest_io.port, packet->guest_io.u32);
	case ZX_PKT_TYPE_GUEST_MEM:
		cpu->nr_mems++;
		zxl_vcpu_access_finish(cpu->vcpu, NO_REGISTER);
		return true;
	case ZX_PKT_TYPE_GUEST_VCPU:
		if (serve_vcpu(cpu, &packet->guest_vcpu))
			return true;
		break;
	}
	cpu->last_bad = packet->type;
	cpu->status = ZX_ERR_INTERNAL;
	return false;
}

static void run_cpu(struct smp_cpu *cpu)
{
	zx_port_packet_t packet;

	do {
		cpu->status = zx_vcpu_enter(cpu->vcpu, &packet);
	} while (cpu->status == ZX_OK ? serve(cpu, &packet) :
		 cpu->status == ZX_ERR_CANCELED && cpu->smp->goes_on && !cpu->smp->stop);
	if (cpu->status == ZX_ERR_CANCELED && cpu->endless && cpu->smp->stop)
		cpu->status = ZX_OK;
}

/* VCPUs are made in the order of their numbers, and all exist before one runs. */
static void *cpu_thread(void *arg)
{
	struct smp_cpu *cpu = arg;
	struct smp *smp = cpu->smp;

	pthread_mutex_lock(&smp->lock);
	while (smp->made != cpu->id)
		pthread_cond_wait(&smp->changed, &smp->lock);
	cpu->status = zx_vcpu_create(smp->vm.guest, 0, cpu->id ? APIC_AP : GUEST_ENTRY,
				     &cpu->vcpu);
	smp->made++;
	pthread_cond_broadcast(&smp->changed);
	while (smp->made < smp->nr)
		pthread_cond_wait(&smp->changed, &smp->lock);
	pthread_mutex_unlock(&smp->lock);

	if (cpu->status == ZX_OK)
		run_cpu(cpu);

	pthread_mutex_lock(&smp->lock);
	smp->through += !cpu->endless;
	pthread_cond_broadcast(&smp->changed);
	while (!smp->stop)
		pthread_cond_wait(&smp->changed, &smp->lock);
	pthread_mutex_unlock(&smp->lock);
	return NULL;
}

/* Until all have gone through their lists that do; false: time is up. */
static bool wait_for_all(struct smp *smp)
{
	unsigned int i, wanted = 0;
	struct timespec until;
	int error = 0;

	for (i = 0; i < smp->nr; i++)
		wanted += !smp->cpus[i].endless;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += smp->limit;
	pthread_mutex_lock(&smp->lock);
	while (smp->through < wanted && !error)
		error = pthread_cond_timedwait(&smp->changed, &smp->lock, &until);
	smp->stop = true;
	pthread_cond_broadcast(&smp->changed);
	pthread_mutex_unlock(&smp->lock);
	return !error;
}

static void start_all(struct smp *smp)
{
	unsigned int i;

	for (i = 0; i < smp->nr; i++) {
		smp->cpus[i].smp = smp;
		smp->cpus[i].id = i;
		pthread_create(&smp->cpus[i].thread, NULL, cpu_thread, &smp->cpus[i]);
	}
	pthread_mutex_lock(&smp->lock);
	while (smp->made < smp->nr)
		pthread_cond_wait(&smp->changed, &smp->lock);
	pthread_mutex_unlock(&smp->lock);
}

static bool reads(uint16_t op)
{
	return op == OP_READ || op == OP_RDMSR || op == OP_READ_CR8 || op == OP_LOAD ||
	       op == OP_LOAD_PAGE;
}

static zx_status_t compare(struct smp *smp)
{
	zx_status_t status = ZX_OK;
	uint64_t at;

	for (at = APIC_STEPS; at < smp->next_list; at += STEP_SIZE) {
		const struct guest_step *step = smp_step(smp, at, 0);
		const bool reading = reads(step->op) && step->value != ANY && !step->expected;

		if (step->fault == step->expected && (!reading || step->result == step->value))
			continue;
		fprintf(stderr, "# step %u (op %u, %#x): %#llx, exception %llu, not %#llx, %u\n",
			(unsigned int)(at - APIC_STEPS) / STEP_SIZE, step->op, step->reg,
			(unsigned long long)step->result, (unsigned long long)step->fault,
			(unsigned long long)step->value, step->expected);
		status = ZX_ERR_INTERNAL;
	}
	return status;
}

static zx_status_t judge(struct smp *smp)
{
	zx_status_t worst = ZX_OK;
	unsigned int i;

	for (i = 0; i < smp->nr; i++) {
		const struct smp_cpu *cpu = &smp->cpus[i];
		const struct guest_cpu *guest = smp_guest(smp, i);

		if (cpu->status == ZX_OK && !guest->fault)
			continue;
		fprintf(stderr, "# VCPU %u: status %d, packet %u, exception %lld at %#llx\n", i,
			cpu->status, cpu->last_bad, (long long)guest->fault - 1,
			(unsigned long long)guest->rip);
		worst = cpu->status ?: ZX_ERR_INTERNAL;
	}
	return worst;
}

zx_status_t smp_run(struct smp *smp)
{
	zx_status_t status = ZX_OK;
	unsigned int i;

	start_all(smp);
	if (smp->middle)
		smp->middle(smp);
	if (!wait_for_all(smp)) {
		fprintf(stderr, "# time is up\n");
		status = ZX_ERR_TIMED_OUT;
	}
	for (i = 0; i < smp->nr; i++)
		zx_vcpu_kick(smp->cpus[i].vcpu);
	for (i = 0; i < smp->nr; i++)
		pthread_join(smp->cpus[i].thread, NULL);
	for (i = 0; i < smp->nr; i++)
		zx_handle_close(smp->cpus[i].vcpu);
	return status ?: judge(smp) ?: compare(smp);
}

void smp_end_loops(struct smp *smp)
{
	struct guest_step *step;
	unsigned int cpu;

	for (cpu = 0; cpu < smp->nr; cpu++) {
		step = smp_step(smp, smp_guest(smp, cpu)->lists[0], 0);
		for (; step->op != OP_END; step++)
			if (step->op == OP_LOOP)
				*(volatile uint64_t *)&step->value = 0;
	}
}

void smp_restart(struct smp *smp)
{
	memset(smp->cpus, 0, sizeof(smp->cpus));
	memset(smp->vm.mem + APIC_CPUS, 0, smp->nr * sizeof(struct guest_cpu));
	smp->made = 0;
	smp->through = 0;
	smp->stop = false;
}

bool smp_took(struct smp *smp, unsigned int cpu, const uint8_t *vectors, unsigned int count)
{
	const struct guest_cpu *guest = smp_guest(smp, cpu);
	bool same = guest->irqs == count;
	unsigned int i;

	for (i = 0; i < count && same; i++)
		same = guest->log[i] == vectors[i];
	if (same)
		return true;
	fprintf(stderr, "# VCPU %u took %llu:", cpu, (unsigned long long)guest->irqs);
	for (i = 0; i < guest->irqs && i < GCPU_LOG_LEN; i++)
		fprintf(stderr, " %#llx", (unsigned long long)guest->log[i]);
	fprintf(stderr, "\n");
	return false;
}

int smp_log_lines(void)
{
	static const char name[] = "zx_hypervisor: ";
	static char log[1 << 20];
	const char *at = log;
	int lines = 0;

	if (klogctl(SYSLOG_READ_ALL, log, sizeof(log) - 1) < 0)
		return -1;
	while ((at = strstr(at, name))) {
		at += strlen(name);
		lines++;
	}
	return lines;
}
