/* The operator's commands for certificates that are made by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "commands.h"
#include "util/base64.h"

#define PEM_LINE 64 /* characters (RFC 7468, section 2) */

/* False: refused, since this server has thimble-signd for that, or nothing at all. */
static bool by_hand(struct call *call)
{
    if (call->host->approvals)
        return true;
    call_refuse(call, "state", "nothing waits for approval: that takes a thimbled with --approve");
    return false;
}

static void print_code(const struct approval *r, char code[8])
{
    snprintf(code, 8, "%06u", thm_enroll_code(r->request, r->request_len));
}

static bool next_request(struct call *call)
{
    const struct approval *r = approval_next(call->host->approvals, &call->at);
    char code[8], since[24], who[2 * THM_ID_MAX + 2];
    if (!r) {
        call_line(call, "%u request%s", (unsigned)call->count, call->count == 1 ? "" : "s");
        call_ok(call);
        return false;
    }
    print_code(r, code);
    snprintf(who, sizeof who, "%s@%s", r->user, r->device);
    call_time(r->first_s * 1000, since);
    call_line(call, "%s  %-24s since %s", code, who, since);
    call->count++;
    return true;
}

void run_approve_list(struct call *call, const char *args)
{
    (void)args;
    if (by_hand(call))
        call->walk = next_request;
}

/* The request with the code that `args` begins with; NULL: refused. */
static struct approval *take_code(struct call *call, const char **args)
{
    char code[16];
    if (!by_hand(call))
        return NULL;
    if (!call_word(args, code, sizeof code) || strlen(code) != 6 ||
        strspn(code, "0123456789") != 6) {
        call_refuse(call, "argument",
                    "which request? Six digits, as approve list and the other "
                    "side show them");
        return NULL;
    }
    struct approval *r = approval_find(call->host->approvals, (unsigned)strtoul(code, NULL, 10));
    if (!r)
        call_refuse(call, "no-such-request",
                    "no request with the code %s waits, or two do: approve list shows them", code);
    return r;
}

void run_approve_show(struct call *call, const char *args)
{
    char text[THM_BASE64_LEN(THM_CSR_MAX) + 1];
    struct thm_text t;
    const struct approval *r = take_code(call, &args);
    if (!r)
        return;
    thm_text_init(&t, text, sizeof text);
    thm_text_base64(&t, r->request, r->request_len);
    call_line(call, "-----BEGIN CERTIFICATE REQUEST-----");
    for (size_t at = 0; at < t.len; at += PEM_LINE)
        call_line(call, "%.*s", PEM_LINE, text + at);
    call_line(call, "-----END CERTIFICATE REQUEST-----");
    call_ok(call);
}

static void note(struct call *call, const struct approval *r, const char *event, int code)
{
    char digits[8];
    print_code(r, digits);
    audit_act(call->host->audit, &(struct audit_act){.event = event,
                                                     .by = call->by,
                                                     .user = r->user,
                                                     .device = r->device,
                                                     .detail = digits,
                                                     .code = code});
}

static void refuse_certificate(struct call *call, const struct approval *r, int code)
{
    if (code == THM_E_ROLE)
        call_refuse(call, "certificate", "that certificate is not for %s@%s", r->user, r->device);
    else if (code == THM_E_UNTRUSTED)
        call_refuse(
            call, "certificate",
            "that certificate is by a CA that is not trusted here: --users-cafile names one");
    else if (code == THM_E_KEY)
        call_refuse(call, "certificate", "that certificate is not for the key of that request");
    else
        call_refuse(call, "certificate", "%s", thm_error_text(code));
}

void run_approve(struct call *call, const char *args)
{
    char text[THM_BASE64_LEN(THM_ISSUED_MAX) + 4];
    uint8_t der[THM_ISSUED_MAX + 3];
    size_t len;
    struct approval *r = take_code(call, &args);
    if (!r)
        return;
    if (!call_word(&args, text, sizeof text) || *args ||
        !thm_base64_read(text, strlen(text), der, sizeof der, &len)) {
        call_refuse(call, "argument",
                    "with which certificate? thimblectl approve CODE FILE reads one in PEM");
        return;
    }
    int code = trust_vouches(*call->host->trust, der, len) ? approval_approve(r, der, len)
                                                           : THM_E_UNTRUSTED;
    note(call, r, "approve", code);
    if (code != THM_OK) {
        refuse_certificate(call, r, code);
        return;
    }
    call_line(call, "%s@%s gets it within seconds", r->user, r->device);
    call_ok(call);
}

void run_approve_deny(struct call *call, const char *args)
{
    struct approval *r = take_code(call, &args);
    if (!r)
        return;
    r->denied = true;
    note(call, r, "approve-deny", THM_OK);
    call_line(call, "%s@%s is refused; the invitation stays open until it is used or revoked",
              r->user, r->device);
    call_ok(call);
}
