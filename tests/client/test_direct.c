/* Direct sessions at the console: what is typed, what is done for it, and what is printed. */
#include "client/fake_calls.h"

#include "wire/words.h"

#define NOW "[22:13] " /* fake_online() */

/* Two sessions that stand: with bob, who was called, and with carol, who called. */
static int setup_talks(void **state)
{
    setup_calls(state);
    type("/call bob");
    bob_answers(0);
    fake_calls.peers[1] = identity("carol", "phone", 9);
    bob_rings(1);
    type("/answer");
    HAPPENS(STANDS, 1);
    type("/switch bob");
    expect_done("dial bob, answer 1, ");
    forget_printed();
    fake_skip_sent();
    return 0;
}

/* --- calling -------------------------------------------------------------------------------- */

static void calling(void **state)
{
    (void)state;
    assert_int_equal(type("/call bob"), THM_OK);
    expect_done("dial bob, ");
    expect("n|* calling bob: looking it up");
    expect_prompt("bob (calling)> ");
    assert_true(thm_console_calling(&console));
    fake_calls.peers[0] = identity("bob", "d", 7);
    HAPPENS(PROGRESS, 0, .path = THM_PATH_DIALLING);
    expect("n|* calling bob: connecting directly");
    HAPPENS(PROGRESS, 0, .path = THM_PATH_SECURING);
    HAPPENS(PROGRESS, 0, .path = THM_PATH_OPENING);
    expect("n|* calling bob: by the server's relay");
    HAPPENS(PROGRESS, 0, .path = THM_PATH_REQUESTING);
    expect("n|* calling bob: it rings there");
    assert_int_equal(type("early"), THM_E_STATE);
    expect("!|! not said: bob has not answered yet (/hangup gives it up, /switch leaves it)");
    fake_sent_nothing();
    HAPPENS(STANDS, 0, .relayed = true);
    expect("n|* you talk to bob@d by the server's relay, which can't read it");
    expect_prompt("bob (direct)> ");
    assert_false(thm_console_calling(&console));
    HAPPENS(MOVED, 0);
    expect("n|* to bob: directly now");
    expect_nothing();
}

static void talking(void **state)
{
    (void)state;
    type("/call bob");
    bob_answers(0);
    expect_somewhere("n|* you talk to bob@d directly");
    forget_printed();
    assert_int_equal(type("hello"), THM_OK);
    expect("d|" NOW "direct -> bob: hello");
    assert_int_equal(type("//x"), THM_OK);
    expect("d|" NOW "direct -> bob: /x");
    assert_int_equal(type("  "), THM_OK);
    says(0, "hi\nthere\x1b");
    expect("d|" NOW "direct bob: hi");
    expect("d|        | there\\u{1B}");
    expect_nothing();
    expect_done("dial bob, say 0 hello, say 0 /x, ");
    fake_sent_nothing();
    fake_calls.say_code = THM_E_LIMIT;
    assert_int_equal(type("later"), THM_E_LIMIT);
    fake_calls.say_code = THM_E_PARTS;
    expect_nothing();
    assert_int_equal(type("too long"), THM_E_PARTS);
    expect("!|! the message has more parts than are taken here");
}

/* Room lines begin with a user id behind the time: no name and no alias makes one look like a direct line. */
static void no_room_line_looks_like_a_direct_one(void **state)
{
    (void)state;
    bob_rings(0);
    type("/answer");
    bob_answers(0);
    type("/switch #lobby");
    forget_printed();
    says(0, "x");
    assert_true(strncmp(printed, "d|" NOW "direct bob: ", 22) == 0);
    forget_printed();
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':1699920000000,'from':'direct',"
              "'device':'d','alias':'bob:','text':'x'}");
    expect("m#lobby|[00:00] direct(bob:): x");
}

static void a_line_that_has_to_wait_says_so(void **state)
{
    (void)state;
    fake_calls.calls.calls[0].state = THM_CALL_MENDING;
    HAPPENS(MOVED, 0);
    expect("!|! the path to bob broke: looking for another; what is said meanwhile waits");
    expect_prompt("bob (direct, mending)> ");
    type("patience");
    expect("d|(waiting) " NOW "direct -> bob: patience");
    fake_calls.calls.calls[0].state = THM_CALL_TALKING;
    HAPPENS(MOVED, 0, .relayed = true);
    expect("n|* to bob: by the server's relay now, which can't read it");
}

static void a_call_that_comes_to_nothing(void **state)
{
    static const struct {
        int code;
        const char *printed;
    } rows[] = {
        {THM_E_AWAY, "!|! bob is not online, or can't be called"},
        {THM_E_BUSY, "!|! bob is busy: try again later"},
        {THM_E_UNAVAILABLE, "!|! bob is away: try again later, or /whisper"},
        {THM_E_DECLINED, "!|! bob declined"},
        {THM_E_NO_ANSWER, "!|! bob did not answer"},
        {THM_E_UNVERIFIED, "!|! no direct session with bob: the other side could not be verified, "
                           "so there is no session"},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setup_calls(state);
        type("/call bob");
        forget_printed();
        HAPPENS(OVER, 0, .code = rows[i].code);
        expect(rows[i].printed);
        expect_nothing();
        expect_prompt("#lobby> ");
        assert_int_equal(console.errors, 1);
    }
    setup_calls(state);
    type("/call bob");
    forget_printed();
    HAPPENS(OVER, 0, .code = THM_E_DECLINED, .reason = thm_slice_of("in a meeting\x07"));
    expect("!|! bob declined (\"in a meeting\\u{7}\")");
}

static void calls_that_can_not_begin(void **state)
{
    (void)state;
    assert_int_equal(type("/call"), THM_E_ARGUMENT);
    expect("!|! use /call USER: whom? /list shows who is online");
    assert_int_equal(type("/call Bob"), THM_E_ARGUMENT);
    expect("!|! use /call USER: USER is a user id, as /list and /whois show it");
    expect_done("");
    fake_calls.dial_code = THM_E_STATE;
    assert_int_equal(type("/call bob"), THM_E_ARGUMENT);
    expect("!|! /call: not connected just now: try again in a moment");
    fake_calls.dial_code = THM_E_LIMIT; /* which must not be taken for "again" */
    assert_int_equal(type("/call bob"), THM_E_ARGUMENT);
    expect("!|! there are as many direct sessions as can be: end one by /hangup USER");
    expect_prompt("#lobby> ");
    assert_int_equal(console.errors, 2);
}

/* --- being called --------------------------------------------------------------------------- */

static void being_called(void **state)
{
    (void)state;
    bob_rings(0);
    expect("@|* bob@d calls, and is verified: /answer or /decline");
    expect_prompt("#lobby> ");
    type("for the room");
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'for the room'}");
    assert_int_equal(type("/answer"), THM_OK);
    expect_done("answer 0, ");
    bob_answers(0);
    expect("n|* you talk to bob@d directly");
    expect_prompt("bob (direct)> ");
    HAPPENS(OVER, 0);
    expect("n|* bob has ended the direct session");
    expect_nothing();
    expect_prompt("#lobby> ");
    assert_int_equal(console.errors, 0);
}

static void another_address_is_a_hint(void **state)
{
    static const char hint[] = "the server sees bob at another address than where this comes from";

    (void)state;
    fake_calls.peers[0] = identity("bob", "d", 7);
    fake_calls.calls.calls[0].state = THM_CALL_RINGING;
    fake_calls.calls.calls[0].incoming = true;
    HAPPENS(RINGS, 0, .elsewhere = true);
    expect_somewhere(hint);
    forget_printed();
    HAPPENS(STANDS, 0, .elsewhere = true);
    expect("@|* you talk to bob@d directly: /switch bob"); /* once is enough */
    expect_nothing();
}

static void whoever_is_answered_at_once_takes_no_place(void **state)
{
    (void)state;
    fake_calls.calls.calls[0].incoming = true;
    bob_answers(0);
    expect("@|* you talk to bob@d directly: /switch bob");
    expect_prompt("#lobby> ");
    type("for the room");
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'for the room'}");
    says(0, "for you");
    expect("d|" NOW "direct bob: for you");
    expect_prompt("#lobby [bob 1]> ");
    type("/switch bob");
    expect_prompt("bob (direct)> ");
}

/* Who call each other at once have one session. */
static void calls_that_cross(void **state)
{
    (void)state;
    type("/call bob");
    fake_calls.peers[1] = identity("bob", "d", 7);
    bob_rings(1);
    forget_printed();
    HAPPENS(OVER, 0, .code = THM_E_CROSSING);
    expect_nothing();
    bob_answers(1);
    expect("n|* you talk to bob@d directly");
    expect_prompt("bob@d (direct)> ");
    assert_int_equal(console.errors, 0);
}

static void calls_that_are_not_taken(void **state)
{
    (void)state;
    assert_int_equal(type("/answer"), THM_E_ARGUMENT);
    expect("!|! nobody calls");
    bob_rings(0);
    forget_printed();
    assert_int_equal(type("/answer eve"), THM_E_ARGUMENT);
    expect("!|! nobody called eve calls: /calls lists who does");
    assert_int_equal(type("/decline bob"), THM_OK);
    expect_done("decline 0, ");
    HAPPENS(OVER, 0, .ours = true);
    expect("n|* you declined bob's call");
    bob_rings(0);
    forget_printed();
    HAPPENS(OVER, 0, .code = THM_E_NO_ANSWER);
    expect("n|* bob called, and you did not answer");
    bob_rings(0);
    forget_printed();
    HAPPENS(OVER, 0, .code = THM_E_CLOSED);
    expect("n|* bob does not call any more");
    bob_rings(0);
    forget_printed();
    HAPPENS(OVER, 0, .code = THM_E_TIMEOUT);
    expect("!|! a call by bob came to nothing: the other side did not answer in time");
    fake_calls.calls.calls[0].incoming = true;
    HAPPENS(OVER, 0, .code = THM_E_TIMEOUT); /* of one that was to be answered at once */
    expect_nothing();
    assert_int_equal(console.errors, 0); /* nothing that was asked for has failed */
}

static void whom_when_there_are_several(void **state)
{
    (void)state;
    bob_rings(0);
    fake_calls.peers[1] = identity("bob", "laptop", 8);
    bob_rings(1);
    expect("@|* bob@d calls, and is verified: /answer or /decline");
    expect("@|* bob@laptop calls, and is verified: /answer or /decline");
    assert_int_equal(type("/answer"), THM_E_ARGUMENT);
    expect("!|! use /answer [USER]: whom? /calls lists them");
    assert_int_equal(type("/answer bob@laptop"), THM_OK);
    expect_done("answer 1, ");
    HAPPENS(STANDS, 1);
    expect_prompt("bob@laptop (direct)> ");
    assert_int_equal(type("/answer bob"), THM_OK);
    expect_done("answer 0, ");
    HAPPENS(STANDS, 0);
    expect_prompt("bob (direct)> ");
    type("/switch bob@laptop");
    expect_prompt("bob@laptop (direct)> ");
    type("/switch bob"); /* who is called so */
    expect_prompt("bob (direct)> ");
}

/* --- several places ------------------------------------------------------------------------- */

static void round_the_places(void **state)
{
    (void)state;
    fake_calls.peers[2] = identity("eve", "x", 1);
    bob_rings(2); /* is no place yet */
    expect_prompt("bob (direct)> ");
    type("/switch");
    expect_prompt("carol (direct)> ");
    type("/switch");
    expect_prompt("#lobby> ");
    type("/switch");
    expect_prompt("bob (direct)> ");
    type("/switch lobby");
    expect_prompt("#lobby> ");
    type("/switch carol@phone");
    expect_prompt("carol (direct)> ");
    type("/call bob"); /* which is there already */
    expect_prompt("bob (direct)> ");
    type("/join #lobby");
    expect_prompt("#lobby> ");
    assert_int_equal(type("/switch #ops"), THM_E_ARGUMENT);
    expect_somewhere("!|! you are not in #ops: enter it with /join");
    assert_int_equal(type("/switch dora"), THM_E_ARGUMENT);
    expect_somewhere("!|! there is no direct session with dora: /call begins one");
    expect_prompt("#lobby> ");
    expect_done("");
}

static void what_is_elsewhere(void **state)
{
    (void)state;
    says(1, "from carol");
    expect("d|" NOW "direct carol: from carol");
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':1699920000000," BY_BOB
              ",'text':'x'}");
    expect("m#lobby|#lobby [00:00] bob: x");
    says(0, "from bob");
    expect_prompt("bob (direct) [#lobby 1, carol 1]> ");
    type("/switch");
    expect_prompt("carol (direct) [#lobby 1]> ");
    says(0, "again");
    type("/switch #lobby");
    expect_prompt("#lobby [bob 1]> ");
    fake_line("{'msgtype':'message','room':'#lobby','n':2,'time':1699920000000," BY_BOB
              ",'text':'x'}");
    expect_prompt("#lobby [bob 1]> ");
}

/* A room that takes the place of another one below a session is not being read. */
static void a_room_that_is_left_meanwhile(void **state)
{
    (void)state;
    type("/join #ops");
    fake_line(OPS "'n':0,'after':0}");
    type("/join #lobby");
    type("/switch bob");
    fake_line("{'msgtype':'message','room':'#ops','n':1,'time':1699920000000," BY_BOB
              ",'text':'x'}");
    expect_prompt("bob (direct) [#ops 1]> ");
    type("/part");
    expect_prompt("bob (direct) [#ops 1]> ");
    type("/hangup");
    expect_prompt("#ops> ");
}

static void the_list_of_sessions(void **state)
{
    (void)state;
    says(1, "unread");
    fake_calls.calls.calls[0].relayed = true;
    fake_calls.peers[2] = identity("eve", "x", 1);
    bob_rings(2);
    type("/call dora");
    forget_printed();
    type("/calls");
    expect("n|* bob: by the server's relay");
    expect("n|* carol: directly, unread: 1");
    expect("n|* eve: calls, /answer or /decline");
    expect("n|* dora: being called");
    expect("n|-- direct sessions: 4");
    assert_int_equal(type("/switch eve"), THM_E_ARGUMENT);
    expect("!|! eve calls: /answer or /decline");
    expect_nothing();
    setup_calls(state);
    type("/switch"); /* nowhere to go */
    expect("n|-- direct sessions: 0");
}

static void hanging_up(void **state)
{
    (void)state;
    assert_int_equal(type("/hangup carol"), THM_OK);
    expect_done("hang-up 1, ");
    expect("n|* the direct session with carol is over");
    expect_prompt("bob (direct)> ");
    assert_int_equal(type("/hangup"), THM_OK);
    expect("n|* the direct session with bob is over");
    expect_prompt("#lobby> ");
    assert_int_equal(type("the room again"), THM_OK);
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'the room again'}");
    assert_int_equal(type("/hangup"), THM_E_ARGUMENT);
    expect("!|! there is no direct session");
    assert_false(thm_console_hang_up(&console)); /* so Ctrl-C leaves */
}

static void ctrl_c_hangs_up(void **state)
{
    (void)state;
    assert_true(thm_console_hang_up(&console));
    expect_done("hang-up 0, ");
    expect_prompt("#lobby> ");
    assert_false(thm_console_hang_up(&console)); /* carol's is not the current place */
}

/* --- the end -------------------------------------------------------------------------------- */

/* What was being typed when the other side hung up was for nobody else. */
static void nothing_private_slips_into_a_room(void **state)
{
    (void)state;
    HAPPENS(OVER, 0);
    expect("n|* bob has ended the direct session");
    expect_prompt("#lobby> ");
    assert_int_equal(type("my secret"), THM_E_STATE);
    expect("!|! not said: the direct session is over; /switch #lobby goes on there");
    assert_int_equal(type("my secret, in the next line"), THM_E_STATE);
    fake_sent_nothing();
    type("/switch #lobby");
    assert_int_equal(type("hello all"), THM_OK);
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'hello all'}");
    type("/switch carol");
    HAPPENS(OVER, 1, .code = THM_E_CALL_LOST);
    thm_console_at_rest(&console); /* nothing was being typed */
    assert_int_equal(type("hello all"), THM_OK);
}

static void an_end_with_loss(void **state)
{
    (void)state;
    HAPPENS(OVER, 0, .code = THM_E_CALL_LOST, .unsaid = 3);
    expect("!|! the direct session with bob is over: no path to the other side is left");
    expect("!|! lines there that were not acknowledged: 3");
    HAPPENS(OVER, 1, .reason = thm_slice_of("bye"));
    expect("n|* carol has ended the direct session (\"bye\")");
    expect_nothing();
    assert_int_equal(console.errors, 2);
}

/* --- keys ----------------------------------------------------------------------------------- */

static void a_new_key_is_remembered_once_a_session_proved_it(void **state)
{
    (void)state;
    type("/call bob");
    fake_calls.peers[0] = identity("bob", "d", 7);
    HAPPENS(PROGRESS, 0, .path = THM_PATH_DIALLING);
    HAPPENS(PROGRESS, 0, .path = THM_PATH_REQUESTING);
    assert_int_equal(fake_calls.remembered, 0);
    bob_answers(0);
    assert_int_equal(fake_calls.remembered, 1);
    assert_string_equal(fake_calls.known[0].device, "d");
    HAPPENS(OVER, 0);
    forget_printed();
    bob_rings(0);
    bob_answers(0);
    assert_int_equal(fake_calls.remembered, 1); /* the same */
    assert_null(strstr(printed, "KEY"));
}

static void expect_warning(void)
{
    expect("!|! THE KEY OF bob@d IS NOT THE ONE THAT WAS KNOWN since 2023-11-14 00:00");
    expect("!|! It may be a new machine, or a key that was made anew. It may as well be somebody "
           "who got a certificate in that name.");
    expect("!|! Before you say anything: /verify bob@d shows a code; ask by another way, such as "
           "the phone, whether the same is shown there.");
    expect("!|! If it is: /verify bob@d yes. Until then this is said in every session; if it is "
           "not: /hangup.");
}

static void another_key_is_said_before_all_else(void **state)
{
    (void)state;
    fake_calls.known[fake_calls.known_count++] = identity("bob", "d", 6);
    bob_rings(0);
    expect_warning();
    expect("@|* bob@d calls, and is verified: /answer or /decline");
    type("/answer");
    bob_answers(0);
    expect("n|* you talk to bob@d directly"); /* once a session */
    HAPPENS(OVER, 0);
    assert_int_equal(fake_calls.remembered, 0);
    forget_printed();
    fake_calls.peers[0] = identity("", "", 0);
    type("/call bob");
    expect("n|* calling bob: looking it up");
    fake_calls.peers[0] = identity("bob", "d", 7);
    HAPPENS(PROGRESS, 0, .path = THM_PATH_DIALLING);
    expect_warning(); /* until it was compared */
    expect("n|* calling bob: connecting directly");
    bob_answers(0);
    expect("n|* you talk to bob@d directly");
    assert_int_equal(type("/verify bob yes"), THM_OK);
    expect("n|* the key of bob@d is known from now on");
    HAPPENS(OVER, 0);
    forget_printed();
    bob_rings(0);
    expect("@|* bob@d calls, and is verified: /answer or /decline");
}

static void the_code_of_a_session(void **state)
{
    (void)state;
    fake_calls.known_count = 0;
    assert_int_equal(type("/verify carol"), THM_OK);
    expect("n|* carol@phone: 00000 00009 00000 00000 00000");
    expect("n|* of the key that is proven in this session");
    expect("n|* Compare it by phone, or side by side: /verify ali shows carol the same, or else "
           "somebody is in between.");
    fake_calls.known[fake_calls.known_count++] = identity("bob", "d", 7);
    assert_int_equal(type("/verify"), THM_OK); /* the current one */
    expect("n|* bob@d: 00000 00007 00000 00000 00000");
    expect("n|* of the key that is proven in this session, known since 2023-11-14 00:00");
    forget_printed();
    fake_calls.known[0] = identity("bob", "d", 6);
    assert_int_equal(type("/verify bob@d"), THM_OK);
    expect_warning();
    expect("n|* bob@d: 00000 00007 00000 00000 00000");
    expect_done("");
}

static void the_code_without_a_session(void **state)
{
    struct thm_identity bob = identity("bob", "d", 5);

    (void)state;
    assert_int_equal(type("/verify bob yes"), THM_E_ARGUMENT);
    expect("!|! only a session proves a key: /call bob first");
    assert_int_equal(type("/verify bob no"), THM_E_ARGUMENT);
    assert_int_equal(type("/verify"), THM_E_ARGUMENT);
    expect_done("");
    forget_printed();
    assert_int_equal(type("/verify bob"), THM_OK);
    expect_done("find bob, ");
    expect_nothing();
    HAPPENS(FOUND, 0, .peer = &bob);
    expect("n|* bob@d: 00000 00005 00000 00000 00000");
    expect("n|* of the key that the server names: only a session proves it");
    forget_printed();
    HAPPENS(FOUND, 0, .peer = &bob); /* nobody asked */
    expect_nothing();
    fake_calls.find_code = THM_E_LIMIT;
    assert_int_equal(type("/verify bob"), THM_E_LIMIT);
    fake_calls.find_code = THM_E_STATE;
    expect_nothing();
    assert_int_equal(type("/verify bob"), THM_E_STATE);
    expect("!|! /verify: not connected just now: try again in a moment");
    fake_calls.find_code = THM_OK;
    type("/verify bob");
    HAPPENS(FOUND, 0, .code = THM_E_AWAY);
    expect("!|! /verify: nobody of that name can be called just now");
    fake_calls.known[fake_calls.known_count++] = identity("bob", "d", 6);
    type("/verify bob");
    expect("n|* bob@d: 00000 00006 00000 00000 00000");
    expect("n|* of the key that was proven in a session, known since 2023-11-14 00:00");
}

static void a_board_may_remember_no_keys(void **state)
{
    (void)state;
    console.config.recall_key = NULL;
    console.config.remember_key = NULL;
    bob_rings(0);
    bob_answers(0);
    assert_int_equal(fake_calls.remembered, 0);
    forget_printed();
    assert_int_equal(type("/verify bob yes"), THM_E_ARGUMENT);
    expect("!|! keys are not remembered here");
}

/* --- the rest ------------------------------------------------------------------------------- */

static void availability(void **state)
{
    (void)state;
    type("/availability");
    expect("n|* to who calls you are available");
    type("/av busy");
    expect("n|* to who calls you are busy");
    assert_int_equal(fake_calls.calls.availability, THM_BUSY);
    assert_int_equal(type("/av never"), THM_E_ARGUMENT);
    expect("!|! use /availability [STATE]: STATE is available, busy or away");
    assert_int_equal(fake_calls.calls.availability, THM_BUSY);
}

static void the_commands_are_there(void **state)
{
    (void)state;
    type("/help");
    for (const struct thm_command *each = thm_console_commands(); each->name != NULL; each++)
        if (each->needs == THM_MSG_REGISTER)
            expect_somewhere(each->help);
    expect_somewhere("in private too, but for direct sessions (/call).");
}

static void where_nobody_can_be_called(void **state)
{
    (void)state;
    console.supported = UINT64_C(1) << THM_MSG_NONE; /* an older server */
    assert_int_equal(type("/call bob"), THM_E_COMMAND);
    expect("!|! /call: this server does not support that");
    console.supported = UINT64_MAX;
    bob_rings(0);
    forget_printed();
    console.supported = UINT64_C(1) << THM_MSG_NONE;
    assert_int_equal(type("/answer"), THM_OK); /* the session needs no server */
    console.config.calls = NULL;
    assert_int_equal(type("/call bob"), THM_E_COMMAND);
    expect("!|! /call: this program takes no part in direct sessions");
    console.supported = UINT64_MAX;
    forget_printed();
    type("/help");
    for (size_t at = 0; at < printed_len; at += strlen(printed + at) + 1)
        assert_null(strstr(printed + at, "/call"));
}

static void names_are_completed(void **state)
{
    char word[64];

    (void)state;
    assert_int_equal(thm_console_complete(&console, "/hangup ca", 10, 0, word, sizeof word), 5);
    assert_string_equal(word, "carol");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(calling, setup_calls),
        cmocka_unit_test_setup(talking, setup_calls),
        cmocka_unit_test_setup(no_room_line_looks_like_a_direct_one, setup_calls),
        cmocka_unit_test_setup(a_line_that_has_to_wait_says_so, setup_talks),
        cmocka_unit_test(a_call_that_comes_to_nothing),
        cmocka_unit_test_setup(calls_that_can_not_begin, setup_calls),
        cmocka_unit_test_setup(being_called, setup_calls),
        cmocka_unit_test_setup(another_address_is_a_hint, setup_calls),
        cmocka_unit_test_setup(whoever_is_answered_at_once_takes_no_place, setup_calls),
        cmocka_unit_test_setup(calls_that_cross, setup_calls),
        cmocka_unit_test_setup(calls_that_are_not_taken, setup_calls),
        cmocka_unit_test_setup(whom_when_there_are_several, setup_calls),
        cmocka_unit_test_setup(round_the_places, setup_talks),
        cmocka_unit_test_setup(what_is_elsewhere, setup_talks),
        cmocka_unit_test_setup(a_room_that_is_left_meanwhile, setup_talks),
        cmocka_unit_test_setup(the_list_of_sessions, setup_talks),
        cmocka_unit_test_setup(hanging_up, setup_talks),
        cmocka_unit_test_setup(ctrl_c_hangs_up, setup_talks),
        cmocka_unit_test_setup(nothing_private_slips_into_a_room, setup_talks),
        cmocka_unit_test_setup(an_end_with_loss, setup_talks),
        cmocka_unit_test_setup(a_new_key_is_remembered_once_a_session_proved_it, setup_calls),
        cmocka_unit_test_setup(another_key_is_said_before_all_else, setup_calls),
        cmocka_unit_test_setup(the_code_of_a_session, setup_talks),
        cmocka_unit_test_setup(the_code_without_a_session, setup_calls),
        cmocka_unit_test_setup(a_board_may_remember_no_keys, setup_calls),
        cmocka_unit_test_setup(availability, setup_calls),
        cmocka_unit_test_setup(the_commands_are_there, setup_calls),
        cmocka_unit_test_setup(where_nobody_can_be_called, setup_calls),
        cmocka_unit_test_setup(names_are_completed, setup_talks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
