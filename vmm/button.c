// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's power button, pressed from outside on any node. */
#include "button.h"

#include <stdint.h>

#include "cluster.h"
#include "forward.h"
#include "hw/acpi_pm.h"
#include "stop.h"

/* Payload of CLUSTER_BUTTON. */
struct button_message {
	uint64_t reserved;
};

static void handle_button(unsigned int node, const void *payload)
{
	(void)payload;
	if (cluster_self() == FORWARD_DEVICE_NODE)
		acpi_pm_press_button();
	else
		stop_ask(EXIT_NODE_LOST, "Node %u pressed a power button that this node does not have.",
			 node);
}

void button_press(void)
{
	struct button_message m = { 0 };

	if (cluster_self() == FORWARD_DEVICE_NODE)
		acpi_pm_press_button();
	else
		cluster_send(FORWARD_DEVICE_NODE, CLUSTER_BUTTON, &m);
}

void button_init(void)
{
	cluster_handle(CLUSTER_BUTTON, sizeof(struct button_message),
		       handle_button);
}
