#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
# sizes.pl FILE...: lengths of C functions and files against the budget.
# A function's body is what lies between a brace in the first column and the next closing one, as kernel style has it.

use strict;
use warnings;

my ($median_limit, $tail_limit, $function_limit) = (15, 50, 100);
my ($file_warning, $file_limit) = (500, 800);

my (@lengths, @long, $bad);

sub fail {
	print "@_\n";
	$bad = 1;
}

sub measure {
	my ($file) = @_;
	my ($start, $name, $previous) = (0, '', '');

	open my $in, '<', $file or die "$file: $!\n";
	while (my $line = <$in>) {
		$name = $line if !$start && $line =~ /^\w.*\(/;
		if ($line =~ /^\{\s*$/) {
			$start = $.;
		} elsif ($line =~ /^\}/ && $start) {
			my $length = $. - $start - 1;
			my ($short) = $name =~ /(\w+)\(/;
			push @lengths, $length;
			push @long, "$file:$start: $short: $length lines" if $length >= $tail_limit;
			fail("$file:$start: $short: $length lines, $function_limit at most") if $length > $function_limit;
			$start = 0;
		}
	}
	fail("$file: $. lines, $file_limit at most") if $. > $file_limit;
	print "warning: $file: $. lines, $file_warning are enough\n" if $. > $file_warning && $. <= $file_limit;
	close $in;
}

measure($_) for grep { /\.[chS]$/ } @ARGV;
if (!@lengths) {
	print "no functions\n";
	exit !!$bad;
}

@lengths = sort { $a <=> $b } @lengths;
my $median = $lengths[@lengths / 2];
fail("median function length $median, $median_limit at most") if $median > $median_limit;
if (@long > @lengths / 10) {
	print "$_\n" for @long;
	fail(scalar(@long) . " of " . @lengths . " functions have $tail_limit lines or more, one in ten may");
}
printf "%d functions, median %d lines, longest %d\n", scalar @lengths, $median, $lengths[-1];
exit !!$bad;
