#include "control_path.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

#define OF_SYSTEM "/run/thimble/control"

static const char *folder(const char *variable)
{
    const char *path = getenv(variable);
    return path && path[0] == '/' ? path : NULL;
}

/* Where a program makes its socket. */
static char *own_path(const char *name)
{
    const char *path = folder("RUNTIME_DIRECTORY");
    if (path) /* may be several, with colons between */
        return text_format("%.*s/%s", (int)strcspn(path, ":"), path, name);
    path = folder("XDG_RUNTIME_DIR");
    if (path)
        return text_format("%s/thimble/%s", path, name);
    return geteuid() == 0 ? text_format("/run/thimble/%s", name) : NULL;
}

char *control_path_of_server(void)
{
    return own_path("control");
}

char *control_path_of_signer(void)
{
    return own_path("signd.sock");
}

char *control_path_to_try(unsigned index)
{
    const char *path = folder("XDG_RUNTIME_DIR");
    if (path && index == 0)
        return text_format("%s/thimble/control", path);
    return index == (path ? 1u : 0u) ? text_format("%s", OF_SYSTEM) : NULL;
}
