#include "thimble/enroll.h"
