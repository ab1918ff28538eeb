/* Clients that come back at once: a run has time for many crashes. */
#define THM_BACKOFF_BASE_MS 10
#define THM_BACKOFF_CAP_MS  150
#define THM_RETRY_MS        100
/* Each client that is killed comes back as another sender: what shows twice is to be told from what was forgotten. */
#define THM_CLIENT_SENDERS 65536
