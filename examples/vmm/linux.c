// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux.h"
#include "vmm.h"

#define SECTOR			512
#define BOOT_FLAG		0xaa55
#define HEADER_MAGIC		0x53726448	/* "HdrS" */
#define VERSION_MIN		0x020c		/* the first with xloadflags */
#define DEFAULT_SETUP_SECTS	4
#define LOADER_UNKNOWN		0xff
#define ENTRY_64		0x200
#define HEADER_OFFSET		offsetof(struct boot_params, hdr)

enum { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3 };

static void file_open(struct boot_file *file, const char *path)
{
	struct stat status;

	file->path = path;
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &status) != 0)
		die(VMM_FILE, "%s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		die(VMM_FILE, "%s: not a regular file", path);
	file->size = status.st_size;
	if (file->size == 0)
		die(VMM_FORMAT, "%s: the file is empty", path);
}

static void file_read(const struct boot_file *file, uint64_t offset, void *buffer, uint64_t length)
{
	uint8_t *at = buffer;
	ssize_t count;

	while (length) {
		count = pread(file->fd, at, length, offset);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			die(VMM_FILE, "%s: %s", file->path, strerror(errno));
		if (count == 0)
			die(VMM_FILE, "%s: the file became shorter", file->path);
		at += count;
		offset += count;
		length -= count;
	}
}

static void read_header(struct boot_image *image)
{
	const struct boot_file *file = &image->kernel;
	struct setup_header *header = &image->header;

	if (file->size < HEADER_OFFSET + sizeof(*header))
		die(VMM_FORMAT, "%s: too short to be a bzImage", file->path);
	file_read(file, HEADER_OFFSET, header, sizeof(*header));
	if (header->boot_flag != BOOT_FLAG || header->header != HEADER_MAGIC)
		die(VMM_FORMAT, "%s: not a Linux bzImage", file->path);
	if (header->version < VERSION_MIN)
		die(VMM_FORMAT, "%s: boot protocol %u.%02u is too old, 2.12 is needed", file->path,
		    header->version >> 8, header->version & 0xff);
	if (!(header->loadflags & LOADED_HIGH) || !(header->xloadflags & XLF_KERNEL_64))
		die(VMM_FORMAT, "%s: the kernel has no 64-bit entry point", file->path);
}

static void find_payload(struct boot_image *image)
{
	const struct setup_header *header = &image->header;
	unsigned int sectors = header->setup_sects ? header->setup_sects : DEFAULT_SETUP_SECTS;
	uint64_t size = image->kernel.size;

	image->payload = (sectors + 1) * SECTOR;
	if (size <= image->payload + ENTRY_64)
		die(VMM_FORMAT, "%s: the file ends before the kernel starts", image->kernel.path);
	/* syssize counts in 16 bytes, rounded up. */
	if (header->syssize * 16ull > size - image->payload + 15)
		die(VMM_FORMAT, "%s: the file is cut short", image->kernel.path);
}

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) & -alignment;
}

static uint64_t megabytes(uint64_t bytes)
{
	return align_up(bytes, 1 << 20) >> 20;
}

static _Noreturn void too_little_memory(uint64_t have, uint64_t need)
{
	die(VMM_MEMORY, "%" PRIu64 "M of memory is too little: this kernel and initrd need at "
	    "least %" PRIu64 "M to start", have >> 20, megabytes(need));
}

/* It goes where it was linked for: nothing has to be moved, and it runs there anyway. */
static void place_kernel(struct boot_image *image)
{
	const struct setup_header *header = &image->header;
	uint64_t span = image->kernel.size - image->payload;

	if (span < header->init_size)
		span = header->init_size;
	image->kernel_base = header->pref_address;
	if (image->kernel_base < HIGH_RAM_BASE || image->kernel_base >= HOLE_BASE ||
	    image->kernel_base % PAGE_BYTES)
		die(VMM_FORMAT, "%s: it wants to be loaded at 0x%" PRIx64 ", where no memory is",
		    image->kernel.path, image->kernel_base);
	if (span > HOLE_BASE - image->kernel_base)
		die(VMM_FORMAT, "%s: it wants 0x%" PRIx64 " bytes of memory, more than there is "
		    "below 3 GiB", image->kernel.path, span);
	image->kernel_end = align_up(image->kernel_base + span, PAGE_BYTES);
}

/* As high as the kernel accepts it, so that it is out of the way. */
static void place_initrd(struct boot_image *image, uint64_t memory_size)
{
	uint64_t top = memory_below_4g(memory_size);
	uint64_t limit = (uint64_t)image->header.initrd_addr_max + 1;
	uint64_t length = align_up(image->initrd.size, PAGE_BYTES);

	if (image->kernel_end + length > top)
		too_little_memory(memory_size, image->kernel_end + length);
	if (image->kernel_end + length > limit)
		die(VMM_FORMAT, "%s: too large for this kernel", image->initrd.path);
	if (top > limit)
		top = limit;
	image->initrd_base = (top - length) & -PAGE_BYTES;
}

void linux_open(struct boot_image *image, const char *kernel, const char *initrd,
		const char *cmdline, uint64_t memory_size)
{
	size_t room = CMDLINE_END - CMDLINE_BASE - 1;

	memset(image, 0, sizeof(*image));
	image->cmdline = cmdline;
	file_open(&image->kernel, kernel);
	if (initrd)
		file_open(&image->initrd, initrd);
	read_header(image);
	find_payload(image);
	place_kernel(image);
	if (room > image->header.cmdline_size)
		room = image->header.cmdline_size;
	if (strlen(cmdline) > room)
		die(VMM_USAGE, "the command line is longer than the %zu bytes that this kernel "
		    "takes", room);
	if (image->kernel_end > memory_below_4g(memory_size))
		too_little_memory(memory_size,
				  image->kernel_end + align_up(image->initrd.size, PAGE_BYTES));
	if (initrd)
		place_initrd(image, memory_size);
}

static void add_e820(struct boot_params *params, uint64_t start, uint64_t end, uint32_t type)
{
	if (start < end)
		params->e820_table[params->e820_entries++] =
			(struct boot_e820_entry) { start, end - start, type };
}

static void describe_memory(struct boot_params *params, const struct memory *memory)
{
	uint64_t above = memory->size - memory->below_4g;

	add_e820(params, 0, LOW_RAM_END, E820_RAM);
	add_e820(params, LOW_RAM_END, ACPI_BASE, E820_RESERVED);
	add_e820(params, ACPI_BASE, ACPI_END, E820_ACPI);
	add_e820(params, HIGH_RAM_BASE, memory->below_4g, E820_RAM);
	add_e820(params, HOLE_END, HOLE_END + above, E820_RAM);
}

static void fill_params(struct boot_params *params, const struct boot_image *image)
{
	struct setup_header *header = &params->hdr;
	/* The header ends where its own jump instruction, at 0x200, goes to. */
	size_t length = 0x202 - HEADER_OFFSET + (image->header.jump >> 8);

	if (length > sizeof(*header))
		length = sizeof(*header);
	memcpy(header, &image->header, length);
	header->type_of_loader = LOADER_UNKNOWN;
	header->cmd_line_ptr = CMDLINE_BASE;
	header->ramdisk_image = image->initrd_base;
	header->ramdisk_size = image->initrd.size;
	header->setup_data = 0;
	header->code32_start = image->kernel_base;
}

uint64_t linux_load(const struct boot_image *image, const struct memory *memory, uint64_t rsdp)
{
	struct boot_params *params = memory_at(memory, BOOT_PARAMS_BASE, sizeof(*params));
	uint64_t length = image->kernel.size - image->payload;

	memset(params, 0, sizeof(*params));
	fill_params(params, image);
	params->acpi_rsdp_addr = rsdp;
	describe_memory(params, memory);
	strcpy(memory_at(memory, CMDLINE_BASE, CMDLINE_END - CMDLINE_BASE), image->cmdline);
	file_read(&image->kernel, image->payload, memory_at(memory, image->kernel_base, length),
		  length);
	file_read(&image->initrd, 0,
		  memory_at(memory, image->initrd_base, image->initrd.size), image->initrd.size);
	return image->kernel_base + ENTRY_64;
}
