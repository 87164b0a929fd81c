// SPDX-License-Identifier: MIT
/*
 * A doorbell: the guest's stores become packets in a port, where another
 * thread waits for them, while the VCPU runs on.
 */
#include <pthread.h>

#include "guest.h"

#define BELL	0x100000
#define RINGS	3

static const uint8_t code[] = {
	0xbb, 0x00, 0x00, 0x10, 0x00,	/*    mov  $0x100000, %ebx */
	0xb9, RINGS, 0x00, 0x00, 0x00,	/*    mov  $3, %ecx */
	0x89, 0x0c, 0x8b,		/* 1: mov  %ecx, (%rbx,%rcx,4) */
	0xe2, 0xfb,			/*    loop 1b */
	0xe6, 0x80,			/*    out  %al, $0x80 */
};

static void *answer(void *arg)
{
	const zx_handle_t port = *(const zx_handle_t *)arg;
	zx_port_packet_t packet;
	int i;

	for (i = 0; i < RINGS; i++) {
		check(zx_port_wait(port, zx_deadline_after(ZX_SEC(10)), &packet), "zx_port_wait");
		printf("bell with key %lu rang at +%lu\n", packet.key,
		       packet.guest_bell.addr - BELL);
	}
	return NULL;
}

int main(void)
{
	zx_handle_t guest = guest_with_code(code, sizeof(code)), port, vcpu;
	zx_port_packet_t packet;
	pthread_t thread;

	check(zx_port_create(0, &port), "zx_port_create");
	check(zx_guest_set_trap(guest, ZX_GUEST_TRAP_BELL, BELL, 0x1000, port, 7), "BELL trap");
	check(zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 0x80, 1, 0, 0), "IO trap");
	if (pthread_create(&thread, NULL, answer, &port) != 0) {
		fprintf(stderr, "bell: cannot start a thread\n");
		return 1;
	}
	check(zx_vcpu_create(guest, 0, ENTRY, &vcpu), "zx_vcpu_create");
	check(zx_vcpu_enter(vcpu, &packet), "zx_vcpu_enter");
	pthread_join(thread, NULL);
	printf("the guest is done: port %#x\n", packet.guest_io.port);
	return 0;
}
