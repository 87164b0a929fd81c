// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that take memory, with each allocation and each copy to or from user space failing
 * in turn, alone or with all memory gone from then on: the answer is a status, nothing is
 * left behind, and the call works the next time. One row per call. Needs a kernel that fails
 * on demand (/proc/self/fail-nth): the checking one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define FAIL_ON		"/proc/thread-self/make-it-fail"
#define MOST_FAULTS	1000
#define KSFT_SKIP	4

FIXTURE(faults) {
	struct vm vm;		/* a guest with no VCPU */
	struct vm other;	/* one for rows whose call is the first of its kind for a guest */
	zx_handle_t vmo;	/* resizable, 4 MiB, empty at each call */
	zx_handle_t port;
	zx_handle_t consumed;	/* what the call takes over */
	zx_handle_t event;
	zx_handle_t end[2];	/* of a channel */
	zx_handle_t out[2];
	zx_vaddr_t addr;
	int fail_nth;
	int fail_on;
};

/*
 * @before: makes what the call needs; nothing fails
 * @call:   the call; new handles go to self->out, a mapping's address to self->addr
 * @after:  undoes a call that worked; handles in self->out are closed anyway
 * @also:   status of the call besides NO_MEMORY (an allocation) and INVALID_ARGS (a copy)
 * @maps:   the call touches memory that it has mapped just now, or unmaps it: with none to
 *          be had, the page fault would be tried for ever, and Linux unmaps nothing
 */
FIXTURE_VARIANT(faults) {
	zx_status_t (*before)(struct _test_data_faults *self);
	zx_status_t (*call)(struct _test_data_faults *self);
	void (*after)(struct _test_data_faults *self);
	zx_status_t also;
	bool maps;
};

/* @name: of the call that fails, errors/coverage reads it; @tag: how it is used */
#define FAULT_ROW(id, ...) \
	static zx_status_t call_##id(struct _test_data_faults *self); \
	FIXTURE_VARIANT_ADD(faults, id) { .call = call_##id, ##__VA_ARGS__ }; \
	static zx_status_t call_##id(struct _test_data_faults *self)
#define FAULT(name, ...)		FAULT_ROW(name, ##__VA_ARGS__)
#define FAULT_AS(name, tag, ...)	FAULT_ROW(name##tag, ##__VA_ARGS__)

static zx_status_t duplicate_vmo(struct _test_data_faults *self)
{
	return zx_handle_duplicate(self->vmo, ZX_RIGHT_SAME_RIGHTS, &self->consumed);
}

/* The name of the device's node is copied as well. */
FAULT(zxl_hypervisor_resource, .also = ZX_ERR_INTERNAL)
{
	return zxl_hypervisor_resource(&self->out[0]);
}

FAULT(zx_resource_create)
{
	return zx_resource_create(self->vm.resource, ZX_RSRC_KIND_HYPERVISOR, 0, 0, "name", 4,
				  &self->out[0]);
}

FAULT(zx_handle_duplicate)
{
	return zx_handle_duplicate(self->vm.guest, ZX_RIGHT_SAME_RIGHTS, &self->out[0]);
}

FAULT(zx_handle_replace, .before = duplicate_vmo)
{
	return zx_handle_replace(self->consumed, ZX_RIGHT_SAME_RIGHTS, &self->out[0]);
}

FAULT(zx_port_create)
{
	return zx_port_create(0, &self->out[0]);
}

static void port_empty(struct _test_data_faults *self)
{
	zx_port_packet_t packet;

	while (zx_port_wait(self->port, 0, &packet) == ZX_OK)
		;
}

FAULT(zx_port_queue, .after = port_empty)
{
	const zx_port_packet_t packet = { .type = ZX_PKT_TYPE_USER, .key = 1 };

	return zx_port_queue(self->port, &packet);
}

FAULT(zx_vmo_create)
{
	return zx_vmo_create(GUEST_RAM, ZX_VMO_RESIZABLE, &self->out[0]);
}

FAULT(zx_vmo_write)
{
	return zx_vmo_write(self->vmo, "ab", PAGE - 1, 2);
}

FAULT_AS(zx_vmo_op_range, _commit)
{
	return zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, 3 * PAGE, NULL, 0);
}

FAULT(zx_vmo_replace_as_executable, .before = duplicate_vmo)
{
	return zx_vmo_replace_as_executable(self->consumed, ZX_HANDLE_INVALID, &self->out[0]);
}

static void unmap(struct _test_data_faults *self)
{
	zx_vmar_unmap(self->vm.vmar, GUEST_WINDOW, 16 * PAGE);
}

static zx_status_t map(struct _test_data_faults *self)
{
	return zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, GUEST_WINDOW,
			   self->vmo, 0, 16 * PAGE, &self->addr);
}

FAULT(zx_vmar_map, .after = unmap)
{
	return map(self);
}

FAULT_AS(zx_vmar_map, _over, .before = map, .after = unmap)
{
	return zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC_OVERWRITE,
			   GUEST_WINDOW + 4 * PAGE, self->vmo, 0, 4 * PAGE, &self->addr);
}

FAULT_AS(zx_vmar_unmap, _middle, .before = map, .after = unmap)
{
	return zx_vmar_unmap(self->vm.vmar, GUEST_WINDOW + 4 * PAGE, 4 * PAGE);
}

FAULT_AS(zx_vmar_protect, _middle, .before = map, .after = unmap)
{
	return zx_vmar_protect(self->vm.vmar, 0, GUEST_WINDOW + 4 * PAGE, 4 * PAGE);
}

static void unmap_self(struct _test_data_faults *self)
{
	zx_vmar_unmap(zx_vmar_root_self(), self->addr, 16 * PAGE);
}

FAULT_AS(zx_vmar_map, _self, .after = unmap_self, .maps = true)
{
	return zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, self->vmo, 0, 16 * PAGE,
			   &self->addr);
}

FAULT(zx_guest_create)
{
	return zx_guest_create(self->vm.resource, 0, &self->out[0], &self->out[1]);
}

static zx_status_t guest_up(struct _test_data_faults *self)
{
	zx_status_t status = vm_up(&self->other);

	if (status != ZX_OK)
		return status;
	vm_load(&self->other, probe_store_start, probe_store_end);
	vm_frame(&self->other)->rdi = GUEST_SPARE;
	return ZX_OK;
}

static zx_status_t guest_boot(struct _test_data_faults *self)
{
	return guest_up(self) ?: vm_vcpu(&self->other);
}

static void guest_down(struct _test_data_faults *self)
{
	vm_down(&self->other);
}

FAULT(zx_vcpu_create, .before = guest_up, .after = guest_down, .maps = true)
{
	return vm_vcpu(&self->other);
}

FAULT_AS(zx_vcpu_enter, _first, .before = guest_boot, .after = guest_down)
{
	return vm_finish(&self->other);
}

static void untrap_io(struct _test_data_faults *self)
{
	zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_IO, 0x300);
}

FAULT_AS(zx_guest_set_trap, _io, .after = untrap_io)
{
	return zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_IO, 0x300, 1, ZX_HANDLE_INVALID, 0);
}

static void untrap_mem(struct _test_data_faults *self)
{
	zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE);
}

FAULT_AS(zx_guest_set_trap, _mem, .after = untrap_mem)
{
	return zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_SPARE, PAGE,
				 ZX_HANDLE_INVALID, 0);
}

static void untrap_bell(struct _test_data_faults *self)
{
	zxl_guest_unset_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL);
}

FAULT_AS(zx_guest_set_trap, _bell, .after = untrap_bell)
{
	return zx_guest_set_trap(self->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_BELL, PAGE, self->port,
				 KEY_BELL);
}

FAULT(zx_event_create)
{
	return zx_event_create(0, &self->out[0]);
}

FAULT(zx_eventpair_create)
{
	return zx_eventpair_create(0, &self->out[0], &self->out[1]);
}

FAULT(zx_channel_create)
{
	return zx_channel_create(0, &self->out[0], &self->out[1]);
}

static void drain(struct _test_data_faults *self)
{
	char bytes[8];

	while (zx_channel_read(self->end[1], 0, bytes, self->out, sizeof(bytes), 1, NULL,
			       NULL) == ZX_OK)
		zx_handle_close(self->out[0]);
	self->out[0] = ZX_HANDLE_INVALID;
}

FAULT(zx_channel_write, .after = drain)
{
	return zx_channel_write(self->end[0], 0, "text", 4, NULL, 0);
}

FAULT_AS(zx_channel_write, _with_a_handle, .before = duplicate_vmo, .after = drain)
{
	return zx_channel_write(self->end[0], 0, "text", 4, &self->consumed, 1);
}

/* Nobody answers: to have been sent is all that this call can come to. */
FAULT(zx_channel_call, .after = drain)
{
	char answer[8];
	const zx_channel_call_args_t args = { .wr_bytes = "text", .wr_num_bytes = 4,
					      .rd_bytes = answer, .rd_num_bytes = 8 };
	uint32_t bytes, handles;
	const zx_status_t status = zx_channel_call(self->end[0], 0, 0, &args, &bytes, &handles);

	return status == ZX_ERR_TIMED_OUT ? ZX_OK : status;
}

static void forget(struct _test_data_faults *self)
{
	zx_port_cancel(self->port, self->event, 1);
}

FAULT(zx_object_wait_async, .after = forget)
{
	return zx_object_wait_async(self->event, self->port, 1, ZX_EVENT_SIGNALED, 0);
}

FAULT(zx_object_wait_many)
{
	zx_wait_item_t item = { .handle = self->event, .waitfor = ZX_EVENT_SIGNALED };
	const zx_status_t status = zx_object_wait_many(&item, 1, 0);

	return status == ZX_ERR_TIMED_OUT ? ZX_OK : status;
}

static zx_status_t page_to_copy(struct _test_data_faults *self)
{
	return zx_vmo_write(self->vmo, "text", 0, 4);
}

FAULT_AS(zx_vmo_create_child, _snapshot, .before = page_to_copy)
{
	return zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 4 * PAGE, &self->out[0]);
}

FAULT_AS(zx_vmo_create_child, _reference)
{
	return zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_REFERENCE, 0, 0, &self->out[0]);
}

static void destroy(struct _test_data_faults *self)
{
	zx_vmar_destroy(self->out[0]);
}

FAULT(zx_vmar_allocate, .after = destroy)
{
	return zx_vmar_allocate(self->vm.vmar, ZX_VM_CAN_MAP_READ, 0, 16 * PAGE, &self->out[0],
				&self->addr);
}

static zx_status_t map_for_writing(struct _test_data_faults *self)
{
	return zx_vmar_map(self->vm.vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC,
			   GUEST_WINDOW, self->vmo, 0, 16 * PAGE, &self->addr);
}

FAULT_AS(zx_vmar_op_range, _commit, .before = map_for_writing, .after = unmap)
{
	return zx_vmar_op_range(self->vm.vmar, ZX_VMAR_OP_COMMIT, GUEST_WINDOW, 4 * PAGE, NULL, 0);
}

FAULT_AS(zx_vcpu_resume, _first, .before = guest_boot, .after = guest_down)
{
	zx_port_packet_t packet;

	return zx_vcpu_resume(self->other.vcpu, &packet);
}

/* The VCPU stands behind a trapped access, and the page beside was never touched. */
static zx_status_t guest_trapped(struct _test_data_faults *self)
{
	zx_port_packet_t packet;
	zx_status_t status = guest_up(self);

	vm_frame(&self->other)->rdi = GUEST_TRAP;
	return status ?: zx_guest_set_trap(self->other.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, 0) ?:
	       zx_vmo_op_range(self->other.vmo, ZX_VMO_OP_DECOMMIT, GUEST_SPARE, PAGE, NULL, 0) ?:
	       vm_vcpu(&self->other) ?: zx_vcpu_enter(self->other.vcpu, &packet);
}

FAULT(zxl_vcpu_read_memory, .before = guest_trapped, .after = guest_down)
{
	uint64_t value;

	return zxl_vcpu_read_memory(self->other.vcpu, GUEST_SPARE, &value, sizeof(value), NULL);
}

FAULT(zxl_vcpu_write_memory, .before = guest_trapped, .after = guest_down)
{
	uint64_t value = 0;

	return zxl_vcpu_write_memory(self->other.vcpu, GUEST_SPARE, &value, sizeof(value), NULL);
}

static int put(const char *file, const char *text)
{
	const int fd = open(file, O_WRONLY);
	int result;

	if (fd < 0)
		return -1;
	result = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return result;
}

/*
 * By default allocations that may sleep do not fail, and each failure is logged. The rest is
 * for threads that ask for it (FAIL_ON), and counts when the fault that was ordered is over.
 */
static int faults_for_all(void)
{
	static const char *const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "failslab/task-filter", "Y" },
		{ "failslab/times", "-1" },
		{ "failslab/probability", "100" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_page_alloc/task-filter", "Y" },
		{ "fail_page_alloc/times", "-1" },
		{ "fail_page_alloc/probability", "100" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i][0]);
		if (put(path, settings[i][1]))
			return -1;
	}
	return 0;
}

/* Writing is a copy from user space too, and may be the one that fails. */
static void put_number(int fd, unsigned int number)
{
	char text[16];
	const int len = snprintf(text, sizeof(text), "%u", number);

	while (pwrite(fd, text, len, 0) < 0 && errno == EFAULT)
		;
}

/* Has the fault happened? If reading takes it, it has not. */
static bool disarm(struct _test_data_faults *self)
{
	char left = '1';
	const bool hit = pread(self->fail_nth, &left, 1, 0) == 1 && left == '0';

	put_number(self->fail_on, 0);
	put_number(self->fail_nth, 0);
	return hit;
}

/* Objects may go a while after the call that ended them. */
static long more_objects(long than)
{
	unsigned int i;

	for (i = 0; i < 2000 && live_objects() > than; i++)
		sleep_ms(1);
	return live_objects() - than;
}

static void close_out(struct _test_data_faults *self)
{
	zx_handle_close_many(self->out, 2);
	memset(self->out, 0, sizeof(self->out));
	zx_handle_close(self->consumed);
	self->consumed = ZX_HANDLE_INVALID;
}

static void undo(struct _test_data_faults *self, const struct _fixture_variant_faults *row)
{
	if (row->after)
		row->after(self);
	close_out(self);
	zx_vmo_set_size(self->vmo, 0);
	zx_vmo_set_size(self->vmo, GUEST_RAM);
}

FIXTURE_SETUP(faults)
{
	ASSERT_EQ(0, faults_for_all());
	self->fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_NE(-1, self->fail_nth);
	self->fail_on = open(FAIL_ON, O_RDWR | O_CLOEXEC);
	ASSERT_NE(-1, self->fail_on);
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &self->port));
	ASSERT_EQ(ZX_OK, zx_vmo_create(GUEST_RAM, ZX_VMO_RESIZABLE, &self->vmo));
	ASSERT_EQ(ZX_OK, zx_event_create(0, &self->event));
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &self->end[0], &self->end[1]));
}

FIXTURE_TEARDOWN(faults)
{
	guest_down(self);
	close_out(self);
	zx_handle_close(self->vmo);
	zx_handle_close(self->port);
	zx_handle_close(self->event);
	zx_handle_close_many(self->end, 2);
	vm_down(&self->vm);
	close(self->fail_on);
	close(self->fail_nth);
}

/*
 * @before, @status, @again: of the preparation, of the call with the fault, and of the same
 *                           call after it
 * @objects, @descriptors:   more of them than before, if the call failed
 * @hit:                     the fault happened
 */
struct result {
	zx_status_t before;
	zx_status_t status;
	zx_status_t again;
	long objects;
	int descriptors;
	bool hit;
};

static struct result fail_once(struct _test_data_faults *self,
			       const struct _fixture_variant_faults *row, unsigned int nth, bool on)
{
	struct result result = { .before = row->before ? row->before(self) : ZX_OK };
	const int descriptors = count_descriptors();
	const long objects = live_objects();

	if (result.before != ZX_OK)
		return result;
	put_number(self->fail_on, on);
	put_number(self->fail_nth, nth);
	result.status = row->call(self);
	result.hit = disarm(self);
	if (result.status != ZX_OK) {
		result.objects = more_objects(objects);
		result.descriptors = count_descriptors() - descriptors;
		/* What a call takes over is gone, whatever it answers. */
		result.again = self->consumed ? ZX_OK : row->call(self);
	}
	undo(self, row);
	return result;
}

static bool expected(const struct _fixture_variant_faults *row, const struct result *result)
{
	switch (result->status) {
	case ZX_OK:
		return result->before == ZX_OK;
	case ZX_ERR_NO_MEMORY:
	case ZX_ERR_INVALID_ARGS:
		return result->hit;
	default:
		return result->hit && result->status == row->also;
	}
}

static void sweep(struct __test_metadata *_metadata, struct _test_data_faults *self,
		  const struct _fixture_variant_faults *variant, bool on)
{
	unsigned int nth, no_memory = 0;
	struct result result = { .hit = true };

	/* Once with no fault, so that this process has touched all that the call needs. */
	ASSERT_EQ(ZX_OK, variant->before ? variant->before(self) : ZX_OK);
	ASSERT_EQ(ZX_OK, variant->call(self));
	undo(self, variant);

	for (nth = 1; result.hit && nth < MOST_FAULTS; nth++) {
		result = fail_once(self, variant, nth, on);
		EXPECT_TRUE(expected(variant, &result)) {
			TH_LOG("fault %u: status %d", nth, result.status);
		}
		EXPECT_EQ(0, result.objects) {
			TH_LOG("fault %u", nth);
		}
		EXPECT_GE(0, result.descriptors) {
			TH_LOG("fault %u", nth);
		}
		EXPECT_EQ(ZX_OK, result.again) {
			TH_LOG("fault %u", nth);
		}
		no_memory += result.status == ZX_ERR_NO_MEMORY;
	}
	EXPECT_FALSE(result.hit);
	EXPECT_LT(0, no_memory);
	TH_LOG("%u faults, %u times NO_MEMORY", nth - 2, no_memory);
}

TEST_F_TIMEOUT(faults, one_fault, 300)
{
	sweep(_metadata, self, variant, false);
}

TEST_F_TIMEOUT(faults, no_memory_from_then_on, 300)
{
	if (!variant->maps)
		sweep(_metadata, self, variant, true);
}

/* One line for all rows where nothing can fail on demand; the checking kernel is there for this. */
static void __attribute__((constructor)) need_faults(void)
{
	struct utsname name;

	if (!access(FAIL_NTH, W_OK))
		return;
	uname(&name);
	printf("TAP version 13\n1..0 # SKIP no fault injection in this kernel\n");
	exit(strstr(name.release, "-zx-debug-") ? 1 : KSFT_SKIP);
}

TEST_HARNESS_MAIN
