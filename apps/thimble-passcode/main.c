/*
 * thimble-passcode: from a passcode to what a server keeps of it, and to what a device keeps that has no passcode. It
 * talks to nobody, so a passcode need not leave the machine where it is thought of.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exit_codes.h"
#include "files.h"
#include "options.h"
#include "passcode_file.h"
#include "report.h"
#include "thimble/auth.h"

struct settings {
    const char *passcode_file, *like, *keys;
};

#define AT(member) offsetof(struct settings, member)

static const struct option_row table[] = {{"passcode-file", 0, OPTION_FILE, AT(passcode_file),
                                           "FILE", NULL, 0, 0,
                                           "take the passcode from a file of one's own"},
                                          {"like", 0, OPTION_FILE, AT(like), "FILE", NULL, 0, 0,
                                           "print the verifier in FILE, if it is of this passcode"},
                                          {"keys", 0, OPTION_FILE, AT(keys), "FILE", NULL, 0, 0,
                                           "write a device's keys to a new file, mode 600"},
                                          {0}};

static const struct program program = {
    .name = "thimble-passcode",
    .synopsis = "[OPTION]...",
    .purpose = "Asks for a passcode and prints its verifier, for thimblectl user add --verifier.\n"
               "Where standard input is no terminal, its first line is the passcode.",
    .table = table,
    .exit_codes = OF_PASSCODE};

/* What belongs to one passcode. */
struct made {
    struct thm_scram_keys keys;
    struct thm_scram_verifier verifier;
};

/* --- deriving --- */

static void derive(struct made *made, const struct passcode *passcode, const uint8_t *salt,
                   size_t salt_len, uint32_t iterations)
{
    struct thm_scram_job job;
    thm_scram_keys_start(&job, &made->keys, passcode->text, passcode->len, salt, salt_len,
                         iterations); /* within their range */
    while (!thm_scram_keys_step(&job, iterations))
        ;
    thm_scram_verifier_of(&made->keys, &made->verifier);
}

static int derive_anew(struct made *made, const struct passcode *passcode)
{
    uint8_t salt[THM_SCRAM_SALT];
    if (getentropy(salt, sizeof salt) < 0)
        return report_fail(EXIT_FAILED, "the system gave no random bytes: %s", strerror(errno));
    derive(made, passcode, salt, sizeof salt, THM_SCRAM_ITERATIONS);
    return OPTIONS_OK;
}

static int read_verifier(struct thm_scram_verifier *verifier, const char *file)
{
    char text[THM_SCRAM_VERIFIER_TEXT];
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t len = fd < 0 ? -1 : file_first_line(fd, text, sizeof text);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (len < 0)
        return report_fail(EXIT_FAILED, "%s: %s", file, strerror(error));
    enum thm_scram verdict = thm_scram_verifier_parse(verifier, text, (size_t)len);
    explicit_bzero(text, sizeof text);
    if (verdict != THM_SCRAM_OK)
        return report_fail(EXIT_FAILED, "%s: its first line is no verifier", file);
    return OPTIONS_OK;
}

/* With the salt that another one has, if the passcode is the same: then nothing changes at the server. */
static int derive_like(struct made *made, const struct passcode *passcode, const char *file)
{
    struct thm_scram_verifier *v = &made->verifier, before;
    int result = read_verifier(&before, file);
    if (result != OPTIONS_OK)
        return result;
    derive(made, passcode, before.salt, before.salt_len, before.iterations);
    bool same = memcmp(v->stored_key, before.stored_key, sizeof v->stored_key) == 0 &&
                memcmp(v->server_key, before.server_key, sizeof v->server_key) == 0;
    explicit_bzero(&before, sizeof before);
    return same ? OPTIONS_OK : derive_anew(made, passcode);
}

/* --- writing --- */

/* As the field KEYS of a board's blob has them (apps/firmware/provision.h). */
static size_t encode(const struct thm_scram_keys *keys, unsigned char *to)
{
    unsigned char *at = to;
    for (unsigned i = 0; i < 4; i++)
        *at++ = (unsigned char)(keys->iterations >> 8 * i);
    at = (unsigned char *)mempcpy(at, keys->client_key, sizeof keys->client_key);
    at = (unsigned char *)mempcpy(at, keys->server_key, sizeof keys->server_key);
    at = (unsigned char *)mempcpy(at, keys->salt, keys->salt_len);
    return (size_t)(at - to);
}

static int write_keys(const struct thm_scram_keys *keys, const char *file)
{
    unsigned char bytes[4 + 2 * THM_SCRAM_KEY + THM_SCRAM_SALT_MAX];
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return report_fail(EXIT_FAILED, "%s: %s", file, strerror(errno));
    size_t len = encode(keys, bytes);
    ssize_t n = write(fd, bytes, len);
    explicit_bzero(bytes, sizeof bytes);
    int error = n < 0 ? errno : ENOSPC;
    bool whole = n == (ssize_t)len && fsync(fd) == 0;
    if (close(fd) < 0 || !whole) {
        unlink(file);
        return report_fail(EXIT_FAILED, "%s: %s", file, strerror(error));
    }
    return OPTIONS_OK;
}

static void print_verifier(const struct thm_scram_verifier *verifier)
{
    char text[THM_SCRAM_VERIFIER_TEXT];
    thm_scram_verifier_print(verifier, text);
    puts(text);
    explicit_bzero(text, sizeof text);
}

/* --- the program --- */

static int read_passcode(struct passcode *passcode, const char *file)
{
    if (file)
        return passcode_from_file(passcode, file, EXIT_FAILED);
    const char *why = passcode_read_new(passcode);
    return why ? report_fail(EXIT_FAILED, "%s", why) : OPTIONS_OK;
}

static int run(const struct settings *settings)
{
    struct passcode passcode;
    struct made made = {0};
    int result = read_passcode(&passcode, settings->passcode_file);
    if (result == OPTIONS_OK)
        result = settings->like ? derive_like(&made, &passcode, settings->like)
                                : derive_anew(&made, &passcode);
    passcode_wipe(&passcode);
    if (result == OPTIONS_OK && settings->keys)
        result = write_keys(&made.keys, settings->keys);
    if (result == OPTIONS_OK)
        print_verifier(&made.verifier);
    explicit_bzero(&made, sizeof made);
    return result == OPTIONS_OK ? EXIT_DONE : result;
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    report_name("thimble-passcode");
    int result = options_parse(&program, argc, argv, &settings);
    return report_end(result == OPTIONS_OK ? run(&settings) : result);
}
