/* How one request lets others join it: who serves requests hands a gatherer down, and what can be done for several at the
 * price of one asks it for more before it is done. */
#ifndef BASE_GATHERER_H
#define BASE_GATHERER_H

#include <stdbool.h>

#define GATHERED_MAX 8 /* requests that are done at once */

enum gathered {
    GATHER_CREATES, /* requests that create a product */
    GATHER_READS,   /* requests for one product by its id */
};

struct gatherer {
    /* Serves another request of the kind that waits to be read already, from its beginning to its end. False where there
     * is none. */
    bool (*gather)(struct gatherer *gatherer, enum gathered kind);
};

#endif
