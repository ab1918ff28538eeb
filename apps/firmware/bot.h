/*
 * A bot: a board without a terminal, which obeys the commands of those who may command it, says in its room when a
 * watched value leaves its limits, and keeps a short state there. What it can do stands in bot_table.c, the one file
 * to extend; bot.c is the machinery.
 */
#ifndef FIRMWARE_BOT_H
#define FIRMWARE_BOT_H

#include "firmware.h"
#include "util/text.h"

#define BOT_ANSWER 200 /* bytes of the longest answer, terminator included */

/* One command. */
struct bot_command {
    const char *name; /* lower-case; what an ALLOW names */
    const char *args; /* "on|off", or "" */
    const char *help; /* a few words */
    /* Does it and appends the answer. False: it failed, and the answer says why. `args` has no blanks at its ends. */
    bool (*run)(struct firmware *f, struct thm_slice args, struct thm_text *answer);
};

/* One value that is watched, in thousandths of its unit. */
struct bot_watch {
    const char *name;              /* "temperature" */
    const char *unit;              /* "C" */
    bool (*read)(int32_t *value);  /* false: there is none */
    int32_t low, high, hysteresis; /* back to normal is within the limits by `hysteresis` */
};

/** The tables of bot_table.c. */
extern const struct bot_command bot_commands[];
extern const unsigned bot_command_count;
extern const struct bot_watch bot_watches[];
extern const unsigned bot_watch_count;

/** Appends what the room is to know of the board, such as "led on, 41.2 C"; it is set anew when it changes. */
void bot_state(struct thm_text *t);

/** Appends a number of thousandths with one decimal: "-0.5". */
void bot_append_milli(struct thm_text *t, int32_t milli);

/** Appends a time as "12 s", "5 min", "3 h" or "4 d". */
void bot_append_uptime(struct thm_text *t, uint64_t ms);

/** Whether somebody may give a command, by the lists of the provisioning. */
bool bot_allows(const struct provision *p, struct thm_slice user, struct thm_slice device,
                struct thm_slice command);

#endif
