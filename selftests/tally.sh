# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# Parts of a test run and the sum of their results, for check and params, which set $here and $work.

passed=0 failed=0 skipped=0

add() { # TITLE LOG STATUS: a part that ends badly without a failed result counts as one
	local results p f s
	results=$(awk -f "$here/vm/tally.awk" "$2")
	grep '^FAILED: ' <<<"$results"
	read -r p f s <<<"${results##*$'\n'}"
	if (($3 && !f)); then
		echo "FAILED: $1 ended with status $3"
		((f++))
	fi
	if ((!p && !f)); then
		echo "FAILED: $1 ran no test"
		((f++))
	fi
	printf '== %s: %d passed, %d failed, %d skipped\n' "$1" "$p" "$f" "$s"
	((passed += p, failed += f, skipped += s))
}

part() { # TITLE COMMAND...
	local title=$1 log=$work/log.$BASHPID
	shift
	printf '\n== %s\n' "$title"
	"$@" 2>&1 | tee "$log"
	add "$title" "$log" "${PIPESTATUS[0]}"
}

# The last line of all.
total() {
	echo
	echo "$passed passed, $failed failed, $skipped skipped"
	((passed > 0 && failed == 0))
}
