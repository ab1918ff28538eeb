/* The operator's commands for devices. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "denylist.h"

static void hash_text(const uint8_t hash[THM_KEY_HASH], char text[2 * THM_KEY_HASH + 1])
{
    for (size_t i = 0; i < THM_KEY_HASH; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

static bool next_device(struct call *call)
{
    char who[2 * THM_ID_MAX + 2], hash[2 * THM_KEY_HASH + 1], seen[24];
    const struct device *device;
    do
        device = devices_next(call->host->devices, &call->at);
    while (device && call->user[0] && strcmp(device->user, call->user) != 0);
    if (!device) {
        call_line(call, "%u device%s", (unsigned)call->count, call->count == 1 ? "" : "s");
        call_ok(call);
        return false;
    }
    snprintf(who, sizeof who, "%s@%s", device->user, device->name);
    hash_text(device->key_hash, hash);
    call_time(device->seen_ms, seen);
    const char *state = trust_denies(*call->host->trust, device->key_hash) ? "revoked"
                        : device->connection != 0                          ? "online"
                                                                           : "away";
    call_line(call, "%-24s %.16s %-7s last login %s", who, hash, state, seen);
    call->count++;
    return true;
}

void run_device_list(struct call *call, const char *args)
{
    if (*args && (!call_word(&args, call->user, sizeof call->user) || *args))
        call_refuse(call, "argument", "which user? device list [USER]");
    else
        call->walk = next_device;
}

static void look_for_more(struct call *call);

/* The list is written; has it taken over. */
static void put_into_force(struct call *call)
{
    struct revocation *r = &call->revocation;
    char why[512];
    if (!call->host->reload(call->host->ctx, why, sizeof why)) {
        call_refuse(call, "credentials",
                    "%s is in %s now, which is NOT in force: %s; mend that, then reload", r->name,
                    call->host->denylist, why);
        return;
    }
    r->done = true;
    r->count = 0;
    look_for_more(call);
}

/* What the list gets: a line for each key. */
static void write_lines(const struct revocation *r, char *lines, size_t cap)
{
    const char *who = r->user[0] ? r->name : "";
    char digits[2 * THM_KEY_HASH + 1], day[16];
    size_t len = 0;
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(day, sizeof day, "%Y-%m-%d", &tm);
    for (unsigned i = 0; i < r->count; i++) {
        hash_text(r->keys[i], digits);
        len += (size_t)snprintf(lines + len, cap - len, "%s%s # %s%s%s", i > 0 ? "\n" : "", digits,
                                who, *who ? " " : "", day);
    }
}

static void note(const struct call *call, bool done)
{
    const struct revocation *r = &call->revocation;
    for (unsigned i = 0; i < r->count; i++) {
        char digits[2 * THM_KEY_HASH + 1];
        hash_text(r->keys[i], digits);
        audit_act(call->host->audit, &(struct audit_act){.event = "revoke",
                                                         .by = call->by,
                                                         .user = r->user,
                                                         .device = r->device,
                                                         .key_hash = digits,
                                                         .code = done ? THM_OK : THM_E_DENYLIST});
    }
}

static void revoke(struct call *call)
{
    const struct revocation *r = &call->revocation;
    char why[512], lines[REVOKED_KEYS * (2 * THM_KEY_HASH + 1 + sizeof r->name + 16)];
    write_lines(r, lines, sizeof lines);
    bool done = denylist_append(call->host->denylist, lines, why, sizeof why);
    note(call, done);
    if (done)
        put_into_force(call);
    else
        call_refuse(call, "denylist",
                    "%s: the folder of the deny-list has to be the server's to write; or take "
                    "thimble-ca revoke, then reload",
                    why);
}

/* Those that find no place are found again once these are denied. */
static void add_key(struct call *call, const uint8_t hash[THM_KEY_HASH])
{
    struct revocation *r = &call->revocation;
    r->known = true;
    if (trust_denies(*call->host->trust, hash))
        return;
    for (unsigned i = 0; i < r->count; i++)
        if (memcmp(r->keys[i], hash, THM_KEY_HASH) == 0)
            return;
    if (r->count < REVOKED_KEYS)
        memcpy(r->keys[r->count++], hash, THM_KEY_HASH);
}

/* --- of which keys somebody knows --- */

/* One that was certified here; those that have ended can't do anything any more. */
static void on_key(struct thm_admin_request *request, const uint8_t hash[THM_KEY_HASH],
                   uint64_t ends_ms)
{
    struct call *call = request->owner;
    if (ends_ms / 1000 >= (uint64_t)time(NULL))
        add_key(call, hash);
}

static void refuse_unknown(struct call *call)
{
    call_refuse(call, "no-such-device",
                "%s was neither certified here nor logged in since the start of the server, or "
                "others came since (see device list): give all 64 digits of its key hash, which "
                "the audit log has for each login, or take thimble-ca revoke, then reload",
                call->revocation.name);
}

static void go_on(struct call *call)
{
    const struct revocation *r = &call->revocation;
    if (r->count > 0) {
        revoke(call);
    } else if (!r->known) {
        refuse_unknown(call);
    } else {
        call_line(call, r->done ? "%s is revoked" : "%s was revoked before", r->name);
        call_ok(call);
    }
}

static void on_keys(struct thm_admin_request *request, int result)
{
    struct call *call = request->owner;
    if (result == THM_E_STORE) /* the one that is known is better than none */
        call_line(call, "which other keys it was certified for can't be read now: ask again");
    go_on(call);
}

/* Also once some were denied: there may be more than were denied at a time, and whoever had one of them may have had
 * another key certified just before. */
static void look_for_more(struct call *call)
{
    const struct revocation *r = &call->revocation;
    call->request = (struct thm_admin_request){
        .op = THM_ADMIN_DEVICE_KEYS, .key_row = on_key, .done = on_keys, .owner = call};
    strcpy(call->request.user, r->user);
    strcpy(call->request.device, r->device);
    if (!r->all ||
        thm_server_admin(call->host->server, &call->request) != THM_OK) /* it keeps none */
        go_on(call);
}

/* USER@DEVICE: its key as it was here, and those that certificates were made for. */
static bool find_device(struct call *call, const char *what, const char *at)
{
    struct revocation *r = &call->revocation;
    const struct device *device = devices_find(call->host->devices, what);
    if ((size_t)(at - what) >= sizeof r->user || strlen(at + 1) >= sizeof r->device)
        return false;
    memcpy(r->user, what, (size_t)(at - what));
    strcpy(r->device, at + 1);
    if (thm_key_check(THM_KEY_USERID, r->user, strlen(r->user)) != THM_OK ||
        thm_key_check(THM_KEY_DEVICE, r->device, strlen(r->device)) != THM_OK)
        return false;
    if (device)
        add_key(call, device->key_hash);
    strcpy(r->name, what);
    r->all = true;
    look_for_more(call);
    return true;
}

/* A key hash, or the beginning of one that was here. */
static bool find_key(struct call *call, const char *what)
{
    struct revocation *r = &call->revocation;
    const struct device *device = devices_find(call->host->devices, what);
    uint8_t hash[THM_KEY_HASH];
    if (device) {
        strcpy(r->user, device->user);
        strcpy(r->device, device->name);
        snprintf(r->name, sizeof r->name, "%s@%s", r->user, r->device);
        add_key(call, device->key_hash);
    } else if (devices_hash(what, hash)) {
        hash_text(hash, r->name);
        add_key(call, hash);
    } else {
        return false;
    }
    go_on(call);
    return true;
}

void run_device_revoke(struct call *call, const char *args)
{
    char what[2 * THM_ID_MAX + 2];
    call->revocation = (struct revocation){.count = 0};
    if (!call_word(&args, what, sizeof what) || *args) {
        call_refuse(call, "argument", "which device? device revoke USER@DEVICE|KEYHASH");
        return;
    }
    if (!call->host->denylist) {
        call_refuse(
            call, "denylist",
            "thimbled was started without a deny-list: give it --denylist FILE ('thimble-ca "
            "init' makes one), and start it anew");
        return;
    }
    const char *at = strchr(what, '@');
    if (at ? find_device(call, what, at) : find_key(call, what))
        return;
    bool digits = strspn(what, "0123456789abcdef") == strlen(what);
    call_refuse(call, at || digits ? "no-such-device" : "argument",
                at       ? "'%s' is no USER@DEVICE"
                : digits ? "no device whose key hash begins with %s was here since the start, or "
                           "two were: give all 64 digits"
                         : "which device of %s? device revoke USER@DEVICE|KEYHASH",
                what);
}
