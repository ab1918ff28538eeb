#include "server/caller.h"

#include <stdio.h>
#include <string.h>

#include "server/host.h"
#include "util/base64.h"

struct peer *caller_enter(struct rig *r, unsigned who)
{
    return rig_login(r, who, "{'msgtype':'hello','resume':true,'credit':65536}");
}

struct peer *caller_available(struct rig *r, unsigned who, unsigned port)
{
    struct peer *p = caller_enter(r, who);

    sayf(p, "{'msgtype':'register','availability':'available','port':%u}", port);
    expect(p, "{'msgtype':'register',*'availability':'available'}");
    return p;
}

const char *caller_ticket(struct peer *p, const char *target, char ticket[TICKET])
{
    char text[256];

    sayf(p, "{'msgtype':'lookup_request','lookup':'%s'}", target);
    string_of(expect(p, "{'msgtype':'lookup_reply','status':'SUCCESS',*'ticket':'*'*}"), "ticket",
              text);
    assert_int_equal(strlen(text), TICKET - 1);
    return strcpy(ticket, text);
}

void caller_forget(struct peer *p)
{
    rig_pass(p->rig, 50);
    p->next = p->count;
}

const char *caller_certificate(unsigned who, char text[CERTIFICATE])
{
    const struct thm_credentials *c = credentials_of(rig_people[who], THM_FOR_CLIENT);
    struct thm_text t;
    size_t len;
    const unsigned char *der = thm_credentials_der(c, 0, &len);

    thm_text_init(&t, text, CERTIFICATE);
    thm_text_base64(&t, der, len);
    assert_false(t.truncated);
    return text;
}

const char *caller_key_hash(unsigned who, char hex[65])
{
    struct thm_text t;

    thm_text_init(&t, hex, 65);
    thm_text_hex(
        &t, thm_credentials_identity(credentials_of(rig_people[who], THM_FOR_CLIENT))->key_hash,
        THM_KEY_HASH);
    return hex;
}

/* --- relays ----------------------------------------------------------------------------------- */

#define PIECE 720

static uint8_t pattern_byte(uint64_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

void caller_relay(struct peer *from, struct peer *to, const char *target, uint64_t bytes,
                  char id[TICKET])
{
    caller_ticket(from, target, id);
    sayf(from, "{'msgtype':'relay','id':'%s','to':'%s','bytes':%llu}", id, target,
         (unsigned long long)bytes);
    expect(to, "{'msgtype':'relay','from':'*','device':'*','id':'*','bytes':*}");
    sayf(to, "{'msgtype':'relay','id':'%s','bytes':%llu}", id, (unsigned long long)bytes);
    expect(from, "{'msgtype':'relay','id':'*','bytes':*}");
}

void flow_say(struct flow *f, uint64_t bytes)
{
    uint8_t piece[PIECE];
    char text[THM_BASE64_LEN(PIECE) + 1];
    struct thm_text t;

    while (bytes > 0) {
        size_t len = bytes < PIECE ? (size_t)bytes : PIECE;
        for (size_t i = 0; i < len; i++)
            piece[i] = pattern_byte(f->said + i + f->shift);
        thm_text_init(&t, text, sizeof text);
        thm_text_base64(&t, piece, len);
        sayf(f->from, "{'msgtype':'relay','id':'%s','data':'%s'}", f->id, text);
        f->said += len;
        bytes -= len;
    }
}

uint64_t flow_say_allowed(struct flow *f, uint64_t all)
{
    uint64_t until = f->told < all ? f->told : all;
    uint64_t more = until > f->said ? until - f->said : 0;

    flow_say(f, more);
    return more;
}

static bool is_of(const struct flow *f, const char *line)
{
    char id[256];

    return fits(line, "{'msgtype':'relay',*") && strcmp(string_of(line, "id", id), f->id) == 0;
}

bool flow_hear(struct flow *f, const char *line)
{
    const char *data = strstr(line, "\"data\":\"");
    uint8_t piece[PIECE];
    size_t len;

    if (!is_of(f, line))
        return false;
    if (strstr(line, "\"status\":\"closed\"") != NULL) {
        assert_string_equal(f->closed, "");
        string_of(line, "code", f->closed);
        if (f->closed[0] == '\0')
            strcpy(f->closed, "-");
        return true;
    }
    if (data == NULL)
        return false;
    data += strlen("\"data\":\"");
    assert_true(thm_base64_read(data, strcspn(data, "\""), piece, sizeof piece, &len));
    assert_true(len > 0);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(piece[i], pattern_byte(f->heard + i + f->shift));
    f->heard += len;
    f->lines++;
    return true;
}

bool flow_hear_told(struct flow *f, const char *line)
{
    if (!is_of(f, line) || strstr(line, "\"bytes\":") == NULL)
        return false;
    assert_true(number_of(line, "bytes") > f->told); /* it only grows */
    f->told = number_of(line, "bytes");
    f->told_lines++;
    return true;
}

void flow_hear_all(struct flow *f)
{
    rig_pass(f->to->rig, 50);
    while (f->to->next < f->to->count)
        assert_true(flow_hear(f, next_line(f->to)));
}

struct flow flow_of(struct peer *from, struct peer *to, const char *id)
{
    return (struct flow){.from = from, .to = to, .id = id};
}

void two_start(struct rig *r, struct two *t, void (*change)(struct rig *r))
{
    rig_start(r, change);
    t->u0 = caller_available(r, 0, 0);
    t->u1 = caller_available(r, 1, 0);
}

void two_relay(struct rig *r, struct two *t, uint64_t bytes)
{
    two_start(r, t, NULL);
    caller_relay(t->u0, t->u1, "u1@default", bytes, t->id);
}
