/*
 * Who a board has become: the key that was born on it and the certificate that it got for it, in a record of their own in
 * the board's two large slots. A loss of power at any moment leaves the record as it was, or as it was to be.
 */
#ifndef FIRMWARE_IDENTITY_H
#define FIRMWARE_IDENTITY_H

#include "thimble/client.h"
#include "thimble/enroll.h"
#include "thimble/record.h"

/* What is stored, the last member as far as it is used. Only this board reads it again. */
struct identity_content {
    uint64_t renew_at_s;              /* UTC, seconds since 1970 */
    struct thm_identity who;          /* until there is a certificate its key's hash alone */
    uint8_t invitation[THM_KEY_HASH]; /* by which secret it came: thm_enroll_secret_hash() */
    uint8_t key[THM_ENROLL_KEY];
    uint16_t certificate_len; /* 0: there is none yet */
    union {
        uint8_t certificate[THM_ISSUED_MAX + THM_RECORD_TAIL];
        /* What is needed to get the first one, when there is none: by whom it is asked for, and what for. */
        struct identity_first {
            uint8_t key[THM_ENROLL_KEY];
            uint16_t shown_len, request_len;
            uint8_t shown[THM_BOOTSTRAP_MAX], request[THM_BOOTSTRAP_MAX];
        } first;
    };
};

/* The record lies in memory as it is stored, so that storing takes none. */
struct identity {
    struct thm_record record;
    uint8_t unused[16 - THM_RECORD_HEAD], head[THM_RECORD_HEAD];
    struct identity_content content;
};

/**
 * Loads what the board has become by an invitation. Whatever another one made of it is forgotten with the next identity_bear().
 *
 * @return THM_OK; THM_E_KEY: there is no key yet, or it can't be told (THM_E_PORT), which must not pass for the same. `content`
 *         is zeroed then
 */
int identity_load(struct identity *id, const uint8_t secret[THM_ENROLL_SECRET]);

/**
 * Draws a key for an invitation and stores it; before that nobody may be told of it. Spoils `content.first`.
 *
 * @return THM_OK; THM_E_ENTROPY; THM_E_PORT: it can't be stored. There is no key then
 */
int identity_bear(struct identity *id, struct thm_port *port,
                  const uint8_t secret[THM_ENROLL_SECRET]);

/** Makes `content.first`. Takes seconds. */
void identity_begin(struct identity *id, const uint8_t secret[THM_ENROLL_SECRET]);

/**
 * Takes a certificate that came, and stores it. Spoils `content.first`.
 *
 * @param issued   the event THM_CLIENT_ISSUED with it
 * @param utc_s    now, or earlier: a board's clock is never ahead
 * @param renewal  it came over a session; one that came by the invitation is of no use unless it lasts longer than the one
 *                 that there is
 * @return THM_OK; what thm_enroll_read() says, or THM_E_EXPIRED: nothing has changed; THM_E_PORT: it can be used, but is not
 *         stored
 */
int identity_take(struct identity *id, const struct thm_client_event *issued, uint64_t utc_s,
                  bool renewal);

#endif
