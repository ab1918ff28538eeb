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

/* The list is written; has it taken over. */
static void put_into_force(struct call *call, const char *who)
{
    char why[512];
    if (call->host->reload(call->host->ctx, why, sizeof why)) {
        call_line(call, "%s is revoked", who);
        call_ok(call);
        return;
    }
    call_refuse(call, "credentials",
                "%s is in %s now, which is NOT in force: %s; mend that, then reload", who,
                call->host->denylist, why);
}

static void revoke(struct call *call, const uint8_t hash[THM_KEY_HASH], const char *user,
                   const char *device)
{
    char digits[2 * THM_KEY_HASH + 1], who[2 * THM_ID_MAX + 2], day[16], line[256], why[512];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(day, sizeof day, "%Y-%m-%d", &tm);
    hash_text(hash, digits);
    snprintf(who, sizeof who, "%s%s%s", user, *user ? "@" : "", device);
    if (trust_denies(*call->host->trust, hash)) {
        call_line(call, "%s was revoked before", *who ? who : digits);
        call_ok(call);
        return;
    }
    snprintf(line, sizeof line, "%s # %s%s%s", digits, who, *who ? " " : "", day);
    bool done = denylist_append(call->host->denylist, line, why, sizeof why);
    audit_act(call->host->audit, &(struct audit_act){.event = "revoke",
                                                     .by = call->by,
                                                     .user = user,
                                                     .device = device,
                                                     .key_hash = digits,
                                                     .code = done ? THM_OK : THM_E_DENYLIST});
    if (done)
        put_into_force(call, *who ? who : digits);
    else
        call_refuse(call, "denylist",
                    "%s: the folder of the deny-list has to be the server's to write; or take "
                    "thimble-ca revoke, then reload",
                    why);
}

void run_device_revoke(struct call *call, const char *args)
{
    char what[2 * THM_ID_MAX + 2];
    uint8_t hash[THM_KEY_HASH];
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
    const struct device *device = devices_find(call->host->devices, what);
    if (device)
        revoke(call, device->key_hash, device->user, device->name);
    else if (devices_hash(what, hash))
        revoke(call, hash, "", "");
    else if (!strchr(what, '@') && strspn(what, "0123456789abcdef") < strlen(what))
        call_refuse(call, "argument", "which device of %s? device revoke USER@DEVICE|KEYHASH",
                    what);
    else
        call_refuse(
            call, "no-such-device",
            "%s is none of the devices that were here since the start of the server, or others "
            "came since (see device list): give all 64 digits of its key hash, which the audit "
            "log has for each login, or take thimble-ca revoke, then reload",
            what);
}
