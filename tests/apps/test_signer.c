/* thimbled asks thimble-signd: in order, over a connection that may not be there, may break, or may say nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "signer.h"

#define TAG   4u
#define HASH  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ASKED "sign ali@phone MAAA\n"

static char folder[] = "/tmp/thimble-signer-XXXXXX";
static char path[64];
static struct thm_port_posix port;
static struct signer signer;
static struct log log_;
static int listener, peer;
static struct thm_signing signings[SIGNER_SIGNINGS + 1];
static struct thm_signing *done[256];
static unsigned done_count;
static struct thm_signing *next; /* that the server asks for as soon as one is done */
static uint64_t late_ms;

/* What the server does when a certificate is made. */
void thm_server_signed(struct thm_server *s, struct thm_signing *signing)
{
    (void)s;
    done[done_count++] = signing;
    struct thm_signing *another = next;
    next = NULL;
    if (another)
        signer_sign(&signer, another);
}

static unsigned
    wrong; /* what a certificate says otherwise than was asked: 1 to 4, 5: nothing; 0: all is right */

/* What the certificate says that comes for the first one who waits. */
int thm_certificate_read(const unsigned char *der, size_t len, enum thm_role role,
                         struct thm_identity *who)
{
    const struct thm_signing *first = signer.waiting[0].signing;
    (void)der;
    assert_int_not_equal(len, 0);
    assert_int_equal(role, THM_FOR_CLIENT);
    *who = (struct thm_identity){.not_after = first->not_after_s + (wrong == 1)};
    strcpy(who->user, wrong == 2 ? "eve" : first->user);
    strcpy(who->device, wrong == 3 ? "tv" : first->device);
    memcpy(who->key_hash, first->key_hash, THM_KEY_HASH);
    who->key_hash[0] ^= wrong == 4;
    return wrong == 5 ? THM_E_CERT : THM_OK;
}

static void serve_there(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 8), 0);
}

static void vanish(void)
{
    close(listener);
    unlink(path);
}

static int set_up(void **state)
{
    const struct thm_port_posix_config config = {.max_sockets = 4};
    (void)state;
    assert_int_equal(thm_port_posix_init(&port, &config), THM_OK);
    log_.level = THM_LOG_DEBUG;
    log_.held_len = 0;
    done_count = 0;
    late_ms = 0;
    peer = -1;
    memset(signings, 0, sizeof signings);
    for (unsigned i = 0; i < SIGNER_SIGNINGS + 1; i++) {
        strcpy(signings[i].user, "ali");
        snprintf(signings[i].device, sizeof signings[i].device, i ? "phone%u" : "phone", i);
        memcpy(signings[i].request, "\x30\0\0", 3);
        signings[i].request_len = 3;
        signings[i].result = 1;
    }
    serve_there();
    signer_open(&signer, &port, TAG, &log_, path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    signer_close(&signer);
    thm_port_posix_destroy(&port);
    vanish();
    if (peer >= 0)
        close(peer);
    return 0;
}

static void turn(void)
{
    struct thm_event events[8];
    port.port.ops->wait(&port.port, 0, events, 8);
    signer_step(&signer, NULL, thm_port_posix_now_ms() + late_ms);
}

static void take_call(void)
{
    if (peer >= 0)
        close(peer);
    peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(peer >= 0);
}

static const char *heard(void)
{
    static char text[65536];
    ssize_t n = recv(peer, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void answer(const char *text)
{
    assert_int_equal(send(peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    turn();
}

static bool is_logged(const char *words)
{
    log_.held[log_.held_len] = '\0';
    return strstr(log_.held, words) != NULL;
}

/* --- as it should be ------------------------------------------------------------------------------ */

static void test_asked_and_answered(void **state)
{
    (void)state;
    assert_int_equal(signer_deadline(&signer, 0), UINT64_MAX);
    assert_true(signer_sign(&signer, &signings[0]));
    assert_int_equal(done_count, 0);
    turn();
    take_call();
    assert_string_equal(heard(), ASKED);
    assert_int_not_equal(signer_deadline(&signer, 0), UINT64_MAX);
    answer("ok " HASH " 1800000000 AQID");
    assert_int_equal(done_count, 0);
    answer("BA==\n");
    assert_int_equal(done_count, 1);
    assert_ptr_equal(done[0], &signings[0]);
    assert_int_equal(signings[0].result, THM_OK);
    assert_int_equal(signings[0].certificate_len, 4);
    assert_memory_equal(signings[0].certificate, "\1\2\3\4", 4);
    assert_memory_equal(signings[0].key_hash, "\x00\x11\x22", 3);
    assert_int_equal(signings[0].key_hash[31], 0xff);
    assert_int_equal(signer_deadline(&signer, 0), UINT64_MAX);
}

static void test_many_in_order_over_one_connection(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SIGNER_SIGNINGS; i++)
        assert_true(signer_sign(&signer, &signings[i]));
    assert_false(signer_sign(&signer, &signings[SIGNER_SIGNINGS]));
    turn();
    take_call();
    next = &signings[SIGNER_SIGNINGS]; /* asked for while an answer is taken */
    for (unsigned i = 0; i < SIGNER_SIGNINGS + 1; i++)
        answer(i % 2 ? "error certificate-request no\n" : "ok " HASH " 1 AQID\n");
    assert_int_equal(done_count, SIGNER_SIGNINGS + 1);
    for (unsigned i = 0; i < SIGNER_SIGNINGS + 1; i++) {
        assert_ptr_equal(done[i], &signings[i]);
        assert_int_equal(signings[i].result, i % 2 ? THM_E_CSR : THM_OK);
    }
    assert_int_equal(accept(listener, NULL, NULL), -1);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *answer;
        int result;
    } rows[] = {{"error certificate-request not signed by its key\n", THM_E_CSR},
                {"error signer too many\n", THM_E_SIGNER},
                {"error argument what\n", THM_E_SIGNER},
                {"error\n", THM_E_SIGNER},
                {"\n", THM_E_SIGNER},
                {"ok\n", THM_E_SIGNER},
                {"ok " HASH "\n", THM_E_SIGNER},
                {"ok " HASH "0 1 AQID\n", THM_E_SIGNER},
                {"ok 0g" HASH " 1 AQID\n", THM_E_SIGNER},
                {"ok " HASH " 1 AQI\n", THM_E_SIGNER},
                {"ok " HASH " 1 AQID more\n", THM_E_SIGNER}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(signer_sign(&signer, &signings[0]));
        turn();
        if (i == 0)
            take_call();
        answer(rows[i].answer);
        assert_int_equal(done_count, i + 1);
        assert_int_equal(signings[0].result, rows[i].result);
    }
    assert_true(is_logged("WARNING not-signed"));
    assert_true(is_logged("detail=\"not signed by its key\""));
}

static void test_a_certificate_for_somebody_else(void **state)
{
    (void)state;
    for (wrong = 5; wrong > 0; wrong--) {
        assert_true(signer_sign(&signer, &signings[0]));
        turn();
        if (wrong == 5)
            take_call();
        answer("ok " HASH " 1 AQID\n");
        assert_int_equal(signings[0].result, THM_E_SIGNER);
    }
    assert_int_equal(done_count, 5);
}

/* --- as it may be --------------------------------------------------------------------------------- */

static void test_nobody_there(void **state)
{
    (void)state;
    vanish();
    assert_false(signer_sign(&signer, &signings[0]));
    assert_true(is_logged("ERROR signer-trouble"));
    log_.held_len = 0;
    assert_false(signer_sign(&signer, &signings[0]));
    turn();
    assert_int_equal(log_.held_len, 0); /* said once */
    assert_int_equal(done_count, 0);
    serve_there();
    assert_true(signer_sign(&signer, &signings[0]));
    turn();
    take_call();
    answer("ok " HASH " 1 AQID\n");
    assert_int_equal(signings[0].result, THM_OK);
    assert_true(is_logged("INFO signer-well"));
}

static void test_the_connection_breaks(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_true(signer_sign(&signer, &signings[i]));
    turn();
    take_call();
    answer("ok " HASH " 1 AQID\nok " HASH " 1 AQ");
    assert_int_equal(done_count, 1);
    next = &signings[3]; /* goes by a connection of its own */
    close(peer);
    peer = -1;
    turn();
    assert_int_equal(done_count, 3);
    assert_int_equal(signings[1].result, THM_E_SIGNER);
    assert_int_equal(signings[2].result, THM_E_SIGNER);
    turn();
    take_call();
    assert_string_equal(heard(), "sign ali@phone3 MAAA\n");
    answer("ok " HASH " 1 AQID\n");
    assert_int_equal(done_count, 4);
    assert_int_equal(signings[3].result, THM_OK);
}

static void test_a_restart_between_two_requests_costs_nothing(void **state)
{
    (void)state;
    assert_true(signer_sign(&signer, &signings[0]));
    turn();
    take_call();
    answer("ok " HASH " 1 AQID\n");
    close(peer);
    peer = -1;
    turn();
    assert_true(signer_sign(&signer, &signings[1]));
    turn();
    take_call();
    answer("ok " HASH " 1 AQID\n");
    assert_int_equal(signings[1].result, THM_OK);
    assert_false(is_logged("signer-trouble"));
}

static void test_no_answer(void **state)
{
    (void)state;
    assert_true(signer_sign(&signer, &signings[0]));
    assert_true(signer_sign(&signer, &signings[1]));
    turn();
    late_ms = SIGNER_PATIENCE_MS - 1000;
    turn();
    assert_int_equal(done_count, 0);
    late_ms = SIGNER_PATIENCE_MS;
    turn();
    assert_int_equal(done_count, 2);
    assert_int_equal(signings[0].result, THM_E_SIGNER);
    assert_true(is_logged("no answer comes from"));
    late_ms = 0;
    assert_true(signer_sign(&signer, &signings[0])); /* what comes late is for nobody */
    turn();
    take_call();
    take_call();
    answer("ok " HASH " 1 AQID\n");
    assert_int_equal(done_count, 3);
    assert_int_equal(signings[0].result, THM_OK);
}

static void test_an_answer_that_nobody_asked_for(void **state)
{
    (void)state;
    assert_true(signer_sign(&signer, &signings[0]));
    turn();
    take_call();
    answer("ok " HASH " 1 AQID\nok " HASH " 1 AQID\n");
    assert_int_equal(done_count, 1);
    assert_int_equal(signer.fd, -1);
}

static void test_an_answer_without_an_end(void **state)
{
    char text[SIGNER_LINE + 1];
    (void)state;
    memset(text, 'x', SIGNER_LINE);
    text[SIGNER_LINE] = '\0';
    assert_true(signer_sign(&signer, &signings[0]));
    turn();
    take_call();
    answer(text);
    assert_int_equal(done_count, 1);
    assert_int_equal(signings[0].result, THM_E_SIGNER);
    assert_int_equal(signer.fd, -1);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/signd.sock", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_asked_and_answered),
        TEST(test_many_in_order_over_one_connection),
        TEST(test_refusals),
        TEST(test_a_certificate_for_somebody_else),
        TEST(test_nobody_there),
        TEST(test_the_connection_breaks),
        TEST(test_a_restart_between_two_requests_costs_nothing),
        TEST(test_no_answer),
        TEST(test_an_answer_that_nobody_asked_for),
        TEST(test_an_answer_without_an_end),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
