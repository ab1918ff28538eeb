/* What is typed: keys change the line. */
#include "line_editor.h"

#include <string.h>

#include "thimble/wire.h"

#define CTRL(letter) ((letter)&0x1f)
#define ESCAPE       0x1b
#define RUBOUT       0x7f

/* Where in an escape sequence the next byte stands (ECMA-48, section 5.4). */
enum sequence {
    PLAIN,
    AFTER_ESCAPE,
    PARAMETERS, /* after ESC [ */
    MORE,       /* parameters beyond the first */
    SHIFTED     /* after ESC O: one more byte */
};

static void ring(const struct line_editor *e)
{
    e->handler->write(e->ctx, "\a", 1);
}

/* --- changing the line -------------------------------------------------------------------------- */

static void changed(struct line_editor *e)
{
    e->shown = false;
    e->browsing = 0;
}

static void insert(struct line_editor *e, const char *bytes, size_t len)
{
    if (len > sizeof e->line - e->len) {
        e->overflow = true;
        ring(e);
        return;
    }
    memmove(e->line + e->cursor + len, e->line + e->cursor, (size_t)(e->len - e->cursor));
    memcpy(e->line + e->cursor, bytes, len);
    e->len = (uint16_t)(e->len + len);
    e->cursor = (uint16_t)(e->cursor + len);
    changed(e);
}

/* Takes the bytes between two places out, and leaves the cursor there. */
static void erase(struct line_editor *e, size_t from, size_t to)
{
    memmove(e->line + from, e->line + to, e->len - to);
    e->len = (uint16_t)(e->len - (to - from));
    e->cursor = (uint16_t)from;
    e->overflow = false;
    changed(e);
}

static void set_line(struct line_editor *e, const char *text, size_t len)
{
    memcpy(e->line, text, len);
    e->len = e->cursor = (uint16_t)len;
    e->overflow = false;
    changed(e);
}

static void move(struct line_editor *e, size_t to)
{
    e->cursor = (uint16_t)to;
    e->shown = false;
}

static size_t after_cursor(const struct line_editor *e)
{
    size_t at = e->cursor;
    unsigned width = 0;
    if (at < e->len)
        at += line_editor_next(e, at, &width);
    while (at < e->len) { /* marks stay with what they are written over */
        size_t n = line_editor_next(e, at, &width);
        if (width > 0)
            break;
        at += n;
    }
    return at;
}

static size_t word_start(const struct line_editor *e)
{
    size_t at = e->cursor;
    while (at > 0 && e->line[at - 1] == ' ')
        at--;
    while (at > 0 && e->line[at - 1] != ' ')
        at--;
    return at;
}

/* --- former lines ------------------------------------------------------------------------------- */

static void show_former(struct line_editor *e, unsigned index)
{
    const char *former = line_editor_recall(e, index);
    if (!former) {
        ring(e);
        return;
    }
    set_line(e, former, strlen(former));
    e->browsing = (uint16_t)index;
}

/* What was being typed becomes the newest of the former lines, so that it can be come back to. */
static void go_back(struct line_editor *e)
{
    unsigned index = e->browsing + 1u;
    if (e->browsing == 0 && e->len > 0) {
        if (e->overflow || !line_editor_remember(e, e->line, e->len)) {
            ring(e);
            return;
        }
        index = 2;
    }
    show_former(e, index);
}

static void go_forth(struct line_editor *e)
{
    if (e->browsing > 1)
        show_former(e, e->browsing - 1u);
    else if (e->browsing == 1)
        erase(e, 0, e->len);
    else
        ring(e);
}

/* --- entering ----------------------------------------------------------------------------------- */

static void offer(struct line_editor *e)
{
    e->entered = !e->handler->line(e->ctx, e->line, e->len);
    if (e->entered)
        return;
    line_editor_remember(e, e->line, e->len);
    erase(e, 0, e->len);
}

static void enter(struct line_editor *e)
{
    if (e->overflow) {
        static const char why[] = "! too long for one line: nothing was sent (Ctrl-U clears it)";
        line_editor_print(e, why, sizeof why - 1, true);
        return;
    }
    move(e, e->len);
    offer(e);
}

void line_editor_retry(struct line_editor *e)
{
    if (!e->entered)
        return;
    offer(e);
    int key = e->held_key;
    if (e->entered || key < 0)
        return;
    e->held_key = -1;
    line_editor_key(e, (unsigned char)key);
}

/* --- keys --------------------------------------------------------------------------------------- */

static void control_key(struct line_editor *e, unsigned char byte)
{
    bool feed_of_return = byte == '\n' && e->after_return;
    e->after_return = byte == '\r';
    switch (byte) {
    case '\r':
    case '\n':
        if (!feed_of_return)
            enter(e);
        break;
    case '\b':
    case RUBOUT: erase(e, line_editor_before(e, e->cursor), e->cursor); break;
    case CTRL('D'): erase(e, e->cursor, after_cursor(e)); break;
    case CTRL('U'): erase(e, 0, e->cursor); break;
    case CTRL('K'): erase(e, e->cursor, e->len); break;
    case CTRL('W'): erase(e, word_start(e), e->cursor); break;
    case CTRL('C'): erase(e, 0, e->len); break;
    case CTRL('A'): move(e, 0); break;
    case CTRL('E'): move(e, e->len); break;
    case CTRL('B'): move(e, line_editor_before(e, e->cursor)); break;
    case CTRL('F'): move(e, after_cursor(e)); break;
    case CTRL('P'): go_back(e); break;
    case CTRL('N'): go_forth(e); break;
    case CTRL('L'): e->shown = false; break;
    case ESCAPE: e->sequence = AFTER_ESCAPE; break;
    default: ring(e); break;
    }
}

/* The keys that terminals send as sequences, and the control character that does the same. */
static const struct {
    char final;
    uint8_t parameter;
    unsigned char key;
} sequences[] = {
    {'A', 0, CTRL('P')}, {'B', 0, CTRL('N')}, {'C', 0, CTRL('F')}, {'D', 0, CTRL('B')},
    {'H', 0, CTRL('A')}, {'F', 0, CTRL('E')}, {'~', 1, CTRL('A')}, {'~', 7, CTRL('A')},
    {'~', 4, CTRL('E')}, {'~', 8, CTRL('E')}, {'~', 3, CTRL('D')},
};

static void end_sequence(struct line_editor *e, unsigned char final)
{
    e->sequence = PLAIN;
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++)
        if (sequences[i].final == (char) final &&
            (final != '~' || sequences[i].parameter == e->parameter))
            control_key(e, sequences[i].key);
}

static void sequence_key(struct line_editor *e, unsigned char byte)
{
    bool shifted = e->sequence == SHIFTED;
    if (byte < ' ' || byte >= RUBOUT) { /* no sequence: the key stands for itself */
        e->sequence = PLAIN;
        line_editor_key(e, byte);
    } else if (e->sequence == AFTER_ESCAPE) {
        e->sequence = byte == '[' ? PARAMETERS : byte == 'O' ? SHIFTED : PLAIN;
        e->parameter = 0;
    } else if (shifted || byte >= '@') {
        end_sequence(e, byte);
    } else if (e->sequence == PARAMETERS && byte >= '0' && byte <= '9') {
        e->parameter = (uint8_t)(e->parameter * 10 + (byte - '0'));
    } else {
        e->sequence = MORE;
    }
}

/* Bytes of the character that a byte begins; 0: none begins with it (RFC 3629, section 4). */
static unsigned character_len(unsigned char lead)
{
    return lead < 0x80   ? 1
           : lead < 0xc2 ? 0
           : lead < 0xe0 ? 2
           : lead < 0xf0 ? 3
           : lead < 0xf5 ? 4
                         : 0;
}

/* What joins several characters to one sign may be typed, though nothing of it is seen. */
static bool may_be_typed(uint32_t code)
{
    return thm_utf8_printable(code) || code == 0x200d || code == 0xfe0f;
}

static void text_key(struct line_editor *e, unsigned char byte)
{
    if (e->partial_len > 0 && (byte & 0xc0) != 0x80) { /* the one before was never finished */
        e->partial_len = 0;
        ring(e);
    }
    e->partial[e->partial_len++] = (char)byte;
    unsigned want = character_len((unsigned char)e->partial[0]);
    if (e->partial_len < want)
        return;
    uint32_t code = 0;
    unsigned got = want > 0 ? thm_utf8_next(e->partial, e->partial_len, &code) : 0;
    e->partial_len = 0;
    if (got == want && want > 0 && may_be_typed(code))
        insert(e, e->partial, want);
    else
        ring(e);
}

/* While a line waits, the one key that does something is the one that gives it up. */
static void hold_key(struct line_editor *e, unsigned char byte)
{
    if (byte == CTRL('C')) {
        e->entered = false;
        control_key(e, byte);
    } else {
        e->held_key = byte;
    }
}

void line_editor_key(struct line_editor *e, unsigned char byte)
{
    if (e->entered)
        hold_key(e, byte);
    else if (e->sequence != PLAIN)
        sequence_key(e, byte);
    else if (byte >= ' ' && byte != RUBOUT)
        text_key(e, byte);
    else
        control_key(e, byte);
}

bool line_editor_ready(const struct line_editor *e)
{
    return !e->entered || e->held_key < 0;
}

void line_editor_init(struct line_editor *e, const struct line_editor_handler *handler, void *ctx)
{
    memset(e, 0, sizeof *e);
    e->handler = handler;
    e->ctx = ctx;
    e->held_key = -1;
}
