/* Searches for products by words: how a question is to be asked. migrations/0004_search.sql tells what a word is, and how
 * misspelt ones are replaced. */
#ifndef STORE_PRODUCT_SEARCH_H
#define STORE_PRODUCT_SEARCH_H

#include "domain/search_text.h"
#include "store/pg.h"

/* Matches that are so few that all of them are looked at, in whatever order. */
#define SEARCH_FEW_MAX 3000

enum search_spread {
    SEARCH_NOWHERE, /* nothing matches */
    SEARCH_FEW,     /* SEARCH_FEW_MAX products at most come from the index of words, and all that match among them */
    SEARCH_MANY,    /* more do, perhaps: they are come upon soon in any order */
};

/* A search that is ready to be carried out: tsqueries as text, which live in the scope's arena. */
struct product_search {
    enum search_spread spread;
    struct text source; /* where few: what the index of words is asked; match is held against what comes */
    struct text match;  /* what products must match */
    struct text wanted; /* the same without what is excluded: for the rank */
    struct text exact;  /* that with no word that may go on: for the rank */
    struct search_note note;
};

/* Looks at what the words of a search (filter.search of a query, valid for search_text_read) find, whatever the other
 * filters: one round trip. STATUS_INVALID where the text is not one that search_text_read takes; else as pg_exec. */
MUST_CHECK enum status product_search_plan(struct pg *pg, struct scope *scope, struct text text,
                                           struct product_search *search);

#endif
