// SPDX-License-Identifier: GPL-2.0-only
/* What Linux lets anybody do with a descriptor. What it answers is not our business. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fuzz_calls.h"

#define MODEST	(1 << 16)

/* A buffer, and a length that it has; sometimes neither. */
static void *buffer(struct worker *w)
{
	return once_in(w, 16) ? bad_pointer(w) : area(w, 0);
}

static int someone(struct worker *w)
{
	return pool_get(w, ANY);
}

static void do_close(struct worker *w)
{
	enum kind_of kind;
	const int fd = pool_take(w, ANY, &kind);

	if (fd >= 0)
		close(fd);
}

static void do_open(struct worker *w)
{
	const int fd = open(device_path, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		pool_put(w, RESOURCE, fd);
}

static void do_dup(struct worker *w)
{
	const int old = someone(w);
	const int fd = once_in(w, 2) ? dup(old) : fcntl(old, F_DUPFD_CLOEXEC, below(w, 512));

	if (fd >= 0)
		pool_put(w, pool_kind(fd), fd);
}

/* Over a number that the pool has: what was there is closed while it is in use. */
static void do_dup_over(struct worker *w)
{
	enum kind_of kind, other;
	const int over = pool_take(w, ANY, &kind);

	other = below(w, KINDS);
	if (over < 0)
		return;
	if (dup3(pool_get(w, other), over, O_CLOEXEC) < 0)
		close(over);
	else
		pool_put(w, pool_kind(over), over);
}

/* Opened anew through /proc: only the device's own can be. */
static void do_reopen(struct worker *w)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", someone(w));
	fd = open(path, (once_in(w, 2) ? O_RDWR : O_PATH) | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		pool_put(w, pool_kind(fd), fd);
}

static void do_fdinfo(struct worker *w)
{
	char path[64], text[512];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", someone(w));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	while (read(fd, text, 1 + below(w, sizeof(text))) > 0)
		;
	close(fd);
}

static void do_fcntl(struct worker *w)
{
	static const int cmds[] = {
		F_GETFD, F_GETFL, F_GETOWN, F_GETLEASE, F_GET_SEALS, F_ADD_SEALS, F_GETPIPE_SZ,
		F_SETPIPE_SZ, 1036 /* F_SET_RW_HINT */, 1024 + 100,
	};
	const int flags = any(w) & (O_APPEND | O_NOATIME | O_DIRECT | O_ASYNC);

	if (once_in(w, 2))
		fcntl(someone(w), F_SETFL, flags | O_NONBLOCK);
	else
		fcntl(someone(w), pick(w, cmds), below(w, 8192));
}

static void do_lock(struct worker *w)
{
	struct flock lock = { .l_type = below(w, 3), .l_len = below(w, 4096) };

	if (once_in(w, 2))
		flock(someone(w), LOCK_NB | (1 << below(w, 4)));
	else
		fcntl(someone(w), F_SETLK, &lock);
}

static void do_read(struct worker *w)
{
	const struct iovec vec[2] = { { buffer(w), below(w, 8192) }, { buffer(w), PAGE } };
	const int fd = someone(w);

	switch (below(w, 4)) {
	case 0:
		(void)!read(fd, vec[0].iov_base, vec[0].iov_len);
		break;
	case 1:
		(void)!pread(fd, vec[0].iov_base, vec[0].iov_len, below(w, MODEST));
		break;
	case 2:
		(void)!readv(fd, vec, 2);
		break;
	default:
		preadv2(fd, vec, 2, below(w, MODEST), RWF_NOWAIT);
		break;
	}
}

static void do_write(struct worker *w)
{
	const struct iovec vec[2] = { { buffer(w), below(w, 8192) }, { buffer(w), PAGE } };
	const int fd = someone(w);

	switch (below(w, 4)) {
	case 0:
		(void)!write(fd, vec[0].iov_base, vec[0].iov_len);
		break;
	case 1:
		(void)!pwrite(fd, vec[0].iov_base, vec[0].iov_len, below(w, MODEST));
		break;
	case 2:
		(void)!writev(fd, vec, 2);
		break;
	default:
		pwritev2(fd, vec, 2, below(w, MODEST), RWF_NOWAIT);
		break;
	}
}

static void do_move(struct worker *w)
{
	const int from = someone(w), to = pool_get(w, once_in(w, 2) ? FOREIGN : ANY);
	loff_t at = below(w, MODEST);

	switch (below(w, 4)) {
	case 0:
		sendfile(to, from, once_in(w, 2) ? &at : NULL, below(w, MODEST));
		break;
	case 1:
		splice(from, NULL, to, NULL, below(w, MODEST), SPLICE_F_NONBLOCK);
		break;
	case 2:
		tee(from, to, below(w, MODEST), SPLICE_F_NONBLOCK);
		break;
	default:
		copy_file_range(from, NULL, to, NULL, below(w, MODEST), 0);
		break;
	}
}

static void do_vmsplice(struct worker *w)
{
	const struct iovec vec = { once_in(w, 2) ? window_at(w) : area(w, 0), below(w, MODEST) };

	vmsplice(pool_get(w, FOREIGN), &vec, 1, SPLICE_F_NONBLOCK);
}

static void do_size(struct worker *w)
{
	const int fd = someone(w);

	switch (below(w, 5)) {
	case 0:
		(void)!ftruncate(fd, below(w, MODEST));
		break;
	case 1:
		fallocate(fd, below(w, 4), below(w, MODEST), 1 + below(w, MODEST));
		break;
	case 2:
		lseek(fd, below(w, MODEST), below(w, 6));
		break;
	case 3:
		posix_fadvise(fd, 0, below(w, MODEST), below(w, 6));
		break;
	default:
		readahead(fd, 0, below(w, MODEST));
		break;
	}
}

static void do_sync(struct worker *w)
{
	const int fd = someone(w);

	switch (below(w, 3)) {
	case 0:
		fsync(fd);
		break;
	case 1:
		fdatasync(fd);
		break;
	default:
		sync_file_range(fd, 0, below(w, MODEST), below(w, 8));
		break;
	}
}

static void do_inode(struct worker *w)
{
	const int fd = someone(w);
	struct stat stat;

	/* All anonymous files have one inode: what is set there is the whole machine's. */
	switch (below(w, 4)) {
	case 0:
		fstat(fd, &stat);
		break;
	case 1:
		fgetxattr(fd, "user.x", area(w, 0), below(w, 256));
		break;
	case 2:
		flistxattr(fd, area(w, 0), below(w, 256));
		break;
	default:
		syscall(SYS_getdents64, fd, area(w, 0), below(w, 4096));
		break;
	}
}

static void do_poll(struct worker *w)
{
	const struct timespec none = { 0, once_in(w, 8) ? 200000 : 0 };
	struct pollfd fds[8];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = (struct pollfd){ someone(w), any(w) & 0x3fff, 0 };
	ppoll(fds, 1 + below(w, ARRAY_LEN(fds)), &none, NULL);
}

static void do_select(struct worker *w)
{
	struct timeval none = {};
	fd_set in, out, pri;

	memset(&in, any(w) & 0xff, sizeof(in));
	memset(&out, any(w) & 0xff, sizeof(out));
	memset(&pri, any(w) & 0xff, sizeof(pri));
	select(below(w, 128), &in, &out, &pri, &none);
}

/* What an epoll watches outlives its descriptor if there is another one. */
static void do_epoll(struct worker *w)
{
	struct epoll_event event = { .events = any(w), .data.u64 = 1 }, got[4];
	const int fd = pool_get(w, FOREIGN);

	if (once_in(w, 4))
		epoll_wait(fd, got, ARRAY_LEN(got), once_in(w, 8));
	else
		epoll_ctl(fd, 1 + below(w, 3), someone(w), &event);
}

/* To any process of the run, or to oneself. */
static void do_send(struct worker *w)
{
	char control[CMSG_SPACE(4 * sizeof(int))] = {};
	struct iovec vec = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
	};
	struct cmsghdr *cmsg;
	unsigned int i, n = 1 + below(w, 4);
	int fds[4];

	for (i = 0; i < n; i++)
		fds[i] = someone(w);
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	sendmsg(once_in(w, 4) ? pool_get(w, FOREIGN) : passing[0], &msg, MSG_DONTWAIT);
}

static void do_receive(struct worker *w)
{
	char control[CMSG_SPACE(4 * sizeof(int))], text;
	struct iovec vec = { &text, 1 };
	struct msghdr msg = {
		.msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = CMSG_SPACE((1 + below(w, 4)) * sizeof(int)),
	};
	struct cmsghdr *cmsg;
	int fds[4], i, n;

	if (recvmsg(passing[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg)
		return;
	n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(cmsg), n * sizeof(int));
	for (i = 0; i < n; i++)
		pool_put(w, pool_kind(fds[i]), fds[i]);
}

static void do_foreign(struct worker *w)
{
	int fds[2] = { -1, -1 };

	switch (below(w, 6)) {
	case 0:
		(void)!pipe2(fds, O_NONBLOCK | O_CLOEXEC);
		break;
	case 1:
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
		break;
	case 2:
		fds[0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		break;
	case 3:
		fds[0] = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		break;
	case 4:
		fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
		break;
	default:
		fds[0] = epoll_create1(EPOLL_CLOEXEC);
		break;
	}
	if (fds[0] >= 0)
		pool_put(w, FOREIGN, fds[0]);
	if (fds[1] >= 0)
		pool_put(w, FOREIGN, fds[1]);
}

/* Numbers that are no call, or not with this struct. */
static void do_ioctl(struct worker *w)
{
	const struct call *call = &calls[below(w, nr_calls)];
	unsigned int cmd = call->cmd;

	switch (below(w, 4)) {
	case 0:
		cmd = _IO(ZX_IOC_MAGIC, below(w, 256));
		break;
	case 1:
		cmd |= any(w) << 16;
		break;
	case 2:
		cmd ^= 1u << below(w, 32);
		break;
	default:
		break;
	}
	if (ioctl(someone(w), cmd, bad_pointer(w)) > -ZX_ERR_ACCESS_DENIED)
		atomic_fetch_add(&shared->strays, 1);
}

/* Who waits for an answer in a call gets one: what was sent, with its number. */
static void do_answer(struct worker *w)
{
	uint32_t *handles = area(w, 1), *nr = area(w, 2);
	struct zx_ioc_channel_read read = {
		.size = sizeof(read), .bytes = (uint64_t)area(w, 0), .handles = (uint64_t)handles,
		.num_bytes = AREA / 2, .num_handles = ZX_CHANNEL_MAX_MSG_HANDLES,
		.actual_bytes = (uint64_t)nr, .actual_handles = (uint64_t)(nr + 1),
	};
	struct zx_ioc_channel_write write = {
		.size = sizeof(write), .bytes = read.bytes, .handles = read.handles,
	};
	unsigned int i, j;

	for (i = 0; i < 8; i++) {
		const int fd = pool_get(w, CHANNEL);

		if (ioctl(fd, ZX_IOC_CHANNEL_READ, &read))
			continue;
		write.num_bytes = nr[0];
		write.num_handles = once_in(w, 2) ? nr[1] : 0;
		ioctl(fd, ZX_IOC_CHANNEL_WRITE, &write);
		for (j = 0; j < nr[1]; j++)
			close(handles[j] >> 2);
		count(w);
	}
}

/* Waits that are there to be cancelled. */
static void do_observe(struct worker *w)
{
	const int fd = someone(w), port = pool_get(w, PORT);
	struct zx_ioc_object_wait_async async = {
		.size = sizeof(async), .port = handle_value(port), .key = below(w, 4),
		.signals = any(w),
	};
	struct zx_ioc_port_cancel cancel = {
		.size = sizeof(cancel), .source = handle_value(fd), .key = below(w, 4),
	};
	unsigned int i, n = below(w, 8);
	long ret;

	for (i = 0; i < n; i++) {
		ioctl(fd, ZX_IOC_OBJECT_WAIT_ASYNC, &async);
		count(w);
	}
	ret = ioctl(port, ZX_IOC_PORT_CANCEL, &cancel);
	answered(w, op_of(ZX_IOC_PORT_CANCEL), ret < 0 ? -errno : ret);
}

/* A child of one thread with everybody's handles. */
static void do_fork(struct worker *w)
{
	struct zx_ioc_vmo_get_size size = { .size = sizeof(size), .out = (uint64_t)area(w, 0) };
	const int vcpu = w->vcpu, vmo = pool_get(w, VMO);
	pid_t child;

	if (!once_in(w, 64))
		return;
	child = fork();
	if (!child) {
		ioctl(vcpu, ZX_IOC_VCPU_ENTER, 0);
		ioctl(vcpu, ZX_IOC_VCPU_KICK, 0);
		ioctl(vmo, ZX_IOC_VMO_GET_SIZE, &size);
		_exit(0);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

#define OP(weight_, name_)	{ .name = #name_, .weight = weight_, .run = do_##name_ }

const struct op file_ops[] = {
	OP(14, close), OP(2, open), OP(4, dup), OP(3, dup_over), OP(1, reopen), OP(1, fdinfo),
	OP(1, fcntl), OP(1, lock), OP(1, read), OP(1, write), OP(1, move), OP(1, vmsplice),
	OP(1, size), OP(1, sync), OP(1, inode), OP(1, poll), OP(1, select), OP(2, epoll),
	OP(2, send), OP(2, receive), OP(2, foreign), OP(3, ioctl), OP(6, answer),
	OP(3, observe), OP(1, fork),
};

const unsigned int nr_file_ops = ARRAY_LEN(file_ops);
