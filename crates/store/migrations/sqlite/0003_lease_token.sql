-- A lease carries a fencing token: it grows each time that the lease is taken, so a holder that was paused for longer than
-- its term is known by its old token. The PostgreSQL file of the same number does the same.
DELETE FROM lease;
ALTER TABLE lease ADD COLUMN token INTEGER NOT NULL DEFAULT 1 CHECK (token > 0);
