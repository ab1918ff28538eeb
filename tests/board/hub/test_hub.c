/* The boards' network keeps its own promises: faults as they are set, a switch, the host's services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lan.h"
#include "names.h"

#define FRAMES 1000

static const unsigned char macs[2][MAC_SIZE] = {{0x52, 0x54, 0, 0, 0, 1}, {0x52, 0x54, 0, 0, 0, 2}};

static struct frame numbered(unsigned n)
{
    struct frame f = {.len = 60};
    put16(f.bytes + ETH_HEADER, n);
    return f;
}

/* --- links -------------------------------------------------------------------------------------- */

struct passed {
    unsigned count, overtaken;
    uint64_t latest; /* ms */
};

/* Sends frames one a millisecond and looks at what comes out. */
static struct passed pass(struct faults faults, uint64_t seed)
{
    struct link *l = calloc(1, sizeof *l);
    struct passed p = {0};
    const struct frame *out;
    unsigned last = 0;
    assert_non_null(l);
    l->faults = faults;
    l->random.state = seed;
    for (uint64_t now = 0; now < FRAMES + 1000; now++) {
        struct frame f = numbered((unsigned)now);
        if (now < FRAMES)
            link_put(l, &f, now);
        while ((out = link_next(l, now)) != NULL) {
            unsigned n = get16(out->bytes + ETH_HEADER);
            p.overtaken += n < last;
            last = n > last ? n : last;
            p.latest = now - n > p.latest ? now - n : p.latest;
            p.count++;
            link_drop(l);
        }
    }
    assert_int_equal(link_due(l), UINT64_MAX);
    free(l);
    return p;
}

static void test_faults(void **state)
{
    (void)state;
    struct passed p = pass((struct faults){0}, 1);
    assert_true(p.count == FRAMES && p.overtaken == 0 && p.latest == 0);
    p = pass((struct faults){.loss = 20}, 1);
    assert_in_range(p.count, 750, 850);
    assert_true(p.count == pass((struct faults){.loss = 20}, 1).count);
    assert_true(p.count != pass((struct faults){.loss = 20}, 2).count);
    p = pass((struct faults){.duplicate = 10}, 1);
    assert_in_range(p.count, 1050, 1150);
    p = pass((struct faults){.delay = 40}, 1);
    assert_true(p.count == FRAMES && p.overtaken == 0 && p.latest == 40);
    p = pass((struct faults){.delay = 40, .jitter = 10}, 1);
    assert_true(p.count == FRAMES && p.overtaken > 0 && p.latest == 50);
    p = pass((struct faults){.reorder = 10}, 1);
    assert_true(p.count == FRAMES && p.latest == LINK_HOLD_MS);
    assert_in_range(p.overtaken, 50, 150);
    p = pass((struct faults){.cut = true}, 1);
    assert_int_equal(p.count, 0);
}

/* --- the switch and the host --------------------------------------------------------------------- */

struct network {
    struct lan lan;
    char folder[32];
    int sockets[2]; /* the boards' ends */
};

static int set_up(void **state)
{
    struct network *n = calloc(1, sizeof *n);
    strcpy(n->folder, "/tmp/hubXXXXXX");
    assert_non_null(mkdtemp(n->folder));
    n->lan.boards = calloc(LAN_BOARDS, sizeof *n->lan.boards);
    n->lan.gateway = gateway_new(lan_from_gateway, &n->lan);
    for (int i = 0; i < 2; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%d", n->folder, i);
        assert_true(lan_attach(&n->lan, i == 0 ? "a" : "b", path, 1));
        n->sockets[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
        assert_int_equal(bind(n->sockets[i], (struct sockaddr *)&n->lan.boards[i].peer,
                              sizeof(struct sockaddr_un)),
                         0);
        struct timeval patience = {.tv_usec = 1000};
        setsockopt(n->sockets[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    *state = n;
    return 0;
}

static int tear_down(void **state)
{
    struct network *n = *state;
    char command[64];
    for (int i = 0; i < 2; i++) {
        close(n->sockets[i]);
        close(n->lan.boards[i].fd);
    }
    snprintf(command, sizeof command, "rm -r %s", n->folder);
    assert_int_equal(system(command), 0);
    gateway_free(n->lan.gateway);
    free(n->lan.boards);
    free(n);
    return 0;
}

static void put(struct network *n, int board, const struct frame *f)
{
    struct sockaddr_un hub = {.sun_family = AF_UNIX};
    snprintf(hub.sun_path, sizeof hub.sun_path, "%s/%d.hub", n->folder, board);
    assert_int_equal(
        sendto(n->sockets[board], f->bytes, f->len, 0, (struct sockaddr *)&hub, sizeof hub),
        f->len);
    lan_receive(&n->lan.boards[board], 0);
    lan_run(&n->lan, lan_now_ms());
    lan_run(&n->lan, lan_now_ms());
}

/* What a board gets; its length is 0 when there is nothing. */
static struct frame get(struct network *n, int board)
{
    struct frame f = {0};
    ssize_t len = recv(n->sockets[board], f.bytes, sizeof f.bytes, 0);
    f.len = len > 0 ? (size_t)len : 0;
    return f;
}

static struct frame from_to(const unsigned char *from, const unsigned char *to)
{
    struct frame f = numbered(0);
    memcpy(f.bytes + ETH_FROM, from, MAC_SIZE);
    memcpy(f.bytes + ETH_TO, to, MAC_SIZE);
    return f;
}

static void test_switch(void **state)
{
    static const unsigned char all[MAC_SIZE] = {255, 255, 255, 255, 255, 255};
    struct network *n = *state;
    struct frame f = from_to(macs[0], all), g = from_to(macs[1], macs[0]);
    put(n, 0, &f);
    assert_int_equal(get(n, 1).len, f.len);
    assert_int_equal(get(n, 0).len, 0);
    put(n, 1, &g);
    assert_int_equal(get(n, 0).len, g.len);
    assert_int_equal(get(n, 1).len, 0);
    struct frame h = from_to(macs[1], gateway_mac);
    put(n, 1, &h);
    assert_int_equal(get(n, 0).len, 0);
    link_cut(&n->lan.boards[0].to, true);
    put(n, 1, &g);
    assert_int_equal(get(n, 0).len, 0);
}

/* RFC 2131: a DISCOVER is answered by an OFFER of the first address. */
static void test_dhcp(void **state)
{
    struct network *n = *state;
    unsigned char rest[4 + 240 + 4] = {[4] = 1, 1, 6, 0,  [4 + 236] = 99, 130, 83, 99,
                                       53,      1, 1, 255};
    struct route route = {.to_mac = {255, 255, 255, 255, 255, 255},
                          .to_ip = {255, 255, 255, 255},
                          .from_port = 68,
                          .to_port = 67};
    struct frame f;
    memcpy(route.from_mac, macs[0], MAC_SIZE);
    memcpy(rest + 4 + 28, macs[0], MAC_SIZE);
    put16(rest, 4 + sizeof rest);
    frame_make(&f, &route, IP_UDP, rest, sizeof rest);
    put(n, 0, &f);
    f = get(n, 0);
    assert_true(f.len > IP_END + UDP_HEADER + 240);
    assert_memory_equal(f.bytes + IP_END + UDP_HEADER + 16, ((unsigned char[]){10, 0, 2, 15}),
                        IP_SIZE);
}

static struct frame ask(struct network *n, const char *question, size_t len)
{
    unsigned char rest[4 + 12 + 64] = {[4] = 0x12, 0x34, 1, 0, 0, 1};
    struct route route = {.to_mac = {0x52, 0x55, 10, 0, 2, 3},
                          .from_ip = {10, 0, 2, 15},
                          .from_port = 4000,
                          .to_port = 53};
    struct frame f;
    memcpy(route.from_mac, macs[0], MAC_SIZE);
    memcpy(route.to_ip, names_ip, IP_SIZE);
    memcpy(rest + 16, question, len);
    put16(rest, (unsigned)(4 + 16 + len));
    frame_make(&f, &route, IP_UDP, rest, 16 + len);
    put(n, 0, &f);
    return get(n, 0);
}

static void test_names(void **state)
{
    static const char known[] = "\6server\4test\0\0\1\0\1", unknown[] = "\6nobody\4test\0\0\1\0\1";
    struct network *n = *state;
    struct frame f = ask(n, known, sizeof known - 1);
    assert_true(f.len > IP_SIZE);
    assert_memory_equal(f.bytes + f.len - IP_SIZE, gateway_ip, IP_SIZE);
    f = ask(n, unknown, sizeof unknown - 1);
    assert_int_equal(f.bytes[IP_END + UDP_HEADER + 3] & 15, 3);
}

/* --- injected frames ------------------------------------------------------------------------------ */

/* A digest of so many frames. */
static uint64_t injected(struct injector *in, unsigned *count)
{
    static const unsigned char ip[IP_SIZE] = {10, 0, 2, 15};
    uint64_t digest = 0;
    struct frame f;
    for (*count = 0; inject_next(in, macs[0], ip, &f); ++*count) {
        assert_in_range(f.len, ETH_HEADER, FRAME_MAX);
        if (frame_is_arp(&f) && memcmp(f.bytes + ARP_SENDER_IP, gateway_ip, IP_SIZE) == 0)
            assert_memory_equal(f.bytes + ARP_SENDER_MAC, gateway_mac, MAC_SIZE);
        for (size_t i = 0; i < f.len; i++)
            digest = digest * 31 + f.bytes[i];
    }
    return digest;
}

static void test_injector(void **state)
{
    struct injector *in = calloc(2, sizeof *in);
    struct frame f = from_to(macs[1], macs[0]);
    uint64_t digests[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        unsigned count;
        inject_see(&in[i], &f);
        in[i].random.state = 7;
        in[i].fuzz = 20 * FRAMES;
        digests[i] = injected(&in[i], &count);
        assert_int_equal(count, 20 * FRAMES);
    }
    assert_int_equal(digests[0], digests[1]);
    free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test_setup_teardown(test_switch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dhcp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test(test_injector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
