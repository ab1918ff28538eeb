/*
 * P-256 and SHA-256 by OpenSSL's libcrypto: a full handshake then costs a server a quarter of the time,
 * and a resumed one five sixths. It allocates memory while it works, so it is for hosts only.
 */
#ifndef THIMBLE_LIBCRYPTO_H
#define THIMBLE_LIBCRYPTO_H

#include "thimble/tls_backend.h"

/**
 * Gives the backend for struct thm_tls_config. It answers like BearSSL's own functions, bad input
 * included (but for a hash that is zero, where BearSSL errs). Signatures are deterministic (RFC 6979)
 * and so the same bytes.
 *
 * A function that runs out of memory returns 0, as for bad input.
 *
 * @return the backend, static; NULL when libcrypto offers no P-256. May be called from any thread.
 */
const struct thm_tls_backend *thm_libcrypto_backend(void);

#endif
