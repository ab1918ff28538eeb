/*
 * What outlives a restart, and the generator that it seeds: the files kept.c and entropy.c, which know nothing of lwIP.
 */
#ifndef THM_LWIP_KEPT_H
#define THM_LWIP_KEPT_H

#include "thimble/port_lwip.h"

/* --- entropy.c --------------------------------------------------------------------------------- */

#define THM_LWIP_SEED 32 /* bytes of a seed */

/* Begins to seed: from all that never changes, and the board's noise. */
void thm_lwip_entropy_start(const struct thm_lwip_config *config);

/* Adds what else there is. */
void thm_lwip_entropy_mix(const void *data, size_t len);

/* The next seed, to be stored before anything else is drawn. */
void thm_lwip_entropy_next_seed(uint8_t seed[THM_LWIP_SEED]);

/* The seed is stored: from here on the generator gives. */
void thm_lwip_entropy_ready(void);

int thm_lwip_entropy(struct thm_port *port, void *buf, size_t len);

/* --- kept.c ------------------------------------------------------------------------------------ */

/* Loads what was kept, seeds the generator and stores the next seed. THM_OK, or THM_E_ENTROPY. */
int thm_lwip_kept_start(const struct thm_lwip_config *config);

int thm_lwip_utc(struct thm_port *port, uint64_t *ms);
int thm_lwip_nv_read(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n);
int thm_lwip_nv_write(struct thm_port *port, unsigned slot, const void *buf, size_t len);

#endif
