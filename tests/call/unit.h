/* What cmocka wants included before it, in one place. */
#ifndef TESTS_CALL_UNIT_H
#define TESTS_CALL_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#endif
