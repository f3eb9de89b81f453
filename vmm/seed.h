/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A seed for cloud-init: the files of a folder, as a disk (NoCloud). */
#ifndef VMM_SEED_H
#define VMM_SEED_H

#include <stdint.h>

/**
 * seed_make() - make an image with the files of a folder
 * @folder: has at least a file user-data
 * @uuid: of the machine: the instance, if there is no file meta-data
 *
 * ISO 9660 with Rock Ridge and Joliet names, labelled CIDATA: that is what cloud-init
 * looks for. Ends the process with a message on errors.
 *
 * Return: the descriptor of the image, in memory.
 */
int seed_make(const char *folder, const uint8_t uuid[16]);

#endif /* VMM_SEED_H */
