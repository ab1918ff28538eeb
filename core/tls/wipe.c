#include "tls/wipe.h"

#include <string.h>

void thm_wipe(void *memory, size_t len)
{
    static void *(*const volatile erase)(void *, int, size_t) = memset;

    erase(memory, 0, len);
}
