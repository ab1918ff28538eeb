#include "tls/files.h"

#include <stdio.h>
#include <stdlib.h>

char *read_cert_file(const char *name, size_t *len)
{
    const char *dir = getenv("THM_TEST_CERTS");
    char path[512];
    char *text = malloc(65536);
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
    file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "can't open %s\n", path);
        abort();
    }
    *len = fread(text, 1, 65535, file);
    text[*len] = '\0';
    fclose(file);
    return text;
}

uint64_t read_cert_number(const char *name)
{
    size_t len;
    char *text = read_cert_file(name, &len);
    uint64_t number = strtoull(text, NULL, 10);

    free(text);
    return number;
}
