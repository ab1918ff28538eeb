#include "request.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit_codes.h"
#include "options.h"
#include "passcode.h"
#include "report.h"
#include "thimble/auth.h"
#include "thimble/wire.h"

/* The server takes one line of text; a second one would be another request. */
static bool is_text(const char *word)
{
    size_t len = strlen(word);
    while (len > 0) {
        uint32_t code;
        unsigned n = thm_utf8_next(word, len, &code);
        if (n == 0 || code < 0x20 || code == 0x7f)
            return false;
        word += n;
        len -= n;
    }
    return true;
}

static void add(struct request *r, const char *word)
{
    if (r->line.len > 0)
        buffer_add(&r->line, " ", 1);
    buffer_add(&r->line, word, strlen(word));
}

/* The server's current folder is not ours. */
static int add_file(struct request *r, const char *path)
{
    char folder[PATH_MAX];
    if (path[0] == '/') {
        add(r, path);
        return OPTIONS_OK;
    }
    if (!getcwd(folder, sizeof folder))
        return report_fail(EXIT_USAGE, "where is %s? The current folder: %s", path,
                           strerror(errno));
    if (!is_text(folder))
        return report_fail(EXIT_USAGE, "the current folder's name is no text");
    add(r, folder);
    buffer_add(&r->line, "/", 1);
    buffer_add(&r->line, path, strlen(path));
    return OPTIONS_OK;
}

static bool is(int argc, char **argv, const char *first, const char *second)
{
    return argc > 1 && strcmp(argv[0], first) == 0 && strcmp(argv[1], second) == 0;
}

static int check(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (!is_text(argv[i]))
            return report_fail(EXIT_USAGE, "an argument holds what is no text: '%s'", argv[i]);
        if (strcmp(argv[i], "--verifier") == 0)
            return report_fail(EXIT_USAGE,
                               "a passcode is no argument: --passcode has it asked for");
    }
    return OPTIONS_OK;
}

int request_make(struct request *r, int argc, char **argv)
{
    bool account = is(argc, argv, "user", "add") || is(argc, argv, "user", "passwd");
    *r = (struct request){.wants_passcode = is(argc, argv, "user", "passwd")};
    if (argc == 0)
        return report_fail(EXIT_USAGE, "give a command (see thimblectl --help)");
    int result = account ? check(argc, argv) : OPTIONS_OK;
    for (int i = 0; i < argc && result == OPTIONS_OK; i++) {
        if (!is_text(argv[i]))
            result = report_fail(EXIT_USAGE, "an argument holds what is no text: '%s'", argv[i]);
        else if (account && strcmp(argv[i], "--passcode") == 0)
            r->wants_passcode = true;
        else if (i == 1 && strcmp(argv[0], "backup") == 0)
            result = add_file(r, argv[i]);
        else
            add(r, argv[i]);
        if (account && strcmp(argv[i], "--no-passcode") == 0)
            r->wants_passcode = false;
    }
    return result;
}

/* Twice where it is typed unseen, so that a slip is noticed. */
static int ask(struct passcode *passcode)
{
    struct passcode again;
    const char *why = passcode_read(passcode, "Passcode: ");
    if (!why && isatty(STDIN_FILENO)) {
        why = passcode_read(&again, "The same again: ");
        if (!why && (again.len != passcode->len || memcmp(again.text, passcode->text, again.len)))
            why = "these were two different passcodes";
        passcode_wipe(&again);
    }
    return why ? report_fail(EXIT_USAGE, "%s", why) : OPTIONS_OK;
}

int request_passcode(struct request *r)
{
    struct passcode passcode;
    struct thm_scram_verifier verifier;
    uint8_t salt[THM_SCRAM_SALT];
    char text[THM_SCRAM_VERIFIER_TEXT];
    int result = ask(&passcode);
    if (result == OPTIONS_OK && getentropy(salt, sizeof salt) < 0)
        result = report_fail(EXIT_NOT_DONE, "the system gave no random bytes: %s", strerror(errno));
    if (result == OPTIONS_OK) {
        thm_scram_verifier_make(&verifier, passcode.text, passcode.len, salt, sizeof salt,
                                THM_SCRAM_ITERATIONS);
        thm_scram_verifier_print(&verifier, text);
        add(r, "--verifier");
        add(r, text);
        explicit_bzero(&verifier, sizeof verifier);
        explicit_bzero(text, sizeof text);
    }
    passcode_wipe(&passcode);
    return result;
}

void request_free(struct request *r)
{
    if (r->line.data)
        explicit_bzero(r->line.data, r->line.len);
    buffer_free(&r->line);
}
