#include "talk.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_path.h"
#include "exit_codes.h"
#include "files.h"
#include "qr.h"
#include "report.h"

static int try(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        fd = -1;
    }
    return fd;
}

static int say_why(const char *path, int error)
{
    if (error == EACCES || error == EPERM)
        report("you may not use the server's socket %s: be root, the server's user, or a member of "
               "its control-group",
               path);
    else if (error == ENOENT || error == ECONNREFUSED)
        report("no server answers at %s: is thimbled running? --socket names another socket", path);
    else
        report("no server answers at %s: %s", path, strerror(error));
    return -1;
}

/* The usual places, one after the other. One that may not be used is a better reason than one that is not there. */
static int try_usual(void)
{
    char *tried = text_format("%s", ""), *path;
    int error = ENOENT;
    for (unsigned i = 0; (path = control_path_to_try(i)) != NULL; i++) {
        int fd = try(path);
        if (fd < 0 && errno != ENOENT && errno != ECONNREFUSED)
            error = errno;
        char *longer = error == ENOENT ? text_format("%s%s%s", tried, i ? " or " : "", path)
                                       : text_format("%s", path);
        free(tried);
        free(path);
        tried = longer;
        if (fd >= 0 || error != ENOENT) {
            if (fd < 0)
                say_why(tried, error);
            free(tried);
            return fd;
        }
    }
    say_why(tried, error);
    free(tried);
    return -1;
}

int talk_connect(const char *path)
{
    if (!path)
        return try_usual();
    int fd = try(path);
    return fd < 0 ? say_why(path, errno) : fd;
}

static bool send_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return false;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* An invitation in a line, as a picture. */
static void show(const char *line)
{
    const char *token = strstr(line, "THM1:");
    if (token && !qr_print(token))
        report("that is too long for a QR code of 80x24 characters: a shorter host name helps");
}

/* One line of the answer. False: it was the last, and `result` says what it means. */
static bool take(char *line, bool qr, int *result)
{
    const char *sentence;
    if (strcmp(line, "ok") == 0) {
        *result = EXIT_DONE;
        return false;
    }
    if (strncmp(line, "error ", 6) == 0) {
        sentence = strstr(line, ": ");
        bool misused =
            strncmp(line, "error argument:", 15) == 0 || strncmp(line, "error command:", 14) == 0;
        *result =
            report_fail(misused ? EXIT_USAGE : EXIT_NOT_DONE, "%s", sentence ? sentence + 2 : line);
        return false;
    }
    puts(line[0] == ' ' ? line + 1 : line);
    if (qr)
        show(line);
    return true;
}

int talk_ask(int fd, const char *line, bool qr)
{
    FILE *answer = fdopen(fd, "r");
    char *text = NULL;
    size_t cap = 0;
    ssize_t len = 0;
    int result = EXIT_NOT_DONE;
    bool more = true;
    if (!answer)
        return report_fail(EXIT_NOT_DONE, "can't read from the server: %s", strerror(errno));
    /* One that refuses at once may be gone before all was said; what it said is there all the same. */
    (void)(send_all(fd, line, strlen(line)) && send_all(fd, "\n", 1));
    while (more && (len = getline(&text, &cap, answer)) > 0 && text[len - 1] == '\n') {
        text[len - 1] = '\0';
        more = take(text, qr, &result);
        fflush(stdout);
    }
    if (more)
        report("the server ended or hung up before its answer was whole: what you asked for may "
               "not be done");
    free(text);
    fclose(answer);
    return result;
}
