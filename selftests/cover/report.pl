#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
# report.pl MODULE LEAST DIR...: which blocks of MODULE ran, by what the files in each DIR tell (vm/run --cover), one
# table column for each DIR; then LIST: lines with blocks that did not run anywhere. Fails if fewer than LEAST percent ran.
# A block belongs to the innermost of the module's own functions that it has been inlined into or written in. What is in
# a function of the kernel's headers has that one's name beside it.

use strict;
use warnings;
no warnings 'portable';

my ($module, $least, @dirs) = @ARGV;
die "usage: report.pl MODULE LEAST DIR...\n" unless @dirs;

# A block's name is SECTION OFFSET, the offset being where the call at its start returns to.
sub blocks {
	my ($section, %blocks);
	open my $in, '-|', 'readelf', '-rW', $module or die "readelf: $!\n";
	while (<$in>) {
		$section = $1 if /^Relocation section '\.rela(\S+)'/;
		next unless / __sanitizer_cov_trace_pc /;
		my ($operand) = /^([0-9a-f]+)/;
		$blocks{sprintf '%s %x', $section, hex($operand) + 4} = 1;
	}
	die "$module is not built for this\n" unless %blocks;
	return \%blocks;
}

# Kernel addresses of the sections, in falling order, of what is freed after loading or of the rest.
sub section_of {
	my ($starts, $init, $address) = @_;
	my @names = grep { $init eq !!/^\.init/ && $starts->{$_} <= $address } keys %$starts;
	my ($name) = sort { $starts->{$b} <=> $starts->{$a} } @names;
	return sprintf '%s %x', $name, $address - $starts->{$name};
}

sub read_file {
	my ($path, $sum, $ran) = @_;
	my (%starts, $init, $base, $same);
	open my $in, '<', $path or die "$path: $!\n";
	while (<$in>) {
		if (/^module (\S+)/) { $same = $1 eq $sum }
		elsif (/^section (\S+) 0x([0-9a-f]+)/) { $starts{$1} = hex $2 }
		elsif (/^(core|init) ([0-9a-f]+)/) { ($init, $base) = ($1 eq 'init', hex $2) }
		elsif (/^([0-9a-f]+)$/) { $ran->{section_of(\%starts, $init, $base + hex $1)} = 1 }
	}
	warn "$path tells of another module, or of nothing\n" unless $same;
	return $same;
}

sub read_dir {
	my ($dir, $sum, $blocks) = @_;
	my %ran;
	my @good = grep { read_file($_, $sum, \%ran) } glob "$dir/ran.*";
	die "$dir has nothing about $module\n" unless @good;
	my @strange = grep { !$blocks->{$_} } keys %ran;
	die "$dir: no blocks: $strange[0]\n" if @strange;
	return \%ran;
}

sub plain {
	my ($path) = @_;
	1 while $path =~ s{[^/.]+/\.\./|\./}{};
	return $path;
}

# FILE, LINE and FUNCTION of each block, from addr2line's chain of inlined functions.
sub places {
	my ($blocks) = @_;
	my (%sections, %places);
	for (keys %$blocks) {
		my ($section, $offset) = split;
		push @{$sections{$section}}, $offset;
	}
	for my $section (keys %sections) {
		my ($block, $function, $inner);
		my $addresses = join ' ', map { sprintf '%x', hex($_) - 1 } @{$sections{$section}};
		open my $in, '-|', "echo $addresses | tr ' ' '\\n' | addr2line -aif -j $section -e $module" or die;
		while (<$in>) {
			chomp;
			if (/^0x([0-9a-f]+)$/) { ($block, $inner) = (sprintf('%s %x', $section, hex($1) + 1), ''); next }
			if (!defined $function) { $function = $_; next }
			if (m{/\.build/[^/]*-cover/(module/[^:]*):(\d+)}) { $places{$block} //= [plain($1), $2, $function, $inner] }
			$inner ||= $function;
			undef $function;
		}
	}
	return \%places;
}

sub share {
	my ($part, $all) = @_;
	return sprintf '%5.1f %%', 100 * $part / $all;
}

sub print_table {
	my ($files, @names) = @_;
	my @columns = ('blocks', @names, 'together');
	my $row = "%-28s" . '%9s' x @columns . "   %s\n";
	my %sum;
	printf $row, 'file', @columns, 'share';
	for my $file (sort keys %$files) {
		printf $row, $file, map({ $files->{$file}{$_} || 0 } @columns), share($files->{$file}{together} || 0, $files->{$file}{blocks});
		$sum{$_} += $files->{$file}{$_} || 0 for @columns;
	}
	printf $row, 'all', map({ $sum{$_} } @columns), share($sum{together}, $sum{blocks});
	return 100 * $sum{together} / $sum{blocks};
}

sub print_list {
	my ($missed) = @_;
	print "\nnot reached:\n";
	for my $file (sort keys %$missed) {
		my $lines = $missed->{$file};
		for my $line (sort { $a <=> $b } keys %$lines) {
			my ($functions, $inner, $count) = @{$lines->{$line}}{qw(functions inner count)};
			printf "%s:%d: %s%s%s\n", $file, $line, join(', ', sort keys %$functions),
				$inner ? ' (' . join(', ', sort keys %$inner) . ')' : '', $count > 1 ? ", $count blocks" : '';
		}
	}
}

my $blocks = blocks();
my ($sum) = split ' ', `md5sum $module`;
my %ran = map { my ($name) = m{([^/]+)/*$}; ($name => read_dir($_, $sum, $blocks)) } @dirs;
my @names = map { m{([^/]+)/*$} } @dirs;
my $places = places($blocks);
my (%files, %missed);
my $foreign = 0;

for my $block (keys %$blocks) {
	my ($file, $line, $function, $inner) = @{$places->{$block} || ['(no line)', 0, '', '']};
	my @by = grep { $ran{$_}{$block} } @names;
	$files{$file}{$_}++ for 'blocks', @by, @by ? 'together' : ();
	next if @by;
	$missed{$file}{$line}{functions}{$function} = 1;
	$missed{$file}{$line}{inner}{$inner} = 1 if $inner;
	$missed{$file}{$line}{count}++;
	$foreign++ if $inner;
}
my $share = print_table(\%files, @names);
print "Of the blocks not reached $foreign are in inline functions of the kernel's headers.\n";
print_list(\%missed);
exit($share < $least);
