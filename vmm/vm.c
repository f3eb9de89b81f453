// SPDX-License-Identifier: GPL-2.0-or-later
/* The KVM virtual machine: the only file that holds its descriptor. */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"

#define KVM_DEVICE	"/dev/kvm"
#define MAX_CPUID	256

static int kvm_fd = -1;
static int vm_fd = -1;
static size_t vm_run_size;

static void open_kvm(void)
{
	kvm_fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0 && errno == ENOENT)
		die(EXIT_HOST, "There is no " KVM_DEVICE ": load kvm_amd or kvm_intel, and enable virtualisation in the firmware.");
	if (kvm_fd < 0)
		die(EXIT_HOST, KVM_DEVICE " cannot be opened: %s; run as root or as a member of the group kvm.",
		    strerror(errno));
	if (ioctl(kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		die(EXIT_HOST, KVM_DEVICE " does not speak version %d of KVM's interface.",
		    KVM_API_VERSION);
}

static void need_cap(unsigned int cap, const char *name)
{
	if (ioctl(kvm_fd, KVM_CHECK_EXTENSION, cap) <= 0)
		die(EXIT_HOST, "The host's KVM lacks %s; a Linux kernel from 6.1 on has it.",
		    name);
}

static void check_caps(void)
{
	need_cap(KVM_CAP_SPLIT_IRQCHIP, "the split irqchip");
	need_cap(KVM_CAP_X2APIC_API, "x2APIC ids");
	need_cap(KVM_CAP_SIGNAL_MSI, "message-signalled interrupts");
	need_cap(KVM_CAP_READONLY_MEM, "read-only memory");
	need_cap(KVM_CAP_IMMEDIATE_EXIT, "immediate exits");
	need_cap(KVM_CAP_MP_STATE, "CPU states");
	need_cap(KVM_CAP_EXT_CPUID, "CPUID");
	need_cap(KVM_CAP_XSAVE2, "XSAVE of any size");
	need_cap(KVM_CAP_SREGS2, "page directories among the registers");
	need_cap(KVM_CAP_EXCEPTION_PAYLOAD, "the details of exceptions");
}

void vm_need_smm(void)
{
	need_cap(KVM_CAP_X86_SMM, "system management mode");
	need_cap(KVM_CAP_MULTI_ADDRESS_SPACE, "an address space for it");
}

static void enable_cap(unsigned int cap, uint64_t arg, const char *name)
{
	struct kvm_enable_cap enable = { .cap = cap, .args[0] = arg };

	if (ioctl(vm_fd, KVM_ENABLE_CAP, &enable))
		die(EXIT_HOST, "KVM does not enable %s: %s.", name,
		    strerror(errno));
}

void vm_create(unsigned int pins)
{
	int size;

	open_kvm();
	check_caps();
	vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	if (vm_fd < 0)
		die(EXIT_HOST, "KVM does not create a virtual machine: %s.",
		    strerror(errno));
	enable_cap(KVM_CAP_SPLIT_IRQCHIP, pins, "the split irqchip");
	enable_cap(KVM_CAP_X2APIC_API,
		   KVM_X2APIC_API_USE_32BIT_IDS |
		   KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK, "x2APIC ids");
	/* without it an exception that waits looks like one under way */
	enable_cap(KVM_CAP_EXCEPTION_PAYLOAD, 1, "the details of exceptions");
	size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		die(EXIT_HOST, "KVM reports an impossible size for the page that a CPU shares with it.");
	vm_run_size = size;
}

void vm_add_memory(enum vm_slot slot, uint64_t gpa, void *host, size_t size,
		   bool readonly)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = readonly ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	if (ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region))
		die(EXIT_HOST, "KVM refuses guest memory at 0x%llx: %s.",
		    (unsigned long long)gpa, strerror(errno));
}

int vm_create_vcpu(unsigned int apic_id, struct kvm_run **run)
{
	int fd = ioctl(vm_fd, KVM_CREATE_VCPU, apic_id);

	if (fd < 0)
		die(EXIT_HOST, "KVM does not create the CPU with APIC id %u: %s.",
		    apic_id, strerror(errno));
	*run = mmap(NULL, vm_run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	if (*run == MAP_FAILED)
		die(EXIT_HOST, "The page that a CPU shares with KVM cannot be mapped: %s.",
		    strerror(errno));
	return fd;
}

struct kvm_cpuid2 *vm_supported_cpuid(void)
{
	struct kvm_cpuid2 *cpuid;

	cpuid = calloc(1, sizeof(*cpuid) +
		       MAX_CPUID * sizeof(cpuid->entries[0]));
	if (!cpuid)
		die(EXIT_HOST, "The host gives no memory for CPUID.");
	cpuid->nent = MAX_CPUID;
	if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid))
		die(EXIT_HOST, "KVM does not return its CPUID: %s.",
		    strerror(errno));
	return cpuid;
}

unsigned int vm_list_msrs(uint32_t *msrs, unsigned int max)
{
	struct kvm_msr_list *list;
	unsigned int count;

	list = calloc(1, sizeof(*list) + max * sizeof(list->indices[0]));
	if (!list)
		die(EXIT_HOST, "The host gives no memory for a list of MSRs.");
	list->nmsrs = max;
	if (ioctl(kvm_fd, KVM_GET_MSR_INDEX_LIST, list))
		die(EXIT_HOST, "KVM does not list its MSRs: %s.",
		    strerror(errno));
	count = list->nmsrs;
	memcpy(msrs, list->indices, count * sizeof(list->indices[0]));
	free(list);
	return count;
}

size_t vm_xsave_size(void)
{
	int size = ioctl(vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);

	return size < (int)sizeof(struct kvm_xsave) ? sizeof(struct kvm_xsave) :
						      (size_t)size;
}

uint64_t vm_feature_msr(uint32_t msr)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry.index = msr };

	/* The ioctl returns how many MSRs it has read. */
	return ioctl(kvm_fd, KVM_GET_MSRS, &msrs) == 1 ? msrs.entry.data : 0;
}

uint32_t vm_tsc_khz(void)
{
	int khz = ioctl(vm_fd, KVM_GET_TSC_KHZ, 0);

	if (khz <= 0)
		die(EXIT_HOST, "KVM does not know how fast the host's TSC is.");
	return khz;
}

int vm_set_tsc_khz(uint32_t khz)
{
	return ioctl(vm_fd, KVM_SET_TSC_KHZ, khz) < 0 ? -errno : 0;
}

int vm_signal_msi(uint64_t address, uint32_t data)
{
	struct kvm_msi msi = {
		.address_lo = address,
		.address_hi = address >> 32,
		.data = data,
	};

	return ioctl(vm_fd, KVM_SIGNAL_MSI, &msi) < 0 ? -errno : 0;
}

int vm_listen(uint64_t gpa, int fd, bool on)
{
	struct kvm_ioeventfd listen = {
		.addr = gpa, .fd = fd,
		.flags = on ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN,
	};

	return ioctl(vm_fd, KVM_IOEVENTFD, &listen) ? -errno : 0;
}

int vm_attach(unsigned int gsi, int fd, bool on)
{
	struct kvm_irqfd attach = {
		.fd = fd, .gsi = gsi, .flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};

	return ioctl(vm_fd, KVM_IRQFD, &attach) ? -errno : 0;
}

int vm_set_routes(const struct kvm_irq_routing_entry *routes,
		  unsigned int count)
{
	struct kvm_irq_routing *routing;
	int err = 0;

	routing = calloc(1, sizeof(*routing) + count * sizeof(*routes));
	if (!routing)
		return -ENOMEM;
	routing->nr = count;
	memcpy(routing->entries, routes, count * sizeof(*routes));
	if (ioctl(vm_fd, KVM_SET_GSI_ROUTING, routing))
		err = -errno;
	free(routing);
	return err;
}
