#include "server/rules.h"

#include <string.h>

#include "util/text.h"
#include "wire/words.h"

/* Each of these is false when what stands there can't be. */

static bool read_flag(const struct thm_fields *f, const char *name, bool *flag)
{
    struct thm_slice word = thm_fields_get(f, name);

    *flag = word.len > 0;
    return word.len == 0 || thm_slice_is(word, "yes");
}

static bool read_history(const struct thm_fields *f, bool *all)
{
    struct thm_slice word = thm_fields_get(f, "history");

    *all = thm_slice_is(word, "all");
    return *all || word.len == 0 || thm_slice_is(word, "joined");
}

static bool read_since(const struct thm_fields *f, uint64_t *ms)
{
    *ms = 0;
    return thm_fields_get(f, "since").len == 0 || thm_fields_get_num(f, "since", ms);
}

static bool write_flag(struct thm_fields *f, const char *name, bool flag)
{
    return thm_fields_set(f, name, flag ? "yes" : NULL);
}

bool thm_rules_read(struct thm_room_rules *r, const struct thm_fields *f)
{
    memset(r, 0, sizeof *r);
    if (thm_fields_valid(f) && read_since(f, &r->since_ms) &&
        read_flag(f, "invite-only", &r->invite_only) && read_history(f, &r->history_all))
        return true;
    memset(r, 0, sizeof *r);
    return false;
}

bool thm_rules_write(const struct thm_room_rules *r, struct thm_fields *f)
{
    return thm_fields_set_num(f, "since", r->since_ms) &&
           write_flag(f, "invite-only", r->invite_only) &&
           thm_fields_set(f, "history", r->history_all ? "all" : "joined");
}

void thm_admin_set_rule(struct thm_admin_request *r, enum thm_rule rule)
{
    if (rule == THM_RULE_OPEN || rule == THM_RULE_INVITE_ONLY) {
        r->set |= THM_ADMIN_INVITE_ONLY;
        r->rules.invite_only = rule == THM_RULE_INVITE_ONLY;
    } else {
        r->set |= THM_ADMIN_HISTORY;
        r->rules.history_all = rule == THM_RULE_HISTORY_ALL;
    }
}

bool thm_admin_sets_rule(const struct thm_admin_request *r, enum thm_rule rule)
{
    bool invite_only = rule == THM_RULE_INVITE_ONLY, history_all = rule == THM_RULE_HISTORY_ALL;

    return rule == THM_RULE_OPEN || invite_only
               ? (r->set & THM_ADMIN_INVITE_ONLY) != 0 && r->rules.invite_only == invite_only
               : (r->set & THM_ADMIN_HISTORY) != 0 && r->rules.history_all == history_all;
}

bool thm_standing_read(struct thm_standing *st, const struct thm_fields *f)
{
    memset(st, 0, sizeof *st);
    if (thm_fields_valid(f) && thm_stays_read(&st->stays, thm_fields_get(f, "stays")) &&
        read_flag(f, "moderator", &st->moderator) && read_flag(f, "invited", &st->invited) &&
        read_flag(f, "banned", &st->banned))
        return true;
    memset(st, 0, sizeof *st);
    return false;
}

bool thm_standing_write(const struct thm_standing *st, struct thm_fields *f)
{
    char stays[THM_STAYS_TEXT];

    thm_stays_print(&st->stays, stays);
    return thm_fields_set(f, "stays", stays[0] != '\0' ? stays : NULL) &&
           write_flag(f, "moderator", st->moderator) && write_flag(f, "invited", st->invited) &&
           write_flag(f, "banned", st->banned);
}

size_t thm_standing_key(const char *room, const char *user, char key[THM_RECORD_KEY])
{
    struct thm_text t;

    thm_text_init(&t, key, THM_RECORD_KEY);
    thm_text_str(&t, room);
    thm_text_char(&t, ' ');
    thm_text_str(&t, user);
    return t.len;
}
