/*
 * Switched off and on again: nothing that an onlooker could have noted down comes back, though the board has no source of
 * noise at all and its clock starts at the same moment.
 */
#include <string.h>

#include "lwip/pair.h"

/* Port and sequence number of the first connection that OWN dials. */
static void dial_first(struct world *w, uint16_t *number, uint32_t *sequence)
{
    struct node *o = &w->nodes[OWN];
    const unsigned syns = w->syns;
    thm_socket s;

    assert_int_equal(o->ops->connect(o->port, PEER_ADDRESS, SERVICE, DIALLED, &s), THM_OK);
    while (w->syns == syns)
        turn(w);
    *number = w->syn_number;
    *sequence = w->syn_sequence;
    o->ops->abort(o->port, s);
}

static void power_cycle(struct world *w)
{
    w->now_ms = 1;
    restart(w, PEER, PEER_ADDRESS);
    w->now_ms = 1;
    restart(w, OWN, OWN_ADDRESS);
}

static void test_ports_and_sequence_numbers_differ_after_a_restart(void **state)
{
    enum { BOOTS = 8 };
    struct world *w = *state;
    uint16_t number[BOOTS];
    uint32_t sequence[BOOTS];
    unsigned same_number = 0;

    for (unsigned i = 0; i < BOOTS; i++) {
        power_cycle(w);
        assert_int_equal(w->nodes[OWN].api->boots(), i + 2);
        dial_first(w, &number[i], &sequence[i]);
        for (unsigned k = 0; k < i; k++) {
            same_number += number[k] == number[i];
            assert_int_not_equal(sequence[k], sequence[i]);
        }
    }
    assert_true(same_number <= 1); /* of 16,384 ports */
}

/* RFC 6528: for the same ends it goes on with the time; for others nothing follows from it. */
static void test_sequence_numbers_of_one_boot(void **state)
{
    struct world *w = *state;
    uint16_t number[2];
    uint32_t sequence[2];

    dial_first(w, &number[0], &sequence[0]);
    dial_first(w, &number[1], &sequence[1]);
    assert_int_not_equal(number[0], number[1]);
    uint32_t distance = sequence[1] - sequence[0];
    assert_true(distance > 1000000 && distance < UINT32_MAX - 1000000);
}

static void test_the_generator_never_repeats(void **state)
{
    enum { BOOTS = 8, DRAWN = 48 };
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    uint8_t drawn[BOOTS][DRAWN];

    for (unsigned i = 0; i < BOOTS; i++) {
        power_cycle(w);
        assert_int_equal(o->ops->entropy(o->port, drawn[i], DRAWN), THM_OK);
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(drawn[k], drawn[i], 16);
    }
}

static void test_what_was_written_is_there_after_a_restart(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    char buf[THM_LWIP_NV_MAX + 1] = "cursors";
    size_t n;

    assert_int_equal(o->ops->nv_read(o->port, 0, buf, sizeof buf, &n), THM_OK);
    assert_int_equal(n, 0);
    assert_int_equal(o->ops->nv_write(o->port, 0, buf, sizeof buf), THM_E_LIMIT);
    assert_int_equal(o->ops->nv_write(o->port, 0, buf, THM_LWIP_NV_MAX), THM_OK);
    assert_int_equal(o->ops->nv_write(o->port, 1, "other", 5), THM_OK);
    assert_int_equal(o->ops->nv_write(o->port, 2, "x", 1), THM_E_ARGUMENT);
    restart(w, OWN, OWN_ADDRESS);
    memset(buf, 0, sizeof buf);
    assert_int_equal(o->ops->nv_read(o->port, 0, buf, sizeof buf, &n), THM_OK);
    assert_int_equal(n, THM_LWIP_NV_MAX);
    assert_string_equal(buf, "cursors");
    assert_int_equal(o->ops->nv_read(o->port, 1, buf, 3, &n), THM_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(buf, "oth", 3);
    assert_int_equal(o->ops->nv_read(o->port, 2, buf, sizeof buf, &n), THM_E_ARGUMENT);
}

#define ON_SMALL(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SMALL(test_ports_and_sequence_numbers_differ_after_a_restart),
        ON_SMALL(test_sequence_numbers_of_one_boot),
        ON_SMALL(test_the_generator_never_repeats),
        ON_SMALL(test_what_was_written_is_there_after_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
