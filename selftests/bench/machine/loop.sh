#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# loop.sh zx|kvm NAME: in the machine, the names of the kernel's functions, then an operation for ever.

echo "symbols begin"
grep -i ' [tw] ' /proc/kallsyms | gzip | base64
echo "symbols end"
BENCH_LOOPS=1000000000 exec sh "$(dirname "$0")/side.sh" "$@"
