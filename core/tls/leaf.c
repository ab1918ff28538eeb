#include "tls/leaf.h"

#include <string.h>

#include "util/divide.h"

static const unsigned char san_dns[] = {0, 2};
static const unsigned char san_uri[] = {0, 6};

void thm_leaf_names_init(struct thm_leaf_names *names)
{
    names->elements[0] = (br_name_element){san_uri, names->uri, sizeof names->uri, 0};
    names->elements[1] = (br_name_element){san_uri, names->second_uri, 1, 0};
    names->elements[2] = (br_name_element){san_dns, names->dns, 1, 0};
}

void thm_leaf_names_want_dns(struct thm_leaf_names *names, char *dns, size_t cap)
{
    names->elements[2].buf = dns;
    names->elements[2].len = cap;
}

static bool is_id(const char *id, size_t len)
{
    if (len == 0 || len > THM_ID_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = id[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || (c != '.' && c != '_' && c != '-')))
            return false;
    }
    return true;
}

/* BearSSL refuses names with a zero byte inside, so the text is the whole name. */
static int parse_uri(const char *uri, struct thm_identity *who)
{
    const size_t scheme = sizeof THM_URI_SCHEME - 1;
    const char *user, *at, *device;

    if (strncmp(uri, THM_URI_SCHEME, scheme) != 0)
        return THM_E_ROLE;
    user = uri + scheme;
    at = strchr(user, '@');
    if (!at)
        return THM_E_ROLE;
    device = at + 1;
    if (!is_id(user, (size_t)(at - user)) || !is_id(device, strlen(device)))
        return THM_E_ROLE;
    memset(who->user, 0, sizeof who->user);
    memset(who->device, 0, sizeof who->device);
    memcpy(who->user, user, (size_t)(at - user));
    memcpy(who->device, device, strlen(device));
    return THM_OK;
}

bool thm_leaf_has_dns(const struct thm_leaf_names *names)
{
    return names->elements[2].status != 0;
}

int thm_leaf_server(const struct thm_leaf_names *names)
{
    return thm_leaf_has_dns(names) && names->elements[0].status == 0 ? THM_OK : THM_E_ROLE;
}

int thm_leaf_user(const struct thm_leaf_names *names, struct thm_identity *who)
{
    if (thm_leaf_has_dns(names) || names->elements[0].status != 1 || names->elements[1].status != 0)
        return THM_E_ROLE;
    return parse_uri(names->uri, who);
}

const unsigned char thm_spki_prefix[THM_SPKI_PREFIX] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

int thm_leaf_key_hash(const br_x509_pkey *key, uint8_t hash[THM_KEY_HASH])
{
    br_sha256_context sha;

    if (key->key_type != BR_KEYTYPE_EC || key->key.ec.curve != BR_EC_secp256r1 ||
        key->key.ec.qlen != 65 || key->key.ec.q[0] != 4)
        return THM_E_CERT;
    br_sha256_init(&sha);
    br_sha256_update(&sha, thm_spki_prefix, sizeof thm_spki_prefix);
    br_sha256_update(&sha, key->key.ec.q, key->key.ec.qlen);
    br_sha256_out(&sha, hash);
    return THM_OK;
}

/* The way to notAfter through the DER of a certificate (RFC 5280, section 4.1). */
enum step { ENTER, SKIP_IF_VERSION, SKIP, READ };
static const uint8_t way[] = {
    ENTER,           /* Certificate */
    ENTER,           /* TBSCertificate */
    SKIP_IF_VERSION, /* [0] version */
    SKIP,            /* serialNumber */
    SKIP,            /* signature */
    SKIP,            /* issuer */
    ENTER,           /* Validity */
    SKIP,            /* notBefore */
    READ,            /* notAfter */
};
#define ARRIVED (sizeof way)
#define LOST    (sizeof way + 1)

void thm_validity_start(struct thm_validity *v)
{
    memset(v, 0, sizeof *v);
}

static size_t head_bytes(const struct thm_validity *v)
{
    if (v->head_len < 2 || v->head[1] < 0x80)
        return 2;
    return 2u + (v->head[1] & 0x7f);
}

/* Tag and length are there: what to do with the value. */
static void element(struct thm_validity *v)
{
    uint32_t length = v->head[1];

    if (length >= 0x80) {
        length = v->head[2];
        if (v->head_len == 4)
            length = length << 8 | v->head[3];
    }
    v->head_len = 0;
    if (way[v->step] == ENTER) {
        v->step++;
        return;
    }
    if (way[v->step] == SKIP_IF_VERSION && v->head[0] != 0xa0)
        v->step++;
    if (length == 0 || (way[v->step] == READ && length > sizeof v->date))
        v->step = LOST;
    else
        v->left = length;
}

static size_t push_head(struct thm_validity *v, unsigned char byte)
{
    v->head[v->head_len++] = byte;
    if (head_bytes(v) > sizeof v->head)
        v->step = LOST;
    else if (v->head_len >= 2 && v->head_len == head_bytes(v))
        element(v);
    return 1;
}

static size_t push_value(struct thm_validity *v, const unsigned char *der, size_t len)
{
    size_t n = len < v->left ? len : v->left;

    if (way[v->step] == READ) {
        memcpy(v->date + v->date_len, der, n);
        v->date_len = (uint8_t)(v->date_len + n);
    }
    v->left -= (uint32_t)n;
    if (v->left == 0)
        v->step++;
    return n;
}

void thm_validity_push(struct thm_validity *v, const unsigned char *der, size_t len)
{
    while (len > 0 && v->step < ARRIVED) {
        size_t n = v->left > 0 ? push_value(v, der, len) : push_head(v, *der);
        der += n;
        len -= n;
    }
}

/* Reads numbers of two digits each. */
static bool read_pairs(const char *text, unsigned *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned tens = (unsigned)(text[2 * i] - '0'), ones = (unsigned)(text[2 * i + 1] - '0');
        if (tens > 9 || ones > 9)
            return false;
        to[i] = 10 * tens + ones;
    }
    return true;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, counted in years that begin in March. */
static unsigned days_since_1970(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month > 2 ? year : year - 1;
    unsigned m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

uint64_t thm_validity_end(const struct thm_validity *v)
{
    enum { CENTURY, YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FIELDS };
    unsigned n[FIELDS], year;
    /* UTCTime: YYMMDDHHMMSSZ; GeneralizedTime: YYYYMMDDHHMMSSZ */
    unsigned first = v->date_len == 13 ? YEAR : CENTURY;
    size_t digits = 2 * (FIELDS - (size_t)first);

    if (v->step != ARRIVED || v->date_len != digits + 1 || v->date[digits] != 'Z' ||
        !read_pairs(v->date, &n[first], FIELDS - first))
        return 0;
    if (first == YEAR)
        n[CENTURY] = n[YEAR] < 50 ? 20 : 19;
    year = n[CENTURY] * 100 + n[YEAR];
    if (year < 1970 || n[MONTH] < 1 || n[MONTH] > 12 || n[DAY] < 1)
        return 0;
    return (uint64_t)days_since_1970(year, n[MONTH], n[DAY]) * 86400 + n[HOUR] * 3600 +
           n[MINUTE] * 60 + n[SECOND];
}

void thm_set_time(br_x509_minimal_context *ctx, uint64_t utc_s)
{
    const uint32_t days_to_1970 = 719528; /* from the year 0 on, as BearSSL counts */
    uint32_t days = (uint32_t)(thm_divide(utc_s, 43200) / 2);

    br_x509_minimal_set_time(ctx, days_to_1970 + days, (uint32_t)(utc_s - days * UINT64_C(86400)));
}
