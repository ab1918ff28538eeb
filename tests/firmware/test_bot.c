/* The bot: whom it obeys, what it answers, and what the room hears of it. */
#include "bot.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "stand_in.h"

static struct firmware *const f = &stand_in.firmware;

static int begin(void **state)
{
    (void)state;
    stand_in_clear();
    stand_in_allow("ali *");
    stand_in_allow("carol@phone temp  uptime");
    front_begin(f);
    return 0;
}

static void pass(uint64_t ms)
{
    f->now += ms;
    front_turn(f);
}

static void asks(const char *user, const char *device, const char *text, uint64_t deadline)
{
    struct thm_msg m;
    thm_msg_init(&m, THM_MSG_CMD);
    THM_SET(&m, ID, "c1");
    if (user)
        THM_SET(&m, FROM, user);
    THM_SET(&m, DEVICE, device);
    THM_SET(&m, TEXT, text);
    if (deadline > 0)
        thm_msg_num(&m, THM_KEY_DEADLINE, deadline);
    stand_in_line(&m);
}

static void expect(const char *asked)
{
    assert_string_equal(stand_in_asked(), asked);
}

static void joined(const char *room)
{
    struct thm_msg m;
    thm_msg_init(&m, THM_MSG_JOINED);
    THM_SET(&m, ROOM, room);
    stand_in_line(&m);
}

static void goes(enum thm_client_state state, int code)
{
    const struct thm_client_event event = {.kind = THM_CLIENT_STATE, .state = state, .code = code};
    front_event(f, &event);
}

/* --- commands --------------------------------------------------------------------------------------- */

static void test_commands(void **state)
{
    (void)state;
    asks("ali", "phone", "led on", 0);
    expect("result ali@phone c1 ok: the led is on\n");
    assert_true(stand_in.led);
    asks("ali", "phone", "  led   off ", 0);
    expect("result ali@phone c1 ok: the led is off\n");
    asks("ali", "phone", "led", 0);
    expect("result ali@phone c1 failed argument: say led on or led off\n");
    stand_in.milli = 41249;
    asks("ali", "phone", "temp", 0);
    expect("result ali@phone c1 ok: 41.2 C\n");
    stand_in.milli = -50;
    asks("ali", "phone", "temp", 0);
    expect("result ali@phone c1 ok: -0.1 C\n");
    stand_in.has_sensor = false;
    asks("ali", "phone", "temp", 0);
    expect("result ali@phone c1 failed argument: this board has no thermometer\n");
    f->now = 3 * 86400000u + 7000;
    asks("ali", "phone", "uptime", 0);
    expect("result ali@phone c1 ok: up 3 d, boot 12\n");
    asks("ali", "phone", "mem", 0);
    expect("result ali@phone c1 ok: stack 5000 of 6144 B at worst, as a full handshake takes it; "
           "network: heap 600 B, "
           "sockets 1, connections 2, segments 3, buffers 4\n");
    asks("ali", "phone", "help", 0);
    const char *help = stand_in_asked();
    for (unsigned i = 0; i < bot_command_count; i++)
        assert_non_null(strstr(help, bot_commands[i].help)); /* it fits */
    asks("ali", "phone", "explode", 0);
    expect("result ali@phone c1 failed command: there is no such command: help lists them\n");
}

static void test_who_may_command(void **state)
{
    static const char refused[] =
        "refused not-allowed: this board's list does not allow you that command\n";
    char expected[200];
    static const struct {
        const char *user, *device, *text;
        bool may;
    } table[] = {
        {"carol", "phone", "uptime", true}, {"carol", "phone", "led on", false},
        {"carol", "tab", "uptime", false},  {"carol", "phone", "up", false},
        {"bob", "phone", "uptime", false},  {"al", "phone", "uptime", false},
        {"ali", "any", "uptime", true},     {"phone", "carol", "uptime", false},
        {"bob", "x", "explode", false},     {"carol", "phone", "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        asks(table[i].user, table[i].device, table[i].text, 0);
        const char *asked = stand_in_asked();
        strcpy(expected, "result ");
        strcat(strcat(strcat(strcat(expected, table[i].user), "@"), table[i].device), " c1 ");
        strcat(expected, refused);
        if (table[i].may)
            assert_non_null(strstr(asked, " ok: "));
        else
            assert_string_equal(asked, expected);
    }
    assert_false(stand_in.led);
    f->provision.allow_count = 0; /* no list: nobody */
    asks("ali", "phone", "led on", 0);
    assert_non_null(strstr(stand_in_asked(), refused));
    assert_false(stand_in.led);
}

/* What a server that is not one might send. */
static void test_strange_commands(void **state)
{
    char text[THM_TEXT_MAX + 1];
    (void)state;
    asks(NULL, "phone", "led on", 0);
    expect("");
    memset(text, 'x', THM_TEXT_MAX);
    text[THM_TEXT_MAX] = '\0';
    asks("ali", "phone", text, 0);
    expect("result ali@phone c1 failed command: there is no such command: help lists them\n");
    asks("ali", "a2345678901234567890123456789012", "temp", 0);
    expect("result ali@a2345678901234567890123456789012 c1 ok: 20.0 C\n");
    stand_in_printed();
    asks("ali", "phone", "led \033[2Jon", 0);
    assert_null(strchr(stand_in_printed(), '\033'));
    assert_false(stand_in.led);
}

static void test_the_log(void **state)
{
    (void)state;
    asks("ali", "phone", "led on", 0);
    assert_string_equal(stand_in_printed(),
                        "* ali@phone: led on\r\n* ali@phone -- the led is on\r\n");
    asks("bob", "phone", "led on", 0);
    assert_string_equal(stand_in_printed(),
                        "* bob@phone: led on\r\n* bob@phone -- not done: this board's list does "
                        "not allow you that command\r\n");
}

/* An answer that can't be sent yet holds back what comes behind it; nobody gets an answer too late. */
static void test_deadlines(void **state)
{
    (void)state;
    stand_in.code = THM_E_LIMIT;
    asks("ali", "phone", "led on", 5000);
    assert_true(stand_in.led);
    asks("ali", "phone", "led off", 3000);
    assert_true(stand_in.led);
    asks("ali", "phone", "temp", 5000); /* the third */
    assert_non_null(strstr(stand_in_printed(), "too many commands"));
    pass(4000);
    stand_in.code = THM_OK;
    pass(0);
    expect("result ali@phone c1 ok: the led is on\n"
           "result ali@phone c1 failed timeout: too late, so it was not done\n");
    assert_true(stand_in.led);
    stand_in.code = THM_E_STATE;
    asks("ali", "phone", "temp", 1000);
    pass(1001);
    stand_in.code = THM_OK;
    pass(1);
    expect("");
    asks("ali", "phone", "temp", 1000);
    expect("result ali@phone c1 ok: 20.0 C\n");
}

static void test_room_text_is_ignored(void **state)
{
    struct thm_msg m;
    (void)state;
    for (int type = THM_MSG_NONE + 1; type < THM_TYPES_END; type++) {
        if (type == THM_MSG_CMD || type == THM_MSG_JOINED)
            continue;
        thm_msg_init(&m, (enum thm_type)type);
        THM_SET(&m, FROM, "ali");
        THM_SET(&m, DEVICE, "phone");
        THM_SET(&m, ROOM, "#lobby");
        THM_SET(&m, TEXT, "bot: led on");
        stand_in_line(&m);
    }
    pass(60000);
    expect("");
    assert_false(stand_in.led);
}

/* --- the room --------------------------------------------------------------------------------------- */

static void test_state(void **state)
{
    (void)state;
    pass(5000);
    expect(""); /* it is in no room yet */
    joined("#ops");
    pass(1000);
    expect("");
    joined("#lobby");
    pass(1000);
    expect("state #lobby led off, 20.0 C, up 8 s\n");
    stand_in.milli = 20900; /* too little to speak of */
    pass(20000);
    expect("");
    stand_in.milli = 25000;
    pass(1000);
    expect("state #lobby led off, 25.0 C, up 29 s\n");
    stand_in.led = true;
    pass(1000);
    expect(""); /* not so often */
    pass(9000);
    expect("state #lobby led on, 25.0 C, up 39 s\n");
    goes(THM_CLIENT_WAITING, THM_E_CLOSED);
    stand_in.led = false;
    pass(20000);
    expect("");
    joined("#lobby"); /* again after a reconnect, whether it changed or not */
    pass(1000);
    expect("state #lobby led off, 25.0 C, up 1 min\n");
    goes(THM_CLIENT_WAITING, THM_E_CLOSED);
    joined("#lobby");
    pass(10000);
    expect("state #lobby led off, 25.0 C, up 1 min\n");
}

static void test_limits(void **state)
{
    (void)state;
    stand_in.milli = 60000;
    pass(1000);
    expect("");
    stand_in.milli = 60100;
    pass(1000);
    expect("say #lobby temperature 60.1 C: above 60.0\n");
    stand_in.milli = 59900;
    pass(1000);
    expect(""); /* within the limits, but not by much */
    stand_in.milli = 61000;
    pass(1000);
    expect("");
    stand_in.milli = 58000;
    pass(1000);
    expect("say #lobby temperature 58.0 C: normal again\n");
    stand_in.milli = -100;
    stand_in.code = THM_E_LIMIT;
    pass(1000);
    stand_in.code = THM_OK;
    pass(1000);
    expect("say #lobby temperature -0.1 C: below 0.0\n");
    stand_in.has_sensor = false;
    pass(1000);
    expect("");
}

static void test_its_own_room(void **state)
{
    (void)state;
    f->provision.rooms[0] = (struct provision_text){"#garden", 7};
    f->provision.room_count = 1;
    front_begin(f);
    joined("#garden");
    pass(1000);
    assert_non_null(strstr(stand_in_asked(), "state #garden "));
}

/* --- the connection --------------------------------------------------------------------------------- */

static void test_troubles(void **state)
{
    struct thm_msg m;
    struct thm_client_event ended = {
        .kind = THM_CLIENT_ENDED, .code = THM_E_NOT_ALLOWED, .msg = &m};
    (void)state;
    goes(THM_CLIENT_WAITING, THM_E_CONNECT);
    assert_non_null(strstr(stand_in_printed(), "the server could not be reached"));
    goes(THM_CLIENT_WAITING, THM_E_CONNECT);
    assert_string_equal(stand_in_printed(), "");
    goes(THM_CLIENT_ONLINE, THM_OK);
    assert_non_null(strstr(stand_in_printed(), "online as"));
    goes(THM_CLIENT_WAITING, THM_E_CONNECT);
    assert_string_not_equal(stand_in_printed(), "");
    thm_msg_init(&m, THM_MSG_AUTH_REPLY);
    THM_SET(&m, REASON, "closed for the night");
    front_event(f, &ended);
    assert_non_null(strstr(stand_in_printed(), "closed for the night"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_commands, begin),
        cmocka_unit_test_setup(test_who_may_command, begin),
        cmocka_unit_test_setup(test_strange_commands, begin),
        cmocka_unit_test_setup(test_the_log, begin),
        cmocka_unit_test_setup(test_deadlines, begin),
        cmocka_unit_test_setup(test_room_text_is_ignored, begin),
        cmocka_unit_test_setup(test_state, begin),
        cmocka_unit_test_setup(test_limits, begin),
        cmocka_unit_test_setup(test_its_own_room, begin),
        cmocka_unit_test_setup(test_troubles, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
