#include "server/account.h"

#include <string.h>

#include "tls/wipe.h"
#include "util/divide.h"
#include "wire/words.h"

#define DAY_MS 86400000u

static const char *const policies[] = {[THM_AUTH_DEFAULT] = NULL,
                                       [THM_AUTH_CERTIFICATE] = "certificate",
                                       [THM_AUTH_PASSCODE] = "passcode"};

/* Each of these is false when what stands there can't be. */

static bool read_auth(struct account *a, struct thm_slice word)
{
    a->auth = THM_AUTH_DEFAULT;
    if (word.len == 0)
        return true;
    for (unsigned i = THM_AUTH_CERTIFICATE; i <= THM_AUTH_PASSCODE; i++)
        if (thm_slice_is(word, policies[i]))
            a->auth = (enum thm_auth_policy)i;
    return a->auth != THM_AUTH_DEFAULT;
}

static bool read_suspended(struct account *a, struct thm_slice word)
{
    a->suspended = word.len > 0;
    return word.len == 0 || thm_slice_is(word, "yes");
}

static bool read_verifier(struct account *a, struct thm_slice text)
{
    a->has_passcode = text.len > 0;
    return text.len == 0 ||
           thm_scram_verifier_parse(&a->verifier, text.data, text.len) == THM_SCRAM_OK;
}

static bool read_time(const struct thm_fields *f, const char *name, uint64_t *ms)
{
    *ms = 0;
    return thm_fields_get(f, name).len == 0 || thm_fields_get_num(f, name, ms);
}

static bool read_fields(struct account *a, const struct thm_fields *f)
{
    memset(a, 0, sizeof *a);
    return thm_fields_valid(f) && read_auth(a, thm_fields_get(f, "auth")) &&
           read_suspended(a, thm_fields_get(f, "suspended")) &&
           read_verifier(a, thm_fields_get(f, "verifier")) && read_time(f, "since", &a->since_ms) &&
           read_time(f, "seen", &a->seen_ms);
}

/* The account of somebody with a passcode that nobody knows. */
#define STAND_IN                                                                                   \
    "since 1700000000000\n"                                                                        \
    "auth passcode\n"                                                                              \
    "verifier SCRAM-SHA-256$4096:AQAAAAAAAAAAAAAAAAAAAA==$"                                        \
    "c1PTbDYgrxPAeXMyVB/SPQrwyxqxw+Taa92X/widQW8=:/krmp7b8jHje5lzZOrZ6S+b7Ik9B49q7K1ayVyOBnlM=\n"

bool thm_account_read(struct account *a, const struct thm_fields *f)
{
    static const struct thm_fields stand_in = {.len = sizeof STAND_IN - 1, .text = STAND_IN};
    struct account nobody;

    if (!read_fields(a, f)) {
        thm_wipe(a, sizeof *a);
        return false;
    }
    /* How long a login takes is not to tell whether there is a passcode: reading it is most of the look-up's work. */
    if (!a->has_passcode)
        read_fields(&nobody, &stand_in);
    return true;
}

static bool write_verifier(const struct account *a, struct thm_fields *f)
{
    char text[THM_SCRAM_VERIFIER_TEXT];

    if (!a->has_passcode)
        return thm_fields_set(f, "verifier", NULL);
    thm_scram_verifier_print(&a->verifier, text);
    bool done = thm_fields_set(f, "verifier", text);
    thm_wipe(text, sizeof text);
    return done;
}

bool thm_account_write(const struct account *a, struct thm_fields *f)
{
    return thm_fields_set_num(f, "since", a->since_ms) &&
           (a->seen_ms == 0 ? thm_fields_set(f, "seen", NULL)
                            : thm_fields_set_num(f, "seen", a->seen_ms)) &&
           thm_fields_set(f, "auth", policies[a->auth]) &&
           thm_fields_set(f, "suspended", a->suspended ? "yes" : NULL) && write_verifier(a, f);
}

bool thm_account_seen(struct account *a, uint64_t utc_ms)
{
    uint64_t day = thm_divide(thm_divide(utc_ms, 1000), 43200) / 2 * DAY_MS;

    if (a->seen_ms == day && a->since_ms != 0)
        return false;
    if (a->since_ms == 0)
        a->since_ms = utc_ms;
    a->seen_ms = day;
    return true;
}
