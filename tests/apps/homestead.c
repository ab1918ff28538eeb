#include "homestead.h"

#include <sys/stat.h>

#include "tls/pem.h"

struct answer answer;
char *folder;
struct thm_port_posix posix;

int setup(void **state)
{
    const struct thm_port_posix_config config = {.max_sockets = 1};
    char name[] = "/tmp/thimble-home-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(name));
    folder = text_format("%s/a/b", name);
    return thm_port_posix_init(&posix, &config);
}

int teardown(void **state)
{
    char *command = text_format("rm -r '%.*s'", (int)strlen("/tmp/thimble-home-XXXXXX"), folder);

    (void)state;
    thm_port_posix_destroy(&posix);
    assert_int_equal(system(command), 0);
    free(command);
    free(folder);
    return 0;
}

char *read_text(const char *name)
{
    char *path = text_format("%s/%s", folder, name);
    size_t len;
    char *text = file_read(path, &len);

    free(path);
    return text;
}

unsigned mode_of(const char *name)
{
    char *path = text_format("%s/%s", folder, name);
    struct stat file;

    assert_int_equal(stat(path, &file), 0);
    free(path);
    return file.st_mode & 0777;
}

bool there_is(const char *name)
{
    char *path = text_format("%s/%s", folder, name);
    bool is = access(path, F_OK) == 0;

    free(path);
    return is;
}

void put(const char *name, const char *text)
{
    char *path = text_format("%s/%s", folder, name);

    assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
    free(path);
}

/* --- certificates of the tests' CA ---------------------------------------------------------------- */

static bool wanted(const char *name)
{
    return strcmp(name, "CERTIFICATE") == 0;
}

static int pass(void *ctx)
{
    (void)ctx;
    return THM_OK;
}

static void take(void *ctx, const void *bytes, size_t len)
{
    struct der *der = ctx;

    assert_true(len <= sizeof der->bytes - der->len);
    memcpy(der->bytes + der->len, bytes, len);
    der->len += len;
}

void read_certificate(struct der *der, const char *path)
{
    static const struct thm_pem_reader reader = {wanted, pass, take, pass};
    size_t len;
    char *text = file_read(path, &len);

    assert_non_null(text);
    der->len = 0;
    assert_int_equal(thm_pem_read(text, len, &reader, der), 1);
    free(text);
}

void prepare(const char *cert, const char *key_of, const char *user)
{
    const char *certs = getenv("CERTS");
    char *path = text_format("%s/ca/users/%s.crt", certs, cert);
    char *key = text_format("%s/ca/users/%s.key", certs, key_of);
    char *ca = text_format("%s/ca/ca.crt", certs);
    struct der der;
    size_t len;

    memset(&answer, 0, sizeof answer);
    strcpy(answer.invitation.host, "192.0.2.1");
    strcpy(answer.invitation.server_name, "chat.example");
    answer.invitation.port = 9443;
    read_certificate(&answer.certificate, path);
    read_certificate(&der, ca);
    memcpy(answer.pin.ca, der.bytes, der.len);
    answer.pin.ca_len = der.len;
    char *text = file_read(key, &len);
    assert_int_equal(thm_enroll_read_key(text, len, answer.key), THM_OK);
    answer.joined = (struct joined){.invitation = &answer.invitation,
                                    .pin = &answer.pin,
                                    .certificate = answer.certificate.bytes,
                                    .certificate_len = answer.certificate.len,
                                    .key = answer.key,
                                    .user = user,
                                    .device = "default"};
    free(text);
    free(path);
    free(key);
    free(ca);
}
