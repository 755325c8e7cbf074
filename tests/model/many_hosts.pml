/* The cache with two hosts that share a Redis: one product; a writer on host 0; a client that repeats its request on
 * host 1; a worker that reads on each. The states of the key and the scripts are those of product_remote_scripts.c, and a
 * script runs in one step. The cells of each host, which guard more, are left out: the protocol holds without them.
 *
 * Redis may be away (every call fails, and what it has it keeps), be emptied, start anew with an older state, and lose
 * the key to its expiry, be it a tombstone. A fill may arrive late.
 *
 * Property: a read that starts after a version was acknowledged never gets an older one: on the writer's host always; on
 * the other one where Redis was told, or once what the writer's host owes is paid. Redis was told of a write where its
 * end was, or its beginning, and nothing was lost until the commit.
 *
 * With one of these the property must fail:
 *     NO_MARK         remote_begin leaves no tombstone
 *     REPLAY_SKIPS    a replayed answer does not go through product_cache_replay
 *     NO_DEBT         a write that Redis was not told of is not put down
 *     NO_RUN          the epoch is believed though the server is another
 *     NO_LEASE        a fill is taken whatever state the key is in */

#ifndef READS
#define READS 1 /* on the writer's host */
#endif
#ifndef READS_THERE
#define READS_THERE 2 /* on the other */
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#define HOSTS 2
#define WRITER 0 /* the tokens */
#define REPLAYER 1

#define newest(a, b) ((a) > (b) -> (a) : (b))

mtype = { NOTHING, LEASE, VALUE, TOMBSTONE };
mtype = { NONE, SENT, DONE };

/* Postgres */
byte db = 0;
mtype backend = NONE;
bool committed = false;

/* Redis */
bool up = true;
byte server = 1;
byte losses = 0;
byte numbers = 0; /* epochs and stamps that were ever given */
typedef key_state {
    mtype kind;
    byte epoch;
    byte stamp;
    byte value;
    byte tokens;
}
key_state key;
key_state saved_key;
byte epoch_server = 0;
byte epoch = 0;
byte saved_server = 0;
byte saved_epoch = 0;
bool is_saved = false;

/* Fills on their way. */
typedef fill {
    bool there;
    byte server;
    byte epoch;
    byte stamp;
    byte value;
}
fill sent[HOSTS];

/* Of the cells: debts. */
byte debts[HOSTS] = 0;
byte paid[HOSTS] = 0;

/* What is known to have been acknowledged: to all, and on the writer's host. */
byte known = 0;
byte known_there[HOSTS] = 0;
bool lost = false; /* a tombstone may have been, since it was left */

/* --- the scripts; each where Redis is up, in one step --- */

inline begin_epoch() {
    numbers++;
    epoch_server = server;
    epoch = numbers
}

inline clear_key() {
    key.kind = NOTHING; key.epoch = 0; key.stamp = 0; key.value = 0; key.tokens = 0
}

inline know_epoch() {
    if
#ifdef NO_RUN
    :: epoch_server == 0 -> begin_epoch()
#else
    :: epoch_server != server -> begin_epoch()
#endif
    :: else
    fi
}

inline begin_script(token) {
    if
    :: key.kind == TOMBSTONE -> key.tokens = key.tokens | (1 << token)
    :: else -> clear_key(); key.kind = TOMBSTONE; key.tokens = 1 << token
    fi
}

inline end_script(token) {
    if
    :: key.kind == TOMBSTONE ->
        key.tokens = key.tokens & ~(1 << token);
        if
        :: key.tokens == 0 -> clear_key()
        :: else
        fi
    :: else -> clear_key()
    fi
}

/* --- writing --- */

inline owe(host) {
#ifndef NO_DEBT
    debts[host]++
#else
    skip
#endif
}

inline remote_begin(host, token) {
    atomic {
        if
        :: up ->
#ifndef NO_MARK
            begin_script(token);
#endif
            begun = true; lost = false
        :: !up -> begun = false; owe(host)
        fi
    }
}

inline remote_end(host, token) {
    atomic {
        if
        :: up -> end_script(token); told = true
        :: !up -> told = false; owe(host)
        fi
    }
}

/* The value that is acknowledged is db: there is one write. */
inline acknowledge(host) {
    atomic {
        known_there[host] = newest(known_there[host], db);
        if
        :: told || (begun && !lost_before) -> known = newest(known, db)
        :: else
        fi
    }
}

bool lost_before = false; /* at the commit */

active proctype writer() {
    bool begun, told;

    remote_begin(0, WRITER);
    if
    :: skip
    :: goto end_dead
    fi;
    backend = SENT;
    if
    :: backend == DONE
    :: goto end_dead /* killed, or it gave up waiting: the tombstone stays */
    fi;
    if
    :: skip
    :: goto end_dead
    fi;
    remote_end(0, WRITER);
    if
    :: committed -> acknowledge(0)
    :: else
    fi;
end_dead:
    skip
}

active proctype postgres() {
    if
    :: atomic { backend == SENT ->
        if
        :: db = 1; committed = true; lost_before = lost
        :: skip
        fi;
        backend = DONE }
    :: timeout
    fi
}

/* The client of the writer asks again, with its key, on the other host. */
#ifdef REPLAYED
active proctype replay() {
    bool begun, told;

    if
    :: committed
    :: timeout -> goto end_none
    fi;
#ifdef REPLAY_SKIPS
    told = true;
#else
    remote_begin(1, REPLAYER);
    remote_end(1, REPLAYER);
#endif
    begun = false;
    acknowledge(1);
end_none:
    skip
}
#define FIRST_READER 3
#else
#define FIRST_READER 2
#endif

/* --- reading --- */

active [HOSTS] proctype reader() {
    byte host = _pid - FIRST_READER;
    byte reads = 0;
    byte expected, got, debt, owed;
    byte l1, l1_stamp; /* a stamp of 0: nothing is held */
    byte lease, lease_epoch, lease_server;

    do
    :: (host == 0 && reads < READS) || (host == 1 && reads < READS_THERE) ->
        atomic {
            reads++;
            expected = newest(known, known_there[host]);
            debt = debts[host];
            owed = known_there[host]
        }
        /* prepare */
        if
        :: debt > paid[host] ->
            atomic {
                if
                :: up -> begin_epoch()
                :: !up -> goto read_database
                fi
            }
            atomic { paid[host] = newest(paid[host], debt); known = newest(known, owed) }
        :: else
        fi;
        /* hosts_get */
        atomic {
            if
            :: !up -> goto read_database
            :: up
            fi;
            know_epoch();
            if
            :: key.kind == VALUE && key.epoch == epoch && l1_stamp == key.stamp -> got = l1; goto answer
            :: key.kind == VALUE && key.epoch == epoch && l1_stamp != key.stamp ->
                got = key.value; l1 = got; l1_stamp = key.stamp;
                goto answer
            :: key.kind == TOMBSTONE || (key.kind == LEASE && key.epoch == epoch)
            :: else ->
                numbers++;
                clear_key();
                key.kind = LEASE; key.epoch = epoch; key.stamp = numbers;
                lease = numbers; lease_epoch = epoch; lease_server = server
            fi
        }
read_database:
        got = db;
        /* product_cache_put, where nothing of ours is on its way */
        atomic {
            if
            :: lease != 0 && !sent[host].there ->
                sent[host].there = true; sent[host].server = lease_server; sent[host].epoch = lease_epoch;
                sent[host].stamp = lease; sent[host].value = got;
                l1 = got; l1_stamp = lease
            :: else
            fi
        }
answer:
        atomic {
            assert(got >= expected);
            got = 0; expected = 0; debt = 0; owed = 0; lease = 0; lease_epoch = 0; lease_server = 0
        }
    :: else -> break
    od
}

inline take_fill(host) {
    /* put_script */
    if
#ifdef NO_LEASE
    :: sent[host].server == server ->
#else
    :: sent[host].server == server && key.kind == LEASE && key.stamp == sent[host].stamp && epoch_server == server &&
        epoch == sent[host].epoch ->
#endif
        clear_key();
        key.kind = VALUE; key.epoch = sent[host].epoch; key.stamp = sent[host].stamp; key.value = sent[host].value
    :: else
    fi;
    sent[host].there = false; sent[host].server = 0; sent[host].epoch = 0; sent[host].stamp = 0; sent[host].value = 0
}

active proctype redis() {
end:
    do
    :: atomic { up && sent[0].there -> take_fill(0) }
    :: atomic { up && sent[1].there -> take_fill(1) }
    /* away, and back with what it has */
    :: atomic { up && losses < LOSSES -> up = false; losses++ }
    :: atomic { !up -> up = true }
    /* expired, or evicted */
    :: atomic { up && key.kind != NOTHING && losses < LOSSES ->
        losses++; lost = true; clear_key() }
    /* emptied */
    :: atomic { up && losses < LOSSES -> losses++; lost = true; clear_key(); epoch = 0; epoch_server = 0 }
    /* saved, and started anew with that */
    :: atomic { up && !is_saved ->
        is_saved = true; saved_server = epoch_server; saved_epoch = epoch;
        saved_key.kind = key.kind; saved_key.epoch = key.epoch; saved_key.stamp = key.stamp;
        saved_key.value = key.value; saved_key.tokens = key.tokens }
    :: atomic { is_saved && losses < LOSSES ->
        losses++; lost = true; server++; epoch_server = saved_server; epoch = saved_epoch;
        key.kind = saved_key.kind; key.epoch = saved_key.epoch; key.stamp = saved_key.stamp;
        key.value = saved_key.value; key.tokens = saved_key.tokens }
    od
}
