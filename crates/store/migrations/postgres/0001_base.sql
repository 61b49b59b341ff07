-- Base tables. The SQLite file of the same number creates the same tables.
-- All instants are milliseconds since the Unix epoch on the deployment's clock.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- One versioned row per domain object. `ord` gives lists the order of creation.
CREATE TABLE entity (
    ord     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    parent  TEXT,
    org     TEXT,
    state   TEXT,
    rev     BIGINT NOT NULL CHECK (rev > 0),
    body    TEXT NOT NULL,
    created BIGINT,
    updated BIGINT,
    UNIQUE (kind, id)
);
CREATE INDEX entity_parent ON entity (kind, parent, ord);
CREATE INDEX entity_org    ON entity (kind, org, ord);
CREATE INDEX entity_state  ON entity (kind, state, ord);

-- Audit leaves and, while `idx` is null, the queue of leaves that the sequencer has not numbered yet.
CREATE TABLE leaf (
    ord      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id  TEXT,
    case_seq BIGINT CHECK (case_seq > 0),
    bytes    BYTEA NOT NULL,
    hash     TEXT NOT NULL,
    mac      BYTEA NOT NULL,
    idx      BIGINT CHECK (idx >= 0),
    UNIQUE (case_id, case_seq),
    UNIQUE (idx),
    CHECK ((case_id IS NULL) = (case_seq IS NULL))
);
CREATE INDEX leaf_pending ON leaf (ord) WHERE idx IS NULL;

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$;

CREATE FUNCTION leaf_number_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.idx IS NULL AND NEW.idx IS NOT NULL
       AND OLD.ord = NEW.ord AND OLD.case_id IS NOT DISTINCT FROM NEW.case_id
       AND OLD.case_seq IS NOT DISTINCT FROM NEW.case_seq
       AND OLD.bytes = NEW.bytes AND OLD.hash = NEW.hash AND OLD.mac = NEW.mac THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'leaf is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER leaf_no_delete BEFORE DELETE ON leaf FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER leaf_no_truncate BEFORE TRUNCATE ON leaf FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER leaf_no_update BEFORE UPDATE ON leaf FOR EACH ROW EXECUTE FUNCTION leaf_number_once();
CREATE TRIGGER leaf_not_numbered BEFORE INSERT ON leaf FOR EACH ROW WHEN (NEW.idx IS NOT NULL) EXECUTE FUNCTION append_only();

-- Work orders in the order in which the zone applies them.
CREATE TABLE work_order (
    seq  BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
    id   TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    mac  BYTEA NOT NULL
);
CREATE TRIGGER work_order_no_change BEFORE UPDATE OR DELETE ON work_order FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER work_order_no_truncate BEFORE TRUNCATE ON work_order FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Answers already given to an idempotency key.
CREATE TABLE idempotency (
    actor       TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status      BIGINT NOT NULL,
    body        BYTEA NOT NULL,
    at          BIGINT,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- Who does a singleton's work now (sequencer, timers).
CREATE TABLE lease (
    name   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);

CREATE TABLE account (
    name            TEXT NOT NULL PRIMARY KEY,
    person          TEXT NOT NULL UNIQUE,
    identity        TEXT NOT NULL,
    sealed          BYTEA NOT NULL,
    phc             TEXT NOT NULL,
    password_set_at BIGINT NOT NULL,
    must_change     BIGINT NOT NULL CHECK (must_change IN (0, 1)),
    failed          BIGINT NOT NULL CHECK (failed >= 0),
    failed_total    BIGINT NOT NULL CHECK (failed_total >= 0),
    locked_until    BIGINT,
    closed_at       BIGINT,
    created         BIGINT NOT NULL
);
-- One real person holds at most one open account.
CREATE UNIQUE INDEX account_identity ON account (identity) WHERE closed_at IS NULL;

CREATE TABLE password_history (
    account TEXT NOT NULL REFERENCES account (name),
    set_at  BIGINT NOT NULL,
    n       BIGINT NOT NULL,
    phc     TEXT NOT NULL,
    PRIMARY KEY (account, n)
);

CREATE TABLE session (
    token_hash TEXT NOT NULL PRIMARY KEY,
    person     TEXT NOT NULL,
    account    TEXT NOT NULL REFERENCES account (name),
    issued     BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    expires    BIGINT NOT NULL,
    ended      BIGINT
);
CREATE INDEX session_person ON session (person);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE nonce (
    scope   TEXT NOT NULL,
    value   TEXT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (scope, value)
);
CREATE INDEX nonce_expires ON nonce (expires);

-- Metered use, one row per order and zone segment: a segment reported twice counts once.
CREATE TABLE usage (
    segment  TEXT NOT NULL,
    order_id TEXT NOT NULL,
    calls    BIGINT NOT NULL CHECK (calls >= 0),
    rows     BIGINT NOT NULL CHECK (rows >= 0),
    bytes    BIGINT NOT NULL CHECK (bytes >= 0),
    at       BIGINT NOT NULL,
    PRIMARY KEY (segment, order_id)
);
CREATE INDEX usage_order ON usage (order_id, at);
CREATE TRIGGER usage_no_change BEFORE UPDATE OR DELETE ON usage FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER usage_no_truncate BEFORE TRUNCATE ON usage FOR EACH STATEMENT EXECUTE FUNCTION append_only();
