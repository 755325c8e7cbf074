/* What people type into a field of search, as terms: words, "quoted phrases", and either of them -excluded. */
#ifndef DOMAIN_SEARCH_TEXT_H
#define DOMAIN_SEARCH_TEXT_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define SEARCH_LENGTH_MAX 200 /* code points */
#define SEARCH_TERMS_MAX 16

struct search_term {
    struct text
        text;      /* as it was given, without hyphen and quotes; letter case and accents are the database's matter */
    bool excluded; /* what has it is not wanted */
    bool phrase;   /* was quoted */
    bool prefix;   /* may go on: the last term, where it is a word that is wanted */
};

struct search_text {
    struct search_term term[SEARCH_TERMS_MAX];
    size_t count;
};

enum search_fault {
    SEARCH_OK = 0,
    SEARCH_WITHOUT_WORD, /* no letter and no digit in it */
    SEARCH_TOO_LONG,     /* more than SEARCH_LENGTH_MAX */
    SEARCH_TOO_MANY,     /* more than SEARCH_TERMS_MAX */
    SEARCH_FAULT_COUNT
};

/* Reads valid UTF-8 into terms that point into it. White space ends a term, and so does a quotation mark, which begins or
 * ends a phrase: the straight one, or one of the curved ones that phones put in its place. A phrase that is not closed
 * goes on to the end. A hyphen excludes where a term could begin, and is part of the word elsewhere. What has no letter
 * and no digit is left out; every character beyond ASCII but white space and those quotation marks may be one. On a
 * fault *search is not to be used. */
enum search_fault search_text_read(struct text text, struct search_text *search);

#define SEARCH_SPELLINGS_MAX 16

/* A word that no product has, and the known one that was searched for in its place, both without accents and in lower
 * case. */
struct search_spelling {
    struct text given;
    struct text used;
};

/* What who searched should know of how it was done. */
struct search_note {
    bool newest_only; /* so many match that only the newest were ranked */
    struct search_spelling spelling[SEARCH_SPELLINGS_MAX];
    size_t spelling_count; /* 0: the words were found as they were given, or nothing was */
};

/* The stable code of a fault ("too_long") and the clause that says how to mend it. */
const char *search_fault_code(enum search_fault fault);
const char *search_fault_detail(enum search_fault fault);

#endif
