/*
 * A server's session cache as BearSSL asks for it. A session that is found is only tentative until the
 * handshake is over, because BearSSL may have found it and then not used it.
 */
#include <string.h>

#include "tls/internal.h"
#include "tls/wipe.h"

#if THM_TLS_SERVES

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
    struct thm_tls *t = ((struct thm_engine *)(void *)server)->owner;
    struct thm_tls_domain *d = t->domain;
    struct thm_slot *slot = thm_slot_of(t);
    const struct thm_policy policy = {d->serving->epoch, d->denylist, slot->guard.utc_s};
    const struct thm_cached *s;
    size_t len;
    const unsigned char *hello = thm_engine_unread(&server->eng, &len);

    (void)ctx;
    /* Nor is one that asks for enrolment alone; who asks for both gets the first, which sessions are of. */
    if (!hello_asks_for(hello, len, d->config.alpn))
        return 0;
    s = thm_session_cache_get(&d->serving->cache, parameters->session_id, &policy);
    if (!s)
        return 0;
    slot->session = s->proven;
    slot->tentative = true;
    memcpy(parameters->master_secret, s->master_secret, sizeof s->master_secret);
    parameters->version = s->version;
    parameters->cipher_suite = s->suite;
    return 1;
}

static void save_session(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
                         const br_ssl_session_parameters *parameters)
{
    struct thm_tls *t = ((struct thm_engine *)(void *)server)->owner;
    const struct thm_slot *slot = thm_slot_of(t);
    struct thm_cached s = {.version = parameters->version, .suite = parameters->cipher_suite};

    (void)ctx;
    if (!slot->guard.verified || thm_enrols(t))
        return;
    memcpy(s.proven.id, parameters->session_id, sizeof s.proven.id);
    memcpy(s.master_secret, parameters->master_secret, sizeof s.master_secret);
    memcpy(s.proven.server_leaf_hash, thm_loaded(slot->credentials)->leaf_hash,
           sizeof s.proven.server_leaf_hash);
    s.epoch = t->domain->serving->epoch;
    s.made_s = slot->guard.utc_s;
    s.proven.who = slot->guard.who;
    thm_session_cache_put(&t->domain->serving->cache, &s);
    thm_wipe(&s, sizeof s);
}

const br_ssl_session_cache_class thm_cache_class = {
    sizeof(br_ssl_session_cache_class *),
    save_session,
    load_session,
};

#endif
