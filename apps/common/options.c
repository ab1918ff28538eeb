#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "thimble/config.h"

#include "exit_codes.h"
#include "files.h"
#include "report.h"

/* Where a value came from; a stronger source wins over a weaker one. */
enum source { FROM_NOTHING, FROM_DEFAULT, FROM_FILE, FROM_COMMAND_LINE };

#define ROWS_MAX    64
#define HELP_COLUMN 28 /* characters for the names of an option */

/* A run of options_parse(). */
struct parse {
    const struct program *program;
    char *settings;
    enum source source[ROWS_MAX]; /* of each row's present value */
};

static size_t row_count(const struct option_row *table)
{
    size_t n = 0;
    while (table[n].name)
        n++;
    return n;
}

static const struct option_row *find_name(const struct option_row *table, const char *name,
                                          size_t len)
{
    for (; table->name; table++)
        if (strlen(table->name) == len && memcmp(table->name, name, len) == 0)
            return table;
    return NULL;
}

static const struct option_row *find_letter(const struct option_row *table, char letter)
{
    for (; table->name; table++)
        if (table->letter && table->letter == letter)
            return table;
    return NULL;
}

/* --- one value ---------------------------------------------------------------------------------- */

static bool set_number(const struct option_row *row, void *place, const char *value)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end || errno || number < row->min || number > row->max)
        return false;
    *(unsigned *)place = (unsigned)number;
    return true;
}

static bool set_rate(const struct option_row *row, struct option_rate *place, const char *value)
{
    struct option_row part = *row;
    const char *slash = strchr(value, '/');
    char rate[16];
    *place = (struct option_rate){0, 0};
    if (!slash)
        return strcmp(value, "0") == 0;
    if ((size_t)(slash - value) >= sizeof rate)
        return false;
    memcpy(rate, value, (size_t)(slash - value));
    rate[slash - value] = '\0';
    part.min = 1;
    return set_number(&part, &place->burst, slash + 1) && set_number(row, &place->rate, rate);
}

static bool set_flag(void *place, const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0)
        return false;
    *(bool *)place = yes;
    return true;
}

static bool set_choice(const struct option_row *row, void *place, const char *value)
{
    size_t len = strlen(value);
    unsigned index = 0;
    for (const char *word = row->arg;; word++, index++) {
        size_t n = strcspn(word, "|");
        if (n == len && memcmp(word, value, n) == 0) {
            *(unsigned *)place = index;
            return true;
        }
        word += n;
        if (!*word)
            return false;
    }
}

static bool add_item(struct option_list *list, const char *value)
{
    if (list->count == OPTION_LIST_MAX)
        return false;
    list->items[list->count++] = value;
    return true;
}

static bool set_value(const struct option_row *row, void *place, const char *value)
{
    switch (row->kind) {
    case OPTION_NUMBER: return set_number(row, place, value);
    case OPTION_RATE: return set_rate(row, place, value);
    case OPTION_FLAG: return set_flag(place, value);
    case OPTION_CHOICE: return set_choice(row, place, value);
    case OPTION_LIST: return add_item(place, value);
    case OPTION_TEXT:
    case OPTION_FILE_OR_NONE:
    case OPTION_FILE: *(const char **)place = value; return true;
    }
    return false;
}

/* What a value of the row has to be, for the error message. */
static const char *wanted(const struct option_row *row)
{
    static char text[96];
    if (row->kind == OPTION_NUMBER)
        snprintf(text, sizeof text, "a number from %u to %u", row->min, row->max);
    else if (row->kind == OPTION_RATE)
        snprintf(text, sizeof text, "RATE/BURST, two numbers up to %u, or 0 for no limit",
                 row->max);
    else if (row->kind == OPTION_LIST)
        snprintf(text, sizeof text, "given at most %d times", OPTION_LIST_MAX);
    else
        snprintf(text, sizeof text, "one of %s", row->kind == OPTION_FLAG ? "yes|no" : row->arg);
    return text;
}

/* Sets a value unless a stronger source has done so. */
static bool assign(struct parse *p, const struct option_row *row, const char *value,
                   enum source source)
{
    enum source *present = &p->source[row - p->program->table];
    char *place = p->settings + row->at;
    if (*present > source)
        return true;
    if (row->kind == OPTION_LIST && *present < source)
        ((struct option_list *)(void *)place)->count = 0;
    *present = source;
    return set_value(row, place, value);
}

/* --- the command line --------------------------------------------------------------------------- */

static int misuse(const struct program *program, const char *what, const char *which)
{
    return report_fail(EXIT_USAGE, "%s %s (see %s --help)", what, which, program->name);
}

/* Finds the option that argv[*i] is, and its value, which may be the next argument. */
static int next_option(const struct parse *p, int argc, char **argv, int *i,
                       const struct option_row **row, const char **value)
{
    const struct option_row *table = p->program->table;
    const char *word = argv[*i];
    *value = NULL;
    if (word[0] != '-' || word[1] == '\0')
        return misuse(p->program, "unexpected argument", word);
    if (word[1] == '-') {
        size_t len = strcspn(word + 2, "=");
        *row = find_name(table, word + 2, len);
        if (word[2 + len] == '=')
            *value = word + 2 + len + 1;
    } else {
        *row = find_letter(table, word[1]);
        if (word[2])
            *value = word + 2;
    }
    if (!*row)
        return misuse(p->program, "unknown option", word);
    if ((*row)->kind == OPTION_FLAG) {
        if (*value)
            return misuse(p->program, "no value belongs to", word);
        *value = "yes";
    }
    if (!*value && *i + 1 < argc)
        *value = argv[++*i];
    if (!*value || !**value)
        return misuse(p->program, "a value is missing after", word);
    return OPTIONS_OK;
}

/* Where the options end and the operands of a program that takes some begin. */
static int options_end(const struct program *program, int argc, char **argv)
{
    int i = 1;
    while (program->operands && i < argc && argv[i][0] == '-') {
        const char *name = argv[i][1] == '-' ? argv[i] + 2 : "";
        const struct option_row *row = find_name(program->table, name, strlen(name));
        if (strcmp(argv[i], "--") == 0)
            return i;
        i += row && row->kind != OPTION_FLAG ? 2 : 1; /* the value stands by itself */
    }
    return program->operands && i < argc ? i : argc;
}

static int read_command_line(struct parse *p, int argc, char **argv)
{
    int end = options_end(p->program, argc, argv);
    if (p->program->operands)
        *(int *)(void *)(p->settings + p->program->operands) =
            end + (end < argc && strcmp(argv[end], "--") == 0);
    argc = end;
    for (int i = 1; i < argc; i++) {
        const struct option_row *row = NULL;
        const char *value, *word = argv[i];
        int result = next_option(p, argc, argv, &i, &row, &value);
        if (result != OPTIONS_OK)
            return result;
        if (!assign(p, row, value, FROM_COMMAND_LINE))
            return report_fail(EXIT_USAGE, "%s must be %s, not '%s'", word, wanted(row), value);
    }
    return OPTIONS_OK;
}

/* --- the configuration file --------------------------------------------------------------------- */

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r", text[len - 1]))
        text[--len] = '\0';
    return text;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

/* A '#' begins a comment where it begins the line or stands between blanks; so "room = #ops" names a room. */
static void cut_comment(char *line)
{
    for (char *hash = strchr(line, '#'); hash; hash = strchr(hash + 1, '#')) {
        if (hash == line || (is_blank(hash[-1]) && is_blank(hash[1]))) {
            *hash = '\0';
            return;
        }
    }
}

static const char *resolve(const char *config, const char *path)
{
    const char *home = getenv("HOME");
    if (path[0] == '~' && path[1] == '/' && home)
        return text_format("%s%s", home, path + 1);
    return path[0] == '/' ? path : path_beside(config, path);
}

static int read_config_line(struct parse *p, const char *path, unsigned number, char *line)
{
    line = trim(line);
    cut_comment(line);
    if (*line == '\0')
        return OPTIONS_OK;
    char *equals = strchr(line, '=');
    if (!equals)
        return report_fail(EXIT_USAGE, "%s:%u: write it as 'name = value'", path, number);
    *equals = '\0';
    const char *name = trim(line), *value = trim(equals + 1);
    const struct option_row *row = find_name(p->program->table, name, strlen(name));
    if (!row || strcmp(name, "config") == 0)
        return report_fail(EXIT_USAGE, "%s:%u: '%s' is not a setting (see %s --help)", path, number,
                           name, p->program->name);
    if (*value == '\0')
        return report_fail(EXIT_USAGE, "%s:%u: %s has no value", path, number, name);
    if (p->source[row - p->program->table] > FROM_FILE)
        return OPTIONS_OK;
    if (row->kind == OPTION_FILE ||
        (row->kind == OPTION_FILE_OR_NONE && strcmp(value, "none") != 0))
        value = resolve(path, value);
    if (!assign(p, row, value, FROM_FILE))
        return report_fail(EXIT_USAGE, "%s:%u: %s must be %s, not '%s'", path, number, name,
                           wanted(row), value);
    return OPTIONS_OK;
}

static int read_config(struct parse *p, const char *path, bool must_exist)
{
    size_t len;
    char *text = file_read(path, &len); /* kept when all is well: the settings point into it */
    if (!text)
        return must_exist || errno != ENOENT
                   ? report_fail(EXIT_USAGE, "can't read %s: %s", path, strerror(errno))
                   : OPTIONS_OK;
    int result = OPTIONS_OK;
    unsigned number = 1;
    for (char *line = text; line && result == OPTIONS_OK; number++) {
        char *end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        result = read_config_line(p, path, number, line);
        line = end;
    }
    if (result != OPTIONS_OK)
        free(text);
    return result;
}

static int read_config_files(struct parse *p)
{
    const struct option_row *row = find_name(p->program->table, "config", strlen("config"));
    const char *path = row ? *(const char **)(void *)(p->settings + row->at) : NULL;
    if (path)
        return read_config(p, path, true);
    return p->program->config ? read_config(p, p->program->config, false) : OPTIONS_OK;
}

/* --- help --------------------------------------------------------------------------------------- */

static void print_row(const struct option_row *row)
{
    char names[64], letter[8] = "";
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(names, sizeof names, "%s--%s%s%s", letter, row->name, row->arg ? " " : "",
             row->arg ? row->arg : "");
    if (strlen(names) > HELP_COLUMN)
        printf("  %s\n  %-*s %s", names, HELP_COLUMN, "", row->help);
    else
        printf("  %-*s %s", HELP_COLUMN, names, row->help);
    if (row->fallback)
        printf(" (default %s)", row->fallback);
    putchar('\n');
}

static void print_help(const struct program *program)
{
    static const struct {
        int code;
        unsigned programs;
        const char *sentence;
    } codes[] = {
#define EXIT_CODE_ROW(name, code, programs, sentence) {(code), (programs), (sentence)},
        EXIT_CODES(EXIT_CODE_ROW)
#undef EXIT_CODE_ROW
    };
    printf("Usage: %s %s\n\n%s\n\nOptions:\n", program->name, program->synopsis, program->purpose);
    for (const struct option_row *row = program->table; row->name; row++)
        print_row(row);
    printf("  %-*s %s\n  %-*s %s\n", HELP_COLUMN, "--help", "print this and exit", HELP_COLUMN,
           "--version", "print the version and exit");
    if (program->config)
        printf("\nThe same names work in %s, as 'name = value'.\n", program->config);
    if (program->more_help)
        program->more_help();
    printf("\nExit codes:\n");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].programs & program->exit_codes)
            printf("  %3d  %s\n", codes[i].code, codes[i].sentence);
}

/* Whether help or the version was asked for. */
static bool print_about(const struct program *program, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(program);
            return true;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s\n", program->name, THM_VERSION);
            return true;
        }
    }
    return false;
}

int options_parse(const struct program *program, int argc, char **argv, void *settings)
{
    struct parse p = {.program = program, .settings = settings};
    size_t rows = row_count(program->table);
    if (rows > ROWS_MAX)
        abort();
    if (print_about(program, options_end(program, argc, argv), argv))
        return EXIT_DONE;
    int result = read_command_line(&p, argc, argv);
    if (result == OPTIONS_OK)
        result = read_config_files(&p);
    for (size_t i = 0; i < rows && result == OPTIONS_OK; i++) {
        const struct option_row *row = &program->table[i];
        if (row->fallback && !assign(&p, row, row->fallback, FROM_DEFAULT))
            abort();
    }
    return result;
}
