/* The numbers for Prometheus, read by a strict little parser of its text format 0.0.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "stand_in.h"

static char said[65536], code[64];

static void on_line(struct call *call, const char *text)
{
    (void)call;
    size_t len = strlen(said);
    snprintf(said + len, sizeof said - len, "%s\n", text);
}

static void on_end(struct call *call, const char *word, const char *text)
{
    (void)call;
    (void)text;
    snprintf(code, sizeof code, "%s", word ? word : "ok");
}

static void run(const char *line)
{
    static struct call call;
    call = (struct call){.host = &stand_in.host, .by = "uid:7", .line = on_line, .end = on_end};
    said[0] = '\0';
    commands_run(&call, line);
    assert_string_equal(code, "ok");
}

/* --- the parser --------------------------------------------------------------------------------- */

#define METRICS_MAX 100

static struct metric {
    char name[64], type[16];
    unsigned samples;
} metrics[METRICS_MAX];
static unsigned metric_count;

/* [a-zA-Z_:][a-zA-Z0-9_:]*, of a metric; without colons of a label */
static size_t name_length(const char *text, bool colons)
{
    size_t n = 0;
    while ((text[n] >= 'a' && text[n] <= 'z') || (text[n] >= 'A' && text[n] <= 'Z') ||
           text[n] == '_' || (colons && text[n] == ':') ||
           (n > 0 && text[n] >= '0' && text[n] <= '9'))
        n++;
    return n;
}

static const char *expect(const char *at, const char *what)
{
    if (!at || strncmp(at, what, strlen(what)) != 0)
        return NULL;
    return at + strlen(what);
}

/* {name="value",...}: a value's backslash, quote and newline are escaped. */
static const char *labels(const char *at)
{
    do {
        size_t n = name_length(++at, false);
        at = n > 0 ? expect(at + n, "=\"") : NULL;
        if (!at)
            return NULL;
        while (*at && *at != '"')
            at += *at == '\\' && at[1] && strchr("\\\"n", at[1]) ? 2 : 1;
        at = expect(at, "\"");
    } while (at && *at == ',');
    return expect(at, "}");
}

static bool sample(const char *line)
{
    struct metric *m = &metrics[metric_count - 1];
    const char *at = metric_count > 0 ? expect(line, m->name) : NULL;
    char *end;
    if (at && *at == '{')
        at = labels(at);
    at = expect(at, " ");
    if (!at || *at < '0' || *at > '9')
        return false;
    (void)strtod(at, &end);
    m->samples++;
    return *end == '\0';
}

static bool header(const char *line)
{
    static const char *const types[] = {"counter", "gauge"};
    const char *at = expect(line, "# HELP ");
    struct metric *m = &metrics[metric_count];
    if (at) {
        size_t n = name_length(at, true);
        if (n == 0 || at[n] != ' ' || at[n + 1] == '\0' || strchr(at, '\\') ||
            metric_count == METRICS_MAX)
            return false;
        snprintf(m->name, sizeof m->name, "%.*s", (int)n, at);
        m->type[0] = '\0';
        m->samples = 0;
        for (unsigned i = 0; i < metric_count; i++) /* one group of lines each */
            if (strcmp(metrics[i].name, m->name) == 0)
                return false;
        metric_count++;
        return true;
    }
    if (metric_count == 0)
        return false;
    m = &metrics[metric_count - 1];
    at = expect(expect(expect(line, "# TYPE "), m->name), " ");
    if (!at || m->type[0] || m->samples)
        return false;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(at, types[i]) == 0)
            snprintf(m->type, sizeof m->type, "%s", at);
    return m->type[0] != '\0';
}

/* NULL, or the first line that is wrong. */
static const char *parse(const char *text)
{
    static char line[1024];
    metric_count = 0;
    while (*text) {
        const char *end = strchr(text, '\n');
        if (!end)
            return "no newline at the end";
        snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
        if (line[0] == '#'
                ? !header(line)
                : !(metric_count > 0 && metrics[metric_count - 1].type[0] && sample(line)))
            return line;
        text = end + 1;
    }
    return NULL;
}

static void test_the_parser_is_strict(void **state)
{
    static const char *const bad[] = {
        "a 1\n",
        "# HELP a b\na 1\n",
        "# HELP a b\n# TYPE a counter\na 1",
        "# HELP a b\n# TYPE b counter\na 1\n",
        "# HELP a b\n# TYPE a dial\na 1\n",
        "# HELP a b\n# TYPE a gauge\nb 1\n",
        "# HELP a b\n# TYPE a gauge\na x\n",
        "# HELP a b\n# TYPE a gauge\na\n",
        "# HELP a b\n# TYPE a gauge\na  1\n",
        "# HELP a b\n# TYPE a gauge\na{b=c} 1\n",
        "# HELP a b\n# TYPE a gauge\na{b=\"c} 1\n",
        "# HELP a b\n# TYPE a gauge\na{1b=\"c\"} 1\n",
        "# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n# TYPE a gauge\na 1\n",
        "# HELP 1a b\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_non_null(parse(bad[i]));
    assert_null(parse("# HELP a b\n# TYPE a gauge\na{b=\"c\\\"\",d=\"\"} 1\na 2.5\n"));
}

/* --- the numbers -------------------------------------------------------------------------------- */

static void test_the_format_is_met(void **state)
{
    (void)state;
    stand_in_begin(NULL);
    run("metrics");
    const char *wrong = parse(said);
    if (wrong)
        fail_msg("%s", wrong);
    assert_in_range(metric_count, 20, METRICS_MAX);
    for (unsigned i = 0; i < metric_count; i++) {
        const struct metric *m = &metrics[i];
        size_t len = strlen(m->name);
        bool total = len > 6 && strcmp(m->name + len - 6, "_total") == 0;
        assert_true(strncmp(m->name, "thimble_", 8) == 0);
        assert_int_equal(total, strcmp(m->type, "counter") == 0);
        assert_true(m->samples > 0);
    }
    stand_in_end();
}

static void has(const char *line)
{
    if (!strstr(said, line))
        fail_msg("no '%s' in\n%s", line, said);
}

static void test_each_number_is_the_servers(void **state)
{
    (void)state;
    stand_in_begin(NULL);
    stand_in.stats = (struct thm_server_stats){
        .connections = 1,
        .sessions = 2,
        .users = 3,
        .rooms = 4,
        .memberships = 5,
        .accepted = 6,
        .logins = 7,
        .refused = 8,
        .messages = UINT64_MAX,
        .deliveries = 10,
        .bytes_in = 11,
        .bytes_out = 12,
        .turns = 13,
        .visits = 14,
        .blocks_free = 15,
        .outputs_used = 16,
        .lines_used = 17,
        .appends_used = 18,
        .reads_used = 19,
        .tls = {.handshakes = 20, .sessions = 21, .full = 22, .resumed = 23, .failed = 24}};
    run("metrics");
    has("\nthimble_connections 1\n");
    has("\nthimble_sessions 2\n");
    has("\nthimble_users 3\n");
    has("\nthimble_rooms 4\n");
    has("\nthimble_memberships 5\n");
    has("\nthimble_connections_accepted_total 6\n");
    has("\nthimble_logins_total 7\n");
    has("\nthimble_refused_total 8\n");
    has("\nthimble_messages_total 18446744073709551615\n");
    has("\nthimble_deliveries_total 10\n");
    has("\nthimble_received_bytes_total 11\n");
    has("\nthimble_sent_bytes_total 12\n");
    has("\nthimble_turns_total 13\n");
    has("\nthimble_visits_total 14\n");
    has("\nthimble_blocks_free 15\n");
    has("\nthimble_outputs_used 16\n");
    has("\nthimble_lines_used 17\n");
    has("\nthimble_appends_used 18\n");
    has("\nthimble_reads_used 19\n");
    has("\nthimble_tls_handshakes_open 20\n");
    has("\nthimble_tls_sessions 21\n");
    has("\nthimble_tls_handshakes_total{kind=\"full\"} 22\n");
    has("\nthimble_tls_handshakes_total{kind=\"resumed\"} 23\n");
    has("\nthimble_tls_handshakes_total{kind=\"failed\"} 24\n");
    has("\nthimble_certificate_end_seconds 1800000000\n");
    has("\nthimble_denied_keys 2\n");
    has("\nthimble_start_time_seconds 1700000000\n");
    run("stats");
    has("sessions 2, users 3, rooms 4, memberships 5\n");
    stand_in_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_parser_is_strict),
        cmocka_unit_test(test_the_format_is_met),
        cmocka_unit_test(test_each_number_is_the_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
