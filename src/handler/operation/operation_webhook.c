/* What can be done with webhooks. */
#include "domain/webhook.h"
#include "handler/operation.h"
#include "handler/routes.h"
#include "operation_parts.h"

#define TAG "Webhooks"

#define MEDIA(schema)                                                                                                  \
    {                                                                                                                  \
        {                                                                                                              \
            "application/json", schema, false                                                                          \
        }                                                                                                              \
    }
#define READ_LIST ANSWER_CACHE_CONTROL
#define ABSENT PROBLEM_BIT(PROBLEM_NOT_FOUND)
#define PATCH_PROBLEMS (WRITE_PROBLEMS | ABSENT | PROBLEM_BIT(PROBLEM_PRECONDITION_REQUIRED))
#define ANSWER_MINIMAL                                                                                                 \
    {                                                                                                                  \
        204, WRITE_ANSWER, "done, and nothing is returned: Prefer: return=minimal",                                    \
        {                                                                                                              \
            {                                                                                                          \
                0                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

const struct operation operation_webhook_list = {
    .handler = webhook_list,
    .id = "listWebhooks",
    .tag = TAG,
    .summary = "List webhooks, the oldest first",
    .keeping = KEEP_NEVER,
    .problems = PROBLEMS_OF_READS,
    .answers = {{200, READ_LIST, "all of them", {{"application/json", "Webhook", true}}}},
};

const struct operation operation_webhook_create = {
    .handler = webhook_create,
    .id = "createWebhook",
    .tag = TAG,
    .summary = "Have events sent to a URL",
    .prose =
        "As the Standard Webhooks specification has it: each event is a POST that is signed with the secret, which "
        "is shown in this answer and never again. What is committed from now on is sent, at least once, and what "
        "concerns one product or category in the order of its versions.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | BODY_PROBLEMS,
    .consumes = {{"application/json", "WebhookInput", false}},
    .answers = {{201, WRITE_ANSWER | ANSWER_CACHE_CONTROL | ANSWER_LOCATION,
                 "the webhook with its secret; nothing with Prefer: return=minimal", MEDIA("WebhookWithSecret")}},
};

const struct operation operation_webhook_get = {
    .handler = webhook_get,
    .id = "getWebhook",
    .tag = TAG,
    .summary = "Read one webhook",
    .headers = HEADER_IF_MATCH | HEADER_IF_NONE_MATCH,
    .keeping = KEEP_NEVER,
    .problems = PROBLEMS_OF_READS | ABSENT | PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED),
    .answers = {{200, READ_ANSWER, "the webhook, without its secret", MEDIA("Webhook")},
                {304, READ_ANSWER, "the webhook is of a version that If-None-Match names", {{0}}}},
};

const struct operation operation_webhook_patch = {
    .handler = webhook_patch,
    .id = "patchWebhook",
    .tag = TAG,
    .summary = "Change a webhook",
    .prose = "A merge patch (RFC 7396), also as plain JSON, or a JSON patch (RFC 6902). One that was disabled goes on "
             "where it stopped once its state is active.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS | HEADER_PREFER_MERGE,
    .problems = PATCH_PROBLEMS | BODY_PROBLEMS,
    .consumes = {{"application/merge-patch+json", "WebhookPatch", false},
                 {"application/json", "WebhookPatch", false},
                 {"application/json-patch+json", "JsonPatch", false}},
    .answers = {{200, WRITE_ANSWER | ANSWER_CACHE_CONTROL | ANSWER_VARY, "the webhook as it is now", MEDIA("Webhook")},
                ANSWER_MINIMAL},
};

const struct operation operation_webhook_delete = {
    .handler = webhook_delete,
    .id = "deleteWebhook",
    .tag = TAG,
    .summary = "Delete a webhook",
    .prose = "Nothing is sent to it any more, what waits included.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = PATCH_PROBLEMS,
    .answers = {{204, ANSWER_REPLAYED, "deleted", {{0}}}},
};

const struct operation operation_webhook_rotate = {
    .handler = webhook_rotate,
    .id = "rotateWebhookSecret",
    .tag = TAG,
    .summary = "Give a webhook a new secret",
    .prose =
        "It is shown in this answer and never again. Until previous_secret_until events are signed with the secret "
        "before it too, so that receivers can take the new one over in between.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | ABSENT,
    .answers = {{200, WRITE_ANSWER | ANSWER_CACHE_CONTROL | ANSWER_VARY, "the webhook with its new secret",
                 MEDIA("WebhookWithSecret")},
                ANSWER_MINIMAL},
};

static const struct parameter after = {
    .name = "after",
    .kind = PARAMETER_PLACE,
    .prose = "the cursor behind which events are sent again; without it from the oldest kept",
};

static const struct parameter *const replay_parameters[] = {&after, &parameter_dry_run, NULL};

const struct operation operation_webhook_replay = {
    .handler = webhook_replay,
    .id = "replayWebhook",
    .tag = TAG,
    .summary = "Send the events behind a cursor again",
    .prose = "They have the ids that they had, and come in order. 410 where changes behind the cursor are not kept any "
             "more.",
    .parameters = replay_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | ABSENT | PROBLEM_BIT(PROBLEM_GONE),
    .answers = {{202, WRITE_ANSWER | ANSWER_CACHE_CONTROL, "it is begun soon; the webhook as it is", MEDIA("Webhook")}},
};

static const struct parameter state = {
    .name = "state",
    .kind = PARAMETER_CHOICE,
    .choices = delivery_state_names,
    .choice_count = DELIVERY_STATE_COUNT,
    .prose = "only deliveries in this state",
};

static const struct parameter *const delivery_parameters[] = {&state, &parameter_limit, &parameter_cursor, NULL};

const struct operation operation_webhook_delivery_list = {
    .handler = webhook_delivery_list,
    .id = "listWebhookDeliveries",
    .tag = TAG,
    .summary = "List the deliveries of a webhook, the newest event first",
    .parameters = delivery_parameters,
    .keeping = KEEP_NEVER,
    .problems = PROBLEMS_OF_READS | ABSENT,
    .answers = {{200, READ_LIST | ANSWER_LINK, "a page of deliveries", {{"application/json", "Delivery", true}}}},
};

const struct operation operation_webhook_redeliver = {
    .handler = webhook_redeliver,
    .id = "redeliverWebhookDelivery",
    .tag = TAG,
    .summary = "Send one event again",
    .prose = "Whether it was delivered or given up. What comes later for the same product or category and still waits, "
             "waits for it.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | ABSENT,
    .answers = {{202, ANSWER_PREFERENCE_APPLIED | ANSWER_REPLAYED | ANSWER_CACHE_CONTROL,
                 "it is sent soon; the delivery as it is now", MEDIA("Delivery")}},
};
