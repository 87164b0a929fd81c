#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian packages: what each job needs, and how a missing one is got.
# Run with the names of jobs (tools build machine kernel check style) it installs what they lack and says so;
# sourced, it lends ensure_packages and download_package to the scripts in vm/.

packages_for() {
	case $1 in
	tools) echo git make gcc ;;
	build) echo gcc libc6-dev make kmod libzydis-dev ;;
	machine) echo busybox-static cpio xz-utils ;;
	kernel) echo bc bison flex gcc libc6-dev libelf-dev lz4 make xz-utils ;;
	check) echo clang libclang-rt-dev libcmocka-dev libzydis-dev xz-utils ;;
	style) echo perl sparse mandoc xz-utils ;;
	*) return 1 ;;
	esac
}

die() {
	echo "${0##*/}: $*" >&2
	exit 125
}

as_root() {
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root or sudo is needed for: $*"
	fi
}

require_debian() {
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		die "packages come from Debian's archive: apt-get and dpkg are needed"
	fi
	[[ $(dpkg --print-architecture) == amd64 ]] || die "an amd64 system is needed"
}

update_lists() {
	echo "Reading package lists (apt-get update)" >&2
	as_root apt-get -qq -o DPkg::Lock::Timeout=600 update >&2
}

missing_packages() {
	local package
	for package; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
			echo "$package"
	done | sort -u
}

has_candidate() {
	apt-cache policy "$1" 2>/dev/null | grep -q '^ *Candidate: [^(]'
}

# What apt has to say is of interest only when it fails.
install_packages() {
	local log status=0
	log=$(mktemp) || return 1
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 install "$@" >"$log" 2>&1 </dev/null || status=1
	((status == 0)) || cat "$log" >&2
	rm -f "$log"
	return $status
}

# ensure_packages NAME...: returns 1 when apt knows no such package even after an update.
ensure_packages() {
	local missing package updated=
	require_debian
	mapfile -t missing < <(missing_packages "$@")
	((${#missing[@]})) || return 0
	for package in "${missing[@]}"; do
		has_candidate "$package" && continue
		[[ $updated ]] && return 1
		update_lists || return 1
		updated=1
		has_candidate "$package" || return 1
	done
	echo "Installing: ${missing[*]}" >&2
	install_packages "${missing[@]}" && return 0
	[[ $updated ]] && return 1
	# An index older than the archive names versions that are gone.
	update_lists && install_packages "${missing[@]}"
}

# download_package NAME DIR: prints the path of the package file.
download_package() {
	local name=$1 dir=$2 sandbox=()
	((EUID == 0)) && sandbox=(-o APT::Sandbox::User=root)
	echo "Downloading: $name" >&2
	(cd "$dir" && apt-get -qq "${sandbox[@]}" download "$name" >&2) || return 1
	echo "$dir/$name"_*.deb
}

main() {
	local job names=()
	(($#)) || die "usage: deps.sh tools|build|machine|kernel|check|style..."
	for job; do
		packages_for "$job" >/dev/null || die "unknown job: $job"
		# shellcheck disable=SC2207
		names+=($(packages_for "$job"))
	done
	ensure_packages "${names[@]}" || die "could not install: $(missing_packages "${names[@]}" | xargs)"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
	main "$@"
fi
