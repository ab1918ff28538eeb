/*
 * One HMAC-DRBG (NIST SP 800-90A, by BearSSL) for keys, and for all numbers of lwIP's that nobody may guess. It is seeded
 * once a boot, from everything that differs between boards and everything that differs between boots.
 */
#include <bearssl.h>
#include <string.h>

#include "kept.h"
#include "thimble/board.h"

#define NOISE 64 /* bytes asked of the board; as many of an id */

static br_hmac_drbg_context generator;
static uint8_t isn_key[16];
static bool ready;

static void mix_board(size_t (*read)(void *buf, size_t cap))
{
    uint8_t buf[NOISE];

    thm_lwip_entropy_mix(buf, read(buf, sizeof buf));
    memset(buf, 0, sizeof buf);
}

void thm_lwip_entropy_start(const struct thm_lwip_config *config)
{
    ready = false;
    br_hmac_drbg_init(&generator, &br_sha256_vtable, config->factory_seed, THM_LWIP_SEED);
    if (config->secret)
        thm_lwip_entropy_mix(config->secret, config->secret_len);
    mix_board(thm_board_unique_id);
    mix_board(thm_board_noise);
}

void thm_lwip_entropy_mix(const void *data, size_t len)
{
    br_hmac_drbg_update(&generator, data, len);
}

void thm_lwip_entropy_next_seed(uint8_t seed[THM_LWIP_SEED])
{
    br_hmac_drbg_generate(&generator, seed, THM_LWIP_SEED);
}

void thm_lwip_entropy_ready(void)
{
    ready = true;
    br_hmac_drbg_generate(&generator, isn_key, sizeof isn_key);
}

int thm_lwip_entropy(struct thm_port *port, void *buf, size_t len)
{
    (void)port;
    if (!ready)
        return THM_E_ENTROPY;
    br_hmac_drbg_generate(&generator, buf, len);
    return THM_OK;
}

uint32_t thm_lwip_random(void)
{
    uint32_t number = 0;

    br_hmac_drbg_generate(&generator, &number, sizeof number);
    return number;
}

/* RFC 6528, section 3: a timer of 4 microseconds, plus a keyed hash of the connection's two ends. */
uint32_t thm_lwip_isn(uint32_t local, uint16_t local_number, uint32_t remote,
                      uint16_t remote_number)
{
    const uint32_t ends[] = {local, remote, (uint32_t)local_number << 16 | remote_number};
    br_sha256_context hash;
    uint32_t digest[br_sha256_SIZE / sizeof(uint32_t)];

    br_sha256_init(&hash);
    br_sha256_update(&hash, isn_key, sizeof isn_key);
    br_sha256_update(&hash, ends, sizeof ends);
    br_sha256_out(&hash, digest);
    return digest[0] + (uint32_t)thm_board_now_ms() * 250;
}
