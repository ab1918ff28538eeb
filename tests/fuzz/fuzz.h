/* What a fuzz target of libFuzzer provides. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
