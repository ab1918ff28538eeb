/* The same with output buffers for records of 512 bytes. */
#define THM_TLS_IN          1349
#define THM_TLS_OUT         597
#define THM_TLS_SEEDS       1
#define THM_CREDENTIALS_MAX 0
