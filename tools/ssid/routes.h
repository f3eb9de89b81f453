/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which function answers which request.
 */
#ifndef SSID_ROUTES_H
#define SSID_ROUTES_H

#include "rest.h"

/* Answer a complete request. */
void routes_answer(const struct request *request, struct answer *answer);

#endif /* SSID_ROUTES_H */
