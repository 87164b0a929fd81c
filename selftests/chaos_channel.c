// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles of every kind on their way, in channels that are themselves on their way, when the
 * ends of all of them close, or when the process dies: what nobody can reach is gone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos_vm.h"
#include "kselftest_harness.h"

#define SECONDS		4
#define LEAST_ROUNDS	20
#define CHANNELS	5
#define ENDS		(2 * CHANNELS)
#define MESSAGES	24
#define MOST_SENT	4

/* A guest with one VCPU, whose thread is in it until it is kicked. */
enum { GUEST, VMAR, VMO, PORT, VCPU, EVENT, KINDS };

struct crowd {
	struct soak soak;
	struct vm vm;
	zx_handle_t twin;	/* of the VCPU, to kick it when no other handle is left */
	zx_handle_t kinds[KINDS];
	zx_handle_t ends[ENDS];
	pthread_t thread;
	zx_status_t ran;
	unsigned int sent;
};

FIXTURE(flight) {
	struct crowd crowd;
};

FIXTURE_SETUP(flight)
{
	ASSERT_EQ(0, settled_objects());
	soak_begin(&self->crowd.soak, SECONDS);
}

FIXTURE_TEARDOWN(flight)
{
	EXPECT_EQ(0, settled_objects());
	EXPECT_EQ(0, live_observers());
}

static void *runner_thread(void *arg)
{
	struct crowd *crowd = arg;
	zx_port_packet_t packet;

	crowd->ran = zx_vcpu_create(crowd->kinds[GUEST], 0, GUEST_ENTRY, &crowd->kinds[VCPU]) ?:
		     zx_handle_duplicate(crowd->kinds[VCPU], ZX_RIGHT_SAME_RIGHTS, &crowd->twin);
	vm_frame(&crowd->vm)->flag = crowd->ran == ZX_OK ? 1 : 2;
	if (crowd->ran == ZX_OK)
		crowd->ran = zx_vcpu_enter(crowd->twin, &packet);
	return NULL;
}

static zx_status_t crowd_up(struct crowd *crowd)
{
	struct vm *const vm = &crowd->vm;
	zx_status_t status = vm_up(vm);
	unsigned int i;

	vm_load(vm, spin_start, spin_end);
	crowd->kinds[GUEST] = vm->guest;
	crowd->kinds[VMAR] = vm->vmar;
	crowd->kinds[VMO] = vm->vmo;
	vm->guest = vm->vmar = vm->vmo = ZX_HANDLE_INVALID;
	status = status ?: zx_port_create(0, &crowd->kinds[PORT]) ?:
		 zx_event_create(0, &crowd->kinds[EVENT]) ?:
		 zx_guest_set_trap(crowd->kinds[GUEST], ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE,
				   crowd->kinds[PORT], KEY_BELL);
	for (i = 0; i < ENDS && status == ZX_OK; i += 2)
		status = zx_channel_create(0, &crowd->ends[i], &crowd->ends[i + 1]);
	if (status == ZX_OK && pthread_create(&crowd->thread, NULL, runner_thread, crowd))
		status = ZX_ERR_INTERNAL;
	if (status == ZX_OK)
		wait_flag(&vm_frame(vm)->flag, 2);
	return status;
}

/* A twin of something, or an end itself, which is then not ours any more. */
static zx_handle_t any_handle(struct crowd *crowd)
{
	const unsigned int which = soak_below(&crowd->soak, KINDS + ENDS);
	zx_handle_t handle = ZX_HANDLE_INVALID;

	if (which < KINDS) {
		zx_handle_duplicate(crowd->kinds[which], ZX_RIGHT_SAME_RIGHTS, &handle);
	} else if (soak_once_in(&crowd->soak, 3)) {
		handle = crowd->ends[which - KINDS];
		crowd->ends[which - KINDS] = ZX_HANDLE_INVALID;
	}
	return handle;
}

/* Rings are refused, and an end may have gone as part of its own message: any answer will do. */
static void send_some(struct crowd *crowd)
{
	const zx_handle_t end = crowd->ends[soak_below(&crowd->soak, ENDS)];
	unsigned int i, count = 0, wanted = soak_below(&crowd->soak, MOST_SENT + 1);
	zx_handle_t sent[MOST_SENT];

	for (i = 0; i < wanted; i++) {
		sent[count] = any_handle(crowd);
		count += sent[count] != ZX_HANDLE_INVALID;
	}
	if (zx_channel_write(end, 0, "text", 4, sent, count) == ZX_OK)
		crowd->sent += count;
	if (soak_once_in(&crowd->soak, 4))
		zx_object_wait_async(end, crowd->kinds[PORT], 1, ZX_CHANNEL_READABLE |
				     ZX_CHANNEL_PEER_CLOSED, 0);
}

struct half {
	struct crowd *crowd;
	unsigned int first;
	struct soak soak;
	pthread_t thread;
};

/* Every other handle, in any order. */
static void *close_half(void *arg)
{
	struct half *half = arg;
	unsigned int left = ENDS + KINDS;

	while (left) {
		const unsigned int at = half->first +
					2 * soak_below(&half->soak, (ENDS + KINDS) / 2);
		zx_handle_t *const handle = at < ENDS ? &half->crowd->ends[at] :
							&half->crowd->kinds[at - ENDS];

		left--;
		zx_handle_close(*handle);
		*handle = ZX_HANDLE_INVALID;
	}
	return NULL;
}

/* What chance has left over goes last. */
static void close_all(struct crowd *crowd)
{
	struct half halves[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		halves[i] = (struct half){ .crowd = crowd, .first = i };
		halves[i].soak = soak_fork(&crowd->soak, soak_next(&crowd->soak));
		if (pthread_create(&halves[i].thread, NULL, close_half, &halves[i]))
			abort();
	}
	for (i = 0; i < 2; i++)
		pthread_join(halves[i].thread, NULL);
	zx_handle_close_many(crowd->ends, ENDS);
	zx_handle_close_many(crowd->kinds, KINDS);
	memset(crowd->ends, 0, sizeof(crowd->ends));
	memset(crowd->kinds, 0, sizeof(crowd->kinds));
}

static void crowd_down(struct crowd *crowd)
{
	zx_vcpu_kick(crowd->twin);
	pthread_join(crowd->thread, NULL);
	zx_handle_close(crowd->twin);
	vm_down(&crowd->vm);
}

TEST_F_TIMEOUT(flight, both_ends_close, 7200)
{
	struct crowd *const crowd = &self->crowd;
	unsigned int rounds, i;

	for (rounds = 0; rounds < LEAST_ROUNDS || soak_goes_on(&crowd->soak); rounds++) {
		ASSERT_EQ(ZX_OK, crowd_up(crowd));
		for (i = 0; i < MESSAGES; i++)
			send_some(crowd);
		close_all(crowd);
		crowd_down(crowd);
		EXPECT_EQ(ZX_ERR_CANCELED, crowd->ran);
		ASSERT_EQ(0, settled_objects()) {
			TH_LOG("after %u rounds", rounds);
		}
		ASSERT_EQ(0, live_observers());
	}
	EXPECT_LT(rounds, crowd->sent);
	soak_tell("handles lost in channels", crowd->sent);
}

/* Its only handles lie in a queue whose ends are gone; its port waits for that queue. */
TEST_F(flight, guest_that_only_its_own_channel_holds)
{
	struct crowd *const crowd = &self->crowd;
	zx_handle_t sent[KINDS];

	ASSERT_EQ(ZX_OK, crowd_up(crowd));
	ASSERT_EQ(ZX_OK, zx_object_wait_async(crowd->ends[1], crowd->kinds[PORT], 1,
					      ZX_CHANNEL_PEER_CLOSED, 0));
	ASSERT_EQ(ZX_OK, zx_object_wait_async(crowd->ends[0], crowd->kinds[PORT], 2,
					      ZX_CHANNEL_PEER_CLOSED, 0));
	memcpy(sent, crowd->kinds, sizeof(sent));
	ASSERT_EQ(ZX_OK, zx_channel_write(crowd->ends[0], 0, NULL, 0, sent, KINDS));
	memset(crowd->kinds, 0, sizeof(crowd->kinds));
	/* The end goes into the queue of the next channel, and that one's into its own: refused. */
	ASSERT_EQ(ZX_OK, zx_channel_write(crowd->ends[2], 0, NULL, 0, &crowd->ends[1], 1));
	ASSERT_EQ(ZX_ERR_NOT_SUPPORTED,
		  zx_channel_write(crowd->ends[0], 0, NULL, 0, &crowd->ends[3], 1));
	/* What was refused is consumed: with it went all that was in its queue. */
	crowd->ends[1] = crowd->ends[3] = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, zx_channel_write(crowd->ends[0], 0, NULL, 0, NULL, 0));
	EXPECT_EQ(0, live_observers());
	close_all(crowd);
	crowd_down(crowd);
	EXPECT_EQ(ZX_ERR_CANCELED, crowd->ran);
}

/* What it was sent is read out by the heir, who finds ends with more in them, and so on. */
static unsigned int read_out(zx_handle_t end)
{
	zx_handle_t handles[MOST_SENT];
	unsigned int found = 0;
	uint32_t count, i;
	char bytes[4];

	while (zx_channel_read(end, 0, bytes, handles, sizeof(bytes), MOST_SENT, NULL, &count) ==
	       ZX_OK)
		for (i = 0; i < count; i++)
			found += 1 + read_out(handles[i]);
	zx_handle_close(end);
	return found;
}

/* @ours: the end of a channel whose other one survives */
static void send_until_killed(struct crowd *crowd, zx_handle_t ours)
{
	unsigned int i;

	if (crowd_up(crowd) != ZX_OK)
		_exit(2);
	zx_handle_close(crowd->ends[0]);
	crowd->ends[0] = ours;
	for (i = 0; i < MESSAGES; i++)
		send_some(crowd);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(flight, killed_with_messages_queued, 7200)
{
	struct crowd *const crowd = &self->crowd;
	unsigned int rounds, found = 0;
	zx_handle_t ends[2];

	for (rounds = 0; rounds < LEAST_ROUNDS || soak_goes_on(&crowd->soak); rounds++) {
		struct soak soak = soak_fork(&crowd->soak, rounds);
		pid_t child;
		int status;

		ASSERT_EQ(ZX_OK, zx_channel_create(0, &ends[0], &ends[1]));
		child = fork();
		ASSERT_LE(0, child);
		if (child == 0) {
			zx_handle_close(ends[0]);
			crowd->soak = soak;
			send_until_killed(crowd, ends[1]);
		}
		zx_handle_close(ends[1]);
		if (soak_once_in(&crowd->soak, 2))
			zx_object_wait_one(ends[0], ZX_CHANNEL_READABLE,
					   zx_deadline_after(ZX_SEC(20)), NULL);
		usleep(soak_below(&crowd->soak, 30000));
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status));
		found += read_out(ends[0]);
		ASSERT_EQ(0, settled_objects()) {
			TH_LOG("after %u rounds", rounds);
		}
		ASSERT_EQ(0, live_observers());
	}
	EXPECT_LT(0, found);
	soak_tell("kills", rounds);
}

TEST_HARNESS_MAIN
