#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# registers.sh [OPTION OF vm/run]...: fuzz_guest in a machine whose kernel shows it the host's system registers.
# SOAK_SECONDS and SOAK_SEED go with it.

here=$(cd "$(dirname "$0")" && pwd)
vm=$(cd "$here/../vm" && pwd)

build() { # DIR [OPTION OF vm/run]...
	local dir=$1 kernel=()
	while (($# > 1)); do
		shift
		[[ $1 != --kernel ]] || kernel=(--kernel "$2")
	done
	mkdir "$dir/registers" && cp "$here/registers.c" "$dir/" && echo 'obj-m := registers.o' >"$dir/Kbuild" &&
		MAKEFLAGS='' make -s -C "$("$vm/fetch" "${kernel[@]}" headers)" M="$dir" CONFIG_DEBUG_INFO_BTF_MODULES= modules >&2 &&
		mv "$dir/registers.ko" "$dir/registers/"
}

dir=$(mktemp -d) || exit
trap 'rm -rf "$dir"' EXIT
build "$dir" "$@" || { echo "not ok 1 registers.ko can be built"; exit 1; }
"$vm/run" --timeout 400 "$@" --share "$dir/registers" -- sh -c "
	insmod /share/registers/registers.ko || exit
	SOAK_SECONDS=${SOAK_SECONDS:-15} SOAK_SEED=${SOAK_SEED:-1} FUZZ_REGISTERS=1 fuzz_guest"
