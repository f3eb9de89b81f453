// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of page states. The table in coherence.c has the legal moves between
 * them.
 */
#include "protocol/page.h"

static const char *const names[SSI_PAGE_STATES] = {
	[SSI_PAGE_I] = "I",
	[SSI_PAGE_S] = "S",
	[SSI_PAGE_O] = "O",
	[SSI_PAGE_E] = "E",
	[SSI_PAGE_IS] = "IS",
	[SSI_PAGE_IX] = "IX",
	[SSI_PAGE_IXA] = "IXA",
	[SSI_PAGE_SX] = "SX",
	[SSI_PAGE_SXA] = "SXA",
	[SSI_PAGE_ED] = "ED",
	[SSI_PAGE_LI] = "LI",
	[SSI_PAGE_SXI] = "SXI",
};

const char *ssi_page_state_name(enum ssi_page_state state)
{
	return state < SSI_PAGE_STATES ? names[state] : "?";
}
