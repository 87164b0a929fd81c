// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remembers which blocks of zx_hypervisor have run: what -fsanitize-coverage=trace-pc calls at the
 * start of each, for kernels that have no KCOV. Unlike that it counts all contexts: timers, calls
 * from other CPUs, moments with half of the host's state switched, loading and unloading. So it
 * only stores a byte, with no lock, no per-CPU data and nothing that could fault.
 * /sys/kernel/debug/zx_cover has the blocks as offsets, the same after another loading.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#define BYTES_MAX (1 << 20)

struct text {
	const char *name;
	unsigned long base;
	unsigned long size;
	u8 ran[BYTES_MAX];
};

static struct text core = { .name = "core" };
static struct text init = { .name = "init" };

static __always_inline void mark(struct text *text, unsigned long address)
{
	unsigned long offset = address - text->base;

	if (offset < text->size && !text->ran[offset])
		WRITE_ONCE(text->ran[offset], 1);
}

/* A leaf without arrays: no stack protector, whose value is per CPU. */
void __sanitizer_cov_trace_pc(void);
void notrace __sanitizer_cov_trace_pc(void)
{
	unsigned long address = _RET_IP_;

	mark(&core, address);
	mark(&init, address);
}
EXPORT_SYMBOL_GPL(__sanitizer_cov_trace_pc);

static void place(struct text *text, const void *base, unsigned long size)
{
	text->base = (unsigned long)base;
	text->size = min_t(unsigned long, size, BYTES_MAX);
}

static int module_event(struct notifier_block *block, unsigned long event, void *data)
{
	const struct module *module = data;

	if (event != MODULE_STATE_COMING || strcmp(module->name, "zx_hypervisor"))
		return NOTIFY_DONE;
#ifdef HAVE_MODULE_MEMORY
	place(&core, module->mem[MOD_TEXT].base, module->mem[MOD_TEXT].size);
	place(&init, module->mem[MOD_INIT_TEXT].base, module->mem[MOD_INIT_TEXT].size);
#else
	place(&core, module->core_layout.base, module->core_layout.text_size);
	place(&init, module->init_layout.base, module->init_layout.text_size);
#endif
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = module_event };
static struct dentry *file;

static void show(struct seq_file *out, const struct text *text)
{
	unsigned long offset;

	seq_printf(out, "%s %lx\n", text->name, text->base);
	for (offset = 0; offset < BYTES_MAX; offset++)
		if (text->ran[offset])
			seq_printf(out, "%lx\n", offset);
}

static int cover_show(struct seq_file *out, void *unused)
{
	show(out, &core);
	show(out, &init);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cover);

static int __init cover_init(void)
{
	file = debugfs_create_file("zx_cover", 0400, NULL, NULL, &cover_fops);
	return register_module_notifier(&notifier);
}

static void __exit cover_exit(void)
{
	unregister_module_notifier(&notifier);
	debugfs_remove(file);
}

module_init(cover_init);
module_exit(cover_exit);

MODULE_DESCRIPTION("Blocks of zx_hypervisor that have run");
MODULE_LICENSE("GPL");
