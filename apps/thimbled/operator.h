/* The operator's console, when thimbled is started at a terminal. */
#ifndef THIMBLED_OPERATOR_H
#define THIMBLED_OPERATOR_H

#include "editor.h"
#include "log.h"
#include "thimble/server.h"

struct operator_console {
    struct editor *editor;
    struct thm_server *server;
    struct log *log;
    uint64_t started_ms; /* UTC */
    void (*quit)(void *ctx);
    void *ctx;
};

/** Opens the console over stdin and stdout. `quit` is called when the operator wants to stop the server. */
bool operator_open(struct operator_console *o, struct thm_server *server, struct log *log,
                   void (*quit)(void *ctx), void *ctx);

#endif
