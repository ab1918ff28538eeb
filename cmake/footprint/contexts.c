/* Never linked: the sizes of these are the sizes of the structures that the footprint names. */
#include <bearssl.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "thimble/client.h"
#include "thimble/console.h"
#include "thimble/port_lwip.h"
#include "tls/internal.h"

#define CONTEXT(name, type)                                                                        \
    extern const char context_##name[sizeof(type)];                                                \
    const char context_##name[sizeof(type)] = {0}

CONTEXT(struct_thm_client, struct thm_client);
CONTEXT(struct_thm_console, struct thm_console);
CONTEXT(struct_thm_credentials, struct thm_credentials);
CONTEXT(struct_thm_tls_domain, struct thm_tls_domain);
CONTEXT(struct_thm_engine, struct thm_engine);
CONTEXT(struct_thm_slot, struct thm_slot);
CONTEXT(struct_thm_tls, struct thm_tls);
CONTEXT(struct_thm_tls_session, struct thm_tls_session);
CONTEXT(struct_thm_msg, struct thm_msg);
CONTEXT(struct_thm_port_lwip, struct thm_port_lwip);
CONTEXT(br_ssl_client_context, br_ssl_client_context);
CONTEXT(br_x509_minimal_context, br_x509_minimal_context);
CONTEXT(br_hmac_drbg_context, br_hmac_drbg_context);
CONTEXT(struct_tcp_pcb, struct tcp_pcb);
CONTEXT(struct_tcp_seg, struct tcp_seg);
CONTEXT(struct_udp_pcb, struct udp_pcb);
CONTEXT(struct_pbuf, struct pbuf);
CONTEXT(struct_netif, struct netif);
