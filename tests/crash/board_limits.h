/* The same with the limits of a board. */
#include "../client/board_limits.h"

#undef THM_CLIENT_SENDERS
#include "limits.h"
