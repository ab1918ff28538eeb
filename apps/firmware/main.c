/*
 * The life of a board: credentials, an address, a session; and what a person at the UART is told of it.
 */
#include <string.h>

#include "firmware.h"
#include "thimble/board.h"
#include "util/text.h"

#define EVENTS 4
/* A turn takes no longer: changes of the network are no events, and nothing else here has to be more exact. */
#define TURN_MS 500u
#define NEVER   UINT64_MAX

/* After a final refusal: somebody has to mend something, and a server must not be asked all the time. */
#define PAUSE_MS     3600000u  /* the first time */
#define PAUSE_MAX_MS 86400000u /* doubled each time up to this */

enum { TAG_CLIENT = 1 };

void firmware_say(struct firmware *f, const char *a, const char *b, const char *c)
{
    const char *parts[] = {a, b, c};
    char plain[THM_TEXT_PLAIN];
    for (unsigned i = 0; i < 3; i++) {
        if (!parts[i])
            continue;
        const char *text = thm_text_plain(parts[i], plain);
        front_print(f, text, strlen(text), false);
    }
    front_print(f, "", 0, true);
}

/* --- a board that can't go on ------------------------------------------------------------------- */

/* Does nothing and says so, again at any key. Nothing was sent, and nothing is. */
static _Noreturn void stay_safe(struct firmware *f, const char *a, const char *b, const char *c)
{
    for (;;) {
        firmware_say(f, a, b, c);
        while (!thm_board_input_waits())
            thm_board_idle(UINT32_MAX);
        while (thm_board_getc() >= 0)
            ;
    }
}

static void need_credentials(struct firmware *f)
{
    static const char *const faults[] = {[PROVISION_NONE] = "missing",
                                         [PROVISION_DAMAGED] = "damaged",
                                         [PROVISION_VERSION] = THM_T("for newer firmware")};
    enum provision_result result = provision_find(&f->provision);
    const char *fault = faults[result];
    if (result == PROVISION_OK && f->provision.role != THM_FOR_CLIENT)
        fault = THM_T("a server's");
    if (fault)
        stay_safe(f, THM_T("! this board's credentials are "), fault,
                  THM_T(": flash others, made by thimble-ca board"));
}

static void need(struct firmware *f, int code)
{
    if (code != THM_OK)
        stay_safe(f, THM_T("! can't start: "), thm_error_text(code), NULL);
}

/* --- the client --------------------------------------------------------------------------------- */

/* What the server says of the time is believed within limits. */
static void take_time(struct firmware *f)
{
    thm_lwip_trust_time(&f->port, f->client.server_time_ms, f->provision.parts.identity.not_after,
                        f->client.tls.peer.not_after);
}

static void say_pause(struct firmware *f)
{
    char text[24];
    struct thm_text t;
    thm_text_init(&t, text, sizeof text);
    thm_text_uint(&t, f->pause_ms / 3600000u, 0);
    firmware_say(f, THM_T("* trying again in "), text, THM_T(" h, or at a key"));
}

static void end(struct firmware *f, int code)
{
    f->start_at = NEVER;
    if (THM_ENROLL && code == CLAIM_AGAIN) {
        f->start_at = f->now;
    } else if (code == THM_OK) {
        firmware_say(f, THM_T("* goodbye; press a key to come back"), NULL, NULL);
    } else if (code == THM_E_REPLACED) { /* two that come back by themselves would never stop */
        firmware_say(f, THM_T("* press a key to take over"), NULL, NULL);
    } else {
        f->start_at = f->now + f->pause_ms;
        say_pause(f);
        f->pause_ms = 2 * f->pause_ms < PAUSE_MAX_MS ? 2 * f->pause_ms : PAUSE_MAX_MS;
    }
}

static void on_event(void *ctx, const struct thm_client_event *event)
{
    struct firmware *f = ctx;
    calls_event(f, event);
    if (!claims(f) || !claim_hides(event))
        front_event(f, event);
    if (claims(f))
        claim_event(f, event);
    if (event->kind == THM_CLIENT_STATE && event->state == THM_CLIENT_ONLINE) {
        f->pause_ms = PAUSE_MS;
        take_time(f);
    }
    if (event->kind == THM_CLIENT_ENDED)
        end(f, claims(f) ? claim_ended(f, event) : event->code);
}

/* The functions of the start stay by themselves: main() never returns, and what they need would stay below it. */
#define ONCE static __attribute__((noinline))

ONCE void join_rooms(struct firmware *f)
{
    char name[THM_ROOM_MAX + 1];
    const struct provision *p = &f->provision;
    if (p->room_count == 0)
        thm_client_join(&f->client, THM_DEFAULT_ROOM);
    for (unsigned i = 0; i < p->room_count; i++) {
        memcpy(name, p->rooms[i].data, p->rooms[i].len); /* provision_read() has checked it */
        name[p->rooms[i].len] = '\0';
        if (thm_client_join(&f->client, name) != THM_OK)
            firmware_say(f, THM_T("! no place for room "), name, NULL);
    }
}

ONCE int open_client(struct firmware *f)
{
    const struct provision *p = &f->provision;
    struct thm_client_config config = {.port = &f->port.base,
                                       .credentials = &f->credentials,
                                       .host = p->host,
                                       .number = p->number,
                                       .server_name = p->server_name,
                                       .agent = thm_board_name,
                                       .tag = TAG_CLIENT,
                                       .tls_memory = f->tls_memory,
                                       .tls_memory_size = sizeof f->tls_memory,
                                       .on_event = on_event,
                                       .ctx = f};
#if THM_CLIENT_PASSCODE
    if (p->keys.iterations > 0)
        config.keys = &p->keys;
#endif
    int code = claims(f) ? claim_open(f, &config)
                         : thm_credentials_set(&f->credentials, &p->parts, p->role);
    if (code == THM_OK)
        code = thm_client_init(&f->client, &config);
#if THM_RECEIPTS
    thm_client_set_receipts(&f->client, THM_RECEIPTS_DELIVERED);
#endif
    return code;
}

ONCE int open_port(struct firmware *f)
{
    const struct provision *p = &f->provision;
    bool named = !claims(f) || claim_find(f);
    const struct thm_lwip_config config = {.address = p->address,
                                           .hostname =
                                               named ? p->parts.identity.user : thm_board_name,
                                           .factory_seed = p->seed,
                                           .secret = p->parts.key,
                                           .secret_len = 32,
                                           .time_floor_ms = p->time_floor_ms,
                                           .provision = p->sequence};
    return thm_lwip_init(&f->port, &config);
}

/* --- the loop ----------------------------------------------------------------------------------- */

static void watch_network(struct firmware *f)
{
    char address[16];
    enum firmware_network network = NETWORK_NO_LINK;
    if (thm_lwip_has_address(&f->port, address))
        network = NETWORK_UP;
    else if (thm_lwip_has_link(&f->port))
        network = NETWORK_NO_ADDRESS;
    if (network == f->network)
        return;
    f->network = network;
    if (network == NETWORK_UP)
        firmware_say(f, THM_T("* address "), address, NULL);
    else
        firmware_say(f,
                     network == NETWORK_NO_LINK ? THM_T("! no link: is the cable plugged in?")
                                                : THM_T("* waiting for DHCP"),
                     NULL, NULL);
}

/* A client that is stopped starts when there is an address and it is time to, or a key is pressed. */
static void start(struct firmware *f)
{
    if (f->client.state != THM_CLIENT_STOPPED)
        return;
    if (f->now < f->start_at && thm_board_getc() >= 0) {
        f->start_at = f->now;
        f->pause_ms = PAUSE_MS;
    }
    if (f->network == NETWORK_UP && f->now >= f->start_at && (!claims(f) || claim_ready(f)))
        thm_client_start(&f->client, f->now);
}

static void turn(struct firmware *f)
{
    struct thm_event events[EVENTS];
    uint64_t until = thm_client_deadline(&f->client), calls = calls_deadline(f);
    if (until > calls)
        until = calls;
    if (until > f->now + TURN_MS)
        until = f->now + TURN_MS;
    int n = f->port.base.ops->wait(&f->port.base, until, events, EVENTS);
    f->now = thm_board_now_ms();
    thm_client_step(&f->client, f->now, events, n);
    calls_turn(f, events, n);
    if (claims(f))
        claim_turn(f);
    watch_network(f);
    if (cursors_turn(&f->cursors, &f->client, (uint32_t)f->now,
                     f->client.state == THM_CLIENT_STOPPED) != THM_OK)
        firmware_say(f, THM_T("! the storage can't be written"), NULL, NULL);
    start(f); /* behind what takes a while: the front reads every key that this one did not see */
    front_turn(f);
}

int main(void)
{
    static struct firmware firmware;
    struct firmware *f = &firmware;
    thm_board_init();
    front_open(f);
    firmware_say(f, front_name, " " THM_VERSION " on ", thm_board_name);
    need_credentials(f);
    need(f, open_port(f));
    need(f, open_client(f));
    need(f, calls_open(f));
    f->pause_ms = PAUSE_MS;
    cursors_load(&f->cursors, &f->port.base, &f->client);
    join_rooms(f);
    front_begin(f);
    for (;;)
        turn(f);
}
