/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fake node over TCP: what libfake.c does over verbs. Only libfake.c calls it.
 */
#ifndef LIBFAKETCP_H
#define LIBFAKETCP_H

#include "libfake.h"

int fake_tcp_connect(struct fake *f, const void *hello, uint8_t len);
void fake_tcp_connect_half(struct fake *f);
void fake_tcp_connect_mute(struct fake *f);
void fake_tcp_listen(struct fake *f);
int fake_tcp_asked(struct fake *f);
int fake_tcp_accept(struct fake *f, const struct ssi_wire_hello *hello);
void fake_tcp_reject(struct fake *f, const void *data, uint8_t len);
void fake_tcp_interrupt(struct fake *f);
void fake_tcp_hang_up(struct fake *f);

/* Send bytes, and put what arrives meanwhile into the inbox. */
int fake_tcp_send(struct fake *f, const void *data, uint32_t len);

/* Put what has arrived into the inbox; wait for something until then. */
void fake_tcp_take(struct fake *f);
int fake_tcp_await(struct fake *f, uint64_t until);

#endif /* LIBFAKETCP_H */
