-- How many visitors came, then saw :second, then :third, then sent a form, each after the step before; by source.
with viewed as (
    select visitor, path, coalesce(source, '') as came_from, occurred_at
    from events
    where name = 'attract.page_viewed' and bot = '' and visitor is not null
        and occurred_at >= :start and occurred_at < :end
),
came as (
    select visitor, min(occurred_at) as came_at from viewed group by visitor
),
sources as (
    select v.visitor as visitor, min(v.came_from) as came_from
    from viewed v join came c on v.visitor = c.visitor and v.occurred_at = c.came_at
    group by v.visitor
),
seconds as (
    select v.visitor as visitor, min(v.occurred_at) as seen_at
    from viewed v join came c on v.visitor = c.visitor
    where v.path = :second and v.occurred_at >= c.came_at
    group by v.visitor
),
thirds as (
    select v.visitor as visitor, min(v.occurred_at) as seen_at
    from viewed v join seconds s on v.visitor = s.visitor
    where v.path = :third and v.occurred_at >= s.seen_at
    group by v.visitor
),
sent as (
    select e.visitor as visitor, min(e.occurred_at) as sent_at
    from events e join thirds t on e.visitor = t.visitor
    where e.name = 'capture.form_submitted' and e.occurred_at >= t.seen_at and e.occurred_at < :end
    group by e.visitor
),
steps as (
    select visitor, 1 as step from came
    union all select visitor, 2 as step from seconds
    union all select visitor, 3 as step from thirds
    union all select visitor, 4 as step from sent
)
select
    s.came_from as came_from,
    sum(case when p.step = 1 then 1 else 0 end) as visitors,
    sum(case when p.step = 2 then 1 else 0 end) as saw_second,
    sum(case when p.step = 3 then 1 else 0 end) as saw_third,
    sum(case when p.step = 4 then 1 else 0 end) as sent_form
from steps p join sources s on p.visitor = s.visitor
group by s.came_from
order by came_from
