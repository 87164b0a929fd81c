// SPDX-License-Identifier: GPL-2.0-only
/* Sequences of steps: made anew, or out of those that had reached something new. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_calls.h"

struct op ops[MAX_OPS];
unsigned int nr_ops, all_weights;

static void add(const struct op *from, unsigned int count)
{
	while (count--) {
		all_weights += from->weight;
		ops[nr_ops++] = *from++;
	}
}

void ops_build(void)
{
	unsigned int i;

	for (i = 0; i < nr_calls; i++) {
		const struct op op = {
			.name = calls[i].name, .weight = calls[i].weight, .call = &calls[i],
			.may = calls[i].may,
		};

		add(&op, 1);
	}
	add(guest_ops, nr_guest_ops);
	add(file_ops, nr_file_ops);
	add(map_ops, nr_map_ops);
}

void count(struct worker *w)
{
	w->calls++;
}

static bool errno_is_known(long err)
{
	return err == EBADF || err == ENOTTY || err == E2BIG || err == EFAULT || err == EINVAL ||
	       err == EINTR;
}

bool answered(struct worker *w, unsigned int op, long ret)
{
	const uint32_t may = ops[op].may | 1;
	const bool known = ret < 0 ? errno_is_known(-ret) : ret < 32 && may >> ret & 1;

	if (options.verbose)
		dprintf(STDOUT_FILENO, "# %u: %s = %ld\n", w->number, ops[op].name, ret);
	w->calls++;
	if (!known) {
		atomic_fetch_add(&shared->strays, 1);
		dprintf(STDOUT_FILENO, "# %s answered %ld\n", ops[op].name, ret);
	}
	atomic_fetch_add(&shared->tried[op], 1);
	if (!ret)
		atomic_fetch_add(&shared->good[op], 1);
	return !ret;
}

unsigned int op_of(unsigned int cmd)
{
	unsigned int op;

	for (op = 0; op < nr_calls && calls[op].cmd != cmd; op++)
		;
	return op;
}

static uint32_t some_op(struct soak *choice)
{
	uint32_t at = soak_below(choice, all_weights), i;

	for (i = 0; at >= ops[i].weight; i++)
		at -= ops[i].weight;
	return i;
}

static struct step some_step(struct soak *choice)
{
	const uint32_t op = some_op(choice);

	return (struct step){ .seed = soak_next(choice), .op = op };
}

static void make_fresh(struct sequence *s, struct soak *choice)
{
	for (s->nr = 0; s->nr < MAX_STEPS / 2; s->nr++)
		s->steps[s->nr] = some_step(choice);
}

static const struct sequence *some_kept(struct soak *choice)
{
	const uint32_t nr = shared->nr_corpus;
	const struct sequence *kept;

	if (!nr)
		return NULL;
	kept = &shared->corpus[soak_below(choice, nr < CORPUS ? nr : CORPUS)];
	return kept->ready ? kept : NULL;
}

static void insert(struct sequence *s, uint32_t at, struct step step)
{
	if (s->nr == MAX_STEPS)
		s->nr--;
	memmove(&s->steps[at + 1], &s->steps[at], (s->nr - at) * sizeof(step));
	s->steps[at] = step;
	s->nr++;
}

static void drop(struct sequence *s, uint32_t at)
{
	if (s->nr < 2)
		return;
	s->nr--;
	memmove(&s->steps[at], &s->steps[at + 1], (s->nr - at) * sizeof(*s->steps));
}

/* The second half of another one in place of its own. */
static void cross(struct sequence *s, struct soak *choice)
{
	const struct sequence *other = some_kept(choice);
	const uint32_t half = s->nr / 2;

	if (!other || other->nr <= half)
		return;
	memcpy(&s->steps[half], &other->steps[half], (other->nr - half) * sizeof(*s->steps));
	s->nr = other->nr;
}

static void change(struct sequence *s, struct soak *choice)
{
	const uint32_t at = soak_below(choice, s->nr);

	switch (soak_below(choice, 6)) {
	case 0:
		drop(s, at);
		break;
	case 1:
		cross(s, choice);
		break;
	case 2:
		s->steps[at] = some_step(choice);
		break;
	case 3:
		s->steps[at].seed = soak_next(choice);
		break;
	default:
		insert(s, at, some_step(choice));
		break;
	}
}

/*
 * What others reach depends on when they do, so that a run of one thread, which can be had again
 * exactly, makes all its sequences anew.
 */
static void choose(struct worker *w)
{
	const struct sequence *kept = NULL;
	unsigned int i, changes;

	if (options.threads > 1 && !soak_once_in(&w->choice, 4))
		kept = some_kept(&w->choice);
	if (!kept) {
		make_fresh(&w->sequence, &w->choice);
		return;
	}
	w->sequence.nr = kept->nr;
	memcpy(w->sequence.steps, kept->steps, sizeof(kept->steps));
	changes = 1 + soak_below(&w->choice, 4);
	for (i = 0; i < changes; i++)
		change(&w->sequence, &w->choice);
}

static void keep(const struct sequence *s)
{
	const uint32_t at = atomic_fetch_add(&shared->nr_corpus, 1);

	if (at >= CORPUS)
		return;
	memcpy(shared->corpus[at].steps, s->steps, sizeof(s->steps));
	shared->corpus[at].nr = s->nr;
	shared->corpus[at].ready = 1;
}

static void make_step(struct worker *w, const struct step *step)
{
	const struct op *op = &ops[step->op];
	const unsigned long before = w->calls;

	w->rng.state = step->seed;
	w->op = step->op;
	atomic_fetch_add(&w->beat, 1);
	if (op->call) {
		make_call(w, step->op);
	} else {
		if (options.verbose)
			dprintf(STDOUT_FILENO, "# %u: %s\n", w->number, op->name);
		op->run(w);
	}
	atomic_fetch_add(&w->beat, 1);
	/* Linux's own calls on our descriptors are calls as well. */
	if (w->calls == before)
		w->calls++;
	atomic_fetch_add(&shared->done[step->op], 1);
	atomic_fetch_add(&shared->steps, 1);
}

void worker_run(struct worker *w)
{
	unsigned int i;

	choose(w);
	kcov_begin(&w->kcov);
	for (i = 0; i < w->sequence.nr; i++)
		make_step(w, &w->sequence.steps[i]);
	if (kcov_end(&w->kcov))
		keep(&w->sequence);
	atomic_fetch_add(&shared->sequences, 1);
	atomic_fetch_add(&shared->calls, w->calls);
	w->calls = 0;
}
