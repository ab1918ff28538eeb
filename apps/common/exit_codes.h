/*
 * The exit codes of the programs: one table, from which --help prints them. The man pages repeat it; a
 * test compares.
 */
#ifndef THIMBLE_EXIT_CODES_H
#define THIMBLE_EXIT_CODES_H

enum {
    OF_SERVER = 1 << 0,
    OF_CLIENT = 1 << 1,
    OF_CONTROL = 1 << 2,
    OF_PASSCODE = 1 << 3,
    OF_SIGNER = 1 << 4
};

/* X(name, code, programs, sentence) */
#define EXIT_CODES(X)                                                                              \
    X(DONE, 0, OF_SERVER | OF_CLIENT | OF_CONTROL | OF_PASSCODE | OF_SIGNER, "done")               \
    X(FAILED, 1, OF_SERVER | OF_CLIENT | OF_PASSCODE | OF_SIGNER,                                  \
      "something failed; the message says what")                                                   \
    X(NOT_DONE, 1, OF_CONTROL, "the server refused, or it failed; the message says why")           \
    X(USAGE, 2, OF_SERVER | OF_CLIENT | OF_CONTROL | OF_PASSCODE | OF_SIGNER,                      \
      "wrong usage or configuration")                                                              \
    X(CREDENTIALS, 3, OF_SERVER | OF_CLIENT | OF_SIGNER,                                           \
      "a certificate, key, CA or deny-list can't be used")                                         \
    X(NO_SERVER, 3, OF_CONTROL, "no server was found at its socket")                               \
    X(LISTEN, 4, OF_SERVER | OF_SIGNER, "an address can't be listened on")                         \
    X(STORE, 5, OF_SERVER, "the store of messages can't be opened")                                \
    X(UNREACHED, 4, OF_CLIENT, "the server can't be reached")                                      \
    X(UNTRUSTED, 5, OF_CLIENT, "the server's certificate is not the expected one")                 \
    X(REFUSED, 6, OF_CLIENT, "the server refuses this device")                                     \
    X(REPLACED, 7, OF_CLIENT, "another session of this device took over")                          \
    X(LOCKED, 8, OF_CLIENT, "another client is using the same state")                              \
    X(KICKED, 9, OF_CLIENT, "the operator ended the session")                                      \
    X(UNSENT, 10, OF_CLIENT, "a line was not sent, not acknowledged, or answered by an error")     \
    X(PASSCODE, 11, OF_CLIENT, "the server asks for a passcode, and was not given the right one")  \
    X(TOO_FEW, 27, OF_CLIENT, "the time of -W passed before the messages of -C came")

enum exit_code {
#define EXIT_CODE_ENUM(name, code, programs, sentence) EXIT_##name = (code),
    EXIT_CODES(EXIT_CODE_ENUM)
#undef EXIT_CODE_ENUM
};

#endif
