/* Provisioning: what is whole is taken, and nothing else. */
#include "provision.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "blob.h"
#include "thimble/board.h"
#include "thimble/enroll.h"

static struct blob slots[THM_BOARD_PROVISIONS];
static struct provision p;

const unsigned char *thm_board_provision(unsigned slot)
{
    return slots[slot].bytes;
}

static enum provision_result read_blob(const struct blob *b)
{
    return provision_read(b->bytes, sizeof b->bytes, &p);
}

static enum provision_result read_sealed(struct blob *b)
{
    blob_seal(b);
    return read_blob(b);
}

static void assert_slice(const void *data, size_t len, const char *text)
{
    assert_int_equal(len, strlen(text));
    assert_memory_equal(data, text, len);
}

/* --- what a blob says ------------------------------------------------------------------------------ */

static void test_all_fields(void **state)
{
    (void)state;
    struct blob b;
    static const unsigned char second[65] = {4, 1};
    blob_client(&b, 77, 0);
    blob_field(&b, PROVISION_CA_NAME, "another", 7);
    blob_field(&b, PROVISION_CA_POINT, second, 65);
    blob_field(&b, PROVISION_CERTIFICATE, "intermediate", 12);
    blob_field(&b, PROVISION_ADDRESS, "\x0a\0\2\x0f\xff\xff\xff\0\x0a\0\2\2\x0a\0\2\3", 16);
    blob_text(&b, PROVISION_ROOM, "#ops");
    blob_text(&b, PROVISION_ROOM, "#lobby");
    blob_text(&b, PROVISION_ALLOW, "ali led temp");
    assert_int_equal(read_sealed(&b), PROVISION_OK);
    assert_int_equal(p.sequence, 77);
    assert_int_equal(p.role, THM_FOR_CLIENT);
    assert_int_equal(p.parts.ca_count, 2);
    assert_slice(p.parts.ca[1].name, p.parts.ca[1].name_len, "another");
    assert_memory_equal(p.parts.ca[1].point, second, 65);
    assert_int_equal(p.parts.chain_len, 2);
    assert_slice(p.parts.chain[1].der, p.parts.chain[1].len, "intermediate");
    assert_int_equal(p.parts.key[0], 7);
    assert_int_equal(p.parts.identity.key_hash[0], 8);
    assert_int_equal(p.parts.identity.not_after, 0x83828180u);
    assert_string_equal(p.parts.identity.user, "board1");
    assert_string_equal(p.parts.identity.device, "default");
    assert_string_equal(p.host, "chat.example.org");
    assert_int_equal(p.number, 8443);
    assert_string_equal(p.server_name, "localhost");
    assert_int_equal(p.time_floor_ms, 0x060504030201u);
    assert_int_equal(p.seed[0], 9);
    assert_memory_equal(&p.address.ip, "\x0a\0\2\x0f", 4);
    assert_memory_equal(&p.address.dns, "\x0a\0\2\3", 4);
    assert_int_equal(p.room_count, 2);
    assert_slice(p.rooms[0].data, p.rooms[0].len, "#ops");
    assert_int_equal(p.allow_count, 1);
    assert_slice(p.allows[0].data, p.allows[0].len, "ali led temp");
}

static void test_server(void **state)
{
    (void)state;
    struct blob b;
    blob_client(&b, 1, PROVISION_ROLE);
    blob_number(&b, PROVISION_ROLE, 1, 1);
    assert_int_equal(read_sealed(&b), PROVISION_OK);
    assert_int_equal(p.role, THM_FOR_SERVER);
}

/* An old image reads a newer tool's blob. */
static void test_unknown_tags(void **state)
{
    (void)state;
    struct blob b;
    blob_client(&b, 1, 0);
    for (unsigned tag = PROVISION_KNOWN_AS + 1; tag < 256; tag++)
        blob_text(&b, tag, tag % 2 ? "from the future" : "");
    blob_text(&b, 0, "0 is no tag of ours either");
    blob_text(&b, 200, "twice");
    assert_int_equal(read_sealed(&b), PROVISION_OK);
}

/* --- what is refused ------------------------------------------------------------------------------- */

static void test_every_byte_flipped(void **state)
{
    (void)state;
    struct blob b;
    blob_whole(&b, 1);
    assert_int_equal(read_blob(&b), PROVISION_OK);
    for (size_t i = 0; i < b.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            b.bytes[i] = (unsigned char)(b.bytes[i] ^ 1u << bit);
            assert_int_equal(read_blob(&b), PROVISION_DAMAGED);
            b.bytes[i] = (unsigned char)(b.bytes[i] ^ 1u << bit);
        }
    }
}

/* Cut by a slot's end, and by flash that was written only so far. */
static void test_every_truncation(void **state)
{
    (void)state;
    struct blob b, cut;
    blob_whole(&b, 1);
    for (size_t len = 1; len < b.len; len++) {
        assert_int_equal(provision_read(b.bytes, len, &p), PROVISION_DAMAGED);
        memset(cut.bytes, 0xff, sizeof cut.bytes);
        memcpy(cut.bytes, b.bytes, len);
        assert_int_equal(read_blob(&cut), PROVISION_DAMAGED);
    }
    assert_int_equal(provision_read(b.bytes, b.len, &p), PROVISION_OK);
}

static void test_versions(void **state)
{
    (void)state;
    struct blob b;
    blob_begin(&b, 2, 1);
    blob_text(&b, 1, "whatever it means there");
    assert_int_equal(read_sealed(&b), PROVISION_VERSION);
    b.bytes[20] ^= 1;
    assert_int_equal(read_blob(&b), PROVISION_DAMAGED);
}

static void test_each_field_is_needed(void **state)
{
    (void)state;
    struct blob b;
    for (unsigned tag = PROVISION_CA_NAME; tag <= PROVISION_SEED; tag++) {
        blob_client(&b, 1, tag);
        assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
    }
}

static void test_wrong_values(void **state)
{
    (void)state;
    static const unsigned char zeros[80];
    static const unsigned char uncompressed[66] = {4};
    static const struct {
        unsigned tag;
        const void *value;
        size_t len;
    } wrong[] = {
        {PROVISION_CA_POINT, zeros, 65},
        {PROVISION_CA_POINT, uncompressed, 66},
        {PROVISION_CERTIFICATE, "", 0},
        {PROVISION_KEY, zeros, 31},
        {PROVISION_KEY_HASH, zeros, 33},
        {PROVISION_NOT_AFTER, zeros, 4},
        {PROVISION_ROLE, "\2", 1},
        {PROVISION_USER, "Board1", 6},
        {PROVISION_USER, "a23456789012345678901234567890123", 33},
        {PROVISION_DEVICE, "", 0},
        {PROVISION_HOST, "a\0b", 3},
        {PROVISION_HOST, zeros, 65},
        {PROVISION_NUMBER, zeros, 2},
        {PROVISION_SERVER_NAME, "", 0},
        {PROVISION_SEED, zeros, 16},
    };
    struct blob b;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        blob_client(&b, 1, wrong[i].tag);
        blob_field(&b, wrong[i].tag, wrong[i].value, wrong[i].len);
        assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
    }
}

/* Optional ones that are wrong, too many, or given twice. */
static void refuse_more(unsigned tag, const char *text, unsigned times)
{
    struct blob b;
    blob_client(&b, 1, 0);
    for (unsigned i = 0; i < times; i++)
        blob_text(&b, tag, text);
    assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
}

static void test_too_much(void **state)
{
    (void)state;
    refuse_more(PROVISION_ROOM, "lobby", 1);
    refuse_more(PROVISION_ROOM, "#", 1);
    refuse_more(PROVISION_ROOM, "@ali", 1);
    refuse_more(PROVISION_ROOM, "#lobby", PROVISION_ROOMS + 1);
    refuse_more(PROVISION_ALLOW, "", 1);
    refuse_more(PROVISION_ALLOW, "ali *", PROVISION_ALLOWS + 1);
    refuse_more(PROVISION_ADDRESS, "15 bytes, not16", 1);
    refuse_more(PROVISION_CERTIFICATE, "one more", THM_CHAIN_MAX);
    refuse_more(PROVISION_CA_NAME, "without a point", 1);
    refuse_more(PROVISION_SEED, "01234567890123456789012345678901", 1);
    refuse_more(PROVISION_USER, "ali", 1);
}

/* --- keys of a passcode ---------------------------------------------------------------------------- */

/* Iterations, two keys, and a salt of so many bytes. */
static enum provision_result read_keys(uint32_t iterations, size_t salt)
{
    unsigned char value[4 + 64 + THM_SCRAM_SALT_MAX + 1];
    struct blob b;
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (unsigned char)i;
    for (unsigned i = 0; i < 4; i++)
        value[i] = (unsigned char)(iterations >> 8 * i);
    blob_client(&b, 1, 0);
    blob_field(&b, PROVISION_KEYS, value, 4 + 64 + salt);
    return read_sealed(&b);
}

static void test_keys(void **state)
{
    (void)state;
    struct blob b;
    assert_int_equal(read_keys(100000, 16), PROVISION_OK);
    assert_int_equal(p.keys.iterations, 100000);
    assert_int_equal(p.keys.client_key[0], 4);
    assert_int_equal(p.keys.client_key[31], 35);
    assert_int_equal(p.keys.server_key[0], 36);
    assert_int_equal(p.keys.salt_len, 16);
    assert_int_equal(p.keys.salt[0], 68);
    assert_int_equal(p.keys.salt[15], 83);
    blob_whole(&b, 1);
    assert_int_equal(read_blob(&b), PROVISION_OK); /* a blob of before */
    assert_int_equal(p.keys.iterations, 0);
}

static void test_bounds_of_keys(void **state)
{
    (void)state;
    static const unsigned char value[84] = {0, 16};
    struct blob b;
    assert_int_equal(read_keys(THM_SCRAM_ITERATIONS_MIN, THM_SCRAM_SALT_MIN), PROVISION_OK);
    assert_int_equal(read_keys(THM_SCRAM_ITERATIONS_MAX, THM_SCRAM_SALT_MAX), PROVISION_OK);
    assert_int_equal(p.keys.salt[THM_SCRAM_SALT_MAX - 1], 68 + THM_SCRAM_SALT_MAX - 1);
    assert_int_equal(read_keys(THM_SCRAM_ITERATIONS_MIN - 1, 16), PROVISION_DAMAGED);
    assert_int_equal(read_keys(THM_SCRAM_ITERATIONS_MAX + 1, 16), PROVISION_DAMAGED);
    assert_int_equal(read_keys(100000, THM_SCRAM_SALT_MIN - 1), PROVISION_DAMAGED);
    assert_int_equal(read_keys(100000, THM_SCRAM_SALT_MAX + 1), PROVISION_DAMAGED);
    assert_int_equal(read_keys(100000, 0), PROVISION_DAMAGED);
    blob_client(&b, 1, 0);
    blob_field(&b, PROVISION_KEYS, value, 67); /* ends within the keys */
    assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
    blob_client(&b, 1, 0);
    blob_field(&b, PROVISION_KEYS, value, 84);
    assert_int_equal(read_sealed(&b), PROVISION_OK);
    blob_client(&b, 1, 0);
    blob_field(&b, PROVISION_KEYS, value, 84);
    blob_field(&b, PROVISION_KEYS, value, 84); /* twice */
    assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
}

/* --- an invitation --------------------------------------------------------------------------------- */

static bool is_claimed(unsigned tag)
{
    return (tag >= PROVISION_CERTIFICATE && tag <= PROVISION_NOT_AFTER) || tag == PROVISION_USER ||
           tag == PROVISION_DEVICE;
}

/* The fields of a client, but for one and, unless that is `kept`, those that an invitation stands for. */
static void blob_claim(struct blob *b, unsigned but, unsigned kept)
{
    struct blob whole;
    blob_client(&whole, 1, 0);
    blob_begin(b, 1, 1);
    for (size_t at = 12; at < whole.len;) {
        const unsigned char *f = whole.bytes + at;
        size_t len = f[1] | (size_t)f[2] << 8;
        if (f[0] != but && (!is_claimed(f[0]) || f[0] == kept))
            blob_field(b, f[0], f + 3, len);
        at += 3 + len;
    }
    if (but != PROVISION_CLAIM)
        blob_field(b, PROVISION_CLAIM, "an invitation's.", THM_ENROLL_SECRET);
}

static void test_an_invitation(void **state)
{
    (void)state;
    struct blob b;
    blob_claim(&b, 0, 0);
    blob_text(&b, PROVISION_ROOM, "#ops");
    assert_int_equal(read_sealed(&b), PROVISION_OK);
    assert_memory_equal(p.claim, "an invitation's.", THM_ENROLL_SECRET);
    assert_int_equal(p.role, THM_FOR_CLIENT);
    assert_int_equal(p.parts.ca_count, 1);
    assert_int_equal(p.parts.chain_len, 0);
    assert_null(p.parts.key);
    assert_string_equal(p.parts.identity.user, "");
    assert_string_equal(p.host, "chat.example.org");
    assert_string_equal(p.server_name, "localhost");
    assert_int_equal(p.room_count, 1);
    blob_whole(&b, 1);
    assert_int_equal(read_blob(&b), PROVISION_OK);
    assert_null(p.claim);
}

/* It needs all else, and stands beside nothing that it stands for. */
static void test_half_an_invitation(void **state)
{
    (void)state;
    struct blob b;
    for (unsigned tag = PROVISION_CA_NAME; tag <= PROVISION_CLAIM; tag++) {
        if (tag > PROVISION_SEED && tag != PROVISION_CLAIM)
            continue;
        blob_claim(&b, is_claimed(tag) ? 0 : tag, is_claimed(tag) ? tag : 0);
        assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
    }
    blob_claim(&b, PROVISION_CLAIM, 0);
    blob_text(&b, PROVISION_CLAIM, "not 16 bytes");
    assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
    blob_claim(&b, PROVISION_ROLE, 0);
    blob_number(&b, PROVISION_ROLE, 1, 1); /* a server */
    assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
    blob_claim(&b, 0, 0);
    blob_text(&b, PROVISION_CLAIM, "0123456789abcdef"); /* twice */
    assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
}

static void test_bounds_of_texts(void **state)
{
    (void)state;
    char name[PROVISION_HOST_MAX + 1];
    struct blob b;
    memset(name, 'a', sizeof name);
    blob_client(&b, 1, PROVISION_HOST);
    blob_field(&b, PROVISION_HOST, name, PROVISION_HOST_MAX);
    assert_int_equal(read_sealed(&b), PROVISION_OK);
    assert_int_equal(strlen(p.host), PROVISION_HOST_MAX);
    blob_client(&b, 1, PROVISION_HOST);
    blob_field(&b, PROVISION_HOST, name, PROVISION_HOST_MAX + 1);
    assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
}

static void test_each_ca_has_a_key(void **state)
{
    (void)state;
    static const unsigned char point[65] = {4};
    struct blob b;
    blob_client(&b, 1, PROVISION_CA_POINT);
    blob_text(&b, PROVISION_CA_NAME, "another");
    blob_field(&b, PROVISION_CA_POINT, point, 65);
    assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
}

static void test_a_field_past_the_end(void **state)
{
    (void)state;
    struct blob b;
    for (size_t left = 1; left <= 4; left++) {
        blob_client(&b, 1, 0);
        blob_field(&b, 200, "abcd", 4);
        b.len -= left; /* its length says more than there is */
        assert_int_equal(read_sealed(&b), PROVISION_DAMAGED);
    }
}

/* --- two slots ------------------------------------------------------------------------------------- */

enum content { BLANK, ZEROS, BROKEN, NEWER, FIRST, SECOND, CONTENTS };

static void fill(struct blob *b, enum content content)
{
    blob_whole(b, content == SECOND ? 2 : 1);
    if (content == BROKEN)
        b->bytes[30] ^= 4;
    if (content == BLANK || content == ZEROS)
        memset(b->bytes, content == BLANK ? 0xff : 0, sizeof b->bytes);
    if (content == NEWER) {
        blob_begin(b, 9, 900);
        blob_seal(b);
    }
}

static void test_two_slots(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CONTENTS; i++) {
        for (unsigned k = 0; k < CONTENTS; k++) {
            unsigned most = i > k ? i : k;
            fill(&slots[0], (enum content)i);
            fill(&slots[1], (enum content)k);
            enum provision_result result = provision_find(&p);
            assert_int_equal(result, most >= FIRST    ? PROVISION_OK
                                     : most == NEWER  ? PROVISION_VERSION
                                     : most == BROKEN ? PROVISION_DAMAGED
                                                      : PROVISION_NONE);
            if (result != PROVISION_OK)
                continue;
            assert_int_equal(p.sequence, most == SECOND ? 2 : 1);
            const unsigned char *slot = slots[(enum content)k == most && k != i].bytes;
            assert_true(p.seed > slot && p.seed < slot + BLOB_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fields),
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_unknown_tags),
        cmocka_unit_test(test_every_byte_flipped),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_each_field_is_needed),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_bounds_of_keys),
        cmocka_unit_test(test_an_invitation),
        cmocka_unit_test(test_half_an_invitation),
        cmocka_unit_test(test_bounds_of_texts),
        cmocka_unit_test(test_each_ca_has_a_key),
        cmocka_unit_test(test_a_field_past_the_end),
        cmocka_unit_test(test_two_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
