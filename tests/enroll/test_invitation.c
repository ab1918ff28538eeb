/*
 * Invitations: what is read is printed as it was, and nothing else is read.
 */
#include "enroll/hex.h"

#include "thimble/enroll.h"

#define CA     "AAECAwQFBgcICQoLDA0ODw"
#define SECRET "_-_-_-_-_-_-_-_-_-_-_w"

static const struct thm_invitation zero;

static void check(const char *text, const char *host, uint16_t port, const char *server_name)
{
    struct thm_invitation read;
    char printed[THM_INVITATION_TEXT];

    memset(&read, 0x5a, sizeof read);
    assert_int_equal(thm_invitation_read(&read, text, strlen(text)), THM_OK);
    assert_string_equal(read.host, host);
    assert_int_equal(read.port, port);
    assert_string_equal(read.server_name, server_name);
    assert_int_equal(thm_invitation_print(&read, printed), strlen(text));
    assert_string_equal(printed, text);
}

static void what_is_read_is_printed_the_same(void **state)
{
    (void)state;
    check("THM1:chat.example:6697/" CA "/" SECRET, "chat.example", 6697, "chat.example");
    check("THM1:localhost:1/" CA "/" SECRET, "localhost", 1, "localhost");
    check("THM1:1.example-2.3com:65535/" CA "/" SECRET, "1.example-2.3com", 65535,
          "1.example-2.3com");
    check("THM1:192.0.2.1:6697/" CA "/" SECRET, "192.0.2.1", 6697, "192.0.2.1");
    check("THM1:192.0.2.1:6697/" CA "/" SECRET "/chat.example", "192.0.2.1", 6697, "chat.example");
    check("THM1:chat.example:6697/" CA "/" SECRET "/192.0.2.1", "chat.example", 6697, "192.0.2.1");
    check("THM1:[2001:db8::1]:6697/" CA "/" SECRET, "2001:db8::1", 6697, "2001:db8::1");
    check("THM1:[2001:db8::1]:6697/" CA "/" SECRET "/[::1]", "2001:db8::1", 6697, "::1");
}

static void the_bytes_are_those_of_base64url(void **state)
{
    struct thm_invitation read;

    (void)state;
    check("THM1:a:1/" CA "/" SECRET, "a", 1, "a");
    assert_int_equal(thm_invitation_read(&read, "THM1:a:1/" CA "/" SECRET, 54), THM_OK);
    assert_hex(read.ca, "000102030405060708090a0b0c0d0e0f");
    assert_hex(read.secret, "ffeffeffeffeffeffeffeffeffeffeff");
    /* Each character once, at each place of a group of three bytes. */
    for (unsigned i = 0; i < 256; i++) {
        char text[THM_INVITATION_TEXT];
        size_t len;
        for (unsigned k = 0; k < THM_ENROLL_SECRET; k++)
            read.secret[k] = (uint8_t)(i + 7 * k);
        len = thm_invitation_print(&read, text);
        struct thm_invitation again;
        assert_int_equal(thm_invitation_read(&again, text, len), THM_OK);
        assert_memory_equal(&again, &read, sizeof read);
    }
}

static void ipv6_has_many_forms(void **state)
{
    static const char *const good[] = {"::",
                                       "::1",
                                       "1::",
                                       "1:2:3:4:5:6:7:8",
                                       "1:2:3:4:5:6:7::",
                                       "::2:3:4:5:6:7:8",
                                       "1::3:4:5:6:7:8",
                                       "fe80::abcd:EF01",
                                       "::ffff:192.0.2.1",
                                       "::192.0.2.1",
                                       "1:2:3:4:5:6:192.0.2.1",
                                       "0000:0000:0000:0000:0000:0000:0000:0000"};
    static const char *const bad[] = {"",
                                      ":",
                                      ":::",
                                      "1",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "1::2::3",
                                      "12345::",
                                      "::g",
                                      "1:",
                                      ":1",
                                      "1:2:3:4:5:6:7:",
                                      ":2:3:4:5:6:7:8",
                                      "::1.2.3",
                                      "::1.2.3.256",
                                      "192.0.2.1",
                                      "::192.0.2.1:1",
                                      "1:2:3:4:5:6:7:192.0.2.1",
                                      "fe80::1%eth0",
                                      "[::1]",
                                      "::1 "};
    struct thm_invitation read;
    char text[THM_INVITATION_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text, "THM1:[%s]:1/" CA "/" SECRET, good[i]);
        check(text, good[i], 1, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "THM1:[%s]:1/" CA "/" SECRET, bad[i]);
        if (thm_invitation_read(&read, text, strlen(text)) != THM_E_TOKEN)
            fail_msg("%s was taken", text);
    }
}

static void blanks_around_it_are_skipped(void **state)
{
    struct thm_invitation plain, read;
    const char *text = " \t\r\nTHM1:a:1/" CA "/" SECRET "\r\n\n ";

    (void)state;
    assert_int_equal(thm_invitation_read(&plain, text + 4, strlen(text) - 8), THM_OK);
    assert_int_equal(thm_invitation_read(&read, text, strlen(text)), THM_OK);
    assert_memory_equal(&read, &plain, sizeof read);
}

static void refuse(const char *text, size_t len)
{
    struct thm_invitation read;

    memset(&read, 0x5a, sizeof read);
    if (thm_invitation_read(&read, text, len) != THM_E_TOKEN)
        fail_msg("taken: %.*s", (int)len, text);
    /* Neither the secret nor a part of it is left. */
    assert_memory_equal(&read, &zero, sizeof read);
}

static void anything_else_is_refused_and_leaves_nothing(void **state)
{
    static const char *const bad[] = {
        "THM1:a:1/" CA,
        "THM1:a:1/" CA "/",
        "THM1:a:1//" SECRET,
        "THM1:a:1/" SECRET "/" CA "/",
        "THM2:a:1/" CA "/" SECRET,
        "thm1:a:1/" CA "/" SECRET,
        "a:1/" CA "/" SECRET,
        "THM1:a/" CA "/" SECRET,
        "THM1::1/" CA "/" SECRET,
        "THM1:a:/" CA "/" SECRET,
        "THM1:a:0/" CA "/" SECRET,
        "THM1:a:01/" CA "/" SECRET,
        "THM1:a:65536/" CA "/" SECRET,
        "THM1:a:4294967297/" CA "/" SECRET,
        "THM1:a:1x/" CA "/" SECRET,
        "THM1:a:+1/" CA "/" SECRET,
        "THM1: a:1/" CA "/" SECRET,
        "THM1:a :1/" CA "/" SECRET,
        /* hosts */
        "THM1:-a:1/" CA "/" SECRET,
        "THM1:a-:1/" CA "/" SECRET,
        "THM1:a..b:1/" CA "/" SECRET,
        "THM1:.a:1/" CA "/" SECRET,
        "THM1:a.:1/" CA "/" SECRET,
        "THM1:a_b:1/" CA "/" SECRET,
        "THM1:*.a:1/" CA "/" SECRET,
        "THM1:\xc3\xa9:1/" CA "/" SECRET,
        "THM1:1:1/" CA "/" SECRET,
        "THM1:1.2.3:1/" CA "/" SECRET,
        "THM1:1.2.3.4.5:1/" CA "/" SECRET,
        "THM1:1.2.3.256:1/" CA "/" SECRET,
        "THM1:1.2.3.04:1/" CA "/" SECRET,
        "THM1:a.1:1/" CA "/" SECRET,
        "THM1:::1:1/" CA "/" SECRET,
        "THM1:[::1:1/" CA "/" SECRET,
        "THM1:::1]:1/" CA "/" SECRET,
        "THM1:[::1]1/" CA "/" SECRET,
        "THM1:[a]:1/" CA "/" SECRET,
        /* Base64: other alphabets, lengths, padding, bits that belong to no byte */
        "THM1:a:1/+++++++++++++++++++++w/" SECRET,
        "THM1:a:1/" CA "/+/+/+/+/+/+/+/+/+/+/+w",
        "THM1:a:1/" CA "/+++++++++++++++++++++w",
        "THM1:a:1/" CA "/_-_-_-_-_-_-_-_-_-_-_",
        "THM1:a:1/" CA "/_-_-_-_-_-_-_-_-_-_-_wA",
        "THM1:a:1/" CA "/_-_-_-_-_-_-_-_-_-_-_w==",
        "THM1:a:1/" CA "/_-_-_-_-_-_-_-_-_-_-_=",
        "THM1:a:1/" CA "/_-_-_-_-_-_-_-_-_-_-_x",
        "THM1:a:1/" CA "/_-_-_-_-_-_-_-_-_-_-_3",
        "THM1:a:1/AAECAwQFBgcICQoLDA0ODx/" SECRET,
        /* names */
        "THM1:a:1/" CA "/" SECRET "/",
        "THM1:a:1/" CA "/" SECRET "/a",
        "THM1:[::1]:1/" CA "/" SECRET "/[::1]",
        "THM1:a:1/" CA "/" SECRET "/b/",
        "THM1:a:1/" CA "/" SECRET "/b/c",
        "THM1:a:1/" CA "/" SECRET "/b:1",
        "THM1:a:1/" CA "/" SECRET "/::1",
        "THM1:a:1/" CA "/" SECRET " x",
        "",
        " ",
        "THM1:",
    };
    const char *good = "THM1:a:1/" CA "/" SECRET "/b";

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i], strlen(bad[i]));
    refuse("THM1:a\0b:1/" CA "/" SECRET, 56);
    for (size_t len = 0; len < strlen(good); len++)
        if (len != strlen(good) - 2) /* without its name it is another one */
            refuse(good, len);
}

static void names_may_be_as_long_as_names_are(void **state)
{
    char name[260], text[THM_INVITATION_TEXT + 20];
    struct thm_invitation read;

    (void)state;
    memset(name, 'x', sizeof name);
    for (size_t i = 63; i < sizeof name; i += 64)
        name[i] = '.';
    name[253] = '\0';
    snprintf(text, sizeof text, "THM1:%s:65535/" CA "/" SECRET, name);
    check(text, name, 65535, name);
    name[252] = 'y';
    snprintf(text, sizeof text, "THM1:%s:65535/" CA "/" SECRET "/%.252sx", name, name);
    assert_int_equal(thm_invitation_read(&read, text, strlen(text)), THM_OK);
    assert_true(thm_invitation_print(&read, text) < THM_INVITATION_TEXT);
    name[253] = 'x';
    name[254] = '\0';
    snprintf(text, sizeof text, "THM1:%s:1/" CA "/" SECRET, name);
    refuse(text, strlen(text));
    snprintf(text, sizeof text, "THM1:a:1/" CA "/" SECRET "/%s", name);
    refuse(text, strlen(text));
    memset(name, 'x', 64);
    name[64] = '\0';
    snprintf(text, sizeof text, "THM1:%s:1/" CA "/" SECRET, name);
    refuse(text, strlen(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_printed_the_same),
        cmocka_unit_test(the_bytes_are_those_of_base64url),
        cmocka_unit_test(ipv6_has_many_forms),
        cmocka_unit_test(blanks_around_it_are_skipped),
        cmocka_unit_test(anything_else_is_refused_and_leaves_nothing),
        cmocka_unit_test(names_may_be_as_long_as_names_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
