#include "firmware.h"

#if THM_CALLS > 0

#define TAG_CALLS 2 /* behind the client's */

static void on_event(void *ctx, const struct thm_call_event *event)
{
    front_call(ctx, event);
}

int calls_open(struct firmware *f)
{
    const struct thm_calls_config config = {.port = &f->port.base,
                                            .client = &f->client,
                                            .credentials = &f->credentials,
                                            .listen = "0.0.0.0",
                                            .known_as = f->provision.known_as,
                                            .auto_answer = front_answers,
                                            .tag = TAG_CALLS,
                                            .tls_memory = f->calls.tls_memory,
                                            .tls_memory_size = sizeof f->calls.tls_memory,
                                            .on_event = on_event,
                                            .ctx = f};
    return thm_calls_init(&f->calls.calls, &config);
}

uint64_t calls_deadline(const struct firmware *f)
{
    return thm_calls_deadline(&f->calls.calls);
}

void calls_turn(struct firmware *f, const struct thm_event *events, int n)
{
    thm_calls_step(&f->calls.calls, f->now, events, n);
}

void calls_event(struct firmware *f, const struct thm_client_event *event)
{
    thm_calls_client_event(&f->calls.calls, event);
}

#endif
