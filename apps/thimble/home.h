/*
 * The folder in which a machine keeps what it has got by joining, and the key with which it is about to join.
 *
 *     joining.key         the key of an invitation that has not led to anything yet, so that trying again goes on with it
 *     ca.crt, USER@DEVICE.crt, USER@DEVICE.key, USER@DEVICE.renew, config
 */
#ifndef THIMBLE_HOME_H
#define THIMBLE_HOME_H

#include "thimble/enroll.h"

struct home {
    char *folder;
    char *config;  /* path of the configuration file */
    char *joining; /* path of the key */
    int lock;      /* descriptor of the folder */
};

/**
 * Makes the folder if it is not there (mode 700), and locks it against another `thimble join`.
 *
 * @param folder  NULL: the user's own, $XDG_CONFIG_HOME/thimble
 * @return OPTIONS_OK; or an exit code after a message: also when there is a configuration already
 */
int home_open(struct home *h, const char *folder);

/** Gives back all but what is in the folder. */
void home_close(struct home *h);

/**
 * The key with which the machine joins by an invitation: the one that a former attempt has kept, else a new one, which is on
 * the disk when this returns. The key of another invitation is replaced.
 *
 * @param invitation  hash of the invitation's bootstrap key, by which it is known again
 * @param key         receives the key
 * @return OPTIONS_OK, or an exit code after a message
 */
int home_key(struct home *h, const uint8_t invitation[THM_KEY_HASH], struct thm_port *port,
             uint8_t key[THM_ENROLL_KEY]);

/* What joining has led to. */
struct joined {
    const struct thm_invitation *invitation;
    const struct thm_ca_pin *pin; /* that has the CA */
    const unsigned char *certificate;
    size_t certificate_len;
    const uint8_t *key;        /* THM_ENROLL_KEY bytes */
    const char *user, *device; /* as the server says */
};

/**
 * Keeps it, if the certificate is what was asked for: all files, the configuration last, and then no joining.key any more. A
 * file that is there already and differs is renamed to FILE.old, which is said.
 *
 * @return OPTIONS_OK, or an exit code after a message
 */
int home_keep(struct home *h, const struct joined *joined);

#endif
