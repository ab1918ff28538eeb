#include "devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_DIGITS 16 /* of a key hash, as thimble-ca shows them */

bool devices_open(struct devices *d, uint32_t count)
{
    d->sets = 1;
    while (d->sets * DEVICES_SET < count)
        d->sets *= 2;
    d->all = calloc((size_t)d->sets * DEVICES_SET, sizeof d->all[0]);
    return d->all != NULL;
}

void devices_close(struct devices *d)
{
    free(d->all);
    d->all = NULL;
}

/* FNV-1a: names come from certificates of one's own CA, so nobody chooses them to collide. */
static uint32_t mix(uint32_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    while (*text++);
    return hash;
}

static struct device *set_of(const struct devices *d, const char *user, const char *name)
{
    return d->all + (mix(mix(2166136261u, user), name) & (d->sets - 1)) * DEVICES_SET;
}

static bool is(const struct device *device, const char *user, const char *name)
{
    return strcmp(device->user, user) == 0 && strcmp(device->name, name) == 0;
}

static void take(struct devices *d, const struct thm_log_record *r, uint64_t utc_ms)
{
    struct device *set = set_of(d, r->user, r->device), *to = set;
    for (unsigned i = 0; i < DEVICES_SET; i++) {
        if (is(&set[i], r->user, r->device)) {
            to = &set[i];
            break;
        }
        if (set[i].seen_ms < to->seen_ms)
            to = &set[i];
    }
    snprintf(to->user, sizeof to->user, "%s", r->user);
    snprintf(to->name, sizeof to->name, "%s", r->device);
    memcpy(to->key_hash, r->key_hash, sizeof to->key_hash);
    to->seen_ms = utc_ms;
    to->connection = r->connection;
}

/* A session that was replaced may end after the one that replaced it has begun. */
static void leave(struct devices *d, const struct thm_log_record *r)
{
    struct device *set = set_of(d, r->user, r->device);
    for (unsigned i = 0; i < DEVICES_SET; i++)
        if (is(&set[i], r->user, r->device) && set[i].connection == r->connection)
            set[i].connection = 0;
}

void devices_record(struct devices *d, const struct thm_log_record *r, uint64_t utc_ms)
{
    if (!d->all || !r->user || !r->device || !r->key_hash)
        return;
    if (strcmp(r->event, "login") == 0)
        take(d, r, utc_ms);
    else if (strcmp(r->event, "logout") == 0)
        leave(d, r);
}

const struct device *devices_next(const struct devices *d, uint32_t *at)
{
    while (d->all && *at < d->sets * DEVICES_SET) {
        const struct device *device = &d->all[(*at)++];
        if (device->user[0])
            return device;
    }
    return NULL;
}

static bool begins(const struct device *device, const char *digits)
{
    char text[2 * THM_KEY_HASH + 1];
    for (size_t i = 0; i < THM_KEY_HASH; i++)
        snprintf(text + 2 * i, 3, "%02x", device->key_hash[i]);
    return strncmp(text, digits, strlen(digits)) == 0;
}

static const struct device *find_digits(const struct devices *d, const char *digits)
{
    const struct device *device, *found = NULL;
    uint32_t at = 0;
    while ((device = devices_next(d, &at)) != NULL) {
        if (!begins(device, digits))
            continue;
        if (found && memcmp(found->key_hash, device->key_hash, THM_KEY_HASH) != 0)
            return NULL;
        found = device;
    }
    return found;
}

const struct device *devices_find(const struct devices *d, const char *what)
{
    const char *at = strchr(what, '@');
    char user[THM_ID_MAX + 1];
    if (!at)
        return strlen(what) < SHORT_DIGITS ? NULL : find_digits(d, what);
    if (!d->all || (size_t)(at - what) > THM_ID_MAX)
        return NULL;
    snprintf(user, sizeof user, "%.*s", (int)(at - what), what);
    struct device *set = set_of(d, user, at + 1);
    for (unsigned i = 0; i < DEVICES_SET; i++)
        if (is(&set[i], user, at + 1) && user[0])
            return &set[i];
    return NULL;
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool devices_hash(const char *text, uint8_t hash[THM_KEY_HASH])
{
    for (size_t i = 0; i < THM_KEY_HASH; i++, text += 2) {
        int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
        if (low < 0)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return *text == '\0';
}
