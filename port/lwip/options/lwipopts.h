/*
 * lwIP's configuration: what one TLS connection of a board needs, and nothing else. All memory is static; its bytes are
 * those of a Cortex-M3. An image overrides the macros THM_LWIP_* in its THM_CONFIG_FILE: one that serves several
 * connections at a time needs more of everything.
 */
#ifndef THM_LWIP_LWIPOPTS_H
#define THM_LWIP_LWIPOPTS_H

#include "thimble/port_lwip.h"

/* --- sizes --- */

/* TCP connections of lwIP's, about 160 bytes each. As many as sockets are enough: one that was closed and still lingers
 * gives way to a new one. */
#ifndef THM_LWIP_CONNECTIONS
#define THM_LWIP_CONNECTIONS THM_LWIP_SOCKETS
#endif
/* Listeners, 28 bytes each; 0 for an image that only dials, which saves 0.8 KB of flash. */
#ifndef THM_LWIP_LISTENERS
#define THM_LWIP_LISTENERS 1
#endif
/* Bytes that a connection may have received and not taken, and sent and not acknowledged: two segments. */
#ifndef THM_LWIP_WINDOW
#define THM_LWIP_WINDOW (2 * TCP_MSS)
#endif
/* Bytes of heap, from which everything that is sent is taken: two full segments with their headers take 1,232. */
#ifndef THM_LWIP_HEAP
#define THM_LWIP_HEAP 1400
#endif
/* Bytes of it that data to be sent leaves alone, for two acknowledgements or answers to ARP: two ends that have sent all
 * they can would else wait for each other. */
#define THM_LWIP_HEAP_RESERVE 160
/* Buffers that hold what is received, 16 bytes more each: a full segment takes two, so a full window leaves one for the
 * acknowledgements of what was sent meanwhile. */
#ifndef THM_LWIP_BUFFERS
#define THM_LWIP_BUFFERS 5
#endif
#define THM_LWIP_BUFFER_SIZE 296
/* Segments that are queued for sending or acknowledgement, 16 bytes each. */
#ifndef THM_LWIP_SEGMENTS
#define THM_LWIP_SEGMENTS 6
#endif
/* Bytes of the longest host name, terminator included. */
#ifndef THM_LWIP_NAME
#define THM_LWIP_NAME 65
#endif

/* --- system: one loop, no threads, and nothing of lwIP is ever called from an interrupt --- */

#define NO_SYS               1
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define SYS_LIGHTWEIGHT_PROT 0

/* --- memory --- */

#define MEM_LIBC_MALLOC         0
#define MEMP_MEM_MALLOC         0
#define MEM_ALIGNMENT           __SIZEOF_POINTER__
#define MEM_SIZE                THM_LWIP_HEAP
#define PBUF_POOL_SIZE          THM_LWIP_BUFFERS
#define PBUF_POOL_BUFSIZE       THM_LWIP_BUFFER_SIZE
#define MEMP_NUM_PBUF           1 /* references; nothing here makes any */
#define MEMP_NUM_TCP_PCB        THM_LWIP_CONNECTIONS
#define MEMP_NUM_TCP_PCB_LISTEN (THM_LWIP_LISTENERS + !THM_LWIP_LISTENERS) /* lwIP wants one */
#define MEMP_NUM_TCP_SEG        THM_LWIP_SEGMENTS
#define MEMP_NUM_UDP_PCB        2 /* DHCP and DNS */
#define LWIP_STATS              1
#define MEM_STATS               1 /* how much of the heap is lent; nothing else is counted */
#define MEMP_STATS              0
#define LINK_STATS              0
#define ETHARP_STATS            0
#define IP_STATS                0
#define ICMP_STATS              0
#define UDP_STATS               0
#define TCP_STATS               0
#define SYS_STATS               0

/* --- Ethernet and IPv4 --- */

/* Two bytes before each frame align what follows the Ethernet header: drivers hand over and get frames with them. */
#define ETH_PAD_SIZE                  2
#define ARP_TABLE_SIZE                4 /* the gateway, a name server, a server, and a neighbour who asks */
#define ARP_QUEUEING                  0
#define ETHARP_SUPPORT_STATIC_ENTRIES 0
#define LWIP_IPV6                     0
#define IP_REASSEMBLY                 0
#define IP_FRAG                       0
#define IP_FORWARD                    0
#define IP_OPTIONS_ALLOWED            1
#define LWIP_ICMP                     1 /* answers ping */
#define LWIP_ICMP_ECHO_CHECK_INPUT_PBUF_LEN                                                        \
    0 /* an answer fits where the request was: frames leave room in front */
#define LWIP_RAW             0
#define LWIP_IGMP            0
#define LWIP_AUTOIP          0
#define LWIP_DHCP            1
#define DHCP_DOES_ARP_CHECK  0 /* the server has probed, and a start takes a second less */
#define LWIP_DHCP_BOOTP_FILE 0
#define LWIP_DNS             1
#define DNS_TABLE_SIZE       1 /* one server is dialled at a time */
#define LWIP_DNS_SECURE                                                                            \
    (LWIP_DNS_SECURE_RAND_XID | LWIP_DNS_SECURE_RAND_SRC_PORT) /* one at a time */
#define DNS_MAX_NAME_LENGTH THM_LWIP_NAME
#define DNS_MAX_SERVERS     1
#define LWIP_SINGLE_NETIF   1
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_LOOPBACK 0
#define LWIP_HAVE_LOOPIF    0

/* --- TCP --- */

#define TCP_MSS                    536
#define TCP_CALCULATE_EFF_SEND_MSS 0 /* 536 fits every link */
#define TCP_WND                    THM_LWIP_WINDOW
#define TCP_SND_BUF                THM_LWIP_WINDOW
#define TCP_SND_QUEUELEN           THM_LWIP_SEGMENTS
#define TCP_SNDQUEUELOWAT          (TCP_SND_QUEUELEN - 1)
#define TCP_SNDLOWAT               (TCP_SND_BUF - 1)
#define TCP_OVERSIZE               0 /* what is written is a whole record already */
#define TCP_QUEUE_OOSEQ            0 /* a lost segment's followers are sent again */
#define SO_REUSE                   (THM_LWIP_LISTENERS > 0) /* a listener comes back while old ones linger */
#define TCP_LISTEN_BACKLOG         1
#define LWIP_TCP_KEEPALIVE         0 /* no times per connection, but these for all: */
#define TCP_KEEPIDLE_DEFAULT       300000UL
#define TCP_KEEPINTVL_DEFAULT      30000UL
#define TCP_KEEPCNT_DEFAULT        4U
#define LWIP_WND_SCALE             0
#define LWIP_TCP_TIMESTAMPS        0
#define LWIP_TCP_SACK_OUT          0

#endif
