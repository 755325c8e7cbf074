/* Signatures of webhooks by the Standard Webhooks specification: v1, HMAC-SHA256. Owns libcrypto. */
#ifndef JOBS_WEBHOOK_SIGNATURE_H
#define JOBS_WEBHOOK_SIGNATURE_H

#include "base/base64.h"

#include <stdbool.h>
#include <stddef.h>

#define WEBHOOK_DIGEST_BYTES 32
#define WEBHOOK_SIGNATURES_MAX 2
#define WEBHOOK_SIGNATURES_SIZE (WEBHOOK_SIGNATURES_MAX * (sizeof "v1, " + BASE64_SIZE(WEBHOOK_DIGEST_BYTES)))

/* Signs "id.timestamp.body" with each of the secrets ("whsec_<base64>", 24 to 64 bytes), of which absent ones are passed
 * over: "v1,<base64> v1,<base64>", terminated. False where a secret is none, or libcrypto fails. */
bool webhook_sign(struct text id, struct text timestamp, struct text body, const struct text *secrets, size_t count,
                  char out[WEBHOOK_SIGNATURES_SIZE]);

#endif
