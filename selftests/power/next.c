// SPDX-License-Identifier: GPL-2.0-only
/* See next.h; Documentation/x86/boot.rst and zero-page.rst tell the layouts. */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/kexec.h>

#include "next.h"

#define PAGE		4096ul
#define LOAD_AT		0x4000000ul	/* 64 MiB */
#define LOW		0x100000ul
#define MEMORY_MAP	"/sys/firmware/memmap"

/* Offsets in boot_params, which begins as the file does. */
#define E820_COUNT	0x1e8
#define HEADER		0x1f1
#define HEADER_END	0x201
#define LOADER		0x210
#define RAMDISK		0x218
#define RAMDISK_SIZE	0x21c
#define COMMAND_LINE	0x228
#define INIT_SIZE	0x260
#define E820		0x2d0
#define E820_MAX	128
#define ENTRY_64	0x200
#define RAM		1

struct file {
	const unsigned char *data;
	size_t size;
};

struct area {
	uint64_t start, end;	/* its last byte */
};

static struct file map_file(const char *path)
{
	const int fd = open(path, O_RDONLY);
	struct file file;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	file.size = st.st_size;
	file.data = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file.data == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	return file;
}

static struct area crash_area(void)
{
	FILE *file = fopen("/proc/iomem", "r");
	unsigned long start, end;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, "Crash kernel") && sscanf(line, "%lx-%lx", &start, &end) == 2) {
			fclose(file);
			return (struct area){ start, end };
		}
	errx(1, "no memory is set aside");
}

static void add_memory(unsigned char *params, struct area area, uint32_t type)
{
	unsigned char *entry = params + E820 + 20 * params[E820_COUNT];
	const uint64_t size = area.end - area.start + 1;

	if (params[E820_COUNT] == E820_MAX)
		errx(1, "the memory map is too long");
	memcpy(entry, &area.start, 8);
	memcpy(entry + 8, &size, 8);
	memcpy(entry + 16, &type, 4);
	params[E820_COUNT]++;
}

static bool memory_word(unsigned int index, const char *name, char *text, size_t size)
{
	char path[64];
	FILE *file;
	bool done;

	snprintf(path, sizeof(path), MEMORY_MAP "/%u/%s", index, name);
	file = fopen(path, "r");
	if (!file)
		return false;
	done = fgets(text, size, file);
	fclose(file);
	return done;
}

/* As the firmware told it. After a crash all RAM but @only, and what is low, stays as it is. */
static void add_map(unsigned char *params, const struct area *only)
{
	char start[32], end[32], type[64];
	unsigned int i;

	for (i = 0; memory_word(i, "start", start, sizeof(start)) &&
	     memory_word(i, "end", end, sizeof(end)) &&
	     memory_word(i, "type", type, sizeof(type)); i++) {
		const struct area area = { strtoull(start, NULL, 0), strtoull(end, NULL, 0) };
		const bool ram = !strncmp(type, "System RAM", 10);

		if (!ram)
			add_memory(params, area, !strncmp(type, "ACPI Tables", 11) ? 3 : 2);
		else if (!only || area.end < LOW)
			add_memory(params, area, RAM);
	}
	if (only)
		add_memory(params, *only, RAM);
	if (!params[E820_COUNT])
		errx(1, "no memory map");
}

static void put32(unsigned char *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static size_t pages(size_t size)
{
	return (size + PAGE - 1) & -PAGE;
}

/* mov $params, %esi; mov $entry, %eax; jmp *%rax */
static void write_jump(unsigned char *code, uint32_t params, uint32_t entry)
{
	code[0] = 0xbe;
	put32(code + 1, params);
	code[5] = 0xb8;
	put32(code + 6, entry);
	code[10] = 0xff;
	code[11] = 0xe0;
}

/* The kernel's memory, then a page each for boot_params, command line and jump, the initramfs. */
void next_load(const char *kernel_path, const char *initrd_path, const char *line, bool crash)
{
	const struct file kernel = map_file(kernel_path), initrd = map_file(initrd_path);
	const struct area area = crash ? crash_area() : (struct area){ LOAD_AT, -1 };
	const size_t setup = (kernel.data[HEADER] + 1) * 512;
	const uint64_t at = (area.start + 0x1fffff) & -0x200000;
	const uint64_t extra = at + pages(get32(kernel.data + INIT_SIZE));
	unsigned char *page = calloc(3, PAGE);
	const struct kexec_segment segments[] = {
		{ kernel.data + setup, kernel.size - setup, (void *)at, extra - at },
		{ page, 3 * PAGE, (void *)extra, 3 * PAGE },
		{ initrd.data, initrd.size, (void *)(extra + 3 * PAGE), pages(initrd.size) },
	};

	memcpy(page + HEADER, kernel.data + HEADER, 0x202 + kernel.data[HEADER_END] - HEADER);
	page[LOADER] = 0xff;
	put32(page + RAMDISK, extra + 3 * PAGE);
	put32(page + RAMDISK_SIZE, initrd.size);
	put32(page + COMMAND_LINE, extra + PAGE);
	add_map(page, crash ? &area : NULL);
	snprintf((char *)page + PAGE, PAGE, "%s", line);
	write_jump(page + 2 * PAGE, extra, at + ENTRY_64);
	if (syscall(SYS_kexec_load, extra + 2 * PAGE, 3, segments,
		    KEXEC_ARCH_DEFAULT | (crash ? KEXEC_ON_CRASH : 0)))
		err(1, "kexec_load");
}
