-- Commits wait until the end of the transaction; reads do not.
lock table aggregates, events in share row exclusive mode
