// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's power button, which a signal to any node presses.
 *
 * A press needs the device lock. Neither the thread for signals nor the reader of
 * the channel may wait for it, so a thread of its own does. A guest that is paused
 * cannot take a press, so it runs again first.
 */
#include "button.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

#include "cluster.h"
#include "forward.h"
#include "hw/acpi_pm.h"
#include "log.h"
#include "pause.h"
#include "stop.h"

/* Payload of CLUSTER_BUTTON. */
struct button_message {
	uint64_t reserved;
};

static sem_t button_presses;

static void *press_buttons(void *unused)
{
	for (;;)
		if (!sem_wait(&button_presses)) {
			pause_ask(false);
			acpi_pm_press_button();
		}
	return unused;
}

static void handle_button(unsigned int node, const void *payload)
{
	(void)payload;
	if (cluster_self() == FORWARD_DEVICE_NODE)
		sem_post(&button_presses);
	else
		stop_ask(EXIT_NODE_LOST, "Node %u has sent a press of the power button to this node, which has no devices.",
			 node);
}

void button_press(void)
{
	struct button_message m = { 0 };

	if (cluster_self() == FORWARD_DEVICE_NODE)
		sem_post(&button_presses);
	else
		cluster_send(FORWARD_DEVICE_NODE, CLUSTER_BUTTON, &m);
}

void button_init(void)
{
	sem_init(&button_presses, 0, 0);
	cluster_handle(CLUSTER_BUTTON, sizeof(struct button_message),
		       handle_button);
}

void button_start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, press_buttons, NULL))
		die(EXIT_HOST, "The host gives no thread for the power button.");
	pthread_detach(thread);
}
