// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests: an address space, the ids of its VCPUs, and a share in the CPU's
 * virtualization being on.
 */
#include <linux/slab.h>

#include "../hv/host.h"
#include "../x86/backend.h"
#include "guest.h"

/*
 * The last handle and the last VCPU are gone, so nothing runs in the guest and
 * nobody can set a trap. VMARs may still be asked to map: they find it dead.
 */
static void guest_destroy(struct zx_object *obj)
{
	struct zx_guest *guest = zx_guest_from(obj);

	zx_gpas_kill(guest->gpas);
	zx_host_put();
	kfree(guest);
}

static void guest_show(struct zx_object *obj, struct seq_file *m)
{
	struct zx_guest *guest = zx_guest_from(obj);

	seq_printf(m, "vcpus:\t%lu\ntables:\t%lu\n", hweight64(READ_ONCE(guest->ids)),
		   READ_ONCE(guest->gpas->npt.tables));
}

static const struct zx_object_ops guest_ops = {
	.name = "guest",
	.type = ZX_OBJ_TYPE_GUEST,
	.rights = ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | ZX_RIGHT_WRITE |
		  ZX_RIGHT_MANAGE_PROCESS | ZX_RIGHT_INSPECT,
	.destroy = guest_destroy,
	.show = guest_show,
};

static zx_status_t guest_alloc(struct zx_guest **out)
{
	struct zx_guest *guest = kzalloc(sizeof(*guest), GFP_KERNEL_ACCOUNT);

	if (!guest)
		return ZX_ERR_NO_MEMORY;
	if (zx_gpas_new(zx_backend->npt, &guest->gpas) != ZX_OK) {
		kfree(guest);
		return ZX_ERR_NO_MEMORY;
	}
	mutex_init(&guest->lock);
	zx_object_init(&guest->obj, &guest_ops);
	*out = guest;
	return ZX_OK;
}

zx_status_t zx_guest_new(struct zx_guest **guest, struct zx_vmar **vmar)
{
	zx_status_t status = zx_host_get();

	if (status != ZX_OK)
		return status;
	status = guest_alloc(guest);
	if (status != ZX_OK) {
		zx_host_put();
		return status;
	}
	status = zx_vmar_new((*guest)->gpas->root, vmar);
	if (status != ZX_OK)
		zx_object_put(&(*guest)->obj);
	return status;
}

zx_status_t zx_guest_id_get(struct zx_guest *guest, unsigned int *id)
{
	zx_status_t status = ZX_ERR_NO_RESOURCES;

	mutex_lock(&guest->lock);
	if (~guest->ids) {
		*id = __ffs64(~guest->ids);
		WRITE_ONCE(guest->ids, guest->ids | BIT_ULL(*id));
		status = ZX_OK;
	}
	mutex_unlock(&guest->lock);
	return status;
}

void zx_guest_id_put(struct zx_guest *guest, unsigned int id)
{
	mutex_lock(&guest->lock);
	WRITE_ONCE(guest->ids, guest->ids & ~BIT_ULL(id));
	mutex_unlock(&guest->lock);
}
