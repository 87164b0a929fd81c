#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The /init of a guest of linux.sh: does what the kernel's command line asks for with
# zx_tests=NAME:HOW_LONG,... and answers each with "guest: NAME ok" or "failed".

export PATH=/bin HOME=/
mkdir -p /proc /sys /dev /tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
exec <>/dev/console >&0 2>&0

clocksource=/sys/devices/system/clocksource/clocksource0/current_clocksource

# With maxcpus=1 the others start now, the last one first.
for file in $(echo /sys/devices/system/cpu/cpu[1-9]/online | tr ' ' '\n' | sort -r); do
	[ ! -e "$file" ] || [ "$(cat "$file")" = 1 ] || echo 1 >"$file"
done
cpus=$(nproc)

each_cpu() { # FROM
	seq "$1" $((cpus - 1))
}

mask() { # CPU
	printf '%x\n' $((1 << $1))
}

online() { # CPU 0|1
	file=/sys/devices/system/cpu/cpu$1/online
	echo "$2" >"$file" && [ "$(cat "$file")" = "$2" ]
}

# Each CPU but the first leaves and comes back, and works.
hotplug() { # ROUNDS
	for _ in $(seq "$1"); do
		for cpu in $(each_cpu 1); do
			online "$cpu" 0 && [ "$(nproc)" = $((cpus - 1)) ] && online "$cpu" 1 &&
				[ "$(nproc)" = "$cpus" ] || return
			taskset "$(mask "$cpu")" true || return
		done
	done
}

# All but the first leave, and come back in the other order.
hotplug_all() {
	for cpu in $(each_cpu 1); do
		online "$cpu" 0 || return
	done
	[ "$(nproc)" = 1 ] || return
	for cpu in $(each_cpu 1 | sort -rn); do
		online "$cpu" 1 || return
	done
	[ "$(nproc)" = "$cpus" ]
}

work() { # NUMBER LOOPS
	left=$2
	while [ "$left" -gt 0 ]; do
		left=$((left - 1))
	done
	echo "$1" >"/tmp/done.$1"
}

# Two shells for each CPU, moved from one to the next while they work.
scheduler() { # LOOPS
	rm -f /tmp/done.*
	pids=''
	for number in $(seq $((2 * cpus))); do
		work "$number" "$1" &
		pids="$pids $!"
		taskset -p "$(mask $((number % cpus)))" $! >/dev/null 2>&1 || [ ! -d /proc/$! ] || return
	done
	for round in 1 2 3 4; do
		number=$round
		for pid in $pids; do
			number=$((number + 1))
			taskset -p "$(mask $((number % cpus)))" "$pid" >/dev/null 2>&1
		done
		usleep 50000
	done
	wait
	[ "$(cat /tmp/done.* | wc -l)" = $((2 * cpus)) ]
}

uptime_seconds() {
	cut -d. -f1 /proc/uptime
}

# Until the guest is so many seconds old: all CPUs busy, then all idle.
age() { # SECONDS
	while [ "$(uptime_seconds)" -lt "$1" ]; do
		smp clocks 500 || return
		sleep 1
	done
}

# What Linux says when a CPU, an interrupt or a clock has not done what it should.
log() {
	! dmesg | grep -E "stall|lockup|LOCKUP|blocked for more|WARNING|BUG|Oops|Call Trace|as unstable|\
No irq handler|nobody cared|APIC error|NOHZ|not responding|to wakeup CPU"
}

answer() { # NAME STATUS
	[ "$2" = 0 ] && echo "guest: $1 ok" || echo "guest: $1 failed"
}

do_test() { # NAME HOW-LONG
	case $1 in
	interrupts | clocks | shootdown) smp "$1" "$2" ;;
	*) "$1" "$2" ;;
	esac
	answer "$1" $?
}

at_first=$(cat $clocksource)
echo "guest: $cpus online"
routing=$(dmesg | sed -n 's/.*Switched APIC routing to \(.*\)\./\1/p')
echo "guest: routing ${routing:-flat}"
echo "guest: timer $(cat /sys/devices/system/clockevents/clockevent0/current_device)"
# shellcheck disable=SC2154
for test in $(echo "$zx_tests" | tr ',' ' '); do
	do_test "${test%:*}" "${test#*:}"
done
log
answer log $?
# The TSC is first taken as it is and measured with time.
[ "$(cat $clocksource)" = "${at_first%-early}" ]
answer stays $?
echo "guest: clocksource $(cat $clocksource)"
poweroff -f
