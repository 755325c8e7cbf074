/* The results that functions of every layer share. handler/problem.c alone turns one into an HTTP status. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_NOT_FOUND,   /* what was asked for does not exist */
    STATUS_GONE,        /* what was asked for was deleted */
    STATUS_INVALID,     /* what was given breaks a rule; the faults list says which */
    STATUS_CONFLICT,    /* what was given contradicts what is stored */
    STATUS_STALE,       /* what is stored is not of the version that the caller builds on */
    STATUS_KEY_REUSED,  /* the idempotency key belongs to another request */
    STATUS_IN_PROGRESS, /* a request with the same idempotency key is running */
    STATUS_TOO_LARGE,   /* a stated bound was hit */
    STATUS_READ_ONLY,   /* what is stored can be read, but nothing can be written now; nothing was done */
    STATUS_UNAVAILABLE, /* a server cannot be reached now; nothing was done, trying again may help */
    STATUS_DEADLINE,    /* the time allowed ran out; nothing was done, or it was rolled back */
    STATUS_UNCERTAIN,   /* the connection was lost after a write was sent: it may have happened */
    STATUS_INTERNAL,    /* a fault of ours, logged where it was found */
};

/* Marks a result that a caller must look at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Returns the name of a status for logs, such as "not_found"; never NULL. */
const char *status_name(enum status status);

#endif
