#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Linux in guests of 1 to 8 CPUs: interrupts, clocks, the scheduler, page tables that change, CPUs
# that leave and come back, as programs in the guest see them (linux/). TAP.

kernel=${ZX_GUEST_KERNEL:-/guest/vmlinuz}
initrd=${ZX_GUEST_INITRD:-/guest/initrd}
tests=${ZX_GUEST_TESTS:-/guest/tests}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tap.sh
. "$(dirname "$0")/tap.sh"

# Where 50 million instructions are a second, everything takes its time.
if grep -qw svm /proc/cpuinfo; then
	ms=500 loops=5000 clock=kvm-clock
else
	ms=300 loops=200 clock=tsc
fi
khz=$(awk '/^cpu MHz/ { print int($4 * 1000); exit }' /proc/cpuinfo)

says() { # LINE: a whole one of the guest's
	tr -d '\r' <"$work/out" | grep -qxF "guest: $1"
}

# Boots and has the guest do the tests, each NAME:HOW-LONG, then one result for each thing it should have said.
# The guest's clock, timer and APIC mode are known beforehand: a TSC that stops in no state, as only Intel's has here,
# comes before KVM's clock.
linux() { # NAME IPIS CPUS CMDLINE CLOCKSOURCE TIMER ROUTING TESTS...
	name=$1 ipis=$2 cpus=$3 words=$4 clocksource=$5 timer=$6 routing=$7
	shift 7
	asked=$(echo "$@" | tr ' ' ',')
	timeout 300 vmm --kernel "$kernel" --initrd "$work/initrd" --memory 256M --cpus "$cpus" --ipi "$ipis" \
		--no-reboot --cmdline "console=ttyS0 quiet panic=-1 $words zx_tests=$asked" \
		</dev/null >"$work/out" 2>"$work/err"
	[ $? = 0 ] && [ ! -s "$work/err" ] && says "$cpus online"
	result "$name boots and ends" $?
	for fact in "clocksource $clocksource" "timer $timer" "routing $routing" "stays ok" "log ok"; do
		says "$fact"
		result "$name: ${fact%% *}" $?
	done
	for test; do
		says "${test%:*} ok"
		result "$name: ${test%:*}" $?
	done
}

echo TAP version 13
echo 1..45
cat "$initrd" "$tests" >"$work/initrd"

all="interrupts:$ms clocks:$ms scheduler:$loops shootdown:$ms"
x2apic="physical x2apic"

# The emulators' clocks are no measure: each look at the PIT or the ACPI timer takes too long. So Linux may or may not come
# to trust the TSC, and is told what to use.
alone="no-kvmclock clocksource=acpi_pm tsc_early_khz=$khz"
# shellcheck disable=SC2086
{
	linux "1 CPU" kernel 1 "" $clock lapic-deadline "$x2apic" $all
	linux "2 CPUs" packet 2 "$alone" acpi_pm lapic-deadline "$x2apic" $all hotplug:1
	linux "4 CPUs" kernel 4 "maxcpus=1 nox2apic lapic=notscdeadline" $clock lapic flat $all hotplug:1 \
		hotplug_all:1 age:30
	linux "8 CPUs" kernel 8 "" $clock lapic-deadline "$x2apic" $all hotplug:1
}

[ $failed = 0 ]
