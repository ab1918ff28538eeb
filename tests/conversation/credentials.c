/* Certificates and keys for all conversations: out of a folder, loaded once. */
#include "conversation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_pem(const char *name, const char *suffix, size_t *len)
{
    const size_t cap = 16384;
    const char *dir = getenv("THM_TEST_CERTS");
    char path[512], *data = malloc(cap);

    snprintf(path, sizeof path, "%s/%s%s", dir != NULL ? dir : ".", name, suffix);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fprintf(stderr, "%s: cannot be read; set THM_TEST_CERTS to what tests/certs.sh makes\n",
                path);
        exit(1);
    }
    *len = fread(data, 1, cap - 1, f);
    data[*len] = '\0';
    fclose(f);
    return data;
}

const struct thm_credentials *conversation_credentials(const char *name, enum thm_role role)
{
    static struct {
        const char *name;
        struct thm_credentials *credentials;
    } loaded[TALKERS_MAX + 1];
    size_t a_len, c_len, k_len;
    unsigned i = 0;

    while (loaded[i].name != NULL && strcmp(loaded[i].name, name) != 0)
        i++;
    if (loaded[i].name != NULL)
        return loaded[i].credentials;
    char *a = read_pem("ca", ".crt", &a_len), *c = read_pem(name, ".crt", &c_len),
         *k = read_pem(name, ".key", &k_len);
    struct thm_credentials *out = aligned_alloc(16, (sizeof *out + 15) & ~(size_t)15);
    int code = thm_credentials_load(out, a, a_len, c, c_len, k, k_len, role);
    if (code != THM_OK) {
        fprintf(stderr, "%s: %s\n", name, thm_error_text(code));
        exit(1);
    }
    free(a);
    free(c);
    free(k);
    loaded[i].name = name;
    loaded[i].credentials = out;
    return out;
}
