/*
 * A board, a network and a client that are none: what a front asks of them is noted here, and what they answer is set
 * here.
 */
#ifndef TEST_STAND_IN_H
#define TEST_STAND_IN_H

#include "firmware.h"

struct stand_in {
    struct firmware firmware;
    bool led;
    bool has_sensor;
    int32_t milli; /* degrees */
    char console[8192];
    size_t console_len;
    /* what the client was asked, one line each, such as "say #lobby text" */
    char asked[8192];
    unsigned requests;
    int code; /* what it answers; THM_OK notes it */
};

extern struct stand_in stand_in;

void stand_in_clear(void);

/** The lines asked for, or printed at the UART, since the last time. */
const char *stand_in_asked(void);
const char *stand_in_printed(void);

/** A line of the server's, as an event. */
void stand_in_line(const struct thm_msg *m);

/** Provisions one more list of who may command what. */
void stand_in_allow(const char *list);

#endif
