/* Which certificates endpoints are believed by, and what is wrong with one. */
#ifndef JOBS_WEBHOOK_COURIER_TLS_H
#define JOBS_WEBHOOK_COURIER_TLS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* Tells the log what of the environment will be used, and what of it cannot be read. */
void courier_tls_announce(void);

/* TLS 1.2 or later, with a certificate that is valid for the host, of an authority that is trusted: those of the system, or
 * those of SSL_CERT_FILE and SSL_CERT_DIR in their place, as with other programs that use OpenSSL. False where libcurl
 * refuses. */
bool courier_tls_require(CURL *easy);

/* Why no connection came to be, after CURLE_PEER_FAILED_VERIFICATION or CURLE_SSL_CACERT_BADFILE. */
void courier_tls_tell(CURL *easy, CURLcode outcome, char *error, size_t size);

#endif
