#include "client/fake_calls.h"

#include "wire/words.h"

struct fake_calls fake_calls;

static char done[4096];
static size_t done_len;

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    done_len += (size_t)vsnprintf(done + done_len, sizeof done - done_len, format, args);
    va_end(args);
    assert_true(done_len < sizeof done);
}

void expect_done(const char *text)
{
    assert_string_equal(done_len > 0 ? done : "", text);
    done_len = 0;
}

/* --- what the application does --------------------------------------------------------------- */

static struct thm_call *at(unsigned call)
{
    assert_true(call < THM_CALLS);
    return &fake_calls.calls.calls[call];
}

int thm_call_dial(struct thm_calls *k, const char *target, unsigned *call)
{
    note("dial %s, ", target);
    for (*call = 0; *call < THM_CALLS && at(*call)->state != THM_CALL_FREE;)
        ++*call;
    if (fake_calls.dial_code != THM_OK)
        return fake_calls.dial_code;
    if (*call == THM_CALLS)
        return THM_E_LIMIT;
    memset(&k->calls[*call], 0, sizeof k->calls[*call]);
    k->calls[*call].state = THM_CALL_CALLING;
    strcpy(k->calls[*call].target, target);
    HAPPENS(PROGRESS, *call, .path = THM_PATH_LOOKUP);
    return THM_OK;
}

static int do_it(const char *deed, unsigned call, bool can)
{
    note("%s %u, ", deed, call);
    return can ? THM_OK : THM_E_STATE;
}

int thm_call_answer(struct thm_calls *k, unsigned call)
{
    (void)k;
    return do_it("answer", call, at(call)->state == THM_CALL_RINGING);
}

int thm_call_decline(struct thm_calls *k, unsigned call)
{
    (void)k;
    return do_it("decline", call, at(call)->state == THM_CALL_RINGING);
}

int thm_call_hang_up(struct thm_calls *k, unsigned call)
{
    bool can = at(call)->state != THM_CALL_FREE;

    (void)k;
    if (can)
        HAPPENS(OVER, call, .ours = true);
    return do_it("hang-up", call, can);
}

int thm_call_say(struct thm_calls *k, unsigned call, const char *text, size_t len)
{
    bool stands = at(call)->state == THM_CALL_TALKING || at(call)->state == THM_CALL_MENDING;

    (void)k;
    if (fake_calls.say_code != THM_OK)
        return fake_calls.say_code;
    if (stands)
        note("say %u %.*s, ", call, (int)len, text);
    return stands ? THM_OK : THM_E_STATE;
}

int thm_calls_find(struct thm_calls *k, const char *target)
{
    (void)k;
    note("find %s, ", target);
    return fake_calls.find_code;
}

const struct thm_call *thm_call_at(const struct thm_calls *k, unsigned call)
{
    return call < THM_CALLS ? &k->calls[call] : NULL;
}

void thm_calls_set_availability(struct thm_calls *k, enum thm_availability availability)
{
    k->availability = (uint8_t)availability;
}

static const char *const availabilities[] = {"available", "busy", "away"};

const char *thm_availability_word(enum thm_availability availability)
{
    return availabilities[availability];
}

bool thm_availability_find(struct thm_slice word, enum thm_availability *availability)
{
    for (unsigned i = 0; i < 3; i++) {
        if (!thm_slice_is(word, availabilities[i]))
            continue;
        *availability = (enum thm_availability)i;
        return true;
    }
    return false;
}

void thm_verification_code(const uint8_t mine[THM_KEY_HASH], const uint8_t theirs[THM_KEY_HASH],
                           char code[THM_VERIFICATION_CODE + 1])
{
    snprintf(code, THM_VERIFICATION_CODE + 1, "%05u %05u 00000 00000 00000", mine[0], theirs[0]);
}

/* --- what happens --------------------------------------------------------------------------- */

void happens(enum thm_call_event_kind kind, unsigned call, struct thm_call_event more)
{
    const struct thm_identity *peer = &fake_calls.peers[call < THM_CALLS ? call : 0];

    more.kind = kind;
    more.call = call;
    if (kind == THM_CALL_STANDS)
        at(call)->state = THM_CALL_TALKING;
    if (kind == THM_CALL_OVER)
        at(call)->state = THM_CALL_FREE;
    if (kind != THM_CALL_FOUND) {
        at(call)->peer = *peer;
        at(call)->relayed = more.relayed;
        more.state = (enum thm_call_state)at(call)->state;
        more.incoming = at(call)->incoming;
        more.peer = peer->user[0] != '\0' ? peer : NULL;
    }
    if (more.text.data == NULL)
        more.text = (struct thm_slice){"", 0};
    if (more.reason.data == NULL)
        more.reason = (struct thm_slice){"", 0};
    thm_console_call_event(&console, &more);
}

struct thm_identity identity(const char *user, const char *device, uint8_t key)
{
    struct thm_identity who = {.not_after = 1};

    strcpy(who.user, user);
    strcpy(who.device, device);
    memset(who.key_hash, key, sizeof who.key_hash);
    return who;
}

void bob_rings(unsigned call)
{
    memset(at(call), 0, sizeof *at(call));
    at(call)->state = THM_CALL_RINGING;
    at(call)->incoming = true;
    if (fake_calls.peers[call].user[0] == '\0')
        fake_calls.peers[call] = identity("bob", "d", 7);
    HAPPENS(RINGS, call);
}

void bob_answers(unsigned call)
{
    if (fake_calls.peers[call].user[0] == '\0')
        fake_calls.peers[call] = identity("bob", "d", 7);
    HAPPENS(STANDS, call);
}

void says(unsigned call, const char *text)
{
    HAPPENS(TEXT, call, .text = thm_slice_of(text));
}

/* --- what is remembered --------------------------------------------------------------------- */

static bool recall_key(void *ctx, struct thm_identity *who, uint64_t *since_s)
{
    (void)ctx;
    for (unsigned i = 0; i < fake_calls.known_count; i++) {
        const struct thm_identity *known = &fake_calls.known[i];
        if (strcmp(who->user, known->user) != 0 ||
            (who->device[0] != '\0' && strcmp(who->device, known->device) != 0))
            continue;
        *who = *known;
        *since_s = 1699920000;
        return true;
    }
    return false;
}

static void remember_key(void *ctx, const struct thm_identity *who)
{
    (void)ctx;
    fake_calls.remembered++;
    fake_calls.known_count = 1;
    fake_calls.known[0] = *who;
}

int setup_calls(void **state)
{
    setup(state);
    memset(&fake_calls, 0, sizeof fake_calls);
    done_len = 0;
    console.config.calls = &fake_calls.calls;
    console.config.recall_key = recall_key;
    console.config.remember_key = remember_key;
    return 0;
}
