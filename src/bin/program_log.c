/* A fault that is met again and again is one line of the log. */
#include "program.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

void program_log_once(char told[PROGRAM_SENTENCE_MAX], const char *what, const char *error)
{
    if (error[0] != '\0' && strcmp(error, told) != 0) {
        log_error("%s: %s", what, error);
    }
    (void)snprintf(told, PROGRAM_SENTENCE_MAX, "%s", error);
}
