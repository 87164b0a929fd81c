# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# The checking kernel: built from Debian's linux-source with debug.config, kept in the cache like the kernels of
# Debian's packages. For kernel.sh.

debug_files=$(dirname "${BASH_SOURCE[0]}")

is_debug() { # RELEASE
	[[ $1 == *-zx-debug-* ]]
}

# The emulator is slow enough for a lock-up of 20 seconds to be none. While Linux 6.1 identifies its first CPU it forgets
# for a moment that page tables have five levels, and KASAN takes what an interrupt touches then for a wild address.
debug_cmdline() { # RELEASE
	! is_debug "$1" || echo watchdog_thresh=30 no5lvl
}

# What makes two builds of one source differ.
debug_key() {
	{ cat "$debug_files/debug.config" && gcc --version | head -n 1; } | sha256sum | head -c 8
}

debug_present() {
	local dir
	for dir in "$cache/linux-$(default_series)".*-zx-debug-"$(debug_key)"; do
		[[ ! -e $dir/vmlinuz ]] || echo "${dir##*/linux-}"
	done | sort -V | tail -n 1 | grep .
}

in_tree() { # TREE TARGET-OR-VARIABLE...: make, with nothing that a make around it has set
	local dir=$1
	shift
	nice env -i PATH="$PATH" LC_ALL=C make -s -j "$(nproc)" -C "$dir" "$@"
}

# An option that did not take (its name is new, what it needs is not there) is a check that never fires.
config_took() { # CONFIG
	local line option other status=0
	while read -r line; do
		[[ $line == CONFIG_*=* ]] || continue
		option=${line%%=*}
		other=CONFIG_MITIGATION_${option#CONFIG_}
		[[ $option != CONFIG_MITIGATION_* ]] || other=CONFIG_${option#CONFIG_MITIGATION_}
		case $line in
		*=n) ! grep -q "^$option=" "$1" && continue ;;
		*) grep -qx -e "$line" -e "$other=y" "$1" && continue ;;
		esac
		echo "debug.config: $line did not take"
		status=1
	done <"$debug_files/debug.config"
	return $status
}

debug_configure() { # TREE PACKAGE-VERSION
	local revision=${2##*-}
	{
		cat "$debug_files/debug.config"
		echo "CONFIG_LOCALVERSION=\"-${revision//[^A-Za-z0-9.]/.}-zx-debug-$(debug_key)\""
	} >"$1/zx.config"
	in_tree "$1" KCONFIG_ALLCONFIG=zx.config allnoconfig && config_took "$1/.config"
}

# What modules are built with, and no more: a tenth of the tree.
debug_headers() { # TREE DIR
	mkdir -p "$2" &&
		(cd "$1" && cp -a --parents .config Makefile Module.symvers include arch/x86/include \
			arch/x86/Makefile* scripts tools/objtool/objtool "$2/")
}

debug_make() { # DEB VERSION DIR: leaves what the cache gets in DIR/final
	local series
	series=$(series_of "$2")
	mkdir "$3/tree" "$3/final" &&
		dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/linux-source-$series.tar.xz" |
		tar -xJ -C "$3/tree" --strip-components=1 &&
		debug_configure "$3/tree" "$2" &&
		in_tree "$3/tree" bzImage modules &&
		cp "$3/tree/arch/x86/boot/bzImage" "$3/final/vmlinuz" &&
		cp "$3/tree/.config" "$3/final/config" &&
		cp "$3/tree/System.map" "$3/final/" &&
		debug_headers "$3/tree" "$3/final/build"
}

# In a subshell of its own, so that what is half done goes away with it; what was killed half way, with the next.
debug_build() (
	package=linux-source-$(default_series)
	# shellcheck disable=SC2046
	ensure_packages $(packages_for kernel) || die "could not install what building a kernel takes"
	tmp=$cache/debug.build
	trap 'rm -rf "$tmp"' EXIT
	rm -rf "$tmp" && mkdir "$tmp" || die "cannot write to $cache"
	deb=$(download_package "$package" "$tmp") || { update_lists && deb=$(download_package "$package" "$tmp"); } ||
		die "could not get $package"
	version=$(dpkg-deb -f "$deb" Version)
	echo "Building the checking kernel from $package $version (about 8 minutes with 2 CPUs)" >&2
	if ! (set -o pipefail; debug_make "$deb" "$version" "$tmp") >"$tmp/log" 2>&1; then
		tail -n 40 "$tmp/log" >&2
		die "the checking kernel could not be built"
	fi
	publish "$tmp/final" "$cache/linux-$(<"$tmp/final/build/include/config/kernel.release")"
)

# Prints the release. Of several runs that want it one builds, and the others wait.
debug_choose() {
	command -v gcc >/dev/null || ensure_packages gcc || die "could not install gcc"
	mkdir -p "$cache" || die "cannot write to $cache"
	debug_present && return
	(
		flock -n 9 || { echo "Waiting for the checking kernel, which another run builds" >&2; flock 9; }
		debug_present >/dev/null || debug_build 9>&-
	) 9>"$cache/debug.lock" || exit
	debug_present || die "no checking kernel"
}
