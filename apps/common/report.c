#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "thimble/wire.h"

#include "exit_codes.h"

static const char *program = "thimble";

void report_name(const char *name)
{
    program = name;
}

static void print(const char *format, va_list args)
{
    char raw[1024], text[2048];
    int len = vsnprintf(raw, sizeof raw, format, args);
    if (len < 0)
        return;
    size_t n = (size_t)len < sizeof raw ? (size_t)len : sizeof raw - 1;
    thm_text_display(raw, n, false, text, sizeof text);
    fprintf(stderr, "%s: %s\n", program, text);
}

void report(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(format, args);
    va_end(args);
}

int report_fail(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(format, args);
    va_end(args);
    return code;
}

int report_end(int code)
{
    bool lost = fflush(stdout) == EOF;
    if (code != EXIT_DONE || !(lost || ferror(stdout)))
        return code;
    return report_fail(EXIT_FAILED, "can't write to standard output%s%s", lost ? ": " : "",
                       lost ? strerror(errno) : "");
}
