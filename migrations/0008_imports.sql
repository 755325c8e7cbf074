-- Imports: files on their way into the catalogue. A file is staged line by line, in many short transactions, as one long one
-- would hold the feed of changes back; the job with the import's id then applies the lines in batches. Each batch moves the
-- import's place on in its own transaction: wherever the job is interrupted, it goes on where it was, and every line is
-- applied once.

CREATE TABLE import (
    id          uuid        PRIMARY KEY, -- its job's too
    state       text        NOT NULL DEFAULT 'uploading' CHECK (state IN ('uploading', 'abandoned', 'ready')),
    format      text        NOT NULL CHECK (format IN ('ndjson', 'csv', 'shopify')),
    mode        text        NOT NULL CHECK (mode IN ('create', 'update', 'upsert')),
    on_error    text        NOT NULL CHECK (on_error IN ('skip', 'abort')),
    dry_run     boolean     NOT NULL,
    category_id uuid,       -- of lines that name none
    digest      text,       -- SHA-256 of the parameters and the file
    bytes       bigint      NOT NULL DEFAULT 0,
    lines       bigint      NOT NULL DEFAULT 0,
    phase       text        NOT NULL DEFAULT 'apply' CHECK (phase IN ('check', 'apply')),
    place       bigint      NOT NULL DEFAULT 0, -- of the last line that is done with in this phase
    created     bigint      NOT NULL DEFAULT 0,
    updated     bigint      NOT NULL DEFAULT 0,
    unchanged   bigint      NOT NULL DEFAULT 0,
    failed      bigint      NOT NULL DEFAULT 0,
    differences text        NOT NULL DEFAULT '', -- of a dry run: the first ones, as members of an array
    created_at  timestamptz NOT NULL DEFAULT now(),
    touched_at  timestamptz NOT NULL DEFAULT now() -- when the last part of the file came
) WITH (fillfactor = 50);

CREATE INDEX import_by_digest ON import (digest, created_at) WHERE state = 'ready';
CREATE INDEX import_by_age ON import (touched_at);

CREATE TABLE import_line (
    import  uuid   NOT NULL,
    number  bigint NOT NULL, -- from 1, without gaps
    line    bigint NOT NULL, -- where it begins in the file, from 1
    flaw    text,            -- why it could not be read
    content text   NOT NULL, -- the object of a product, as JSON; what was read of it, where it has a flaw
    PRIMARY KEY (import, number)
);

-- Lines that failed, with what is wrong with them.
CREATE TABLE import_error (
    import  uuid   NOT NULL,
    number  bigint NOT NULL,
    content text   NOT NULL,
    PRIMARY KEY (import, number)
);
