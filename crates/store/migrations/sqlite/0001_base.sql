-- Base tables. The PostgreSQL file of the same number creates the same tables.
-- All instants are milliseconds since the Unix epoch on the deployment's clock.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- One versioned row per domain object. `ord` gives lists the order of creation.
CREATE TABLE entity (
    ord     INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    parent  TEXT,
    org     TEXT,
    state   TEXT,
    rev     INTEGER NOT NULL CHECK (rev > 0),
    body    TEXT NOT NULL,
    created INTEGER,
    updated INTEGER,
    UNIQUE (kind, id)
) STRICT;
CREATE INDEX entity_parent ON entity (kind, parent, ord);
CREATE INDEX entity_org    ON entity (kind, org, ord);
CREATE INDEX entity_state  ON entity (kind, state, ord);

-- Audit leaves and, while `idx` is null, the queue of leaves that the sequencer has not numbered yet.
CREATE TABLE leaf (
    ord      INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id  TEXT,
    case_seq INTEGER CHECK (case_seq > 0),
    bytes    BLOB NOT NULL,
    hash     TEXT NOT NULL,
    mac      BLOB NOT NULL,
    idx      INTEGER CHECK (idx >= 0),
    UNIQUE (case_id, case_seq),
    UNIQUE (idx),
    CHECK ((case_id IS NULL) = (case_seq IS NULL))
) STRICT;
CREATE INDEX leaf_pending ON leaf (ord) WHERE idx IS NULL;

CREATE TRIGGER leaf_no_delete BEFORE DELETE ON leaf
BEGIN SELECT RAISE(ABORT, 'leaf is append-only'); END;
CREATE TRIGGER leaf_no_update BEFORE UPDATE ON leaf
WHEN NOT (OLD.idx IS NULL AND NEW.idx IS NOT NULL
          AND OLD.ord IS NEW.ord AND OLD.case_id IS NEW.case_id AND OLD.case_seq IS NEW.case_seq
          AND OLD.bytes IS NEW.bytes AND OLD.hash IS NEW.hash AND OLD.mac IS NEW.mac)
BEGIN SELECT RAISE(ABORT, 'leaf is append-only'); END;
-- INSERT OR REPLACE deletes without firing delete triggers unless told otherwise; refuse the collision itself.
CREATE TRIGGER leaf_no_replace BEFORE INSERT ON leaf
WHEN EXISTS (SELECT 1 FROM leaf WHERE ord = NEW.ord)
  OR (NEW.case_id IS NOT NULL AND EXISTS (SELECT 1 FROM leaf WHERE case_id = NEW.case_id AND case_seq = NEW.case_seq))
  OR (NEW.idx IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'leaf is append-only'); END;

-- Work orders in the order in which the zone applies them.
CREATE TABLE work_order (
    seq  INTEGER PRIMARY KEY CHECK (seq > 0),
    id   TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    mac  BLOB NOT NULL
) STRICT;
CREATE TRIGGER work_order_no_delete BEFORE DELETE ON work_order
BEGIN SELECT RAISE(ABORT, 'work_order is append-only'); END;
CREATE TRIGGER work_order_no_update BEFORE UPDATE ON work_order
BEGIN SELECT RAISE(ABORT, 'work_order is append-only'); END;
CREATE TRIGGER work_order_no_replace BEFORE INSERT ON work_order
WHEN EXISTS (SELECT 1 FROM work_order WHERE seq = NEW.seq OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'work_order is append-only'); END;

-- Answers already given to an idempotency key.
CREATE TABLE idempotency (
    actor       TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status      INTEGER NOT NULL,
    body        BLOB NOT NULL,
    at          INTEGER,
    PRIMARY KEY (actor, key)
) STRICT;
CREATE INDEX idempotency_at ON idempotency (at);

-- Who does a singleton's work now (sequencer, timers).
CREATE TABLE lease (
    name   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until  INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
    name            TEXT NOT NULL PRIMARY KEY,
    person          TEXT NOT NULL UNIQUE,
    identity        TEXT NOT NULL,
    sealed          BLOB NOT NULL,
    phc             TEXT NOT NULL,
    password_set_at INTEGER NOT NULL,
    must_change     INTEGER NOT NULL CHECK (must_change IN (0, 1)),
    failed          INTEGER NOT NULL CHECK (failed >= 0),
    failed_total    INTEGER NOT NULL CHECK (failed_total >= 0),
    locked_until    INTEGER,
    closed_at       INTEGER,
    created         INTEGER NOT NULL
) STRICT;
-- One real person holds at most one open account.
CREATE UNIQUE INDEX account_identity ON account (identity) WHERE closed_at IS NULL;

CREATE TABLE password_history (
    account TEXT NOT NULL REFERENCES account (name),
    set_at  INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    phc     TEXT NOT NULL,
    PRIMARY KEY (account, n)
) STRICT;

CREATE TABLE session (
    token_hash TEXT NOT NULL PRIMARY KEY,
    person     TEXT NOT NULL,
    account    TEXT NOT NULL REFERENCES account (name),
    issued     INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    ended      INTEGER
) STRICT;
CREATE INDEX session_person ON session (person);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE nonce (
    scope   TEXT NOT NULL,
    value   TEXT NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (scope, value)
) STRICT;
CREATE INDEX nonce_expires ON nonce (expires);

-- Metered use, one row per order and zone segment: a segment reported twice counts once.
CREATE TABLE usage (
    segment  TEXT NOT NULL,
    order_id TEXT NOT NULL,
    calls    INTEGER NOT NULL CHECK (calls >= 0),
    rows     INTEGER NOT NULL CHECK (rows >= 0),
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    at       INTEGER NOT NULL,
    PRIMARY KEY (segment, order_id)
) STRICT;
CREATE INDEX usage_order ON usage (order_id, at);
CREATE TRIGGER usage_no_delete BEFORE DELETE ON usage
BEGIN SELECT RAISE(ABORT, 'usage is append-only'); END;
CREATE TRIGGER usage_no_update BEFORE UPDATE ON usage
BEGIN SELECT RAISE(ABORT, 'usage is append-only'); END;
CREATE TRIGGER usage_no_replace BEFORE INSERT ON usage
WHEN EXISTS (SELECT 1 FROM usage WHERE segment = NEW.segment AND order_id = NEW.order_id)
BEGIN SELECT RAISE(ABORT, 'usage is append-only'); END;
