/* Signatures of webhooks. */
#include "jobs/webhook_signature.h"

#include "domain/webhook.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

/* Of the specification. */
#define SECRET_BYTES_MIN 24
#define SECRET_BYTES_MAX 64

static bool read_secret(struct text secret, unsigned char key[SECRET_BYTES_MAX], size_t *length)
{
    const struct text prefix = TEXT(WEBHOOK_SECRET_PREFIX);

    if (!text_starts_with(secret, prefix)) {
        return false;
    }
    const struct text encoded = {.data = secret.data + prefix.length, .length = secret.length - prefix.length};
    return base64_decode(encoded, key, SECRET_BYTES_MAX, length) && *length >= SECRET_BYTES_MIN;
}

static bool add(EVP_MAC_CTX *context, struct text text)
{
    return EVP_MAC_update(context, (const unsigned char *)text.data, text.length) == 1;
}

static bool digest(EVP_MAC_CTX *context, const unsigned char *key, size_t key_length, struct text id,
                   struct text timestamp, struct text body, unsigned char out[WEBHOOK_DIGEST_BYTES])
{
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    size_t length = 0;

    return EVP_MAC_init(context, key, key_length, parameters) == 1 && add(context, id) && add(context, TEXT(".")) &&
           add(context, timestamp) && add(context, TEXT(".")) && add(context, body) &&
           EVP_MAC_final(context, out, &length, WEBHOOK_DIGEST_BYTES) == 1 && length == WEBHOOK_DIGEST_BYTES;
}

static bool sign_all(EVP_MAC_CTX *context, struct text id, struct text timestamp, struct text body,
                     const struct text *secrets, size_t count, char out[WEBHOOK_SIGNATURES_SIZE])
{
    size_t written = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned char key[SECRET_BYTES_MAX];
        unsigned char bytes[WEBHOOK_DIGEST_BYTES];
        char encoded[BASE64_SIZE(WEBHOOK_DIGEST_BYTES)];
        size_t length = 0;

        if (secrets[i].data == NULL) {
            continue;
        }
        if (!read_secret(secrets[i], key, &length) || !digest(context, key, length, id, timestamp, body, bytes)) {
            return false;
        }
        base64_encode(bytes, sizeof bytes, encoded);
        written += (size_t)snprintf(out + written, WEBHOOK_SIGNATURES_SIZE - written, "%sv1,%s", written > 0 ? " " : "",
                                    encoded);
    }
    return written > 0;
}

bool webhook_sign(struct text id, struct text timestamp, struct text body, const struct text *secrets, size_t count,
                  char out[WEBHOOK_SIGNATURES_SIZE])
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    const bool signed_all = count <= WEBHOOK_SIGNATURES_MAX && context != NULL &&
                            sign_all(context, id, timestamp, body, secrets, count, out);

    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    return signed_all;
}
