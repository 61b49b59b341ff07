-- Leaves stand in one chain: `seq` runs from 0 without a gap in the order of commits, and `mac` covers it together with
-- the code of the leaf before. `idx` says only how far the sequencer has got: it is always `seq`.
-- The PostgreSQL file of the same number does the same. Rows of before get their place when the program opens the
-- database, since only it holds the key.
ALTER TABLE leaf ADD COLUMN seq INTEGER CHECK (seq >= 0);
CREATE UNIQUE INDEX leaf_seq ON leaf (seq);

DROP TRIGGER leaf_no_update;
CREATE TRIGGER leaf_no_update BEFORE UPDATE ON leaf
WHEN NOT (OLD.ord IS NEW.ord AND OLD.case_id IS NEW.case_id AND OLD.case_seq IS NEW.case_seq
          AND OLD.bytes IS NEW.bytes AND OLD.hash IS NEW.hash
          AND ((OLD.idx IS NULL AND NEW.idx IS OLD.seq AND NEW.idx IS NOT NULL AND OLD.seq IS NEW.seq AND OLD.mac IS NEW.mac)
            OR (OLD.seq IS NULL AND NEW.seq IS NOT NULL AND OLD.idx IS NEW.idx)))
BEGIN SELECT RAISE(ABORT, 'leaf is append-only'); END;

DROP TRIGGER leaf_no_replace;
CREATE TRIGGER leaf_no_replace BEFORE INSERT ON leaf
WHEN EXISTS (SELECT 1 FROM leaf WHERE ord = NEW.ord)
  OR (NEW.case_id IS NOT NULL AND EXISTS (SELECT 1 FROM leaf WHERE case_id = NEW.case_id AND case_seq = NEW.case_seq))
  OR (NEW.idx IS NOT NULL)
  OR (NEW.seq IS NULL)
  OR EXISTS (SELECT 1 FROM leaf WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'leaf is append-only'); END;
