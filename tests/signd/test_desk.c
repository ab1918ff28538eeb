/* Lines in, lines out, and no more signatures than the limit has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "desk.h"
#include "paper.h"
#include "util/base64.h"

static struct log log_;
static struct desk desk;
static char good[DESK_LINE], answer[DESK_LINE + 1];
static uint64_t now_ms;

static int set_up(void **state)
{
    struct paper request;
    struct thm_text t;
    (void)state;
    log_.level = THM_LOG_DEBUG;
    now_ms = 5000;
    desk_open(&desk, &log_, paper_open(), 3600, (struct option_rate){2, 3});
    paper_good_request(&request);
    thm_text_init(&t, good, sizeof good);
    thm_text_str(&t, "sign ali@phone ");
    thm_text_base64(&t, request.der, request.len);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    issue_close(desk.issuer);
    log_.held_len = 0;
    return 0;
}

static const char *ask(const char *line)
{
    size_t len = desk_answer(&desk, line, strlen(line), PAPER_NOW, now_ms, answer);
    answer[len] = '\0';
    assert_int_equal(strcspn(answer, "\n"), len - 1);
    return answer;
}

static void says(const char *line, const char *beginning)
{
    assert_memory_equal(ask(line), beginning, strlen(beginning));
}

static unsigned logged(const char *words)
{
    unsigned count = 0;
    log_.held[log_.held_len] = '\0';
    for (const char *at = log_.held; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void test_a_signature(void **state)
{
    uint8_t der[THM_ISSUED_MAX];
    size_t n;
    char hash[65], until[32], base64[DESK_LINE], line[256];
    (void)state;
    assert_int_equal(sscanf(ask(good), "ok %64[0-9a-f] %31[0-9] %2000s", hash, until, base64), 3);
    assert_int_equal(strlen(hash), 64);
    assert_int_equal(atoll(until), PAPER_NOW + 3600);
    assert_true(thm_base64_read(base64, strlen(base64), der, sizeof der, &n));
    snprintf(line, sizeof line,
             "INFO signed user=ali device=phone detail=\"key %s, until 2027-01-15T09:00:00Z\"",
             hash);
    assert_int_equal(logged(line), 1);
}

static void test_what_is_no_request(void **state)
{
    (void)state;
    says("", "error argument write it as");
    says("sign", "error argument write it as");
    says("sign ", "error argument write it as");
    says("sign ali AAAA", "error argument write it as");
    says("sign ali@phone", "error argument write it as");
    says("hold ali@phone AAAA", "error argument write it as");
    says("sign ali@phone ", "error certificate-request");
    says("sign ali@phone AAAA", "error certificate-request the request is not one");
    says("sign ali@phone A", "error certificate-request the request is not Base64");
    says("sign ali@phone AAAA AAAA", "error certificate-request the request is not Base64");
    says("sign Ali@phone AAAA", "error argument a user and a device have");
    says("sign @phone AAAA", "error argument a user and a device have");
    says("sign ali@ AAAA", "error argument a user and a device have");
    says("sign ali@b@c AAAA", "error argument a user and a device have");
    says("sign 012345678901234567890123456789012@b AAAA", "error argument a user and a device");
    assert_int_equal(logged(" signed "), 0);
}

static void test_a_zero_ends_no_name(void **state)
{
    char line[DESK_LINE];
    (void)state;
    strcpy(line, good);
    line[6] = '\0'; /* of "sign ali" */
    size_t len = desk_answer(&desk, line, strlen(good), PAPER_NOW, now_ms, answer);
    answer[len] = '\0';
    assert_memory_equal(answer, "error argument a user", 21);
}

static void test_the_longest_request_fits_a_line(void **state)
{
    struct thm_text t;
    uint8_t most[THM_CSR_MAX] = {0x30, 0x80};
    char line[DESK_LINE];
    (void)state;
    thm_text_init(&t, line, sizeof line);
    thm_text_str(&t, "sign 01234567890123456789012345678901@01234567890123456789012345678901 ");
    thm_text_base64(&t, most, sizeof most);
    assert_false(t.truncated);
    says(line, "error certificate-request the request is not one");
    thm_text_str(&t, "AAAA");
    says(line, "error certificate-request the request is not Base64, or longer");
}

static void test_more_than_the_limit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        says(good, "ok ");
    for (unsigned i = 0; i < 9; i++)
        says(good, "error signer too many");
    assert_int_equal(logged("WARNING limit"), 1);
    assert_int_equal(logged(" refused "), 0);
    now_ms += 499;
    says(good, "error signer");
    now_ms += 1;
    says(good, "ok ");
    says(good, "error signer");
    assert_int_equal(logged("within --limit again"), 0);
    now_ms += 100000000;
    for (unsigned i = 0; i < 3; i++)
        says(good, "ok ");
    says(good, "error signer");
    assert_int_equal(logged("within --limit again"), 1);
}

static void test_what_is_refused_costs_nothing_of_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 9; i++)
        says("sign ali@phone AAAA", "error certificate-request");
    says(good, "ok ");
}

static void test_no_limit(void **state)
{
    (void)state;
    desk.limit.rate = 0;
    for (unsigned i = 0; i < 9; i++)
        says(good, "ok ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_signature, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_zero_ends_no_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_longest_request_fits_a_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_than_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused_costs_nothing_of_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_no_limit, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
