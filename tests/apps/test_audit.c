/* The audit log: what is in it, what never is, rotation, and a disk that takes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "stand_in.h"

static char folder[] = "/tmp/thimble-audit-XXXXXX", file[64], former[64];
static uint64_t now = 1000;

static int set_up(void **state)
{
    (void)state;
    unlink(file);
    unlink(former);
    stand_in_begin(file);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stand_in_end();
    return 0;
}

static void record(const struct thm_log_record *r)
{
    audit_record(&stand_in.audit, r);
    audit_flush(&stand_in.audit, now += 10);
}

/* The last line without its time. */
static const char *last(void)
{
    char *text = (char *)file_text(file), *line;
    assert_true(strlen(text) > 26 && text[strlen(text) - 1] == '\n');
    text[strlen(text) - 1] = '\0';
    line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    assert_int_equal(line[24], ' ');
    assert_int_equal(line[23], 'Z');
    return line + 25;
}

/* What the log was told, since the last time. */
static const char *logged(void)
{
    static char text[LOG_HELD + 1];
    snprintf(text, sizeof text, "%.*s", (int)stand_in.log.held_len, stand_in.log.held);
    stand_in.log.held_len = 0;
    return text;
}

static void test_who_did_what_to_whom(void **state)
{
    static const uint8_t hash[THM_KEY_HASH] = {0xab};
    const struct thm_address address = {.family = 4, .ip = {127, 0, 0, 1}, .number = 5};
    const struct thm_log_record of_ali = {.connection = 3,
                                          .address = &address,
                                          .user = "ali",
                                          .device = "desk",
                                          .key_hash = hash,
                                          .alias = "Ali B"};
    struct thm_log_record r = of_ali;
    (void)state;
    r.event = "login";
    r.detail = "an agent's words";
    record(&r);
    assert_string_equal(
        last(), "login connection=3 address=127.0.0.1:5 user=ali device=desk "
                "key_hash=ab00000000000000000000000000000000000000000000000000000000000000");
    r.event = "refused";
    r.code = THM_E_PASSCODE;
    r.detail = "invalid-proof";
    record(&r);
    assert_non_null(strstr(last(), " code=passcode detail=invalid-proof"));
    r.code = THM_E_REVOKED;
    r.detail = NULL;
    record(&r);
    assert_non_null(
        strstr(last(), "refused connection=3 address=127.0.0.1:5 user=ali device=desk"));
    assert_non_null(strstr(last(), " code=revoked"));
    r.event = "logout";
    r.code = THM_E_KICKED;
    record(&r);
    assert_string_equal(last(), "logout connection=3 user=ali device=desk code=kicked");
    r = of_ali;
    r.event = "join";
    r.detail = "#ops";
    record(&r);
    assert_string_equal(last(), "join connection=3 user=ali device=desk room=#ops");
    r.event = "leave";
    record(&r);
    assert_string_equal(last(), "leave connection=3 user=ali device=desk room=#ops");
    r.event = "alias";
    r.detail = NULL;
    record(&r);
    assert_string_equal(last(), "alias connection=3 user=ali device=desk alias=\"Ali B\"");
    record(&(struct thm_log_record){.event = "message",
                                    .user = "ali",
                                    .device = "desk",
                                    .room = "#ops",
                                    .n = 7,
                                    .size = 12,
                                    .detail = "a text"});
    assert_string_equal(last(), "message user=ali device=desk room=#ops n=7 size=12");
    record(&(struct thm_log_record){.event = "whisper",
                                    .user = "ali",
                                    .device = "desk",
                                    .room = "@ali",
                                    .to = "bianca@tv",
                                    .n = 7,
                                    .size = 12,
                                    .detail = "a text"});
    assert_string_equal(last(), "whisper user=ali device=desk to=bianca@tv n=7 size=12");
    assert_null(strstr(file_text(file), "text"));
    assert_null(strstr(file_text(file), "agent"));
}

static void test_other_events_are_left_to_the_log(void **state)
{
    static const char *const others[] = {"connect", "handshake", "close", "memory", "listening"};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        record(&(struct thm_log_record){.event = others[i], .user = "ali"});
    record(&(struct thm_log_record){.event = "join", .user = "ali", .detail = "@ali"});
    assert_string_equal(file_text(file), "");
}

static void leave_mark(const char *user)
{
    record(&(struct thm_log_record){.event = "alias", .user = user});
}

static void test_the_file_is_private_and_appended_to(void **state)
{
    struct stat info;
    mode_t mask = umask(0);
    (void)state;
    stand_in_end();
    unlink(file);
    stand_in_begin(file);
    umask(mask);
    leave_mark("ali");
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    stand_in_end();
    FILE *cut = fopen(file, "a");
    fputs("2012-12-15T10:00:00.123Z mess", cut); /* the power went */
    fclose(cut);
    stand_in_begin(file);
    leave_mark("bianca");
    assert_non_null(strstr(file_text(file), "alias user=ali\n2012-12-15T10:00:00.123Z mess\n20"));
    assert_string_equal(last(), "alias user=bianca");
}

static void test_rotation(void **state)
{
    (void)state;
    leave_mark("ali");
    assert_int_equal(rename(file, former), 0);
    leave_mark("bianca");
    assert_non_null(strstr(file_text(former), "bianca"));
    audit_reopen(&stand_in.audit);
    leave_mark("carol");
    assert_null(strstr(file_text(former), "carol"));
    assert_string_equal(last(), "alias user=carol");
}

/* Lets files be no longer than this, as a disk that is full does. */
static void limit(rlim_t bytes)
{
    struct rlimit l;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void test_a_full_disk_is_told_once_and_overcome(void **state)
{
    unsigned lines = 0;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    leave_mark("ali");
    limit(60); /* in the middle of the second line */
    leave_mark("bianca");
    leave_mark("carol");
    assert_int_equal(strlen(file_text(file)), 60);
    const char *text = logged();
    char *first = strstr(text, " ERROR audit-failed ");
    assert_non_null(first);
    assert_null(strstr(first + strlen(" ERROR audit-failed"), "audit-failed"));
    assert_true(audit_deadline(&stand_in.audit) > now);
    now += 5000; /* it is tried again, and fails again */
    leave_mark("dora");
    assert_null(strstr(logged(), "audit-failed"));
    for (unsigned i = 0; i < 2000; i++) /* more than finds room */
        leave_mark("eve");
    assert_true(stand_in.audit.lost > 0 && stand_in.audit.lost < 2000);
    unsigned lost = (unsigned)stand_in.audit.lost;
    limit(RLIM_INFINITY);
    now += 5000;
    audit_flush(&stand_in.audit, now);
    audit_flush(&stand_in.audit, now);
    assert_non_null(strstr(logged(), "audit detail=\"the audit log is written again; "));
    text = strchr(file_text(file), '\n') + 1;
    assert_non_null(strstr(text, "Z alias user=bianca\n")); /* which was torn, and is whole */
    for (; *text; text = strchr(text, '\n') + 1, lines++)
        assert_true(strncmp(text + 23, "Z alias ", 8) == 0 || strncmp(text + 23, "Z gap ", 6) == 0);
    assert_int_equal(lines, 3 + 2000 - lost + 1);
    char want[64];
    snprintf(want, sizeof want, "gap lost=%u", lost);
    assert_string_equal(last(), want);
}

static void test_a_torn_line_does_not_follow_into_the_next_file(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    leave_mark("ali");
    limit(60);
    leave_mark("bianca");
    leave_mark("carol");
    assert_int_equal(rename(file, former), 0);
    audit_reopen(&stand_in.audit);
    limit(RLIM_INFINITY);
    now += 5000;
    audit_flush(&stand_in.audit, now);
    const char *text = file_text(file);
    assert_int_equal(text[23], 'Z');
    assert_non_null(strstr(text, "Z alias user=carol\n"));
    assert_non_null(strstr(text, "Z gap lost=1\n"));
}

static void test_it_is_synced_once_a_second_by_the_thread(void **state)
{
    (void)state;
    leave_mark("ali");
    uint64_t first = stand_in.audit.sync_at;
    assert_int_equal(first, now + 1000);
    leave_mark("bianca");
    assert_int_equal(stand_in.audit.sync_at, first);
    assert_true(stand_in.audit.unsynced);
    assert_int_equal(audit_deadline(&stand_in.audit), first);
    for (unsigned i = 0; i < 1000 && atomic_load(&stand_in.audit.job) >= 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    now = first;
    audit_flush(&stand_in.audit, now);
    assert_false(stand_in.audit.unsynced);
    assert_int_equal(audit_deadline(&stand_in.audit), UINT64_MAX);
}

static void test_without_a_file_nothing_happens(void **state)
{
    static struct audit none;
    char why[256];
    (void)state;
    assert_true(audit_open(&none, NULL, &stand_in.log, why, sizeof why));
    audit_record(&none, &(struct thm_log_record){.event = "login"});
    audit_act(&none, &(struct audit_act){.event = "kick"});
    audit_flush(&none, now);
    audit_reopen(&none);
    assert_int_equal(audit_deadline(&none), UINT64_MAX);
    audit_close(&none);
    assert_false(audit_open(&none, "/nowhere/audit", &stand_in.log, why, sizeof why));
    assert_string_equal(why, "can't write the audit log /nowhere/audit: No such file or directory");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_who_did_what_to_whom),
        TEST(test_other_events_are_left_to_the_log),
        TEST(test_the_file_is_private_and_appended_to),
        TEST(test_rotation),
        TEST(test_a_full_disk_is_told_once_and_overcome),
        TEST(test_a_torn_line_does_not_follow_into_the_next_file),
        TEST(test_it_is_synced_once_a_second_by_the_thread),
        TEST(test_without_a_file_nothing_happens),
    };
    if (!mkdtemp(folder))
        return 1;
    snprintf(file, sizeof file, "%s/audit", folder);
    snprintf(former, sizeof former, "%s/audit.1", folder);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file);
    unlink(former);
    rmdir(folder);
    return result;
}
