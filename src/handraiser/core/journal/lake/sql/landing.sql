-- The page on which visitors landed, and how many of them sent a form within :within ms.
with viewed as (
    select visitor, path, occurred_at
    from events
    where name = 'attract.page_viewed' and bot = '' and visitor is not null
        and occurred_at >= :start and occurred_at < :end
),
came as (
    select visitor, min(occurred_at) as came_at from viewed group by visitor
),
landed as (
    select v.visitor as visitor, min(v.path) as landing_path, min(c.came_at) as came_at
    from viewed v join came c on v.visitor = c.visitor and v.occurred_at = c.came_at
    group by v.visitor
),
sent as (
    select e.visitor as visitor, count(*) as forms
    from events e join came c on e.visitor = c.visitor
    where e.name = 'capture.form_submitted' and e.occurred_at >= c.came_at and e.occurred_at < c.came_at + :within
        and e.occurred_at >= :start
    group by e.visitor
),
steps as (
    select visitor, 0 as converted from landed
    union all select visitor, 1 as converted from sent
)
select
    l.landing_path as landing_path,
    sum(case when s.converted = 0 then 1 else 0 end) as visitors,
    sum(case when s.converted = 1 then 1 else 0 end) as converted
from steps s join landed l on s.visitor = l.visitor
group by l.landing_path
order by landing_path
