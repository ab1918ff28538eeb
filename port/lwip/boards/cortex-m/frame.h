/*
 * Frames between pbufs and a controller's FIFO of words. Both controllers put two bytes before a frame, which
 * ETH_PAD_SIZE leaves room for: a frame's words are those of its pbufs.
 */
#ifndef THIMBLE_BOARD_FRAME_H
#define THIMBLE_BOARD_FRAME_H

#include <stdint.h>

#include "lwip/pbuf.h"

#if ETH_PAD_SIZE != 2 || MEM_ALIGNMENT != 4
#error "the Ethernet drivers of these boards need ETH_PAD_SIZE 2 and MEM_ALIGNMENT 4"
#endif

/**
 * Reads what waits in a FIFO into a frame out of the pool.
 *
 * @param first  word of the frame, read already
 * @param words  to be read after it, those of the checksum included
 * @param len    bytes of the frame, with the two before it and without the checksum; 0: it is of no use
 * @return NULL: `len` is 0, or the pool is empty; the words have been read
 */
static inline struct pbuf *thm_frame_read(volatile const uint32_t *fifo, uint32_t first,
                                          unsigned words, uint16_t len)
{
    struct pbuf *frame = len == 0 ? NULL : pbuf_alloc(PBUF_RAW, len, PBUF_POOL);
    /* A buffer of the pool is aligned and made of whole words: the last one takes no more than it holds. */
    for (struct pbuf *part = frame; part != NULL; part = part->next) {
        uint32_t *to = part->payload;
        unsigned n = (part->len + 3u) / 4;
        if (part == frame) {
            *to++ = first;
            n--;
        }
        for (; n > 0; n--, words--)
            *to++ = *fifo;
    }
    for (; words > 0; words--)
        (void)*fifo;
    return frame;
}

/** Writes a frame into a FIFO, as whole words. */
static inline void thm_frame_write(volatile uint32_t *fifo, const struct pbuf *frame)
{
    uint32_t word = 0;
    unsigned shift = 0;
    for (; frame != NULL; frame = frame->next)
        for (unsigned i = 0; i < frame->len; i++) {
            word |= (uint32_t)((const uint8_t *)frame->payload)[i] << shift;
            shift += 8;
            if (shift == 32) {
                *fifo = word;
                word = shift = 0;
            }
        }
    if (shift != 0)
        *fifo = word;
}

#endif
