/* Who makes certificates for this server: thimble-signd, the operator by hand, or nobody. */
#ifndef THIMBLED_CERTIFIER_H
#define THIMBLED_CERTIFIER_H

#include "approval.h"
#include "settings.h"
#include "signer.h"

struct certifier {
    struct signer signer;
    struct approvals *approvals; /* by hand; NULL: not so */
};

/**
 * Gets ready, and says in the server's configuration how certificates are made, if they are.
 *
 * @param tag  of events in the port
 */
void certifier_open(struct certifier *c, const struct settings *settings,
                    struct thm_port_posix *port, uint32_t tag, struct log *log,
                    struct thm_server_config *config);

/** Hands the server what has been made; to be called in each turn, after its step. */
void certifier_step(struct certifier *c, struct thm_server *server, uint64_t now_ms);

/** When that is to be called next at the latest, ms. */
uint64_t certifier_deadline(const struct certifier *c, uint64_t now_ms);

void certifier_close(struct certifier *c);

#endif
