#include "names.h"

#include <string.h>

enum { DNS_PORT = 53, DNS_HEADER = 12, DNS = IP_END + UDP_HEADER };

static bool is_question(const struct frame *f)
{
    return frame_is_ipv4(f) && f->len > DNS + DNS_HEADER && f->bytes[ETH_HEADER] == 0x45 &&
           f->bytes[IP_PROTOCOL] == IP_UDP && memcmp(f->bytes + IP_TO, names_ip, IP_SIZE) == 0 &&
           get16(f->bytes + IP_END + 2) == DNS_PORT && get16(f->bytes + DNS + 4) == 1;
}

/* Reads the name asked for, with dots. Returns the bytes that the question takes, or 0. */
static size_t read_name(const struct frame *f, char name[256])
{
    size_t at = DNS + DNS_HEADER, len = 0;
    for (; at < f->len && f->bytes[at] != 0; at += 1 + f->bytes[at]) {
        size_t label = f->bytes[at];
        if (label > 63 || at + 1 + label >= f->len || len + label + 1 >= 256)
            return 0;
        memcpy(name + len, f->bytes + at + 1, label);
        name[len + label] = '.';
        len += label + 1;
    }
    name[len > 0 ? len - 1 : 0] = '\0';
    at += 1 + 4; /* the end of the name, type and class */
    return at <= f->len ? at - (DNS + DNS_HEADER) : 0;
}

/* RFC 1035, section 4.1: the question again, and one address or NXDOMAIN. */
bool names_answer(const struct frame *question, struct frame *answer)
{
    unsigned char rest[4 + DNS_HEADER + 260 + 16], *dns = rest + 4;
    char name[256];
    size_t asked = is_question(question) ? read_name(question, name) : 0, len = DNS_HEADER + asked;
    if (asked == 0)
        return false;
    bool known = strcmp(name, NAMES_SERVER) == 0;
    memcpy(dns, question->bytes + DNS, DNS_HEADER + asked);
    put16(dns + 2, known ? 0x8180 : 0x8183);
    put16(dns + 6, known);
    memset(dns + 8, 0, 4);
    if (known) {
        static const unsigned char address[] = {0xC0, DNS_HEADER, 0, 1, 0, 1,
                                                0,    0,          1, 0, 0, IP_SIZE};
        memcpy(dns + len, address, sizeof address);
        memcpy(dns + len + sizeof address, gateway_ip, IP_SIZE);
        len += sizeof address + IP_SIZE;
    }
    put16(rest, (unsigned)(UDP_HEADER + len));
    struct route route = {.from_port = DNS_PORT,
                          .to_port = (uint16_t)get16(question->bytes + IP_END)};
    memcpy(route.to_mac, question->bytes + ETH_FROM, MAC_SIZE);
    memcpy(route.from_mac, question->bytes + ETH_TO, MAC_SIZE);
    memcpy(route.to_ip, question->bytes + IP_FROM, IP_SIZE);
    memcpy(route.from_ip, names_ip, IP_SIZE);
    frame_make(answer, &route, IP_UDP, rest, 4 + len);
    return true;
}
