/* Commands for boards and their results: handed on at once or refused, never kept. */
#include "server/internal.h"

#include <string.h>

static bool forward(struct thm_server *s, struct connection *to, const struct thm_msg *m)
{
    return to->state == CONN_ONLINE && thm_output_news(s, to, m);
}

void thm_command_forward(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice target = thm_msg_get(m, THM_KEY_TO);
    const char *at = target.len > 0 ? memchr(target.data, '@', target.len) : NULL;
    size_t len = at != NULL ? (size_t)(at - target.data) : target.len;
    uint32_t user = thm_user_find(s, target.data, len);
    struct thm_msg out = *m;
    unsigned reached = 0, full = 0;

    if (target.len == 0) {
        thm_input_error(s, c, m, THM_E_KEY_MISSING, "to");
        return;
    }
    THM_SET(&out, FROM, c->tls.peer.user);
    THM_SET(&out, DEVICE, c->tls.peer.device);
    for (uint32_t n = user == 0 ? 0 : user_at(s, user)->sessions.first; n != 0;
         n = next_session(s, n)) {
        struct connection *to = conn_at(s, n);
        if (to == c ||
            (at != NULL && (strlen(to->tls.peer.device) != target.len - len - 1 ||
                            memcmp(to->tls.peer.device, at + 1, target.len - len - 1) != 0)))
            continue;
        if (forward(s, to, &out))
            reached++;
        else
            full++;
    }
    if (reached == 0)
        thm_input_error(s, c, m, full > 0 ? THM_E_LIMIT : THM_E_AWAY, "to");
}
