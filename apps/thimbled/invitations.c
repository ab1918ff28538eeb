/* The operator's commands for invitations. A secret is made here, told once, and not kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"

#define EXPIRES_DEFAULT_S 86400u
#define EXPIRES_MAX_S     (366u * 86400u)
#define COUNT_MAX         1000u
#define ID_DIGITS         8 /* of an id in a list; a prefix of four or more names one */
#define ID_DIGITS_MIN     4

static uint64_t utc_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void id_text(const uint8_t id[THM_INVITE_ID], char text[2 * THM_INVITE_ID + 1])
{
    for (size_t i = 0; i < THM_INVITE_ID; i++)
        snprintf(text + 2 * i, 3, "%02x", id[i]);
}

static void note(struct call *call, const char *event, int result)
{
    const struct thm_invite *invite = &call->request.invite;
    char id[2 * THM_INVITE_ID + 1];
    id_text(invite->id, id);
    id[ID_DIGITS] = '\0';
    audit_act(call->host->audit,
              &(struct audit_act){.event = event,
                                  .by = call->by,
                                  .user = call->request.user[0] ? call->request.user : NULL,
                                  .device = call->request.device[0] ? call->request.device : NULL,
                                  .detail = id,
                                  .code = result});
}

/* What the operator can do about it. */
static void refuse(struct call *call, int result)
{
    static const struct {
        int code;
        const char *sentence;
    } failures[] = {
        {THM_E_LIMIT, "as many invitations are kept as may be: invite revoke takes some back"},
        {THM_E_INVITATION, "there is no such invitation: invite list shows those that there are"},
        {THM_E_INVITATION_USED, "it is used already: device revoke ends what came of it"},
        {THM_E_STORE,
         "nothing was changed, since the database can't be written now: ask again when "
         "it can"},
        {THM_E_STATE, "this server has no certificates made: start it with --signer, and a store "
                      "that keeps records"},
    };
    const char *sentence = thm_error_text(result);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (failures[i].code == result)
            sentence = failures[i].sentence;
    call_refuse(call, thm_error_word(result), "%s", sentence);
}

static void ask(struct call *call)
{
    int code = thm_server_admin(call->host->server, &call->request);
    if (code != THM_OK)
        refuse(call, code);
}

/* --- making them --- */

static void next(struct call *call);

/* The one that was made, as a line for who is invited. */
static void tell(struct call *call)
{
    char token[THM_INVITATION_TEXT], until[32];
    const struct invite_plan *plan = &call->plan;
    thm_invitation_print(&call->invitation, token);
    time_t seconds = (time_t)(call->request.invite.expires_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (plan->csv)
        call_line(call, "%s,%s,%s,%s", call->request.user, call->request.device, until, token);
    else if (plan->count > 1)
        call_line(call, "%s@%s: thimble join %s", call->request.user, call->request.device, token);
    else
        call_line(call, "thimble join %s", token);
    explicit_bzero(token, sizeof token);
}

static void on_added(struct thm_admin_request *request, int result)
{
    struct call *call = request->owner;
    note(call, "invite", result);
    if (result == THM_OK)
        tell(call);
    explicit_bzero(call->invitation.secret, sizeof call->invitation.secret);
    if (result != THM_OK)
        refuse(call, result);
    else if (++call->count < call->plan.count)
        next(call);
    else
        call_ok(call);
}

/* Names a fleet's users: "pump" becomes "pump-001". */
static bool name_user(struct call *call)
{
    const struct invite_plan *plan = &call->plan;
    int len = plan->count == 1
                  ? snprintf(call->request.user, sizeof call->request.user, "%s", plan->user)
                  : snprintf(call->request.user, sizeof call->request.user, "%s-%03u", plan->user,
                             (unsigned)call->count + 1);
    return len > 0 && (size_t)len < sizeof call->request.user;
}

static void next(struct call *call)
{
    struct invite_plan *plan = &call->plan;
    struct thm_admin_request *r = &call->request;
    uint8_t key[THM_ENROLL_KEY], hash[THM_KEY_HASH];
    *r = (struct thm_admin_request){.op = THM_ADMIN_INVITE_ADD, .done = on_added, .owner = call};
    if (!name_user(call)) {
        call_refuse(call, "argument", "'%s' with a number behind it is too long for a user",
                    plan->user);
        return;
    }
    if (getentropy(call->invitation.secret, sizeof call->invitation.secret) < 0) {
        call_refuse(call, "entropy", "%s", thm_error_text(THM_E_ENTROPY));
        return;
    }
    thm_enroll_bootstrap_key(call->invitation.secret, key);
    thm_enroll_key_hash(key, hash);
    explicit_bzero(key, sizeof key);
    memcpy(r->invite.id, hash, THM_INVITE_ID);
    snprintf(r->device, sizeof r->device, "%s", plan->device);
    r->invite.expires_ms = utc_ms() + 1000 * plan->lifetime_s;
    ask(call);
}

/* --- what is asked for --- */

/* "90s", "30m", "24h", "7d". */
static bool read_lifetime(const char *text, uint64_t *seconds)
{
    static const struct {
        char unit;
        unsigned seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (end[0] != units[i].unit || end[1] != '\0' || text[0] < '0' || text[0] > '9' ||
            number > EXPIRES_MAX_S)
            continue;
        *seconds = (uint64_t)number * units[i].seconds;
        return *seconds > 0 && *seconds <= EXPIRES_MAX_S;
    }
    return false;
}

static bool is_id(const char *text)
{
    return thm_key_check(THM_KEY_USERID, text, strlen(text)) == THM_OK;
}

static bool take_value(struct call *call, const char *option, const char *value)
{
    struct invite_plan *plan = &call->plan;
    if (strcmp(option, "--device") == 0 && is_id(value)) {
        snprintf(plan->device, sizeof plan->device, "%s", value);
    } else if (strcmp(option, "--device") == 0) {
        call_refuse(call, "argument", "'%s' can't be a device: 1 to %d of a-z 0-9 . _ -", value,
                    THM_ID_MAX);
        return false;
    } else if (strcmp(option, "--expires") == 0) {
        if (read_lifetime(value, &plan->lifetime_s))
            return true;
        call_refuse(call, "argument", "--expires is a time like 30m, 24h or 7d, at most 366d");
        return false;
    } else {
        char *end;
        unsigned long count = strtoul(value, &end, 10);
        plan->count = (unsigned)count;
        if (*end != '\0' || value[0] < '0' || value[0] > '9' || count == 0 || count > COUNT_MAX) {
            call_refuse(call, "argument", "--count is a number from 1 to %u", COUNT_MAX);
            return false;
        }
    }
    return true;
}

static bool take_options(struct call *call, const char *args)
{
    char option[16], value[THM_HOST_MAX + 8];
    while (*args) {
        bool known = call_word(&args, option, sizeof option);
        if (known && strcmp(option, "--csv") == 0) {
            call->plan.csv = true;
            continue;
        }
        if (!known || (strcmp(option, "--device") != 0 && strcmp(option, "--expires") != 0 &&
                       strcmp(option, "--count") != 0)) {
            call_refuse(call, "argument",
                        "invite USER [--device NAME] [--expires 24h] [--count N] [--csv]");
            return false;
        }
        if (!call_word(&args, value, sizeof value)) {
            call_refuse(call, "argument", "a value is missing after %s, or is too long", option);
            return false;
        }
        if (!take_value(call, option, value))
            return false;
    }
    return true;
}

void run_invite(struct call *call, const char *args)
{
    char why[256];
    call->plan =
        (struct invite_plan){.device = "default", .lifetime_s = EXPIRES_DEFAULT_S, .count = 1};
    call->invitation = (struct thm_invitation){.port = 0};
    if (!call_word(&args, call->plan.user, sizeof call->plan.user) || !is_id(call->plan.user)) {
        call_refuse(call, "argument",
                    "whom? invite USER: 1 to %d of a-z 0-9 . _ - that begin with a letter or digit",
                    THM_ID_MAX);
        return;
    }
    if (!take_options(call, args))
        return;
    if (!call->host->here(call->host->ctx, &call->invitation, why, sizeof why)) {
        call_refuse(call, "state", "%s", why);
        return;
    }
    if (call->plan.csv)
        call_line(call, "user,device,expires,token");
    next(call);
}

/* --- listing --- */

static const char *state_of(const struct thm_invite *invite)
{
    if (invite->damaged)
        return "damaged";
    if (invite->used)
        return "used";
    if (invite->revoked)
        return "revoked";
    return invite->expires_ms <= utc_ms() ? "expired" : "open";
}

static void on_row(struct thm_admin_request *request, const struct thm_invite *invite)
{
    struct call *call = request->owner;
    char id[2 * THM_INVITE_ID + 1], until[24], who[2 * THM_ID_MAX + 2];
    id_text(invite->id, id);
    call_time(invite->expires_ms, until);
    snprintf(who, sizeof who, "%s@%s", invite->user, invite->device);
    call_line(call, "%.*s  %-24s %-8s until %s", ID_DIGITS, id, who, state_of(invite), until);
    call->count++;
}

static void on_listed(struct thm_admin_request *request, int result)
{
    struct call *call = request->owner;
    if (result != THM_OK) {
        refuse(call, result);
        return;
    }
    call_line(call, "%u invitation%s", (unsigned)call->count, call->count == 1 ? "" : "s");
    call_ok(call);
}

void run_invite_list(struct call *call, const char *args)
{
    (void)args;
    call->request = (struct thm_admin_request){
        .op = THM_ADMIN_INVITE_LIST, .invite_row = on_row, .done = on_listed, .owner = call};
    ask(call);
}

/* --- taking one back --- */

static void on_revoked(struct thm_admin_request *request, int result)
{
    struct call *call = request->owner;
    note(call, "invite-revoke", result);
    if (result != THM_OK) {
        refuse(call, result);
        return;
    }
    call_line(call, "the invitation is taken back");
    call_ok(call);
}

static bool is_open(const struct thm_invite *invite)
{
    return strcmp(state_of(invite), "open") == 0;
}

/* call->path names it: by the beginning of its id; or by whom it is for, where one that is open is meant before others. */
static void on_candidate(struct thm_admin_request *request, const struct thm_invite *invite)
{
    struct call *call = request->owner;
    char id[2 * THM_INVITE_ID + 1], who[2 * THM_ID_MAX + 2];
    size_t len = strlen(call->path);
    id_text(invite->id, id);
    snprintf(who, sizeof who, "%s@%s", invite->user, invite->device);
    bool by_id = len >= ID_DIGITS_MIN && strncmp(id, call->path, len) == 0;
    if (!by_id && strcmp(who, call->path) != 0)
        return;
    if (!by_id && call->count > 0 && !is_open(invite))
        return;
    if (!by_id && call->count > 0 && !is_open(&request->invite))
        call->count = 0;
    request->invite = *invite;
    call->count++;
}

static void on_found(struct thm_admin_request *request, int result)
{
    struct call *call = request->owner;
    struct thm_invite invite = request->invite;
    if (result != THM_OK || call->count == 0) {
        refuse(call, result != THM_OK ? result : THM_E_INVITATION);
        return;
    }
    if (call->count == 1 && invite.revoked) {
        call_refuse(call, "invitation-revoked", "it is taken back already");
        return;
    }
    if (call->count > 1) {
        call_refuse(call, "argument", "%u invitations are meant by that: name one by its id",
                    (unsigned)call->count);
        return;
    }
    call->request = (struct thm_admin_request){
        .op = THM_ADMIN_INVITE_REVOKE, .invite = invite, .done = on_revoked, .owner = call};
    snprintf(call->request.user, sizeof call->request.user, "%s", invite.user);
    snprintf(call->request.device, sizeof call->request.device, "%s", invite.device);
    ask(call);
}

void run_invite_revoke(struct call *call, const char *args)
{
    if (!call_word(&args, call->path, sizeof call->path) || *args) {
        call_refuse(call, "argument",
                    "which one? invite revoke ID, as invite list shows it, or USER@DEVICE");
        return;
    }
    call->request = (struct thm_admin_request){
        .op = THM_ADMIN_INVITE_LIST, .invite_row = on_candidate, .done = on_found, .owner = call};
    ask(call);
}
