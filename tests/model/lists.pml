/* Lists on one host: two writers of products in two categories and one of the categories, and a worker that keeps a list:
 * of one category's products, or with ALL of those of all. Steps have the names of the functions of src/cache.
 *
 * A list rests on two cells: that of what it shows, and that of the categories, which every change of a category marks.
 * They are noted one after the other, and looked at one after the other.
 *
 * Property: a list that is asked for after a write was acknowledged shows it.
 *
 * With one of these a step is left out, and the property must fail:
 *     ONE_WORD      only the first word is noted and looked at
 *     NO_CREATION   a write that creates a product marks nothing
 *     NO_NOTE       an answer is kept under the words that the cells have by then */

#define WRITERS 3
#define HOME 0       /* cells: the two categories, all categories, the catalogue */
#define AWAY 1
#define CATEGORIES 2
#define CATALOGUE 3
#define CELLS 4
#ifndef READS
#define READS 3
#endif
#ifdef NO_CREATION
#define MARKS(writer) (writer == 2)
#else
#define MARKS(writer) true
#endif
#ifdef ONE_WORD
#define SECOND_IS(word) true
#else
#define SECOND_IS(word) (version[CATEGORIES] == word && writers[CATEGORIES] == 0)
#endif

byte version[CELLS];
byte writers[CELLS];

/* What each writer made, in the database and acknowledged. Writer 0 makes a product in HOME, 1 one in AWAY, 2 changes a
 * category, which every list shows. */
bool committed[WRITERS];
bool known[WRITERS];

inline begin(cell) {
    d_step { writers[cell]++ }
}

inline end(cell) {
    d_step { version[cell]++; writers[cell]-- }
}

active [WRITERS] proctype writer() {
    byte own = (_pid == 0 -> HOME : (_pid == 1 -> AWAY : CATEGORIES));

    if
    :: MARKS(_pid) -> begin(own); begin(CATALOGUE)
    :: else
    fi;
    if
    :: committed[_pid] = true
    :: skip /* rolled back */
    fi;
    if
    :: MARKS(_pid) -> end(own); end(CATALOGUE)
    :: else
    fi;
    known[_pid] = committed[_pid]
}

#ifdef ALL
#define first CATALOGUE
#else
#define first HOME
#endif

active proctype reader() {
    byte reads = 0;
    byte noted0, noted1, held0, held1;
    bool usable, held, e0, e1, e2, g0, g1, g2, h0, h1, h2;

    do
    :: reads < READS ->
        /* The list is asked for. */
        d_step {
            reads++;
            e0 = known[0];
            e1 = (first == CATALOGUE && known[1]);
            e2 = known[2]
        }
        /* product_cache_get_answer */
        if
        :: held && version[first] == held0 && writers[first] == 0 ->
            if
            :: SECOND_IS(held1) -> g0 = h0; g1 = h1; g2 = h2; goto answer
            :: else
            fi
        :: else
        fi;
        held = false;
        /* product_cache_generation */
        atomic { noted0 = version[first]; usable = (writers[first] == 0) }
        atomic { noted1 = version[CATEGORIES]; usable = usable && (writers[CATEGORIES] == 0) }
        /* the database */
        atomic { g0 = committed[0]; g1 = committed[1]; g2 = committed[2] }
        /* product_cache_put_answer */
#ifdef NO_NOTE
        atomic { noted0 = version[first]; usable = (writers[first] == 0) }
        atomic { noted1 = version[CATEGORIES]; usable = usable && (writers[CATEGORIES] == 0) }
#endif
        if
        :: usable -> held = true; held0 = noted0; held1 = noted1; h0 = g0; h1 = g1; h2 = g2
        :: else
        fi;
answer:
        assert(g0 >= e0 && g1 >= e1 && g2 >= e2);
        d_step { e0 = 0; e1 = 0; e2 = 0; g0 = 0; g1 = 0; g2 = 0; noted0 = 0; noted1 = 0; usable = false }
    :: else -> break
    od
}
