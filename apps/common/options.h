/*
 * Options: one table per program drives the command line, the configuration file (`name = value`, the same
 * names) and --help.
 */
#ifndef THIMBLE_OPTIONS_H
#define THIMBLE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define OPTION_LIST_MAX 16

/* What a value is, and the type that it has in the settings. */
enum option_kind {
    OPTION_TEXT, /* const char *; NULL when not given */
    OPTION_FILE, /* const char *; in a file relative to that file, "~/" is the home directory */
    OPTION_FILE_OR_NONE, /* the same, or "none" */
    OPTION_NUMBER,       /* unsigned, min..max */
    OPTION_RATE, /* struct option_rate: "RATE/BURST", each up to max and the second 1 or more; or "0" */
    OPTION_FLAG,   /* bool; "yes" or "no" in a file */
    OPTION_CHOICE, /* unsigned: index among the words of `arg`, "text|json" */
    OPTION_LIST    /* struct option_list: may be repeated */
};

struct option_list {
    const char *items[OPTION_LIST_MAX];
    unsigned count;
};

struct option_rate {
    unsigned rate, burst;
};

struct option_row {
    const char *name; /* "cafile": --cafile FILE, or cafile = FILE */
    char letter;      /* 'p' for -p; 0: none */
    enum option_kind kind;
    size_t at;            /* offset in the settings */
    const char *arg;      /* what --help calls the value; NULL for a flag */
    const char *fallback; /* as it would be typed; NULL: none */
    unsigned min, max;    /* of a number */
    const char *help;
};

struct program {
    const char *name;
    const char *synopsis;           /* after the name: "[OPTION]..." */
    const char *purpose;            /* one or more lines */
    const struct option_row *table; /* ended by a NULL name */
    unsigned exit_codes;            /* OF_SERVER, OF_CLIENT ... */
    const char *config;             /* configuration file that need not exist; NULL: none */
    /* Offset of an int in the settings that receives the index of the first argument that is no option, with which the
     * options end; 0: such arguments are none of this program's. */
    size_t operands;
    void (*more_help)(void); /* prints what --help says besides; NULL: nothing */
};

/* options_parse() succeeded: the program goes on. */
#define OPTIONS_OK (-1)

/**
 * Fills in the settings: what the command line says, else the configuration file (--config, or
 * program->config), else the default. Values are never freed: they live as long as the process.
 *
 * @param settings  zeroed
 * @return OPTIONS_OK; or the exit code after help, the version or an error was printed
 */
int options_parse(const struct program *program, int argc, char **argv, void *settings);

#endif
