-- Where the pool has its shared cells.
--
-- With WARES_HOSTS=one all programs that write to a database must share one file, by which readers see at once what others
-- write (cache/cells.h). Who has another one writes past it unseen. So the workers note here which one is theirs, and who
-- writes besides, a runner of jobs or wares import, does not where its own is another.

CREATE TABLE cells_home (
    one    boolean     PRIMARY KEY DEFAULT true CHECK (one),
    boot   text        NOT NULL, -- of /proc/sys/kernel/random/boot_id
    host   text        NOT NULL, -- its name, which outlives that
    folder text        NOT NULL, -- device and number: the same by whatever path
    path   text        NOT NULL, -- for people
    at     timestamptz NOT NULL DEFAULT now()
);
