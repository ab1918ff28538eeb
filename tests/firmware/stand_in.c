#include "stand_in.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "thimble/board.h"

struct stand_in stand_in;
const char thm_board_name[] = "stand-in";

void stand_in_clear(void)
{
    memset(&stand_in, 0, sizeof stand_in);
    stand_in.has_sensor = true;
    stand_in.milli = 20000;
    stand_in.firmware.now = 1000;
}

static const char *take(char *text)
{
    static char taken[8192];
    strcpy(taken, text);
    text[0] = '\0';
    return taken;
}

const char *stand_in_asked(void)
{
    return take(stand_in.asked);
}

const char *stand_in_printed(void)
{
    stand_in.console_len = 0;
    return take(stand_in.console);
}

void stand_in_line(const struct thm_msg *m)
{
    const struct thm_client_event event = {.kind = THM_CLIENT_LINE, .msg = m};
    front_event(&stand_in.firmware, &event);
}

void stand_in_allow(const char *list)
{
    struct provision *p = &stand_in.firmware.provision;
    p->allows[p->allow_count++] = (struct provision_text){list, strlen(list)};
}

/* --- the client --------------------------------------------------------------------------------------- */

static void note(const char *format, ...)
{
    size_t len = strlen(stand_in.asked);
    va_list args;
    va_start(args, format);
    vsnprintf(stand_in.asked + len, sizeof stand_in.asked - len, format, args);
    va_end(args);
    stand_in.requests++;
}

#define SLICE(m, name) (int)thm_msg_get(m, THM_KEY_##name).len, thm_msg_get(m, THM_KEY_##name).data

int thm_client_request(struct thm_client *c, const struct thm_msg *m)
{
    char line[THM_LINE_MAX];
    size_t len;
    (void)c;
    if (stand_in.code != THM_OK)
        return stand_in.code;
    int code = thm_wire_encode(m, line, sizeof line, &len);
    if (code != THM_OK)
        return code;
    if (m->type == THM_MSG_RESULT)
        note("result %.*s %.*s %.*s%s%.*s: %.*s\n", SLICE(m, TO), SLICE(m, ID), SLICE(m, STATUS),
             thm_msg_has(m, THM_KEY_CODE) ? " " : "", SLICE(m, CODE), SLICE(m, TEXT));
    else
        note("%s %.*s %.*s\n", thm_type_word(m->type), SLICE(m, ROOM), SLICE(m, TEXT));
    return THM_OK;
}

int thm_client_say(struct thm_client *c, const char *to, const char *text, size_t len,
                   uint64_t *csn)
{
    (void)c;
    (void)csn;
    if (stand_in.code == THM_OK)
        note("say %s %.*s\n", to, (int)len, text);
    return stand_in.code;
}

void firmware_say(struct firmware *f, const char *a, const char *b, const char *c)
{
    const char *parts[] = {a, b, c};
    for (unsigned i = 0; i < 3; i++)
        if (parts[i])
            front_print(f, parts[i], strlen(parts[i]), false);
    front_print(f, "", 0, true);
}

/* --- the board ---------------------------------------------------------------------------------------- */

void thm_board_write(const char *bytes, size_t len)
{
    memcpy(stand_in.console + stand_in.console_len, bytes, len);
    stand_in.console_len += len;
    stand_in.console[stand_in.console_len] = '\0';
}

int thm_board_getc(void)
{
    return -1;
}

void thm_board_led(bool on)
{
    stand_in.led = on;
}

bool thm_board_led_is_on(void)
{
    return stand_in.led;
}

bool thm_board_temperature(int32_t *milli_celsius)
{
    *milli_celsius = stand_in.milli;
    return stand_in.has_sensor;
}

size_t thm_board_stack_size(void)
{
    return 6144;
}

size_t thm_board_stack_worst(void)
{
    return 5000;
}

uint32_t thm_lwip_boots(const struct thm_port_lwip *port)
{
    (void)port;
    return 12;
}

void thm_lwip_usage(const struct thm_port_lwip *port, struct thm_lwip_usage *out)
{
    (void)port;
    *out = (struct thm_lwip_usage){1, 2, 3, 4, 5, 600};
}
