-- What waits is found by the index of `idx` itself, which holds what is NULL too: one page less to write with each leaf.
-- The SQLite file of the same number does the same.
DROP INDEX leaf_pending;
