/* thimblectl: the operator's commands for a running server. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command_table.h"
#include "exit_codes.h"
#include "options.h"
#include "report.h"
#include "request.h"
#include "talk.h"

struct settings {
    const char *socket;
    int operands; /* where in argv the command begins */
};

static const struct option_row table[] = {{"socket", 0, OPTION_FILE,
                                           offsetof(struct settings, socket), "PATH", NULL, 0, 0,
                                           "the server's control socket"},
                                          {0}};

static void print_commands(void)
{
    static const struct {
        const char *name, *args, *help;
    } commands[] = {
#define COMMAND_ROW(function, name, args, help, what) {(name), (args), (help)},
        COMMANDS(COMMAND_ROW)
#undef COMMAND_ROW
    };
    printf("\nCommands:\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s %s", commands[i].name, commands[i].args);
        printf("  %-*s %s\n", COMMANDS_COLUMN, text, commands[i].help);
    }
    printf("\nuser add and user passwd also take --verifier FILE, what thimble-passcode or "
           "thimble-ca\n"
           "board made of a passcode elsewhere; - is standard input.\n");
}

static const struct program program = {
    .name = "thimblectl",
    .synopsis = "[--socket PATH] COMMAND [ARGUMENT]...",
    .purpose = "Asks a running thimbled to do something, and prints what it answers.\n"
               "Passcodes are asked for, or a file has their verifier; they are never an argument.",
    .table = table,
    .exit_codes = OF_CONTROL,
    .operands = offsetof(struct settings, operands),
    .more_help = print_commands};

/* The server is looked for before somebody types a passcode for nothing, and again behind it, for it waits for nobody. */
static int add_passcode(struct request *request, const char *path)
{
    int fd = talk_connect(path);
    if (fd < 0)
        return EXIT_NO_SERVER;
    close(fd);
    return request_passcode(request);
}

static int run(const struct settings *settings, int argc, char **argv)
{
    struct request request;
    int result = request_make(&request, argc - settings->operands, argv + settings->operands);
    if (result == OPTIONS_OK && request.wants_passcode)
        result = add_passcode(&request, settings->socket);
    if (result == OPTIONS_OK) {
        int fd = talk_connect(settings->socket);
        result =
            fd < 0 ? EXIT_NO_SERVER : talk_ask(fd, buffer_text(&request.line), request.wants_qr);
    }
    request_free(&request);
    return result;
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    report_name("thimblectl");
    int result = options_parse(&program, argc, argv, &settings);
    return report_end(result == OPTIONS_OK ? run(&settings, argc, argv) : result);
}
