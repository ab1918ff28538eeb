/* provision_dump FILE: prints what the firmware reads of a blob, one "name value" a line. */
#include <stdio.h>
#include <string.h>

#include "provision.h"
#include "thimble/board.h"
#include "thimble/enroll.h"

static unsigned char slot[THM_BOARD_PROVISION_SIZE];

const unsigned char *thm_board_provision(unsigned number)
{
    (void)number;
    return slot;
}

static void hex(const char *name, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    printf("%s ", name);
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
    putchar('\n');
}

static void texts(const char *name, const struct provision_text *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        printf("%s %.*s\n", name, (int)list[i].len, list[i].data);
}

static void dump(const struct provision *p)
{
    const struct thm_credential_parts *parts = &p->parts;
    const uint8_t *ip = (const uint8_t *)&p->address;
    printf("sequence %u\nrole %s\n", p->sequence, p->role == THM_FOR_SERVER ? "server" : "client");
    for (unsigned i = 0; i < parts->ca_count; i++) {
        hex("ca", parts->ca[i].name, parts->ca[i].name_len);
        hex("point", parts->ca[i].point, 65);
    }
    for (unsigned i = 0; i < parts->chain_len; i++)
        hex("certificate", parts->chain[i].der, parts->chain[i].len);
    if (p->claim)
        hex("claim", p->claim, THM_ENROLL_SECRET);
    hex("key_hash", parts->identity.key_hash, THM_KEY_HASH);
    printf("not_after %llu\n", (unsigned long long)parts->identity.not_after);
    printf("who %s@%s\n", parts->identity.user, parts->identity.device);
    printf("server %s:%u %s\n", p->host, p->number, p->server_name);
    for (unsigned i = 0; i < 16; i += 4)
        printf("address %u.%u.%u.%u\n", ip[i], ip[i + 1], ip[i + 2], ip[i + 3]);
    if (p->keys.iterations > 0) {
        struct thm_scram_verifier verifier;
        char text[THM_SCRAM_VERIFIER_TEXT];
        thm_scram_verifier_of(&p->keys, &verifier);
        thm_scram_verifier_print(&verifier, text);
        printf("verifier %s\n", text);
    }
    texts("room", p->rooms, p->room_count);
    texts("allow", p->allows, p->allow_count);
}

int main(int argc, char **argv)
{
    static const char *const results[] = {"ok", "none", "damaged", "version"};
    struct provision p;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file)
        return 2;
    memset(slot, 0xff, sizeof slot);
    if (fread(slot, 1, sizeof slot, file) == 0)
        return 2;
    fclose(file);
    enum provision_result result = provision_find(&p);
    printf("result %s\n", results[result]);
    if (result == PROVISION_OK)
        dump(&p);
    return result == PROVISION_OK ? 0 : 1;
}
