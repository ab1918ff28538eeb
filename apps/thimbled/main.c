/* thimbled: the server. */
#include "report.h"
#include "service.h"

int main(int argc, char **argv)
{
    static struct settings settings;
    report_name("thimbled");
    int result = settings_read(&settings, argc, argv);
    return report_end(result == OPTIONS_OK ? service_run(&settings) : result);
}
