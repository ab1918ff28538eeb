/*
 * Whether the time of a login by passcode tells if there is such a user: the server's work for one who is there and
 * gave a wrong passcode, and for one who is not. Prints Markdown.
 *
 *   thimble-passcode-bench [ROUNDS [FOLDER]]
 *
 * With a folder, a login begins as the server's does: the account is looked up in a database of 10,000 that is made there.
 * The two take turns, and each is split in two halves by a coin: how far the medians of those are apart is noise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lookup.h"

enum { KNOWN, UNKNOWN, KINDS, HALVES = 2 };

static const char *const users[KINDS] = {"ali", "bob"} /* as long: the work depends on that */;
static struct thm_scram_verifier verifier;
static struct thm_scram_unknown unknown = {.iterations = THM_SCRAM_ITERATIONS_MIN};
static bool looks_up;
static const uint8_t leaf_hash[THM_SCRAM_KEY] = {1};
static double *times[KINDS][HALVES];
static size_t counts[KINDS][HALVES];
static uint64_t coin = 88172645463325252u;

static uint64_t draw(void)
{
    coin ^= coin << 13;
    coin ^= coin >> 7;
    coin ^= coin << 17;
    return coin;
}

static void must(enum thm_scram got, enum thm_scram wanted)
{
    if (got != wanted) {
        fprintf(stderr, "thimble-passcode-bench: %s\n", thm_scram_text(got));
        exit(1);
    }
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void fill(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)draw();
}

/* One login that fails; the nanoseconds that the server worked. */
static double log_in(int kind, const struct thm_scram_keys *wrong)
{
    struct thm_scram_client client;
    struct thm_scram_server server;
    struct thm_scram_keys keys = *wrong;
    uint8_t entropy[2][THM_SCRAM_ENTROPY];
    char first[THM_SCRAM_MESSAGE], challenge[THM_SCRAM_MESSAGE], final[THM_SCRAM_MESSAGE],
        reply[THM_SCRAM_MESSAGE];
    fill(entropy[0], sizeof entropy);
    must(thm_scram_client_start(&client, users[kind], entropy[0], leaf_hash, first), THM_SCRAM_OK);
    double begun = now_ns();
    if (looks_up && lookup(kind == KNOWN, (unsigned)(draw() >> 40)) != (kind == KNOWN))
        exit(1);
    must(thm_scram_server_first(&server, first, strlen(first), leaf_hash), THM_SCRAM_OK);
    must(thm_scram_server_challenge(&server, kind == KNOWN ? &verifier : NULL, &unknown, entropy[1],
                                    challenge),
         THM_SCRAM_OK);
    double worked = now_ns() - begun;
    must(thm_scram_client_challenge(&client, challenge, strlen(challenge)), THM_SCRAM_OK);
    keys.salt_len = client.salt_len; /* of some passcode: the derivation is the client's affair */
    keys.iterations = client.iterations;
    memcpy(keys.salt, client.salt, sizeof keys.salt);
    must(thm_scram_client_answer(&client, &keys, final), THM_SCRAM_OK);
    begun = now_ns();
    must(thm_scram_server_final(&server, final, strlen(final), reply), THM_SCRAM_PROOF);
    return worked + now_ns() - begun;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The middle one, and how far the half that lies around it reaches. */
static double median(double *all, size_t count, double *spread)
{
    qsort(all, count, sizeof *all, by_size);
    *spread = all[count - count / 4 - 1] - all[count / 4];
    return all[count / 2];
}

static double apart(double a, double b)
{
    return a > b ? a - b : b - a;
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    struct thm_scram_keys wrong = {.iterations = THM_SCRAM_ITERATIONS_MIN};
    uint8_t salt[THM_SCRAM_SALT];
    double middle[KINDS][HALVES], spread[KINDS][HALVES];
    fill(salt, sizeof salt);
    fill(unknown.secret, sizeof unknown.secret);
    fill(wrong.client_key, sizeof wrong.client_key);
    must(thm_scram_verifier_make(&verifier, "correct horse", 13, salt, sizeof salt,
                                 THM_SCRAM_ITERATIONS_MIN),
         THM_SCRAM_OK);
    looks_up = argc > 2;
    if (looks_up)
        lookup_open(argv[2], &verifier);
    for (int i = 0; i < KINDS * HALVES; i++)
        times[i / HALVES][i % HALVES] = calloc(rounds + 1, sizeof(double));
    for (size_t i = 0; i < 2 * rounds; i++) {
        int kind = (int)(i % KINDS), half = (int)(draw() >> 40 & 1);
        times[kind][half][counts[kind][half]++] = log_in(kind, &wrong);
    }
    for (int i = 0; i < KINDS * HALVES; i++)
        middle[i / HALVES][i % HALVES] =
            median(times[i / HALVES][i % HALVES], counts[i / HALVES][i % HALVES],
                   &spread[i / HALVES][i % HALVES]);
    double known = (middle[KNOWN][0] + middle[KNOWN][1]) / 2;
    double not_there = (middle[UNKNOWN][0] + middle[UNKNOWN][1]) / 2;
    printf("| a login that fails%s, medians of %zu each | ns |\n|---|--:|\n",
           looks_up ? ", with its look-up" : "", rounds);
    printf("| a user who is there | %.0f |\n| one who is not | %.0f |\n", known, not_there);
    printf("| apart | %.0f |\n", apart(known, not_there));
    printf("| noise of one: half of the logins lie within | %.0f, %.0f |\n", spread[KNOWN][0],
           spread[UNKNOWN][0]);
    printf("| noise of the medians: two halves of the same | %.0f, %.0f |\n",
           apart(middle[KNOWN][0], middle[KNOWN][1]),
           apart(middle[UNKNOWN][0], middle[UNKNOWN][1]));
    return 0;
}
