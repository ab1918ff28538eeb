/* Limits for the tests of the server: so small that four people fill a room. */
#define THM_SMALL_ROOM       3
#define THM_OUT_BUFFER       (3 * 2048) /* the least */
#define THM_SCRAM_ITERATIONS 4096       /* the least */
