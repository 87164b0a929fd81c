// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC's page: what is served in the kernel, and what becomes packets. */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define APIC_PAGE	0xfee00000ull
#define KEY_APIC	0x41504943
#define AP_ENTRY	0x18000
#define MAX_PEERS	8

/* Offsets in the page. */
#define ID		0x020
#define VERSION		0x030
#define TPR		0x080
#define PPR		0x0a0
#define EOI		0x0b0
#define LDR		0x0d0
#define DFR		0x0e0
#define SVR		0x0f0
#define ISR		0x100
#define IRR		0x200
#define ESR		0x280
#define ICR		0x300
#define ICR_HIGH	0x310
#define LVT_TIMER	0x320
#define LVT_LINT0	0x350
#define INITIAL		0x380
#define CURRENT		0x390
#define DIVIDE		0x3e0
#define SELF_IPI	0x3f0

#define LOGICAL		(1u << 11)
#define ASSERT_LEVEL	(1u << 14)
#define OTHERS		(3u << 18)

/* Of page_steps. */
struct step {
	uint32_t op, offset, value, unused;
};

#define END			{ 0, 0, 0, 0 }
#define LOAD(offset)		{ 1, (offset), 0, 0 }
#define STORE(offset, value)	{ 2, (offset), (value), 0 }
#define OPEN			{ 3, 0, 0, 0 }
#define WAIT(count)		{ 4, 0, (count), 0 }
#define MSR(number)		{ 5, (number), 0, 0 }
#define MARK			{ 6, 0, 0, 0 }

FIXTURE(xapic) {
	struct vm vm;
	struct guest_frame *frame;
	struct step *steps;
	zx_port_packet_t packet;
};

/* The page at GUEST_WINDOW of the guest's linear addresses. */
static void map_page(struct vm *vm)
{
	const uint64_t entry = APIC_PAGE | 0x87;

	memcpy(vm->mem + GUEST_TABLES + 0x2000 + 8 * (GUEST_WINDOW >> 21), &entry, sizeof(entry));
}

FIXTURE_SETUP(xapic)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	self->frame = vm_frame(&self->vm);
	self->steps = (struct step *)(self->vm.mem + GUEST_BUFFER);
	map_page(&self->vm);
}

FIXTURE_TEARDOWN(xapic)
{
	vm_down(&self->vm);
}

static zx_status_t trap(struct _test_data_xapic *self, uint32_t kind, zx_handle_t port)
{
	return zx_guest_set_trap(self->vm.guest, kind, APIC_PAGE, PAGE, port, KEY_APIC);
}

static zx_status_t trap_mem(struct _test_data_xapic *self)
{
	return trap(self, ZX_GUEST_TRAP_MEM, ZX_HANDLE_INVALID);
}

#define set_steps(self, ...) ({ \
	static const struct step steps[] = { __VA_ARGS__, END }; \
	\
	memcpy((self)->steps, steps, sizeof(steps)); \
})

/* Run the steps with the page on; none of them is to leave the kernel. */
#define run_steps(self, ...) ({ \
	set_steps(self, __VA_ARGS__); \
	trap_mem(self) ?: vm_boot(&(self)->vm, page_steps) ?: vm_finish(&(self)->vm); \
})

TEST_F(xapic, registers_after_reset)
{
	ASSERT_EQ(ZX_OK, run_steps(self, LOAD(ID), LOAD(VERSION), LOAD(TPR),
				   LOAD(PPR), LOAD(LDR), LOAD(DFR), LOAD(SVR),
				   LOAD(LVT_TIMER), LOAD(INITIAL), LOAD(DIVIDE),
				   LOAD(ICR), LOAD(ESR)));
	EXPECT_EQ(0, self->steps[0].value);
	EXPECT_EQ(0x60015, self->steps[1].value);
	EXPECT_EQ(0, self->steps[2].value | self->steps[3].value | self->steps[4].value);
	EXPECT_EQ(0xffffffff, self->steps[5].value);
	EXPECT_EQ(0xff, self->steps[6].value);
	EXPECT_EQ(0x10000, self->steps[7].value);
	EXPECT_EQ(0, self->steps[8].value | self->steps[9].value);
	EXPECT_EQ(0, self->steps[10].value | self->steps[11].value);
}

TEST_F(xapic, registers_keep_what_is_written)
{
	ASSERT_EQ(ZX_OK, run_steps(self, STORE(SVR, 0x1ff), STORE(TPR, 0x30),
				   STORE(LDR, 0x12345678), STORE(DFR, 0x0fffffff),
				   STORE(LVT_LINT0, 0x8700), STORE(DIVIDE, 0xff),
				   STORE(ICR_HIGH, 0x07ffffff), LOAD(SVR), LOAD(TPR),
				   LOAD(LDR), LOAD(DFR), LOAD(LVT_LINT0),
				   LOAD(DIVIDE), LOAD(ICR_HIGH)));
	EXPECT_EQ(0x1ff, self->steps[7].value);
	EXPECT_EQ(0x30, self->steps[8].value);
	EXPECT_EQ(0x12000000, self->steps[9].value);
	EXPECT_EQ(0x0fffffff, self->steps[10].value);
	EXPECT_EQ(0x8700, self->steps[11].value);
	EXPECT_EQ(0xb, self->steps[12].value);
	EXPECT_EQ(0x07000000, self->steps[13].value);
}

TEST_F(xapic, registers_to_read_ignore_stores)
{
	ASSERT_EQ(ZX_OK, run_steps(self, STORE(ID, ~0u), STORE(VERSION, ~0u),
				   STORE(ISR, ~0u), STORE(IRR + 0x40, ~0u),
				   STORE(CURRENT, ~0u), LOAD(ID), LOAD(VERSION),
				   LOAD(ISR), LOAD(IRR + 0x40), LOAD(CURRENT)));
	EXPECT_EQ(0, self->steps[5].value);
	EXPECT_EQ(0x60015, self->steps[6].value);
	EXPECT_EQ(0, self->steps[7].value | self->steps[8].value | self->steps[9].value);
	EXPECT_EQ(GUEST_NO_FAULT, self->frame->fault);
}

TEST_F(xapic, all_forms_of_mov)
{
	ASSERT_EQ(ZX_OK, trap_mem(self));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, page_forms));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0x11, self->frame->out[0]);
	EXPECT_EQ(0x22, self->frame->out[1]);
	EXPECT_EQ(-1, self->frame->out[2]);
	EXPECT_EQ(0xffffffff, self->frame->out[3]);
	EXPECT_EQ(0x33, self->frame->out[4]);
}

/* Vector 0x61 comes, is in service until EOI is written, and the next waits for that. */
TEST_F(xapic, interrupt_in_service_until_eoi)
{
	set_steps(self, STORE(SVR, 0x1ff), MARK, WAIT(1), LOAD(ISR + 0x30), MARK,
		  LOAD(IRR + 0x20), LOAD(PPR), OPEN, LOAD(ISR + 0x30), STORE(EOI, 0xdeadbeef),
		  LOAD(ISR + 0x30), WAIT(2));
	ASSERT_EQ(ZX_OK, trap_mem(self));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, page_steps));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, zx_vcpu_interrupt(self->vm.vcpu, 0x61));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, zx_vcpu_interrupt(self->vm.vcpu, 0x51));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(2, self->frame->irqs);
	EXPECT_EQ(0x61, self->frame->log[0]);
	EXPECT_EQ(0x51, self->frame->log[1]);
	EXPECT_EQ(2, self->steps[3].value);
	EXPECT_EQ(1 << 17, self->steps[5].value);
	EXPECT_EQ(0x60, self->steps[6].value);
	EXPECT_EQ(2, self->steps[8].value);
	EXPECT_EQ(0, self->steps[10].value);
}

TEST_F(xapic, task_priority_holds_back)
{
	set_steps(self, STORE(SVR, 0x1ff), STORE(TPR, 0xf0), MARK, OPEN, LOAD(IRR + 0x30),
		  STORE(TPR, 0), WAIT(1), LOAD(IRR + 0x30));
	ASSERT_EQ(ZX_OK, trap_mem(self));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, page_steps));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1));
	ASSERT_EQ(ZX_OK, zx_vcpu_interrupt(self->vm.vcpu, 0x64));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, self->frame->irqs);
	EXPECT_EQ(1 << 4, self->steps[4].value);
	EXPECT_EQ(0, self->steps[7].value);
}

TEST_F(xapic, timer)
{
	ASSERT_EQ(ZX_OK, run_steps(self, STORE(SVR, 0x1ff), STORE(LVT_TIMER, 0x70),
				   STORE(DIVIDE, 0xb), STORE(INITIAL, 100000),
				   LOAD(INITIAL), WAIT(1), LOAD(CURRENT)));
	EXPECT_EQ(0x70, self->frame->log[0]);
	EXPECT_EQ(100000, self->steps[4].value);
	EXPECT_EQ(0, self->steps[6].value);
}

TEST_F(xapic, error_status)
{
	ASSERT_EQ(ZX_OK, run_steps(self, STORE(ICR, 3), LOAD(ESR), STORE(ESR, 0x55),
				   LOAD(ESR), STORE(ESR, 0), LOAD(ESR)));
	EXPECT_EQ(0, self->steps[1].value);
	EXPECT_EQ(0x20, self->steps[3].value);
	EXPECT_EQ(0, self->steps[5].value);
}

TEST_F(xapic, msrs_show_the_same_registers)
{
	ASSERT_EQ(ZX_OK, run_steps(self, STORE(TPR, 0x40), STORE(LDR, 0x55000000), MSR(0x808),
				   MSR(0x80d), MSR(0x802)));
	EXPECT_EQ(0x40, self->steps[2].value);
	EXPECT_EQ(1, self->steps[3].value);
	EXPECT_EQ(0, self->steps[4].value);
}

/* Boot the probe @name with RDI at @offset in the page, enter. */
#define probe_page(self, name, offset) \
	((self)->frame->rdi = GUEST_WINDOW + (offset), \
	 vm_boot(&(self)->vm, name) ?: zx_vcpu_enter((self)->vm.vcpu, &(self)->packet))

static bool is_packet(struct _test_data_xapic *self, uint64_t offset)
{
	return self->packet.type == ZX_PKT_TYPE_GUEST_MEM && self->packet.key == KEY_APIC &&
	       self->packet.guest_mem.addr == APIC_PAGE + offset;
}

TEST_F(xapic, widths_other_than_four_are_packets)
{
	zxl_vcpu_access_t access;

	ASSERT_EQ(ZX_OK, trap_mem(self));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load8, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	ASSERT_EQ(ZX_OK, zxl_vcpu_access(self->vm.vcpu, &access));
	EXPECT_EQ(1, access.size);
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load16, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store8, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(xapic, unaligned_ones_are_packets)
{
	static const uint32_t offsets[] = { TPR + 1, TPR + 4, TPR + 8, TPR + 12, 0xffc };
	unsigned int i;

	ASSERT_EQ(ZX_OK, trap_mem(self));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, offsets[i]));
		EXPECT_TRUE(is_packet(self, offsets[i]));
		zx_handle_close(self->vm.vcpu);
	}
}

TEST_F(xapic, unknown_registers_are_packets)
{
	static const uint32_t offsets[] = { 0, 0x10, 0x40, 0x70, 0x290, 0x2e0, 0x3a0, SELF_IPI,
					    0x400, 0xff0 };
	unsigned int i;

	ASSERT_EQ(ZX_OK, trap_mem(self));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, offsets[i]));
		EXPECT_TRUE(is_packet(self, offsets[i]));
		zx_handle_close(self->vm.vcpu);
		ASSERT_EQ(ZX_OK, probe_page(self, probe_store32, offsets[i]));
		EXPECT_TRUE(is_packet(self, offsets[i]));
		zx_handle_close(self->vm.vcpu);
	}
}

TEST_F(xapic, read_and_write_in_one_is_a_packet)
{
	ASSERT_EQ(ZX_OK, trap_mem(self));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_or32, TPR));
	EXPECT_TRUE(is_packet(self, TPR));
	EXPECT_EQ(insn_at(probe_or32), self->packet.guest_mem.rip);
}

TEST_F(xapic, bell_rings_for_the_rest)
{
	zx_handle_t port;

	ASSERT_EQ(ZX_OK, zx_port_create(0, &port));
	ASSERT_EQ(ZX_OK, trap(self, ZX_GUEST_TRAP_BELL, port));
	self->frame->rax = 0x20;
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store32, TPR));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &self->packet));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, VERSION));
	EXPECT_EQ(0x60015, self->frame->rax);
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store32, 0x40));
	EXPECT_EQ(ZX_OK, zx_port_wait(port, 0, &self->packet));
	EXPECT_EQ(KEY_APIC, self->packet.key);
	EXPECT_EQ(APIC_PAGE + 0x40, self->packet.guest_bell.addr);
	zx_handle_close(port);
}

TEST_F(xapic, without_a_trap_there_is_nothing)
{
	ASSERT_EQ(ZX_ERR_NOT_FOUND, probe_page(self, probe_load32, ID));
	EXPECT_EQ(APIC_PAGE + ID, vm_page(&self->vm)->addr);
}

TEST_F(xapic, without_a_trap_it_can_be_memory)
{
	zx_vaddr_t addr;

	ASSERT_EQ(ZX_OK, zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE |
				     ZX_VM_SPECIFIC, APIC_PAGE, self->vm.vmo, GUEST_SPARE, PAGE,
				     &addr));
	self->frame->rax = 0x12345678;
	ASSERT_EQ(ZX_OK, probe_page(self, probe_store32, ID));
	EXPECT_EQ(0, memcmp("\x78\x56\x34\x12", self->vm.mem + GUEST_SPARE + ID, 4));
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, trap_mem(self));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, VERSION));
	EXPECT_EQ(0x60015, self->frame->rax);
}

TEST_F(xapic, trap_that_begins_below_is_as_any_other)
{
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, APIC_PAGE - PAGE,
					   3 * PAGE, ZX_HANDLE_INVALID, KEY_APIC));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, VERSION));
	EXPECT_TRUE(is_packet(self, VERSION));
	EXPECT_EQ(ZX_ERR_ALREADY_EXISTS, trap_mem(self));
}

TEST_F(xapic, trap_can_be_removed)
{
	ASSERT_EQ(ZX_OK, trap_mem(self));
	ASSERT_EQ(ZX_OK, probe_page(self, probe_load32, VERSION));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_IO, self->packet.type);
	ASSERT_EQ(ZX_OK, zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, APIC_PAGE));
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_NOT_FOUND, probe_page(self, probe_load32, VERSION));
}

TEST_F(xapic, id_is_in_the_top_byte)
{
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, trap_mem(self));
	vm_load(&self->vm, ap_load_id_start, ap_load_id_end);
	ASSERT_EQ(ZX_OK, vm_vcpu(&self->vm));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 1 << 24));
}

static bool is_ipi(struct _test_data_xapic *self, uint64_t mask, uint8_t vector)
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

static zx_status_t peers_up(struct _test_data_xapic *self, struct peers *peers)
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
static bool send_among(struct _test_data_xapic *self, unsigned int count, const uint8_t *logical,
		       uint32_t dfr, uint32_t high, uint32_t low, uint64_t mask)
{
	struct peers peers = { .count = count, .logical = logical, .dfr = dfr };
	bool good = false;

	set_steps(self, STORE(DFR, 0), STORE(LDR, 0), STORE(ICR_HIGH, 0),
		  STORE(ICR, 0));
	self->steps[0].value = dfr;
	self->steps[2].value = high;
	self->steps[3].value = low;
	if (trap_mem(self) != ZX_OK || vm_boot(&self->vm, page_steps) != ZX_OK)
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

TEST_F(xapic, ipi_to_one)
{
	EXPECT_TRUE(send_among(self, 2, none, FLAT, 0x02abcdef, ASSERT_LEVEL | 0x70, 4));
}

TEST_F(xapic, ipi_to_itself)
{
	EXPECT_TRUE(send_among(self, 1, none, FLAT, 0, ASSERT_LEVEL | 0x70, 1));
}

TEST_F(xapic, ipi_to_everyone)
{
	EXPECT_TRUE(send_among(self, 3, none, FLAT, 0xff000000, ASSERT_LEVEL | 0x70, 0xf));
}

TEST_F(xapic, ipi_to_others)
{
	EXPECT_TRUE(send_among(self, 3, none, FLAT, 0, ASSERT_LEVEL | OTHERS | 0x70, 0xe));
}

TEST_F(xapic, ipi_as_nmi)
{
	EXPECT_TRUE(send_among(self, 2, none, FLAT, 0x01000000, ASSERT_LEVEL | 0x400, 2));
}

TEST_F(xapic, ipi_by_flat_ids)
{
	EXPECT_TRUE(send_among(self, 5, flat_ids, FLAT, 0x06000000,
			       ASSERT_LEVEL | LOGICAL | 0x70, 0x16));
}

TEST_F(xapic, ipi_by_flat_ids_to_all)
{
	EXPECT_TRUE(send_among(self, 5, flat_ids, FLAT, 0xff000000,
			       ASSERT_LEVEL | LOGICAL | 0x70, 0x3f));
}

TEST_F(xapic, ipi_by_cluster_ids)
{
	EXPECT_TRUE(send_among(self, 5, cluster_ids, CLUSTER, 0x25000000,
			       ASSERT_LEVEL | LOGICAL | 0x70, 0x18));
}

TEST_F(xapic, ipi_of_lowest_priority)
{
	EXPECT_TRUE(send_among(self, 5, cluster_ids, CLUSTER, 0x13000000,
			       ASSERT_LEVEL | LOGICAL | 0x170, 2));
}

TEST_F(xapic, ipi_to_nobody_goes_on)
{
	ASSERT_EQ(ZX_OK, run_steps(self, STORE(ICR_HIGH, 0x01000000),
				   STORE(ICR, ASSERT_LEVEL | LOGICAL | 0x70),
				   STORE(ICR_HIGH, 0x3f000000),
				   STORE(ICR, ASSERT_LEVEL | 0x70), LOAD(ICR)));
	EXPECT_EQ(ASSERT_LEVEL | 0x70, self->steps[4].value);
}

TEST_F(xapic, ipi_startup)
{
	set_steps(self, STORE(ICR_HIGH, 0x05000000), STORE(ICR, ASSERT_LEVEL | 0x69a));
	ASSERT_EQ(ZX_OK, trap_mem(self));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, page_steps));
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_VCPU, self->packet.type);
	EXPECT_EQ(ZX_PKT_GUEST_VCPU_STARTUP, self->packet.guest_vcpu.type);
	EXPECT_EQ(5, self->packet.guest_vcpu.startup.id);
	EXPECT_EQ(0x9a000, self->packet.guest_vcpu.startup.entry);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(xapic, ipi_that_is_not_served_stays_at_the_store)
{
	ASSERT_EQ(ZX_OK, trap_mem(self));
	self->frame->rax = 0x200;
	ASSERT_EQ(ZX_ERR_NOT_SUPPORTED, probe_page(self, probe_store32, ICR));
	EXPECT_EQ(ZX_VCPU_REASON_IPI, vm_page(&self->vm)->reason);
	EXPECT_EQ(insn_at(probe_store32), vm_page(&self->vm)->rip);
}

TEST_HARNESS_MAIN
