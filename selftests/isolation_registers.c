// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests and programs on one CPU, each with a pattern of its own in all registers: none
 * ever sees another's.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "soak.h"
#include "util.h"

#define GUESTS		3
#define SECONDS		4
#define MXCSR_RESET	0x1f80
/* Rounding, which no test here depends on. */
#define MXCSR(n)	(MXCSR_RESET | ((n) & 3) << 13)

/* What the processes of a test share. */
struct shared {
	struct soak soak;
	int ready;
	int go;
	unsigned long rounds[GUESTS + 1];
};

struct seen {
	uint64_t xmm[32];
	uint32_t mxcsr;
	uint32_t mxcsr_in;
};

#define EACH(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define TAKE(n) "movups 16*" #n "(%[before]), %%xmm" #n "\n\t"
#define KEEP(n) "movups %%xmm" #n ", 16*" #n "(%[after])\n\t"
#define NAME(n) "xmm" #n,

/* A system call with the vector registers known before and read after. */
static long call_with_vectors(long nr, long a, long b, const uint64_t *before, uint32_t mxcsr,
			      struct seen *seen)
{
	uint32_t own = MXCSR_RESET;
	long result;

	seen->mxcsr_in = mxcsr;
	asm volatile("ldmxcsr %[in]\n\t" EACH(TAKE)
		     "1:\tmov %[nr], %%rax\n\tsyscall\n\tcmp $-4, %%rax\n\tje 1b\n\t"
		     EACH(KEEP) "stmxcsr %[out]\n\tldmxcsr %[own]"
		     : "=&a" (result), [out] "=m" (seen->mxcsr)
		     : [before] "r" (before), [after] "r" (seen->xmm), [nr] "r" (nr),
		       [in] "m" (seen->mxcsr_in), [own] "m" (own), "D" (a), "S" (b), "d" (0l)
		     : EACH(NAME) "rcx", "r11", "memory");
	return result;
}

static void fill(uint64_t *pattern, uint64_t seed)
{
	unsigned int i;

	for (i = 0; i < 32; i++)
		pattern[i] = seed << 32 | (i + 1) * 0x01010101;
}

/* Is what belongs to the calling thread as it left it? */
static bool kept(const uint64_t *pattern, const struct seen *seen, uint32_t aux)
{
	return !memcmp(pattern, seen->xmm, sizeof(seen->xmm)) && seen->mxcsr == seen->mxcsr_in &&
	       host_tsc_aux() == aux;
}

/* All begin at once, when the slowest has all that it needs. */
static void wait_for_all(struct shared *shared)
{
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&shared->go, __ATOMIC_SEQ_CST))
		sleep_ms(1);
}

/* A VMM. Its exit status: 0, or the step at which something was not its own. */
static int vmm(struct shared *shared, unsigned int nr)
{
	uint64_t pattern[32];
	struct seen seen;
	uint32_t aux;
	struct vm vm;

	if (run_on_cpu(0) || vm_up(&vm) != ZX_OK)
		return 1;
	fill(pattern, nr);
	aux = host_tsc_aux();
	vm_frame(&vm)->rbx = 0x11110000 * (nr + 1ull);
	vm_frame(&vm)->rcx = 1 + nr;
	vm_frame(&vm)->rdi = host_has_avx();
	vm_frame(&vm)->r8 = MXCSR(nr);
	if (vm_boot(&vm, isolation) != ZX_OK)
		return 2;
	wait_for_all(shared);
	while (soak_goes_on(&shared->soak)) {
		if (call_with_vectors(16, zxl_handle_fd(vm.vcpu), ZX_IOC_VCPU_ENTER, pattern,
				      MXCSR(nr + 1), &seen))
			return 3;
		if (vm_page(&vm)->packet.io.port != GUEST_PORT_MARK) {
			fprintf(stderr, "# guest %u: %#lx is %#lx\n", nr,
				(long)vm_frame(&vm)->out[0], (long)vm_frame(&vm)->out[1]);
			return 4;
		}
		if (!kept(pattern, &seen, aux))
			return 5;
		shared->rounds[nr]++;
		sched_yield();
	}
	vm_down(&vm);
	return 0;
}

/* A program that has nothing to do with guests. */
static int stranger(struct shared *shared, unsigned int nr)
{
	uint64_t pattern[32];
	struct seen seen;
	uint32_t aux;

	if (run_on_cpu(0))
		return 1;
	fill(pattern, nr);
	aux = host_tsc_aux();
	wait_for_all(shared);
	while (soak_goes_on(&shared->soak)) {
		/* sched_yield */
		if (call_with_vectors(24, 0, 0, pattern, MXCSR(nr), &seen))
			return 3;
		if (!kept(pattern, &seen, aux))
			return 5;
		shared->rounds[nr]++;
	}
	return 0;
}

TEST(no_register_is_seen_by_another)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int pids[GUESTS + 1], status, i;
	unsigned long sum = 0;

	ASSERT_NE(MAP_FAILED, (void *)shared);
	for (i = 0; i <= GUESTS; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (pids[i] == 0)
			_exit(i < GUESTS ? vmm(shared, i) : stranger(shared, i));
	}
	while (__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST) <= GUESTS)
		sleep_ms(1);
	soak_begin(&shared->soak, SECONDS);
	__atomic_store_n(&shared->go, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i <= GUESTS; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
		EXPECT_LT(10, shared->rounds[i]);
		sum += shared->rounds[i];
	}
	soak_tell("switches", sum);
}

#define OUT_DR		8
#define OUT_CR2		12
#define OUT_MSRS	13
#define MSRS		10

/* On a CPU where somebody else left what it had everywhere. */
TEST(a_fresh_vcpu_finds_nothing)
{
	uint64_t *out;
	uint32_t env[7];
	unsigned int i;
	struct vm vm;
	int status;
	pid_t pid;

	ASSERT_EQ(0, run_on_cpu(0));
	pid = fork();
	if (pid == 0) {
		if (vm_up(&vm) != ZX_OK)
			_exit(1);
		vm_frame(&vm)->rbx = 0x77770000;
		vm_frame(&vm)->rcx = 1;
		vm_frame(&vm)->rdi = host_has_avx();
		vm_frame(&vm)->r8 = MXCSR(3);
		_exit(vm_boot(&vm, isolation) != ZX_OK || vm_mark(&vm, 1) != ZX_OK ?
		      vm_frame(&vm)->out[0] & 0xff ?: 1 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(ZX_OK, vm_up(&vm));
	out = vm_frame(&vm)->out;
	memset(out, 0xa5, sizeof(vm_frame(&vm)->out));
	ASSERT_EQ(ZX_OK, vm_boot(&vm, fresh));
	ASSERT_EQ(ZX_OK, vm_finish(&vm));
	memcpy(env, out, sizeof(env));
	/* Control, status and tag words, then where an instruction was and its operand. */
	EXPECT_EQ(0x37f, env[0] & 0xffff);
	EXPECT_EQ(0, env[1] & 0xffff);
	EXPECT_EQ(0xffff, env[2] & 0xffff);
	for (i = 3; i < 6; i++)
		EXPECT_EQ(0, env[i]);
	for (i = 28; i < 108; i++)
		EXPECT_EQ(0, vm.mem[GUEST_BUFFER + i]);
	for (i = OUT_DR; i < OUT_MSRS + MSRS; i++)
		EXPECT_EQ(0, out[i]);
	vm_down(&vm);
}

TEST_HARNESS_MAIN
