/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What vmx_x86.S and vmx-image agree about. The file that Bochs loads at VMX_LOAD is VMX_PADDING
 * blocks of zeros, a block with the marker (magic, number of the blocks that follow, address of
 * boot_params, entry point), and these blocks, which come to be at VMX_KERNEL.
 */

#define VMX_BLOCK	0x20000
#define VMX_LOAD	0x00400000
#define VMX_PADDING	32
#define VMX_KERNEL	0x01000000
#define VMX_MAGIC	0x52585a7a
#define VMX_E820	0x7000
#define VMX_ROM_SIZE	1024
