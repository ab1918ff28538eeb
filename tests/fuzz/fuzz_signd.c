/*
 * Whatever thimble-signd is asked: it answers one line, and what it signs is a certificate of who was named. The first
 * byte chooses what the rest is: a line, or the DER of a request for ali@phone.
 */
#include "fuzz/fuzz.h"

#include <openssl/x509v3.h>

#include "desk.h"
#include "signd/paper.h"
#include "util/base64.h"

static struct log log_;
static struct desk desk;

/* Nobody reads the log. */
void log_note(struct log *log, enum thm_log_level level, const char *event, const char *detail)
{
    (void)log;
    (void)level;
    (void)event;
    (void)detail;
}

void log_record(void *ctx, const struct thm_log_record *record)
{
    (void)ctx;
    (void)record;
}

static void check_signed(const char *answer, size_t len)
{
    const char *last = (const char *)memrchr(answer, ' ', len) + 1;
    uint8_t der[THM_ISSUED_MAX];
    const unsigned char *at = der;
    size_t n;
    assert(thm_base64_read(last, (size_t)(answer + len - last) - 1, der, sizeof der, &n));
    X509 *cert = d2i_X509(NULL, &at, (long)n), *ca = paper_ca();
    assert(cert && at == der + n);
    assert(X509_verify(cert, X509_get0_pubkey(ca)) == 1 && X509_check_ca(cert) == 0);
    X509_free(cert);
    X509_free(ca);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char line[DESK_LINE], answer[DESK_LINE];
    struct thm_text t;
    if (size < 1 || size > DESK_LINE)
        return 0;
    if (!desk.issuer)
        desk_open(&desk, &log_, paper_open(), 3600, (struct option_rate){0, 0});
    thm_text_init(&t, line, sizeof line);
    if (data[0] == 'r') {
        thm_text_str(&t, "sign ali@phone ");
        thm_text_base64(&t, data + 1, size - 1);
    } else {
        thm_text_bytes(&t, data + 1, size - 1);
    }
    size_t len = desk_answer(&desk, line, t.len, PAPER_NOW, 1, answer);
    assert(len > 0 && memchr(answer, '\n', len) == answer + len - 1);
    assert(memchr(answer, '\0', len) == NULL);
    if (memcmp(answer, "ok ", 3) == 0)
        check_signed(answer, len);
    else
        assert(memcmp(answer, "error ", 6) == 0);
    return 0;
}
