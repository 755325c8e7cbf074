/* libcurl has the paths of the system's authorities built in and passes over OpenSSL's variables, which only its command
 * line program reads. So they are read here. */
#include "courier_tls.h"

#include "base/log.h"

#include <errno.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct source {
    const char *variable;
    CURLoption option;
} sources[] = {
    {"SSL_CERT_FILE", CURLOPT_CAINFO},
    {"SSL_CERT_DIR", CURLOPT_CAPATH},
};

/* NULL where the variable is not set, or empty. */
static const char *path_of(const struct source *source)
{
    const char *path = getenv(source->variable);
    return path != NULL && path[0] != '\0' ? path : NULL;
}

void courier_tls_announce(void)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        const char *path = path_of(&sources[i]);

        if (path != NULL && access(path, R_OK) != 0) {
            log_error("webhooks: %s: %s: %s; nothing is sent by https until it can be read", sources[i].variable, path,
                      strerror(errno));
        } else if (path != NULL) {
            log_debug("webhooks: certificates are held against %s: %s", sources[i].variable, path);
        }
    }
}

bool courier_tls_require(CURL *easy)
{
    bool set = curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;

    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        const char *path = path_of(&sources[i]);
        set = set && (path == NULL || curl_easy_setopt(easy, sources[i].option, path) == CURLE_OK);
    }
    return set;
}

void courier_tls_tell(CURL *easy, CURLcode outcome, char *error, size_t size)
{
    long verdict = X509_V_OK;

    if (outcome == CURLE_SSL_CACERT_BADFILE) {
        (void)snprintf(error, size,
                       "the certificates of the authorities cannot be read: see SSL_CERT_FILE and "
                       "SSL_CERT_DIR of wares-jobs, or the package ca-certificates");
        return;
    }
    (void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    /* OpenSSL looks at who signed it and when; whom it is for libcurl looks at, once that is good, and notes no more than
     * that it is not content. */
    (void)snprintf(error, size, "the certificate of the host is not valid: %s",
                   verdict == X509_V_OK || verdict == X509_V_ERR_UNSPECIFIED ? "it is for another name"
                                                                             : X509_verify_cert_error_string(verdict));
}
