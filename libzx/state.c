// SPDX-License-Identifier: MIT
/*
 * The registers of a VCPU. The kernel keeps them in a page that it shares with
 * the VCPU's thread, so reading and writing them is a copy. What makes that
 * right is decided here: that the handle still is the thread's VCPU, and that
 * the caller's buffer is there. In doubt the kernel is asked, by ioctl.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <zircon/syscalls/hypervisor.h>

#include "internal.h"

_Static_assert(sizeof(struct zx_vcpu_page) == ZX_VCPU_PAGE_SIZE, "one page");
_Static_assert(sizeof(zx_vcpu_state_t) == sizeof(struct zx_vcpu_regs), "the same registers");

/*
 * A thread has at most one live VCPU, so one slot does. It may be used while
 * no handle was closed since it was last checked: descriptors are numbers
 * that come back, as another object or as the same one with fewer rights.
 */
struct slot {
	zx_handle_t handle;
	zx_rights_t rights;
	uint64_t generation;
	struct zx_vcpu_page *page;
	uint64_t koid;
	/* The thread's for as long as it lives; both 0 if unknown. */
	uintptr_t stack_low;
	uintptr_t stack_high;
};

static __thread struct slot slot;
static _Atomic uint64_t generation = 1;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

static void clear_slot(void)
{
	memset(&slot, 0, offsetof(struct slot, stack_low));
}

static void forget_page(void)
{
	int saved = errno;

	if (slot.page)
		munmap(slot.page, ZX_VCPU_PAGE_SIZE);
	clear_slot();
	errno = saved;
}

static void thread_ends(void *unused)
{
	(void)unused;
	forget_page();
}

/* The child is another thread, which owns no VCPU; the page is not in it. The stack is. */
static void child_starts(void)
{
	clear_slot();
}

static void make_hooks(void)
{
	key_made = pthread_key_create(&key, thread_ends) == 0;
	pthread_atfork(NULL, NULL, child_starts);
}

/*
 * Of the first thread's stack the C library learns from the list of all mappings, which
 * may be long. Linux puts AT_RANDOM's bytes behind all frames, and keeps other mappings
 * away from what its default limit lets the stack grow to.
 */
#define FIRST_STACK	(8ul << 20)

static bool on_first_stack(void)
{
	uintptr_t high = getauxval(AT_RANDOM), frame = (uintptr_t)__builtin_frame_address(0);

	if (frame >= high || high - frame > FIRST_STACK)
		return false;
	slot.stack_low = high - FIRST_STACK;
	slot.stack_high = high;
	return true;
}

static void find_stack(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size;

	if (slot.stack_high || on_first_stack() || pthread_getattr_np(pthread_self(), &attr) != 0)
		return;
	if (pthread_attr_getstack(&attr, &low, &size) == 0) {
		slot.stack_low = (uintptr_t)low;
		slot.stack_high = (uintptr_t)low + size;
	}
	pthread_attr_destroy(&attr);
}

zx_status_t libzx_page_map(zx_handle_t handle)
{
	uint64_t now = atomic_load(&generation);
	int saved = errno;
	void *page;

	pthread_once(&once, make_hooks);
	forget_page();
	page = mmap(NULL, ZX_VCPU_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    handle_fd(handle), 0);
	if (page == MAP_FAILED) {
		zx_status_t status = errno == ENOMEM ? ZX_ERR_NO_MEMORY : ZX_ERR_INTERNAL;

		errno = saved;
		return status;
	}
	madvise(page, ZX_VCPU_PAGE_SIZE, MADV_DONTFORK);
	slot.handle = handle;
	slot.rights = ZX_RIGHT_READ | ZX_RIGHT_WRITE;
	slot.generation = now;
	slot.page = page;
	slot.koid = slot.page->koid;
	find_stack();
	if (key_made)
		pthread_setspecific(key, &slot);
	errno = saved;
	return ZX_OK;
}

void libzx_page_invalidate(zx_handle_t handle)
{
	atomic_fetch_add(&generation, 1);
	if (slot.handle == handle)
		forget_page();
}

/* A handle was closed somewhere since the last look: is it still this one? */
static bool look_again(void)
{
	struct zx_ioc_info_handle_basic info;
	uint64_t now = atomic_load(&generation);

	if (libzx_handle_basic(slot.handle, &info) != ZX_OK || info.koid != slot.koid ||
	    info.type != ZX_OBJ_TYPE_VCPU) {
		forget_page();
		return false;
	}
	slot.rights = info.rights;
	slot.generation = now;
	return true;
}

static inline struct zx_vcpu_page *page_get(zx_handle_t handle, zx_rights_t rights)
{
	if (unlikely(slot.handle != handle || !slot.page))
		return NULL;
	if (unlikely(slot.generation != atomic_load_explicit(&generation, memory_order_acquire)) &&
	    !look_again())
		return NULL;
	return likely((slot.rights & rights) == rights) ? slot.page : NULL;
}

/*
 * Only here does libzx look at rights itself: no call is being made that the
 * kernel could check.
 */
zx_status_t libzx_page_find(zx_handle_t handle, zx_rights_t rights, struct zx_vcpu_page **page)
{
	struct zx_ioc_info_handle_basic info;
	zx_status_t status;

	*page = page_get(handle, rights);
	if (likely(*page))
		return ZX_OK;
	status = libzx_handle_basic(handle, &info);
	if (status != ZX_OK)
		return status;
	if (info.type != ZX_OBJ_TYPE_VCPU)
		return ZX_ERR_WRONG_TYPE;
	if ((info.rights & rights) != rights)
		return ZX_ERR_ACCESS_DENIED;
	*page = info.koid == slot.koid ? slot.page : NULL;
	return *page ? ZX_OK : ZX_ERR_BAD_STATE;
}

__EXPORT struct zx_vcpu_page *zxl_vcpu_page(zx_handle_t vcpu)
{
	struct zx_vcpu_page *page;

	return libzx_page_find(vcpu, ZX_RIGHT_READ | ZX_RIGHT_WRITE, &page) == ZX_OK ? page : NULL;
}

/*
 * Between the frame of the callee and the end of the thread's stack all is
 * mapped: the only memory of the caller that can be trusted unasked. A
 * coroutine's frame is outside, and so is everything then.
 */
static inline bool on_stack(const void *buffer, size_t size)
{
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
	uintptr_t start = (uintptr_t)buffer;

	return frame >= slot.stack_low && start >= frame && start < slot.stack_high &&
	       size <= slot.stack_high - start;
}

/* Out of line: its frame is not for those who need none. */
__attribute__((noinline))
static zx_status_t by_ioctl(zx_handle_t vcpu, unsigned long cmd, uint32_t kind,
			    const void *buffer, size_t size)
{
	struct zx_ioc_vcpu_state arg = {
		.size = sizeof(arg), .kind = kind, .buffer = to_u64(buffer), .length = size,
	};

	return libzx_call(vcpu, cmd, &arg);
}

__EXPORT zx_status_t zx_vcpu_read_state(zx_handle_t vcpu, uint32_t kind, void *buffer,
					size_t buffer_size)
{
	zx_vcpu_state_t *state = buffer;
	struct zx_vcpu_page *page;

	if (kind != ZX_VCPU_STATE || buffer_size != sizeof(*state) ||
	    !on_stack(buffer, buffer_size))
		goto slow;
	page = page_get(vcpu, ZX_RIGHT_READ);
	if (!page)
		goto slow;
	memcpy(state, &page->regs, sizeof(*state));
	state->rflags &= ZX_VCPU_RFLAGS_USER;
	return ZX_OK;
slow:
	return by_ioctl(vcpu, ZX_IOC_VCPU_READ_STATE, kind, buffer, buffer_size);
}

/* Flags that are not to be written stay what they were, for a read before the next enter. */
static zx_status_t write_regs(struct zx_vcpu_page *page, const zx_vcpu_state_t *state)
{
	uint64_t rflags = state->rflags & 2 ? state->rflags : page->regs.rflags;

	memcpy(&page->regs, state, sizeof(*state));
	page->regs.rflags = rflags;
	return ZX_OK;
}

static zx_status_t write_io(struct zx_vcpu_page *page, const zx_vcpu_io_t *io)
{
	switch (io->access_size) {
	case 1:
		page->regs.rax = (page->regs.rax & ~(uint64_t)0xff) | io->u8;
		return ZX_OK;
	case 2:
		page->regs.rax = (page->regs.rax & ~(uint64_t)0xffff) | io->u16;
		return ZX_OK;
	case 4:
		page->regs.rax = (page->regs.rax & ~(uint64_t)0xffffffff) | io->u32;
		return ZX_OK;
	default:
		return ZX_ERR_INVALID_ARGS;
	}
}

__EXPORT zx_status_t zx_vcpu_write_state(zx_handle_t vcpu, uint32_t kind, const void *buffer,
					 size_t buffer_size)
{
	struct zx_vcpu_page *page;

	if (!on_stack(buffer, buffer_size))
		goto slow;
	page = page_get(vcpu, ZX_RIGHT_WRITE);
	if (!page)
		goto slow;
	if (kind == ZX_VCPU_STATE && buffer_size == sizeof(zx_vcpu_state_t))
		return write_regs(page, buffer);
	if (kind == ZX_VCPU_IO && buffer_size == sizeof(zx_vcpu_io_t))
		return write_io(page, buffer);
slow:
	return by_ioctl(vcpu, ZX_IOC_VCPU_WRITE_STATE, kind, buffer, buffer_size);
}
