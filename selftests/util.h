/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of 4 MiB for one test, and the small helpers that all tests share.
 * The statuses are for the caller to assert; read guest.h for the memory map.
 */
#ifndef _SELFTESTS_UTIL_H
#define _SELFTESTS_UTIL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zx_hypervisor.h>
#include <zxl/hypervisor.h>

#include "guest.h"

/* The harness's 30 seconds are not enough in the checking kernel on a busy machine. */
#ifdef TEST_TIMEOUT_DEFAULT
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120
#endif

/* No page is ever mapped there. */
#define BAD_POINTER	((void *)16)

#define PAGE		4096ull
#define KEY_PORTS	0x50525453
#define KEY_TRAP	0x54524150
#define KEY_BELL	0x42454c4c

#define ONE_MS		1000000ll

struct vm {
	zx_handle_t resource;
	zx_handle_t guest;
	zx_handle_t vmar;
	zx_handle_t vmo;
	zx_handle_t vcpu;
	unsigned char *mem;	/* the guest's RAM in this process */
	pthread_t parked;	/* thread that holds the first VCPU, if any */
	int parked_wake[2];
};

/* Tables, handlers and an empty frame, into the guest's RAM. */
void guest_lay_out(unsigned char *mem);
/* Guest, RAM, tables and the trap on GUEST_PORTS; no VCPU yet. */
zx_status_t vm_up(struct vm *vm);
void vm_load(struct vm *vm, const char *start, const char *end);
/* The VCPU of the calling thread, at GUEST_ENTRY. */
zx_status_t vm_vcpu(struct vm *vm);
/* The first VCPU goes to a thread that sleeps, so that the next is an AP. */
zx_status_t vm_park_first(struct vm *vm);
void vm_down(struct vm *vm);
/* Enter; ZX_OK if what comes back is the blob's end. */
zx_status_t vm_finish(struct vm *vm);
/* Enter; ZX_OK if what comes back is the mark @value. */
zx_status_t vm_mark(struct vm *vm, uint32_t value);

static inline struct guest_frame *vm_frame(struct vm *vm)
{
	return (struct guest_frame *)(vm->mem + GUEST_FRAME);
}

/* Load the blob @name and create the VCPU. */
#define vm_boot(vm, name) \
	(vm_load(vm, name##_start, name##_end), vm_vcpu(vm))

/* Guest-physical address of a probe's instruction. */
#define insn_at(name)	(GUEST_ENTRY + (uint64_t)(name##_insn - name##_start))

/* Run the probe @name with the frame's registers. */
#define vm_probe(vm, name) \
	(vm_boot(vm, name) ?: vm_finish(vm))

/* The same with @len bytes of code, GUEST_BYTES at most. */
zx_status_t vm_bytes(struct vm *vm, const void *code, size_t len);
/* The CPU's own hypercall instruction, with the frame's registers. */
zx_status_t vm_hypercall(struct vm *vm);
const struct zx_vcpu_page *vm_page(struct vm *vm);
/* ZX_IOC_VCPU_ENTER itself, with no packet asked for: what the ioctl gives but EINTR. */
int vm_enter_raw(struct vm *vm);

/* A VMO of @size bytes with EXECUTE. */
zx_status_t vmo_executable(uint64_t size, zx_handle_t *out);
/* What a VMO says of itself; bytes of 0xff if it does not. */
zx_info_vmo_t info_of(zx_handle_t vmo);
/* A handle to the same object without @rights. */
zx_handle_t handle_without(zx_handle_t handle, zx_rights_t rights);
zx_handle_t handle_with(zx_handle_t handle, zx_rights_t rights);
zx_rights_t handle_rights(zx_handle_t handle);
/* The pipe end @fd dressed up as a handle. */
zx_handle_t handle_foreign(void);
int count_descriptors(void);
/* What the handle's fdinfo says of @name; -1: nothing. */
long fdinfo_number(zx_handle_t handle, const char *name);
/* The number in a file such as a parameter; -1: cannot be read. */
long file_number(const char *path);
/* All of @text, at once: 0, or -1. */
int file_write(const char *path, const char *text);
/* The module's number of live objects; -1: cannot be read. */
long live_objects(void);
/* The same once what a task left behind is closed, which a worker may do. */
long settled_objects(void);
/* The same of asynchronous waits. */
long live_observers(void);

/*
 * Something done from another thread: once @flag is not 0 (if there is one) and
 * @delay_ms have passed, kick the VCPU, or send it @vector.
 */
struct later {
	zx_handle_t vcpu;
	volatile uint64_t *flag;
	unsigned int delay_ms;
	int vector;
	zx_status_t status;
	pthread_t thread;
	void (*call)(struct later *later);
	void *arg;
};

#define LATER_KICK	(-1)

int later_start(struct later *later);
void later_join(struct later *later);
void sleep_ms(unsigned int ms);
/* The number of the CPU that is @index among those the program was given, or -1. */
int cpu_number(unsigned int index);
/* The calling thread goes there and stays. */
int run_on_cpu(unsigned int index);
/* The CPU with that number comes or goes: 0, or -1. */
int cpu_set_online(int cpu, bool online);
void wait_flag(volatile uint64_t *flag, uint64_t value);

/* CPUID, TSC and TSC_AUX of this process. */
bool host_is_amd(void);
bool host_has_avx(void);

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high));
	return low | (uint64_t)high << 32;
}

static inline uint32_t host_tsc_aux(void)
{
	uint32_t low, high, aux;

	asm volatile("rdtscp" : "=a" (low), "=d" (high), "=c" (aux));
	return aux;
}

#endif
