/*
 * Frames on the cable that are looked into: questions to a name server, which it answers, and SYNs.
 */
#ifndef TEST_LWIP_NAME_SERVER_H
#define TEST_LWIP_NAME_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Whether a frame is a question of DNS. */
bool is_question(const uint8_t *frame, size_t len);

/**
 * Answers it.
 *
 * @param address  that the name has, in network order; 0: there is no such name
 * @param answer   receives the frame, at most `len` + 16 bytes
 * @return its bytes
 */
size_t answer_question(const uint8_t *frame, size_t len, uint32_t address, uint8_t *answer);

/** Whether a frame opens a connection of TCP: from which port, by which sequence number. */
bool find_syn(const uint8_t *frame, size_t len, uint16_t *number, uint32_t *sequence);

#endif
