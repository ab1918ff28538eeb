/*
 * Reading certificates, keys and deny-lists; and the date in a certificate, piece by piece.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tls/fixture.h"
#include "tls/leaf.h"

static void hex(const uint8_t *bytes, char text[65])
{
    for (int i = 0; i < 32; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    text[64] = '\0';
}

static void assert_hash(const uint8_t *hash, const char *file)
{
    size_t len;
    char *expected = read_cert_file(file, &len), text[65];

    hex(hash, text);
    assert_memory_equal(text, expected, 64);
    free(expected);
}

static void a_user_is_who_openssl_says(void **state)
{
    struct thm_credentials c;
    const struct thm_identity *who;
    size_t len, der_len;
    char *der;

    (void)state;
    assert_int_equal(load(&c, "root", "ali", "ali", THM_FOR_CLIENT), THM_OK);
    who = thm_credentials_identity(&c);
    assert_string_equal(who->user, "ali");
    assert_string_equal(who->device, "desk");
    assert_int_equal(who->not_after, read_cert_number("ali.end"));
    assert_hash(who->key_hash, "ali.spki");
    assert_hash(thm_credentials_leaf_hash(&c), "ali.hash");
    der = read_cert_file("ali.der", &der_len);
    assert_memory_equal(thm_credentials_der(&c, 0, &len), der, der_len);
    assert_int_equal(len, der_len);
    assert_null(thm_credentials_der(&c, 1, &len));
    free(der);
}

static void names_may_be_as_long_as_allowed(void **state)
{
    struct thm_credentials c;

    (void)state;
    assert_int_equal(load(&c, "root", "longest", "longest", THM_FOR_CLIENT), THM_OK);
    assert_int_equal(strlen(thm_credentials_identity(&c)->user), THM_ID_MAX);
    assert_int_equal(strlen(thm_credentials_identity(&c)->device), THM_ID_MAX);
    assert_int_equal(load(&c, "root", "bianca", "bianca", THM_FOR_CLIENT), THM_OK);
    assert_string_equal(thm_credentials_identity(&c)->device, "phone-2.0_x");
}

static void every_form_of_a_file_is_read(void **state)
{
    struct thm_credentials c;

    (void)state;
    assert_int_equal(load(&c, "root", "ali", "ali_sec1", THM_FOR_CLIENT), THM_OK);
    assert_int_equal(load(&c, "root", "ali", "ali_parameters", THM_FOR_CLIENT), THM_OK);
    assert_int_equal(load(&c, "root.der", "ali.der", "ali_key.der", THM_FOR_CLIENT), THM_OK);
    assert_int_equal(load(&c, "both", "ali", "ali", THM_FOR_CLIENT), THM_OK);
    assert_int_equal(load(&c, "root", "below_step", "below_step", THM_FOR_CLIENT), THM_OK);
    assert_int_equal(load(&c, "root", "server", "server", THM_FOR_SERVER), THM_OK);
    assert_string_equal(thm_credentials_identity(&c)->user, "");
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *ca, *chain, *key;
        enum thm_role role;
        int error;
    } bad[] = {
        {"ali.key", "ali", "ali", THM_FOR_CLIENT, THM_E_CA},
        {"ali", "ali", "ali", THM_FOR_CLIENT, THM_E_CA},
        {"rsa", "ali", "ali", THM_FOR_CLIENT, THM_E_CA},
        {"ali.end", "ali", "ali", THM_FOR_CLIENT, THM_E_PEM},
        {"deep_chain", "ali", "ali", THM_FOR_CLIENT, THM_E_CA},
        {"root", "ali.key", "ali", THM_FOR_CLIENT, THM_E_CERT},
        {"root", "ali.end", "ali", THM_FOR_CLIENT, THM_E_PEM},
        {"root", "deep_chain", "deep", THM_FOR_CLIENT, THM_E_LIMIT},
        {"root", "ali", "ali.crt", THM_FOR_CLIENT, THM_E_KEY},
        {"root", "ali", "bianca", THM_FOR_CLIENT, THM_E_KEY},
        {"root", "ali", "ali_encrypted", THM_FOR_CLIENT, THM_E_KEY},
        {"root", "ali", "p384", THM_FOR_CLIENT, THM_E_KEY},
        {"root", "ali", "rsa", THM_FOR_CLIENT, THM_E_KEY},
        {"root", "p384", "ali", THM_FOR_CLIENT, THM_E_KEY},
        {"root", "rsa", "ali", THM_FOR_CLIENT, THM_E_KEY},
        /* Signed with a hash that tls-server-end-point would bind by as well, and that no peer of ours has. */
        {"root", "user_sha384", "user_sha384", THM_FOR_CLIENT, THM_E_CERT},
        {"root", "server_sha384", "server_sha384", THM_FOR_SERVER, THM_E_CERT},
        {"root", "server_sha512", "server_sha512", THM_FOR_SERVER, THM_E_CERT},
        {"root", "ali", "ali", THM_FOR_SERVER, THM_E_ROLE},
        {"root", "server", "server", THM_FOR_CLIENT, THM_E_ROLE},
        {"root", "no_san", "no_san", THM_FOR_CLIENT, THM_E_ROLE},
        {"root", "cn_only", "cn_only", THM_FOR_SERVER, THM_E_ROLE},
        {"root", "sealed", "sealed", THM_FOR_CLIENT, THM_E_ROLE},
    };
    static const struct thm_credentials nothing;
    struct thm_credentials c;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int result = load(&c, bad[i].ca, bad[i].chain, bad[i].key, bad[i].role);
        if (result != bad[i].error)
            fail_msg("%s %s %s: %s", bad[i].ca, bad[i].chain, bad[i].key, thm_error_word(result));
        assert_memory_equal(&c, &nothing, sizeof c);
    }
}

static void too_many_cas_are_refused(void **state)
{
    struct thm_credentials c;
    size_t len, key_len, chain_len;
    char *both = read_cert_file("both.crt", &len), *key = read_cert_file("ali.key", &key_len);
    char *chain = read_cert_file("ali.crt", &chain_len);
    const unsigned fit = THM_CA_MAX / 2;
    char *all = malloc((fit + 1) * len);

    (void)state;
    for (unsigned i = 0; i <= fit; i++)
        memcpy(all + i * len, both, len);
    assert_int_equal(
        thm_credentials_load(&c, all, fit * len, chain, chain_len, key, key_len, THM_FOR_CLIENT),
        THM_OK);
    assert_int_equal(thm_credentials_load(&c, all, (fit + 1) * len, chain, chain_len, key, key_len,
                                          THM_FOR_CLIENT),
                     THM_E_LIMIT);
    free(all);
    free(both);
    free(key);
    free(chain);
}

/* Whatever is cut off or changed in a file, reading it ends, and with an error or the same person. */
static void damaged_files_do_no_harm(void **state)
{
    struct thm_credentials c;
    size_t ca_len, len, key_len;
    char *ca = read_cert_file("root.der", &ca_len), *der = read_cert_file("ali.der", &len);
    char *key = read_cert_file("ali_key.der", &key_len);

    (void)state;
    for (size_t n = 0; n < len; n++)
        assert_int_not_equal(
            thm_credentials_load(&c, ca, ca_len, der, n, key, key_len, THM_FOR_CLIENT), THM_OK);
    for (size_t n = 0; n < key_len; n++) {
        int result = thm_credentials_load(&c, ca, ca_len, der, len, key, n, THM_FOR_CLIENT);
        assert_true(result == THM_E_KEY || result == THM_E_PEM);
    }
    for (size_t at = 0; at < len * 8; at += 3) {
        der[at / 8] = (char)(der[at / 8] ^ 1 << at % 8);
        thm_credentials_load(&c, ca, ca_len, der, len, key, key_len, THM_FOR_CLIENT);
        der[at / 8] = (char)(der[at / 8] ^ 1 << at % 8);
    }
    for (size_t at = 0; at < key_len * 8; at++) {
        key[at / 8] = (char)(key[at / 8] ^ 1 << at % 8);
        thm_credentials_load(&c, ca, ca_len, der, len, key, key_len, THM_FOR_CLIENT);
        key[at / 8] = (char)(key[at / 8] ^ 1 << at % 8);
    }
    free(ca);
    free(der);
    free(key);
}

/* BearSSL 0.6 would take a key of 1,560 bytes into 1,536. */
static void an_oversized_key_is_refused(void **state)
{
    static const unsigned char curve[] = {0xa0, 10,   0x06, 8,    0x2a, 0x86,
                                          0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    const size_t key_len = 1560, body = 3 + 4 + key_len + sizeof curve;
    unsigned char der[1600] = {
        0x30, 0x82, (unsigned char)(body >> 8),    (unsigned char)body,   0x02, 1, 1,
        0x04, 0x82, (unsigned char)(key_len >> 8), (unsigned char)key_len};
    struct thm_credentials c;
    size_t ca_len, chain_len;
    char *ca = read_cert_file("root.der", &ca_len), *chain = read_cert_file("ali.der", &chain_len);

    (void)state;
    memset(der + 11, 0x55, key_len);
    memcpy(der + 11 + key_len, curve, sizeof curve);
    assert_int_equal(thm_credentials_load(&c, ca, ca_len, chain, chain_len, (char *)der, 4 + body,
                                          THM_FOR_CLIENT),
                     THM_E_KEY);
    free(ca);
    free(chain);
}

/* --- dates --- */

static uint64_t end_of(const char *name, size_t piece)
{
    struct thm_validity v;
    size_t len;
    char *der = read_cert_file(name, &len);

    thm_validity_start(&v);
    for (size_t at = 0; at < len; at += piece)
        thm_validity_push(&v, (unsigned char *)der + at, len - at < piece ? len - at : piece);
    free(der);
    return thm_validity_end(&v);
}

static void the_end_is_found_in_pieces_of_any_size(void **state)
{
    const uint64_t expected = read_cert_number("ali.end");

    (void)state;
    for (size_t piece = 1; piece < 600; piece++)
        assert_int_equal(end_of("ali.der", piece), expected);
}

/* A certificate's head up to its validity, with the given dates. */
static uint64_t end_of_dates(uint8_t tag, const char *date)
{
    const uint8_t date_len = (uint8_t)strlen(date);
    uint8_t der[64] = {0x30, 62, 0x30, 60,   0x02, 1,    7, 0x30, 1,  0,
                       0x30, 1,  0,    0x30, 0x20, 0x17, 2, '0',  '0'};
    struct thm_validity v;

    der[19] = tag;
    der[20] = date_len;
    memcpy(der + 21, date, date_len);
    thm_validity_start(&v);
    thm_validity_push(&v, der, sizeof der);
    return thm_validity_end(&v);
}

static void dates_are_read_as_the_rfc_says(void **state)
{
    (void)state;
    assert_int_equal(end_of_dates(0x17, "700101000001Z"), 1);
    assert_int_equal(end_of_dates(0x17, "491231235959Z"), 2524607999);
    assert_int_equal(end_of_dates(0x17, "991231235959Z"), 946684799);
    assert_int_equal(end_of_dates(0x18, "20000229000000Z"), 951782400);
    assert_int_equal(end_of_dates(0x18, "20500101000000Z"), 2524608000);
    assert_int_equal(end_of_dates(0x18, "21000301000000Z"), 4107542400);
    assert_int_equal(end_of_dates(0x18, "99991231235959Z"), 253402300799);
    assert_int_equal(end_of_dates(0x17, "4912312359Z"), 0);
    assert_int_equal(end_of_dates(0x17, "491231235959+"), 0);
    assert_int_equal(end_of_dates(0x17, "49123a235959Z"), 0);
    assert_int_equal(end_of_dates(0x17, "490031235959Z"), 0);
    assert_int_equal(end_of_dates(0x18, "20500101000000.5Z"), 0);
    assert_int_equal(end_of_dates(0x18, "19600101000000Z"), 0);
}

/* --- the deny-list --- */

#define HASH_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH_B "ffeeddccbbaa99887766554433221100FFEEDDCCBBAA99887766554433221100"

static void a_denylist_is_read_and_searched(void **state)
{
    uint8_t hashes[4][THM_KEY_HASH];
    struct thm_denylist list = {hashes, 0, 4};
    const char *text = "# revoked\n\n" HASH_B " # bianca@phone\r\n\t" HASH_A;
    uint8_t key[THM_KEY_HASH];
    unsigned line;

    (void)state;
    assert_int_equal(thm_denylist_parse(&list, text, strlen(text), &line), THM_OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(hashes[0][1], 0x11);
    for (int i = 0; i < 2; i++)
        assert_true(thm_denylist_has(&list, memcpy(key, hashes[i], sizeof key)));
    key[31] ^= 1;
    assert_false(thm_denylist_has(&list, key));
    assert_false(thm_denylist_has(NULL, key));
    assert_int_equal(thm_denylist_parse(&list, "", 0, &line), THM_OK);
    assert_false(thm_denylist_has(&list, hashes[0]));
}

static void a_bad_line_is_named(void **state)
{
    static const char *const bad[] = {"#\n" HASH_A "0\n", "#\nxx" HASH_A "\n",
                                      "#\n" HASH_A " ali\n", "#\nrevoked",
                                      "#\n" HASH_A "\n" /* and, with room for none, too many */};
    uint8_t hashes[1][THM_KEY_HASH];
    unsigned line;

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct thm_denylist list = {hashes, 0, 1};
        assert_int_equal(thm_denylist_parse(&list, bad[i], strlen(bad[i]), &line), THM_E_DENYLIST);
        assert_int_equal(line, 2);
    }
    struct thm_denylist none = {hashes, 0, 0};
    assert_int_equal(thm_denylist_parse(&none, bad[4], strlen(bad[4]), &line), THM_E_LIMIT);
}

static void a_long_denylist_is_sorted(void **state)
{
    enum { COUNT = 1000 };
    static uint8_t hashes[COUNT][THM_KEY_HASH];
    static char text[COUNT * 65 + 1];
    struct thm_denylist list = {hashes, 0, COUNT};
    uint8_t key[THM_KEY_HASH] = {0};
    uint32_t random = 1;
    unsigned line;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        memset(text + i * 65, '0', 64);
        for (int j = 0; j < 8; j++) {
            random = random * 1664525 + 1013904223;
            text[i * 65 + j] = "0123456789abcdef"[random >> 28];
        }
        text[i * 65 + 64] = '\n';
    }
    assert_int_equal(thm_denylist_parse(&list, text, COUNT * 65, &line), THM_OK);
    assert_int_equal(list.count, COUNT);
    for (int i = 1; i < COUNT; i++)
        assert_true(memcmp(hashes[i - 1], hashes[i], THM_KEY_HASH) <= 0);
    for (int i = 0; i < COUNT; i++)
        assert_true(thm_denylist_has(&list, memcpy(key, hashes[i], sizeof key)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_who_openssl_says),
        cmocka_unit_test(names_may_be_as_long_as_allowed),
        cmocka_unit_test(every_form_of_a_file_is_read),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(too_many_cas_are_refused),
        cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(an_oversized_key_is_refused),
        cmocka_unit_test(the_end_is_found_in_pieces_of_any_size),
        cmocka_unit_test(dates_are_read_as_the_rfc_says),
        cmocka_unit_test(a_denylist_is_read_and_searched),
        cmocka_unit_test(a_bad_line_is_named),
        cmocka_unit_test(a_long_denylist_is_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
