/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bench measures operations in ticks of the TSC, which are instructions under an
 * emulator that counts them. The operations (exits.c, memory.c, events.c, bells.c) know
 * machines; each of the two programs has one kind (side_zx.c, side_kvm.c).
 */
#ifndef _SELFTESTS_BENCH_H
#define _SELFTESTS_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../util.h"

#define RAM		0x200000ull
#define HUGE		0x200000ull
#define CPUS		64u

/* Memory for guests, all of it present. Huge: in pages of 2 MiB; else in none of them. */
struct block {
	unsigned char *mem;	/* in this process, if it is mapped there */
	uint64_t size;
	zx_handle_t vmo;
	bool huge;
};

/* A guest whose RAM is a block of RAM bytes; ports end an enter. */
struct machine {
	struct block *ram;
	struct side *side;
};

/* What an enter ended with. */
enum trip { TRIP_OUT, TRIP_IN, TRIP_WRITE, TRIP_READ, TRIP_IPI, TRIP_CANCELED, TRIP_OTHER };

/* A side: what fails ends the program. */
extern const bool side_is_kvm;
void side_open(void);
void side_null_call(void);
void block_make(struct block *block, uint64_t size, bool huge, bool mapped);
void block_free(struct block *block);
void machine_up(struct machine *m, struct block *ram);
void machine_down(struct machine *m);
void machine_map(struct machine *m, uint64_t addr, struct block *block, uint64_t size);
void machine_unmap(struct machine *m, uint64_t addr, uint64_t size);
/* For the calling thread: 0 in long mode at GUEST_ENTRY, others in real mode at GUEST_BUFFER. */
void machine_cpu(struct machine *m, unsigned int id);
void machine_cpu_close(struct machine *m, unsigned int id);
enum trip machine_enter(struct machine *m, unsigned int id, uint64_t *value);
/* Completes an IN or a READ. */
void machine_answer(struct machine *m, unsigned int id, enum trip kind, uint64_t value);
/* By another thread; what is entered next, or now, ends at once. */
void machine_kick(struct machine *m, unsigned int id);
/* A VCPU that is not to run is entered. */
void machine_enter_kicked(struct machine *m, unsigned int id);
void machine_interrupt(struct machine *m, unsigned int id, unsigned int vector);
void machine_ipi_kernel(struct machine *m);
void machine_trap(struct machine *m, uint64_t addr);
/* @count devices, a page each; false: more than there can be. */
bool machine_devices(struct machine *m, uint64_t addr, unsigned int count);
/* Any length: stores of all sizes, which is all that BELL has. */
void machine_bell(struct machine *m, uint64_t addr, bool any_length);
void machine_bell_wait(struct machine *m);
/* What the guest's store does, by the host. */
void machine_bell_ring(struct machine *m);
/* What the guest's APIC timer counts in that time. */
uint64_t machine_timer_count(struct machine *m, uint64_t ticks);

/* An operation: its ticks, or 0 where there is no such thing. */
struct op {
	const char *name;
	uint64_t (*measure)(const struct op *op);
	const char *from, *to;
	uint64_t arg;
	uint64_t more;
};

#define OP(name, measure, blob, arg, more) \
	{ name, measure, blob##_start, blob##_end, arg, more }

/* Whose costs are compared. */
#define IPI_BY_KERNEL	"IPI in the kernel, its sender's part"
#define IPI_BY_PACKET	"IPI as a packet, its sender's part"

extern const struct op exit_ops[], memory_ops[], event_ops[], bell_ops[];

/* memory.c: a guest and a VCPU, created, run and destroyed. */
uint64_t life_ticks(bool in_thread);

/* scale.c: --scale */
void scale(void);

/* measure.c */
void die(const char *what) __attribute__((noreturn));
#define must(condition, what) do { if (!(condition)) die(what); } while (0)
uint64_t each(uint64_t ticks, uint64_t count);
/* Guest and first VCPU at the blob of @op, with @count in RCX and @addr in RDI. */
void machine_start(struct machine *m, const struct op *op, uint64_t count, uint64_t addr);
void machine_load(struct machine *m, const char *from, const char *to);
void machine_finish(struct machine *m);
void machine_end(struct machine *m);
struct guest_frame *frame_of(struct machine *m);
/* The guest's own loop, by the TSC that it wrote down at both ends. */
uint64_t guest_ticks(struct machine *m);
/* What the CPU did meanwhile, by whomever, but waiting. */
uint64_t work_ticks(void (*call)(void *arg), void *arg);
void spawn(pthread_t *thread, void *(*call)(void *arg), void *arg);
extern struct block bench_ram;
/* How often, where that does not matter; BENCH_LOOPS in the environment is for who watches. */
extern uint64_t bench_loops;

static inline uint64_t loops(uint64_t own)
{
	return bench_loops ? bench_loops : own;
}

#endif
