/* The keys of others that are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "files.h"
#include "known.h"

#define TEN "0101010101"
#define KEY TEN TEN TEN TEN TEN TEN "0101" /* of identity(..., 1) */

static char folder[] = "/tmp/thimble-known-XXXXXX", *file;

static int make_folder(void **state)
{
    (void)state;
    file = mkdtemp(folder) ? text_format("%s/ali.known", folder) : NULL;
    return file ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(file);
    free(file);
    return rmdir(folder);
}

static int begin(void **state)
{
    (void)state;
    unlink(file);
    return 0;
}

static struct thm_identity identity(const char *user, const char *device, uint8_t key)
{
    struct thm_identity who;
    memset(&who, 0, sizeof who);
    strcpy(who.user, user);
    strcpy(who.device, device);
    memset(who.key_hash, key, sizeof who.key_hash);
    return who;
}

static void keep(const char *user, const char *device, uint8_t key, uint64_t now_s)
{
    const struct thm_identity who = identity(user, device, key);
    assert_true(known_keep(file, &who, now_s));
}

/* The device that is found, and its key; "" : none. */
static void expect(const char *user, const char *device, const char *found, uint8_t key,
                   uint64_t since_s)
{
    struct thm_identity who = identity(user, device, 0), wanted = identity(user, found, key);
    uint64_t since = 0;
    bool is = known_find(file, &who, &since);
    assert_int_equal(is, found[0] != '\0');
    if (!is)
        return;
    assert_string_equal(who.device, found);
    assert_memory_equal(who.key_hash, wanted.key_hash, sizeof who.key_hash);
    assert_int_equal(since, since_s);
}

static void put(const char *text)
{
    assert_int_equal(file_replace(file, text, strlen(text), 0600), 0);
}

static void expect_file(const char *text)
{
    size_t len;
    char *is = file_read(file, &len);
    assert_non_null(is);
    assert_string_equal(is, text);
    free(is);
}

static void a_key_is_found_again(void **state)
{
    struct stat there;

    (void)state;
    expect("bianca", "default", "", 0, 0);
    keep("bianca", "default", 1, 1740854100);
    expect("bianca", "default", "default", 1, 1740854100);
    expect("bianca", "phone", "", 0, 0);
    expect("bian", "default", "", 0, 0);
    expect_file("bianca@default " KEY " 2025-03-01T18:35:00Z\n");
    assert_int_equal(stat(file, &there), 0);
    assert_int_equal(there.st_mode & 0777, 0600);
}

static void another_key_takes_its_place(void **state)
{
    (void)state;
    keep("bianca", "default", 1, 100);
    keep("carol", "default", 2, 200);
    keep("bianca", "default", 3, 300);
    expect("bianca", "default", "default", 3, 300);
    expect("carol", "default", "default", 2, 200);
}

static void without_a_device_it_is_the_latest(void **state)
{
    (void)state;
    expect("bianca", "", "", 0, 0);
    keep("bianca", "phone", 1, 300);
    keep("bianca", "default", 2, 200);
    expect("bianca", "", "phone", 1, 300);
}

static void what_people_write_stays(void **state)
{
    (void)state;
    put("# compared by phone\n"
        "bianca@default " KEY " 2025-03-01T18:35:00Z\n"
        "bianca@phone " TEN " 2025-03-01T18:35:00Z\n"
        "carol@default " KEY " yesterday\n"
        "dora@default " KEY " 2025-03-01T18:35:00Z");
    expect("bianca", "default", "default", 1, 1740854100);
    expect("bianca", "phone", "", 0, 0);
    expect("carol", "default", "", 0, 0);
    expect("dora", "default", "default", 1, 1740854100);
    keep("bianca", "default", 1, 0);
    expect_file("# compared by phone\n"
                "bianca@phone " TEN " 2025-03-01T18:35:00Z\n"
                "carol@default " KEY " yesterday\n"
                "dora@default " KEY " 2025-03-01T18:35:00Z\n"
                "bianca@default " KEY " 1970-01-01T00:00:00Z\n");
}

static void lines_that_are_almost_right(void **state)
{
    (void)state;
    put("a23456789012345678901234567890123@default " KEY " 2025-03-01T18:35:00Z\n"
        "bianca@a23456789012345678901234567890123 " KEY " 2025-03-01T18:35:00Z\n"
        "carol@default " KEY "0 2025-03-01T18:35:00Z\n");
    expect("bianca", "", "", 0, 0);
    expect("carol", "", "", 0, 0);
    put("dora@default " KEY " 2025-03-01T18:35:00Zx\n");
    expect("dora", "", "", 0, 0);
}

static void there_is_an_end(void **state)
{
    char *text = text_format("%s", ""), *more;

    (void)state;
    for (unsigned i = 0; i < KNOWN_MAX; i++) {
        more = text_format("%su%u@default " KEY " 2025-03-01T18:35:00Z\n", text, i);
        free(text);
        text = more;
    }
    put(text);
    free(text);
    keep("u5", "default", 2, 10); /* in its own place */
    expect("u0", "default", "default", 1, 1740854100);
    keep("v", "default", 3, 20);
    expect("u0", "default", "", 0, 0);
    expect("u1", "default", "default", 1, 1740854100);
    expect("v", "default", "default", 3, 20);
}

static void what_can_not_be_kept_is_no_success(void **state)
{
    const struct thm_identity who = identity("bianca", "default", 1);

    (void)state;
    assert_false(known_keep("/dev/null/x/ali.known", &who, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_key_is_found_again, begin),
        cmocka_unit_test_setup(another_key_takes_its_place, begin),
        cmocka_unit_test_setup(without_a_device_it_is_the_latest, begin),
        cmocka_unit_test_setup(what_people_write_stays, begin),
        cmocka_unit_test_setup(lines_that_are_almost_right, begin),
        cmocka_unit_test_setup(there_is_an_end, begin),
        cmocka_unit_test_setup(what_can_not_be_kept_is_no_success, begin),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
