#include "frame.h"

#include <string.h>

const unsigned char gateway_ip[IP_SIZE] = {10, 0, 2, 2}, names_ip[IP_SIZE] = {10, 0, 2, 3};
const unsigned char gateway_mac[MAC_SIZE] = {0x52, 0x55, 10, 0,
                                             2,    2}; /* as libslirp makes it of the address */

unsigned get16(const unsigned char *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

void put16(unsigned char *at, unsigned value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

bool frame_is_arp(const struct frame *f)
{
    return f->len >= ARP_END && get16(f->bytes + ETH_TYPE) == TYPE_ARP;
}

bool frame_is_ipv4(const struct frame *f)
{
    return f->len >= IP_END && get16(f->bytes + ETH_TYPE) == TYPE_IPV4;
}

/* The Internet checksum (RFC 1071), begun with `sum`. */
static unsigned checksum(const unsigned char *data, size_t len, uint32_t sum)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += get16(data + i);
    if (len % 2 == 1)
        sum += (uint32_t)data[len - 1] << 8;
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return ~sum & 0xFFFF;
}

/* Of a transport's header, with the pseudo-header of RFC 9293, section 3.1. */
static void sum_transport(struct frame *f, size_t begin, size_t len)
{
    unsigned char protocol = f->bytes[IP_PROTOCOL],
                  *sum = f->bytes + begin + (protocol == IP_TCP ? 16 : 6);
    if ((protocol != IP_TCP && protocol != IP_UDP) ||
        len < (protocol == IP_TCP ? TCP_HEADER : UDP_HEADER))
        return;
    put16(sum, 0);
    uint32_t pseudo = protocol + (uint32_t)len;
    for (size_t at = IP_FROM; at < IP_END; at += 2)
        pseudo += get16(f->bytes + at);
    put16(sum, checksum(f->bytes + begin, len, pseudo));
}

void frame_sum(struct frame *f)
{
    if (!frame_is_ipv4(f))
        return;
    size_t header = (f->bytes[ETH_HEADER] & 15u) * 4, total = get16(f->bytes + IP_LENGTH);
    if (header < IP_END - ETH_HEADER || header > total || total > f->len - ETH_HEADER)
        return;
    put16(f->bytes + IP_CHECKSUM, 0);
    put16(f->bytes + IP_CHECKSUM, checksum(f->bytes + ETH_HEADER, header, 0));
    sum_transport(f, ETH_HEADER + header, total - header);
}

void frame_make(struct frame *f, const struct route *route, unsigned char protocol,
                const unsigned char *rest, size_t len)
{
    unsigned char *b = f->bytes;
    memset(b, 0, IP_END);
    memcpy(b + ETH_TO, route->to_mac, MAC_SIZE);
    memcpy(b + ETH_FROM, route->from_mac, MAC_SIZE);
    put16(b + ETH_TYPE, TYPE_IPV4);
    b[ETH_HEADER] = 0x45;
    put16(b + IP_LENGTH, (unsigned)(IP_END - ETH_HEADER + 4 + len));
    b[ETH_HEADER + 8] = 64; /* time to live */
    b[IP_PROTOCOL] = protocol;
    memcpy(b + IP_FROM, route->from_ip, IP_SIZE);
    memcpy(b + IP_TO, route->to_ip, IP_SIZE);
    put16(b + IP_END, route->from_port);
    put16(b + IP_END + 2, route->to_port);
    memcpy(b + IP_END + 4, rest, len);
    f->len = IP_END + 4 + len;
    frame_sum(f);
}
