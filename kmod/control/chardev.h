/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ssi_dsm
 */
#ifndef _SSI_CHARDEV_H
#define _SSI_CHARDEV_H

int ssi_chardev_init(void);
void ssi_chardev_exit(void);

#endif /* _SSI_CHARDEV_H */
