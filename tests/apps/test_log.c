/* Whatever stands in a value of the log, it can't end the line or pass for another value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "log.h"

static char written[8192];

/* Logs a record while stderr is a file, and keeps what was written. */
static void write_record(bool json, const struct thm_log_record *record)
{
    static struct log log;
    FILE *file = tmpfile();
    assert_non_null(file);
    int fd = fileno(file), saved = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    log_open(&log, THM_LOG_INFO, json);
    log_record(&log, record);
    assert_true(log_flush(&log));
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t len = pread(fd, written, sizeof written - 1, 0);
    assert_true(len >= 0);
    written[len] = '\0';
    fclose(file);
}

/* What follows the time and level of a text line. */
static const char *text_of(const char *alias)
{
    const struct thm_log_record record = {
        .level = THM_LOG_INFO, .event = "login", .connection = 7, .user = "ali", .alias = alias};
    write_record(false, &record);
    char *rest = strstr(written, " INFO ");
    assert_non_null(rest);
    assert_int_equal(rest - written, strlen("2012-12-15T10:00:00.123Z"));
    return rest + strlen(" INFO ");
}

static void test_text_values_are_quoted_where_they_must_be(void **state)
{
    (void)state;
    assert_string_equal(text_of("Ali"), "login connection=7 user=ali alias=Ali\n");
    assert_string_equal(text_of("Ali B"), "login connection=7 user=ali alias=\"Ali B\"\n");
    assert_string_equal(text_of("a user=root"),
                        "login connection=7 user=ali alias=\"a user=root\"\n");
    assert_string_equal(text_of("a\" user=\"root"),
                        "login connection=7 user=ali alias=\"a\\\" user=\\\"root\"\n");
    assert_string_equal(text_of("a\\"), "login connection=7 user=ali alias=\"a\\\\\"\n");
    assert_string_equal(text_of("a\nERROR b\r\033[2J"),
                        "login connection=7 user=ali alias=\"a\\u000aERROR b\\u000d\\u001b[2J\"\n");
    assert_string_equal(text_of("\xe2\x80\xae\xff"),
                        "login connection=7 user=ali alias=\"\\u202e\\ufffd\"\n");
    assert_string_equal(text_of("\xc3\xbc"), "login connection=7 user=ali alias=\"\xc3\xbc\"\n");
}

static void test_json_is_one_object_a_line(void **state)
{
    static const uint8_t hash[THM_KEY_HASH] = {0xab, 0xcd};
    const struct thm_log_record record = {.level = THM_LOG_WARNING,
                                          .event = "refused",
                                          .user = "ali",
                                          .alias = "a\"\n\xf3\xa0\x80\x81",
                                          .key_hash = hash,
                                          .size = 12,
                                          .code = THM_E_REVOKED};
    (void)state;
    write_record(true, &record);
    char *rest = strstr(written, ",\"level\"");
    assert_non_null(rest);
    assert_string_equal(
        rest,
        ",\"level\":\"WARNING\",\"event\":\"refused\",\"user\":\"ali\","
        "\"alias\":\"a\\\"\\u000a\\udb40\\udc01\",\"key_hash\":\"abcd"
        "000000000000000000000000000000000000000000000000000000000000\","
        "\"size\":12,\"code\":\"revoked\",\"reason\":\"the device's certificate was revoked\"}\n");
}

/* However long a value is, the line has its end. */
static void test_a_long_value_does_not_break_the_line(void **state)
{
    static char huge[6000];
    const struct thm_log_record record = {
        .level = THM_LOG_INFO, .event = "close", .detail = huge, .user = "ali"};
    (void)state;
    memset(huge, 'x', sizeof huge - 1);
    write_record(true, &record);
    assert_true(strlen(written) < 4097);
    assert_string_equal(written + strlen(written) - 2, "}\n");
    memset(huge, '"', sizeof huge - 1);
    write_record(true, &record);
    assert_string_equal(written + strlen(written) - 3, "\"}\n");
}

static void test_levels_below_are_not_written(void **state)
{
    const struct thm_log_record record = {.level = THM_LOG_DEBUG, .event = "join"};
    (void)state;
    write_record(false, &record);
    assert_string_equal(written, "");
}

static void test_the_journal_gets_priorities(void **state)
{
    static struct log log;
    struct stat info;
    char stream[64];
    (void)state;
    assert_int_equal(fstat(STDERR_FILENO, &info), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_open(&log, THM_LOG_INFO, false);
    assert_true(log.journal);
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_open(&log, THM_LOG_INFO, false);
    assert_false(log.journal);
    unsetenv("JOURNAL_STREAM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_values_are_quoted_where_they_must_be),
        cmocka_unit_test(test_json_is_one_object_a_line),
        cmocka_unit_test(test_a_long_value_does_not_break_the_line),
        cmocka_unit_test(test_levels_below_are_not_written),
        cmocka_unit_test(test_the_journal_gets_priorities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
