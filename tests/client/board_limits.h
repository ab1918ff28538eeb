/* The smallest limits that a client can have: a board's. */
#define THM_CLIENT_CREDIT    4096
#define THM_CLIENT_DERIVES   0
#define THM_CLIENT_STREAMS   4
#define THM_CLIENT_SENDERS   16
#define THM_CLIENT_QUEUE     2176
#define THM_CLIENT_OUT       1792
#define THM_CLIENT_RAW_LINES 0
#define THM_CONSOLE_LINE     128
#define THM_CONSOLE_NAMES    0
#define THM_CONSOLE_PARTS    0
#define THM_CONSOLE_PAGES    0
#define THM_RECEIPTS         0
