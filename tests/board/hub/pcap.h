/* pcap.h: a capture file that Wireshark and tcpdump read. */
#ifndef HUB_PCAP_H
#define HUB_PCAP_H

#include <stdio.h>

#include "frame.h"

/** Begins a capture; NULL with errno when it can't be written. */
FILE *pcap_open(const char *path);
void pcap_write(FILE *capture, const struct frame *f);

#endif
