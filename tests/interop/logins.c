/*
 * logins PORT CERT KEY COUNT: logs in so many times, one after another, and says how many were granted, how many were
 * refused with a time to wait, and how long all took in milliseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls_peer.h"

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    unsigned granted = 0, refused = 0;
    if (argc != 5) {
        fputs("Usage: logins PORT CERT KEY COUNT\n", stderr);
        return 2;
    }
    SSL_CTX *context = peer_context(argv[2], argv[3]);
    long begun = now_ms();
    for (int i = atoi(argv[4]); i > 0; i--) {
        struct tls_peer p;
        peer_greet(&p, (uint16_t)atoi(argv[1]), context);
        if (!peer_hear(&p, "}\n")) /* a whole line */
            peer_die("no answer to a hello");
        granted += strstr(peer_heard(), "\"status\":\"GRANTED\"") != NULL;
        refused +=
            strstr(peer_heard(), "\"status\":\"REFUSED\",\"retry_after\":1,\"code\":\"limit\","
                                 "\"reason\":\"this device logs in too often") != NULL;
        peer_end(&p);
    }
    printf("%u %u %ld\n", granted, refused, now_ms() - begun);
    SSL_CTX_free(context);
    return 0;
}
