/*
 * What the bot can do. To add a command, write its function and a row; to watch a value, likewise. Nothing else has to
 * be touched: help, the lists of who may command what, and the lines in the room go by these tables.
 */
#include <string.h>

#include "bot.h"
#include "thimble/board.h"

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

static bool is(struct thm_slice args, const char *word)
{
    return args.len == strlen(word) && memcmp(args.data, word, args.len) == 0;
}

/* --- commands ----------------------------------------------------------------------------------- */

static bool do_help(struct firmware *f, struct thm_slice args, struct thm_text *answer)
{
    (void)f;
    (void)args;
    for (unsigned i = 0; i < bot_command_count; i++) {
        const struct bot_command *c = &bot_commands[i];
        thm_text_str(answer, i > 0 ? "; " : "");
        thm_text_str(answer, c->name);
        thm_text_str(answer, c->args[0] ? " " : "");
        thm_text_str(answer, c->args);
        thm_text_str(answer, ": ");
        thm_text_str(answer, c->help);
    }
    return true;
}

static bool do_uptime(struct firmware *f, struct thm_slice args, struct thm_text *answer)
{
    (void)args;
    thm_text_str(answer, "up ");
    bot_append_uptime(answer, f->now);
    thm_text_str(answer, ", boot ");
    thm_text_uint(answer, thm_lwip_boots(&f->port), 0);
    return true;
}

static void append_count(struct thm_text *t, const char *what, size_t n)
{
    thm_text_str(t, what);
    thm_text_uint(t, n, 0);
}

static bool do_mem(struct firmware *f, struct thm_slice args, struct thm_text *answer)
{
    struct thm_lwip_usage u;
    (void)args;
    thm_lwip_usage(&f->port, &u);
    append_count(answer, "stack ", thm_board_stack_worst());
    append_count(answer, " of ", thm_board_stack_size());
    append_count(answer, " B at worst, as a full handshake takes it; network: heap ", u.heap);
    append_count(answer, " B, sockets ", u.sockets);
    append_count(answer, ", connections ", u.pcbs);
    append_count(answer, ", segments ", u.segments);
    append_count(answer, ", buffers ", u.pool_buffers);
    return true;
}

#if THM_CALLS > 0
static bool do_call(struct firmware *f, struct thm_slice args, struct thm_text *answer)
{
    char target[2 * THM_ID_MAX + 2];
    unsigned call;
    int code = THM_E_KEY_RANGE;
    if (args.len < sizeof target) {
        memcpy(target, args.data, args.len);
        target[args.len] = '\0';
        code = thm_call_dial(&f->calls.calls, target, &call);
    }
    thm_text_str(answer, code == THM_OK ? "calling" : thm_error_text(code));
    return code == THM_OK;
}
#endif

static bool do_led(struct firmware *f, struct thm_slice args, struct thm_text *answer)
{
    (void)f;
    if (!is(args, "on") && !is(args, "off")) {
        thm_text_str(answer, "say led on or led off");
        return false;
    }
    thm_board_led(is(args, "on"));
    thm_text_str(answer, thm_board_led_is_on() ? "the led is on" : "the led is off");
    return true;
}

static bool do_temp(struct firmware *f, struct thm_slice args, struct thm_text *answer)
{
    int32_t milli;
    (void)f;
    (void)args;
    if (!thm_board_temperature(&milli)) {
        thm_text_str(answer, "this board has no thermometer");
        return false;
    }
    bot_append_milli(answer, milli);
    thm_text_str(answer, " C");
    return true;
}

const struct bot_command bot_commands[] = {
    {"help", "", "this list", do_help},
    {"uptime", "", "time since the start", do_uptime},
    {"mem", "", "stack and network memory", do_mem},
    {"led", "on|off", "switches the light", do_led},
    {"temp", "", "the board's temperature", do_temp},
#if THM_CALLS > 0
    {"call", "USER", "calls that user, who may command it then", do_call},
#endif
};
const unsigned bot_command_count = ROWS(bot_commands);

/* --- values ------------------------------------------------------------------------------------- */

const struct bot_watch bot_watches[] = {
    {"temperature", "C", thm_board_temperature, 0, 60000, 2000},
};
const unsigned bot_watch_count = ROWS(bot_watches);

/* A temperature that moves by less than two degrees is no news: converters of small boards have that much noise. */
void bot_state(struct thm_text *t)
{
    static int32_t shown;
    int32_t milli;
    thm_text_str(t, thm_board_led_is_on() ? "led on" : "led off");
    if (!thm_board_temperature(&milli))
        return;
    if (milli - shown >= 2000 || shown - milli >= 2000)
        shown = milli;
    thm_text_str(t, ", ");
    bot_append_milli(t, shown);
    thm_text_str(t, " C");
}
