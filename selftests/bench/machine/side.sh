#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# side.sh zx|kvm [ARGUMENT]...: in the machine, the bench of one side; first which machine it is.

side=$1
shift
vendor=$(grep -q AuthenticAMD /proc/cpuinfo && echo AMD || echo Intel)
echo "# $vendor Linux $(uname -r)"
if [ "$side" = kvm ]; then
	list=/zx/kvm/kvm_$(echo "$vendor" | tr A-Z a-z).list
	while read -r name; do
		insmod "/zx/kvm/$name.ko" || exit
	done <"$list" || exit
fi
exec "${side}bench" "$@"
