// SPDX-License-Identifier: GPL-2.0-only
/*
 * A resource is a licence to do something, and does nothing itself. Which
 * parent may give which licence is the call's question (syscall/resource.c).
 */
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "object.h"

#define RSRC_KIND(options)	((options) & 0xffff)
#define RSRC_FLAGS(options)	((options) & ~0xffffu)

static void resource_destroy(struct zx_object *obj)
{
	kfree(container_of(obj, struct zx_resource, obj));
}

static void resource_show(struct zx_object *obj, struct seq_file *m)
{
	struct zx_resource *rsrc = container_of(obj, struct zx_resource, obj);

	seq_printf(m, "kind:\t%#x\nflags:\t%#x\nbase:\t%#llx\nlen:\t%#llx\nname:\t%*pE\n",
		   rsrc->kind, rsrc->flags, rsrc->base, rsrc->len,
		   (int)strlen(rsrc->name), rsrc->name);
}

static const struct zx_object_ops resource_ops = {
	.name		= "resource",
	.type		= ZX_OBJ_TYPE_RESOURCE,
	.rights		= ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_WRITE |
			  ZX_RIGHT_INSPECT,
	.destroy	= resource_destroy,
	.show		= resource_show,
};

/* Only the SYSTEM kind has a range. */
static bool range_valid(u32 kind, u64 base, u64 len)
{
	u64 end;

	switch (kind) {
	case ZX_RSRC_KIND_HYPERVISOR:
	case ZX_RSRC_KIND_VMEX:
		return !base && !len;
	case ZX_RSRC_KIND_SYSTEM:
		return len && !check_add_overflow(base, len, &end);
	default:
		return false;
	}
}

zx_status_t zx_resource_new(u32 options, u64 base, u64 len, const char *name,
			    struct zx_resource **out)
{
	struct zx_resource *rsrc;

	if (RSRC_FLAGS(options) & ~ZX_RSRC_FLAG_EXCLUSIVE ||
	    !range_valid(RSRC_KIND(options), base, len))
		return ZX_ERR_INVALID_ARGS;
	rsrc = kzalloc(sizeof(*rsrc), GFP_KERNEL_ACCOUNT);
	if (!rsrc)
		return ZX_ERR_NO_MEMORY;
	zx_object_init(&rsrc->obj, &resource_ops);
	rsrc->kind = RSRC_KIND(options);
	rsrc->flags = RSRC_FLAGS(options);
	rsrc->base = base;
	rsrc->len = len;
	strscpy(rsrc->name, name, sizeof(rsrc->name));
	*out = rsrc;
	return ZX_OK;
}

bool zx_resource_covers(const struct zx_resource *rsrc, u32 kind)
{
	u64 base = kind == ZX_RSRC_KIND_VMEX ? ZX_RSRC_SYSTEM_VMEX_BASE :
					       ZX_RSRC_SYSTEM_HYPERVISOR_BASE;

	if (rsrc->kind != ZX_RSRC_KIND_SYSTEM)
		return rsrc->kind == kind;
	return base >= rsrc->base && base - rsrc->base < rsrc->len;
}

void zx_resource_info(struct zx_object *obj, struct zx_ioc_info_resource *out)
{
	const struct zx_resource *rsrc = container_of(obj, struct zx_resource, obj);

	out->kind = rsrc->kind;
	out->flags = rsrc->flags;
	out->base = rsrc->base;
	out->size = rsrc->len;
	memcpy(out->name, rsrc->name, sizeof(out->name));
}
