#include "inject.h"

#include <string.h>

enum { DHCP_SERVER = 67, DHCP_CLIENT = 68, DHCP_FIXED = 236, DNS_PORT = 53 };

void inject_see(struct injector *in, const struct frame *f)
{
    struct frame *slot = &in->seen[in->seen_count++ % INJECT_SEEN];
    slot->len = f->len;
    memcpy(slot->bytes, f->bytes, f->len);
}

static uint32_t below(struct injector *in, uint32_t n)
{
    return random_below(&in->random, n);
}

/* --- made from nothing -------------------------------------------------------------------------- */

/* From somebody of this network or, through the gateway, from anywhere. */
static struct route from_somebody(struct injector *in, const unsigned char *mac,
                                  const unsigned char *ip)
{
    struct route r;
    memcpy(r.to_mac, mac, MAC_SIZE);
    memcpy(r.to_ip, ip, IP_SIZE);
    memcpy(r.from_mac, gateway_mac, MAC_SIZE);
    random_fill(&in->random, r.from_ip, IP_SIZE);
    if (below(in, 2) == 0)
        memcpy(r.from_ip, gateway_ip, 3);
    r.from_port = (uint16_t)below(in, 65536);
    r.to_port = (uint16_t)below(in, 65536);
    return r;
}

static void make_noise(struct injector *in, const struct route *r, struct frame *f)
{
    f->len = ETH_HEADER + below(in, 1501);
    random_fill(&in->random, f->bytes, f->len);
    memcpy(f->bytes + ETH_TO, r->to_mac, MAC_SIZE);
    if (below(in, 2) == 0)
        put16(f->bytes + ETH_TYPE, below(in, 2) == 0 ? TYPE_IPV4 : TYPE_ARP);
}

static void make_arp(struct injector *in, const struct route *r, struct frame *f)
{
    static const unsigned char head[] = {8, 6, 0, 1, 8, 0, 6, 4, 0};
    f->len = ARP_END;
    random_fill(&in->random, f->bytes, f->len);
    memcpy(f->bytes + ETH_TO, r->to_mac, MAC_SIZE);
    memcpy(f->bytes + ETH_TYPE, head, sizeof head);
    f->bytes[ARP_OPERATION + 1] = (unsigned char)below(in, 4);
    memcpy(f->bytes + ARP_SENDER_IP, r->from_ip, IP_SIZE);
    memcpy(f->bytes + ARP_TARGET_IP, r->to_ip, IP_SIZE);
}

static void make_udp(struct injector *in, struct route *r, struct frame *f)
{
    unsigned char rest[1200];
    size_t len = 4 + below(in, sizeof rest - 4);
    random_fill(&in->random, rest, len);
    if (below(in, 2) == 0)
        put16(rest, (unsigned)(4 + len));
    if (below(in, 2) == 0)
        r->from_port = DNS_PORT;
    frame_make(f, r, IP_UDP, rest, len);
}

/* An offer, an acknowledgement or a refusal with options that are no good (RFC 2131, section 3; RFC 2132). */
static void make_dhcp(struct injector *in, struct route *r, struct frame *f)
{
    static const unsigned char cookie[] = {99, 130, 83, 99, 53, 1};
    unsigned char rest[4 + DHCP_FIXED + 64] = {0}, *message = rest + 4;
    size_t len = sizeof rest - below(in, 64);
    put16(rest, (unsigned)(4 + len));
    random_fill(&in->random, message, sizeof rest - 4);
    message[0] = 2;
    memcpy(message + 28, r->to_mac, MAC_SIZE);
    memcpy(message + DHCP_FIXED, cookie, sizeof cookie);
    message[DHCP_FIXED + sizeof cookie] = (unsigned char)(2 + below(in, 6));
    r->from_port = DHCP_SERVER;
    r->to_port = DHCP_CLIENT;
    frame_make(f, r, IP_UDP, rest, len);
}

static void make_tcp(struct injector *in, struct route *r, struct frame *f)
{
    unsigned char rest[600];
    size_t len = TCP_HEADER - 4 + below(in, sizeof rest - TCP_HEADER);
    random_fill(&in->random, rest, len);
    if (below(in, 2) == 0)
        rest[TCP_OFFSET - 4] = (unsigned char)((5 + below(in, 11)) << 4);
    frame_make(f, r, IP_TCP, rest, len);
}

static void make_syn(struct injector *in, struct route *r, struct frame *f)
{
    unsigned char rest[TCP_HEADER - 4] = {0};
    random_fill(&in->random, rest, 4);
    rest[TCP_OFFSET - 4] = (TCP_HEADER / 4) << 4;
    rest[TCP_FLAGS - 4] = 0x02;
    put16(rest + 10, 8192);
    r->to_port = in->flood_port;
    frame_make(f, r, IP_TCP, rest, sizeof rest);
}

static const struct frame *last_segment(const struct injector *in)
{
    for (unsigned back = 1; back <= INJECT_SEEN && back <= in->seen_count; back++) {
        const struct frame *f = &in->seen[(in->seen_count - back) % INJECT_SEEN];
        if (frame_is_ipv4(f) && f->bytes[ETH_HEADER] == 0x45 && f->bytes[IP_PROTOCOL] == IP_TCP)
            return f;
    }
    return NULL;
}

bool inject_reset(const struct injector *in, struct frame *f)
{
    const struct frame *last = last_segment(in);
    if (last == NULL)
        return false;
    const unsigned char *tcp = last->bytes + IP_END;
    unsigned payload = get16(last->bytes + IP_LENGTH) - 20 - (tcp[TCP_OFFSET] >> 4) * 4u;
    uint32_t next = ((uint32_t)get16(tcp + 4) << 16 | get16(tcp + 6)) + payload;
    *f = *last;
    put16(f->bytes + IP_LENGTH, 20 + TCP_HEADER);
    f->len = IP_END + TCP_HEADER;
    put16(f->bytes + IP_END + 4, next >> 16);
    put16(f->bytes + IP_END + 6, next & 0xFFFF);
    f->bytes[IP_END + TCP_OFFSET] = (TCP_HEADER / 4) << 4;
    f->bytes[IP_END + TCP_FLAGS] = 0x04;
    frame_sum(f);
    return true;
}

/* --- made from what was seen -------------------------------------------------------------------- */

/* Damages a header or, more rarely, what is behind it. */
static void damage(struct injector *in, struct frame *f)
{
    for (uint32_t n = 1 + below(in, 4); n > 0; n--) {
        size_t span =
            below(in, 4) == 0 || f->len < IP_END + TCP_HEADER ? f->len : IP_END + TCP_HEADER;
        size_t at = MAC_SIZE + below(in, (uint32_t)span - MAC_SIZE);
        unsigned bit = 1u << below(in, 8), noise = below(in, 256);
        f->bytes[at] = (unsigned char)(below(in, 2) == 0 ? f->bytes[at] ^ bit : noise);
    }
    if (below(in, 4) == 0)
        f->len = ETH_HEADER + below(in, (uint32_t)(f->len - ETH_HEADER) + 1);
    else if (below(in, 4) == 0 && f->len < 1400)
        f->len += below(in, 100);
    if (below(in, 3) == 0 && frame_is_ipv4(f))
        f->bytes[IP_FRAGMENT] |= 0x20; /* more fragments follow */
}

static void make_damaged(struct injector *in, struct frame *f)
{
    unsigned kept = in->seen_count < INJECT_SEEN ? in->seen_count : INJECT_SEEN;
    *f = in->seen[below(in, kept)];
    damage(in, f);
    if (below(in, 4) != 0) /* else it ends at the checksum */
        frame_sum(f);
}

/* Nobody may take the gateway's address: that would cut the board off until its ARP entry is five minutes old,
 * which no stack without a further protocol can help. */
static void spare_gateway(struct frame *f)
{
    if (frame_is_arp(f) && memcmp(f->bytes + ARP_SENDER_IP, gateway_ip, 3) == 0)
        memcpy(f->bytes + ARP_SENDER_MAC, gateway_mac, MAC_SIZE);
}

static void make_fuzz(struct injector *in, struct route *r, struct frame *f)
{
    static void (*const make[])(struct injector *, struct route *,
                                struct frame *) = {make_udp, make_dhcp, make_tcp};
    uint32_t which = below(in, 10);
    if (which < 5 && in->seen_count > 0)
        make_damaged(in, f);
    else if (which == 5)
        make_noise(in, r, f);
    else if (which == 6)
        make_arp(in, r, f);
    else
        make[which % 3](in, r, f);
    if (below(in, 4) == 0)
        damage(in, f);
    spare_gateway(f);
}

bool inject_next(struct injector *in, const unsigned char mac[MAC_SIZE],
                 const unsigned char ip[IP_SIZE], struct frame *f)
{
    if (in->fuzz == 0 && in->flood == 0)
        return false;
    struct route route = from_somebody(in, mac, ip);
    if (in->fuzz > 0) {
        in->fuzz--;
        make_fuzz(in, &route, f);
    } else {
        in->flood--;
        make_syn(in, &route, f);
    }
    return true;
}
