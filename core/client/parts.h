/*
 * Putting long messages together. Parts of one message come in order, because a stream keeps its sender's
 * order, but parts of several senders interleave.
 */
#ifndef THM_CLIENT_PARTS_H
#define THM_CLIENT_PARTS_H

#include "thimble/console.h"

enum thm_parts_got {
    THM_PARTS_ALONE, /* it can't be put together: show this part as it is */
    THM_PARTS_HELD,  /* it is kept until the rest comes */
    THM_PARTS_WHOLE  /* it was the last: the text is complete */
};

/* A message that will never be whole. */
struct thm_parts_rest {
    const char *room, *from; /* terminated; valid until the next call of this module */
    struct thm_slice text;
    unsigned have, parts;
};

/** Divides `size` bytes at `memory` (may be NULL) into `count` slots, at least one. */
void thm_parts_init(struct thm_parts *p, char *memory, size_t size, uint32_t count);

/**
 * Tells which kept message must be given up for `m`: the same sender's that was broken off, or the one
 * that waited longest when there is no room. Ask before thm_parts_add().
 *
 * @return true: `rest` says what is lost; show it
 */
bool thm_parts_give_up(struct thm_parts *p, const struct thm_msg *m, struct thm_parts_rest *rest);

/**
 * Adds one part.
 *
 * @param m     message, whisper or past with the keys part, parts and of
 * @param text  WHOLE: receives the text, valid until the next call of this module
 */
enum thm_parts_got thm_parts_add(struct thm_parts *p, const struct thm_msg *m,
                                 struct thm_slice *text);

#endif
