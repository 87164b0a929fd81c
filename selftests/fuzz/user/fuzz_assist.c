// SPDX-License-Identifier: GPL-2.0-only
/*
 * The assist on any bytes, in every mode, over a kernel and devices that answer as
 * the input says. Whatever a guest executes, the VCPU changes only by what
 * succeeded, and devices are asked for no more than they were promised.
 */
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zxl/assist.h>
#include <zxl/hypervisor.h>
#include <Zydis/Zydis.h>

#include "fuzz.h"
#include "internal.h"

#define PAGE_BYTES	4096
#define EFER_LMA	0x400
#define CS_LONG		0x2000
#define BIG		0x4000
#define VCPU		7
/* More than a string instruction may take in one go. */
#define ACCESSES_MAX	100000

static struct {
	struct input input;
	struct zx_vcpu_page page;
	struct zxl_vcpu_system system;
	uint64_t random;
	unsigned int accesses, served, interrupts, moves;
	bool refused;
} env;

REACHED(mnemonics, ZYDIS_MNEMONIC_MAX_VALUE + 1);

static uint64_t random64(void)
{
	env.random ^= env.random << 13;
	env.random ^= env.random >> 7;
	env.random ^= env.random << 17;
	return env.random;
}

static void fill(void *data, size_t size)
{
	uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = random64();
}

/* What the assist takes from libzx. */
zx_status_t libzx_page_find(zx_handle_t vcpu, zx_rights_t rights, struct zx_vcpu_page **page)
{
	insist(vcpu == VCPU);
	insist(rights && !(rights & ~(ZX_RIGHT_READ | ZX_RIGHT_WRITE)));
	*page = &env.page;
	return ZX_OK;
}

struct zx_vcpu_page *zxl_vcpu_page(zx_handle_t vcpu)
{
	insist(vcpu == VCPU);
	return &env.page;
}

zx_status_t zx_vcpu_read_state(zx_handle_t vcpu, uint32_t kind, void *buffer, size_t size)
{
	insist(vcpu == VCPU);
	if (kind == ZXL_VCPU_SYSTEM) {
		insist(size == sizeof(env.system));
		memcpy(buffer, &env.system, size);
	} else {
		insist(kind == ZXL_VCPU_VECTOR && size == sizeof(struct zxl_vcpu_vector));
		fill(buffer, size);
	}
	return ZX_OK;
}

zx_status_t zx_vcpu_write_state(zx_handle_t vcpu, uint32_t kind, const void *buffer, size_t size)
{
	uint8_t copy[sizeof(struct zxl_vcpu_vector)];

	insist(vcpu == VCPU);
	insist(kind == ZXL_VCPU_RIP || kind == ZXL_VCPU_VECTOR);
	insist(size == (kind == ZXL_VCPU_RIP ? 8 : sizeof(copy)));
	memcpy(copy, buffer, size);
	env.moves += kind == ZXL_VCPU_RIP;
	return ZX_OK;
}

zx_status_t zx_vcpu_interrupt(zx_handle_t vcpu, uint32_t vector)
{
	insist(vcpu == VCPU);
	insist(vector == 0 || vector == 1 || vector == 13);
	env.interrupts++;
	return ZX_OK;
}

/* Most is devices; past the end of the input all of it. */
static zx_status_t memory(uint64_t addr, size_t size, zx_gpaddr_t *gpa)
{
	uint64_t edge = (addr | (PAGE_BYTES - 1)) + 1;
	uint8_t kind = take(&env.input, 1);

	insist(size >= 1 && size <= 32);
	insist(++env.accesses < ACCESSES_MAX);
	switch (kind % 16) {
	case 1:
		return ZX_ERR_CANCELED;
	case 2:
		return ZX_ERR_NOT_FOUND;
	case 3:
		env.refused = true;
		return ZX_ERR_NOT_SUPPORTED;
	case 4 ... 10:
		return ZX_OK;
	}
	if (addr + size > edge && kind & 0x10)
		addr = edge;
	*gpa = addr & (((uint64_t)1 << 48) - 1);
	return ZX_ERR_UNAVAILABLE;
}

zx_status_t zxl_vcpu_read_memory(zx_handle_t vcpu, uint64_t addr, void *buffer, size_t size,
				 zx_gpaddr_t *gpa)
{
	zx_status_t status = memory(addr, size, gpa);

	insist(vcpu == VCPU);
	if (status == ZX_OK)
		fill(buffer, size);
	return status;
}

zx_status_t zxl_vcpu_write_memory(zx_handle_t vcpu, uint64_t addr, const void *buffer, size_t size,
				  zx_gpaddr_t *gpa)
{
	uint8_t copy[32];

	insist(vcpu == VCPU && size <= sizeof(copy));
	memcpy(copy, buffer, size);
	return memory(addr, size, gpa);
}

static zx_status_t device(void *context, zx_gpaddr_t addr, size_t size)
{
	insist(context == &env);
	insist(size >= 1 && size <= 32);
	insist(addr % PAGE_BYTES + size <= PAGE_BYTES);
	insist(++env.accesses < ACCESSES_MAX);
	env.served++;
	return take(&env.input, 1) == 0xff ? ZX_ERR_BAD_STATE : ZX_OK;
}

static zx_status_t device_read(void *context, zx_gpaddr_t addr, void *data, size_t size)
{
	zx_status_t status = device(context, addr, size);

	fill(data, size);
	return status;
}

static zx_status_t device_write(void *context, zx_gpaddr_t addr, const void *data, size_t size)
{
	uint8_t copy[32];

	memcpy(copy, data, size);
	return device(context, addr, size);
}

static void make_system(uint8_t mode)
{
	memset(&env.system, 0, sizeof(env.system));
	if (mode % 3 == 0) {
		env.system.efer = EFER_LMA;
		env.system.cs.access = CS_LONG;
	} else if (mode % 3 == 1) {
		env.system.cs.access = BIG;
	}
	env.system.ss.access = mode & 4 ? BIG : 0;
	env.system.ds.base = (uint32_t)random64();
	env.system.fs.base = random64();
	env.system.gs.base = mode & 8 ? random64() : 0;
}

/* What the kernel found out, which it may be wrong about, as the guest can change its code. */
static void make_access(void)
{
	struct zx_vcpu_access *access = &env.page.access;

	fill(access, offsetof(struct zx_vcpu_access, inst));
	access->decoded = take(&env.input, 1) % 8 == 1;
	access->size = 1 << take(&env.input, 1) % 4;
	access->reg_size = 1 << take(&env.input, 1) % 4;
	access->reg = random64() % 16;
	access->write = random64() % 2;
	access->sign_extend = random64() % 2;
	access->high_byte = access->reg_size == 1 && random64() % 2;
}

/* Half of the time, prefixes and a map that chance would rarely put together. */
static unsigned int start_of(uint8_t *inst)
{
	static const uint8_t legacy[] = { 0, 0x66, 0xf2, 0xf3 };
	static const uint8_t maps[][3] = { { 0 }, { 0x0f }, { 0x0f, 0x38 }, { 0xc4, 0xe2, 0x7d } };
	uint8_t shape = take(&env.input, 1);
	unsigned int count = 0, i;

	if (!(shape & 0x80))
		return 0;
	if (shape & 3)
		inst[count++] = legacy[shape & 3];
	if (shape & 4)
		inst[count++] = 0x48;
	for (i = 0; i < 3 && maps[shape >> 4 & 3][i]; i++)
		inst[count++] = maps[shape >> 4 & 3][i];
	return count;
}

static void make_page(void)
{
	uint64_t *regs = (uint64_t *)&env.page.regs;
	uint8_t length = take(&env.input, 1);
	unsigned int i;

	memset(&env.page, 0, sizeof(env.page));
	for (i = 0; i < sizeof(env.page.regs) / 8; i++)
		regs[i] = random64() >> random64() % 64;
	env.page.regs.rflags = (random64() & ZX_VCPU_RFLAGS_USER) | 2;
	env.page.reason = ZX_VCPU_REASON_PACKET;
	env.page.packet.type = ZX_PKT_TYPE_GUEST_MEM;
	env.page.packet.mem.rip = random64() >> 17;
	env.page.packet.mem.addr = random64() >> 16;
	make_access();
	env.page.access.inst_len = length < 0xc0 ? 15 : length % 16;
	for (i = start_of(env.page.access.inst); i < 15; i++)
		env.page.access.inst[i] = take(&env.input, 1);
}

/* By the oracle's own words: what it is, and whether it may stop half way. */
static bool is_string(void)
{
	static const ZydisMachineMode modes[] = {
		ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_MACHINE_MODE_LEGACY_32,
		ZYDIS_MACHINE_MODE_LONG_64,
	};
	unsigned int mode = env.system.efer ? 2 : env.system.cs.access & BIG ? 1 : 0;
	ZydisDecodedInstruction insn;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, modes[mode], mode == 2 ? ZYDIS_STACK_WIDTH_64 :
						env.system.ss.access & BIG ? ZYDIS_STACK_WIDTH_32 :
									     ZYDIS_STACK_WIDTH_16);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, env.page.access.inst,
							env.page.access.inst_len, &insn)))
		return false;
	mnemonics[insn.mnemonic] |= 1 << mode;
	return insn.meta.category == ZYDIS_CATEGORY_STRINGOP;
}

static void check_end(zx_status_t status, const struct zx_vcpu_page *before)
{
	switch (status) {
	case ZX_OK:
	case ZX_ERR_NOT_SUPPORTED:
	case ZX_ERR_NOT_FOUND:
	case ZX_ERR_BAD_STATE:
		break;
	default:
		insist(false);
	}
	/* What the packet and the kernel said stays, and of registers what did not succeed. */
	insist(!memcmp(&before->packet, &env.page.packet, sizeof(before->packet)));
	insist(!memcmp(&before->access, &env.page.access, sizeof(before->access)));
	insist(env.interrupts <= 1);
	if (status != ZX_OK && !is_string())
		insist(!env.moves && !memcmp(&before->regs, &env.page.regs, sizeof(before->regs)));
	if (env.interrupts)
		insist(status == ZX_OK);
	/* What is not known is found out before a device hears of it. */
	if (status == ZX_ERR_NOT_SUPPORTED)
		insist(!env.served || env.refused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const zxl_assist_ops_t ops = { .read = device_read, .write = device_write };
	struct zx_vcpu_page before;
	zx_status_t status;

	memset(&env, 0, sizeof(env));
	env.input = (struct input) { data, size };
	env.random = 88172645463325252ull ^ take(&env.input, 2);
	make_system(take(&env.input, 1));
	make_page();
	before = env.page;
	status = zxl_vcpu_assist(VCPU, &ops, &env);
	check_end(status, &before);
	return 0;
}
