#include "tls/guard.h"

#include <stddef.h>
#include <string.h>

static struct thm_guard *guard_of(const br_x509_class *const *ctx)
{
    return (struct thm_guard *)(void *)ctx;
}

static bool is_leaf(const struct thm_guard *guard)
{
    return guard->certificates == 1;
}

static void start_chain(const br_x509_class **ctx, const char *server_name)
{
    struct thm_guard *guard = guard_of(ctx);

    guard->certificates = 0;
    guard->refused = 0;
    guard->verified = false;
    guard->inner.vtable->start_chain(&guard->inner.vtable, server_name);
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

    guard->certificates++;
    if (guard->certificates > THM_CHAIN_MAX || length > THM_CERT_MAX)
        guard->refused = guard->refused ? guard->refused : THM_GUARD_CHAIN;
    if (!guard->refused)
        guard->inner.vtable->start_cert(&guard->inner.vtable, length);
}

static void append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
    struct thm_guard *guard = guard_of(ctx);

    if (guard->refused)
        return;
    if (is_leaf(guard)) {
        br_sha256_update(&guard->hash, buf, len);
        thm_validity_push(&guard->validity, buf, len);
    }
    guard->inner.vtable->append(&guard->inner.vtable, buf, len);
}

static void end_cert(const br_x509_class **ctx)
{
    struct thm_guard *guard = guard_of(ctx);

    if (!guard->refused)
        guard->inner.vtable->end_cert(&guard->inner.vtable);
}

/* What BearSSL said of the chain, or, for a server's leaf without any dNSName, the better reason. */
static unsigned inner_verdict(struct thm_guard *guard)
{
    unsigned verdict = guard->inner.vtable->end_chain(&guard->inner.vtable);

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

static unsigned end_chain(const br_x509_class **ctx)
{
    struct thm_guard *guard = guard_of(ctx);
    unsigned verdict = guard->refused;

    if (verdict == 0)
        verdict = inner_verdict(guard);
    if (verdict == 0)
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

void thm_guard_init(struct thm_guard *guard, enum thm_role role,
                    const br_x509_trust_anchor *anchors, size_t anchor_count, const br_ec_impl *ec,
                    br_ecdsa_vrfy verify, const struct thm_denylist *const *denylist)
{
    guard->vtable = &guard_class;
    br_x509_minimal_init(&guard->inner, &br_sha256_vtable, anchors, anchor_count);
    br_x509_minimal_set_hash(&guard->inner, br_sha256_ID, &br_sha256_vtable);
    br_x509_minimal_set_ecdsa(&guard->inner, ec, verify);
    thm_leaf_names_init(&guard->names);
    br_x509_minimal_set_name_elements(&guard->inner, guard->names.elements, 3);
    guard->denylist = denylist;
    guard->utc_s = 0;
    guard->role = role;
    guard->certificates = 0;
    guard->refused = 0;
    guard->verified = false;
    memset(&guard->who, 0, sizeof guard->who);
}
