/* TLS of a board that calls other clients and is called: its own client's, with TLS's other end and room for their records. */
#define THM_TLS_AES         0
#define THM_TLS_SEEDS       1
#define THM_TLS_IN          1349
#define THM_TLS_OUT         597
#define THM_TLS_SMALL       1
#define THM_CREDENTIALS_MAX 0
#define THM_CA_MAX          2
#define THM_TLS_SERVES      0
#define THM_CALLS           1
#define THM_CALL_PATHS      1
#define THM_SLOW_MULTIPLY   1
#define THM_ENROLL          0
