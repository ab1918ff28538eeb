/* TLS of a board that is a server: its clients put at most 512 bytes in a record. */
#define THM_TLS_IN          1349
#define THM_TLS_OUT         1109
#define THM_CREDENTIALS_MAX 0
#define THM_SLOW_MULTIPLY   1
