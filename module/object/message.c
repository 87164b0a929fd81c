// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages outside of any queue. A file in a message is in no descriptor table,
 * so RLIMIT_NOFILE does not see it: files on their way are counted for the user
 * who sends them, until they are received or dropped. Read channel.c next.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "channel.h"

/* A user with files on their way. Gone with the last of them. */
struct zx_sender {
	struct hlist_node node;		/* [senders_lock] */
	struct user_struct *user;	/* [I] a reference */
	unsigned long files;		/* [senders_lock] */
};

static DEFINE_SPINLOCK(senders_lock);	/* a leaf */
static DEFINE_HASHTABLE(senders, 6);	/* [senders_lock] by user */

static struct zx_sender *sender_find(const struct user_struct *user)
{
	struct zx_sender *sender;

	lockdep_assert_held(&senders_lock);
	hash_for_each_possible(senders, sender, node, (unsigned long)user)
		if (sender->user == user)
			return sender;
	return NULL;
}

/* The current user's record; NULL without memory. @fresh goes in if there is none. */
static struct zx_sender *sender_add(struct zx_sender *fresh, unsigned int files)
{
	struct user_struct *user = current_user();
	struct zx_sender *sender;

	spin_lock(&senders_lock);
	sender = sender_find(user);
	if (!sender && fresh) {
		fresh->user = get_uid(user);
		fresh->files = 0;
		hash_add(senders, &fresh->node, (unsigned long)user);
		sender = fresh;
	}
	if (sender)
		WRITE_ONCE(sender->files, sender->files + files);
	spin_unlock(&senders_lock);
	return sender;
}

static struct zx_sender *sender_charge(unsigned int files)
{
	struct zx_sender *sender = sender_add(NULL, files);
	struct zx_sender *fresh;

	if (sender)
		return sender;
	fresh = kmalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	sender = sender_add(fresh, files);
	if (sender != fresh)
		kfree(fresh);
	return sender;
}

static void sender_uncharge(struct zx_sender *sender, unsigned int files)
{
	bool last;

	spin_lock(&senders_lock);
	WRITE_ONCE(sender->files, sender->files - files);
	last = !sender->files;
	if (last)
		hash_del(&sender->node);
	spin_unlock(&senders_lock);
	if (!last)
		return;
	free_uid(sender->user);
	kfree(sender);
}

/* The rule that AF_UNIX has for descriptors in its messages. */
static bool too_many(const struct zx_sender *sender)
{
	return READ_ONCE(sender->files) > rlimit(RLIMIT_NOFILE) &&
	       !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN);
}

static zx_status_t message_charge(struct zx_message *msg, u32 num_files)
{
	if (!num_files)
		return ZX_OK;
	msg->sender = sender_charge(num_files);
	if (!msg->sender)
		return ZX_ERR_NO_MEMORY;
	msg->num_files = num_files;
	return too_many(msg->sender) ? ZX_ERR_NO_RESOURCES : ZX_OK;
}

zx_status_t zx_message_new(u32 num_bytes, u32 num_files, struct zx_message **out)
{
	struct zx_message *msg;
	size_t head = struct_size(msg, files, num_files);
	zx_status_t status;

	msg = kvmalloc(head + num_bytes, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!msg)
		return ZX_ERR_NO_MEMORY;
	memset(msg, 0, head);
	msg->bytes = (u8 *)msg + head;
	msg->num_bytes = num_bytes;
	status = message_charge(msg, num_files);
	if (status == ZX_OK)
		*out = msg;
	else
		zx_message_free(msg);
	return status;
}

/*
 * A file may be the last handle to an end whose queue holds more such files, and
 * so on. That is no recursion: fput() leaves the release to the task's return to
 * user space or to a worker, and both go through theirs in a loop.
 */
void zx_message_free(struct zx_message *msg)
{
	u32 i;

	for (i = 0; i < msg->num_files; i++)
		if (msg->files[i])
			fput(msg->files[i]);
	if (msg->sender)
		sender_uncharge(msg->sender, msg->num_files);
	kvfree(msg);
}
