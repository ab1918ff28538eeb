/*
 * Resumption: a session found or offered is only tentative until the handshake is over, because
 * BearSSL doesn't say whether it was resumed, and may have found it and then not used it.
 */
#include <string.h>

#include "tls/internal.h"
#include "tls/wipe.h"

static struct thm_policy policy_now(const struct thm_tls *t, uint64_t utc_s)
{
    return (struct thm_policy){t->domain->epoch, t->domain->denylist, utc_s};
}

/* --- the server's cache, as BearSSL asks for it --- */

static uint16_t number16(const unsigned char *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* A piece of a message, taken apart from the front; `ok` goes false when it is too short. */
struct piece {
    const unsigned char *bytes;
    size_t len;
    bool ok;
};

static struct piece take(struct piece *p, size_t length_bytes)
{
    struct piece inner = {NULL, 0, false};
    size_t n;

    if (!p->ok || p->len < length_bytes) {
        p->ok = false;
        return inner;
    }
    n = length_bytes == 2 ? number16(p->bytes) : p->bytes[0];
    if (n > p->len - length_bytes) {
        p->ok = false;
        return inner;
    }
    inner = (struct piece){p->bytes + length_bytes, n, true};
    p->bytes += length_bytes + n;
    p->len -= length_bytes + n;
    return inner;
}

static bool names_protocol(struct piece extension, const char *alpn)
{
    struct piece list = take(&extension, 2);
    bool found = false;

    while (list.ok && list.len > 0) {
        struct piece name = take(&list, 1);
        if (name.ok && name.len == strlen(alpn) && memcmp(name.bytes, alpn, name.len) == 0)
            found = true;
    }
    return list.ok && found;
}

/*
 * Whether a ClientHello, from its cipher suites on, asks for the protocol. On resumption BearSSL 0.6
 * doesn't look whether ALPN found a match, and reads far outside its list of names when there was
 * none: such a client has to do a full handshake, where the mismatch is refused.
 */
static bool hello_asks_for(const unsigned char *hello, size_t len, const char *alpn)
{
    const unsigned extension_alpn = 16;
    struct piece p = {hello, len, hello != NULL}, extensions;
    bool found = false;

    take(&p, 2); /* cipher_suites */
    take(&p, 1); /* compression_methods */
    extensions = take(&p, 2);
    while (extensions.ok && extensions.len >= 2) {
        unsigned type = number16(extensions.bytes);
        struct piece body;
        extensions.bytes += 2;
        extensions.len -= 2;
        body = take(&extensions, 2);
        if (type != extension_alpn)
            continue;
        if (!body.ok || !names_protocol(body, alpn))
            return false;
        found = true;
    }
    return extensions.ok && found;
}

static int load_session(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
                        br_ssl_session_parameters *parameters)
{
    struct thm_tls_domain *d = (struct thm_tls_domain *)(void *)ctx;
    struct thm_tls *t = ((struct thm_engine *)(void *)server)->owner;
    struct thm_slot *slot = thm_slot_of(t);
    const struct thm_policy policy = policy_now(t, slot->guard.utc_s);
    const struct thm_cached *s;
    size_t len;
    const unsigned char *hello = thm_engine_unread(&server->eng, &len);

    if (!hello_asks_for(hello, len, d->config.alpn))
        return 0;
    s = thm_session_cache_get(&d->cache, parameters->session_id, &policy);
    if (!s)
        return 0;
    slot->session = *s;
    slot->tentative = true;
    memcpy(parameters->master_secret, s->master_secret, sizeof s->master_secret);
    parameters->version = s->version;
    parameters->cipher_suite = s->suite;
    return 1;
}

static void save_session(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
                         const br_ssl_session_parameters *parameters)
{
    struct thm_tls_domain *d = (struct thm_tls_domain *)(void *)ctx;
    struct thm_tls *t = ((struct thm_engine *)(void *)server)->owner;
    const struct thm_slot *slot = thm_slot_of(t);
    struct thm_cached s = {.version = parameters->version, .suite = parameters->cipher_suite};

    if (!slot->guard.verified)
        return;
    memcpy(s.id, parameters->session_id, sizeof s.id);
    memcpy(s.master_secret, parameters->master_secret, sizeof s.master_secret);
    memcpy(s.server_leaf_hash, thm_loaded(slot->credentials)->leaf_hash, sizeof s.server_leaf_hash);
    s.epoch = d->epoch;
    s.made_s = slot->guard.utc_s;
    s.who = slot->guard.who;
    thm_session_cache_put(&d->cache, &s);
    thm_wipe(&s, sizeof s);
}

const br_ssl_session_cache_class thm_cache_class = {
    sizeof(struct thm_tls_domain),
    save_session,
    load_session,
};

/* --- the client --- */

bool thm_resume_offer(struct thm_tls *t, uint64_t utc_s)
{
    struct thm_slot *slot = thm_slot_of(t);
    const struct thm_policy policy = policy_now(t, utc_s);
    const struct thm_remembered *r;
    br_ssl_session_parameters parameters;

    if (!slot->remembered)
        return false;
    r = thm_session_recall(slot->remembered, thm_loaded(slot->credentials), slot->server_name,
                           &policy, &parameters);
    if (!r)
        return false;
    br_ssl_engine_set_session_parameters(&thm_engine_of(t)->ssl.base, &parameters);
    thm_wipe(&parameters, sizeof parameters);
    memcpy(slot->session.id, r->id, sizeof r->id);
    memcpy(slot->session.who.key_hash, r->server_key_hash, sizeof r->server_key_hash);
    slot->session.who.not_after = r->not_after;
    memcpy(slot->session.server_leaf_hash, r->server_leaf_hash, sizeof r->server_leaf_hash);
    slot->tentative = true;
    return true;
}

/* --- both --- */

bool thm_resume_happened(const struct thm_tls *t)
{
    const struct thm_slot *slot = thm_slot_of(t);
    br_ssl_session_parameters now;
    bool same;

    br_ssl_engine_get_session_parameters(&thm_engine_of(t)->ssl.base, &now);
    same = now.session_id_len == sizeof slot->session.id &&
           memcmp(now.session_id, slot->session.id, sizeof slot->session.id) == 0;
    thm_wipe(&now, sizeof now);
    return slot->tentative && same;
}

void thm_resume_remember(const struct thm_tls *t)
{
    const struct thm_slot *slot = thm_slot_of(t);
    br_ssl_session_parameters now;

    if (!slot->remembered)
        return;
    br_ssl_engine_get_session_parameters(&thm_engine_of(t)->ssl.base, &now);
    thm_session_remember(slot->remembered, thm_loaded(slot->credentials), slot->server_name, &now,
                         &t->peer, slot->guard.leaf_hash);
    thm_wipe(&now, sizeof now);
}
