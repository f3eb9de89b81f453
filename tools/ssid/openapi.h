/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The description of the REST interface that ssid serves.
 */
#ifndef SSID_OPENAPI_H
#define SSID_OPENAPI_H

/* openapi.json, as a string. */
const char *openapi_text(void);

#endif /* SSID_OPENAPI_H */
