# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# The checking kernels, "debug" and "kcsan": built from Debian's linux-source with debug.config and what their kind
# adds, kept in the cache like the kernels of Debian's packages. For kernel.sh.

debug_files=$(dirname "${BASH_SOURCE[0]}")

is_debug_kind() { # VERSION
	[[ $1 == debug || $1 == kcsan ]]
}

is_debug() { # RELEASE
	[[ $1 == *-zx-debug-* || $1 == *-zx-kcsan-* ]]
}

debug_config() { # KIND
	case $1 in
	debug) cat "$debug_files/debug.config" "$debug_files/kasan.config" ;;
	kcsan) cat "$debug_files/debug.config" "$debug_files/kcsan.config" ;;
	esac
}

# The emulator is slow enough for a lock-up of 20 seconds to be none. While Linux 6.1 identifies its first CPU it forgets
# for a moment that page tables have five levels, and KASAN takes what an interrupt touches then for a wild address.
debug_cmdline() { # RELEASE
	! is_debug "$1" || echo watchdog_thresh=30 no5lvl
}

# What makes two builds of one source differ.
debug_key() { # KIND
	{ debug_config "$1" && gcc --version | head -n 1; } | sha256sum | head -c 8
}

debug_present() { # KIND
	local dir
	for dir in "$cache/linux-$(default_series)".*-zx-"$1-$(debug_key "$1")"; do
		[[ ! -e $dir/vmlinuz ]] || echo "${dir##*/linux-}"
	done | sort -V | tail -n 1 | grep .
}

in_tree() { # TREE TARGET-OR-VARIABLE...: make, with nothing that a make around it has set
	local dir=$1
	shift
	nice env -i PATH="$PATH" LC_ALL=C make -s -j "$(nproc)" -C "$dir" "$@"
}

# An option that did not take (its name is new, what it needs is not there) is a check that never fires.
config_took() { # KIND CONFIG
	local line option other status=0
	while read -r line; do
		[[ $line == CONFIG_*=* ]] || continue
		option=${line%%=*}
		other=CONFIG_MITIGATION_${option#CONFIG_}
		[[ $option != CONFIG_MITIGATION_* ]] || other=CONFIG_${option#CONFIG_MITIGATION_}
		case $line in
		*=n) ! grep -q "^$option=" "$2" && continue ;;
		*) grep -qx -e "$line" -e "$other=y" "$2" && continue ;;
		esac
		echo "$1: $line did not take"
		status=1
	done < <(debug_config "$1")
	return $status
}

debug_configure() { # KIND PACKAGE-VERSION TREE
	local revision=${2##*-}
	{
		debug_config "$1"
		echo "CONFIG_LOCALVERSION=\"-${revision//[^A-Za-z0-9.]/.}-zx-$1-$(debug_key "$1")\""
	} >"$3/zx.config"
	in_tree "$3" KCONFIG_ALLCONFIG=zx.config allnoconfig && config_took "$1" "$3/.config"
}

# What modules are built with, and no more: a tenth of the tree.
debug_headers() { # TREE DIR
	mkdir -p "$2" &&
		(cd "$1" && cp -a --parents .config Makefile Module.symvers include arch/x86/include \
			arch/x86/Makefile* scripts tools/objtool/objtool "$2/")
}

debug_make() { # KIND DEB VERSION DIR: leaves what the cache gets in DIR/final
	local series
	series=$(series_of "$3")
	mkdir "$4/tree" "$4/final" &&
		dpkg-deb --fsys-tarfile "$2" | tar -xO "./usr/src/linux-source-$series.tar.xz" |
		tar -xJ -C "$4/tree" --strip-components=1 &&
		debug_configure "$1" "$3" "$4/tree" &&
		in_tree "$4/tree" bzImage modules &&
		cp "$4/tree/arch/x86/boot/bzImage" "$4/final/vmlinuz" &&
		cp "$4/tree/.config" "$4/final/config" &&
		cp "$4/tree/System.map" "$4/final/" &&
		debug_headers "$4/tree" "$4/final/build"
}

# In a subshell of its own, so that what is half done goes away with it; what was killed half way, with the next.
debug_build() ( # KIND
	package=linux-source-$(default_series)
	# shellcheck disable=SC2046
	ensure_packages $(packages_for kernel) || die "could not install what building a kernel takes"
	tmp=$cache/debug.build
	trap 'rm -rf "$tmp"' EXIT
	rm -rf "$tmp" && mkdir "$tmp" || die "cannot write to $cache"
	deb=$(download_package "$package" "$tmp") || { update_lists && deb=$(download_package "$package" "$tmp"); } ||
		die "could not get $package"
	version=$(dpkg-deb -f "$deb" Version)
	echo "Building the checking kernel $1 from $package $version (about 8 minutes with 2 CPUs)" >&2
	if ! (set -o pipefail; debug_make "$1" "$deb" "$version" "$tmp") >"$tmp/log" 2>&1; then
		tail -n 40 "$tmp/log" >&2
		die "the checking kernel could not be built"
	fi
	publish "$tmp/final" "$cache/linux-$(<"$tmp/final/build/include/config/kernel.release")"
)

# Prints the release. Of several runs that want it one builds, and the others wait.
debug_choose() { # KIND
	command -v gcc >/dev/null || ensure_packages gcc || die "could not install gcc"
	mkdir -p "$cache" || die "cannot write to $cache"
	debug_present "$1" && return
	(
		flock -n 9 || { echo "Waiting for a checking kernel, which another run builds" >&2; flock 9; }
		debug_present "$1" >/dev/null || debug_build "$1" 9>&-
	) 9>"$cache/debug.lock" || exit
	debug_present "$1" || die "no checking kernel"
}
