/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of ssi-vmm of this host's nodes: the guest pauses, resets itself, ends.
 */
#ifndef SSID_GUEST_EVENTS_H
#define SSID_GUEST_EVENTS_H

/* Start the thread that passes them on to events_add(). */
void guest_events_start(void);

#endif /* SSID_GUEST_EVENTS_H */
