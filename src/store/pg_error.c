/* SQLSTATEs to statuses. Pure: touches results only, never the connection. */
#include "pg_internal.h"

#include <string.h>

/* The first prefix that fits rules. PostgreSQL's manual, appendix A. */
static const struct {
    const char *prefix;
    enum status status;
} table[] = {
    {"08", STATUS_UNAVAILABLE},    /* connection exception */
    {"22", STATUS_INVALID},        /* data exception */
    {"23502", STATUS_INVALID},     /* not null */
    {"23503", STATUS_NOT_FOUND},   /* foreign key */
    {"23505", STATUS_CONFLICT},    /* unique */
    {"23514", STATUS_INVALID},     /* check */
    {"23P01", STATUS_CONFLICT},    /* exclusion */
    {"25006", STATUS_READ_ONLY},   /* a standby, or default_transaction_read_only */
    {"25P03", STATUS_UNAVAILABLE}, /* idle_in_transaction_session_timeout */
    {"40001", STATUS_UNAVAILABLE}, /* serialization failure, after it was tried again */
    {"40P01", STATUS_UNAVAILABLE}, /* deadlock, likewise */
    {"53100", STATUS_READ_ONLY},   /* disk full */
    {"53", STATUS_UNAVAILABLE},    /* out of connections or memory */
    {"55P03", STATUS_DEADLINE},    /* lock_timeout */
    {"57014", STATUS_DEADLINE},    /* statement_timeout */
    {"WS001", STATUS_STALE},       /* our own: the rows to be changed are not as they were read */
    {"57P", STATUS_UNAVAILABLE},   /* shutting down, crashed, starting up */
};

static bool has_prefix(const char *sqlstate, const char *prefix)
{
    return strncmp(sqlstate, prefix, strlen(prefix)) == 0;
}

enum status pg_error_status(const char *sqlstate)
{
    for (size_t i = 0; sqlstate != NULL && i < sizeof(table) / sizeof(table[0]); i++) {
        if (has_prefix(sqlstate, table[i].prefix)) {
            return table[i].status;
        }
    }
    return STATUS_INTERNAL;
}

bool pg_error_is_transient(const char *sqlstate)
{
    return sqlstate != NULL && (strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0);
}

bool pg_error_is_unprepared(const char *sqlstate)
{
    /* 26000: no such statement; 42P05: it exists already, made by whom a pooler lent the session before;
     * 0A000: "cached plan must not change result type". */
    return sqlstate != NULL &&
           (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "42P05") == 0 || strcmp(sqlstate, "0A000") == 0);
}

bool pg_error_is_farewell(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *sqlstate = pg_error_sqlstate(result);
    return severity != NULL && sqlstate != NULL && strcmp(severity, "FATAL") == 0 &&
           (has_prefix(sqlstate, "57P") || strcmp(sqlstate, "25P03") == 0);
}

const char *pg_error_sqlstate(const PGresult *result)
{
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

void pg_error_flatten(const char *message, char out[PG_LINE_MAX])
{
    size_t length = 0;
    for (const char *c = message; *c != '\0' && length + 3 < PG_LINE_MAX; c++) {
        if (*c == '\t') {
            out[length++] = ' ';
        } else if (*c != '\n') {
            out[length++] = *c;
        } else if (c[1] == '\t') {
            out[length++] = ':'; /* libpq indents what explains the line before */
        } else if (c[1] != '\0') {
            out[length++] = ';';
            out[length++] = ' ';
        }
    }
    out[length] = '\0';
}

void pg_error_message(const PGresult *result, char out[PG_LINE_MAX])
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message == NULL) {
        message = PQresultErrorMessage(result); /* "" for NULL */
    }
    pg_error_flatten(message[0] != '\0' ? message : "no reason was given", out);
}
