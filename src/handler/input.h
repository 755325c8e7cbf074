/* What several handlers read alike: query parameters, ids in the path, cursors, JSON bodies. A function that returns bool
 * and is marked so has answered where it returns false. */
#ifndef HANDLER_INPUT_H
#define HANDLER_INPUT_H

#include "domain/cursor.h"
#include "domain/expectation.h"
#include "domain/field.h"
#include "handler/exchange.h"
#include "http/query.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* Parses the query and refuses names that are no parameters of the operation. Faults are added to faults; the query holds
 * what could be read. */
void input_query(struct exchange *exchange, struct query *query, struct faults *faults);

/* Answers 400 where there is any parameter, for a resource that takes none. */
MUST_CHECK bool input_without_parameters(struct exchange *exchange);

/* The id in the path, in lower case and in the arena; 400 where it is not a UUID. */
MUST_CHECK bool input_path_id(struct exchange *exchange, struct text *id);

/* Answers 400 where there is a body, for a request that takes none. An empty object is none either. */
MUST_CHECK bool input_without_body(struct exchange *exchange);

/* Parameters of every list: the value, or the default where the parameter is absent; a fault where it does not parse. */
uint32_t input_limit(const struct query *query, struct faults *faults);
struct text input_uuid(struct exchange *exchange, const struct query *query, const char *name, struct faults *faults);

/* A parameter that is true or false; false where it is absent. */
bool input_flag(const struct query *query, const char *name, struct faults *faults);

/* True where there is a cursor that is well-formed and of a list with this fingerprint; any other adds a fault. */
bool input_cursor(const struct query *query, uint64_t fingerprint, struct cursor *cursor, struct faults *faults);

/* The first half of that, where the filters are faulty themselves. */
bool input_cursor_form(const struct query *query, struct faults *faults);

/* 415, with the header that tells what is taken, where the body is of no type that the operation consumes, or coded. */
MUST_CHECK bool input_content_type(struct exchange *exchange);

/* Parses the body; 400 where it is empty or not JSON. NULL is the document "null". */
MUST_CHECK bool input_json(struct exchange *exchange, struct json_object **document, struct faults *faults);

/* Reads the body as a JSON object of the schema, which may repeat the id own_id: 415, and 400 where it is not JSON. Faults
 * of members are added to faults and not answered yet, so that the caller can add its own. */
MUST_CHECK bool input_record(struct exchange *exchange, const struct schema *schema, struct text own_id,
                             struct record *record, struct faults *faults);

/* The versions that a list of If-Match names, as what is expected. False where it is malformed. */
MUST_CHECK bool input_expectation(struct text list, struct expectation *expectation);

/* The header If-Match, where there is one; a fault where it is malformed. */
void input_if_match(const struct exchange *exchange, struct expectation *expectation, struct faults *faults);

#endif
