#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux.h"
#include "thimble/board.h"
#include "thimble/error.h"

#define ERASED 0xff

static int storage = -1;
static unsigned char provisions[THM_BOARD_PROVISIONS][THM_BOARD_PROVISION_SIZE];

static void load_provision(unsigned slot, const char *path)
{
    memset(provisions[slot], ERASED, sizeof provisions[slot]);
    if (!path)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, provisions[slot], sizeof provisions[slot]) < 0)
        board_die(path);
    close(fd);
}

void board_storage_init(void)
{
    const char *path = getenv("THIMBLE_BOARD_STORAGE");

    load_provision(0, getenv("THIMBLE_BOARD_PROVISION"));
    load_provision(1, getenv("THIMBLE_BOARD_PROVISION1"));
    if (!path)
        return;
    storage = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (storage < 0)
        board_die(path);
}

const unsigned char *thm_board_provision(unsigned slot)
{
    return provisions[slot];
}

int thm_board_storage_read(unsigned slot, void *buf, size_t len)
{
    memset(buf, ERASED, len); /* what was never written */
    return slot < THM_BOARD_SLOTS && len <= THM_BOARD_SLOT_BYTES(slot) &&
                   pread(storage, buf, len, (off_t)slot * THM_BOARD_SLOT_SIZE) >= 0
               ? THM_OK
               : THM_E_PORT;
}

int thm_board_storage_write(unsigned slot, const void *buf, size_t len)
{
    unsigned char whole[2 * THM_BOARD_SLOT_SIZE];
    const size_t size = THM_BOARD_SLOT_BYTES(slot);

    if (slot >= THM_BOARD_SLOTS || len > size)
        return THM_E_PORT;
    memset(whole, ERASED, size);
    memcpy(whole, buf, len);
    return pwrite(storage, whole, size, (off_t)slot * THM_BOARD_SLOT_SIZE) == (ssize_t)size
               ? THM_OK
               : THM_E_PORT;
}
