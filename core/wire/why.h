/*
 * What a fault's code alone doesn't tell. Numbers, because only who answers bad lines needs the words.
 */
#ifndef THM_WIRE_WHY_H
#define THM_WIRE_WHY_H

/* X(name, words) */
#define THM_WHYS(X)                                                                                \
    X(NONE, "")                                                                                    \
    /* one JSON object */                                                                          \
    X(EMPTY, "the line is empty")                                                                  \
    X(NO_OBJECT, "it does not start with {")                                                       \
    X(EARLY_END, "it ends too early")                                                              \
    X(NO_KEY, "a key in double quotes is expected")                                                \
    X(NO_COLON, "a colon is expected after a key")                                                 \
    X(NO_VALUE, "a value is expected")                                                             \
    X(NO_COMMA, "a comma or } is expected after a value")                                          \
    X(NO_COMMA_IN_ARRAY, "a comma or ] is expected after a value")                                 \
    X(BAD_VALUE, "not a JSON value")                                                               \
    X(BAD_ESCAPE, "a bad escape")                                                                  \
    X(MORE, "something follows the object")                                                        \
    /* strings */                                                                                  \
    X(RAW_CONTROL, "JSON wants them escaped")                                                      \
    X(NUL, "\\u0000 is not allowed")                                                               \
    X(HALF_PAIR, "half of a surrogate pair")                                                       \
    /* numbers */                                                                                  \
    X(LEADING_ZERO, "a number with a leading zero")                                                \
    X(MINUS, "a minus sign")                                                                       \
    X(FRACTION, "a fraction")                                                                      \
    X(EXPONENT, "an exponent")

enum thm_why {
#define THM_WHY_ENUM(name, words) THM_WHY_##name,
    THM_WHYS(THM_WHY_ENUM)
#undef THM_WHY_ENUM
};

#endif
