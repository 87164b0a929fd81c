// SPDX-License-Identifier: GPL-2.0-only
/* Which blocks of the module a sequence reaches, where the kernel can tell. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz_calls.h"

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_DISABLE	_IO('c', 101)
#define KCOV_TRACE_PC	0

#define WORDS		(1ul << 16)

/* Where the module lies; all of memory if nobody says. */
static uint64_t first, size = UINT64_MAX;

static void find_module(void)
{
	unsigned long long at, bytes;
	FILE *file = fopen("/proc/modules", "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "zx_hypervisor %llu %*s %*s %*s %llx", &bytes, &at) == 2 && at) {
			first = at;
			size = bytes;
		}
	}
	if (file)
		fclose(file);
}

void kcov_open(struct kcov *kcov)
{
	void *pcs = MAP_FAILED;

	kcov->pcs = NULL;
	kcov->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (kcov->fd < 0)
		return;
	if (!ioctl(kcov->fd, KCOV_INIT_TRACE, WORDS))
		pcs = mmap(NULL, WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
			   kcov->fd, 0);
	if (pcs == MAP_FAILED)
		return;
	if (size == UINT64_MAX)
		find_module();
	kcov->pcs = pcs;
}

void kcov_begin(struct kcov *kcov)
{
	if (!kcov->pcs)
		return;
	__atomic_store_n(kcov->pcs, 0, __ATOMIC_RELAXED);
	ioctl(kcov->fd, KCOV_ENABLE, KCOV_TRACE_PC);
}

/* True for who is the first. A table that is full knows no more news. */
static bool is_new(uint64_t pc)
{
	const unsigned int mask = ARRAY_LEN(shared->pcs) - 1;
	unsigned int i, at = (pc * 0x9e3779b97f4a7c15) >> 40 & mask;
	unsigned long found;

	for (i = 0; i < 64; i++, at = (at + 1) & mask) {
		found = 0;
		if (atomic_compare_exchange_strong(&shared->pcs[at], &found, pc))
			return true;
		if (found == pc)
			return false;
	}
	return false;
}

unsigned int kcov_end(struct kcov *kcov)
{
	unsigned int fresh = 0;
	uint64_t i, n;

	if (!kcov->pcs)
		return 0;
	ioctl(kcov->fd, KCOV_DISABLE, 0);
	n = __atomic_load_n(kcov->pcs, __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < WORDS; i++)
		if (kcov->pcs[i] - first < size)
			fresh += is_new(kcov->pcs[i]);
	if (fresh)
		atomic_fetch_add(&shared->blocks, fresh);
	return fresh;
}
