// SPDX-License-Identifier: GPL-2.0-only
/* The host, before and after a guest: see fuzz_guest.h. */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fuzz_guest.h"

/*
 * Of registers.ko: what the reader's CPU has in its system registers, a line each. It must be
 * there if FUZZ_REGISTERS is in the environment.
 */
#define REGISTERS	"/sys/module/registers/parameters/all"
#define REGISTERS_LEN	4096

#define GS_BASE		0x123456789000
#define LDT_LIMIT	0x135
#define LDT_SELECTOR	7
#define SECOND		1000000000ll

/* MXCSR and the x87 control word are not those that a program begins with. */
#define MXCSR		0x7fa0u
#define X87_CONTROL	0x027f

struct fz_host {
	char registers[REGISTERS_LEN];
	bool has_registers, avx, has_ldt, has_pkru;
	uint64_t vectors[16][4];
	uint64_t xcr0;
	uint32_t tsc_aux, pkru;
	int64_t clock;
	uint64_t tsc;
};

static int64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

static uint64_t read_xcr0(void)
{
	uint32_t low, high;

	asm volatile("xgetbv" : "=a" (low), "=d" (high) : "c" (0));
	return low | (uint64_t)high << 32;
}

static uint32_t read_pkru(void)
{
	uint32_t value;

	asm volatile("rdpkru" : "=a" (value) : "c" (0) : "rdx");
	return value;
}

static long ldt_limit(void)
{
	unsigned long limit;
	bool valid;

	asm volatile("lsl %2, %0" : "=r" (limit), "=@ccz" (valid)
		     : "r" ((unsigned long)LDT_SELECTOR));
	return valid ? (long)limit : -1;
}

static void set_ldt(struct fz_host *host)
{
	struct user_desc desc = { .limit = LDT_LIMIT, .seg_32bit = 1 };

	host->has_ldt = !syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc));
}

static bool read_registers(char *text)
{
	FILE *file = fopen(REGISTERS, "r");
	size_t len;

	if (!file)
		return false;
	len = fread(text, 1, REGISTERS_LEN - 1, file);
	text[len] = 0;
	fclose(file);
	return len;
}

static bool has_pkru(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && ecx & bit_OSPKE;
}

struct fz_host *fz_host_new(void)
{
	struct fz_host *host = calloc(1, sizeof(*host));
	unsigned int i;

	if (!host)
		return NULL;
	syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE);
	set_ldt(host);
	for (i = 0; i < 64; i++)
		host->vectors[i / 4][i % 4] = 0x0101010101010101 * (i + 1);
	host->avx = host_has_avx();
	host->xcr0 = read_xcr0();
	host->tsc_aux = host_tsc_aux();
	host->has_pkru = has_pkru();
	host->pkru = host->has_pkru ? read_pkru() : 0;
	host->has_registers = read_registers(host->registers);
	if (getenv("FUZZ_REGISTERS") && !host->has_registers)
		return NULL;
	host->clock = clock_now();
	host->tsc = rdtsc();
	return host;
}

static bool same(const char *what, uint64_t before, uint64_t after)
{
	if (before != after)
		fprintf(stderr, "# the host's %s was %#llx and is %#llx\n", what,
			(unsigned long long)before, (unsigned long long)after);
	return before == after;
}

/* Neither stands still, nor goes back; both as fast as each other. */
static bool clocks_go(struct fz_host *host)
{
	static double rate;
	int64_t clock = clock_now();
	uint64_t tsc = rdtsc();
	double now = (double)(int64_t)(tsc - host->tsc) / (double)(clock - host->clock);

	if (clock <= host->clock || (int64_t)(tsc - host->tsc) <= 0) {
		fprintf(stderr, "# the host's clock stands still\n");
		return false;
	}
	if (clock - host->clock < SECOND)
		return true;
	if (!rate)
		rate = now;
	if (now / rate > 1.05 || now / rate < 0.95) {
		fprintf(stderr, "# the host's TSC went at %f per ns, and now at %f\n", rate, now);
		return false;
	}
	host->clock = clock;
	host->tsc = tsc;
	return true;
}

static void say_difference(const char *before, const char *after)
{
	size_t old, new;

	while (*before && *after) {
		old = strcspn(before, "\n");
		new = strcspn(after, "\n");
		if (old != new || memcmp(before, after, old))
			fprintf(stderr, "# the host had %.*s and has %.*s\n", (int)old, before,
				(int)new, after);
		before += old + (before[old] != 0);
		after += new + (after[new] != 0);
	}
}

static bool same_registers(struct fz_host *host)
{
	static char now[REGISTERS_LEN];

	if (!host->has_registers)
		return true;
	if (!read_registers(now))
		return false;
	if (!strcmp(host->registers, now))
		return true;
	say_difference(host->registers, now);
	return false;
}

bool fz_host_same(struct fz_host *host)
{
	uint64_t gs = 0;
	bool ok = clocks_go(host);

	syscall(SYS_arch_prctl, ARCH_GET_GS, &gs);
	ok &= same("GS base", GS_BASE, gs);
	ok &= same("XCR0", host->xcr0, read_xcr0());
	ok &= same("TSC_AUX", host->tsc_aux, host_tsc_aux());
	if (host->has_pkru)
		ok &= same("PKRU", host->pkru, read_pkru());
	if (host->has_ldt)
		ok &= same("LDT", LDT_LIMIT, ldt_limit());
	return same_registers(host) && ok;
}

#define EACH(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define NAME(n) "xmm" #n,
#define ENTER(move, reg) \
	asm volatile(EACH(move##_IN) "mov $16, %%eax\n\tsyscall\n\t" EACH(move##_OUT) \
		     : "=&a" (result) \
		     : [in] "r" (host->vectors), [out] "r" (after), "D" ((long)fd), \
		       "S" ((long)ZX_IOC_VCPU_ENTER), "d" (0l) \
		     : EACH(NAME) "rcx", "r11", "memory")
#define NARROW_IN(n) "movups 32*" #n "(%[in]), %%xmm" #n "\n\t"
#define NARROW_OUT(n) "movups %%xmm" #n ", 32*" #n "(%[out])\n\t"
#define WIDE_IN(n) "vmovups 32*" #n "(%[in]), %%ymm" #n "\n\t"
#define WIDE_OUT(n) "vmovups %%ymm" #n ", 32*" #n "(%[out])\n\t"

/* ENTER is call 16 of Linux, with the registers known before and read after. */
static long enter_with_vectors(struct fz_host *host, int fd, uint64_t after[16][4])
{
	long result;

	if (host->avx)
		ENTER(WIDE, ymm);
	else
		ENTER(NARROW, xmm);
	return result;
}

static bool same_vectors(struct fz_host *host, uint64_t after[16][4])
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (!memcmp(host->vectors[i], after[i], host->avx ? 32 : 16))
			continue;
		fprintf(stderr, "# the host's vector register %u has %016llx %016llx\n", i,
			(unsigned long long)after[i][0], (unsigned long long)after[i][2]);
		return false;
	}
	return true;
}

static bool same_x87(const unsigned char pi[10], uint32_t mxcsr, uint16_t control)
{
	static const unsigned char wanted[10] = {
		0x35, 0xc2, 0x68, 0x21, 0xa2, 0xda, 0x0f, 0xc9, 0x00, 0x40,
	};
	bool ok = same("MXCSR", MXCSR, mxcsr);

	ok &= same("x87 control word", X87_CONTROL, control);
	if (memcmp(pi, wanted, sizeof(wanted))) {
		fprintf(stderr, "# the host's x87 stack is another\n");
		return false;
	}
	return ok;
}

bool fz_host_enter(struct fz_host *host, zx_handle_t vcpu, zx_status_t *status)
{
	static uint64_t after[16][4];
	const uint32_t usual = 0x1f80, mxcsr = MXCSR;
	const uint16_t control = X87_CONTROL;
	uint16_t new_control;
	uint32_t new_mxcsr;
	unsigned char pi[10];
	long result;

	do {
		asm volatile("fninit; fldcw %0; fldpi; ldmxcsr %1" : : "m" (control), "m" (mxcsr));
		result = enter_with_vectors(host, zxl_handle_fd(vcpu), after);
		asm volatile("stmxcsr %0; fnstcw %1; fstpt %2; fninit; ldmxcsr %3"
			     : "=m" (new_mxcsr), "=m" (new_control), "=m" (pi) : "m" (usual));
		if (!same_x87(pi, new_mxcsr, new_control) || !same_vectors(host, after))
			return false;
	} while (result == -EINTR);
	*status = result < 0 ? ZX_ERR_INTERNAL : -result;
	return true;
}
