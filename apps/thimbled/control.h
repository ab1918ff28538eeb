/*
 * The control socket: the operator's commands for thimblectl, over a Unix socket that file permissions guard. Whoever
 * can write to it may do all that the operator may.
 *
 * The protocol is lines of UTF-8. A request is one line, a command and its arguments as at the console:
 *
 *     kick eve no more of that
 *
 * The answer is any number of lines, and a last one:
 *
 *     1 session ended
 *     ok
 *
 * that is "ok", or "error CODE: SENTENCE". A line before it that is "ok", or begins with "error " or with a space, has a
 * space put in front, which the reader takes away; so the last line can't be mistaken. Several requests may follow each
 * other on a connection, each after the answer to the one before. Of HTTP only so much is answered that Prometheus can
 * be given its numbers: GET /metrics.
 *
 * Nothing here waits. A client has CONTROL_PATIENCE_MS for a request, and to take what waits for him; answers that
 * somebody lets lie are cut off at CONTROL_OUT_MAX bytes.
 */
#ifndef THIMBLED_CONTROL_H
#define THIMBLED_CONTROL_H

#include "thimble/port_posix.h"

#include "buffer.h"
#include "commands.h"
#include "local_socket.h"

#define CONTROL_CLIENTS     8u
#define CONTROL_LINE        (PATH_MAX + 512) /* bytes of a request */
#define CONTROL_PATIENCE_MS 10000u
#ifndef CONTROL_OUT_MAX
#define CONTROL_OUT_MAX (16u << 20)
#endif

enum http { HTTP_NONE, HTTP_HEADERS, HTTP_ANSWER };

struct control_client {
    struct call call; /* first */
    struct control *control;
    int fd;      /* -1: nobody; the place is free once the call is not busy either */
    char by[24]; /* "uid:1000" */
    long pid;
    bool watched, last; /* nothing is read any more: ends when all is sent */
    bool cut;           /* ends at once */
    enum http http;
    const char *refusal;    /* of HTTP: status and reason; NULL: the numbers */
    uint64_t until;         /* ms */
    size_t in_len, headers; /* bytes of a request, and of HTTP's headers */
    char in[CONTROL_LINE];
    struct buffer out;
    size_t sent; /* of out */
};

struct control {
    struct thm_port_posix *port; /* NULL: there is no socket */
    const struct command_host *host;
    uint32_t tag;
    struct local_socket socket;
    bool ready; /* something is to be read or accepted */
    struct control_client clients[CONTROL_CLIENTS];
};

/**
 * Opens the socket, as local_socket_open() does.
 *
 * @param tag    the port reports with it that control_ready() is to be called
 */
enum socket_result control_open(struct control *c, struct thm_port_posix *port, uint32_t tag,
                                const struct command_host *host, const char *path,
                                const char *group, char *why, size_t cap);

/** Notes that the port reported the tag. */
void control_ready(struct control *c);

/** Moves everything on, once a turn of the loop. */
void control_step(struct control *c, uint64_t now_ms);

/** When control_step() is due at the latest, ms; UINT64_MAX: not by itself. */
uint64_t control_deadline(const struct control *c, uint64_t now_ms);

/** Sends what can be sent at once, and takes the socket away. The server is gone, or answers nothing any more. */
void control_close(struct control *c);

#endif
