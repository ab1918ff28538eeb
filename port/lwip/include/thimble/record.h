/*
 * A small record in two slots that outlives a loss of power at any moment: each save goes to the slot that does not
 * hold the newest valid record, and a load takes the newest valid one.
 *
 *     magic u32 | version u8 | 0 u8 | length u16 | count u32 | `length` bytes | CRC-32 u32       little-endian
 *
 * `count` rises with every save; the CRC (thm_crc32) covers all before it. The caller lends the memory and keeps what it
 * stores at THM_RECORD_HEAD in it:
 *
 *     uint8_t buf[THM_RECORD_HEAD + CONTENT + THM_RECORD_TAIL];
 *     struct thm_record r = {.port = port, .read = port->ops->nv_read, .write = port->ops->nv_write,
 *                            .magic = MAGIC, .version = 1};
 *     size_t len = thm_record_load(&r, buf, sizeof buf);            0: none is valid
 *     ... buf[THM_RECORD_HEAD .. THM_RECORD_HEAD + len) ...
 *     code = thm_record_save(&r, buf, len);
 */
#ifndef THIMBLE_RECORD_H
#define THIMBLE_RECORD_H

#include "thimble/port.h"

#define THM_RECORD_HEAD 12u /* bytes before the content, and after it */
#define THM_RECORD_TAIL 4u

/* One record. Set the first five; the rest is thm_record_load()'s. */
struct thm_record {
    struct thm_port *port; /* passed to read and write */
    int (*read)(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n);
    int (*write)(struct thm_port *port, unsigned slot, const void *buf, size_t len);
    uint32_t magic;  /* whose record it is */
    uint8_t version; /* of the content; another one's is as good as none */
    uint8_t slot;    /* that holds the newest valid record: 0 or 1 */
    uint32_t count;  /* of that record */
};

/**
 * Reads the newest valid record. To be called before the first thm_record_save().
 *
 * @param buf  receives the record; its content begins at THM_RECORD_HEAD
 * @param cap  bytes of `buf`: a longer record is taken for none
 * @return bytes of content, or 0: no slot holds a valid record (an empty one is not told from none)
 */
size_t thm_record_load(struct thm_record *r, uint8_t *buf, size_t cap);

/**
 * Stores a record in place of the older one. A failure, or a loss of power, leaves the newest record as it was, or
 * replaces it by this one.
 *
 * @param buf  `len` bytes of content from THM_RECORD_HEAD on, and THM_RECORD_TAIL bytes of room behind; the head and
 *             the tail are filled in
 * @return THM_OK, or what `write` said
 */
int thm_record_save(struct thm_record *r, uint8_t *buf, size_t len);

/** CRC-32/ISO-HDLC, that of gzip (RFC 1952, section 8). */
uint32_t thm_crc32(const void *data, size_t len);

#endif
