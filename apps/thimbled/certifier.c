#include "certifier.h"

#include <stdlib.h>

#define INVITATIONS 16384u /* that are kept at a time */

static void need_trust(const struct settings *settings, struct log *log)
{
    if (!settings->users_cafile)
        log_note(
            log, THM_LOG_WARNING, "signer",
            "what --signer signs lets nobody in unless its CA is trusted: --users-cafile FILE");
}

bool certifier_vouches(void *certifier, const uint8_t *der, size_t len)
{
    const struct certifier *c = certifier;
    return trust_vouches(*c->trust, der, len);
}

void certifier_open(struct certifier *c, const struct settings *settings,
                    struct trust *const *trust, struct thm_port_posix *port, uint32_t tag,
                    struct log *log, struct thm_server_config *config)
{
    signer_open(&c->signer, port, tag, log, settings->signer);
    c->approvals = NULL;
    c->trust = trust;
    c->signer.vouches = certifier_vouches;
    c->signer.vouches_ctx = c;
    config->signings = SIGNER_SIGNINGS;
    config->invitations = INVITATIONS;
    if (settings->signer) {
        need_trust(settings, log);
        config->sign = signer_sign;
        config->sign_ctx = &c->signer;
    } else if (settings->approve) {
        c->approvals = calloc(1, sizeof *c->approvals);
        if (!c->approvals)
            abort();
        c->approvals->log = log;
        config->sign = approval_sign;
        config->sign_ctx = c->approvals;
    }
}

void certifier_step(struct certifier *c, struct thm_server *server, uint64_t now_ms)
{
    signer_step(&c->signer, server, now_ms);
    if (c->approvals)
        approval_step(c->approvals, server);
}

uint64_t certifier_deadline(const struct certifier *c, uint64_t now_ms)
{
    return signer_deadline(&c->signer, now_ms);
}

void certifier_close(struct certifier *c)
{
    signer_close(&c->signer);
    free(c->approvals);
    c->approvals = NULL;
}
