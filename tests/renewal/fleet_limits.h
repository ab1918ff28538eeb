/* A board's, which is silent for hours: nobody waits for the answers to a million pings. */
#include "board_limits.h"

#define THM_PING_MS 14400000
#define THM_IDLE_MS 30000000
