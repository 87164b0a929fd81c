// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example VMM's way to a guest's memory: options, bzImage, initrd, command
 * line, ACPI tables. Files are of any size, with a header that is right at first
 * and then broken; whatever comes of it is an exit with one of vmm's statuses, or
 * a guest in whose memory everything is where it should be.
 */
#include <asm/bootparam.h>
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "acpi.h"
#include "fuzz.h"
#include "linux.h"
#include "no_kernel.h"
#include "options.h"
#include "vmm.h"

/* What is really read is smaller than this; sizes alone may be anything. */
#define LOADED_MAX	0x40000
#define HEADER_OFFSET	0x1f1
#define GUARD		0x1000000ull
#define CONTENT_MAX	4096

static struct {
	struct input input;
	jmp_buf exits;
	struct memory memory;
	int kernel, initrd;
	uint8_t content[CONTENT_MAX];
} env;

_Noreturn void die(enum vmm_exit code, const char *format, ...)
{
	char message[1024];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	insist(length > 0);
	insist(code > VMM_POWER_OFF && code <= VMM_RESET);
	longjmp(env.exits, code + 1);
}

/* Where options.c and linux.c would end the process or say something. */
_Noreturn void fuzz_exit(int status)
{
	insist(status == 0 || status == VMM_DIED || status == VMM_USAGE);
	longjmp(env.exits, status + 1);
}

int fuzz_fputs(const char *text, FILE *file)
{
	insist(file == stdout);
	return (int)strlen(text);
}

/* The RAM of the largest guest below the hole, between two guards. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t *base = mmap(NULL, HOLE_BASE + 2 * GUARD, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)argc;
	(void)argv;
	insist(base != MAP_FAILED);
	env.memory.base = base + GUARD;
	env.kernel = memfd_create("kernel", MFD_CLOEXEC);
	env.initrd = memfd_create("initrd", MFD_CLOEXEC);
	insist(env.kernel >= 0 && env.initrd >= 0);
	opterr = 0;
	return 0;
}

static void make_memory(uint64_t size)
{
	insist(!mprotect(env.memory.base, HOLE_BASE, PROT_NONE));
	env.memory.size = size;
	env.memory.below_4g = memory_below_4g(size);
	insist(!mprotect(env.memory.base, env.memory.below_4g, PROT_READ | PROT_WRITE));
}

/* A header that linux_open() likes, and then as many bytes of it changed as the input says. */
static void make_header(uint64_t *size)
{
	struct setup_header *header = (struct setup_header *)(env.content + HEADER_OFFSET);
	unsigned int changes = take(&env.input, 1) % 8, at;

	*header = (struct setup_header) {
		.setup_sects = 1, .boot_flag = 0xaa55, .jump = 0x66eb, .header = 0x53726448,
		.version = 0x020f, .loadflags = LOADED_HIGH, .xloadflags = XLF_KERNEL_64,
		.pref_address = HIGH_RAM_BASE, .init_size = 0x1000, .cmdline_size = 255,
		.initrd_addr_max = 0x7fffffff,
	};
	if (*size > 1024)
		header->syssize = (*size - 1024 + 15) / 16;
	header->init_size = take_number(&env.input);
	header->cmdline_size = take_number(&env.input);
	while (changes--) {
		at = take(&env.input, 1) % sizeof(*header);
		env.content[HEADER_OFFSET + at] = take(&env.input, 1);
	}
}

static void put_file(int fd, uint64_t size, uint8_t fill)
{
	uint64_t length = size < CONTENT_MAX ? size : CONTENT_MAX;

	memset(env.content + 1024, fill, CONTENT_MAX - 1024);
	insist(!ftruncate(fd, 0));
	insist(pwrite(fd, env.content, length, 0) == (ssize_t)length);
	insist(!ftruncate(fd, size));
}

static uint64_t take_size(void)
{
	uint8_t how = take(&env.input, 1);

	/* Some come near the smallest memory's. */
	if (how < 0xe0)
		return take(&env.input, how < 0xa0 ? 2 : 3);
	return take_number(&env.input) & ((1ull << 42) - 1);
}

/* Now and then one that is not there, or no file. */
static const char *path_of(int fd, char path[32])
{
	uint8_t how = take(&env.input, 1);

	if (how >= 0xfe)
		return how == 0xff ? "/proc/self" : "/proc/nothing";
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return path;
}

/* Of the page of the boot parameters the rest is zero, and of RAM all that nothing is in. */
static void check_params(const struct boot_image *image)
{
	const struct boot_params *params = (void *)(env.memory.base + BOOT_PARAMS_BASE);
	const struct boot_e820_entry *entry = params->e820_table;
	unsigned int i;

	insist(params->acpi_rsdp_addr == ACPI_BASE);
	insist(params->hdr.cmd_line_ptr == CMDLINE_BASE);
	insist(params->hdr.ramdisk_image == image->initrd_base);
	insist(params->hdr.ramdisk_size == image->initrd.size);
	insist(!params->hdr.setup_data);
	insist(params->e820_entries >= 3 && params->e820_entries <= 5);
	for (i = 0; i < params->e820_entries; i++) {
		insist(entry[i].size);
		insist(!i || entry[i].addr >= entry[i - 1].addr + entry[i - 1].size);
	}
}

static void check_places(const struct boot_image *image)
{
	uint64_t span = image->kernel.size - image->payload, top = env.memory.below_4g;

	insist(image->kernel_base >= HIGH_RAM_BASE);
	insist(image->kernel_base + span <= image->kernel_end && image->kernel_end <= top);
	insist(image->payload < image->kernel.size);
	if (!image->initrd.size)
		return;
	insist(image->initrd_base >= image->kernel_end && image->initrd_base % PAGE_BYTES == 0);
	insist(image->initrd_base + image->initrd.size <= top);
	insist(image->initrd_base + image->initrd.size - 1 <= image->header.initrd_addr_max);
}

static void check_file(int fd, uint64_t offset, uint64_t length, uint64_t address)
{
	static uint8_t bytes[LOADED_MAX];

	insist(pread(fd, bytes, length, offset) == (ssize_t)length);
	insist(!memcmp(bytes, env.memory.base + address, length));
}

static bool sums_to_zero(const uint8_t *bytes, uint32_t length)
{
	uint8_t sum = 0;

	while (length--)
		sum += *bytes++;
	return !sum;
}

static const uint8_t *check_table(uint64_t address, uint32_t *length)
{
	const uint8_t *table = env.memory.base + address;

	insist(address > ACPI_BASE && address < ACPI_END);
	memcpy(length, table + 4, sizeof(*length));
	insist(*length >= 36 && *length <= ACPI_END - address);
	insist(sums_to_zero(table, *length));
	return table;
}

/* The RSDP leads to the XSDT, and that to tables, all with their checksums. */
static void check_acpi(void)
{
	const uint8_t *rsdp = env.memory.base + ACPI_BASE, *xsdt;
	uint32_t at, length, inner;
	uint64_t address;

	insist(!memcmp(rsdp, "RSD PTR ", 8));
	insist(sums_to_zero(rsdp, 20) && sums_to_zero(rsdp, 36));
	memcpy(&address, rsdp + 24, sizeof(address));
	xsdt = check_table(address, &length);
	insist(length == 36 + 2 * 8);
	for (at = 36; at < length; at += 8) {
		memcpy(&address, xsdt + at, sizeof(address));
		check_table(address, &inner);
	}
}

static void load(const struct boot_image *image, unsigned int cpus)
{
	uint64_t span = image->kernel.size - image->payload, entry;

	memory_page_tables(&env.memory);
	memory_park(&env.memory);
	entry = linux_load(image, &env.memory, acpi_write(&env.memory, cpus));
	insist(entry == image->kernel_base + 0x200);
	insist(!strcmp((char *)env.memory.base + CMDLINE_BASE, image->cmdline));
	check_params(image);
	check_acpi();
	check_file(env.kernel, image->payload, span, image->kernel_base);
	check_file(env.initrd, 0, image->initrd.size, image->initrd_base);
}

/* Either all of it fits, or what is there is enough to see. */
static void boot(const char *cmdline, uint64_t size, unsigned int cpus, bool with_initrd)
{
	static struct boot_image image;
	char kernel[32], initrd[32];

	if (!setjmp(env.exits)) {
		make_memory(size);
		linux_open(&image, path_of(env.kernel, kernel),
			   with_initrd ? path_of(env.initrd, initrd) : NULL, cmdline, size);
		check_places(&image);
		/* Somebody has the file, and may change it. */
		if (take(&env.input, 1) == 0xff)
			insist(!ftruncate(env.kernel, take(&env.input, 2)));
		if (image.kernel.size < LOADED_MAX && image.initrd.size < LOADED_MAX)
			load(&image, cpus);
	}
	if (image.kernel.fd > 0)
		close(image.kernel.fd);
	if (image.initrd.fd > 0)
		close(image.initrd.fd);
	memset(&image, 0, sizeof(image));
	madvise(env.memory.base, HOLE_BASE, MADV_DONTNEED);
}

/* An argument: mostly one that there is. */
static char *take_argument(char *at, size_t room)
{
	static const char *const words[] = {
		"-k", "--kernel", "x", "-i", "--initrd=y", "-c", "-m", "--memory", "64M", "1024G",
		"4096", "5000k", "-n", "--cpus=4", "64", "--ipi", "packet", "kernel", "-r", "-s",
		"-h", "--", "18446744073709551615", "-1", "0", "9G", "4194304",
	};
	uint8_t which = take(&env.input, 1);
	size_t i;

	if (which < 0xc0) {
		strcpy(at, words[which % (sizeof(words) / sizeof(words[0]))]);
	} else {
		for (i = 0; i < which % 16u && i < room - 1; i++)
			at[i] = take(&env.input, 1);
		at[i] = '\0';
	}
	return at;
}

static void parse(void)
{
	static char text[9][64];
	static struct options options;
	char *argv[10] = { "vmm" };
	int argc;

	for (argc = 1; argc < 9 && env.input.left; argc++)
		argv[argc] = take_argument(text[argc], sizeof(text[argc]));
	argv[argc] = NULL;
	if (setjmp(env.exits))
		return;
	optind = 0;
	options_parse(&options, argc, argv);
	insist(options.kernel && options.cmdline);
	insist(options.memory >= MEMORY_MIN && options.memory <= MEMORY_MAX);
	insist(options.memory % PAGE_BYTES == 0);
	insist(options.cpus >= 1 && options.cpus <= VMM_CPUS_MAX);
}

static void load_files(void)
{
	static char cmdline[0x10002];
	uint64_t size = take_size(), initrd = take_size(), length = take_number(&env.input);
	uint64_t memory = MEMORY_MIN + take_number(&env.input) * PAGE_BYTES % MEMORY_MAX;
	uint8_t flags = take(&env.input, 1);

	make_header(&size);
	put_file(env.kernel, size, flags);
	put_file(env.initrd, initrd, ~flags);
	memset(cmdline, 'c', sizeof(cmdline) - 1);
	cmdline[length < sizeof(cmdline) ? length : sizeof(cmdline) - 1] = '\0';
	boot(cmdline, memory < MEMORY_MAX ? memory : MEMORY_MAX,
	     1 + take(&env.input, 1) % VMM_CPUS_MAX, flags & 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	env.input = (struct input) { data, size };
	if (take(&env.input, 1) % 8 == 1)
		parse();
	else
		load_files();
	return 0;
}
