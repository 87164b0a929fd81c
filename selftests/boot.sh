#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The example VMM boots Linux, and says what is wrong when it cannot. TAP.

kernel=${ZX_GUEST_KERNEL:-/guest/vmlinuz}
initrd=${ZX_GUEST_INITRD:-/guest/initrd}
objects=/sys/module/zx_hypervisor/parameters/objects
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tap.sh
. "$(dirname "$0")/tap.sh"

run() { # ARGUMENT...: the VMM, its status in $status
	vmm "$@" </dev/null >"$work/out" 2>"$work/err"
	status=$?
}

refused() { # NAME STATUS WORD ARGUMENT...: one line on standard error that has WORD
	name=$1 expected=$2 word=$3
	shift 3
	run "$@"
	[ $status = "$expected" ] && grep -q -e "$word" "$work/err" &&
		[ "$(wc -l <"$work/err")" = 1 ] && [ ! -s "$work/out" ]
	result "$name" $?
}

no_objects() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(cat $objects)" = 0 ] && return
		sleep 0.1
	done
	return 1
}

# But for what Linux says when the emulator was held up.
host_log() {
	dmesg | grep -v "hrtimer: interrupt took"
}

echo TAP version 13
echo 1..28

run --help
[ $status = 0 ] && grep -q -e --kernel "$work/out"
result "help" $?

refused "no kernel named" 2 kernel
refused "argument too many" 2 "argument" --kernel "$kernel" more
refused "memory is no size" 2 12Q --kernel "$kernel" --memory 12Q
refused "CPUs are no number" 2 two --kernel "$kernel" --cpus two
refused "no CPU" 2 64 --kernel "$kernel" --cpus 0
refused "too many CPUs" 2 64 --kernel "$kernel" --cpus 65
refused "kernel is missing" 3 /nowhere --kernel /nowhere
refused "kernel is a folder" 3 "$work" --kernel "$work"
refused "initrd is missing" 3 /nowhere --kernel "$kernel" --initrd /nowhere

: >"$work/empty"
echo "not a kernel" >"$work/text"
head -c 100000 /dev/zero >"$work/zeros"
head -c 200000 "$kernel" >"$work/short"
refused "kernel is empty" 4 empty --kernel "$work/empty"
refused "kernel is text" 4 text --kernel "$work/text"
refused "kernel is zeros" 4 zeros --kernel "$work/zeros"
refused "kernel is cut short" 4 short --kernel "$work/short"
refused "memory is too little" 5 8M --kernel "$kernel" --memory 8M

mv /dev/zx_hypervisor /dev/zx_hypervisor.away
refused "no device" 6 /dev/zx_hypervisor --kernel "$kernel"
mv /dev/zx_hypervisor.away /dev/zx_hypervisor

chmod 644 "$kernel"
su -s /bin/sh nobody -c "exec $(command -v vmm) --kernel $kernel" \
	</dev/null >"$work/out" 2>"$work/err"
[ $? = 7 ] && grep -q permission "$work/err"
result "no permission" $?

before=$(host_log | wc -l)
run --kernel "$kernel" --initrd "$initrd" --memory 256M
[ $status = 0 ]
result "guest switches itself off" $?
grep -q "^guest: Linux .*, 1 CPU, .* MiB, hypervisor KVM" "$work/out"
result "guest reaches user space" $?
[ ! -s "$work/err" ]
result "no complaint of the VMM" $?

run --kernel "$kernel" --cmdline "console=ttyS0 quiet panic=-1" --memory 256M --no-reboot
[ $status = 9 ] && grep -q "reset the machine" "$work/err"
result "guest that resets itself" $?

# The first instruction of this kernel is UD2, and there is nobody to handle it.
cp "$kernel" "$work/ud2"
sectors=$(od -An -tu1 -j497 -N1 "$kernel")
printf '\017\013' | dd of="$work/ud2" bs=1 seek=$(((sectors + 2) * 512)) conv=notrunc 2>/dev/null
run --kernel "$work/ud2" --no-reboot
[ $status = 1 ] && grep -q "triple fault" "$work/err" && [ "$(wc -l <"$work/err")" = 1 ]
result "triple fault" $?

run --kernel "$work/ud2" --no-reboot --stats
[ $status = 1 ] && grep -q "^vmm: packets: .* ms$" "$work/err" && grep -q "^vmm: entries [1-9]" "$work/err"
result "packets and exits are told" $?

run --kernel "$work/ud2"
[ $status = 9 ] && [ "$(grep -c "triple fault.*starts again" "$work/err")" = 9 ]
result "guest that does nothing but reset itself" $?

# What is typed next is for the second life.
mkfifo "$work/in"
vmm --kernel "$kernel" --initrd "$initrd" --memory 256M --cmdline "console=ttyS0 quiet shell" \
	<"$work/in" >"$work/out" 2>"$work/err" &
exec 3>"$work/in"
echo "reboot -f" >&3
for _ in $(seq 120); do
	! grep -q "starts again" "$work/err" || break
	sleep 0.5
done
echo "poweroff -f" >&3
exec 3>&-
wait $!
[ $? = 0 ] && [ "$(grep -c "^guest: Linux .*, 1 CPU," "$work/out")" = 2 ] &&
	[ "$(cat "$work/err")" = "vmm: the guest reset the machine: it starts again" ]
result "guest reboots" $?

vmm --kernel "$kernel" --initrd "$initrd" --memory 256M </dev/null >"$work/out" 2>"$work/err" &
sleep 1
kill -TERM $!
wait $!
[ $? = 143 ]
result "killed while the guest boots" $?

no_objects
result "no object is left" $?
host_log | tail -n +$((before + 1)) >"$work/err"
[ ! -s "$work/err" ]
result "host's log is silent" $?

[ $failed = 0 ]
