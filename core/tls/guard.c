#include "tls/guard.h"

#include <stddef.h>
#include <string.h>

static struct thm_guard *guard_of(const br_x509_class *const *ctx)
{
    return (struct thm_guard *)(void *)ctx;
}

#if THM_TLS_PINS
static const br_x509_class **judge_of(const struct thm_guard *guard)
{
    return guard->judge;
}
#else
static const br_x509_class **judge_of(struct thm_guard *guard)
{
    return &guard->inner.vtable;
}
#endif

static bool is_leaf(const struct thm_guard *guard)
{
    return guard->certificates == 1;
}

static void start_chain(const br_x509_class **ctx, const char *server_name)
{
    struct thm_guard *guard = guard_of(ctx);
    const br_x509_class **judge = judge_of(guard);

    guard->certificates = 0;
    guard->refused = 0;
    guard->verified = false;
    (*judge)->start_chain(judge, server_name);
    thm_validity_start(&guard->validity);
    br_sha256_init(&guard->hash);
    if (guard->utc_s == 0)
        guard->refused = THM_GUARD_CLOCK;
    else
        thm_set_time(&guard->inner, guard->utc_s);
    /* A client that expects no name would accept any server. */
    if (guard->role == THM_FOR_SERVER && (!server_name || server_name[0] == '\0'))
        guard->refused = THM_GUARD_ROLE;
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
    struct thm_guard *guard = guard_of(ctx);
    const br_x509_class **judge = judge_of(guard);

    guard->certificates++;
    if (guard->certificates > THM_CHAIN_MAX || length > THM_CERT_MAX)
        guard->refused = guard->refused ? guard->refused : THM_GUARD_CHAIN;
    if (!guard->refused)
        (*judge)->start_cert(judge, length);
}

static void append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
    struct thm_guard *guard = guard_of(ctx);
    const br_x509_class **judge = judge_of(guard);

    if (guard->refused)
        return;
    if (is_leaf(guard)) {
        br_sha256_update(&guard->hash, buf, len);
        thm_validity_push(&guard->validity, buf, len);
    }
    (*judge)->append(judge, buf, len);
}

static void end_cert(const br_x509_class **ctx)
{
    struct thm_guard *guard = guard_of(ctx);
    const br_x509_class **judge = judge_of(guard);

    if (!guard->refused)
        (*judge)->end_cert(judge);
}

/* What BearSSL said of the chain, or, for a server's leaf without any dNSName, the better reason. */
static unsigned inner_verdict(struct thm_guard *guard)
{
    const br_x509_class **judge = judge_of(guard);
    unsigned verdict = (*judge)->end_chain(judge);

    if (verdict == BR_ERR_X509_BAD_SERVER_NAME && !thm_leaf_has_dns(&guard->names))
        return THM_GUARD_ROLE;
    return verdict;
}

static int check_role(struct thm_guard *guard)
{
    if (THM_TLS_SERVER && guard->role == THM_FOR_CLIENT)
        return thm_leaf_user(&guard->names, &guard->who);
    return thm_leaf_server(&guard->names);
}

/* The chain is trusted: whom does it name, and is he welcome? */
static unsigned judge_leaf(struct thm_guard *guard)
{
    const br_x509_pkey *key = guard->inner.vtable->get_pkey(&guard->inner.vtable, NULL);

    guard->who.not_after = thm_validity_end(&guard->validity);
    if (guard->who.not_after == 0 || thm_leaf_key_hash(key, guard->who.key_hash) != THM_OK)
        return THM_GUARD_LEAF;
    if (check_role(guard) != THM_OK)
        return THM_GUARD_ROLE;
    if (thm_denylist_has(*guard->denylist, guard->who.key_hash))
        return THM_GUARD_REVOKED;
    br_sha256_out(&guard->hash, guard->leaf_hash);
    return 0;
}

#if THM_TLS_ADMITS
/*
 * Who wants to enrol shows one certificate that nobody has signed but himself, of a key that is admitted. Who is trusted has a
 * certificate already. BearSSL gives the key of a chain that is only not trusted, and checks the peer's signature with it as
 * with any other.
 */
static unsigned judge_joiner(struct thm_guard *guard, unsigned verdict)
{
    const struct thm_tls_config *admission = guard->admission;
    const br_x509_pkey *key;

    if (verdict == 0)
        return THM_GUARD_ROLE;
    if (verdict != BR_ERR_X509_NOT_TRUSTED || guard->certificates != 1)
        return verdict;
    key = guard->inner.vtable->get_pkey(&guard->inner.vtable, NULL);
    if (!key || thm_leaf_key_hash(key, guard->who.key_hash) != THM_OK)
        return THM_GUARD_LEAF;
    if (thm_denylist_has(*guard->denylist, guard->who.key_hash))
        return THM_GUARD_REVOKED;
    return admission->admits(admission->admits_ctx, guard->who.key_hash) ? 0 : THM_GUARD_INVITATION;
}

static bool joins(const struct thm_guard *guard)
{
    return guard->admission != NULL;
}
#else
#define joins(guard)                 false
#define judge_joiner(guard, verdict) (verdict)
#endif

static unsigned end_chain(const br_x509_class **ctx)
{
    struct thm_guard *guard = guard_of(ctx);
    unsigned verdict = guard->refused;

    if (verdict == 0)
        verdict = inner_verdict(guard);
    if (joins(guard))
        verdict = judge_joiner(guard, verdict);
    else if (verdict == 0)
        verdict = judge_leaf(guard);
    guard->verified = verdict == 0;
    return verdict;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
    const struct thm_guard *guard = guard_of(ctx);

    if (!guard->verified)
        return NULL;
    return guard->inner.vtable->get_pkey(&guard->inner.vtable, usages);
}

static const br_x509_class guard_class = {
    sizeof(struct thm_guard), start_chain, start_cert, append, end_cert, end_chain, get_pkey,
};

/* Makes `inner`, with whom it trusts. */
static void init_inner(struct thm_guard *guard, const struct thm_loaded *own)
{
    const br_x509_trust_anchor *anchors = own->anchors;
    size_t count = own->anchor_count;

#if THM_TLS_PINS
    guard->judge = &guard->inner.vtable;
    if (own->pin) {
        thm_pinned_init(&guard->pinned, own->pin, &guard->inner);
        guard->judge = &guard->pinned.vtable;
        anchors = &guard->pinned.anchor;
        count = 1;
    }
#endif
    br_x509_minimal_init(&guard->inner, &br_sha256_vtable, anchors, count);
    br_x509_minimal_set_hash(&guard->inner, br_sha256_ID, &br_sha256_vtable);
}

void thm_guard_init(struct thm_guard *guard, enum thm_role role, const struct thm_loaded *own,
                    const br_ec_impl *ec, br_ecdsa_vrfy verify,
                    const struct thm_denylist *const *denylist)
{
    guard->vtable = &guard_class;
    init_inner(guard, own);
    br_x509_minimal_set_ecdsa(&guard->inner, ec, verify);
    thm_leaf_names_init(&guard->names);
    br_x509_minimal_set_name_elements(&guard->inner, guard->names.elements, 3);
#if THM_TLS_ADMITS
    guard->admission = NULL;
#endif
    guard->denylist = denylist;
    guard->utc_s = 0;
    guard->role = role;
    guard->certificates = 0;
    guard->refused = 0;
    guard->verified = false;
    memset(&guard->who, 0, sizeof guard->who);
}
