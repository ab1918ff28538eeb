#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit_codes.h"
#include "files.h"
#include "options.h"
#include "passcode.h"
#include "report.h"
#include "thimble/auth.h"
#include "thimble/enroll.h"
#include "thimble/wire.h"
#include "util/base64.h"

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

/* The certificate of "approve", as one word. */
static int add_certificate(struct request *r, const char *path)
{
    char text[4096];
    uint8_t der[THM_ISSUED_MAX];
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    size_t len = file ? fread(text, 1, sizeof text, file) : 0;
    if (!file || ferror(file))
        return report_fail(EXIT_USAGE, "%s: %s", path, strerror(errno));
    if (file != stdin)
        fclose(file);
    size_t bytes = thm_enroll_read_certificate(text, len, der, sizeof der);
    if (bytes == 0)
        return report_fail(EXIT_USAGE,
                           "%s: that is no device's certificate in PEM, as thimble-ca sign prints "
                           "one",
                           path);
    char word[THM_BASE64_LEN(THM_ISSUED_MAX) + 1];
    struct thm_text t;
    thm_text_init(&t, word, sizeof word);
    thm_text_base64(&t, der, bytes);
    add(r, word);
    return OPTIONS_OK;
}

static bool is(int argc, char **argv, const char *first, const char *second)
{
    return argc > 1 && strcmp(argv[0], first) == 0 && strcmp(argv[1], second) == 0;
}

/* --- a verifier that was made elsewhere --- */

/* Its first line, once it is known to be one. */
static int add_verifier_of(struct request *r, int fd, const char *file)
{
    struct thm_scram_verifier verifier;
    char text[THM_SCRAM_VERIFIER_TEXT + 1];
    ssize_t len = file_first_line(fd, text, sizeof text - 1);
    if (len < 0)
        return report_fail(EXIT_USAGE, "%s: %s", file, strerror(errno));
    enum thm_scram verdict = thm_scram_verifier_parse(&verifier, text, (size_t)len);
    if (verdict == THM_SCRAM_OK) {
        thm_scram_verifier_print(&verifier, text);
        add(r, "--verifier");
        add(r, text);
    }
    explicit_bzero(&verifier, sizeof verifier);
    explicit_bzero(text, sizeof text);
    if (verdict == THM_SCRAM_MALFORMED)
        return report_fail(EXIT_USAGE,
                           "%s: its first line is no verifier, as thimble-passcode "
                           "prints one",
                           file);
    return verdict == THM_SCRAM_OK
               ? OPTIONS_OK
               : report_fail(EXIT_USAGE, "%s: %s", file, thm_scram_text(verdict));
}

static int add_verifier(struct request *r, const char *file)
{
    if (!file)
        return report_fail(EXIT_USAGE, "--verifier needs the file that holds it, or -");
    if (strncmp(file, "SCRAM-", 6) == 0)
        return report_fail(EXIT_USAGE, "a verifier is no argument: --verifier names the file that "
                                       "holds it, or -");
    if (strcmp(file, "-") == 0)
        return add_verifier_of(r, STDIN_FILENO, "standard input");
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return report_fail(EXIT_USAGE, "%s: %s", file, strerror(errno));
    int result = add_verifier_of(r, fd, file);
    close(fd);
    return result;
}

/* --- the arguments --- */

/* "user add" or "user passwd": an option that says where the passcode comes from. Returns how many arguments that took,
 * 0: it is another one. */
static int take_secret(struct request *r, char **argv, bool *asks, int *result)
{
    if (strcmp(argv[0], "--passcode") == 0) {
        *asks = r->wants_passcode = true;
        return 1;
    }
    if (strcmp(argv[0], "--verifier") != 0)
        return 0;
    *result = add_verifier(r, argv[1]);
    r->has_verifier = true;
    return argv[1] ? 2 : 1;
}

static int check(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (!is_text(argv[i]))
            return report_fail(EXIT_USAGE, "an argument holds what is no text: '%s'", argv[i]);
    return OPTIONS_OK;
}

static int make_account(struct request *r, int argc, char **argv)
{
    bool asks = false, takes_none = false;
    int result = OPTIONS_OK;
    r->wants_passcode = strcmp(argv[1], "passwd") == 0;
    for (int i = 0, n; i < argc && result == OPTIONS_OK; i += n) {
        n = take_secret(r, argv + i, &asks, &result);
        if (n > 0)
            continue;
        n = 1;
        takes_none = takes_none || strcmp(argv[i], "--no-passcode") == 0;
        add(r, argv[i]);
    }
    if (result == OPTIONS_OK && asks + r->has_verifier + takes_none > 1)
        result = report_fail(EXIT_USAGE, "--passcode, --verifier, --no-passcode: which of them?");
    if (r->has_verifier || takes_none)
        r->wants_passcode = false;
    return result;
}

int request_make(struct request *r, int argc, char **argv)
{
    *r = (struct request){0};
    if (argc == 0)
        return report_fail(EXIT_USAGE, "give a command (see thimblectl --help)");
    int result = check(argc, argv);
    if (result != OPTIONS_OK)
        return result;
    if (is(argc, argv, "user", "add") || is(argc, argv, "user", "passwd"))
        return make_account(r, argc, argv);
    for (int i = 0; i < argc && result == OPTIONS_OK; i++) {
        if (i == 1 && strcmp(argv[0], "backup") == 0)
            result = add_file(r, argv[i]);
        else if (i == 2 && argc == 3 && strcmp(argv[0], "approve") == 0 &&
                 strspn(argv[1], "0123456789") == strlen(argv[1]))
            result = add_certificate(r, argv[i]);
        else if (strcmp(argv[0], "invite") == 0 && strcmp(argv[i], "--qr") == 0)
            r->wants_qr = true;
        else
            add(r, argv[i]);
    }
    return result;
}

int request_passcode(struct request *r)
{
    struct passcode passcode;
    struct thm_scram_verifier verifier;
    uint8_t salt[THM_SCRAM_SALT];
    char text[THM_SCRAM_VERIFIER_TEXT];
    const char *why = passcode_read_new(&passcode);
    int result = why ? report_fail(EXIT_USAGE, "%s", why) : OPTIONS_OK;
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
