// SPDX-License-Identifier: GPL-2.0-only
/* What one VCPU sends to others: masks of packets, start-up, the rest. */
#include "kselftest_harness.h"
#include "util.h"

#define NMI		2

FIXTURE(ipi) {
	struct vm vm;
	struct guest_frame *frame;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(ipi)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->frame = vm_frame(&self->vm);
}

FIXTURE_TEARDOWN(ipi)
{
	vm_down(&self->vm);
}

/* WRMSR of @high:@low to @msr by the first VCPU. */
static zx_status_t write_msr(struct _test_data_ipi *self, uint32_t msr, uint32_t high,
			     uint32_t low)
{
	self->frame->rcx = msr;
	self->frame->rdx = high;
	self->frame->rax = low;
	return vm_boot(&self->vm, probe_wrmsr) ?: zx_vcpu_enter(self->vm.vcpu, &self->packet);
}

#define ICR		0x830
#define LOGICAL		(1u << 11)
#define ASSERT_LEVEL	(1u << 14)
#define SELF_ONLY	(1u << 18)
#define ALL		(2u << 18)
#define OTHERS		(3u << 18)

static bool is_ipi(struct _test_data_ipi *self, uint64_t mask, uint8_t vector)
{
	const zx_packet_guest_vcpu_t *vcpu = &self->packet.guest_vcpu;

	return self->packet.type == ZX_PKT_TYPE_GUEST_VCPU && self->packet.key == 0 &&
	       vcpu->type == ZX_PKT_GUEST_VCPU_INTERRUPT && vcpu->interrupt.mask == mask &&
	       vcpu->interrupt.vector == vector;
}

TEST_F(ipi, to_itself_is_a_packet)
{
	ASSERT_EQ(ZX_OK, write_msr(self, ICR, 0, ASSERT_LEVEL | 0x61));
	EXPECT_TRUE(is_ipi(self, 1, 0x61));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(ipi, with_shorthand_self)
{
	ASSERT_EQ(ZX_OK, write_msr(self, ICR, 0, ASSERT_LEVEL | SELF_ONLY | 0x62));
	EXPECT_TRUE(is_ipi(self, 1, 0x62));
}

TEST_F(ipi, to_all_names_those_that_exist)
{
	ASSERT_EQ(ZX_OK, write_msr(self, ICR, 0, ASSERT_LEVEL | ALL | 0x63));
	EXPECT_TRUE(is_ipi(self, 1, 0x63));
}

struct peers {
	zx_handle_t guest;
	unsigned int count;
	pthread_t threads[64];
	pthread_barrier_t made, leave;
	zx_status_t worst;
};

static void *peer_thread(void *arg)
{
	struct peers *peers = arg;
	zx_handle_t vcpu = ZX_HANDLE_INVALID;
	const zx_status_t status = zx_vcpu_create(peers->guest, 0, GUEST_ENTRY, &vcpu);

	if (status != ZX_OK)
		peers->worst = status;
	pthread_barrier_wait(&peers->made);
	pthread_barrier_wait(&peers->leave);
	zx_handle_close(vcpu);
	return NULL;
}

/* The calling thread's VCPU is the first; @count more come after it. */
static zx_status_t peers_up(struct _test_data_ipi *self, struct peers *peers, unsigned int count)
{
	unsigned int i;

	*peers = (struct peers){ .guest = self->vm.guest, .count = count };
	pthread_barrier_init(&peers->made, NULL, count + 1);
	pthread_barrier_init(&peers->leave, NULL, count + 1);
	for (i = 0; i < count; i++)
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

/* The first of @count VCPUs writes ICR; the packet is @mask and vector 0x70, or 2 for NMIs. */
static bool send_among(struct _test_data_ipi *self, unsigned int count, uint32_t high,
		       uint32_t low, uint64_t mask)
{
	struct peers peers;
	bool good = false;

	self->frame->rcx = ICR;
	self->frame->rdx = high;
	self->frame->rax = low;
	if (vm_boot(&self->vm, probe_wrmsr) != ZX_OK)
		return false;
	if (peers_up(self, &peers, count - 1) == ZX_OK)
		good = zx_vcpu_enter(self->vm.vcpu, &self->packet) == ZX_OK &&
		       is_ipi(self, mask, low & 0x400 ? NMI : 0x70);
	peers_down(&peers);
	return good;
}

TEST_F(ipi, to_another)
{
	EXPECT_TRUE(send_among(self, 2, 1, ASSERT_LEVEL | 0x70, 2));
}

TEST_F(ipi, to_everyone_by_destination)
{
	EXPECT_TRUE(send_among(self, 3, UINT32_MAX, ASSERT_LEVEL | 0x70, 7));
}

TEST_F(ipi, to_others)
{
	EXPECT_TRUE(send_among(self, 3, 0, ASSERT_LEVEL | OTHERS | 0x70, 6));
}

TEST_F(ipi, to_sixty_three_others)
{
	EXPECT_TRUE(send_among(self, 64, 0, ASSERT_LEVEL | OTHERS | 0x70, ~1ull));
}

TEST_F(ipi, to_the_sixty_fourth)
{
	EXPECT_TRUE(send_among(self, 64, 63, ASSERT_LEVEL | 0x70, 1ull << 63));
}

TEST_F(ipi, by_logical_destination)
{
	EXPECT_TRUE(send_among(self, 20, 0x00000006, ASSERT_LEVEL | LOGICAL | 0x70, 6));
}

TEST_F(ipi, by_logical_destination_in_the_second_cluster)
{
	EXPECT_TRUE(send_among(self, 20, 0x00010005, ASSERT_LEVEL | LOGICAL | 0x70, 5ull << 16));
}

TEST_F(ipi, nmi)
{
	EXPECT_TRUE(send_among(self, 2, 1, ASSERT_LEVEL | 0x400, 2));
}

TEST_F(ipi, nmi_to_others)
{
	EXPECT_TRUE(send_among(self, 3, 0, ASSERT_LEVEL | 0x400 | OTHERS, 6));
}

TEST_F(ipi, startup)
{
	ASSERT_EQ(ZX_OK, write_msr(self, ICR, 5, ASSERT_LEVEL | 0x600 | 0x9a));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_VCPU, self->packet.type);
	EXPECT_EQ(0, self->packet.key);
	EXPECT_EQ(ZX_PKT_GUEST_VCPU_STARTUP, self->packet.guest_vcpu.type);
	EXPECT_EQ(5, self->packet.guest_vcpu.startup.id);
	EXPECT_EQ(0x9a000, self->packet.guest_vcpu.startup.entry);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(ipi, init_is_ignored)
{
	ASSERT_EQ(ZX_OK, write_msr(self, ICR, 1, ASSERT_LEVEL | 0x500));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, self->packet.type);
	EXPECT_EQ(GUEST_NO_FAULT, self->frame->fault);
}

TEST_F(ipi, modes_that_nobody_listens_to)
{
	static const uint32_t modes[] = { 0x200, 0x300, 0x700 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		ASSERT_EQ(ZX_OK, write_msr(self, ICR, 0, ASSERT_LEVEL | modes[i]));
		EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, self->packet.type);
		EXPECT_EQ(GUEST_NO_FAULT, self->frame->fault);
		zx_handle_close(self->vm.vcpu);
	}
}

TEST_HARNESS_MAIN
