#include "cursors.h"

#include <string.h>

#include "thimble/port_lwip.h"

#define MAGIC   0x43524854u /* "THRC" */
#define VERSION 1u

/* As it is stored: only this board reads it again. */
struct entry {
    uint64_t incarnation, n;
    char name[40]; /* terminated, the rest 0 */
};
_Static_assert(sizeof(struct entry) == 56 && THM_ROOM_MAX < 40, "no padding is stored");

#define CONTENT (THM_CLIENT_STREAMS * sizeof(struct entry))
_Static_assert(THM_RECORD_HEAD + CONTENT + THM_RECORD_TAIL <= THM_LWIP_NV_MAX, "it fits in a slot");

struct image {
    uint8_t bytes[THM_RECORD_HEAD + CONTENT + THM_RECORD_TAIL];
};

/* n only rises and an incarnation is random: while the sum stays, so do the cursors. */
static uint64_t sum(const struct thm_client *client)
{
    uint64_t total = 0, incarnation, n;
    const char *name;
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++)
        if (thm_client_cursor(client, i, &name, &incarnation, &n))
            total += incarnation + n;
    return total;
}

__attribute__((noinline)) void cursors_load(struct cursors *k, struct thm_port *port,
                                            struct thm_client *client)
{
    struct image image;
    struct entry e;
    *k = (struct cursors){.record = {.port = port,
                                     .read = port->ops->nv_read,
                                     .write = port->ops->nv_write,
                                     .magic = MAGIC,
                                     .version = VERSION},
                          .credits = CURSORS_CREDITS};
    size_t len = thm_record_load(&k->record, image.bytes, sizeof image.bytes);
    for (size_t at = 0; at + sizeof e <= len; at += sizeof e) {
        memcpy(&e, image.bytes + THM_RECORD_HEAD + at, sizeof e);
        e.name[sizeof e.name - 1] = '\0';
        thm_client_set_cursor(client, e.name, e.incarnation, e.n);
    }
    k->kept = sum(client);
}

/* By itself, so that its memory does not lie below a handshake's all the time. */
static __attribute__((noinline)) int save(struct cursors *k, const struct thm_client *client)
{
    struct image image;
    size_t len = 0;
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++) {
        struct entry e = {.n = 0};
        const char *name;
        if (!thm_client_cursor(client, i, &name, &e.incarnation, &e.n))
            continue;
        memcpy(e.name, name, strlen(name) + 1);
        memcpy(image.bytes + THM_RECORD_HEAD + len, &e, sizeof e);
        len += sizeof e;
    }
    return thm_record_save(&k->record, image.bytes, len);
}

int cursors_turn(struct cursors *k, const struct thm_client *client, uint32_t now, bool leaving)
{
    uint64_t present = sum(client);
    for (; k->credits < CURSORS_CREDITS && now - k->credited_at >= CURSORS_REFILL_MS; k->credits++)
        k->credited_at += CURSORS_REFILL_MS;
    if (present != k->kept && !k->changed)
        k->changed_at = now;
    k->changed = present != k->kept;
    if (!k->changed || k->credits == 0 || (now - k->changed_at < CURSORS_DELAY_MS && !leaving))
        return THM_OK;
    if (k->credits-- == CURSORS_CREDITS)
        k->credited_at = now;
    k->kept = present;
    k->changed = false;
    return save(k, client);
}
