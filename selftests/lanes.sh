# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# Two rows of parts side by side, for check and soak, which set $work: the emulator for Intel uses one CPU and takes its
# time, so it runs beside the others. A process group of its own is what ends all of it at once.

other=''

beside() { # COMMAND...
	set -m
	{
		passed=0 failed=0 skipped=0
		"$@" >"$work/beside.out" 2>&1
		echo "$passed $failed $skipped" >"$work/beside"
	} &
	other=$!
	set +m
}

join() {
	local p=0 f=1 s=0
	wait "$other"
	other=''
	cat "$work/beside.out"
	read -r p f s <"$work/beside" || echo 'FAILED: what ran beside came to no end'
	((passed += p, failed += f, skipped += s))
}

stop() {
	[[ ! $other ]] || kill -- "-$other" 2>/dev/null
	rm -rf "$work"
}

# Sets $work, and ends all when this shell ends.
begin() {
	work=$(mktemp -d) || exit 1
	trap stop EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}
