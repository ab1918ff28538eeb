/* Prints the phrases in which documents state a limit: FILE, a tab, the phrase as the code has it. */
#include <stdio.h>
#include <string.h>

#include "thimble/config.h"

/* 2048 -> "2,048" */
static const char *grouped(unsigned long n)
{
    static char text[4][32];
    static unsigned next;
    char *t = text[next++ % 4];

    if (n < 1000)
        snprintf(t, sizeof text[0], "%lu", n);
    else
        snprintf(t, sizeof text[0], "%lu,%03lu", n / 1000, n % 1000);
    return t;
}

int main(void)
{
    const char *protocol = "docs/PROTOCOL.md", *readme = "README.md";

    printf("%s\tat most %s B with its newline\n", protocol, grouped(THM_LINE_MAX));
    printf("%s\tat most %s B of UTF-8, and at most %s B once escaped\n", protocol,
           grouped(THM_TEXT_MAX), grouped(THM_TEXT_ESCAPED_MAX));
    printf("%s\t[a-z0-9][a-z0-9._-]{0,%d}\n", protocol, THM_ID_MAX - 1);
    printf("%s\t1 to %d printable characters\n", protocol, THM_ALIAS_CHARS);
    printf("%s\tat most %d messages unanswered\n", protocol, THM_WINDOW);
    printf("%s\t2 to %d parts\n", protocol, THM_PARTS_MAX);
    printf("%s\tat least %s; at most %s are granted\n", protocol, grouped(2 * THM_LINE_MAX),
           grouped(THM_CREDIT_MAX));
    printf("%s\ttakes, %s B at a time\n", protocol, grouped(THM_CREDIT_DEFAULT));
    printf("%s\t(at most %d B)\n", protocol, THM_STATE_MAX);
    printf("%s\tup to %d members it names\n", protocol, THM_SMALL_ROOM);
    printf("%s\tat most every %d s\n", protocol, THM_COUNT_INTERVAL_MS / 1000);
    printf("%s\tsilent for %d s; clients ping after %d s\n", protocol, THM_IDLE_MS / 1000,
           THM_PING_MS / 1000);
    printf("%s\thandshake %d s, `hello` %d s, a passcode %d s; %d s without progress\n", protocol,
           THM_HANDSHAKE_MS / 1000, THM_LOGIN_MS / 1000, THM_PROOF_MS / 1000, THM_STALL_MS / 1000);
    printf("%s\tfewer than %s or more than %s iterations\n", protocol,
           grouped(THM_SCRAM_ITERATIONS_MIN), grouped(THM_SCRAM_ITERATIONS_MAX));
    printf("%s\tsalt of %d to %d B\n", protocol, THM_SCRAM_SALT_MIN, THM_SCRAM_SALT_MAX);
    printf("%s\tAfter %d in a row\n", protocol, THM_ATTEMPTS_SUSPEND);
    printf("%s\tmin(%d s, 0.%d s x 2^attempts)\n", protocol, THM_BACKOFF_CAP_MS / 1000,
           THM_BACKOFF_BASE_MS / 100);
    printf("%s\tat most %d certificates of at most %s B each\n", protocol, THM_CHAIN_MAX,
           grouped(THM_CERT_MAX));
    printf("%s\tat most %d B in one\n", protocol, THM_CLIENT_RECORD);
    printf("%s\t| a message | %s B; longer text goes in up to %d parts |\n", readme,
           grouped(THM_TEXT_MAX), THM_PARTS_MAX);
    printf("%s\t| rooms that one session is in | %d |\n", readme, THM_ROOMS_PER_SESSION);
    printf("%s\t| unacknowledged messages of a client | %d |\n", readme, THM_WINDOW);
    printf("docs/DESIGN.md\tUp to %d members by name, above that as counts, at most every %d s\n",
           THM_SMALL_ROOM, THM_COUNT_INTERVAL_MS / 1000);
    printf("docs/SECURITY.md\tfor at most %d hours\n", THM_SESSION_S / 3600);
    printf("%s\t%s a second, %s at once; what is more waits\n", readme, grouped(THM_LINES_RATE),
           grouped(THM_LINES_BURST));
    printf("%s\t%d KB a second, %d MB at once\n", readme, THM_BYTES_RATE / 1024,
           THM_BYTES_BURST / 1048576);
    printf("%s\t%d a second, %d at once | `--limit-joins`\n", readme, THM_JOINS_RATE,
           THM_JOINS_BURST);
    printf("%s\t%d a second, %d at once; more are refused\n", readme, THM_LOGINS_RATE,
           THM_LOGINS_BURST);
    printf("%s\t%d a second, %d at once | `--limit-lookups`\n", readme, THM_LOOKUPS_RATE,
           THM_LOOKUPS_BURST);
    printf("%s\tone line at most %d s\n", protocol, (THM_PACE_WAIT_MS + 999) / 1000 + 1);
    printf("%s\theld back for %d s gets a `notice`\n", protocol, THM_PACE_TELL_MS / 1000);
    printf("%s\twithin %d s; of a device the latest %d are\n", protocol, THM_TICKET_MS / 1000,
           THM_TICKETS_EACH);
    printf("%s\t`relay` lines (Base64, up to %d B each)\n", protocol, THM_DATA_MAX / 4 * 3);
    printf("%s\tmore than %s B of a stream\n", protocol, grouped(THM_RELAY_WINDOW));
    printf("%s\tdid not take part within %d s\n", protocol, THM_TICKET_MS / 1000);
    printf("%s\tmay take part in %d.\n", protocol, THM_RELAYS_EACH);
    printf("docs/SECURITY.md\tat most %s B each way\n", grouped(THM_RELAY_WINDOW));
    return 0;
}
