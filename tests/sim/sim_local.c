#include "sim_internal.h"

#include <stdlib.h>
#include <string.h>

#include <bearssl.h>

#include "thimble/error.h"

/* Takes the place of BearSSL's own: what a TLS engine draws comes from entropy() alone, so that a
 * run can be replayed, and an engine that was given none fails. */
br_prng_seeder br_prng_seeder_system(const char **name)
{
    if (name != NULL)
        *name = "none";
    return 0;
}

bool sim_call_fails(struct sim_host *host, const char *call)
{
    if (++host->calls != host->fail_at)
        return false;
    sim_note(host->world, host, "call fails", host->calls, (uint64_t)call[0]);
    return true;
}

static struct sim_host *host_of(struct thm_port *port)
{
    return (struct sim_host *)port;
}

int sim_entropy(struct thm_port *port, void *buf, size_t len)
{
    struct sim_host *host = host_of(port);
    uint8_t *bytes = buf;

    if (sim_call_fails(host, "entropy") || sim_chance(host->world, host->world->faults.entropy_ppm))
        return THM_E_ENTROPY;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)sim_random_next(&host->entropy_state);
    return THM_OK;
}

int sim_utc(struct thm_port *port, uint64_t *ms)
{
    struct sim_host *host = host_of(port);

    if (sim_call_fails(host, "utc") || !host->utc_set)
        return THM_E_CLOCK;
    *ms = sim_host_now(host) + host->utc_offset;
    return THM_OK;
}

/* Finds a slot; NULL: there is none, or reading and writing fail by chance. */
static struct sim_nv *nv_get(struct sim_host *host, unsigned slot, const char *call)
{
    if (slot > 1) {
        sim_breach(host, "%s: slot %u", call, slot);
        return NULL;
    }
    return sim_chance(host->world, host->world->faults.nv_fail_ppm) ? NULL : &host->nv[slot];
}

int sim_nv_read(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n)
{
    struct sim_host *host = host_of(port);
    const struct sim_nv *nv = nv_get(host, slot, "nv_read");

    *n = 0;
    if (sim_call_fails(host, "nv_read") || nv == NULL)
        return THM_E_PORT;
    *n = nv->len < cap ? nv->len : cap;
    if (*n > 0)
        memcpy(buf, nv->data, *n);
    return THM_OK;
}

int sim_nv_write(struct thm_port *port, unsigned slot, const void *buf, size_t len)
{
    struct sim_host *host = host_of(port);
    struct sim_world *world = host->world;
    struct sim_nv *nv = nv_get(host, slot, "nv_write");
    bool torn = sim_call_fails(host, "nv_write");

    if (nv == NULL)
        return THM_E_PORT;
    torn = torn || sim_chance(world, world->faults.nv_torn_ppm);
    if (len > nv->len) {
        nv->data = sim_realloc(nv->data, len);
        memset(nv->data + nv->len, 0xff, len - nv->len); /* as erased flash reads */
    }
    memcpy(nv->data, buf, torn ? (size_t)sim_world_random(world, len + 1) : len);
    nv->len = len;
    sim_note(world, host, "nv_write", slot, torn);
    return torn ? THM_E_PORT : THM_OK;
}
