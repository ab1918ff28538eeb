/*
 * frame.h: Ethernet frames without preamble and FCS, and the few fields of ARP, IPv4, UDP and TCP that the hub
 * reads and writes.
 */
#ifndef HUB_FRAME_H
#define HUB_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 1600 /* bytes; more than any board takes */

struct frame {
    size_t len;
    unsigned char bytes[FRAME_MAX];
};

/* Where things stand. IP options are left out of what the hub makes. */
enum {
    ETH_TO = 0,
    ETH_FROM = 6,
    ETH_TYPE = 12,
    ETH_HEADER = 14,
    ARP_OPERATION = ETH_HEADER + 6,
    ARP_SENDER_MAC = ETH_HEADER + 8,
    ARP_SENDER_IP = ETH_HEADER + 14,
    ARP_TARGET_IP = ETH_HEADER + 24,
    ARP_END = ETH_HEADER + 28,
    IP_LENGTH = ETH_HEADER + 2,
    IP_FRAGMENT = ETH_HEADER + 6,
    IP_PROTOCOL = ETH_HEADER + 9,
    IP_CHECKSUM = ETH_HEADER + 10,
    IP_FROM = ETH_HEADER + 12,
    IP_TO = ETH_HEADER + 16,
    IP_END = ETH_HEADER + 20,
    UDP_LENGTH = 4, /* from here on: from where IP ends */
    UDP_HEADER = 8,
    TCP_OFFSET = 12,
    TCP_FLAGS = 13,
    TCP_HEADER = 20
};
enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, IP_TCP = 6, IP_UDP = 17 };

#define MAC_SIZE 6
#define IP_SIZE  4

/* The hub's network is 10.0.2.0/24. */
extern const unsigned char gateway_ip[IP_SIZE], names_ip[IP_SIZE], gateway_mac[MAC_SIZE];

unsigned get16(const unsigned char *at);
void put16(unsigned char *at, unsigned value);

/** Of the whole header, so that other fields of the frame may be read. */
bool frame_is_arp(const struct frame *f);
bool frame_is_ipv4(const struct frame *f);

/** Who is spoken to: where a frame is sent, and by whom. */
struct route {
    unsigned char to_mac[MAC_SIZE], from_mac[MAC_SIZE], to_ip[IP_SIZE], from_ip[IP_SIZE];
    uint16_t to_port, from_port;
};

/** Makes a UDP datagram or a TCP segment: `rest` is all behind the ports, and at most 1,400 B. Its checksums are
 * right. */
void frame_make(struct frame *f, const struct route *route, unsigned char protocol,
                const unsigned char *rest, size_t len);

/** Makes the checksums of an IPv4 frame right, as far as its headers can be made out. */
void frame_sum(struct frame *f);

#endif
