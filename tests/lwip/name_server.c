#include "lwip/name_server.h"

#include <string.h>

/* Places in a frame: Ethernet, IPv4 without options, then TCP or UDP with DNS. */
enum {
    ETH_TYPE = 12,
    IP = 14,
    IP_LENGTH = IP + 2,
    IP_PROTOCOL = IP + 9,
    IP_CHECKSUM = IP + 10,
    IP_FROM = IP + 12,
    IP_TO = IP + 16,
    BODY = IP + 20,
    PORT_FROM = BODY,
    PORT_TO = BODY + 2,
    UDP_LENGTH = BODY + 4,
    UDP_CHECKSUM = BODY + 6,
    DNS = BODY + 8,
    DNS_FLAGS = DNS + 2,
    DNS_ANSWERS = DNS + 6,
    TCP_SEQUENCE = BODY + 4,
    TCP_FLAGS = BODY + 13
};

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, NAME_SERVICE = 53, SYN = 0x02, ACK = 0x10 };

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

static bool is_ipv4(const uint8_t *frame, size_t len, unsigned protocol)
{
    return len > DNS && get16(frame + ETH_TYPE) == 0x0800 && frame[IP_PROTOCOL] == protocol;
}

bool is_question(const uint8_t *frame, size_t len)
{
    return is_ipv4(frame, len, PROTOCOL_UDP) && get16(frame + PORT_TO) == NAME_SERVICE;
}

bool find_syn(const uint8_t *frame, size_t len, uint16_t *number, uint32_t *sequence)
{
    if (!is_ipv4(frame, len, PROTOCOL_TCP) || (frame[TCP_FLAGS] & (SYN | ACK)) != SYN)
        return false;
    *number = get16(frame + PORT_FROM);
    *sequence = (uint32_t)get16(frame + TCP_SEQUENCE) << 16 | get16(frame + TCP_SEQUENCE + 2);
    return true;
}

static void put_checksum(uint8_t *frame)
{
    uint32_t sum = 0;

    put16(frame + IP_CHECKSUM, 0);
    for (unsigned i = IP; i < BODY; i += 2)
        sum += get16(frame + i);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    put16(frame + IP_CHECKSUM, ~sum);
}

size_t answer_question(const uint8_t *frame, size_t len, uint32_t address, uint8_t *answer)
{
    /* the name of the question, A, IN, a minute, four bytes */
    static const uint8_t record[12] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4};

    memcpy(answer, frame, len);
    put16(answer + DNS_FLAGS, address != 0 ? 0x8180 : 0x8183);
    if (address != 0) {
        put16(answer + DNS_ANSWERS, 1);
        memcpy(answer + len, record, sizeof record);
        memcpy(answer + len + sizeof record, &address, 4);
        len += sizeof record + 4;
    }
    swap(answer, answer + 6, 6);
    swap(answer + IP_FROM, answer + IP_TO, 4);
    swap(answer + PORT_FROM, answer + PORT_TO, 2);
    put16(answer + IP_LENGTH, (unsigned)len - IP);
    put16(answer + UDP_LENGTH, (unsigned)len - BODY);
    put16(answer + UDP_CHECKSUM, 0); /* none */
    put_checksum(answer);
    return len;
}
