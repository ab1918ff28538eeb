/*
 * From a passcode to what each end keeps of it: PBKDF2 whole and in steps, keys, verifiers and their text.
 */
#include "unit.h"

#include "auth/scram.h"
#include "hex.h"

#define SALT ((const uint8_t *)"0123456789abcdef")

static void pbkdf2(const char *passcode, const char *salt, uint32_t iterations, uint8_t out[32])
{
    struct thm_pbkdf2 p;

    thm_pbkdf2_start(&p, passcode, strlen(passcode), (const uint8_t *)salt, strlen(salt),
                     iterations);
    assert_true(thm_pbkdf2_step(&p, iterations));
    assert_true(thm_pbkdf2_done(&p, out));
}

/* RFC 7914, section 11, gives two blocks of each; a block does not depend on how many are wanted. */
static void the_rfcs_first_blocks(void **state)
{
    uint8_t out[32];

    (void)state;
    pbkdf2("passwd", "salt", 1, out);
    assert_hex(out, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    pbkdf2("Password", "NaCl", 80000, out);
    assert_hex(out, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
}

/* A key longer than a block of SHA-256 is hashed first (RFC 2104); made by Python's hashlib. */
static void a_long_passcode(void **state)
{
    char passcode[129];
    uint8_t out[32];

    (void)state;
    memset(passcode, 'x', 128);
    passcode[128] = '\0';
    pbkdf2(passcode, "salt", 3, out);
    assert_hex(out, "c405580e39cea276a9a56d6ea259a3e23007faf0ebf5421f3719838d7ff57b4c");
}

static void steps_make_no_difference(void **state)
{
    static const uint32_t steps[] = {1, 2, 7, 1000, 4095, 4096, UINT32_MAX};
    uint8_t whole[32], out[32];

    (void)state;
    pbkdf2("pencil", "salt", 4096, whole);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct thm_pbkdf2 p;
        unsigned calls = 0;
        thm_pbkdf2_start(&p, "pencil", 6, (const uint8_t *)"salt", 4, 4096);
        assert_false(thm_pbkdf2_done(&p, out));
        assert_false(thm_pbkdf2_step(&p, 0));
        do
            calls++;
        while (!thm_pbkdf2_step(&p, steps[i]));
        assert_int_equal(calls, steps[i] >= 4095 ? 1 : (4095 + steps[i] - 1) / steps[i]);
        assert_true(thm_pbkdf2_step(&p, 5)); /* there is nothing left to be done */
        assert_true(thm_pbkdf2_done(&p, out));
        assert_memory_equal(out, whole, sizeof whole);
    }
    pbkdf2("passwd", "salt", 0, out);
    pbkdf2("passwd", "salt", 1, whole);
    assert_memory_equal(out, whole, sizeof whole);
}

static void is_zero(const void *data, size_t len)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], 0);
}

static void nothing_stays_of_a_derivation(void **state)
{
    struct thm_scram_job job;
    struct thm_scram_keys keys;
    struct thm_pbkdf2 p;
    uint8_t out[32];

    (void)state;
    thm_pbkdf2_start(&p, "pencil", 6, SALT, 16, 1);
    assert_true(thm_pbkdf2_done(&p, out));
    is_zero(&p, sizeof p);
    assert_int_equal(thm_scram_keys_start(&job, &keys, "pencil", 6, SALT, 16, 4096), THM_SCRAM_OK);
    assert_false(thm_scram_keys_step(&job, 4094));
    assert_true(thm_scram_keys_step(&job, 1));
    is_zero(&job, sizeof job);
    assert_int_equal(thm_scram_keys_start(&job, &keys, "pencil", 6, SALT, 16, 4096), THM_SCRAM_OK);
    thm_scram_keys_step(&job, 1);
    thm_scram_keys_cancel(&job);
    is_zero(&job, sizeof job);
    is_zero(&keys, sizeof keys);
    thm_scram_keys_cancel(&job);
}

static void ranges(void **state)
{
    static const struct {
        size_t salt_len;
        uint32_t iterations;
        enum thm_scram verdict;
    } cases[] = {
        {8, 4096, THM_SCRAM_OK},          {64, 4096, THM_SCRAM_OK},
        {16, 600000, THM_SCRAM_OK},       {7, 4096, THM_SCRAM_BAD_SALT},
        {0, 4096, THM_SCRAM_BAD_SALT},    {65, 4096, THM_SCRAM_BAD_SALT},
        {16, 4095, THM_SCRAM_TOO_FEW},    {16, 0, THM_SCRAM_TOO_FEW},
        {16, 600001, THM_SCRAM_TOO_MANY}, {16, UINT32_MAX, THM_SCRAM_TOO_MANY},
    };
    static const uint8_t salt[65] = {1};
    struct thm_scram_verifier verifier;
    struct thm_scram_job job;
    struct thm_scram_keys keys;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(thm_scram_keys_start(&job, &keys, "pencil", 6, salt, cases[i].salt_len,
                                              cases[i].iterations),
                         cases[i].verdict);
        thm_scram_keys_cancel(&job);
        if (cases[i].verdict != THM_SCRAM_OK)
            assert_int_equal(thm_scram_verifier_make(&verifier, "pencil", 6, salt,
                                                     cases[i].salt_len, cases[i].iterations),
                             cases[i].verdict);
    }
}

/* "pencil" with salt and iterations of RFC 7677's example. */
#define STORED                                                                                     \
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"    \
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static void a_verifier_as_text(void **state)
{
    static const uint8_t salt[16] = {0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e,
                                     0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81};
    struct thm_scram_verifier made, read;
    char text[THM_SCRAM_VERIFIER_TEXT];

    (void)state;
    memset(&made, 0, sizeof made);
    assert_int_equal(thm_scram_verifier_make(&made, "pencil", 6, salt, 16, 4096), THM_SCRAM_OK);
    thm_scram_verifier_print(&made, text);
    assert_string_equal(text, STORED);
    assert_int_equal(thm_scram_verifier_parse(&read, text, strlen(text)), THM_SCRAM_OK);
    assert_memory_equal(&read, &made, sizeof read);
}

static void the_largest_verifier_fits(void **state)
{
    struct thm_scram_verifier v = {.iterations = THM_SCRAM_ITERATIONS_MAX,
                                   .salt_len = THM_SCRAM_SALT_MAX},
                              read;
    char text[THM_SCRAM_VERIFIER_TEXT];

    (void)state;
    memset(v.salt, 0xff, sizeof v.salt);
    thm_scram_verifier_print(&v, text);
    assert_int_equal(thm_scram_verifier_parse(&read, text, strlen(text)), THM_SCRAM_OK);
    assert_memory_equal(&read, &v, sizeof read);
}

#define KEY "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="

static void other_texts_are_refused(void **state)
{
    static const struct {
        const char *text;
        enum thm_scram verdict;
    } cases[] = {
        {"", THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$", THM_SCRAM_MALFORMED},
        {"pencil", THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-1$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY, THM_SCRAM_MALFORMED},
        {"scram-sha-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY, THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$04096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY, THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$+4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY, THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$ 4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY, THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY, THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$4294971392:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY, THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$4095:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY, THM_SCRAM_TOO_FEW},
        {"SCRAM-SHA-256$600001:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY, THM_SCRAM_TOO_MANY},
        {"SCRAM-SHA-256$4096:W22ZaA==$" KEY ":" KEY, THM_SCRAM_BAD_SALT},
        {"SCRAM-SHA-256$4096:$" KEY ":" KEY, THM_SCRAM_BAD_SALT},
        {"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ$" KEY ":" KEY, THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY, THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":", THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY "\n", THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY ":", THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$W22ZaA==:" KEY, THM_SCRAM_MALFORMED},
        {"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY "$" KEY, THM_SCRAM_MALFORMED},
    };
    struct thm_scram_verifier v;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(&v, 1, sizeof v);
        if (thm_scram_verifier_parse(&v, cases[i].text, strlen(cases[i].text)) != cases[i].verdict)
            fail_msg("%s", cases[i].text);
        is_zero(&v, sizeof v);
    }
    for (size_t len = 0; len < sizeof STORED - 1; len++)
        assert_int_not_equal(thm_scram_verifier_parse(&v, STORED, len), THM_SCRAM_OK);
}

static void every_reason_has_a_word_and_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(thm_scram_word(THM_SCRAM_OK), "ok");
    assert_string_equal(thm_scram_word(THM_SCRAM_PROOF), "invalid-proof");
    assert_string_equal(thm_scram_text(THM_SCRAM_PROOF), "the passcode is wrong");
    assert_string_equal(thm_scram_word(THM_SCRAM_NO_BINDING),
                        "server-does-support-channel-binding");
    for (unsigned i = 0; i <= THM_SCRAM_SERVER; i++) {
        assert_true(strlen(thm_scram_word((enum thm_scram)i)) > 1);
        assert_true(strlen(thm_scram_text((enum thm_scram)i)) > 1);
    }
    assert_true(strncmp(thm_scram_text(THM_SCRAM_SERVER), "the server could", 16) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfcs_first_blocks),
        cmocka_unit_test(a_long_passcode),
        cmocka_unit_test(steps_make_no_difference),
        cmocka_unit_test(nothing_stays_of_a_derivation),
        cmocka_unit_test(ranges),
        cmocka_unit_test(a_verifier_as_text),
        cmocka_unit_test(the_largest_verifier_fits),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(every_reason_has_a_word_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
