/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel for the simulator: a tracepoint trace_X() calls sim_X().
 */
#ifndef SIM_KERNEL_TRACEPOINT_H
#define SIM_KERNEL_TRACEPOINT_H

#define TP_PROTO(...)	__VA_ARGS__
#define TP_ARGS(...)	__VA_ARGS__

#define TRACE_EVENT(event, prototype, arguments, ...)			\
	DEFINE_EVENT(none, event, TP_PROTO(prototype), TP_ARGS(arguments))
#define DECLARE_EVENT_CLASS(...)
#define DEFINE_EVENT(class, event, prototype, arguments)		\
	void sim_##event(prototype);					\
	static inline void trace_##event(prototype)			\
	{								\
		sim_##event(arguments);					\
	}

#endif /* SIM_KERNEL_TRACEPOINT_H */
