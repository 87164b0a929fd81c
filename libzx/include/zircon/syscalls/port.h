/* SPDX-License-Identifier: MIT */
/*
 * Packets: what ports and VCPUs deliver. 48 bytes: key, type, status and one
 * payload of 32 bytes, unused bytes zero.
 *
 * The payloads of GUEST_MEM and GUEST_VCPU have changed in Zircon's history.
 * ZX_API_LEVEL below 2022 chooses the layouts of 2018 to 2021, which
 * zx_vcpu_resume fills in; otherwise they are the newest, of zx_vcpu_enter.
 */
#ifndef ZIRCON_SYSCALLS_PORT_H_
#define ZIRCON_SYSCALLS_PORT_H_

#include <zircon/types.h>

__BEGIN_CDECLS

#define ZX_PKT_TYPE_USER		((__u32)0)
#define ZX_PKT_TYPE_SIGNAL_ONE		((__u32)1)
#define ZX_PKT_TYPE_GUEST_BELL		((__u32)3)
#define ZX_PKT_TYPE_GUEST_MEM		((__u32)4)
#define ZX_PKT_TYPE_GUEST_IO		((__u32)5)
#define ZX_PKT_TYPE_GUEST_VCPU		((__u32)6)
#define ZX_PKT_TYPE_INTERRUPT		((__u32)7)
#define ZX_PKT_TYPE_PAGE_REQUEST	((__u32)9)
#define ZX_PKT_TYPE_MASK		((__u32)0xff)

#define ZX_PKT_IS_USER(type)		((type) == ZX_PKT_TYPE_USER)
#define ZX_PKT_IS_SIGNAL_ONE(type)	((type) == ZX_PKT_TYPE_SIGNAL_ONE)
#define ZX_PKT_IS_GUEST_BELL(type)	((type) == ZX_PKT_TYPE_GUEST_BELL)
#define ZX_PKT_IS_GUEST_MEM(type)	((type) == ZX_PKT_TYPE_GUEST_MEM)
#define ZX_PKT_IS_GUEST_IO(type)	((type) == ZX_PKT_TYPE_GUEST_IO)
#define ZX_PKT_IS_GUEST_VCPU(type)	((type) == ZX_PKT_TYPE_GUEST_VCPU)
#define ZX_PKT_IS_INTERRUPT(type)	((type) == ZX_PKT_TYPE_INTERRUPT)
#define ZX_PKT_IS_PAGE_REQUEST(type)	((type) == ZX_PKT_TYPE_PAGE_REQUEST)

/* Of zx_port_create; there are no interrupts to bind to, so it is refused. */
#define ZX_PORT_BIND_TO_INTERRUPT	((uint32_t)1 << 0)

/* What a GUEST_VCPU packet asks for. */
#define ZX_PKT_GUEST_VCPU_INTERRUPT	((__u32)0)
#define ZX_PKT_GUEST_VCPU_STARTUP	((__u32)1)

typedef union zx_packet_user {
	uint64_t u64[4];
	uint32_t u32[8];
	uint16_t u16[16];
	uint8_t c8[32];
} zx_packet_user_t;

/*
 * Of zx_object_wait_async. trigger: the signals waited for; observed: those that
 * were up; count: 1; timestamp: when, if it was asked for, else 0.
 */
typedef struct zx_packet_signal {
	zx_signals_t trigger;
	zx_signals_t observed;
	uint64_t count;
	zx_time_t timestamp;
	uint64_t reserved1;
} zx_packet_signal_t;

/* addr: guest-physical, exactly where the guest stored. */
typedef struct zx_packet_guest_bell {
	zx_gpaddr_t addr;
	uint64_t reserved0;
	uint64_t reserved1;
	uint64_t reserved2;
} zx_packet_guest_bell_t;

#if defined(ZX_API_LEVEL) && ZX_API_LEVEL < 2022

#define X86_MAX_INST_LEN		15u

/* addr: guest-physical. default_operand_size: 2 or 4 bytes. */
typedef struct zx_packet_guest_mem {
	zx_gpaddr_t addr;
	uint8_t inst_len;
	uint8_t inst_buf[X86_MAX_INST_LEN];
	uint8_t default_operand_size;
	uint8_t reserved[7];
} zx_packet_guest_mem_t;

typedef struct zx_packet_guest_vcpu {
	union {
		struct {
			uint64_t mask;		/* bit n: the VCPU with APIC id n */
			uint8_t vector;
		} interrupt;
		struct {
			uint64_t id;
			zx_gpaddr_t entry;
		} startup;
	};
	uint8_t type;
	uint64_t reserved;
} zx_packet_guest_vcpu_t;

#else

/*
 * addr: guest-physical. rip: of the instruction, instruction_size bytes long;
 * the VCPU stands behind it. default_operand_size: 2 or 4 bytes.
 */
typedef struct zx_packet_guest_mem {
	zx_gpaddr_t addr;
	zx_gpaddr_t cr3;
	zx_vaddr_t rip;
	uint8_t instruction_size;
	uint8_t default_operand_size;
	uint8_t reserved[6];
} zx_packet_guest_mem_t;

typedef struct zx_packet_guest_vcpu {
	uint32_t type;
	uint8_t padding1[4];
	union {
		struct {
			uint64_t mask;		/* bit n: the VCPU with APIC id n */
			uint8_t vector;
			uint8_t padding1[15];
		} interrupt;
		struct {
			union {
				uint64_t id;	/* of 2022 to 2025 */
				uint64_t target;
			};
			zx_gpaddr_t entry;
			uint64_t context;
		} startup;
	};
} zx_packet_guest_vcpu_t;

#endif

/* access_size: 1, 2 or 4 bytes. An output carries its data; an input, zeros. */
typedef struct zx_packet_guest_io {
	uint16_t port;
	uint8_t access_size;
	bool input;
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint8_t data[4];
	};
	uint64_t reserved0;
	uint64_t reserved1;
	uint64_t reserved2;
} zx_packet_guest_io_t;

/* INTERRUPT and PAGE_REQUEST are Zircon's; nothing here sends them. */
typedef struct zx_packet_interrupt {
	zx_time_t timestamp;
	uint64_t reserved0;
	uint64_t reserved1;
	uint64_t reserved2;
} zx_packet_interrupt_t;

typedef struct zx_packet_page_request {
	uint16_t command;
	uint16_t flags;
	uint32_t reserved0;
	uint64_t offset;
	uint64_t length;
	uint64_t reserved1;
} zx_packet_page_request_t;

typedef struct zx_port_packet {
	uint64_t key;
	uint32_t type;
	zx_status_t status;
	union {
		zx_packet_user_t user;
		zx_packet_signal_t signal;
		zx_packet_guest_bell_t guest_bell;
		zx_packet_guest_mem_t guest_mem;
		zx_packet_guest_io_t guest_io;
		zx_packet_guest_vcpu_t guest_vcpu;
		zx_packet_interrupt_t interrupt;
		zx_packet_page_request_t page_request;
	};
} zx_port_packet_t;

__END_CDECLS

#endif
