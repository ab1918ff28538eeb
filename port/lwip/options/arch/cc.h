/*
 * The compiler and the platform, as lwIP asks for them: GCC or Clang, freestanding. What is not said here is as lwip/arch.h
 * has it.
 */
#ifndef THM_LWIP_ARCH_CC_H
#define THM_LWIP_ARCH_CC_H

#include <stdint.h>

#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H  1 /* without libc's tables */

/* Nothing is printed, except in the Linux build, where a broken assertion ends the program. */
#define LWIP_PLATFORM_DIAG(x)
#ifdef __linux__
#include <stdio.h>
#include <stdlib.h>
#define LWIP_PLATFORM_ASSERT(what)                                                                 \
    do {                                                                                           \
        fprintf(stderr, "lwIP: %s (%s:%d)\n", what, __FILE__, __LINE__);                           \
        abort();                                                                                   \
    } while (0)
#else
#define LWIP_NOASSERT
#define LWIP_PLATFORM_ASSERT(what) __builtin_unreachable()
#endif

/* What lwIP demands of its callers: checked in the Linux build, relied on elsewhere, which saves 0.2 KB of flash. Only
 * taking off a header that is longer than the packet may fail, and is expected to. */
#define LWIP_ERROR(what, holds, otherwise)                                                         \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            if (__builtin_strcmp(what, "increment_magnitude <= p->len") == 0) {                    \
                otherwise;                                                                         \
            }                                                                                      \
            LWIP_PLATFORM_ASSERT(what);                                                            \
        }                                                                                          \
    } while (0)

/* entropy.c */
uint32_t thm_lwip_random(void);
uint32_t thm_lwip_isn(uint32_t local, uint16_t local_number, uint32_t remote,
                      uint16_t remote_number);

/* Numbers of ports, of DNS queries and of DHCP transactions that nobody can guess. */
#define LWIP_RAND() thm_lwip_random()

/* Initial sequence numbers likewise (RFC 6528). */
#define LWIP_HOOK_TCP_ISN(local, local_number, remote, remote_number)                              \
    thm_lwip_isn(ip4_addr_get_u32(ip_2_ip4(local)), local_number,                                  \
                 ip4_addr_get_u32(ip_2_ip4(remote)), remote_number)

#endif
