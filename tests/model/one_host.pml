/* The cache on one host: one product, two writers, a client that repeats the first one's request, two workers that read,
 * a Redis that does what it likes. Steps have the names of the functions of src/cache and of what they do there.
 *
 * Property: a read that starts after a version was acknowledged, or answered to anybody, never gets an older one.
 *
 * With one of these a step is left out or done too early, and the property must fail:
 *     NO_MARK      cells_begin marks nothing
 *     CLEAR_EARLY  cells_mend does not ask whether the backend of a dead writer is gone
 *     NO_GUARD     an entry of Redis is served whatever word it was filled under
 *     NO_NOTE      a fill takes the word that the cell has by then, not the one noted before the database was read */

#define READERS 2
#ifndef READS
#define READS 2
#endif
#ifndef WRITERS
#define WRITERS 2
#endif
#ifdef REPLAYED
#define OWNERS (WRITERS + 1) /* the writers, and who replays */
#else
#define OWNERS WRITERS
#endif
#define REPLAY WRITERS
#define WORDS 10
#ifdef REPLAYED
#define FIRST_READER (2 * WRITERS + 1)
#else
#define FIRST_READER (2 * WRITERS)
#endif

#define newest(a, b) ((a) > (b) -> (a) : (b))

/* Postgres */
mtype = { NONE, SENT, DONE, GONE };
byte db = 0;
mtype backend[OWNERS] = NONE;
byte committed[OWNERS] = 0; /* the version that it made; 0: none */

/* The cell and the owners. */
byte version = 0;
byte writers = 0;
bool listed[OWNERS] = false;
bool dead[OWNERS] = false;

/* L2. What was put once may be found at any time later, or not: that is a Redis that is slow, is emptied, comes back with
 * an older state, or gets a fill late. Bit v of an element is version v of the product under that word. */
byte l2[WORDS] = 0;

byte known = 0;

/* --- writing --- */

inline cells_begin(owner) {
#ifndef NO_MARK
    listed[owner] = true;
    may_crash(owner);
    d_step { writers++; first_version = version; first_writers = writers }
#else
    d_step { first_version = version; first_writers = writers }
#endif
}

inline cells_end(owner) {
    d_step {
        undisturbed = (first_version == version && first_writers == writers);
        version++;
#ifndef NO_MARK
        writers--;
#endif
        made = version;
        quiet = (writers == 0)
    }
    may_crash(owner);
    listed[owner] = false
}

/* kill -9, and also: the connection is lost and the process goes on (cells_abandon), as it leaves the same behind. One
 * writer may die, anywhere; the others are there to be in its way. */
inline crash(owner) {
    dead[owner] = true;
    goto end_dead
}

inline may_crash(owner) {
    if
    :: owner == 0 -> crash(owner)
    :: skip
    fi
}

inline acknowledge(value) {
    known = newest(known, value)
}

active [WRITERS] proctype writer() {
    byte first_version, first_writers, made;
    bool undisturbed, quiet;

    cells_begin(_pid);
    may_crash(_pid);
    backend[_pid] = SENT;
    if
    :: backend[_pid] == DONE
    :: _pid == 0 -> crash(_pid)
    fi;
    if
    :: committed[_pid] == 0 -> /* rolled back */
        cells_end(_pid)
    :: else ->
        may_crash(_pid);
        cells_end(_pid);
        may_crash(_pid);
        d_step {
            /* product_cache_written, product_cache_put */
            if
            :: undisturbed && quiet -> l2[made] = l2[made] | (1 << committed[_pid])
            :: else
            fi;
            acknowledge(committed[_pid])
        }
    fi;
end_dead:
    skip
}

/* Commits what it was sent, or not, whether anybody is still there to hear of it; it is gone once its client is. */
active [WRITERS] proctype postgres() {
    byte who = _pid - WRITERS;

    do
    :: atomic { backend[who] == SENT ->
        if
        :: db++; committed[who] = db
        :: skip
        fi;
        backend[who] = DONE }
    :: atomic { dead[who] && backend[who] != SENT && backend[who] != GONE -> backend[who] = GONE }
    :: backend[who] == GONE -> break
    :: timeout -> break
    od
}

#ifdef REPLAYED
/* The client of the first writer asks again, with its key. */
active proctype replay() {
    byte first_version, first_writers, made;
    bool undisturbed, quiet;

    if
    :: committed[0] > 0
    :: timeout -> goto end_dead
    fi;
    /* product_cache_replay */
    cells_begin(REPLAY);
    cells_end(REPLAY);
    acknowledge(committed[0]);
end_dead:
    skip
}
#endif

/* --- reading --- */

inline reset_unowned() {
    atomic { seen_version = version; seen_writers = writers; i = 0 }
    do
    :: i < OWNERS && listed[i] -> break
    :: i < OWNERS && !listed[i] -> i++
    :: i == OWNERS ->
        d_step {
            if
            :: version == seen_version && writers == seen_writers && writers > 0 -> version++; writers = 0
            :: else
            fi
        }
        break
    od;
    i = 0
}

inline cells_mend() {
    i = 0;
    do
    :: i < OWNERS ->
        if
#ifdef CLEAR_EARLY
        :: listed[i] && dead[i] -> listed[i] = false
#else
        :: listed[i] && dead[i] && backend[i] == GONE -> listed[i] = false
#endif
        :: !(listed[i] && dead[i]) || backend[i] != GONE
        fi;
        i++
    :: else -> break
    od;
    reset_unowned()
}

/* That a read's start is where it notes the word, and its answer where it reads the database, asks more of the protocol
 * than is promised. */
active [READERS] proctype reader() {
    byte reads = 0;
    byte expected, got, word, i, seen_version, seen_writers;
    byte l1, l1_word;
    bool usable, held;

    do
    :: reads < READS ->
        atomic {
            reads++;
            expected = known;
            word = version;
            usable = (writers == 0);
            if
            :: usable && held && l1_word == word -> got = l1; goto answer
            :: usable && !(held && l1_word == word)
            :: !usable
            :: usable = false; goto read_database /* Cache-Control: no-cache */
            fi
        }
        if
        :: !usable && _pid == FIRST_READER ->
            cells_mend();
            atomic { word = version; usable = (writers == 0) }
        :: !usable -> goto read_database
        :: usable
        fi;
        if
        :: !usable -> goto read_database
        :: usable
        fi;
        atomic {
#ifdef NO_GUARD
            i = 0;
            do
            :: i < word -> i++
            :: break
            od;
#else
            i = word;
#endif
            if
            :: l2[i] & 1 -> got = 0
            :: l2[i] & 2 -> got = 1
            :: l2[i] & 4 -> got = 2
            :: goto read_database
            fi;
            held = true; l1 = got; l1_word = word;
            goto answer
        }
read_database:
#ifdef NO_NOTE
        got = db;
        atomic {
            word = version;
#else
        atomic {
            got = db;
#endif
            /* product_cache_put */
            if
            :: usable -> held = true; l1 = got; l1_word = word; l2[word] = l2[word] | (1 << got)
            :: else
            fi;
answer:
            assert(got >= expected);
            known = newest(known, got);
            got = 0; expected = 0; word = 0; usable = false; i = 0; seen_version = 0; seen_writers = 0
        }
    :: else -> break
    od
}
