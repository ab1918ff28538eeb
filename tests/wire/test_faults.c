/*
 * Bad lines of every kind are told from each other and named precisely; odd but valid ones are read.
 */
#include "unit.h"

#define CLIENT THM_FROM_CLIENT
#define SERVER THM_FROM_SERVER

#define SAY(rest) "{\"msgtype\":\"say\"," rest "}"
#define NOT_JSON  "the line is not one JSON object: "
#define ID_FORM   "a-z 0-9, after the first also . _ -, at most 32"

static const struct {
    unsigned from;
    const char *line;
    int code;
    const char *sentence;
} bad[] = {
    /* not one JSON object */
    {CLIENT, "", THM_E_JSON, NOT_JSON "the line is empty (byte 1)"},
    {CLIENT, " \t ", THM_E_JSON, NOT_JSON "the line is empty (byte 4)"},
    {CLIENT, "hello", THM_E_JSON, NOT_JSON "it does not start with { (byte 1)"},
    {CLIENT, "[{}]", THM_E_JSON, NOT_JSON "it does not start with { (byte 1)"},
    {CLIENT, "{", THM_E_JSON, NOT_JSON "it ends too early (byte 2)"},
    {CLIENT, "{\"msgtype\":\"pi", THM_E_JSON, NOT_JSON "it ends too early (byte 15)"},
    {CLIENT, "{\"msgtype\":\"ping\"", THM_E_JSON, NOT_JSON "it ends too early (byte 18)"},
    {CLIENT, "{\"msgtype\":\"ping\"}}", THM_E_JSON,
     NOT_JSON "something follows the object (byte 19)"},
    {CLIENT, "{\"msgtype\":\"ping\"}{}", THM_E_JSON,
     NOT_JSON "something follows the object (byte 19)"},
    {CLIENT, "{\"msgtype\":\"ping\"},", THM_E_JSON,
     NOT_JSON "something follows the object (byte 19)"},
    {CLIENT, "{\"msgtype\":\"ping\"]", THM_E_JSON,
     NOT_JSON "a comma or } is expected after a value (byte 18)"},
    {CLIENT, "{\"msgtype\":\"ping\",}", THM_E_JSON,
     NOT_JSON "a key in double quotes is expected (byte 19)"},
    {CLIENT, "{,\"msgtype\":\"ping\"}", THM_E_JSON,
     NOT_JSON "a key in double quotes is expected (byte 2)"},
    {CLIENT, "{\"msgtype\":\"ping\",,\"id\":\"1\"}", THM_E_JSON,
     NOT_JSON "a key in double quotes is expected (byte 19)"},
    {CLIENT, "{[1]:2}", THM_E_JSON, NOT_JSON "a key in double quotes is expected (byte 2)"},
    {CLIENT, "{msgtype:\"ping\"}", THM_E_JSON,
     NOT_JSON "a key in double quotes is expected (byte 2)"},
    {CLIENT, "{'msgtype':'ping'}", THM_E_JSON,
     NOT_JSON "a key in double quotes is expected (byte 2)"},
    {CLIENT, "{\"msgtype\" \"ping\"}", THM_E_JSON,
     NOT_JSON "a colon is expected after a key (byte 12)"},
    {CLIENT, "{\"msgtype\"}", THM_E_JSON, NOT_JSON "a colon is expected after a key (byte 11)"},
    {CLIENT, "{\"msgtype\":}", THM_E_JSON, NOT_JSON "a value is expected (byte 12)"},
    {CLIENT, "{\"msgtype\"::\"ping\"}", THM_E_JSON, NOT_JSON "a value is expected (byte 12)"},
    {CLIENT, "{\"msgtype\":\"ping\" \"id\":\"1\"}", THM_E_JSON,
     NOT_JSON "a comma or } is expected after a value (byte 19)"},
    {CLIENT, "{\"msgtype\":\"ping\":\"id\"}", THM_E_JSON,
     NOT_JSON "a comma or } is expected after a value (byte 18)"},
    {CLIENT, "{\"msgtype\":\"ping\",\"x\":tru}", THM_E_JSON, NOT_JSON "not a JSON value (byte 23)"},
    {CLIENT, "{\"msgtype\":\"ping\",\"x\":-}", THM_E_JSON, NOT_JSON "not a JSON value (byte 23)"},
    {CLIENT, "{\"msgtype\":\"ping\",\"x\":1.}", THM_E_JSON, NOT_JSON "not a JSON value (byte 23)"},
    {CLIENT, "{\"msgtype\":\"ping\",\"x\":1e}", THM_E_JSON, NOT_JSON "not a JSON value (byte 23)"},
    {CLIENT, "{\"msgtype\":\"ping\",\"x\":1x}", THM_E_JSON, NOT_JSON "not a JSON value (byte 23)"},
    {CLIENT, SAY("\"text\":\"\",\"csn\":01"), THM_E_JSON,
     NOT_JSON "a number with a leading zero (byte 34)"},
    {CLIENT, SAY("\"text\":\"\\q\""), THM_E_JSON, NOT_JSON "a bad escape (byte 27)"},
    {CLIENT, SAY("\"text\":\"\\u12g4\""), THM_E_JSON, NOT_JSON "a bad escape (byte 30)"},
    {CLIENT, "{\"x\":\"\\u001", THM_E_JSON, NOT_JSON "it ends too early (byte 12)"},
    {CLIENT, "{\"x\":\"\\}", THM_E_JSON, NOT_JSON "a bad escape (byte 8)"},
    {CLIENT, "{\"x\":\"\\", THM_E_JSON, NOT_JSON "it ends too early (byte 8)"},
    /* in values of unknown keys */
    {CLIENT, "{\"x\":[1 2]}", THM_E_JSON,
     NOT_JSON "a comma or ] is expected after a value (byte 9)"},
    {CLIENT, "{\"x\":[1,]}", THM_E_JSON, NOT_JSON "a value is expected (byte 9)"},
    {CLIENT, "{\"x\":[,1]}", THM_E_JSON, NOT_JSON "a value is expected (byte 7)"},
    {CLIENT, "{\"x\":[01]}", THM_E_JSON, NOT_JSON "a number with a leading zero (byte 7)"},
    {CLIENT, "{\"x\":[{]}}", THM_E_JSON, NOT_JSON "a key in double quotes is expected (byte 8)"},
    {CLIENT, "{\"x\":{\"a\":1]}", THM_E_JSON,
     NOT_JSON "a comma or } is expected after a value (byte 12)"},
    {CLIENT, "{\"x\":{\"a\"}}", THM_E_JSON, NOT_JSON "a colon is expected after a key (byte 10)"},
    {CLIENT, "{\"x\":{\"a\":1,}}", THM_E_JSON,
     NOT_JSON "a key in double quotes is expected (byte 13)"},
    {CLIENT, "{\"x\":[[1]", THM_E_JSON, NOT_JSON "it ends too early (byte 10)"},
    /* bytes */
    {CLIENT, SAY("\"text\":\"\xC3(\""), THM_E_UTF8, "the line is not valid UTF-8 (byte 26)"},
    {CLIENT, SAY("\"x\":[\"\xED\xA0\x80\"]"), THM_E_UTF8, "the line is not valid UTF-8 (byte 24)"},
    {CLIENT, SAY("\"text\":\"\x07\""), THM_E_CONTROL,
     "control characters are not allowed here: JSON wants them escaped (byte 26)"},
    {CLIENT, SAY("\"text\":\"\x1F\""), THM_E_CONTROL,
     "control characters are not allowed here: JSON wants them escaped (byte 26)"},
    {CLIENT, SAY("\"text\":\"a\tb\""), THM_E_CONTROL,
     "control characters are not allowed here: JSON wants them escaped (byte 27)"},
    {CLIENT, SAY("\"x\":{\"a\":\"\t\"}"), THM_E_CONTROL,
     "control characters are not allowed here: JSON wants them escaped (byte 28)"},
    {CLIENT, SAY("\"text\":\"\\u0000\""), THM_E_CONTROL, "say: key text: \\u0000 is not allowed"},
    {CLIENT, SAY("\"text\":\"\\ud83d\""), THM_E_UTF8, "say: key text: half of a surrogate pair"},
    {CLIENT, SAY("\"text\":\"\\ud83dx\\ude00\""), THM_E_UTF8,
     "say: key text: half of a surrogate pair"},
    {CLIENT, SAY("\"text\":\"\\ude00\\ude00\""), THM_E_UTF8,
     "say: key text: half of a surrogate pair"},
    {CLIENT, SAY("\"text\":\"\\ude00\\ud83d\""), THM_E_UTF8,
     "say: key text: half of a surrogate pair"},
    {CLIENT, SAY("\"text\":\"\\u001b[2J\""), THM_E_CONTROL,
     "say: key text: control characters other than newline and tab are not allowed"},
    {CLIENT, "{\"msgtype\":\"away\",\"away\":\"a\\nb\"}", THM_E_CONTROL,
     "away: key away: control, invisible and direction characters are not allowed"},
    {CLIENT, "{\"msgtype\":\"alias\",\"alias\":\"ali\xE2\x80\xAE\"}", THM_E_CONTROL,
     "alias: key alias: control, invisible and direction characters are not allowed"},
    /* types */
    {CLIENT, "{}", THM_E_NO_TYPE, "the key msgtype is missing"},
    {CLIENT, "{\"type\":\"say\"}", THM_E_NO_TYPE, "the key msgtype is missing"},
    {CLIENT, "{\"msgtype\":\"sya\"}", THM_E_UNKNOWN_TYPE, "unknown msgtype \"sya\""},
    {CLIENT, "{\"msgtype\":\"\"}", THM_E_UNKNOWN_TYPE, "unknown msgtype \"\""},
    {CLIENT, "{\"msgtype\":\"\\u001b[2J\xE2\x80\x8B\"}", THM_E_UNKNOWN_TYPE,
     "unknown msgtype \"\\u{1B}[2J\\u{200B}\""},
    {CLIENT, "{\"msgtype\":7}", THM_E_KEY_TYPE, "key msgtype: a string is expected"},
    {CLIENT, "{\"msgtype\":\"\\udc00\"}", THM_E_UTF8, "key msgtype: half of a surrogate pair"},
    {CLIENT, "{\"msgtype\":\"message\"}", THM_E_DIRECTION,
     "message: only a server sends this msgtype"},
    {SERVER, "{\"msgtype\":\"say\"}", THM_E_DIRECTION, "say: only a client or a peer sends this msgtype"},
    {SERVER, "{\"msgtype\":\"connect_reply\"}", THM_E_DIRECTION,
     "connect_reply: only a peer sends this msgtype"},
    {THM_FROM_PEER, "{\"msgtype\":\"state\"}", THM_E_DIRECTION,
     "state: only a client or a server sends this msgtype"},
    /* keys */
    {CLIENT, "{\"msgtype\":\"say\"}", THM_E_KEY_MISSING, "say: key text is missing"},
    {SERVER, "{\"msgtype\":\"stored\",\"room\":\"#a\",\"csn\":1}", THM_E_KEY_MISSING,
     "stored: key n is missing"},
    {CLIENT, SAY("\"text\":\"a\",\"text\":\"b\""), THM_E_KEY_TWICE, "say: key text is given twice"},
    {CLIENT, SAY("\"text\":\"a\",\"te\\u0078t\":\"b\""), THM_E_KEY_TWICE,
     "say: key text is given twice"},
    {CLIENT, SAY("\"text\":\"a\",\"topic\":1,\"topic\":2"), THM_E_KEY_TWICE,
     "say: key topic is given twice"},
    {CLIENT, "{\"msgtype\":\"ping\",\"msgtype\":\"ping\"}", THM_E_KEY_TWICE,
     "ping: key msgtype is given twice"},
    {CLIENT, SAY("\"text\":5"), THM_E_KEY_TYPE, "say: key text: a string is expected"},
    {CLIENT, SAY("\"text\":null"), THM_E_KEY_TYPE, "say: key text: a string is expected"},
    {CLIENT, SAY("\"text\":[\"a\"]"), THM_E_KEY_TYPE, "say: key text: a string is expected"},
    {CLIENT, SAY("\"text\":\"\",\"csn\":\"5\""), THM_E_KEY_TYPE,
     "say: key csn: a number is expected"},
    {CLIENT, "{\"msgtype\":\"hello\",\"resume\":1}", THM_E_KEY_TYPE,
     "hello: key resume: true or false is expected"},
    {CLIENT, "{\"msgtype\":\"hello\",\"client\":12}", THM_E_KEY_TYPE,
     "hello: key client: a string is expected"},
    /* forms and ranges */
    {CLIENT, SAY("\"text\":\"\",\"csn\":0"), THM_E_KEY_RANGE,
     "say: key csn: not a whole number from 1 to 9007199254740991"},
    {CLIENT, SAY("\"text\":\"\",\"csn\":9007199254740992"), THM_E_KEY_RANGE,
     "say: key csn: not a whole number from 1 to 9007199254740991"},
    {CLIENT, SAY("\"text\":\"\",\"csn\":99999999999999999999999"), THM_E_KEY_RANGE,
     "say: key csn: not a whole number from 1 to 9007199254740991"},
    {CLIENT, SAY("\"text\":\"\",\"parts\":65"), THM_E_KEY_RANGE,
     "say: key parts: not a whole number from 2 to 64"},
    {CLIENT, SAY("\"text\":\"\",\"part\":-1"), THM_E_KEY_RANGE,
     "say: key part: a minus sign: not a whole number from 1 to 64"},
    {CLIENT, SAY("\"text\":\"\",\"part\":1.0"), THM_E_KEY_RANGE,
     "say: key part: a fraction: not a whole number from 1 to 64"},
    {CLIENT, SAY("\"text\":\"\",\"part\":1E1"), THM_E_KEY_RANGE,
     "say: key part: an exponent: not a whole number from 1 to 64"},
    {CLIENT, SAY("\"text\":\"\",\"room\":\"lobby\""), THM_E_KEY_RANGE,
     "say: key room: not a room or inbox name (# or @ and " ID_FORM ")"},
    {CLIENT, "{\"msgtype\":\"whisper\",\"text\":\"\",\"to\":\"ali@\"}", THM_E_KEY_RANGE,
     "whisper: key to: not a user or user@device (each " ID_FORM ")"},
    {SERVER, "{\"msgtype\":\"user\",\"userid\":\"Ali\"}", THM_E_KEY_RANGE,
     "user: key userid: not an id (" ID_FORM ")"},
    {CLIENT, "{\"msgtype\":\"alias\",\"alias\":\"a  b\"}", THM_E_KEY_RANGE,
     "alias: key alias: not 1 to 32 printable characters, with no space at an end nor two in a "
     "row"},
    {CLIENT, "{\"msgtype\":\"ping\",\"id\":\"a b\"}", THM_E_KEY_RANGE,
     "ping: key id: not 1 to 40 of the characters A-Z a-z 0-9 . _ : -"},
    {CLIENT, "{\"msgtype\":\"hello\",\"client\":\"0123456789ABCDEF\"}", THM_E_KEY_RANGE,
     "hello: key client: not 16 hexadecimal digits 0-9 a-f"},
    {CLIENT, "{\"msgtype\":\"hello\",\"agent\":\"\"}", THM_E_KEY_RANGE,
     "hello: key agent: not 1 to 64 bytes of printable characters"},
};

static int decode(const char *text, size_t len, unsigned from, struct thm_msg *msg,
                  struct thm_fault *fault)
{
    static char line[THM_LINE_MAX + 1];

    memcpy(line, text, len);
    return thm_wire_decode(line, len, from, msg, fault);
}

static void assert_sentence(const struct thm_fault *fault, const char *expected)
{
    char sentence[THM_SHORT_MAX + 1];
    size_t len = thm_fault_text(fault, sentence, sizeof sentence);

    assert_string_equal(sentence, expected);
    assert_int_equal(len, strlen(expected));
    assert_int_equal(thm_key_check(THM_KEY_REASON, sentence, len), THM_OK);
}

static void bad_lines_are_named(void **state)
{
    struct thm_msg m;
    struct thm_fault fault;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int code = decode(bad[i].line, strlen(bad[i].line), bad[i].from, &m, &fault);
        assert_sentence(&fault, bad[i].sentence);
        assert_int_equal(code, bad[i].code);
        assert_int_equal(fault.code, code);
    }
}

static const struct {
    const char *line;
    const char *text; /* what key text must then be */
} odd[] = {
    {"{\"msgtype\":\"say\",\"text\":\"\"}", ""},
    {" {\t\"text\" : \"a\" ,\"msgtype\":\"say\" } \r", "a"},
    {"{\"m\\u0073gtype\":\"\\u0073ay\",\"te\\u0078t\":\"a\"}", "a"},
    {"{\"text\":\"\\\"\\\\\\/\\n\\t\",\"msgtype\":\"say\"}", "\"\\/\n\t"},
    {"{\"msgtype\":\"say\",\"text\":\"\\u00e9\\u20AC\\ud83d\\ude00\\uDBFF\\udfff\"}",
     "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF"},
    {"{\"msgtype\":\"say\",\"text\":\"\xE2\x80\xAE\xE2\x80\x8B\"}", "\xE2\x80\xAE\xE2\x80\x8B"},
    /* unknown keys, and known ones that the type does not have, whatever their value */
    {"{\"msgtype\":\"say\",\"x\":{\"msgtype\":1,\"text\":[{},[],{\"text\":2}]},\"text\":\"a\"}",
     "a"},
    {"{\"x\":[[[[]]],null,true,false,-1.5e+3],\"msgtype\":\"say\",\"text\":\"a\",\"y\":{}}", "a"},
    {"{\"x\":-0.5E-7,\"y\":0,\"z\":null,\"msgtype\":\"say\",\"text\":\"a\"}", "a"},
    {"{\"x\":\"\\ud800\",\"\":\"}\",\"msgtype\":\"say\",\"text\":\"a\"}", "a"},
    {"{\"topic\":{\"n\":1},\"n\":\"no number\",\"msgtype\":\"say\",\"text\":\"a\"}", "a"},
};

static void odd_lines_are_read(void **state)
{
    struct thm_msg m;
    struct thm_fault fault;

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_int_equal(decode(odd[i].line, strlen(odd[i].line), CLIENT, &m, &fault), THM_OK);
        assert_int_equal(m.type, THM_MSG_SAY);
        assert_int_equal(m.has, THM_HAS(TEXT));
        struct thm_slice text = thm_msg_get(&m, THM_KEY_TEXT);
        assert_int_equal(text.len, strlen(odd[i].text));
        assert_memory_equal(text.data, odd[i].text, text.len);
    }
}

/* Fills a line with `count` repetitions of `unit` between a head and a tail. */
static size_t build(char *line, const char *head, const char *unit, size_t count, const char *tail)
{
    size_t len = strlen(head);

    memcpy(line, head, len);
    for (; count > 0; count--) {
        memcpy(line + len, unit, strlen(unit));
        len += strlen(unit);
    }
    memcpy(line + len, tail, strlen(tail));
    return len + strlen(tail);
}

static void lengths_are_limited(void **state)
{
    static const char head[] = "{\"msgtype\":\"say\",\"text\":\"", tail[] = "\"}";
    char line[2 * THM_LINE_MAX];
    struct thm_msg m;
    struct thm_fault fault;

    (void)state;
    assert_int_equal(decode(line, build(line, head, "x", 1000, tail), CLIENT, &m, &fault), THM_OK);
    assert_int_equal(decode(line, build(line, head, "x", 1001, tail), CLIENT, &m, &fault),
                     THM_E_TEXT_LONG);
    assert_sentence(
        &fault, "say: key text: longer than 1000 bytes, or 1536 once escaped; send it in parts");
    /* what counts is the text as this side would escape it, not as it came */
    assert_int_equal(decode(line, build(line, head, "\\n", 768, tail), CLIENT, &m, &fault), THM_OK);
    assert_int_equal(decode(line, build(line, head, "\\n", 769, tail), CLIENT, &m, &fault),
                     THM_E_TEXT_LONG);
    assert_int_equal(decode(line, build(line, head, "\\/", 1000, tail), CLIENT, &m, &fault),
                     THM_OK);
    size_t fixed = sizeof head - 1 + sizeof tail - 1;
    assert_int_equal(
        decode(line, build(line, head, "x", THM_LINE_MAX - fixed, tail), CLIENT, &m, &fault),
        THM_E_LINE_TOO_LONG);
    assert_sentence(&fault, "a line is longer than 2,048 bytes");
}

/* A line of one unknown key whose value is `depth` arrays or objects in each other. */
static size_t nested(char *line, const char *open, size_t depth, const char *close)
{
    size_t len = build(line, "{\"msgtype\":\"ping\",\"x\":", open, depth, "1");

    return len + build(line + len, "", close, depth, "}");
}

static void nesting_is_limited(void **state)
{
    char line[THM_LINE_MAX];
    struct thm_msg m;
    struct thm_fault fault;

    (void)state;
    size_t len = nested(line, "[", THM_NESTING_MAX, "]");
    assert_int_equal(decode(line, len, CLIENT, &m, &fault), THM_OK);
    len = nested(line, "{\"\":", THM_NESTING_MAX, "}");
    assert_int_equal(decode(line, len, CLIENT, &m, &fault), THM_OK);
    len = nested(line, "[{\"a\":1,\"\":", THM_NESTING_MAX / 2, ",\"b\":2} , 1]");
    assert_int_equal(decode(line, len, CLIENT, &m, &fault), THM_OK);
    len = nested(line, "[", THM_NESTING_MAX + 1, "]");
    assert_int_equal(decode(line, len, CLIENT, &m, &fault), THM_E_NESTING);
    assert_sentence(&fault, "a value has too many arrays or objects in each other (byte 55)");
    len = build(line, "{\"msgtype\":\"ping\",\"x\":", "[", 1500, "");
    assert_int_equal(decode(line, len, CLIENT, &m, &fault), THM_E_NESTING);
}

static void values_are_not_counted(void **state)
{
    char line[THM_LINE_MAX];
    struct thm_msg m;
    struct thm_fault fault;

    (void)state;
    size_t len = build(line, "{\"msgtype\":\"ping\",\"x\":[1", ",1", 1000, "]}");
    assert_int_equal(decode(line, len, CLIENT, &m, &fault), THM_OK);
    len = build(line, "{\"msgtype\":\"ping\"", ",\"x\":1", 300, "}");
    assert_int_equal(decode(line, len, CLIENT, &m, &fault), THM_OK);
}

/* Whatever fault, from whatever hand: a sentence that fits the key it is sent in. */
static void every_fault_has_a_sentence(void **state)
{
    static const int codes[] = {
#define CODE(name, code, word, sentence) name,
        THM_ERRORS(CODE)
#undef CODE
    };
    struct thm_fault fault = {.why = 0};
    char sentence[THM_SHORT_MAX + 1], cut[16];

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        for (unsigned type = THM_MSG_NONE; type < THM_TYPES_END; type++) {
            for (unsigned key = 0; key <= THM_KEYS_END; key++) {
                fault.code = codes[i];
                fault.type = (enum thm_type)type;
                strcpy(fault.what, key < THM_KEYS_END ? thm_key_word((enum thm_key)key) : "");
                size_t len = thm_fault_text(&fault, sentence, sizeof sentence);
                assert_int_equal(thm_key_check(THM_KEY_REASON, sentence, len), THM_OK);
                assert_true(thm_fault_text(&fault, cut, sizeof cut) < sizeof cut);
                assert_memory_equal(cut, sentence, strlen(cut));
            }
        }
    }
    memset(fault.what, 'x', sizeof fault.what - 1);
    fault.code = THM_E_UNKNOWN_TYPE;
    size_t len = thm_fault_text(&fault, sentence, sizeof sentence);
    assert_int_equal(thm_key_check(THM_KEY_REASON, sentence, len), THM_OK);
    assert_int_equal(thm_key_check(THM_KEY_IN, fault.what, strlen(fault.what)), THM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_lines_are_named),    cmocka_unit_test(odd_lines_are_read),
        cmocka_unit_test(lengths_are_limited),    cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(values_are_not_counted), cmocka_unit_test(every_fault_has_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
