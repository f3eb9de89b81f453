/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of the page, which web.c assembles into the program.
 */
#ifndef SSID_WEB_FILES_H
#define SSID_WEB_FILES_H

extern const char web_index[], web_index_end[];
extern const char web_style[], web_style_end[];
extern const char web_lib[], web_lib_end[];
extern const char web_charts[], web_charts_end[];
extern const char web_app[], web_app_end[];

#endif /* SSID_WEB_FILES_H */
