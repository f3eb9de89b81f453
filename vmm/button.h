/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's power button, which a signal to any node presses. */
#ifndef VMM_BUTTON_H
#define VMM_BUTTON_H

/* Register the message; before cluster_start(). */
void button_init(void);

/* On the node with the devices, when they are there: presses count from now on. */
void button_start(void);

/* Press it, here or where the devices are. From any thread; does not wait. */
void button_press(void);

#endif /* VMM_BUTTON_H */
