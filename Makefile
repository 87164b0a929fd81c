# SPDX-License-Identifier: GPL-2.0-only
#
# make help lists the targets. The module is compiled in module/.build/<kernel release>, a tree of links to
# the sources, so that builds for several kernels stand side by side and the sources stay clean.

KDIR    ?= /lib/modules/$(shell uname -r)/build
PREFIX  ?= /usr/local
MACHINE ?= svm
MINUTES ?= 30
CPUS    ?= 1
# The tests run in machines of all kinds unless one is named.
CHOSEN  := $(if $(filter file,$(origin MACHINE)),,--machine $(MACHINE))
KERNEL  ?=
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
export PREFIX DESTDIR VERSION

RELEASE = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
OBJ     = module/.build/$(RELEASE)$(if $(ZX_COVER),-cover)
SOURCES = $(shell find Kbuild module uapi -name .build -prune -o -type f \( -name '*.[chS]' -o -name Kbuild \) -print)
FETCH   = selftests/vm/fetch $(if $(KERNEL),--kernel $(KERNEL))
OPTIONS = --machine $(MACHINE) $(if $(KERNEL),--kernel $(KERNEL))
# Type information needs the kernel's own, which some headers packages leave out, and a program that they do not ask for.
NO_BTF  = $(if $(and $(wildcard $(KDIR)/vmlinux),$(shell command -v pahole)),,CONFIG_DEBUG_INFO_BTF_MODULES=)
SUBMAKE = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

all: module libzx examples selftests

help:
	@echo 'make                 module, libzx, examples and selftests'
	@echo 'make module          zx_hypervisor.ko for the running kernel, or for KDIR=...'
	@echo 'make libzx           the library'
	@echo 'make examples        the example programs and the VMM'
	@echo 'make selftests       the test programs'
	@echo 'make install         module, library, headers and manual pages (PREFIX=$(PREFIX), DESTDIR=)'
	@echo 'make demo            boot Linux in a guest, inside an emulated machine; HOST=1: on this machine; CPUS=4: with that many'
	@echo 'make shell           a shell in the emulated machine, everything loaded'
	@echo 'make check           unit tests, then all tests in emulated machines, AMD and Intel, and on checking kernels'
	@echo 'make soak            fuzzers, kills and failing allocations for MINUTES=30, each time with another seed'
	@echo 'make check-params    the kselftests once for each module parameter that switches a feature off'
	@echo 'make cover           which blocks of the module the kselftests reach, AMD and Intel: an hour'
	@echo 'make bench           what operations cost, beside KVM: selftests/bench/RESULTS.md'
	@echo 'make style           checkpatch, sparse, licences and sizes'
	@echo 'make clean'
	@echo
	@echo 'MACHINE=svm or vmx (AMD, Intel) and KERNEL=6.1 choose the emulated machine and its kernel; KERNEL=debug and KERNEL=kcsan'
	@echo 'are the checking kernels: memory and locks, data races.'
	@echo 'demo, shell, check, bench, check-params, cover, soak and style install the Debian packages that they lack, and say which.'

kdir:
	@test -n "$(RELEASE)" -a -e $(KDIR)/Makefile || { \
		echo 'No kernel headers in $(KDIR).'; \
		echo 'Install them (Debian: apt-get install linux-headers-$(shell uname -r)) or name them: make KDIR=...'; \
		exit 2; } >&2

links: kdir
	@mkdir -p $(addprefix $(OBJ)/,$(sort $(dir $(SOURCES))))
	@for source in $(SOURCES); do ln -sfn $(CURDIR)/$$source $(OBJ)/$$source; done
	@find -L $(OBJ) -type l -delete

module: links
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(OBJ) $(NO_BTF) modules

libzx:
	$(MAKE) -C libzx

examples: libzx
	$(MAKE) -C examples

selftests: libzx
	ksft=$(or $(KSFT),$$($(FETCH) kselftest)) && $(MAKE) -C selftests KSFT=$$ksft

# Headers packages have no System.map, without which modules_install leaves depmod out.
install: module libzx
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(OBJ) $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install
	$(MAKE) -C libzx install
	$(if $(DESTDIR),,depmod $(RELEASE) && ldconfig)

# What runs in the machine is built for the machine's kernel.
machine-packages:
	@selftests/deps.sh tools build machine

machine-build: machine-packages
	@kdir=$$($(FETCH) headers) && $(SUBMAKE) module libzx examples KDIR=$$kdir

machine-tests: machine-build
	@selftests/deps.sh check
	@$(SUBMAKE) selftests

ifeq ($(HOST),1)
demo: machine-packages
	@$(SUBMAKE) module libzx examples
	selftests/vm/host $(CURDIR)/$(OBJ)/zx_hypervisor.ko $(CPUS)
else
# The slow machine is fastest with one CPU, unless that would have to run VCPUs that wait for each other.
demo: machine-build
	selftests/vm/run $(OPTIONS) --no-insmod $(if $(filter vmx,$(MACHINE)),--cpus $(if $(filter 1,$(CPUS)),1,2) --timeout 900,--timeout 180) -- demo $(CPUS)
endif

shell: machine-tests
	selftests/vm/run $(OPTIONS) --interactive -- sh -l

# With no kernel named, the tests run in the checking ones as well, but not on vmx alone, where it would take an hour.
debug-build: machine-packages
	@for kernel in debug kcsan; do \
		kdir=$$(selftests/vm/fetch --kernel $$kernel headers) && $(SUBMAKE) module KDIR=$$kdir || exit; \
	done

check: machine-tests $(if $(KERNEL)$(filter vmx,$(CHOSEN)),,debug-build)
	selftests/check $(CHOSEN) $(if $(KERNEL),--kernel $(KERNEL))

soak: machine-tests debug-build
	selftests/soak $(MINUTES)

check-params: machine-tests
	selftests/params $(OPTIONS)

cover: machine-tests
	selftests/cover/check $(CHOSEN)

# Both vendors, unless one is named; ten minutes.
bench: machine-tests
	selftests/bench/run $(CHOSEN) $(if $(KERNEL),--kernel $(KERNEL)) $(if $(CHOSEN)$(KERNEL),,--output selftests/bench/RESULTS.md)

style:
	@selftests/deps.sh tools build style
	@kdir=$$($(FETCH) headers) && $(SUBMAKE) links KDIR=$$kdir && selftests/style/check $$kdir

clean:
	rm -rf module/.build
	for part in libzx examples selftests selftests/unit selftests/fuzz/user; do $(MAKE) -C $$part clean || exit; done

.PHONY: all help kdir links module libzx examples selftests install machine-packages machine-build machine-tests \
	debug-build demo shell bench check check-params cover soak style clean
