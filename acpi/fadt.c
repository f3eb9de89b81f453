// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FADT: the fixed hardware (5.2.9): power management registers, PM timer and
 * reset register; no SMI command port, since the guest is always in ACPI mode.
 */
#include "tables.h"

#define FADT_REVISION		6
#define FADT_MINOR		3
#define HEADER_SIZE		36
#define PROFILE_SERVER		4

/* IA-PC boot architecture flags (5.2.9.3). The 8042 flag is clear: none. */
#define BOOT_LEGACY_DEVICES	(1u << 0)
#define BOOT_NO_VGA		(1u << 2)
#define BOOT_NO_CMOS_RTC	(1u << 5)

/*
 * Fixed feature flags (table 5.10). The power button's is clear, which says
 * that it is fixed hardware, in the PM1 registers.
 */
#define FLAG_WBINVD		(1u << 0)
#define FLAG_PROC_C1		(1u << 2)
#define FLAG_NO_SLEEP_BUTTON	(1u << 5)
#define FLAG_NO_FIXED_RTC	(1u << 6)
#define FLAG_TMR_VAL_EXT	(1u << 8)
#define FLAG_RESET_REG_SUP	(1u << 10)
/* A logical destination would address CPUs of one node only. */
#define FLAG_APIC_PHYSICAL	(1u << 19)

/* The table without its header (table 5.9); offset 36 comes first. */
struct fadt {
	uint32_t firmware_ctrl;
	uint32_t dsdt;
	uint8_t reserved0;
	uint8_t preferred_profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t acpi_enable;
	uint8_t acpi_disable;
	uint8_t s4bios_req;
	uint8_t pstate_cnt;
	uint32_t pm1a_evt_blk;
	uint32_t pm1b_evt_blk;
	uint32_t pm1a_cnt_blk;
	uint32_t pm1b_cnt_blk;
	uint32_t pm2_cnt_blk;
	uint32_t pm_tmr_blk;
	uint32_t gpe0_blk;
	uint32_t gpe1_blk;
	uint8_t pm1_evt_len;
	uint8_t pm1_cnt_len;
	uint8_t pm2_cnt_len;
	uint8_t pm_tmr_len;
	uint8_t gpe0_blk_len;
	uint8_t gpe1_blk_len;
	uint8_t gpe1_base;
	uint8_t cst_cnt;
	uint16_t c2_latency;
	uint16_t c3_latency;
	uint16_t flush_size;
	uint16_t flush_stride;
	uint8_t duty_offset;
	uint8_t duty_width;
	uint8_t day_alarm;
	uint8_t month_alarm;
	uint8_t century;
	uint16_t boot_flags;
	uint8_t reserved1;
	uint32_t flags;
	struct ssi_acpi_gas reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_flags;
	uint8_t minor_version;
	uint64_t x_firmware_ctrl;
	uint64_t x_dsdt;
	struct ssi_acpi_gas x_pm1a_evt_blk;
	struct ssi_acpi_gas x_pm1b_evt_blk;
	struct ssi_acpi_gas x_pm1a_cnt_blk;
	struct ssi_acpi_gas x_pm1b_cnt_blk;
	struct ssi_acpi_gas x_pm2_cnt_blk;
	struct ssi_acpi_gas x_pm_tmr_blk;
	struct ssi_acpi_gas x_gpe0_blk;
	struct ssi_acpi_gas x_gpe1_blk;
	struct ssi_acpi_gas sleep_control;
	struct ssi_acpi_gas sleep_status;
	char hypervisor_id[8];
} __attribute__((packed));

_Static_assert(sizeof(struct fadt) == 276 - HEADER_SIZE, "ACPI 6.4, table 5.9");

static struct ssi_acpi_gas io_register(uint16_t port, uint8_t bytes,
				       uint8_t access)
{
	return (struct ssi_acpi_gas) {
		.space = SSI_GAS_IO,
		.bit_width = bytes * 8,
		.access = access,
		.address = port,
	};
}

/* The legacy fields and their 64-bit twins must agree, or Linux warns. */
static void set_registers(struct fadt *fadt, const struct ssi_acpi_config *cfg)
{
	fadt->pm1a_evt_blk = cfg->pm1_event_port;
	fadt->pm1_evt_len = 4;
	fadt->x_pm1a_evt_blk = io_register(cfg->pm1_event_port, 4, 2);
	fadt->pm1a_cnt_blk = cfg->pm1_control_port;
	fadt->pm1_cnt_len = 2;
	fadt->x_pm1a_cnt_blk = io_register(cfg->pm1_control_port, 2, 2);
	fadt->reset_reg = io_register(cfg->reset_port, 1, 1);
	fadt->reset_value = cfg->reset_value;
	if (!cfg->pm_timer_port)
		return;
	fadt->pm_tmr_blk = cfg->pm_timer_port;
	fadt->pm_tmr_len = 4;
	fadt->x_pm_tmr_blk = io_register(cfg->pm_timer_port, 4, 3);
}

static uint16_t boot_flags(const struct ssi_acpi_config *cfg)
{
	uint16_t flags = BOOT_NO_VGA;

	if (cfg->serial_port)
		flags |= BOOT_LEGACY_DEVICES;
	if (!cfg->rtc_port)
		flags |= BOOT_NO_CMOS_RTC;
	return flags;
}

static uint32_t feature_flags(const struct ssi_acpi_config *cfg)
{
	uint32_t flags = FLAG_WBINVD | FLAG_PROC_C1 | FLAG_NO_SLEEP_BUTTON |
			 FLAG_NO_FIXED_RTC | FLAG_RESET_REG_SUP |
			 FLAG_APIC_PHYSICAL;

	if (cfg->pm_timer_port)
		flags |= FLAG_TMR_VAL_EXT;
	return flags;
}

uint64_t ssi_fadt_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg, uint64_t facs,
			uint64_t dsdt)
{
	struct fadt fadt = {
		/* The 32-bit pointers stay 0 where the 64-bit ones are set. */
		.x_firmware_ctrl = facs,
		.x_dsdt = dsdt,
		.preferred_profile = PROFILE_SERVER,
		.sci_int = SSI_ACPI_SCI_IRQ,
		/* Above 100 and 1000 microseconds: no C2, no C3. */
		.c2_latency = 0xfff,
		.c3_latency = 0xfff,
		.boot_flags = boot_flags(cfg),
		.flags = feature_flags(cfg),
		.minor_version = FADT_MINOR,
	};
	uint64_t gpa = ssi_builder_begin_table(b, "FACP", FADT_REVISION);

	set_registers(&fadt, cfg);
	ssi_builder_note_pointer(b, HEADER_SIZE +
				 offsetof(struct fadt, x_firmware_ctrl));
	ssi_builder_note_pointer(b, HEADER_SIZE + offsetof(struct fadt, x_dsdt));
	ssi_builder_append(b, &fadt, sizeof(fadt));
	ssi_builder_end_table(b);
	return gpa;
}
