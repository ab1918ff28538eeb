/* The operator's commands: what a line is taken for, what is asked of the server, and what is answered. */
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

#include "stand_in.h"

#define VERIFIER                                                                                   \
    "SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$"                                                 \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static char folder[] = "/tmp/thimble-commands-XXXXXX";
static char audit_file[64], denylist[64];

/* What was answered: lines, each with its newline, and the last word. */
static char said[65536], code[64], sentence[2048];
static unsigned ends;

static void on_line(struct call *call, const char *text)
{
    (void)call;
    size_t len = strlen(said);
    snprintf(said + len, sizeof said - len, "%s\n", text);
}

static void on_end(struct call *call, const char *word, const char *text)
{
    (void)call;
    ends++;
    snprintf(code, sizeof code, "%s", word ? word : "ok");
    snprintf(sentence, sizeof sentence, "%s", text ? text : "");
}

static struct call call;

/* Runs a command as far as it goes without the server. */
static void run(const char *line)
{
    said[0] = code[0] = sentence[0] = '\0';
    ends = 0;
    call.host = &stand_in.host;
    call.by = "uid:7";
    call.line = on_line;
    call.end = on_end;
    assert_false(call.busy);
    commands_run(&call, line);
    for (unsigned i = 0; i < 1000 && call.walk; i++)
        commands_go_on(&call);
}

static void refuses(const char *line, const char *word, const char *part)
{
    run(line);
    assert_int_equal(ends, 1);
    assert_string_equal(code, word);
    assert_non_null(strstr(sentence, part));
    assert_string_equal(said, "");
}

static void answers(const char *line, const char *lines)
{
    run(line);
    assert_int_equal(ends, 1);
    assert_string_equal(code, "ok");
    assert_string_equal(said, lines);
}

static int set_up(void **state)
{
    (void)state;
    unlink(audit_file);
    stand_in_begin(audit_file);
    memset(&call, 0, sizeof call);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stand_in_end();
    return 0;
}

/* What the audit log holds, but for the times. */
static const char *audited(void)
{
    static char text[4096];
    const char *line;
    audit_flush(&stand_in.audit, 0);
    text[0] = '\0';
    for (line = file_text(audit_file); *line; line = strchr(line, '\n') + 1) {
        const char *event = strchr(line, ' ') + 1;
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%.*s", (int)(strchr(event, '\n') + 1 - event),
                 event);
    }
    return text;
}

static void test_lines_are_taken_for_what_they_are(void **state)
{
    (void)state;
    refuses("dance", "command", "unknown command 'dance': help lists them");
    refuses("user", "command", "unknown command 'user'");
    refuses("user dance ali", "command", "unknown command 'user dance'");
    refuses("listen", "command", "unknown command 'listen'");
    refuses("useradd ali", "command", "unknown command 'useradd'");
    refuses("", "command", "unknown command ''");
    stand_in.admin = THM_E_STATE; /* no records: rooms are those that somebody is in */
    answers("room  list", "0 rooms\n");
    stand_in.admin = THM_OK;
    answers("/list", "0 online\n");
    answers("  list", "0 online\n");
}

static void test_help_names_every_command(void **state)
{
    (void)state;
    run("help");
#define NAMED(function, name, args, help, what)                                                    \
    assert_non_null(strstr(said, name " " args));                                                  \
    assert_non_null(strstr(said, help "\n"));
    COMMANDS(NAMED)
#undef NAMED
}

static void test_kick_and_say(void **state)
{
    (void)state;
    answers("kick eve@tv  no more of that", "1 session ended\n");
    assert_string_equal(stand_in.kicked, "eve@tv");
    assert_string_equal(stand_in.reason, "no more of that");
    answers("kick eve", "1 session ended\n");
    assert_string_equal(stand_in.reason, "no reason was given");
    answers("kick nobody", "0 sessions ended\n");
    refuses("kick", "argument", "kick whom?");
    answers("say tea  is ready", "told to 3\n");
    assert_string_equal(stand_in.notice, "tea  is ready");
    refuses("say", "argument", "say what?");
    assert_string_equal(audited(), "kick by=uid:7 user=eve device=tv detail=\"no more of that\"\n"
                                   "kick by=uid:7 user=eve\n"
                                   "say by=uid:7\n");
}

static void test_long_lists_come_in_pieces(void **state)
{
    (void)state;
    stand_in.room_count = 500;
    stand_in.admin = THM_E_STATE;
    call.host = &stand_in.host;
    call.line = on_line;
    call.end = on_end;
    said[0] = '\0';
    ends = 0;
    commands_run(&call, "room list");
    assert_string_equal(said, "");
    commands_go_on(&call);
    assert_non_null(strstr(said, "#r64 "));
    assert_null(strstr(said, "#r65 "));
    assert_true(call.busy);
    for (unsigned i = 0; i < 8; i++)
        commands_go_on(&call);
    assert_int_equal(ends, 1);
    assert_false(call.busy);
    assert_non_null(strstr(said, "500 rooms\n"));
}

static void done(int result)
{
    struct thm_admin_request *r = stand_in.request;
    assert_non_null(r);
    stand_in.request = NULL;
    r->done(r, result);
}

static void test_an_account_is_added(void **state)
{
    (void)state;
    run("user add ali");
    assert_int_equal(ends, 0); /* the server has not answered */
    assert_true(call.busy);
    assert_int_equal(stand_in.seen.op, THM_ADMIN_USER_ADD);
    assert_string_equal(stand_in.seen.user, "ali");
    assert_int_equal(stand_in.seen.set, 0);
    done(THM_OK);
    assert_string_equal(code, "ok");
    assert_string_equal(said, "ali has an account\n");
    run("user add bianca --auth certificate --verifier " VERIFIER);
    assert_int_equal(stand_in.seen.set, THM_ADMIN_AUTH | THM_ADMIN_VERIFIER);
    assert_int_equal(stand_in.seen.auth, THM_AUTH_CERTIFICATE);
    assert_int_equal(stand_in.seen.verifier.iterations, 4096);
    assert_int_equal(stand_in.request->verifier.iterations, 4096); /* the server's to wipe */
    done(THM_E_NO_USER);
    assert_string_equal(code, "no-such-user");
    assert_non_null(strstr(sentence, "bianca: "));
    assert_string_equal(audited(), "user-add by=uid:7 user=ali\n"
                                   "user-add by=uid:7 user=bianca code=no-such-user "
                                   "detail=\"auth certificate, passcode set\"\n");
}

static void test_what_can_be_no_account_is_refused(void **state)
{
    (void)state;
    refuses("user add", "argument", "which user?");
    refuses("user add 012345678901234567890123456789012", "argument", "at most 32 characters");
    refuses("user add ali --auth perhaps", "argument", "'perhaps' is none of");
    refuses("user add ali --auth", "argument", "a value is missing after --auth");
    refuses("user add ali --wide", "argument", "unknown option --wide");
    refuses("user add ali --passcode", "argument", "by thimblectl only");
    refuses("user passwd ali", "argument", "by thimblectl only");
    refuses("user add ali --verifier x", "argument", "the verifier can't be used");
    assert_int_equal(stand_in.seen.verifier.iterations, 0);
    refuses("user suspend ali now", "argument", "nothing follows the user: 'now'");
    refuses("user auth ali", "argument", "how?");
    stand_in.admin = THM_E_KEY_RANGE;
    refuses("user add Ali!", "argument", "'Ali!' can't be a user");
    run("user add ali --verifier " VERIFIER);
    assert_int_equal(call.request.verifier.iterations, 0); /* nobody else wipes it */
    stand_in.admin = THM_E_STATE;
    refuses("user list", "state", "keeps no accounts");
    assert_string_equal(audited(), "");
}

static void test_accounts_are_changed(void **state)
{
    static const struct {
        const char *line;
        enum thm_admin_op op;
        unsigned set;
        enum thm_auth_policy auth;
        bool suspended;
    } cases[] = {
        {"user suspend ali", THM_ADMIN_USER_SET, THM_ADMIN_SUSPENDED, THM_AUTH_DEFAULT, true},
        {"user resume ali", THM_ADMIN_USER_SET, THM_ADMIN_SUSPENDED, THM_AUTH_DEFAULT, false},
        {"user remove ali", THM_ADMIN_USER_REMOVE, 0, THM_AUTH_DEFAULT, false},
        {"user auth ali default", THM_ADMIN_USER_SET, THM_ADMIN_AUTH, THM_AUTH_DEFAULT, false},
        {"user auth ali passcode", THM_ADMIN_USER_SET, THM_ADMIN_AUTH, THM_AUTH_PASSCODE, false},
        /* who is given a passcode is to be asked for it; who has none can't be */
        {"user passwd ali --verifier " VERIFIER, THM_ADMIN_USER_SET,
         THM_ADMIN_AUTH | THM_ADMIN_VERIFIER, THM_AUTH_PASSCODE, false},
        {"user passwd ali --no-passcode", THM_ADMIN_USER_SET, THM_ADMIN_AUTH | THM_ADMIN_VERIFIER,
         THM_AUTH_DEFAULT, false},
        {"user passwd ali --auth default --verifier " VERIFIER, THM_ADMIN_USER_SET,
         THM_ADMIN_AUTH | THM_ADMIN_VERIFIER, THM_AUTH_DEFAULT, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run(cases[i].line);
        assert_string_equal(stand_in.seen.user, "ali");
        assert_int_equal(stand_in.seen.op, cases[i].op);
        assert_int_equal(stand_in.seen.set, cases[i].set);
        assert_int_equal(stand_in.seen.auth, cases[i].auth);
        assert_int_equal(stand_in.seen.suspended, cases[i].suspended);
        done(THM_OK);
        assert_string_equal(code, "ok");
    }
    assert_string_equal(audited(),
                        "user-suspend by=uid:7 user=ali\n"
                        "user-resume by=uid:7 user=ali\n"
                        "user-remove by=uid:7 user=ali\n"
                        "user-auth by=uid:7 user=ali detail=\"auth default\"\n"
                        "user-auth by=uid:7 user=ali detail=\"auth passcode\"\n"
                        "user-passwd by=uid:7 user=ali detail=\"auth passcode, passcode set\"\n"
                        "user-passwd by=uid:7 user=ali detail=\"auth default, no passcode\"\n"
                        "user-passwd by=uid:7 user=ali detail=\"auth default, passcode set\"\n");
}

static void test_accounts_are_listed(void **state)
{
    const struct thm_account ali = {.user = "ali",
                                    .auth = THM_AUTH_PASSCODE,
                                    .suspended = true,
                                    .has_passcode = true,
                                    .since_ms = 1700000000000};
    (void)state;
    const struct thm_account eve = {.user = "eve", .since_ms = 1700000000000};
    stand_in.host.auth = THM_AUTH_PASSCODE;
    run("user list");
    stand_in.request->row(stand_in.request, &ali);
    stand_in.request->row(stand_in.request, &eve);
    done(THM_OK);
    assert_string_equal(said,
                        "ali                      auth passcode              passcode    suspended "
                        "since 2023-11-14, seen never\n"
                        "eve                      auth passcode (default)    no passcode active    "
                        "since 2023-11-14, seen never\n2 accounts\n");
}

/* --- devices ------------------------------------------------------------------------------------ */

static void log_device(const char *event, uint32_t connection, const char *device, uint8_t key)
{
    uint8_t hash[THM_KEY_HASH];
    memset(hash, key, sizeof hash);
    const struct thm_log_record record = {.event = event,
                                          .connection = connection,
                                          .user = "ali",
                                          .device = device,
                                          .key_hash = hash};
    devices_record(&stand_in.devices, &record, 1700000000000);
}

static void test_devices_are_listed(void **state)
{
    (void)state;
    log_device("login", 1, "desk", 0xaa);
    log_device("login", 2, "phone", 0xbb);
    log_device("login", 3, "desk", 0xaa);
    log_device("logout", 1, "desk", 0xaa); /* was replaced by 3 */
    log_device("logout", 2, "phone", 0xbb);
    run("device list ali");
    assert_non_null(
        strstr(said, "ali@desk                 aaaaaaaaaaaaaaaa online  last login 2023"));
    assert_non_null(
        strstr(said, "ali@phone                bbbbbbbbbbbbbbbb away    last login 2023"));
    assert_non_null(strstr(said, "2 devices\n"));
    memset(stand_in.denied, 0xbb, THM_KEY_HASH);
    run("device list");
    assert_non_null(strstr(said, "bbbbbbbbbbbbbbbb revoked"));
    answers("device list eve", "0 devices\n");
    refuses("device list a b", "argument", "which user?");
}

static void test_the_devices_that_are_remembered_are_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char name[16];
        uint8_t hash[THM_KEY_HASH] = {1};
        snprintf(name, sizeof name, "d%u", i);
        const struct thm_log_record record = {
            .event = "login", .connection = 1, .user = "ali", .device = name, .key_hash = hash};
        devices_record(&stand_in.devices, &record, i + 1);
    }
    uint32_t at = 0, count = 0;
    while (devices_next(&stand_in.devices, &at))
        count++;
    assert_int_equal(count, 64);
    assert_non_null(devices_find(&stand_in.devices, "ali@d999"));
    assert_null(devices_find(&stand_in.devices, "ali@d0"));
}

static void write_denylist(const char *text)
{
    FILE *file = fopen(denylist, "w");
    fputs(text, file);
    fclose(file);
    chmod(denylist, 0640);
}

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void test_a_device_is_revoked(void **state)
{
    char want[512], day[16];
    struct stat info;
    time_t now = time(NULL);
    (void)state;
    strftime(day, sizeof day, "%Y-%m-%d", gmtime(&now));
    log_device("login", 1, "desk", 0xaa);
    stand_in.admin = THM_E_STATE; /* a server that certifies nobody */
    refuses("device revoke ali@desk", "denylist", "--denylist FILE");
    stand_in.host.denylist = denylist;
    write_denylist("# Revoked keys"); /* without its newline */
    answers("device revoke ali@desk", "ali@desk is revoked\n");
    snprintf(want, sizeof want, "# Revoked keys\n%s # ali@desk %s\n", HASH_A, day);
    assert_string_equal(file_text(denylist), want);
    assert_int_equal(stand_in.reloads, 1);
    assert_int_equal(stat(denylist, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    answers("device revoke " HASH_C, HASH_C " is revoked\n");
    snprintf(want + strlen(want), sizeof want - strlen(want), "%s # %s\n", HASH_C, day);
    assert_string_equal(file_text(denylist), want);
    answers("device revoke aaaaaaaaaaaaaaaa", "ali@desk is revoked\n"); /* as it is listed */
    refuses("device revoke aaaaaaaaaaaaaaa", "no-such-device", "64 digits");
    refuses("device revoke ali@phone", "no-such-device", "neither certified here nor logged in");
    refuses("device revoke", "argument", "which device?");
    memset(stand_in.denied, 0xcc, THM_KEY_HASH);
    answers("device revoke " HASH_C, HASH_C " was revoked before\n");
}

/* Whoever renewed with another key is out with all of them, also if he was not here since the start. */
static void test_all_keys_of_a_device_are_revoked(void **state)
{
    uint8_t b[THM_KEY_HASH], c[THM_KEY_HASH], old[THM_KEY_HASH];
    const uint64_t now_ms = (uint64_t)time(NULL) * 1000;
    (void)state;
    memset(b, 0xbb, sizeof b);
    memset(c, 0xcc, sizeof c);
    memset(old, 0xdd, sizeof old);
    stand_in.host.denylist = denylist;
    write_denylist("");
    run("device revoke ali@desk");
    assert_int_equal(ends, 0);
    assert_int_equal(stand_in.seen.op, THM_ADMIN_DEVICE_KEYS);
    assert_string_equal(stand_in.seen.device, "desk");
    stand_in.request->key_row(stand_in.request, b, now_ms + 1000000);
    stand_in.request->key_row(stand_in.request, old, now_ms - 1000000);
    stand_in.request->key_row(stand_in.request, c, now_ms + 1000000);
    stand_in.request->done(stand_in.request, THM_OK);
    assert_int_equal(ends, 0); /* they are denied, and are there more? */
    assert_int_equal(stand_in.reloads, 1);
    assert_int_equal(stand_in.seen.op, THM_ADMIN_DEVICE_KEYS);
    stand_in.request->done(stand_in.request, THM_OK);
    assert_int_equal(ends, 1);
    assert_string_equal(said, "ali@desk is revoked\n");
    assert_non_null(strstr(file_text(denylist), HASH_C));
    assert_non_null(strstr(file_text(denylist), "bbbbbbbb"));
    assert_null(strstr(file_text(denylist), "dddddddd"));
}

static void test_a_revocation_that_is_not_in_force_says_so(void **state)
{
    (void)state;
    stand_in.host.denylist = denylist;
    stand_in.reload_fails = true;
    write_denylist("");
    run("device revoke " HASH_C);
    assert_string_equal(code, "credentials");
    assert_non_null(strstr(sentence, "NOT in force: server.crt: not PEM"));
    assert_non_null(strstr(file_text(denylist), HASH_C));
    stand_in.host.denylist = "/nowhere/denylist";
    refuses("device revoke " HASH_C, "denylist", "can't read /nowhere/denylist");
}

static void test_a_linked_denylist_stays_a_link(void **state)
{
    char link[64];
    struct stat info;
    (void)state;
    snprintf(link, sizeof link, "%s/link", folder);
    write_denylist("");
    assert_int_equal(symlink(denylist, link), 0);
    stand_in.host.denylist = link;
    answers("device revoke " HASH_C, HASH_C " is revoked\n");
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_non_null(strstr(file_text(denylist), HASH_C));
    unlink(link);
}

/* --- the rest ------------------------------------------------------------------------------------- */

static void test_reload_tells_how_it_went(void **state)
{
    (void)state;
    answers("reload", "read anew\n");
    stand_in.reload_fails = true;
    refuses("reload", "credentials", "server.crt: not PEM; the former");
}

static void test_there_is_nothing_to_copy_in_memory(void **state)
{
    (void)state;
    refuses("backup /tmp/x", "backup", "messages are in memory only");
    refuses("backup", "argument", "where to?");
}

static void test_quit_answers_first(void **state)
{
    (void)state;
    answers("quit", "");
    assert_int_equal(stand_in.quits, 1);
}

static void describes(const char *line, const char *want, bool changing)
{
    char text[256];
    bool changes;
    commands_describe(line, text, sizeof text, &changes);
    assert_string_equal(text, want);
    assert_int_equal(changes, changing);
}

static void test_a_log_is_told_neither_text_nor_secret(void **state)
{
    (void)state;
    describes("stats", "stats", false);
    describes("kick eve because", "kick eve because", true);
    describes("say a secret", "say", true);
    describes("user add ali --verifier " VERIFIER, "user add ali", true);
    describes("user  passwd  ali --verifier " VERIFIER, "user passwd ali", true);
    describes("my passcode is", "an unknown command", false);
}

static void completes(const char *line, unsigned index, const char *want)
{
    char text[64] = "";
    size_t len = commands_complete(line, strlen(line), index, text, sizeof text);
    assert_string_equal(text, want);
    assert_int_equal(len, strlen(want));
}

static void test_commands_are_completed_word_by_word(void **state)
{
    (void)state;
    completes("us", 0, "user");
    completes("us", 1, "");
    completes("user ", 0, "add");
    completes("user ", 1, "passwd");
    completes("user re", 0, "resume");
    completes("user re", 1, "remove");
    completes("re", 0, "reload");
    completes("kick e", 0, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_lines_are_taken_for_what_they_are),
        TEST(test_help_names_every_command),
        TEST(test_kick_and_say),
        TEST(test_long_lists_come_in_pieces),
        TEST(test_an_account_is_added),
        TEST(test_what_can_be_no_account_is_refused),
        TEST(test_accounts_are_changed),
        TEST(test_accounts_are_listed),
        TEST(test_devices_are_listed),
        TEST(test_the_devices_that_are_remembered_are_bounded),
        TEST(test_a_device_is_revoked),
        TEST(test_all_keys_of_a_device_are_revoked),
        TEST(test_a_revocation_that_is_not_in_force_says_so),
        TEST(test_a_linked_denylist_stays_a_link),
        TEST(test_reload_tells_how_it_went),
        TEST(test_there_is_nothing_to_copy_in_memory),
        TEST(test_quit_answers_first),
        TEST(test_a_log_is_told_neither_text_nor_secret),
        TEST(test_commands_are_completed_word_by_word),
    };
    if (!mkdtemp(folder))
        return 1;
    snprintf(audit_file, sizeof audit_file, "%s/audit", folder);
    snprintf(denylist, sizeof denylist, "%s/denylist", folder);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(audit_file);
    unlink(denylist);
    rmdir(folder);
    return result;
}
