-- How many events wait to be published (counted up to 100,000), and how long the oldest has waited, in seconds.
select
  (select count(*) from (select from outbox limit 100000) as entry) as entries,
  coalesce(
    (
      select extract(epoch from clock_timestamp() - e.occurred_at)
      from (select type, id, version from outbox order by position limit 1) as oldest
      join events as e using (type, id, version)
    ),
    0
  )::float8 as age_seconds
