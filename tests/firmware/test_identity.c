/* What a board has become: kept whatever moment the power goes at, and never taken for another one's. */
#include "identity.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "thimble/board.h"

#define UTC  UINT64_C(1800000000)
#define LATE UINT64_C(253402300799) /* when the certificates of this test end */

/* --- a board of which a loss of power can be had ------------------------------------------------------ */

static struct {
    uint8_t slots[THM_BOARD_SLOTS][THM_BOARD_SLOT_SIZE];
    size_t power;  /* bytes that can still be written */
    bool dead;     /* the power went while it wrote */
    unsigned mute; /* the slot that can't be read */
    unsigned writes;
} board;

int thm_board_storage_read(unsigned slot, void *buf, size_t len)
{
    assert_true(len <= THM_BOARD_SLOT_BYTES(slot));
    if (slot == board.mute)
        return THM_E_PORT;
    memcpy(buf, board.slots[slot], len);
    return THM_OK;
}

int thm_board_storage_write(unsigned slot, const void *buf, size_t len)
{
    size_t n = len < board.power ? len : board.power;
    assert_true(slot == 4 || slot == 6);
    assert_true(len <= THM_BOARD_SLOT_BYTES(slot));
    memcpy(board.slots[slot], buf, n);
    board.power -= n;
    board.writes++;
    board.dead = n < len;
    return board.dead ? THM_E_PORT : THM_OK;
}

static uint8_t drawn; /* the next byte of a generator that nobody should have */

static int entropy(struct thm_port *p, void *buf, size_t len)
{
    (void)p;
    memset(buf, drawn++, len);
    return THM_OK;
}

static int no_entropy(struct thm_port *p, void *buf, size_t len)
{
    (void)p, (void)buf, (void)len;
    return THM_E_ENTROPY;
}

static const struct thm_port_ops ops = {.entropy = entropy}, broken = {.entropy = no_entropy};
static struct thm_port port;

static const uint8_t secret[THM_ENROLL_SECRET] = {1}, other[THM_ENROLL_SECRET] = {2};
static struct identity id;

static int erase(void **state)
{
    (void)state;
    memset(&board, 0, sizeof board);
    memset(board.slots, 0xff, sizeof board.slots);
    memset(&id, 0x5a, sizeof id);
    board.power = SIZE_MAX;
    port.ops = &ops;
    drawn = 1;
    return 0;
}

/* The board is switched on. Whether it has a key. */
static bool boot(void)
{
    board.power = SIZE_MAX;
    memset(&id, 0x5a, sizeof id);
    int code = identity_load(&id, secret);
    assert_true(code == THM_OK || code == THM_E_KEY);
    return code == THM_OK;
}

static void bear(void)
{
    assert_false(boot());
    assert_int_equal(identity_bear(&id, &port, secret), THM_OK);
}

/* --- what the server sends --------------------------------------------------------------------------- */

static uint8_t der[THM_BOOTSTRAP_MAX];
static struct thm_msg reply;
static struct thm_client_event issued;

/* A certificate for the key that there is. */
static void issue(void)
{
    thm_msg_init(&reply, THM_MSG_ENROLL_REPLY);
    THM_SET(&reply, USERID, "pump");
    THM_SET(&reply, DEVICE, "shed");
    issued =
        (struct thm_client_event){.kind = THM_CLIENT_ISSUED, .msg = &reply, .certificate = der};
    issued.certificate_len = thm_enroll_certificate(id.content.key, der);
}

static int take(void)
{
    issue();
    return identity_take(&id, &issued, UTC, false);
}

static void assert_pump(void)
{
    assert_string_equal(id.content.who.user, "pump");
    assert_string_equal(id.content.who.device, "shed");
    assert_int_equal(id.content.who.not_after, LATE);
    assert_int_equal(id.content.certificate_len, issued.certificate_len);
    assert_memory_equal(id.content.certificate, der, issued.certificate_len);
}

/* --- tests ------------------------------------------------------------------------------------------- */

static void test_from_nothing_to_a_certificate(void **state)
{
    uint8_t key[THM_ENROLL_KEY], hash[THM_KEY_HASH];
    (void)state;
    bear();
    memcpy(key, id.content.key, sizeof key);
    assert_true(boot());
    assert_memory_equal(id.content.key, key, sizeof key);
    assert_int_equal(id.content.certificate_len, 0);
    assert_string_equal(id.content.who.user, "");
    thm_enroll_key_hash(key, hash);
    assert_memory_equal(id.content.who.key_hash, hash, sizeof hash);
    assert_int_equal(take(), THM_OK);
    assert_pump();
    assert_true(boot());
    assert_pump();
    assert_memory_equal(id.content.key, key, sizeof key);
    assert_memory_equal(id.content.who.key_hash, hash, sizeof hash);
    assert_int_equal(board.writes, 2);
}

/* Asked again, it is the same request of the same key. */
static void test_the_same_request(void **state)
{
    struct identity_first first;
    (void)state;
    bear();
    identity_begin(&id, secret);
    first = id.content.first;
    assert_in_range(first.request_len, 100, THM_CSR_MAX);
    assert_true(boot());
    identity_begin(&id, secret);
    assert_int_equal(id.content.first.request_len, first.request_len);
    assert_memory_equal(id.content.first.request, first.request, first.request_len);
    assert_memory_equal(id.content.first.shown, first.shown, first.shown_len);
    assert_true(boot()); /* nothing of that was stored */
    assert_memory_not_equal(id.content.first.key, first.key, sizeof first.key);
    identity_begin(&id, secret);
    assert_int_equal(take(), THM_OK);
    assert_true(boot());
    assert_pump();
}

/* Power goes after each byte that is written: there is no key, or the one that will be asked for from then on. */
static void test_power_lost_at_birth(void **state)
{
    (void)state;
    for (size_t power = 0;; power++) {
        erase(NULL);
        assert_false(boot());
        board.power = power;
        int code = identity_bear(&id, &port, secret);
        if (!board.dead) {
            assert_int_equal(code, THM_OK);
            assert_true(power > 100);
            return;
        }
        assert_int_equal(code, THM_E_PORT);
        for (size_t i = 0; i < sizeof id.content.key; i++)
            assert_int_equal(id.content.key[i], 0); /* nobody asks for a certificate of it */
        assert_false(boot());
        bear();
        assert_true(boot());
        assert_int_equal(take(), THM_OK);
    }
}

/* The key outlives it, and the certificate is there or not. */
static void test_power_lost_with_the_certificate(void **state)
{
    uint8_t key[THM_ENROLL_KEY];
    (void)state;
    for (size_t power = 0;; power++) {
        erase(NULL);
        bear();
        memcpy(key, id.content.key, sizeof key);
        board.power = power;
        int code = take();
        bool dead = board.dead;
        assert_int_equal(code, dead ? THM_E_PORT : THM_OK);
        assert_pump(); /* good for this boot */
        assert_true(boot());
        assert_memory_equal(id.content.key, key, sizeof key);
        if (!dead) {
            assert_pump();
            assert_true(power > 300);
            return;
        }
        assert_int_equal(id.content.certificate_len, 0);
        assert_int_equal(take(), THM_OK); /* the same answer again */
        assert_true(boot());
        assert_pump();
    }
}

/* A renewal that is cut leaves the certificate of before. */
static void test_power_lost_in_renewal(void **state)
{
    (void)state;
    for (size_t power = 0; power < 500; power += 7) {
        erase(NULL);
        bear();
        assert_int_equal(take(), THM_OK);
        board.power = power;
        assert_int_equal(identity_take(&id, &issued, UTC + 86400, true), THM_E_PORT);
        assert_true(boot());
        assert_pump();
        assert_int_equal(identity_take(&id, &issued, UTC + 86400, true), THM_OK);
        uint64_t at = id.content.renew_at_s;
        assert_true(boot());
        assert_pump();
        assert_int_equal(id.content.renew_at_s, at);
    }
}

static void test_another_invitation(void **state)
{
    uint8_t key[THM_ENROLL_KEY];
    (void)state;
    bear();
    assert_int_equal(take(), THM_OK);
    memcpy(key, id.content.key, sizeof key);
    assert_int_equal(identity_load(&id, other), THM_E_KEY);
    assert_int_equal(id.content.who.not_after, 0);
    assert_int_equal(id.content.certificate_len, 0);
    assert_true(boot()); /* as long as it has borne no other key */
    assert_int_equal(identity_load(&id, other), THM_E_KEY);
    assert_int_equal(identity_bear(&id, &port, other), THM_OK);
    assert_memory_not_equal(id.content.key, key, sizeof key);
    assert_int_equal(identity_load(&id, other), THM_OK);
    assert_false(boot());
}

static void test_what_is_not_taken(void **state)
{
    (void)state;
    bear();
    issue();
    id.content.who.key_hash[0] ^= 1;
    assert_int_equal(identity_take(&id, &issued, UTC, false), THM_E_KEY);
    id.content.who.key_hash[0] ^= 1;
    issued.certificate_len = 20;
    assert_int_equal(identity_take(&id, &issued, UTC, false), THM_E_CERT);
    issue();
    assert_int_equal(identity_take(&id, &issued, LATE, false), THM_E_EXPIRED);
    assert_int_equal(id.content.certificate_len, 0);
    assert_int_equal(board.writes, 1);
    assert_int_equal(take(), THM_OK);
    assert_int_equal(take(), THM_E_EXPIRED); /* the same again by the invitation */
    assert_int_equal(identity_take(&id, &issued, UTC, true), THM_OK);
    assert_int_equal(board.writes, 3);
}

static void test_when_it_is_renewed(void **state)
{
    const uint64_t left = 90 * 86400;
    (void)state;
    bear();
    issue();
    assert_int_equal(identity_take(&id, &issued, LATE - left, false), THM_OK);
    assert_int_equal(id.content.renew_at_s, LATE - left / 3);
    assert_int_equal(identity_take(&id, &issued, LATE - 1, true), THM_OK);
    assert_int_equal(id.content.renew_at_s, LATE);
    assert_int_equal(identity_take(&id, &issued, UTC, true), THM_OK); /* thousands of years */
    assert_int_equal(id.content.renew_at_s, UTC + UINT32_MAX - UINT32_MAX / 3);
}

static void test_no_entropy_no_key(void **state)
{
    (void)state;
    port.ops = &broken;
    assert_false(boot());
    assert_int_equal(identity_bear(&id, &port, secret), THM_E_ENTROPY);
    assert_int_equal(board.writes, 0);
    assert_false(boot());
}

/* Other people's records, and damaged ones. */
static void test_any_bit_flipped(void **state)
{
    (void)state;
    bear();
    const unsigned slot = board.slots[4][0] == 0xff ? 6 : 4;
    for (size_t bit = 0; bit < 8u * 200; bit++) {
        board.slots[slot][bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(boot());
        board.slots[slot][bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(boot());
}

/* What can't be read might be a key: no other one takes its place. */
static void test_unreadable(void **state)
{
    (void)state;
    bear();
    assert_int_equal(take(), THM_OK);
    for (board.mute = 4; board.mute <= 6; board.mute += 2)
        assert_int_equal(identity_load(&id, secret), THM_E_PORT);
    assert_true(boot());
    assert_pump();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_from_nothing_to_a_certificate, erase),
        cmocka_unit_test_setup(test_the_same_request, erase),
        cmocka_unit_test_setup(test_power_lost_at_birth, erase),
        cmocka_unit_test_setup(test_power_lost_with_the_certificate, erase),
        cmocka_unit_test_setup(test_power_lost_in_renewal, erase),
        cmocka_unit_test_setup(test_another_invitation, erase),
        cmocka_unit_test_setup(test_what_is_not_taken, erase),
        cmocka_unit_test_setup(test_when_it_is_renewed, erase),
        cmocka_unit_test_setup(test_no_entropy_no_key, erase),
        cmocka_unit_test_setup(test_unreadable, erase),
        cmocka_unit_test_setup(test_any_bit_flipped, erase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
