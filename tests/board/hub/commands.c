#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 4

/* `words` are the command, a board's name, and its arguments; missing ones are "". */
typedef const char *command(struct lan *l, struct board *b, char *const words[WORDS]);

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

#define FAULT_COMMAND(name)                                                                        \
    static const char *set_##name(struct lan *l, struct board *b, char *const words[WORDS])        \
    {                                                                                              \
        (void)l;                                                                                   \
        b->from.faults.name = b->to.faults.name = number(words[2]);                                \
        return NULL;                                                                               \
    }
FAULT_COMMAND(loss)
FAULT_COMMAND(duplicate)
FAULT_COMMAND(reorder)
FAULT_COMMAND(delay)
FAULT_COMMAND(jitter)

static const char *cut(struct lan *l, struct board *b, char *const words[WORDS])
{
    bool is_cut = strcmp(words[0], "cut") == 0;
    (void)l;
    link_cut(&b->from, is_cut);
    link_cut(&b->to, is_cut);
    return NULL;
}

static const char *reset(struct lan *l, struct board *b, char *const words[WORDS])
{
    struct frame f;
    (void)l, (void)words;
    if (!inject_reset(&b->injector, &f))
        return "it has no connection";
    link_put(&b->to, &f, lan_now_ms());
    return NULL;
}

static const char *inject(struct lan *l, struct board *b, char *const words[WORDS])
{
    struct frame f = {0};
    size_t digits = strspn(words[2], "0123456789abcdefABCDEF");
    (void)l;
    if (words[2][digits] != '\0' || digits % 2 != 0 || digits < 2 * ETH_HEADER ||
        digits > 2 * FRAME_MAX)
        return "hexadecimal digits of a frame are expected";
    for (const char *hex = words[2]; *hex != '\0'; hex += 2)
        sscanf(hex, "%2hhx", &f.bytes[f.len++]);
    link_put(&b->to, &f, lan_now_ms());
    return NULL;
}

static const char *fuzz(struct lan *l, struct board *b, char *const words[WORDS])
{
    (void)l;
    b->injector.fuzz = number(words[2]);
    return NULL;
}

static const char *flood(struct lan *l, struct board *b, char *const words[WORDS])
{
    (void)l;
    b->injector.flood_port = (uint16_t)number(words[2]);
    b->injector.flood = number(words[3]);
    return NULL;
}

static const char *forward(struct lan *l, struct board *b, char *const words[WORDS])
{
    int port = gateway_forward(l->gateway, b->ip, (uint16_t)number(words[2]));
    if (port < 0)
        return "no port is free";
    printf("{\"port\":%d}\n", port);
    return NULL;
}

static const char *count(struct lan *l, struct board *b, char *const words[WORDS])
{
    (void)l, (void)words;
    printf(
        "{\"board\":\"%s\",\"ip\":\"%u.%u.%u.%u\",\"sent\":%lu,\"sent_bytes\":%lu,\"received\":%lu,"
        "\"received_bytes\":%lu,\"injecting\":%u}\n",
        b->name, b->ip[0], b->ip[1], b->ip[2], b->ip[3], b->sent.frames, b->sent.bytes,
        b->received.frames, b->received.bytes, b->injector.fuzz + b->injector.flood);
    return NULL;
}

static const struct {
    const char *name, *arguments, *what;
    command *run;
} commands[] = {
    {"loss", "BOARD PERCENT", "loses so many frames, in both directions", set_loss},
    {"duplicate", "BOARD PERCENT", "delivers so many frames twice", set_duplicate},
    {"reorder", "BOARD PERCENT", "holds so many frames back, so that others overtake them",
     set_reorder},
    {"delay", "BOARD MS", "delivers so much later", set_delay},
    {"jitter", "BOARD MS", "and up to so much more", set_jitter},
    {"cut", "BOARD", "cuts the link", cut},
    {"restore", "BOARD", "restores it", cut},
    {"reset", "BOARD", "ends its connection, as a NAT does that forgot it", reset},
    {"inject", "BOARD HEX", "sends the board one frame", inject},
    {"fuzz", "BOARD COUNT", "sends it damaged frames", fuzz},
    {"flood", "BOARD PORT COUNT", "sends it SYNs", flood},
    {"forward", "BOARD PORT", "opens a port of the host for the board's: {\"port\":N}", forward},
    {"count", "BOARD", "its address and traffic, and the frames still to be injected", count},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static const char *obey(struct lan *l, char *const words[WORDS])
{
    struct board *b = lan_find(l, words[1]);
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(words[0], commands[i].name) == 0)
            return b != NULL ? commands[i].run(l, b, words) : "no such board";
    return "no such command";
}

void command_obey(struct lan *l, char *line)
{
    char *words[WORDS] = {"", "", "", ""}, *rest = line;
    for (size_t i = 0; i < WORDS; i++) {
        char *word = strsep(&rest, " ");
        words[i] = word != NULL ? word : "";
    }
    const char *trouble = obey(l, words);
    if (trouble != NULL)
        printf("{\"error\":\"%s\"}\n", trouble);
    else
        printf("{\"done\":\"%s\"}\n", words[0]);
    fflush(stdout);
}

void command_help(void)
{
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-10s %-18s %s\n", commands[i].name, commands[i].arguments, commands[i].what);
}
