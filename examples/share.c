// SPDX-License-Identifier: MIT
/*
 * One guest, two processes: the parent runs it; the child, which was sent the
 * guest and its memory over a channel, with fewer rights, answers its doorbell.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define BELL	0x100000
#define NOTES	0x3800
#define RINGS	3

static const uint8_t code[] = {
	0xbb, 0x00, 0x00, 0x10, 0x00,			/*    mov  $0x100000, %ebx */
	0xb9, RINGS, 0x00, 0x00, 0x00,			/*    mov  $3, %ecx */
	0x89, 0x0c, 0x8d, 0x00, 0x38, 0x00, 0x00,	/* 1: mov  %ecx, 0x3800(,%rcx,4) */
	0x89, 0x0c, 0x8b,				/*    mov  %ecx, (%rbx,%rcx,4) */
	0xe2, 0xf4,					/*    loop 1b */
	0xe6, 0x80,					/*    out  %al, $0x80 */
};

static uint32_t receive(zx_handle_t channel, zx_handle_t *handles, uint32_t count)
{
	uint32_t txid, actual;

	check(zx_object_wait_one(channel, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED,
				 ZX_TIME_INFINITE, NULL), "zx_object_wait_one");
	check(zx_channel_read(channel, 0, &txid, handles, sizeof(txid), count, NULL, &actual),
	      "zx_channel_read");
	check(actual == count ? ZX_OK : ZX_ERR_INVALID_ARGS, "handles");
	return txid;
}

static void reply(zx_handle_t channel, uint32_t txid)
{
	check(zx_channel_write(channel, 0, &txid, sizeof(txid), NULL, 0), "zx_channel_write");
}

static void serve(zx_handle_t channel)
{
	zx_handle_t port, handles[2];
	zx_port_packet_t packet;
	zx_vaddr_t memory;
	uint32_t txid, i;

	txid = receive(channel, handles, 2);
	check(zx_port_create(0, &port), "zx_port_create");
	check(zx_guest_set_trap(handles[0], ZX_GUEST_TRAP_BELL, BELL, 0x1000, port, 0), "BELL");
	check(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, handles[1], 0, MEMORY, &memory),
	      "zx_vmar_map");
	reply(channel, txid);
	for (i = 0; i < RINGS; i++) {
		check(zx_port_wait(port, zx_deadline_after(ZX_SEC(10)), &packet), "zx_port_wait");
		printf("bell at +%lu, where the guest left %u\n", packet.guest_bell.addr - BELL,
		       *(uint32_t *)(memory + NOTES + packet.guest_bell.addr - BELL));
	}
	reply(channel, receive(channel, NULL, 0));
}

/* Ask the child, and wait until it answers. */
static void ask(zx_handle_t channel, const zx_handle_t *handles, uint32_t count)
{
	uint32_t txid = 0;
	const zx_channel_call_args_t args = {
		.wr_bytes = &txid, .wr_num_bytes = sizeof(txid),
		.wr_handles = handles, .wr_num_handles = count,
		.rd_bytes = &txid, .rd_num_bytes = sizeof(txid),
	};

	check(zx_channel_call(channel, 0, zx_deadline_after(ZX_SEC(10)), &args, NULL, NULL),
	      "zx_channel_call");
}

int main(void)
{
	zx_handle_t ours, theirs, guest, memory, vcpu, handles[2];
	zx_port_packet_t packet;
	int status = -1;
	pid_t child;

	check(zx_channel_create(0, &ours, &theirs), "zx_channel_create");
	child = fork();
	check(child < 0 ? ZX_ERR_NO_RESOURCES : ZX_OK, "fork");
	/* Each process keeps one end, so that it learns when the other one dies. */
	zx_handle_close(child ? theirs : ours);
	if (child == 0) {
		serve(theirs);
		return 0;
	}
	guest = guest_with_memory(code, sizeof(code), &memory);
	check(zx_handle_duplicate(guest, ZX_RIGHT_TRANSFER | ZX_RIGHT_WRITE, &handles[0]), "guest");
	check(zx_handle_duplicate(memory, ZX_RIGHT_TRANSFER | ZX_RIGHT_READ | ZX_RIGHT_MAP,
				  &handles[1]), "memory");
	ask(ours, handles, 2);
	check(zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 0x80, 1, 0, 0), "IO trap");
	check(zx_vcpu_create(guest, 0, ENTRY, &vcpu), "zx_vcpu_create");
	check(zx_vcpu_enter(vcpu, &packet), "zx_vcpu_enter");
	ask(ours, NULL, 0);
	if (waitpid(child, &status, 0) != child || status != 0)
		return 1;
	printf("the guest is done: port %#x\n", packet.guest_io.port);
	return 0;
}
