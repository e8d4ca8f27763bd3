-- Page views and visitors a day and source, machines left out. :start and :end in ms since 1970, UTC.
select
    occurred_at - occurred_at % 86400000 as day_ms,
    coalesce(source, '') as came_from,
    count(*) as views,
    count(distinct visitor) as visitors
from events
where name = 'attract.page_viewed' and bot = '' and visitor is not null
    and occurred_at >= :start and occurred_at < :end
group by occurred_at - occurred_at % 86400000, coalesce(source, '')
order by day_ms, came_from
