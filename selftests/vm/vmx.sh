# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
#
# Machine kind vmx: Bochs's model of a Broadwell CPU, which has VMX with EPT. For run, as svm.sh says.
#
# It is an interpreter, so what boots is prepared here (vmx-image) and put into its memory, and a ROM of ours in the
# place of the video adapter's (vmx_x86.S) starts it: no disk, boot loader or decompressor runs in the machine.
# ZX_BOCHS in the environment holds more lines for Bochs's settings, such as "log: FILE" and "error: action=report".

# Instructions that are a second inside: about as many as it does in one, for the sake of time limits.
vmx_ips=50000000

machine_packages() {
	echo bochs bochs-term bochsbios gcc lz4 zstd
}

# What is left out only prepares tracing of kernel functions and BPF's use of them, in a quarter of the time to boot.
vmx_skipped=ftrace_check_for_weak_functions,trace_eval_init,cubictcp_register,bpf_rstat_kfunc_init
vmx_skipped+=,bpf_prog_test_run_init,kfunc_init,bpf_key_sig_kfuncs_init,bpf_tcp_ca_kfunc_init

# At the usual 9600 baud the kernel's log takes most of the time to boot. With MWAIT a CPU that another one wakes by a
# write to memory may sleep on until the next interrupt.
# A single CPU has the flag of a package with several and not their number, which newer kernels warn of.
machine_cmdline() {
	((vm_cpus > 1)) || echo clearcpuid=ht
	echo console=ttyS1,115200 loglevel=5 tsc=reliable no_timer_check idle=halt "initcall_blacklist=$vmx_skipped"
}

# Interrupts do not end a guest that was entered with RFLAGS.IF clear. One that comes while the CPU has a virtual
# interrupt pending has that delivered, with IF clear as well: a Linux guest soon waits for a lock that it holds itself.
machine_module_args() {
	echo slice_us=200 apicv=0
}

# The firmware runs a ROM whose bytes add up to 0.
vmx_rom() { # FILE
	gcc -m32 -nostdlib -static -Wl,-Ttext=0,--oformat=binary,--build-id=none -o "$1" "$here/vmx_x86.S" &&
		perl -e 'undef $/; $_ = <>; print substr($_, 0, -1), pack "C", -unpack "%8C*", $_' "$1" >"$1.new" &&
		mv "$1.new" "$1"
}

vmx_megabytes() {
	local size=${vm_memory%[MG]}
	[[ $vm_memory == *M ]] || ((size *= 1024))
	echo "$size"
}

vmx_console() {
	if [[ $interactive ]]; then
		echo "mode=term, dev=$(tty)"
	else
		echo "mode=file, dev=/dev/fd/3"
	fi
}

# Bochs's own words go to its log. Powering off is a panic to it, and ends it only so.
# Of its own memory Bochs takes no more than 2 GiB for the machine's; what is touched beyond that it keeps in a file.
vmx_settings() {
	local memory
	memory=$(vmx_megabytes)
	cat <<-EOF
	config_interface: textconfig
	display_library: term
	plugin_ctrl: speaker=0, extfpuirq=0, parallel=0, gameport=0, usb_uhci=0
	sound: driver=dummy
	memory: guest=$memory, host=$((memory < 2048 ? memory : 2048))
	romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
	vgaromimage: file=$work/rom
	optramimage1: file=$work/image, address=0x400000
	cpu: model=broadwell_ult, count=1:$vm_cpus:1, ips=$vmx_ips, reset_on_triple_fault=0, ignore_bad_msrs=1
	clock: sync=none, time0=utc
	ata0: enabled=0
	ata1: enabled=0
	com1: enabled=1, $(vmx_console)
	com2: enabled=1, mode=file, dev=$vm_log
	com3: enabled=1, mode=file, dev=$vm_report
	log: $work/bochs.log
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	debug: action=ignore
	$ZX_BOCHS
	EOF
}

machine_start() {
	vmx_rom "$work/rom" && "$here/vmx-image" "$vm_kernel" "$vm_initrd" "$vm_cmdline" "$work/image" || exit
	vmx_settings >"$work/settings"
	echo c >"$work/debugger"
	exec setpriv --pdeathsig KILL "$here/vmx-machine" "$work"
}
