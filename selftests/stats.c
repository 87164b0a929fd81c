// SPDX-License-Identifier: GPL-2.0-only
/* ZX_INFO_GUEST_STATS: who may ask, how records are counted, what counts. */
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define MAX_CPUS	256
#define TOPIC		ZX_INFO_GUEST_STATS

FIXTURE(stats) {
	struct vm vm;
	zx_info_guest_stats_t before[MAX_CPUS], after[MAX_CPUS];
	size_t actual, avail;
};

FIXTURE_SETUP(stats)
{
	ASSERT_EQ(ZX_OK, vm_up(&self->vm));
	ASSERT_EQ(0, run_on_cpu(0));
}

FIXTURE_TEARDOWN(stats)
{
	vm_down(&self->vm);
}

static zx_status_t ask(struct _test_data_stats *self, zx_handle_t handle, size_t size)
{
	memset(self->after, 0xff, sizeof(self->after));
	return zx_object_get_info(handle, TOPIC, self->after, size, &self->actual, &self->avail);
}

TEST_F(stats, a_record_for_each_cpu)
{
	size_t i;

	ASSERT_EQ(ZX_OK, ask(self, self->vm.resource, sizeof(self->after)));
	EXPECT_EQ(sysconf(_SC_NPROCESSORS_CONF), self->avail);
	EXPECT_EQ(self->avail, self->actual);
	for (i = 0; i < self->actual; i++) {
		EXPECT_EQ(i, self->after[i].cpu_number);
		EXPECT_EQ(1, self->after[i].flags);
		EXPECT_EQ(0, self->after[i].pause_instructions);
	}
	EXPECT_EQ(UINT32_MAX, self->after[i].cpu_number);
}

TEST_F(stats, as_many_records_as_fit)
{
	const size_t one = sizeof(self->after[0]);

	ASSERT_EQ(ZX_OK, ask(self, self->vm.resource, 0));
	EXPECT_EQ(0, self->actual);
	EXPECT_LT(0, self->avail);
	ASSERT_EQ(ZX_OK, ask(self, self->vm.resource, one - 1));
	EXPECT_EQ(0, self->actual);
	EXPECT_EQ(UINT32_MAX, self->after[0].cpu_number);
	ASSERT_EQ(ZX_OK, ask(self, self->vm.resource, one));
	EXPECT_EQ(1, self->actual);
	EXPECT_EQ(UINT32_MAX, self->after[1].cpu_number);
	ASSERT_EQ(ZX_OK, ask(self, self->vm.resource, 2 * one - 1));
	EXPECT_EQ(1, self->actual);
}

TEST_F(stats, counts_need_not_be_wanted)
{
	EXPECT_EQ(ZX_OK, zx_object_get_info(self->vm.resource, TOPIC, NULL, 0, NULL, NULL));
}

TEST_F(stats, bad_pointers)
{
	const size_t size = sizeof(self->after);

	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_info(self->vm.resource, TOPIC, BAD_POINTER,
							  size, NULL, NULL));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_info(self->vm.resource, TOPIC, self->after,
							  size, BAD_POINTER, NULL));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_info(self->vm.resource, TOPIC, self->after,
							  size, NULL, BAD_POINTER));
	EXPECT_EQ(ZX_ERR_INVALID_ARGS, zx_object_get_info(self->vm.resource, TOPIC, NULL,
							  SIZE_MAX, NULL, NULL));
}

TEST_F(stats, other_objects_are_of_the_wrong_type)
{
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, ask(self, self->vm.guest, sizeof(self->after)));
	EXPECT_EQ(ZX_ERR_WRONG_TYPE, ask(self, self->vm.vmo, sizeof(self->after)));
	EXPECT_EQ(ZX_ERR_BAD_HANDLE, ask(self, ZX_HANDLE_INVALID, sizeof(self->after)));
}

/* Ask through a resource of @options that comes from the first. */
static zx_status_t ask_as(struct _test_data_stats *self, uint32_t options, uint64_t base,
			  uint64_t len)
{
	zx_handle_t resource;
	zx_status_t status;

	if (zx_resource_create(self->vm.resource, options, base, len, "test", 4, &resource))
		return ZX_ERR_INTERNAL;
	status = ask(self, resource, sizeof(self->after));
	zx_handle_close(resource);
	return status;
}

TEST_F(stats, resources_that_may_ask)
{
	EXPECT_EQ(ZX_OK, ask_as(self, ZX_RSRC_KIND_HYPERVISOR, 0, 0));
	EXPECT_EQ(ZX_OK, ask_as(self, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_INFO_BASE, 1));
	EXPECT_EQ(ZX_OK, ask_as(self, ZX_RSRC_KIND_SYSTEM, 0, ZX_RSRC_SYSTEM_INFO_BASE + 1));
}

TEST_F(stats, resources_that_may_not)
{
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, ask_as(self, ZX_RSRC_KIND_VMEX, 0, 0));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, ask_as(self, ZX_RSRC_KIND_SYSTEM,
					       ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, ask_as(self, ZX_RSRC_KIND_SYSTEM, 0,
					       ZX_RSRC_SYSTEM_INFO_BASE));
	EXPECT_EQ(ZX_ERR_ACCESS_DENIED, ask_as(self, ZX_RSRC_KIND_SYSTEM,
					       ZX_RSRC_SYSTEM_INFO_BASE + 1, 1));
}

TEST_F(stats, no_right_is_needed)
{
	zx_handle_t bare = handle_with(self->vm.resource, ZX_RIGHT_NONE);

	EXPECT_EQ(ZX_OK, ask(self, bare, sizeof(self->after)));
	zx_handle_close(bare);
}

static void count_from(struct _test_data_stats *self)
{
	zx_object_get_info(self->vm.resource, TOPIC, self->before, sizeof(self->before), NULL,
			   NULL);
}

/* What the count at @offset has grown by, on the CPU that the test stays on. */
static int64_t growth_at(struct _test_data_stats *self, size_t offset)
{
	uint64_t before, after;

	memcpy(&before, (char *)&self->before[cpu_number(0)] + offset, sizeof(before));
	memcpy(&after, (char *)&self->after[cpu_number(0)] + offset, sizeof(after));
	return after - before;
}

/* The same after another look, or -1. */
static int64_t growth(struct _test_data_stats *self, zx_status_t status, size_t offset)
{
	if (status != ZX_OK || ask(self, self->vm.resource, sizeof(self->after)) != ZX_OK)
		return -1;
	return growth_at(self, offset);
}

/* How many of @name there were in @run, which gives a status. */
#define counted(self, name, run) \
	(count_from(self), growth((self), (run), offsetof(zx_info_guest_stats_t, name)))

/* And in the run that was counted last. */
#define counted_too(self, name) \
	growth_at((self), offsetof(zx_info_guest_stats_t, name))

TEST_F(stats, io)
{
	struct vm *vm = &self->vm;

	EXPECT_EQ(4, counted(self, io_instructions, (vm_boot(vm, out_sizes) ?:
		  vm_mark(vm, 0x11) ?: vm_mark(vm, 0x2211) ?: vm_mark(vm, 0x44332211) ?:
		  vm_finish(vm))));
	EXPECT_LE(4, counted_too(self, vm_exits));
	EXPECT_LE(4, counted_too(self, vm_entries));
}

TEST_F(stats, instructions)
{
	struct vm *vm = &self->vm;

	EXPECT_EQ(1, counted(self, cpuid_instructions, vm_probe(vm, probe_cpuid)));
	zx_handle_close(vm->vcpu);
	vm_frame(vm)->rcx = 0x802;
	EXPECT_EQ(1, counted(self, rdmsr_instructions, vm_probe(vm, probe_rdmsr)));
	EXPECT_EQ(0, counted_too(self, wrmsr_instructions));
	zx_handle_close(vm->vcpu);
	vm_frame(vm)->rcx = 0x80b;
	vm_frame(vm)->rax = 0;
	vm_frame(vm)->rdx = 0;
	EXPECT_EQ(1, counted(self, wrmsr_instructions, vm_probe(vm, probe_wrmsr)));
	EXPECT_EQ(0, counted_too(self, rdmsr_instructions));
	zx_handle_close(vm->vcpu);
	vm_frame(vm)->rcx = 0;
	vm_frame(vm)->rax = 7;
	/* Not every emulated CPU lets it be intercepted. */
	EXPECT_GE(1, counted(self, xsetbv_instructions, vm_probe(vm, probe_xsetbv)));
	zx_handle_close(vm->vcpu);
	/* VMX does not exit for a value that changes nothing. */
	vm_frame(vm)->rax = 0x80010013;
	EXPECT_EQ(1, counted(self, control_register_accesses, vm_probe(vm, probe_write_cr0)));
	zx_handle_close(vm->vcpu);
	EXPECT_EQ(0, counted(self, control_register_accesses, vm_probe(vm, probe_dr0)));
}

TEST_F(stats, hypercalls_of_both_vendors)
{
	struct vm *vm = &self->vm;

	EXPECT_EQ(1, counted(self, vmcall_instructions, vm_probe(vm, probe_vmmcall)));
	zx_handle_close(vm->vcpu);
	EXPECT_EQ(1, counted(self, vmcall_instructions, vm_probe(vm, probe_vmcall)));
	zx_handle_close(vm->vcpu);
	EXPECT_EQ(0, counted(self, vmcall_instructions, vm_probe(vm, probe_ud2)));
}

TEST_F(stats, memory)
{
	struct vm *vm = &self->vm;

	EXPECT_LE(1, counted(self, ept_violations, vm_probe(vm, probe_nop)));
	zx_handle_close(vm->vcpu);
	vm_frame(vm)->rdi = GUEST_BUFFER;
	EXPECT_GE(1, counted(self, ept_violations, vm_probe(vm, probe_store)));
}

TEST_F(stats, halts_windows_and_interrupts)
{
	struct vm *vm = &self->vm;

	vm_frame(vm)->rax = 0x1ff;
	vm_frame(vm)->rcx = 1;
	ASSERT_EQ(ZX_OK, vm_boot(vm, wait_irqs));
	ASSERT_EQ(ZX_OK, zx_vcpu_interrupt(vm->vcpu, 0x44));
	EXPECT_EQ(1, counted(self, interrupt_windows, vm_finish(vm)));
	zx_handle_close(vm->vcpu);
	/* A tick at the latest, in each of these. */
	vm_frame(vm)->rax = 0x70;
	vm_frame(vm)->rcx = 0xb;
	vm_frame(vm)->rdx = 50000000;
	vm_frame(vm)->rbx = 1;
	vm_frame(vm)->eoi = 1;
	vm_frame(vm)->irqs = 0;
	EXPECT_LE(1, counted(self, interrupts, (vm_boot(vm, timer_spin) ?: vm_finish(vm))));
	zx_handle_close(vm->vcpu);
	vm_frame(vm)->irqs = 0;
	EXPECT_LE(1, counted(self, hlt_instructions, (vm_boot(vm, timer) ?: vm_finish(vm))));
}

TEST_HARNESS_MAIN
