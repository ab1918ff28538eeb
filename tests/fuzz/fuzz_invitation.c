/*
 * Whatever somebody is given as an invitation: it is read within its memory, what is taken is printed as it was given, and
 * what is refused leaves nothing behind.
 */
#include "fuzz/fuzz.h"

#include "thimble/enroll.h"

static struct thm_invitation invitation;

static void skip_blanks(const char **text, size_t *len)
{
    while (*len > 0 && strchr(" \t\r\n", **text)) {
        ++*text;
        --*len;
    }
}

static void check_taken(const char *text, size_t len)
{
    char printed[THM_INVITATION_TEXT];
    static const char command[] = "thimble join "; /* the whole line may be given */
    size_t n = thm_invitation_print(&invitation, printed);

    assert(n < sizeof printed && printed[n] == '\0' && strlen(printed) == n);
    assert(invitation.port != 0 && invitation.host[0] != '\0' && invitation.server_name[0] != '\0');
    skip_blanks(&text, &len);
    if (len >= strlen(command) && memcmp(text, command, strlen(command)) == 0) {
        text += strlen(command);
        len -= strlen(command);
        skip_blanks(&text, &len);
    }
    assert(len >= n && memcmp(text, printed, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char exactly[1024]; /* ASan sees what is read behind it only at the end of an object */
    static const struct thm_invitation zero;

    if (size > sizeof exactly)
        return 0;
    char *text = exactly + sizeof exactly - size;
    memcpy(text, data, size);
    memset(&invitation, 0x5a, sizeof invitation);
    if (thm_invitation_read(&invitation, text, size) == THM_OK)
        check_taken(text, size);
    else
        assert(memcmp(&invitation, &zero, sizeof zero) == 0);
    return 0;
}
