/* What the processor can do. */
#ifndef THIMBLED_CPU_H
#define THIMBLED_CPU_H

#include <stdbool.h>

/** Whether AES-GCM is faster than ChaCha20 here: there are instructions for it. */
bool cpu_has_aes(void);

#endif
