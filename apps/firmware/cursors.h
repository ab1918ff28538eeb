/*
 * How far each stream was read, kept over restarts: a board that is switched on again goes on where it was.
 *
 * A change is stored two seconds later, together with what came in between. Each write takes one of CURSORS_CREDITS,
 * and one comes back every twenty minutes: so a board writes at most 26,280 times a year, however much is said, which
 * is 13,140 times for each of the two slots it alternates between. An EEPROM (1,000,000 writes) lasts 76 years, flash
 * (100,000) seven. Who has used the credits up sees at most the last twenty minutes again after a loss of power.
 */
#ifndef FIRMWARE_CURSORS_H
#define FIRMWARE_CURSORS_H

#include "thimble/client.h"
#include "thimble/record.h"

#define CURSORS_DELAY_MS  2000u
#define CURSORS_CREDITS   60u
#define CURSORS_REFILL_MS 1200000u

struct cursors {
    struct thm_record record;
    uint64_t kept;   /* a sum over what is stored */
    bool changed;    /* since `changed_at`, ms */
    uint8_t credits; /* writes */
    uint32_t changed_at;
    uint32_t credited_at; /* ms: when the last one came back, or the first was taken */
};

/** Gives a client that is not started yet the cursors that were kept. */
void cursors_load(struct cursors *k, struct thm_port *port, struct thm_client *client);

/**
 * Stores what changed, when it is time. To be called in every turn; `leaving` stores at once.
 *
 * @param now  ms, of a clock that may wrap
 * @return THM_OK, or what the storage said; then it is tried again with the next change
 */
int cursors_turn(struct cursors *k, const struct thm_client *client, uint32_t now, bool leaving);

#endif
