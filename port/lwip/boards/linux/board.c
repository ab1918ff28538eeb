#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "linux.h"
#include "thimble/board.h"

const char thm_board_name[] = "linux";

static uint64_t started_ms;
static bool led;

static uint64_t monotonic_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void board_die(const char *what)
{
    fprintf(stderr, "board: %s: %s\n", what, strerror(errno));
    exit(1);
}

void thm_board_init(void)
{
    started_ms = monotonic_ms();
    board_storage_init();
    board_link_init();
    board_console_init();
}

uint64_t thm_board_now_ms(void)
{
    return monotonic_ms() - started_ms;
}

void thm_board_idle(uint32_t ms)
{
    struct pollfd fds[] = {{.fd = board_link_fd(), .events = POLLIN},
                           {.fd = board_console_fd(), .events = POLLIN}};

    if (!thm_board_input_waits())
        poll(fds, 2, (int)ms);
}

/* The environment says all that the new one has to know. */
void thm_board_restart(void)
{
    execl("/proc/self/exe", thm_board_name, (char *)NULL);
    board_die("restart");
}

size_t thm_board_noise(void *buf, size_t cap)
{
    ssize_t n = getrandom(buf, cap, 0);

    return n > 0 ? (size_t)n : 0;
}

size_t thm_board_unique_id(void *buf, size_t cap)
{
    unsigned char mac[6];

    if (cap < sizeof mac)
        return 0;
    board_mac(mac);
    memcpy(buf, mac, sizeof mac);
    return sizeof mac;
}

void thm_board_led(bool on)
{
    led = on;
}

bool thm_board_led_is_on(void)
{
    return led;
}

bool thm_board_temperature(int32_t *milli_celsius)
{
    (void)milli_celsius;
    return false;
}

/* The system's stack grows as it has to. */
size_t thm_board_stack_size(void)
{
    return 0;
}

size_t thm_board_stack_worst(void)
{
    return 0;
}
