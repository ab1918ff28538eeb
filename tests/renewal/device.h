/*
 * device.h: a device with a certificate of the office's, which talks in #lobby and renews by its client's own timers, as an
 * application does it: two thirds into the certificate's life, and as soon as the new one may be used.
 *
 * What it says are the numbers 1, 2, 3 ... Of each device everybody has to be shown every number once, in that order.
 */
#ifndef RENEWAL_DEVICE_H
#define RENEWAL_DEVICE_H

#include "office.h"
#include "thimble/client.h"

#define TALKERS_MAX 8 /* devices of which is noted what was shown of them */
#define NOT_ENDED   1
/* Places for certificates, used in turn: whoever goes on with a former one shall not find a newer one there. */
#ifndef DEVICE_STOCK
#define DEVICE_STOCK 8
#endif

struct device {
    struct office *office;
    unsigned number;
    char name[16]; /* of its user, and of its host */
    struct sim_host *host;
    struct thm_client client;
    void *tls_memory;
    /* its certificates: the one in use, and the one that came */
    uint8_t key[THM_ENROLL_KEY], next_key[THM_ENROLL_KEY];
    uint8_t request[THM_BOOTSTRAP_MAX]; /* of next_key */
    size_t request_len;
    struct thm_credentials stock[DEVICE_STOCK], *current, *next;
    uint64_t renew_at_s, next_renew_at_s;
    bool other_key; /* each renewal is for a new key */
    /* its talk */
    uint32_t pause_ms; /* longest, between two sayings; 0: it is silent */
    uint64_t say_at;   /* the host's time */
    unsigned said, acked, shown[TALKERS_MAX];
    /* what became of it */
    unsigned online, lost_link;     /* times that it came online, and that it was no longer */
    unsigned told, issued, refused; /* that it is to renew; answers */
    unsigned changes;               /* to another certificate */
    uint64_t slack_s; /* the least that was left of a certificate when the next one came */
    int ended;        /* code of ENDED; NOT_ENDED */
};

/** Makes its host, its key and its first certificate. */
void device_init(struct device *d, struct office *o, unsigned number);

/** Starts the client, with the certificate that is in use; it joins #lobby if it is one of those who talk. */
void device_start(struct device *d);

/** The same with any certificate. */
void device_start_with(struct device *d, const struct thm_credentials *credentials);

/** Says goodbye. */
void device_stop(struct device *d);

void device_free(struct device *d);

/** Whether it is online and has joined; whether it has ended. For sim_world_run_until(). */
bool device_is_online(void *device);
bool device_has_ended(void *device);

/** Makes credentials of a certificate of the office's. */
void device_load(const struct office *o, const uint8_t *der, size_t len,
                 const uint8_t key[THM_ENROLL_KEY], struct thm_credentials *out);

#endif
