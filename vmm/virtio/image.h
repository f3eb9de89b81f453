/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells disk images of other formats from raw ones. */
#ifndef VMM_VIRTIO_IMAGE_H
#define VMM_VIRTIO_IMAGE_H

/*
 * Warn if a disk begins like an image of another format. It is a raw disk all
 * the same: what a guest writes there must not change how the host reads it.
 */
void image_check_raw(const char *path, int fd);

#endif /* VMM_VIRTIO_IMAGE_H */
