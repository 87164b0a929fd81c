# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
#
# Results in TAP, counted, for scripts that run in the machine. Where $work is set, what the command said is in $work/out
# and $work/err.

count=0 failed=0

result() { # NAME STATUS
	count=$((count + 1))
	if [ "$2" = 0 ]; then
		echo "ok $count $1"
	else
		echo "not ok $count $1"
		failed=$((failed + 1))
		[ -z "$work" ] || sed 's/^/# /' "$work/out" "$work/err"
	fi
}
