/* Who makes certificates for this server: thimble-signd, the operator by hand, or nobody. */
#ifndef THIMBLED_CERTIFIER_H
#define THIMBLED_CERTIFIER_H

#include "approval.h"
#include "settings.h"
#include "signer.h"
#include "trust.h"

struct certifier {
    struct trust *const *trust;
    struct signer signer;
    struct approvals *approvals; /* by hand; NULL: not so */
};

/** Whether what was made lets in here. */
bool certifier_vouches(void *certifier, const uint8_t *der, size_t len);

/**
 * Gets ready, and says in the server's configuration how certificates are made, if they are.
 *
 * @param trust  where the trust in force is found from the first request on
 * @param tag    of events in the port
 */
void certifier_open(struct certifier *c, const struct settings *settings,
                    struct trust *const *trust, struct thm_port_posix *port, uint32_t tag,
                    struct log *log, struct thm_server_config *config);

/** Hands the server what has been made; to be called in each turn, after its step. */
void certifier_step(struct certifier *c, struct thm_server *server, uint64_t now_ms);

/** When that is to be called next at the latest, ms. */
uint64_t certifier_deadline(const struct certifier *c, uint64_t now_ms);

void certifier_close(struct certifier *c);

#endif
