# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# Builds the initramfs of a machine and the one of the guest that runs inside it.
# The tree's products are taken as they lie; what is not built is left out.

image_packages() {
	echo busybox-static cpio
}

pack() { # DIR FILE
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) >"$2"
}

busybox_root() { # DIR
	mkdir -p "$1"/bin "$1"/usr "$1"/proc "$1"/sys "$1"/dev "$1"/tmp "$1"/run "$1"/root "$1"/etc
	ln -s ../bin "$1/usr/bin"
	ln -s ../bin "$1/usr/sbin"
	ln -s bin "$1/sbin"
	cp "$(readlink -f "$(command -v busybox)")" "$1/bin/busybox"
	"$1/bin/busybox" --list | sed "/^busybox\$/d;s|^|$1/bin/|" | xargs -n 1 ln -s busybox
}

# Installs a program with the shared libraries it names; static ones name none. What only a debugger reads stays out,
# as every page of the image costs the machine time; a script is no object file to strip.
add_program() { # FILE DIR-IN-IMAGE
	local library
	mkdir -p "$root$2"
	rm -f "$root$2/$(basename "$1")"
	strip -o "$root$2/$(basename "$1")" "$1" 2>/dev/null || cp "$1" "$root$2/"
	{ ldd "$1" 2>/dev/null || true; } | grep -oE '/[^ ]+ \(0x' | sed 's/ (0x//' | while read -r library; do
		[[ -e $root$library ]] && continue
		mkdir -p "$root$(dirname "$library")"
		cp -L "$library" "$root$library"
	done
}

# The kernel's runner wants a timeout with GNU's options. Where it finds a Perl it passes output on as it comes, through
# a script that takes a system call or two for each character, which is most of the time that the tests take in an
# interpreter: it gets what does the same by lines.
add_runner_tools() { # DIR
	add_program /usr/bin/timeout /bin
	ln -s busybox "$root/bin/perl"
	printf '#!/bin/awk -f\n{ print "# " $0; fflush() }\n' >"$1/prefix.pl"
	chmod 755 "$1/prefix.pl"
}

machine_base() {
	busybox_root "$root"
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
	install -m 755 "$tree/selftests/vm/init" "$root/init"
	mkdir -p "$root/zx/bin"
	install -m 755 "$tree/selftests/vm/demo" "$root/zx/bin/demo"
}

machine_programs() {
	local file
	[[ -e $module ]] && cp "$module" "$root/zx/zx_hypervisor.ko"
	for file in "$tree"/examples/* "$tree/examples/vmm/vmm" "$tree"/selftests/bench/{bench,zxbench,kvmbench} \
		"$tree/selftests/rival/rival" "$tree/selftests/rival/held" \
		"$tree/selftests/power/power" "$tree/selftests/power/asleep" "$tree/selftests/fuzz/fuzz_guest"; do
		[[ -f $file && -x $file ]] && add_program "$file" /zx/bin
	done
	return 0
}

# Prints its name after those of the modules that it needs; copies them all, unpacked.
add_module() { # NAME MODULES-DIR DIR-IN-IMAGE
	local file need ko=$root$3/$1.ko
	file=$(find "$2" -name "${1//_/[-_]}.ko*" -print -quit)
	[[ $file ]] || die "$2 has no module $1"
	mkdir -p "$root$3"
	case $file in
	*.xz) xz -dc "$file" >"$ko" ;;
	*) cp "$file" "$ko" ;;
	esac
	for need in $(PATH=$PATH:/usr/sbin:/sbin modinfo -F depends "$ko" | tr ',-' ' _'); do
		add_module "$need" "$2" "$3"
	done
	echo "$1"
}

# For each vendor a list of the modules in the order of their loading.
machine_kvm() { # MODULES-DIR
	local name
	mkdir -p "$root/zx/kvm"
	for name in kvm_amd kvm_intel; do
		add_module "$name" "$1" /zx/kvm >"$root/zx/kvm/$name.list" || return
	done
}

tests_built() {
	local name
	[[ -e $tree/selftests/Makefile ]] || return 1
	for name in $(MAKEFLAGS="" make -s -C "$tree/selftests" list); do
		[[ $name != *.sh && -f $tree/selftests/$name ]] && return 0
	done
	return 1
}

# Lays the tests out as the kernel's own "make install" does: a list, the runner, a folder per collection.
# A listed test that is not there stays in the list: the runner counts it as failed.
machine_tests() { # SOURCE-DIR
	local name kselftest=$1/tools/testing/selftests collection=/kselftest/zx_hypervisor
	mkdir -p "$root$collection"
	cp -r "$kselftest/kselftest" "$kselftest/run_kselftest.sh" "$root/kselftest/"
	for name in $(MAKEFLAGS="" make -s -C "$tree/selftests" list); do
		[[ ! -f $tree/selftests/$name ]] || add_program "$tree/selftests/$name" "$collection"
		echo "zx_hypervisor:$(basename "$name")"
	done >"$root/kselftest/kselftest-list.txt"
	cp "$tree/selftests/settings" "$tree/selftests/tap.sh" "$root$collection/"
	add_runner_tools "$root/kselftest/kselftest"
}

guest_initrd() { # FILE
	local guest=$work/guest
	busybox_root "$guest"
	install -m 755 "$tree/examples/vmm/init.sh" "$guest/init"
	pack "$guest" "$1"
}

# What is laid over the guest's initramfs to test it: the later of two archives wins.
guest_tests() { # FILE
	local tests=$work/guest-tests
	[[ -e $tree/selftests/linux/smp ]] || return 0
	mkdir -p "$tests/bin"
	install -m 755 "$tree/selftests/linux/init.sh" "$tests/init"
	strip -o "$tests/bin/smp" "$tree/selftests/linux/smp"
	pack "$tests" "$1"
}

machine_guest() { # KERNEL
	mkdir -p "$root/guest"
	cp "$1" "$root/guest/vmlinuz"
	[[ ! -e $tree/examples/vmm/init.sh ]] || guest_initrd "$root/guest/initrd"
	guest_tests "$root/guest/tests"
}
