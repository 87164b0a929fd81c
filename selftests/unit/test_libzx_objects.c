// SPDX-License-Identifier: GPL-2.0-only
/* Calls on signals, properties, channels, events and children: what reaches the kernel. */
/* build: ../../libzx/call.c ../../libzx/channel.c ../../libzx/event.c ../../libzx/handle.c ../../libzx/object.c ../../libzx/port.c ../../libzx/self.c ../../libzx/self_map.c ../../libzx/self_place.c ../../libzx/self_tree.c ../../libzx/space.c ../../libzx/state.c ../../libzx/vmar.c ../../libzx/vmo.c -Draw_syscall=mock_syscall -pthread */
#include "test_libzx.h"

/* The struct of the last ioctl, which was @number on @handle. */
#define LAST(type, number, handle) ({					\
	type last;							\
	assert_int_equal(mock.cmd, number);				\
	assert_int_equal(mock.fd, (handle) >> 2);			\
	memcpy(&last, mock.arg, sizeof(last));				\
	assert_int_equal(last.size, sizeof(last));			\
	last;								\
})

static zx_handle_t object;

/* Also the way to the kernel of what is made out of nothing. */
static int new_object(void **state)
{
	mock_reset(state);
	object = mock_new(ZX_OBJ_TYPE_EVENT, 0xd003);
	zx_object_signal(object, 0, 0);
	return 0;
}

static void test_wait_one(void **state)
{
	struct zx_ioc_object_wait_one arg;
	zx_signals_t observed;

	assert_int_equal(zx_object_wait_one(object, 0x88, -7, &observed), ZX_OK);
	arg = LAST(struct zx_ioc_object_wait_one, ZX_IOC_OBJECT_WAIT_ONE, object);
	assert_int_equal(arg.signals, 0x88);
	assert_int_equal(arg.deadline, -7);
	/* So that the kernel sees when it is closed meanwhile. */
	assert_int_equal(arg.handle, object);
	assert_int_equal(arg.reserved, 0);
	assert_int_equal(arg.observed, (uintptr_t)&observed);
	assert_int_equal(zx_object_wait_one(object, 0, ZX_TIME_INFINITE, NULL), ZX_OK);
	arg = LAST(struct zx_ioc_object_wait_one, ZX_IOC_OBJECT_WAIT_ONE, object);
	assert_int_equal(arg.observed, 0);
	(void)state;
}

static void test_wait_many(void **state)
{
	struct zx_ioc_object_wait_many arg;
	zx_wait_item_t items[ZX_WAIT_MANY_MAX_ITEMS];
	int before = mock.ioctls;

	assert_int_equal(zx_object_wait_many(items, 64, 99), ZX_OK);
	arg = LAST(struct zx_ioc_object_wait_many, ZX_IOC_OBJECT_WAIT_MANY, object);
	assert_int_equal(arg.count, 64);
	assert_int_equal(arg.deadline, 99);
	assert_int_equal(arg.items, (uintptr_t)items);
	assert_int_equal(zx_object_wait_many(NULL, 0, 99), ZX_OK);
	assert_int_equal(mock.ioctls, before + 2);
	/* Nor is a larger number cut to 32 bits. */
	assert_int_equal(zx_object_wait_many(items, 65, 99), ZX_ERR_OUT_OF_RANGE);
	assert_int_equal(zx_object_wait_many(items, 1ull << 32, 99), ZX_ERR_OUT_OF_RANGE);
	(void)state;
}

static void test_wait_async(void **state)
{
	struct zx_ioc_object_wait_async arg;
	struct zx_ioc_port_cancel cancel;
	zx_handle_t port = mock_new(ZX_OBJ_TYPE_PORT, 0x800f);

	assert_int_equal(zx_object_wait_async(object, port, 0x1122334455667788, 0x99,
					      ZX_WAIT_ASYNC_EDGE), ZX_OK);
	arg = LAST(struct zx_ioc_object_wait_async, ZX_IOC_OBJECT_WAIT_ASYNC, object);
	assert_int_equal(arg.port, port);
	assert_int_equal(arg.key, 0x1122334455667788);
	assert_int_equal(arg.signals, 0x99);
	assert_int_equal(arg.options, 2);

	assert_int_equal(zx_port_cancel(port, object, 0x1122334455667788), ZX_OK);
	cancel = LAST(struct zx_ioc_port_cancel, ZX_IOC_PORT_CANCEL, port);
	assert_int_equal(cancel.source, object);
	assert_int_equal(cancel.key, 0x1122334455667788);
	(void)state;
}

static void test_signal(void **state)
{
	struct zx_ioc_object_signal arg;

	assert_int_equal(zx_object_signal(object, 1, 2), ZX_OK);
	arg = LAST(struct zx_ioc_object_signal, ZX_IOC_OBJECT_SIGNAL, object);
	assert_int_equal(arg.clear, 1);
	assert_int_equal(arg.set, 2);
	assert_int_equal(arg.reserved, 0);
	assert_int_equal(zx_object_signal_peer(object, 3, 4), ZX_OK);
	arg = LAST(struct zx_ioc_object_signal, ZX_IOC_OBJECT_SIGNAL_PEER, object);
	assert_int_equal(arg.clear, 3);
	assert_int_equal(arg.set, 4);
	(void)state;
}

static void test_property(void **state)
{
	struct zx_ioc_object_property arg;
	char name[ZX_MAX_NAME_LEN];

	assert_int_equal(zx_object_get_property(object, ZX_PROP_NAME, name, sizeof(name)), ZX_OK);
	arg = LAST(struct zx_ioc_object_property, ZX_IOC_OBJECT_GET_PROPERTY, object);
	assert_int_equal(arg.property, 3);
	assert_int_equal(arg.value, (uintptr_t)name);
	assert_int_equal(arg.value_size, 32);
	assert_int_equal(zx_object_set_property(object, 7, name, 5), ZX_OK);
	arg = LAST(struct zx_ioc_object_property, ZX_IOC_OBJECT_SET_PROPERTY, object);
	assert_int_equal(arg.property, 7);
	assert_int_equal(arg.value, (uintptr_t)name);
	assert_int_equal(arg.value_size, 5);
	(void)state;
}

static void test_events(void **state)
{
	struct zx_ioc_event_create one;
	struct zx_ioc_pair_create two;
	zx_handle_t a, b;

	assert_int_equal(zx_event_create(5, &a), ZX_OK);
	one = LAST(struct zx_ioc_event_create, ZX_IOC_EVENT_CREATE, object);
	assert_int_equal(one.options, 5);
	assert_int_equal(one.out, (uintptr_t)&a);
	assert_true(is_open(a));
	assert_int_equal(zx_eventpair_create(6, &a, &b), ZX_OK);
	two = LAST(struct zx_ioc_pair_create, ZX_IOC_EVENTPAIR_CREATE, object);
	assert_int_equal(two.options, 6);
	assert_int_equal(two.out0, (uintptr_t)&a);
	assert_int_equal(two.out1, (uintptr_t)&b);
	assert_true(is_open(a) && is_open(b));
	assert_int_equal(zx_channel_create(7, &a, &b), ZX_OK);
	two = LAST(struct zx_ioc_pair_create, ZX_IOC_CHANNEL_CREATE, object);
	assert_int_equal(two.options, 7);
	assert_int_equal(two.out1, (uintptr_t)&b);
	assert_int_equal(zx_event_create(0, BAD_POINTER), ZX_ERR_INVALID_ARGS);
	(void)state;
}

static void new_handles(zx_handle_t *handles, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		handles[i] = mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef);
}

static bool all_closed(const zx_handle_t *handles, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (is_open(handles[i]))
			return false;
	return true;
}

static void test_channel_write(void **state)
{
	struct zx_ioc_channel_write arg;
	zx_handle_t handles[64];
	char bytes[8];

	new_handles(handles, 64);
	mock.watch = ZX_IOC_CHANNEL_WRITE;
	assert_int_equal(zx_channel_write(object, 1, bytes, 8, handles, 64), ZX_OK);
	arg = LAST(struct zx_ioc_channel_write, ZX_IOC_CHANNEL_WRITE, object);
	assert_int_equal(arg.options, 1);
	assert_int_equal(arg.bytes, (uintptr_t)bytes);
	assert_int_equal(arg.num_bytes, 8);
	/* A copy: what is sent must be what is closed, whatever others write meanwhile. */
	assert_int_not_equal(arg.handles, (uintptr_t)handles);
	assert_int_equal(arg.num_handles, 64);
	assert_true(all_closed(handles, 64));
	assert_true(is_open(object));
	(void)state;
}

/* What was to be sent is gone, whatever came of it. */
static void test_channel_consumes(void **state)
{
	static const long answers[] = {
		-ZX_ERR_PEER_CLOSED, -ZX_ERR_ACCESS_DENIED, -ZX_ERR_SHOULD_WAIT,
	};
	zx_channel_call_args_t args = { .wr_num_handles = 2 };
	zx_handle_t handles[2], channel;
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		new_handles(handles, 2);
		mock.answer_to = ZX_IOC_CHANNEL_WRITE;
		mock.answer = answers[i];
		assert_int_equal(zx_channel_write(object, 0, NULL, 0, handles, 2), -answers[i]);
		assert_true(all_closed(handles, 2));

		new_handles(handles, 2);
		args.wr_handles = handles;
		mock.answer_to = ZX_IOC_CHANNEL_CALL;
		assert_int_equal(zx_channel_call(object, 0, 0, &args, NULL, NULL), -answers[i]);
		assert_true(all_closed(handles, 2));
	}
	mock.answer = 0;
	/* No channel at all, and one that was closed. */
	new_handles(handles, 2);
	assert_int_equal(zx_channel_write(ZX_HANDLE_INVALID, 0, NULL, 0, handles, 2),
			 ZX_ERR_BAD_HANDLE);
	assert_true(all_closed(handles, 2));
	channel = mock_new(ZX_OBJ_TYPE_CHANNEL, 0xf00e);
	new_handles(handles, 2);
	assert_int_equal(zx_handle_close(channel), ZX_OK);
	assert_int_equal(zx_channel_call(channel, 0, 0, &args, NULL, NULL), ZX_ERR_BAD_HANDLE);
	assert_true(all_closed(handles, 2));
	(void)state;
}

/* Nothing else is closed: not what is a stranger's, nor twice. */
static void test_channel_strangers(void **state)
{
	int stranger = open("/dev/null", O_RDWR | O_CLOEXEC);
	zx_handle_t handles[3] = {
		(zx_handle_t)stranger << 2 | 3, mock_new(ZX_OBJ_TYPE_VMO, 0xd0ef), 0,
	};

	handles[2] = handles[1];
	mock.answer_to = ZX_IOC_CHANNEL_WRITE;
	mock.answer = -ZX_ERR_BAD_HANDLE;
	assert_int_equal(zx_channel_write(object, 0, NULL, 0, handles, 3), ZX_ERR_BAD_HANDLE);
	mock.answer = 0;
	assert_true(fcntl(stranger, F_GETFD) >= 0);
	assert_false(is_open(handles[1]));
	assert_int_equal(zx_channel_write(object, 0, NULL, 0, BAD_POINTER, 3), ZX_OK);
	close(stranger);
	(void)state;
}

/* A VMAR of the process goes like any handle, and the kernel refuses it. */
static void test_channel_own_vmar(void **state)
{
	zx_handle_t vmar, handles[1];
	zx_vaddr_t addr;

	assert_int_equal(zx_vmar_allocate(zx_vmar_root_self(), ZX_VM_CAN_MAP_READ, 0, 4096, &vmar,
					  &addr), ZX_OK);
	handles[0] = vmar;
	mock.answer_to = ZX_IOC_CHANNEL_WRITE;
	mock.answer = -ZX_ERR_BAD_HANDLE;
	assert_int_equal(zx_channel_write(object, 0, NULL, 0, handles, 1), ZX_ERR_BAD_HANDLE);
	mock.answer = 0;
	assert_int_equal(zx_vmar_destroy(vmar), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zx_vmar_unmap(zx_vmar_root_self(), addr, 4096), ZX_OK);
	(void)state;
}

static void test_channel_read(void **state)
{
	struct zx_ioc_channel_read arg;
	uint32_t actual_bytes, actual_handles;
	zx_handle_t handles[4];
	char bytes[8];

	assert_int_equal(zx_channel_read(object, 1, bytes, handles, 8, 4, &actual_bytes,
					 &actual_handles), ZX_OK);
	arg = LAST(struct zx_ioc_channel_read, ZX_IOC_CHANNEL_READ, object);
	assert_int_equal(arg.options, 1);
	assert_int_equal(arg.bytes, (uintptr_t)bytes);
	assert_int_equal(arg.handles, (uintptr_t)handles);
	assert_int_equal(arg.num_bytes, 8);
	assert_int_equal(arg.num_handles, 4);
	assert_int_equal(arg.actual_bytes, (uintptr_t)&actual_bytes);
	assert_int_equal(arg.actual_handles, (uintptr_t)&actual_handles);
	(void)state;
}

static void test_channel_call(void **state)
{
	uint32_t actual_bytes, actual_handles;
	struct zx_ioc_channel_call arg;
	zx_handle_t sent[2], got[4];
	char question[8], answer[16];
	const zx_channel_call_args_t args = {
		.wr_bytes = question, .wr_num_bytes = 8,
		.wr_handles = sent, .wr_num_handles = 2,
		.rd_bytes = answer, .rd_num_bytes = 16,
		.rd_handles = got, .rd_num_handles = 4,
	};

	new_handles(sent, 2);
	mock.watch = ZX_IOC_CHANNEL_CALL;
	assert_int_equal(zx_channel_call(object, 3, 77, &args, &actual_bytes, &actual_handles),
			 ZX_OK);
	arg = LAST(struct zx_ioc_channel_call, ZX_IOC_CHANNEL_CALL, object);
	assert_int_equal(arg.options, 3);
	assert_int_equal(arg.deadline, 77);
	assert_int_equal(arg.wr_bytes, (uintptr_t)question);
	assert_int_equal(arg.wr_num_bytes, 8);
	assert_int_not_equal(arg.wr_handles, (uintptr_t)sent);
	assert_int_equal(arg.wr_num_handles, 2);
	assert_int_equal(arg.rd_bytes, (uintptr_t)answer);
	assert_int_equal(arg.rd_num_bytes, 16);
	assert_int_equal(arg.rd_handles, (uintptr_t)got);
	assert_int_equal(arg.rd_num_handles, 4);
	assert_int_equal(arg.actual_bytes, (uintptr_t)&actual_bytes);
	assert_int_equal(arg.actual_handles, (uintptr_t)&actual_handles);
	assert_true(all_closed(sent, 2));
	assert_int_equal(zx_channel_call(object, 0, 0, BAD_POINTER, NULL, NULL),
			 ZX_ERR_INVALID_ARGS);
	(void)state;
}

static void test_vmo(void **state)
{
	struct zx_ioc_vmo_set_cache_policy policy;
	struct zx_ioc_vmo_create_child arg;
	zx_handle_t child;

	assert_int_equal(zx_vmo_create_child(object, 0x28, 4096, 8192, &child), ZX_OK);
	arg = LAST(struct zx_ioc_vmo_create_child, ZX_IOC_VMO_CREATE_CHILD, object);
	assert_int_equal(arg.options, 0x28);
	assert_int_equal(arg.offset, 4096);
	assert_int_equal(arg.length, 8192);
	assert_int_equal(arg.out, (uintptr_t)&child);
	assert_int_equal(zx_vmo_set_cache_policy(object, 3), ZX_OK);
	policy = LAST(struct zx_ioc_vmo_set_cache_policy, ZX_IOC_VMO_SET_CACHE_POLICY, object);
	assert_int_equal(policy.policy, 3);
	(void)state;
}

static void test_vmar(void **state)
{
	struct zx_ioc_vmar_allocate allocate;
	struct zx_ioc_vmar_destroy destroy;
	struct zx_ioc_vmar_op_range op;
	zx_handle_t child;
	zx_vaddr_t addr;

	assert_int_equal(zx_vmar_allocate(object, 0x180, 0x1000, 0x2000, &child, &addr), ZX_OK);
	allocate = LAST(struct zx_ioc_vmar_allocate, ZX_IOC_VMAR_ALLOCATE, object);
	assert_int_equal(allocate.options, 0x180);
	assert_int_equal(allocate.offset, 0x1000);
	assert_int_equal(allocate.length, 0x2000);
	assert_int_equal(allocate.out, (uintptr_t)&child);
	assert_int_equal(allocate.out_addr, (uintptr_t)&addr);
	assert_int_equal(zx_vmar_destroy(object), ZX_OK);
	destroy = LAST(struct zx_ioc_vmar_destroy, ZX_IOC_VMAR_DESTROY, object);
	assert_int_equal(destroy.reserved, 0);
	assert_int_equal(zx_vmar_op_range(object, 3, 0x1000, 0x2000, NULL, 0), ZX_OK);
	op = LAST(struct zx_ioc_vmar_op_range, ZX_IOC_VMAR_OP_RANGE, object);
	assert_int_equal(op.op, 3);
	assert_int_equal(op.addr, 0x1000);
	assert_int_equal(op.length, 0x2000);
	/* With a buffer it is no operation; but the kernel looks at the handle first. */
	assert_int_equal(zx_vmar_op_range(object, 3, 0x1000, 0x2000, &op, 1), ZX_OK);
	op = LAST(struct zx_ioc_vmar_op_range, ZX_IOC_VMAR_OP_RANGE, object);
	assert_int_equal(op.op, UINT32_MAX);
	(void)state;
}

static void test_interrupted(void **state)
{
	mock.interrupts = 3;
	assert_int_equal(zx_object_wait_one(object, 1, 5, NULL), ZX_OK);
	assert_int_equal(mock.interrupts, 0);
	mock.interrupts = 3;
	assert_int_equal(zx_object_wait_many(NULL, 0, 5), ZX_OK);
	assert_int_equal(mock.interrupts, 0);
	mock.interrupts = 3;
	assert_int_equal(zx_channel_read(object, 0, NULL, NULL, 0, 0, NULL, NULL), ZX_OK);
	assert_int_equal(mock.interrupts, 0);
	assert_int_equal(errno, 0);
	(void)state;
}

/* Without a handle the device is the way; what it says is the answer. */
static void test_no_way(void **state)
{
	static const struct {
		int err;
		zx_status_t status;
	} cases[] = {
		{ ENOENT, ZX_ERR_NOT_FOUND }, { EACCES, ZX_ERR_ACCESS_DENIED },
		{ EMFILE, ZX_ERR_NO_RESOURCES }, { ENOMEM, ZX_ERR_NO_MEMORY },
	};
	zx_handle_t a, b;
	size_t i;

	assert_int_equal(zx_handle_close(object), ZX_OK);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mock.open_errno = cases[i].err;
		assert_int_equal(zx_channel_create(0, &a, &b), cases[i].status);
		assert_int_equal(zx_event_create(0, &a), cases[i].status);
		assert_int_equal(zx_eventpair_create(0, &a, &b), cases[i].status);
		assert_int_equal(zx_port_create(0, &a), cases[i].status);
		assert_int_equal(zx_vmo_create(0, 0, &a), cases[i].status);
		assert_int_equal(zx_object_wait_many(NULL, 0, 0), cases[i].status);
	}
	(void)state;
}

static void test_statuses(void **state)
{
	static const zx_status_t statuses[] = {
		ZX_ERR_TIMED_OUT, ZX_ERR_CANCELED, ZX_ERR_PEER_CLOSED, ZX_ERR_NOT_FOUND,
		ZX_ERR_SHOULD_WAIT, ZX_ERR_BUFFER_TOO_SMALL, ZX_ERR_NO_RESOURCES,
	};
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		mock.answer = -statuses[i];
		assert_int_equal(zx_object_wait_one(object, 1, 0, NULL), statuses[i]);
		assert_int_equal(zx_object_wait_many(NULL, 0, 0), statuses[i]);
		assert_int_equal(zx_object_wait_async(object, 3, 0, 1, 0), statuses[i]);
		assert_int_equal(zx_object_signal_peer(object, 0, 0), statuses[i]);
		assert_int_equal(zx_channel_read(object, 0, NULL, NULL, 0, 0, NULL, NULL),
				 statuses[i]);
		assert_int_equal(zx_port_cancel(object, 3, 0), statuses[i]);
		assert_int_equal(zx_vmo_create_child(object, 0, 0, 0, NULL), statuses[i]);
		assert_int_equal(zx_vmar_destroy(object), statuses[i]);
	}
	(void)state;
}

#define TEST(name)	cmocka_unit_test_setup(name, new_object)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_wait_one),
		TEST(test_wait_many),
		TEST(test_wait_async),
		TEST(test_signal),
		TEST(test_property),
		TEST(test_events),
		TEST(test_channel_write),
		TEST(test_channel_consumes),
		TEST(test_channel_strangers),
		TEST(test_channel_own_vmar),
		TEST(test_channel_read),
		TEST(test_channel_call),
		TEST(test_vmo),
		TEST(test_vmar),
		TEST(test_interrupted),
		TEST(test_no_way),
		TEST(test_statuses),
	};

	return cmocka_run_group_tests_name("libzx objects", tests, NULL, mock_reset);
}
