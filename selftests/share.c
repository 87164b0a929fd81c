// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes and one guest: handles that travel, traps from both sides, and
 * what stays when one of them dies.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define OTHER_BELL	(GUEST_BELL + PAGE)
#define TRAP_ROUNDS	40

/* The child has one end of a channel and nothing of the test's guest. */
struct peer {
	zx_handle_t channel;
	pid_t pid;
};

FIXTURE(share) {
	struct peer peer;
	struct vm vm;
	zx_handle_t port;
};

FIXTURE_SETUP(share)
{
	ASSERT_EQ(0, live_objects());
}

FIXTURE_TEARDOWN(share)
{
	zx_handle_close(self->peer.channel);
	zx_handle_close(self->port);
	vm_down(&self->vm);
	EXPECT_EQ(0, settled_objects());
}

static int peer_start(struct peer *peer, int (*life)(zx_handle_t channel))
{
	zx_handle_t theirs;

	if (zx_channel_create(0, &peer->channel, &theirs) != ZX_OK)
		return -1;
	peer->pid = fork();
	if (peer->pid == 0) {
		zx_handle_close(peer->channel);
		_exit(life(theirs));
	}
	zx_handle_close(theirs);
	return peer->pid < 0 ? -1 : 0;
}

/* The child's answer: 0 if all was as it should be, else the number of the step. */
static int peer_end(struct peer *peer)
{
	int status;

	if (waitpid(peer->pid, &status, 0) != peer->pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static zx_status_t receive(zx_handle_t channel, zx_handle_t *handles, uint32_t count)
{
	zx_status_t status;
	unsigned int i;

	for (i = 0; i < 10000; i++) {
		status = zx_channel_read(channel, 0, NULL, handles, 0, count, NULL, NULL);
		if (status != ZX_ERR_SHOULD_WAIT)
			break;
		sleep_ms(1);
	}
	return status;
}

/* A word without content: go on. */
static zx_status_t tell(zx_handle_t channel)
{
	return zx_channel_write(channel, 0, NULL, 0, NULL, 0);
}

static zx_status_t hear(zx_handle_t channel)
{
	return receive(channel, NULL, 0);
}

/* A handle with @rights and TRANSFER goes to the child; ours stays. */
static zx_status_t give(zx_handle_t channel, zx_handle_t handle, zx_rights_t rights)
{
	const zx_handle_t sent = handle_with(handle, rights | ZX_RIGHT_TRANSFER);

	return zx_channel_write(channel, 0, NULL, 0, &sent, 1);
}

static zx_status_t ring(struct vm *vm, uint64_t bell, uint64_t count)
{
	vm_frame(vm)->rdi = bell;
	vm_frame(vm)->rcx = count;
	return vm_boot(vm, bell) ?: vm_finish(vm);
}

static int bell_from_afar(zx_handle_t channel)
{
	zx_handle_t guest, port;
	zx_port_packet_t packet;
	unsigned int i;

	if (receive(channel, &guest, 1) != ZX_OK || zx_port_create(0, &port) != ZX_OK)
		return 1;
	if (zx_guest_set_trap(guest, ZX_GUEST_TRAP_BELL, OTHER_BELL, PAGE, port, KEY_BELL) != ZX_OK)
		return 2;
	/* The parent's trap is in the way. */
	if (zx_guest_set_trap(guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, port, 1) !=
	    ZX_ERR_ALREADY_EXISTS)
		return 3;
	if (tell(channel) != ZX_OK)
		return 4;
	for (i = 0; i < 1000; i++)
		if (zx_port_wait(port, zx_deadline_after(ZX_SEC(10)), &packet) != ZX_OK ||
		    packet.key != KEY_BELL || packet.guest_bell.addr != OTHER_BELL)
			return 5;
	return zx_port_wait(port, 0, &packet) == ZX_ERR_TIMED_OUT ? 0 : 6;
}

TEST_F(share, bells_of_both)
{
	ASSERT_EQ(0, peer_start(&self->peer, bell_from_afar));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE,
					   self->port, KEY_TRAP));
	ASSERT_EQ(ZX_OK, give(self->peer.channel, self->vm.guest, ZX_RIGHT_WRITE));
	ASSERT_EQ(ZX_OK, hear(self->peer.channel));
	/* More than a bell has packets: this waits for the other process. */
	ASSERT_EQ(ZX_OK, ring(&self->vm, OTHER_BELL, 1000));
	EXPECT_EQ(0, peer_end(&self->peer));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
}

/* Its port goes with it, and the bell with the port. */
static int bell_and_death(zx_handle_t channel)
{
	zx_handle_t guest, port;

	if (receive(channel, &guest, 1) != ZX_OK || zx_port_create(0, &port) != ZX_OK ||
	    zx_guest_set_trap(guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, port, 0) != ZX_OK ||
	    tell(channel) != ZX_OK)
		return 1;
	sleep_ms(100000);
	return 2;
}

static void kill_when_full(struct later *later)
{
	struct _test_data_share *self = later->arg;

	wait_flag(&vm_frame(&self->vm)->flag, GUEST_BELL_PACKETS);
	sleep_ms(20);
	later->status = kill(self->peer.pid, SIGKILL) ? ZX_ERR_INTERNAL : ZX_OK;
}

TEST_F(share, bell_whose_process_is_killed)
{
	struct later later = { .call = kill_when_full, .arg = self };

	ASSERT_EQ(0, peer_start(&self->peer, bell_and_death));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, give(self->peer.channel, self->vm.guest, ZX_RIGHT_WRITE));
	ASSERT_EQ(ZX_OK, hear(self->peer.channel));
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_BAD_STATE, ring(&self->vm, GUEST_BELL, GUEST_BELL_PACKETS + 10));
	later_join(&later);
	EXPECT_EQ(-SIGKILL, peer_end(&self->peer));
	EXPECT_EQ(ZX_ERR_PEER_CLOSED, hear(self->peer.channel));
}

static unsigned int traps(zx_handle_t guest, uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < TRAP_ROUNDS; i++)
		if (zx_guest_set_trap(guest, ZX_GUEST_TRAP_MEM, addr, 2 * PAGE, 0, i) != ZX_OK ||
		    zxl_guest_unset_trap(guest, ZX_GUEST_TRAP_MEM, addr) != ZX_OK)
			break;
	return i;
}

static int traps_from_afar(zx_handle_t channel)
{
	zx_handle_t guest;

	if (receive(channel, &guest, 1) != ZX_OK)
		return 1;
	return traps(guest, GUEST_TRAP) == TRAP_ROUNDS ? 0 : 2;
}

struct setter {
	struct vm *vm;
	struct peer *peer;
	unsigned int done;
	int answer;
};

/* When both have set all theirs, the VCPU is kicked. */
static void set_traps(struct later *later)
{
	struct setter *setter = later->arg;

	wait_flag(&vm_frame(setter->vm)->flag, 1);
	setter->done = traps(setter->vm->guest, GUEST_WINDOW);
	setter->answer = peer_end(setter->peer);
	later->status = zx_vcpu_kick(setter->vm->vcpu);
}

TEST_F(share, traps_by_both_while_it_runs)
{
	struct setter setter = { .vm = &self->vm, .peer = &self->peer };
	struct later later = { .call = set_traps, .arg = &setter };

	ASSERT_EQ(0, peer_start(&self->peer, traps_from_afar));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	ASSERT_EQ(ZX_OK, give(self->peer.channel, self->vm.guest, ZX_RIGHT_WRITE));
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, vm_finish(&self->vm));
	later_join(&later);
	EXPECT_EQ(TRAP_ROUNDS, setter.done);
	EXPECT_EQ(0, setter.answer);
}

static int traps_for_ever(zx_handle_t channel)
{
	zx_handle_t guest;

	if (receive(channel, &guest, 1) != ZX_OK)
		return 1;
	while (traps(guest, GUEST_TRAP) == TRAP_ROUNDS)
		;
	return 2;
}

TEST_F(share, killed_while_setting_traps)
{
	struct later later = { .vector = LATER_KICK, .delay_ms = 100 };
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	for (i = 0; i < 5; i++) {
		/* What was there before the fork is in the child, too: it all dies. */
		ASSERT_EQ(0, peer_start(&self->peer, traps_for_ever));
		ASSERT_EQ(ZX_OK, give(self->peer.channel, self->vm.guest, ZX_RIGHT_WRITE));
		later.vcpu = self->vm.vcpu;
		ASSERT_EQ(0, later_start(&later));
		EXPECT_EQ(ZX_ERR_CANCELED, vm_finish(&self->vm));
		later_join(&later);
		ASSERT_EQ(0, kill(self->peer.pid, SIGKILL));
		EXPECT_EQ(-SIGKILL, peer_end(&self->peer));
		ASSERT_EQ(ZX_OK, zx_handle_close(self->peer.channel));
		/* It may have died with its trap set; that is the guest's now. */
		zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP);
	}
	self->peer.channel = ZX_HANDLE_INVALID;
}

static int full_of_handles(zx_handle_t channel)
{
	struct vm vm;
	unsigned int i;

	if (hear(channel) != ZX_OK || vm_up(&vm) != ZX_OK)
		return 1;
	for (i = 0; i < 20; i++)
		if (give(channel, vm.guest, ZX_RIGHT_WRITE) != ZX_OK ||
		    give(channel, vm.vmar, 0) != ZX_OK || give(channel, vm.vmo, 0) != ZX_OK)
			return 2;
	raise(SIGKILL);
	return 3;
}

TEST_F(share, killed_with_handles_under_way)
{
	zx_info_handle_basic_t info;
	zx_handle_t handle;
	unsigned int i;

	ASSERT_EQ(0, peer_start(&self->peer, full_of_handles));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	ASSERT_EQ(ZX_OK, tell(self->peer.channel));
	/* These it will never read. */
	for (i = 0; i < 20; i++)
		ASSERT_EQ(ZX_OK, give(self->peer.channel, self->port, 0));
	EXPECT_EQ(-SIGKILL, peer_end(&self->peer));
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(ZX_OK, receive(self->peer.channel, &handle, 1));
		ASSERT_EQ(ZX_OK, zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info,
						    sizeof(info), NULL, NULL));
		ASSERT_EQ(ZX_OK, zx_handle_close(handle));
	}
	/* The others go with the channel, and the dead process' guest with them. */
}

static int makes_a_guest(zx_handle_t channel)
{
	zx_handle_t sent[3];
	struct vm vm;

	if (vm_up(&vm) != ZX_OK)
		return 1;
	vm_load(&vm, done_start, done_end);
	memcpy(sent, (zx_handle_t[]) { vm.guest, vm.vmar, vm.vmo }, sizeof(sent));
	return zx_channel_write(channel, 0, NULL, 0, sent, 3) == ZX_OK ? 0 : 2;
}

TEST_F(share, guest_outlives_the_process_that_made_it)
{
	struct vm *vm = &self->vm;
	zx_port_packet_t packet;
	zx_handle_t got[3];

	ASSERT_EQ(0, peer_start(&self->peer, makes_a_guest));
	ASSERT_EQ(0, peer_end(&self->peer));
	ASSERT_EQ(ZX_OK, receive(self->peer.channel, got, 3));
	vm->guest = got[0];
	vm->vmar = got[1];
	vm->vmo = got[2];
	ASSERT_EQ(ZX_OK, vm_vcpu(vm));
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(vm->vcpu, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, packet.type);
	EXPECT_EQ(KEY_PORTS, packet.key);
	EXPECT_EQ(GUEST_PORT_DONE, packet.guest_io.port);
}

static int keeps_the_guest(zx_handle_t channel)
{
	zx_handle_t guest;

	if (receive(channel, &guest, 1) != ZX_OK || hear(channel) != ZX_OK)
		return 1;
	if (zxl_guest_unset_trap(guest, ZX_GUEST_TRAP_IO, GUEST_PORTS) != ZX_OK)
		return 2;
	return zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, GUEST_PORTS, GUEST_PORTS_LEN, 0, 4711) ==
	       ZX_OK ? 0 : 3;
}

TEST_F(share, guest_outlives_its_makers_handle)
{
	zx_port_packet_t packet;

	ASSERT_EQ(0, peer_start(&self->peer, keeps_the_guest));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	/* The handle itself goes. */
	ASSERT_EQ(ZX_OK, zx_channel_write(self->peer.channel, 0, NULL, 0, &self->vm.guest, 1));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_IO, 0, 1, 0,
						       0));
	self->vm.guest = ZX_HANDLE_INVALID;
	ASSERT_EQ(ZX_OK, tell(self->peer.channel));
	ASSERT_EQ(0, peer_end(&self->peer));
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &packet));
	EXPECT_EQ(4711, packet.key);
}

enum { RESOURCE, GUEST, VMAR, VMO, VCPU, PORT, KINDS };

static void all_handles(struct _test_data_share *self, zx_handle_t *handles)
{
	handles[RESOURCE] = self->vm.resource;
	handles[GUEST] = self->vm.guest;
	handles[VMAR] = self->vm.vmar;
	handles[VMO] = self->vm.vmo;
	handles[VCPU] = self->vm.vcpu;
	handles[PORT] = self->port;
}

/* What it was sent goes back, with a note of type, rights and koid. */
static int takes_notes(zx_handle_t channel)
{
	zx_info_handle_basic_t notes[2 * KINDS];
	zx_handle_t handles[2 * KINDS];
	unsigned int i;

	if (receive(channel, handles, 2 * KINDS) != ZX_OK)
		return 1;
	for (i = 0; i < 2 * KINDS; i++)
		if (zx_object_get_info(handles[i], ZX_INFO_HANDLE_BASIC, &notes[i],
				       sizeof(notes[i]), NULL, NULL) != ZX_OK)
			return 2;
	return zx_channel_write(channel, 0, notes, sizeof(notes), NULL, 0) == ZX_OK ? 0 : 3;
}

TEST_F(share, every_type_travels_with_its_rights)
{
	zx_info_handle_basic_t notes[2 * KINDS], info;
	zx_handle_t handles[KINDS], sent[2 * KINDS];
	zx_rights_t rights[2 * KINDS];
	unsigned int i;

	ASSERT_EQ(0, peer_start(&self->peer, takes_notes));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	all_handles(self, handles);
	for (i = 0; i < KINDS; i++) {
		sent[2 * i] = handle_with(handles[i], ZX_RIGHT_SAME_RIGHTS);
		sent[2 * i + 1] = handle_with(handles[i], ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE);
		rights[2 * i] = handle_rights(sent[2 * i]);
		rights[2 * i + 1] = ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE;
	}
	ASSERT_EQ(ZX_OK, zx_channel_write(self->peer.channel, 0, NULL, 0, sent, 2 * KINDS));
	ASSERT_EQ(0, peer_end(&self->peer));
	ASSERT_EQ(ZX_OK, zx_channel_read(self->peer.channel, 0, notes, NULL, sizeof(notes), 0,
					 NULL, NULL));
	for (i = 0; i < 2 * KINDS; i++) {
		ASSERT_EQ(ZX_OK, zx_object_get_info(handles[i / 2], ZX_INFO_HANDLE_BASIC, &info,
						    sizeof(info), NULL, NULL));
		EXPECT_EQ(info.koid, notes[i].koid);
		EXPECT_EQ(info.type, notes[i].type);
		EXPECT_EQ(rights[i], notes[i].rights);
	}
}

TEST_F(share, no_type_travels_without_transfer)
{
	zx_handle_t handles[KINDS], end[2], sent;
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &end[0], &end[1]));
	all_handles(self, handles);
	for (i = 0; i < KINDS; i++) {
		sent = handle_without(handles[i], ZX_RIGHT_TRANSFER);
		EXPECT_EQ(ZX_ERR_ACCESS_DENIED, zx_channel_write(end[0], 0, NULL, 0, &sent, 1));
	}
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, zx_channel_read(end[1], 0, NULL, NULL, 0, 0, NULL, NULL));
	EXPECT_EQ(ZX_OK, zx_handle_close_many(end, 2));
}

/* A VCPU of another process: everything but what is its thread's alone. */
static int has_a_vcpu(zx_handle_t channel)
{
	zx_vcpu_state_t state = {};
	zx_port_packet_t packet;
	zx_handle_t vcpu;

	if (receive(channel, &vcpu, 1) != ZX_OK)
		return 1;
	if (zx_vcpu_enter(vcpu, &packet) != ZX_ERR_BAD_STATE)
		return 2;
	if (zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state)) != ZX_ERR_BAD_STATE)
		return 3;
	if (zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state)) != ZX_ERR_BAD_STATE)
		return 4;
	if (zx_vcpu_interrupt(vcpu, 0x40) != ZX_OK || hear(channel) != ZX_OK)
		return 5;
	return zx_vcpu_kick(vcpu) == ZX_OK ? 0 : 6;
}

TEST_F(share, vcpu_of_another_process)
{
	ASSERT_EQ(0, peer_start(&self->peer, has_a_vcpu));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, halt_plain));
	ASSERT_EQ(ZX_OK, give(self->peer.channel, self->vm.vcpu, handle_rights(self->vm.vcpu)));
	/* The child's interrupt wakes it. */
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, vm_frame(&self->vm)->irqs);
	ASSERT_EQ(ZX_OK, tell(self->peer.channel));
	EXPECT_EQ(0, peer_end(&self->peer));
	EXPECT_EQ(ZX_ERR_CANCELED, vm_finish(&self->vm));
}

static int kicks_a_vcpu(zx_handle_t channel)
{
	zx_handle_t vcpu;

	if (receive(channel, &vcpu, 1) != ZX_OK)
		return 1;
	sleep_ms(50);
	return zx_vcpu_kick(vcpu) == ZX_OK ? 0 : 2;
}

TEST_F(share, vcpu_kicked_by_another_process)
{
	ASSERT_EQ(0, peer_start(&self->peer, kicks_a_vcpu));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	ASSERT_EQ(ZX_OK, give(self->peer.channel, self->vm.vcpu, ZX_RIGHT_EXECUTE));
	EXPECT_EQ(ZX_ERR_CANCELED, vm_finish(&self->vm));
	EXPECT_EQ(0, peer_end(&self->peer));
}

TEST_HARNESS_MAIN
