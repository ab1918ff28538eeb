/* Events of direct sessions for programs: each is a line of JSON, as the lines of the wire are. */
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "session.h"

static void put_string(const char *key, struct thm_slice text)
{
    printf(",\"%s\":\"", key);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void put_word(const char *key, const char *word)
{
    const struct thm_slice text = {word, strlen(word)};
    put_string(key, text);
}

static void put_flag(const char *key, bool flag)
{
    if (flag)
        printf(",\"%s\":true", key);
}

static void put_key(const struct session *s, const struct thm_identity *peer)
{
    char hash[2 * THM_KEY_HASH + 1], code[THM_VERIFICATION_CODE + 1];
    for (unsigned i = 0; i < THM_KEY_HASH; i++)
        snprintf(hash + 2 * (size_t)i, 3, "%02x", peer->key_hash[i]);
    thm_verification_code(thm_credentials_identity(s->credentials)->key_hash, peer->key_hash, code);
    put_word("key_hash", hash);
    put_word("verification", code);
}

/* It is the same for as long as a session lasts. */
static bool has_key(enum thm_call_event_kind kind)
{
    return kind == THM_CALL_RINGS || kind == THM_CALL_STANDS || kind == THM_CALL_FOUND;
}

static void put_end(const struct thm_call_event *e)
{
    if (e->code != THM_OK)
        put_word("code", thm_error_word(e->code));
    if (e->reason.len > 0)
        put_string("reason", e->reason);
    put_flag("ours", e->ours);
    if (e->unsaid > 0)
        printf(",\"unsaid\":%u", e->unsaid);
}

void calls_print_json(const struct session *s, const struct thm_call_event *e)
{
    static const char *const kinds[] = {
        [THM_CALL_PROGRESS] = "progress", [THM_CALL_RINGS] = "rings", [THM_CALL_STANDS] = "stands",
        [THM_CALL_MOVED] = "moved",       [THM_CALL_TEXT] = "text",   [THM_CALL_OVER] = "over",
        [THM_CALL_FOUND] = "found"};
    static const char *const states[] = {
        [THM_CALL_FREE] = "free",       [THM_CALL_CALLING] = "calling",
        [THM_CALL_RINGING] = "ringing", [THM_CALL_TALKING] = "talking",
        [THM_CALL_MENDING] = "mending", [THM_CALL_ENDING] = "ending"};
    printf("{\"msgtype\":\"call\",\"event\":\"%s\"", kinds[e->kind]);
    if (e->kind != THM_CALL_FOUND)
        printf(",\"call\":%u,\"state\":\"%s\"", e->call, states[e->state]);
    if (e->kind == THM_CALL_PROGRESS)
        put_word("path", thm_path_word(e->path));
    if (e->peer) {
        put_word("userid", e->peer->user);
        put_word("device", e->peer->device);
    }
    if (e->peer && has_key(e->kind))
        put_key(s, e->peer);
    put_flag("incoming", e->incoming);
    put_flag("relayed", e->relayed);
    put_flag("elsewhere", e->elsewhere);
    if (e->kind == THM_CALL_TEXT)
        put_string("text", e->text);
    if (e->kind == THM_CALL_OVER || e->kind == THM_CALL_FOUND)
        put_end(e);
    puts("}");
}
