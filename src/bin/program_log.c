/* The log of a program that serves. */
#include "program.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool program_open_log(const char *program, const struct config *config, char *error, size_t error_size)
{
    if (log_open(program, config->log_target, config->log_format, config->log_level) == STATUS_OK) {
        return true;
    }
    (void)snprintf(error, error_size, "WARES_LOG: %.300s cannot be opened: %s", config->log_target, strerror(errno));
    return false;
}

void program_log_once(char told[PROGRAM_SENTENCE_MAX], const char *what, const char *error)
{
    if (error[0] != '\0' && strcmp(error, told) != 0) {
        log_error("%s: %s", what, error);
    }
    (void)snprintf(told, PROGRAM_SENTENCE_MAX, "%s", error);
}
