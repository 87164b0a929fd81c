// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's life from its first handle to its last, with each allocation and each copy in it
 * failing in turn. Alone: the call that it hit says so, works the next time, and life goes on.
 * With all after it: life ends there, all is closed with no memory to be had, and nothing is
 * left. Then the same life goes well.
 */
#include <sched.h>
#include <sys/ioctl.h>

#include "faults_inject.h"
#include "kselftest_harness.h"
#include "smp_vm.h"
#include "soak.h"

#define MOST_FAULTS	5000
#define RW		(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define RWX		(RW | ZX_VM_PERM_EXECUTE)
#define KEY_EVENT	0x45564e54
#define VECTOR		0x51
#define IPI		0x52

enum { RESOURCE, PORT, GUEST, VMAR, VMO, VCPU, INNER, CHILD, EVENT, END, OTHER_END, SENT, HANDLES };

/* @h: of each kind one, or none yet */
struct life {
	struct smp *image;	/* what is in the guest's memory at first */
	zx_handle_t h[HANDLES];
	zx_port_packet_t packet;
	zx_vaddr_t addr;
};

/* Pages of the image that the guest needs. */
static const uint64_t pages[] = {
	GUEST_TABLES, GUEST_TABLES + 0x1000, GUEST_TABLES + 0x2000, GUEST_FRAME, GUEST_GDT,
	GUEST_ENTRY, GUEST_ENTRY + 0x1000, APIC_IDT, APIC_IDTR, APIC_CPUS, APIC_CPUS + 0x1000,
	APIC_STEPS,
};

static zx_status_t get_resource(struct life *life)
{
	const zx_status_t status = zxl_hypervisor_resource(&life->h[RESOURCE]);

	/* The name of the device's node is copied as well. */
	return status == ZX_ERR_INTERNAL ? ZX_ERR_INVALID_ARGS : status;
}

static zx_status_t create_port(struct life *life)
{
	return zx_port_create(0, &life->h[PORT]);
}

static zx_status_t create_guest(struct life *life)
{
	return zx_guest_create(life->h[RESOURCE], 0, &life->h[GUEST], &life->h[VMAR]);
}

/* A call that the kernel could not read has not taken the handle over. */
static zx_status_t create_vmo(struct life *life)
{
	zx_handle_t vmo;
	zx_status_t status = zx_vmo_create(GUEST_RAM, 0, &vmo);

	if (status != ZX_OK)
		return status;
	status = zx_vmo_replace_as_executable(vmo, ZX_HANDLE_INVALID, &life->h[VMO]);
	if (status != ZX_OK)
		zx_handle_close(vmo);
	return status;
}

static zx_status_t write_image(struct life *life)
{
	zx_status_t status = ZX_OK;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages) && status == ZX_OK; i++)
		status = zx_vmo_write(life->h[VMO], life->image->vm.mem + pages[i], pages[i], PAGE);
	return status;
}

static zx_status_t map_memory(struct life *life)
{
	return zx_vmar_map(life->h[VMAR], RWX | ZX_VM_SPECIFIC, 0, life->h[VMO], 0, GUEST_RAM,
			   &life->addr);
}

static zx_status_t allocate_inner(struct life *life)
{
	return zx_vmar_allocate(life->h[VMAR], ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE |
				ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_SPECIFIC, GUEST_HOLE, 64 * PAGE,
				&life->h[INNER], &life->addr);
}

static zx_status_t map_inner(struct life *life)
{
	return zx_vmar_map(life->h[INNER], RW | ZX_VM_SPECIFIC, 0, life->h[VMO], GUEST_SPARE,
			   32 * PAGE, &life->addr);
}

static zx_status_t trap_ports(struct life *life)
{
	return zx_guest_set_trap(life->h[GUEST], ZX_GUEST_TRAP_IO, GUEST_PORTS, GUEST_PORTS_LEN, 0,
				 KEY_PORTS);
}

static zx_status_t trap_memory(struct life *life)
{
	return zx_guest_set_trap(life->h[GUEST], ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE, 0, KEY_TRAP);
}

static zx_status_t trap_bell(struct life *life)
{
	return zx_guest_set_trap(life->h[GUEST], ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE,
				 life->h[PORT], KEY_BELL);
}

/* Not libzx's, which maps the VCPU's page, and touching it needs memory. */
static zx_status_t create_vcpu(struct life *life)
{
	struct zx_ioc_vcpu_create args = { .size = sizeof(args), .entry = GUEST_ENTRY,
					   .out = (uintptr_t)&life->h[VCPU] };
	const int result = ioctl(zxl_handle_fd(life->h[GUEST]), ZX_IOC_VCPU_CREATE, &args);

	return result < 0 ? ZX_ERR_INVALID_ARGS : -result;
}

/* A copy that fails has lost the packet, and then there is nothing to compare. */
static zx_status_t enter(struct life *life, uint32_t type)
{
	const zx_status_t status = zx_vcpu_enter(life->h[VCPU], &life->packet);

	return status == ZX_OK && life->packet.type != type ? ZX_ERR_INTERNAL : status;
}

static zx_status_t enter_io(struct life *life)
{
	return enter(life, ZX_PKT_TYPE_GUEST_IO);
}

static zx_status_t enter_mem(struct life *life)
{
	return enter(life, ZX_PKT_TYPE_GUEST_MEM);
}

static zx_status_t enter_ipi(struct life *life)
{
	return enter(life, ZX_PKT_TYPE_GUEST_VCPU);
}

static zx_status_t hear(struct life *life, uint64_t key)
{
	const zx_status_t status = zx_port_wait(life->h[PORT], 0, &life->packet);

	return status == ZX_OK && life->packet.key != key ? ZX_ERR_INTERNAL : status;
}

static zx_status_t hear_bell(struct life *life)
{
	return hear(life, KEY_BELL);
}

static zx_status_t hear_event(struct life *life)
{
	return hear(life, KEY_EVENT);
}

static zx_status_t interrupt(struct life *life)
{
	return zx_vcpu_interrupt(life->h[VCPU], VECTOR);
}

static zx_status_t snapshot(struct life *life)
{
	return zx_vmo_create_child(life->h[VMO], ZX_VMO_CHILD_SNAPSHOT, GUEST_SPARE, 4 * PAGE,
				   &life->h[CHILD]);
}

static zx_status_t write_snapshot(struct life *life)
{
	return zx_vmo_write(life->h[CHILD], "text", 2 * PAGE - 2, 4);
}

static zx_status_t create_event(struct life *life)
{
	return zx_event_create(0, &life->h[EVENT]);
}

static zx_status_t observe(struct life *life)
{
	return zx_object_wait_async(life->h[EVENT], life->h[PORT], KEY_EVENT,
				    ZX_EVENT_SIGNALED, 0);
}

static zx_status_t signal_event(struct life *life)
{
	return zx_object_signal(life->h[EVENT], 0, ZX_EVENT_SIGNALED);
}

static zx_status_t create_channel(struct life *life)
{
	return zx_channel_create(0, &life->h[END], &life->h[OTHER_END]);
}

static zx_status_t send(struct life *life)
{
	zx_status_t status = zx_handle_duplicate(life->h[GUEST], ZX_RIGHT_SAME_RIGHTS,
						 &life->h[SENT]);

	if (status != ZX_OK)
		return status;
	status = zx_channel_write(life->h[END], 0, "text", 4, &life->h[SENT], 1);
	/* What could not be read has not been taken over either. */
	if (status != ZX_OK)
		zx_handle_close(life->h[SENT]);
	life->h[SENT] = ZX_HANDLE_INVALID;
	return status;
}

static zx_status_t receive(struct life *life)
{
	char bytes[4];

	return zx_channel_read(life->h[OTHER_END], 0, bytes, &life->h[SENT], 4, 1, NULL, NULL);
}

static zx_status_t protect_inner(struct life *life)
{
	return zx_vmar_protect(life->h[INNER], ZX_VM_PERM_READ, GUEST_HOLE + 8 * PAGE, 8 * PAGE);
}

static zx_status_t unmap_inner(struct life *life)
{
	return zx_vmar_unmap(life->h[INNER], GUEST_HOLE + 2 * PAGE, 4 * PAGE);
}

static zx_status_t commit(struct life *life)
{
	return zx_vmo_op_range(life->h[VMO], ZX_VMO_OP_COMMIT, 0x3c0000, 4 * PAGE, NULL, 0);
}

static zx_status_t untrap_memory(struct life *life)
{
	return zxl_guest_unset_trap(life->h[GUEST], ZX_GUEST_TRAP_MEM, GUEST_TRAP);
}

static zx_status_t destroy_inner(struct life *life)
{
	return zx_vmar_destroy(life->h[INNER]);
}

/* @lost: done in spite of a copy that failed, and must not be done again */
static const struct {
	zx_status_t (*call)(struct life *life);
	const char *name;
	bool lost;
} steps[] = {
#define STEP_OF(call_)	{ .call = call_, .name = #call_ }
	STEP_OF(get_resource), STEP_OF(create_port), STEP_OF(create_guest), STEP_OF(create_vmo),
	STEP_OF(write_image), STEP_OF(map_memory), STEP_OF(allocate_inner), STEP_OF(map_inner),
	STEP_OF(trap_ports), STEP_OF(trap_memory), STEP_OF(trap_bell), STEP_OF(create_vcpu),
	STEP_OF(enter_io), STEP_OF(enter_mem), STEP_OF(enter_io),
	{ .call = hear_bell, .name = "hear_bell", .lost = true },
	STEP_OF(interrupt), STEP_OF(enter_ipi), STEP_OF(snapshot), STEP_OF(write_snapshot),
	STEP_OF(enter_io), STEP_OF(create_event), STEP_OF(observe), STEP_OF(signal_event),
	{ .call = hear_event, .name = "hear_event", .lost = true },
	STEP_OF(create_channel), STEP_OF(send),
	{ .call = receive, .name = "receive", .lost = true },
	STEP_OF(protect_inner), STEP_OF(unmap_inner), STEP_OF(commit), STEP_OF(untrap_memory),
	STEP_OF(enter_io), STEP_OF(destroy_inner),
};

FIXTURE(life) {
	struct smp image;
	struct injector injector;
	unsigned int failed;
};

FIXTURE_SETUP(life)
{
	ASSERT_EQ(ZX_OK, smp_up(&self->image, 1, false));
	smp_boots(&self->image, 0, ENABLE, ON, STEP(MARK, 0, 0x5000), STORE(GUEST_TRAP, 1),
		  STORE(GUEST_BELL, 1), STEP(MARK, 0, 0x5001), OPEN, SEND(0, ASSERTED | IPI),
		  ADD(GUEST_SPARE + 64 * PAGE, 1), ADD(GUEST_HOLE + PAGE, 1),
		  STEP(MARK, 0, 0x5002), ADD(GUEST_HOLE + 20 * PAGE, 1), STEP(MARK, 0, 0x5003));
	ASSERT_EQ(0, injector_open(&self->injector));
}

FIXTURE_TEARDOWN(life)
{
	injector_close(&self->injector);
	smp_down(&self->image);
	EXPECT_EQ(0, settled_objects());
	EXPECT_EQ(0, live_observers());
}

/* To look whether it is a handle is a copy, which may be the one that fails. */
static void close_all(struct life *life)
{
	unsigned int i;

	for (i = HANDLES; i-- > 0;)
		if (zx_handle_close(life->h[i]) != ZX_OK)
			zx_handle_close(life->h[i]);
}

/* The step that failed, or the number of steps. @status: its, again if it is tried again. */
static unsigned int live(struct life *life, bool again, zx_status_t status[2])
{
	unsigned int i;

	status[0] = ZX_OK;
	status[1] = ZX_OK;
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		zx_status_t now = steps[i].call(life);

		if (now == ZX_OK)
			continue;
		if (status[0] == ZX_OK)
			status[0] = now;
		if (!again)
			break;
		if (now == ZX_ERR_INVALID_ARGS && steps[i].lost)
			continue;
		status[1] = steps[i].call(life);
		if (status[1] != ZX_OK)
			break;
	}
	return i;
}

static bool fits(zx_status_t status)
{
	return status == ZX_OK || status == ZX_ERR_NO_MEMORY || status == ZX_ERR_INVALID_ARGS;
}

/* Whether a fault happened. */
static bool live_with_fault(struct __test_metadata *_metadata, struct _test_data_life *self,
			    unsigned int nth, bool on)
{
	struct life life = { .image = &self->image };
	const int descriptors = count_descriptors();
	const long objects = live_objects();
	zx_status_t status[2];
	unsigned int step;
	bool hit;

	arm(&self->injector, nth, on);
	step = live(&life, !on, status);
	close_all(&life);
	hit = disarm(&self->injector);
	EXPECT_TRUE(fits(status[0]) && status[1] == ZX_OK && (on || step == ARRAY_SIZE(steps))) {
		TH_LOG("fault %u: step %s: %d, then %d", nth,
		       step < ARRAY_SIZE(steps) ? steps[step].name : "none", status[0], status[1]);
	}
	EXPECT_TRUE(hit || status[0] == ZX_OK);
	EXPECT_EQ(0, more_objects(objects)) {
		TH_LOG("fault %u: step %s: %d", nth,
		       step < ARRAY_SIZE(steps) ? steps[step].name : "none", status[0]);
	}
	EXPECT_EQ(descriptors, count_descriptors()) {
		TH_LOG("fault %u", nth);
	}
	self->failed += status[0] != ZX_OK;
	return hit;
}

static void live_well(struct __test_metadata *_metadata, struct _test_data_life *self)
{
	struct life life = { .image = &self->image };
	const long objects = live_objects();
	zx_status_t status[2];

	EXPECT_EQ(ARRAY_SIZE(steps), live(&life, false, status)) {
		TH_LOG("status %d", status[0]);
	}
	close_all(&life);
	EXPECT_EQ(0, more_objects(objects));
}

static void sweep(struct __test_metadata *_metadata, struct _test_data_life *self, bool on)
{
	unsigned int nth;
	bool hit = true;

	live_well(_metadata, self);
	for (nth = 1; hit && nth < MOST_FAULTS; nth++) {
		hit = live_with_fault(_metadata, self, nth, on);
		if (on)
			live_well(_metadata, self);
	}
	live_well(_metadata, self);
	EXPECT_FALSE(hit);
	EXPECT_LT(ARRAY_SIZE(steps), self->failed);
	soak_tell("failures injected", nth - 2);
}

TEST_F_TIMEOUT(life, each_fails_once, 1200)
{
	sweep(_metadata, self, false);
}

TEST_F_TIMEOUT(life, all_fail_from_one_on, 1200)
{
	sweep(_metadata, self, true);
}

TEST_HARNESS_MAIN
