/* The same with the limits of a board. */
#include "limits.h"

#include "../client/board_limits.h"
