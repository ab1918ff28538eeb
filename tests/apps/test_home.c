/* What a machine keeps of joining. */
#include "homestead.h"

#include <sys/stat.h>
#include <time.h>

/* --- the folder ----------------------------------------------------------------------------------- */

static void a_folder_of_ones_own(void **state)
{
    struct home home, other;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    assert_int_equal(mode_of("."), 0700);
    assert_int_equal(home_open(&other, folder), EXIT_LOCKED);
    home_close(&home);
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    home_close(&home);
    put("config", "");
    assert_int_equal(home_open(&home, folder), EXIT_FAILED);
}

static void the_folder_of_the_user(void **state)
{
    struct home home;

    (void)state;
    setenv("XDG_CONFIG_HOME", folder, 1);
    assert_int_equal(home_open(&home, NULL), OPTIONS_OK);
    assert_true(there_is("thimble"));
    home_close(&home);
    assert_int_equal(home_open(&home, "/dev/null/x"), EXIT_FAILED);
}

/* --- the key -------------------------------------------------------------------------------------- */

static void the_same_invitation_has_the_same_key(void **state)
{
    static const uint8_t one[THM_KEY_HASH] = {1}, other[THM_KEY_HASH] = {2};
    uint8_t key[THM_ENROLL_KEY], again[THM_ENROLL_KEY], none[THM_ENROLL_KEY] = {0};
    struct home home;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    assert_int_equal(home_key(&home, one, &posix.port, key), OPTIONS_OK);
    assert_memory_not_equal(key, none, sizeof key);
    assert_int_equal(mode_of("joining.key"), 0600);
    home_close(&home);
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    assert_int_equal(home_key(&home, one, &posix.port, again), OPTIONS_OK);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(home_key(&home, other, &posix.port, again), OPTIONS_OK);
    assert_memory_not_equal(key, again, sizeof key);
    assert_int_equal(home_key(&home, one, &posix.port, again), OPTIONS_OK);
    assert_memory_not_equal(key, again, sizeof key); /* it was replaced */
    home_close(&home);
}

static void a_key_that_is_damaged(void **state)
{
    static const uint8_t one[THM_KEY_HASH] = {1};
    uint8_t key[THM_ENROLL_KEY], again[THM_ENROLL_KEY];
    struct home home;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    assert_int_equal(home_key(&home, one, &posix.port, key), OPTIONS_OK);
    char *text = read_text("joining.key");
    for (size_t len = 0; text + len < strstr(text, "-----END"); len += 13) {
        char *part = text_format("%.*s", (int)len, text);
        put("joining.key", part);
        free(part);
        assert_int_equal(home_key(&home, one, &posix.port, again), OPTIONS_OK);
        assert_memory_not_equal(key, again, sizeof key);
    }
    put("joining.key", text);
    assert_int_equal(home_key(&home, one, &posix.port, again), OPTIONS_OK);
    assert_memory_equal(key, again, sizeof key);
    free(text);
    home_close(&home);
}

/* --- what is kept --------------------------------------------------------------------------------- */

static void all_that_thimble_needs(void **state)
{
    static const uint8_t one[THM_KEY_HASH] = {1};
    uint8_t key[THM_ENROLL_KEY];
    struct home home;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    assert_int_equal(home_key(&home, one, &posix.port, key), OPTIONS_OK);
    prepare("ali@default", "ali@default", "ali");
    assert_int_equal(home_keep(&home, &answer.joined), OPTIONS_OK);
    assert_false(there_is("joining.key"));
    assert_int_equal(mode_of("ali@default.key"), 0600);
    assert_int_equal(mode_of("ali@default.crt"), 0644);
    assert_int_equal(mode_of("ca.crt"), 0644);
    char *config = read_text("config");
    assert_string_equal(config, "# Written by thimble join; thimble(1) explains each setting.\n"
                                "host = 192.0.2.1\nport = 9443\nserver-name = chat.example\n"
                                "cafile = ca.crt\ncert = ali@default.crt\n");
    free(config);

    static struct thm_credentials credentials;
    char why[256];
    char *ca = text_format("%s/ca.crt", folder), *cert = text_format("%s/ali@default.crt", folder);
    char *key_file = text_format("%s/ali@default.key", folder);
    const struct credential_files files = {ca, cert, key_file, NULL};
    assert_int_equal(credentials_read(&credentials, &files, THM_FOR_CLIENT, why, sizeof why),
                     THM_OK);
    uint64_t now = (uint64_t)time(NULL), end = thm_credentials_identity(&credentials)->not_after;
    uint64_t at = issued_time(cert, end);
    assert_in_range(at, now + (end - now) / 3 * 2 - 10, now + (end - now) / 3 * 2 + 10);
    free(ca);
    free(cert);
    free(key_file);
    home_close(&home);
}

static void a_name_is_only_written_if_it_is_another(void **state)
{
    struct home home;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    prepare("ali@default", "ali@default", "ali");
    strcpy(answer.invitation.server_name, answer.invitation.host);
    assert_int_equal(home_keep(&home, &answer.joined), OPTIONS_OK);
    char *config = read_text("config");
    assert_null(strstr(config, "server-name"));
    free(config);
    home_close(&home);
}

static void nothing_of_others_is_lost(void **state)
{
    struct home home;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    put("ali@default.key", "precious");
    prepare("ali@default", "ali@default", "ali");
    assert_int_equal(home_keep(&home, &answer.joined), OPTIONS_OK);
    char *aside = read_text("ali@default.key.old");
    assert_string_equal(aside, "precious");
    free(aside);
    /* after a crash before the configuration was written: the same files again */
    assert_int_equal(home_keep(&home, &answer.joined), OPTIONS_OK);
    assert_false(there_is("ca.crt.old"));
    home_close(&home);
}

static void what_is_not_as_it_was_asked_for(void **state)
{
    static const struct {
        const char *cert, *key_of, *user;
    } rows[] = {
        {"ali@default", "bianca@default", "ali"}, /* another key */
        {"ali@default", "ali@default", "bianca"}, /* another user than is said */
        {"ali@other", "ali@other", "ali"},        /* another device */
        {"late@default", "late@default", "late"}, /* it has ended */
        {"ali@default", "ali@default", "no CA"},  /* see below */
        {"ali@default", "ali@default", "no DER"},
    };
    struct home home;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prepare(rows[i].cert, rows[i].key_of, rows[i].user);
        if (strcmp(rows[i].user, "no CA") == 0) {
            answer.joined.user = "ali";
            answer.pin.ca_len = 0;
        }
        if (strcmp(rows[i].user, "no DER") == 0) {
            answer.joined.user = "ali";
            answer.certificate.bytes[0] = '-';
        }
        assert_int_equal(home_keep(&home, &answer.joined), EXIT_CREDENTIALS);
        assert_false(there_is("ca.crt"));
        assert_false(there_is("config"));
    }
    home_close(&home);
}

static void a_folder_that_takes_nothing(void **state)
{
    struct home home;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    prepare("ali@default", "ali@default", "ali");
    char *path = text_format("%s/ca.crt", folder);
    assert_int_equal(mkdir(path, 0700), 0); /* in the way of the file */
    assert_int_equal(home_keep(&home, &answer.joined), EXIT_FAILED);
    assert_false(there_is("config"));
    free(path);
    home_close(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_of_ones_own, setup, teardown),
        cmocka_unit_test_setup_teardown(the_folder_of_the_user, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_invitation_has_the_same_key, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_that_is_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(all_that_thimble_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_is_only_written_if_it_is_another, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_of_others_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_as_it_was_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_takes_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
