// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zxl/hypervisor.h>

#include "memory.h"
#include "options.h"
#include "vmm.h"

/* The guest need not test its ciphers at each boot: that is half of the time it takes. */
#define DEFAULT_CMDLINE	"console=ttyS0 quiet panic=-1 cryptomgr.notests"
#define DEFAULT_MEMORY	(256ull << 20)

static const char help[] =
"Usage: vmm --kernel BZIMAGE [OPTION]...\n"
"Boot a Linux kernel in a guest of the zx_hypervisor module.\n"
"\n"
"  -k, --kernel FILE    the kernel: a bzImage with a 64-bit entry point\n"
"  -i, --initrd FILE    an initial ramdisk (default: none)\n"
"  -c, --cmdline TEXT   the kernel's command line\n"
"                       (default: \"" DEFAULT_CMDLINE "\")\n"
"  -m, --memory SIZE    the guest's memory, with k, M or G (default: 256M);\n"
"                       a bare number counts bytes\n"
"  -n, --cpus N         the guest's CPUs, 1 to 64 (default: 1)\n"
"  -p, --ipi WHO        who delivers what the CPUs send each other: kernel (default),\n"
"                       or packet: vmm, as Zircon's VMM does\n"
"  -r, --no-reboot      end when the guest resets itself; otherwise it starts again\n"
"  -s, --stats          when it is over, tell how many packets of which type came,\n"
"                       how long it took and what made guests of this host\n"
"                       exit meanwhile, on standard error\n"
"  -h, --help           show this and exit\n"
"\n"
"The guest's first serial port is on standard input and output. A terminal is put\n"
"into raw mode, so that Ctrl-C and the like go to the guest:\n"
"\n"
"  Ctrl-A x             quit\n"
"  Ctrl-A Ctrl-A        send one Ctrl-A\n"
"\n"
"Exit status:\n"
"  0  the guest switched itself off, or Ctrl-A x was typed\n"
"  1  the guest died, or the host failed it; the message says how\n"
"  2  the command line is wrong\n"
"  3  a file is missing or cannot be read\n"
"  4  a file has the wrong format\n"
"  5  the memory is too little for the kernel and the initrd\n"
"  6  there is no /dev/zx_hypervisor: the module is not loaded\n"
"  7  no permission to open /dev/zx_hypervisor\n"
"  8  this machine cannot run guests; the kernel log says why\n"
"  9  the guest reset itself, and --no-reboot was given or it does nothing else\n"
"A signal that ends vmm (SIGINT, SIGTERM, ...) does so after the terminal is restored.\n";

static _Noreturn void show_help(void)
{
	fputs(help, stdout);
	exit(fflush(stdout) == 0 ? 0 : VMM_DIED);
}

static unsigned int suffix_shift(const char *text, const char *suffix)
{
	static const char letters[] = "kmg";
	const char *found;

	if (*suffix == '\0')
		return 0;
	found = strchr(letters, tolower((unsigned char)*suffix));
	if (!found || suffix[1] != '\0')
		die(VMM_USAGE, "'%s' is no size of memory: its unit is none of k, M and G", text);
	return 10 * (found - letters + 1);
}

static uint64_t parse_size(const char *text)
{
	unsigned long long number;
	unsigned int shift;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text))
		die(VMM_USAGE, "'%s' is no size of memory", text);
	shift = suffix_shift(text, end);
	if (errno || number > MEMORY_MAX >> shift)
		die(VMM_USAGE, "%s of memory is more than the 1024G that a guest can have", text);
	number <<= shift;
	if (number % PAGE_BYTES)
		die(VMM_USAGE, "%s of memory is not a multiple of 4k", text);
	if (number < MEMORY_MIN)
		die(VMM_MEMORY, "%s of memory is too little: no guest starts with less than 4M",
		    text);
	return number;
}

static unsigned int parse_cpus(const char *text)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '\0')
		die(VMM_USAGE, "'%s' is no number of CPUs", text);
	if (errno || number < 1 || number > VMM_CPUS_MAX)
		die(VMM_USAGE, "%s CPUs: a guest has 1 to %u", text, VMM_CPUS_MAX);
	return number;
}

static uint32_t parse_ipi(const char *text)
{
	if (!strcmp(text, "kernel"))
		return ZXL_IPI_KERNEL;
	if (strcmp(text, "packet"))
		die(VMM_USAGE, "'%s' delivers no IPIs: it is either kernel or packet", text);
	return ZXL_IPI_PACKET;
}

static void check(const struct options *options, int argc, char **argv)
{
	if (optind < argc)
		die(VMM_USAGE, "'%s' is one argument too many (see --help)", argv[optind]);
	if (!options->kernel)
		die(VMM_USAGE, "which kernel? Name one with --kernel (see --help)");
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "cmdline", required_argument, NULL, 'c' },
		{ "memory", required_argument, NULL, 'm' },
		{ "cpus", required_argument, NULL, 'n' },
		{ "ipi", required_argument, NULL, 'p' },
		{ "no-reboot", no_argument, NULL, 'r' },
		{ "stats", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*options = (struct options) {
		.cmdline = DEFAULT_CMDLINE, .memory = DEFAULT_MEMORY, .cpus = 1,
		.ipi_mode = ZXL_IPI_KERNEL, .reboot = true,
	};
	while ((option = getopt_long(argc, argv, "k:i:c:m:n:p:rsh", names, NULL)) != -1) {
		switch (option) {
		case 'k':
			options->kernel = optarg;
			break;
		case 'i':
			options->initrd = optarg;
			break;
		case 'c':
			options->cmdline = optarg;
			break;
		case 'm':
			options->memory = parse_size(optarg);
			break;
		case 'n':
			options->cpus = parse_cpus(optarg);
			break;
		case 'p':
			options->ipi_mode = parse_ipi(optarg);
			break;
		case 'r':
			options->reboot = false;
			break;
		case 's':
			options->stats = true;
			break;
		case 'h':
			show_help();
		default:
			/* getopt_long has said what is wrong. */
			exit(VMM_USAGE);
		}
	}
	check(options, argc, argv);
}
