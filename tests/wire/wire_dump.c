/*
 * Prints the wire's tables as Markdown, the way docs/PROTOCOL.md holds them.
 */
#include "thimble/wire.h"

#include <inttypes.h>
#include <stdio.h>

static void print_senders(unsigned flags)
{
    static const char *const senders[] = {"client", "server", "peer"};
    const char *between = "";

    for (unsigned i = 0; i < 3; i++) {
        if ((flags >> i & 1) == 0)
            continue;
        printf("%s%s", between, senders[i]);
        between = ", ";
    }
}

static void print_keys(uint64_t set)
{
    const char *between = "";

    for (unsigned key = 0; key < THM_KEYS_END; key++) {
        if ((set >> key & 1) == 0)
            continue;
        printf("%s`%s`", between, thm_key_word((enum thm_key)key));
        between = " ";
    }
}

static void print_type(enum thm_type type)
{
    unsigned flags = thm_type_flags(type);

    printf("| `%s` | ", thm_type_word(type));
    print_senders(flags);
    printf(" | %s | %s | ", flags & THM_EARLY ? "yes" : "", flags & THM_ENTRY ? "yes" : "");
    print_keys(thm_type_required(type));
    printf(" | ");
    print_keys(thm_type_optional(type));
    printf(" |\n");
}

static const char *kind_name(enum thm_kind kind)
{
    switch (kind) {
    case THM_KIND_TEXT: return "text";
    case THM_KIND_SHORT: return "short text";
    case THM_KIND_ALIAS: return "alias";
    case THM_KIND_ID: return "id";
    case THM_KIND_TARGET: return "target";
    case THM_KIND_ROOM: return "room";
    case THM_KIND_STREAM: return "stream";
    case THM_KIND_WORD: return "word";
    case THM_KIND_HEX64: return "hex64";
    case THM_KIND_UINT: return "integer";
    case THM_KIND_BOOL: return "boolean";
    }
    return "";
}

static void print_key(enum thm_key key)
{
    enum thm_kind kind = thm_key_kind(key);
    uint64_t min, max;

    thm_key_range(key, &min, &max);
    printf("| `%s` | %s | ", thm_key_word(key), kind_name(kind));
    if (kind == THM_KIND_BOOL)
        printf("`true` or `false` |\n");
    else if (kind == THM_KIND_HEX64)
        printf("16 digits |\n");
    else
        printf("%" PRIu64 " to %" PRIu64 "%s |\n", min, max, kind == THM_KIND_UINT ? "" : " bytes");
}

int main(void)
{
    printf("| msgtype | sent by | before GRANTED | log entry | required keys | optional keys |\n"
           "|---|---|---|---|---|---|\n");
    for (unsigned type = THM_MSG_NONE + 1; type < THM_TYPES_END; type++)
        print_type((enum thm_type)type);
    printf("\n| key | kind | range |\n|---|---|---|\n");
    for (unsigned key = 0; key < THM_KEYS_END; key++)
        print_key((enum thm_key)key);
    return 0;
}
