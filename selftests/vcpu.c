// SPDX-License-Identifier: GPL-2.0-only
/* VCPUs: who may have one, where they start, how an enter ends, their state. */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define MAX_VCPUS	64
#define CR0_AT_START	0x80010011
#define CR4_AT_START	0x502a0

FIXTURE(vcpu) {
	struct vm vm;
	zx_handle_t other;
	zx_port_packet_t packet;
};

FIXTURE_SETUP(vcpu)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
}

FIXTURE_TEARDOWN(vcpu)
{
	zx_handle_close(self->other);
	vm_down(&self->vm);
}

TEST_F(vcpu, options_are_checked_before_the_handle)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_create(self->vm.guest, 1, GUEST_ENTRY,
						      &self->other));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_create(ZX_HANDLE_INVALID, 1, GUEST_ENTRY,
						      &self->other));
}

TEST_F(vcpu, entry_beyond_the_space)
{
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_create(self->vm.guest, 0, 1ull << 48,
						      &self->other));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_create(self->vm.guest, 0, UINT64_MAX,
						      &self->other));
}

TEST_F(vcpu, entry_at_the_end_of_the_space)
{
	EXPECT_EQ(ZX_OK, zx_vcpu_create(self->vm.guest, 0, (1ull << 48) - 1, &self->other));
}

TEST_F(vcpu, create_result_pointer_bad)
{
	const int before = count_descriptors();

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_create(self->vm.guest, 0, GUEST_ENTRY,
						      BAD_POINTER));
	EXPECT_EQ(before, count_descriptors());
	EXPECT_EQ(ZX_OK, zx_vcpu_create(self->vm.guest, 0, GUEST_ENTRY, &self->other));
}

TEST_F(vcpu, one_per_thread)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vcpu_create(self->vm.guest, 0, GUEST_ENTRY, &self->other));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(vcpu, one_per_thread_over_all_guests)
{
	zx_handle_t guest, vmar;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	ASSERT_EQ(ZX_OK, zx_guest_create(self->vm.resource, 0, &guest, &vmar));
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vcpu_create(guest, 0, GUEST_ENTRY, &self->other));
	zx_handle_close(guest);
	zx_handle_close(vmar);
}

TEST_F(vcpu, another_after_the_last_handle_is_closed)
{
	zx_handle_t twin;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	twin = handle_with(self->vm.vcpu, ZX_RIGHT_SAME_RIGHTS);
	zx_handle_close(self->vm.vcpu);
	EXPECT_EQ(ZX_ERR_BAD_STATE, vm_vcpu(&self->vm));
	zx_handle_close(twin);
	EXPECT_EQ(ZX_OK, vm_vcpu(&self->vm));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(vcpu, recreated_first_one_is_the_first_again)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
		ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
		ASSERT_EQ(ZX_OK, zx_handle_close(self->vm.vcpu));
	}
}

struct crowd {
	zx_handle_t guest;
	pthread_barrier_t made, leave;
	zx_status_t status[MAX_VCPUS + 1];
	unsigned int next;
};

static void *crowd_thread(void *arg)
{
	struct crowd *crowd = arg;
	const unsigned int me = __atomic_fetch_add(&crowd->next, 1, __ATOMIC_RELAXED);
	zx_handle_t vcpu = ZX_HANDLE_INVALID;

	crowd->status[me] = zx_vcpu_create(crowd->guest, 0, GUEST_ENTRY, &vcpu);
	pthread_barrier_wait(&crowd->made);
	pthread_barrier_wait(&crowd->leave);
	zx_handle_close(vcpu);
	return NULL;
}

/* @count threads make a VCPU each and hold it until crowd_leave(). */
static void crowd_gather(struct crowd *crowd, pthread_t *threads, unsigned int count)
{
	unsigned int i;

	pthread_barrier_init(&crowd->made, NULL, count + 1);
	pthread_barrier_init(&crowd->leave, NULL, count + 1);
	for (i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, crowd_thread, crowd);
	pthread_barrier_wait(&crowd->made);
}

static void crowd_leave(struct crowd *crowd, pthread_t *threads, unsigned int count)
{
	unsigned int i;

	pthread_barrier_wait(&crowd->leave);
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

TEST_F(vcpu, sixty_four_and_no_more)
{
	struct crowd crowd = { .guest = self->vm.guest };
	pthread_t threads[MAX_VCPUS];
	unsigned int i;

	crowd_gather(&crowd, threads, MAX_VCPUS);
	for (i = 0; i < MAX_VCPUS; i++)
		EXPECT_EQ(ZX_OK, crowd.status[i]);
	EXPECT_EQ(ZX_ERR_NO_RESOURCES, zx_vcpu_create(self->vm.guest, 0, GUEST_ENTRY,
						      &self->other));
	crowd_leave(&crowd, threads, MAX_VCPUS);
	EXPECT_EQ(ZX_OK, vm_boot(&self->vm, done));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(vcpu, lowest_free_id_first)
{
	struct crowd crowd = { .guest = self->vm.guest };
	pthread_t threads[2];

	crowd_gather(&crowd, threads, 2);
	vm_frame(&self->vm)->rcx = 0x802;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, ap_long));
	crowd_leave(&crowd, threads, 2);
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(2, vm_frame(&self->vm)->out[2]);
	EXPECT_EQ(2, vm_frame(&self->vm)->out[3]);
	EXPECT_EQ(2, vm_frame(&self->vm)->out[4]);
	EXPECT_EQ(0xfee00c00, vm_frame(&self->vm)->out[5]);
	zx_handle_close(self->vm.vcpu);
	ASSERT_EQ(ZX_OK, vm_probe(&self->vm, probe_rdmsr));
	EXPECT_EQ(0, vm_frame(&self->vm)->rax);
}

TEST_F(vcpu, starts_with_the_registers_of_the_contract)
{
	const uint64_t *out = vm_frame(&self->vm)->out;
	unsigned int i;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, initial) ?: vm_finish(&self->vm));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, out[i]);
	EXPECT_EQ(CR0_AT_START, out[10]);
	EXPECT_EQ(0, out[11]);
	EXPECT_EQ(CR4_AT_START, out[12]);
	EXPECT_EQ(2, out[13]);
	EXPECT_EQ(0, out[14]);
	EXPECT_EQ(GUEST_ENTRY, out[15]);
}

TEST_F(vcpu, second_starts_in_real_mode)
{
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, ap_real));
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(2, self->packet.guest_io.access_size);
	EXPECT_EQ(GUEST_ENTRY >> 4, self->packet.guest_io.u16);
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(4, self->packet.guest_io.access_size);
	EXPECT_EQ(CR0_AT_START & ~0x80000001, self->packet.guest_io.u32);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(vcpu, trap_in_real_mode)
{
	const uint32_t values[] = { 0x2211, 0x44332211, 0x11 };
	const uint8_t sizes[] = { 2, 4, 1 };
	const uint64_t offsets[] = { 0x10, 0x14, 0x20 };
	unsigned int i;

	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_LOW_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, ap_real_store));
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		zxl_vcpu_access_t access;

		ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
		ASSERT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
		EXPECT_EQ(GUEST_LOW_TRAP + offsets[i], self->packet.guest_mem.addr);
		EXPECT_EQ(2, self->packet.guest_mem.default_operand_size);
		ASSERT_EQ(ZX_OK, zxl_vcpu_access(self->vm.vcpu, &access));
		EXPECT_TRUE(access.write);
		EXPECT_EQ(sizes[i], access.size);
		EXPECT_EQ(values[i], access.value);
	}
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(vcpu, trap_in_protected_mode)
{
	const uint8_t sizes[] = { 4, 2 };
	zxl_vcpu_access_t access;
	unsigned int i;

	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, ap_protected));
	ASSERT_EQ(ZX_OK, vm_mark(&self->vm, 0x44332211));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
		ASSERT_EQ(ZX_PKT_TYPE_GUEST_MEM, self->packet.type);
		EXPECT_EQ(4, self->packet.guest_mem.default_operand_size);
		ASSERT_EQ(ZX_OK, zxl_vcpu_access(self->vm.vcpu, &access));
		EXPECT_EQ(sizes[i], access.size);
	}
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	ASSERT_EQ(ZX_OK, zxl_vcpu_access_finish(self->vm.vcpu, 0x55667788));
	EXPECT_EQ(ZX_OK, vm_mark(&self->vm, 0x55667788));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(vcpu, second_reaches_long_mode)
{
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, ap_long));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0x1122334455667788, vm_frame(&self->vm)->out[0]);
	EXPECT_EQ(0x500, vm_frame(&self->vm)->out[1] & 0x500);
}

TEST_F(vcpu, packet_pointer_bad_runs_the_guest)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, out_sizes));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_vcpu_enter(self->vm.vcpu, BAD_POINTER));
	EXPECT_EQ(1, vm_page(&self->vm)->packet.io.access_size);
	ASSERT_EQ(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(2, self->packet.guest_io.access_size);
}

TEST_F(vcpu, packet_is_in_the_page_when_no_pointer_is_given)
{
	const struct zx_vcpu_page *page;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, out_sizes));
	page = vm_page(&self->vm);
	ASSERT_NE(NULL, page);
	ASSERT_EQ(0, vm_enter_raw(&self->vm));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, page->packet.type);
	EXPECT_EQ(0x11, page->packet.io.data);
}

TEST_F(vcpu, packet_is_not_written_without_success)
{
	zx_port_packet_t before;

	memset(&self->packet, 0x5a, sizeof(self->packet));
	before = self->packet;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	ASSERT_EQ(ZX_OK, zx_vcpu_kick(self->vm.vcpu));
	ASSERT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(0, memcmp(&before, &self->packet, sizeof(before)));
}

TEST_F(vcpu, triple_fault)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, shutdown));
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(ZX_VCPU_REASON_SHUTDOWN, vm_page(&self->vm)->reason);
	EXPECT_NE(ZX_OK, zx_vcpu_enter(self->vm.vcpu, &self->packet));
}

struct stranger {
	zx_handle_t vcpu;
	zx_status_t enter, read, write, kick, interrupt;
};

static void *stranger_thread(void *arg)
{
	struct stranger *stranger = arg;
	zx_vcpu_state_t state = {};
	zx_port_packet_t packet;

	stranger->enter = zx_vcpu_enter(stranger->vcpu, &packet);
	stranger->read = zx_vcpu_read_state(stranger->vcpu, ZX_VCPU_STATE, &state, sizeof(state));
	stranger->write = zx_vcpu_write_state(stranger->vcpu, ZX_VCPU_STATE, &state,
					      sizeof(state));
	stranger->interrupt = zx_vcpu_interrupt(stranger->vcpu, 0x40);
	stranger->kick = zx_vcpu_kick(stranger->vcpu);
	return NULL;
}

TEST_F(vcpu, belongs_to_its_thread)
{
	struct stranger stranger;
	pthread_t thread;

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	stranger.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, pthread_create(&thread, NULL, stranger_thread, &stranger));
	pthread_join(thread, NULL);
	EXPECT_EQ(ZX_ERR_BAD_STATE, stranger.enter);
	EXPECT_EQ(ZX_ERR_BAD_STATE, stranger.read);
	EXPECT_EQ(ZX_ERR_BAD_STATE, stranger.write);
	EXPECT_EQ(ZX_OK, stranger.interrupt);
	EXPECT_EQ(ZX_OK, stranger.kick);
}

static void *orphan_thread(void *arg)
{
	zx_status_t status = vm_vcpu(arg);

	return (void *)(intptr_t)status;
}

TEST_F(vcpu, outlives_its_thread_without_running)
{
	pthread_t thread;
	void *status;

	ASSERT_EQ(0, pthread_create(&thread, NULL, orphan_thread, &self->vm));
	pthread_join(thread, &status);
	ASSERT_EQ(ZX_OK, (zx_status_t)(intptr_t)status);
	EXPECT_EQ(ZX_ERR_BAD_STATE, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	EXPECT_EQ(ZX_OK, zx_vcpu_interrupt(self->vm.vcpu, 0x40));
	EXPECT_EQ(ZX_OK, zx_vcpu_kick(self->vm.vcpu));
	EXPECT_EQ(ZX_OK, zx_handle_close(self->vm.vcpu));
	EXPECT_EQ(ZX_OK, vm_boot(&self->vm, done));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

static void close_then_kick(struct later *later)
{
	struct vm *vm = later->arg;
	const zx_handle_t twin = handle_with(vm->vcpu, ZX_RIGHT_SAME_RIGHTS);

	zx_handle_close(vm->guest);
	zx_handle_close(vm->vmar);
	zx_handle_close(vm->vmo);
	zx_handle_close(vm->vcpu);
	sleep_ms(20);
	later->status = zx_vcpu_kick(twin);
	zx_handle_close(twin);
}

TEST_F(vcpu, runs_on_while_every_handle_is_closed)
{
	struct later later = { .call = close_then_kick, .arg = &self->vm, .delay_ms = 20,
			       .flag = &vm_frame(&self->vm)->flag };

	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, &self->packet));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
	self->vm.guest = self->vm.vmar = self->vm.vmo = self->vm.vcpu = ZX_HANDLE_INVALID;
}

TEST_F(vcpu, runs_after_its_guest_handle_is_closed)
{
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	zx_handle_close(self->vm.guest);
	self->vm.guest = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

struct companion {
	struct vm *vm;
	zx_handle_t vcpu;
	zx_status_t status;
};

/* A VCPU of its own, in code of its own at GUEST_SPARE, until it is kicked. */
static void *companion_thread(void *arg)
{
	struct companion *companion = arg;
	zx_port_packet_t packet;

	companion->status = zx_vcpu_create(companion->vm->guest, 0, GUEST_SPARE,
					   &companion->vcpu);
	if (companion->status == ZX_OK)
		companion->status = zx_vcpu_enter(companion->vcpu, &packet);
	return NULL;
}

TEST_F(vcpu, two_run_at_once)
{
	struct companion companion = { .vm = &self->vm };
	pthread_t thread;
	uint64_t before;

	memcpy(self->vm.mem + GUEST_SPARE, spin_start, spin_end - spin_start);
	ASSERT_EQ(0, pthread_create(&thread, NULL, companion_thread, &companion));
	wait_flag(&vm_frame(&self->vm)->flag, 1);
	before = vm_frame(&self->vm)->flag;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, ap_long));
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(1, vm_frame(&self->vm)->out[2]);
	sleep_ms(50);
	EXPECT_GT(vm_frame(&self->vm)->flag, before);
	ASSERT_EQ(ZX_OK, zx_vcpu_kick(companion.vcpu));
	pthread_join(thread, NULL);
	EXPECT_EQ(ZX_ERR_CANCELED, companion.status);
	zx_handle_close(companion.vcpu);
}

TEST_F(vcpu, moves_between_cpus)
{
	unsigned int i;

	vm_frame(&self->vm)->rcx = 0xc0000100;
	vm_frame(&self->vm)->rbx = 0x7fff12345000;
	ASSERT_EQ(0, run_on_cpu(0));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, msr_keep) ?: vm_mark(&self->vm, 1));
	if (run_on_cpu(1))
		SKIP(return, "one CPU only");
	ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(0x7fff12345000, vm_frame(&self->vm)->out[0]);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, run_on_cpu(i % 2));
		ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
	}
}

TEST_HARNESS_MAIN
