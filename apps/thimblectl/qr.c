#include "qr.h"

#include <qrencode.h>
#include <stdio.h>
#include <unistd.h>

#define WIDEST 45 /* modules with the margin: 23 lines */
#define MARGIN                                                                                     \
    4 /* modules that the standard asks for; readers make do with 2 (ISO/IEC 18004, 6.3.8) */
#define TIGHT     2
#define VERSION_1 21 /* modules of the smallest one; each further version has 4 more */

static bool is_dark(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return false;
    return (code->data[y * code->width + x] & 1) != 0;
}

/* One line is two rows of modules; light ones are drawn, so that the code is right on a dark terminal as well. */
static void print_line(const QRcode *code, int y, int margin, bool coloured)
{
    static const char *const drawn[] = {" ", "\xe2\x96\x84", "\xe2\x96\x80", "\xe2\x96\x88"};
    fputs(coloured ? "\033[97;40m" : "", stdout);
    for (int x = -margin; x < code->width + margin; x++) {
        bool below_ends = y + 1 >= code->width + margin;
        unsigned light =
            (is_dark(code, x, y) ? 0u : 2u) | (below_ends || is_dark(code, x, y + 1) ? 0u : 1u);
        fputs(drawn[light], stdout);
    }
    puts(coloured ? "\033[0m" : "");
}

bool qr_print(const char *text)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    bool fits = code && code->width + 2 * TIGHT <= WIDEST && code->width >= VERSION_1;
    int margin = fits ? (WIDEST - code->width) / 2 : 0;
    if (margin > MARGIN)
        margin = MARGIN;
    for (int y = -margin; fits && y < code->width + margin; y += 2)
        print_line(code, y, margin, isatty(STDOUT_FILENO));
    if (code)
        QRcode_free(code);
    return fits;
}
