// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM is the other hypervisor: whoever comes first keeps the CPUs, and whoever comes second
 * is told so, does no harm, and has them when the first is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "../util.h"
#include "machine.h"

#define MODULES		"/zx/kvm"
/* Where KVM takes the CPUs as it is loaded, this keeps it from that; elsewhere it means nothing. */
#define ON_DEMAND	"enable_virt_at_load=0"
#define AT_LOAD		"/sys/module/kvm/parameters/enable_virt_at_load"
#define TURNS		8
#define ROUNDS		30

static const char *vendor(void)
{
	return host_is_amd() ? "kvm_amd" : "kvm_intel";
}

/* With those that it needs, as the list beside it says. */
static int kvm_load(const char *args)
{
	char path[64], name[32];
	int error = 0;
	FILE *list;

	snprintf(path, sizeof(path), MODULES "/%s.list", vendor());
	list = fopen(path, "re");
	if (!list)
		return errno;
	while (!error && fscanf(list, "%31s", name) == 1) {
		snprintf(path, sizeof(path), MODULES "/%s.ko", name);
		error = module_load(path, strcmp(name, "kvm") ? "" : args);
		if (error == EEXIST)
			error = 0;
	}
	fclose(list);
	return error;
}

/* KVM says of a CPU that another holds what its kernel makes of it: it has changed. */
static bool is_refusal(int error)
{
	return error == EBUSY || error == EIO;
}

/* What others use stays. */
static int kvm_unload(void)
{
	const int error = module_unload(vendor());

	module_unload("kvm");
	return error;
}

/* A VM of KVM's, or the negative error. */
static int kvm_create(void)
{
	const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	const int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	const int error = errno;

	if (kvm >= 0)
		close(kvm);
	return vm < 0 ? -error : vm;
}

/* Real mode at 0x1000: HLT. */
static int kvm_enter(int vcpu)
{
	struct kvm_run *run = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
	struct kvm_sregs sregs;
	int reason = -1;

	if (run == MAP_FAILED)
		return -1;
	if (!ioctl(vcpu, KVM_GET_SREGS, &sregs)) {
		sregs.cs.base = 0;
		sregs.cs.selector = 0;
		if (!ioctl(vcpu, KVM_SET_SREGS, &sregs) && !ioctl(vcpu, KVM_SET_REGS, &regs) &&
		    !ioctl(vcpu, KVM_RUN, 0))
			reason = run->exit_reason;
	}
	munmap(run, PAGE);
	return reason;
}

/* What ended KVM's guest: KVM_EXIT_HLT if all is well. */
static int kvm_run(int vm)
{
	struct kvm_userspace_memory_region region = { .guest_phys_addr = 0x1000,
						      .memory_size = PAGE };
	unsigned char *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int vcpu, reason = -1;

	if (mem == MAP_FAILED)
		return -1;
	mem[0] = 0xf4;
	region.userspace_addr = (uintptr_t)mem;
	vcpu = ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) ? -1 :
	       ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu >= 0) {
		reason = kvm_enter(vcpu);
		close(vcpu);
	}
	munmap(mem, PAGE);
	return reason;
}

/* A VM of KVM's comes up and runs on each of the first two CPUs. */
static int try_kvm(void)
{
	unsigned int cpu;
	int vm, reason = KVM_EXIT_HLT;

	for (cpu = 0; cpu < 2 && reason == KVM_EXIT_HLT; cpu++) {
		vm = kvm_create();
		if (vm < 0)
			return vm;
		reason = run_on_cpu(cpu) ? -1 : kvm_run(vm);
		close(vm);
	}
	return reason;
}

FIXTURE(rival) {
	struct vm vm;
	int kvm_vm;
};

FIXTURE_SETUP(rival)
{
	self->kvm_vm = -1;
	ASSERT_EQ(0, hypervisor_load());
}

FIXTURE_TEARDOWN(rival)
{
	vm_down(&self->vm);
	if (self->kvm_vm >= 0)
		close(self->kvm_vm);
	kvm_unload();
	EXPECT_EQ(0, hypervisor_unload());
}

TEST_F(rival, its_guest_keeps_ours_out)
{
	char words[64];
	int i;

	ASSERT_EQ(0, kvm_load(ON_DEMAND));
	self->kvm_vm = kvm_create();
	ASSERT_LE(0, self->kvm_vm);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, try_guest());
	EXPECT_EQ(1, refusals_logged(""));
	snprintf(words, sizeof(words), "%s is loaded: ", vendor());
	EXPECT_EQ(1, refusals_logged(words));
	snprintf(words, sizeof(words), ", or rmmod %s", vendor());
	EXPECT_EQ(1, refusals_logged(words));
	EXPECT_EQ(!access(AT_LOAD, F_OK), refusals_logged("kvm.enable_virt_at_load=0"));
	EXPECT_EQ(KVM_EXIT_HLT, kvm_run(self->kvm_vm));
}

TEST_F(rival, ours_comes_when_its_guest_is_gone)
{
	ASSERT_EQ(0, kvm_load(ON_DEMAND));
	self->kvm_vm = kvm_create();
	ASSERT_LE(0, self->kvm_vm);
	EXPECT_EQ(ZX_ERR_NOT_SUPPORTED, try_guest());
	close(self->kvm_vm);
	self->kvm_vm = -1;
	EXPECT_EQ(ZX_OK, try_guest());
}

/* Loaded with no argument, it holds the CPUs or does not, as its kernel is made. */
TEST_F(rival, rmmod_helps)
{
	zx_status_t expected;

	ASSERT_EQ(0, kvm_load(""));
	expected = access(AT_LOAD, F_OK) ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
	EXPECT_EQ(expected, try_guest());
	EXPECT_EQ(KVM_EXIT_HLT, try_kvm());
	EXPECT_EQ(expected, try_guest());
	EXPECT_EQ(0, kvm_unload());
	EXPECT_EQ(ZX_OK, try_guest());
}

TEST_F(rival, loaded_under_our_guest)
{
	int error;

	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done) ?: vm_finish(&self->vm));
	error = kvm_load("");
	EXPECT_EQ(!access(AT_LOAD, F_OK), is_refusal(error));
	EXPECT_EQ(!!error, is_refusal(error));
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	EXPECT_EQ(error ? ENOENT : 0, kvm_unload());
	EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	vm_down(&self->vm);
	settled_objects();
	ASSERT_EQ(0, kvm_load(""));
	EXPECT_EQ(KVM_EXIT_HLT, try_kvm());
}

TEST_F(rival, our_guest_keeps_its_out)
{
	unsigned int cpu;

	ASSERT_EQ(0, kvm_load(ON_DEMAND));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, done));
	for (cpu = 0; cpu < 2; cpu++) {
		ASSERT_EQ(0, run_on_cpu(cpu));
		EXPECT_TRUE(is_refusal(-kvm_create()));
		EXPECT_EQ(ZX_OK, vm_finish(&self->vm));
	}
	vm_down(&self->vm);
	settled_objects();
	EXPECT_EQ(KVM_EXIT_HLT, try_kvm());
	EXPECT_EQ(0, refusals_logged(""));
}

static void try_kvm_and_kick(struct later *later)
{
	int i, refused = 0;

	run_on_cpu(1);
	for (i = 0; i < TURNS; i++)
		refused += is_refusal(-kvm_create());
	later->status = zx_vcpu_kick(later->vcpu) ?: refused == TURNS ? ZX_OK : ZX_ERR_INTERNAL;
}

TEST_F(rival, our_guest_is_not_disturbed_while_it_runs)
{
	struct later later = { .call = try_kvm_and_kick };

	ASSERT_EQ(0, kvm_load(ON_DEMAND));
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(0, run_on_cpu(0));
	later.flag = &vm_frame(&self->vm)->flag;
	ASSERT_EQ(ZX_OK, vm_boot(&self->vm, spin));
	later.vcpu = self->vm.vcpu;
	ASSERT_EQ(0, later_start(&later));
	EXPECT_EQ(ZX_ERR_CANCELED, zx_vcpu_enter(self->vm.vcpu, NULL));
	later_join(&later);
	EXPECT_EQ(ZX_OK, later.status);
}

/* Each finds the CPU as the host has it: KVM takes what is in it then for the host's. */
TEST_F(rival, turn_by_turn)
{
	uint32_t before;
	int i;

	ASSERT_EQ(0, kvm_load(ON_DEMAND));
	for (i = 0; i < TURNS; i++) {
		ASSERT_EQ(0, run_on_cpu(i % 2));
		before = host_tsc_aux();
		ASSERT_EQ(ZX_OK, vm_up(&self->vm));
		vm_frame(&self->vm)->rcx = 0xc0000103;
		vm_frame(&self->vm)->rbx = 0x7ee;
		ASSERT_EQ(ZX_OK, vm_boot(&self->vm, msr_keep) ?: vm_mark(&self->vm, 1));
		ASSERT_EQ(ZX_OK, vm_finish(&self->vm));
		vm_down(&self->vm);
		settled_objects();
		ASSERT_EQ(KVM_EXIT_HLT, try_kvm());
		ASSERT_EQ(0, run_on_cpu(i % 2));
		EXPECT_EQ(before, host_tsc_aux());
	}
}

/* @arg counts what is neither success nor a refusal. */
static void come_and_go(struct later *later)
{
	int *wrong = later->arg, i, vm;

	for (i = 0; i < ROUNDS; i++) {
		vm = kvm_create();
		*wrong += vm < 0 && !is_refusal(-vm);
		if (vm >= 0)
			close(vm);
	}
	later->status = ZX_OK;
}

TEST_F(rival, both_at_once)
{
	int wrong = 0, ours_wrong = 0, i;
	struct later later = { .call = come_and_go, .arg = &wrong };
	zx_status_t status;

	ASSERT_EQ(0, kvm_load(ON_DEMAND));
	ASSERT_EQ(0, later_start(&later));
	for (i = 0; i < ROUNDS; i++) {
		status = try_guest();
		ours_wrong += status != ZX_OK && status != ZX_ERR_NOT_SUPPORTED;
	}
	later_join(&later);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, ours_wrong);
	EXPECT_EQ(ZX_OK, try_guest());
	EXPECT_EQ(KVM_EXIT_HLT, try_kvm());
	EXPECT_EQ(ZX_OK, try_guest());
	EXPECT_GE(1, refusals_logged(""));
}

TEST_HARNESS_MAIN
