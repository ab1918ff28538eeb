/* Prints the table of slash commands as Markdown, for README.md. */
#include <stdio.h>

#include "thimble/console.h"

int main(void)
{
    puts("| command | what it does |\n|---|---|");
    for (const struct thm_command *c = thm_console_commands(); c->name != NULL; c++)
        printf("| `%s%s%s%s%s` | %s |\n", c->name, c->brief != NULL ? "`, `" : "",
               c->brief != NULL ? c->brief : "", c->args[0] != '\0' ? " " : "", c->args, c->help);
    return 0;
}
