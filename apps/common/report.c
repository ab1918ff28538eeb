#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "thimble/wire.h"

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
