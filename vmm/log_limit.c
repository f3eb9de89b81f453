// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits how often the same sentence is logged. */
#include "log_limit.h"

#include <pthread.h>
#include <stddef.h>

#define MAX_SENTENCES	128	/* more than the program has */

/* limit_lock protects it. */
static struct sentence {
	const char *fmt;
	uint64_t since_s;	/* beginning of the period */
	unsigned int count;	/* times in the period */
} limit_sentences[MAX_SENTENCES];

static pthread_mutex_t limit_lock = PTHREAD_MUTEX_INITIALIZER;

/* Return: the entry of a sentence, new if need be; NULL: there is no room. */
static struct sentence *find_sentence(const char *fmt)
{
	for (unsigned int i = 0; i < MAX_SENTENCES; i++) {
		struct sentence *sentence = &limit_sentences[i];

		if (!sentence->fmt)
			sentence->fmt = fmt;
		if (sentence->fmt == fmt)
			return sentence;
	}
	return NULL;
}

static bool count_sentence(struct sentence *sentence, uint64_t now_s,
			   unsigned int *left_out)
{
	if (now_s - sentence->since_s >= LOG_LIMIT_PERIOD_S) {
		if (sentence->count > LOG_LIMIT_BURST)
			*left_out = sentence->count - LOG_LIMIT_BURST;
		sentence->since_s = now_s;
		sentence->count = 0;
	}
	return ++sentence->count <= LOG_LIMIT_BURST;
}

bool log_limit(const char *fmt, uint64_t now_s, unsigned int *left_out)
{
	struct sentence *sentence;
	bool allowed = true;

	*left_out = 0;
	pthread_mutex_lock(&limit_lock);
	sentence = find_sentence(fmt);
	if (sentence)
		allowed = count_sentence(sentence, now_s, left_out);
	pthread_mutex_unlock(&limit_lock);
	return allowed;
}
