/* The problems, with what people read about them. */
#include "problem_table.h"

#include "handler/operation.h"

const struct problem_kind problem_kinds[PROBLEM_COUNT] = {
    [PROBLEM_VALIDATION] =
        {
            .http_status = 400,
            .name = "validation",
            .title = "Validation failed",
            .meaning =
                "The request could be read, but members of its body, parameters or headers break a rule. Nothing "
                "was changed.",
            .cause =
                "A required member is missing, a value is too long, of another type or out of its range, a name is "
                "not known, or something that the request refers to does not exist.",
            .remedy =
                "Every fault of the request is in the list errors, each with its place (a JSON pointer into the "
                "body, or the name of a parameter or header), a stable code for programs, and what the value must "
                "be. Mend all of them and send the request again.",
            .example = "price: must be greater than zero",
            .fault = {FAULT_IN_BODY, "/price", "not_positive", "must be greater than zero"},
        },
    [PROBLEM_MALFORMED_REQUEST] =
        {
            .http_status = 400,
            .name = "malformed-request",
            .title = "Malformed request",
            .meaning =
                "The request cannot be read, or has a part that this operation does not take. Nothing was changed.",
            .cause = "The body did not arrive as long as Content-Length says, or there is a body where none is taken.",
            .remedy =
                "Look at how the client builds the request: send the whole body with its right length, or leave it "
                "out where the operation takes none.",
            .example = "The body is not as long as Content-Length says; nothing was done.",
        },
    [PROBLEM_NOT_FOUND] =
        {
            .http_status = 404,
            .name = "not-found",
            .title = "Not found",
            .meaning = "There is nothing at this path.",
            .cause =
                "The id belongs to nothing, what it belonged to was deleted long ago, or the path has a slip, such "
                "as a slash at its end.",
            .remedy = "Compare the path with the OpenAPI document, and take ids from an answer or a list rather than "
                      "make them up.",
            .example = "There is no such product.",
        },
    [PROBLEM_METHOD_NOT_ALLOWED] =
        {
            .http_status = 405,
            .name = "method-not-allowed",
            .title = "Method not allowed",
            .meaning = "There is something at this path, but it does not know the method.",
            .cause = "A collection is changed as if it were one thing, or the other way round: products are created at "
                     "/api/v1/products and changed at /api/v1/products/{id}.",
            .remedy = "Use one of the methods that the header Allow names.",
            .example = "PUT is not allowed here; use GET, HEAD, POST, OPTIONS.",
        },
    [PROBLEM_NOT_ACCEPTABLE] =
        {
            .http_status = 406,
            .name = "not-acceptable",
            .title = "Not acceptable",
            .meaning = "The answer is not made in any of the media types that the header Accept takes.",
            .cause = "Accept names other types only, or gives the one that is made the weight 0.",
            .remedy = "Ask for a type that the detail names, for */*, or leave Accept out.",
            .example = "Only application/json is made here; Accept leaves it out.",
        },
    [PROBLEM_CONFLICT] =
        {
            .http_status = 409,
            .name = "conflict",
            .title = "Conflict",
            .meaning = "The request is right in itself, but contradicts what is stored. Nothing was changed.",
            .cause =
                "Another live product has the same sku, another category the same slug, or a category that is to go "
                "still has products or categories in it.",
            .remedy = "The list errors tells which value stands in the way. Choose another one, or change the other "
                      "thing first.",
            .example = "sku: is the sku of another product",
            .fault = {FAULT_IN_BODY, "/sku", "taken", "is the sku of another product"},
        },
    [PROBLEM_IN_PROGRESS] =
        {
            .http_status = 409,
            .name = "in-progress",
            .title = "Request in progress",
            .headers = ANSWER_RETRY_AFTER,
            .meaning = "A request with the same Idempotency-Key is being carried out at this moment.",
            .cause = "The client gave up waiting and sent the request again, or sent it twice at once.",
            .remedy = "Send the very same request again after the seconds in Retry-After: it gets the answer of the "
                      "first one, and nothing is done twice.",
            .example = "The first request with this Idempotency-Key is still running; ask again in a moment.",
        },
    [PROBLEM_GONE] =
        {
            .http_status = 410,
            .name = "gone",
            .title = "Gone",
            .meaning = "What the path names was there and has been deleted.",
            .cause = "Someone deleted it. A deleted product is kept for a while before it is forgotten.",
            .remedy =
                "POST to its path with /restore behind it brings a deleted product back. Otherwise take it out of "
                "whatever still refers to it.",
            .example = "The product was deleted.",
        },
    [PROBLEM_PRECONDITION_FAILED] =
        {
            .http_status = 412,
            .name = "precondition-failed",
            .title = "Precondition failed",
            .headers = ANSWER_ETAG,
            .meaning =
                "What was to be changed, or read, is not of the version that If-Match names, or is there already "
                "although If-None-Match: * says that it must not be. Nothing was changed.",
            .cause = "Someone else changed it since the client read it.",
            .remedy = "current_version and changed_fields tell where it stands now and what was changed since. Read it "
                      "again, make the change anew, and send it with the new ETag. A PATCH may be sent with Prefer: "
                      "merge=disjoint: it is then applied where no field was changed by both.",
            .example = "The product is at version 4 now; changed since: price.",
        },
    [PROBLEM_TOO_LARGE] =
        {
            .http_status = 413,
            .name = "too-large",
            .title = "Content too large",
            .meaning = "The body is larger than this service takes. Nothing was changed.",
            .cause = "Too much was sent in one request.",
            .remedy = "Send it in several requests; the detail names the bound.",
            .example = "The body is 2097152 bytes; at most 1048576 are taken.",
        },
    [PROBLEM_UNSUPPORTED_MEDIA_TYPE] =
        {
            .http_status = 415,
            .name = "unsupported-media-type",
            .title = "Unsupported media type",
            .headers = ANSWER_ACCEPT | ANSWER_ACCEPT_POST | ANSWER_ACCEPT_PATCH | ANSWER_ACCEPT_ENCODING,
            .meaning = "The body is of a media type that is not taken here, or compressed.",
            .cause = "Content-Type is missing, or is what the client's library sends by default, such as a form; or "
                     "the client compresses what it sends.",
            .remedy = "Send Content-Type with one of the types that the header Accept-Post, Accept-Patch or Accept of "
                      "the answer names, in UTF-8, and no Content-Encoding.",
            .example = "The body must be sent with Content-Type: application/json (in UTF-8).",
        },
    [PROBLEM_KEY_REUSED] =
        {
            .http_status = 422,
            .name = "key-reused",
            .title = "Idempotency key reused",
            .meaning = "The Idempotency-Key was used before, with another request. Nothing was changed.",
            .cause = "The client takes one key for several requests, or changed the request before it sent it again.",
            .remedy = "Make a new key, such as a random UUID, for each request; use it again only to repeat that very "
                      "request.",
            .example = "This Idempotency-Key belongs to another request; send a new request with a key of its own.",
        },
    [PROBLEM_PRECONDITION_REQUIRED] =
        {
            .http_status = 428,
            .name = "precondition-required",
            .title = "Precondition required",
            .meaning = "This service is set up to change nothing without being told what the change builds on.",
            .cause = "A PUT, PATCH or DELETE came without If-Match and without If-None-Match.",
            .remedy = "Read the thing first and send its ETag in If-Match, or send If-None-Match: * to create it only "
                      "where there is none yet.",
            .example =
                "Say with If-Match which version this changes, from the ETag that you read, or with If-None-Match: "
                "* that there is none yet.",
        },
    [PROBLEM_INTERNAL] =
        {
            .http_status = 500,
            .name = "internal",
            .title = "Internal error",
            .meaning = "The service has a fault. It is not the request's.",
            .cause = "Something happened that this service was not made for. It has been logged.",
            .remedy = "Tell whoever runs the service the request_id: it leads to the line in the log. A write with an "
                      "Idempotency-Key may be sent again safely.",
            .example = "The fault is on our side; it has been logged with the request id.",
        },
    [PROBLEM_NO_LIVE_EVENTS] =
        {
            .http_status = 501,
            .name = "no-live-events",
            .title = "No live events",
            .meaning = "Changes are not pushed here; they can be polled.",
            .cause = "Streams are held by nginx with the module nchan, and the front server is another, or set up "
                     "without it.",
            .remedy = "Read /api/v1/changes from the cursor of the last change, again and again, with the ETag of the "
                      "last answer in If-None-Match: where there is nothing new that is a 304.",
            .example = "The front server here holds no streams: poll /api/v1/changes with If-None-Match.",
        },
    [PROBLEM_READ_ONLY] =
        {
            .http_status = 503,
            .name = "read-only",
            .title = "Read only",
            .headers = ANSWER_RETRY_AFTER,
            .meaning = "What is stored can be read, but nothing can be written now. Nothing was changed.",
            .cause = "The database is a standby, it was set to read-only, or its disk is full.",
            .remedy = "Send the request again after the seconds in Retry-After, and wait longer each time. Reads are "
                      "answered as ever.",
            .example = "The database takes no writes now: it is read-only, or its disk is full. Nothing was changed; "
                       "try again later.",
        },
    [PROBLEM_UNAVAILABLE] =
        {
            .http_status = 503,
            .name = "unavailable",
            .title = "Service unavailable",
            .headers = ANSWER_RETRY_AFTER,
            .meaning = "The service cannot do this now. Nothing was changed.",
            .cause = "The database is restarting or out of reach.",
            .remedy = "Send the request again after the seconds in Retry-After, and wait longer each time.",
            .example = "The database cannot be reached now. Nothing was changed; try again in a moment.",
        },
    [PROBLEM_BUSY] =
        {
            .http_status = 503,
            .name = "busy",
            .title = "Busy",
            .headers = ANSWER_RETRY_AFTER,
            .meaning = "As many requests of this kind are being answered as may be at once. Nothing was changed.",
            .cause = "Exports and imports take long, and only some of the workers do them, so that the others answer "
                     "everybody else.",
            .remedy = "Send the request again after the seconds in Retry-After.",
            .example = "Other exports are under way, and no more than a set number run at once; ask again later.",
        },
    [PROBLEM_OUTCOME_UNKNOWN] =
        {
            .http_status = 503,
            .name = "outcome-unknown",
            .title = "Outcome unknown",
            .headers = ANSWER_RETRY_AFTER,
            .meaning = "The write may have been done, or not: the database was lost while it was under way.",
            .cause = "The connection to the database broke between the order to commit and the answer to it.",
            .remedy =
                "With an Idempotency-Key send the very same request again: it is carried out once at most. Without "
                "one, read what is there before anything is sent again.",
            .example = "The database was lost while this write was under way: it may or may not have been done. Look "
                       "before you send it again.",
        },
    [PROBLEM_DEADLINE] =
        {
            .http_status = 504,
            .name = "deadline",
            .title = "Deadline exceeded",
            .meaning = "The request took longer than this service allows, and was given up. Nothing was changed.",
            .cause = "The request asks for much, or the database is busy.",
            .remedy = "Ask for less at once, such as a smaller limit or narrower filters, or try again later.",
            .example = "The request took longer than 5000 ms and was given up.",
        },
};

const struct problem_kind front_problem_kinds[] = {
    {
        .http_status = 400,
        .name = "bad-request",
        .title = "Bad request",
        .meaning = "The front server cannot read the request as HTTP.",
        .cause = "A request line or header is broken, or lengths contradict each other.",
        .remedy = "Look at how the client builds the request; a proxy between may have changed it.",
        .example = "the request is not well-formed HTTP",
    },
    {
        .http_status = 408,
        .name = "request-timeout",
        .title = "Request timeout",
        .meaning = "The request did not arrive in time.",
        .cause = "The client paused for too long while it sent the request, or the network did.",
        .remedy = "Send the request again, as a whole.",
        .example = "the request did not arrive in time",
    },
    {
        .http_status = 414,
        .name = "uri-too-long",
        .title = "URI too long",
        .meaning = "The URI is longer than the front server takes.",
        .cause = "Too many or too long parameters stand in the query.",
        .remedy = "Use fewer filters at once, or fewer ids.",
        .example = "the URI is longer than this server takes",
    },
    {
        .http_status = 431,
        .name = "headers-too-large",
        .title = "Request header fields too large",
        .meaning = "The headers of the request are larger than the front server takes.",
        .cause = "Cookies or tokens of other services are often the reason.",
        .remedy = "Leave out what this service does not need.",
        .example = "the header fields are larger than this server takes",
    },
    {
        .http_status = 501,
        .name = "not-implemented",
        .title = "Not implemented",
        .meaning = "The front server does not know this transfer coding.",
        .cause = "Transfer-Encoding names something other than chunked.",
        .remedy = "Send the body with Content-Length.",
        .example = "this transfer coding is not served",
    },
    {
        .http_status = 505,
        .name = "version-not-supported",
        .title = "HTTP version not supported",
        .meaning = "The front server does not speak this version of HTTP.",
        .cause = "The version in the request line is none that is in use.",
        .remedy = "Use HTTP/1.1 or HTTP/2.",
        .example = "this version of HTTP is not served",
    },
    {
        .http_status = 411,
        .name = "length-required",
        .title = "Length required",
        .meaning = "The request has a body, but does not say how long it is.",
        .cause = "The client sends its body in chunks, which lighttpd does not take.",
        .remedy = "Send Content-Length.",
        .example = "the request does not say how long its body is",
    },
    {
        .http_status = 400,
        .name = "refused",
        .title = "Request refused",
        .meaning = "The front server refused the request.",
        .cause = "It is set up to refuse such requests.",
        .remedy = "Ask whoever runs the service, with the request_id.",
        .example = "the request cannot be served",
    },
};

const size_t front_problem_count = sizeof front_problem_kinds / sizeof front_problem_kinds[0];
