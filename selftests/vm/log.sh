# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Reads a machine's kernel log. It comes through a serial port of its own,
# so nothing that a program or a guest prints on the console can be taken for it.

trouble_patterns=(
	'WARNING: '
	'BUG: '
	'kernel BUG at'
	'\[#[0-9]+\]'
	'Kernel panic'
	'unchecked MSR'
	'soft lockup|hard LOCKUP'
	'detected( expedited)? stalls?|self-detected stall'
	'blocked for more than'
	'INFO: (possible|inconsistent|trying|lockdep|task|NMI|suspicious)'
	'suspicious RCU'
	'KASAN|KFENCE|KCSAN: |UBSAN|DEBUG_LOCKS_WARN'
	'scheduling while atomic'
	'sleeping function called'
	'refcount_t:|corruption|double free|BUG [^ ]+ \('
	'Bad page (state|map)|page allocation failure'
	'unreferenced object 0x|kmemleak: .*(disabled|pool empty)'
	'Out of memory'
	'nobody cared|spurious interrupt'
	'Uhhuh|Dazed and confused'
	'Call Trace:'
)

# A data race is ours when a function of a module is on one of the two stacks, be it in the core that the module has
# called or against the core: what lies in the core alone is left to its own developers. A report that breaks off stays.
without_core_races() {
	awk '
		function end(keep, i) {
			for (i = 0; i < held; i++)
				if (keep || line[i] !~ /BUG: KCSAN: /)
					print line[i]
			held = ours = 0
		}
		/BUG: KCSAN: / { end(1); line[held++] = $0; next }
		held {
			line[held++] = $0
			if (/\+0x[0-9a-f]+\/0x[0-9a-f]+ \[[a-z0-9_]+\]$/)
				ours = 1
			if (/Reported by Kernel Concurrency Sanitizer/)
				end(ours)
			next
		}
		{ print }
		END { end(1) }'
}

# trouble_in LOG: prints what is wrong in it, with what follows; 0 when something is.
# It is read to the end: a grep whose output nobody reads any more would die, and that would look like no trouble.
trouble_in() {
	local pattern
	pattern=$(IFS='|'; echo "${trouble_patterns[*]}")
	tr -d '\r' <"$1" | without_core_races | grep -E -m 40 -A 40 -- "$pattern" | sed -n '1,120p'
	return "${PIPESTATUS[2]}"
}
