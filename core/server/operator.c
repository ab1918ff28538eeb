/* What the operator sees and does. */
#include "server/internal.h"

#include <string.h>

bool thm_server_next_session(const struct thm_server *s, uint32_t *at,
                             struct thm_session_info *info)
{
    while (*at < s->connections.fresh) {
        const struct connection *c = conn_at(s, ++*at);
        if (c->state != CONN_ONLINE)
            continue;
        info->connection = c->serial;
        info->user = c->tls.peer.user;
        info->device = c->tls.peer.device;
        info->alias = user_at(s, c->user)->alias;
        info->address = c->address;
        info->since_ms = c->since;
        info->rooms = 0;
        for (uint32_t n = c->memberships; n != 0; n = member_at(s, n)->next)
            if (stream_at(s, member_at(s, n)->stream)->name[0] == '#')
                info->rooms++;
        return true;
    }
    return false;
}

bool thm_server_next_room(const struct thm_server *s, uint32_t *at, struct thm_room_info *info)
{
    while (*at < s->streams.fresh) {
        const struct stream *st = stream_at(s, ++*at);
        if (st->member_count == 0 || st->name[0] != '#')
            continue;
        info->name = st->name;
        info->topic = st->topic;
        info->members = st->member_count;
        info->n = st->log.head;
        return true;
    }
    return false;
}

unsigned thm_server_kick(struct thm_server *s, const char *target, const char *reason)
{
    const char *at = strchr(target, '@');
    size_t len = at != NULL ? (size_t)(at - target) : strlen(target);
    uint32_t user = thm_user_find(s, target, len);
    unsigned kicked = 0;
    uint32_t next;

    if (thm_key_check(THM_KEY_REASON, reason, strlen(reason)) != THM_OK)
        reason = thm_error_text(THM_E_KICKED);
    if (user == 0)
        return 0;
    for (uint32_t n = user_at(s, user)->sessions.first; n != 0; n = next) {
        struct connection *c = conn_at(s, n);
        next = next_session(s, n);
        if (at != NULL && strcmp(c->tls.peer.device, at + 1) != 0)
            continue;
        thm_log_event(s, THM_LOG_WARNING, "kick", c, THM_E_KICKED, NULL);
        thm_conn_goodbye(s, c, THM_E_KICKED, reason, 0);
        kicked++;
    }
    return kicked;
}

int thm_server_notice(struct thm_server *s, const char *text, size_t len)
{
    int code = thm_key_check(THM_KEY_TEXT, text, len);
    int told = 0;
    struct thm_msg m;

    if (code != THM_OK)
        return code;
    thm_msg_init(&m, THM_MSG_NOTICE);
    thm_msg_num(&m, THM_KEY_TIME, s->utc_ms);
    thm_msg_str(&m, THM_KEY_TEXT, text, len);
    for (uint32_t n = 1; n <= s->connections.fresh; n++) {
        struct connection *c = conn_at(s, n);
        if (c->state == CONN_ONLINE && thm_output_news(s, c, &m))
            told++;
    }
    return told;
}

void thm_server_stats(const struct thm_server *s, struct thm_server_stats *out)
{
    *out = s->stats;
    out->logins_used = s->logins.used;
    out->connections = s->connections.used;
    out->sessions = s->sessions;
    out->users = s->users.used;
    out->memberships = s->memberships.used;
    out->rooms = 0;
    for (uint32_t n = 1; n <= s->streams.fresh; n++)
        if (stream_at(s, n)->member_count != 0 && stream_at(s, n)->name[0] == '#')
            out->rooms++;
    out->blocks_free = thm_blocks_free(s->blocks);
    out->outputs_used = s->outputs.used;
    out->lines_used = s->lines.used;
    out->appends_used = s->jobs.used;
    out->reads_used = s->reads.used;
#if THM_CALLS > 0
    out->callables_used = s->callables.used;
    out->tickets_used = s->tickets.used;
    out->relays = (s->relay_ends.used + 1) / 2;
    out->relay_buffers_used = s->relay_buffers.used;
#endif
    thm_tls_domain_usage(s->tls, &out->tls);
}
