#include <string.h>

#include "util/text.h"
#include "wire/table.h"
#include "wire/why.h"

#define ID_FORM "a-z 0-9, after the first also . _ -, at most 32"

static const char whys[] = ""
#define WORDS(name, words) words "\0"
    THM_WHYS(WORDS)
#undef WORDS
    ;

static void put_why(struct thm_text *t, const struct thm_fault *fault)
{
    thm_text_str(t, thm_text_nth(whys, fault->why));
}

static void put_range(struct thm_text *t, const struct thm_key_row *row)
{
    thm_text_uint(t, row->min, 0);
    thm_text_str(t, " to ");
    thm_text_uint(t, thm_row_max(row), 0);
}

/* What a value of a key must be, as the end of "not ...". */
static void put_form(struct thm_text *t, const struct thm_key_row *row)
{
    switch (row->kind) {
    case THM_KIND_TEXT:
        put_range(t, row);
        thm_text_str(t, " bytes of text");
        break;
    case THM_KIND_SHORT:
        put_range(t, row);
        thm_text_str(t, " bytes of printable characters");
        break;
    case THM_KIND_ALIAS:
        thm_text_str(t, "1 to ");
        thm_text_uint(t, THM_ALIAS_CHARS, 0);
        thm_text_str(t, " printable characters, with no space at an end nor two in a row");
        break;
    case THM_KIND_ID: thm_text_str(t, "an id (" ID_FORM ")"); break;
    case THM_KIND_TARGET: thm_text_str(t, "a user or user@device (each " ID_FORM ")"); break;
    case THM_KIND_ROOM: thm_text_str(t, "a room name (# and " ID_FORM ")"); break;
    case THM_KIND_STREAM: thm_text_str(t, "a room or inbox name (# or @ and " ID_FORM ")"); break;
    case THM_KIND_WORD:
        put_range(t, row);
        thm_text_str(t, " of the characters A-Z a-z 0-9 . _ : -");
        break;
    case THM_KIND_HEX64: thm_text_str(t, "16 hexadecimal digits 0-9 a-f"); break;
    case THM_KIND_UINT:
        thm_text_str(t, "a whole number from ");
        put_range(t, row);
        break;
    case THM_KIND_BOOL: thm_text_str(t, "true or false"); break;
    }
}

/* What is wrong with the value of a key, after "key K: ". */
static void put_value_fault(struct thm_text *t, const struct thm_fault *fault,
                            const struct thm_key_row *row)
{
    put_why(t, fault);
    if (fault->code == THM_E_KEY_RANGE) {
        thm_text_str(t, fault->why != THM_WHY_NONE ? ": not " : "not ");
        put_form(t, row);
    } else if (fault->why != THM_WHY_NONE) {
        return;
    } else if (fault->code == THM_E_KEY_TYPE) {
        thm_text_str(t, row->kind == THM_KIND_UINT   ? "a number is expected"
                        : row->kind == THM_KIND_BOOL ? "true or false is expected"
                                                     : "a string is expected");
    } else if (fault->code == THM_E_CONTROL && row->kind == THM_KIND_TEXT) {
        thm_text_str(t, "control characters other than newline and tab are not allowed");
    } else if (fault->code == THM_E_CONTROL) {
        thm_text_str(t, "control, invisible and direction characters are not allowed");
    } else if (fault->code == THM_E_TEXT_LONG) {
        thm_text_str(t, "longer than ");
        thm_text_uint(t, thm_row_max(row), 0);
        thm_text_str(t, " bytes, or ");
        thm_text_uint(t, THM_TEXT_ESCAPED_MAX, 0);
        thm_text_str(t, " once escaped; send it in parts");
    } else {
        thm_text_str(t, thm_error_text(fault->code));
    }
}

static void put_key_fault(struct thm_text *t, const struct thm_fault *fault,
                          const struct thm_key_row *row)
{
    thm_text_str(t, "key ");
    thm_text_str(t, row->word);
    if (fault->code == THM_E_KEY_MISSING) {
        thm_text_str(t, " is missing");
    } else if (fault->code == THM_E_KEY_TWICE) {
        thm_text_str(t, " is given twice");
    } else {
        thm_text_str(t, ": ");
        put_value_fault(t, fault, row);
    }
}

static void put_senders(struct thm_text *t, unsigned flags)
{
    static const char *const senders[] = {"a client", "a server", "a peer"};
    const char *between = "only ";

    for (unsigned i = 0; i < sizeof senders / sizeof senders[0]; i++) {
        if ((flags >> i & 1) == 0)
            continue;
        thm_text_str(t, between);
        thm_text_str(t, senders[i]);
        between = " or ";
    }
    thm_text_str(t, " sends this msgtype");
}

static void put_line_fault(struct thm_text *t, const struct thm_fault *fault)
{
    thm_text_str(t, thm_error_text(fault->code));
    if (fault->why != THM_WHY_NONE) {
        thm_text_str(t, ": ");
        put_why(t, fault);
    }
    if (fault->at > 0) {
        thm_text_str(t, " (byte ");
        thm_text_uint(t, fault->at, 0);
        thm_text_str(t, ")");
    }
}

/* The row of the key that a fault names, or NULL. msgtype is no key of the table. */
static const struct thm_key_row *row_named(const char *what)
{
    static const struct thm_key_row msgtype = {"msgtype", 1, 32, THM_KIND_WORD, 7};
    enum thm_key key = thm_key_find(what, strlen(what));

    if (strcmp(what, msgtype.word) == 0)
        return &msgtype;
    return key != THM_KEYS_END ? &thm_key_rows[key] : NULL;
}

size_t thm_fault_text(const struct thm_fault *fault, char *buf, size_t cap)
{
    char sentence[THM_SHORT_MAX + 1];
    struct thm_text t;
    const struct thm_key_row *row = row_named(fault->what);

    thm_text_init(&t, sentence, sizeof sentence);
    if (fault->type != THM_MSG_NONE) {
        thm_text_str(&t, thm_type_rows[fault->type].word);
        thm_text_str(&t, ": ");
    }
    if (fault->code == THM_E_UNKNOWN_TYPE) {
        thm_text_str(&t, "unknown msgtype \"");
        thm_text_str(&t, fault->what);
        thm_text_str(&t, "\"");
    } else if (fault->code == THM_E_DIRECTION && fault->type != THM_MSG_NONE) {
        put_senders(&t, thm_type_rows[fault->type].flags);
    } else if (row != NULL) {
        put_key_fault(&t, fault, row);
    } else {
        put_line_fault(&t, fault);
    }
    return thm_text_display(t.data, t.len, false, buf, cap);
}
