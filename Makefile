# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds everything that this machine can build, into build/:
#
#   build/bin/			ssi-vmm, ssid, ssictl, ssi-acpi
#   build/kmod-<kernel>/	kmod/ssi_dsm.ko
#   build/selftests/<kind>/	test programs, one for each .c
#   build/guest/		the check program and the initrd of test guests
#
# A new .c file in one of the folders is found by pattern. A folder's Makefile.inc
# adds rules for files that the patterns here do not cover. The lines that begin
# with two # are printed by "make help".

PREFIX ?= /usr/local
# for systemd's units, udev's rules and modprobe's options
SYSTEM_LIB ?= $(PREFIX)/lib
B := build

## all	everything below that this machine can build (the default)
all: modules programs selftests guest

## help	this list
help:
	@echo "make TARGET [VARIABLE=...]; what is built goes into build/"
	@sed -n 's/^## *//p' $(firstword $(MAKEFILE_LIST)) | awk -F '\t+' '\
		NF == 1 { print "\n" $$1 ":"; next } \
		{ printf "  %-17s %s\n", $$1, $$2 }'

CC ?= gcc
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes
INCLUDES := -Iuapi -I. -Ivmm -Iacpi -I/usr/include/libnl3
SSI_CFLAGS = -std=gnu11 -D_GNU_SOURCE= $(WARNINGS) $(INCLUDES) $(CPPFLAGS) $(CFLAGS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
GENL_LIBS := -lnl-genl-3 -lnl-3
YAML_LIBS := -lcyaml -lyaml -luuid
LDFLAGS += -Wl,--as-needed

# $(call objects,sources[,folder]): where the objects of sources go
objects = $(patsubst %.c,$(B)/$(or $(2),obj)/%.o,$(1))
have_header = $(wildcard $(addsuffix /$(1),/usr/include /usr/local/include))
quietly = @echo "  $(1)	$@";

# ---- programs ---------------------------------------------------------------

ACPI_LIB  := $(wildcard acpi/*.c)
# what programs share; only lib/genl.c needs libnl, only lib/certificate.c GnuTLS
LIB_SRC   := $(wildcard lib/*.c)
ACPI_MAIN := vmm/acpi_main.c
CONFIG_SRC := $(addprefix vmm/,config.c config_file.c config_guess.c config_hosts.c config_old.c config_tree.c \
			device_options.c)
ACPI_SRC  := $(ACPI_MAIN) $(CONFIG_SRC) $(addprefix vmm/,bounded.c host.c log.c log_limit.c \
			output.c tables.c tty.c)
VMM_SRC   := $(filter-out $(ACPI_MAIN),$(wildcard vmm/*.c vmm/hw/*.c vmm/virtio/*.c))
# the parser of the cluster's file, for programs that describe it
FILE_SRC  := tools/describe.c tools/config_log.c tools/names.c $(CONFIG_SRC)
TOOL_SRC  := $(sort $(wildcard tools/*.c tools/cmd/*.c) $(FILE_SRC))
SSID_SRC  := $(sort $(wildcard tools/ssid/*.c tools/placement/*.c) tools/counts.c tools/difference.c tools/hot_pages.c $(FILE_SRC))

HAVE_NL    := $(call have_header,libnl3/netlink/genl/genl.h)
HAVE_CYAML := $(call have_header,cyaml/cyaml.h)
$(if $(HAVE_NL),,$(info libnl-genl-3-dev is not installed: ssi-vmm and ssictl are \
	not built; run make deps))
$(if $(HAVE_CYAML),,$(info libcyaml-dev is not installed: ssi-vmm, ssictl and ssi-acpi are \
	not built; run make deps))
HAVE_MHD   := $(call have_header,microhttpd.h)
$(if $(HAVE_MHD),,$(info libmicrohttpd-dev is not installed: ssid is not built; run make deps))
PROGRAMS := $(if $(and $(HAVE_NL),$(HAVE_CYAML)),$(B)/bin/ssictl) \
	    $(if $(and $(HAVE_NL),$(HAVE_CYAML),$(HAVE_MHD)),$(B)/bin/ssid) \
	    $(if $(HAVE_CYAML),$(B)/bin/ssi-acpi) \
	    $(if $(and $(HAVE_NL),$(HAVE_CYAML)),$(B)/bin/ssi-vmm)

## programs	ssi-vmm, ssid, ssictl and ssi-acpi
programs: $(PROGRAMS)

# also linked with sanitizers (selftests/hostile)
VMM_PARTS := $(VMM_SRC) $(ACPI_LIB) $(LIB_SRC)
SSID_LIBS := $(GENL_LIBS) $(YAML_LIBS) -ljansson -lgnutls -lmicrohttpd -lpthread -lm
VMM_LIBS  := -ljansson $(YAML_LIBS) $(GENL_LIBS) -lcap-ng -lseccomp -lgnutls -luring -llzma -lslirp -lisofs -lpthread

$(B)/bin/ssi-vmm: $(call objects,$(VMM_PARTS))
$(B)/bin/ssi-vmm: LIBS = $(VMM_LIBS)
$(B)/bin/ssictl: $(call objects,$(TOOL_SRC) $(LIB_SRC))
$(B)/bin/ssictl: LIBS = $(GENL_LIBS) $(YAML_LIBS) -ljansson -lgnutls -lncurses -ltinfo -lpthread -lm
$(B)/bin/ssid: $(call objects,$(SSID_SRC) $(LIB_SRC))
$(B)/bin/ssid: LIBS = $(SSID_LIBS)
$(B)/bin/ssi-acpi: $(call objects,$(ACPI_LIB) $(ACPI_SRC) \
				    $(filter-out lib/genl.c lib/certificate.c,$(LIB_SRC)))
$(B)/bin/ssi-acpi: LIBS = $(YAML_LIBS) -lpthread

$(B)/bin/%:
	@mkdir -p $(@D)
	$(call quietly,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call quietly,CC)$(CC) $(SSI_CFLAGS) -MMD -MP -c -o $@ $<

# Tests may include the module's pure files; programs may not.
$(B)/obj/selftests/%.o $(B)/obj/kmod/%.o: INCLUDES += -Ikmod -Iselftests/shim

# ---- test programs ----------------------------------------------------------

# Unit tests: each selftests/unit/*.c is a program; lib*.c, the pure files of
# the module and the VMM and the ACPI library are linked into all, sanitizers on.
KMOD_PURE := $(wildcard kmod/protocol/*.c)
UNIT_LIB := $(wildcard selftests/unit/lib*.c) $(KMOD_PURE) $(ACPI_LIB) vmm/cpufeatures.c vmm/state.c
UNIT_SRC := $(filter-out $(UNIT_LIB),$(wildcard selftests/unit/*.c))
UNIT := $(patsubst %.c,$(B)/%,$(UNIT_SRC))

$(UNIT): $(B)/%: $(B)/sanitized/%.o $(call objects,$(UNIT_LIB),sanitized)
	@mkdir -p $(@D)
	$(call quietly,LD)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

$(B)/sanitized/%.o: %.c
	@mkdir -p $(@D)
	$(call quietly,CC)$(CC) $(SSI_CFLAGS) -Ikmod -Iselftests/shim $(SANITIZE) -MMD -MP -c -o $@ $<

# The description of the REST interface and the page are assembled into ssid.
$(B)/obj/tools/ssid/openapi.o $(B)/sanitized/tools/ssid/openapi.o: tools/ssid/openapi.json
$(B)/obj/tools/ssid/web.o $(B)/sanitized/tools/ssid/web.o: $(wildcard tools/ssid/web/*)

# Tests for a virtual host: each .c is a program, lib*.c and the module's wire.c and keys.c,
# for those that speak to it, are linked into all.
HOST_KINDS := dsm bench cluster debug
define host_tests
$(1)_LIB := $$(wildcard selftests/$(1)/lib*.c) kmod/protocol/wire.c kmod/net/keys.c lib/genl.c
$(1)_BIN := $$(patsubst %.c,$$(B)/%,$$(filter-out selftests/$(1)/lib%,\
			$$(wildcard selftests/$(1)/*.c)))
HOST_TESTS += $$($(1)_BIN)
$$($(1)_BIN): $$(B)/%: $$(B)/obj/%.o $$(call objects,$$($(1)_LIB))
endef
$(foreach kind,$(HOST_KINDS),$(eval $(call host_tests,$(kind))))

# the guest's litmus tests, between programs on different nodes
$(B)/selftests/dsm/litmus: $(call objects,selftests/guest/litmus_tests.c \
					  selftests/guest/barrier.c)

# moves speaks to ssi-vmm's control socket
$(B)/selftests/cluster/moves: $(call objects,lib/http.c lib/number.c)

# benchmarks make clusters as tests do, and so do tests of several hosts and those
# of the debug kernel
$(bench_BIN) $(cluster_BIN) $(debug_BIN): $(call objects,$(wildcard selftests/dsm/lib*.c))

$(HOST_TESTS): LIBS = $(GENL_LIBS) -lrdmacm -libverbs -lgnutls -lnettle -lpthread
$(HOST_TESTS):
	@mkdir -p $(@D)
	$(call quietly,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

## selftests	the test programs
selftests: $(UNIT) $(HOST_TESTS) $(B)/lab/tsc_khz

$(B)/lab/tsc_khz: $(B)/obj/selftests/lab/tsc_khz.o
	@mkdir -p $(@D)
	$(call quietly,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# ---- the test guest ---------------------------------------------------------

## guest	the check program and the initrd of test guests
guest: $(B)/guest/ssi-check $(B)/guest/initrd

$(B)/guest/ssi-check: $(call objects,$(wildcard selftests/guest/*.c))
	@mkdir -p $(@D)
	$(call quietly,LD)$(CC) -static $(CFLAGS) -o $@ $^ -lpthread -lm

# The guest kernel's modules, if selftests/lab/fetch has been run.
SSI_CACHE ?= $(HOME)/.cache/ssi
GUEST_MODULES = $(lastword $(sort $(wildcard \
	$(SSI_CACHE)/kernels/linux-image-*-cloud-amd64/lib/modules/*)))

$(B)/guest/initrd: selftests/guest/mkinitrd selftests/guest/init selftests/guest/devices selftests/guest/stream \
		   $(B)/guest/ssi-check $(GUEST_MODULES)
	$(call quietly,INITRD)SSI_CHECK=$(CURDIR)/$(B)/guest/ssi-check \
		selftests/guest/mkinitrd $@ $(GUEST_MODULES)

# ---- the module -------------------------------------------------------------

# An external module has no separate output folder, so its sources are linked
# into build/kmod-<kernel>/ and built there, once for each kernel:
#   KDIR=...	that kernel only
#   else	the running kernel's and those of the lab's hosts (6.1 and 6.12),
#		as far as their headers are installed
newest_headers = $(lastword $(shell ls -d /lib/modules/$(1).*-amd64/build 2>/dev/null | \
	grep -v -e cloud -e -rt- | sort -V))
LAB_KERNELS := 6.1 6.12
$(foreach v,$(LAB_KERNELS),$(eval KDIR_kmod-$(v) := $(call newest_headers,$(v))))

ifneq ($(KDIR),)
ifeq ($(wildcard $(KDIR)/Makefile),)
$(error KDIR=$(KDIR) is not a kernel build folder; give the path of installed kernel headers)
endif
KDIRS := $(KDIR)
else
KDIRS := $(wildcard /lib/modules/$(shell uname -r)/build) \
	 $(foreach v,$(LAB_KERNELS),$(KDIR_kmod-$(v)))
$(foreach v,$(LAB_KERNELS),$(if $(KDIR_kmod-$(v)),,\
	$(info the headers of Linux $(v) are not installed: no module for it; run make deps)))
endif

# $(call kmod_name,kdir): folder below build/ for the module of that kernel
kmod_name = $(or $(strip $(foreach v,$(LAB_KERNELS),\
	$(if $(filter $(realpath $(KDIR_kmod-$(v))),$(realpath $(1))),kmod-$(v)))),\
	kmod-$(shell $(MAKE) -s --no-print-directory -C $(1) kernelrelease))
$(foreach dir,$(KDIRS),$(eval name := $(strip $(call kmod_name,$(dir)))) \
	$(eval KDIR_$(name) := $(dir)) $(eval KMODS += $(name)))
KMODS := $(sort $(KMODS))

## modules	the module for each kernel whose headers are installed, or only for KDIR=/kernel/build
modules: $(KMODS)

.PHONY: $(KMODS)
$(KMODS):
	@mkdir -p $(B)/$@/kmod
	@cp -rsf $(CURDIR)/Kbuild $(CURDIR)/kmod $(CURDIR)/uapi $(B)/$@/
	@find $(B)/$@ -xtype l -delete
	+@$(MAKE) --no-print-directory -C $(KDIR_$@) M=$(CURDIR)/$(B)/$@ modules

## modules_install	install the modules; DESTDIR=/folder
modules_install: $(addprefix install-,$(KMODS))

.PHONY: $(addprefix install-,$(KMODS))
$(addprefix install-,$(KMODS)): install-%: %
	+@$(MAKE) --no-print-directory -C $(KDIR_$*) M=$(CURDIR)/$(B)/$* \
		INSTALL_MOD_PATH=$(abspath $(DESTDIR)) \
		CONFIG_MODULE_SIG_ALL= modules_install

# ---- install and the rest ---------------------------------------------------

## install	install programs, uapi headers, man pages, units, udev rules and so on; PREFIX=/usr/local DESTDIR=/folder
install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include/linux
	$(if $(PROGRAMS),install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin)
	install -m 644 uapi/linux/*.h $(DESTDIR)$(PREFIX)/include/linux
	@for page in $(wildcard Documentation/man/*.[1-8]); do \
		dir=$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}; \
		install -d $$dir && install -m 644 $$page $$dir || exit 1; \
	done
	install -d $(addprefix $(DESTDIR)$(SYSTEM_LIB)/,systemd/system udev/rules.d modprobe.d) \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 tools/udev/*.rules $(DESTDIR)$(SYSTEM_LIB)/udev/rules.d
	install -m 644 tools/modprobe/*.conf $(DESTDIR)$(SYSTEM_LIB)/modprobe.d
	install -m 644 tools/sysusers/*.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install -m 644 tools/completion/* $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -d $(DESTDIR)$(PREFIX)/share/ssi/trace
	install -m 644 tools/prometheus/ssi.rules.yaml tools/grafana/ssi.json $(DESTDIR)$(PREFIX)/share/ssi
	install -m 755 tools/trace/*.bt $(DESTDIR)$(PREFIX)/share/ssi/trace
	@for unit in tools/systemd/*.*; do \
		sed 's|/usr/bin/|$(PREFIX)/bin/|' $$unit \
			>$(DESTDIR)$(SYSTEM_LIB)/systemd/system/$${unit##*/} || exit 1; \
	done

## deb	the Debian packages, into build/deb/
deb:
	selftests/lab/deps
	selftests/lab/deps deb
	tools/mkdeb $(B)/deb
	tools/mkdeb $(B)/deb/next 1

## clean	remove build/
clean:
	rm -rf $(B)
	find . -name __pycache__ -prune -exec rm -rf {} +

## deps	install the Debian packages that are listed in selftests/lab/packages and are missing
deps:
	selftests/lab/deps

## fetch	download the kernels of the virtual hosts and of guests
fetch: deps
	selftests/lab/fetch

# ---- while you edit ---------------------------------------------------------
## While you edit

# BASE: the commit that your changes are compared with
BASE ?= $(shell git merge-base HEAD origin/main 2>/dev/null || echo HEAD)

## quick	after each edit: build, unit tests, small models, 10 s of the simulator, lint of the files that differ from BASE
quick: all
	selftests/run --quick $(BASE)

## lint	all static checks
lint: deps
	selftests/run --only lint

## coverage	which lines unit tests and simulator run: a table, and build/coverage/index.html; SIM_SECONDS=30
coverage: deps
	selftests/lab/deps edit
	+@$(MAKE) --no-print-directory B=$(B)/coverage coverage-report \
		CFLAGS='-Og -g -D_exit=exit' \
		SANITIZE='$(SANITIZE) --coverage -fprofile-update=prefer-atomic'

# All of ssi-vmm is compiled, so that a file that no test runs has 0 % and is not
# left out. A run of the simulator ends with _exit(), which would lose its counts.
SIM_SECONDS ?= 30
coverage-report: $(UNIT) $(call objects,$(VMM_SRC) $(LIB_SRC),sanitized)
coverage-report: $(B)/selftests/sim/sim $(B)/selftests/acpi/tables
	selftests/coverage $(B) $(SIM_SECONDS)

## format	format the C lines that differ from BASE
format:
	selftests/lab/deps edit
	selftests/format $(BASE)

## compile_commands	compile_commands.json, for clangd and clang-tidy
compile_commands: modules
	selftests/compile-commands $(foreach name,$(KMODS),$(name)=$(KDIR_$(name)))

# ---- try and test -----------------------------------------------------------
## Try and test

# What these need may be installed by "deps", and what make found at its start
# is then out of date: hence a make of its own for the rest.

## demo	one guest on two virtual hosts; DEMO="--kernel 6.12 --guest-cpus 2,2": see selftests/lab/lab run -h
demo: fetch
	+@$(MAKE) --no-print-directory all
	selftests/lab/demo $(DEMO)

## demo-disk	Debian 12 from a disk by UEFI, on two hosts; DISK="--kernel 6.12"
demo-disk: fetch
	selftests/lab/deps disk
	+@$(MAKE) --no-print-directory all
	selftests/disk/demo $(DISK)

## check	all tests; CHECK="--only dsm-6.1": see selftests/run -h
check: fetch
	+@$(MAKE) --no-print-directory all
	selftests/run $(CHECK)

## check-long	check, and the tests that take long and find little more
check-long: fetch
	selftests/lab/deps trace
	+@$(MAKE) --no-print-directory all
	selftests/run --long

## check-packages	the Debian packages, in hosts with systemd; PACKAGES="cycle systemd": see selftests/packages/check
check-packages: fetch deb
	selftests/lab/deps disk
	+@$(MAKE) --no-print-directory all
	selftests/packages/check $(PACKAGES)

## check-monitoring	Prometheus and a browser watch a guest on two hosts, one of which is killed; pictures in build/monitoring/
check-monitoring: fetch
	selftests/lab/deps web
	+@$(MAKE) --no-print-directory all
	selftests/monitoring/test-monitoring

## bench	benchmarks; BENCH="--rounds 3": see selftests/bench/bench -h
bench: fetch
	+@$(MAKE) --no-print-directory all
	selftests/bench/bench $(BENCH)

## bench-apps	programs of Debian in a guest on one host and on two; APPS="--only xz": see selftests/apps/apps -h
bench-apps: fetch qemu-kinds
	selftests/lab/deps disk
	selftests/lab/deps apps
	+@$(MAKE) --no-print-directory all
	selftests/apps/apps $(APPS)

## bench-params	what kernel parameters of the guest change; PARAMS="--rounds 3": see selftests/apps/params -h
bench-params: fetch qemu-kinds
	+@$(MAKE) --no-print-directory all
	selftests/apps/params $(PARAMS)

## bench-boot	boots of a guest on one host and on two, in turns; BOOT="--rounds 5": see selftests/apps/boots -h
bench-boot: fetch qemu-kinds
	+@$(MAKE) --no-print-directory all
	selftests/apps/boots $(BOOT)

## mutants	break the engine in small ways: does a test notice each? Half an hour
mutants: fetch
	+@$(MAKE) --no-print-directory all
	selftests/mutants/mutants

## soak	the simulator and litmus tests, for long; SOAK="--seconds 3600": see selftests/soak -h
soak: fetch
	+@$(MAKE) --no-print-directory all
	selftests/soak $(SOAK)

## fuzz	fuzz devices, messages and files with libFuzzer; SECONDS=60 for each of TARGETS="config virtio"
SECONDS ?= 60
fuzz:
	selftests/lab/deps fuzz
	+@$(MAKE) --no-print-directory fuzz-programs
	selftests/fuzz/fuzz $(SECONDS) $(TARGETS)

## debug-kernel	build a kernel for the lab's hosts that checks memory, locks and more; DEBUG=--kcsan: data races
debug-kernel:
	selftests/lab/deps
	selftests/lab/deps debug
	selftests/debug/kernel $(DEBUG)

# Its folder, as selftests/debug/kernel installs it; -g is for addr2line.
DEBUG_KDIR = $(realpath $(wildcard $(SSI_CACHE)/kernels/linux-image-6.12-debug/lib/modules/*/build))

## check-debug	tests on the debug kernel; CHECK="--only debug/api"
check-debug: fetch debug-kernel
	+@$(MAKE) --no-print-directory all
	+@$(MAKE) --no-print-directory debug-module
	selftests/run --debug $(CHECK)

## debug-module	the module for the debug kernel, if that is built; its coverage can be read (KCOV)
debug-module:
	+@$(MAKE) --no-print-directory modules KDIR=$(or $(DEBUG_KDIR),none) \
		KCOV_INSTRUMENT=y KCFLAGS=-g

## qemu-kinds	build the emulator for the lab's --kind zen4 and --kind intel
qemu-kinds: deps
	selftests/lab/qemu-kinds

.PHONY: all help programs selftests guest modules modules_install install deb clean
.PHONY: deps fetch quick lint format coverage coverage-report compile_commands
.PHONY: demo demo-disk check check-long check-monitoring check-packages bench bench-apps bench-boot bench-params mutants soak fuzz
.PHONY: debug-kernel debug-module check-debug qemu-kinds

include $(wildcard selftests/*/Makefile.inc)
-include $(shell find $(B) -path $(B)/deb -prune -o -name '*.d' -print 2>/dev/null)
