/*
 * A client's memory of one server. The session that it offers is only tentative until the handshake is
 * over: the server decides, and BearSSL doesn't say how.
 */
#include <string.h>

#include "tls/internal.h"
#include "tls/wipe.h"

/* What struct thm_tls_session holds. Without pointers, so that it may be stored. */
struct remembered {
    uint8_t bound_to[32]; /* server name, trusted CAs and own leaf; zero: no session */
    uint8_t id[THM_SESSION_ID];
    uint8_t master_secret[48];
    uint8_t server_key_hash[THM_KEY_HASH];
    uint8_t server_leaf_hash[32];
    uint64_t not_after; /* of the server's leaf */
    uint16_t suite;
};

_Static_assert(sizeof(struct remembered) <= sizeof(struct thm_tls_session),
               "a client's session fits in what the header shows");

static struct remembered *memory_of(struct thm_tls_session *session)
{
    return (struct remembered *)(void *)session->opaque;
}

void thm_tls_session_clear(struct thm_tls_session *session)
{
    thm_wipe(session, sizeof *session);
}

static void bind(const struct thm_slot *slot, uint8_t out[32])
{
    const struct thm_loaded *own = thm_loaded(slot->credentials);
    br_sha256_context sha;

    br_sha256_init(&sha);
    br_sha256_update(&sha, own->ca_hash, sizeof own->ca_hash);
    br_sha256_update(&sha, own->leaf_hash, sizeof own->leaf_hash);
    br_sha256_update(&sha, slot->server_name, strlen(slot->server_name));
    br_sha256_out(&sha, out);
}

/* Whether what is remembered is of this server, and may be used with it now. */
static bool is_good(const struct remembered *r, const struct thm_tls *t, uint64_t utc_s)
{
    uint8_t bound_to[32];

    bind(thm_slot_of(t), bound_to);
    return memcmp(bound_to, r->bound_to, sizeof bound_to) == 0 &&
           thm_may_resume(r->server_key_hash, r->not_after, t->domain->denylist, utc_s);
}

bool thm_resume_offer(struct thm_tls *t, uint64_t utc_s)
{
    struct thm_slot *slot = thm_slot_of(t);
    struct thm_proven *proven = &slot->session;
    br_ssl_session_parameters offer = {.session_id_len = THM_SESSION_ID, .version = BR_TLS12};
    const struct remembered *r;

    if (!slot->remembered || !is_good(memory_of(slot->remembered), t, utc_s))
        return false;
    r = memory_of(slot->remembered);
    memcpy(offer.session_id, r->id, sizeof r->id);
    memcpy(offer.master_secret, r->master_secret, sizeof r->master_secret);
    offer.cipher_suite = r->suite;
    br_ssl_engine_set_session_parameters(&thm_engine_of(t)->ssl.base, &offer);
    thm_wipe(&offer, sizeof offer);
    memcpy(proven->id, r->id, sizeof r->id);
    memcpy(proven->who.key_hash, r->server_key_hash, sizeof r->server_key_hash);
    proven->who.not_after = r->not_after;
    memcpy(proven->server_leaf_hash, r->server_leaf_hash, sizeof r->server_leaf_hash);
    slot->tentative = true;
    return true;
}

void thm_resume_remember(const struct thm_tls *t)
{
    const struct thm_slot *slot = thm_slot_of(t);
    br_ssl_session_parameters now;
    struct remembered *r;

    if (!slot->remembered || thm_joins(t))
        return;
    thm_tls_session_clear(slot->remembered);
    br_ssl_engine_get_session_parameters(&thm_engine_of(t)->ssl.base, &now);
    if (now.session_id_len == THM_SESSION_ID) {
        r = memory_of(slot->remembered);
        bind(slot, r->bound_to);
        memcpy(r->id, now.session_id, sizeof r->id);
        memcpy(r->master_secret, now.master_secret, sizeof r->master_secret);
        memcpy(r->server_key_hash, slot->guard.who.key_hash, sizeof r->server_key_hash);
        memcpy(r->server_leaf_hash, slot->guard.leaf_hash, sizeof r->server_leaf_hash);
        r->not_after = slot->guard.who.not_after;
        r->suite = now.cipher_suite;
    }
    thm_wipe(&now, sizeof now);
}
