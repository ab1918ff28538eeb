/*
 * thimbled as it is, but for one thing that only tests want: THIMBLE_CRASH="POINT N WHAT" in its environment has it
 * do something at the Nth time that its store comes to a point of a commit.
 *
 * POINT is before, in or after; WHAT is kill (by SIGKILL, of itself) or hold (the store, for half a second, and from
 * then on each time).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "service.h"

static const char *const points[] = {[THM_SQLITE_BEFORE_COMMIT] = "before",
                                     [THM_SQLITE_IN_COMMIT] = "in",
                                     [THM_SQLITE_AFTER_COMMIT] = "after"};
static char point[8], what[8];
static unsigned left;

static void reach(void *ctx, enum thm_sqlite_point here)
{
    (void)ctx;
    if (strcmp(points[here], point) != 0 || (left > 0 && --left > 0))
        return;
    if (strcmp(what, "kill") == 0)
        kill(getpid(), SIGKILL);
    usleep(500000);
}

int main(int argc, char **argv)
{
    static struct settings settings;
    const char *crash = getenv("THIMBLE_CRASH");
    report_name("thimbled-crash");
    if (crash && sscanf(crash, "%7s %u %7s", point, &left, what) != 3)
        return report_fail(2, "THIMBLE_CRASH is POINT N WHAT, not '%s'", crash);
    int result = settings_read(&settings, argc, argv);
    settings.store_point = crash ? reach : NULL;
    settings.store_recent = 30000; /* a hundred entries: there is a move every few commits */
    return report_end(result == -1 ? service_run(&settings) : result);
}
