// SPDX-License-Identifier: MIT
/*
 * Configuration mechanism #1 of a bus with nothing on it but its host
 * bridge, so that systems find PCI in order; and the reset port that PCs have
 * between the mechanism's two registers.
 */
#include "vmm.h"

#define RESET_CPU	0x04

#define ADDRESS		0		/* offsets from PCI_PORT */
#define DATA		4

#define ADDRESS_ENABLE	0x80000000u
#define ADDRESS_DEVICE	0x00ffff00u	/* bus, device, function: all 0 for the bridge */
#define ADDRESS_INDEX	0x000000fcu
#define ADDRESS_KEPT	(ADDRESS_ENABLE | ADDRESS_DEVICE | ADDRESS_INDEX)

/* Of the bridge: what Zircon's own VMM shows. */
#define BRIDGE_ID	0x29c08086u
#define BRIDGE_CLASS	0x06000000u

static uint32_t read_config(const struct pci *pci)
{
	if (!(pci->address & ADDRESS_ENABLE) || pci->address & ADDRESS_DEVICE)
		return UINT32_MAX;
	switch (pci->address & ADDRESS_INDEX) {
	case 0x00:
		return BRIDGE_ID;
	case 0x08:
		return BRIDGE_CLASS;
	default:
		return 0;
	}
}

static uint32_t pci_read(void *device, uint16_t offset, uint8_t size)
{
	const struct pci *pci = device;

	if (offset >= DATA)
		return read_config(pci) >> (offset - DATA) * 8;
	return size == 4 ? pci->address : UINT32_MAX;
}

static void pci_write(void *device, uint16_t offset, uint8_t size, uint32_t value)
{
	struct pci *pci = device;

	/* The address is 32 bits wide; a single byte there means the reset port. */
	if (offset == ADDRESS && size == 4)
		pci->address = value & ADDRESS_KEPT;
	if (offset == RESET_PORT - PCI_PORT && size == 1 && value & RESET_CPU)
		vmm_end(pci->vmm, VMM_RESET, "the guest reset the machine");
}

void pci_init(struct pci *pci, struct vmm *vmm)
{
	*pci = (struct pci) { .vmm = vmm };
}

const struct bus_ops pci_ops = {
	.read = pci_read,
	.write = pci_write,
};
