/* names.h: the network's DNS server. It knows one name, so that tests need no other and no Internet. */
#ifndef HUB_NAMES_H
#define HUB_NAMES_H

#include "frame.h"

#define NAMES_SERVER "server.test" /* the host */

/** Whether a frame is a question to this server: then `answer` is made. */
bool names_answer(const struct frame *question, struct frame *answer);

#endif
