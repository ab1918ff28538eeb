#include "sim_talk.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

enum { NUMBER = 8443, LISTENER_TAG = 1, FIRST_TAG = 2, CHUNK = 5000 };

static struct thm_port *port_of(struct talker *t)
{
    return sim_host_port(t->host);
}

/* The byte at a place of a stream; the two directions differ. */
static uint8_t pattern(uint32_t at, bool of_caller)
{
    return (uint8_t)((at * 2654435761u >> 13) + (of_caller ? 0 : 101));
}

static void progress(struct talker *t)
{
    bool waits = t->patience != 0 && !t->done && (t->stream != THM_SOCKET_NONE || t->retry_open);

    t->deadline = waits ? sim_host_now(t->host) + t->patience : SIM_FOREVER;
}

static void start_stream(struct talker *t)
{
    t->tag++;
    t->closed = t->eof = t->finished = false;
    t->sent = t->received = 0;
}

static void open_up(struct talker *t)
{
    const struct thm_port_ops *ops = port_of(t)->ops;

    if (t->done)
        return;
    t->retry_open = false;
    if (t->calls) {
        start_stream(t);
        if (ops->connect(port_of(t), "callee", NUMBER, t->tag, &t->stream) != 0)
            t->retry_open = true;
    } else if (t->listener == THM_SOCKET_NONE) {
        if (ops->listen(port_of(t), "0.0.0.0", NUMBER, LISTENER_TAG, &t->listener) != 0)
            t->retry_open = true;
    }
    progress(t);
}

/* The stream ends, for good or bad. */
static void leave(struct talker *t, bool abort)
{
    const struct thm_port_ops *ops = port_of(t)->ops;

    if (abort)
        ops->abort(port_of(t), t->stream);
    else
        ops->close(port_of(t), t->stream);
    t->stream = THM_SOCKET_NONE;
    progress(t);
    if (t->calls)
        open_up(t);
}

static void lost(struct talker *t)
{
    t->broken++;
    leave(t, true);
}

static void read_on(struct talker *t)
{
    const struct thm_port_ops *ops = port_of(t)->ops;
    uint8_t buf[CHUNK];
    size_t n;

    while (t->stream != THM_SOCKET_NONE && !t->eof) {
        size_t cap = 1 + (size_t)sim_world_random(t->world, sizeof buf);
        enum thm_io io = ops->recv(port_of(t), t->stream, buf, cap, &n);
        if (io == THM_IO_ERROR) {
            lost(t);
            return;
        }
        t->eof = io == THM_IO_EOF;
        for (size_t i = 0; i < n; i++)
            assert_int_equal(buf[i], pattern(t->received++, !t->calls));
        assert_true(t->received <= t->amount);
        if (n > 0)
            progress(t);
        if (io == THM_IO_AGAIN || (n < cap && !t->closed))
            return;
    }
}

static void write_on(struct talker *t)
{
    const struct thm_port_ops *ops = port_of(t)->ops;
    uint8_t buf[CHUNK];
    size_t n = 1;

    while (t->stream != THM_SOCKET_NONE && t->sent < t->amount) {
        uint32_t len = (uint32_t)(1 + sim_world_random(t->world, sizeof buf));
        len = len < t->amount - t->sent ? len : t->amount - t->sent;
        for (uint32_t i = 0; i < len; i++)
            buf[i] = pattern(t->sent + i, t->calls);
        enum thm_io io = ops->send(port_of(t), t->stream, buf, len, &n);
        if (io == THM_IO_ERROR) {
            lost(t);
            return;
        }
        t->sent += (uint32_t)n;
        if (n > 0)
            progress(t);
        if (n < len)
            return;
    }
}

/* All sent: say so. All received as well: done. */
static void finish(struct talker *t)
{
    if (t->stream == THM_SOCKET_NONE || t->sent < t->amount)
        return;
    if (!t->finished)
        port_of(t)->ops->shutdown(port_of(t), t->stream);
    t->finished = true;
    if (!t->eof)
        return;
    assert_int_equal(t->received, t->amount);
    t->done = t->calls;
    leave(t, false);
}

static void take_caller(struct talker *t)
{
    const struct thm_port_ops *ops = port_of(t)->ops;
    enum thm_io io;
    thm_socket s;

    while ((io = ops->accept(port_of(t), t->listener, t->tag + 1, &s)) != THM_IO_AGAIN) {
        if (io != THM_IO_OK)
            continue;
        if (t->stream != THM_SOCKET_NONE)
            leave(t, true);
        start_stream(t);
        t->stream = s;
        progress(t);
        write_on(t);
    }
}

static void step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct talker *t = ctx;

    if (now_ms >= t->deadline) {
        t->late++;
        t->deadline = SIM_FOREVER;
        if (t->stream != THM_SOCKET_NONE)
            leave(t, true);
        else
            open_up(t);
    }
    for (int i = 0; i < n; i++) {
        if (events[i].tag == LISTENER_TAG)
            take_caller(t);
        if (events[i].tag != t->tag || t->stream == THM_SOCKET_NONE)
            continue;
        t->closed = t->closed || (events[i].what & THM_EV_CLOSED) != 0;
        if ((events[i].what & (THM_EV_READ | THM_EV_CLOSED)) != 0)
            read_on(t);
        if (t->stream != THM_SOCKET_NONE && (events[i].what & THM_EV_WRITE) != 0)
            write_on(t);
        finish(t);
    }
}

static uint64_t deadline(void *ctx)
{
    return ((struct talker *)ctx)->deadline;
}

void talker_run(struct talker *t)
{
    t->listener = t->stream = THM_SOCKET_NONE;
    t->tag += FIRST_TAG;
    sim_host_run(t->host, &(struct sim_program){t, step, deadline});
    open_up(t);
}

void talk_start(struct talk *talk, uint64_t seed, const struct sim_faults *faults, uint32_t amount,
                uint64_t patience)
{
    *talk = (struct talk){.world = sim_world_new(seed)};
    sim_world_faults(talk->world, faults);
    struct talker *both[] = {&talk->callee, &talk->caller};
    for (int i = 0; i < 2; i++) {
        both[i]->world = talk->world;
        both[i]->calls = i == 1;
        both[i]->amount = amount;
        both[i]->patience = patience;
        both[i]->host = sim_host_new(talk->world, i == 1 ? "caller" : "callee");
        talker_run(both[i]);
    }
}

static bool finished(void *ctx)
{
    struct talk *talk = ctx;

    return talk->caller.done && talk->caller.stream == THM_SOCKET_NONE &&
           talk->callee.stream == THM_SOCKET_NONE;
}

bool talk_finish(struct talk *talk, uint64_t limit_ms)
{
    return sim_world_run_until(talk->world, finished, talk, limit_ms);
}

void talk_end(struct talk *talk)
{
    assert_int_equal(sim_host_open_sockets(talk->caller.host), 0);
    assert_int_equal(sim_host_open_sockets(talk->callee.host), 1);
    sim_world_free(talk->world);
}
