// SPDX-License-Identifier: GPL-2.0-only
/* BELL traps at work: packets that go to a port while the guest runs on. */
#include <string.h>

#include "kselftest_harness.h"
#include "util.h"

#define BELL_PACKETS	GUEST_BELL_PACKETS

FIXTURE(bell) {
	struct vm vm;
	zx_handle_t port;
};

FIXTURE_SETUP(bell)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE,
					   self->port, KEY_BELL));
}

FIXTURE_TEARDOWN(bell)
{
	vm_down(&self->vm);
	zx_handle_close(self->port);
}

/* Ring @count times, to the blob's end. */
static zx_status_t ring(struct _test_data_bell *self, uint64_t count)
{
	vm_frame(&self->vm)->rcx = count;
	vm_frame(&self->vm)->rdi = GUEST_BELL + 0x24;
	return vm_boot(&self->vm, bell) ?: vm_finish(&self->vm);
}

TEST_F(bell, rings_without_leaving_enter)
{
	zx_port_packet_t packet;
	unsigned int i;

	ASSERT_EQ(ZX_OK, ring(self, 3));
	for (i = 0; i < 3; i++) {
		memset(&packet, 0xff, sizeof(packet));
		ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
		EXPECT_EQ(ZX_PKT_TYPE_GUEST_BELL, packet.type);
		EXPECT_EQ(KEY_BELL, packet.key);
		EXPECT_EQ(ZX_OK, packet.status);
		EXPECT_EQ(GUEST_BELL + 0x24, packet.guest_bell.addr);
	}
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, &packet));
}

TEST_F(bell, has_256_packets)
{
	unsigned int i;

	ASSERT_EQ(ZX_OK, ring(self, BELL_PACKETS));
	for (i = 0; i < BELL_PACKETS; i++)
		ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, NULL));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
}

static void *drain(void *arg)
{
	struct _test_data_bell *self = arg;
	uintptr_t count;

	for (count = 0; count < 2000; count++)
		if (zx_port_wait(self->port, ZX_TIME_INFINITE, NULL) != ZX_OK)
			break;
	return (void *)count;
}

TEST_F(bell, waits_for_free_packets)
{
	pthread_t thread;
	void *count;

	ASSERT_EQ(0, pthread_create(&thread, NULL, drain, self));
	EXPECT_EQ(ZX_OK, ring(self, 2000));
	pthread_join(thread, &count);
	EXPECT_EQ(2000, (uintptr_t)count);
}

static void wait_for_rings(struct vm *vm)
{
	wait_flag(&vm_frame(vm)->flag, BELL_PACKETS);
	sleep_ms(50);
}

static void kick_when_full(struct later *later)
{
	wait_for_rings(later->arg);
	later->status = zx_vcpu_kick(((struct vm *)later->arg)->vcpu);
}

TEST_F(bell, kick_ends_the_wait_for_packets)
{
	struct later later = { .call = kick_when_full, .arg = &self->vm };

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, ring(self, BELL_PACKETS + 10));
	later_join(&later);
	EXPECT_EQ(BELL_PACKETS, vm_frame(&self->vm)->flag);
}

static void close_when_full(struct later *later)
{
	struct _test_data_bell *self = later->arg;

	wait_for_rings(&self->vm);
	later->status = zx_handle_close(self->port);
}

TEST_F(bell, closing_the_port_ends_the_wait_for_packets)
{
	struct later later = { .call = close_when_full, .arg = self };

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_BAD_STATE, ring(self, BELL_PACKETS + 10));
	later_join(&later);
	self->port = ZX_HANDLE_INVALID;
}

static void unset_when_full(struct later *later)
{
	struct _test_data_bell *self = later->arg;

	wait_for_rings(&self->vm);
	later->status = zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL);
}

TEST_F(bell, unset_trap_ends_the_wait_for_packets)
{
	struct later later = { .call = unset_when_full, .arg = self };

	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_NOT_FOUND, ring(self, BELL_PACKETS + 10));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
}

TEST_F(bell, with_a_closed_port)
{
	ASSERT_EQ(ZX_OK, zx_handle_close(self->port));
	self->port = ZX_HANDLE_INVALID;
	EXPECT_EQ(ZX_ERR_BAD_STATE, ring(self, 1));
	EXPECT_EQ(ZX_VCPU_REASON_BELL, vm_page(&self->vm)->reason);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(bell, load)
{
	vm_frame(&self->vm)->rdi = GUEST_BELL;
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, vm_probe(&self->vm, probe_load));
	EXPECT_EQ(ZX_VCPU_REASON_BELL, vm_page(&self->vm)->reason);
	EXPECT_EQ(GUEST_BELL, vm_page(&self->vm)->addr);
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

TEST_F(bell, read_and_write)
{
	vm_frame(&self->vm)->rdi = GUEST_BELL;
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, vm_probe(&self->vm, probe_add));
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
}

/* An instruction at GUEST_BELL, which RDI has; @rings: it only writes. */
static const struct form {
	const char *name, *code;
	unsigned int len;
	bool rings;
} forms[] = {
#define FORM(name, code, rings)	{ name, code, sizeof(code) - 1, rings }
	FORM("lock or", "\xf0\x09\x07", false),
	FORM("lock and with an immediate", "\xf0\x83\x27\x01", false),
	FORM("xchg", "\x87\x07", false),
	FORM("shl by one", "\xd1\x27", false),
	FORM("shl by an immediate", "\xc1\x27\x01", false),
	FORM("lock not", "\xf0\xf7\x17", false),
	FORM("lock neg", "\xf0\xf6\x1f", false),
	FORM("lock inc", "\xf0\xff\x07", false),
	FORM("lock dec", "\xf0\xfe\x0f", false),
	FORM("shld", "\x0f\xa4\x07\x01", false),
	FORM("shrd", "\x0f\xad\x07", false),
	FORM("lock bts", "\xf0\x0f\xab\x07", false),
	FORM("lock btr", "\xf0\x0f\xb3\x07", false),
	FORM("lock btc", "\xf0\x0f\xbb\x07", false),
	FORM("lock bts by an immediate", "\xf0\x0f\xba\x2f\x01", false),
	FORM("lock cmpxchg", "\xf0\x0f\xb1\x0f", false),
	FORM("lock cmpxchg8b", "\xf0\x0f\xc7\x0f", false),
	FORM("lock xadd", "\xf0\x0f\xc1\x07", false),
	FORM("mov of a segment", "\x8c\x1f", true),
	FORM("sete", "\x0f\x94\x07", true),
	FORM("movbe", "\x0f\x38\xf1\x07", true),
	FORM("stosb", "\xaa", true),
#undef FORM
};

TEST_F(bell, rings_by_what_only_writes)
{
	const struct form *form;

	for (form = forms; form < forms + sizeof(forms) / sizeof(*forms); form++) {
		vm_frame(&self->vm)->rdi = GUEST_BELL;
		ASSERT_EQ(form->rings ? ZX_OK : ZX_ERR_NOT_SUPPORTED,
			  vm_bytes(&self->vm, form->code, form->len)) {
			TH_LOG("%s", form->name);
		}
		ASSERT_EQ(form->rings ? ZX_OK : ZX_ERR_TIMED_OUT,
			  zx_port_wait(self->port, 0, NULL)) {
			TH_LOG("%s", form->name);
		}
		if (!form->rings)
			ASSERT_EQ(ZX_VCPU_REASON_BELL, vm_page(&self->vm)->reason);
		ASSERT_EQ(ZX_OK, form->rings ? ZX_OK : vm_finish(&self->vm));
		ASSERT_EQ(ZX_OK, zx_handle_close(self->vm.vcpu));
	}
	self->vm.vcpu = ZX_HANDLE_INVALID;
}

TEST_F(bell, and_user_packets_keep_their_order)
{
	zx_port_packet_t user = { .key = 1 }, packet;

	ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &user));
	ASSERT_EQ(ZX_OK, ring(self, 1));
	ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &user));
	ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_USER, packet.type);
	ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_BELL, packet.type);
	ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_USER, packet.type);
}

TEST_F(bell, do_not_count_as_user_packets)
{
	zx_port_packet_t user = { .key = 1 };
	unsigned int i;

	ASSERT_EQ(ZX_OK, ring(self, BELL_PACKETS));
	for (i = 0; i < 4096; i++)
		ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &user));
	EXPECT_EQ(ZX_ERR_SHOULD_WAIT, zx_port_queue(self->port, &user));
}

TEST_F(bell, unset_trap_drops_its_packets_only)
{
	zx_port_packet_t user = { .key = KEY_BELL }, packet;

	ASSERT_EQ(ZX_OK, ring(self, 5));
	ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &user));
	ASSERT_EQ(ZX_OK, zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL));
	ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_USER, packet.type);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, &packet));
}

TEST_F(bell, end_of_the_guest_drops_its_packets_only)
{
	zx_port_packet_t user = { .key = KEY_BELL }, packet;

	ASSERT_EQ(ZX_OK, ring(self, 5));
	ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &user));
	vm_down(&self->vm);
	ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_USER, packet.type);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, &packet));
}

#define MANY	1000

/*
 * What one bell has queued is taken away without a look at what the others have,
 * which would take a hundred times as long as to queue it all.
 */
TEST_F_TIMEOUT(bell, end_of_a_guest_with_a_thousand_full_bells, 120)
{
	zx_port_packet_t user = { .key = KEY_BELL }, packet;
	zx_time_t start, full;
	unsigned int i;

	for (i = 1; i < MANY; i++)
		ASSERT_EQ(ZX_OK, zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_BELL,
						   GUEST_BELL + i * PAGE, PAGE, self->port,
						   KEY_BELL));
	vm_frame(&self->vm)->rcx = MANY;
	vm_frame(&self->vm)->rdi = GUEST_BELL;
	ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &user));
	start = zx_clock_get_monotonic();
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, bell_each) ?: vm_finish(&self->vm));
	full = zx_clock_get_monotonic();
	ASSERT_EQ(ZX_OK, zx_port_queue(self->port, &user));
	vm_down(&self->vm);
	EXPECT_LT(zx_clock_get_monotonic() - full, full - start);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(ZX_OK, zx_port_wait(self->port, 0, &packet));
		EXPECT_EQ(ZX_PKT_TYPE_USER, packet.type);
	}
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, &packet));
}

#define RINGERS	3
#define RINGS	1500

struct ringer {
	struct vm *vm;
	zx_status_t status;
	struct zx_vcpu_page page;	/* how its enter ended */
	pthread_t thread;
};

/* A VCPU of its own for this thread; it rings to the end of its blob. */
static void *ringer_thread(void *arg)
{
	struct ringer *ringer = arg;
	zx_port_packet_t packet;
	zx_handle_t vcpu;

	ringer->status = zx_vcpu_create(ringer->vm->guest, 0, GUEST_ENTRY, &vcpu);
	if (ringer->status != ZX_OK)
		return NULL;
	ringer->status = zx_vcpu_enter(vcpu, &packet);
	if (ringer->status == ZX_OK && packet.type != ZX_PKT_TYPE_GUEST_IO)
		ringer->status = ZX_ERR_INTERNAL;
	ringer->page = *zxl_vcpu_page(vcpu);
	zx_handle_close(vcpu);
	return NULL;
}

/* Takes @count packets, counts them by address, and dawdles. */
static zx_status_t take_slowly(zx_handle_t port, unsigned int count, unsigned int *rings)
{
	zx_port_packet_t packet;
	unsigned int i;

	for (i = 0; i < count; i++) {
		zx_status_t status = zx_port_wait(port, zx_deadline_after(10000 * ONE_MS),
						  &packet);

		if (status != ZX_OK)
			return status;
		if (packet.guest_bell.addr - GUEST_BELL > 8 * RINGERS)
			return ZX_ERR_OUT_OF_RANGE;
		rings[(packet.guest_bell.addr - GUEST_BELL) / 8]++;
		if (i % 16 == 0)
			sleep_ms(1);
	}
	return ZX_OK;
}

TEST_F(bell, rung_by_several_vcpus)
{
	struct ringer ringers[RINGERS] = {};
	unsigned int rings[RINGERS + 1] = {}, i;

	vm_frame(&self->vm)->rcx = RINGS;
	vm_load(&self->vm, ap_bell_start, ap_bell_end);
	ASSERT_EQ(ZX_OK, vm_park_first(&self->vm));
	for (i = 0; i < RINGERS; i++) {
		ringers[i].vm = &self->vm;
		ASSERT_EQ(0, pthread_create(&ringers[i].thread, NULL, ringer_thread,
					    &ringers[i]));
	}
	EXPECT_EQ(ZX_OK, take_slowly(self->port, RINGERS * RINGS, rings));
	for (i = 0; i < RINGERS; i++) {
		pthread_join(ringers[i].thread, NULL);
		EXPECT_EQ(ZX_OK, ringers[i].status) {
			const struct zx_vcpu_page *page = &ringers[i].page;

			TH_LOG("reason %u at %llx, exit %llx, rip %llx, rdi %llx, rcx %llx",
			       page->reason, page->addr, page->hw_exit, page->rip, page->regs.rdi,
			       page->regs.rcx);
		}
	}
	for (i = 1; i <= RINGERS; i++)
		EXPECT_EQ(RINGS, rings[i]);
	EXPECT_EQ(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, NULL));
}

TEST_HARNESS_MAIN
