/*
 * Arithmetic and hashing for TLS, served by another library: what port/posix/libcrypto.h offers.
 * A header of its own, because its types are BearSSL's and nobody else needs to see those.
 */
#ifndef THIMBLE_TLS_BACKEND_H
#define THIMBLE_TLS_BACKEND_H

#include <bearssl.h>

/*
 * Used for the handshake and for certificate chains alike. A NULL member means BearSSL's own.
 * The functions may be called from any thread that runs a domain, and must outlive every domain.
 *
 *  - `ec` supports P-256 and nothing else (supported_curves == 1 << BR_EC_secp256r1), takes and gives
 *    uncompressed points of 65 bytes, and its `mul` and `muladd` return 0 for a point that is not on
 *    the curve and for a result at infinity.
 *  - `verify` and `sign` work with ASN.1 signatures (RFC 3279); `sign` writes at most 72 bytes and
 *    returns their number, 0 on failure. They are given this table's `ec`, or BearSSL's.
 *  - `sha256` is a class of SHA-256 whose contexts are struct br_sha256_context, and interchangeable with
 *    BearSSL's by state() and set_state(); `prf_sha256` is TLS's (RFC 5246, section 5), made of it.
 */
struct thm_tls_backend {
    const br_ec_impl *ec;
    br_ecdsa_vrfy verify;
    br_ecdsa_sign sign;
    const br_hash_class *sha256;
    br_tls_prf_impl prf_sha256;
};

#endif
