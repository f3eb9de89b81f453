/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known about one page of the guest's memory.
 */
#ifndef SSID_PAGES_H
#define SSID_PAGES_H

#include <stdint.h>

#include "rest.h"

/**
 * pages_view() - describe a page
 * @address: an address in it, as the guest has it
 * @further: ask ssid of the page's home if that is another host
 * @failure: out
 *
 * The home of the page knows the most.
 *
 * Return: { address, home, owner?, sharers, moves, recent_moves?, error?, nodes? }, or NULL.
 *	The last three are there if the page is one of those that moved most often of late.
 */
json_t *pages_view(uint64_t address, bool further, struct failure *failure);

#endif /* SSID_PAGES_H */
