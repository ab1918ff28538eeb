/* The part of the conformance suite that is about records. */
#ifndef THM_TEST_RECORD_CHECKS_H
#define THM_TEST_RECORD_CHECKS_H

#include "stream/store_rig.h"

/* Ends with NULL. */
extern void (*const thm_record_checks[])(struct rig *rig);

#endif
