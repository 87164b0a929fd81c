// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles that the threads of a life share. A descriptor belongs to its place in the pool: who
 * takes or replaces it there closes it, while others may be using it.
 */
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz_calls.h"

#define PLACES		12
/* No descriptor has that number. */
#define NOBODY		0x3ffffffe

static atomic_int pool[KINDS][PLACES];

static const uint8_t types[KINDS] = {
	[RESOURCE] = ZX_OBJ_TYPE_RESOURCE, [PORT] = ZX_OBJ_TYPE_PORT, [VMO] = ZX_OBJ_TYPE_VMO,
	[VMAR] = ZX_OBJ_TYPE_VMAR, [GUEST] = ZX_OBJ_TYPE_GUEST, [VCPU] = ZX_OBJ_TYPE_VCPU,
	[CHANNEL] = ZX_OBJ_TYPE_CHANNEL, [EVENT] = ZX_OBJ_TYPE_EVENT,
	[EVENTPAIR] = ZX_OBJ_TYPE_EVENTPAIR,
};

void pool_clear(void)
{
	unsigned int kind, i;

	for (kind = 0; kind < KINDS; kind++)
		for (i = 0; i < PLACES; i++)
			pool[kind][i] = -1;
}

void pool_put(struct worker *w, enum kind_of kind, int fd)
{
	const int old = atomic_exchange(&pool[kind][below(w, PLACES)], fd);

	if (old >= 0)
		close(old);
}

void pool_put_own(struct worker *w, enum kind_of kind, int fd)
{
	const int old = atomic_exchange(&pool[kind][w->number % PLACES], fd);

	if (old >= 0)
		close(old);
}

/* Numbers of descriptors that are closed are worth a try as well. */
int pool_get(struct worker *w, enum kind_of kind)
{
	const unsigned int from = below(w, PLACES), other = below(w, KINDS);
	unsigned int i;
	int fd;

	if (once_in(w, 256))
		return once_in(w, 2) ? -1 : NOBODY;
	for (i = 0; i < PLACES; i++) {
		fd = pool[kind == ANY ? other : kind][(from + i) % PLACES];
		if (fd >= 0)
			return fd;
	}
	return pool[RESOURCE][from];
}

int pool_take(struct worker *w, enum kind_of kind, enum kind_of *was)
{
	*was = kind == ANY ? below(w, KINDS) : kind;
	return atomic_exchange(&pool[*was][below(w, PLACES)], -1);
}

enum kind_of pool_kind(int fd)
{
	struct zx_ioc_info_handle_basic basic = {};
	struct zx_ioc_object_get_info info = {
		.size = sizeof(info), .topic = ZX_INFO_HANDLE_BASIC, .buffer = (uint64_t)&basic,
		.buffer_size = sizeof(basic),
	};
	unsigned int kind;

	if (ioctl(fd, ZX_IOC_OBJECT_GET_INFO, &info))
		return FOREIGN;
	for (kind = 0; kind < FOREIGN; kind++)
		if (types[kind] == basic.type)
			return kind;
	return FOREIGN;
}

uint32_t handle_value(int fd)
{
	return (uint32_t)fd << 2 | ZX_HANDLE_FIXED_BITS_MASK;
}
