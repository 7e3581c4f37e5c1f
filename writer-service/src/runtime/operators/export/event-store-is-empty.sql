select not exists (select from events) and not exists (select from aggregates) as empty
