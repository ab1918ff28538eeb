#include "pcap.h"

#include <time.h>

FILE *pcap_open(const char *path)
{
    /* Magic number, version 2.4, UTC, accuracy, longest frame, Ethernet: of the host's byte order. */
    static const uint32_t header[] = {0xA1B2C3D4, 0x00040002, 0, 0, 65535, 1};
    FILE *capture = fopen(path, "wb");
    if (capture != NULL)
        fwrite(header, sizeof header, 1, capture);
    return capture;
}

void pcap_write(FILE *capture, const struct frame *f)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    uint32_t header[] = {(uint32_t)t.tv_sec, (uint32_t)(t.tv_nsec / 1000), (uint32_t)f->len,
                         (uint32_t)f->len};
    fwrite(header, sizeof header, 1, capture);
    fwrite(f->bytes, f->len, 1, capture);
    fflush(capture);
}
