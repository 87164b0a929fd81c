# SPDX-License-Identifier: GPL-2.0-only
#
# table.awk -v machine=svm|vmx targets ZX KVM [ZX-OFF KVM-OFF]: what the sides printed, as a table in Markdown. What is
# over its target is bold; what did not come out the same twice is named below.

FNR == 1 { file++ }
/^#/ { next }

file == 1 {
	at = machine == "svm" ? $1 : $2
	sub(/^[^ ]+ [^ ]+ /, "")
	target[$0] = at
	next
}

{
	split($0, part, ": ")
	name = part[1]
	value[name, file] = part[2] + 0
	if (!(name in known)) {
		known[name] = 1
		order[++names] = name
	}
	if (part[2] ~ /differs/)
		unlike[++odd] = name " (" (file % 2 ? "KVM" : "ours") (file > 3 ? ", off" : "") "):" part[3]
}

function target_of(name, start) {
	for (start in target)
		if (index(name, start) == 1)
			return target[start]
	return ""
}

function grouped(number, text) {
	if (number == "")
		return "-"
	text = sprintf("%d", number)
	while (match(text, /[0-9][0-9][0-9][0-9]($|,)/))
		text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
	return text
}

function ratio(name, at, limit, result) {
	if (value[name, at] == "" || !value[name, at + 1])
		return "-"
	result = sprintf("%.2f", value[name, at] / value[name, at + 1])
	return limit != "" && value[name, at] > limit * value[name, at + 1] ? "**" result "**" : result
}

function columns(name, at, limit) {
	return " | " grouped(value[name, at]) " | " grouped(value[name, at + 1]) " | " ratio(name, at, limit)
}

END {
	wide = file > 3
	print "| operation | zx_hypervisor | KVM | ratio |" (wide ? " off: zx_hypervisor | off: KVM | off: ratio |" : "") " target |"
	print "|---|---|---|---|" (wide ? "---|---|---|" : "") "---|"
	for (i = 1; i <= names; i++) {
		name = order[i]
		limit = target_of(name)
		print "| " name columns(name, 2, limit) (wide ? columns(name, 4, limit) : "") " | " (limit == "" ? "" : limit) " |"
	}
	few = "MEM write among 10 traps"
	many = "MEM write among 100000 traps"
	if (value[few, 2])
		printf "\nA look-up among 100,000 traps costs %.2f times that among 10, with the exit around it; 2.0 at most are aimed at.\n", \
			value[many, 2] / value[few, 2]
	if (odd)
		print "\nNo two of five runs after each other agreed within 1 %:\n"
	for (i = 1; i <= odd; i++)
		print "* " unlike[i]
}
