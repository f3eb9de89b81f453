// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints' definitions.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
