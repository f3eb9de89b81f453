// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks: everything that runs, each on a stack of its own, one at a time.
 *
 * The kernel's code runs until it comes to a place where another CPU could
 * make a difference (a lock, an allocation, a message) and chance wants another
 * task there. There are as many CPUs as tasks: one that has BHs disabled, or
 * holds a spinlock, keeps nobody from running but those who want the lock.
 */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

#include "tasks.h"

#define STACK_SIZE	(128 << 10)
#define SHOWN_CALLS	7

struct task sim_tasks[TASKS_MAX];
u64 sim_now = NSEC_PER_SEC, sim_steps;

static u32 ready[TASKS_MAX], nr_ready;
static u32 used;			/* entries of sim_tasks ever used */
static struct task *running;
static void *scheduler;			/* its stack pointer, while tasks run */
static const void *scheduler_stack;
static size_t scheduler_size;
static int pids;

/*
 * Keep the stack pointer in @from and go on with @to, with all that a call must
 * not change. (swapcontext() makes system calls, and the sanitizers' one clears
 * the shadow of whole stacks.)
 */
void task_switch(void **from, void *to);
__asm__(".text\n"
	".type task_switch, @function\n"
	"task_switch:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".size task_switch, . - task_switch\n");

bool task_runs(void)
{
	return running;
}

struct task_struct *sim_current(void)
{
	sim_need(running, "the simulator itself ran code for tasks");
	return &running->kernel;
}

u64 ktime_get_ns(void)
{
	return sim_now;
}

static void make_ready(struct task *task)
{
	task->state = TASK_READY;
	task->sleeps_on = NULL;
	task->until = 0;
	ready[nr_ready++] = task - sim_tasks;
}

/* Back to the scheduler; @ends: for ever. */
static void leave(bool ends)
{
	struct task *task = running;

	__sanitizer_start_switch_fiber(ends ? NULL : &task->fake_stack,
				       scheduler_stack, scheduler_size);
	task_switch(&task->sp, scheduler);
	__sanitizer_finish_switch_fiber(task->fake_stack, NULL, NULL);
}

static void run_task(void)
{
	__sanitizer_finish_switch_fiber(NULL, &scheduler_stack,
					&scheduler_size);
	running->fn(running->arg);
	sim_need(!running->bh && !running->nr_locks && !running->rcu &&
		 !running->no_preempt,
		 "%s ends with %s", running->name,
		 running->nr_locks ? running->locks[0]->class->name :
		 running->bh ? "BHs disabled" :
		 running->rcu ? "RCU read" : "preemption disabled");
	running->quiet++;
	running->state = TASK_DONE;
	leave(true);
}

/* What task_switch() finds on a new stack: six registers, and where to go. */
static void *first_frame(char *stack)
{
	void **sp = (void **)(stack + STACK_SIZE) - 8;

	memset(sp, 0, 8 * sizeof(*sp));
	sp[6] = run_task;
	return sp;
}

static struct task *find_free(void)
{
	u32 i;

	for (i = 0; i < used; i++)
		if (sim_tasks[i].state == TASK_FREE)
			return &sim_tasks[i];
	sim_need(used < TASKS_MAX, "more than %u tasks", TASKS_MAX);
	sim_tasks[used].stack = malloc(STACK_SIZE);
	return &sim_tasks[used++];
}

struct task *task_start(void (*fn)(void *arg), void *arg, const char *fmt, ...)
{
	struct task *task = find_free();
	u64 quiet = task->quiet;
	char *stack = task->stack;
	va_list args;

	*task = (struct task){
		.kernel.pid = ++pids, .refs = 1, .fn = fn, .arg = arg,
		.stack = stack, .quiet = quiet,
	};
	va_start(args, fmt);
	vsnprintf(task->name, sizeof(task->name), fmt, args);
	va_end(args);
	ASAN_UNPOISON_MEMORY_REGION(stack, STACK_SIZE);
	task->sp = first_frame(stack);
	make_ready(task);
	return task;
}

/* A finished one that nobody refers to can be used anew. */
static void unref(struct task *task)
{
	sim_need(task->refs, "%s has no references left", task->name);
	if (!--task->refs)
		task->state = TASK_FREE;
}

void get_task_struct(struct task_struct *kernel)
{
	struct task *task = container_of(kernel, struct task, kernel);

	sim_need(!sim_self()->softirq, "a softirq remembers whom it met");
	task->refs++;
}

void put_task_struct(struct task_struct *kernel)
{
	unref(container_of(kernel, struct task, kernel));
}

bool task_is_running(const struct task_struct *kernel)
{
	const struct task *task = container_of(kernel, struct task, kernel);

	return task->state == TASK_READY || task->stalled;
}

void task_run(u32 number)
{
	struct task *task = &sim_tasks[ready[number]];
	void *fake_stack;

	ready[number] = ready[--nr_ready];
	running = task;
	__sanitizer_start_switch_fiber(&fake_stack, task->stack, STACK_SIZE);
	task_switch(&scheduler, task->sp);
	__sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
	running = NULL;
	if (task->state == TASK_READY)
		ready[nr_ready++] = task - sim_tasks;
	else if (task->state == TASK_DONE)
		unref(task);
}

u32 tasks_ready(void)
{
	return nr_ready;
}

void task_yield(void)
{
	leave(false);
}

void task_sleep(const void *on, u64 ns)
{
	struct task *task = sim_self();

	task->sleeps_on = on;
	task->until = ns ? sim_now + ns : 0;
	task->state = TASK_SLEEPS;
	leave(false);
}

/* It counts as running, and nothing wakes it before. */
static void stall(u64 ns)
{
	struct task *task = running;

	task->stalled = true;
	task_sleep(task, ns);
	task->stalled = false;
}

/* Another CPU's turn; now and then for long: a hypervisor took ours away. */
void sim_preempt(void)
{
	if (!running || !sim_one_in(sim.preempt))
		return;
	if (sim_one_in(sim.stall))
		stall(1 + sim_random(sim.stall_ns));
	else
		task_yield();
}

/* A task that has taken what is to be done once goes on, or does so late. */
void sim_linger(void)
{
	if (running && !sim_self()->bh && sim_one_in(4))
		stall(1 + sim_random(4 * NSEC_PER_MSEC));
}

void cpu_relax(void)
{
	task_yield();
}

void task_wake(const void *on)
{
	u32 i;

	for (i = 0; i < used; i++)
		if (sim_tasks[i].state == TASK_SLEEPS &&
		    sim_tasks[i].sleeps_on == on)
			make_ready(&sim_tasks[i]);
}

void task_kill(struct task *task)
{
	task->killed = true;
	if (task->state == TASK_SLEEPS && !task->stalled)
		task_wake(task->sleeps_on);
}

u64 tasks_next(void)
{
	u64 next = ~0ull;
	u32 i;

	for (i = 0; i < used; i++) {
		struct task *task = &sim_tasks[i];

		if (task->state != TASK_SLEEPS || !task->until)
			continue;
		if (task->until <= sim_now)
			make_ready(task);
		else
			next = min(next, task->until);
	}
	return next;
}

void might_sleep(void)
{
	struct task *task = sim_self();

	if (task->nr_locks)
		sim_fail(SIM_NO_PAGE, "%s may sleep with %s held", task->name,
			 task->locks[0]->class->name);
	if (task->bh || task->softirq)
		sim_fail(SIM_NO_PAGE, "%s may sleep with BHs disabled",
			 task->name);
	if (task->rcu)
		sim_fail(SIM_NO_PAGE, "%s may sleep while it reads under RCU",
			 task->name);
	if (task->no_preempt)
		sim_fail(SIM_NO_PAGE, "%s may sleep with preemption disabled",
			 task->name);
	task->quiet++;
}

void usleep_range(unsigned long from, unsigned long to)
{
	might_sleep();
	task_sleep(NULL, (from + sim_random(to - from + 1)) * NSEC_PER_USEC);
}

bool fatal_signal_pending(struct task_struct *task)
{
	return container_of(task, struct task, kernel)->killed;
}

bool signal_pending(struct task_struct *task)
{
	return container_of(task, struct task, kernel)->signalled ||
	       fatal_signal_pending(task);
}

/* ---- threads of the module ---- */

void set_current_state(int state)
{
	sim_self()->dozes = state != TASK_RUNNING;
	sim_preempt();
}

void schedule(void)
{
	struct task *task = sim_self();

	might_sleep();
	if (task->dozes)
		task_sleep(&task->dozes, 0);
	else
		task_yield();
}

void wake_up_process(struct task_struct *kernel)
{
	struct task *task = container_of(kernel, struct task, kernel);

	task->dozes = false;
	task_wake(&task->dozes);
	sim_preempt();
}

struct kthread {
	int (*fn)(void *data);
	void *data;
};

static void run_kthread(void *arg)
{
	struct kthread kthread = *(struct kthread *)arg;

	free(arg);
	kthread.fn(kthread.data);
}

struct task_struct *sim_kthread_run(int (*fn)(void *data), void *data,
				    const char *name)
{
	struct kthread *kthread = malloc(sizeof(*kthread));
	struct task *task;

	*kthread = (struct kthread){ .fn = fn, .data = data };
	task = task_start(run_kthread, kthread, "%s", name);
	task->refs++;
	return &task->kernel;
}

bool kthread_should_stop(void)
{
	return sim_self()->stops;
}

void kthread_stop(struct task_struct *kernel)
{
	struct task *task = container_of(kernel, struct task, kernel);

	might_sleep();
	task->stops = true;
	wake_up_process(kernel);
	while (task->state != TASK_DONE)
		task_sleep(NULL, 10 * NSEC_PER_USEC);
	unref(task);
}

void preempt_disable(void)
{
	sim_self()->no_preempt++;
}

void preempt_enable(void)
{
	sim_need(sim_self()->no_preempt, "%s enables preemption that is not disabled",
		 sim_self()->name);
	sim_self()->no_preempt--;
	sim_preempt();
}

bool single_task_running(void)
{
	return !sim_one_in(16);
}

bool need_resched(void)
{
	return sim_one_in(16);
}

/*
 * The functions that a task is in, from the innermost outwards. Frame pointers
 * are kept for this; task_switch() has put the last one at sp[5].
 */
static void show_calls(const struct task *task)
{
	void **frame = ((void **)task->sp)[5];
	char name[64];
	u32 i;

	for (i = 0; i < SHOWN_CALLS; i++, frame = frame[0]) {
		if ((char *)frame < task->stack ||
		    (char *)frame >= task->stack + STACK_SIZE)
			break;
		__sanitizer_symbolize_pc(frame[1], "%f", name, sizeof(name));
		printf(" < %s", name);
	}
}

void tasks_show(void)
{
	static const char *const names[] = { "free", "ready", "sleeps", "done" };
	u32 i;

	for (i = 0; i < used; i++) {
		const struct task *task = &sim_tasks[i];

		if (task->state == TASK_FREE || task->state == TASK_DONE)
			continue;
		printf("#   %s %s%s%s", task->name, names[task->state],
		       task->nr_locks ? ", holds " : "",
		       task->nr_locks ? task->locks[0]->class->name : "");
		if (task != running)
			show_calls(task);
		printf("\n");
	}
}
