#include "tls/error_map.h"

#include <stddef.h>
#include <stdint.h>

#include <bearssl.h>

#include "thimble/error.h"
#include "tls/guard.h"

/* From an error of BearSSL, an alert, or an error of thimble's with its sign changed. */
struct pair {
    uint8_t from;
    int8_t to;
};

static const struct pair own_errors[] = {
    {BR_ERR_OK, THM_OK},
    {BR_ERR_UNSUPPORTED_VERSION, THM_E_TLS_VERSION},
    {BR_ERR_BAD_VERSION, THM_E_TLS_VERSION},
    {BR_ERR_BAD_LENGTH, THM_E_TLS_RECORD},
    {BR_ERR_TOO_LARGE, THM_E_TLS_RECORD},
    {BR_ERR_BAD_MAC, THM_E_TLS_RECORD},
    {BR_ERR_NO_RANDOM, THM_E_ENTROPY},
    {BR_ERR_BAD_CIPHER_SUITE, THM_E_TLS_SUITE},
    {BR_ERR_WRONG_KEY_USAGE, THM_E_ROLE},
    {BR_ERR_NO_CLIENT_AUTH, THM_E_NO_CERT},
    {BR_ERR_X509_BAD_SIGNATURE, THM_E_UNTRUSTED},
    {BR_ERR_X509_TIME_UNKNOWN, THM_E_CLOCK},
    {BR_ERR_X509_EXPIRED, THM_E_EXPIRED},
    {BR_ERR_X509_DN_MISMATCH, THM_E_UNTRUSTED},
    {BR_ERR_X509_BAD_SERVER_NAME, THM_E_SERVER_NAME},
    {BR_ERR_X509_NOT_CA, THM_E_UNTRUSTED},
    {BR_ERR_X509_FORBIDDEN_KEY_USAGE, THM_E_UNTRUSTED},
    {BR_ERR_X509_NOT_TRUSTED, THM_E_UNTRUSTED},
    {THM_GUARD_CHAIN, THM_E_CHAIN},
    {THM_GUARD_CLOCK, THM_E_CLOCK},
    {THM_GUARD_LEAF, THM_E_CERT},
    {THM_GUARD_ROLE, THM_E_ROLE},
    {THM_GUARD_REVOKED, THM_E_REVOKED},
#if THM_TLS_ADMITS
    {THM_GUARD_INVITATION, THM_E_INVITATION},
#endif
};

/* Alerts speak of the receiver's certificate: "expired" is not THM_E_EXPIRED, which is the peer's. */
static const struct pair received_alerts[] = {
    {BR_ALERT_BAD_RECORD_MAC, THM_E_TLS_RECORD},
    {BR_ALERT_RECORD_OVERFLOW, THM_E_TLS_RECORD},
    {BR_ALERT_HANDSHAKE_FAILURE, THM_E_TLS_SUITE},
    {BR_ALERT_INSUFFICIENT_SECURITY, THM_E_TLS_SUITE},
    {BR_ALERT_BAD_CERTIFICATE, THM_E_CERT_REJECTED},
    {BR_ALERT_UNSUPPORTED_CERTIFICATE, THM_E_CERT_REJECTED},
    {BR_ALERT_CERTIFICATE_REVOKED, THM_E_REVOKED},
    {BR_ALERT_CERTIFICATE_EXPIRED, THM_E_CERT_REJECTED},
    {BR_ALERT_CERTIFICATE_UNKNOWN, THM_E_CERT_REJECTED},
    {BR_ALERT_UNKNOWN_CA, THM_E_CERT_REJECTED},
    {BR_ALERT_ACCESS_DENIED, THM_E_CERT_REJECTED},
    {BR_ALERT_PROTOCOL_VERSION, THM_E_TLS_VERSION},
    {BR_ALERT_NO_APPLICATION_PROTOCOL, THM_E_ALPN},
};

static const struct pair alerts_for_errors[] = {
    {-THM_E_TLS_VERSION, BR_ALERT_PROTOCOL_VERSION},
    {-THM_E_TLS_SUITE, BR_ALERT_HANDSHAKE_FAILURE},
    {-THM_E_ALPN, BR_ALERT_NO_APPLICATION_PROTOCOL},
    {-THM_E_NO_CERT, BR_ALERT_HANDSHAKE_FAILURE},
    {-THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA},
    {-THM_E_EXPIRED, BR_ALERT_CERTIFICATE_EXPIRED},
    {-THM_E_SERVER_NAME, BR_ALERT_BAD_CERTIFICATE},
    {-THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {-THM_E_REVOKED, BR_ALERT_CERTIFICATE_REVOKED},
    {-THM_E_CHAIN, BR_ALERT_BAD_CERTIFICATE},
    {-THM_E_CERT, BR_ALERT_BAD_CERTIFICATE},
#if THM_TLS_ADMITS
    {-THM_E_INVITATION, BR_ALERT_CERTIFICATE_UNKNOWN},
#endif
    {-THM_E_TLS_RECORD, BR_ALERT_RECORD_OVERFLOW},
    {-THM_E_CLOCK, BR_ALERT_INTERNAL_ERROR},
    {-THM_E_ENTROPY, BR_ALERT_INTERNAL_ERROR},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static int look_up(const struct pair *table, size_t count, int from, int otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].from == from)
            return table[i].to;
    return otherwise;
}

/* A certificate that BearSSL can't make sense of. */
static int is_x509_error(int error)
{
    return error > BR_ERR_X509_OK && error < 64;
}

int thm_tls_error(int e)
{
    if (e >= BR_ERR_SEND_FATAL_ALERT)
        return look_up(received_alerts, COUNT(received_alerts), e - BR_ERR_SEND_FATAL_ALERT,
                       THM_E_TLS);
    if (e >= BR_ERR_RECV_FATAL_ALERT)
        return look_up(received_alerts, COUNT(received_alerts), e - BR_ERR_RECV_FATAL_ALERT,
                       THM_E_TLS);
    return look_up(own_errors, COUNT(own_errors), e, is_x509_error(e) ? THM_E_CERT : THM_E_TLS);
}

int thm_tls_alert(int error, int bearssl_error)
{
    if (bearssl_error >= BR_ERR_RECV_FATAL_ALERT)
        return -1;
    if (bearssl_error == BR_ERR_BAD_SIGNATURE || bearssl_error == BR_ERR_BAD_FINISHED)
        return BR_ALERT_DECRYPT_ERROR;
    return look_up(alerts_for_errors, COUNT(alerts_for_errors), -error, BR_ALERT_HANDSHAKE_FAILURE);
}
