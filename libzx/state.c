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
	/*
	 * The thread's for as long as it lives; both 0 if unknown. The last address that has
	 * room for a state, and how far below it the stack begins.
	 */
	uintptr_t stack_last;
	uintptr_t stack_depth;
};

/* Without a page it has no rights either. */
static __thread struct slot slot;
static _Atomic uint64_t generation = 1;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

static void clear_slot(void)
{
	memset(&slot, 0, offsetof(struct slot, stack_last));
}

/* A signal's handler may look at the slot at any time. */
static void forget_page(void)
{
	struct zx_vcpu_page *page = slot.page;
	int saved = errno;

	clear_slot();
	atomic_signal_fence(memory_order_seq_cst);
	if (page)
		munmap(page, ZX_VCPU_PAGE_SIZE);
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

static void set_stack(uintptr_t low, uintptr_t high)
{
	slot.stack_last = high - sizeof(zx_vcpu_state_t);
	slot.stack_depth = slot.stack_last - low;
}

static bool on_first_stack(void)
{
	uintptr_t high = getauxval(AT_RANDOM), frame = (uintptr_t)__builtin_frame_address(0);

	if (frame >= high || high - frame > FIRST_STACK)
		return false;
	set_stack(high - FIRST_STACK, high);
	return true;
}

static void find_stack(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size;

	if (slot.stack_last || on_first_stack() || pthread_getattr_np(pthread_self(), &attr) != 0)
		return;
	if (pthread_attr_getstack(&attr, &low, &size) == 0)
		set_stack((uintptr_t)low, (uintptr_t)low + size);
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
	slot.page = page;
	slot.koid = slot.page->koid;
	slot.rights = ZX_RIGHT_READ | ZX_RIGHT_WRITE;
	slot.handle = handle;
	find_stack();
	atomic_signal_fence(memory_order_seq_cst);
	slot.generation = now;
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

static inline bool is_fresh(void)
{
	return slot.generation == atomic_load_explicit(&generation, memory_order_acquire);
}

/* Where a handle was closed since the last look: is the slot's still this one? */
static bool look_again(zx_handle_t handle)
{
	struct zx_ioc_info_handle_basic info;
	uint64_t now = atomic_load(&generation);

	if (!slot.page || slot.handle != handle || is_fresh())
		return false;
	if (libzx_handle_basic(handle, &info) != ZX_OK || info.koid != slot.koid ||
	    info.type != ZX_OBJ_TYPE_VCPU) {
		forget_page();
		return false;
	}
	slot.rights = info.rights;
	slot.generation = now;
	return true;
}

/* The slot is @handle's, which has @rights, and nothing was closed since. */
static inline bool is_good(zx_handle_t handle, zx_rights_t rights)
{
	return likely(slot.handle == handle && is_fresh() && (slot.rights & rights) == rights);
}

/*
 * Only here does libzx look at rights itself: no call is being made that the
 * kernel could check.
 */
__attribute__((noinline))
static zx_status_t find_slowly(zx_handle_t handle, zx_rights_t rights, struct zx_vcpu_page **page)
{
	struct zx_ioc_info_handle_basic info;
	zx_status_t status;

	if (look_again(handle) && is_good(handle, rights)) {
		*page = slot.page;
		return ZX_OK;
	}
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

zx_status_t libzx_page_find(zx_handle_t handle, zx_rights_t rights, struct zx_vcpu_page **page)
{
	if (!is_good(handle, rights))
		return find_slowly(handle, rights, page);
	*page = slot.page;
	return ZX_OK;
}

__EXPORT struct zx_vcpu_page *zxl_vcpu_page(zx_handle_t vcpu)
{
	struct zx_vcpu_page *page;

	return libzx_page_find(vcpu, ZX_RIGHT_READ | ZX_RIGHT_WRITE, &page) == ZX_OK ? page : NULL;
}

/*
 * Between the frame of the callee and the end of the thread's stack all is
 * mapped: the only memory of the caller that can be trusted unasked. A
 * coroutine's frame is outside, and so is everything then. @buffer has no more
 * than a zx_vcpu_state_t.
 */
static inline bool on_stack(const void *buffer)
{
	uintptr_t frame, above;

	/* The address of the frame would make the compiler keep one. */
	__asm__("mov %%rsp, %0" : "=r"(frame));
	above = slot.stack_last - frame;
	return likely(above <= slot.stack_depth && (uintptr_t)buffer - frame <= above);
}

static zx_status_t by_ioctl(zx_handle_t vcpu, uint32_t kind, const void *buffer, size_t size,
			    unsigned long cmd)
{
	struct zx_ioc_vcpu_state arg = {
		.size = sizeof(arg), .kind = kind, .buffer = to_u64(buffer), .length = size,
	};

	return libzx_call(vcpu, cmd, &arg);
}

/* From the page, if that may be. */
static inline bool read_page(zx_handle_t vcpu, uint32_t kind, zx_vcpu_state_t *state, size_t size)
{
	if (kind != ZX_VCPU_STATE || size != sizeof(*state) || !on_stack(state) ||
	    !is_good(vcpu, ZX_RIGHT_READ))
		return false;
	memcpy(state, &slot.page->regs, sizeof(*state));
	state->rflags &= ZX_VCPU_RFLAGS_USER;
	return true;
}

/* Out of line, as the next: its frame is not for those who need none. */
__attribute__((noinline))
static zx_status_t read_slowly(zx_handle_t vcpu, uint32_t kind, void *buffer, size_t size)
{
	if (look_again(vcpu) && read_page(vcpu, kind, buffer, size))
		return ZX_OK;
	return by_ioctl(vcpu, kind, buffer, size, ZX_IOC_VCPU_READ_STATE);
}

__EXPORT zx_status_t zx_vcpu_read_state(zx_handle_t vcpu, uint32_t kind, void *buffer,
					size_t buffer_size)
{
	if (likely(read_page(vcpu, kind, buffer, buffer_size)))
		return ZX_OK;
	return read_slowly(vcpu, kind, buffer, buffer_size);
}

/* Flags that are not to be written stay what they were, for a read before the next enter. */
static inline zx_status_t write_regs(struct zx_vcpu_page *page, const zx_vcpu_state_t *state)
{
	uint64_t rflags = state->rflags & 2 ? state->rflags : page->regs.rflags;

	memcpy(&page->regs, state, sizeof(*state));
	page->regs.rflags = rflags;
	return ZX_OK;
}

/* What of RAX is not read from the port stays. */
static inline zx_status_t write_io(struct zx_vcpu_page *page, const zx_vcpu_io_t *io)
{
	if (io->access_size == 1)
		memcpy(&page->regs.rax, &io->u8, 1);
	else if (io->access_size == 4)
		memcpy(&page->regs.rax, &io->u32, 4);
	else if (io->access_size == 2)
		memcpy(&page->regs.rax, &io->u16, 2);
	else
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

/* Into the page, if that may be. */
static inline bool write_page(zx_handle_t vcpu, uint32_t kind, const void *buffer, size_t size,
			      zx_status_t *status)
{
	if (!on_stack(buffer) || !is_good(vcpu, ZX_RIGHT_WRITE))
		return false;
	if (kind == ZX_VCPU_IO && size == sizeof(zx_vcpu_io_t))
		*status = write_io(slot.page, buffer);
	else if (kind == ZX_VCPU_STATE && size == sizeof(zx_vcpu_state_t))
		*status = write_regs(slot.page, buffer);
	else
		return false;
	return true;
}

__attribute__((noinline))
static zx_status_t write_slowly(zx_handle_t vcpu, uint32_t kind, const void *buffer, size_t size)
{
	zx_status_t status;

	if (look_again(vcpu) && write_page(vcpu, kind, buffer, size, &status))
		return status;
	return by_ioctl(vcpu, kind, buffer, size, ZX_IOC_VCPU_WRITE_STATE);
}

__EXPORT zx_status_t zx_vcpu_write_state(zx_handle_t vcpu, uint32_t kind, const void *buffer,
					 size_t buffer_size)
{
	zx_status_t status;

	if (likely(write_page(vcpu, kind, buffer, buffer_size, &status)))
		return status;
	return write_slowly(vcpu, kind, buffer, buffer_size);
}
