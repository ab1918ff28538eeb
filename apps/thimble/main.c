/* thimble: the terminal client. */
#include <stdlib.h>
#include <string.h>

#include "join.h"
#include "report.h"
#include "session.h"

int main(int argc, char **argv)
{
    static struct settings settings;
    static struct session session;
    char *config = NULL, option[] = "--config", *joined[] = {argv[0], option, NULL, NULL};
    int result = OPTIONS_OK;
    report_name("thimble");
    if (argc > 1 && strcmp(argv[1], "join") == 0) {
        result = join_run(argc, argv, &config);
        joined[2] = config;
        argc = 3;
        argv = joined;
    }
    if (result == OPTIONS_OK)
        result = settings_read(&settings, argc, argv);
    return report_end(result == OPTIONS_OK ? session_run(&session, &settings) : result);
}
