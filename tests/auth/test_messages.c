/*
 * Every message of SCRAM in every form that is not its own, at both ends.
 */
#include "exchange.h"

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define P   "p=tls-server-end-point,,"

struct message {
    const char *text;
    enum thm_scram verdict;
};

static void expect(const struct message *m, enum thm_scram verdict)
{
    if (verdict != m->verdict)
        fail_msg("%s: %s (%d)", m->text, thm_scram_word(verdict), (int)verdict);
}

static void client_first(void **state)
{
    static const struct message messages[] = {
        {P "n=ali,r=x", THM_SCRAM_OK},
        {P "n=ali,r=" X64, THM_SCRAM_OK},
        {P "n=ali,r=x,z=later", THM_SCRAM_OK},
        {P "n=ali,r=x,z=a=b,Y=1", THM_SCRAM_OK},
        {P "n=" X16 X16 ",r=x", THM_SCRAM_OK},
        {P "n=\xC3\xA4,r=x", THM_SCRAM_OK},
        {"n,,n=ali,r=x", THM_SCRAM_NO_BINDING},
        {"y,,n=ali,r=x", THM_SCRAM_NO_BINDING},
        {"n,a=root,n=ali,r=x", THM_SCRAM_NO_BINDING},
        {"p=tls-unique,,n=ali,r=x", THM_SCRAM_BINDING_TYPE},
        {"p=tls-exporter,,n=ali,r=x", THM_SCRAM_BINDING_TYPE},
        {"p=tls-server-end-poin,,n=ali,r=x", THM_SCRAM_BINDING_TYPE},
        {"p=tls-server-end-points,,n=ali,r=x", THM_SCRAM_BINDING_TYPE},
        {"p=TLS-server-end-point,,n=ali,r=x", THM_SCRAM_BINDING_TYPE},
        {"p=tls-server-end-point,a=root,n=ali,r=x", THM_SCRAM_AUTHZID},
        {"p=tls-server-end-point,a=ali,n=ali,r=x", THM_SCRAM_AUTHZID},
        {"p=tls-server-end-point,n=ali,r=x", THM_SCRAM_MALFORMED},
        {"p=tls-server-end-point", THM_SCRAM_MALFORMED},
        {"p=tls-server-end-point,", THM_SCRAM_MALFORMED},
        {"p=,,n=ali,r=x", THM_SCRAM_MALFORMED},
        {"P=tls-server-end-point,,n=ali,r=x", THM_SCRAM_MALFORMED},
        {",,n=ali,r=x", THM_SCRAM_MALFORMED},
        {"n", THM_SCRAM_MALFORMED},
        {"", THM_SCRAM_MALFORMED},
        {P, THM_SCRAM_MALFORMED},
        {P "n=ali", THM_SCRAM_MALFORMED},
        {P "n=ali,", THM_SCRAM_MALFORMED},
        {P "n=ali,r=", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x,", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x,,z=1", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x,z", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x,z=", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x,1=z", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x,r=y", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x,n=root", THM_SCRAM_MALFORMED},
        {P "r=x,n=ali", THM_SCRAM_MALFORMED},
        {P "n=,r=x", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x y", THM_SCRAM_MALFORMED},
        {P "n=ali,r=\xC3\xA4", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x\x7f", THM_SCRAM_MALFORMED},
        {P "n=ali,r=" X64 "x", THM_SCRAM_MALFORMED},
        {P "n=ali,r=x,z=" X64 X64 X64 X64, THM_SCRAM_MALFORMED},
        {P "m=1,n=ali,r=x", THM_SCRAM_EXTENSION},
        {P "n=ali,r=x,m=1", THM_SCRAM_EXTENSION},
        {P "n=" X16 X16 "x,r=x", THM_SCRAM_USER},
        {P "n=a=,r=x", THM_SCRAM_USER},
        {P "n=a=2,r=x", THM_SCRAM_USER},
        {P "n=a=2c,r=x", THM_SCRAM_USER},
        {P "n=a=3d,r=x", THM_SCRAM_USER},
        {P "n=a=41,r=x", THM_SCRAM_USER},
        {P "n=a=b,r=x", THM_SCRAM_USER},
        {P "n=\xC3,r=x", THM_SCRAM_USER},
        {P "n=\xC0\x80,r=x", THM_SCRAM_USER},
        {P "n=a\nb,r=x", THM_SCRAM_USER},
    };
    static struct exchange x;

    (void)state;
    exchange_new(&x);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        enum thm_scram verdict = exchange_hear_first(&x, messages[i].text);
        expect(&messages[i], verdict);
        verdict = thm_scram_server_challenge(&x.server, &x.verifier, &x.unknown, x.server_entropy,
                                             x.server_first);
        assert_int_equal(verdict,
                         messages[i].verdict == THM_SCRAM_OK ? THM_SCRAM_OK : THM_SCRAM_STATE);
    }
    assert_int_equal(
        thm_scram_server_first(&x.server, P "n=a\0i,r=x", sizeof P - 1 + 9, x.leaf_hash),
        THM_SCRAM_MALFORMED);
}

static void a_name_with_a_comma(void **state)
{
    static struct exchange x;

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "a,b=c");
    assert_string_equal(strstr(x.client_first, "n="), "n=a=2Cb=3Dc,r=wcHBwcHBwcHBwcHBwcHBwcHB");
    assert_string_equal(x.server.user, "a,b=c");
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_PROOF);
    exchange_answer(&x, "================================");
    assert_int_equal(
        thm_scram_client_start(&x.client, "", x.client_entropy, x.leaf_hash, x.client_first),
        THM_SCRAM_USER);
    assert_string_equal(x.client_first, "");
    assert_int_equal(thm_scram_client_start(&x.client, X16 X16 "x", x.client_entropy, x.leaf_hash,
                                            x.client_first),
                     THM_SCRAM_USER);
}

#define OURS "wcHBwcHBwcHBwcHBwcHBwcHB"
#define R    "r=" OURS "x,"
#define S    "s=MDEyMzQ1Njc4OWFiY2RlZg==,"

static void server_first(void **state)
{
    static const struct message messages[] = {
        {R S "i=4096", THM_SCRAM_OK},
        {R S "i=600000", THM_SCRAM_OK},
        {R S "i=4096,z=later", THM_SCRAM_OK},
        {R "s=MDEyMzQ1Njc=,i=4096", THM_SCRAM_OK}, /* 8 bytes */
        {"r=" OURS X64 "," S "i=4096", THM_SCRAM_OK},
        {"r=" OURS X64 X16 X16 "xxxxxxxx," S "i=4096", THM_SCRAM_OK},
        {R S "i=4095", THM_SCRAM_TOO_FEW},
        {R S "i=1", THM_SCRAM_TOO_FEW},
        {R S "i=600001", THM_SCRAM_TOO_MANY},
        {R S "i=999999999", THM_SCRAM_TOO_MANY},
        {R S "i=0", THM_SCRAM_MALFORMED},
        {R S "i=04096", THM_SCRAM_MALFORMED},
        {R S "i=-4096", THM_SCRAM_MALFORMED},
        {R S "i=4096 ", THM_SCRAM_MALFORMED},
        {R S "i=4096.0", THM_SCRAM_MALFORMED},
        {R S "i=4294971392", THM_SCRAM_MALFORMED},
        {R S "i=", THM_SCRAM_MALFORMED},
        {R S "i=4096,", THM_SCRAM_MALFORMED},
        {R S "i=4096,i=4096", THM_SCRAM_MALFORMED},
        {R S "i=4096,e=no", THM_SCRAM_MALFORMED},
        {R S "i=4096,m=1", THM_SCRAM_EXTENSION},
        {"m=1," R S "i=4096", THM_SCRAM_EXTENSION},
        {R S, THM_SCRAM_MALFORMED},
        {R "i=4096," S, THM_SCRAM_MALFORMED},
        {S R "i=4096", THM_SCRAM_MALFORMED},
        {"", THM_SCRAM_MALFORMED},
        {"e=no-resources", THM_SCRAM_MALFORMED},
        {R "s=MDEyMzQ1Ng==,i=4096", THM_SCRAM_BAD_SALT}, /* 7 bytes */
        {R "s=,i=4096", THM_SCRAM_MALFORMED},
        {R "s=MDEyMzQ1Njc4OWFiY2RlZg,i=4096", THM_SCRAM_MALFORMED},
        {R "s=MDEyMzQ1Njc4OWFiY2RlZh==,i=4096", THM_SCRAM_MALFORMED},
        {R "s=MDEyMzQ1Njc4OWFi Y2RlZg=,i=4096", THM_SCRAM_MALFORMED},
        {R "s=" X64 X16 "xxxxxxx=,i=4096", THM_SCRAM_MALFORMED},
        {R "s=" X64 X16 "xxxxxxxx,i=4096", THM_SCRAM_BAD_SALT}, /* 66 bytes */
        {"r=" OURS "," S "i=4096", THM_SCRAM_NONCE},
        {"r=wcHBwcHBwcHBwcHBwcHBwcHb" X16 "," S "i=4096", THM_SCRAM_NONCE},
        {"r=x" OURS "," S "i=4096", THM_SCRAM_NONCE},
        {"r=wcHB," S "i=4096", THM_SCRAM_NONCE},
        {"r=" OURS " x," S "i=4096", THM_SCRAM_NONCE},
        {"r=" OURS X64 X16 X16 "xxxxxxxxx," S "i=4096", THM_SCRAM_NONCE},
        {"r=," S "i=4096", THM_SCRAM_MALFORMED},
        {R S "i=4096,z=" X64 X64 X64 X64 X16, THM_SCRAM_MALFORMED},
    };
    static struct exchange x;

    (void)state;
    exchange_new(&x);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        thm_scram_client_start(&x.client, "ali", x.client_entropy, x.leaf_hash, x.client_first);
        enum thm_scram verdict =
            thm_scram_client_challenge(&x.client, messages[i].text, strlen(messages[i].text));
        expect(&messages[i], verdict);
        /* It is over, with whatever keys. */
        if (verdict != THM_SCRAM_OK)
            assert_int_equal(thm_scram_client_answer(&x.client, &x.keys, x.client_final),
                             THM_SCRAM_STATE);
    }
}

/* client-final is changed in one place each. */
static void client_final(void **state)
{
    static const struct {
        const char *from, *to; /* "": before it, the whole message */
        enum thm_scram verdict;
    } changes[] = {
        {",p=", ",p=", THM_SCRAM_OK},
        {",p=", ",z=1,p=", THM_SCRAM_PROOF}, /* signed, but ignored else */
        {",p=", ",m=1,p=", THM_SCRAM_EXTENSION},
        {"c=", "m=1,c=", THM_SCRAM_EXTENSION},
        {",p=", ",z=,p=", THM_SCRAM_MALFORMED},
        {",p=", ",s=1,p=", THM_SCRAM_MALFORMED},
        {",p=", ",", THM_SCRAM_MALFORMED},
        {",p=", ",q=", THM_SCRAM_MALFORMED},
        {",p=", ",p=A", THM_SCRAM_MALFORMED},
        {",p=", ",p=AAAA", THM_SCRAM_MALFORMED},
        {",p=", ",p=,", THM_SCRAM_MALFORMED},
        {",p=", ",p=AAAA,p=", THM_SCRAM_MALFORMED},
        {",r=", ",", THM_SCRAM_MALFORMED},
        {",r=", ",r=,", THM_SCRAM_MALFORMED},
        {",r=", ",r=x", THM_SCRAM_NONCE},
        {",r=w", ",r=W", THM_SCRAM_NONCE},
        {"pa,p", "pa=,p", THM_SCRAM_NONCE},
        {"pa,p", "pA,p", THM_SCRAM_NONCE},
        {"pa,p", "p,p", THM_SCRAM_NONCE},
        {"c=", "d=", THM_SCRAM_MALFORMED},
        {"c=", "c=,", THM_SCRAM_MALFORMED},
        {"c=", "c=biws,", THM_SCRAM_MALFORMED},
        {"c=", "c=AAAA", THM_SCRAM_BINDING},
        {"c=", "c=-", THM_SCRAM_BINDING},
        {"c=c", "c=C", THM_SCRAM_BINDING},
        {"c=cD", "c=eT", THM_SCRAM_BINDING},
        {"c=cD10bHMtc2VydmVyLWVuZC1wb2ludCws", "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCxh",
         THM_SCRAM_BINDING},
    };
    static struct exchange x;
    char message[THM_SCRAM_MESSAGE + 64];

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        exchange_new(&x);
        exchange_answer(&x, "ali");
        char *at = strstr(x.client_final, changes[i].from);
        assert_non_null(at);
        struct thm_text t;
        thm_text_init(&t, message, sizeof message);
        thm_text_bytes(&t, x.client_final, (size_t)(at - x.client_final));
        thm_text_str(&t, changes[i].to);
        thm_text_str(&t, at + strlen(changes[i].from));
        expect(&(struct message){message, changes[i].verdict}, exchange_final(&x, message));
        if (changes[i].verdict != THM_SCRAM_OK)
            assert_memory_equal(x.server_final, "e=", 2);
    }
}

/* The proof is the last: what stands behind it is signed by nobody. */
static void nothing_follows_the_proof(void **state)
{
    static const char *const more[] = {",", ",z=1", ",p=AAAA", ",m=1", "="};
    static struct exchange x;

    (void)state;
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        exchange_new(&x);
        exchange_answer(&x, "ali");
        strcat(x.client_final, more[i]);
        assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_MALFORMED);
    }
}

/* Wherever it is cut off, and whatever byte of it is changed, it does not let anybody in, and what it was bound to counts. */
static void client_final_cut_or_changed(void **state)
{
    static struct exchange x, y;
    char message[THM_SCRAM_MESSAGE];

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ali");
    size_t len = strlen(x.client_final);
    for (size_t at = 0; at < len; at++) {
        y = x;
        assert_int_not_equal(thm_scram_server_final(&y.server, x.client_final, at, message),
                             THM_SCRAM_OK);
        for (int bit = 0; bit < 8; bit++) {
            y = x;
            y.client_final[at] = (char)(y.client_final[at] ^ 1 << bit);
            assert_int_not_equal(thm_scram_server_final(&y.server, y.client_final, len, message),
                                 THM_SCRAM_OK);
        }
    }
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_OK);
}

/* `c=biws` is "n,,": a client that was told not to bind, by a header that somebody in between has changed. */
static void a_header_that_was_changed_on_the_way(void **state)
{
    static struct exchange x;
    char message[THM_SCRAM_MESSAGE] = "c=biws";

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ali");
    strcat(message, strstr(x.client_final, ",r="));
    assert_int_equal(exchange_final(&x, message), THM_SCRAM_BINDING);
}

static void server_final(void **state)
{
    static const struct message messages[] = {
        {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", THM_SCRAM_SERVER},
        {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", THM_SCRAM_MALFORMED},
        {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", THM_SCRAM_MALFORMED},
        {"v=AAAA", THM_SCRAM_MALFORMED},
        {"v=", THM_SCRAM_MALFORMED},
        {"v", THM_SCRAM_MALFORMED},
        {"", THM_SCRAM_MALFORMED},
        {"e=", THM_SCRAM_MALFORMED},
        {"e=invalid-proof,", THM_SCRAM_MALFORMED},
        {"e=invalid-proof,v=AAAA", THM_SCRAM_MALFORMED},
        {"x=1", THM_SCRAM_MALFORMED},
        {"m=1", THM_SCRAM_EXTENSION},
        {"e=no-resources", THM_SCRAM_REFUSED},
        {"e=other-error,z=1", THM_SCRAM_REFUSED},
    };
    static struct exchange x, y;
    char message[THM_SCRAM_MESSAGE];

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ali");
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_OK);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        y = x;
        expect(&messages[i], exchange_verify(&y, messages[i].text));
        assert_int_equal(y.client.refusal,
                         messages[i].verdict == THM_SCRAM_REFUSED ? THM_SCRAM_REFUSED : 0);
        assert_int_equal(exchange_verify(&y, x.server_final), THM_SCRAM_STATE);
    }
    size_t len = strlen(x.server_final);
    for (size_t at = 0; at < len; at++) {
        y = x;
        assert_int_not_equal(thm_scram_client_verify(&y.client, x.server_final, at), THM_SCRAM_OK);
        for (int bit = 0; bit < 8; bit++) {
            y = x;
            y.server_final[at] = (char)(y.server_final[at] ^ 1 << bit);
            assert_int_not_equal(thm_scram_client_verify(&y.client, y.server_final, len),
                                 THM_SCRAM_OK);
        }
    }
    strcpy(message, x.server_final);
    strcat(message, ",z=later");
    assert_int_equal(exchange_verify(&x, message), THM_SCRAM_OK);
}

/* A store that gives out what no verifier is. */
static void a_damaged_verifier(void **state)
{
    static struct exchange x;

    (void)state;
    exchange_new(&x);
    for (int i = 0; i < 3; i++) {
        struct thm_scram_verifier v = x.verifier;
        if (i == 0)
            v.salt_len = 65;
        else
            v.iterations = i == 1 ? 4095 : 600001;
        exchange_hear_first(&x, P "n=ali,r=x");
        assert_int_equal(
            thm_scram_server_challenge(&x.server, &v, &x.unknown, x.server_entropy, x.server_first),
            i == 0   ? THM_SCRAM_BAD_SALT
            : i == 1 ? THM_SCRAM_TOO_FEW
                     : THM_SCRAM_TOO_MANY);
        assert_string_equal(x.server_first, "");
        assert_int_equal(exchange_final(&x, "c=x"), THM_SCRAM_STATE);
    }
}

/* The longest that each end says is taken by the other. */
static void the_longest_messages(void **state)
{
    static struct exchange x;
    static const char first[] = P "n=================================,r=" X64;

    (void)state;
    exchange_new(&x);
    x.verifier.salt_len = THM_SCRAM_SALT_MAX;
    x.verifier.iterations = x.keys.iterations = THM_SCRAM_ITERATIONS_MAX;
    x.keys.salt_len = THM_SCRAM_SALT_MAX;
    memcpy(x.keys.salt, x.verifier.salt, sizeof x.keys.salt);
    exchange_answer(&x, "ali");
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_OK);
    assert_int_equal(exchange_hear_first(&x, first), THM_SCRAM_USER); /* "==" is no escape */
    assert_int_equal(exchange_hear_first(&x, P "n==3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D"
                                               "=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D=3D"
                                               ",r=" X64 ",z=" X16 X16 "xxxxxxxxxxxxxxx"),
                     THM_SCRAM_OK);
    assert_int_equal(thm_scram_server_challenge(&x.server, &x.verifier, &x.unknown,
                                                x.server_entropy, x.server_first),
                     THM_SCRAM_OK);
    assert_int_equal(strlen(x.server_first), 2 + 64 + 24 + 3 + 88 + 3 + 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_first),
        cmocka_unit_test(a_name_with_a_comma),
        cmocka_unit_test(server_first),
        cmocka_unit_test(client_final),
        cmocka_unit_test(nothing_follows_the_proof),
        cmocka_unit_test(client_final_cut_or_changed),
        cmocka_unit_test(a_header_that_was_changed_on_the_way),
        cmocka_unit_test(server_final),
        cmocka_unit_test(a_damaged_verifier),
        cmocka_unit_test(the_longest_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
