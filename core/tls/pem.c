#include "tls/pem.h"

#include <bearssl.h>

#include "thimble/error.h"

struct reading {
    br_pem_decoder_context decoder;
    const struct thm_pem_reader *reader;
    void *ctx;
    bool inside; /* a wanted object */
    bool any;    /* some object was there */
    int count;   /* wanted objects read */
};

static int event(struct reading *r)
{
    int result = THM_OK;

    switch (br_pem_decoder_event(&r->decoder)) {
    case BR_PEM_BEGIN_OBJ:
        r->any = true;
        r->inside = r->reader->wanted(br_pem_decoder_name(&r->decoder));
        br_pem_decoder_setdest(&r->decoder, r->inside ? r->reader->data : NULL, r->ctx);
        if (r->inside)
            result = r->reader->begin(r->ctx);
        break;
    case BR_PEM_END_OBJ:
        if (!r->inside)
            break;
        r->inside = false;
        r->count++;
        result = r->reader->end(r->ctx);
        break;
    case BR_PEM_ERROR: result = THM_E_PEM; break;
    default: break;
    }
    return result;
}

static int push(struct reading *r, const char *text, size_t len)
{
    while (len > 0) {
        size_t n = br_pem_decoder_push(&r->decoder, text, len);
        int result = event(r);
        if (result != THM_OK)
            return result;
        text += n;
        len -= n;
    }
    return THM_OK;
}

static int read_der(const char *der, size_t len, const struct thm_pem_reader *reader, void *ctx)
{
    int result = reader->begin(ctx);

    if (result != THM_OK)
        return result;
    reader->data(ctx, der, len);
    result = reader->end(ctx);
    return result == THM_OK ? 1 : result;
}

int thm_pem_read(const char *text, size_t len, const struct thm_pem_reader *reader, void *ctx)
{
    struct reading r = {.reader = reader, .ctx = ctx};
    int result;

    if (len > 0 && text[0] == 0x30) /* SEQUENCE; a digit that no PEM file starts with */
        return read_der(text, len, reader, ctx);
    br_pem_decoder_init(&r.decoder);
    result = push(&r, text, len);
    if (result == THM_OK)
        result = push(&r, "\n", 1); /* the decoder wants the last line ended */
    if (result != THM_OK)
        return result;
    return r.inside || !r.any ? THM_E_PEM : r.count;
}
