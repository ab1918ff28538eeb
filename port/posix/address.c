#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "posix.h"

socklen_t posix_address_len(const union posix_address *a)
{
    return a->any.sa_family == AF_INET6 ? sizeof a->v6 : sizeof a->v4;
}

/* "fe80::1%eth0": a link-local address works only with its interface. */
static bool numeric_v6(const char *host, struct sockaddr_in6 *out)
{
    char text[INET6_ADDRSTRLEN];
    const char *scope = strchr(host, '%');
    size_t len = scope ? (size_t)(scope - host) : strlen(host);

    if (len >= sizeof text)
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    out->sin6_scope_id = scope ? if_nametoindex(scope + 1) : 0;
    return inet_pton(AF_INET6, text, &out->sin6_addr) == 1 && (!scope || out->sin6_scope_id != 0);
}

bool posix_numeric(const char *host, uint16_t number, union posix_address *out)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(number);
        return true;
    }
    if (!numeric_v6(host, &out->v6))
        return false;
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(number);
    return true;
}

/* One to five digits, at most 65535. */
static bool parse_number(const char *digits, uint16_t *number)
{
    size_t len = strlen(digits);

    if (len == 0 || len > 5 || strspn(digits, "0123456789") != len)
        return false;
    unsigned long value = strtoul(digits, NULL, 10);
    *number = (uint16_t)value;
    return value <= UINT16_MAX;
}

int thm_port_posix_parse_address(const char *text, char *host, size_t cap, uint16_t *number)
{
    const char *start = text, *end;
    uint16_t parsed;

    if (text[0] == '[') {
        start++;
        end = strchr(start, ']');
        if (!end || end[1] != ':' || !parse_number(end + 2, &parsed))
            return THM_E_ADDRESS;
    } else {
        end = strchr(start, ':');
        if (!end || !parse_number(end + 1, &parsed))
            return THM_E_ADDRESS;
    }
    size_t len = (size_t)(end - start);
    if (len == 0 || len >= cap)
        return THM_E_ADDRESS;
    memcpy(host, start, len);
    host[len] = '\0';
    *number = parsed;
    return THM_OK;
}
