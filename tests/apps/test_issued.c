/* How a certificate that came later takes the place of the one before. */
#include "homestead.h"

#include <time.h>

#include "session.h"

/* --- when it is to be renewed --------------------------------------------------------------------- */

static void times_that_cannot_be_right(void **state)
{
    static const char *const texts[] = {"",    "\n", "x\n",   "-1\n",
                                        "0\n", "12", "12 \n", "99000000\n"};
    const uint64_t end = 90000000, early = end - ISSUED_EARLY_DAYS * 86400;
    struct home home;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    char *cert = text_format("%s/x.crt", folder);
    assert_int_equal(issued_time(cert, end), early);
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put("x.renew", texts[i]);
        assert_int_equal(issued_time(cert, end), early);
    }
    assert_int_equal(issued_keep_time(cert, 12345678), 0);
    assert_int_equal(issued_time(cert, end), 12345678);
    assert_int_equal(issued_time("/nowhere/y.crt", 5), 1);
    free(cert);
    home_close(&home);
}

/* --- renewal -------------------------------------------------------------------------------------- */

/* A session of ali in his folder that is not started. */
static struct session session;
static struct settings settings;

static void on_event(void *ctx, const struct thm_client_event *event)
{
    (void)ctx, (void)event;
}

static void open_session(void)
{
    static _Alignas(16) unsigned char memory[1 << 18];
    const struct thm_client_config config = {.port = &posix.port,
                                             .credentials = &session.stock[0],
                                             .host = "::1",
                                             .server_name = "x",
                                             .tls_memory = memory,
                                             .tls_memory_size = sizeof memory,
                                             .on_event = on_event};
    char why[256];

    settings.cafile = text_format("%s/ca.crt", folder);
    settings.cert = text_format("%s/ali@default.crt", folder);
    settings.key = text_format("%s/ali@default.key", folder);
    const struct credential_files files = {settings.cafile, settings.cert, settings.key, NULL};
    memset(&session, 0, sizeof session);
    session.settings = &settings;
    session.credentials = &session.stock[0];
    assert_int_equal(credentials_read(session.credentials, &files, THM_FOR_CLIENT, why, sizeof why),
                     THM_OK);
    assert_int_equal(thm_client_init(&session.client, &config), THM_OK);
    renewal_open(&session);
}

static void on_call(void *ctx, const struct thm_call_event *event)
{
    (void)ctx, (void)event;
}

/* Beside it, direct sessions that listen for nobody. */
static void open_calls(void)
{
    const struct thm_calls_config config = {.port = &posix.port,
                                            .client = &session.client,
                                            .credentials = session.credentials,
                                            .tls_memory = aligned_alloc(16, 1 << 21),
                                            .tls_memory_size = 1 << 21,
                                            .on_event = on_call};

    assert_int_equal(thm_calls_init(&session.calls, &config), THM_OK);
    session.takes_calls = true;
}

static void close_session(void)
{
    free((char *)(uintptr_t)settings.cafile);
    free((char *)(uintptr_t)settings.cert);
    free((char *)(uintptr_t)settings.key);
    free(session.calls.config.tls_memory);
}

/* The server answers with a certificate for ali's key that ends later, or another one. */
static void issue(const char *cert)
{
    struct der der;
    struct thm_client_event e = {.kind = THM_CLIENT_ISSUED};

    read_certificate(&der, cert);
    e.certificate = der.bytes;
    e.certificate_len = der.len;
    renewal_event(&session, &e);
    renewal_turn(&session);
}

static void renewed(void **state)
{
    struct home home;
    char *command = text_format("cp -r '%s/ca' '%s/authority' && '%s' renew --dir '%s/authority' "
                                "ali@default >/dev/null",
                                getenv("CERTS"), folder, getenv("THIMBLE_CA"), folder);

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    prepare("ali@default", "ali@default", "ali");
    sleep(1); /* validity is counted in seconds: the new one has to end later */
    assert_int_equal(system(command), 0);
    assert_int_equal(home_keep(&home, &answer.joined), OPTIONS_OK);
    char *before = read_text("ali@default.crt");
    open_session();
    open_calls();
    assert_true(session.renewal.possible);
    assert_true(session.renewal.at_s > (uint64_t)time(NULL));
    uint64_t end = thm_credentials_identity(session.credentials)->not_after;

    /* another user's, and no longer life: nothing changes */
    char *other = text_format("%s/authority/users/bianca@default.crt", folder);
    issue(other);
    issue(settings.cert);
    assert_ptr_equal(session.credentials, &session.stock[0]);
    assert_false(there_is("ali@default.crt.old"));

    char *fresh = text_format("%s/authority/users/ali@default.crt", folder);
    issue(fresh);
    assert_ptr_equal(session.credentials, &session.stock[1]);
    assert_ptr_equal(session.client.config.credentials, &session.stock[1]);
    assert_ptr_equal(session.calls.config.credentials, &session.stock[1]);
    assert_null(session.renewal.former); /* of no use any more, and wiped */
    assert_true(thm_credentials_identity(session.credentials)->not_after > end);
    char *aside = read_text("ali@default.crt.old");
    assert_string_equal(aside, before);
    assert_int_equal(mode_of("ali@default.crt"), 0644);
    assert_int_equal(issued_time(settings.cert, UINT64_MAX), session.client.config.renew_at_s);
    close_session();
    open_session(); /* the next run has it */
    assert_true(thm_credentials_identity(session.credentials)->not_after > end);
    close_session();
    free(aside);
    free(fresh);
    free(other);
    free(before);
    free(command);
    home_close(&home);
}

static void files_that_are_not_ours(void **state)
{
    struct home home;

    (void)state;
    assert_int_equal(home_open(&home, folder), OPTIONS_OK);
    prepare("ali@default", "ali@default", "ali");
    assert_int_equal(home_keep(&home, &answer.joined), OPTIONS_OK);
    char *real = text_format("%s/real.crt", folder),
         *cert = text_format("%s/ali@default.crt", folder);
    assert_int_equal(rename(cert, real), 0);
    assert_int_equal(symlink("real.crt", cert), 0);
    open_session();
    assert_false(session.renewal.possible);
    assert_int_equal(session.renewal.at_s, 0);
    close_session();
    free(real);
    free(cert);
    home_close(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(times_that_cannot_be_right, setup, teardown),
        cmocka_unit_test_setup_teardown(renewed, setup, teardown),
        cmocka_unit_test_setup_teardown(files_that_are_not_ours, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
