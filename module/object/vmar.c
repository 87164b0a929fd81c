// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMAR of a guest: a handle to its physical address space.
 */
#include <linux/slab.h>

#include "guest.h"

static void vmar_destroy(struct zx_object *obj)
{
	struct zx_vmar *vmar = zx_vmar_from(obj);

	zx_gpas_put(vmar->gpas);
	kfree(vmar);
}

static void vmar_show(struct zx_object *obj, struct seq_file *m)
{
	seq_printf(m, "base:\t0\nlen:\t%#llx\n", 1ull << ZX_GPA_BITS);
}

static const struct zx_object_ops vmar_ops = {
	.name = "vmar",
	.type = ZX_OBJ_TYPE_VMAR,
	.rights = ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_INSPECT | ZX_RIGHT_READ |
		  ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE,
	.destroy = vmar_destroy,
	.show = vmar_show,
};

zx_status_t zx_vmar_new(struct zx_gpas *gpas, struct zx_vmar **out)
{
	struct zx_vmar *vmar = kzalloc(sizeof(*vmar), GFP_KERNEL_ACCOUNT);

	if (!vmar)
		return ZX_ERR_NO_MEMORY;
	zx_object_init(&vmar->obj, &vmar_ops);
	kref_get(&gpas->ref);
	vmar->gpas = gpas;
	*out = vmar;
	return ZX_OK;
}

zx_status_t zx_vmar_info(struct zx_object *obj, struct zx_ioc_info_vmar *out)
{
	out->base = 0;
	out->len = 1ull << ZX_GPA_BITS;
	return ZX_OK;
}
