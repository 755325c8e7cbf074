/* What can be done with the feed of changes and with background jobs. */
#include "domain/job.h"
#include "domain/product.h"
#include "handler/operation.h"
#include "handler/routes.h"
#include "operation_parts.h"

#define JOBS "Jobs"

#define MEDIA_JOB                                                                                                      \
    {                                                                                                                  \
        {                                                                                                              \
            "application/json", "Job", false                                                                           \
        }                                                                                                              \
    }
#define JOB_ANSWER ANSWER_CACHE_CONTROL
#define JOB_CHANGE_PROBLEMS                                                                                            \
    (PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_NOT_FOUND) | PROBLEM_BIT(PROBLEM_CONFLICT) |                              \
     PROBLEM_BIT(PROBLEM_READ_ONLY) | PROBLEM_BIT(PROBLEM_OUTCOME_UNKNOWN) | PROBLEM_BIT(PROBLEM_IN_PROGRESS) |        \
     PROBLEM_BIT(PROBLEM_KEY_REUSED))

static const struct parameter after = {
    .name = "after",
    .kind = PARAMETER_PLACE,
    .example = "0.0",
    .prose = "the cursor of the last change that was read, or of an export; without it from the oldest kept",
};

static const struct parameter *const change_parameters[] = {&after, &parameter_limit, NULL};

const struct operation operation_change_list = {
    .handler = change_list,
    .id = "listChanges",
    .tag = "Changes",
    .summary = "Read what was changed, in the order of the feed",
    .prose =
        "Every committed change once; one that is committed late is never skipped. Read on from the cursor of the "
        "last one, again and again: an empty array is the end for now. 410 where changes behind the cursor are not "
        "kept any more.",
    .parameters = change_parameters,
    .headers = HEADER_IF_MATCH | HEADER_IF_NONE_MATCH,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_GONE) | PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED),
    .answers = {{200, READ_ANSWER | ANSWER_LINK, "changes", {{"application/json", "Change", true}}},
                {304, READ_ANSWER, "nothing else than what If-None-Match names", {{0}}}},
};

static const struct parameter event_after = {
    .name = "after",
    .kind = PARAMETER_PLACE,
    .example = "0.0",
    .prose = "the cursor of the last change that was read, or of an export; without it from now on",
};

static const struct parameter event_category = {
    .name = "category_id",
    .kind = PARAMETER_FIELD,
    .schema = &product_schema,
    .field = PRODUCT_CATEGORY_ID,
    .prose = "only changes of this category, and of products that are in it or have just left it",
};

static const struct parameter event_product = {
    .name = "product_id",
    .kind = PARAMETER_FIELD,
    .schema = &product_schema,
    .field = PRODUCT_ID,
    .prose = "only changes of this product; not together with category_id",
};

static const struct parameter *const event_parameters[] = {&event_after, &event_category, &event_product, NULL};

const struct operation operation_event_stream = {
    .handler = event_stream,
    .id = "streamEvents",
    .tag = "Changes",
    .summary = "Be told of changes as they happen",
    .prose =
        "The feed as server-sent events: the id of an event is the cursor of the change, its name the type, its data "
        "the "
        "change as JSON. A request to upgrade to WebSocket gets the same JSON, a change in each message. An event may "
        "come more than once, those of one product in order. A stream that has nothing to tell is ended after a while, "
        "and so is one that tells what was missed: come back with Last-Event-ID, as a browser's EventSource does by "
        "itself.",
    .parameters = event_parameters,
    .headers = HEADER_LAST_EVENT_ID,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_GONE) | PROBLEM_BIT(PROBLEM_CONFLICT) |
                PROBLEM_BIT(PROBLEM_NO_LIVE_EVENTS),
    .answers = {{200, ANSWER_CACHE_CONTROL, "events, as long as there are any", {{"text/event-stream", NULL, false}}},
                {101, 0, "a WebSocket, where that was asked for", {{0}}}},
};

static const struct parameter state = {
    .name = "state",
    .kind = PARAMETER_CHOICE,
    .choices = job_state_names,
    .choice_count = JOB_STATE_COUNT,
    .prose = "only jobs in this state",
};

static const struct parameter kind = {
    .name = "kind",
    .kind = PARAMETER_TEXT,
    .most = JOB_KIND_MAX,
    .example = "purge",
    .prose = "only jobs of this kind",
};

static const struct parameter *const job_parameters[] = {&state, &kind, &parameter_limit, &parameter_cursor, NULL};

const struct operation operation_job_list = {
    .handler = job_list,
    .id = "listJobs",
    .tag = JOBS,
    .summary = "List background jobs, the newest first",
    .parameters = job_parameters,
    .keeping = KEEP_NEVER,
    .problems = PROBLEMS_OF_READS,
    .answers = {{200, JOB_ANSWER | ANSWER_LINK, "a page of jobs", {{"application/json", "Job", true}}}},
};

const struct operation operation_job_get = {
    .handler = job_get,
    .id = "getJob",
    .tag = JOBS,
    .summary = "Look at one job",
    .keeping = KEEP_NEVER,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_NOT_FOUND),
    .answers = {{200, JOB_ANSWER, "the job", MEDIA_JOB}},
};

const struct operation operation_job_retry = {
    .handler = job_retry,
    .id = "retryJob",
    .tag = JOBS,
    .summary = "Try a job again",
    .prose = "One that failed or was cancelled is queued with all its attempts before it, and one that waits is due at "
             "once. To ask twice is to ask once.",
    .parameters = write_parameters,
    .headers = HEADER_IDEMPOTENCY_KEY,
    .problems = JOB_CHANGE_PROBLEMS,
    .answers = {{200, JOB_ANSWER | ANSWER_REPLAYED, "the job as it is now", MEDIA_JOB}},
};

const struct operation operation_job_cancel = {
    .handler = job_cancel,
    .id = "cancelJob",
    .tag = JOBS,
    .summary = "Cancel a job",
    .parameters = write_parameters,
    .headers = HEADER_IDEMPOTENCY_KEY,
    .problems = JOB_CHANGE_PROBLEMS,
    .answers = {{200, JOB_ANSWER | ANSWER_REPLAYED, "the job, which is cancelled", MEDIA_JOB},
                {202, JOB_ANSWER | ANSWER_REPLAYED, "the job, which runs and ends at its next step", MEDIA_JOB}},
};
