-- Jobs: the queue, what has ended, and what is due when; and how far the feed has been cut off.
--
-- A row of job is claimed in a short transaction (FOR UPDATE SKIP LOCKED), and is its runner's for as long as the lease is
-- renewed. Each claim gives the row another fence; whoever writes for the job names the fence it was given, so that a
-- runner that was taken for dead, and was not, changes nothing. The attempt counts at the claim: a job that ends its
-- runner each time runs out of attempts too.

CREATE TABLE job (
    id           uuid         PRIMARY KEY,
    kind         text         NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,39}$'),
    unique_key   text,        -- of one kind and key there is one job at a time
    payload      text         NOT NULL DEFAULT '{}' CHECK (octet_length(payload) <= 65536), -- for its kind to read
    state        text         NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running')),
    run_at       timestamptz  NOT NULL DEFAULT now(), -- not before
    attempts     integer      NOT NULL DEFAULT 0,
    attempts_max integer      NOT NULL DEFAULT 10 CHECK (attempts_max > 0),
    fence        bigint       NOT NULL DEFAULT 0,
    runner       uuid,
    lease_until  timestamptz,
    cancelling   boolean      NOT NULL DEFAULT false,
    progress     numeric(4,3) NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    checkpoint   text,        -- about where it stands, for its kind to read
    last_error   text,
    created_at   timestamptz  NOT NULL DEFAULT now(),
    started_at   timestamptz,
    CHECK ((state = 'running') = (lease_until IS NOT NULL))
) WITH (
    -- Rows change with every heartbeat and leave soon: room for HOT updates, and vacuum by what there is to do, at once.
    fillfactor = 60,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 5000
);

CREATE INDEX job_due ON job (run_at, id) WHERE state = 'queued';
-- Without the lease, so that a heartbeat touches no index; there are as many rows as jobs run at once.
CREATE INDEX job_running ON job (id) WHERE state = 'running';
CREATE UNIQUE INDEX job_unique ON job (kind, unique_key) WHERE unique_key IS NOT NULL;

-- What is over. Those that failed are the dead letter: they can be queued again.
CREATE TABLE job_ended (
    id           uuid         PRIMARY KEY,
    kind         text         NOT NULL,
    unique_key   text,
    payload      text         NOT NULL,
    state        text         NOT NULL CHECK (state IN ('succeeded', 'failed', 'cancelled')),
    attempts     integer      NOT NULL,
    attempts_max integer      NOT NULL,
    fence        bigint       NOT NULL,
    progress     numeric(4,3) NOT NULL,
    checkpoint   text,
    last_error   text,
    created_at   timestamptz  NOT NULL,
    started_at   timestamptz,
    ended_at     timestamptz  NOT NULL DEFAULT now()
);

CREATE INDEX job_ended_by_state ON job_ended (state, id);
CREATE INDEX job_ended_by_kind ON job_ended (kind, id);
CREATE INDEX job_ended_by_age ON job_ended (ended_at);

-- When the next job of a periodic kind is made. Whoever moves the row on makes it, and nobody else.
CREATE TABLE job_schedule (
    kind    text        PRIMARY KEY,
    next_at timestamptz NOT NULL
);

-- The last change that was removed from the feed: a reader that stands before it has missed what it cannot be told. It is
-- moved in the transaction that removes.
CREATE TABLE change_floor (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    xid xid8    NOT NULL DEFAULT '0',
    seq bigint  NOT NULL DEFAULT 0
);

INSERT INTO change_floor DEFAULT VALUES;

-- How far who goes through the feed has come.
CREATE TABLE change_follower (
    name text   PRIMARY KEY,
    xid  xid8   NOT NULL,
    seq  bigint NOT NULL
);

CREATE INDEX product_deleted ON product (deleted_at) WHERE deleted_at IS NOT NULL;
