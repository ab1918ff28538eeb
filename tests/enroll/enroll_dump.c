/* Prints one invitation and what comes of it, for docs/PROTOCOL.md: from it another program can be checked. */
#include <stdio.h>
#include <string.h>

#include "thimble/enroll.h"

static void row(const char *what, const uint8_t *bytes, size_t len)
{
    printf("| %s | `", what);
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
    printf("` |\n");
}

int main(void)
{
    struct thm_invitation invitation = {.host = "hub.lan", .port = 8443, .server_name = "hub.lan"};
    uint8_t key[THM_ENROLL_KEY], hash[THM_KEY_HASH], request[THM_BOOTSTRAP_MAX];
    char text[THM_INVITATION_TEXT];

    for (unsigned i = 0; i < THM_ENROLL_SECRET; i++) {
        invitation.secret[i] = (uint8_t)i;
        invitation.ca[i] = (uint8_t)(0xf0 + i);
    }
    thm_invitation_print(&invitation, text);
    printf("| what | value |\n|---|---|\n| the invitation | `%s` |\n", text);
    row("CA", invitation.ca, sizeof invitation.ca);
    row("SECRET", invitation.secret, sizeof invitation.secret);
    thm_enroll_bootstrap_key(invitation.secret, key);
    thm_enroll_key_hash(key, hash);
    row("the bootstrap key", key, sizeof key);
    row("its hash, which the server knows", hash, sizeof hash);
    memset(key, 1, sizeof key);
    size_t len = thm_enroll_request(key, request);
    row("a request for the key `0101...01`, which is signed by RFC 6979", request, len);
    printf("| the code of that request | `%06u` |\n", thm_enroll_code(request, len));
    return 0;
}
