# SPDX-License-Identifier: GPL-2.0-only
#
# Counts TAP results and prints "passed failed skipped", after a line for each failure.
# The kernel's runner indents a program's own results by "# " and adds one line for the program: a program counts
# by its own results, and once more as failed when it ended badly with no failure of its own to show for it.

function count(line, name) {
	if (line ~ /^not ok/) {
		failed++
		own_failed++
		print "FAILED: " name
	} else if (line ~ /# SKIP/) {
		skipped++
	} else {
		passed++
	}
	own++
}

function result_name(line) {
	sub(/^(not )?ok [0-9]+ (- )?/, "", line)
	return line
}

function start_program(name) {
	own = own_failed = plan = 0
	program = name
}

# A plan longer than the results means that the program died half way.
function end_program(line, name) {
	sub(/.*selftests: [^:]*: /, "", name)
	if (own_failed)
		return
	if (own < plan || (own && line ~ /^not ok/))
		count("not ok", name " (ended after " own " of " plan " results)")
	else if (!own)
		count(line, name)
}

{ sub(/\r$/, "") }
/^# selftests: / { start_program($NF ": "); next }
/^(not )?ok [0-9]+ selftests: / { end_program($0, $0); start_program(""); next }
/^(not )?ok [0-9]+/ { count($0, result_name($0)); next }
/^# 1\.\.[0-9]+$/ { plan += substr($0, 6); next }
/^# (not )?ok [0-9]+/ { sub(/^# /, ""); count($0, program result_name($0)) }

END { print passed + 0, failed + 0, skipped + 0 }
