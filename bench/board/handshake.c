/*
 * thimble-handshake: counts what a handshake costs a board's client. Client and server meet in memory, both on the
 * board; the time of the client's own turns is counted with SysTick, which under QEMU's `-icount shift=0` is a count of
 * instructions. Credentials are two blobs: a client's in slot 0, a server's in slot 1.
 */
#include <string.h>

#include "provision.h"
#include "thimble/board.h"
#include "util/text.h"

#define PIPE    4096u
#define DOMAIN  24000u
#define UTC_S   1798761600u /* 2027-01-01: within what thimble-ca issues today */
#define SYSTICK ((const volatile uint32_t *)0xE000E010u) /* CTRL, LOAD, VAL (ARMv7-M, B3.3) */
#define NS_TICK 40u /* AN385: 25 MHz; one instruction is one ns under icount shift=0 */
#define CLIENT  1u
#define SERVER  2u
#define ENOUGH  200 /* turns: more means that it hangs */

/* What an end has sent and the other has not taken. */
struct pipe {
    bool closed;
    size_t len;
    unsigned char bytes[PIPE];
};

static struct pipe pipes[2];
static struct thm_credentials credentials[2];
static struct provision provisions[2];
static struct thm_tls_domain *domains[2];
static struct thm_tls ends[2];
static struct thm_tls_session session;
static _Alignas(16) unsigned char memory[2][DOMAIN];

/* --- a port of two sockets ------------------------------------------------------------------------ */

static enum thm_io pair_recv(struct thm_port *port, thm_socket s, void *buf, size_t cap, size_t *n)
{
    struct pipe *from = &pipes[s == CLIENT];
    (void)port;
    *n = cap < from->len ? cap : from->len;
    if (*n == 0)
        return from->closed ? THM_IO_EOF : THM_IO_AGAIN;
    memcpy(buf, from->bytes, *n);
    from->len -= *n;
    memmove(from->bytes, from->bytes + *n, from->len);
    return THM_IO_OK;
}

static enum thm_io pair_send(struct thm_port *port, thm_socket s, const void *buf, size_t len,
                             size_t *n)
{
    struct pipe *to = &pipes[s == SERVER];
    (void)port;
    *n = len < PIPE - to->len ? len : PIPE - to->len;
    if (*n == 0)
        return THM_IO_AGAIN;
    memcpy(to->bytes + to->len, buf, *n);
    to->len += *n;
    return THM_IO_OK;
}

static enum thm_io pair_want(struct thm_port *port, thm_socket s, size_t n)
{
    const struct pipe *from = &pipes[s == CLIENT];
    (void)port;
    if (from->len >= n)
        return THM_IO_OK;
    return from->closed ? THM_IO_EOF : THM_IO_AGAIN;
}

static void pair_close(struct thm_port *port, thm_socket s)
{
    (void)port;
    pipes[s == SERVER].closed = true;
}

/* The same at each start, so that two runs count the same. */
static int pair_entropy(struct thm_port *port, void *buf, size_t len)
{
    static uint32_t state = 1;
    (void)port;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        ((unsigned char *)buf)[i] = (unsigned char)(state >> 24);
    }
    return THM_OK;
}

static const struct thm_port_ops pair_ops = {
    .recv = pair_recv,
    .send = pair_send,
    .want = pair_want,
    .shutdown = pair_close,
    .close = pair_close,
    .abort = pair_close,
    .entropy = pair_entropy,
};
static struct thm_port pair = {&pair_ops};

/* --- counting --------------------------------------------------------------------------------------- */

static void say(const char *what, uint64_t number)
{
    char text[64];
    struct thm_text t;
    thm_text_init(&t, text, sizeof text);
    thm_text_str(&t, what);
    thm_text_char(&t, ' ');
    thm_text_uint(&t, number, 0);
    thm_text_str(&t, "\r\n");
    thm_board_write(t.data, t.len);
}

static _Noreturn void stop(const char *what, int code)
{
    if (code != THM_OK)
        say(what, (uint64_t)-code);
    for (;;)
        thm_board_idle(1000);
}

static uint64_t ticks(void)
{
    uint64_t ms = thm_board_now_ms();
    uint32_t value = SYSTICK[2];
    if (thm_board_now_ms() != ms)
        return ticks();
    return ms * (SYSTICK[1] + 1) + (SYSTICK[1] - value);
}

/* Both ends in turn until the client is open; returns the ticks of the client's turns. */
static uint64_t shake_hands(void)
{
    uint64_t spent = 0;
    memset(pipes, 0, sizeof pipes);
    memset(ends, 0, sizeof ends);
    int code = thm_tls_accept(&ends[1], domains[1], SERVER);
    uint64_t from = ticks();
    if (code == THM_OK)
        code = thm_tls_connect(&ends[0], domains[0], CLIENT, provisions[0].server_name, &session);
    if (code != THM_OK)
        stop("failed", code);
    for (int turn = 0; ends[0].phase != THM_TLS_OPEN || ends[1].phase != THM_TLS_OPEN; turn++) {
        if (turn == ENOUGH || ends[0].phase == THM_TLS_CLOSED)
            stop("refused", ends[0].error != THM_OK ? ends[0].error : THM_E_TIMEOUT);
        thm_tls_advance(&ends[0], THM_EV_READ | THM_EV_WRITE, UTC_S);
        spent += ticks() - from;
        thm_tls_advance(&ends[1], THM_EV_READ | THM_EV_WRITE, UTC_S);
        from = ticks();
    }
    thm_tls_abort(&ends[0], THM_OK);
    thm_tls_abort(&ends[1], THM_OK);
    return spent;
}

static void open_domain(unsigned i, enum thm_role role)
{
    const struct thm_tls_config config = {.role = role,
                                          .port = &pair,
                                          .alpn = "thimble/1",
                                          .connections = 1,
                                          .handshakes = 1,
                                          .in_buffers = 1,
                                          .out_buffers = 1,
                                          .sessions = 1};
    enum provision_result found =
        provision_read(thm_board_provision(i), THM_BOARD_PROVISION_SIZE, &provisions[i]);
    if (found != PROVISION_OK || provisions[i].role != role)
        stop("no blob", -(int)i - 1);
    int code = thm_credentials_set(&credentials[i], &provisions[i].parts, role);
    if (code == THM_OK)
        code = thm_tls_domain_init(&domains[i], memory[i], sizeof memory[i], &config);
    if (code != THM_OK)
        stop("failed", code);
    thm_tls_domain_set(domains[i], &credentials[i], NULL);
}

int main(void)
{
    thm_board_init();
    open_domain(0, THM_FOR_CLIENT);
    open_domain(1, THM_FOR_SERVER);
    say("full", shake_hands() * NS_TICK);
    say("resumed", shake_hands() * NS_TICK);
    say("done", 1);
    stop("", THM_OK);
}
