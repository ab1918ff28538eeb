/* thimble: the terminal client. */
#include "report.h"
#include "session.h"

int main(int argc, char **argv)
{
    static struct settings settings;
    static struct session session;
    report_name("thimble");
    int result = settings_read(&settings, argc, argv);
    return report_end(result == OPTIONS_OK ? session_run(&session, &settings) : result);
}
