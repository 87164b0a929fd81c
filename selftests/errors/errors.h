/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every status that a call can answer, provoked: one row per way to provoke it.
 * A row is the arguments of one call, in a world that has one object of each
 * kind; main.c makes the world, compares the answer, and looks for what was left
 * behind. coverage compares the rows with what the manual pages promise.
 */
#ifndef _SELFTESTS_ERRORS_H
#define _SELFTESTS_ERRORS_H

#include <string.h>

#include "../util.h"

/* A file of rows for a machine that cannot run guests says true. */
#ifndef REFUSED
#define REFUSED		false
#endif

#define KEPT		32
#define TWO_GIB		(1ull << 31)
#define FOUR_GIB	(1ull << 32)
#define GPA_END		(1ull << 48)
#define VMO_LIMIT	(1ull << 47)
#define HALF		(1ull << 63)
#define ALL		UINT64_MAX

/* @vm: guest, VMAR and VMO of it, a VCPU only where a row boots one */
struct world {
	struct vm vm;
	zx_handle_t port;
	zx_handle_t vmo;		/* resizable, four pages */
	zx_handle_t fixed;		/* not resizable, four pages */
	zx_handle_t event;
	zx_handle_t pair[2];
	zx_handle_t channel[2];
	zx_handle_t kept[KEPT];		/* closed with the world */
	unsigned int nr_kept;
	int foreign;			/* somebody else's descriptor, or -1 */
	int broken;			/* line of the step that did not work */
	zx_handle_t out, out2;
	zx_vaddr_t addr;
	uint64_t size;
	zx_port_packet_t packet;
	zx_vcpu_state_t state;
	char buffer[4096];
};

/* @refused: for a machine that cannot run guests, and for no other */
struct row {
	const char *call;
	zx_status_t status;
	bool refused;
	const char *what;
	zx_status_t (*run)(struct world *w);
};

/* The rows lie in a section of their own, in the order of the files. */
#define ROW_(line, tag, call_, status_, what_)					\
	static zx_status_t row_##line##tag(struct world *w);			\
	static const struct row desc_##line##tag = {				\
		.call = #call_, .status = ZX_ERR_##status_, .what = what_,	\
		.run = row_##line##tag, .refused = REFUSED };					\
	static const struct row *const ref_##line##tag				\
	__attribute__((section("error_rows"), used)) = &desc_##line##tag;	\
	static zx_status_t row_##line##tag(struct world *w __attribute__((unused)))
#define ROW(line, tag, call, status, what) ROW_(line, tag, call, status, what)

/* @call with these arguments answers ZX_ERR_@status. */
#define ERROR(call, status, what, ...)						\
	ROW(__LINE__, _, call, status, what) { return call(__VA_ARGS__); }

/* The same once @setup, statements, was done. */
#define ERROR_AFTER(call, status, what, setup, ...)				\
	ROW(__LINE__, _, call, status, what) { setup; return call(__VA_ARGS__); }

/* The same with room for @n more descriptors. */
#define EXHAUSTED(call, n, ...)							\
	ROW(__LINE__, n, call, NO_MEMORY, "room for " #n " more descriptors")	\
	{ leave_room(w, n); return call(__VA_ARGS__); }

/* The same in a process that knows no handle and finds no device, or may not open it. */
#define WITHOUT_DEVICE(call, ...)						\
	static zx_status_t call##_lonely(struct world *w __attribute__((unused)))	\
	{ return call(__VA_ARGS__); }						\
	ROW(__LINE__, n, call, NOT_FOUND, "no device and no handle")		\
	{ return alone(w, ALONE_NO_DEVICE, call##_lonely); }			\
	ROW(__LINE__, p, call, ACCESS_DENIED, "a device that others may open")	\
	{ return alone(w, ALONE_NOBODY, call##_lonely); }			\
	ROW(__LINE__, r, call, NO_RESOURCES, "no descriptor to open the device with")	\
	{ return alone(w, ALONE_NO_ROOM, call##_lonely); }

/* The arguments name the handle that the call works on as h. */
#define BAD_HANDLES(call, ...)							\
	ROW(__LINE__, a, call, BAD_HANDLE, "no handle")				\
	{ zx_handle_t h = ZX_HANDLE_INVALID; return call(__VA_ARGS__); }	\
	ROW(__LINE__, b, call, BAD_HANDLE, "wrong low bits")			\
	{ zx_handle_t h = w->port & ~1u; return call(__VA_ARGS__); }		\
	ROW(__LINE__, c, call, BAD_HANDLE, "a closed handle")			\
	{ zx_handle_t h = closed(w); return call(__VA_ARGS__); }		\
	ROW(__LINE__, d, call, BAD_HANDLE, "somebody else's descriptor")	\
	{ zx_handle_t h = foreign(w); return call(__VA_ARGS__); }

#define WRONG_TYPE(call, other, ...)						\
	ROW(__LINE__, e, call, WRONG_TYPE, "an object of another type")		\
	{ zx_handle_t h = (other); return call(__VA_ARGS__); }

#define LACKS(call, good, right, ...)						\
	ROW(__LINE__, f, call, ACCESS_DENIED, "without " #right)		\
	{ zx_handle_t h = without(w, good, ZX_RIGHT_##right); return call(__VA_ARGS__); }

/* All of what a call says to a handle that is not the one it wants. */
#define ON(call, good, other, right, ...)					\
	BAD_HANDLES(call, __VA_ARGS__)						\
	WRONG_TYPE(call, other, __VA_ARGS__)					\
	LACKS(call, good, right, __VA_ARGS__)

/* A step of a set-up that has to work. */
#define OK(expression)								\
	do {									\
		if ((expression) != ZX_OK && !w->broken)			\
			w->broken = __LINE__;					\
	} while (0)

zx_handle_t keep(struct world *w, zx_handle_t handle);
zx_handle_t closed(struct world *w);
zx_handle_t foreign(struct world *w);
zx_handle_t without(struct world *w, zx_handle_t handle, zx_rights_t rights);
zx_handle_t with(struct world *w, zx_handle_t handle, zx_rights_t rights);
/* A resource of @options over [@base, @base + @len). */
zx_handle_t derived(struct world *w, uint32_t options, uint64_t base, uint64_t len);
/* Exactly @n more descriptors can be had. */
void leave_room(struct world *w, unsigned int n);

enum alone { ALONE_NO_DEVICE, ALONE_NOBODY, ALONE_NO_ROOM };

/* What @call answers in a child that has closed all handles. */
zx_status_t alone(struct world *w, enum alone how, zx_status_t (*call)(struct world *w));
/* What another thread answers. */
zx_status_t elsewhere(struct world *w, zx_status_t (*call)(struct world *w));
/* @handle closed @ms milliseconds from now, by another thread. */
void close_later(struct world *w, zx_handle_t handle, unsigned int ms);

#endif
