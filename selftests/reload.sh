#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Load the module, run a guest, unload, many times: nothing is held, nothing leaks. TAP.

rounds=100
warm_up=20
noise_kb=2048
module=${ZX_MODULE:-/zx/zx_hypervisor.ko}
here=$(cd "$(dirname "$0")" && pwd)
output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT
# shellcheck source=tap.sh
. "$(dirname "$0")/tap.sh"

load() {
	# shellcheck disable=SC2086
	insmod "$module" $ZX_MODULE_ARGS
}

loaded() {
	grep -q '^zx_hypervisor ' /proc/modules
}

round() {
	load && "$here/smoke" >"$output" 2>&1 && rmmod zx_hypervisor
}

rounds_without_fault() { # N
	done=0
	while [ $done -lt "$1" ]; do
		round || return
		done=$((done + 1))
	done
}

centiseconds() {
	tr -d . </proc/uptime | cut -d ' ' -f 1
}

used_kb() { # what the kernel took for itself, caches given back
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|Percpu|PageTables|VmallocUsed|KernelStack):/ { sum += $2 }
		END { print sum }' /proc/meminfo
}

# Tens of megabytes come and go between the free lists and what each CPU keeps of them.
free_kb() {
	awk '/^MemAvailable:/ { sum += $2 } /^ +count:/ { sum += 4 * $2 } END { print sum }' \
		/proc/meminfo /proc/zoneinfo
}

# But for what Linux says of any module from outside, of our own doing, and of a slow emulator.
host_log() {
	dmesg | grep -v -e "out-of-tree" -e "signature" -e "drop_caches" -e "hrtimer: interrupt took"
}

# What a process that was killed held may take a moment.
unload_soon() {
	tries=0
	while ! rmmod zx_hypervisor 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || return
		sleep 0.1
	done
}

# VCPUs run all the while.
unload_under_guests() {
	"$here/chaos" --vmm >"$output" 2>&1 &
	vmm=$!
	while [ "$(cat /sys/module/zx_hypervisor/parameters/objects)" -lt 10 ]; do
		kill -0 $vmm || return
		sleep 0.1
	done
	tries=0
	while [ $tries -lt 50 ] && ! rmmod zx_hypervisor 2>/dev/null && loaded; do
		tries=$((tries + 1))
	done
	kill -9 $vmm || return
	wait $vmm
	[ $tries = 50 ] && unload_soon
}

echo TAP version 13
echo 1..8

loaded || load
rmmod zx_hypervisor
result "module unloads when nothing is open" $?

before_log=$(host_log | wc -l)
load
exec 3<>/dev/zx_hypervisor
! rmmod zx_hypervisor 2>/dev/null && loaded
result "module stays while a handle is open" $?
exec 3>&-
rmmod zx_hypervisor

load
unload_under_guests
result "module stays under running guests, and goes when they are killed" $?
loaded && rmmod zx_hypervisor

# The checking kernel, and an emulator that interprets, take more than a second for one.
start=$(centiseconds)
rounds_without_fault 1
[ $(($(centiseconds) - start)) -lt 80 ] || rounds=15 warm_up=5
rounds_without_fault $warm_up
used=$(used_kb) free=$(free_kb)
rounds_without_fault $rounds
result "load, run and unload $rounds times" $?
[ $failed = 0 ] || sed 's/^/# /' "$output"

used_after=$(used_kb) free_after=$(free_kb)
echo "# kernel memory $used kB, then $used_after kB; available $free kB, then $free_after kB"
[ $((used_after - used)) -lt $noise_kb ]
result "kernel memory does not grow" $?
[ $((free - free_after)) -lt $((4 * noise_kb)) ]
result "available memory does not shrink" $?

loaded || load
result "module loads again in the end" $?

host_log | tail -n +$((before_log + 1)) >"$output"
sed 's/^/# /' "$output"
[ ! -s "$output" ]
result "kernel's log is silent" $?

[ $failed = 0 ]
