/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VMM that does anything: four VCPUs with a thread each that exit, sleep, ring and send to each
 * other for ever, and all threads, and a few more, do random things to the same handles. To be
 * killed, or to have its handles closed under it.
 */
#ifndef _SELFTESTS_CHAOS_VM_H
#define _SELFTESTS_CHAOS_VM_H

#include "smp_vm.h"
#include "soak.h"

#define CHAOS_CPUS	4
#define CHAOS_HELPERS	2

/* What threads share; closed and replaced at any moment. */
enum chaos_slot {
	SLOT_VCPU,
	SLOT_GUEST = SLOT_VCPU + CHAOS_CPUS,
	SLOT_VMAR,
	SLOT_VMO,
	SLOT_PORT,
	SLOT_END,
	SLOT_ANY = SLOT_END + 4,
	CHAOS_SLOTS = SLOT_ANY + 8,
};

#define CHAOS_ACTS	24

/* In memory that outlives the process. */
struct chaos_figures {
	uint64_t exits[CHAOS_CPUS];
	uint64_t acts[CHAOS_ACTS];	/* those that came to something */
	uint64_t bad;			/* statuses that nothing explains */
	int64_t last_bad;		/* one of them; acts are above 100 */
	struct zx_vcpu_page page;	/* of the VCPU, if it was an enter's */
};

struct chaos;

struct chaos_thread {
	struct chaos *chaos;
	struct soak soak;
	unsigned int number;
	pthread_t thread;
	const struct zx_vcpu_page *page;	/* outlives the handle */
};

struct chaos {
	struct smp smp;
	struct chaos_figures *figures;
	zx_handle_t slots[CHAOS_SLOTS];
	volatile bool stop;
	unsigned int made;
	struct chaos_thread threads[CHAOS_CPUS + CHAOS_HELPERS];
};

/* Shared with children, zeros. */
struct chaos_figures *chaos_figures_new(void);
void chaos_print_bad(const struct chaos_figures *figures);
uint64_t chaos_exits(const struct chaos_figures *figures);
/* Has every VCPU left the guest, and has every kind of act come to something at least once? */
bool chaos_is_complete(const struct chaos_figures *figures);

/* All threads run when this returns with ZX_OK. */
zx_status_t chaos_start(struct chaos *chaos, struct chaos_figures *figures,
			const struct soak *soak, uint64_t number);
/* Takes the handle out of its slot; ZX_HANDLE_INVALID if another thread was first. */
zx_handle_t chaos_take(struct chaos *chaos, unsigned int slot);
/* Once all slots have been closed, or VCPUs kicked, for threads that cannot end by themselves. */
void chaos_end(struct chaos *chaos);

#endif
