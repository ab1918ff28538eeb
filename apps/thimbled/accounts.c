/* The operator's commands for accounts: thm_server_admin() in words. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"

static const char *const policies[] = {
    [THM_AUTH_DEFAULT] = "default",
    [THM_AUTH_CERTIFICATE] = "certificate",
    [THM_AUTH_PASSCODE] = "passcode",
};

static bool read_policy(const char *word, enum thm_auth_policy *policy)
{
    for (unsigned i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        if (strcmp(policies[i], word) != 0)
            continue;
        *policy = (enum thm_auth_policy)i;
        return true;
    }
    return false;
}

/* "user add" as the audit log has it: "user-add". */
static void event_of(const struct thm_admin_request *r, char event[24])
{
    const char *what = "list";
    if (r->op == THM_ADMIN_USER_ADD)
        what = "add";
    else if (r->op == THM_ADMIN_USER_REMOVE)
        what = "remove";
    else if (r->op == THM_ADMIN_USER_SET && (r->set & THM_ADMIN_VERIFIER))
        what = "passwd";
    else if (r->op == THM_ADMIN_USER_SET && (r->set & THM_ADMIN_SUSPENDED))
        what = r->suspended ? "suspend" : "resume";
    else if (r->op == THM_ADMIN_USER_SET)
        what = "auth";
    snprintf(event, 24, "user-%s", what);
}

static void note(struct call *call, int result)
{
    char event[24];
    event_of(&call->request, event);
    audit_act(call->host->audit, &(struct audit_act){.event = event,
                                                     .by = call->by,
                                                     .user = call->request.user,
                                                     .detail = call->detail,
                                                     .code = result});
}

static const char *outcome(const struct thm_admin_request *r)
{
    if (r->made)
        return "had no account, and has one now that is suspended: if that is no name of a "
               "certificate, remove it";
    if (r->op == THM_ADMIN_USER_ADD)
        return "has an account";
    if (r->op == THM_ADMIN_USER_REMOVE)
        return "has no account any more; what was whispered to him is gone";
    if (r->set & THM_ADMIN_SUSPENDED)
        return r->suspended ? "is suspended" : "may come in again";
    return "is changed";
}

/* Another passcode or policy counts from the next login on. */
static void tell_sessions(struct call *call)
{
    struct thm_session_info info;
    uint32_t at = 0;
    unsigned count = 0;
    while (thm_server_next_session(call->host->server, &at, &info))
        count += strcmp(info.user, call->request.user) == 0;
    if (count > 0)
        call_line(call, "%u session%s of %s go%s on: kick %s ends %s", count, count == 1 ? "" : "s",
                  call->request.user, count == 1 ? "es" : "", call->request.user,
                  count == 1 ? "it" : "them");
}

static void on_done(struct thm_admin_request *request, int result)
{
    struct call *call = request->owner;
    note(call, result);
    if (result == THM_E_STORE) {
        call_refuse(call, "store",
                    "%s: nothing was changed, since the database can't be written now: ask again "
                    "when it can (kick ends sessions, device revoke works without it)",
                    request->user);
        return;
    }
    if (result != THM_OK) {
        call_refuse(call, thm_error_word(result), "%s: %s%s", request->user, thm_error_text(result),
                    result == THM_E_EXISTS ? ": user passwd, user auth and user suspend change it"
                                           : "");
        return;
    }
    if ((request->set & THM_ADMIN_SUSPENDED) == 0)
        tell_sessions(call);
    call_line(call, "%s %s%s%s", request->user, outcome(request), call->detail[0] ? ": " : "",
              call->detail);
    call_ok(call);
}

static void on_list_done(struct thm_admin_request *request, int result)
{
    struct call *call = request->owner;
    if (result != THM_OK) {
        call_refuse(call, thm_error_word(result), "%s", thm_error_text(result));
        return;
    }
    call_line(call, "%u account%s", (unsigned)call->count, call->count == 1 ? "" : "s");
    call_ok(call);
}

static void date(uint64_t utc_ms, char text[16])
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(text, 16, "%Y-%m-%d", &tm);
}

static void on_row(struct thm_admin_request *request, const struct thm_account *account)
{
    struct call *call = request->owner;
    bool own = account->auth != THM_AUTH_DEFAULT;
    char since[16], seen[16] = "never", auth[32];
    snprintf(auth, sizeof auth, "%s%s", policies[own ? account->auth : call->host->auth],
             own ? "" : " (default)");
    date(account->since_ms, since);
    if (account->seen_ms > 0)
        date(account->seen_ms, seen);
    call_line(call, "%-24s auth %-21s %-11s %-9s since %s, seen %s", account->user, auth,
              account->has_passcode ? "passcode" : "no passcode",
              account->damaged     ? "damaged"
              : account->suspended ? "suspended"
                                   : "active",
              since, seen);
    call->count++;
}

static void wipe(struct call *call)
{
    explicit_bzero(&call->request.verifier, sizeof call->request.verifier);
}

static void refuse_name(struct call *call)
{
    call_refuse(call, "argument",
                "'%s' can't be a user: 1 to %d of a-z 0-9 . _ - that begin with a letter or digit",
                call->request.user, THM_ID_MAX);
}

/* Hands the request on. What comes of it is told by on_done(). */
static void ask(struct call *call)
{
    int code = thm_server_admin(call->host->server, &call->request);
    if (code != THM_OK)
        wipe(call);
    if (code == THM_E_STATE)
        call_refuse(call, "state", "this server keeps no accounts: its store has no room for them");
    else if (code == THM_E_KEY_RANGE)
        refuse_name(call);
    else if (code != THM_OK)
        call_refuse(call, thm_error_word(code), "%s", thm_error_text(code));
}

/* Begins a request about the user that `args` names first, and moves on behind him. */
static bool about_user(struct call *call, const char **args, enum thm_admin_op op, unsigned set)
{
    call->request = (struct thm_admin_request){
        .op = op, .set = set, .row = on_row, .done = on_done, .owner = call};
    if (call_word(args, call->request.user, sizeof call->request.user)) {
        size_t len = strlen(call->request.user);
        if (thm_key_check(THM_KEY_USERID, call->request.user, len) == THM_OK)
            return true;
        refuse_name(call);
        return false;
    }
    if (**args)
        call_refuse(call, "argument", "a user's name has at most %d characters", THM_ID_MAX);
    else
        call_refuse(call, "argument", "which user?");
    return false;
}

static bool take_verifier(struct call *call, const char *text)
{
    enum thm_scram result = thm_scram_verifier_parse(&call->request.verifier, text, strlen(text));
    if (result != THM_SCRAM_OK)
        call_refuse(call, "argument", "the verifier can't be used: %s", thm_scram_text(result));
    call->request.set |= THM_ADMIN_VERIFIER;
    return result == THM_SCRAM_OK;
}

static bool take_policy(struct call *call, const char *word)
{
    if (!read_policy(word, &call->request.auth)) {
        call_refuse(call, "argument", "'%s' is none of certificate, passcode, default", word);
        return false;
    }
    call->request.set |= THM_ADMIN_AUTH;
    return true;
}

/* One option of "user add" or "user passwd"; what thimblectl makes of --passcode is --verifier TEXT. */
static bool take_option(struct call *call, const char *option, const char **args)
{
    char value[THM_SCRAM_VERIFIER_TEXT];
    if (strcmp(option, "--passcode") == 0) {
        call_refuse(call, "argument",
                    "a passcode is asked for by thimblectl only, where nobody sees it");
        return false;
    }
    if (strcmp(option, "--no-passcode") == 0) { /* a verifier of zeros */
        call->request.set |= THM_ADMIN_VERIFIER;
        return true;
    }
    bool verifier = strcmp(option, "--verifier") == 0;
    if (!verifier && strcmp(option, "--auth") != 0) {
        call_refuse(call, "argument", "unknown option %s", option);
        return false;
    }
    if (!call_word(args, value, sizeof value)) {
        call_refuse(call, "argument", "a value is missing after %s, or is too long", option);
        return false;
    }
    return verifier ? take_verifier(call, value) : take_policy(call, value);
}

static bool take_options(struct call *call, const char *args)
{
    char option[32];
    while (*args) {
        if (!call_word(&args, option, sizeof option)) {
            call_refuse(call, "argument", "an option is too long");
            return false;
        }
        if (!take_option(call, option, &args))
            return false;
    }
    return true;
}

/* Who is given a passcode is to be asked for it, and who has none can't be, unless the operator says otherwise. */
static void imply_policy(struct thm_admin_request *r)
{
    if (!(r->set & THM_ADMIN_VERIFIER) || (r->set & THM_ADMIN_AUTH))
        return;
    r->auth = r->verifier.iterations > 0 ? THM_AUTH_PASSCODE : THM_AUTH_DEFAULT;
    r->set |= THM_ADMIN_AUTH;
}

static void describe(struct call *call)
{
    const struct thm_admin_request *r = &call->request;
    const char *passcode = "";
    if (r->set & THM_ADMIN_VERIFIER) /* which implies a policy */
        passcode = r->verifier.iterations > 0 ? ", passcode set" : ", no passcode";
    if (r->set & THM_ADMIN_AUTH)
        snprintf(call->detail, sizeof call->detail, "auth %s%s", policies[r->auth], passcode);
}

static void set_up(struct call *call, const char *args)
{
    if (!take_options(call, args)) {
        wipe(call);
        return;
    }
    imply_policy(&call->request);
    describe(call);
    ask(call);
}

void run_user_add(struct call *call, const char *args)
{
    if (about_user(call, &args, THM_ADMIN_USER_ADD, 0))
        set_up(call, args);
}

void run_user_passwd(struct call *call, const char *args)
{
    if (!about_user(call, &args, THM_ADMIN_USER_SET, 0))
        return;
    if (!strstr(args, "--verifier ") && !strstr(args, "--no-passcode"))
        call_refuse(call, "argument",
                    "a passcode is asked for by thimblectl only, where nobody sees it");
    else
        set_up(call, args);
}

void run_user_auth(struct call *call, const char *args)
{
    char policy[16];
    if (!about_user(call, &args, THM_ADMIN_USER_SET, 0))
        return;
    if (!call_word(&args, policy, sizeof policy) || *args) {
        call_refuse(call, "argument", "how? user auth USER certificate|passcode|default");
        return;
    }
    if (take_policy(call, policy)) {
        describe(call);
        ask(call);
    }
}

/* The commands that take a user and nothing else. */
static void plain(struct call *call, const char *args, enum thm_admin_op op, unsigned set,
                  bool suspended)
{
    if (!about_user(call, &args, op, set))
        return;
    call->request.suspended = suspended;
    if (*args)
        call_refuse(call, "argument", "nothing follows the user: '%s'", args);
    else
        ask(call);
}

void run_user_suspend(struct call *call, const char *args)
{
    plain(call, args, THM_ADMIN_USER_SET, THM_ADMIN_SUSPENDED, true);
}

void run_user_resume(struct call *call, const char *args)
{
    plain(call, args, THM_ADMIN_USER_SET, THM_ADMIN_SUSPENDED, false);
}

void run_user_remove(struct call *call, const char *args)
{
    plain(call, args, THM_ADMIN_USER_REMOVE, 0, false);
}

void run_user_list(struct call *call, const char *args)
{
    (void)args;
    call->request = (struct thm_admin_request){
        .op = THM_ADMIN_USER_LIST, .row = on_row, .done = on_list_done, .owner = call};
    ask(call);
}
