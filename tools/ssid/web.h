/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page for browsers: its files, which are assembled into the program, and the token
 * of the loopback listener.
 */
#ifndef SSID_WEB_H
#define SSID_WEB_H

#include "rest.h"

/* Does the page have a file with this path? "/" is its beginning. */
bool web_has(const char *path);

/* Answer with such a file. */
void web_answer(const char *path, struct answer *answer);

/* Make the token, and write it into the folder of the state. Ends the process with an error. */
void web_make_token(void);

/* Remove its file. */
void web_forget_token(void);

/* Is this the value of the header "Authorization" of a client that has the token? */
bool web_is_token(const char *authorization);

/* Is this the value of the header "Host" of a browser that asks for loopback? */
bool web_is_loopback(const char *host);

#endif /* SSID_WEB_H */
