#include "thimble/enroll.h"

#if THM_ENROLL

#include <string.h>

#include "tls/wipe.h"
#include "util/base64.h"

#define COMMAND "thimble join "
#define SCHEME  "THM1:"
/* Characters of 16 bytes: in Base64, and without its padding. */
#define PADDED THM_BASE64_LEN(THM_ENROLL_SECRET)
#define BARE   (PADDED - 2)

_Static_assert(THM_CA_PIN == THM_ENROLL_SECRET, "both are written alike");

/* A part of the text. */
struct span {
    const char *at;
    size_t len;
};

/* --- 16 bytes in base64url (RFC 4648, section 5) --- */

/* From Base64 to base64url, and back: exchanges the two characters in which they differ. One of the wrong kind becomes one
 * as well. Without a branch, for secrets are written so. */
static char exchange(char character)
{
    const uint32_t plus = '+', minus = '-', slash = '/', low_line = '_';
    uint32_t c = (unsigned char)character;
    uint32_t is_62 = (((c ^ plus) - 1) | ((c ^ minus) - 1)) >> 31;
    uint32_t is_63 = (((c ^ slash) - 1) | ((c ^ low_line) - 1)) >> 31;

    return (char)(c ^ ((0 - is_62) & (plus ^ minus)) ^ ((0 - is_63) & (slash ^ low_line)));
}

static bool read_16(struct span s, uint8_t to[16])
{
    char text[PADDED];
    size_t n;
    bool good;

    if (s.len != BARE)
        return false;
    for (size_t i = 0; i < BARE; i++)
        text[i] = exchange(s.at[i]);
    memset(text + BARE, '=', PADDED - BARE);
    good = thm_base64_read(text, PADDED, to, 16, &n);
    thm_wipe(text, sizeof text);
    return good && n == 16;
}

static void print_16(struct thm_text *t, const uint8_t bytes[16])
{
    size_t start = t->len;

    thm_text_base64(t, bytes, 16);
    t->len -= PADDED - BARE;
    for (size_t i = start; i < t->len; i++)
        t->data[i] = exchange(t->data[i]);
}

/* --- names and addresses --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Cuts the front of `rest` off up to the first `c`, which goes too; false: there is none. */
static bool cut(struct span *rest, char c, struct span *front)
{
    const char *found = rest->len > 0 ? memchr(rest->at, c, rest->len) : NULL;

    if (!found)
        return false;
    *front = (struct span){rest->at, (size_t)(found - rest->at)};
    rest->at = found + 1;
    rest->len -= front->len + 1;
    return true;
}

/* A decimal number in its one form, without zeros in front. */
static bool read_number(struct span s, uint32_t max, uint32_t *number)
{
    *number = 0;
    if (s.len == 0 || s.len > 5 || (s.at[0] == '0' && s.len > 1))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.at[i]))
            return false;
        *number = *number * 10 + (uint32_t)(s.at[i] - '0');
    }
    return *number <= max;
}

static bool is_ipv4(struct span s)
{
    struct span part;
    uint32_t number;

    for (int dots = 0; dots < 3; dots++)
        if (!cut(&s, '.', &part) || !read_number(part, 255, &number))
            return false;
    return read_number(s, 255, &number);
}

static void skip(struct span *s, size_t n)
{
    s->at += n;
    s->len -= n;
}

static bool starts(struct span s, const char *with)
{
    size_t len = strlen(with);

    return s.len >= len && memcmp(s.at, with, len) == 0;
}

/* RFC 4291, section 2.2: eight groups, of which "::" may stand for some; the last two may be an IPv4 address. */
static bool is_ipv6(struct span s)
{
    unsigned groups = 0;
    bool gap = false;

    do {
        size_t digits = 0;
        if (starts(s, "::")) {
            if (gap)
                return false;
            gap = true;
            skip(&s, 2);
            if (s.len == 0)
                break;
        } else if (groups > 0) {
            if (!starts(s, ":"))
                return false;
            skip(&s, 1);
        }
        if (is_ipv4(s)) {
            groups += 2;
            break;
        }
        while (digits < 4 && digits < s.len && is_hex(s.at[digits]))
            digits++;
        if (digits == 0)
            return false;
        skip(&s, digits);
        groups++;
    } while (s.len > 0);
    return gap ? groups < 8 : groups == 8;
}

/* One label of a name (RFC 1123, section 2.1). */
static bool is_label(struct span s, bool *number)
{
    *number = true;
    if (s.len == 0 || s.len > 63 || s.at[0] == '-' || s.at[s.len - 1] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !is_digit(c) && c != '-')
            return false;
        *number = *number && is_digit(c);
    }
    return true;
}

/* The last label of a name is no number: that would be an address. */
static bool is_name(struct span s)
{
    struct span label;
    bool number;

    while (cut(&s, '.', &label))
        if (!is_label(label, &number))
            return false;
    return is_label(s, &number) && !number;
}

static bool read_host(struct span s, char host[THM_HOST_MAX])
{
    bool good;

    if (s.len >= 2 && s.at[0] == '[' && s.at[s.len - 1] == ']') {
        s = (struct span){s.at + 1, s.len - 2};
        good = is_ipv6(s);
    } else {
        good = is_ipv4(s) || is_name(s);
    }
    if (!good || s.len >= THM_HOST_MAX)
        return false;
    memcpy(host, s.at, s.len);
    host[s.len] = '\0';
    return true;
}

static void print_host(struct thm_text *t, const char *host)
{
    bool ipv6 = strchr(host, ':') != NULL;

    if (ipv6)
        thm_text_char(t, '[');
    thm_text_str(t, host);
    if (ipv6)
        thm_text_char(t, ']');
}

/* --- the whole --- */

static bool read_address(struct span s, struct thm_invitation *invitation)
{
    size_t colon = s.len;
    uint32_t port;

    while (colon > 0 && s.at[colon - 1] != ':')
        colon--;
    if (colon == 0 || !read_number((struct span){s.at + colon, s.len - colon}, 65535, &port) ||
        port == 0)
        return false;
    invitation->port = (uint16_t)port;
    return read_host((struct span){s.at, colon - 1}, invitation->host);
}

/* SECRET, or SECRET/NAME: a name is only given where it is not the host, so that there is one text for each invitation. */
static bool read_end(struct span s, struct thm_invitation *invitation)
{
    struct span secret;

    if (!cut(&s, '/', &secret)) {
        memcpy(invitation->server_name, invitation->host, THM_HOST_MAX);
        return read_16(s, invitation->secret);
    }
    return read_16(secret, invitation->secret) && read_host(s, invitation->server_name) &&
           strcmp(invitation->server_name, invitation->host) != 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int thm_invitation_read(struct thm_invitation *invitation, const char *text, size_t len)
{
    struct span s = {text, len}, address, ca;

    memset(invitation, 0, sizeof *invitation);
    while (s.len > 0 && is_blank(s.at[0]))
        skip(&s, 1);
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    if (starts(s, COMMAND)) /* the whole line, as it was printed */
        skip(&s, sizeof COMMAND - 1);
    if (starts(s, SCHEME)) {
        skip(&s, sizeof SCHEME - 1);
        if (cut(&s, '/', &address) && cut(&s, '/', &ca) && read_address(address, invitation) &&
            read_16(ca, invitation->ca) && read_end(s, invitation))
            return THM_OK;
    }
    thm_wipe(invitation, sizeof *invitation);
    return THM_E_TOKEN;
}

int thm_invitation_host(struct thm_invitation *invitation, const char *text, size_t len)
{
    struct span s = {text, len};
    uint16_t port = invitation->port;

    if (read_address(s, invitation))
        return THM_OK;
    invitation->port = port;
    return read_host(s, invitation->host) ? THM_OK : THM_E_TOKEN;
}

size_t thm_invitation_print(const struct thm_invitation *invitation, char text[THM_INVITATION_TEXT])
{
    struct thm_text t;

    thm_text_init(&t, text, THM_INVITATION_TEXT);
    thm_text_str(&t, SCHEME);
    print_host(&t, invitation->host);
    thm_text_char(&t, ':');
    thm_text_uint(&t, invitation->port, 0);
    thm_text_char(&t, '/');
    print_16(&t, invitation->ca);
    thm_text_char(&t, '/');
    print_16(&t, invitation->secret);
    if (strcmp(invitation->server_name, invitation->host) != 0) {
        thm_text_char(&t, '/');
        print_host(&t, invitation->server_name);
    }
    t.data[t.len] = '\0';
    return t.len;
}

#endif
