#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# linux.sh: in the machine, from starting the VMM to the user space of Linux in its guest, in hundredths of a
# second, and what made it exit until it switched itself off. KVM's time is kvmtool's, which Debian does not have:
# the same kernel, told no more than to be quiet, and memory, measured once.

kvmtool=187

now() {
	tr -d . </proc/uptime | cut -d' ' -f1
}

boot() { # [OPTION OF vmm]...: $took, and what --stats tells in /tmp/stats
	began=$(now)
	vmm --kernel "$ZX_GUEST_KERNEL" --initrd "$ZX_GUEST_INITRD" --memory 256M --stats "$@" 2>/tmp/stats |
		while read -r line; do
			case $line in
			guest:*) now >/tmp/there ;;
			esac
		done
	took=$(($(cat /tmp/there) - began))
}

told() { # WHAT
	echo "$1: $took hundredths of a second, with KVM and kvmtool $kvmtool: $((took * 100 / kvmtool)) % (aimed at: 70 %)."
	echo
}

boot --cmdline "console=ttyS0 quiet panic=-1"
told "From starting the VMM to the guest's user space, the kernel told to be quiet"
boot
told "With the VMM's own, by which the guest does not test its ciphers"
sed -n 's/^vmm: /    /p' /tmp/stats
