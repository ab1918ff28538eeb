/*
 * From BearSSL's errors and TLS alerts to thimble's errors, and from those to alerts.
 */
#ifndef THM_TLS_ERROR_MAP_H
#define THM_TLS_ERROR_MAP_H

/** THM_E_* for an error of BearSSL: its own, the guard's, or an alert that was sent or received. */
int thm_tls_error(int bearssl_error);

/**
 * The fatal alert that tells the peer why a handshake failed.
 *
 * @return an alert's number (RFC 5246, section 7.2), or -1 when an alert was sent or received already
 */
int thm_tls_alert(int error, int bearssl_error);

#endif
