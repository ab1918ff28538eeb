/* What a board's images have that can serve as well, and renewal. Its certificates come from files here. */
#include "../../apps/firmware/server_config.h"

#undef THM_ENROLL
#undef THM_CREDENTIALS_MAX
#define THM_ENROLL          1
#define THM_CREDENTIALS_MAX 2048
