#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The small examples say what they should, and what is wrong when they cannot. TAP.

examples=$(dirname "$(command -v vmm)")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tap.sh
. "$(dirname "$0")/tap.sh"

says() { # EXAMPLE: it succeeds with the lines of standard input, and no others
	"$examples/$1" </dev/null >"$work/out" 2>"$work/err"
	[ $? = 0 ] && cmp -s - "$work/out" && [ ! -s "$work/err" ]
	result "$1" $?
}

complains() { # EXAMPLE: one line on standard error, status 1
	"$examples/$1" </dev/null >"$work/out" 2>"$work/err"
	[ $? = 1 ] && [ "$(wc -l <"$work/err")" = 1 ] && grep -q NOT_FOUND "$work/err" &&
		[ ! -s "$work/out" ]
	result "$1 without a device" $?
}

echo TAP version 13
echo 1..10

says hello <<EOF
Hello from a guest!
EOF

says mem <<EOF
store of 4 bytes at +0: 1234
load of 1 bytes at +8: answering 42
store of 2 bytes at +16: 42
EOF

says execute <<EOF
load at +0: 1
store at +0: 129
store at +16: 42
store at +20: 42
EOF

says bell <<EOF
bell with key 7 rang at +12
bell with key 7 rang at +8
bell with key 7 rang at +4
the guest is done: port 0x80
EOF

says share <<EOF
bell at +12, where the guest left 3
bell at +8, where the guest left 2
bell at +4, where the guest left 1
the guest is done: port 0x80
EOF

mv /dev/zx_hypervisor /dev/zx_hypervisor.away
complains hello
complains mem
complains execute
complains bell
complains share
mv /dev/zx_hypervisor.away /dev/zx_hypervisor

[ $failed = 0 ]
