#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest's /init: say what this machine is, then a shell if the kernel's command
# line says "shell", and power off. Needs busybox, and a link to it as /bin/sh.

export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/ TERM="${TERM:-linux}" PS1='guest# '
busybox mkdir -p /proc /sys /dev /tmp
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev 2>/dev/null
exec <>/dev/console >&0 2>&0

# What CPUID names is in /sys when a driver put it there, else in the kernel's log.
hypervisor()
{
	if [ -r /sys/hypervisor/type ]; then
		busybox cat /sys/hypervisor/type
	else
		busybox dmesg | busybox sed -n 's/.*Hypervisor detected: //p'
	fi
}

cpus=$(busybox grep -c '^processor' /proc/cpuinfo)
mib=$(busybox awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
name=$(hypervisor | busybox head -n 1)
[ "$cpus" = 1 ] && unit=CPU || unit=CPUs
echo "guest: $(busybox uname -sr), $cpus $unit, $mib MiB, hypervisor ${name:-none}"

for word in $(busybox cat /proc/cmdline); do
	[ "$word" = shell ] && busybox setsid busybox cttyhack busybox sh
done
busybox poweroff -f
