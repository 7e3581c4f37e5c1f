-- How much waits to be published (counted up to 100,000) and since when, in seconds.
select
  (select count(*) from (select from outbox limit 100000) as entry) as entries,
  coalesce(
    (
      select extract(epoch from clock_timestamp() - e.occurred_at)
      from (select product_id, version from outbox order by position limit 1) as oldest
      join product_events as e using (product_id, version)
    ),
    0
  )::float8 as age_seconds
