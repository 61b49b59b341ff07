-- Leaves stand in one chain: `seq` runs from 0 without a gap in the order of commits, and `mac` covers it together with
-- the code of the leaf before. `idx` says only how far the sequencer has got: it is always `seq`.
-- The SQLite file of the same number does the same. Rows of before get their place when the program opens the
-- database, since only it holds the key.
ALTER TABLE leaf ADD COLUMN seq BIGINT CHECK (seq >= 0);
CREATE UNIQUE INDEX leaf_seq ON leaf (seq);

CREATE OR REPLACE FUNCTION leaf_number_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ord = NEW.ord AND OLD.case_id IS NOT DISTINCT FROM NEW.case_id
       AND OLD.case_seq IS NOT DISTINCT FROM NEW.case_seq
       AND OLD.bytes = NEW.bytes AND OLD.hash = NEW.hash
       AND ((OLD.idx IS NULL AND NEW.idx = OLD.seq AND NEW.seq = OLD.seq AND OLD.mac = NEW.mac)
         OR (OLD.seq IS NULL AND NEW.seq IS NOT NULL AND OLD.idx IS NOT DISTINCT FROM NEW.idx)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'leaf is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;

DROP TRIGGER leaf_not_numbered ON leaf;
CREATE TRIGGER leaf_not_numbered BEFORE INSERT ON leaf FOR EACH ROW
    WHEN (NEW.idx IS NOT NULL OR NEW.seq IS NULL) EXECUTE FUNCTION append_only();
