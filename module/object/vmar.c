// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMARs of a guest: handles to its physical address space, or to a range of it.
 */
#include <linux/slab.h>

#include "guest.h"

static void vmar_destroy(struct zx_object *obj)
{
	struct zx_vmar *vmar = zx_vmar_from(obj);
	struct zx_gpas *gpas = vmar->region->gpas;

	zx_region_put(vmar->region);
	zx_gpas_put(gpas);
	kfree(vmar);
}

static void vmar_show(struct zx_object *obj, struct seq_file *m)
{
	const struct zx_region *region = zx_vmar_from(obj)->region;

	seq_printf(m, "base:\t%#llx\nlen:\t%#llx\ndepth:\t%u\n", zx_region_base(region),
		   zx_region_size(region), region->depth);
}

static const struct zx_object_ops vmar_ops = {
	.name = "vmar",
	.type = ZX_OBJ_TYPE_VMAR,
	.rights = ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_INSPECT | ZX_RIGHT_READ |
		  ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE,
	.destroy = vmar_destroy,
	.show = vmar_show,
};

zx_status_t zx_vmar_new(struct zx_region *region, struct zx_vmar **out)
{
	struct zx_vmar *vmar = kzalloc(sizeof(*vmar), GFP_KERNEL_ACCOUNT);

	if (!vmar)
		return ZX_ERR_NO_MEMORY;
	zx_object_init(&vmar->obj, &vmar_ops);
	kref_get(&region->gpas->ref);
	kref_get(&region->ref);
	vmar->region = region;
	*out = vmar;
	return ZX_OK;
}

zx_status_t zx_vmar_info(struct zx_object *obj, struct zx_ioc_info_vmar *out)
{
	const struct zx_region *region = zx_vmar_from(obj)->region;

	out->base = zx_region_base(region);
	out->len = zx_region_size(region);
	return ZX_OK;
}
