/* TLS as a board builds it: a client that was given its credentials, the smallest buffers, 15-bit arithmetic. */
#define THM_TLS_SERVER      0
#define THM_CALLS           0
#define THM_TLS_AES         0
#define THM_TLS_SEEDS       1
#define THM_TLS_IN          837
#define THM_TLS_OUT         597
#define THM_CREDENTIALS_MAX 0
#define THM_CA_MAX          1
#define THM_SLOW_MULTIPLY   1
#ifndef THM_ENROLL
#define THM_ENROLL 0
#endif
