/*
 * Whatever line comes: it is refused with a sentence that can be sent, or it is a message that can
 * be written and read again and is then the same one, in the same bytes.
 */
#include "fuzz/fuzz.h"

#include "wire/sample.h"

#define ANYBODY ((unsigned)(THM_FROM_CLIENT | THM_FROM_SERVER | THM_FROM_PEER))

static void check_fault(const struct thm_fault *fault)
{
    char sentence[THM_SHORT_MAX + 1];
    size_t len = thm_fault_text(fault, sentence, sizeof sentence);

    assert(thm_key_check(THM_KEY_REASON, sentence, len) == THM_OK);
    len = strlen(fault->what);
    assert(len == 0 || thm_key_check(THM_KEY_KEY, fault->what, len) == THM_OK);
}

static void check_display(const struct thm_msg *m)
{
    char shown[THM_SHORT_MAX + 1];
    struct thm_slice text = thm_msg_get(m, THM_KEY_TEXT);
    size_t len = thm_text_display(text.data, text.len, false, shown, sizeof shown);

    assert(thm_kind_check(THM_KIND_SHORT, shown, len, 0, THM_SHORT_MAX) == THM_OK);
    assert(thm_text_fit(text.data, text.len) == text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char line[THM_LINE_MAX], written[THM_LINE_MAX], again[THM_LINE_MAX];
    struct thm_msg first, second;
    struct thm_fault fault;
    size_t len, again_len;

    if (size > sizeof line)
        return 0;
    memcpy(line, data, size);
    if (thm_wire_decode(line, size, ANYBODY, &first, &fault) != THM_OK) {
        check_fault(&fault);
        return 0;
    }
    check_display(&first);
    assert(thm_wire_encode(&first, written, sizeof written, &len) == THM_OK);
    assert(written[len - 1] == '\n' && memchr(written, '\n', len - 1) == NULL);
    memcpy(again, written, len);
    assert(thm_wire_decode(again, len - 1, ANYBODY, &second, &fault) == THM_OK);
    assert(same_message(&first, &second));
    char *rewritten = line; /* the first message's strings are not needed any more */
    assert(thm_wire_encode(&second, rewritten, sizeof line, &again_len) == THM_OK);
    assert(again_len == len && memcmp(rewritten, written, len) == 0);
    return 0;
}
