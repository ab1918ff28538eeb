/* A day's programs have a board's limits, the server too; its records go to boards alone. */
#include "../client/board_limits.h"

#undef THM_RECEIPTS
#define THM_RECEIPTS 1 /* a server knows of them */

#define THM_CREDIT_MAX 8192
#define THM_OUT_BUFFER (3 * 2048)
#define THM_TLS_IN     1349
#define THM_TLS_OUT    1109
#define THM_TLS_SEEDS  1
