"""What each KPI means: one definition, shown where the number is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """A KPI in words. `step`: which rows stand behind it, for the link to them."""

    key: str
    label: str
    means: str
    step: str = "lead"


_COHORT = "Leads are counted in the period in which they were opened, whenever the step came."
DEFINITIONS: dict[str, Definition] = {
    definition.key: definition
    for definition in (
        Definition(
            "leads",
            "Leads",
            "Hands raised in the period. A lead that was opened again after recycling is not counted twice.",
        ),
        Definition(
            "mql_rate",
            "Qualified (MQL)",
            f"Leads of the period that became MQL or went further, of all its leads. {_COHORT}",
            "mql",
        ),
        Definition(
            "accepted_rate",
            "MQL to accepted",
            f"Leads of the period that a rep accepted or took further, of its MQLs. {_COHORT}",
            "accepted",
        ),
        Definition(
            "sql_rate",
            "Lead to SQL",
            f"Leads of the period that became SQL or went further, of all its leads. {_COHORT}",
            "sql",
        ),
        Definition(
            "mql_to_sql_rate",
            "MQL to SQL",
            f"Leads of the period that became SQL or went further, of its MQLs. {_COHORT}",
            "sql",
        ),
        Definition(
            "lead_to_customer_rate",
            "Lead to customer",
            "Leads of the period that were ever won, to this day, of all its leads. A cohort: a win counts in"
            " the period of its lead, so the rate of young leads still grows.",
            "customer",
        ),
        Definition(
            "landing_page_conversion",
            "Landing page conversion",
            "Forms sent in the period from the pages that forms are sent from, of the visits that saw these"
            " pages.",
        ),
        Definition(
            "cost_per_lead",
            "Cost per lead",
            "Spend of the period over its leads, paid or not. A spend that runs beyond the period counts by"
            " its days inside. Without any spend entered it is unknown, not zero.",
        ),
        Definition(
            "cac",
            "Cost per customer",
            "Spend of the period over the customers that came of its leads. Media and tools as entered;"
            " salaries only if you enter them.",
            "customer",
        ),
        Definition(
            "roi",
            "ROI",
            "Revenue won from the leads of the period, less its spend, over its spend. 1 means that each"
            " pound came back and earned another.",
            "customer",
        ),
        Definition("roas", "ROAS", "Revenue won from the leads of the period over its spend.", "customer"),
        Definition(
            "median_days",
            "Time to the step",
            "The middle one of the times from the step before to this one, among leads that took both.",
        ),
    )
}
