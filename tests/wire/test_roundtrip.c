/*
 * Every type that the tables have can be written and read back, up to its largest values.
 */
#include "unit.h"

#include "sample.h"

#define ANYBODY ((unsigned)(THM_FROM_CLIENT | THM_FROM_SERVER | THM_FROM_PEER))

static uint64_t all_keys(enum thm_type type)
{
    return thm_type_required(type) | thm_type_optional(type);
}

static void assert_round_trip(const struct thm_msg *m)
{
    char line[THM_LINE_MAX];
    size_t len;
    struct thm_msg back;
    struct thm_fault fault;

    assert_int_equal(thm_wire_encode(m, line, sizeof line, &len), THM_OK);
    assert_int_equal(line[len - 1], '\n');
    assert_null(memchr(line, '\n', len - 1));
    assert_int_equal(thm_wire_decode(line, len - 1, ANYBODY, &back, &fault), THM_OK);
    assert_true(same_message(m, &back));
}

static void required_keys_alone(void **state)
{
    struct thm_msg m;

    (void)state;
    for (unsigned type = THM_MSG_NONE + 1; type < THM_TYPES_END; type++) {
        for (int largest = 0; largest <= 1; largest++) {
            sample(&m, (enum thm_type)type, thm_type_required((enum thm_type)type), largest);
            assert_round_trip(&m);
        }
    }
}

static void each_optional_key(void **state)
{
    struct thm_msg m;

    (void)state;
    for (unsigned i = THM_MSG_NONE + 1; i < THM_TYPES_END; i++) {
        enum thm_type type = (enum thm_type)i;
        for (unsigned key = 0; key < THM_KEYS_END; key++) {
            uint64_t bit = UINT64_C(1) << key;
            for (int largest = 0; largest <= 1 && (thm_type_optional(type) & bit); largest++) {
                sample(&m, type, thm_type_required(type) | bit, largest);
                assert_round_trip(&m);
            }
        }
    }
}

static void all_keys_at_once(void **state)
{
    struct thm_msg m;
    char line[THM_LINE_MAX];
    size_t len;

    (void)state;
    for (unsigned i = THM_MSG_NONE + 1; i < THM_TYPES_END; i++) {
        enum thm_type type = (enum thm_type)i;
        sample(&m, type, all_keys(type), false);
        assert_round_trip(&m);
        sample(&m, type, all_keys(type), true);
        if (thm_wire_encode(&m, line, sizeof line, &len) == THM_OK)
            assert_round_trip(&m);
        else
            assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_E_LINE_TOO_LONG);
    }
}

/* Whatever was accepted can be delivered: the server's own keys leave room for the largest text.
 * A csn is the sender's and never delivered; the text of a user is a state, far from the largest. */
static void largest_text_is_deliverable(void **state)
{
    struct thm_msg m;
    char line[THM_LINE_MAX];
    size_t len;

    (void)state;
    for (unsigned i = THM_MSG_NONE + 1; i < THM_TYPES_END; i++) {
        enum thm_type type = (enum thm_type)i;
        uint64_t keys = all_keys(type) & ~THM_HAS(CSN);
        if ((thm_type_flags(type) & THM_FROM_SERVER) == 0 || (keys & THM_HAS(TEXT)) == 0 ||
            type == THM_MSG_USER)
            continue;
        sample(&m, type, keys, true);
        assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_OK);
        assert_true(len <= THM_TEXT_ESCAPED_MAX + THM_SERVER_KEYS_MAX);
    }
}

static void an_empty_value_needs_no_bytes(void **state)
{
    struct thm_msg m;

    (void)state;
    thm_msg_init(&m, THM_MSG_SAY);
    thm_msg_str(&m, THM_KEY_TEXT, NULL, 0);
    assert_round_trip(&m);
}

static void encode_never_writes_past_its_room(void **state)
{
    struct thm_msg m;
    char line[THM_LINE_MAX], tight[THM_LINE_MAX];
    size_t len, used;

    (void)state;
    sample(&m, THM_MSG_MESSAGE, all_keys(THM_MSG_MESSAGE), true);
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_OK);
    for (size_t cap = 0; cap <= len; cap++) {
        memset(tight, '~', sizeof tight);
        int expected = cap < len ? THM_E_LINE_TOO_LONG : THM_OK;
        assert_int_equal(thm_wire_encode(&m, tight, cap, &used), expected);
        for (size_t i = cap; i < sizeof tight; i++)
            assert_int_equal(tight[i], '~');
    }
    assert_int_equal(used, len);
    assert_memory_equal(tight, line, len);
}

static void encode_refuses_what_decode_would(void **state)
{
    struct thm_msg m;
    char line[THM_LINE_MAX], text[THM_TEXT_MAX + 1];
    size_t len;

    (void)state;
    memset(text, '"', sizeof text);
    sample(&m, THM_MSG_SAY, THM_HAS(ROOM), false);
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_E_KEY_MISSING);
    sample(&m, THM_MSG_SAY, THM_HAS(TEXT) | THM_HAS(TOPIC), false);
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_E_KEY_RANGE);
    sample(&m, THM_MSG_SAY, THM_HAS(TEXT), false);
    thm_msg_num(&m, THM_KEY_PARTS, 1);
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_E_KEY_RANGE);
    thm_msg_num(&m, THM_KEY_PARTS, THM_PARTS_MAX + 1);
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_E_KEY_RANGE);
    sample(&m, THM_MSG_SAY, THM_HAS(TEXT), false);
    thm_msg_str(&m, THM_KEY_TEXT, text, THM_TEXT_MAX);
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_E_TEXT_LONG);
    THM_SET(&m, TEXT, "\xFF");
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_E_UTF8);
    THM_SET(&m, TEXT, "\x1B[2J");
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_E_CONTROL);
    thm_msg_init(&m, THM_MSG_NONE);
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_E_UNKNOWN_TYPE);
}

static void keys_are_written_in_the_order_of_the_table(void **state)
{
    static const char expected[] = "{\"msgtype\":\"say\",\"room\":\"#a\",\"csn\":7,"
                                   "\"text\":\"say \\\"hi\\\" \\\\ \\n\\t\xC3\xA9/\"}\n";
    struct thm_msg m;
    char line[THM_LINE_MAX];
    size_t len;

    (void)state;
    thm_msg_init(&m, THM_MSG_SAY);
    THM_SET(&m, TEXT, "say \"hi\" \\ \n\t\xC3\xA9/");
    thm_msg_num(&m, THM_KEY_CSN, 7);
    THM_SET(&m, ROOM, "#a");
    assert_int_equal(thm_wire_encode(&m, line, sizeof line, &len), THM_OK);
    assert_int_equal(len, sizeof expected - 1);
    assert_memory_equal(line, expected, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required_keys_alone),
        cmocka_unit_test(each_optional_key),
        cmocka_unit_test(all_keys_at_once),
        cmocka_unit_test(largest_text_is_deliverable),
        cmocka_unit_test(an_empty_value_needs_no_bytes),
        cmocka_unit_test(encode_never_writes_past_its_room),
        cmocka_unit_test(encode_refuses_what_decode_would),
        cmocka_unit_test(keys_are_written_in_the_order_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
