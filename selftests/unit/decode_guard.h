/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the decoder's tests share: bytes that end where reading ends, and the
 * comparison of what was decoded.
 */
#ifndef _DECODE_GUARD_H
#define _DECODE_GUARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "x86/decode.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define GUARD_PAGE	4096

static u8 *guard;	/* first byte without access */

static int guard_set_up(void)
{
	u8 *pages = mmap(NULL, 2 * GUARD_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || mprotect(pages + GUARD_PAGE, GUARD_PAGE, PROT_NONE))
		return -1;
	guard = pages + GUARD_PAGE;
	return 0;
}

/* Decodes @len bytes that end where reading ends. */
static int decode(const u8 *bytes, size_t len, enum zx_code_size mode, struct zx_inst *inst)
{
	memcpy(guard - len, bytes, len);
	memset(inst, 0xa5, sizeof(*inst));
	return zx_decode(guard - len, len, mode, inst);
}

static void same(const u8 *bytes, enum zx_code_size mode, const char *what, u64 got, u64 want)
{
	char hex[3 * ZX_INST_MAX + 1];
	int i;

	if (got == want)
		return;
	for (i = 0; i < ZX_INST_MAX; i++)
		sprintf(hex + 3 * i, "%02x ", bytes[i]);
	fail_msg("%s, %d-bit: %s is %lld, should be %lld", hex, 16 << mode, what,
		 (long long)got, (long long)want);
}

static void same_meaning(const u8 *bytes, enum zx_code_size mode, const struct zx_inst *inst,
			 const struct zx_inst *want)
{
	same(bytes, mode, "kind", inst->kind, want->kind);
	if (want->kind == ZX_INST_OTHER)
		return;
	same(bytes, mode, "size", inst->size, want->size);
	same(bytes, mode, "reg", inst->reg, want->reg);
	same(bytes, mode, "special", inst->special, want->special);
	same(bytes, mode, "high_byte", inst->high_byte, want->high_byte);
	same(bytes, mode, "sign_extend", inst->sign_extend, want->sign_extend);
	same(bytes, mode, "imm", inst->imm, want->imm);
	if (want->kind == ZX_INST_LOAD)
		same(bytes, mode, "reg_size", inst->reg_size, want->reg_size);
}

#endif
