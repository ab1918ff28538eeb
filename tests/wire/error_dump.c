/* Prints the table of errors as Markdown, for docs/PROTOCOL.md. */
#include <stdio.h>

#include "thimble/error.h"

int main(void)
{
    puts("| code | sentence |\n|---|---|");
#define ROW(name, code, word, sentence) printf("| `%s` | %s |\n", word, sentence);
    THM_ERRORS(ROW)
#undef ROW
    return 0;
}
