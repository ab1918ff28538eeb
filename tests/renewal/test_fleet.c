/*
 * A fleet of boards that all got their certificates on the same day, and renew them with nobody's hand: each by its own timers, over
 * the session that it has. So many that a signer feels it; how many is said on the command line.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ARRIVAL_MS  HOUR_MS /* within which they come, in any order */
#define SIGND_RATE  50      /* thimble-signd's --limit, where nothing else is said */
#define SIGND_BURST 1000
#define FLEET       10000u /* whom that is for, as in OPERATIONS.md */

static unsigned count;

struct fleet {
    struct office office;
    struct device *devices;
    unsigned count;
};

/* --- beginning and end ------------------------------------------------------------------------ */

static bool all_online(void *ctx)
{
    const struct fleet *f = ctx;

    return office_stats(&f->office).sessions == f->count;
}

static void begin(struct fleet *f, unsigned devices)
{
    struct office *o = &f->office;

    office_init(o);
    thm_server_config_default(&o->config, devices);
    o->store_config.streams = devices + 64;
    o->store_config.records = 4 * devices;
    office_serve(o);
    sim_world_faults(o->world, &(struct sim_faults){.send_buffer = 8192, .recv_buffer = 8192});
    f->count = devices;
    f->devices = calloc(devices, sizeof *f->devices);
    for (unsigned i = 0; i < devices; i++)
        device_init(&f->devices[i], o, i);
    for (unsigned i = 0; i < devices; i++) {
        device_start(&f->devices[i]);
        office_pass(o, sim_world_random(o->world, 2 * ARRIVAL_MS / devices));
    }
    assert_true(sim_world_run_until(o->world, all_online, f, MINUTE_MS));
}

static void pass_to(struct fleet *f, uint64_t ms)
{
    office_pass(&f->office, ms - sim_world_now(f->office.world));
}

static void end(struct fleet *f)
{
    for (unsigned i = 0; i < f->count; i++)
        device_stop(&f->devices[i]);
    office_pass(&f->office, 2 * THM_CLOSE_MS);
    for (unsigned i = 0; i < f->count; i++)
        assert_int_equal(f->devices[i].ended, THM_OK);
    office_end(&f->office);
    for (unsigned i = 0; i < f->count; i++)
        device_free(&f->devices[i]);
    free(f->devices);
}

/* --- what became of it -------------------------------------------------------------------------- */

/* Nobody was forgotten, and nobody was away. Returns how long before its end the latest certificate was renewed, s. */
static uint64_t expect_renewed(const struct fleet *f, unsigned times)
{
    uint64_t now = office_utc_s(&f->office), slack = UINT64_MAX;

    for (unsigned i = 0; i < f->count; i++) {
        const struct device *d = &f->devices[i];
        if (d->issued != times || d->changes != times || d->online != 1 || d->lost_link != 0)
            fail_msg("%s has renewed %u times, came online %u times and lost %u links", d->name,
                     d->issued, d->online, d->lost_link);
        assert_true(thm_credentials_identity(d->current)->not_after > now);
        slack = d->slack_s < slack ? d->slack_s : slack;
    }
    assert_int_equal(f->office.counts[OFFICE_RENEWED], (uint64_t)times * f->count);
    assert_int_equal(f->office.counts[OFFICE_LOGIN], f->count);
    assert_int_equal(f->office.counts[OFFICE_CLOSE], 0);
    return slack;
}

static void print_fleet(const struct fleet *f, const char *what, uint64_t slack)
{
    const struct office *o = &f->office;

    print_message(
        "%s: %u devices, %llu renewals, %llu refused meanwhile, at most %u in a second and %u at "
        "a time; %llu min were left; %.1f s of CPU\n",
        what, f->count, (unsigned long long)o->counts[OFFICE_RENEWED],
        (unsigned long long)o->counts[OFFICE_NOT_CERTIFIED], o->most_in_second, o->most_waiting,
        (unsigned long long)slack / 60, (double)clock() / CLOCKS_PER_SEC);
}

/* Some of them lose their link, and come back with what they have now. */
static void expect_comeback(struct fleet *f)
{
    unsigned every = f->count / 50 + 1;

    for (unsigned i = 0; i < f->count; i += every)
        sim_host_reset(f->devices[i].host);
    office_pass(&f->office, MINUTE_MS);
    for (unsigned i = 0; i < f->count; i += every) {
        assert_int_equal(f->devices[i].online, 2);
        assert_true(device_is_online(&f->devices[i]));
    }
}

static void they_renew_by_themselves(void **state)
{
    static struct fleet fleet;

    (void)state;
    begin(&fleet, count);
    pass_to(&fleet, 25 * HOUR_MS);
    uint64_t slack = expect_renewed(&fleet, 1);
    print_fleet(&fleet, "all due at once", slack);
    assert_int_equal(fleet.office.counts[OFFICE_NOT_CERTIFIED], 0);
    assert_true(fleet.office.most_in_second <= SIGND_RATE);
    assert_true(slack > 7 * HOUR_MS / 1000);
    expect_comeback(&fleet);
    end(&fleet);
}

/* The signer comes back after half a day, and all that wait ask within two minutes: it signs no more than it may, and all have
 * theirs before it is too late. A smaller fleet, and as much less that it may. */
static void they_wait_for_the_signer(void **state)
{
    static struct fleet fleet;
    const unsigned devices = 400;

    (void)state;
    begin(&fleet, devices);
    fleet.office.rate = SIGND_RATE * devices / FLEET;
    fleet.office.burst = SIGND_BURST * devices / FLEET;
    pass_to(&fleet, 11 * HOUR_MS);
    fleet.office.closed = true;
    pass_to(&fleet, 23 * HOUR_MS);
    assert_int_equal(fleet.office.signed_count, 0);
    fleet.office.closed = false;
    pass_to(&fleet, 23 * HOUR_MS + 15 * MINUTE_MS);
    uint64_t slack = expect_renewed(&fleet, 1);
    print_fleet(&fleet, "after half a day without a signer", slack);
    assert_true(fleet.office.over_limit > 0);
    assert_true(fleet.office.most_in_second <= fleet.office.rate + fleet.office.burst);
    assert_true(slack > HOUR_MS / 2000);
    end(&fleet);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_renew_by_themselves),
        cmocka_unit_test(they_wait_for_the_signer),
    };

    count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
