-- Forms sent, by the source of the last visit that began at most :within ms before; without one, "(none)".
with sent as (
    select visitor, occurred_at as sent_at, position as sent_position
    from events
    where name = 'capture.form_submitted' and visitor is not null
        and occurred_at >= :start and occurred_at < :end
),
touches as (
    select
        s.sent_position as sent_position,
        coalesce(v.source, '') as came_from,
        row_number() over (partition by s.sent_position order by v.occurred_at desc, v.position desc) as newest
    from sent s join events v on v.visitor = s.visitor
    where v.name = 'attract.visit_started' and v.occurred_at <= s.sent_at and v.occurred_at > s.sent_at - :within
        and v.occurred_at >= :start - :within and v.occurred_at < :end
),
found as (
    select came_from, count(*) as forms from touches where newest = 1 group by came_from
),
counted as (
    select came_from, forms from found
    union all
    select '(none)' as came_from, count(*) as forms from sent
    where sent_position not in (select sent_position from touches where newest = 1)
)
select came_from, forms as forms_sent from counted where forms > 0 order by came_from
