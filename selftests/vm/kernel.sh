# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Kernels and kernel sources, taken from Debian's packages, kept unpacked in the cache and never installed.
# For run, and on the command line through fetch.

# shellcheck source=../deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/../deps.sh"

cache=${ZX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/zx_hypervisor}

# shellcheck source=debug.sh
. "$(dirname "${BASH_SOURCE[0]}")/debug.sh"

headers_dir() {
	if is_debug "$1"; then
		echo "$cache/linux-$1/build"
	else
		echo "/usr/src/linux-headers-$1"
	fi
}

series_of() {
	echo "$1" | grep -oE '^[0-9]+\.[0-9]+'
}

matches() { # RELEASE VERSION
	[[ $1 == "$2" ]] || { ! is_debug "$1" && [[ -z $2 || $(series_of "$1") == "$2" ]]; }
}

# What this Debian's linux-image-cloud-amd64 leads to, without asking apt, which takes its time.
default_series() {
	case $(. /etc/os-release && echo "$VERSION_ID") in
	12) echo 6.1 ;;
	13) echo 6.12 ;;
	*) series_of "$(kernel_candidate '')" ;;
	esac
}

# The newest release that needs no network: unpacked here, with its headers installed where they are wanted.
kernel_present() { # VERSION WITH_HEADERS
	local dir release
	for dir in "$cache"/linux-*/; do
		[[ -e $dir/vmlinuz ]] || continue
		release=$(basename "$dir")
		release=${release#linux-}
		matches "$release" "$1" || continue
		[[ -z $2 || -e $(headers_dir "$release")/Makefile ]] && echo "$release"
	done | sort -V | tail -n 1 | grep .
}

kernel_candidate() { # VERSION
	case $1 in
	'')
		apt-cache depends linux-image-cloud-amd64 2>/dev/null |
			sed -n 's/.*Depends: linux-image-\([0-9].*\)/\1/p' ;;
	*-amd64)
		apt-cache --names-only search "^linux-image-${1//./\\.}\$" | sed 's/^linux-image-//;s/ .*//' ;;
	*)
		apt-cache --names-only search "^linux-image-${1//./\\.}[.+].*-cloud-amd64\$" |
			sed 's/^linux-image-//;s/ .*//' ;;
	esac | sort -V | tail -n 1 | grep .
}

# Cached folders appear whole or not at all, so that two runs may fill the cache at the same time.
publish() { # TEMPORARY FINAL
	chmod 755 "$1"
	mv -T "$1" "$2" 2>/dev/null || rm -rf "$1"
	[[ -d $2 ]]
}

kernel_download() { # RELEASE
	local deb tmp
	[[ -e $cache/linux-$1/vmlinuz ]] && return 0
	mkdir -p "$cache" && tmp=$(mktemp -d "$cache/new.XXXXXX") || return 1
	if ! deb=$(download_package "linux-image-$1" "$tmp") || ! dpkg-deb -x "$deb" "$tmp/root"; then
		rm -rf "$tmp"
		return 1
	fi
	mkdir "$tmp/final"
	mv "$tmp"/root/boot/vmlinuz-* "$tmp/final/vmlinuz" &&
		mv "$tmp"/root/boot/config-* "$tmp/final/config" &&
		mv "$(find "$tmp/root" -path '*lib/modules' -type d)/$1" "$tmp/final/modules" &&
		publish "$tmp/final" "$cache/linux-$1"
	local status=$?
	rm -rf "$tmp"
	return $status
}

# Some series' headers depend on the kernel itself, which has no business on this machine.
headers_get() { # RELEASE
	[[ -e $(headers_dir "$1")/Makefile ]] && return 0
	if apt-get -s --no-install-recommends install "linux-headers-$1" 2>/dev/null | grep -q '^Inst linux-image'; then
		die "linux-headers-$1 would install that kernel on this machine: not done"
	fi
	ensure_packages "linux-headers-$1"
}

kernel_get() { # RELEASE WITH_HEADERS
	[[ -n $1 ]] || return 1
	[[ -z $2 ]] || headers_get "$1" || return 1
	kernel_download "$1"
}

# Prints the release to use; VERSION "debug" or "kcsan" is a checking kernel. An index older than the archive names kernels that are gone: update once and look again.
kernel_choose() { # VERSION WITH_HEADERS
	local release version=${1:-$(default_series)}
	if is_debug_kind "$1"; then
		debug_choose "$1"
		return
	fi
	kernel_present "$version" "$2" && return 0
	require_debian
	release=$(kernel_candidate "$1")
	if ! kernel_get "$release" "$2"; then
		update_lists
		release=$(kernel_candidate "$1")
		kernel_get "$release" "$2" || die "no Debian cloud kernel ${1:-of any version} to be had"
	fi
	echo "$release"
}

unpack_source() { # DEB PACKAGE DIR
	local top=$2
	dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$top.tar.xz" |
		tar -xJ -C "$3" --strip-components=1 "$top/scripts/checkpatch.pl" "$top/scripts/spelling.txt" \
			"$top/scripts/const_structs.checkpatch" "$top/tools/testing/selftests/kselftest.h" \
			"$top/tools/testing/selftests/kselftest_harness.h" \
			"$top/tools/testing/selftests/run_kselftest.sh" "$top/tools/testing/selftests/kselftest"
}

# Prints the folder of what the tests and the style check take from the kernel's source.
source_get() { # RELEASE
	local deb tmp package final
	package=linux-source-$(series_of "$1")
	final=$cache/${package#linux-}
	[[ -d $final ]] && echo "$final" && return 0
	ensure_packages xz-utils || die "could not install xz-utils"
	mkdir -p "$cache" && tmp=$(mktemp -d "$cache/new.XXXXXX") || die "cannot write to $cache"
	mkdir "$tmp/final"
	deb=$(download_package "$package" "$tmp") || { update_lists && deb=$(download_package "$package" "$tmp"); }
	(set -o pipefail; unpack_source "$deb" "$package" "$tmp/final") && publish "$tmp/final" "$final"
	rm -rf "$tmp"
	[[ -d $final ]] || die "could not get $package"
	echo "$final"
}
