/*
 * Invitations: which bootstrap keys may enrol, and what is kept of each (kind THM_KIND_INVITE_RECORD, by the 32 hexadecimal
 * digits of its id).
 *
 * The table in memory says who is admitted to the handshake, and what is under way; the record says the rest. Used, revoked and
 * expired invitations stay for THM_INVITE_KEEP_MS, so that whoever comes with one is told why not.
 */
#ifndef THM_SERVER_INVITE_H
#define THM_SERVER_INVITE_H

#include "server/fields.h"
#include "server/kinds.h"
#include "thimble/admin.h"

#define THM_INVITE_KEY (2 * THM_INVITE_ID) /* bytes of a record's key */

/* An invitation in the table: an item of a pool. */
struct invite {
    uint8_t id[THM_INVITE_ID];
    bool used, revoked;
    uint32_t signing; /* the job that has it signed just now, 0: none */
};

/* What its record says. */
struct invite_record {
    char user[THM_ID_MAX + 1], device[THM_ID_MAX + 1];
    uint64_t since_ms, expires_ms; /* UTC */
    bool revoked;
    bool used;
    uint8_t request[THM_KEY_HASH]; /* used: SHA-256 of the request that it was used for */
    struct thm_slice certificate;  /* and what it got, in Base64; borrowed from the fields */
};

/** Reads a record. False: it is damaged. */
bool thm_invite_read(struct invite_record *invite, const struct thm_fields *fields);

/** Writes it anew. `certificate` must not lie in `fields`. False: no room. */
bool thm_invite_write(const struct invite_record *invite, struct thm_fields *fields);

/** The key of a record; not terminated. And the id of a key: false, it is none. */
void thm_invite_key(const uint8_t id[THM_INVITE_ID], char key[THM_INVITE_KEY]);
bool thm_invite_id(const void *key, size_t len, uint8_t id[THM_INVITE_ID]);

#endif
