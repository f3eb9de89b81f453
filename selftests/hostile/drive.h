/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the runner does to ssi-vmm while a guest runs, and afterwards. */
#ifndef HOSTILE_DRIVE_H
#define HOSTILE_DRIVE_H

#include "hostile.h"

/* Forwarded to the guest by those trials that have a connection. */
#define DRIVE_PORT	24680

#define DRIVE_LARGE	8014		/* bytes, with an Ethernet header */
#define DRIVE_SEGMENTS	20054
#define DRIVE_GROWN	(3 << 20)	/* bytes of a disk that has grown */

/* The guest sleeps, and so must ssi-vmm; then end it. */
void drive_idle(struct trial *trial);

/* The same, after the host's interface has gone. */
void drive_tap_deletion(struct trial *trial);

/* Nobody reads what the guest says; two SIGTERMs have to end it. */
void drive_blocked_console(struct trial *trial);

/* A connection has to end when the guest resets itself. */
void drive_reset(struct trial *trial);

/* The guest resets itself again and again: the log says so, once. */
void drive_reset_loop(struct trial *trial);

/* More connections than ssi-vmm looks after at once. */
void drive_many_connections(struct trial *trial);

/* Node 0's ssi-vmm is stopped for a while. */
void drive_stopped_node(struct trial *trial);

/* A packet of 8000 bytes goes to the guest by a tap and comes back, then segments. */
void drive_large_packets(struct trial *trial);

/* The guest is paused and goes on, by the control socket of each node in turn. */
void drive_pauses(struct trial *trial);

/* The disk's image grows; SIGCONT has ssi-vmm look at it. */
void drive_growth(struct trial *trial);

/* Nobody has written to the disk. */
void drive_check_disk(struct trial *trial);

#endif /* HOSTILE_DRIVE_H */
