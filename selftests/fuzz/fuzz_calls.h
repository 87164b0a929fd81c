/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer for the calls. The run is a sequence of lives: a life is a process with a pool of
 * handles and some threads that share it, and ends with whatever is open. A thread makes
 * sequences of steps; a step is an operation and a seed, from which all that is random in it
 * follows, so that a sequence can be kept, changed and made again.
 *
 * fuzz_calls.c is the run, _life.c a process, _worker.c a thread, _table.c the calls and their
 * arguments, _args.c values for those, _files.c and _map.c what Linux does with any descriptor
 * and with memory, _guest.c guests that run.
 */
#ifndef _SELFTESTS_FUZZ_CALLS_H
#define _SELFTESTS_FUZZ_CALLS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <zx_hypervisor.h>

#include "soak.h"

#define ARRAY_LEN(array)	(sizeof(array) / sizeof((array)[0]))
#define PAGE			4096ull

#define MAX_WORKERS	16
#define MAX_LIVES	8
#define MAX_OPS		160
#define MAX_STEPS	32
#define CORPUS		4096

/* What a handle is of; the last: somebody else's descriptors. */
enum kind_of {
	RESOURCE, PORT, VMO, VMAR, GUEST, VCPU, CHANNEL, EVENT, EVENTPAIR, FOREIGN, KINDS,
	ANY = KINDS,
	SAME,	/* as the handle that the call works on */
};

/* What a field of an argument struct holds, which says what is likely to be good there. */
enum what {
	RESERVED,	/* 0 */
	FLAGS,		/* any bits of @more */
	CHOICE,		/* a row of choices[@more] */
	SMALL,		/* below @more */
	BYTES,		/* of a buffer, mostly below @more */
	VMO_SIZE, OFFSET, LENGTH, GPA, TRAP_AT, LINEAR,
	KEY, SIGNALS, RIGHTS, DEADLINE, OWN_VALUE,
	HANDLE,		/* of the kind @more */
	OPTIONAL,	/* the same or 0 */
	NEW,		/* address where a handle of the kind @more will be */
	NEW_MANY,	/* address of an array for handles of any kind */
	HANDLES,	/* address of an array of handles */
	ITEMS,		/* address of wait items */
	INPUT, OUTPUT, COUNT,
};

struct field {
	uint16_t offset;
	uint8_t width;
	uint8_t what;
	uint32_t more;
};

#define MAX_FIELDS	14

/*
 * @may: statuses that it may answer, 1 << -status
 * @base: bytes that even its shortest struct has
 */
struct call {
	const char *name;
	unsigned int cmd;
	uint8_t on;
	uint8_t weight;
	uint16_t base, size;
	uint32_t may;
	const struct field *fields;
	unsigned int nr_fields;
};

struct worker;

/* Of a call, @call; else @run. */
struct op {
	const char *name;
	unsigned int weight;
	const struct call *call;
	void (*run)(struct worker *w);
	uint32_t may;
};

struct step {
	uint64_t seed;
	uint32_t op;
	uint32_t pad;
};

struct sequence {
	struct step steps[MAX_STEPS];
	uint32_t nr;
	atomic_uint ready;
};

/* Of all processes. */
struct shared {
	atomic_ulong calls, lives, blocks, sequences;
	atomic_ulong steps, done[MAX_OPS], tried[MAX_OPS], good[MAX_OPS];
	atomic_uint strays, stuck, low_memory;
	atomic_uint nr_corpus;
	struct sequence corpus[CORPUS];
	atomic_ulong pcs[1 << 16];
};

struct options {
	unsigned int threads, processes, life;
	unsigned long calls;
	long only;		/* the one life to have, or -1 */
	bool verbose;
};

struct kcov {
	int fd;
	uint64_t *pcs;
};

/*
 * @choice: of sequences; @rng: of the step under way
 * @scratch: memory for arguments, an area for each field, with none behind
 * @vcpu: this thread's own, a descriptor that nobody closes; or -1
 * @beat: odd while in a step
 */
struct worker {
	struct soak choice, rng;
	unsigned int number;
	pid_t tid;
	pthread_t thread;
	unsigned char *scratch;
	int vcpu;
	atomic_ulong beat;
	atomic_uint op;
	unsigned long calls;
	struct kcov kcov;
	struct sequence sequence;
};

extern struct shared *shared;
extern struct options options;
extern int passing[2];		/* a pair of sockets that all processes have */
extern char device_path[];

extern const struct call calls[];
extern const unsigned int nr_calls;
extern struct op ops[MAX_OPS];
extern unsigned int nr_ops, all_weights;
void ops_build(void);
extern const struct op file_ops[], map_ops[], guest_ops[];
extern const unsigned int nr_file_ops, nr_map_ops, nr_guest_ops;

/* Choices of the step under way. */
static inline uint32_t below(struct worker *w, uint32_t limit)
{
	return soak_below(&w->rng, limit);
}

static inline bool once_in(struct worker *w, uint32_t times)
{
	return soak_once_in(&w->rng, times);
}

static inline uint64_t any(struct worker *w)
{
	return soak_next(&w->rng);
}

#define pick(w, array)	((array)[below(w, ARRAY_LEN(array))])

/* The pool. What is taken or displaced is the caller's to close; the others do it. */
void pool_clear(void);
void pool_put(struct worker *w, enum kind_of kind, int fd);
int pool_get(struct worker *w, enum kind_of kind);
/* In a place that is this thread's, so that it finds it again. */
void pool_put_own(struct worker *w, enum kind_of kind, int fd);
int pool_take(struct worker *w, enum kind_of kind, enum kind_of *was);
enum kind_of pool_kind(int fd);
uint32_t handle_value(int fd);

/* Arguments. */
#define AREA		(128ull << 10)
#define AREAS		16
void *area(struct worker *w, unsigned int index);
uint64_t boundary(struct worker *w);
void *bad_pointer(struct worker *w);
/* The operations begin with the calls. */
void make_call(struct worker *w, unsigned int op);
unsigned int op_of(unsigned int cmd);

/* What a call that was made gave: of an ioctl its value, or -errno. True for ZX_OK. */
void count(struct worker *w);
bool answered(struct worker *w, unsigned int op, long ret);

/* Windows of memory in which alone anything is mapped. */
#define WINDOW		(2ull << 20)
#define WINDOWS		16
unsigned char *window_at(struct worker *w);
void windows_make(void);
void window_clear(unsigned int index);
bool poke(void *at, uint64_t value);

void guest_prepare(void);
void guest_make(struct worker *w);
void guest_forget(struct worker *w);

void kcov_open(struct kcov *kcov);
void kcov_begin(struct kcov *kcov);
/* Blocks that nobody had reached before. */
unsigned int kcov_end(struct kcov *kcov);

void worker_run(struct worker *w);
int life_run(const struct soak *soak, uint32_t number);
bool life_goes_on(const struct soak *soak);

#endif
