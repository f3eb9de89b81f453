/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compact AML encoder: only the terms that our DSDT is made of. */
#ifndef SSI_ACPI_AML_H
#define SSI_ACPI_AML_H

#include <stddef.h>
#include <stdint.h>

#include "builder.h"

/**
 * struct ssi_aml_resources - a resource template under construction (6.4)
 * @bytes: its descriptors
 * @len: bytes of them
 */
struct ssi_aml_resources {
	uint8_t bytes[128];
	size_t len;
};

/* Both return a mark that ssi_aml_close() takes. Names have 4 characters. */
size_t ssi_aml_open_scope(struct ssi_builder *b, const char *root_name);
size_t ssi_aml_open_device(struct ssi_builder *b, const char *name);
void ssi_aml_close(struct ssi_builder *b, size_t mark);

void ssi_aml_name_integer(struct ssi_builder *b, const char *name,
			  uint32_t value);
void ssi_aml_name_string(struct ssi_builder *b, const char *name,
			 const char *value);

/**
 * ssi_aml_name_eisa_id() - Name (name, EisaId (id))
 * @b: the builder
 * @name: four characters
 * @id: three upper case letters and four upper case hexadecimal digits
 */
void ssi_aml_name_eisa_id(struct ssi_builder *b, const char *name,
			  const char *id);

/**
 * ssi_aml_name_package() - Name (name, Package () { bytes })
 * @b: the builder
 * @name: four characters
 * @values: the elements
 * @count: how many
 */
void ssi_aml_name_package(struct ssi_builder *b, const char *name,
			  const uint8_t *values, uint8_t count);

void ssi_aml_add_io(struct ssi_aml_resources *r, uint16_t port, uint8_t len);
void ssi_aml_add_irq(struct ssi_aml_resources *r, uint8_t irq);

/* Fixed memory that a device occupies. */
void ssi_aml_add_memory(struct ssi_aml_resources *r, uint32_t base,
			uint32_t size);

/* Buses, ports and memory behind a bridge; @last is included. */
void ssi_aml_add_bus_window(struct ssi_aml_resources *r, uint16_t first,
			    uint16_t last);
void ssi_aml_add_io_window(struct ssi_aml_resources *r, uint16_t first,
			   uint16_t last);
void ssi_aml_add_memory_window(struct ssi_aml_resources *r, uint32_t first,
			       uint32_t last);

/**
 * ssi_aml_name_resources() - Name (_CRS, ResourceTemplate () { ... })
 * @b: the builder
 * @r: the descriptors; the end tag is added here
 */
void ssi_aml_name_resources(struct ssi_builder *b,
			    struct ssi_aml_resources *r);

#endif /* SSI_ACPI_AML_H */
