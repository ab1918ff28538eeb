/* Small helpers around files and paths. */
#ifndef THIMBLE_FILES_H
#define THIMBLE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* No file that a program reads whole is larger. */
#define FILES_MAX (16u << 20)

/**
 * Reads a whole file.
 *
 * @param len  receives the bytes read
 * @return the bytes with a terminator behind them, to be freed by the caller; NULL with errno set (EFBIG:
 *         longer than FILES_MAX)
 */
char *file_read(const char *path, size_t *len);

/**
 * Reads the first line of an open file, or of a pipe that others write to.
 *
 * @param line  receives it, without its end and without a terminator
 * @return its bytes, `cap` where it does not end within them; -1 with errno set
 */
ssize_t file_first_line(int fd, char *line, size_t cap);

/**
 * Puts a file in the place of what is there, whole or not at all, and brings it to the disk.
 *
 * @param mode  its permissions
 * @return 0, or -1 with errno set: what was there still is
 */
int file_replace(const char *path, const void *data, size_t len, mode_t mode);

/** Like printf into a string that the caller frees. Ends the program when there is no memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Brings the names in a file's folder to the disk, as after a rename. False: that failed. */
bool path_sync(const char *path);

/** The path of `name` in the folder of the file `beside`; the caller frees it. */
char *path_beside(const char *beside, const char *name);

/**
 * A folder of the user's own as the XDG Base Directory Specification 0.8 has it.
 *
 * @param variable  "XDG_CONFIG_HOME"; ignored unless it holds an absolute path
 * @param fallback  ".config", below the home directory
 * @return FOLDER/thimble, to be freed by the caller; NULL when there is no home directory
 */
char *path_of_user(const char *variable, const char *fallback);

/** Makes a folder in one that is there, mode 700. 0, or -1 with errno set: ENOENT when that is not there. */
int path_make_last(const char *path);

/** Makes a folder and those above it, mode 700. 0, or -1 with errno set. */
int path_make(const char *path);

#endif
