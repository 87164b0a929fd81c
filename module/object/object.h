/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every object has: a type, a koid, a reference count and a count of
 * handles. The object's own file says the rest; read handle.c next.
 *
 * References keep memory alive. Handles keep meaning alive: when the last
 * handle goes, zero_handles() runs once, and then the reference that the
 * handles shared is dropped.
 */
#ifndef _ZX_OBJECT_H
#define _ZX_OBJECT_H

#include <linux/kref.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "../../uapi/zx_hypervisor.h"

struct file;
struct vm_area_struct;
struct zx_handle;
struct zx_object;

/* All may sleep, but those marked [n]. A hook that a type does not need stays NULL. */
struct zx_object_ops {
	const char *name;		/* "guest", for the descriptor's link */
	u32 type;			/* ZX_OBJ_TYPE_* */
	u32 rights;			/* of a fresh handle; with WAIT, it has signals */
	u32 user_signals;		/* that its user may change, beside ZX_SIGNAL_USER_ALL */
	void (*destroy)(struct zx_object *obj);
	void (*zero_handles)(struct zx_object *obj);
	int (*mmap)(struct zx_handle *handle, struct vm_area_struct *vma);
	__poll_t (*poll)(struct zx_object *obj, struct file *file, poll_table *wait);
	void (*show)(struct zx_object *obj, struct seq_file *m);
	/* [n] The other end, with a reference. NULL: it is closed. */
	struct zx_object *(*peer)(struct zx_object *obj);
	/* [n] Where ZX_PROP_NAME is: ZX_MAX_NAME_LEN bytes [wait.lock]. */
	char *(*prop_name)(struct zx_object *obj);
};

struct zx_object {
	const struct zx_object_ops *ops;	/* [I] immutable after init */
	u64 koid;				/* [I] */
	u64 related_koid;			/* [I] of the other end, or 0 */
	struct kref ref;			/* [a] atomic */
	atomic_t handles;			/* [a] */
	/*
	 * Who waits and who polls. Its lock comes inside of every other lock that an
	 * object has, but outside of those of ports (observer.c) and of epoll.
	 */
	wait_queue_head_t wait;
	u32 signals;				/* [wait.lock] ZX_SIGNAL_* that are up */
	u32 nr_observers;			/* [wait.lock] */
	struct list_head observers;		/* [wait.lock] of zx_object_wait_async */
};

/* An open file of ours: file->private_data. Immutable. */
struct zx_handle {
	struct zx_object *obj;
	u64 id;				/* no other handle has or had it */
	u32 rights;
};

/* object.c */
void zx_object_init(struct zx_object *obj, const struct zx_object_ops *ops);
void zx_object_put(struct zx_object *obj);
/* False: it is about to be freed. For who finds an object by RCU. */
bool zx_object_get_live(struct zx_object *obj);
u64 zx_object_live(void);	/* objects alive now, for tests and exit */
/* ZX_PROP_NAME, zero-filled. False: its type has none. */
bool zx_object_get_name(struct zx_object *obj, char name[ZX_MAX_NAME_LEN]);
bool zx_object_set_name(struct zx_object *obj, const char name[ZX_MAX_NAME_LEN]);

static inline void zx_object_get(struct zx_object *obj)
{
	kref_get(&obj->ref);
}

/* signal.c */
/*
 * Take down @clear, then put up @set, and tell who waits for those. No sleep, no
 * interrupt. What is up for an instant only is seen by all who wait at that instant.
 */
void zx_object_signal(struct zx_object *obj, u32 clear, u32 set);
/* What poll(2) calls the signals that are up. */
__poll_t zx_object_poll(struct zx_object *obj, struct file *file, poll_table *wait);

/* A thread that waits; it may do so for many objects at once. */
struct zx_wait {
	bool satisfied;			/* a waiter of it has matched */
	bool look;			/* a handle of it may have been closed */
};

/* One object that a thread waits for. */
struct zx_waiter {
	struct zx_handle *handle;	/* kept open by the caller */
	u32 value;			/* that its closing is noticed by; or 0 */
	u32 signals;			/* waited for */
	u32 pending;			/* out: those up when it ended */
	bool matched;			/* [wait.lock] @pending is final */
	bool closed;			/* the value leads elsewhere now */
	struct zx_wait *wait;
	struct wait_queue_entry entry;
};

/* OK, TIMED_OUT, CANCELED (and each @pending is there); INTERNAL_INTR_RETRY. */
zx_status_t zx_object_wait(struct zx_waiter *waiters, unsigned int nr, s64 deadline);
/*
 * Its parts, for a call that waits for something else and only until its handle is
 * closed: @signals is 0, and @look true in the beginning. zx_waiters_closed() comes
 * after the task's state is set.
 */
void zx_waiter_begin(struct zx_waiter *waiter, struct zx_wait *wait);
void zx_waiter_end(struct zx_waiter *waiter);
bool zx_waiters_closed(struct zx_wait *wait, struct zx_waiter *waiters, unsigned int nr);
/* A descriptor of @handle was closed: wakes who may have known it by that. */
void zx_object_descriptor_closed(struct zx_handle *handle);

/* event.c */
zx_status_t zx_event_new(struct zx_object **out);
zx_status_t zx_eventpair_new(struct zx_object *out[2]);

/* handle.c */
/*
 * The handle behind a handle value: a reference to its file in *@file on
 * ZX_OK, to be dropped with fput(). BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED.
 */
zx_status_t zx_handle_get(u32 value, u32 type, u32 rights, struct file **file,
			  struct zx_handle **handle);
/* A file that is a new handle to @obj; takes its own reference. */
struct file *zx_handle_file(struct zx_object *obj, u32 rights);
struct zx_handle *zx_handle_of(struct file *file);	/* NULL: not ours */
static inline zx_status_t zx_handle_check(const struct zx_handle *handle, u32 type, u32 rights)
{
	if (type != ZX_OBJ_TYPE_NONE && handle->obj->ops->type != type)
		return ZX_ERR_WRONG_TYPE;
	if ((handle->rights & rights) != rights)
		return ZX_ERR_ACCESS_DENIED;
	return ZX_OK;
}

extern const struct file_operations zx_handle_fops;
/* Of /dev/zx_hypervisor: open() makes a resource, and the file a handle. */
extern const struct file_operations zx_device_fops;
/* The one step up from this floor: syscall/table.c stands behind every handle. */
long zx_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* resource.c */
struct zx_resource {
	struct zx_object obj;		/* must be first */
	u32 kind;			/* [I] */
	u32 flags;			/* [I] */
	u64 base, len;			/* [I] SYSTEM only */
	char name[ZX_MAX_NAME_LEN];	/* [I] */
};

zx_status_t zx_resource_new(u32 options, u64 base, u64 len, const char *name,
			    struct zx_resource **out);
/* May this resource stand for @kind (HYPERVISOR or VMEX)? */
bool zx_resource_covers(const struct zx_resource *rsrc, u32 kind);
void zx_resource_info(struct zx_object *obj, struct zx_ioc_info_resource *out);

/* port.c */
struct zx_port;

/* A packet on its way. Belongs to the port from queue until free() runs. */
struct zx_port_entry {
	struct llist_node incoming;
	struct list_head node;			/* empty while the entry is its owner's */
	struct zx_packet packet;
	void (*free)(struct zx_port_entry *entry);	/* any context, no sleep */
};

zx_status_t zx_port_new(struct zx_port **out);
/* From any context; takes no lock. BAD_STATE (entry not taken): no handle is left. */
zx_status_t zx_port_queue(struct zx_port *port, struct zx_port_entry *entry);
/*
 * Drop those of an owner's @nr entries, @stride bytes apart, that are queued. The
 * owner queues no more; none is in the port on return. May sleep.
 */
void zx_port_cancel(struct zx_port *port, struct zx_port_entry *first, size_t stride,
		    unsigned int nr);
zx_status_t zx_port_queue_user(struct zx_port *port, const struct zx_packet *packet);
/* INTERNAL_INTR_RETRY below: a signal is pending. */
zx_status_t zx_port_wait(struct zx_port *port, s64 deadline, struct zx_packet *packet);
bool zx_port_closed(struct zx_port *port);
struct zx_object *zx_port_object(struct zx_port *port);
struct zx_port *zx_port_from(struct zx_object *obj);
/* To be woken, in the state that was set before; false: the deadline has passed. */
bool zx_sleep_until(s64 deadline);

/* Never leaves the kernel: the dispatcher turns it into -ERESTARTSYS. */
#define ZX_ERR_INTERNAL_INTR_RETRY	(-6)

/* vmo.c */
struct zx_pages;

/* A VMO is a view of a store of pages (pages.h): all of it, or, as a slice, a part. */
struct zx_vmo {
	struct zx_object obj;		/* must be first */
	struct zx_pages *pages;		/* [I] */
	u32 options;			/* [I] ZX_VMO_*, of what may be done through it */
	u32 kind;			/* [I] ZX_VMO_CHILD_* of a child, else 0 */
	pgoff_t first;			/* [I] where in the store it begins */
	u64 slice_size;			/* [I] of a slice; others end with the store */
	u64 parent_koid;		/* [I] */
	atomic_t mappings;		/* [a] in guests and processes */
	bool family;			/* [kin_lock] is or was a parent or a child */
	struct zx_vmo *parent;		/* [kin_lock] no reference: see child.c */
	struct list_head sibling;	/* [kin_lock] in the parent's children */
	struct list_head children;	/* [kin_lock] */
	u64 nr_children;		/* [kin_lock] */
	char name[ZX_MAX_NAME_LEN];	/* [obj.wait.lock] ZX_PROP_NAME */
};

/* What a VMO must be able to tell whoever has mapped it. */
struct zx_vmo_user {
	struct list_head node;		/* [pages->users_lock] */
	/*
	 * Pages [first, last] of the store are about to go: no CPU may reach them
	 * any more on return. Called with pages->lock held for writing.
	 */
	void (*invalidate)(struct zx_vmo_user *user, pgoff_t first, pgoff_t last);
};

zx_status_t zx_vmo_new(u64 size, u32 options, struct zx_vmo **out);
/* One that shows all of @pages; takes over the reference. NULL: there is none, or no memory. */
struct zx_vmo *zx_vmo_over(struct zx_pages *pages, u32 options);
zx_status_t zx_vmo_read(struct zx_vmo *vmo, void __user *buf, u64 offset, u64 len);
zx_status_t zx_vmo_write(struct zx_vmo *vmo, const void __user *buf, u64 offset, u64 len);
u64 zx_vmo_size(const struct zx_vmo *vmo);
/* Can its size change, be it through another VMO? */
bool zx_vmo_resizable(const struct zx_vmo *vmo);
zx_status_t zx_vmo_set_size(struct zx_vmo *vmo, u64 size);
zx_status_t zx_vmo_op_range(struct zx_vmo *vmo, u32 op, u64 offset, u64 len);
zx_status_t zx_vmo_set_policy(struct zx_vmo *vmo, u32 policy);
void zx_vmo_info(struct zx_vmo *vmo, struct zx_ioc_info_vmo *out);
void zx_vmo_add_user(struct zx_vmo *vmo, struct zx_vmo_user *user);
void zx_vmo_remove_user(struct zx_vmo *vmo, struct zx_vmo_user *user);
/* The store's lock, for reading: the functions below need it. Inside a VMAR's lock. */
void zx_vmo_lock(struct zx_vmo *vmo);
bool zx_vmo_trylock(struct zx_vmo *vmo);
void zx_vmo_unlock(struct zx_vmo *vmo);
/*
 * The page at the store's @index, allocated if it was a hole, with a reference.
 * OUT_OF_RANGE outside of the VMO, NO_MEMORY.
 */
zx_status_t zx_vmo_page(struct zx_vmo *vmo, pgoff_t index, struct page **page);
/* The same without sleeping, as zx_pages_at_hand(). */
struct page *zx_vmo_page_at_hand(struct zx_vmo *vmo, pgoff_t index);
/* The next of the store's pages that is there, from *@index to @last. */
bool zx_vmo_next_page(struct zx_vmo *vmo, pgoff_t *index, pgoff_t last);
/* Are the store's pages [first, last] all in the VMO? */
bool zx_vmo_has(const struct zx_vmo *vmo, pgoff_t first, pgoff_t last);
u32 zx_vmo_policy(const struct zx_vmo *vmo);

/* child.c */
/* @options: ZX_VMO_CHILD_* without NO_WRITE, which is the handle's affair. */
zx_status_t zx_vmo_new_child(struct zx_vmo *parent, u32 options, u64 offset, u64 size,
			     struct zx_vmo **out);
u64 zx_vmo_children(const struct zx_vmo *vmo);
void zx_vmo_leave_family(struct zx_vmo *vmo);	/* the last thing it does */

/* mmap.c */
int zx_vmo_mmap(struct zx_handle *handle, struct vm_area_struct *vma);
int zx_vmo_init(void);		/* the huge-page capable mount */
void zx_vmo_exit(void);

/* vmar.c, vcpu.c: what ZX_IOC_OBJECT_GET_INFO answers */
zx_status_t zx_vmar_info(struct zx_object *obj, struct zx_ioc_info_vmar *out);
zx_status_t zx_vcpu_info(struct zx_object *obj, struct zx_ioc_info_vcpu *out);

#endif
