// SPDX-License-Identifier: GPL-2.0-only
/*
 * No byte of the kernel's, nor of anybody's freed memory, comes out of a call. Each call
 * is made twice, over different old bytes in the buffer and in freed kernel memory: what
 * differs afterwards, without having been left alone, was never set.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define ROOM		0x2000
#define BIG		(16ul << 20)
#define NAME		"short"
#define LONG_NAME	"a name of thirty-one characters"

struct world {
	struct vm vm;
	zx_handle_t port, vmo, event, named;
	zx_handle_t channel[2];
};

static void dirty_stack(int byte)
{
	struct pollfd fds[60];
	fd_set set[3];

	memset(fds, byte, sizeof(fds));
	memset(set, byte, sizeof(set));
	poll(fds, 60, 0);
	pselect(1024, &set[0], &set[1], &set[2], &(struct timespec){}, NULL);
}

/* Memory of the kernel's of many sizes, taken, written and freed. */
static void dirty_slabs(int byte)
{
	static char bytes[0x4000];
	unsigned int i, size;
	int ends[2];

	memset(bytes, byte, sizeof(bytes));
	for (size = 16; size <= sizeof(bytes); size *= 2) {
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
			return;
		for (i = 0; i < 8; i++)
			send(ends[0], bytes, size - size / 4, MSG_DONTWAIT);
		close(ends[0]);
		close(ends[1]);
	}
}

static void dirty_pages(int byte, size_t size)
{
	char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return;
	memset(pages, byte, size);
	munmap(pages, size);
}

static zx_status_t info(zx_handle_t handle, uint32_t topic, void *out, size_t size)
{
	return zx_object_get_info(handle, topic, out, size, NULL, NULL);
}

static zx_status_t basic(struct world *w, void *out)
{
	return info(w->vm.guest, ZX_INFO_HANDLE_BASIC, out, ROOM);
}

static zx_status_t of_channel(struct world *w, void *out)
{
	return info(w->channel[0], ZX_INFO_HANDLE_BASIC, out, ROOM);
}

static zx_status_t of_vmar(struct world *w, void *out)
{
	return info(w->vm.vmar, ZX_INFO_VMAR, out, ROOM);
}

static zx_status_t of_resource(struct world *w, void *out)
{
	return info(w->named, ZX_INFO_RESOURCE, out, ROOM);
}

static zx_status_t of_vmo(struct world *w, void *out)
{
	return info(w->vmo, ZX_INFO_VMO, out, ROOM);
}

static zx_status_t count_of(struct world *w, void *out)
{
	return info(w->vmo, ZX_INFO_HANDLE_COUNT, out, ROOM);
}

static zx_status_t stats(struct world *w, void *out)
{
	return info(w->vm.resource, ZX_INFO_GUEST_STATS, out, ROOM);
}

static zx_status_t too_small(struct world *w, void *out)
{
	return info(w->vmo, ZX_INFO_VMO, out, sizeof(zx_info_vmo_t) - 1) ==
	       ZX_ERR_BUFFER_TOO_SMALL ? ZX_OK : ZX_ERR_INTERNAL;
}

/* After a longer one. */
static zx_status_t name_of(struct world *w, void *out)
{
	return zx_object_set_property(w->vmo, ZX_PROP_NAME, LONG_NAME, sizeof(LONG_NAME)) ?:
	       zx_object_set_property(w->vmo, ZX_PROP_NAME, NAME, sizeof(NAME)) ?:
	       zx_object_get_property(w->vmo, ZX_PROP_NAME, out, ROOM);
}

static zx_status_t no_name(struct world *w, void *out)
{
	zx_status_t status;
	zx_handle_t vmo;

	(void)w;
	status = zx_vmo_create(PAGE, 0, &vmo) ?:
		 zx_object_get_property(vmo, ZX_PROP_NAME, out, ROOM);
	zx_handle_close(vmo);
	return status;
}

static zx_status_t observed(struct world *w, void *out)
{
	return zx_object_wait_one(w->event, ZX_EVENT_SIGNALED, ZX_TIME_INFINITE, out);
}

static zx_status_t observed_many(struct world *w, void *out)
{
	zx_wait_item_t *items = out;
	unsigned int i;

	for (i = 0; i < 5; i++)
		items[i] = (zx_wait_item_t){ .handle = w->event, .waitfor = ZX_EVENT_SIGNALED };
	return zx_object_wait_many(items, 5, ZX_TIME_INFINITE);
}

static zx_status_t packet_of_user(struct world *w, void *out)
{
	const zx_port_packet_t packet = { .key = 1, .type = ZX_PKT_TYPE_USER };

	return zx_port_queue(w->port, &packet) ?: zx_port_wait(w->port, 0, out);
}

static zx_status_t packet_of_signal(struct world *w, void *out)
{
	return zx_object_wait_async(w->event, w->port, 2, ZX_EVENT_SIGNALED, 0) ?:
	       zx_port_wait(w->port, 0, out);
}

static zx_status_t message(struct world *w, void *out)
{
	return zx_channel_write(w->channel[0], 0, NAME, sizeof(NAME), NULL, 0) ?:
	       zx_channel_read(w->channel[1], 0, out, NULL, ROOM, 0, out + PAGE,
			       out + PAGE + 8);
}

static zx_status_t no_message(struct world *w, void *out)
{
	return zx_channel_read(w->channel[1], 0, out, out + 64, 64, 64, out + PAGE,
			       out + PAGE + 8) == ZX_ERR_SHOULD_WAIT ? ZX_OK : ZX_ERR_INTERNAL;
}

static zx_status_t hole(struct world *w, void *out)
{
	return zx_vmo_read(w->vmo, out, 8, PAGE);
}

static zx_status_t fresh_page(struct world *w, void *out)
{
	zx_status_t status;
	zx_handle_t vmo;

	(void)w;
	status = zx_vmo_create(PAGE, 0, &vmo) ?: zx_vmo_write(vmo, NAME, 100, 1) ?:
		 zx_vmo_read(vmo, out, 0, PAGE);
	zx_handle_close(vmo);
	return status;
}

static zx_status_t size_of(struct world *w, void *out)
{
	return zx_vmo_get_size(w->vmo, out);
}

/* The rest has a VCPU, made anew each time, whose guest runs up to its first packet. */
static zx_status_t enter(struct world *w, zx_port_packet_t *packet)
{
	return vm_vcpu(&w->vm) ?: zx_vcpu_enter(w->vm.vcpu, packet);
}

#define RUN(w, name, packet)	(vm_load(&(w)->vm, name##_start, name##_end), enter(w, packet))

static zx_status_t packet_of_port(struct world *w, void *out)
{
	return RUN(w, out_sizes, out);
}

static zx_status_t packet_of_memory(struct world *w, void *out)
{
	return RUN(w, mem_stores, out);
}

static zx_status_t packet_of_ipi(struct world *w, void *out)
{
	struct guest_frame *frame = vm_frame(&w->vm);

	/* To ICR: vector 0x41 for all. */
	frame->rcx = 0x830;
	frame->rax = 0x80041;
	return RUN(w, probe_wrmsr, out);
}

static zx_status_t page_after(struct world *w, void *out)
{
	zx_port_packet_t packet;
	zx_status_t status = RUN(w, mem_stores, &packet);

	if (status == ZX_OK) {
		memcpy(out, vm_page(&w->vm), PAGE);
		((struct zx_vcpu_page *)out)->koid = 0;
	}
	return status;
}

static zx_status_t page_before(struct world *w, void *out)
{
	zx_status_t status = vm_vcpu(&w->vm);

	if (status == ZX_OK) {
		memcpy(out, vm_page(&w->vm), PAGE);
		((struct zx_vcpu_page *)out)->koid = 0;
	}
	return status;
}

static zx_status_t state(struct world *w, uint32_t kind, void *out, size_t size)
{
	zx_status_t status = vm_vcpu(&w->vm);
	struct zx_ioc_vcpu_state args = { .size = sizeof(args), .kind = kind,
					  .buffer = (uintptr_t)out, .length = size };

	if (status == ZX_OK && ioctl(zxl_handle_fd(w->vm.vcpu), ZX_IOC_VCPU_READ_STATE, &args))
		status = ZX_ERR_INTERNAL;
	return status;
}

static zx_status_t registers(struct world *w, void *out)
{
	return state(w, ZX_VCPU_STATE, out, sizeof(zx_vcpu_state_t));
}

static zx_status_t system_registers(struct world *w, void *out)
{
	return state(w, ZXL_VCPU_SYSTEM, out, sizeof(struct zxl_vcpu_system));
}

static zx_status_t vector_registers(struct world *w, void *out)
{
	return state(w, ZXL_VCPU_VECTOR, out, sizeof(struct zxl_vcpu_vector));
}

static zx_status_t kicked(struct world *w, void *out)
{
	return vm_vcpu(&w->vm) ?: info(w->vm.vcpu, ZX_INFO_VCPU, out, ROOM);
}

FIXTURE(isolation) {
	struct world world;
	unsigned char buf[2][ROOM];
};

/* @sets: bytes that the call is to set, at the least */
FIXTURE_VARIANT(isolation) {
	zx_status_t (*call)(struct world *w, void *out);
	size_t sets;
};

#define CALL(name, sets_)							\
	FIXTURE_VARIANT_ADD(isolation, name) { .call = name, .sets = sets_ }

CALL(basic, sizeof(zx_info_handle_basic_t));
CALL(of_channel, sizeof(zx_info_handle_basic_t));
CALL(of_vmar, sizeof(zx_info_vmar_t));
CALL(of_resource, sizeof(struct zx_ioc_info_resource));
CALL(of_vmo, sizeof(zx_info_vmo_t));
CALL(count_of, 4);
CALL(stats, sizeof(struct zx_ioc_info_guest_stats));
CALL(too_small, 0);
CALL(name_of, ZX_MAX_NAME_LEN);
CALL(no_name, ZX_MAX_NAME_LEN);
CALL(observed, 4);
CALL(observed_many, 5 * sizeof(zx_wait_item_t));
CALL(packet_of_user, sizeof(zx_port_packet_t));
CALL(packet_of_signal, sizeof(zx_port_packet_t));
CALL(message, sizeof(NAME));
CALL(no_message, 0);
CALL(hole, PAGE);
CALL(fresh_page, PAGE);
CALL(size_of, 8);
CALL(packet_of_port, sizeof(zx_port_packet_t));
CALL(packet_of_memory, sizeof(zx_port_packet_t));
CALL(packet_of_ipi, sizeof(zx_port_packet_t));
CALL(page_after, PAGE);
CALL(page_before, PAGE);
CALL(registers, sizeof(zx_vcpu_state_t));
CALL(system_registers, sizeof(struct zxl_vcpu_system));
CALL(vector_registers, sizeof(struct zxl_vcpu_vector));
CALL(kicked, 4);

FIXTURE_SETUP(isolation)
{
	struct world *w = &self->world;

	ASSERT_EQ(ZX_OK, vm_up(&w->vm));
	ASSERT_EQ(ZX_OK, zx_port_create(0, &w->port));
	ASSERT_EQ(ZX_OK, zx_vmo_create(16 * PAGE, ZX_VMO_RESIZABLE, &w->vmo));
	ASSERT_EQ(ZX_OK, zx_event_create(0, &w->event));
	ASSERT_EQ(ZX_OK, zx_object_signal(w->event, 0, ZX_EVENT_SIGNALED));
	ASSERT_EQ(ZX_OK, zx_resource_create(w->vm.resource, ZX_RSRC_KIND_VMEX, 0, 0, NAME,
					    sizeof(NAME) - 1, &w->named));
	ASSERT_EQ(ZX_OK, zx_channel_create(0, &w->channel[0], &w->channel[1]));
	ASSERT_EQ(ZX_OK, zx_guest_set_trap(w->vm.guest, ZX_GUEST_TRAP_MEM, GUEST_TRAP, PAGE,
					   ZX_HANDLE_INVALID, KEY_TRAP));
}

FIXTURE_TEARDOWN(isolation)
{
	vm_down(&self->world.vm);
}

static zx_status_t call_over(struct world *w, int old, unsigned char *buf,
			     zx_status_t (*call)(struct world *w, void *out))
{
	zx_status_t status;

	dirty_pages(old, 64 * PAGE);
	dirty_slabs(old);
	memset(buf, ~old, ROOM);
	dirty_stack(old);
	status = call(w, buf);
	zx_handle_close(w->vm.vcpu);
	w->vm.vcpu = ZX_HANDLE_INVALID;
	return status;
}

TEST_F(isolation, every_byte_is_set_or_left_alone)
{
	unsigned int i;

	ASSERT_EQ(ZX_OK, call_over(&self->world, 0x5a, self->buf[0], variant->call));
	ASSERT_EQ(ZX_OK, call_over(&self->world, 0xc3, self->buf[1], variant->call));
	for (i = 0; i < ROOM; i++) {
		if (self->buf[0][i] == (unsigned char)~0x5a &&
		    self->buf[1][i] == (unsigned char)~0xc3) {
			EXPECT_LE(variant->sets, i);
			continue;
		}
		EXPECT_EQ(self->buf[0][i], self->buf[1][i])
			TH_LOG("byte %u", i);
		/* Behind all that is asked for: a page, or a message's two counts. */
		EXPECT_GT(PAGE + 16, i);
	}
}

/* Is all of it zero but for the first byte of each page, which may be @but? */
static bool zero(const unsigned char *bytes, size_t size, unsigned char but)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (bytes[i] && (i % PAGE || bytes[i] != but))
			return false;
	return true;
}

FIXTURE(fresh) {
	zx_handle_t vmo, child;
	unsigned char *bytes;
};

FIXTURE_SETUP(fresh)
{
	self->bytes = malloc(BIG);
	ASSERT_NE(NULL, self->bytes);
	memset(self->bytes, 0xff, BIG);
	dirty_pages(0x5a, 4 * BIG);
	ASSERT_EQ(ZX_OK, zx_vmo_create(BIG, ZX_VMO_RESIZABLE, &self->vmo));
}

FIXTURE_TEARDOWN(fresh)
{
	zx_handle_close(self->child);
	zx_handle_close(self->vmo);
	free(self->bytes);
}

TEST_F(fresh, committed_pages)
{
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, BIG, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, self->bytes, 0, BIG));
	EXPECT_TRUE(zero(self->bytes, BIG, 0));
}

TEST_F(fresh, pages_around_a_byte)
{
	size_t at;

	for (at = 0; at < BIG; at += 3 * PAGE)
		ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "x", at, 1));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, self->bytes, 0, BIG));
	EXPECT_TRUE(zero(self->bytes, BIG, 'x'));
}

TEST_F(fresh, pages_that_come_back)
{
	memset(self->bytes, 0x77, BIG);
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, self->bytes, 0, BIG));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 0, BIG / 4, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_ZERO, BIG / 4, BIG / 4, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->vmo, BIG / 2));
	ASSERT_EQ(ZX_OK, zx_vmo_set_size(self->vmo, BIG));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, BIG, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->vmo, self->bytes, 0, BIG));
	EXPECT_TRUE(zero(self->bytes, BIG, 0));
}

TEST_F(fresh, holes_of_a_snapshot)
{
	ASSERT_EQ(ZX_OK, zx_vmo_write(self->vmo, "x", 0, 1));
	ASSERT_EQ(ZX_OK, zx_vmo_create_child(self->vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 2 * BIG,
					     &self->child));
	ASSERT_EQ(ZX_OK, zx_vmo_op_range(self->child, ZX_VMO_OP_COMMIT, 0, 2 * BIG, NULL, 0));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->child, self->bytes, 0, BIG));
	EXPECT_TRUE(zero(self->bytes, BIG, 'x'));
	ASSERT_EQ(ZX_OK, zx_vmo_read(self->child, self->bytes, BIG, BIG));
	EXPECT_TRUE(zero(self->bytes, BIG, 0));
}

TEST_HARNESS_MAIN
