// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of descriptors. They are made in windows that nothing else uses, because the calls are
 * told to write there, and threads store there, at any time.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz_calls.h"

#define WINDOWS_AT	0x200000000000ull

static unsigned char *windows;
static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t poking;

static void on_fault(int number)
{
	if (!poking) {
		signal(number, SIG_DFL);
		return;
	}
	siglongjmp(back, 1);
}

void windows_make(void)
{
	const struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	windows = mmap((void *)WINDOWS_AT, WINDOWS * WINDOW, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (windows == MAP_FAILED)
		_exit(2);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static unsigned char *window(unsigned int index)
{
	return windows + index * WINDOW;
}

/* What is mapped is mostly at a window's beginning. */
unsigned char *window_at(struct worker *w)
{
	unsigned char *at = window(below(w, WINDOWS));

	if (once_in(w, 4))
		return at + below(w, WINDOW / PAGE) * PAGE + below(w, PAGE);
	return at + (once_in(w, 2) ? below(w, 4) * PAGE : 0) + 8 * below(w, PAGE / 8);
}

void window_clear(unsigned int index)
{
	mmap(window(index), WINDOW, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

/* One store, and whether it could be made. Nothing but windows can be meant. */
bool poke(void *at, uint64_t value)
{
	if ((unsigned char *)at < windows ||
	    (unsigned char *)at > windows + WINDOWS * WINDOW - sizeof(value))
		return false;
	if (sigsetjmp(back, 0)) {
		poking = 0;
		return false;
	}
	poking = 1;
	*(volatile uint64_t *)at = value;
	poking = 0;
	return true;
}

static uint64_t peek(void *at)
{
	uint64_t value;

	if (sigsetjmp(back, 0)) {
		poking = 0;
		return 0;
	}
	poking = 1;
	value = *(volatile uint64_t *)at;
	poking = 0;
	return value;
}

static uint64_t some_pages(struct worker *w)
{
	return once_in(w, 48) ? WINDOW : PAGE * (1 + below(w, 16));
}

static void do_mmap(struct worker *w)
{
	static const int flags[] = { 0, 0, 0, 0, MAP_POPULATE, MAP_NORESERVE, MAP_LOCKED };
	const bool vcpu = once_in(w, 4), plain = !once_in(w, 16);
	const int fd = vcpu ? (w->vcpu >= 0 ? w->vcpu : pool_get(w, VCPU)) :
			      pool_get(w, once_in(w, 16) ? ANY : VMO);
	const uint64_t len = vcpu && plain ? PAGE : some_pages(w);
	const uint64_t from = (vcpu && plain) || once_in(w, 2) ? 0 : below(w, 16) * PAGE;
	const int prot = once_in(w, 4) ? below(w, 8) : PROT_READ | PROT_WRITE;

	mmap(window(below(w, WINDOWS)), len, prot,
	     MAP_FIXED | pick(w, flags) | (once_in(w, 6) ? MAP_PRIVATE : MAP_SHARED), fd,
	     once_in(w, 64) ? boundary(w) & -PAGE : from);
}

static void do_munmap(struct worker *w)
{
	unsigned char *at = window(below(w, WINDOWS));

	mmap(at + below(w, 4) * PAGE, some_pages(w) / 2, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

static void do_mprotect(struct worker *w)
{
	mprotect(window(below(w, WINDOWS)) + below(w, 4) * PAGE, some_pages(w) / 2, below(w, 8));
}

/* To another window; the hole that it leaves is filled at once. */
static void do_mremap(struct worker *w)
{
	const unsigned int from = below(w, WINDOWS), to = below(w, WINDOWS);
	const uint64_t len = some_pages(w), more = some_pages(w);

	if (from == to || once_in(w, 4)) {
		mremap(window(from), len, more, 0);
		return;
	}
	mremap(window(from), len, more, MREMAP_MAYMOVE | MREMAP_FIXED |
	       (len == more && once_in(w, 4) ? 4 /* MREMAP_DONTUNMAP */ : 0), window(to));
	mmap(window(from), len, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

/* All but those that make pages bad, which is logged. */
static void do_madvise(struct worker *w)
{
	static const int advice[] = {
		0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
	};

	madvise(window(below(w, WINDOWS)) + below(w, 4) * PAGE, some_pages(w) / 2,
		pick(w, advice));
}

static void do_msync(struct worker *w)
{
	unsigned char *at = window(below(w, WINDOWS));

	switch (below(w, 5)) {
	case 0:
		msync(at, some_pages(w), below(w, 8));
		break;
	case 1:
		mincore(at, PAGE * 16, area(w, 0));
		break;
	case 2:
		mlock(at, some_pages(w));
		break;
	case 3:
		munlock(at, some_pages(w));
		break;
	default:
		syscall(SYS_remap_file_pages, at, PAGE, 0, below(w, 4), 0);
		break;
	}
}

/* Registers of VCPUs, memory of guests, arguments of calls under way. */
static void do_scribble(struct worker *w)
{
	unsigned char *at = window_at(w);
	unsigned int i, n = 1 + below(w, 16);

	for (i = 0; i < n; i++)
		if (!poke(at + 8 * i, once_in(w, 2) ? boundary(w) : any(w)))
			break;
}

static void do_peek(struct worker *w)
{
	unsigned char *at = window(below(w, WINDOWS));

	peek(at);
	peek(at + below(w, 16) * PAGE);
}

/* By way of the kernel, which finds the pages otherwise. */
static void do_remote(struct worker *w)
{
	const struct iovec here = { area(w, 0), below(w, 8192) };
	const struct iovec there = { window_at(w), below(w, 8192) };
	const pid_t self = getpid();

	if (once_in(w, 2))
		process_vm_writev(self, &here, 1, &there, 1, 0);
	else
		process_vm_readv(self, &here, 1, &there, 1, 0);
}

#define OP(weight_, name_)	{ .name = #name_, .weight = weight_, .run = do_##name_ }

const struct op map_ops[] = {
	OP(5, mmap), OP(2, munmap), OP(2, mprotect), OP(1, mremap), OP(2, madvise), OP(1, msync),
	OP(5, scribble), OP(2, peek), OP(1, remote),
};

const unsigned int nr_map_ops = ARRAY_LEN(map_ops);
