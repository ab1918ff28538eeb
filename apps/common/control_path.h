/* Where the programs' sockets are, unless somebody says otherwise. */
#ifndef THIMBLE_CONTROL_PATH_H
#define THIMBLE_CONTROL_PATH_H

/**
 * Where thimbled makes it: in $RUNTIME_DIRECTORY, as systemd gives it; else in $XDG_RUNTIME_DIR/thimble; else, for root,
 * in /run/thimble.
 *
 * @return the path, to be freed by the caller; NULL: there is no place
 */
char *control_path_of_server(void);

/** The same for thimble-signd's, signd.sock. */
char *control_path_of_signer(void);

/**
 * Where thimblectl looks for it: the server of the same user first, then the system's.
 *
 * @param index  0, 1 ...
 * @return the path, to be freed by the caller; NULL: these were all
 */
char *control_path_to_try(unsigned index);

#endif
