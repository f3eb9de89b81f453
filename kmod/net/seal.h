/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages that cannot be changed, repeated or read on their way.
 */
#ifndef _SSI_SEAL_H
#define _SSI_SEAL_H

#include "net/keys.h"

/**
 * struct ssi_seal_trailer - stands behind a message
 * @counter: number of the message: 0, 1, ... in each direction of a connection
 * @tag: of Poly1305
 */
struct ssi_seal_trailer {
	__le64 counter;
	__u8 tag[16];
} __packed;

static_assert(sizeof(struct ssi_seal_trailer) == 24, "no padding");

/**
 * struct ssi_seal - one direction of a connection
 * @key: of ChaCha20
 * @counter: of the next message
 * @encrypts: the message is encrypted; else it is only authenticated
 */
struct ssi_seal {
	u32 key[SSI_KEYS_LEN / 4];
	u64 counter;
	bool encrypts;
};

/**
 * struct ssi_seal_message - a message with its trailer
 * @head: its last header
 * @front: the bytes before @head: a payload, or more headers
 * @len: number of bytes of @front, 0 is allowed
 * @sealed_head: where @head goes; may be @head
 * @sealed_front: where the encrypted @front goes; may be @front; not used if the
 *	message is not encrypted
 * @trailer: the trailer
 */
struct ssi_seal_message {
	void *head;
	void *front;
	u32 len;
	void *sealed_head;
	void *sealed_front;
	struct ssi_seal_trailer *trailer;
};

/**
 * ssi_seal_init() - begin a direction
 * @seal: the direction
 * @key: SSI_KEYS_LEN bytes, never used before
 * @encrypts: encrypt, too
 */
void ssi_seal_init(struct ssi_seal *seal, const u8 *key, bool encrypts);

/**
 * ssi_seal_close() - seal the next message
 * @seal: the direction; the caller makes sure that there is one call at a time, and
 *	that messages are sent in the order of the calls
 * @message: the message; all its fields are set, @trailer is filled
 *
 * Context: Any context but an NMI.
 */
void ssi_seal_close(struct ssi_seal *seal, const struct ssi_seal_message *message);

/**
 * ssi_seal_open() - check the next message, and decrypt it in place
 * @seal: the direction; one call at a time
 * @message: the message; the sealed parts are the same as the open ones
 *
 * Context: Any context but an NMI.
 * Return: false if it is not the next message of the other side, as it was sent. Then
 *	nothing has been decrypted.
 */
bool ssi_seal_open(struct ssi_seal *seal, const struct ssi_seal_message *message);

#endif /* _SSI_SEAL_H */
