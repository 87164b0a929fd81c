# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
#
# Machine kind svm: QEMU's own CPU (TCG), which has SVM with nested paging.
#
# What every kind gives to run:
#   machine_packages   Debian packages that it needs
#   machine_cmdline    what it adds to the kernel's command line
#   machine_module_args  parameters that the module needs there
#   machine_start      becomes the emulator (exec) and ends when the machine is off, with
#                      COM1 on standard input and output, COM2 into $vm_log, COM3 into $vm_report
# from $vm_kernel $vm_initrd $vm_cmdline $vm_memory $vm_cpus $vm_icount $vm_kvm.

machine_packages() {
	echo qemu-system-x86
}

# Of several CPUs the first is one too many, and init keeps what it starts off it. Whenever a CPU loads x87 state
# (XRSTOR, FXRSTOR), QEMU (7.2; 9.0 does the same) takes IGNNE# from the first: cpu_clear_ignne() reads and writes the
# word in which that CPU has its GIF and whether nested paging is on, while another thread runs that CPU and writes it
# too. What is lost is a VMRUN's or a #VMEXIT's: the guest runs on bare physical memory (against APM 2, 15.25.3), or
# the host through the guest's nested tables (15.6). No other CPU's word is written by others.
spare_first() {
	((vm_cpus > 1))
}

# The emulated TSC is the emulator's clock, the same for all CPUs.
machine_cmdline() {
	echo console=ttyS1 loglevel=7 tsc=reliable no_timer_check
	! spare_first || printf 'zx_cpus=%x\n' $((((1 << vm_cpus) - 1) << 1))
}

machine_module_args() {
	:
}

# With its first VM and after its last KVM changes the scheduler's code (a static key), under which QEMU 7.2 with a
# thread per CPU goes on with the breakpoint that stood there meanwhile, for ever.
machine_start() {
	local accel=(-accel "tcg,thread=multi") cpus=$vm_cpus bits=52
	# Four levels of nested tables, as many as the kernel has, translate 48 bits; QEMU (7.2) drops those above.
	[[ $vm_cmdline != *no5lvl* ]] || bits=48
	! spare_first || ((cpus++))
	[[ $vm_kvm ]] && accel=(-accel "tcg,thread=single")
	# Where all sleep, the clock jumps to the next timer: waiting for it would count the real time of both.
	[[ $vm_icount ]] && accel=(-accel "tcg,thread=single" -icount shift=0,sleep=off)
	exec setpriv --pdeathsig KILL qemu-system-x86_64 "${accel[@]}" \
		-machine pc -cpu "max,phys-bits=$bits" -smp "$cpus" -m "$vm_memory" \
		-nodefaults -no-user-config -display none -no-reboot \
		-chardev stdio,id=console,signal=off -serial chardev:console \
		-serial "file:$vm_log" -serial "file:$vm_report" \
		-kernel "$vm_kernel" -initrd "$vm_initrd" -append "$vm_cmdline" $ZX_QEMU
}
