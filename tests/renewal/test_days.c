/*
 * Certificates of one day, for three days: four devices talk all the time and renew by themselves. Whatever happens meanwhile,
 * nothing that was said is lost or comes twice; and where nothing happens, nobody is away for a moment.
 */
#include "device.h"

#include <stdio.h>

#define DEVICES 4

struct days {
    struct office office;
    struct device devices[DEVICES];
    struct thm_credentials first; /* of device 0, when all began */
};

/* --- beginning and end ------------------------------------------------------------------------ */

static bool all_online(void *ctx)
{
    struct days *d = ctx;

    for (unsigned i = 0; i < DEVICES; i++)
        if (!device_is_online(&d->devices[i]))
            return false;
    return true;
}

/* What device 0 has at first, to be tried again when it has ended. */
static void keep_first(struct days *d)
{
    size_t len;
    const uint8_t *der = thm_credentials_der(d->devices[0].current, 0, &len);

    device_load(&d->office, der, len, d->devices[0].key, &d->first);
}

static void begin(struct days *d)
{
    office_init(&d->office);
    office_serve(&d->office);
    for (unsigned i = 0; i < DEVICES; i++) {
        device_init(&d->devices[i], &d->office, i);
        d->devices[i].pause_ms = 20 * MINUTE_MS;
        device_start(&d->devices[i]);
    }
    keep_first(d);
    assert_true(sim_world_run_until(d->office.world, all_online, d, MINUTE_MS / 2));
}

static void pass_to(struct days *d, uint64_t ms)
{
    uint64_t now = sim_world_now(d->office.world);

    assert_true(ms >= now);
    office_pass(&d->office, ms - now);
}

/* Everybody was shown all that was said, once, and the log has it once. */
static void expect_all_said(struct days *d)
{
    uint64_t said = 0;

    for (unsigned i = 0; i < DEVICES; i++)
        d->devices[i].pause_ms = 0;
    office_pass(&d->office, 10 * MINUTE_MS);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_true(device_is_online(&d->devices[i]));
        assert_int_equal(d->devices[i].acked, d->devices[i].said);
        said += d->devices[i].said;
        for (unsigned to = 0; to < DEVICES; to++)
            assert_int_equal(d->devices[to].shown[i], d->devices[i].said);
    }
    assert_in_range(said, DEVICES * 3 * 24 * 2, DEVICES * 3 * 24 * 60);
}

static void expect_messages(struct days *d)
{
    uint64_t said = 0;

    for (unsigned i = 0; i < DEVICES; i++)
        said += d->devices[i].said;
    assert_int_equal(office_stats(&d->office).messages, said);
}

/* Each has renewed as often as that takes, and has a certificate that is good for a while. */
static void expect_certificates(struct days *d)
{
    uint64_t now = office_utc_s(&d->office);

    for (unsigned i = 0; i < DEVICES; i++) {
        assert_in_range(d->devices[i].issued, 3, 6);
        assert_true(thm_credentials_identity(d->devices[i].current)->not_after > now);
    }
}

static unsigned issued(const struct days *d)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < DEVICES; i++)
        sum += d->devices[i].issued;
    return sum;
}

/* Nobody was away: what was connected at first still is. */
static void expect_no_disconnect(struct days *d)
{
    assert_int_equal(d->office.counts[OFFICE_HANDSHAKE], DEVICES);
    assert_int_equal(d->office.counts[OFFICE_LOGIN], DEVICES);
    assert_int_equal(d->office.counts[OFFICE_CLOSE], 0);
    assert_int_equal(d->office.counts[OFFICE_RENEWED], issued(d));
    assert_int_equal(office_stats(&d->office).accepted, DEVICES);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_int_equal(d->devices[i].online, 1);
        assert_int_equal(d->devices[i].lost_link, 0);
        assert_int_equal(d->devices[i].refused, 0);
    }
}

static void leave(struct days *d)
{
    for (unsigned i = 0; i < DEVICES; i++)
        device_stop(&d->devices[i]);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_true(sim_world_run_until(d->office.world, device_has_ended, &d->devices[i],
                                        2 * THM_CLOSE_MS));
        assert_int_equal(d->devices[i].ended, THM_OK);
    }
}

/* The clients themselves come back by what they were given last. */
static void expect_comeback(struct days *d)
{
    unsigned before = d->devices[0].lost_link;

    sim_host_reset(d->office.host);
    office_pass(&d->office, 1000);
    assert_true(d->devices[0].lost_link > before);
    assert_true(sim_world_run_until(d->office.world, all_online, d, MINUTE_MS));
}

/* Whoever comes anew with what he has now gets in, and with what he had at first does not. */
static void expect_fresh_connections(struct days *d)
{
    struct device *first = &d->devices[0];

    for (unsigned i = 0; i < DEVICES; i++) {
        device_start(&d->devices[i]);
        assert_true(
            sim_world_run_until(d->office.world, device_is_online, &d->devices[i], MINUTE_MS / 2));
    }
    leave(d);
    device_start_with(first, &d->first);
    assert_true(sim_world_run_until(d->office.world, device_has_ended, first, MINUTE_MS / 2));
    assert_int_equal(first->ended, THM_E_CERT_REJECTED);
    office_pass(&d->office, 1000);
    assert_int_equal(d->office.refused, THM_E_EXPIRED);
}

static void print_days(const struct days *d, const char *what)
{
    unsigned said = 0, issued = 0, lost = 0, refused = 0;
    uint64_t slack = UINT64_MAX;

    for (unsigned i = 0; i < DEVICES; i++) {
        said += d->devices[i].said;
        issued += d->devices[i].issued;
        lost += d->devices[i].lost_link;
        refused += d->devices[i].refused;
        if (d->devices[i].slack_s < slack)
            slack = d->devices[i].slack_s;
    }
    print_message(
        "%s: %u said, %u renewals, %u refused, %u links lost; %u min were left at least\n", what,
        said, issued, refused, lost, (unsigned)(slack / 60));
}

static void end(struct days *d, const char *what)
{
    print_days(d, what);
    expect_comeback(d);
    leave(d);
    expect_fresh_connections(d);
    office_end(&d->office);
    for (unsigned i = 0; i < DEVICES; i++)
        device_free(&d->devices[i]);
}

/* --- three days ------------------------------------------------------------------------------- */

static struct days days;

static void nothing_happens(void **state)
{
    (void)state;
    begin(&days);
    pass_to(&days, 3 * DAY_MS);
    expect_all_said(&days);
    expect_messages(&days);
    expect_certificates(&days);
    expect_no_disconnect(&days);
    end(&days, "nothing happens");
}

/* Nobody signs from well before the time until shortly before the end. */
static void the_signer_is_down_for_half_a_day(void **state)
{
    (void)state;
    begin(&days);
    pass_to(&days, 11 * HOUR_MS);
    days.office.closed = true;
    pass_to(&days, 23 * HOUR_MS);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_int_equal(days.devices[i].issued, 0);
        assert_true(days.devices[i].refused > 0);
        days.devices[i].refused = 0;
    }
    days.office.closed = false;
    pass_to(&days, 24 * HOUR_MS - 30 * MINUTE_MS);
    for (unsigned i = 0; i < DEVICES; i++)
        assert_int_equal(days.devices[i].issued, 1);
    pass_to(&days, 3 * DAY_MS);
    expect_all_said(&days);
    expect_messages(&days);
    expect_certificates(&days);
    expect_no_disconnect(&days);
    end(&days, "the signer is down");
}

/* --- renewals that are broken off ------------------------------------------------------------- */

static bool somebody_waits(void *ctx)
{
    const struct days *d = ctx;

    return d->office.waiting_count > 0;
}

static bool somebody_is_answered(void *ctx)
{
    const struct days *d = ctx;

    return d->office.signed_count > 0 && d->office.waiting_count == 0;
}

/* Breaks in on the first renewal of everybody, until all have had that. */
static void break_in(struct days *d, bool (*when)(void *ctx), void (*what)(struct days *d))
{
    d->office.takes_ms = 500;
    for (unsigned i = 0; i < DEVICES; i++) {
        d->office.signed_count = 0;
        assert_true(sim_world_run_until(d->office.world, when, d, 2 * DAY_MS));
        what(d);
    }
}

static void reset_links(struct days *d)
{
    sim_host_reset(d->office.host);
}

/* Nobody is told. */
static void cut_links(struct days *d)
{
    sim_host_cut(d->office.host);
}

static void restart_server(struct days *d)
{
    office_kill(&d->office, SIM_DEATH_RESET);
    office_serve(&d->office);
}

/* Everybody lost a link, and some a certificate that was made: they have asked again. */
static void expect_broken(const struct days *d)
{
    unsigned told = 0, lost = 0;

    for (unsigned i = 0; i < DEVICES; i++) {
        told += d->devices[i].told;
        lost += d->devices[i].lost_link;
    }
    assert_true(told > issued(d));
    assert_true(lost >= DEVICES);
}

static void broken_off(bool (*when)(void *ctx), void (*what)(struct days *d), const char *name)
{
    begin(&days);
    break_in(&days, when, what);
    pass_to(&days, 3 * DAY_MS);
    expect_all_said(&days);
    if (what != restart_server) /* which counts anew */
        expect_messages(&days);
    expect_certificates(&days);
    expect_broken(&days);
    end(&days, name);
}

static void the_link_breaks_while_it_is_signed(void **state)
{
    (void)state;
    broken_off(somebody_waits, reset_links, "links break before the answer");
}

static void the_answer_is_lost(void **state)
{
    (void)state;
    broken_off(somebody_is_answered, reset_links, "links break with the answer on its way");
}

static void the_answer_is_lost_and_nobody_is_told(void **state)
{
    (void)state;
    broken_off(somebody_waits, cut_links, "links are dead");
}

static void the_server_dies_meanwhile(void **state)
{
    (void)state;
    broken_off(somebody_waits, restart_server, "the server is killed");
}

/* --- another key ------------------------------------------------------------------------------ */

/* Links break now and then, most of them just when something was said. */
static void pass_with_resets(struct days *d, uint64_t until)
{
    while (sim_world_now(d->office.world) < until) {
        struct device *speaker = &d->devices[sim_world_random(d->office.world, DEVICES)];
        office_pass(&d->office, 1 + sim_world_random(d->office.world, 3 * HOUR_MS));
        if (sim_world_random(d->office.world, 3) != 0) {
            speaker->say_at = 0;
            sim_host_poke(speaker->host);
            office_pass(&d->office, sim_world_random(d->office.world, 4));
        }
        sim_host_reset(d->office.host);
    }
}

static void each_certificate_is_for_another_key(void **state)
{
    (void)state;
    begin(&days);
    for (unsigned i = 0; i < DEVICES; i++)
        days.devices[i].other_key = true;
    pass_with_resets(&days, 3 * DAY_MS);
    expect_all_said(&days);
    expect_messages(&days);
    expect_certificates(&days);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_true(days.devices[i].changes >= 3);
        assert_true(days.devices[i].lost_link > 3);
    }
    end(&days, "other keys");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_happens),
        cmocka_unit_test(the_signer_is_down_for_half_a_day),
        cmocka_unit_test(the_link_breaks_while_it_is_signed),
        cmocka_unit_test(the_answer_is_lost),
        cmocka_unit_test(the_answer_is_lost_and_nobody_is_told),
        cmocka_unit_test(the_server_dies_meanwhile),
        cmocka_unit_test(each_certificate_is_for_another_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
