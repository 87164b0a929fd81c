// SPDX-License-Identifier: GPL-2.0-only
/* What a VCPU sends to others through its local APIC's page. */
#include "kselftest_harness.h"
#include "apic_page.h"

#define AP_ENTRY	0x18000
#define MAX_PEERS	8

#define LOGICAL		(1u << 11)
#define ASSERT_LEVEL	(1u << 14)
#define OTHERS		(3u << 18)

FIXTURE(page_ipi) {
	struct vm vm;
	struct guest_frame *frame;
	struct step *steps;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(page_ipi)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->frame = vm_frame(&self->vm);
	self->steps = steps_of(&self->vm);
	map_page(&self->vm);
}

FIXTURE_TEARDOWN(page_ipi)
{
	vm_down(&self->vm);
}

static bool is_ipi(struct _test_data_page_ipi *self, uint64_t mask, uint8_t vector)
{
	const zx_packet_guest_vcpu_t *vcpu = &self->packet.guest_vcpu;

	return self->packet.type == ZX_PKT_TYPE_GUEST_VCPU &&
	       vcpu->type == ZX_PKT_GUEST_VCPU_INTERRUPT && vcpu->interrupt.mask == mask &&
	       vcpu->interrupt.vector == vector;
}

struct peers {
	struct vm *vm;
	unsigned int count;
	uint32_t dfr;
	const uint8_t *logical;
	unsigned int taken;
	pthread_mutex_t lock;
	pthread_t threads[MAX_PEERS];
	pthread_barrier_t made, leave;
	zx_status_t worst;
};

/* A VCPU that writes its LDR, the next of the list, and DFR. */
static zx_status_t run_peer(struct peers *peers, zx_handle_t *vcpu)
{
	struct vm vm = *peers->vm;
	zx_vcpu_state_t state = { .rbx = peers->dfr };
	zx_status_t status;

	status = zx_vcpu_create(vm.guest, 0, AP_ENTRY, vcpu);
	if (status != ZX_OK)
		return status;
	vm.vcpu = *vcpu;
	status = vm_mark(&vm, 0);
	state.rax = (uint64_t)peers->logical[peers->taken++] << 24;
	return status ?: zx_vcpu_write_state(*vcpu, ZX_VCPU_STATE, &state, sizeof(state)) ?:
	       vm_finish(&vm);
}

static void *peer_thread(void *arg)
{
	struct peers *peers = arg;
	zx_handle_t vcpu = ZX_HANDLE_INVALID;
	zx_status_t status;

	/* One after the other, so that ids come in the list's order. */
	pthread_mutex_lock(&peers->lock);
	status = run_peer(peers, &vcpu);
	if (status != ZX_OK)
		peers->worst = status;
	pthread_mutex_unlock(&peers->lock);
	pthread_barrier_wait(&peers->made);
	pthread_barrier_wait(&peers->leave);
	zx_handle_close(vcpu);
	return NULL;
}

static zx_status_t peers_up(struct _test_data_page_ipi *self, struct peers *peers)
{
	unsigned int i;

	memcpy(self->vm.mem + AP_ENTRY, ap_logical_start, ap_logical_end - ap_logical_start);
	peers->vm = &self->vm;
	pthread_mutex_init(&peers->lock, NULL);
	pthread_barrier_init(&peers->made, NULL, peers->count + 1);
	pthread_barrier_init(&peers->leave, NULL, peers->count + 1);
	for (i = 0; i < peers->count; i++)
		if (pthread_create(&peers->threads[i], NULL, peer_thread, peers))
			return ZX_ERR_INTERNAL;
	pthread_barrier_wait(&peers->made);
	return peers->worst;
}

static void peers_down(struct peers *peers)
{
	unsigned int i;

	pthread_barrier_wait(&peers->leave);
	for (i = 0; i < peers->count; i++)
		pthread_join(peers->threads[i], NULL);
}

/*
 * The first VCPU, of logical id @own, writes ICR; VCPUs 1 to @count have the ids of
 * @logical. The packet names @mask and vector 0x70, or the NMI.
 */
static bool send_among(struct _test_data_page_ipi *self, unsigned int count, const uint8_t *logical,
		       uint32_t dfr, uint32_t high, uint32_t low, uint64_t mask)
{
	struct peers peers = { .count = count, .logical = logical, .dfr = dfr };
	bool good = false;

	set_steps(&self->vm, STORE(DFR, 0), STORE(LDR, 0), STORE(ICR_HIGH, 0),
		  STORE(ICR, 0));
	self->steps[0].value = dfr;
	self->steps[2].value = high;
	self->steps[3].value = low;
	if (trap_page_mem(&self->vm) != ZX_OK || vm_boot(&self->vm, page_steps) != ZX_OK)
		return false;
	if (peers_up(self, &peers) == ZX_OK)
		good = zx_vcpu_enter(self->vm.vcpu, &self->packet) == ZX_OK &&
		       is_ipi(self, mask, low & 0x400 ? 2 : 0x70) && vm_finish(&self->vm) == ZX_OK;
	peers_down(&peers);
	return good;
}

#define FLAT	0xffffffff
#define CLUSTER	0x0fffffff

static const uint8_t none[MAX_PEERS];
static const uint8_t flat_ids[] = { 0x02, 0x04, 0x08, 0x04, 0x00 };
static const uint8_t cluster_ids[] = { 0x11, 0x12, 0x21, 0x24, 0x00 };

TEST_F(page_ipi, to_one)
{
	EXPECT_TRUE(send_among(self, 2, none, FLAT, 0x02abcdef, ASSERT_LEVEL | 0x70, 4));
}

TEST_F(page_ipi, to_itself)
{
	EXPECT_TRUE(send_among(self, 1, none, FLAT, 0, ASSERT_LEVEL | 0x70, 1));
}

TEST_F(page_ipi, to_everyone)
{
	EXPECT_TRUE(send_among(self, 3, none, FLAT, 0xff000000, ASSERT_LEVEL | 0x70, 0xf));
}

TEST_F(page_ipi, to_others)
{
	EXPECT_TRUE(send_among(self, 3, none, FLAT, 0, ASSERT_LEVEL | OTHERS | 0x70, 0xe));
}

TEST_F(page_ipi, as_nmi)
{
	EXPECT_TRUE(send_among(self, 2, none, FLAT, 0x01000000, ASSERT_LEVEL | 0x400, 2));
}

TEST_F(page_ipi, by_flat_ids)
{
	EXPECT_TRUE(send_among(self, 5, flat_ids, FLAT, 0x06000000,
			       ASSERT_LEVEL | LOGICAL | 0x70, 0x16));
}

TEST_F(page_ipi, by_flat_ids_to_all)
{
	EXPECT_TRUE(send_among(self, 5, flat_ids, FLAT, 0xff000000,
			       ASSERT_LEVEL | LOGICAL | 0x70, 0x3f));
}

TEST_F(page_ipi, by_cluster_ids)
{
	EXPECT_TRUE(send_among(self, 5, cluster_ids, CLUSTER, 0x25000000,
			       ASSERT_LEVEL | LOGICAL | 0x70, 0x18));
}

TEST_F(page_ipi, of_lowest_priority)
{
	EXPECT_TRUE(send_among(self, 5, cluster_ids, CLUSTER, 0x13000000,
			       ASSERT_LEVEL | LOGICAL | 0x170, 2));
}

TEST_F(page_ipi, to_nobody_goes_on)
{
	ASSERT_EQ(ZX_OK, run_steps(&self->vm, STORE(ICR_HIGH, 0x01000000),
				   STORE(ICR, ASSERT_LEVEL | LOGICAL | 0x70),
				   STORE(ICR_HIGH, 0x3f000000),
				   STORE(ICR, ASSERT_LEVEL | 0x70), LOAD(ICR)));
	EXPECT_EQ(ASSERT_LEVEL | 0x70, self->steps[4].value);
}

TEST_F(page_ipi, startup)
{
	set_steps(&self->vm, STORE(ICR_HIGH, 0x05000000), STORE(ICR, ASSERT_LEVEL | 0x69a));
	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, page_steps));
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_VCPU, self->packet.type);
	EXPECT_EQ(ZX_PKT_GUEST_VCPU_STARTUP, self->packet.guest_vcpu.type);
	EXPECT_EQ(5, self->packet.guest_vcpu.startup.id);
	EXPECT_EQ(0x9a000, self->packet.guest_vcpu.startup.entry);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(page_ipi, that_nobody_listens_to)
{
	ASSERT_EQ(ZX_OK, trap_page_mem(&self->vm));
	self->frame->rax = 0x200;
	self->frame->rdi = GUEST_WINDOW + ICR;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, probe_store32));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(GUEST_NO_FAULT, self->frame->fault);
}

TEST_HARNESS_MAIN
