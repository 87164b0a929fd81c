// SPDX-License-Identifier: GPL-2.0-only
/* The shortest life of a guest; reload.sh runs it many times. */
#include "kselftest_harness.h"
#include "util.h"

TEST(guest_runs_to_its_first_packet)
{
	struct vm vm;

	ASSERT_EQ(ZX_OK, vm_up(&vm));
	ASSERT_EQ(ZX_OK, vm_boot(&vm, done));
	ASSERT_EQ(ZX_OK, vm_finish(&vm));
	vm_down(&vm);
}

TEST_HARNESS_MAIN
