// SPDX-License-Identifier: GPL-2.0-only
/* An argument struct for a call: good with a good probability, field by field. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../guest.h"
#include "fuzz_calls.h"

/* Every struct here is shorter, and so is what follows one. */
#define STRUCT_MAX	256
#define ARGS_AREA	(AREAS - 1)
/* More than that is not committed at once: the machine is small. */
#define TAME		(1ull << 22)

static const uint64_t good[][12] = {
	{ ZX_RSRC_KIND_HYPERVISOR, ZX_RSRC_KIND_VMEX, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_KIND_SYSTEM,
	  ZX_RSRC_KIND_SYSTEM | ZX_RSRC_FLAG_EXCLUSIVE, ZX_RSRC_KIND_HYPERVISOR, 4, 0x2002,
	  ZX_RSRC_KIND_VMEX | ZX_RSRC_FLAG_EXCLUSIVE, 0x20000, ZX_RSRC_KIND_HYPERVISOR, 0 },
	{ ZX_INFO_HANDLE_VALID, ZX_INFO_HANDLE_BASIC, ZX_INFO_VMAR, ZX_INFO_RESOURCE,
	  ZX_INFO_HANDLE_COUNT, ZX_INFO_VMO, ZX_INFO_GUEST_STATS, ZX_INFO_VCPU, ZX_INFO_VMO,
	  ZX_INFO_HANDLE_BASIC, ZX_INFO_VCPU, 3 },
	{ ZX_PROP_NAME, ZX_PROP_NAME, ZX_PROP_NAME, ZX_PROP_NAME, ZX_PROP_NAME, ZX_PROP_NAME,
	  ZX_PROP_NAME, ZX_PROP_NAME, ZX_PROP_NAME, ZX_PROP_NAME, 2, 4 },
	{ ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SLICE, ZX_VMO_CHILD_REFERENCE,
	  ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_RESIZABLE,
	  ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZX_VMO_CHILD_SNAPSHOT_MODIFIED,
	  ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_NO_WRITE, ZX_VMO_CHILD_SNAPSHOT,
	  ZX_VMO_CHILD_REFERENCE | ZX_VMO_CHILD_RESIZABLE, ZX_VMO_CHILD_SLICE,
	  ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_NO_WRITE, ZX_VMO_CHILD_RESIZABLE },
	{ ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC,
	  ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC,
	  ZX_VM_PERM_READ | ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_SPECIFIC,
	  ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC_OVERWRITE,
	  ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC | ZX_VM_MAP_RANGE,
	  ZX_VM_PERM_READ, ZX_VM_PERM_READ | ZX_VM_OFFSET_IS_UPPER_LIMIT,
	  ZX_VM_PERM_READ | ZX_VM_REQUIRE_NON_RESIZABLE, ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS,
	  ZX_VM_PERM_READ | 21 << ZX_VM_ALIGN_BASE, ZX_VM_SPECIFIC,
	  ZX_VM_PERM_READ | ZX_VM_PERM_WRITE },
	{ ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_SPECIFIC,
	  ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE |
	  ZX_VM_CAN_MAP_SPECIFIC, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE,
	  ZX_VM_CAN_MAP_READ | ZX_VM_COMPACT, ZX_VM_CAN_MAP_READ | ZX_VM_OFFSET_IS_UPPER_LIMIT,
	  ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC,
	  ZX_VM_CAN_MAP_READ | ZX_VM_SPECIFIC, ZX_VM_CAN_MAP_SPECIFIC,
	  ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC | 30 << ZX_VM_ALIGN_BASE,
	  ZX_VM_SPECIFIC_OVERWRITE, ZX_VM_CAN_MAP_READ, 0 },
	{ ZX_VCPU_STATE, ZX_VCPU_IO, ZXL_VCPU_SYSTEM, ZXL_VCPU_RIP, ZXL_VCPU_VECTOR,
	  ZX_VCPU_STATE, ZX_VCPU_IO, ZXL_VCPU_SYSTEM, ZXL_VCPU_RIP, ZXL_VCPU_VECTOR, 2, 0x103 },
	{ sizeof(struct zx_vcpu_regs), 8, sizeof(struct zxl_vcpu_system), 8,
	  sizeof(struct zxl_vcpu_vector), sizeof(struct zx_vcpu_regs), 8,
	  sizeof(struct zxl_vcpu_system), 8, sizeof(struct zxl_vcpu_vector), 4, 0 },
};

static const uint64_t places[] = {
	0, GUEST_ENTRY, GUEST_BUFFER, GUEST_LOW_TRAP, GUEST_SPARE, GUEST_RAM, GUEST_TRAP,
	GUEST_BELL, GUEST_HOLE, GUEST_WINDOW, GUEST_MAPPED, 0xfee00000, 1ull << 30, 1ull << 47,
	(1ull << 48) - PAGE, 1ull << 48, 1ull << 52,
};

static const uint64_t ports[] = { 0, GUEST_PORTS, GUEST_PORTS, 0x60, 0x3f8, 0xffff, 0x10000 };

uint64_t boundary(struct worker *w)
{
	static const uint64_t edges[] = {
		0, 1, 2, 8, PAGE, 2 * PAGE, 1ull << 16, 1ull << 21, 1ull << 31, 1ull << 32,
		1ull << 39, 1ull << 46, 1ull << 47, 1ull << 48, 1ull << 52, 1ull << 63, -PAGE,
		ZX_RIGHT_SAME_RIGHTS, 64, 256,
	};
	const uint64_t edge = pick(w, edges);

	switch (below(w, 8)) {
	case 0:
		return edge - 1;
	case 1:
		return edge + 1;
	case 2:
		return edge - PAGE;
	case 3:
		return any(w);
	default:
		return edge;
	}
}

void *area(struct worker *w, unsigned int index)
{
	return w->scratch + index * AREA;
}

/* Some of them are good, but other than the kernel's or the caller's usual memory. */
void *bad_pointer(struct worker *w)
{
	unsigned char *end = w->scratch + AREAS * AREA;

	switch (below(w, 13)) {
	case 0:
		return NULL;
	case 1:
		return (void *)16;
	case 2:
		return end - 4 - 4 * below(w, 8);
	case 3:
		return end;
	case 4:
		return (void *)0xffff888000000000;
	case 5:
		return (void *)0x800000000000;
	case 6:
		return (void *)(0x7fffffffffff - below(w, 64));
	case 7:
		return (void *)0xffffffffff600000;
	case 8:
		return (void *)-(uint64_t)below(w, 4096);
	case 9:
		return (void *)places;	/* can be read only */
	default:
		return window_at(w);
	}
}

/* Who may wait for ever is ended by a signal; the others get some more time instead. */
static int64_t deadline(struct worker *w, bool endless)
{
	const uint32_t longest = endless ? 400000 : 4000000;
	struct timespec time;

	switch (below(w, endless ? 64 : 6)) {
	case 0:
		return INT64_MIN;
	case 1:
		return -1;
	case 2:
	case 3:
	case 4:
		clock_gettime(CLOCK_MONOTONIC, &time);
		return time.tv_sec * 1000000000ll + time.tv_nsec + below(w, longest);
	case 5:
		return endless && once_in(w, 4) ? INT64_MAX : 0;
	default:
		return 0;
	}
}

static uint64_t length(struct worker *w)
{
	switch (below(w, 8)) {
	case 0:
		return 0;
	case 1:
		return below(w, 4 * PAGE);
	case 2:
		return once_in(w, 8) ? GUEST_RAM : PAGE;
	case 3:
		return PAGE << below(w, 6);
	default:
		return PAGE * (1 + below(w, 8));
	}
}

static uint64_t place(struct worker *w, uint64_t unit)
{
	return pick(w, places) + (once_in(w, 2) ? unit * below(w, 16) : 0);
}

static uint32_t signals(struct worker *w, bool settable)
{
	const uint32_t usual = ZX_SIGNAL_READABLE | ZX_SIGNAL_WRITABLE | ZX_SIGNAL_PEER_CLOSED;

	switch (below(w, 4)) {
	case 0:
		return 0;
	case 1:
		return ZX_SIGNAL_SIGNALED;
	case 2:
		return (1u << 24) << below(w, 8);
	default:
		return settable ? ZX_SIGNAL_USER_ALL : usual;
	}
}

/* Mostly all, or all but one: handles with none are good for nothing more. */
static uint32_t rights(struct worker *w, int fd)
{
	struct zx_ioc_info_handle_basic basic = {};
	struct zx_ioc_object_get_info info = {
		.size = sizeof(info), .topic = ZX_INFO_HANDLE_BASIC, .buffer = (uint64_t)&basic,
		.buffer_size = sizeof(basic),
	};
	const uint32_t bit = 1u << below(w, 23);

	if (!once_in(w, 3))
		return ZX_RIGHT_SAME_RIGHTS;
	ioctl(fd, ZX_IOC_OBJECT_GET_INFO, &info);
	return once_in(w, 8) ? basic.rights & any(w) : basic.rights & ~bit;
}

static uint32_t handle(struct worker *w, enum kind_of kind)
{
	const int fd = pool_get(w, once_in(w, 24) ? ANY : kind);

	return once_in(w, 64) ? boundary(w) : handle_value(fd);
}

static void *fill(struct worker *w, void *to, unsigned int what)
{
	uint64_t *words = to;
	struct zx_ioc_wait_item *items = to;
	unsigned int i, n = below(w, 4) ? 8 : 64;

	for (i = 0; i < n; i++) {
		switch (what) {
		case INPUT:
			words[i] = once_in(w, 8) ? boundary(w) : any(w) & 0xff00ff;
			break;
		case ITEMS:
			items[i].handle = handle(w, ANY);
			items[i].waitfor = signals(w, false);
			break;
		case HANDLES:
			((uint32_t *)to)[i] = handle(w, ANY);
			break;
		}
	}
	return to;
}

static uint64_t number(struct worker *w, const struct field *f, int fd)
{
	switch (f->what) {
	case FLAGS:
		return any(w) & f->more;
	case CHOICE:
		return pick(w, good[f->more]);
	case SMALL:
		return below(w, f->more);
	case BYTES:
		return once_in(w, 64) ? AREA / 2 : below(w, f->more);
	case VMO_SIZE:
		return once_in(w, 32) ? 1ull << 46 : length(w);
	case OFFSET:
		return once_in(w, 4) ? below(w, 16) * (f->more ? PAGE : 511) : 0;
	case LENGTH:
		return length(w);
	case GPA:
		return place(w, PAGE);
	case TRAP_AT:
		return once_in(w, 4) ? pick(w, ports) : place(w, PAGE);
	case LINEAR:
		return place(w, 511);
	case KEY:
		return below(w, 4);
	case SIGNALS:
		return signals(w, f->more);
	case RIGHTS:
		return rights(w, fd);
	case DEADLINE:
		return deadline(w, f->more);
	case OWN_VALUE:
		return once_in(w, 4) ? 0 : handle_value(fd);
	case OPTIONAL:
		return once_in(w, 2) ? 0 : handle(w, f->more);
	case HANDLE:
		return handle(w, f->more);
	default:
		return 0;
	}
}

static bool is_pointer(const struct field *f)
{
	return f->what >= NEW && f->what <= COUNT;
}

/* A deadline that nothing else ends is for those who mean it; a signal does not end all waits. */
static uint64_t value(struct worker *w, const struct field *f, unsigned int index, int fd)
{
	if (is_pointer(f)) {
		if (once_in(w, 48))
			return (uint64_t)bad_pointer(w);
		if (f->what == COUNT && once_in(w, 4))
			return 0;
		return (uint64_t)fill(w, area(w, index), f->what);
	}
	if (f->what != DEADLINE && f->what != HANDLE && once_in(w, 64))
		return boundary(w);
	return number(w, f, fd);
}

static void put(unsigned char *args, const struct field *f, uint64_t value)
{
	memcpy(args + f->offset, &value, f->width);
}

static uint64_t got(const unsigned char *args, const struct field *f)
{
	uint64_t value = 0;

	memcpy(&value, args + f->offset, f->width);
	return value;
}

/* What single fields do not know: lengths that go with kinds, and what is too much. */
static void tame(struct worker *w, const struct call *call, unsigned char *args)
{
	struct zx_ioc_vcpu_state *state = (void *)args;
	struct zx_ioc_vmo_op_range *vmo = (void *)args;
	struct zx_ioc_vmar_op_range *vmar = (void *)args;
	unsigned int i;

	if (call->cmd == ZX_IOC_VMO_OP_RANGE && vmo->length > TAME && vmo->length < 1ull << 48)
		vmo->length %= TAME;
	if (call->cmd == ZX_IOC_VMAR_OP_RANGE && vmar->length > TAME && vmar->length < 1ull << 48)
		vmar->length %= TAME;
	if (call->fields->more != 6 || once_in(w, 4))
		return;
	for (i = 0; i < ARRAY_LEN(*good) && good[6][i] != state->kind; i++)
		;
	if (i < ARRAY_LEN(*good))
		state->length = good[7][i];
}

/* What the struct says of its own size. */
static uint32_t said_size(struct worker *w, const struct call *call)
{
	if (!once_in(w, 24))
		return call->size;
	switch (below(w, 6)) {
	case 0:
		return call->base + below(w, 9);
	case 1:
		return call->size + 8 * (1 + below(w, 4));
	case 2:
		return below(w, call->size + 1);
	case 3:
		return PAGE + below(w, 3) - 1;
	default:
		return boundary(w);
	}
}

/* Where the struct goes: mostly before memory that is not there. */
static void *put_struct(struct worker *w, const struct call *call, unsigned char *args)
{
	unsigned char *to = (unsigned char *)area(w, ARGS_AREA) + AREA - call->size;

	if (once_in(w, 16))
		to -= 8 * below(w, 4 * PAGE / 8);
	memcpy(to, args, call->size);
	if (once_in(w, 16) && to + call->size + 8 <= w->scratch + AREAS * AREA)
		to[call->size] = below(w, 2);
	if (once_in(w, 48)) {
		unsigned char *other = bad_pointer(w);
		uint64_t words[STRUCT_MAX / sizeof(uint64_t)];
		unsigned int i;

		/* In a window others may store to it while the call reads it. */
		memcpy(words, args, sizeof(words));
		for (i = 0; i < call->size / sizeof(*words) && poke(other + 8 * i, words[i]); i++)
			;
		return other;
	}
	return to;
}

/* Handles that the call has made go to the pool. */
static void collect(struct worker *w, const struct call *call, const unsigned char *args,
		    enum kind_of on)
{
	const uint32_t *values;
	unsigned int i, j, count;

	for (i = 0; i < call->nr_fields; i++) {
		const struct field *f = &call->fields[i];

		if (f->what != NEW && f->what != NEW_MANY)
			continue;
		values = area(w, i);
		if (got(args, f) != (uint64_t)values)
			continue;
		count = f->what == NEW ? 1 : ZX_CHANNEL_MAX_MSG_HANDLES;
		for (j = 0; j < count && values[j]; j++) {
			const int fd = values[j] >> 2;

			if (f->more == VCPU && f->what == NEW && w->vcpu < 0)
				w->vcpu = dup(fd);
			pool_put(w, f->what == NEW_MANY ? pool_kind(fd) :
				 f->more == SAME ? on : f->more, fd);
		}
	}
}

static void clear_results(struct worker *w, const struct call *call)
{
	unsigned int i;

	for (i = 0; i < call->nr_fields; i++)
		if (call->fields[i].what == NEW || call->fields[i].what == NEW_MANY)
			memset(area(w, i), 0, 4 * ZX_CHANNEL_MAX_MSG_HANDLES);
}

static void say(struct worker *w, const struct call *call, int fd, const void *at,
		const unsigned char *args)
{
	char line[512];
	unsigned int i;
	int n;

	n = snprintf(line, sizeof(line), "# %u: %s fd %d at %p size %u", w->number, call->name, fd,
		     at, *(const uint32_t *)args);
	for (i = 0; i < call->nr_fields; i++)
		n += snprintf(line + n, sizeof(line) - n, " %#llx",
			      (unsigned long long)got(args, &call->fields[i]));
	dprintf(STDOUT_FILENO, "%s\n", line);
}

/* VCPUs are of use to their own threads. */
static int target(struct worker *w, const struct call *call)
{
	if (call->on == VCPU && w->vcpu >= 0 && !once_in(w, 4))
		return w->vcpu;
	return pool_get(w, once_in(w, 24) ? ANY : call->on);
}

static void make_once(struct worker *w, unsigned int op, int fd, unsigned char *args)
{
	const struct call *call = ops[op].call;
	void *at;
	long ret;

	*(uint32_t *)args = said_size(w, call);
	tame(w, call, args);
	clear_results(w, call);
	at = put_struct(w, call, args);
	if (options.verbose)
		say(w, call, fd, at, args);
	ret = ioctl(fd, call->cmd, at);
	if (answered(w, op, ret < 0 ? -errno : ret))
		collect(w, call, args, call->on == ANY ? pool_kind(fd) : call->on);
}

/* And some more times, each with one thing changed. */
void make_call(struct worker *w, unsigned int op)
{
	const struct call *call = ops[op].call;
	unsigned char args[STRUCT_MAX] = {};
	unsigned int i, more = below(w, 20);
	int fd = target(w, call);

	for (i = 0; i < call->nr_fields; i++)
		put(args, &call->fields[i], value(w, &call->fields[i], i, fd));
	make_once(w, op, fd, args);
	while (more--) {
		if (once_in(w, 3))
			fd = target(w, call);
		i = below(w, call->nr_fields);
		put(args, &call->fields[i], value(w, &call->fields[i], i, fd));
		make_once(w, op, fd, args);
	}
}
