/*
 * Keys of others: the one by which a device was known before, and the code by which two people compare theirs.
 */
#include "client/direct.h"

#if THM_CALLS > 0

/* Whether a device's key is remembered; `known` receives it. */
static bool recall(const struct thm_console *c, const char *user, const char *device,
                   struct thm_identity *known, uint64_t *since_s)
{
    memset(known, 0, sizeof *known);
    *since_s = 0;
    thm_slice_copy(known->user, sizeof known->user, thm_slice_of(user));
    thm_slice_copy(known->device, sizeof known->device, thm_slice_of(device));
    return c->config.recall_key != NULL && c->config.recall_key(c->config.ctx, known, since_s);
}

static bool is_same(const struct thm_identity *a, const struct thm_identity *b)
{
    return memcmp(a->key_hash, b->key_hash, THM_KEY_HASH) == 0;
}

static struct thm_slice target_of(const struct thm_identity *who, char text[2 * THM_ID_MAX + 2])
{
    struct thm_text t;

    thm_text_init(&t, text, 2 * THM_ID_MAX + 2);
    thm_text_str(&t, who->user);
    thm_text_char(&t, '@');
    thm_text_str(&t, who->device);
    return (struct thm_slice){text, t.len};
}

static void show_since(struct thm_console *c, const char *format, uint64_t since_s)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_NOTICE);
    if (since_s > 0)
        thm_msg_num(&m, THM_KEY_SINCE, since_s * 1000);
    thm_show_format(c, format, &m);
}

/* --- a key that is not the one remembered --- */

static void warn(struct thm_console *c, const struct thm_identity *peer, uint64_t since_s)
{
    char text[2 * THM_ID_MAX + 2];
    struct thm_slice who = target_of(peer, text);

    thm_show_start(c, THM_STYLE_ERROR, "! ");
    thm_show_with(c, THM_T("THE KEY OF {} IS NOT THE ONE THAT WAS KNOWN"), who);
    show_since(c, THM_T("[ since {since}]"), since_s);
    thm_show_end(c);
    thm_show_error(c,
                   THM_T("It may be a new machine, or a key that was made anew. It may as well "
                         "be somebody who got a certificate in that name."),
                   THM_NOTHING);
    thm_show_error(c,
                   THM_T("Before you say anything: /verify {} shows a code; ask by another way, "
                         "such as the phone, whether the same is shown there."),
                   who);
    thm_show_error(c,
                   THM_T("If it is: /verify {} yes. Until then this is said in every session; if "
                         "it is not: /hangup."),
                   who);
}

/* True: a warning was printed. */
static bool judge(struct thm_console *c, const struct thm_identity *peer, bool keep)
{
    struct thm_identity known;
    uint64_t since_s;

    if (THM_CONSOLE_KEYS && recall(c, peer->user, peer->device, &known, &since_s)) {
        if (is_same(&known, peer))
            return false;
        warn(c, peer, since_s);
        return true;
    }
    if (THM_CONSOLE_KEYS && keep && c->config.remember_key != NULL)
        c->config.remember_key(c->config.ctx, peer);
    return false;
}

void thm_console_judge_key(struct thm_console *c, const struct thm_identity *peer)
{
    judge(c, peer, true);
}

void thm_direct_judge(struct thm_console *c, unsigned call, const struct thm_identity *peer,
                      bool keep)
{
    if (!c->direct[call].warned)
        c->direct[call].warned = judge(c, peer, keep);
}

/* --- /verify --- */

/* Where a key is from that a code is made of. */
enum source { PROVEN, REMEMBERED, TOLD };

static void show_code(struct thm_console *c, const struct thm_identity *who, enum source source,
                      uint64_t since_s)
{
    const struct thm_credentials *mine = c->config.calls->config.credentials;
    char code[THM_VERIFICATION_CODE + 1], text[2 * THM_ID_MAX + 2];

    thm_verification_code(thm_credentials_identity(mine)->key_hash, who->key_hash, code);
    thm_show_start(c, THM_STYLE_NOTICE, "* ");
    thm_show_text(c, target_of(who, text));
    thm_show_str(c, ": ");
    thm_show_str(c, code);
    thm_show_end(c);
    thm_show_start(c, THM_STYLE_NOTICE,
                   source == PROVEN       ? THM_T("* of the key that is proven in this session")
                   : source == REMEMBERED ? THM_T("* of the key that was proven in a session")
                                          : THM_T("* of the key that the server names: only a "
                                                  "session proves it"));
    if (source != TOLD)
        show_since(c, THM_T("[, known since {since}]"), since_s);
    thm_show_end(c);
    thm_show_start(c, THM_STYLE_NOTICE, THM_T("* Compare it by phone, or side by side: /verify "));
    thm_show_str(c, thm_credentials_identity(mine)->user);
    thm_show_with(c, THM_T(" shows {} the same, or else somebody is in between."),
                  thm_slice_of(who->user));
    thm_show_end(c);
}

/* Takes the key of a session for the device's from now on. */
static int take(struct thm_console *c, const struct thm_identity *who)
{
    char text[2 * THM_ID_MAX + 2];

    if (!THM_CONSOLE_KEYS || c->config.remember_key == NULL) {
        thm_show_error(c, THM_T("keys are not remembered here"), THM_NOTHING);
        return THM_E_ARGUMENT;
    }
    c->config.remember_key(c->config.ctx, who);
    thm_show_notice(c, THM_T("the key of {} is known from now on"), target_of(who, text));
    return THM_OK;
}

/* Splits "user@device". */
static void read_target(struct thm_slice target, struct thm_identity *who)
{
    const char *at = memchr(target.data, '@', target.len);
    size_t user_len = at != NULL ? (size_t)(at - target.data) : target.len;

    memset(who, 0, sizeof *who);
    thm_slice_copy(who->user, sizeof who->user, (struct thm_slice){target.data, user_len});
    if (at != NULL)
        thm_slice_copy(who->device, sizeof who->device,
                       (struct thm_slice){at + 1, target.len - user_len - 1});
}

static int find(struct thm_console *c, const struct thm_command *command, struct thm_slice who)
{
    char target[2 * THM_ID_MAX + 2];

    thm_slice_copy(target, sizeof target, who);
    int code = thm_calls_find(c->config.calls, target);
    if (code == THM_E_LIMIT)
        return code; /* the one before is still on its way */
    c->verifies = code == THM_OK;
    if (code == THM_E_STATE)
        thm_show_error(c, THM_T("/verify: not connected just now: try again in a moment"),
                       THM_NOTHING);
    else if (code != THM_OK)
        return thm_console_misused(c, command, thm_error_text(code));
    return code;
}

/* A session whose other side is known by its certificate, or was named by the server at least. */
static const struct thm_call *session_with(const struct thm_console *c, struct thm_slice who)
{
    unsigned call = thm_direct_find(c, who, THM_CALLS_STANDING | THM_CALLS_RINGING);

    return call < THM_CALLS ? thm_call_at(c->config.calls, call) : NULL;
}

int thm_direct_verify(struct thm_console *c, const struct thm_command *command,
                      struct thm_slice args)
{
    struct thm_slice who = thm_slice_word(&args);
    struct thm_identity named, known;
    uint64_t since_s = 0;
    bool yes = thm_slice_is(args, "yes");

    if (who.len == 0 && c->place > 0)
        who = thm_slice_of(c->direct[c->place - 1].name);
    if (who.len == 0 || thm_key_check(THM_KEY_TO, who.data, who.len) != THM_OK ||
        (args.len > 0 && !yes))
        return thm_console_misused(c, command,
                                   THM_T("USER is a user id, as /list and /whois show it"));
    const struct thm_call *call = session_with(c, who);
    if (yes && call == NULL) {
        thm_show_error(c, THM_T("only a session proves a key: /call {} first"), who);
        return THM_E_ARGUMENT;
    }
    if (yes)
        return take(c, &call->peer);
    read_target(who, &named);
    bool remembered = THM_CONSOLE_KEYS &&
                      recall(c, call != NULL ? call->peer.user : named.user,
                             call != NULL ? call->peer.device : named.device, &known, &since_s);
    if (call != NULL && remembered && !is_same(&known, &call->peer))
        warn(c, &call->peer, since_s);
    if (call != NULL)
        show_code(c, &call->peer, PROVEN, remembered && is_same(&known, &call->peer) ? since_s : 0);
    else if (remembered)
        show_code(c, &known, REMEMBERED, since_s);
    else
        return find(c, command, who);
    return THM_OK;
}

void thm_direct_found(struct thm_console *c, const struct thm_call_event *e)
{
    if (!c->verifies)
        return;
    c->verifies = false;
    if (e->peer != NULL) {
        show_code(c, e->peer, TOLD, 0);
        return;
    }
    c->errors++;
    thm_show_error(c,
                   e->code == THM_E_AWAY
                       ? THM_T("/verify: nobody of that name can be called just now")
                       : thm_error_text(e->code),
                   THM_NOTHING);
}

#endif
