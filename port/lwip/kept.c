/*
 * What outlives a restart: the next seed, the count of boots, and the latest time that was trusted, in one record in the
 * board's storage slots 0 and 1. Slots 2 and 3 are nv_read()'s and nv_write()'s; the larger ones are the firmware's.
 *
 * The next seed is stored before anything is drawn from the generator, so none is ever used twice: if the power goes
 * before it is stored, the old one was used for nothing.
 */
#include "kept.h"

#include <string.h>

#include "thimble/board.h"
#include "thimble/record.h"

#define MAGIC   0x4b4d4854u /* "THMK" */
#define VERSION 1
#define NV_SLOT 2u /* the first that is nv's */

/* A time that is hardly later than the stored one is not worth wearing the storage out. */
#define KEEP_AFTER_MS 3600000u

/* The record's content. It never leaves the board, so its byte order is the board's own. */
struct content {
    uint64_t trusted_ms; /* UTC: it is at least this late */
    uint32_t boots;
    uint32_t provision; /* under which that time was trusted */
    uint8_t seed[THM_LWIP_SEED];
};

static struct {
    struct thm_record record;
    uint64_t kept_ms; /* the trusted time that is stored */
    uint64_t utc_ms;  /* the trusted time, and when it was learnt by the board's clock */
    uint64_t at_ms;
    uint32_t boots, provision;
} kept;

/* All that the slots hold goes into the generator, damaged or not. */
static int read_slot(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n)
{
    int code = thm_board_storage_read(slot, buf, cap);

    (void)port;
    *n = code == THM_OK ? cap : 0;
    thm_lwip_entropy_mix(buf, *n);
    return code;
}

static int write_slot(struct thm_port *port, unsigned slot, const void *buf, size_t len)
{
    (void)port;
    return thm_board_storage_write(slot, buf, len);
}

static int save(void)
{
    struct content content = {
        .trusted_ms = kept.utc_ms, .boots = kept.boots, .provision = kept.provision};
    uint8_t buf[THM_RECORD_HEAD + sizeof content + THM_RECORD_TAIL];

    thm_lwip_entropy_next_seed(content.seed);
    memcpy(buf + THM_RECORD_HEAD, &content, sizeof content);
    int code = thm_record_save(&kept.record, buf, sizeof content);
    if (code == THM_OK)
        kept.kept_ms = kept.utc_ms;
    memset(&content, 0, sizeof content);
    memset(buf, 0, sizeof buf);
    return code;
}

static void load(struct content *out)
{
    uint8_t buf[THM_RECORD_HEAD + sizeof *out + THM_RECORD_TAIL];

    kept.record = (struct thm_record){
        .read = read_slot, .write = write_slot, .magic = MAGIC, .version = VERSION};
    *out = (struct content){0};
    if (thm_record_load(&kept.record, buf, sizeof buf) == sizeof *out)
        memcpy(out, buf + THM_RECORD_HEAD, sizeof *out);
    memset(buf, 0, sizeof buf);
}

int thm_lwip_kept_start(const struct thm_lwip_config *config)
{
    struct content content;

    thm_lwip_entropy_start(config);
    load(&content);
    kept.boots = content.boots + 1;
    kept.provision = config->provision;
    kept.utc_ms = config->time_floor_ms;
    if (content.provision == config->provision && content.trusted_ms > kept.utc_ms)
        kept.utc_ms = content.trusted_ms;
    kept.at_ms = thm_board_now_ms();
    memset(&content, 0, sizeof content);
    if (save() != THM_OK)
        return THM_E_ENTROPY;
    thm_lwip_entropy_ready();
    return THM_OK;
}

uint32_t thm_lwip_boots(const struct thm_port_lwip *port)
{
    (void)port;
    return kept.boots;
}

/* Never unknown: the time floor is the least. */
int thm_lwip_utc(struct thm_port *port, uint64_t *ms)
{
    (void)port;
    *ms = kept.utc_ms + (thm_board_now_ms() - kept.at_ms);
    return THM_OK;
}

/* Multiplied, not divided: a division of 64 bits takes 700 bytes of flash. */
static bool is_within(uint64_t utc_ms, uint64_t not_after_s)
{
    return utc_ms <= not_after_s * 1000 + 999;
}

bool thm_lwip_trust_time(struct thm_port_lwip *port, uint64_t utc_ms, uint64_t own_not_after,
                         uint64_t server_not_after)
{
    uint64_t known_ms;

    thm_lwip_utc(&port->base, &known_ms);
    if (utc_ms <= known_ms || !is_within(utc_ms, own_not_after) ||
        !is_within(utc_ms, server_not_after))
        return false;
    kept.utc_ms = utc_ms;
    kept.at_ms = thm_board_now_ms();
    if (utc_ms - kept.kept_ms >= KEEP_AFTER_MS)
        save(); /* on failure the time holds for this boot */
    return true;
}

/* --- nv: two bytes of length, then what was written ----------------------------------------------- */

struct nv {
    uint16_t len;
    uint8_t data[THM_LWIP_NV_MAX];
};
_Static_assert(sizeof(struct nv) == THM_BOARD_SLOT_SIZE, "a slot's bytes");

int thm_lwip_nv_read(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n)
{
    struct nv nv;

    (void)port;
    *n = 0;
    if (slot > 1)
        return THM_E_ARGUMENT;
    if (thm_board_storage_read(NV_SLOT + slot, &nv, sizeof nv) != THM_OK)
        return THM_E_PORT;
    if (nv.len > sizeof nv.data)
        return THM_OK; /* erased: all bits are set */
    *n = nv.len < cap ? nv.len : cap;
    memcpy(buf, nv.data, *n);
    return THM_OK;
}

int thm_lwip_nv_write(struct thm_port *port, unsigned slot, const void *buf, size_t len)
{
    struct nv nv = {.len = (uint16_t)len};

    (void)port;
    if (slot > 1)
        return THM_E_ARGUMENT;
    if (len > sizeof nv.data)
        return THM_E_LIMIT;
    memcpy(nv.data, buf, len);
    return thm_board_storage_write(NV_SLOT + slot, &nv, sizeof nv.len + len);
}
