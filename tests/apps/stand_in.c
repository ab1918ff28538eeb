#include "stand_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stand_in stand_in;

/* --- the server --------------------------------------------------------------------------------- */

bool thm_server_next_session(const struct thm_server *s, uint32_t *at,
                             struct thm_session_info *info)
{
    (void)s;
    if (*at >= stand_in.session_count)
        return false;
    *info = stand_in.sessions[(*at)++ % STAND_IN_SESSIONS];
    return true;
}

bool thm_server_next_room(const struct thm_server *s, uint32_t *at, struct thm_room_info *info)
{
    static char name[16];
    (void)s;
    if (*at >= stand_in.room_count)
        return false;
    snprintf(name, sizeof name, "#r%u", (unsigned)++*at);
    *info = (struct thm_room_info){.name = name, .topic = "", .members = 1, .n = *at};
    return true;
}

unsigned thm_server_kick(struct thm_server *s, const char *target, const char *reason)
{
    (void)s;
    snprintf(stand_in.kicked, sizeof stand_in.kicked, "%s", target);
    snprintf(stand_in.reason, sizeof stand_in.reason, "%s", reason);
    return strncmp(target, "nobody", 6) == 0 ? 0 : 1;
}

int thm_server_notice(struct thm_server *s, const char *text, size_t len)
{
    (void)s;
    snprintf(stand_in.notice, sizeof stand_in.notice, "%.*s", (int)len, text);
    return 3;
}

void thm_server_stats(const struct thm_server *s, struct thm_server_stats *out)
{
    (void)s;
    *out = stand_in.stats;
}

int thm_server_admin(struct thm_server *s, struct thm_admin_request *request)
{
    (void)s;
    stand_in.seen = *request;
    if (stand_in.admin == THM_OK)
        stand_in.request = request;
    return stand_in.admin;
}

void thm_server_signed(struct thm_server *s, struct thm_signing *signing)
{
    (void)s;
    stand_in.signed_last = signing;
    stand_in.signed_count++;
}

/* --- the rest of the program -------------------------------------------------------------------- */

unsigned trust_denied(const struct trust *trust)
{
    (void)trust;
    return 2;
}

bool trust_denies(const struct trust *trust, const uint8_t key_hash[THM_KEY_HASH])
{
    (void)trust;
    return memcmp(stand_in.denied, key_hash, THM_KEY_HASH) == 0;
}

bool trust_vouches(const struct trust *trust, const uint8_t *der, size_t len)
{
    (void)trust;
    (void)der;
    (void)len;
    return true;
}

uint64_t trust_ends(const struct trust *trust)
{
    (void)trust;
    return 1800000000;
}

static bool reload(void *ctx, char *text, size_t cap)
{
    (void)ctx;
    stand_in.reloads++;
    snprintf(text, cap, stand_in.reload_fails ? "server.crt: not PEM" : "read anew");
    return !stand_in.reload_fails;
}

static void quit(void *ctx)
{
    (void)ctx;
    stand_in.quits++;
}

void editor_hide(struct editor *e)
{
    (void)e;
}

void stand_in_begin(const char *audit)
{
    char why[256];
    memset(&stand_in, 0, sizeof stand_in);
    memset(stand_in.denied, 0xff, sizeof stand_in.denied);
    log_open(&stand_in.log, THM_LOG_DEBUG, false);
    if (!audit_open(&stand_in.audit, audit, &stand_in.log, why, sizeof why) ||
        !devices_open(&stand_in.devices, 64))
        abort();
    stand_in.host = (struct command_host){.log = &stand_in.log,
                                          .audit = &stand_in.audit,
                                          .devices = &stand_in.devices,
                                          .trust = &stand_in.trust,
                                          .started_ms = 1700000000000,
                                          .reload = reload,
                                          .quit = quit};
}

void stand_in_end(void)
{
    audit_close(&stand_in.audit);
    devices_close(&stand_in.devices);
}

const char *file_text(const char *path)
{
    static char text[1 << 18];
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[len] = '\0';
    if (file)
        fclose(file);
    return text;
}
