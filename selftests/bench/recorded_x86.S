/* SPDX-License-Identifier: GPL-2.0-only */
/* What operations cost when that was last written down, for "bench --check". */
	.section .rodata
	.globl	recorded_start, recorded_end
recorded_start:
	.incbin	"bench/recorded"
recorded_end:
	.byte	0

	.section .note.GNU-stack, "", @progbits
