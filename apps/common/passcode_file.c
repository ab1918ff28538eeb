#include "passcode_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "options.h"
#include "report.h"

/* Bytes of a line that can't be a passcode any more. */
#define LINE_MAX_BYTES 1024

/* NULL, or what is wrong. */
static const char *read_passcode(int fd, struct passcode *out)
{
    char line[LINE_MAX_BYTES];
    ssize_t len = file_first_line(fd, line, sizeof line);
    const char *why = len < 0 ? strerror(errno) : passcode_prepare(out, line, (size_t)len);
    explicit_bzero(line, sizeof line);
    return why;
}

int passcode_from_file(struct passcode *out, const char *file, int exit_code)
{
    struct stat st;
    const char *why = NULL;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    passcode_wipe(out);
    if (fd < 0 || fstat(fd, &st) < 0)
        why = strerror(errno);
    bool open_to_others = !why && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    if (!why && !open_to_others)
        why = read_passcode(fd, out);
    if (fd >= 0)
        close(fd);
    if (open_to_others)
        return report_fail(exit_code,
                           "%s is open to others, and a passcode is nobody else's: chmod 600 %s",
                           file, file);
    return why ? report_fail(exit_code, "%s: %s", file, why) : OPTIONS_OK;
}
