/* SPDX-License-Identifier: MIT */
/*
 * What all parts of the example VMM share: the guest, how it ends,
 * and the few words that the parts say to each other.
 *
 * Read main.c first, then vcpu.c, bus.c and the devices.
 */
#ifndef VMM_H
#define VMM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zircon/syscalls.h>
#include <zircon/types.h>

#include "bus.h"
#include "devices.h"
#include "memory.h"

/* Exit statuses; --help lists them. */
enum vmm_exit {
	VMM_POWER_OFF = 0,
	VMM_DIED = 1,
	VMM_USAGE = 2,
	VMM_FILE = 3,
	VMM_FORMAT = 4,
	VMM_MEMORY = 5,
	VMM_NO_DEVICE = 6,
	VMM_NO_PERMISSION = 7,
	VMM_NO_SUPPORT = 8,
	VMM_RESET = 9,
};

/* One message on standard error, then exit. For the time before the guest runs. */
_Noreturn void die(enum vmm_exit code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define VMM_CPUS_MAX	64

struct vmm;

struct vcpu {
	struct vmm *vmm;
	pthread_t thread;
	bool started;
	unsigned int id;
	uint64_t entry;
	zx_handle_t handle;		/* 0 until the thread has made it */
};

/* Packets by type, for --stats. */
struct stats {
	uint64_t in, out, mem, interrupt, startup, eoi;
};

struct vmm {
	unsigned int cpus;
	bool reboot;			/* a guest that resets itself starts again */
	uint64_t boot_params;		/* what RSI holds at the kernel's entry */
	zx_handle_t guest;
	zx_handle_t vmar;
	struct memory memory;
	zx_time_t started;		/* when the first VCPU was */
	int wake_fd;			/* an eventfd that wakes the main thread */

	/* Protects everything below and all devices. */
	pthread_mutex_t lock;
	bool ended;
	enum vmm_exit code;
	char message[256];
	struct stats stats;
	struct vcpu vcpu[VMM_CPUS_MAX];
	unsigned int created;		/* VCPUs: all up to here have handles */
	pthread_cond_t turn;		/* @created or @ended has changed */
	struct bus bus;
	struct ioapic ioapic;
	struct uart uart;
	struct pic pic[2];
	struct pit pit;
	struct rtc rtc;
	struct pm pm;
	struct pci pci;
};

/*
 * The guest is over: the first call decides the exit status and, with a
 * format, the message. The lock is held.
 */
void vmm_end(struct vmm *vmm, enum vmm_exit code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Wake the main thread: something that it waits for has changed. */
void vmm_wake(struct vmm *vmm);

/*
 * Start the threads of VCPU @id, unless it runs already, and of those below it
 * which do not: the kernel gives ids in order. The lock is held.
 */
void vcpu_start(struct vmm *vmm, unsigned int id, uint64_t entry);
/* Make all VCPUs leave the guest, and end their threads and them. The lock is not held. */
void vcpu_stop_all(struct vmm *vmm);
/*
 * Make @vector pending on VCPU @id: false if there is no such VCPU or vector. The
 * EOI of a level-triggered one goes to the I/O APIC. The lock is held.
 */
bool vcpu_interrupt(struct vmm *vmm, unsigned int id, uint8_t vector, bool level);

#endif
