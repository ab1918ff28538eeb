/*
 * A server on a board: four clients, all that is said kept in RAM, and a line on the UART for each thing that happens.
 */
#include <string.h>

#include "provision.h"
#include "thimble/board.h"
#include "thimble/server.h"
#include "util/text.h"

_Static_assert(!THM_PACKED_TEXTS, "what a server says goes over the wire as it is");

#define CLIENTS 4
#define EVENTS  8
#define TURN_MS 500u /* the network's changes are no events */

/* Bytes; the start fails if they are too few. */
#define STORE_MEMORY  (528u * 1024)
#define SERVER_MEMORY (468u * 1024)

static struct {
    struct provision provision;
    struct thm_port_lwip port;
    struct thm_credentials credentials;
    struct thm_server *server;
    uint64_t now;
    char address[16]; /* "": there is none */
    _Alignas(16) unsigned char store_memory[STORE_MEMORY];
    _Alignas(16) unsigned char server_memory[SERVER_MEMORY];
} board;

/* --- the UART ------------------------------------------------------------------------------------- */

static void put(const char *text)
{
    thm_board_write(text, strlen(text));
}

static void say(const char *a, const char *b, const char *c)
{
    put(a);
    put(b);
    put(c);
    put("\r\n");
}

static bool key_pressed(void)
{
    bool any = false;
    while (thm_board_getc() >= 0)
        any = true;
    return any;
}

/* Does nothing and says so, again at any key. */
static _Noreturn void stay_safe(const char *a, const char *b, const char *c)
{
    for (;;) {
        say(a, b, c);
        while (!thm_board_input_waits())
            thm_board_idle(UINT32_MAX);
        key_pressed();
    }
}

static void need_memory(const char *what, size_t needed, size_t has)
{
    char text[48];
    struct thm_text t;
    thm_text_init(&t, text, sizeof text);
    thm_text_uint(&t, needed, 0);
    thm_text_str(&t, " of ");
    thm_text_uint(&t, has, 0);
    thm_text_str(&t, " bytes");
    say("* ", what, text);
    if (needed > has)
        stay_safe("! can't start: ", thm_error_text(THM_E_MEMORY), "");
}

static void need(int code)
{
    if (code != THM_OK)
        stay_safe("! can't start: ", thm_error_text(code), "");
}

/* --- the log -------------------------------------------------------------------------------------- */

static void append_time(struct thm_text *t, uint64_t seconds)
{
    thm_text_char(t, '[');
    thm_text_uint(t, seconds / 3600, 0);
    thm_text_char(t, ':');
    thm_text_uint(t, seconds / 60 % 60, 2);
    thm_text_char(t, ':');
    thm_text_uint(t, seconds % 60, 2);
    thm_text_str(t, "] ");
}

static void append_who(struct thm_text *t, const struct thm_log_record *r)
{
    char address[THM_ADDRESS_TEXT_MAX];
    if (r->user) {
        thm_text_char(t, ' ');
        thm_text_str(t, r->user);
        thm_text_char(t, '@');
        thm_text_str(t, r->device);
    }
    if (r->address) {
        thm_address_text(r->address, address);
        thm_text_str(t, " at ");
        thm_text_str(t, address);
    }
}

static void append_what(struct thm_text *t, const struct thm_log_record *r)
{
    if (r->room) {
        thm_text_char(t, ' ');
        thm_text_str(t, r->room);
    }
    if (r->n != 0) {
        thm_text_str(t, " entry ");
        thm_text_uint(t, r->n, 0);
    }
    if (r->size != 0) {
        thm_text_str(t, ", ");
        thm_text_uint(t, r->size, 0);
        thm_text_str(t, " B");
    }
}

static void append_why(struct thm_text *t, const struct thm_log_record *r)
{
    if (r->code != THM_OK) {
        thm_text_str(t, ": ");
        thm_text_str(t, thm_error_text(r->code));
    }
    if (r->detail) {
        thm_text_str(t, " (");
        thm_text_str(t, r->detail);
        thm_text_char(t, ')');
    }
}

/* The details are the server's own words, names it has checked, and an agent, which is printable. */
static void on_log(void *ctx, const struct thm_log_record *r)
{
    char line[512];
    struct thm_text t;
    (void)ctx;
    if (r->level == THM_LOG_DEBUG)
        return;
    thm_text_init(&t, line, sizeof line);
    append_time(&t, board.now / 1000);
    thm_text_str(&t, r->event);
    append_who(&t, r);
    append_what(&t, r);
    append_why(&t, r);
    say(r->level <= THM_LOG_WARNING ? "! " : "* ", line, "");
}

/* --- start ---------------------------------------------------------------------------------------- */

static void need_credentials(void)
{
    static const char *const faults[] = {[PROVISION_NONE] = "missing",
                                         [PROVISION_DAMAGED] = "damaged",
                                         [PROVISION_VERSION] = "for newer firmware"};
    enum provision_result result = provision_find(&board.provision);
    const char *fault = faults[result];
    if (result == PROVISION_OK && board.provision.role != THM_FOR_SERVER)
        fault = "a client's";
    if (fault)
        stay_safe("! this board's credentials are ", fault,
                  ": flash others, made by thimble-ca board --as-server");
}

static int open_port(void)
{
    const struct provision *p = &board.provision;
    const struct thm_lwip_config config = {.address = p->address,
                                           .hostname = "thimble-server",
                                           .factory_seed = p->seed,
                                           .secret = p->parts.key,
                                           .secret_len = 32,
                                           .time_floor_ms = p->time_floor_ms,
                                           .provision = p->sequence};
    return thm_lwip_init(&board.port, &config);
}

static int open_store(struct thm_store **store)
{
    struct thm_port *port = &board.port.base;
    struct thm_ram_store_config config = {.blocks = 128, .streams = 32, .senders = 64};
    need_memory("messages: ", thm_ram_store_size(&config), sizeof board.store_memory);
    int code = port->ops->entropy(port, &config.seed, sizeof config.seed);
    return code == THM_OK
               ? thm_ram_store_init(store, board.store_memory, sizeof board.store_memory, &config)
               : code;
}

/* One handshake at a time: each keeps the CPU busy for as long as it takes. */
static int open_server(struct thm_store *store)
{
    struct thm_server_config config = {
        .port = &board.port.base, .store = store, .name = thm_board_name, .log = on_log};
    thm_server_config_default(&config, CLIENTS);
    config.spare_clients = 2;
    config.max_handshakes = config.max_per_address = 1;
    config.max_rooms = 8;
    config.max_users = 16;
    config.blocks = 16;
    config.appends = 16;
    config.reads = 4;
    config.devices = 16;
    config.relays = 2;
    need_memory("all else: ", thm_server_size(&config, NULL, 0), sizeof board.server_memory);
    int code =
        thm_server_init(&board.server, board.server_memory, sizeof board.server_memory, &config);
    if (code == THM_OK)
        code = thm_credentials_set(&board.credentials, &board.provision.parts, THM_FOR_SERVER);
    if (code == THM_OK)
        thm_server_set_credentials(board.server, &board.credentials, NULL);
    return code;
}

static void open_all(void)
{
    struct thm_store *store = NULL;
    need_credentials();
    need(open_port());
    need(open_store(&store));
    need(open_server(store));
    need(thm_server_listen(board.server, "0.0.0.0", board.provision.number, NULL));
    say("* this board has no clock: times count from when its credentials were made, as if it had "
        "been started then",
        "", "");
}

/* What a key brings up. */
static void show_status(void)
{
    char line[160];
    struct thm_text t;
    struct thm_server_stats stats;
    thm_server_stats(board.server, &stats);
    thm_text_init(&t, line, sizeof line);
    append_time(&t, board.now / 1000);
    thm_text_uint(&t, stats.sessions, 0);
    thm_text_str(&t, " sessions, ");
    thm_text_uint(&t, stats.messages, 0);
    thm_text_str(&t, " messages taken; stack ");
    thm_text_uint(&t, thm_board_stack_worst(), 0);
    thm_text_str(&t, " of ");
    thm_text_uint(&t, thm_board_stack_size(), 0);
    thm_text_str(&t, " bytes at worst");
    say("* ", line, "");
}

/* --- the loop ------------------------------------------------------------------------------------- */

static void watch_network(void)
{
    char address[16], number[8];
    struct thm_text t;
    if (!thm_lwip_has_address(&board.port, address))
        address[0] = '\0';
    if (strcmp(address, board.address) == 0)
        return;
    strcpy(board.address, address);
    thm_text_init(&t, number, sizeof number);
    thm_text_char(&t, ':');
    thm_text_uint(&t, board.provision.number, 0);
    if (address[0] != '\0')
        say("* listening at ", address, number);
    else
        say("! no address: is the cable plugged in?", "", "");
}

static void turn(void)
{
    struct thm_event events[EVENTS];
    struct thm_port *port = &board.port.base;
    uint64_t until = thm_server_deadline(board.server);
    if (until > board.now + TURN_MS)
        until = board.now + TURN_MS;
    int n = port->ops->wait(port, until, events, EVENTS);
    board.now = thm_board_now_ms();
    thm_server_step(board.server, board.now, events, n);
    watch_network();
    if (key_pressed())
        show_status();
}

int main(void)
{
    thm_board_init();
    say("* thimble-server " THM_VERSION " on ", thm_board_name, "");
    open_all();
    for (;;)
        turn();
}
