/* How much is kept, as an operator writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "retention.h"

static void takes(const char *text, uint64_t age_ms, uint64_t count, uint64_t bytes)
{
    struct retention r;
    if (!retention_parse(text, &r))
        fail_msg("'%s' is not taken", text);
    assert_int_equal(r.age_ms, age_ms);
    assert_int_equal(r.count, count);
    assert_int_equal(r.bytes, bytes);
}

static void limits_in_every_unit(void **state)
{
    const uint64_t hour = 3600000;
    (void)state;
    takes("0", 0, 0, 0);
    takes("36h", 36 * hour, 0, 0);
    takes("90d", 90 * 24 * hour, 0, 0);
    takes("100000", 0, 100000, 0);
    takes("3KB", 0, 0, 3072);
    takes("500MB", 0, 0, UINT64_C(500) << 20);
    takes("2GB", 0, 0, UINT64_C(2) << 30);
    takes("90d,100000,500MB", 90 * 24 * hour, 100000, UINT64_C(500) << 20);
    takes("1GB, 7", 0, 7, UINT64_C(1) << 30);
}

static void nothing_else(void **state)
{
    static const char *const bad[] = {"",
                                      "0d",
                                      "00",
                                      "-1",
                                      "+1",
                                      "1 ",
                                      "1 d",
                                      "1d,",
                                      ",1d",
                                      "1d,2h",
                                      "1,2",
                                      "1MB,1GB",
                                      "0,1d",
                                      "1d,0",
                                      "1kb",
                                      "1M",
                                      "d",
                                      "MB",
                                      "1e3",
                                      "1.5d",
                                      "0x10",
                                      "90 days",
                                      "all",
                                      "1d;2",
                                      "5000000000000000000000",
                                      "99999999999GB",
                                      "999999999999999d"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct retention r;
        if (retention_parse(bad[i], &r))
            fail_msg("'%s' is taken", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_in_every_unit),
        cmocka_unit_test(nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
