/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The character device /dev/ssi_dsm.
 */
#ifndef _SSI_CHARDEV_H
#define _SSI_CHARDEV_H

/**
 * ssi_chardev_init() - register /dev/ssi_dsm
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_chardev_init(void);

/**
 * ssi_chardev_exit() - remove /dev/ssi_dsm; no file is open
 *
 * Context: May sleep.
 */
void ssi_chardev_exit(void);

#endif /* _SSI_CHARDEV_H */
