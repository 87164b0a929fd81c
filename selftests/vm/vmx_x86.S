/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An expansion ROM that starts Linux from memory, for machine kind vmx.
 *
 * Bochs puts one file into guest memory, but that memory is made of blocks of 128 KiB, which it takes
 * from a pool in the order in which they are first touched, and it reads the whole file into the pool
 * at the place of the first one. So what follows in the file is in the blocks touched next: some by
 * the firmware, which get the padding that the file begins with. From then on they are touched here,
 * spare ones until the marker turns up, then those of the kernel and its data in ascending order.
 *
 * The firmware runs a video ROM when the machine's tables and CPUs are set up, and before anything
 * that takes time. The kernel is entered in 64-bit mode, where its decompressor would enter it.
 */

#include "vmx.h"

#define HERE		0xc0000
#define E820_MAX	128		/* Documentation/x86/zero-page.rst */
#define E820_COUNT	0x1e8
#define E820_TABLE	0x2d0
#define SMAP		0x534d4150
#define PANIC_PORT	0x400

	.code16
	.globl _start
_start:
	.byte 0x55, 0xaa, VMX_ROM_SIZE / 512
	cli
	xorl %eax, %eax
	movw %ax, %ds
	movw %ax, %es
	movw $VMX_E820, %di
	xorl %ebx, %ebx
1:	movl $0xe820, %eax		/* INT 15h: ES:DI gets the entry, EBX names the next */
	movl $SMAP, %edx
	movl $20, %ecx
	int $0x15
	jc 2f
	cmpl $SMAP, %eax
	jne 2f
	addw $20, %di
	cmpw $VMX_E820 + 20 * E820_MAX, %di
	jae 2f
	testl %ebx, %ebx
	jnz 1b
2:	cli
	lgdtl %cs:gdt_pointer - _start
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $0x08, $HERE + protected - _start

	.code32
protected:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movzwl %di, %ebp
	subl $VMX_E820, %ebp		/* length of the memory map */

	movl $VMX_LOAD + VMX_BLOCK, %ebx
1:	cmpl $VMX_MAGIC, (%ebx)
	je 2f
	addl $VMX_BLOCK, %ebx
	cmpl $VMX_KERNEL, %ebx
	jb 1b
	movw $PANIC_PORT, %dx
	outw %ax, %dx
	hlt

2:	movl $0, (%ebx)			/* a machine that resets comes here again, and shall end */
	movl 4(%ebx), %ecx		/* blocks */
	movl $VMX_KERNEL, %edi
1:	movl (%edi), %eax
	addl $VMX_BLOCK, %edi
	loop 1b

	movl 8(%ebx), %edx		/* boot_params */
	leal E820_TABLE(%edx), %edi
	movl $VMX_E820, %esi
	movl %ebp, %ecx
	rep movsb
	movl %ebp, %eax
	movb $20, %cl
	divb %cl
	movb %al, E820_COUNT(%edx)
	movl %edx, %esi
	movl 12(%ebx), %ebp		/* entry */

	/* The first 4 GiB onto themselves, in the rest of the marker's block, which was zero. */
	leal 0x2003(%ebx), %eax
	movl %eax, 0x1000(%ebx)
	xorl %eax, %eax
1:	movl %eax, %ecx
	shll $30, %ecx
	orl $0x83, %ecx
	movl %ecx, 0x2000(%ebx,%eax,8)
	incl %eax
	cmpl $4, %eax
	jb 1b
	leal 0x1000(%ebx), %eax
	movl %eax, %cr3
	movl $0x20, %eax		/* CR4.PAE */
	movl %eax, %cr4
	movl $0xc0000080, %ecx		/* EFER.LME */
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0
	ljmpl $0x18, $HERE + long_mode - _start

	.code64
long_mode:
	movl %ebp, %eax
	jmp *%rax

	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff	/* 0x08: code */
	.quad 0x00cf93000000ffff	/* 0x10: data */
	.quad 0x00af9b000000ffff	/* 0x18: 64-bit code */
gdt_pointer:
	.word . - gdt - 1
	.long HERE + gdt - _start
	.org VMX_ROM_SIZE
